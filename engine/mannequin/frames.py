"""Turning and reaching in space: rotations by degrees, and the two-bone reach of an arm or a leg."""

from __future__ import annotations

import numpy as np

XYZ = tuple[float, float, float]


def turn(axis: str, degrees: float) -> np.ndarray:
    """Rotation (3, 3) about x, y or z: x takes y to z, y takes z to x, z takes x to y."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    if axis == "x":
        return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    if axis == "y":
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    if axis == "z":
        return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    raise ValueError(f"expected the axis x, y or z, got {axis!r}")


def turned(vector: np.ndarray, about: np.ndarray, degrees: float) -> np.ndarray:
    """The vector (3,) turned about a unit axis (3,), right-handed."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return vector * c + np.cross(about, vector) * s + about * (about @ vector) * (1 - c)


def unit(vector: np.ndarray) -> np.ndarray:
    """The vector (3,) at length 1."""
    return vector / np.linalg.norm(vector)


def across(vector: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Unit part (3,) of `vector` square to the unit `axis`; any square direction where there is none."""
    part = vector - axis * (axis @ vector)
    if np.linalg.norm(part) < 1e-6:
        part = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    return unit(part)


def two_bones(start: np.ndarray, target: np.ndarray, first: float, second: float, pole: np.ndarray) -> np.ndarray:
    """Middle and end joints (2, 3) of two bones that reach from `start` towards `target`, bending towards `pole`.

    Out of reach in either direction, the bones keep their length and end as near as they can.
    """
    line = target - start
    axis = unit(line) if np.linalg.norm(line) > 1e-9 else np.array([0.0, -1.0, 0.0])
    span = float(np.clip(np.linalg.norm(line), abs(first - second) + 1e-4, (first + second) * 0.9995))
    along = (first**2 - second**2 + span**2) / (2 * span)
    aside = np.sqrt(max(first**2 - along**2, 0.0))
    return np.stack([start + axis * along + across(pole, axis) * aside, start + axis * span])
