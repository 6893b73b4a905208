"""Looking at a mannequin: from joints in space to a `Person` in a tight picture, each joint visible or hidden."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from engine.camera import Camera
from engine.mannequin.animal import Beast
from engine.mannequin.kinematics import Posed, sides
from engine.pose import Person, State
from engine.skeleton import Skeleton, ap10k17, fingers, hand21, wholebody133


@dataclass(frozen=True)
class View:
    """Where the camera stands: degrees round to the model's left and up, metres away (a long lens by default).

    `rolled` turns the picture clockwise, degrees.
    """

    yaw: float = 0.0
    pitch: float = 4.0
    away: float = 7.0
    rolled: float = 0.0

    def mirrored(self) -> View:
        """The view a mirror gives."""
        return replace(self, yaw=-self.yaw, rolled=-self.rolled)


class Flesh(NamedTuple):
    """A capsule of the body: two ends (3,), a radius in metres, and the joints it may not hide."""

    start: np.ndarray
    end: np.ndarray
    radius: float
    spares: frozenset[str]


@dataclass(frozen=True)
class Seen:
    """What the camera saw: the `person` in a picture of `size`, and for any place in space its pixels and depth."""

    person: Person
    size: tuple[int, int]
    camera: Camera
    turn: np.ndarray
    corner: np.ndarray

    def pixels(self, places: np.ndarray) -> np.ndarray:
        """Pixels (…, 2) of places (…, 3), metres."""
        return self.camera.project(places) @ self.turn.T - self.corner

    def depth(self, places: np.ndarray) -> np.ndarray:
        """Metres (…,) from the camera's plane to places (…, 3)."""
        return self.camera.in_camera(places)[..., 2]

    def scale(self, place: np.ndarray) -> float:
        """Pixels a metre at a place (3,)."""
        return self.camera.focal / float(self.depth(place))


def see(body: Posed, view: View, longest: int = 1000, margin: float = 0.06) -> Seen:
    """The person on wholebody133, framed with `margin` of the longer side, `longest` pixels in all."""
    return _framed(wholebody133, body.points, body.facing, _body_flesh(body), view, longest, margin)


def see_hand(points: np.ndarray, view: View, longest: int = 1000, margin: float = 0.1) -> Seen:
    """A hand (21, 3) alone on hand21; the view turns about its palm, yaw 180 shows its back."""
    flesh = _hand_flesh(dict(zip(hand21.joints, points, strict=True)), "", 1.0)
    return _framed(hand21, points - points.mean(0), np.zeros((21, 3)), [
        Flesh(part.start - points.mean(0), part.end - points.mean(0), part.radius, part.spares) for part in flesh
    ], view, longest, margin)  # fmt: skip


def see_animal(beast: Beast, view: View, longest: int = 1000, margin: float = 0.08) -> Seen:
    """The animal on ap10k17."""
    flesh = [Flesh(beast[a], beast[b], radius, frozenset(spares)) for a, b, radius, spares in beast.flesh]
    return _framed(ap10k17, beast.points, np.zeros((17, 3)), flesh, view, longest, margin)


def _framed(
    skeleton: Skeleton,
    points: np.ndarray,
    looks: np.ndarray,
    flesh: list[Flesh],
    view: View,
    longest: int,
    margin: float,
) -> Seen:
    middle = (points.min(0) + points.max(0)) / 2
    yaw, pitch = np.radians(view.yaw), np.radians(view.pitch)
    toward = np.array((np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)))
    eye = middle + toward * view.away
    c, s = np.cos(np.radians(view.rolled)), np.sin(np.radians(view.rolled))
    turn = np.array([[c, -s], [s, c]])
    # A first look at focal length 1 says how long the lens must be to fill the picture.
    flat = replace(Camera.looking_at(middle, eye, (1, 1), 1.0), center=(0.0, 0.0))
    spread = flat.project(points) @ turn.T
    focal = longest * (1 - 2 * margin) / float(np.ptp(spread, axis=0).max())
    size = np.ceil(np.ptp(spread, axis=0) * focal + 2 * margin * longest).astype(int)
    corner = (spread.min(0) + spread.max(0)) / 2 * focal - (size - 1) / 2
    camera = replace(flat, size=(int(size[0]), int(size[1])), focal=focal)
    hidden = _covered(skeleton, points, eye, flesh) | _averted(points, looks, eye)
    states: tuple[State, ...] = tuple("hidden" if h else "visible" for h in hidden)
    n = len(skeleton)
    person = Person(skeleton, spread * focal - corner, np.ones(n), states, ("artist",) * n)
    return Seen(person, camera.size, camera, turn, corner)


def _averted(points: np.ndarray, looks: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """Which joints (J,) look away from the camera; a little grace keeps the middle line seen in profile."""
    toward = eye - points
    toward /= np.linalg.norm(toward, axis=1, keepdims=True)
    return (looks * toward).sum(1) < -0.1


def _covered(skeleton: Skeleton, points: np.ndarray, eye: np.ndarray, flesh: list[Flesh]) -> np.ndarray:
    """Which joints (J,) lie behind flesh, on their way to the camera."""
    hidden = np.zeros(len(points), dtype=bool)
    for part in flesh:
        near = _distance(points, eye, part.start, part.end) < part.radius
        spared = np.array([joint in part.spares for joint in skeleton.joints])
        hidden |= near & ~spared
    return hidden


def _distance(points: np.ndarray, eye: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Metres (N,) between the segments point–eye, the first 1.5 cm left out, and the segment start–end."""
    ray = eye - points
    points = points + ray / np.linalg.norm(ray, axis=1, keepdims=True) * 0.015
    ray, bone = eye - points, end - start
    between = points - start
    a, e, f = (ray**2).sum(1), max(float(bone @ bone), 1e-12), between @ bone
    b, c = ray @ bone, (ray * between).sum(1)
    square = np.maximum(a * e - b * b, 1e-12)
    along_ray = np.clip((b * f - c * e) / square, 0, 1)
    along_bone = np.clip((b * along_ray + f) / e, 0, 1)
    along_ray = np.clip((b * along_bone - c) / a, 0, 1)
    gap = between + ray * along_ray[:, None] - bone * along_bone[:, None]
    return np.linalg.norm(gap, axis=1)


def _body_flesh(body: Posed) -> list[Flesh]:
    """The body's capsules, a little slimmer than life, so that joints on the outline stay visible."""
    girth, head, chest, hips = body.build.girth, body.build.head, body.frames["chest"], body.frames["hips"]
    skull, axes = body["head"], body.frames["head"]
    on_head = frozenset(j for j in wholebody133.joints if j.startswith("face_")) | {"nose", "left_eye", "right_eye"}
    parts = [
        Flesh(skull + axes @ (0, 0.04, 0.03), skull + axes @ (0, 0.03, -0.03), 0.068 * head, on_head),
        Flesh(skull + axes @ (0, -0.05, 0.045), skull + axes @ (0, 0.02, 0.03), 0.058 * head, on_head),
        Flesh(body["neck"], skull, 0.042 * girth, frozenset()),
        Flesh(body["left_hip"], body["right_hip"], 0.075 * girth, frozenset(("left_hip", "right_hip"))),
    ]
    for side, s in sides:
        trunk = frozenset((f"{side}_shoulder", f"{side}_hip"))
        ribs = body["chest"] + chest @ np.array((s * 0.06, 0.12, 0)) * (body.build.torso + girth) / 2
        flank = body["hips"] + hips @ np.array((s * 0.055 * girth, 0.06, 0))
        blade = (body["neck"] + body[f"{side}_shoulder"] * 2) / 3
        arm, leg = [f"{side}_{j}" for j in ("shoulder", "elbow", "wrist")], [f"{side}_{j}" for j in ("hip", "knee")]
        hand = frozenset(j for j in wholebody133.joints if j.startswith(f"{side}_hand"))
        foot = frozenset(f"{side}_{j}" for j in ("ankle", "heel", "big_toe", "small_toe"))
        parts += [
            Flesh(ribs, flank, 0.088 * girth, trunk),
            Flesh(blade, ribs, 0.07 * girth, trunk),
            Flesh(body[arm[0]], body[arm[1]], 0.043 * girth, frozenset(arm[:2])),
            Flesh(body[arm[1]], body[arm[2]], 0.034 * girth, hand | frozenset(arm[1:])),
            Flesh(body[leg[0]], body[leg[1]], 0.068 * girth, frozenset(leg)),
            Flesh(body[leg[1]], body[f"{side}_ankle"], 0.046 * girth, foot | frozenset(leg[1:])),
            Flesh(body[f"{side}_heel"], body[f"{side}_ball"], 0.03 * girth, foot),
        ]
        parts += _hand_flesh({j: body[j] for j in hand}, f"{side}_hand_", body.build.hands, {f"{side}_wrist"})
    return parts


def _hand_flesh(
    joints: dict[str, np.ndarray], prefix: str, size: float, spares: frozenset[str] | set[str] = frozenset()
) -> list[Flesh]:
    """A hand's capsules: four bones of the palm, and the fingers, each sparing its own joints."""
    root, parts = joints[f"{prefix}root"], []
    knuckles = frozenset(f"{prefix}{finger}_1" for finger in fingers)
    palm = frozenset(spares) | knuckles | {f"{prefix}root", f"{prefix}thumb_2"}
    for finger in fingers:
        names = [f"{prefix}{finger}_{i}" for i in range(1, 5)]
        if finger != "thumb":
            parts.append(Flesh(root, joints[names[0]], 0.010 * size, palm))
        own = frozenset(spares) | frozenset(names) | {f"{prefix}root"}
        parts += [Flesh(joints[a], joints[b], 0.0068 * size, own) for a, b in pairwise(names)]
    return parts
