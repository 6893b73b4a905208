"""Round irises: the rows of vertices beside the edges of iris and pupil slide over the eyeball onto those circles."""

from __future__ import annotations

import numpy as np

from scripts.bodywork.joints import index
from scripts.bodywork.mesh import BodyMesh
from scripts.bodywork.sources import Array
from scripts.bodywork.surface import neighbours
from scripts.bodywork.tpose import turns
from scripts.bodywork.turns import unit

iris_edge, pupil_edge = 25.0, 11.0
"""Angles from the line of sight, degrees: with an eyeball of 14 mm an iris of 12 mm and a pupil of 5 mm."""
_half_width = 0.5


def sight_angles(vertices: Array, centre: Array, ahead: Array) -> Array:
    """The angle (n,) between each vertex of an eyeball and its line of sight, degrees."""
    return np.degrees(np.arccos(np.clip(unit(vertices - centre) @ ahead, -1, 1)))


def line_of_sight(a_joints: Array) -> Array:
    """Where the T-posed eyes look (3,): ahead in the A-pose, whose joints (65, 3) these are, turned with the head."""
    return turns(a_joints)[index["head"]] @ np.array([0.0, 0.0, 1.0])


def iris_slide(mesh: BodyMesh, vertices: Array, joints: Array, ahead: Array) -> Array:
    """Displacements (V, 3) over the eyeballs of T-posed vertices (V, 3) and joints (55, 3)."""
    found = np.zeros_like(vertices)
    joined = neighbours(mesh.faces, len(vertices))
    for name in ("left_eye", "right_eye"):
        members = mesh.part(name)
        centre = vertices[members].mean(axis=0)
        angles = np.full(len(vertices), 180.0)
        angles[members] = sight_angles(vertices[members], centre, ahead)
        wanted = angles.copy()
        for edge in (iris_edge, pupil_edge):
            inside = angles < edge
            share = joined @ inside.astype(np.float64)
            wanted = np.where(inside & (share < 1 - 1e-9), edge - _half_width, wanted)
            wanted = np.where(~inside & (share > 1e-9), edge + _half_width, wanted)
        moved = members[(wanted != angles)[members]]
        away = vertices[moved] - centre
        radius = np.linalg.norm(away, axis=1, keepdims=True)
        aside = unit(away - (away @ ahead)[:, None] * ahead)
        angle = np.radians(wanted[moved])[:, None]
        found[moved] = radius * (np.cos(angle) * ahead + np.sin(angle) * aside) - away
    return found
