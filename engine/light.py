"""Light for the 3D view, as a photographer names it: presets of three lamps, the sky and what the ground gives back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Color = tuple[float, float, float]
"""Red, green and blue, linear, 0 … 1."""


@dataclass(frozen=True)
class Lamp:
    """A light far away: where it stands as seen from the figure, degrees (0 = in front, 90 = its left) and degrees up,
    its linear colour, strength, and the angle it fills, degrees: wide ones cast soft shadows."""

    turn: float
    up: float
    strength: float
    color: Color = (1.0, 1.0, 1.0)
    wide: float = 12.0

    def direction(self, turned: float = 0.0) -> np.ndarray:
        """Unit vector (3,) from the figure to the light, the stage turned by so many degrees."""
        around, up = np.radians(self.turn + turned), np.radians(self.up)
        return np.array([np.sin(around) * np.cos(up), np.sin(up), np.cos(around) * np.cos(up)])


@dataclass(frozen=True)
class Light:
    """A way to light a figure: three lamps, the sky's light from above and what the ground gives back from below."""

    key: Lamp
    fill: Lamp
    rim: Lamp
    sky: Color
    bounce: Color
    shade: float = 0.55  # how dark the key's shadow is on the ground, 0 … 1
    gloss: float = 0.10

    @property
    def lamps(self) -> tuple[Lamp, Lamp, Lamp]:
        return self.key, self.fill, self.rim


warm, cool, white = (1.0, 0.93, 0.84), (0.86, 0.93, 1.0), (1.0, 1.0, 1.0)
lights: dict[str, Light] = {
    "studio": Light(
        Lamp(42, 46, 1.95, warm, 14), Lamp(-55, 18, 0.26, cool, 30), Lamp(-150, 38, 0.9, white, 14),
        (0.36, 0.37, 0.41), (0.24, 0.19, 0.15)),
    "soft": Light(
        Lamp(25, 55, 0.95, (1.0, 0.97, 0.93), 45), Lamp(-40, 25, 0.35, white, 40), Lamp(170, 40, 0.25, white, 30),
        (0.72, 0.73, 0.75), (0.34, 0.31, 0.28), 0.35, 0.05),
    "rim": Light(
        Lamp(152, 32, 2.6, (1.0, 0.96, 0.9), 12), Lamp(20, 25, 0.22, cool, 30), Lamp(-148, 28, 2.2, cool, 12),
        (0.16, 0.17, 0.20), (0.09, 0.08, 0.08), 0.5, 0.22),
    "top": Light(
        Lamp(15, 82, 2.2, white, 14), Lamp(0, 10, 0.10, white, 30), Lamp(180, 50, 0.35, white, 20),
        (0.26, 0.26, 0.28), (0.15, 0.13, 0.11), 0.7),
    "split": Light(
        Lamp(88, 14, 2.2, warm, 9), Lamp(-80, 5, 0.06, cool, 30), Lamp(-130, 30, 0.35, cool, 14),
        (0.15, 0.155, 0.18), (0.08, 0.07, 0.07), 0.6),
    "window": Light(
        Lamp(62, 24, 1.65, (0.95, 0.98, 1.0), 28), Lamp(-70, 10, 0.16, warm, 40), Lamp(165, 30, 0.2, white, 20),
        (0.34, 0.35, 0.37), (0.20, 0.17, 0.14), 0.5),
    "sunset": Light(
        Lamp(-68, 13, 2.3, (1.0, 0.60, 0.30), 6), Lamp(60, 30, 0.38, (0.45, 0.58, 1.0), 40),
        Lamp(-158, 18, 1.1, (1.0, 0.50, 0.26), 8), (0.26, 0.28, 0.42), (0.20, 0.12, 0.08), 0.6),
    "moon": Light(
        Lamp(48, 52, 1.15, (0.62, 0.76, 1.0), 5), Lamp(-60, 10, 0.06, (1.0, 0.7, 0.45), 30),
        Lamp(-150, 35, 0.9, (0.6, 0.74, 1.0), 8), (0.11, 0.14, 0.22), (0.05, 0.06, 0.09), 0.65, 0.16),
    "flat": Light(
        Lamp(0, 20, 0.30, white, 50), Lamp(0, 0, 0.15, white, 50), Lamp(180, 30, 0.0, white, 20),
        (0.92, 0.92, 0.92), (0.78, 0.78, 0.78), 0.2, 0.0),
}  # fmt: skip


def light(name: str) -> Light:
    """The light of that name; ValueError lists the known ones."""
    if name not in lights:
        raise ValueError(f"expected one of the lights {', '.join(lights)}, got {name!r}")
    return lights[name]
