"""Front or back: the ways in which a limb may come towards the viewer or go away and still look the same.

Seen from a camera, each bone of a limb has two directions with one picture (Lee and Chen 1985). Each pair of them is
laid on the picture anew within the joints' limits; what no body does is left out, and the prior says what is likelier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.fit_steps import Near, Seen, Stance, Within, refined
from engine.limb import Limb, limbs
from engine.limits import Limits
from engine.natural import Natural
from engine.point_rig import PointRig
from engine.relaxing import Held, own_rig, posed, stance_of
from engine.rig import Rig, about, axis_angles, between, joints, matrices, parents, twist_about, unit
from engine.rig import Stance as Figure

faithful = 0.01  # of the longer side of the figure's picture, that a joint may move in it
_tolerance = 0.0015  # of the same, that costs 1
_depth_give = 0.04  # metres
_alike = np.radians(20)  # between a bone and its mirror image: nearer, there is nothing to choose
_beyond = np.radians(8)  # of a joint's limits, that a reading may be, or what it is already
_straight = np.radians(12)  # of a bend: less, and the limb does not say how its upper bone is twisted
_steps = 15
_give = 0.5  # rad
_hand_weight = 0.15  # of the points of a hand or foot, beside its joint's
_up = np.array((0.0, 1.0, 0.0))


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to see a limb: is its `upper` bone, and its `lower` one, `towards` the viewer (else away)?

    `unnatural` as the prior has it; `error`, the most that a joint of the limb moved in the picture, of the longer side
    of the figure's; `now`, whether the limb is so already.
    """

    pose: BodyPose
    towards: tuple[bool, bool]
    unnatural: float
    error: float
    now: bool


def readings(
    body: Body, natural: Natural, limits: Limits, pose: BodyPose, camera: Camera, limb: str
) -> tuple[Reading, ...]:  # fmt: skip
    """The ways to see a limb of `limb.limbs` from a camera, the present one first; it alone where there is no other.

    The rest of the body stays. ValueError for another limb, or a figure that is not in front of the camera.
    """
    if limb not in limbs:
        raise ValueError(f"expected a limb, one of {', '.join(limbs)}, got {limb!r}")
    rig, start, chain = own_rig(body, pose), stance_of(pose), limbs[limb]
    places = rig.placed(*start).points[0]
    if not camera.in_camera(places)[:, 2].min() > 0:
        raise ValueError("expected the figure in front of the camera, to see its limbs from there")
    aims = _aims(camera, *(places[n] for n in (chain.upper, chain.lower, chain.end)))
    guesses = [guess for aim in aims[1:] for guess in _guesses(rig, pose, chain, aim)]
    if not guesses:
        return _judged(natural, [pose], [0.0], [aims[0]])
    first = Stance(np.stack(guesses), *(np.repeat(part, len(guesses), 0) for part in start[1:]))
    ends = np.repeat(np.stack([aim.places for aim in aims[1:]]), len(guesses) // (len(aims) - 1), 0)
    found, cost = _laid(rig, first, places, camera, chain, ends, limits.opened(start.turns[0]))
    box = float(np.ptp(camera.project(places), axis=0).max())
    error = _errors(rig, found, camera, chain, places) / box
    sound = error < faithful
    sound &= _excess(limits, found) < max(_beyond, float(_excess(limits, start)[0]) + 1e-3)
    poses, errors, kinds = [pose], [0.0], [aims[0]]
    per = len(guesses) // (len(aims) - 1)
    for n, aim in enumerate(aims[1:]):
        rows = [row for row in range(n * per, (n + 1) * per) if sound[row]]
        if rows:
            best = min(rows, key=lambda row: cost[row])
            poses.append(posed(pose, found, best))
            errors.append(float(error[best]))
            kinds.append(aim)
    return _judged(natural, poses, errors, kinds)


def likeliest(found: Sequence[Reading]) -> Reading:
    """The reading that the prior would choose."""
    return min(found, key=lambda one: one.unnatural)


def _judged(
    natural: Natural, poses: list[BodyPose], errors: list[float], aims: list[_Aim]
) -> tuple[Reading, ...]:  # fmt: skip
    unnatural = natural.unnatural(poses)
    return tuple(
        Reading(pose, aim.towards, float(far), error, n == 0)
        for n, (pose, aim, far, error) in enumerate(zip(poses, aims, unnatural, errors, strict=True))
    )


# ── where elbow and wrist, knee and ankle may be ──


@dataclass(frozen=True, eq=False)
class _Aim:
    """Where a limb's hinge and end are to be, `places` (2, 3) metres, and which bones come towards the viewer."""

    places: np.ndarray
    towards: tuple[bool, bool]


def _aims(camera: Camera, root: np.ndarray, hinge: np.ndarray, end: np.ndarray) -> list[_Aim]:
    """The present one, then those with one picture that differ from it in a bone that can be told apart."""
    ways = [(hinge, end), *((hinge, other) for other in _mirrored(camera, hinge, end))]
    for turned in _mirrored(camera, root, hinge):
        ways += [(turned, other) for other in _along(camera, end, turned, float(np.linalg.norm(end - hinge)))]
    return [
        _Aim(np.stack(way), (_comes(camera, root, way[0]), _comes(camera, way[0], way[1]))) for way in ways
    ]  # fmt: skip


def _eye(camera: Camera) -> np.ndarray:
    R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
    return -R.T @ t


def _comes(camera: Camera, start: np.ndarray, end: np.ndarray) -> bool:
    """Whether a bone comes towards the viewer: its mirror image along the line of sight goes away."""
    return bool((end - _eye(camera)) @ (end - start) < 0)


def _along(camera: Camera, seen: np.ndarray, centre: np.ndarray, radius: float) -> list[np.ndarray]:
    """The one or two points that fall where the camera sees the point `seen` (3,), at a distance from a centre."""
    eye = _eye(camera)
    way = unit(seen - eye)
    middle = float(way @ (centre - eye))
    aside = float(np.linalg.norm(eye + way * middle - centre))
    half = np.sqrt(max(radius**2 - aside**2, 0.0))
    if 2 * np.arcsin(min(half / radius, 1.0)) < _alike:
        return [eye + way * middle]
    return [eye + way * (middle - half), eye + way * (middle + half)]


def _mirrored(camera: Camera, start: np.ndarray, end: np.ndarray) -> list[np.ndarray]:
    """Where a bone's end (3,) would be if it came towards the viewer instead of going away; none if much the same."""
    found = _along(camera, end, start, float(np.linalg.norm(end - start)))
    return [max(found, key=lambda place: float(np.linalg.norm(place - end)))] if len(found) == 2 else []


# ── how a body does it ──


def _guesses(rig: PointRig, pose: BodyPose, limb: Limb, aim: _Aim) -> list[np.ndarray]:
    """Local turns (55, 3, 3) of a body with its limb's bones at the aim: hand or foot as it faced, or as it hung on."""
    figure = Figure(Rig(rig.joints), matrices(pose.axis_angles), pose.translation)
    facing, hung = figure.world[limb.end].copy(), figure.local[limb.end].copy()
    bone = unit(rig.joints[limb.end] - rig.joints[limb.lower])
    twist = about(bone, twist_about(figure.local[limb.lower], bone))
    root, (hinge, end) = figure.places[limb.upper].copy(), aim.places
    upper, lower = unit(hinge - root), unit(end - hinge)
    world = between(figure.places[limb.lower] - root, upper, _up) @ figure.world[limb.upper]
    if np.arccos(np.clip(upper @ lower, -1, 1)) > _straight:  # the plane of the bend says how the upper bone is twisted
        axis, wanted = world @ np.array(limb.axis), unit(np.cross(upper, lower))
        world = about(upper, float(np.arctan2(upper @ np.cross(axis, wanted), axis @ wanted))) @ world
    figure.local[limb.upper] = figure.facing(limb.upper, world)
    figure.carry()
    upper_world = figure.world[limb.upper]
    swing = between(upper_world @ bone, lower, upper_world @ np.array(limb.axis))
    figure.local[limb.lower] = figure.facing(limb.lower, swing @ upper_world) @ twist
    figure.carry()
    found = []
    for local in (figure.facing(limb.end, facing), hung):
        figure.local[limb.end] = local
        found.append(figure.local.copy())
    return found


def _laid(
    rig: PointRig, first: Stance, places: np.ndarray, camera: Camera, limb: Limb, ends: np.ndarray, limits: Limits
) -> tuple[Stance, np.ndarray]:  # fmt: skip
    """The stances laid on the picture of `places` (55, 3), hinge and end near `ends` (B, 2, 3); costs (B,)."""
    seen = camera.project(places)
    weights = np.zeros(len(joints))
    weights[list(limb.ends)] = _hand_weight
    weights[[limb.upper, limb.lower, limb.end]] = 1.0
    tolerance = _tolerance * float(np.ptp(seen, axis=0).max())
    bones = Held(np.array([limb.lower, limb.end]), ends, np.full(2, _depth_give))
    terms = (
        Seen(camera, seen, weights, tolerance, 200 * tolerance),
        Near(first.turns, np.full((len(joints), 3), _give)), Within(limits, 0.03), bones,
    )  # fmt: skip
    return refined(rig, first, _active(limb), terms, _steps, moving=False)


def _active(limb: Limb) -> tuple[int, ...]:
    """What turns: the limb's joints, and the collar that carries an arm."""
    collar = parents[limb.upper]
    carries = (collar,) if joints[collar].endswith("collar") else ()
    return (*carries, limb.upper, limb.lower, limb.end)


def _errors(rig: PointRig, found: Stance, camera: Camera, limb: Limb, places: np.ndarray) -> np.ndarray:
    """How far, px, the limb's joints are at most (B,) from where they were seen."""
    rows = [limb.upper, limb.lower, limb.end]
    off = camera.project(rig.placed(*found).points[:, rows]) - camera.project(places[rows])
    return np.linalg.norm(off, axis=-1).max(1)


def _excess(limits: Limits, found: Stance) -> np.ndarray:
    """How far, rad, the joints of stances are at most (B,) beyond their limits."""
    return limits.excess(torch.from_numpy(axis_angles(found.turns))).numpy().max(1)
