"""A body made more natural, as far as an artist likes: what is held stays where it is, and joints keep their limits.

pose → a way of a few rounds, each a step that the pose prior takes and least squares that bring back what is held →
a place on that way. The first rounds mend single joints and leave hands, feet and head about where they are; the later
ones let go of them. The same slider always gives the same body.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.fit_steps import Misfit, Near, Seen, Situation, Stance, Term, Within, refined
from engine.limits import Limits
from engine.natural import Natural
from engine.point_rig import PointRig
from engine.rig import Rig, axis_angles, joint_number, joints, matrices
from engine.skeleton import sides
from engine.tasks.guides import Draws


@dataclass(frozen=True)
class Round:
    """One round of the way: to which time of diffusion it noises, and how far ends of limbs may go, metres."""

    time: float
    leash: float


way = tuple(
    Round(time, leash)
    for time, leash in ((0.15, 0.03), (0.2, 0.05), (0.2, 0.1), (0.25, 0.2), (0.3, 0.4), (0.3, 0.8), (0.3, 2), (0.3, 4))
)
_draws = 4  # noises that a step is the mean of
_ways_kept = 6  # of the last bodies whose slider was moved
_held, _facing = 0.0004, 0.003  # metres that what is held gives, and what shows how its hand or foot is turned
_slip, _off_ground = 0.01, 0.04  # metres that what carries a body slips, and how much higher than the lowest it may be
_drawn = 0.003  # of the figure's height in the picture that a joint gives, where the drawing is kept
_rounding, _settling = 2, 4  # least-squares steps of a round, and of the place that is asked for

turning_joints = tuple(joint_number(name) for name in joints[:22])  # hands and face move no other joint
_ends = (*(joint_number(f"{s}_{end}") for s in sides for end in ("wrist", "ankle")), joint_number("head"))
_carrying = tuple(joint_number(f"{s}_{end}") for s in sides for end in ("ankle", "foot", "knee", "wrist", "hip"))
# What shows how a held hand or foot is turned.
_shown = {f"{s}_wrist": (f"{s}_hand_index_1", f"{s}_hand_pinky_1") for s in sides}
_shown |= {f"{s}_ankle": (f"{s}_foot",) for s in sides}
# How much each joint counts where the drawing is kept: eyes and jaw show how the head is turned, knuckles the hand.
_knuckles = ("hand_index_1", "hand_pinky_1")
_seen = np.array([1.0 if "hand" not in name else 0.2 if name.endswith(_knuckles) else 0.0 for name in joints])
_root_give = 0.2  # rad; the prior says nothing of how a whole body leans
_give_range = (0.06, 0.4)  # rad


def own_rig(body: Body, pose: BodyPose) -> PointRig:
    """The joints of a body of that shape as the rig's points, by their names; it has no betas of its own."""
    rest, n = Rig.of(body, pose).rest, np.arange(len(joints))
    none = np.zeros((len(joints), 3, 0))
    return PointRig(joints, rest, none, n, n, np.ones(len(joints)), rest, none)


def stance_of(*poses: BodyPose) -> Stance:
    """Bodies of one shape for least squares that leave their shape alone."""
    turns = matrices(np.stack([pose.axis_angles for pose in poses]))
    return Stance(turns, np.zeros((len(poses), 0)), np.stack([pose.translation for pose in poses]))


def posed(pose: BodyPose, stance: Stance, row: int = 0) -> BodyPose:
    """The body with the turns and the place of one of the stances; joints that did not turn keep their numbers."""
    before = pose.axis_angles
    still = np.abs(matrices(before) - stance.turns[row]).max((1, 2)) < 1e-9
    turns = np.where(still[:, None], before, axis_angles(stance.turns[row]))
    return replace(pose.with_axis_angles(turns), translation=stance.translation[row])


def give_of(natural: Natural) -> np.ndarray:
    """How far joints (55, 3), rad, give before it costs 1: as far as they usually are from their middle."""
    spread = np.clip(natural.spread(), *_give_range)
    return np.where(np.isnan(spread), _root_give, spread)


@dataclass(frozen=True, eq=False)
class Held:
    """Points of the rig, by `rows` (N,), are at `places` (N, 3) metres: each `give` (N,) metres off costs 1."""

    rows: np.ndarray
    places: np.ndarray
    give: np.ndarray

    def misfit(self, now: Situation) -> Misfit:
        """The ways from there, and how the points give way."""
        off = (now.placed.points[:, self.rows] - self.places) / self.give[:, None]
        by_turns, by_shapes = now.moves.turns[:, self.rows], now.moves.shapes[:, self.rows]
        b, n, k = by_turns.shape[:3]
        turns = by_turns.transpose(0, 1, 3, 2, 4).reshape(b, n, 3, 3 * k)
        slopes = np.concatenate([turns, by_shapes, np.broadcast_to(np.eye(3), (b, n, 3, 3))], -1)
        slopes = slopes / self.give[:, None, None]
        return Misfit((off**2).sum((1, 2)), off.reshape(b, -1), slopes.reshape(b, 3 * n, -1))


@dataclass(frozen=True, eq=False)
class _Way:
    """From a body to the most natural one: what is kept of it, and the stances after each round so far."""

    rig: PointRig
    kept: tuple[Term, ...]
    stances: list[Stance]


class Relaxer:
    """What makes one body's poses more natural; safe to use from several threads."""

    def __init__(self, body: Body, natural: Natural, limits: Limits) -> None:
        self.body, self.natural, self.limits = body, natural, limits
        self._give = give_of(natural)
        self._ways: OrderedDict[tuple, _Way] = OrderedDict()
        self._lock = threading.RLock()

    def relaxed(
        self, pose: BodyPose, amount: float, pins: Iterable[str] = (), drawing: Camera | None = None
    ) -> BodyPose:
        """The body more natural by `amount`, from 0, as it is, to 1, as the prior would have it.

        The joints `pins` stay where they are in space, to a millimetre, and their hands and feet as they are turned;
        with `drawing`, a camera, every joint stays where that one sees it, to a per cent of the figure. ValueError for
        an unknown joint, or an amount that is not within 0 … 1.
        """
        if not 0 <= amount <= 1:
            raise ValueError(f"expected an amount from 0 to 1, got {amount!r}")
        held = frozenset(map(joint_number, pins))
        if amount == 0:
            return pose
        place = amount * len(way)
        first = min(int(place), len(way) - 1)
        with self._lock:
            found = self._way(pose, held, drawing)
            while len(found.stances) < first + 2:
                found.stances.append(self._after(found, way[len(found.stances) - 1], len(found.stances)))
        between = _mixed(found.stances[first], found.stances[first + 1], place - first)
        near = Near(between.turns, self._give)
        settled, _ = refined(found.rig, between, turning_joints, (near, *found.kept), _settling)
        return posed(pose, settled)

    def held(self, pose: BodyPose, like: BodyPose, pins: Iterable[str]) -> BodyPose:
        """The body with the joints `pins` where they are in another body of its shape, and little else changed."""
        numbers = frozenset(map(joint_number, pins))
        if not numbers:
            return pose
        rig, stance = own_rig(self.body, pose), stance_of(pose)
        places = rig.placed(*stance_of(like)).points[0]
        terms = (Near(stance.turns, self._give), *kept(places, numbers, stands=False))
        return posed(pose, refined(rig, stance, turning_joints, terms, 2 * _settling)[0])

    def _way(self, pose: BodyPose, held: frozenset[int], drawing: Camera | None) -> _Way:
        numbers = (pose.axis_angles, pose.translation, pose.betas, pose.expression, pose.face_units)
        seen = () if drawing is None else (drawing.T_camera_world.tobytes(), drawing.focal, drawing.center)
        key = (*(array.tobytes() for array in numbers), held, seen)
        if key not in self._ways:
            rig, start = own_rig(self.body, pose), stance_of(pose)
            places = rig.placed(*start).points[0]
            self._ways[key] = _Way(rig, kept(places, held, drawing), [start])
        self._ways.move_to_end(key)
        while len(self._ways) > _ways_kept:
            self._ways.popitem(last=False)
        return self._ways[key]

    def _after(self, found: _Way, one: Round, number: int) -> Stance:
        """The stance after a further round: where the prior would take it, but for what is kept."""
        before = found.stances[-1]
        aim = self._aim(before.turns, one.time, number)
        leash = np.full(len(_ends), one.leash)
        start = found.rig.placed(*found.stances[0]).points[0]
        ends = Held(np.array(_ends), start[list(_ends)], leash)
        first = before._replace(turns=before.turns.copy())
        first.turns[:, len(turning_joints) :] = aim[:, len(turning_joints) :]
        terms = (Near(aim, self._give), Within(self.limits, 0.02), ends, *found.kept)
        after, _ = refined(found.rig, first, turning_joints, terms, _rounding)
        return after

    def _aim(self, turns: np.ndarray, time: float, number: int) -> np.ndarray:
        """The mean of what several noises make of a stance's turns (1, 55, 3, 3), hands within their limits."""
        near = self.natural.nearer(np.repeat(turns, _draws, 0), time, Draws(number))
        aim = turns @ matrices(axis_angles(np.swapaxes(turns, -1, -2) @ near).mean(0, keepdims=True))
        hands = [n for n, name in enumerate(joints) if "hand" in name]
        aim[0, hands] = [self.limits.bounded(n, aim[0, n]) for n in hands]
        return aim


def kept(
    places: np.ndarray, held: frozenset[int], drawing: Camera | None = None, stands: bool = True
) -> tuple[Term, ...]:
    """What is kept of a body with joints at `places` (55, 3): what is held, what it `stands` on, and its picture."""
    gives = dict.fromkeys(held, _held)
    for number in held:
        for name in _shown.get(joints[number], ()):
            gives.setdefault(joint_number(name), _facing)
    lowest = places[list(_carrying), 1].min()
    for number in _carrying:
        if stands and places[number, 1] < lowest + _off_ground:
            gives.setdefault(number, _slip)
    rows = np.array(sorted(gives))
    terms: tuple[Term, ...] = (Held(rows, places[rows], np.array([gives[n] for n in rows])),)
    if drawing is None:
        return terms
    if not drawing.in_camera(places)[:, 2].min() > 0:
        raise ValueError("expected the figure in front of the drawing's camera, to keep it as drawn: move it back")
    seen = drawing.project(places)
    tolerance = _drawn * float(np.linalg.norm(np.ptp(seen, axis=0)))
    return (*terms, Seen(drawing, seen, _seen, tolerance, 100 * tolerance))


def _mixed(a: Stance, b: Stance, part: float) -> Stance:
    """On the way from one stance to another, each joint turning the shortest way."""
    by = axis_angles(np.swapaxes(a.turns, -1, -2) @ b.turns)
    return Stance(a.turns @ matrices(by * part), a.betas, a.translation * (1 - part) + b.translation * part)
