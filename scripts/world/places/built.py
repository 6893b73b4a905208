"""Built places under the sky: city, street, temple."""

from __future__ import annotations

import numpy as np

from scripts.world.places.canvas import Canvas, blend, fill
from scripts.world.places.ground import box, checker, ground, plain_of, seams
from scripts.world.places.growth import hills
from scripts.world.places.sky import haze, light_shafts, sky
from scripts.world.places.tone import Paint, rgb


def city(canvas: Canvas) -> None:
    """Towers in three depths with windows, a square or a roof of slabs before them."""
    rng, unit = canvas.rng, canvas.unit
    sky(canvas)
    stone = rgb(*(np.array([0.60, 0.60, 0.63]) + rng.normal(0, 0.05, 3)))
    tall = rng.uniform(0.3, 0.55)
    for away, high, wide in ((0.72, tall, 0.07), (0.45, 0.75 * tall, 0.10), (0.14, 0.5 * tall, 0.15)):
        _towers(canvas, away, high * unit, wide * unit, stone * (0.75 + 0.35 * away))
    ground(canvas, rgb(0.66, 0.64, 0.62), rgb(0.62, 0.62, 0.64), 0.05, "grain", 50)
    rows, across, away = plain_of(canvas)
    if rows.start < rows.stop:
        foot = away / canvas.focal * 1.5 + 0 * across
        lines = np.maximum(seams(across, 1.2, 0.03, foot), seams(away + 0 * across, 1.2, 0.03, foot * 1.6))
        canvas.image[:, rows] *= 1 - 0.28 * lines
        canvas.image[:, rows] *= 1 + 0.08 * (checker(across, away + 0 * across, 1.2, foot) - 0.5)
    haze(canvas, 0.45, 0.08)


def _towers(canvas: Canvas, away: float, high: float, wide: float, stone: Paint) -> None:
    """One row of towers, drawn column by column: where each starts, how tall it is, which face is lit."""
    canvas = canvas.part(-1.35 * high, 2)
    rng, tone = canvas.rng, canvas.tone
    start = np.cumsum(rng.uniform(0.5, 1.5, int(2.2 * canvas.width / wide) + 4) * wide) - wide
    number = np.searchsorted(start, np.arange(canvas.width), side="right")
    top = rng.uniform(0.35, 1.0, len(start) + 1) * high
    gap = rng.random(len(start) + 1) < 0.12
    within = np.arange(canvas.width) - start[number - 1]
    span = (start[np.minimum(number, len(start) - 1)] - start[number - 1]).clip(2)
    share = within / span
    crown = np.where((np.abs(share - 0.5) < 0.28) & (number % 3 == 0), 0.12, 0) + np.where(
        (np.abs(share - 0.5) < 0.03) & (number % 4 == 0), 0.3, 0
    )
    edge = -np.where(gap[number], 0.08 * high, top[number] * (1 + crown)).astype(np.float32)
    lit = np.where(share * canvas.side > (0.55 if canvas.side > 0 else -0.45), 0.95, 0.32)
    hue = rng.normal(0, 0.022, (3, len(start) + 1)).astype(np.float32)[:, number][:, None] + 0.0
    color = tone.lit(stone + hue, lit[None].astype(np.float32))
    pane = max(wide / 9, 2.5)
    u, v = within / pane, (canvas.y - edge[None]) / (1.35 * pane)
    glass = ((u - np.floor(u)) > 0.42) & ((v - np.floor(v)) > 0.45) & (share > 0.06) & (share < 0.94) & (v > 0.8)
    cell = np.sin(np.floor(u) * 12.99 + np.floor(v) * 78.23 + number * 37.7) * 43758.5
    lamp = (cell - np.floor(cell)) < (0.42 if tone.dark else 0.1)
    shine = rgb(1.0, 0.82, 0.48) if tone.dark else blend(tone.low, rgb(1, 1, 1), 0.3)
    window = np.where(lamp, shine, blend(color * 0.62, tone.top, 0.25))
    color = np.where(glass, window, color)
    veil = away + (1 - away) * 0.5 * np.clip(1 + canvas.y / high, 0, 1) ** 2
    canvas.lay(tone.far(color, np.clip(veil, 0, 1)), canvas.below(edge) * (canvas.y < 2))


def street(canvas: Canvas) -> None:
    """A street between house fronts that runs to a vanishing point; lamps and lit windows at dusk and night."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    sky(canvas)
    half = rng.uniform(3.2, 5.5)
    far = rng.uniform(28, 60)
    turn = rng.uniform(-0.15, 0.15)
    room = box(canvas, half, half * rng.uniform(0.9, 1.3), 200, far, turn)
    walls = (room.side == 2) | (room.side == 3)
    _fronts(canvas, room.side, room.u, room.v, room.footprint, walls)
    road = rgb(0.46, 0.45, 0.47)
    u, v = room.u, room.v
    stones = np.maximum(
        seams(u + 0.2 * (np.floor(v / 0.3) % 2), 0.4, 0.04, room.footprint), seams(v, 0.3, 0.04, room.footprint)
    )
    light = np.clip(0.6 + 0.12 * canvas.noise(unit / 5, 3) - 0.25 * stones, 0, 1)
    wet = np.exp(-(((canvas.x - turn * canvas.width) / (0.16 * canvas.width)) ** 2)) * rng.uniform(0.0, 0.4)
    color = blend(tone.lit(road, light), tone.low, wet)
    aside = np.abs(u) - 0.62 * half
    color = blend(color, tone.lit(rgb(0.64, 0.62, 0.60), light), np.clip(aside / room.footprint, 0, 1))
    color = color * (1 - 0.4 * np.exp(-((aside / (0.07 + 0.5 * room.footprint)) ** 2)))
    canvas.lay(tone.far(color, np.clip(v / 80, 0, 0.6)), room.side == 0)
    end = (room.side == 4) & (canvas.y > -0.06 * unit)
    canvas.lay(tone.far(tone.lit(rgb(0.5, 0.48, 0.5), 0.4), 0.6), end)
    _lamps(canvas, half * 0.6, turn)
    haze(canvas, 0.4, 0.07)


def _fronts(
    canvas: Canvas, side: np.ndarray, u: np.ndarray, v: np.ndarray, foot: np.ndarray, walls: np.ndarray
) -> None:
    """House fronts on both walls: each house has its colour and height; floors of windows, a door row, cornices."""
    rng, tone = canvas.rng, canvas.tone
    wide = rng.uniform(4.5, 8)
    house = np.clip(np.floor(u / wide).astype(np.int32), 0, 15) + 16 * (side == 3)
    colors = np.array(
        [(0.78, 0.62, 0.50), (0.82, 0.76, 0.64), (0.62, 0.46, 0.42), (0.66, 0.68, 0.70), (0.74, 0.55, 0.45)]
    )
    paint = (colors[rng.integers(0, len(colors), 32)] + rng.normal(0, 0.03, (32, 3))).astype(np.float32).T
    tall = rng.uniform(5.5, 13, 32).astype(np.float32)[house]
    lit = np.where((side == 3) == (canvas.side < 0), 0.9, 0.22)
    color = tone.lit(paint[:, house], (lit * np.clip(0.8 + 0.05 * v, 0.6, 1.1)).astype(np.float32))
    a, b = (u / wide - np.floor(u / wide)) * wide, v
    pane_u, pane_v = wide / 4, 2.9
    in_u, in_v = (
        np.abs(a / pane_u - np.floor(a / pane_u) - 0.5) * pane_u,
        np.abs(b / pane_v - np.floor(b / pane_v) - 0.55) * pane_v,
    )
    pane = np.clip((0.28 * pane_u - in_u) / foot + 0.5, 0, 1) * np.clip((0.75 - in_v) / foot + 0.5, 0, 1)
    frame = np.clip((0.36 * pane_u - in_u) / foot + 0.5, 0, 1) * np.clip((0.9 - in_v) / foot + 0.5, 0, 1)
    cell = np.sin(np.floor(a / pane_u) * 7.1 + np.floor(b / pane_v) * 31.7 + house * 11.3) * 43758.5
    burning = (cell - np.floor(cell)) < (0.5 if tone.dark else 0.08)
    glass = np.where(burning, rgb(1.0, 0.80, 0.45), blend(tone.lit(rgb(0.20, 0.23, 0.28), 0.5), tone.top, 0.3))
    color = blend(color, color * 1.18, 0.8 * frame)
    color = blend(color, glass, pane)
    color = color * (1 - 0.3 * seams(b + 0.2, pane_v, 0.18, foot)) * (1 - 0.35 * seams(u, wide, 0.1, foot))
    mask = walls * np.clip((tall - v) / foot + 0.5, 0, 1)
    canvas.lay(tone.far(color, np.clip(u / 90, 0, 0.7)), mask.astype(np.float32))


def _lamps(canvas: Canvas, aside: float, turn: float) -> None:
    """Street lamps on both kerbs, glowing when it is dark."""
    tone, middle = canvas.tone, (0.5 + turn) * canvas.width
    for z in (26.0, 17.0, 11.0):
        scale = canvas.focal / z
        for side in (-1, 1):
            x, foot, top = (
                middle + side * aside * scale,
                canvas.horizon + canvas.eye * scale,
                canvas.horizon + (canvas.eye - 4) * scale,
            )
            half = max(0.05 * scale, 0.6)
            iron = tone.far(tone.lit(rgb(0.16, 0.17, 0.19), 0.5), min(z / 60, 0.6))
            fill(canvas, [(x - half, foot), (x - half * 0.6, top), (x + half * 0.6, top), (x + half, foot)], iron)
            glass = rgb(1.0, 0.86, 0.55) if tone.dark else tone.lit(rgb(0.9, 0.9, 0.85), 0.8)
            wide = 0.22 * scale
            fill(
                canvas,
                [
                    (x - 0.6 * wide, top),
                    (x + 0.6 * wide, top),
                    (x + wide, top - 2.2 * wide),
                    (x - wide, top - 2.2 * wide),
                ],
                glass,
            )
            fill(
                canvas,
                [(x - 1.2 * wide, top - 2.1 * wide), (x + 1.2 * wide, top - 2.1 * wide), (x, top - 3 * wide)],
                iron,
            )
            if tone.dark:
                far = (canvas.x + canvas.width / 2 - x) ** 2 + (canvas.y + canvas.horizon - top + wide) ** 2
                canvas.lay(rgb(1.0, 0.78, 0.42), 0.6 * np.exp(-far / (1.1 * scale) ** 2))


def temple(canvas: Canvas) -> None:
    """Columns in two rows that lead to a sky or a dark hall; slabs of marble, steps, beams of light."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    sky(canvas)
    hills(canvas, rng.uniform(0.05, 0.16), rgb(0.42, 0.48, 0.42), 0.55)
    ground(canvas, rgb(0.6, 0.6, 0.5), rgb(0.6, 0.6, 0.5), 0.05)
    stone = rgb(*(np.array([0.88, 0.84, 0.76]) + rng.normal(0, 0.03, 3)))
    if rng.random() < 0.25:
        stone = stone * rgb(0.92, 0.72, 0.58)
    half, up = rng.uniform(2.3, 3.2), rng.uniform(4.5, 6.5)
    room = box(canvas, 1.7 * half, 1.7 * half, up + 1.2, 30)
    floor = checker(room.u, room.v, 0.9, room.footprint) if rng.random() < 0.5 else 0.5
    lines = np.maximum(seams(room.u, 0.9, 0.03, room.footprint), seams(room.v, 0.9, 0.03, room.footprint))
    light = np.clip(0.68 + 0.10 * canvas.noise(unit / 6, 3) - 0.3 * lines, 0, 1)
    shadows = np.clip(0.5 + 3 * np.sin((room.v + canvas.side * 0.7 * room.u) * (2 * np.pi / 3.2)), 0, 1)
    light = light * (1 - 0.3 * min(tone.contrast, 1) * shadows)
    color = tone.lit(stone * (0.85 + 0.15 * floor), light)
    canvas.lay(tone.far(color, np.clip(room.v / 50, 0, 0.5)), room.side == 0)
    if rng.random() < 0.6:  # a roof of coffers
        coffers = np.maximum(seams(room.u, 1.3, 0.3, room.footprint), seams(room.v, 1.6, 0.35, room.footprint))
        canvas.lay(tone.far(tone.lit(stone * 0.8, 0.12 + 0.3 * coffers), np.clip(room.v / 60, 0, 0.5)), room.side == 1)
    for z in (22.0, 17.0, 13.0, 9.5, 7.0, 5.2):
        _column_pair(canvas, z, half, up, stone)
    if tone.contrast > 0.7 and canvas.horizon > 0 and rng.random() < 0.6:
        light_shafts(canvas, 0.16)


def _column_pair(canvas: Canvas, z: float, half: float, up: float, stone: Paint) -> None:
    """A column on each side at one distance, fluted, with base, capital and the beam it carries."""
    tone, scale = canvas.tone, canvas.focal / z
    foot, top = canvas.horizon + canvas.eye * scale, canvas.horizon + (canvas.eye - up) * scale
    veil = float(np.clip(z / 45, 0, 0.5))
    for side in (-1, 1):
        x, radius = canvas.width / 2 + side * half * scale, 0.42 * scale
        left, right = (
            int(np.clip(x - 1.7 * radius, 0, canvas.width)),
            int(np.clip(x + 1.7 * radius + 1, 0, canvas.width)),
        )
        if left >= right:
            continue
        across = (np.arange(left, right, dtype=np.float32) + 0.5 - x)[None] / radius
        rows = np.arange(canvas.height, dtype=np.float32)[:, None]
        taper = 1 - 0.14 * np.clip((foot - rows) / (foot - top), 0, 1)
        t = np.clip(across / taper, -1, 1)
        angle = np.arcsin(t)
        flutes = 1 - 0.16 * (0.5 + 0.5 * np.cos(angle * 12)) * min(radius / 6, 1)
        lit = np.clip(0.5 + 0.5 * np.sin(angle + canvas.side * 0.75) * canvas.side, 0, 1) * flutes
        shaft = np.clip((taper - np.abs(across)) * radius + 0.5, 0, 1) * (rows > top) * (rows < foot)
        part = canvas.image[:, :, left:right]
        part += (tone.far(tone.lit(stone, lit), veil) - part) * shaft
        for low, high, wide, bright in (
            (foot, foot - 0.22 * scale, 1.35, 0.6),
            (top + 0.3 * scale, top - 0.02 * scale, 1.4, 0.75),
        ):
            block = [
                (x - wide * radius, low),
                (x + wide * radius, low),
                (x + wide * radius, high),
                (x - wide * radius, high),
            ]
            fill(canvas, block, tone.far(tone.lit(stone, bright), veil))
        outer = canvas.width / 2 + side * (half + 0.9) * scale
        inner = canvas.width / 2 + side * (half - 0.55) * scale
        beam = [(inner, top), (outer, top), (outer, top - 0.8 * scale), (inner, top - 0.8 * scale)]
        fill(canvas, beam, tone.far(tone.lit(stone, 0.35), veil))
