"""Where the joints are: the base mesh's little cubes on the neutral body, and from then on rings of skin around them.

MakeHuman's targets move the cubes of spine and knee up to 44 mm against the skin: only the neutral body's cubes count.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.spatial import KDTree

from engine.rig import parents
from engine.skeleton import fingers, sides, smplx55
from scripts.bodywork.mesh import BodyMesh
from scripts.bodywork.sources import Array, BaseMesh, Indices
from scripts.bodywork.turns import unit

names = smplx55.joints
index = {name: k for k, name in enumerate(names)}
tips = tuple(f"{side}_hand_{finger}_tip" for side in sides for finger in fingers)
points = (*names, *tips)
"""The joints, then the finger tips, which the T-pose needs to know where the last bones point."""

# Where spine joints and pelvis lie between MakeHuman's, which has five bones where SMPL-X has three. SMPL-X bends the
# trunk at the lower lumbar spine, the waist and the lower ribs, and its pelvis lies just above the line of the hips.
_spine1 = ("spine-3", "spine-2", 0.15)
_spine2 = ("spine-2", "spine-1", 0.40)
_pelvis_to_spine1 = 0.45
# The collar joint is the breast bone's end of the collar bone; MakeHuman's cube lies in the middle of the chest.
_collar = 0.35

# MakeHuman's knuckle lies near the web of the fingers and its first phalanx is short, so that a closing fist runs its
# tips deep into the palm. By a hand's proportions (phalanges as 40 : 23 : 22, the knuckle in the metacarpal's head) the
# knuckles belong farther back and the other two joints farther out: here as far as bends and skin still agree.
_knuckle_back, _finger_joint_out = 0.0017, 0.0017

_belt = 0.03
_nearest = {"limb": 160, "finger": 60}


def fellow(name: str) -> str:
    """The joint's name on the other side; its own where it has none."""
    swapped = {"left": "right", "right": "left"}
    side = name.split("_")[0]
    return name.replace(side, swapped[side], 1) if side in swapped else name


def subtree(name: str) -> list[int]:
    """The joint and all that hang on it."""
    found = [index[name]]
    for k in range(len(names)):
        if parents[k] in found:
            found.append(k)
    return found


def cube_joints(base: BaseMesh, shape: Array) -> Array:
    """Joints and finger tips (65, 3) m of the body whose base vertices these are, by the centres of its cubes."""

    def cube(name: str) -> Array:
        return shape[base.members(f"joint-{name}")].mean(axis=0)

    def between(start: Array, end: Array, share: float) -> Array:
        return start + share * (end - start)

    spine1 = between(cube(_spine1[0]), cube(_spine1[1]), _spine1[2])
    hips = (cube("l-upper-leg") + cube("r-upper-leg")) / 2
    found = {
        "pelvis": between(hips, spine1, _pelvis_to_spine1),
        "spine1": spine1,
        "spine2": between(cube(_spine2[0]), cube(_spine2[1]), _spine2[2]),
        "spine3": cube("spine-1"),
        "neck": cube("neck"),
        "head": cube("head"),
        # The jaw turns at the ears; MakeHuman's joint-jaw is the chin.
        "jaw": cube("mouth"),
    }
    for side, s in (("left", "l"), ("right", "r")):
        for name in ("knee", "ankle", "shoulder", "elbow", "eye"):
            found[f"{side}_{name}"] = cube(f"{s}-{name}")
        found[f"{side}_hip"] = cube(f"{s}-upper-leg")
        found[f"{side}_wrist"] = cube(f"{s}-hand")
        found[f"{side}_foot"] = np.mean([cube(f"{s}-toe-{n}-1") for n in range(1, 6)], axis=0)
        found[f"{side}_collar"] = between(cube(f"{s}-clavicle"), cube(f"{s}-scapula"), _collar)
        for n, finger in enumerate(fingers, start=1):  # in MakeHuman's counting finger 1 is the thumb
            chain = [cube(f"{s}-finger-{n}-{k}") for k in range(1, 5)]
            if finger != "thumb":
                steps = [unit(end - start) for start, end in pairwise(chain)]
                chain[0] = chain[0] - _knuckle_back * steps[0]
                chain[1] = chain[1] + _finger_joint_out * steps[1]
                chain[2] = chain[2] + _finger_joint_out * steps[2]
            for k, place in zip((1, 2, 3, "tip"), chain, strict=True):
                found[f"{side}_hand_{finger}_{k}"] = place
    return np.array([found[name] for name in points])


@dataclass(frozen=True)
class Rings:
    """For each joint and tip the vertices around it and their weights: joints of any shape are `joints(vertices)`."""

    members: tuple[Indices, ...]
    weights: tuple[Array, ...]

    def joints(self, vertices: Array) -> Array:
        """Joints and tips (65, 3) of the body mesh's vertices (V, 3) in MakeHuman's pose."""
        return np.array([w @ vertices[m] for m, w in zip(self.members, self.weights, strict=True)])


def rings(mesh: BodyMesh, vertices: Array, joints: Array) -> Rings:
    """The rings of the neutral body: uniform weights plus the least correction that gives its joint and sums to 1."""
    skin = mesh.part("skin")
    tree = KDTree(vertices[skin])

    def around(name: str, joint: Array) -> Indices:
        if name.endswith("eye"):
            return mesh.part(name)
        if name in ("pelvis", "spine1", "spine2", "spine3", "neck"):
            level = np.abs(vertices[skin, 1] - joint[1]) < _belt
            return skin[level & (np.abs(vertices[skin, 0]) < _trunk_half_width(vertices[skin], joint))]
        return skin[tree.query(joint, _nearest["finger" if "_hand_" in name else "limb"])[1]]

    members: list[Indices] = []
    for name, joint in zip(points, joints, strict=True):
        if name.startswith("right"):
            members.append(mesh.mirror[members[points.index(fellow(name))]])
        elif name.startswith("left") or name in ("pelvis", "spine1", "spine2", "spine3", "neck"):
            members.append(np.sort(around(name, joint)))
        else:
            ring = around(name, joint)
            members.append(np.union1d(ring, mesh.mirror[ring]))
    weights = [_weights(vertices[m], joint) for m, joint in zip(members, joints, strict=True)]
    return Rings(tuple(members), tuple(weights))


def _trunk_half_width(skin: Array, joint: Array) -> float:
    """Half the width of the trunk at that height: arms and hands at the same level lie outside it."""
    level = np.sort(np.abs(skin[np.abs(skin[:, 1] - joint[1]) < _belt, 0]))
    gaps = np.flatnonzero(np.diff(level) > 0.03)
    return float(level[gaps[0]] + 0.01) if len(gaps) else np.inf


def _weights(ring: Array, joint: Array) -> Array:
    uniform = np.full(len(ring), 1 / len(ring))
    conditions = np.concatenate([ring.T, np.ones((1, len(ring)))])
    missing = np.append(joint - uniform @ ring, 0.0)
    return uniform + np.linalg.pinv(conditions) @ missing
