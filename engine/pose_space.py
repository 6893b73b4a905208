"""Poses in space, many at once, compared with one: whichever way they face, or by parts as these hang on the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.body_pose import BodyPose
from engine.point_rig import PointRig
from engine.posing import parts
from engine.rig import axis_angles, joints, matrices, place_of
from engine.skeleton import smplx55

_yaws = np.radians(np.arange(0, 360, 15))
_pitches = np.radians((-25, 0, 25))
_turn_worth = 0.08  # metres that a radian counts
_carrier = {"trunk": "pelvis", "head": "spine3", "left_arm": "spine3", "right_arm": "spine3", "left_leg": "pelvis",
            "right_leg": "pelvis", "left_hand": "left_wrist", "right_hand": "right_wrist"}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Space:
    """Poses (E) of the plain body: `local` and `world` turns (E, 55, 3, 3), `places` (E, 55, 3) and `points`
    (E, N, 3) in metres from the pelvis."""

    local: np.ndarray
    world: np.ndarray
    places: np.ndarray
    points: np.ndarray

    @classmethod
    def of(cls, rig: PointRig, poses: Sequence[BodyPose]) -> Space:
        count = len(poses)
        local = matrices(np.array([pose.axis_angles for pose in poses]).reshape(count, len(joints), 3))
        placed = rig.placed(local, np.zeros((count, rig.betas)), np.zeros((count, 3)))
        pelvis = placed.joints[:, :1]
        return cls(local, placed.world, placed.joints - pelvis, placed.points - pelvis)

    def mirrored(self) -> Space:
        """All of them as a mirror shows them; `points` are left as they are."""
        swap, over = smplx55.swap, np.array((-1.0, 1.0, 1.0))
        across = over[:, None] * over
        return Space(self.local[:, swap] * across, self.world[:, swap] * across, self.places[:, swap] * over,
                      self.points)  # fmt: skip

    def distance(self, one: Space, chosen: tuple[str, ...]) -> np.ndarray:
        """How far (E,) the poses are from one, metres: as they stand, or by the chosen parts as these hang on it."""
        if not chosen:
            body = np.arange(22)
            off = _apart_facing(self.places[:, body], one.places[0, body]) ** 2
            turn = _turned(self.local[:, body[1:]], one.local[0, body[1:]])
            return np.sqrt(off + (_turn_worth * turn) ** 2)
        found = []
        for part in chosen:
            rows, carrier = [place_of[name] for name in parts[part]], place_of[_carrier[part]]
            mine, its = (
                (space.places[:, rows] - space.places[:, [carrier]]) @ space.world[:, carrier] for space in (self, one)
            )
            worth = 0.5 if part.endswith("hand") else 1.0
            off = np.square(mine - its).sum(-1).mean(-1)
            found.append(off + (worth * _turn_worth * _turned(self.local[:, rows], one.local[0, rows])) ** 2)
            if part.endswith("hand"):
                found[-1] *= 9.0  # a hand is small: what counts is a third as far
        return np.sqrt(np.mean(found, axis=0))


def _turned(turns: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Root mean square angle (E,) between turns (E, K, 3, 3) and a goal (K, 3, 3), rad."""
    return np.sqrt(np.square(axis_angles(np.swapaxes(turns, -1, -2) @ goal)).sum(-1).mean(-1))


def _apart_facing(places: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Root mean square distance (E,) of places (E, K, 3) from a goal (K, 3), metres, turned to face the same way."""
    flat, aim = places[..., 0] + 1j * places[..., 2], goal[:, 0] + 1j * goal[:, 2]
    together = np.abs(flat.conj() @ aim) + places[..., 1] @ goal[:, 1]
    squares = np.square(places).sum((1, 2)) + np.square(goal).sum() - 2 * together
    return np.sqrt(np.maximum(squares, 0.0) / len(goal))


def all_around(points: np.ndarray) -> np.ndarray:
    """Points (E, N, 3) as cameras on all sides see them from afar, (E, V, N) complex, y downwards."""
    x, y, z = (points[..., None, :, axis] for axis in range(3))
    yaw, pitch = (angle.reshape(-1, 1) for angle in np.meshgrid(_yaws, _pitches))
    across, depth = np.cos(yaw) * x + np.sin(yaw) * z, np.cos(yaw) * z - np.sin(yaw) * x
    return across - 1j * (np.cos(pitch) * y - np.sin(pitch) * depth)
