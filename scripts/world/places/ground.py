"""Grounds that figures stand on, in perspective to the horizon; and rooms, seen as boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scripts.world.places.canvas import Canvas, blend, sampled, step
from scripts.world.places.tone import Paint


def rows_below(canvas: Canvas) -> slice:
    """The rows of the picture under the horizon."""
    return slice(int(np.clip(np.ceil(canvas.horizon), 0, canvas.height)), canvas.height)


def distance(canvas: Canvas, rows: slice) -> np.ndarray:
    """How far away the ground of some rows below the horizon is, (rows, 1) m."""
    return canvas.focal * canvas.eye / np.maximum(canvas.y[rows], 0.35)


def ground(
    canvas: Canvas, near: Paint, far: Paint, texture: float = 0.12, kind: str = "cloud", scale: float = 30.0,
    wide: float = 1.0,
) -> None:  # fmt: skip
    """Lays a plain from the horizon to the feet: two colours, light, and noise of `scale` tile pixels a metre.

    `texture` is how strongly it varies, `wide` how much longer its lumps are across.
    """
    rows, tone, rng = rows_below(canvas), canvas.tone, canvas.rng
    if rows.start >= rows.stop:
        return
    z = distance(canvas, rows)
    u = canvas.x * (z * (scale / wide / canvas.focal)) + rng.uniform(0, 512)
    fade = np.minimum(1, 9 / z)  # far grain is finer than pixels
    grain = sampled(kind, u, z * scale + rng.uniform(0, 512)) * fade
    broad = sampled("cloud", u * 0.17, z * scale * 0.17)
    color = blend(near, far, np.clip(z / 30, 0, 1) ** 0.5)
    light = np.clip(0.62 + texture * (grain + 0.8 * broad) * (0.5 + 0.6 * tone.contrast), 0, 1.3)
    color = tone.far(tone.lit(color, light), np.clip((z - 12) / 130, 0, 0.75))
    canvas.lay_rows(rows, color)


def plain_of(canvas: Canvas) -> tuple[slice, np.ndarray, np.ndarray]:
    """Rows below the horizon, and metres right (rows, w) and away (rows, 1) of the ground there."""
    rows = rows_below(canvas)
    z = distance(canvas, rows)
    return rows, canvas.x * z / canvas.focal, z


def seams(along: np.ndarray, period: float, width: float, footprint: np.ndarray) -> np.ndarray:
    """Lines `width` wide every `period`, 0 … 1, smooth over a pixel's `footprint`, all in one unit."""
    away = np.abs(along / period - np.floor(along / period) - 0.5) * period  # 0.5 period at a seam
    soft = np.maximum(footprint, 1e-6)
    sharp = np.clip((away - (period - width) / 2) / soft + 0.5, 0, 1)
    return sharp * np.clip(period / (3 * soft) - 0.4, 0, 1)


def checker(u: np.ndarray, v: np.ndarray, side: float, footprint: np.ndarray) -> np.ndarray:
    """A chessboard (h, w), 0 … 1, going grey where its squares are smaller than pixels."""
    soft = np.maximum(footprint / side, 1e-6)
    a, b = (np.clip(_wave(t / side) / (2 * soft), -1, 1) for t in (u, v))
    return 0.5 + 0.5 * a * b * np.clip(1.2 - 1.6 * soft, 0, 1)


def _wave(t: np.ndarray) -> np.ndarray:
    """Distance to the next whole number, its sign changing at each."""
    t = t / 2 - np.floor(t / 2)
    return np.where(t < 0.5, 0.5 - np.abs(2 * t - 0.5), np.abs(2 * t - 1.5) - 0.5)


@dataclass(frozen=True, eq=False)
class Box:
    """A room seen from within, all (h, w): `side` 0 floor, 1 ceiling, 2 left, 3 right, 4 back; `z` m away.

    `u`, `v` m along each side: right and away on floor and ceiling, away and up on walls, right and up on the back.
    `footprint` is a pixel's size there, m.
    """

    side: np.ndarray
    u: np.ndarray
    v: np.ndarray
    z: np.ndarray
    footprint: np.ndarray


def box(canvas: Canvas, left: float, right: float, up: float, far: float, turn: float = 0.0) -> Box:
    """Where sight meets a room: walls so many metres left and right, ceiling `up` above the floor, back wall far off.

    `turn` moves the vanishing point sideways, in widths of the picture.
    """
    dx = (canvas.x - turn * canvas.width) / canvas.focal
    dy = canvas.y / canvas.focal + 1e-6
    floor = np.where(dy > 0, canvas.eye / np.maximum(dy, 1e-4), np.inf)
    ceiling = np.where(dy < 0, max(up - canvas.eye, 0.3) / np.maximum(-dy, 1e-4), np.inf)
    dx = np.where(dx == 0, 1e-6, dx)
    wall = np.where(dx > 0, right, left) / np.abs(dx)
    height = np.minimum(floor, ceiling)
    z = np.minimum(np.minimum(height, wall), far).astype(np.float32)
    sides = np.where(dx > 0, 3, 2)
    side = np.where(z == far, 4, np.where(wall < height, sides, np.where(dy > 0, 0, 1))).astype(np.uint8)
    above = (canvas.eye - dy * z).astype(np.float32)
    across = (dx * z).astype(np.float32)
    flat = side < 2
    standing = (side == 2) | (side == 3)
    u = np.where(standing, z, across)
    v = np.where(flat, z, above)
    footprint = z / canvas.focal * np.where(flat | standing, 1.6, 1.0)
    return Box(side, u, v, z, footprint.astype(np.float32))


def boards(canvas: Canvas, u: np.ndarray, v: np.ndarray, footprint: np.ndarray, width: float = 0.16) -> np.ndarray:
    """Wooden boards that run along v, metres: a factor on their colour (h, w), around 1."""
    number = np.floor(u / width)
    shade = 1 + 0.13 * np.sin(number * 12.9898 + canvas.rng.uniform(0, 6))
    grain = sampled("streak", v * 14 + number * 37, u * 160)
    ends = seams(v + number * 0.71, 2.1, 0.02, footprint)
    lines = np.maximum(seams(u, width, 0.014, footprint), ends)
    return shade * (1 + 0.05 * grain * np.clip(0.012 / footprint, 0, 1)) * (1 - 0.45 * lines)


def pool_of_light(canvas: Canvas, strength: float, wide: float = 0.45) -> np.ndarray:
    """Light (h, w) about 1 that is strong around the figures' ground and falls off to the corners."""
    rng = canvas.rng
    x, y = rng.uniform(-0.12, 0.12) * canvas.width, (0.55 * canvas.height - canvas.horizon)
    far = ((canvas.x - x) / (wide * canvas.width)) ** 2 + ((canvas.y - y) / (wide * 1.2 * canvas.height)) ** 2
    return 1 + strength * (np.exp(-0.5 * far) - 0.6)


def shadow_side(canvas: Canvas) -> np.ndarray:
    """How much of the light each column gets (1, w), 0 … 1: more towards the sun's side."""
    return step(canvas.side * canvas.x / canvas.width, 0.0, 1.6)
