"""Rotations as matrices (…, 3, 3), acting on columns: p' = R p."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from scripts.bodywork.sources import Array

mirror_x = np.diag([-1.0, 1.0, 1.0])


def unit(vector: Array) -> Array:
    """The vector with length 1."""
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)


def about(axis: str, degrees: float) -> Array:
    """A turn about x, y or z."""
    return Rotation.from_euler(axis, degrees, degrees=True).as_matrix()


def _frame(first: Array, second: Array) -> Array:
    """Columns: the first direction, the second's part square to it, and their cross product."""
    a = unit(first)
    b = unit(second - a * (second @ a))
    return np.stack([a, b, np.cross(a, b)], axis=1)


def aligned(first: Array, second: Array, first_to: Array, second_to: Array) -> Array:
    """The turn that takes `first` to `first_to` and, around it, `second` towards `second_to`."""
    return _frame(first_to, second_to) @ _frame(first, second).T


def smallest(start: Array, end: Array) -> Array:
    """The smallest turn that takes one direction to another."""
    a, b = unit(start), unit(end)
    axis = np.cross(a, b)
    sine, cosine = np.linalg.norm(axis), float(a @ b)
    if sine < 1e-12:
        return np.eye(3)
    return Rotation.from_rotvec(axis / sine * np.arctan2(sine, cosine)).as_matrix()


def part_of(turn: Array, share: float) -> Array:
    """That share of a turn about its own axis."""
    return Rotation.from_rotvec(Rotation.from_matrix(turn).as_rotvec() * share).as_matrix()


def mirrored(turn: Array) -> Array:
    """The same turn on the body's other side."""
    return mirror_x @ turn @ mirror_x
