"""Open country: mountains, desert, meadow, snow, forest, garden."""

from __future__ import annotations

import cv2
import numpy as np

from scripts.world.places.canvas import Canvas, blend, step
from scripts.world.places.ground import ground, plain_of
from scripts.world.places.growth import conifers, crowns, grass, green, hills, range_of_peaks
from scripts.world.places.sky import haze, light_shafts, sky
from scripts.world.places.tone import rgb


def mountains(canvas: Canvas) -> None:
    """Two or three ranges, snow on the tops, firs or meadow at their feet."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    sky(canvas)
    rock = rgb(*(np.array([0.42, 0.44, 0.50]) + rng.normal(0, 0.03, 3)))
    snow = rng.uniform(-0.05, 0.34)
    high = rng.uniform(0.38, 0.6)
    range_of_peaks(canvas, high, rock, snow, 0.5)
    range_of_peaks(canvas, 0.58 * high, rock * 0.85, snow - 0.35, 0.22)
    leaf = green(rng, rng.uniform(0, 0.6))
    if rng.random() < 0.7:
        conifers(canvas, 2.0, rng.uniform(0.06, 0.11) * canvas.unit, tone.far(tone.lit(leaf * 0.62, 0.25), 0.25), 40)
    else:
        hills(canvas, 0.09, leaf, 0.15)
    lake = rng.uniform(0.08, 0.2) if rng.random() < 0.35 else 0.0
    far = _mirrored(canvas) if lake else None
    ground(canvas, leaf * rgb(1.0, 0.95, 0.85), blend(leaf, rock, 0.3), 0.13, "grain", 60)
    grass(canvas, leaf, 200, 0.06)
    if far is not None:
        shore = lake * unit * (1 + 0.12 * canvas.wander(0.5, 1))
        canvas.image[:] = np.where((canvas.y > 0) & (canvas.y < shore[None]), far, canvas.image)
        canvas.lay(tone.far(tone.haze, 0.0), 0.5 * np.exp(-(((canvas.y - shore[None]) / 1.5) ** 2)) * (canvas.y > 0))
    haze(canvas, 0.3, 0.04)
    stones(canvas, int(rng.integers(0, 16)))


def _mirrored(canvas: Canvas) -> np.ndarray:
    """The picture as still water below the horizon shows it."""
    rows = np.arange(canvas.height)
    from_above = np.clip(np.round(2 * canvas.horizon - rows), 0, canvas.height - 1).astype(int)
    ripple = canvas.image[:, from_above] * (0.86 + 0.05 * canvas.noise(canvas.unit / 30, 6))
    return blend(ripple, canvas.tone.lit(rgb(0.25, 0.42, 0.5), 0.6), 0.25)


def stones(canvas: Canvas, count: int) -> None:
    """Boulders lying about, with a lit top and a shadow."""
    rng, unit = canvas.rng, canvas.unit
    for column, row in canvas.strokes(count):
        size = unit * rng.uniform(0.05, 0.13) * np.clip((row - canvas.horizon) / unit, 0.05, 0.6)
        if abs(column - canvas.width / 2) < 0.15 * canvas.width:
            continue
        angle = np.linspace(0, np.pi, 9)
        rim = size * rng.uniform(0.75, 1.1, 9)
        part = canvas.part(row - canvas.horizon - 1.2 * size, row - canvas.horizon + 0.5 * size)
        row += part.horizon - canvas.horizon
        shadow, body = part.mask(), part.mask()
        width = (int(1.7 * size) + 1, int(0.35 * size) + 1)
        cv2.ellipse(shadow, (int(column - canvas.side * size * 0.4), int(row)), width, 0, 0, 360, 255, -1, cv2.LINE_AA)
        points = np.stack([column + 1.4 * rim * np.cos(angle), row - rim * np.sin(angle)], axis=1)
        cv2.fillPoly(body, [np.round(points * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
        part.lay(part.image * 0.62, shadow / np.float32(255))
        lit = np.clip(0.45 - (part.y + part.horizon - row + 0.55 * size) / size * 0.6, 0, 1)
        lit = np.clip(lit + 0.35 * canvas.side * (canvas.x + canvas.width / 2 - column) / size, 0, 1)
        part.lay(canvas.tone.lit(rgb(0.55, 0.53, 0.52), lit), body / np.float32(255))


def desert(canvas: Canvas) -> None:
    """Dunes with sharp crests, or mesas on a plain."""
    rng, unit = canvas.rng, canvas.unit
    sky(canvas, str(rng.choice(["none", "wisps"])))
    sand = rgb(rng.uniform(0.86, 0.95), rng.uniform(0.66, 0.76), rng.uniform(0.42, 0.54))
    if rng.random() < 0.4:
        _mesas(canvas, sand * rgb(0.86, 0.66, 0.58))
    ground(canvas, sand, sand * rgb(1.0, 0.95, 0.9), 0.05, "cloud", 40, 1.5)
    _ripples(canvas)
    for place, high in ((0.0, 0.16), (0.06, 0.13), (0.16, 0.1)):
        if rng.random() < 0.85:
            _dune(canvas, place * unit, high * unit, sand, 0.4 * (1 - place / 0.2))
    haze(canvas, 0.4, 0.06)


def _dune(canvas: Canvas, row: float, high: float, sand: np.ndarray, away: float) -> None:
    """One dune across the picture: its crest line parts light from shadow."""
    line = canvas.wander(0.25, 1)
    edge = row - high * (0.5 + 0.5 * line / (np.abs(line).max() + 1e-6))
    crest = edge + (0.15 + 0.85 * np.clip(canvas.wander(0.3, 1), -0.5, 1.4)) * high * canvas.side
    lit = step(canvas.side * (crest[None] - canvas.y), 0, 3.0)
    down = np.clip((canvas.y - edge[None]) / (1.6 * high), 0, 1)
    color = canvas.tone.far(canvas.tone.lit(sand, 0.12 + 0.8 * lit * (1 - 0.3 * down)), away)
    canvas.lay(color, canvas.below(edge) * (1 - step(down, 0.8, 0.4)))


def _ripples(canvas: Canvas) -> None:
    """Wind ripples, gone with distance."""
    rows, across, away = plain_of(canvas)
    if rows.start >= rows.stop:
        return
    bent = away + 0.25 * np.sin(across * 0.9 + canvas.rng.uniform(0, 6)) + 0.08 * np.sin(across * 2.7 + away)
    wave = np.sin(bent * 26) * np.clip(1.6 - away / 5, 0, 1)
    canvas.image[:, rows] *= 1 + 0.05 * (0.4 + canvas.tone.contrast) * wave


def _mesas(canvas: Canvas, rock: np.ndarray) -> None:
    """Flat-topped cliffs with layers of stone."""
    rng, unit = canvas.rng, canvas.unit
    edge = np.zeros(canvas.width, np.float32)
    for _ in range(int(rng.integers(2, 5))):
        middle, half = rng.uniform(-0.55, 0.55) * canvas.width, rng.uniform(0.04, 0.16) * canvas.width
        top = rng.uniform(0.08, 0.26) * unit
        wall = np.clip((half + 0.35 * top - np.abs(canvas.x[0] - middle)) / (0.3 * top), 0, 1)
        edge = np.maximum(edge, top * np.minimum(wall, 1))
    edge = -edge + 0.008 * unit * canvas.wander(0.6, 5)
    face = np.clip(0.5 - 0.25 * canvas.side * np.gradient(edge)[None] + 0.12 * canvas.noise(unit / 8, 0.35), 0, 1)
    bands = 1 + 0.09 * np.sin(canvas.y / unit * 90 + 2 * np.sin(canvas.y / unit * 33))
    color = canvas.tone.far(canvas.tone.lit(rock * bands, face), 0.3)
    canvas.lay(color, canvas.below(edge) * (canvas.y < 1))


def meadow(canvas: Canvas) -> None:
    """Grass with flowers, hills and a few trees behind."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    sky(canvas, sun=None)
    leaf = green(rng, rng.uniform(0, 0.35))
    hills(canvas, rng.uniform(0.10, 0.2), blend(leaf, rgb(0.4, 0.5, 0.6), 0.4), 0.5)
    hills(canvas, rng.uniform(0.05, 0.1), leaf * 0.9, 0.25)
    count = int(rng.integers(2, 9))
    at = np.stack([rng.uniform(-0.5, 0.5, count) * canvas.width, rng.uniform(-0.05, -0.01, count) * unit], axis=1)
    crowns(canvas, at, rng.uniform(0.03, 0.075, count) * unit, tone.far(leaf * 0.95, 0.2), 3)
    ground(canvas, leaf, leaf * rgb(1.08, 1.06, 0.9), 0.12, "grain", 60)
    colors = [
        rgb(0.95, 0.93, 0.85),
        rgb(0.95, 0.80, 0.25),
        rgb(0.85, 0.3, 0.3),
        rgb(0.6, 0.45, 0.8),
        rgb(0.93, 0.6, 0.75),
    ]
    picked = rng.choice(len(colors), int(rng.integers(0, 3)), replace=False)
    grass(canvas, leaf * rgb(1.05, 1.1, 0.9), 420, rng.uniform(0.07, 0.16), [colors[k] for k in picked])


def snow(canvas: Canvas) -> None:
    """Snowfields, firs, perhaps flakes in the air."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    sky(canvas)
    white = rgb(0.95, 0.97, 1.0)
    if rng.random() < 0.5:
        range_of_peaks(canvas, rng.uniform(0.25, 0.4), rgb(0.45, 0.48, 0.56), 0.9, 0.45)
    hills(canvas, rng.uniform(0.07, 0.14), white, 0.35)
    fir = tone.lit(rgb(0.22, 0.34, 0.34), 0.3)
    conifers(canvas, 0.0, 0.1 * unit, tone.far(fir, 0.5), 40)
    conifers(canvas, 0.02 * unit, 0.17 * unit, tone.far(fir, 0.2), int(rng.integers(4, 14)))
    ground(canvas, white, white, 0.06, "cloud", 40, 1.6)
    if rng.random() < 0.5:
        mask = canvas.mask()
        for column, row in rng.random((110, 2)):
            middle = (int(column * canvas.width), int(row * canvas.height))
            cv2.circle(mask, middle, int(rng.integers(0, 2)), 255, -1, cv2.LINE_AA)
        canvas.lay(tone.lit(white, 1.0), mask * np.float32(0.7 / 255))


def forest(canvas: Canvas) -> None:
    """Trunks in three depths with a light beyond, leaves above, ferns and fallen leaves below."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    leaf = green(rng, rng.choice([0.0, 0.2, 0.8]))
    if rng.random() < 0.2:
        leaf = rgb(0.72, 0.42, 0.2)
    air = blend(tone.low, tone.lit(leaf, 0.9), 0.45)
    deep = tone.lit(leaf * 0.55, 0.25)
    high = np.clip(-canvas.y / (0.9 * unit), 0, 1)
    canvas.image[:] = blend(air, deep, high**1.3)
    canvas.image[:] *= 1 + 0.10 * canvas.noise(unit / 6)
    ground(canvas, blend(leaf * 0.75, rgb(0.42, 0.33, 0.22), 0.45), leaf * 0.95, 0.16, "grain", 55)
    for row, (depth, count, wide) in enumerate(((0.72, 12, 0.018), (0.42, 8, 0.032), (0.12, 4, 0.065))):
        _trunks(canvas, depth, count, wide * unit, air)
        spots = (20, 12, 9)[row]
        low = rng.uniform(0.28, 0.42) + 0.08 * row
        column = rng.uniform(-0.55, 0.55, spots) * canvas.width
        at = np.stack([column, -(low + (1 - low) * rng.random(spots) ** 0.6) * unit], axis=1)
        size = rng.uniform(0.07, 0.14, spots) * (1 + 0.25 * row) * unit
        if row < 2 or rng.random() < 0.6:
            crowns(canvas, at, size, blend(leaf * (0.62 + 0.45 * depth), air, 0.6 * depth), 0.035 * unit)
    if tone.contrast > 0.5 and canvas.horizon > 0 and rng.random() < 0.7:
        light_shafts(canvas, 0.22)
    grass(canvas, leaf * 0.95, 240, 0.14)


def _trunks(canvas: Canvas, away: float, count: int, wide: float, air: np.ndarray) -> None:
    """Tree trunks at one distance, lit from the sun's side, keeping the middle free when near."""
    rng, unit = canvas.rng, canvas.unit
    below = (0.02 + 0.16 * (1 - away) ** 2) * unit
    canvas = canvas.part(-4 * unit, below + 0.06 * unit)
    foot = canvas.horizon + below
    mask, light = canvas.mask(), np.zeros((1, canvas.width), np.float32)
    for _ in range(count):
        x = rng.uniform(-0.55, 0.55) * canvas.width
        if away < 0.3:
            x = float(np.sign(x)) * rng.uniform(0.28, 0.55) * canvas.width
        half, lean = wide * rng.uniform(0.3, 0.75), rng.normal(0, 0.03) * unit
        x, base = x + canvas.width / 2, foot + rng.uniform(0, 0.05) * unit
        points = [(x - 1.35 * half, base), (x - half + lean * 0.1, base - 0.12 * unit), (x - 0.7 * half + lean, -20)]
        points += [(x + 0.7 * half + lean, -20), (x + half + lean * 0.1, base - 0.12 * unit), (x + 1.35 * half, base)]
        cv2.fillPoly(mask, [np.round(np.array(points) * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
        near = np.abs(canvas.x + canvas.width / 2 - x - canvas.side * half * 0.55) / half
        light = np.maximum(
            light, np.clip(1 - near * 0.9, 0, 1) * (np.abs(canvas.x + canvas.width / 2 - x) < 1.5 * half)
        )
    bark = canvas.noise(wide, 0.25, "grain")
    lit = np.clip(0.08 + 0.75 * light + 0.12 * bark, 0, 1)
    color = canvas.tone.lit(rgb(0.36, 0.28, 0.23), lit)
    canvas.lay(blend(color, air, away), mask / np.float32(255))


def garden(canvas: Canvas) -> None:
    """Clipped hedges, flower beds, a gravel path, trees, perhaps a fountain or an arch of leaves."""
    rng, tone, unit = canvas.rng, canvas.tone, canvas.unit
    sky(canvas)
    leaf = green(rng)
    count = int(rng.integers(9, 16))
    at = np.stack([np.linspace(-0.55, 0.55, count) * canvas.width, -rng.uniform(0.05, 0.2, count) * unit], axis=1)
    crowns(canvas, at, rng.uniform(0.06, 0.12, count) * unit, tone.far(leaf * 0.8, 0.3), 0.035 * unit)
    ground(canvas, leaf * rgb(1.05, 1.08, 0.9), leaf, 0.08, "grain", 60)
    rows, across, away = plain_of(canvas)
    if rows.start < rows.stop:
        path = step(-np.abs(across - 0.15 * np.sin(away)), -rng.uniform(0.7, 1.2), 0.2)
        gravel = tone.lit(rgb(0.82, 0.76, 0.64), np.clip(0.75 + 0.07 * canvas.noise(3, kind="grain")[rows], 0, 1))
        canvas.lay_rows(rows, gravel, path)
    hedge = leaf * 0.62
    top, low = -rng.uniform(0.02, 0.07) * unit, 0.05 * unit
    lump = 1.5 * canvas.noise(5, kind="grain")
    body = np.clip(canvas.y - top + lump + 0.5, 0, 1) * (canvas.y < low) * (np.abs(canvas.x) > 0.07 * canvas.width)
    lit = np.clip(0.85 - (canvas.y - top) / (0.05 * unit) + 0.12 * lump, 0.22, 1)
    canvas.lay(tone.far(tone.lit(hedge, lit), 0.12), body)
    _beds(canvas, hedge)


def _beds(canvas: Canvas, leaf: np.ndarray) -> None:
    """Flowering bushes to both sides of the path, larger near."""
    rng, unit = canvas.rng, canvas.unit
    colors = [
        rgb(0.90, 0.35, 0.45),
        rgb(0.95, 0.75, 0.80),
        rgb(0.96, 0.90, 0.75),
        rgb(0.70, 0.50, 0.85),
        rgb(0.95, 0.6, 0.3),
    ]
    petal = colors[int(rng.integers(len(colors)))]
    for away, size in ((0.09, 0.045), (0.22, 0.10)):
        count = 8
        column = np.where(rng.random(count) < 0.5, -1, 1) * rng.uniform(0.2 + away, 0.58, count) * canvas.width
        at = np.stack([column, away * unit + rng.uniform(-0.3, 0.3, count) * size * unit], axis=1)
        mask, part = crowns(canvas, at, rng.uniform(0.7, 1.1, count) * size * unit, leaf, max(size * unit / 4, 3))
        spots = step(part.noise(max(size * unit / 5, 3), kind="grain"), 1.1, 0.5)
        part.lay(canvas.tone.lit(petal, 0.85), spots * mask)
