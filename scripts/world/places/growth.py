"""What grows and what stands far off: ranges, woods, bushes, grass, flowers."""

from __future__ import annotations

import cv2
import numpy as np

from scripts.world.places.canvas import Canvas, blend, blurred, shifted, step
from scripts.world.places.ground import rows_below
from scripts.world.places.tone import Paint, rgb


def hills(canvas: Canvas, high: float, color: Paint, away: float, rough: float = 0.4, first: int = 1) -> np.ndarray:
    """A range of rounded hills on the horizon, `high` in picture heights, seen through so much haze; its edge (w,)."""
    canvas = canvas.part(-high * canvas.unit - 2, 1)
    line = canvas.wander(rough, first)
    edge = -canvas.unit * (high * (0.55 + 0.45 * line / (np.abs(line).max() + 1e-6)))
    mask = canvas.below(edge) * (canvas.y < 1)
    depth = np.clip((canvas.y - edge[None]) / (high * canvas.unit + 1), 0, 1)
    slope = np.gradient(cv2.blur(edge[None], (9, 1))[0])[None] * canvas.side
    lit = np.clip(0.55 - 0.5 * canvas.tone.contrast * slope + 0.06 * canvas.noise(canvas.unit / 5), 0, 1)
    paint = canvas.tone.far(canvas.tone.lit(color, lit), np.clip(away + 0.45 * depth * (1 - away), 0, 1))
    canvas.lay(paint, mask)
    return edge


def range_of_peaks(canvas: Canvas, high: float, rock: Paint, snow: float, away: float) -> None:
    """Sharp mountains with lit and shaded faces; `snow` is how far down their share of snow reaches."""
    edge = _peaks(canvas, high)
    canvas = canvas.part(float(edge.min()) - 2, 1)
    unit = canvas.unit
    down = np.clip(canvas.y - edge[None], 0, None)
    # Faces run down from the summits: each pixel looks up which way the ridge slopes, ever further aside with depth.
    slope = cv2.blur(np.gradient(edge)[None].astype(np.float32), (7, 1))[0]
    wobble = canvas.noise(unit / 4) * (0.01 * unit + 0.22 * down)
    columns = np.clip(canvas.x + (canvas.width - 1) / 2 + wobble, 0, canvas.width - 1).astype(np.int32)
    face = np.clip(0.5 - 1.3 * canvas.side * slope[columns] + 0.12 * canvas.noise(unit / 9), 0, 1)
    face = step(face, 0.5, 0.75)
    gullies = 0.07 * high * unit * (canvas.noise(unit / 8, 0.3) + 1.8 * (face - 0.5))
    cap = step(snow * high * unit - down + gullies, 0.0, 0.03 * unit)
    tone = canvas.tone
    color = blend(tone.lit(rock, 0.1 + 0.75 * face), tone.lit(rgb(0.97, 0.98, 1.0), 0.25 + 0.75 * face), 0.92 * cap)
    veil = np.clip(away + (1 - away) * 0.75 * np.clip(down / (high * unit), 0, 1) ** 1.6, 0, 1)
    canvas.lay(tone.far(color, veil), canvas.below(edge) * (canvas.y < 1))


def _peaks(canvas: Canvas, high: float) -> np.ndarray:
    """The line (w,) of a range: summits with straight flanks, roughened."""
    rng, unit = canvas.rng, canvas.unit
    count = int(rng.integers(4, 8))
    at = (np.linspace(-0.55, 0.55, count) + rng.normal(0, 0.05, count)) * canvas.width
    tall = rng.uniform(0.45, 1.0, count) * high * unit
    flank = rng.uniform(0.5, 0.95, (2, count))
    away = canvas.x[0][None] - at[:, None]
    line = (tall[:, None] - np.abs(away) * np.where(away < 0, flank[0][:, None], flank[1][:, None])).max(axis=0)
    line = np.maximum(line, 0.2 * high * unit) + 0.035 * high * unit * canvas.wander(0.55, 4)
    return -line.astype(np.float32)


def conifers(canvas: Canvas, foot: np.ndarray | float, tall: float, color: Paint, count: int) -> None:
    """A row of firs, `tall` px on average, their feet on a line of rows from the horizon."""
    canvas = canvas.part(float(np.min(foot)) - 1.5 * tall, float(np.max(foot)) + 0.1 * tall)
    rng = canvas.rng
    x = canvas.x[0]
    at = rng.uniform(-0.55, 0.55, count) * canvas.width
    height = tall * rng.uniform(0.55, 1.25, count)
    slim = rng.uniform(3.2, 5.0, count)
    away = np.abs(x[None] - at[:, None])
    layers = 1 + 0.22 * np.cos(away * (2.2 + 40 / tall))  # tiers of branches
    top = (height[:, None] - away * slim[:, None] * layers).max(axis=0)
    ragged = canvas.noise(max(tall / 5, 2.5), kind="grain") * tall * 0.06
    edge = np.asarray(foot - np.maximum(top, 0.12 * tall), np.float32)
    mask = np.clip(canvas.y - edge[None] + ragged + 0.5, 0, 1)
    canvas.lay(color, mask * (canvas.y < np.asarray(foot) + 0.05 * tall))


def crowns(
    canvas: Canvas, at: np.ndarray, radius: np.ndarray, color: Paint, leaf: float = 0.0
) -> tuple[np.ndarray, Canvas]:
    """Leafy crowns or bushes: where they are (h, w), and the part of the canvas that this mask is of.

    Their middles (n, 2) px are columns from the middle and rows from the horizon; their radii (n,) px.
    `leaf` is the size of the lumps of leaves, px; the sun's side is lighter.
    """
    reach = 1.3 * float(radius.max())
    canvas = canvas.part(float(at[:, 1].min()) - reach, float(at[:, 1].max()) + reach)
    small = canvas.mask()
    shift = 4
    for (column, row), size in zip(at, radius, strict=True):
        middle = (column + (canvas.width - 1) / 2, row + canvas.horizon)
        cv2.circle(small, [int(c * 2**shift) for c in middle], int(size * 2**shift), 255, -1, cv2.LINE_AA, shift)
    mean = float(np.mean(radius))
    leaf = leaf or mean / 3
    lump = canvas.noise(leaf, kind="grain")
    body = blurred(small.astype(np.float32) / 255, mean / 3)
    mask = step(body + 0.16 * lump, 0.5, 0.28)
    rise = body - shifted(body, -int(mean / 2) * canvas.side, int(mean / 1.7))
    lit = np.clip(0.42 + 0.9 * rise + 0.2 * lump * (0.4 + canvas.tone.contrast), 0, 1.15)
    canvas.lay(canvas.tone.lit(color, lit), mask)
    return mask, canvas


def grass(canvas: Canvas, color: Paint, count: int, tall: float, flowers: list[Paint] | None = None) -> None:
    """Blades in tufts over the ground, larger towards the viewer, and flowers among them."""
    rng, unit = canvas.rng, canvas.unit
    tone = canvas.tone
    rows = rows_below(canvas)
    if rows.start >= rows.stop:
        return
    for shade in (0.2, 0.55, 0.95):
        mask = canvas.mask()
        cv2.polylines(mask, _blades(canvas, count, tall), False, 190, 1, cv2.LINE_AA, 3)
        paint = tone.lit(color * (0.8 + 0.3 * shade), shade)
        canvas.lay_rows(rows, paint, mask[rows] * np.float32(0.8 / 255))
    for petal in flowers or []:
        mask = canvas.mask()
        for column, row in canvas.strokes(count // 5):
            size = 0.02 * unit * np.clip((row - canvas.horizon) / unit, 0.06, 0.9) * rng.uniform(0.7, 1.5)
            cv2.circle(mask, (int(column), int(row)), max(round(float(size)), 1), 255, -1, cv2.LINE_AA)
        canvas.lay(tone.lit(petal, 0.9), mask.astype(np.float32) / 255)


def _blades(canvas: Canvas, count: int, tall: float) -> list[np.ndarray]:
    """So many bent blades (3, 2), eighths of px, in tufts."""
    rng, unit = canvas.rng, canvas.unit
    root = np.repeat(np.array(list(canvas.strokes(max(count // 5, 1)))), 5, axis=0)
    size = tall * unit * np.clip((root[:, 1] - canvas.horizon) / unit, 0.05, 0.7) * rng.uniform(0.4, 1.2, len(root))
    root[:, 0] += rng.normal(0, 0.6, len(root)) * size
    lean = rng.normal(0.1, 0.35, len(root)) * size
    middle = root + np.stack([0.3 * lean, -0.6 * size], axis=1)
    tip = root + np.stack([lean, -size], axis=1)
    return list(np.round(np.stack([root, middle, tip], axis=1) * 8).astype(np.int32))


def green(rng: np.random.Generator, dry: float = 0.0) -> Paint:
    """A green of leaves, from fresh to dry, never quite the same."""
    fresh = rgb(rng.uniform(0.25, 0.42), rng.uniform(0.46, 0.60), rng.uniform(0.18, 0.30))
    return blend(fresh, rgb(0.66, 0.58, 0.32), dry)
