"""Pose correctives: what linear blend skinning loses at a bent or twisted joint, given back as SMPL-X's `posedirs`.

For one turned joint, skinning has a closed form: with the subtree's weight w, a point x (from the joint) goes to
A x = (1 − w) x + w R x. The wanted place is known too: A⁻¹ wanted − x is the displacement needed before skinning.
Ridge regression over many turns makes it linear in R − I, as SMPL-X's file wants it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from scripts.bodywork.body import Workpiece
from scripts.bodywork.joints import fellow, index, names, subtree
from scripts.bodywork.sources import Array, Mask
from scripts.bodywork.turns import unit

_turns_count = 160
_seed = 486
_ridge = 0.3
_least = 4e-4


@dataclass(frozen=True)
class Range:
    """How a joint moves, in degrees: about x, y, z (least, most), and how much of its swing goes along arcs.

    child: the joint its bone points at; spread (start, end): between which shares of the bone a twist grows to its full
    angle; holder: the joint whose skin takes part in the twist.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    z: tuple[float, float]
    child: str
    arc: float = 0.55
    spread: tuple[float, float] | None = None
    holder: str = ""


# Ranges of motion as anatomy gives them (AAOS, rounded), about the T-pose's axes: x bends forward and back, y turns,
# z leans sideways; for the left arm y swings it forward, z lifts it, x rolls it.
_ranges: dict[str, Range] = {
    "left_hip": Range((-120, 30), (-45, 45), (-25, 50), "left_knee", 0.45, (0.0, 0.9)),
    "left_knee": Range((0, 145), (-15, 15), (-5, 5), "left_ankle"),
    "left_ankle": Range((-25, 50), (-20, 20), (-20, 25), "left_foot"),
    "left_foot": Range((-60, 25), (-5, 5), (-5, 5), "left_foot"),
    "spine1": Range((-25, 45), (-20, 20), (-25, 25), "spine2"),
    "spine2": Range((-25, 45), (-25, 25), (-25, 25), "spine3"),
    "spine3": Range((-20, 35), (-25, 25), (-20, 20), "neck"),
    "neck": Range((-35, 35), (-45, 45), (-30, 30), "head"),
    "head": Range((-30, 30), (-45, 45), (-25, 25), "head"),
    "left_collar": Range((-15, 15), (-30, 25), (-15, 40), "left_shoulder", 0.3),
    "left_shoulder": Range((-80, 80), (-120, 40), (-90, 80), "left_elbow", 0.1, (0.0, 0.9)),
    "left_elbow": Range((-80, 80), (-145, 5), (-10, 10), "left_wrist", 0.55, (0.0, 0.9), "left_elbow"),
    "left_wrist": Range((-80, 80), (-25, 35), (-75, 75), "left_hand_middle_1", 0.7, (0.45, 1.0), "left_elbow"),
}


def posedirs(work: Workpiece) -> tuple[Array, dict[str, tuple[float, float]]]:
    """The correctives (V, 3, 486), and for each joint the rms mm from the wanted place without and with them.

    The error is over the vertices that the joint's correction moves.
    """
    found = np.zeros((len(work.template), 3, len(names) - 1, 9))
    errors: dict[str, tuple[float, float]] = {}
    for name, span in (_ranges | _finger_ranges()).items():
        fields, errors[name] = _fitted(work, name, span)
        found[:, :, index[name] - 1] = fields
        if (other := fellow(name)) != name:
            found[:, :, index[other] - 1] = _other_side(work, fields)
        else:
            found[:, :, index[name] - 1] = (fields + _other_side(work, fields)) / 2
    return found.reshape(len(work.template), 3, -1), errors


def _finger_ranges() -> dict[str, Range]:
    found = {}
    for finger in ("index", "middle", "ring", "pinky"):
        for k in (1, 2, 3):
            child = f"left_hand_{finger}_{k + 1}" if k < 3 else f"left_hand_{finger}_3"
            aside = 15.0 if k == 1 else 3.0
            found[f"left_hand_{finger}_{k}"] = Range((-10, 10), (-aside, aside), (-95, 20), child)
    for k in (1, 2, 3):
        child = f"left_hand_thumb_{k + 1}" if k < 3 else "left_hand_thumb_3"
        found[f"left_hand_thumb_{k}"] = Range((-30, 30), (-40, 40), (-40, 40), child)
    return found


def _other_side(work: Workpiece, fields: Array) -> Array:
    """Fields (V, 3, 9) of a joint mirrored: a mirrored turn has the signs of its entries with one x flipped."""
    flip = np.array([-1.0, 1, 1])
    return fields[work.mesh.mirror] * flip[None, :, None] * np.outer(flip, flip).ravel()


def _turns(span: Range) -> Rotation:
    """Random turns over the range, from nothing to its ends, and some about single axes."""
    random = np.random.default_rng(_seed)
    low, high = np.array([span.x, span.y, span.z]).T
    angles = random.uniform(low, high, (_turns_count, 3))
    single = np.arange(_turns_count) % 2 == 0
    only = random.integers(0, 3, _turns_count)
    widest = random.uniform(size=_turns_count) < 0.5
    only = np.where(widest, np.argmax(high - low), only)
    keep = np.eye(3)[only]
    angles[single] *= keep[single]
    # Together, extremes of all three are more than a joint can do.
    angles[~single] *= 0.75
    return Rotation.from_euler("xyz", angles, degrees=True)


def _fitted(work: Workpiece, name: str, span: Range) -> tuple[Array, tuple[float, float]]:
    joint = work.joints[index[name]]
    weight = work.weights[:, subtree(name)].sum(axis=1)
    points = work.template - joint
    axis = _bone(work, name, span)
    twisted = _twist_shares(work, name, span, points, weight, axis)
    touched = np.flatnonzero(((weight > 1e-3) & (weight < 1 - 1e-3)) | (np.abs(twisted - weight) > 1e-3))
    points, weight, twisted = points[touched], weight[touched], twisted[touched]
    wanted, skinned = [], []
    needed = np.zeros((_turns_count, len(touched), 3))
    turns = _turns(span)
    for k in range(_turns_count):
        turn = turns[k].as_matrix()
        goal = _goal(points, weight, twisted, turns[k], axis, span.arc)
        mixed = (1 - weight)[:, None, None] * np.eye(3) + weight[:, None, None] * turn
        needed[k] = _undone(mixed, goal) - points
        wanted.append(goal)
        skinned.append(mixed)
    features = (turns.as_matrix() - np.eye(3)).reshape(_turns_count, 9)
    normal = features.T @ features + _ridge * np.eye(9)
    answer = np.linalg.solve(normal, features.T @ needed.reshape(_turns_count, -1)).reshape(9, -1, 3)
    size = np.abs(np.einsum("kf,fva->kva", features, answer)).max(axis=(0, 2))
    kept = size > _least
    fields = np.zeros((len(work.template), 3, 9))
    fields[touched[kept]] = answer[:, kept].transpose(1, 2, 0)
    answer[:, ~kept] = 0
    return fields, _errors(points, features, answer, np.array(wanted), np.array(skinned), kept)


def _errors(
    points: Array, features: Array, answer: Array, wanted: Array, mixed: Array, kept: Mask
) -> tuple[float, float]:
    corrected = points + np.einsum("kf,fva->kva", features, answer)
    found = []
    for before in (np.broadcast_to(points, corrected.shape), corrected):
        after = np.einsum("kvab,kvb->kva", mixed[:, kept], before[:, kept])
        found.append(float(np.sqrt(((after - wanted[:, kept]) ** 2).sum(axis=2).mean()) * 1000) if kept.any() else 0.0)
    return found[0], found[1]


def _undone(mixed: Array, goal: Array) -> Array:
    """A⁻¹ goal, damped where the mixture of two far turns is nearly flat."""
    square = mixed.transpose(0, 2, 1) @ mixed + 1e-3 * np.eye(3)
    return np.linalg.solve(square, mixed.transpose(0, 2, 1) @ goal[:, :, None] + 1e-3 * goal[:, :, None])[:, :, 0]


def _bone(work: Workpiece, name: str, span: Range) -> Array:
    if span.child != name:
        return unit(work.joints[index[span.child]] - work.joints[index[name]])
    members = work.template[work.weights[:, index[name]] > 0.9]
    return unit(members.mean(axis=0) - work.joints[index[name]])


def _twist_shares(work: Workpiece, name: str, span: Range, points: Array, weight: Array, axis: Array) -> Array:
    """How much of the twist each vertex follows: its skin weight, or a ramp along the bone for a long one."""
    if span.spread is None:
        return weight
    holder = work.weights[:, subtree(span.holder or name)].sum(axis=1)
    if name.endswith("wrist"):
        # The wrist's twist is the forearm's: two bones that cross each other, from the elbow on.
        start = work.joints[index["left_elbow"]] - work.joints[index[name]]
        along = (points - start) @ unit(-start) / np.linalg.norm(start)
    else:
        along = points @ axis / np.linalg.norm(work.joints[index[span.child]] - work.joints[index[name]])
    ramp = np.clip((along - span.spread[0]) / (span.spread[1] - span.spread[0]), 0, 1)
    return ramp * holder


def _goal(points: Array, weight: Array, twisted: Array, turn: Rotation, axis: Array, arc: float) -> Array:
    """Where the points should go: first the twist by each one's share, then the swing, partly along arcs."""
    matrix = turn.as_matrix()
    swing = _smallest(axis, matrix @ axis)
    twist = (swing.inv() * turn).as_rotvec()
    round_bone = _turned(points, twisted[:, None] * twist)
    chord = (1 - weight)[:, None] * round_bone + weight[:, None] * swing.apply(round_bone)
    circle = _turned(round_bone, weight[:, None] * swing.as_rotvec())
    return (1 - arc) * chord + arc * circle


def _turned(points: Array, vectors: Array) -> Array:
    return Rotation.from_rotvec(vectors).apply(points)


def _smallest(start: Array, end: Array) -> Rotation:
    axis = np.cross(start, end)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-12:
        return Rotation.identity()
    return Rotation.from_rotvec(axis / sine * np.arctan2(sine, float(start @ end)))
