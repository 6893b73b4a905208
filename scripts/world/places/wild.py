"""Places of water and stone: sea, harbour, cave."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from scripts.world.places.canvas import Canvas, blend, fill, sampled, shifted, step
from scripts.world.places.ground import boards, distance, ground, plain_of, rows_below
from scripts.world.places.growth import hills, range_of_peaks
from scripts.world.places.sky import haze, sky
from scripts.world.places.tone import Paint, rgb


def _water(canvas: Canvas, color: np.ndarray, until: float) -> None:
    """Water from the horizon down to `until` px below it: mirrors the sky, glints towards the sun."""
    tone, rng, unit = canvas.tone, canvas.rng, canvas.unit
    rows = rows_below(canvas)
    rows = slice(rows.start, min(int(np.clip(canvas.horizon + until, 0, canvas.height)), canvas.height))
    if rows.start >= rows.stop:
        return
    z = distance(canvas, rows)
    far = np.clip(z / 60, 0, 1)
    deep = tone.lit(color, 0.7)
    image = blend(deep, tone.low * 0.94, 0.65 * far**0.7 + 0.15)
    u = canvas.x * (z * (5.0 / canvas.focal)) + rng.uniform(0, 512)
    v = 60 * np.log(np.maximum(z, 0.1)) + rng.uniform(0, 512)  # even across the picture, so that far waves show
    wave = sampled("streak", u * 0.9, v)
    image = blend(image, tone.low, np.clip(0.22 * wave * (0.5 + 0.5 * tone.contrast), -0.25, 0.5))
    sun = canvas.side * rng.uniform(0.1, 0.4) * canvas.width
    path = np.exp(-(((canvas.x - sun) / (0.05 * unit + 0.35 * canvas.y[rows])) ** 2))
    image = blend(image, tone.glow, 0.8 * tone.contrast**0.5 * path * step(wave, 0.4, 0.9))
    canvas.lay_rows(rows, np.clip(image, 0, 1.1))


def sea(canvas: Canvas) -> None:
    """A beach: sea to the horizon, foam, wet and dry sand; perhaps cliffs, islands or a sail."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    sky(canvas, sun=tone.contrast * rng.uniform(0.25, 0.6))
    if rng.random() < 0.5:
        _headland(canvas)
    blue = rgb(rng.uniform(0.10, 0.22), rng.uniform(0.42, 0.58), rng.uniform(0.55, 0.68))
    sand = rgb(rng.uniform(0.84, 0.92), rng.uniform(0.74, 0.80), rng.uniform(0.56, 0.64))
    ground(canvas, sand, sand, 0.06, "grain", 70)
    shore = rng.uniform(0.06, 0.16) * unit
    line = shore + 0.025 * unit * canvas.wander(0.45, 1)
    wet = 1 - step(canvas.y - line[None], 0.05 * unit, 0.06 * unit)
    canvas.lay(canvas.image * rgb(0.72, 0.72, 0.76), wet * (canvas.y > 0))
    before = canvas.image.copy()
    _water(canvas, blue, float(line.max()) + 4)
    water = 1 - canvas.below(line, 1.5)
    rows = canvas.y > 0
    canvas.image[:] = np.where(rows, before + (canvas.image - before) * water, canvas.image)
    away = canvas.y - line[None] + 0.012 * unit * canvas.noise(unit / 18)
    foam = np.exp(-((away / (0.011 * unit)) ** 2)) + 0.6 * np.exp(-(((away + 0.045 * unit) / (0.007 * unit)) ** 2))
    canvas.lay(tone.lit(rgb(0.97, 0.98, 0.98), 0.95), np.clip(foam, 0, 0.95) * rows)
    if rng.random() < 0.4:
        _sail(canvas, rng.uniform(0.03, 0.07) * unit)
    haze(canvas, 0.25, 0.02)


def _headland(canvas: Canvas) -> None:
    """Cliffs that end in the sea on one side."""
    rng, unit = canvas.rng, canvas.unit
    edge = -unit * rng.uniform(0.08, 0.22) * (1 + 0.18 * canvas.wander(0.6, 2))
    end = rng.uniform(-0.2, 0.25) * canvas.width
    side = 1 if rng.random() < 0.5 else -1
    edge = edge * np.clip((side * canvas.x[0] - end) / (0.12 * unit), 0, 1) ** 0.6
    face = np.clip(0.5 + 0.22 * canvas.noise(unit / 6, 0.3) - 0.2 * np.gradient(edge)[None] * canvas.side, 0, 1)
    rock = canvas.tone.lit(blend(rgb(0.62, 0.56, 0.48), rgb(0.36, 0.48, 0.26), step(-canvas.y / unit, 0.12, 0.1)), face)
    canvas.lay(canvas.tone.far(rock, 0.35), canvas.below(edge.astype(np.float32)) * (canvas.y < 1))


def _sail(canvas: Canvas, tall: float) -> None:
    """A small boat far out."""
    x, y = canvas.rng.uniform(0.15, 0.85) * canvas.width, canvas.horizon + 0.02 * canvas.unit
    lean = canvas.side * 0.35 * tall
    sail = [(x, y - tall), (x + lean, y - 0.12 * tall), (x, y - 0.12 * tall)]
    hull = [(x - 0.4 * tall, y - 0.1 * tall), (x + 0.45 * tall, y - 0.1 * tall), (x + 0.3 * tall, y + 0.06 * tall)]
    hull.append((x - 0.3 * tall, y + 0.06 * tall))
    for points, color in ((sail, rgb(0.96, 0.94, 0.9)), (hull, rgb(0.35, 0.24, 0.2))):
        mask = canvas.mask()
        cv2.fillPoly(mask, [np.round(np.array(points) * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
        canvas.lay(canvas.tone.far(canvas.tone.lit(color, 0.8), 0.2), mask / np.float32(255))


def harbour(canvas: Canvas) -> None:
    """A quay of planks or stone, water, boats with masts, coloured houses on the other shore."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    sky(canvas)
    hills(canvas, rng.uniform(0.1, 0.22), rgb(0.42, 0.5, 0.44), 0.5)
    _houses(canvas)
    ground(canvas, rgb(0.6, 0.57, 0.53), rgb(0.6, 0.57, 0.53), 0.04, "grain", 20)
    edge = rng.uniform(0.14, 0.24) * unit
    _water(canvas, rgb(0.16, 0.40, 0.46), edge)
    for _ in range(int(rng.integers(3, 6))):
        _boat(
            canvas,
            rng.uniform(-0.5, 0.5) * canvas.width,
            rng.uniform(0.25, 0.75) * edge,
            rng.uniform(0.07, 0.12) * unit,
        )
    rows, across, away = plain_of(canvas)
    quay = step(np.broadcast_to(canvas.y[rows], (canvas.y[rows].shape[0], canvas.width)), edge, 2)
    if quay.size:
        foot = (away / canvas.focal * 1.6).astype(np.float32)
        wood = boards(canvas, away + 0 * across, across, foot, 0.22)
        light = np.clip(0.75 + 0.1 * canvas.noise(unit / 4)[rows], 0, 1)
        canvas.lay_rows(rows, tone.lit(rgb(0.60, 0.49, 0.38) * wood, light), quay)
        rim = np.exp(-(((canvas.y[rows] - edge) / (0.007 * unit)) ** 2))
        canvas.lay_rows(rows, tone.lit(rgb(0.34, 0.28, 0.24), 0.4), rim)


def _houses(canvas: Canvas) -> None:
    """A row of gabled houses along the water, lamps lit when it is dark."""
    rng, unit, tone = canvas.rng, canvas.unit, canvas.tone
    colors = [
        (0.85, 0.55, 0.42),
        (0.92, 0.82, 0.58),
        (0.80, 0.84, 0.82),
        (0.62, 0.70, 0.74),
        (0.82, 0.66, 0.62),
        (0.94, 0.92, 0.86),
    ]
    x = -0.55 * canvas.width
    while x < 0.55 * canvas.width:
        wide, high = rng.uniform(0.05, 0.10) * unit, rng.uniform(0.06, 0.16) * unit
        left, base = x + canvas.width / 2, canvas.horizon + 0.01 * unit
        wall = [(left, base), (left, base - high), (left + wide, base - high), (left + wide, base)]
        roof = [(left, base - high), (left + wide / 2, base - high - 0.045 * unit), (left + wide, base - high)]
        color = rgb(*colors[int(rng.integers(len(colors)))])
        shapes = [
            (wall, tone.lit(color, rng.uniform(0.4, 0.95))),
            (roof, tone.lit(rgb(0.55, 0.30, 0.24), rng.uniform(0.3, 0.9))),
        ]
        for points, paint in shapes:
            fill(canvas, points, tone.far(paint, 0.3))
        pane = rgb(1.0, 0.80, 0.42) if tone.dark else tone.lit(rgb(0.28, 0.32, 0.38), 0.5)
        for row in (0.3, 0.65):
            for column in (0.22, 0.58):
                a, b = left + column * wide, base - high + row * high - 0.02 * unit
                fill(canvas, [(a, b), (a + 0.2 * wide, b), (a + 0.2 * wide, b + 0.2 * high), (a, b + 0.2 * high)], pane)
        x += wide * rng.uniform(1.0, 1.15)


def _boat(canvas: Canvas, column: float, row: float, size: float) -> None:
    """A moored boat: hull, stripe, mast, its mirror image in the water."""
    x, y = column + canvas.width / 2, canvas.horizon + row
    rng, tone = canvas.rng, canvas.tone
    colors = [(0.85, 0.85, 0.82), (0.20, 0.34, 0.50), (0.62, 0.22, 0.20), (0.24, 0.40, 0.36)]
    hull = rgb(*colors[int(rng.integers(len(colors)))])
    mast = (x + 0.1 * size, y - rng.uniform(1.6, 2.6) * size)
    mirror = [(x - size, y), (x + size, y), (x + 0.7 * size, y + 0.5 * size), (x - 0.7 * size, y + 0.5 * size)]
    fill(canvas, mirror, tone.lit(hull * 0.5, 0.2), 0.4)
    points = [
        (x - 1.1 * size, y - 0.42 * size),
        (x + 1.15 * size, y - 0.5 * size),
        (x + 0.85 * size, y),
        (x - 0.85 * size, y),
    ]
    fill(canvas, points, tone.lit(hull, 0.7))
    band = [
        (x - 1.1 * size, y - 0.42 * size),
        (x + 1.15 * size, y - 0.5 * size),
        (x + 1.1 * size, y - 0.38 * size),
        (x - 1.05 * size, y - 0.3 * size),
    ]
    fill(canvas, band, tone.lit(rgb(0.95, 0.93, 0.88), 0.8))
    fill(
        canvas,
        [
            (mast[0] - 0.8, mast[1]),
            (mast[0] + 0.8, mast[1]),
            (mast[0] + 1, y - 0.4 * size),
            (mast[0] - 1, y - 0.4 * size),
        ],
        tone.lit(rgb(0.4, 0.3, 0.24), 0.5),
    )


def cave(canvas: Canvas) -> None:
    """Rock in nested arches around an opening full of light, or a glow of crystals."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    glowing = rng.random() < 0.45
    hue = [(0.25, 0.75, 0.85), (0.95, 0.5, 0.2), (0.6, 0.35, 0.9), (0.3, 0.85, 0.5)][int(rng.integers(4))]
    light = rgb(*hue) if glowing else blend(tone.glow, tone.low, 0.6)
    glow = np.exp(-((canvas.x / (0.3 * unit)) ** 2) - ((canvas.y + 0.08 * unit) / (0.25 * unit)) ** 2)
    canvas.image[:] = blend(light, rgb(1, 1, 1), 0.1 + 0.3 * glow) * ((0.35 + 0.55 * glow) if glowing else 0.92)
    if glowing:
        canvas = replace(canvas, tone=replace(tone, haze=light * 0.4))
    if not glowing and rng.random() < 0.5 and canvas.horizon > 8:
        range_of_peaks(canvas, 0.2, rgb(0.45, 0.48, 0.55), 0.1, 0.6)
    rock = rgb(*(np.array([0.44, 0.39, 0.36]) + rng.normal(0, 0.03, 3)))
    ground(canvas, rock * 1.1, rock * 1.2, 0.16, "grain", 45)
    x, wide = rng.uniform(-0.15, 0.15) * canvas.width, rng.uniform(0.16, 0.26)
    for depth in range(4):
        _arch(canvas, x * (1 - 0.2 * depth), (wide + 0.09 * depth) * unit, rock, light, depth)
    near = np.exp(-0.5 * ((canvas.x - x) / (0.45 * canvas.width)) ** 2)
    canvas.image[:] *= np.where(canvas.y > 0, 0.45 + 0.6 * near, 1)
    if glowing:
        canvas.lay(light, 0.2 * near * np.exp(-((canvas.y / (0.5 * unit)) ** 2)))
        _crystals(canvas, light)


def _arch(canvas: Canvas, x: float, wide: float, rock: Paint, light: Paint, depth: int) -> None:
    """One ring of rock in facets, its rim catching the light behind it."""
    unit = canvas.unit
    canvas = canvas.part(-4 * unit, (0.055 * (depth + 1) + 0.03) * unit)
    lumps = canvas.noise(unit / 5)
    rough = lumps * 0.03 * unit + canvas.noise(unit / 16, kind="grain") * 0.006 * unit
    far = np.hypot(canvas.x - x, (canvas.y - 0.05 * unit) * 0.72) - wide + rough
    foot = step(-canvas.y, -0.055 * unit * (depth + 1), 0.03 * unit)  # arches end where their own ground begins
    rim = np.exp(-np.clip(far, 0, None) / ((0.025 + 0.015 * depth) * unit))
    # Facets: the slope of the lumps, in steps as stone breaks.
    slope = (shifted(lumps, 3 * canvas.side, 0) - shifted(lumps, 0, -3)) * 2.0
    facets = np.round(2.5 * (slope + 0.3 * canvas.noise(unit / 7, 0.7))) / 2.5
    shade = canvas.tone.lit(rock, np.clip(0.42 + 0.3 * facets, 0, 1)) * (0.85 - 0.16 * depth)
    canvas.lay(blend(shade, light * (0.9 - 0.12 * depth), 0.5 * rim), step(far, 0, 2.0) * foot)


def _crystals(canvas: Canvas, light: np.ndarray) -> None:
    """Shining prisms that stand at the walls."""
    rng, unit = canvas.rng, canvas.unit
    for _ in range(int(rng.integers(5, 12))):
        side = 1 if rng.random() < 0.5 else -1
        x = canvas.width / 2 + side * rng.uniform(0.24, 0.5) * canvas.width
        y = canvas.horizon + rng.uniform(0.03, 0.3) * unit
        tall, lean, half = rng.uniform(0.06, 0.16) * unit, rng.normal(0, 0.03) * unit, rng.uniform(0.01, 0.022) * unit
        tip = (x + lean, y - tall)
        fill(
            canvas,
            [(x - half, y), (x - half + 0.7 * lean, y - 0.75 * tall), tip, (x, y)],
            blend(light, rgb(1, 1, 1), 0.45),
        )
        fill(canvas, [(x + half, y), (x + half + 0.7 * lean, y - 0.75 * tall), tip, (x, y)], light * 0.75)
