"""How close two poses are: OKS, PCK, and matching found people to true ones."""

from __future__ import annotations

import numpy as np

from engine.box import Box
from engine.pose import Person


def oks(found: Person, true: Person, area: float) -> float:
    """Object keypoint similarity, 0 … 1 (COCO), over the true figure's labelled joints that `found` also has.

    `area` is the true figure's, in px²; a joint that `found` lacks or misses counts as 0.
    """
    joints = [j for j, here in zip(true.skeleton.joints, true.present, strict=True) if here and j in found.skeleton]
    if not joints:
        return 0.0
    mine, theirs = found.skeleton.indices(joints), true.skeleton.indices(joints)
    sigma = np.array(true.skeleton.sigmas)[theirs]
    distance2 = ((found.points[mine] - true.points[theirs]) ** 2).sum(1)
    likeness = np.exp(-distance2 / (2 * max(area, 1e-9) * (2 * sigma) ** 2)) * found.present[mine]
    return float(likeness.mean())


def pck(found: Person, true: Person, size: float, alpha: float = 0.2) -> float:
    """Share of the true figure's labelled joints found within `alpha` · `size` pixels."""
    joints = [j for j, here in zip(true.skeleton.joints, true.present, strict=True) if here and j in found.skeleton]
    if not joints:
        return 0.0
    mine, theirs = found.skeleton.indices(joints), true.skeleton.indices(joints)
    near = np.linalg.norm(found.points[mine] - true.points[theirs], axis=1) <= alpha * size
    return float((near & found.present[mine]).mean())


def matched(found: list[Box], true: list[Box], at: float = 0.5) -> list[tuple[int, int]]:
    """Pairs (found, true) of boxes with IoU above `at`, the closest first, each box once."""
    pairs = sorted(((f.iou(t), i, k) for i, f in enumerate(found) for k, t in enumerate(true)), reverse=True)
    taken: list[tuple[int, int]] = []
    for iou, i, k in pairs:
        if iou > at and all(i != a and k != b for a, b in taken):
            taken.append((i, k))
    return taken
