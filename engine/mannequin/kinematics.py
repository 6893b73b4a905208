"""The mannequin's kinematics: from named angles to the places of all 133 points in space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.mannequin.figure import Arm, Build, Figure, Leg, Reach
from engine.mannequin.frames import across, turn, turned, two_bones, unit
from engine.mannequin.head import chin, crown, face_points, facing, head_points
from engine.skeleton import wholebody133


@dataclass(frozen=True)
class Posed:
    """A posed body: `points` (133, 3) metres on wholebody133, `facing` (133, 3) unit, zero where all round.

    `marks` are further places by name: waist, chest, neck, head (between the ears), crown, chin, balls of the feet.
    `frames` (3, 3) hold the axes of hips, chest, head and hands in their columns.
    """

    points: np.ndarray
    facing: np.ndarray
    marks: dict[str, np.ndarray]
    frames: dict[str, np.ndarray]
    build: Build

    def __getitem__(self, name: str) -> np.ndarray:
        """Place (3,) of a joint or a mark."""
        return self.marks[name] if name in self.marks else self.points[wholebody133.index(name)]


sides = (("left", 1.0), ("right", -1.0))


def posed(figure: Figure) -> Posed:
    """The figure's joints in space; ValueError where a planted foot is out of the hips' reach."""
    build = figure.build
    frames = {"world": np.eye(3), "hips": _axes(figure.hips_turn, figure.hips_tip, figure.hips_lean)}
    marks = {"world": np.zeros(3), "hips": _hips(figure, frames["hips"])}
    # 1. legs hang on the hips
    for side, s in sides:
        leg = figure.left_leg if s > 0 else figure.right_leg
        marks |= _leg(leg, side, s, marks["hips"], frames["hips"], build)
    # 2. the spine: three joints share the bend
    frame, place = frames["hips"], marks["hips"]
    for name, length in (("waist", 0.13), ("chest", 0.19), ("neck", 0.25)):
        place = place + frame @ np.array((0, length * build.torso, 0.012 if name == "waist" else -0.008))
        marks[name] = place
        if name != "neck":
            frame = frame @ _axes(figure.turn / 2, figure.bend / 2, figure.lean / 2)
    frames["chest"] = frame
    # 3. neck and head
    halfway = frame @ _axes(figure.look / 2, figure.nod / 2 + 14, figure.tilt / 2)
    frames["head"] = frame @ _axes(figure.look, figure.nod, figure.tilt)
    marks["head"] = marks["neck"] + halfway @ np.array((0, 0.155 * (build.head + build.torso) / 2, 0))
    for name, place in (("crown", crown), ("chin", chin)):
        marks[name] = marks["head"] + frames["head"] @ place * build.head
    # 4. arms: the second may hold on to the first
    arms = [(side, s, figure.left_arm if s > 0 else figure.right_arm) for side, s in sides]
    arms.sort(key=lambda arm: arm[2].reach is not None and arm[2].reach[0] not in marks)
    for side, s, arm in arms:
        marks |= _arm(arm, side, s, marks, frames, build)
    return _assembled(figure, marks, frames)


def _axes(to_left: float, forwards: float, lean_left: float) -> np.ndarray:
    return turn("y", to_left) @ turn("x", forwards) @ turn("z", -lean_left)


_thigh, _shin, _ankle_height, _hip_half, _hip_drop = 0.42, 0.40, 0.08, 0.1, 0.02
_ball = np.array((0.0, -0.068, 0.12))
_heel = np.array((0.0, -0.068, -0.055))


def _planted(leg: Leg, s: float, build: Build) -> tuple[np.ndarray, np.ndarray]:
    """Ankle (3,) and axes (3, 3) of a planted foot: it rises over its ball, or rolls back over its heel."""
    assert leg.stand is not None
    level = turn("y", s * leg.heading)
    axes = level @ turn("x", leg.heel)
    flat = np.array((leg.stand[0], leg.up + _ankle_height * build.legs, leg.stand[1]))
    pivot = (_ball if leg.heel >= 0 else _heel) * build.legs
    return flat + level @ pivot - axes @ pivot, axes


def _hips(figure: Figure, axes: np.ndarray) -> np.ndarray:
    """Place (3,) of the middle of the hips: as high as planted feet allow, else standing height."""
    build, heights = figure.build, []
    reach = (_thigh + _shin) * build.legs
    for s, leg in ((1.0, figure.left_leg), (-1.0, figure.right_leg)):
        if leg.stand is None:
            continue
        hip = axes @ np.array((s * _hip_half * build.hips, -_hip_drop, 0))
        away = _planted(leg, s, build)[0] - hip - (figure.at[0], 0, figure.at[1])
        if (room := reach**2 - away[0] ** 2 - away[2] ** 2) <= 0:
            raise ValueError(f"expected a foot within {reach:.2f} m of the hips, got one at {leg.stand}")
        heights.append(away[1] + np.sqrt(room))
    height = min(heights) if heights else reach + _ankle_height * build.legs
    return np.array((figure.at[0], height - figure.sink, figure.at[1]))


def _leg(leg: Leg, side: str, s: float, hips: np.ndarray, axes: np.ndarray, build: Build) -> dict[str, np.ndarray]:
    hip = hips + axes @ np.array((s * _hip_half * build.hips, -_hip_drop, 0))
    thigh, shin = _thigh * build.legs, _shin * build.legs
    if leg.stand is not None:
        ankle, foot = _planted(leg, s, build)
        pole = unit(axes[:, 2] * (1, 0, 1)) + turn("y", s * leg.heading)[:, 2]
        knee, ankle = two_bones(hip, ankle, thigh, shin, turn("y", s * leg.knee_out) @ pole)
        lifted = max(leg.heel, 0.0)  # toes stay on the floor as the heel leaves it
    else:
        upper = axes @ turn("x", -leg.forward) @ turn("z", s * leg.out) @ turn("y", s * leg.turn)
        lower = upper @ turn("x", leg.knee)
        knee = hip - upper[:, 1] * thigh
        ankle = knee - lower[:, 1] * shin
        foot, lifted = lower @ turn("x", leg.point), leg.toes
    toes = foot @ turn("x", -lifted)
    ball = ankle + foot @ _ball * build.legs
    places = {"hip": hip, "knee": knee, "ankle": ankle, "ball": ball}
    places["heel"] = ankle + foot @ _heel * build.legs
    places["big_toe"] = ball + toes @ np.array((-0.022 * s, 0, 0.068)) * build.legs
    places["small_toe"] = ball + toes @ np.array((0.042 * s, 0, 0.03)) * build.legs
    return {f"{side}_{name}": place for name, place in places.items()}


_upper_arm, _forearm = 0.29, 0.25


def _arm(
    arm: Arm, side: str, s: float, marks: dict[str, np.ndarray], frames: dict[str, np.ndarray], build: Build
) -> dict[str, np.ndarray]:
    chest = frames["chest"]
    upper, fore = _upper_arm * build.arms, _forearm * build.arms
    sternum = marks["neck"] + chest @ np.array((s * 0.025, -0.045 * build.torso, 0.0))
    goal = _goal(arm.reach, marks, frames) if arm.reach else None
    level = sternum + chest @ np.array((s * 0.15 * build.shoulders, -0.012, 0))
    raised = arm.raised if goal is None else float(np.degrees(np.arccos(-chest[:, 1] @ unit(goal - level))))
    # A raised arm lifts the collar bone, about a quarter of its own way.
    lift = arm.shrug + max(raised - 60, 0) * 0.26
    shoulder = sternum + chest @ turn("z", s * lift) @ np.array((s * 0.15 * build.shoulders, -0.012, 0))
    if goal is None:
        swing = np.radians(arm.around)
        outward = np.array((s * np.cos(swing), 0.0, np.sin(swing)))
        hinge = np.cross((0.0, -1.0, 0.0), outward)
        along = chest @ turned(np.array((0.0, -1.0, 0.0)), hinge, arm.raised)
        fold = turned(chest @ turned(np.array((0.0, 0.0, 1.0)), hinge, arm.raised), along, s * arm.roll)
        bend = np.radians(arm.bend)
        elbow = shoulder + along * upper
        forward = along * np.cos(bend) + fold * np.sin(bend)
        wrist = elbow + forward * fore
    else:
        axis = unit(goal - shoulder)
        rest = across(chest @ np.array((s * 0.45, -0.8, -0.5)), axis)
        # From its rest, low and behind, the elbow swings to whichever side is out and up.
        way = np.sign(np.cross(axis, rest) @ chest @ np.array((s, 0.5, 0.0))) or 1.0
        pole = turned(rest, axis, float(way) * arm.elbow)
        elbow, wrist = two_bones(shoulder, goal, upper, fore, pole)
        along, forward = unit(elbow - shoulder), unit(wrist - elbow)
        fold = across(forward, along) if np.linalg.norm(np.cross(along, forward)) > 1e-3 else -across(pole, along)
        bend = np.arccos(np.clip(along @ forward, -1, 1))
    thumb = turned(-np.sin(bend) * along + np.cos(bend) * fold, forward, s * arm.palm)
    frames[f"{side}_hand"] = _hand_axes(arm, s, forward, thumb)
    return {f"{side}_shoulder": shoulder, f"{side}_elbow": elbow, f"{side}_wrist": wrist}


def _hand_axes(arm: Arm, s: float, along: np.ndarray, thumb: np.ndarray) -> np.ndarray:
    """Axes (3, 3) of the hand in columns: thumb's side, fingers, palm."""
    palm = s * np.cross(along, thumb)
    if arm.pointing is not None:
        along = unit(np.array(arm.pointing, dtype=float))
        palm = across(palm, along)
    else:
        hinge = np.cross(along, palm)
        along, palm = turned(along, hinge, arm.wrist), turned(palm, hinge, arm.wrist)
        along = turned(along, palm, s * arm.tilt)
    if arm.facing is not None:
        palm = across(np.array(arm.facing, dtype=float), along)
    return np.stack([s * np.cross(palm, along), along, palm], axis=1)


def _goal(reach: Reach, marks: dict[str, np.ndarray], frames: dict[str, np.ndarray]) -> np.ndarray:
    anchor, offset = reach[0], np.array(reach[1:])
    if anchor not in marks:
        raise ValueError(f"expected an arm to reach for one of {', '.join(marks)}, got {anchor!r}")
    return marks[anchor] + frames.get(anchor, np.eye(3)) @ offset


def _assembled(figure: Figure, marks: dict[str, np.ndarray], frames: dict[str, np.ndarray]) -> Posed:
    build, head = figure.build, frames["head"]
    points, looks = np.zeros((133, 3)), np.zeros((133, 3))

    def put(first: str, local: np.ndarray, axes: np.ndarray, origin: np.ndarray) -> slice:
        i = wholebody133.index(first)
        points[i : i + len(local)] = origin + local @ axes.T
        return slice(i, i + len(local))

    for first, local in (("nose", head_points), ("face_jaw_1", face_points(figure.face))):
        looks[put(first, local * build.head, head, marks["head"])] = facing(local) @ head.T
    for side, _ in sides:
        arm = figure.left_arm if side == "left" else figure.right_arm
        put(f"{side}_hand_root", arm.hand.points(build.hands), frames[f"{side}_hand"], marks[f"{side}_wrist"])
    for name, place in marks.items():
        if name in wholebody133:
            points[wholebody133.index(name)] = place
    return Posed(points, looks, marks, frames, build)
