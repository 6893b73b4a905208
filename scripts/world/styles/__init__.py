"""Styles: one view of the rendered world, laid down in thirteen media."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.brushwork import to_bytes
from scripts.world.layers import Layers
from scripts.world.styles.clay import clay
from scripts.world.styles.drawing import blueprint, engraving, pencil
from scripts.world.styles.flat import cel, poster
from scripts.world.styles.mosaic import low_poly, pixel, stained_glass
from scripts.world.styles.paint import oil
from scripts.world.styles.subject import Subject, vivid
from scripts.world.styles.washes import ink_wash, watercolour

__all__ = ["Medium", "Subject", "colored", "medium", "mediums", "style"]


@dataclass(frozen=True)
class Medium:
    """How a style draws a subject, as an image 0 … 1 (or a little beyond), and whether the dress keeps its colours."""

    draw: Callable[[Subject, np.random.Generator], np.ndarray]
    colored: bool = True


def render(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """The picture as the camera has it, a little more or less exposed."""
    return vivid(subject.picture * np.float32(rng.uniform(0.92, 1.06)), rng.uniform(0.92, 1.1))


mediums: dict[str, Medium] = {
    "render": Medium(render),
    "clay": Medium(clay, colored=False),
    "cel": Medium(cel),
    "pencil": Medium(pencil, colored=False),
    "ink wash": Medium(ink_wash, colored=False),
    "watercolour": Medium(watercolour),
    "oil": Medium(oil),
    "poster": Medium(poster),
    "pixel": Medium(pixel),
    "engraving": Medium(engraving, colored=False),
    "blueprint": Medium(blueprint, colored=False),
    "stained glass": Medium(stained_glass),
    "low poly": Medium(low_poly),
}


def medium(name: str) -> Medium:
    """The medium of that name; ValueError lists the known ones."""
    if name not in mediums:
        raise ValueError(f"expected a style among {', '.join(mediums)}, got {name!r}")
    return mediums[name]


def colored(name: str) -> bool:
    """Whether pictures in a style show the colours that dress and props have."""
    return medium(name).colored


def style(name: str, layers: Layers, backdrop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A view in a style, (H, W, 3) uint8 RGB, as large as its layers.

    `backdrop` (H, W, 3) uint8 is what lies behind them. ValueError for an unknown style or another size.
    """
    drawn = medium(name)
    expected = (*layers.depth.shape, 3)
    if backdrop.shape != expected or backdrop.dtype != np.uint8:
        raise ValueError(f"expected a backdrop {expected} uint8, got {backdrop.shape} {backdrop.dtype}")
    return to_bytes(drawn.draw(Subject(layers, backdrop), rng))
