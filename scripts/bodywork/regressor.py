"""SMPL-X's joint regressor: few skin vertices with positive weights whose mean is the joint, whatever the shape."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from scripts.bodywork.body import Workpiece
from scripts.bodywork.joints import fellow, index, names
from scripts.bodywork.sources import Array, Indices, Mask

_samples = 80
_belt_count, _ring_count = 400, 200
# Joints deep inside or under a skin that faces move: few vertices nearby stand around them.
_far_count = {"spine3": 1500, "head": 1500, "jaw": 1500}
_sum_weight = 30.0
_still = 1e-6
_trunk = ("pelvis", "spine1", "spine2", "spine3", "neck")


def regressor(work: Workpiece, samples: list[tuple[Array, Array]], units: Array) -> Array:
    """Weights (55, V), each row positive and summing to 1, of vertices that no face unit moves.

    Non-negative least squares against the joints of the neutral body and 80 others; the neutral's counts most, because
    it is the one everybody sees.
    """
    bodies = [(work.template, work.joints), *samples[:_samples]]
    vertices = np.stack([v for v, _ in bodies])
    joints = np.stack([j for _, j in bodies])
    still = np.abs(units).max(axis=(0, 2)) < _still
    found = np.zeros((len(names), len(work.template)))
    for name in names:
        row = index[name]
        if name.startswith("right"):
            found[row] = found[index[fellow(name)]][work.mesh.mirror]
            continue
        members = _candidates(work, name, still)
        weights = _solved(vertices[:, members], joints[:, row])
        found[row, members] = weights
        if not name.startswith("left"):
            found[row] = (found[row] + found[row][work.mesh.mirror]) / 2
    return found


def _candidates(work: Workpiece, name: str, still: Mask) -> Indices:
    if name.endswith("eye"):
        return work.mesh.part(name)
    skin = np.flatnonzero((work.mesh.vertex_part == 0) & still)
    joint = work.joints[index[name]]
    if name in _trunk:
        # At the height of the shoulders the belt must not run out along the arms.
        along_arms = np.abs(work.template[skin, 0]) > 0.17
        away = np.abs(work.template[skin, 1] - joint[1]) + 10 * along_arms
    else:
        away = np.linalg.norm(work.template[skin] - joint, axis=1)
    count = _far_count.get(name, _belt_count if name in _trunk else _ring_count)
    near = skin[np.argsort(away, kind="stable")[:count]]
    return near if name.startswith("left") else np.union1d(near, work.mesh.mirror[near])


def _solved(vertices: Array, joints: Array) -> Array:
    """Positive weights (n,) for candidates (bodies, n, 3) and one joint (bodies, 3), summing to exactly 1."""
    emphasis = np.ones((len(vertices), 1, 1))
    emphasis[0] = 10.0
    rows = (vertices * emphasis).transpose(0, 2, 1).reshape(-1, vertices.shape[1])
    wanted = (joints[:, :, None] * emphasis)[:, :, 0].ravel()
    rows = np.concatenate([rows, np.full((1, rows.shape[1]), _sum_weight)])
    weights = nnls(rows, np.append(wanted, _sum_weight), maxiter=10000)[0]
    return weights / weights.sum()
