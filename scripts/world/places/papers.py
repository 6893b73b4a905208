"""Flat grounds: papers plain and coloured, gradients, stripes, checks, dots."""

from __future__ import annotations

import numpy as np

from scripts.world.places.canvas import Canvas, blend, step
from scripts.world.places.tone import Paint, rgb
from scripts.world.words import palette


def _cast(canvas: Canvas, color: Paint) -> Paint:
    """A paper's colour in the light, which shifts it but a little: a picture's ground is not a place in the sun."""
    tone = canvas.tone
    return color * (0.74 + 0.26 * (0.3 * tone.shade + 0.7 * tone.sun))


def _fibres(canvas: Canvas, strength: float) -> None:
    """The tooth of paper and light that falls off to the corners."""
    tooth = 0.5 * canvas.noise(2.0, kind="grain") + 0.7 * canvas.noise(canvas.unit / 5)
    far = (canvas.x / canvas.width) ** 2 + ((canvas.y + canvas.horizon) / canvas.height - 0.5) ** 2
    canvas.image[:] *= 1 + strength * tooth - 0.22 * far


def plain(canvas: Canvas) -> None:
    """White to cream paper."""
    rng = canvas.rng
    warm = rng.uniform(0, 1)
    canvas.lay(_cast(canvas, blend(rgb(0.96, 0.96, 0.96), rgb(0.94, 0.89, 0.78), warm)))
    _fibres(canvas, rng.uniform(0.008, 0.025))


def colored(canvas: Canvas, word: str) -> None:
    """Paper of a colour of the palette."""
    canvas.lay(_cast(canvas, _near(canvas, word)))
    _fibres(canvas, canvas.rng.uniform(0.008, 0.03))


def _near(canvas: Canvas, word: str, spread: float = 0.03) -> Paint:
    """A colour that the word still names."""
    base = np.array(palette[word]) / 255
    return rgb(*np.clip(base * canvas.rng.uniform(0.92, 1.08) + canvas.rng.normal(0, spread, 3), 0, 1))


def _pair(canvas: Canvas) -> tuple[Paint, Paint]:
    """Two colours that go together: one softened towards paper, one darker, lighter or of another hue."""
    words = list(palette)
    first, second = (str(word) for word in canvas.rng.choice(words, 2, replace=False))
    paper = rgb(0.94, 0.90, 0.82)
    a = blend(_near(canvas, first), paper, canvas.rng.uniform(0.25, 0.7))
    b = blend(_near(canvas, second), paper, canvas.rng.uniform(0.5, 0.9))
    if canvas.rng.random() < 0.4:
        b = a * canvas.rng.uniform(0.72, 0.9)
    return _cast(canvas, a), _cast(canvas, b)


def gradient(canvas: Canvas) -> None:
    """One colour passing into another, straight or around a middle."""
    rng = canvas.rng
    a, b = _pair(canvas)
    if rng.random() < 0.35:
        far = np.hypot(canvas.x - rng.uniform(-0.2, 0.2) * canvas.width, canvas.y + canvas.horizon - 0.45 * canvas.unit)
        share = np.clip(far / (0.75 * canvas.unit), 0, 1)
    else:
        angle = rng.choice([0.0, 0.3, -0.3, 1.57])
        share = _along(canvas, angle) / canvas.unit
        share = np.clip(share if rng.random() < 0.5 else 1 - share, 0, 1)
    canvas.lay(blend(a, b, share * share * (3 - 2 * share)))
    _fibres(canvas, 0.006)


def _along(canvas: Canvas, angle: float) -> np.ndarray:
    """Pixels along a direction, 0 down, a quarter turn to the right, about 0 … unit."""
    down = canvas.y + canvas.horizon - 0.5 * canvas.unit
    return np.cos(angle) * down + np.sin(angle) * canvas.x + 0.5 * canvas.unit


def stripes(canvas: Canvas) -> None:
    """Stripes of two or three colours, upright, level or slanting."""
    rng, unit = canvas.rng, canvas.unit
    a, b = _pair(canvas)
    wide = rng.uniform(0.04, 0.14) * unit
    wave = _along(canvas, rng.choice([0.0, np.pi / 2, np.pi / 4, -np.pi / 4])) / wide
    away = np.abs(wave - np.floor(wave) - 0.5) * wide
    share = rng.uniform(0.15, 0.3)
    canvas.lay(blend(a, b, step(away, share * wide, 1.2)))
    if rng.random() < 0.3:
        thin = np.abs(away - share * wide * 0.4)
        canvas.lay(_pair(canvas)[0], step(-thin, -0.04 * wide, 1.0))
    _fibres(canvas, 0.012)


def checks(canvas: Canvas) -> None:
    """A chessboard, gingham or diamonds."""
    rng, unit = canvas.rng, canvas.unit
    a, b = _pair(canvas)
    wide = rng.uniform(0.06, 0.16) * unit
    turn = rng.choice([0.0, np.pi / 4])
    u, v = (_wave(_along(canvas, turn + quarter), wide) for quarter in (0.0, np.pi / 2))
    mask = u + v - 2 * u * v if rng.random() < 0.6 else 0.5 * (u + v)
    canvas.lay(blend(a, b, mask))
    _fibres(canvas, 0.012)


def _wave(along: np.ndarray, wide: float) -> np.ndarray:
    """Bands `wide` wide, 0 and 1 in turn, smooth over a pixel."""
    away = np.abs(along / (2 * wide) - np.floor(along / (2 * wide)) - 0.5) * 2 * wide
    return step(away, 0.5 * wide, 1.2)


def dots(canvas: Canvas) -> None:
    """Round dots in rows, every other row shifted."""
    rng, unit = canvas.rng, canvas.unit
    a, b = _pair(canvas)
    wide = rng.uniform(0.07, 0.18) * unit
    down = (canvas.y + canvas.horizon) / (0.87 * wide)
    across = canvas.x / wide + 0.5 * (np.floor(down) % 2) + 0.5
    far = np.hypot((across - np.floor(across) - 0.5) * wide, (down - np.floor(down) - 0.5) * 0.87 * wide)
    canvas.lay(blend(a, b, step(-far, -rng.uniform(0.18, 0.34) * wide, 1.2)))
    _fibres(canvas, 0.012)
