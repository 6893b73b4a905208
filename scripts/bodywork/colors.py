"""Vertex colours: skin, lips, nails and the inside of the mouth by MakeHuman's masks; eyes, teeth and tongue."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.spatial import KDTree

from scripts.bodywork.body import Workpiece
from scripts.bodywork.eyes import iris_edge, line_of_sight, pupil_edge, sight_angles
from scripts.bodywork.landmarks import brow_line, mouth_corners
from scripts.bodywork.skinweights import smoothstep
from scripts.bodywork.sources import Array

_skin = (226, 188, 160)
_painted = {
    "lips": (196, 124, 112),
    "inside-mouth": (132, 62, 62),
    "fingernails": (240, 208, 192),
    "toenails": (240, 208, 192),
}
_sclera, _iris, _pupil = (244, 242, 238), (96, 118, 128), (22, 22, 26)
_brow = (112, 84, 68)
_brow_inner, _brow_outer = 0.0012, 0.0050
_teeth, _tongue = (238, 232, 220), (190, 106, 104)


def vertex_colors(work: Workpiece) -> np.ndarray:
    """Colours (V, 3) uint8."""
    found = np.tile(np.array(_skin, dtype=np.float64), (len(work.template), 1))
    for name, color in _painted.items():
        share = _covered(work, name)[:, None]
        if name == "lips":
            share = np.maximum(share, 0.6 * _mouth_corners(work)[:, None])
        found = (1 - share) * found + share * np.array(color)
    share = 0.85 * _brows(work)[:, None]
    found = (1 - share) * found + share * np.array(_brow)
    for name, color in (("upper_teeth", _teeth), ("lower_teeth", _teeth), ("tongue", _tongue)):
        found[work.mesh.part(name)] = color
    ahead = line_of_sight(work.rings.joints(work.a_pose))
    for name in ("left_eye", "right_eye"):
        members = work.mesh.part(name)
        centre = (work.template - work.slide)[members].mean(axis=0)
        angle = sight_angles(work.template[members], centre, ahead)
        found[members] = _sclera
        found[members[angle < iris_edge]] = _iris
        found[members[angle < pupil_edge]] = _pupil
    return np.round(found).astype(np.uint8)


def _brows(work: Workpiece) -> Array:
    """How much of a brow's hair lies over each vertex (V,): full along the middle of the brow, none 5 mm off."""
    lines = brow_line(work, "L")
    fine = np.concatenate([np.linspace(a, b, 12) for a, b in pairwise(lines)])
    away = KDTree(np.concatenate([fine, fine * [-1, 1, 1]])).query(work.template)[0]
    return np.where(work.mesh.vertex_part == 0, 1 - smoothstep(away, _brow_inner, _brow_outer), 0)


def _mouth_corners(work: Workpiece) -> Array:
    """How near each vertex (V,) is to a corner of the mouth, where the mask leaves bright specks between the lips."""
    away = KDTree(np.array(mouth_corners(work))).query(work.template)[0]
    return np.where(work.mesh.vertex_part == 0, 1 - smoothstep(away, 0.0010, 0.0030), 0)


def _covered(work: Workpiece, name: str) -> Array:
    """How much of a mask lies over each vertex (V,), the mean over its texture corners; 0 off the skin."""
    mask = work.wheel.mask(name)
    height, width = mask.shape
    corners = work.mesh.texture[work.mesh.texture_faces]
    columns = np.clip(np.round(corners[..., 0] * (width - 1)), 0, width - 1).astype(int)
    rows = np.clip(np.round((1 - corners[..., 1]) * (height - 1)), 0, height - 1).astype(int)
    count = len(work.template)
    faces = work.mesh.faces.ravel()
    total = np.bincount(faces, mask[rows, columns].ravel(), minlength=count)
    share = total / np.bincount(faces, minlength=count)
    return np.where(work.mesh.vertex_part == 0, share, 0)
