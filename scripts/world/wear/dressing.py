"""A figure dressed: its skin and cloth, what hangs from it, its hair and hat, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.body import Body
from scripts.world.layers import Solid
from scripts.world.wear import draping, hair, props
from scripts.world.wear.choosing import dyes, pattern_of, scalp, style_of
from scripts.world.wear.draping import Rings
from scripts.world.wear.hair import Skull
from scripts.world.wear.tailoring import Tailor
from scripts.world.words import Color, Figure, palette


@dataclass(frozen=True, eq=False)
class Posed:
    """A body as it stands: vertices (V, 3) and joints (55, 3) f32, world metres."""

    vertices: np.ndarray
    joints: np.ndarray


@lru_cache(maxsize=2)
def _tailor(body: Body) -> Tailor:
    return Tailor(body)


def dressed(body: Body, figure: Figure, posed: Posed, rng: np.random.Generator) -> list[Solid]:
    """The figure's solids, the first of them its body in its clothes; `rng` decides what words leave open."""
    style = style_of(figure, rng)
    pattern = _tailor(body).pattern(style, pattern_of(figure))
    worn = pattern.worn(posed.vertices.astype(np.float32, copy=False), scalp[figure.hair_shape])
    dye = dyes(figure, rng)
    solids = [Solid(worn.points, worn.faces, pattern.colors(dye), worn.material, 1, worn.normals)]
    rings, skull = _around(body)
    solids += _hanging(figure, posed, rings, dye, rng)
    solids += hair.hair(figure.hair_shape, figure.dress.hat, dye["hair"], skull, posed.vertices, posed.joints, rng)
    if figure.dress.hat:
        solids.append(hair.hat(figure.dress.hat, palette[figure.dress.hat_color], skull, posed.vertices, posed.joints))
    if figure.prop:
        solids.append(props.held(figure.prop, figure.prop_hand, palette[figure.prop_color], posed.joints, rng))
    return solids


@lru_cache(maxsize=2)
def _around(body: Body) -> tuple[Rings, Skull]:
    rest = _tailor(body).rest
    return Rings(rest), Skull(rest)


def _hanging(
    figure: Figure, posed: Posed, rings: Rings, dye: dict[str, Color], rng: np.random.Generator
) -> list[Solid]:
    """Skirt, wide sleeves or cloak."""
    kind, vertices, joints = figure.dress.kind, posed.vertices, posed.joints
    if kind == "cloak":
        points = draping.cloak(vertices, joints, rings, int(rng.integers(7, 12)), rng)
        return [draping.solid(points, dye["cloak"], "top", closed=False)]
    if kind not in ("top and skirt", "dress", "robe"):
        return []
    name = "skirt" if kind == "top and skirt" else kind
    rows = len(draping.levels) if kind == "robe" else int(rng.choice((7, 8, 8, 9, 11)))
    points = draping.skirt(vertices, joints, rings, rows, float(rng.uniform(0.05, 0.16)), rng)
    pattern = pattern_of(figure)
    solids = [draping.solid(points, dye[name], "bottom", pattern=pattern, second=dye[name + " 2"])]
    if kind == "robe":
        wide = float(rng.uniform(0.05, 0.12))
        for side in ("left", "right"):
            points = draping.sleeve(vertices, joints, rings, side, wide)
            solids.append(draping.solid(points, dye[name], "top"))
    return solids
