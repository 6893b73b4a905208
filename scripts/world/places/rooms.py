"""Places within walls: room, stage, studio."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scripts.world.places.canvas import Canvas, blend, step
from scripts.world.places.ground import Box, boards, box, checker, pool_of_light, seams, shadow_side
from scripts.world.places.tone import Paint, indoors, rgb

wall_colors = (
    (0.80, 0.76, 0.68), (0.62, 0.70, 0.68), (0.55, 0.62, 0.70), (0.76, 0.60, 0.54), (0.70, 0.70, 0.56),
    (0.86, 0.84, 0.80), (0.45, 0.50, 0.50), (0.60, 0.42, 0.38),
)  # fmt: skip


def room(canvas: Canvas) -> None:
    """A room: painted walls, floor, a window with its light on the floor, pictures, shelves or panels."""
    rng = canvas.rng
    inside = replace(canvas, tone=indoors(canvas.tone))
    half = rng.uniform(2.0, 3.2)
    far, up = rng.uniform(5.0, 7.0), rng.uniform(2.7, 3.4)
    walls = box(canvas, half, half * rng.uniform(0.8, 1.4), up, far, rng.uniform(-0.12, 0.12))
    wall = rgb(*(np.array(wall_colors[int(rng.integers(len(wall_colors)))]) + rng.normal(0, 0.02, 3)))
    _surfaces(inside, walls, wall, up)
    left = -half * rng.uniform(0.2, 0.75)
    if rng.random() < 0.65:
        _window(canvas, walls, left, left + rng.uniform(0.9, 1.7), up)
    if rng.random() < 0.35:
        _shelves(inside, walls, 0.3, half, up)
    else:
        _pictures(inside, walls, half, up)
    canvas.image[:] *= pool_of_light(canvas, 0.25 + 0.2 * canvas.tone.contrast)


def _surfaces(canvas: Canvas, walls: Box, wall: Paint, up: float) -> None:
    """Floor, ceiling and walls with skirting, perhaps panels or striped paper; darker into the corners."""
    rng, tone = canvas.rng, canvas.tone
    share = {0: 0.75, 1: 0.4, 2: 0.85 if canvas.side > 0 else 0.3, 3: 0.85 if canvas.side < 0 else 0.3, 4: 0.55}
    lit = np.array([share[k] for k in range(5)], np.float32)[walls.side]
    upright = walls.side >= 2
    corner = 1 - 0.3 * np.exp(-walls.v / 0.35) * upright - 0.2 * np.exp(-(up - walls.v) / 0.4) * upright
    lit = np.clip(lit * corner + 0.02 * canvas.noise(canvas.unit / 3), 0, 1)
    color = np.broadcast_to(wall, (3, *walls.side.shape))
    kind = rng.choice(["plain", "panels", "stripes"], p=[0.45, 0.3, 0.25])
    if kind == "stripes":
        color = color * (1 + 0.10 * (checker(walls.u, 0 * walls.u, 0.16, walls.footprint) - 0.5))
    elif kind == "panels":
        low = walls.v < 1.0
        color = np.where(low, wall * rng.uniform(0.62, 0.85), wall)
        lines = np.maximum(
            seams(walls.u, 0.6, 0.04, walls.footprint) * low, seams(walls.v + 1.0, 2.0, 0.06, walls.footprint)
        )
        color = color * (1 - 0.3 * lines)
    color = np.where(upright & (walls.v < 0.13), rgb(0.9, 0.88, 0.84) * 0.9, color)
    wood = rgb(*np.array([0.56, 0.38, 0.25]) * rng.uniform(0.7, 1.3))
    if rng.random() < 0.65:
        floor = wood * boards(canvas, walls.u, walls.v, walls.footprint)
    else:
        floor = blend(rgb(0.85, 0.83, 0.78), wall * 0.5, checker(walls.u, walls.v, 0.45, walls.footprint))
    color = np.where(walls.side == 0, floor, np.where(walls.side == 1, rgb(0.92, 0.91, 0.88), color))
    canvas.lay(tone.lit(color, lit))
    if rng.random() < 0.4:
        _rug(canvas, walls)


def _rug(canvas: Canvas, walls: Box) -> None:
    """A carpet with borders where the figures stand."""
    rng = canvas.rng
    hue = [(0.62, 0.22, 0.2), (0.2, 0.32, 0.45), (0.72, 0.6, 0.4), (0.24, 0.4, 0.34)][int(rng.integers(4))]
    middle = rng.uniform(3.4, 4.6)
    edge = np.maximum(np.abs(walls.u) - rng.uniform(1.0, 1.6), np.abs(walls.v - middle) - 1.1)
    rings = 0.75 + 0.25 * np.sign(np.sin(edge * 22)) * (edge > -0.45)
    color = canvas.tone.lit(rgb(*hue) * rings, np.clip(0.6 + 0.06 * canvas.noise(4, kind="grain"), 0, 1))
    canvas.lay(color, np.clip(-edge / walls.footprint, 0, 1) * (walls.side == 0))


def _window(canvas: Canvas, walls: Box, left: float, right: float, up: float) -> None:
    """A window in the back wall, sky in it, curtains beside it, its light on the floor."""
    tone = canvas.tone
    low, high = 0.9, min(up - 0.35, 2.3)
    back = (walls.side == 4).astype(np.float32)
    foot = walls.footprint
    edge = np.maximum(np.maximum(left - walls.u, walls.u - right), np.maximum(low - walls.v, walls.v - high))
    bars = np.maximum(
        seams(walls.u - left, (right - left) / 2, 0.05, foot), seams(walls.v - low, (high - low) / 2, 0.05, foot)
    )
    glass = blend(
        blend(tone.low, rgb(1, 1, 1), 0.0 if tone.dark else 0.35), tone.top, np.clip((walls.v - low) / 2.6, 0, 1)
    )
    frame = indoors(tone).lit(rgb(0.93, 0.91, 0.87), 0.6)
    canvas.lay(frame, np.clip((0.09 - edge) / foot, 0, 1) * back)
    canvas.lay(blend(glass, frame, bars), np.clip(-edge / foot, 0, 1) * back)
    if canvas.rng.random() < 0.5:
        hue = rgb(*wall_colors[int(canvas.rng.integers(len(wall_colors)))]) * rgb(0.95, 0.7, 0.62)
        folds = np.clip(0.55 + 0.3 * np.sin(walls.u * 44 + 2 * np.sin(walls.u * 9)), 0, 1)
        aside = np.minimum(np.abs(walls.u - left), np.abs(walls.u - right)) - 0.18
        cloth = np.clip(-aside / foot, 0, 1) * (walls.v < high + 0.15) * (walls.v > low - 0.5) * back
        canvas.lay(indoors(tone).lit(hue, folds), cloth)
    # Light falls in slanting, onto the floor before the window.
    slant = 0.55 * canvas.side
    across = walls.u + slant * (walls.z.max() - walls.v)
    patch = np.maximum(np.maximum(left - across, across - right), np.abs(walls.v - walls.z.max() + 1.6) - 0.9)
    panes = 1 - seams(across - left, (right - left) / 2, 0.07, foot)
    glow = np.clip(-patch / (foot + 0.05), 0, 1) * (walls.side == 0) * panes
    canvas.image[:] *= 1 + 0.55 * tone.contrast * glow * blend(tone.glow, rgb(1, 1, 1), 0.5)


def _pictures(canvas: Canvas, walls: Box, half: float, up: float) -> None:
    """Framed pictures on the back wall: fields of two colours."""
    rng = canvas.rng
    for _ in range(int(rng.integers(0, 4))):
        x, y = rng.uniform(-half, half), rng.uniform(1.45, up - 0.9)
        a, b = rng.uniform(0.2, 0.45), rng.uniform(0.2, 0.4)
        edge = np.maximum(np.abs(walls.u - x) - a, np.abs(walls.v - y) - b)
        back = walls.side == 4
        frame = rgb(*[(0.22, 0.17, 0.13), (0.70, 0.56, 0.30), (0.93, 0.92, 0.9)][int(rng.integers(3))])
        canvas.lay(canvas.tone.lit(frame, 0.6), np.clip((0.05 - edge) / walls.footprint, 0, 1) * back)
        ground, air = rgb(*rng.uniform(0.25, 0.7, 3)), rgb(*rng.uniform(0.5, 0.95, 3))
        field = blend(ground, air, step(walls.v - y + 0.1 * np.sin(walls.u * 9), -0.03, 0.04))
        canvas.lay(canvas.tone.lit(field, 0.6), np.clip(-edge / walls.footprint, 0, 1) * back)


def _shelves(canvas: Canvas, walls: Box, left: float, right: float, up: float) -> None:
    """A bookcase on the back wall."""
    colors = np.array(
        [
            (0.55, 0.25, 0.2),
            (0.25, 0.35, 0.42),
            (0.72, 0.62, 0.42),
            (0.3, 0.4, 0.3),
            (0.8, 0.76, 0.68),
            (0.36, 0.26, 0.34),
        ]
    )
    shelf = np.floor(walls.v / 0.36)
    book = np.floor(walls.u / 0.055 + 0.37 * shelf).astype(np.int32)
    number = np.abs(np.sin(book * 12.9 + shelf * 4.7) * 43758.5)
    paint = colors.astype(np.float32).T[:, (number * 10).astype(np.int64) % len(colors)]
    tall = 0.22 + 0.1 * (number - np.floor(number))
    rise = walls.v - shelf * 0.36
    inside = (walls.side == 4) & (walls.u > left) & (walls.u < right) & (walls.v < min(up - 0.3, 2.4))
    wood = rgb(0.36, 0.25, 0.18)
    books = np.where(
        rise < tall,
        paint * (1 - 0.35 * seams(walls.u + 0.055 * 0.37 * shelf, 0.055, 0.012, walls.footprint)),
        wood * 0.45,
    )
    color = np.where((rise < 0.03) | (walls.u < left + 0.05) | (walls.u > right - 0.05), wood, books)
    canvas.lay(canvas.tone.lit(color, 0.5), inside)


def stage(canvas: Canvas) -> None:
    """A stage: curtains in folds, boards, spotlights with their pools."""
    rng, unit = canvas.rng, canvas.unit
    tone = indoors(canvas.tone)
    hue = [(0.62, 0.10, 0.12), (0.14, 0.20, 0.46), (0.36, 0.12, 0.36), (0.10, 0.34, 0.30), (0.20, 0.19, 0.21)][
        int(rng.integers(5))
    ]
    walls = box(canvas, 9, 9, 9, rng.uniform(5.5, 7.5))
    fold = walls.u * rng.uniform(5, 8) + 0.5 * canvas.wander(0.5, 2)[None]
    deep = 0.5 + 0.5 * np.sin(fold + 0.6 * np.sin(fold * 0.37))
    spots = rng.uniform(-0.22, 0.22, int(rng.integers(1, 4))) * canvas.width
    glow = sum(np.exp(-0.5 * ((canvas.x - s) / (0.17 * canvas.width)) ** 2) for s in spots)
    glow = np.clip(glow, 0, 1.2) * np.exp(-np.clip(-canvas.y / unit, 0, 1) * 0.9)
    hem = np.exp(-np.clip(walls.v, 0, None) / 0.5) * 0.25
    lit = np.clip((0.12 + 0.75 * glow) * (0.25 + 0.75 * deep) - hem, 0, 1)
    canvas.lay(tone.lit(rgb(*hue) * 1.25, lit) * (0.45 + 0.55 * glow))
    wood = rgb(0.58, 0.42, 0.29) * boards(canvas, walls.v, walls.u, walls.footprint, 0.2)
    pools = np.zeros_like(walls.z)
    for s in spots:
        far = ((canvas.x - s) / (0.2 * canvas.width)) ** 2 + ((canvas.y - 0.33 * unit) / (0.15 * unit)) ** 2
        pools = np.maximum(pools, step(-far, -1.0, 0.35))
    canvas.lay(tone.lit(wood, 0.25 + 0.75 * pools) * (0.5 + 0.6 * pools), walls.side == 0)
    color = blend(canvas.tone.glow, rgb(*[(1, 1, 0.95), (1, 0.85, 0.6), (0.75, 0.85, 1)][int(rng.integers(3))]), 0.6)
    for s in spots:
        source = s + rng.uniform(-0.3, 0.3) * canvas.width
        down = np.clip((canvas.y + canvas.horizon + 0.2 * unit) / (1.1 * unit), 0.02, 1.2)
        beam = np.abs(canvas.x - source - (s - source) * down) / (0.02 + 0.2 * down) / canvas.width
        canvas.lay(color, 0.16 * step(-beam, -0.9, 0.4) * (canvas.y < 0.33 * unit))
    if rng.random() < 0.5:
        _swags(canvas, rgb(*hue))


def _swags(canvas: Canvas, hue: Paint) -> None:
    """A valance of swags along the top and drapes at both sides, nearer and darker."""
    unit = canvas.unit
    top = canvas.y + canvas.horizon
    wave = np.abs(np.sin(canvas.x / canvas.width * np.pi * 4))
    fold = 0.5 + 0.5 * np.sin(top / unit * 70 * (0.5 + wave) + 3 * wave)
    mask = step(-(top - (0.05 + 0.07 * wave) * unit), 0, 1.5)
    canvas.lay(canvas.tone.lit(hue * (0.35 + 0.55 * fold), 0.35), mask)
    side = np.abs(canvas.x) / canvas.width - 0.41 - 0.05 * np.cos(top / unit * 3.5)
    fold = 0.5 + 0.5 * np.sin(canvas.x / unit * 110)
    canvas.lay(canvas.tone.lit(hue * (0.3 + 0.55 * fold), 0.3), step(side, 0, 0.012))


def studio(canvas: Canvas) -> None:
    """A photographer's backdrop: a sweep of paper or mottled canvas, a pool of light behind the figure."""
    rng, unit, tone = canvas.rng, canvas.unit, indoors(canvas.tone)
    grey = rng.uniform(0.4, 0.92)
    color = rgb(grey, grey, grey)
    if rng.random() < 0.5:
        color = blend(color, rgb(*wall_colors[int(rng.integers(len(wall_colors)))]), 0.75)
    sweep = step(canvas.y, rng.uniform(0.10, 0.25) * unit, 0.22 * unit)
    x, y = rng.uniform(-0.15, 0.15) * canvas.width, rng.uniform(0.3, 0.55) * unit - canvas.horizon
    far = ((canvas.x - x) / (0.5 * canvas.width)) ** 2 + ((canvas.y - y) / (0.55 * unit)) ** 2
    lit = np.clip(0.22 + 0.85 * np.exp(-0.8 * far) + 0.18 * sweep + 0.15 * (shadow_side(canvas) - 0.5), 0, 1)
    if rng.random() < 0.45:
        mottle = canvas.noise(unit / 5) + 0.5 * canvas.noise(unit / 14)
        lit = np.clip(lit + 0.07 * mottle * (1 - sweep), 0, 1.1)
    canvas.lay(tone.lit(color, lit * (0.75 + 0.25 * min(tone.contrast, 1))) * (0.76 + 0.24 * np.exp(-far)))
