"""Where clothes have their seams and edges, on the body at rest: it stands with arms out, its navel near the origin.

Places are metres of the body file's rest pose: x to its left, y up, z to the front; the shoulders are at ±0.17, the
wrists at ±0.65, the crotch at y -0.51, the ankles at y -1.22, the chin at y 0.17.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scripts.world.wear.cutting import Field, Seam

ankle, wrist = -1.215, 0.645
sleeve_ends = (0.31, 0.40, 0.545, 0.635)
heights = (-0.06, -0.235, -0.268, -0.46, -0.53, -0.66, -0.88, -1.0, -1.10, -1.175)
v_tips = (-0.11, 0.02)  # of a jacket and of a shirt
neck = np.array((0.0, 0.165, 0.015))


@dataclass(frozen=True, eq=False)
class Zones:
    """Middles of faces (F, 3) on the body at rest, and which part of the body each is on, as bool (F,)."""

    middles: np.ndarray

    @property
    def x(self) -> np.ndarray:
        return np.abs(self.middles[:, 0])

    @property
    def y(self) -> np.ndarray:
        return self.middles[:, 1]

    @property
    def z(self) -> np.ndarray:
        return self.middles[:, 2]

    @property
    def arm(self) -> np.ndarray:
        return (self.x > 0.175) & (self.y > -0.07)

    @property
    def trunk(self) -> np.ndarray:
        """From the neck down to the feet, without arms."""
        return ~self.arm & (self.y < 0.19) & (collar(self.middles) < 0)

    @property
    def front(self) -> np.ndarray:
        return self.z > 0.015


def crew(p: np.ndarray) -> np.ndarray:
    """Below zero on the neck, inside a round neckline."""
    return np.linalg.norm((p - neck) * (1.0, 1.0, 0.9), axis=-1) - 0.098


def collar(p: np.ndarray) -> np.ndarray:
    """Below zero under a collar's upper edge, which falls to the front."""
    return p[..., 1] - 0.150 + 0.35 * (p[..., 2] - 0.02)


def opening(tip: float) -> Field:
    """Below zero within a V that is open at the front down to `tip`."""
    return lambda p: np.abs(p[..., 0]) - 0.46 * (p[..., 1] - tip)


def leg_line(p: np.ndarray) -> np.ndarray:
    """Below zero under the high leg of a leotard."""
    return p[..., 1] + 0.525 - 0.75 * np.maximum(np.abs(p[..., 0]) - 0.02, 0)


def hairline(p: np.ndarray) -> np.ndarray:
    """Above zero where hair grows."""
    return p[..., 1] - 0.204 - p[..., 2] + 0.25 * np.maximum(np.abs(p[..., 0]) - 0.045, 0)


def ear(p: np.ndarray) -> np.ndarray:
    """Below zero around an ear, where no hair grows."""
    return np.hypot((p[..., 1] - 0.246) / 0.044, (p[..., 2] - 0.034) / 0.036) - 1


def beard(p: np.ndarray) -> np.ndarray:
    """Above zero where a beard grows: jaw and chin, up to before the ears."""
    return 0.222 - p[..., 1] + 0.9 * np.maximum(np.abs(p[..., 0]) - 0.03, 0) - 0.9 * np.maximum(0.05 - p[..., 2], 0)


def common() -> list[Seam]:
    """The seams that any dress may need."""
    seams = [Seam(_level(0, x, both=True), _arms) for x in (0.175, *sleeve_ends, wrist)]
    seams += [Seam(_level(1, y), _trunk) for y in heights]
    seams += [Seam(crew, _upper), Seam(collar, _upper), Seam(_level(0, 0.021, both=True), _chest)]
    seams += [Seam(opening(tip), _chest) for tip in v_tips]
    return [
        *seams,
        Seam(leg_line, _hips),
        Seam(hairline, _head),
        Seam(ear, _temples),
        Seam(beard, _jaw),
        Seam(_level(1, ankle), _trunk),
    ]


def striped(pitch: float = 0.072, share: float = 0.36) -> tuple[list[Seam], Field]:
    """Seams of stripes around trunk, arms and legs, and a field below zero on them."""
    seams = []
    for n in range(-18, 4):
        for edge in (n * pitch, (n + share) * pitch):
            seams.append(Seam(_level(1, edge), _trunk))
    for n in range(2, 10):
        for edge in (n * pitch, (n + share) * pitch):
            seams.append(Seam(_level(0, edge, both=True), _arms))

    def inside(p: np.ndarray) -> np.ndarray:
        along = np.where(_arms(p), np.abs(p[..., 0]), p[..., 1])
        return np.mod(along / pitch, 1.0) - share

    return seams, inside


def dotted(pitch: float = 0.084, radius: float = 0.026) -> tuple[list[Seam], Field]:
    """Seams of dots all over, and a field below zero on them."""

    def inside(p: np.ndarray) -> np.ndarray:
        off = np.mod(p[..., :2] / pitch, 1.0) - 0.5
        return np.linalg.norm(off, axis=-1) * pitch - radius

    seams = [Seam(_level(1, (n + 0.5) * pitch), _cloth) for n in range(-15, 2)]
    seams += [Seam(_level(0, (n + 0.5) * pitch, both=True), _cloth) for n in range(8)]
    return [*seams, Seam(inside, _cloth)], inside


def _level(axis: int, value: float, both: bool = False) -> Field:
    if both:
        return lambda p: np.abs(p[..., axis]) - value
    return lambda p: p[..., axis] - value


def _arms(p: np.ndarray) -> np.ndarray:
    return (np.abs(p[..., 0]) > 0.165) & (p[..., 1] > -0.07)


def _trunk(p: np.ndarray) -> np.ndarray:
    return (np.abs(p[..., 0]) < 0.26) & (p[..., 1] < 0.17) & ~((np.abs(p[..., 0]) > 0.182) & (p[..., 1] > -0.07))


def _cloth(p: np.ndarray) -> np.ndarray:
    return (np.abs(p[..., 0]) < 0.65) & (p[..., 1] < 0.16) & (p[..., 1] > -1.18)


def _upper(p: np.ndarray) -> np.ndarray:
    return (p[..., 1] > 0.03) & (np.abs(p[..., 0]) < 0.16) & (p[..., 1] < 0.19)


def _chest(p: np.ndarray) -> np.ndarray:
    return (p[..., 2] > 0.015) & (np.abs(p[..., 0]) < 0.16) & (p[..., 1] > -0.25) & (p[..., 1] < 0.17)


def _hips(p: np.ndarray) -> np.ndarray:
    return (np.abs(p[..., 0]) < 0.25) & (p[..., 1] < -0.34) & (p[..., 1] > -0.56)


def _head(p: np.ndarray) -> np.ndarray:
    return (p[..., 1] > 0.12) & (np.abs(p[..., 0]) < 0.1)


def _temples(p: np.ndarray) -> np.ndarray:
    return (p[..., 1] > 0.18) & (np.abs(p[..., 0]) > 0.05) & (np.abs(p[..., 0]) < 0.1)


def _jaw(p: np.ndarray) -> np.ndarray:
    return (p[..., 1] > 0.14) & (p[..., 1] < 0.27) & (np.abs(p[..., 0]) < 0.1) & (p[..., 2] > 0.02)
