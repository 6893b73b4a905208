"""A cap of short hair: its line around the head, and how far it stands off."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.spatial import KDTree

from scripts.bodywork.body import Workpiece
from scripts.bodywork.joints import index
from scripts.bodywork.skinweights import smoothstep
from scripts.bodywork.sources import Array

# The hair line by eye: how high it is (metres above the eyes) at each angle around the head, 0° in front, 180° behind.
# It crosses the forehead, steps back at the temple, comes down before the ear, goes around it, and ends at the nape.
_line = np.array([
    (0, 0.060), (15, 0.059), (28, 0.055), (40, 0.045), (52, 0.034), (62, 0.022), (69, 0.016), (76, 0.022), (84, 0.030),
    (94, 0.032), (104, 0.024), (114, 0.004), (126, -0.026), (140, -0.042), (160, -0.050), (180, -0.052),
])  # fmt: skip
_edge, _side, _crown = 0.0025, 0.008, 0.014
_radius = 0.085
"""Of the head about its upright axis: angles times this are metres along the skin."""


def _around(work: Workpiece, points: Array) -> tuple[Array, Array]:
    """Each point's angle around the head in degrees and its height above the eyes."""
    behind_the_ears = work.joints[index["head"], 2] - 0.005
    angle = np.degrees(np.arctan2(np.abs(points[:, 0]), points[:, 2] - behind_the_ears))
    return angle, points[:, 1] - work.joints[index["left_eye"], 1]


def hair_inside(work: Workpiece) -> Callable[[Array], Array]:
    """How far from the hair line points lie, metres, positive above it; measured on the head unrolled as a cylinder."""
    smooth = PchipInterpolator(_line[:, 0], _line[:, 1])
    angles = np.linspace(-20, 200, 1761)
    folded = np.where(angles < 0, -angles, np.where(angles > 180, 360 - angles, angles))
    curve = np.stack([np.radians(angles) * _radius, smooth(folded)], axis=1)
    tree = KDTree(curve)

    def border(points: Array) -> Array:
        angle, height = _around(work, points)
        away, _ = tree.query(np.stack([np.radians(angle) * _radius, height], axis=1))
        return np.where(height > smooth(angle), away, -away)

    return border


def hair_thickness(work: Workpiece) -> Callable[[Array], Array]:
    """How far the hair stands off: little along its line, more at the sides, most on the crown."""
    border = hair_inside(work)

    def thickness(points: Array) -> Array:
        deep = smoothstep(border(points), 0.0, 0.035)
        crown = smoothstep(_around(work, points)[1], 0.02, 0.09)
        return _edge + deep * (_side - _edge + crown * (_crown - _side))

    return thickness
