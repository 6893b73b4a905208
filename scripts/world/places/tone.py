"""What a light makes of a place: the colours of sky, sun, shade and haze."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.light import lights

Paint = np.ndarray
"""A colour (3, 1, 1) f32, or one that changes by row or pixel (3, h, w), as shown, 0 … 1."""


@dataclass(frozen=True, eq=False)
class Tone:
    """Colours of a place in a light: sky at its top and low down, sun, shade, haze of what is far, the sun's glow.

    `sun` and `shade` are factors on what things are painted in; `contrast` says how much lit sides differ from others.
    """

    top: Paint
    low: Paint
    sun: Paint
    shade: Paint
    haze: Paint
    glow: Paint
    contrast: float
    dark: bool = False

    def lit(self, color: Paint, share: Paint | float) -> Paint:
        """A colour where that share of the sun reaches it, 0 … 1."""
        return color * (self.shade + (self.sun - self.shade) * share)

    def far(self, color: Paint, share: Paint | float) -> Paint:
        """A colour seen through so much haze, 0 … 1."""
        return color + (self.haze - color) * share


def rgb(*color: float) -> Paint:
    """A colour (3, 1, 1) of red, green and blue, 0 … 1."""
    return np.array(color, np.float32).reshape(3, 1, 1)


# By the names of engine.light: top, low, sun, shade, haze, glow; then contrast, and whether night falls.
_table: dict[str, tuple[tuple[tuple[float, float, float], ...], float, bool]] = {
    "studio": (((0.30, 0.53, 0.80), (0.84, 0.91, 0.93), (1.0, 0.97, 0.90), (0.54, 0.60, 0.74), (0.76, 0.85, 0.92),
                (1.0, 0.98, 0.90)), 0.8, False),
    "soft": (((0.66, 0.70, 0.76), (0.90, 0.90, 0.88), (0.93, 0.93, 0.91), (0.74, 0.75, 0.79), (0.87, 0.88, 0.88),
              (1.0, 1.0, 0.98)), 0.35, False),
    "rim": (((0.09, 0.11, 0.17), (0.36, 0.40, 0.47), (0.56, 0.58, 0.64), (0.20, 0.22, 0.28), (0.33, 0.37, 0.44),
             (0.85, 0.90, 1.0)), 1.0, True),
    "top": (((0.16, 0.42, 0.80), (0.66, 0.84, 0.95), (1.06, 1.03, 0.96), (0.38, 0.44, 0.56), (0.68, 0.82, 0.93),
             (1.0, 1.0, 0.96)), 1.0, False),
    "split": (((0.27, 0.28, 0.38), (0.82, 0.67, 0.55), (1.0, 0.84, 0.64), (0.22, 0.24, 0.34), (0.66, 0.58, 0.52),
               (1.0, 0.86, 0.62)), 1.2, False),
    "window": (((0.50, 0.64, 0.76), (0.88, 0.91, 0.90), (0.94, 0.97, 0.98), (0.48, 0.53, 0.60), (0.82, 0.88, 0.91),
                (1.0, 1.0, 1.0)), 0.7, False),
    "sunset": (((0.27, 0.24, 0.47), (1.0, 0.57, 0.27), (1.06, 0.66, 0.40), (0.36, 0.29, 0.45), (0.95, 0.57, 0.38),
                (1.0, 0.82, 0.48)), 1.0, False),
    "moon": (((0.03, 0.06, 0.15), (0.15, 0.25, 0.42), (0.42, 0.55, 0.80), (0.10, 0.14, 0.25), (0.16, 0.26, 0.42),
              (0.80, 0.90, 1.0)), 0.9, True),
    "flat": (((0.72, 0.85, 0.92), (0.95, 0.95, 0.92), (1.0, 1.0, 1.0), (0.86, 0.87, 0.90), (0.92, 0.94, 0.94),
              (1.0, 1.0, 0.97)), 0.3, False),
}  # fmt: skip


def tone(light: str, rng: np.random.Generator) -> Tone:
    """The tone of a light of `engine.light.lights`, never twice quite the same; ValueError for an unknown name."""
    if light not in _table:
        raise ValueError(f"expected one of the lights {', '.join(lights)}, got {light!r}")
    colors, contrast, dark = _table[light]
    cast = rng.normal(0, 0.012, 3)
    shift = [rng.normal(0, 0.012, 3) + cast + rng.normal(0, 0.015) for _ in colors]
    paints = [
        rgb(*np.clip(np.array(color) * (1 + 1.2 * more), 0, 1.1)) for color, more in zip(colors, shift, strict=True)
    ]
    return Tone(*paints, contrast=contrast * rng.uniform(0.85, 1.15), dark=dark)


def indoors(at: Tone) -> Tone:
    """The tone within walls: shade is brighter and warmer, for walls give light back."""
    warm = rgb(1.03, 1.0, 0.95)
    return replace(at, shade=(0.72 * at.shade + 0.28 * at.sun) * warm, haze=0.5 * at.shade + 0.2 * at.sun)
