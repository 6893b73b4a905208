"""Places of the air: above the clouds, under a night sky."""

from __future__ import annotations

import cv2
import numpy as np

from scripts.world.places.canvas import Canvas, blend, blurred, shifted, step
from scripts.world.places.ground import ground, rows_below
from scripts.world.places.growth import conifers, grass, hills
from scripts.world.places.sky import milky_way, moon, sky, stars
from scripts.world.places.tone import Paint, rgb


def clouds(canvas: Canvas) -> None:
    """Up in the air: a floor of cloud tops below, towers of cloud around."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    sky(canvas, "wisps", tone.contrast * rng.uniform(0.3, 0.7))
    white = blend(tone.glow, rgb(1, 1, 1), 0.5) * (0.62 if tone.dark else 1.0)
    shady = blend(tone.top, tone.low, 0.65) * (0.85 if tone.dark else 0.95)
    # Each bank is hidden from where the next begins.
    for away, until in ((0.0, 0.13), (0.09, 0.26), (0.2, 0.45), (0.36, 0.7), (0.58, 1.0), (0.85, 9.0)):
        size = (0.035 + 0.10 * away) * unit
        row = (away - 0.05) * unit
        _bank(canvas.part(row - 5 * size, until * unit), row, size, white, shady, 0.5 * (1 - away) ** 3)


def _bank(canvas: Canvas, row: float, size: float, white: Paint, shady: Paint, veil: float) -> None:
    """One bank of heaped clouds: round heads, lit from above and from the sun's side, hollow beneath."""
    rng = canvas.rng
    heap = np.clip(canvas.wander(0.45, 1), -0.3, 1.8)
    heads = canvas.mask()
    count = int(3.2 * canvas.width / size) + 6
    for share in rng.random(count):
        column = share * (canvas.width - 1)
        up = heap[int(column)] * 2.2 * size * rng.random() ** 0.6
        middle = (int(column * 8), int((row + canvas.horizon + 0.3 * size - up) * 8))
        radius = size * rng.uniform(0.45, 1.0) * (1 - 0.12 * up / size)
        cv2.circle(heads, middle, int(max(radius, 1) * 8), 255, -1, cv2.LINE_AA, 3)
    body = np.maximum(heads.astype(np.float32) / 255, step(canvas.y, row, 0.8 * size))
    wide = blurred(body, 0.45 * size)
    puff = canvas.noise(0.8 * size, 1.2, "grain")
    rise = wide - shifted(wide, -max(int(0.5 * size), 1) * canvas.side, max(int(0.8 * size), 1))
    depth = np.clip((canvas.y - row + 1.5 * size) / (5 * size), 0, 1)
    lit = np.clip(0.62 + 0.75 * rise + 0.07 * puff - 0.55 * depth, 0, 1)
    mask = step(blurred(body, 0.06 * size) + 0.05 * puff, 0.45, 0.4)
    canvas.lay(canvas.tone.far(blend(shady, white, lit), veil), mask)


def night_sky(canvas: Canvas) -> None:
    """Stars, perhaps the Milky Way, a moon, northern lights; dark hills and ground."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    deep = rgb(*(np.array([0.035, 0.05, 0.13]) + rng.uniform(0, 0.035, 3)))
    low = blend(rgb(0.13, 0.20, 0.36), tone.low, 0.28)
    canvas.image[:] = blend(low, deep, np.clip(-canvas.y / (0.8 * unit), 0, 1) ** 0.6)
    if rng.random() < 0.55:
        milky_way(canvas, rgb(0.55, 0.58, 0.78) + rgb(*rng.uniform(-0.1, 0.1, 3)))
    elif rng.random() < 0.4:
        _aurora(canvas)
    stars(canvas, int(rng.integers(150, 420)), 0.9)
    if rng.random() < 0.45:
        moon(canvas)
    dim = blend(deep, tone.lit(rgb(0.30, 0.36, 0.40), 0.4), 0.35)
    hills(canvas, rng.uniform(0.05, 0.16), dim * 1.5, 0.1)
    if rng.random() < 0.5:
        conifers(canvas, 1.0, rng.uniform(0.05, 0.1) * unit, dim * 0.55, 36)
    rows = rows_below(canvas)
    ground(canvas, rgb(0.34, 0.40, 0.40), rgb(0.30, 0.36, 0.42), 0.12, "grain", 50)
    grass(canvas, rgb(0.34, 0.42, 0.40), 160, 0.08)
    canvas.image[:, rows] *= rgb(0.42, 0.46, 0.58) if not tone.dark else rgb(0.8, 0.85, 0.95)


def _aurora(canvas: Canvas) -> None:
    """Curtains of green and violet light."""
    rng, unit = canvas.rng, canvas.unit
    line = -rng.uniform(0.3, 0.5) * unit + 0.12 * unit * canvas.wander(0.4, 1)
    up = (line[None] - canvas.y) / (0.45 * unit)
    rays = np.clip(0.7 + 0.3 * canvas.noise(unit / 2, 0.06), 0, 1.4)
    mask = step(up, 0.0, 0.12) * np.exp(-np.clip(up, 0, None) * 2.6) * rays
    canvas.lay(blend(rgb(0.25, 0.95, 0.6), rgb(0.55, 0.35, 0.85), np.clip(up, 0, 1)), 0.75 * np.clip(mask, 0, 1))
