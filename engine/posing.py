"""Edits of a body: every one a new BodyPose from the one it is given, by parts that an artist would name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from engine import hand_shape
from engine.body_pose import BodyPose
from engine.hand_shape import HandShape, mirror
from engine.limits import Limits
from engine.rig import about, axis_angles, joint_number, joints, matrices, parents
from engine.skeleton import sides, smplx55

__all__ = [
    "HandShape", "blended", "copied", "hand_shape_of", "hand_shaped", "mirrored", "opposite", "parts", "reset",
    "standing", "turned",
]  # fmt: skip


def _part_table() -> dict[str, tuple[str, ...]]:
    limbs = {
        f"{side}_{limb}": tuple(f"{side}_{joint}" for joint in members)
        for limb, members in (
            ("arm", ("collar", "shoulder", "elbow", "wrist")), ("leg", ("hip", "knee", "ankle", "foot")),
        )
        for side in sides
    }  # fmt: skip
    hands = {f"{side}_hand": tuple(joint for joint in joints if joint.startswith(f"{side}_hand_")) for side in sides}
    return {
        **limbs, **hands, "trunk": ("spine1", "spine2", "spine3"), "head": ("neck", "head"),
        "face": ("jaw", "left_eye", "right_eye"), "all": joints,
    }  # fmt: skip


# Part by part, which joints turn it; the pelvis, which turns everything, is in `all` alone.
parts: dict[str, tuple[str, ...]] = _part_table()


def _members(part: str) -> tuple[str, ...]:
    if part not in parts:
        raise ValueError(f"expected one of the parts {', '.join(parts)}, got {part!r}")
    return parts[part]


def _numbers(names: Iterable[str]) -> list[int]:
    return [joint_number(name) for name in names]


# ── a standing figure ──

# Degrees, left side: how a figure stands that nobody has posed. Collars a little down, arms hanging a hand's breadth
# off the thighs with soft elbows, feet under the hips; the head, which rests with the chin up, looks straight ahead.
_standing = {
    "left_collar": (0, 0, -5), "left_shoulder": (4, -2, -66), "left_elbow": (0, -16, 0), "left_wrist": (4, 0, -3),
    "left_hip": (-1, 3, -3.5), "left_knee": (3, 0, 0), "left_ankle": (-2, 2, 3.5), "neck": (3, 0, 0), "head": (6, 0, 0),
}  # fmt: skip
relaxed = HandShape(curl=(0.16, 0.20, 0.25, 0.29, 0.32), spread=-0.25, thumb=0.1, opposition=0.3)


def standing() -> BodyPose:
    """A figure standing at ease, hands relaxed, at the origin."""
    turns = np.zeros((len(joints), 3))
    for name, degrees in _standing.items():
        turns[joint_number(name)] = np.radians(degrees)
        turns[smplx55.swap[joint_number(name)]] = np.radians(degrees) * mirror
    pose = BodyPose().with_axis_angles(turns)
    for side in sides:
        pose = hand_shaped(pose, side, relaxed)
    return pose


# ── turning and moving ──


def turned(pose: BodyPose, joint: str, axis: np.ndarray, angle: float, limits: Limits | None = None) -> BodyPose:
    """The pose with a joint, and all it carries, turned by `angle` rad about an axis (3,) of the world through it.

    Within `limits` if they are given. No body is needed: where joints are does not matter to how they turn.
    """
    number = joint_number(joint)
    axis = np.asarray(axis, dtype=float)
    if axis.shape != (3,) or not np.isfinite([*axis, angle]).all() or np.linalg.norm(axis) < 1e-9:
        raise ValueError(f"expected an axis of three numbers and an angle in radians, got {axis!r} and {angle!r}")
    local = matrices(pose.axis_angles)
    above = np.eye(3)
    for carrier in _carriers(number):
        above = above @ local[carrier]
    turn = above.T @ about(axis / np.linalg.norm(axis), angle) @ above @ local[number]
    if limits is not None:
        turn = limits.opened(local).bounded(number, turn)
    return pose.with_joint(joint, axis_angles(turn))


def _carriers(number: int) -> list[int]:
    """What carries a joint, from the pelvis on."""
    line = []
    while (number := parents[number]) >= 0:
        line.insert(0, number)
    return line


# ── left and right ──


def opposite(part: str) -> str:
    """The part on the other side; parts in the middle are their own."""
    _members(part)
    for here, there in (sides, sides[::-1]):
        if part.startswith(here):
            return part.replace(here, there, 1)
    return part


def mirrored(pose: BodyPose, face_names: Sequence[str] = ()) -> BodyPose:
    """The figure as a mirror shows it, in its place.

    `face_names` are the names of its `face_units`, where the body has any: those that end in Left and Right change
    places. Expression numbers have no sides and stay.
    """
    turned = pose.axis_angles[smplx55.swap] * mirror
    return replace(pose.with_axis_angles(turned), face_units=_mirrored_face(pose.face_units, face_names))


def _mirrored_face(units: np.ndarray, names: Sequence[str]) -> np.ndarray:
    if len(names) != len(units):
        if names:
            raise ValueError(f"expected the names of {len(units)} face units, got {len(names)}")
        return units
    swapped = {name: name[:-4] + "Right" for name in names if name.endswith("Left")}
    swapped |= {right: left for left, right in swapped.items()}
    return units[[names.index(swapped.get(name, name)) for name in names]]


def copied(pose: BodyPose, part: str, from_side: str | None = None) -> BodyPose:
    """The pose with a part mirrored onto the other side: `"left_arm"`, or `"arm"` with the side to take it from.

    ValueError for a part that has no other side.
    """
    source = f"{from_side}_{part}" if from_side else part
    if opposite(source) == source:
        raise ValueError(f"expected a part with a left and a right, got {part!r}")
    turns = pose.axis_angles
    here = _numbers(_members(source))
    turns[smplx55.swap[here]] = turns[here] * mirror
    return pose.with_axis_angles(turns)


# ── back to rest, and between two poses ──


def reset(pose: BodyPose, part: str = "all") -> BodyPose:
    """The pose with a part as a standing figure has it: arms hanging, hands relaxed, face still; its place stays."""
    turns, rest = pose.axis_angles, standing().axis_angles
    here = _numbers(_members(part))
    turns[here] = rest[here]
    pose = pose.with_axis_angles(turns)
    if part in ("face", "all"):
        pose = replace(pose, expression=np.zeros_like(pose.expression), face_units=np.zeros_like(pose.face_units))
    return pose


def blended(a: BodyPose, b: BodyPose, weight: float, parts: Iterable[str] | None = None) -> BodyPose:
    """The pose on the way from `a` (weight 0) to `b` (weight 1), each joint turning the shortest way.

    By `parts`, or, without them, as a whole: place and shape too. Face parts carry expression and face units.
    """
    if not np.isfinite(weight):
        raise ValueError(f"expected a finite weight, got {weight!r}")
    chosen = None if parts is None else set(parts)
    here = _numbers(joints if chosen is None else {name for part in chosen for name in _members(part)})
    turns = a.axis_angles
    turns[here] = _slerped(turns[here], b.axis_angles[here], weight)
    fields = ("expression", "face_units") if chosen is None or chosen & {"face", "all"} else ()
    fields += ("betas", "translation") if chosen is None else ()
    return replace(
        a.with_axis_angles(turns), **{name: _mixed(getattr(a, name), getattr(b, name), weight) for name in fields}
    )


def _slerped(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    if weight in (0, 1):  # the numbers themselves, whichever of their names a turn has
        return b if weight else a
    start = matrices(a)
    return axis_angles(start @ matrices(axis_angles(np.swapaxes(start, -1, -2) @ matrices(b)) * weight))


def _mixed(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    """Between two lists of numbers; the shorter one says nothing, that is zero, about the rest."""
    size = len(a) if weight == 0 else len(b) if weight == 1 else max(len(a), len(b))
    a, b = (np.pad(one, (0, max(len(a), len(b)) - len(one))) for one in (a, b))
    return (a * (1 - weight) + b * weight)[:size]


# ── hands ──


def _side(side: str) -> int:
    if side not in sides:
        raise ValueError(f"expected left or right, got {side!r}")
    return sides.index(side)


def hand_shaped(pose: BodyPose, side: str, shape: HandShape) -> BodyPose:
    """The pose with one hand given a shape; only what the shape says otherwise than the hand changes."""
    n = _side(side)
    side_of = mirror if n else 1.0
    hands = pose.hands.copy()
    hands[n] = hand_shape.shaped(pose.hands[n] * side_of, shape) * side_of
    return replace(pose, hands=hands)


def hand_shape_of(pose: BodyPose, side: str) -> HandShape:
    """How one hand is held, in the words of the sliders."""
    n = _side(side)
    return hand_shape.shape_of(pose.hands[n] * (mirror if n else 1.0))
