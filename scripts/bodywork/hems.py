"""Crisp borders of painted garments: the two rows of vertices along a border slide onto it.

Colour runs evenly between vertices, and those of the trunk lie two centimetres apart: a border painted across such an
edge is a blur. With one row a hair's breadth inside the border and the next a hair's breadth outside, it is a line.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scripts.bodywork.sources import Array, Mask
from scripts.bodywork.sparse import Sparse
from scripts.bodywork.surface import Surface, vertex_normals

Border = Callable[[Array], Array]
"""How far inside a garment points (N, 3) of the T-posed skin lie, metres; negative outside."""

_half_width = 0.0004
_step = 1e-5
_rounds = 8
_longest = 0.05


def slid(surface: Surface, joined: Sparse, border: Border, considered: Mask) -> tuple[Array, Mask]:
    """Displacements (V, 3) along the skin that bring the border's vertices onto it, and which vertices lie inside (V,).

    `considered` (V,) bool leaves out what is no skin, or what another part of the garment's border has to do with.
    """
    vertices = surface.vertices
    inside = (border(vertices) > 0) & considered
    share_inside = joined @ inside.astype(np.float64)
    joint = np.flatnonzero(considered & np.where(inside, share_inside < 1 - 1e-9, share_inside > 1e-9))
    aim = np.where(inside[joint], _half_width, -_half_width)
    points = vertices[joint].copy()
    normals = vertex_normals(vertices, surface.faces)[joint]
    for _ in range(_rounds):
        slope = np.stack(
            [(border(points + _step * axis) - border(points - _step * axis)) / (2 * _step) for axis in np.eye(3)], 1
        )
        slope -= normals * (slope * normals).sum(axis=1, keepdims=True)
        size = np.maximum((slope * slope).sum(axis=1), 0.05)
        move = slope * ((aim - border(points)) / size)[:, None]
        length = np.maximum(np.linalg.norm(move, axis=1, keepdims=True), 1e-12)
        points = points + move * np.minimum(1, 0.01 / length)
        place = surface.closest(points)
        points = place.points(vertices, surface.faces)
        normals = vertex_normals(vertices, surface.faces)[surface.faces[place.faces]].mean(axis=1)
    found = np.zeros_like(vertices)
    found[joint] = points - vertices[joint]
    too_far = np.linalg.norm(found, axis=1) > _longest
    found[too_far] = 0
    return found, inside
