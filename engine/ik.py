"""Posing a body by pulling at it: one joint goes to a place in the world, the rest follows as an artist expects.

Arms and legs are two bones and a hinge, solved in closed form (law of cosines); what hangs on a chain of joints is
solved by damped least squares. Metres, world axes; every call starts from the pose it is given, so that a drag asked
anew from the pose at its beginning does not depend on the pointer's way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.chain import Pull, bounded, follow, rounds, step, turn_joint
from engine.limb import Limb, face, hinges, limbs, reach, span
from engine.limits import Limits
from engine.rig import Jointed, Rig, Stance, axis_angles, between, carriers, joint_number, joints, turning, twist_about
from engine.skeleton import fingers, sides

feet = frozenset({"left_ankle", "right_ankle"})
held_within = 0.003  # metres by which a pinned joint may give before a drag is shortened
_shortenings = 7  # halvings of a drag that tears at its pins: the last one is under a hundredth of the way
_farthest = 100.0  # metres that a joint is pulled along each axis: what is beyond is in the same direction
_tendon = 0.6  # of what the middle joint of a finger bends, the last one bends too
_stray = 0.0005  # metres that the eye does not see

# What turns when a joint is pulled at, nearest first, and how readily it gives (1 freely; the trunk is stiff).
_spine = {"spine3": 0.35, "spine2": 0.35, "spine1": 0.35}
_chains: dict[str, dict[str, float]] = {
    "spine2": {"spine1": 1.0},
    "spine3": {"spine2": 1.0, "spine1": 1.0},
    "neck": _spine,
    "head": {"neck": 1.0, **_spine},
    "jaw": {"head": 1.0, "neck": 0.7},
    **{f"{s}_eye": {"head": 1.0, "neck": 0.7} for s in sides},
    **{f"{s}_collar": _spine for s in sides},
    **{f"{s}_shoulder": {f"{s}_collar": 1.0, **dict.fromkeys(_spine, 0.15)} for s in sides},
    **{f"{s}_foot": {f"{s}_ankle": 1.0} for s in sides},
    **{f"{s}_hand_{f}_1": {f"{s}_wrist": 1.0} for s in sides for f in fingers},
    **{
        f"{s}_hand_{f}_{n}": {f"{s}_hand_{f}_{m}": 1.0 for m in range(1, n)}
        for s in sides for f in fingers for n in (2, 3)
    },
}  # fmt: skip


def planted(joint: str) -> frozenset[str]:
    """The joints that an artist expects to stay while this one is dragged: the feet, while the pelvis and hips move."""
    return feet if joint in ("pelvis", "spine1", "left_hip", "right_hip") else frozenset()


def drag(
    body: Jointed | Rig,
    pose: BodyPose,
    joint: str,
    target: np.ndarray,
    pins: frozenset[str] = frozenset(),
    limits: Limits | None = None,
) -> BodyPose:
    """The body with a joint of smplx55 brought to, or as near as it gets to, `target` (3,) in world metres.

    Wrists and ankles reach by two bones and keep the hand's or foot's direction in the world; beyond an arm's reach the
    trunk leans. An elbow or knee leads its limb, whose end stays behind as it can. The pelvis carries the whole
    body, the hips tilt it. What is pinned stays within `held_within`, and shortens the way where it cannot.
    Joints that start within the limits end within them. `body` may be a Rig kept from an earlier call. ValueError
    for an unknown joint or a target that is no place.
    """
    number, pinned = joint_number(joint), frozenset(joint_number(pin) for pin in pins) - {joint_number(joint)}
    goal = np.asarray(target, dtype=float)
    if goal.shape != (3,) or not np.isfinite(goal).all():
        raise ValueError(f"expected a target of three finite metres, got {target!r}")
    start = Rig.of(body, pose).stance(pose)
    goal = start.places[number] + np.clip(goal - start.places[number], -_farthest, _farthest)
    solve = _solver(joint)
    bounds = limits.opened(start.local) if limits is not None else None

    def attempt(part: float) -> Stance:
        stance = start.copy()
        solve(_Drag(stance, start, number, start.places[number] * (1 - part) + goal * part, pinned, bounds))
        return stance

    best, sure, torn = attempt(1.0), 0.0, 1.0
    if not _holds(best, start, pinned):
        best = start
        for _ in range(_shortenings):
            middle = (sure + torn) / 2
            stance = attempt(middle)
            if _holds(stance, start, pinned):
                best, sure = stance, middle
            else:
                torn = middle
    return best.posed(pose)


def drag_to_pixel(
    body: Jointed | Rig,
    pose: BodyPose,
    joint: str,
    pixel: np.ndarray,
    camera: Camera,
    pins: frozenset[str] = frozenset(),
    limits: Limits | None = None,
) -> BodyPose:
    """The body with a joint dragged to where `camera` sees the pixel (2,), at the depth the joint has now."""
    rig = Rig.of(body, pose)
    place = rig.stance(pose).places[joint_number(joint)]
    return drag(rig, pose, joint, at_depth_of(camera, pixel, place), pins, limits)


def at_depth_of(camera: Camera, pixel: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The world point (3,) that falls on the pixel (2,), as deep in front of the camera as `place` (3,)."""
    pixel = np.asarray(pixel, dtype=float)
    depth = float(camera.in_camera(place)[2])
    if pixel.shape != (2,) or not np.isfinite(pixel).all() or depth <= 0:
        raise ValueError(f"expected a pixel (x, y) and a joint in front of the camera, got {pixel!r} at {depth:.3g} m")
    local = np.append((pixel - np.array(camera.center)) * depth / camera.focal, depth)
    R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
    return R.T @ (local - t)


# ── one drag ──


@dataclass(eq=False)
class _Drag:
    """What a solver works on: the stance it changes, how it was, which joint goes where, what is pinned, the limits."""

    stance: Stance
    start: Stance
    joint: int
    target: np.ndarray
    pinned: frozenset[int]
    limits: Limits | None

    def hold(self, but: Limb | None = None) -> None:
        """Bring the ends of pinned limbs back to where they were, other than the limb that is dragged."""
        for limb in limbs.values():
            if limb is not but and not self.pinned.isdisjoint(limb.ends):
                reach(self.stance, limb, self.start.places[limb.end], self.start.world[limb.end], self.limits)

    def sink(self, by: np.ndarray) -> None:
        """Move the whole body by `by` (3,), or the nearest move that leaves each pinned end within its limb's reach."""
        tied = [limb for limb in limbs.values() if not self.pinned.isdisjoint(limb.ends)]
        spans = [span(self.stance, limb, self.limits) for limb in tied]
        for _ in range(20 if len(tied) > 1 else 1):  # one after the other, until they agree
            for limb, (near, far) in zip(tied, spans, strict=True):
                way = self.stance.places[limb.upper] + by - self.start.places[limb.end]
                length = float(np.linalg.norm(way))
                by = by + way * (np.clip(length, near, far) / max(length, 1e-9) - 1)
        self.stance.translation = self.stance.translation + by
        self.stance.carry()


def _holds(stance: Stance, start: Stance, pinned: frozenset[int]) -> bool:
    return all(np.linalg.norm(stance.places[n] - start.places[n]) < held_within for n in pinned)


def _solver(joint: str) -> Callable[[_Drag], None]:
    for name, limb in limbs.items():
        if joint == joints[limb.end]:
            return lambda drag: _pull_end(drag, limb, trunk=name.endswith("arm"))
        if joint == joints[limb.lower]:
            return lambda drag: _pull_middle(drag, limb)
    if joint == "pelvis":
        return _carry_pelvis
    if joint in ("spine1", "left_hip", "right_hip"):
        return _tilt_pelvis
    return lambda drag: _pull_chain(drag, _chains[joint])


def _pull_end(drag: _Drag, limb: Limb, trunk: bool) -> None:
    """A wrist or an ankle: lean until the target is within reach, then two bones; a pinned elbow or knee stays."""
    stance, facing = drag.stance, drag.start.world[limb.end]
    if limb.lower in drag.pinned:
        follow(stance, {limb.lower: 1.0}, [Pull(limb.end, drag.target)], drag.limits)
        return
    if trunk:
        _lean(drag, limb)
        drag.hold(but=limb)
    reach(stance, limb, drag.target, facing, drag.limits, easy=True)


def _lean(drag: _Drag, limb: Limb) -> None:
    """Collar and spine bring the shoulder to where the arm reaches the target."""
    stance = drag.stance
    side = "left" if joints[limb.end].startswith("left") else "right"
    chain = {joint_number(j): give for j, give in _chains[f"{side}_shoulder"].items()}
    farthest = span(stance, limb, drag.limits)[1]
    for _ in range(rounds):
        way = drag.target - stance.places[limb.upper]
        short = float(np.linalg.norm(way)) - farthest
        if short < _stray:
            return
        toward = stance.places[limb.upper] + way / np.linalg.norm(way) * min(short, 0.1)
        step(stance, chain, [Pull(limb.upper, toward)], drag.limits)


def _pull_middle(drag: _Drag, limb: Limb) -> None:
    """An elbow or a knee: it goes to the target; hand or foot stays where it was as far as the bones allow.

    With hand or foot pinned, only the swivel about the line from root to end is left.
    """
    stance, end = drag.stance, drag.start.places[limb.end]
    facing = drag.start.world[limb.end]
    firm = not drag.pinned.isdisjoint(limb.ends)
    if firm:
        _swivel(drag, limb)
        return
    chain = {limb.upper: 1.0, limb.lower: 1.0}
    pulls = [Pull(limb.lower, drag.target), Pull(limb.end, end, 0.02)]
    follow(stance, chain, pulls, drag.limits)
    face(stance, limb, facing, drag.limits, easy=True)


def _swivel(drag: _Drag, limb: Limb) -> None:
    """Turn the limb about the line from its root to its end until elbow or knee is nearest the target."""
    stance = drag.stance
    root, end = stance.places[limb.upper], stance.places[limb.end]
    axis = (end - root) / max(float(np.linalg.norm(end - root)), 1e-9)
    here, there = (v - axis * (axis @ v) for v in (stance.places[limb.lower] - root, drag.target - root))
    if np.linalg.norm(here) < 1e-4 or np.linalg.norm(there) < 1e-4:
        return
    angle = float(np.arctan2(axis @ np.cross(here, there), here @ there))
    upper = turning(axis * angle) @ stance.world[limb.upper]
    stance.local[limb.upper] = bounded(drag.limits, limb.upper, stance.facing(limb.upper, upper))
    stance.carry()
    reach(stance, limb, drag.start.places[limb.end], drag.start.world[limb.end], drag.limits)


def _carry_pelvis(drag: _Drag) -> None:
    """The whole body goes along, as far as the limbs that hold pinned hands and feet are long."""
    stance = drag.stance
    by = drag.target - stance.places[drag.joint]
    if drag.joint in drag.pinned:
        return
    drag.sink(by)
    drag.hold()


def _tilt_pelvis(drag: _Drag) -> None:
    """A hip or the small of the back: the pelvis turns about its middle, the chest stays as it was."""
    stance, chest = drag.stance, drag.start.world[joint_number("spine3")]
    centre = stance.places[0]
    turn = between(stance.places[drag.joint] - centre, drag.target - centre, np.array([0.0, 0.0, 1.0]))
    stance.local[0] = turn @ stance.local[0]
    stance.carry()
    # A hip rises by the other one sinking: the standing leg is straight already.
    drag.sink(np.zeros(3))
    for name, give in (("spine1", 0.4), ("spine2", 0.6), ("spine3", 1.0)):
        number = joint_number(name)
        # Each takes its part of what is left, so that the chest's direction comes back without one sharp bend.
        left = chest @ stance.world[joint_number("spine3")].T
        world = _part(left, give) @ stance.world[number]
        stance.local[number] = bounded(drag.limits, number, stance.facing(number, world))
        stance.carry()
    drag.hold()


def _pull_chain(drag: _Drag, chain: dict[str, float]) -> None:
    """Anything else: the joints that carry it turn, and pinned hands and feet are held."""
    gives = {joint_number(name): give for name, give in chain.items()}
    follow(drag.stance, gives, [Pull(drag.joint, _at_most(drag, min(gives)))], drag.limits)
    _bend_tip(drag)
    drag.hold()


def _at_most(drag: _Drag, root: int) -> np.ndarray:
    """The target, no farther from a chain's root than the stretched chain: what is beyond asks for no more."""
    line = carriers[drag.joint]
    links = line[: line.index(root) + 1]
    longest = sum(float(np.linalg.norm(drag.start.places[a] - drag.start.places[b])) for a, b in pairwise(links))
    way = drag.target - drag.start.places[root]
    return drag.start.places[root] + way * min(1.0, longest / max(float(np.linalg.norm(way)), 1e-9))


def _bend_tip(drag: _Drag) -> None:
    """The last joint of a finger follows the one before it: one tendon bends both."""
    before = drag.joint - 1
    if not joints[drag.joint].endswith("_3") or before not in hinges:
        return
    was, now = (twist_about(stance.local[before], hinges[before]) for stance in (drag.start, drag.stance))
    stance = drag.stance
    turn_joint(stance, drag.joint, stance.above(drag.joint) @ hinges[drag.joint] * (now - was) * _tendon, drag.limits)
    stance.carry()


def _part(rotation: np.ndarray, part: float) -> np.ndarray:
    return turning(axis_angles(rotation) * part)
