"""Arms and legs: two bones with a hinge between them, that bring a wrist or an ankle to a place in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.hand_shape import finger_axes, mirror
from engine.limits import Limits
from engine.rig import Stance, about, between, joint_number, joints, matrices, twist_about, unit

most_bent = 2.75  # rad of elbow or knee where no limits are given: upper and lower limb then touch
easily = 0.5  # of the range of a wrist or an ankle
_seated = np.radians(25)  # off the hinge's plane: more than that of a bend is the upper bone's twist
_swivels = np.radians(np.linspace(-70, 70, 29))


@dataclass(frozen=True)
class Limb:
    """A limb's joints by number: root, hinge and end, with all that the end carries; the hinge's axis bends it.

    The axis (3,) is in the frame of the upper bone, rest axes; turning about it bends as the joint does.
    """

    upper: int
    lower: int
    end: int
    axis: tuple[float, float, float]

    @property
    def ends(self) -> frozenset[int]:
        """The numbers of the joints that are held when the end is: wrist and fingers, ankle and foot."""
        name = joints[self.end]
        more = {"wrist": "hand_", "ankle": "foot"}[name.split("_")[1]]
        return frozenset(n for n, joint in enumerate(joints) if joint.startswith(name.split("_")[0] + "_" + more)) | {
            self.end
        }


def _limb(upper: str, lower: str, end: str, axis: tuple[float, float, float]) -> Limb:
    return Limb(joint_number(upper), joint_number(lower), joint_number(end), axis)


# At rest the arms lie along x with the palms down, so that elbows bend forwards about y; knees bend back about x.
limbs: dict[str, Limb] = {
    "left_arm": _limb("left_shoulder", "left_elbow", "left_wrist", (0.0, -1.0, 0.0)),
    "right_arm": _limb("right_shoulder", "right_elbow", "right_wrist", (0.0, 1.0, 0.0)),
    "left_leg": _limb("left_hip", "left_knee", "left_ankle", (1.0, 0.0, 0.0)),
    "right_leg": _limb("right_hip", "right_knee", "right_ankle", (1.0, 0.0, 0.0)),
}


def _hinge_axes() -> dict[int, np.ndarray]:
    """Joints that bend about one axis (3,), in the frame of what carries them: elbows, knees, fingers."""
    found = {limb.lower: np.array(limb.axis) for limb in limbs.values()}
    for finger, axes in finger_axes().items():
        for side, flip in (("left", np.ones(3)), ("right", mirror)):
            found |= {joint_number(f"{side}_hand_{finger}_{n}"): axes.flex * flip for n in (2, 3)}
    return found


hinges = _hinge_axes()
hinge_range = (-0.1, most_bent)  # rad, where no limits are given


@dataclass(frozen=True)
class _Hinge:
    """The hinge as it is now: its bend, what it turns before it bends, and its bones in the upper bone's frame."""

    bend: float
    before: np.ndarray
    first: np.ndarray
    second: np.ndarray
    axis: np.ndarray
    lowest: float
    highest: float
    # |first + second bent by θ|² = sum + 2 (level + swing cos(θ − straight))
    level: float
    swing: float

    @property
    def sum(self) -> float:
        return float(self.first @ self.first + self.second @ self.second)

    def length(self, bend: float) -> float:
        """From root to end, metres, at that bend."""
        return float(np.linalg.norm(self.first + about(self.axis, bend) @ self.second))

    def bend_for(self, length: float, straight: float) -> float:
        """The bend (rad) at which root and end are that far apart, or the nearest that the hinge has."""
        cosine = ((length**2 - self.sum) / 2 - self.level) / max(self.swing, 1e-12)
        bend = straight + float(np.arccos(np.clip(cosine, -1, 1)))
        return float(np.clip(bend, self.lowest, self.highest))


def span(stance: Stance, limb: Limb, limits: Limits | None) -> tuple[float, float]:
    """The nearest and farthest that a limb's end can be from its root, metres."""
    hinge, _ = _hinge(stance, limb, limits)
    return hinge.length(hinge.highest), hinge.length(hinge.lowest)


def reach(
    stance: Stance, limb: Limb, target: np.ndarray, facing: np.ndarray, limits: Limits | None, easy: bool = False
) -> None:
    """Bring the limb's end to `target` (3,), or as near as its bones come, its world rotation kept to `facing` (3, 3).

    The hinge takes the bend that the distance asks (law of cosines), then the whole limb turns the shortest way: the
    bend keeps its side, also through the stretched limb, where the side could not be seen from the joints' places.
    """
    seat(stance, limb)
    hinge, straight = _hinge(stance, limb, limits)
    way = target - stance.places[limb.upper]
    bend = hinge.bend_for(float(np.linalg.norm(way)), straight)
    bent = about(hinge.axis, bend)
    stance.local[limb.lower] = bent @ hinge.before
    upper = stance.world[limb.upper]
    chord = upper @ (hinge.first + bent @ hinge.second)
    if np.linalg.norm(way) > 1e-6:
        upper = between(chord, way, upper @ hinge.axis) @ upper
    if limits is not None:
        upper = _eased(stance, limb, upper, unit(way), limits)
        stance.local[limb.upper] = limits.bounded(limb.upper, stance.facing(limb.upper, upper))
    else:
        stance.local[limb.upper] = stance.facing(limb.upper, upper)
    stance.carry()
    face(stance, limb, facing, limits, easy)


def face(stance: Stance, limb: Limb, facing: np.ndarray, limits: Limits | None, easy: bool = False) -> None:
    """Turn the limb's end to `facing` (3, 3) in the world, as far as its joint goes; `easy`, as far as it likes to.

    Half of its range is easy, or what it is turned already: a hand that is dragged rather follows the forearm than
    bends to the end of its wrist.
    """
    part = max(easily, limits.used(limb.end, stance.local[limb.end])) if limits is not None and easy else 1.0
    stance.local[limb.end] = stance.facing(limb.end, facing)
    if limits is not None:
        stance.local[limb.end] = limits.bounded(limb.end, stance.local[limb.end], min(part, 1.0))
    stance.carry()


def seat(stance: Stance, limb: Limb) -> None:
    """Where a limb bends far off its hinge's plane, twist the upper bone until it does not; no joint moves.

    A pose from another program, or a fit to a drawing, may bend an elbow about any axis.
    """
    axis = np.array(limb.axis)
    first, second = _bones(stance, limb)
    along, lower = unit(first), unit(stance.local[limb.lower] @ second)
    off = abs(np.arcsin(np.clip(lower @ axis, -1, 1)))
    if off <= _seated:
        return
    aside = unit(np.cross(axis, along))
    twist = float(np.arctan2(along @ np.cross(aside, lower), aside @ lower)) * (1 - _seated / off)
    stance.local[limb.upper] = stance.local[limb.upper] @ about(along, twist)
    stance.local[limb.lower] = about(along, -twist) @ stance.local[limb.lower]
    stance.carry()


def _hinge(stance: Stance, limb: Limb, limits: Limits | None) -> tuple[_Hinge, float]:
    """The hinge, and the bend at which its limb is straightest."""
    axis = np.array(limb.axis)
    first, second = _bones(stance, limb)
    bend = twist_about(stance.local[limb.lower], axis)
    before = about(axis, -bend) @ stance.local[limb.lower]
    second = before @ second
    flat = second - axis * (axis @ second)
    across, along = float(first @ np.cross(axis, flat)), float(first @ flat)
    straight = float(np.arctan2(across, along))
    low, high = limits.bends(limb.lower) if limits is not None else (straight, most_bent)
    hinge = _Hinge(
        bend, before, first, second, axis, max(low, straight), max(high, straight),
        level=float((first @ axis) * (axis @ second)), swing=float(np.hypot(across, along)),
    )  # fmt: skip
    return hinge, straight


def _bones(stance: Stance, limb: Limb) -> tuple[np.ndarray, np.ndarray]:
    rest = stance.rig.rest
    return rest[limb.lower] - rest[limb.upper], rest[limb.end] - rest[limb.lower]


def _eased(stance: Stance, limb: Limb, upper: np.ndarray, axis: np.ndarray, limits: Limits) -> np.ndarray:
    """The upper bone's world rotation, swivelled about the line to the target where its joint would turn too far."""
    above = stance.above(limb.upper).T
    if limits.beyond(limb.upper, (above @ upper)[None])[0] <= 0:
        return upper
    turns = matrices(_swivels[:, None] * axis) @ upper
    cost = limits.beyond(limb.upper, above @ turns) ** 2 + 0.01 * _swivels**2
    return about(axis, _lowest(_swivels, cost)) @ upper


def _lowest(at: np.ndarray, cost: np.ndarray) -> float:
    """Where evenly spaced costs are lowest, between the samples by a parabola."""
    n = int(np.argmin(cost))
    if not 0 < n < len(at) - 1:
        return float(at[n])
    before, here, after = cost[n - 1 : n + 2]
    return float(at[n] + (at[1] - at[0]) * 0.5 * (before - after) / max(before - 2 * here + after, 1e-12))
