"""Things that stand about and may hide people."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scripts.world.layers import Solid
from scripts.world.wear.shapes import Part, Thing, box, ellipsoid, lathe
from scripts.world.words import Color

_woods: tuple[Color, ...] = ((134, 92, 56), (98, 66, 44), (176, 134, 88), (110, 104, 98))
_stones: tuple[Color, ...] = ((190, 186, 176), (146, 144, 146), (214, 204, 182), (120, 112, 108))
_leaves: tuple[Color, ...] = ((66, 116, 52), (92, 134, 60), (48, 92, 66), (122, 132, 66))


def scenery(name: str, place: np.ndarray, rng: np.random.Generator) -> Solid:
    """A thing of `words.sceneries` that stands on the ground at `place` (3,), turned, sized and coloured by `rng`."""
    if name not in _built:
        raise ValueError(f"expected scenery among {', '.join(_built)}, got {name!r}")
    parts, colors = _built[name](rng)
    turn, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.85, 1.2)
    matrix = size * np.array(((np.cos(turn), 0, np.sin(turn)), (0, 1, 0), (-np.sin(turn), 0, np.cos(turn))))
    color = np.array(colors[int(rng.integers(len(colors)))], float) * rng.uniform(0.85, 1.12)
    red, green, blue = (int(c) for c in np.clip(color, 0, 255))
    dark = (int(red * 0.7), int(green * 0.7), int(blue * 0.7))
    return Thing.of(parts).solid(matrix, np.asarray(place, float), {"main": (red, green, blue), "dark": dark}, 0)


def _box(rng: np.random.Generator) -> tuple[list[Part], tuple[Color, ...]]:
    w, h, d = rng.uniform(0.2, 0.4), rng.uniform(0.35, 0.8), rng.uniform(0.2, 0.4)
    parts = [box((-w, 0, -d), (w, h, d), "main", "scenery")]
    for y in (0.0, h - 0.06):
        parts.append(box((-w - 0.015, y, -d - 0.015), (w + 0.015, y + 0.06, d + 0.015), "dark", "scenery"))
    return parts, _woods


def _bench(rng: np.random.Generator) -> tuple[list[Part], tuple[Color, ...]]:
    w = rng.uniform(0.5, 0.8)
    parts = [box((-w, 0.40, -0.2), (w, 0.46, 0.2), "main", "scenery")]
    parts += [box((x - 0.04, 0, -0.18), (x + 0.04, 0.40, 0.18), "dark", "scenery") for x in (-w + 0.12, w - 0.12)]
    if rng.random() < 0.5:
        parts.append(box((-w, 0.58, -0.24), (w, 0.78, -0.20), "main", "scenery"))
        parts += [box((x - 0.03, 0.4, -0.24), (x + 0.03, 0.8, -0.20), "dark", "scenery") for x in (-w + 0.1, w - 0.1)]
    return parts, _woods


def _pillar(rng: np.random.Generator) -> tuple[list[Part], tuple[Color, ...]]:
    r, h = rng.uniform(0.12, 0.2), rng.uniform(1.1, 2.6)
    shaft = lathe([(r * 0.9, h), (r * 0.95, h / 2), (r, 0.1)], "main", "scenery", 18)
    foot = box((-r * 1.35, 0, -r * 1.35), (r * 1.35, 0.12, r * 1.35), "dark", "scenery")
    head = box((-r * 1.3, h, -r * 1.3), (r * 1.3, h + 0.1, r * 1.3), "dark", "scenery")
    return [shaft, foot, head], _stones


def _bush(rng: np.random.Generator) -> tuple[list[Part], tuple[Color, ...]]:
    parts = []
    for _ in range(int(rng.integers(6, 11))):
        r = rng.uniform(0.14, 0.28)
        middle = (rng.normal(0, 0.24), r * rng.uniform(0.6, 1.9), rng.normal(0, 0.16))
        ball = ellipsoid(middle, (r, r * 0.9, r), "main" if rng.random() < 0.7 else "dark", "scenery", 10)
        rough = (ball.vertices + rng.normal(0, 0.022, ball.vertices.shape)).astype(np.float32)
        rough[:, 1] = np.maximum(rough[:, 1], 0.0)
        parts.append(Part(rough, ball.faces, ball.dye, "scenery"))
    return parts, _leaves


def _table(rng: np.random.Generator) -> tuple[list[Part], tuple[Color, ...]]:
    w, d, h = rng.uniform(0.45, 0.75), rng.uniform(0.3, 0.45), rng.uniform(0.68, 0.78)
    parts = [box((-w, h - 0.05, -d), (w, h, d), "main", "scenery")]
    for x in (-w + 0.06, w - 0.06):
        for z in (-d + 0.06, d - 0.06):
            parts.append(box((x - 0.03, 0, z - 0.03), (x + 0.03, h - 0.05, z + 0.03), "dark", "scenery"))
    return parts, _woods


_built: dict[str, Callable[[np.random.Generator], tuple[list[Part], tuple[Color, ...]]]] = {
    "box": _box, "bench": _bench, "pillar": _pillar, "bush": _bush, "table": _table,
}  # fmt: skip
