"""A head in space: iBUG's 68 points of the face on an average adult skull, with the way each one looks.

Axes: x to the person's left, y up, z out of the face; millimetres here, origin between the ears.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_jaw = (
    (-71, 6, 8), (-70, -15, 9), (-68, -35, 12), (-64, -57, 18), (-56, -77, 30), (-44, -92, 48), (-31, -104, 66),
    (-16, -112, 80), (0, -115, 86),
)  # fmt: skip
_brow = ((-58, 27, 64), (-50, 35, 76), (-39, 38, 86), (-27, 36, 92), (-15, 31, 95))
_bridge = ((0, 15, 94), (0, 1, 103), (0, -13, 112), (0, -27, 120))
_nostrils = ((-16, -38, 96), (-8, -41, 103), (0, -43, 106))
_eye = ((-46, 12, 68), (-38, 18, 77), (-27, 18, 80), (-17, 10, 77), (-26, 6, 79), (-37, 6, 76))
_outer_lips = ((-26, -65, 85), (-15, -59, 97), (-6, -56, 103), (0, -58, 104))
_under_lips = ((0, -79, 100), (-6, -78, 99), (-16, -74, 94))
_inner_lips = ((-21, -65, 88), (-7, -64, 98), (0, -65, 99))
_below_inner = ((0, -68, 98), (-7, -67, 97))


@dataclass(frozen=True)
class Face:
    """An expression: mouth open 0 … 1, smile −1 … 1, brows raised −1 … 1, eyes open 0 … 1."""

    open: float = 0.0
    smile: float = 0.15
    brows: float = 0.0
    eyes: float = 1.0


def _both(points: tuple[tuple[int, int, int], ...]) -> tuple[np.ndarray, np.ndarray]:
    right = np.array(points, dtype=float)
    return right, right[::-1] * (-1, 1, 1)


def _template() -> np.ndarray:
    jaw, other_jaw = _both(_jaw)
    brow, other_brow = _both(_brow)
    nostrils, other_nostrils = _both(_nostrils)
    eye, _ = _both(_eye)
    other_eye = (eye * (-1, 1, 1))[[3, 2, 1, 0, 5, 4]]  # the left eye counts from its inner corner
    outer, other_outer = _both(_outer_lips)
    under = np.array(_under_lips, dtype=float)
    inner, other_inner = _both(_inner_lips)
    below = np.array(_below_inner, dtype=float)
    flip = np.array((-1, 1, 1))
    return np.concatenate([
        jaw, other_jaw[1:], brow, other_brow, _bridge, nostrils, other_nostrils[1:], eye, other_eye,
        outer, other_outer[1:], under[:0:-1] * flip, under, inner, other_inner[1:], below[:0:-1] * flip, below,
    ])  # fmt: skip


def face_points(face: Face) -> np.ndarray:
    """Places (68, 3) of the face's points, metres, origin between the ears."""
    points = _template()
    low, lips_low, inner_low = np.arange(4, 13), np.arange(55, 60), np.arange(65, 68)
    weight = 1 - np.abs(low - 8) / 6
    points[low, 1] -= 26 * face.open * weight
    points[np.concatenate([lips_low, inner_low]), 1] -= 24 * face.open
    points[[49, 50, 51, 52, 53, 61, 62, 63], 1] += 3 * face.open
    for corner, side in ((48, -1), (60, -1), (54, 1), (64, 1)):
        points[corner] += np.array((4 * side, 5, -3)) * face.smile
        points[corner, 1] -= 10 * face.open
    points[17:27, 1] += 6 * face.brows
    for lid, under in ((37, 41), (38, 40), (43, 47), (44, 46)):
        points[lid, 1] = points[under, 1] + (points[lid, 1] - points[under, 1]) * face.eyes
    return points / 1000


# nose, left eye, right eye, left ear, right ear: the head's part of COCO's body, metres.
head_points = np.array([(0, -27, 120), (32, 12, 79), (-32, 12, 79), (74, 0, -4), (-74, 0, -4)]) / 1000
crown = np.array((0.0, 0.112, -0.015))
chin = np.array((0.0, -0.110, 0.070))


def facing(points: np.ndarray) -> np.ndarray:
    """Unit directions (N, 3) in which places (N, 3) on the head look: outwards from the skull's middle."""
    out = points - np.array((0.0, 0.0, -0.006)) - points * (0, 0.7, 0)
    return out / np.linalg.norm(out, axis=1, keepdims=True)
