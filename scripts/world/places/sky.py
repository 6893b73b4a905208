"""Skies: gradient, sun or moon, clouds, stars."""

from __future__ import annotations

import cv2
import numpy as np

from scripts.world.places.canvas import Canvas, blend, blurred, sampled, shifted, step
from scripts.world.places.tone import Paint, rgb


def sky(canvas: Canvas, clouds: str | None = None, sun: float | None = None) -> None:
    """Fills the canvas with sky; `clouds` none, wisps, puffs, banks (None: by chance), `sun` its glow's strength."""
    tone, rng = canvas.tone, canvas.rng
    height = np.clip(-canvas.y / (1.05 * canvas.unit), 0, 1)  # 0 at the horizon, 1 at the picture's usual top
    canvas.image[:] = blend(tone.low, tone.top, height ** rng.uniform(0.55, 0.8))
    glow = tone.contrast * rng.uniform(0.1, 0.5) if sun is None else sun
    if glow > 0.05:
        _glow(canvas, glow)
    kind = clouds or str(rng.choice(["none", "wisps", "puffs", "banks"], p=[0.25, 0.25, 0.3, 0.2]))
    if tone.dark:
        stars(canvas, int(rng.integers(20, 90)), 0.5)
    if kind != "none" and canvas.horizon > 4:
        _clouds(canvas, kind)


def _glow(canvas: Canvas, strength: float) -> None:
    """Light around the sun, low over the horizon on its side."""
    rng, unit = canvas.rng, canvas.unit
    x = canvas.side * rng.uniform(0.1, 0.5) * canvas.width
    y = -rng.uniform(0.02, 0.45) * unit
    far = ((canvas.x - x) / unit) ** 2 + ((canvas.y - y) / unit) ** 2
    canvas.lay(canvas.tone.glow, np.exp(-far / 0.09) * min(strength, 0.85))
    if rng.random() < 0.45 and strength > 0.25:
        disc = step(-np.sqrt(far), -rng.uniform(0.03, 0.07), 0.012)
        canvas.lay(blend(canvas.tone.glow, rgb(1, 1, 1), 0.5), disc)


def _clouds(canvas: Canvas, kind: str) -> None:
    """Clouds on a flat ceiling that runs to the horizon, lit from the sun's side."""
    rng, tone = canvas.rng, canvas.tone
    rows = slice(0, int(np.clip(canvas.horizon, 1, canvas.height)))
    up = -canvas.y[rows] / canvas.unit + 0.10
    away = 1 / up
    stretch, thick = {"wisps": (0.35, 1.6), "puffs": (1.0, 1.0), "banks": (0.45, 0.9)}[kind]
    u = canvas.x / canvas.unit * (26 * stretch * away) + rng.uniform(0, 512)
    v = (54 if kind != "banks" else 90) * away + rng.uniform(0, 512)
    field = sampled("cloud", u, v)
    cover = rng.uniform(-0.1, 0.9) if kind != "banks" else rng.uniform(-0.6, 0.3)
    mask = step(field, cover + 0.5 * thick, 1.3 * thick) * np.clip(0.25 + 1.4 * up, 0, 1)
    # What faces the sun shines: the field's slope towards it.
    slope = cv2.blur(shifted(field, -3 * canvas.side, 0) - shifted(field, 0, 3), (5, 5))
    light = np.clip(0.55 - 0.6 * tone.contrast * slope, 0, 1)
    bright = blend(tone.low, blend(tone.glow, rgb(1, 1, 1), 0.3 * (not tone.dark)), 0.35 if tone.dark else 0.8)
    shady = blend(tone.top, tone.low, 0.45) * 0.93
    canvas.lay_rows(rows, blend(shady, bright, light), mask * (0.5 if kind == "wisps" else 0.9))


def stars(canvas: Canvas, count: int, bright: float) -> None:
    """Stars of a few sizes above the horizon."""
    rng = canvas.rng
    limit = int(np.clip(canvas.horizon, 0, canvas.height))
    if limit < 4:
        return
    rows, columns = rng.integers(0, limit, count), rng.integers(0, canvas.width, count)
    canvas.image[:, rows, columns] += (bright * rng.random(count) ** 3 + 0.15).astype(np.float32)
    mask = canvas.mask()
    for row, column in zip(rows[: count // 14], columns[: count // 14], strict=True):
        cv2.circle(mask, (int(column), int(row)), 1, 230, -1, cv2.LINE_AA)
    canvas.lay(rgb(1, 1, 0.95), mask.astype(np.float32) / 255 * min(1, bright + 0.2))


def moon(canvas: Canvas) -> None:
    """A moon, full or not, with a halo."""
    rng, unit = canvas.rng, canvas.unit
    x, y = rng.uniform(-0.38, 0.38) * canvas.width, -rng.uniform(0.45, 0.85) * min(unit, max(canvas.horizon, 1))
    radius = rng.uniform(0.05, 0.11) * unit
    far = np.hypot(canvas.x - x, canvas.y - y) / radius
    canvas.lay(canvas.tone.glow, 0.45 * np.exp(-0.5 * (far / 2.2) ** 2))
    disc = step(-far, -1, 2 / radius)
    if rng.random() < 0.5:
        disc = disc * step(
            np.hypot(canvas.x - x - 0.55 * radius, canvas.y - y + 0.2 * radius) / radius, 0.95, 2 / radius
        )
    spots = np.clip(0.95 - 0.07 * canvas.noise(radius), 0.7, 1)
    canvas.lay(rgb(1.0, 0.98, 0.88) * spots, disc)


def milky_way(canvas: Canvas, color: Paint) -> None:
    """A bright slanting band of cloudy light."""
    rng, unit = canvas.rng, canvas.unit
    slope, start = rng.uniform(-1.2, 1.2), rng.uniform(-0.8, -0.3) * unit
    away = (canvas.y - start - slope * canvas.x) / unit / np.hypot(1, slope)
    band = np.exp(-((away / 0.2) ** 2)) * np.clip(0.55 + 0.35 * canvas.noise(unit / 4), 0, 1.2)
    dust = np.exp(-((away / 0.06) ** 2)) * step(canvas.noise(unit / 6), 0.2, 1.5)
    canvas.lay(color, 0.55 * band * (canvas.y < 2))
    canvas.lay(canvas.tone.top * 0.8, 0.55 * dust * (canvas.y < 2))


def haze(canvas: Canvas, strength: float, spread: float = 0.12) -> None:
    """A veil along the horizon."""
    canvas.lay(canvas.tone.haze, strength * np.exp(-((canvas.y / (spread * canvas.unit)) ** 2)))


def light_shafts(canvas: Canvas, strength: float) -> None:
    """Slanting beams of light from the sun's side, softened."""
    rng = canvas.rng
    across = (canvas.x + canvas.side * 0.55 * (canvas.y + canvas.horizon)) / canvas.width
    beams = np.zeros_like(across)
    for place in rng.uniform(-0.3, 0.9, int(rng.integers(3, 6))):
        beams = beams + np.exp(-(((across - canvas.side * place) / rng.uniform(0.02, 0.07)) ** 2))
    canvas.lay(canvas.tone.glow, strength * blurred(np.minimum(beams, 1.2).astype(np.float32), 3))
