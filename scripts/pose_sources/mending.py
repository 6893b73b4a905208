"""What motion capture and keyed figures leave open, put right on this project's own body.

How an upper arm is twisted, a source knows only by its own rest pose; how far a collar rose, where in the forearm a
hand's roll arose, or how neck and head share a nod, many do not know at all. Where limbs lie in space stays theirs, but
for what a collar moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.rig import axis_angles, matrices, place_of, unit
from engine.skeleton import sides
from scripts.make_limits import body_joints
from scripts.pose_sources.clips import Clip

shrug = 0.25  # of an arm's swing is the collar's, where the source has none
rigid = np.radians(1.0)  # a collar that never turns more is none
_stiff = 0.5  # of its neck's turns: a head that turns less on it leaves them to the neck
_hinged = 0.97  # of all bending is about one axis, in a source whose elbows are hinges
_bent = 0.3  # the sine of the least bend that shows an axis
_faint, _plain = np.sin(np.radians((15.0, 35.0)))  # bends whose axis counts not at all, and wholly, in one frame
_flip = np.array([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class Faults:
    """A source's: how far (rad) its elbows bend off the body's hinge, None where they are no hinges; a stiff head."""

    twist: float | None
    stiff: bool

    @classmethod
    def of(cls, clips: Sequence[Clip], rest: np.ndarray) -> Faults:
        """The faults of all clips of a source, on a body that rests at `rest` (55, 3)."""
        return cls(twist(clips, rest), _turned(clips, "head") < _stiff * _turned(clips, "neck"))


def _turned(clips: Sequence[Clip], joint: str) -> float:
    """How far (rad) a joint turns, root mean square over all frames."""
    return float(np.sqrt(np.mean(np.concatenate([clip.turns[:, place_of[joint]] for clip in clips]) ** 2)))


@dataclass(frozen=True, eq=False)
class _Limb:
    """An arm or leg at rest, on the left: unit directions (3,) of its two bones, and the axis its hinge bends about."""

    joints: tuple[str, str, str]
    upper: np.ndarray
    lower: np.ndarray
    axis: np.ndarray

    @classmethod
    def of(cls, rest: np.ndarray, *joints: str) -> _Limb:
        first, hinge, last = (rest[place_of[f"left_{joint}"]] for joint in joints)
        axis = np.array(body_joints[f"left_{joints[1]}"].axis)
        return cls((joints[0], joints[1], joints[2]), unit(hinge - first), unit(last - hinge), axis)

    def bends(self, hinge: np.ndarray) -> np.ndarray:
        """The axes (T, 3), as long as the bend's sine, about which turns (T, 3) of the hinge bend the lower bone."""
        return np.cross(self.lower, matrices(hinge) @ self.lower)

    def off(self, axes: np.ndarray) -> np.ndarray:
        """How far (T,), rad, axes (T, 3) are from the hinge's own, about the upper bone."""
        own = self.axis - self.upper * (self.axis @ self.upper)
        across = axes - np.multiply.outer(axes @ self.upper, self.upper)
        return np.arctan2(np.cross(own, across) @ self.upper, across @ own)


def twist(clips: Sequence[Clip], rest: np.ndarray) -> float | None:
    """How far (rad) a source's elbows bend off the body's hinge, about the upper arm; None where they are no hinges.

    The principal axis of all bends of left and mirrored right elbows, against the hinge's axis of scripts/make_limits.
    """
    arm = _Limb.of(rest, "shoulder", "elbow", "wrist")
    axes = np.concatenate([arm.bends(turns) for clip in clips for turns in _both(clip.turns, "elbow")])
    axes = axes[np.linalg.norm(axes, axis=1) > _bent]
    if not len(axes):
        return None
    found, vectors = np.linalg.eigh(axes.T @ axes)
    if found[-1] < _hinged * found.sum():
        return None
    axis = vectors[:, -1] * np.sign(vectors[:, -1] @ arm.axis)
    return float(arm.off(axis[None])[0])


def mended(clip: Clip, faults: Faults, rest: np.ndarray) -> Clip:
    """The clip with limbs that bend about the body's own hinges, and collars that share in the arms' swing.

    Upper arms turn about themselves by the source's twist in all frames; without one, upper arms and thighs by what
    each frame shows. Hands and feet stay where they point. A forearm's roll is shared evenly by elbow and wrist, and
    what a stiff head and its neck turn by neck and head.
    """
    turns = clip.turns.copy()
    arm, leg = _Limb.of(rest, "shoulder", "elbow", "wrist"), _Limb.of(rest, "hip", "knee", "ankle")
    for side in (_Side(turns, mirrored=False), _Side(turns, mirrored=True)):
        _rehinge(side, arm, faults.twist)
        if faults.twist is None:
            _rehinge(side, leg, None)
        _share_roll(side, arm)
        _shrug(side, arm)
    if faults.stiff:
        neck, head = place_of["neck"], place_of["head"]
        whole = matrices(turns[:, neck]) @ matrices(turns[:, head])
        turns[:, [neck, head]] = (axis_angles(whole) / 2)[:, None]
    return replace(clip, turns=turns)


class _Side:
    """One side's joints of turns (T, 55, 3) by name, seen as the left's."""

    def __init__(self, turns: np.ndarray, mirrored: bool) -> None:
        self._turns, self._side, self._flip = turns, sides[mirrored], _flip if mirrored else np.ones(3)

    def __getitem__(self, joint: str) -> np.ndarray:
        return self._turns[:, place_of[f"{self._side}_{joint}"]] * self._flip

    def __setitem__(self, joint: str, turns: np.ndarray) -> None:
        self._turns[:, place_of[f"{self._side}_{joint}"]] = turns * self._flip


def _both(turns: np.ndarray, joint: str) -> list[np.ndarray]:
    return [_Side(turns, mirrored)[joint] for mirrored in (False, True)]


def _rehinge(side: _Side, limb: _Limb, angle: float | None) -> None:
    """Turn the upper bone about itself so that the lower one bends about the hinge."""
    first, hinge, _ = limb.joints
    axes = limb.bends(side[hinge])
    if angle is None:
        bend = np.linalg.norm(axes, axis=1)
        angles = limb.off(axes) * np.clip((bend - _faint) / (_plain - _faint), 0, 1)
    else:
        angles = np.full(len(axes), angle)
    spin = matrices(np.multiply.outer(angles, limb.upper))
    side[first] = axis_angles(matrices(side[first]) @ spin)
    side[hinge] = axis_angles(np.swapaxes(spin, 1, 2) @ matrices(side[hinge]))


def _share_roll(side: _Side, arm: _Limb) -> None:
    """Give elbow and wrist half each of their turns about the forearm: it rolls more and more towards the hand."""
    elbow, wrist = matrices(side["elbow"]), matrices(side["wrist"])
    at_elbow, at_wrist = _twists(elbow, arm.lower), -_twists(np.swapaxes(wrist, 1, 2), arm.lower)
    more = matrices(np.multiply.outer((at_wrist - at_elbow) / 2, arm.lower))
    side["elbow"] = axis_angles(elbow @ more)
    side["wrist"] = axis_angles(np.swapaxes(more, 1, 2) @ wrist)


def _shrug(side: _Side, arm: _Limb) -> None:
    """Let a collar that never turns share in the arm's swing."""
    if np.linalg.norm(side["collar"], axis=1).max() >= rigid:
        return
    whole = matrices(side["collar"]) @ matrices(side["shoulder"])
    side["collar"] = _swings(arm.upper, whole @ arm.upper) * shrug
    side["shoulder"] = axis_angles(np.swapaxes(matrices(side["collar"]), 1, 2) @ whole)


def _swings(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Axis-angles (T, 3) of the smallest turns from a unit direction (3,) to others (T, 3)."""
    axis = np.cross(a, b)
    sine = np.linalg.norm(axis, axis=1, keepdims=True)
    return axis / np.maximum(sine, 1e-9) * np.arctan2(sine, (b @ a)[:, None])


def _twists(rotations: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """How far (T,) rotations (T, 3, 3) turn about a unit axis (3,), rad within ± π, before they swing it."""
    swing = matrices(_swings(axis, rotations @ axis))
    return axis_angles(np.swapaxes(swing, 1, 2) @ rotations) @ axis
