"""The bones of one body: where its joints stand at rest, and where a pose puts them.

Plain numpy, for one figure at a time. Rotations act on columns; `world` rotations take a joint's own axes to the
world's. At rest all axes are the world's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from engine.body_pose import BodyPose
from engine.skeleton import smplx55

joints = smplx55.joints
place_of = {name: n for n, name in enumerate(joints)}
_parent_names = dict(smplx55.parents)
parents = tuple(place_of[_parent_names[name]] if name in _parent_names else -1 for name in joints)


def _ancestry() -> tuple[tuple[int, ...], ...]:
    """Each joint with all that carry it, from itself to the pelvis."""
    lines: list[tuple[int, ...]] = []
    for n, parent in enumerate(parents):
        lines.append((n, *lines[parent]) if parent >= 0 else (n,))
    return tuple(lines)


carriers = _ancestry()
_levels = tuple(
    np.array([n for n in range(len(joints)) if len(carriers[n]) == depth])
    for depth in range(2, 1 + max(len(line) for line in carriers))
)
_above = tuple(np.array([parents[n] for n in level]) for level in _levels)


def joint_number(name: str) -> int:
    """The place of a joint in smplx55; ValueError for a name that is none of its joints."""
    if name not in place_of:
        raise ValueError(f"expected a joint of smplx55, such as left_wrist, got {name!r}")
    return place_of[name]


class Jointed(Protocol):
    """A body that says where the joints (B, 55, 3) of poses are, metres: engine.body's, which this layer is below."""

    def poses(self, *poses: BodyPose) -> Any: ...

    def joints(self, poses: Any) -> Any: ...


@dataclass(frozen=True, eq=False)
class Rig:
    """The joints of a body of one shape at rest: places (55, 3) in metres, before any turn or translation."""

    rest: np.ndarray

    @classmethod
    def of(cls, body: Jointed | Rig, pose: BodyPose) -> Rig:
        """The rig of a body with the shape and expression of `pose`; a rig is its own."""
        if isinstance(body, Rig):
            return body
        still = np.zeros((len(joints), 3))
        there = body.joints(body.poses(replace(pose.with_axis_angles(still), translation=np.zeros(3))))
        return cls(there.detach().cpu()[0].double().numpy())

    def stance(self, pose: BodyPose) -> Stance:
        """The rig in a pose."""
        return Stance(self, matrices(pose.axis_angles), pose.translation)


class Stance:
    """A rig being posed: `local` (55, 3, 3) and `world` rotations, `places` (55, 3) and `translation` (3,), metres.

    The one value here that changes: solvers turn its joints in place and read it off at the end.
    """

    def __init__(self, rig: Rig, local: np.ndarray, translation: np.ndarray) -> None:
        self.rig = rig
        self.translation = np.array(translation, dtype=float)
        # Each joint in what carries it, and in the world, as one matrix; the values of this class look into them.
        self._steps, self._chains = np.tile(np.eye(4), (2, len(joints), 1, 1))
        self._steps[1:, :3, 3] = rig.rest[1:] - rig.rest[list(parents[1:])]
        self.local, self.world, self.places = self._steps[:, :3, :3], self._chains[:, :3, :3], self._chains[:, :3, 3]
        self.local[:] = local
        self.carry()

    def copy(self) -> Stance:
        """Another stance, the same for now."""
        return Stance(self.rig, self.local, self.translation)

    def carry(self) -> None:
        """Bring world rotations and places up to date: each level of joints from the one above."""
        steps, chains = self._steps, self._chains
        chains[0, :3, :3], chains[0, :3, 3] = steps[0, :3, :3], self.rig.rest[0] + self.translation
        for level, above in zip(_levels, _above, strict=True):
            chains[level] = chains[above] @ steps[level]

    def above(self, joint: int) -> np.ndarray:
        """The world rotation (3, 3) of what carries a joint."""
        return self.world[parents[joint]] if parents[joint] >= 0 else np.eye(3)

    def facing(self, joint: int, world: np.ndarray) -> np.ndarray:
        """The local rotation (3, 3) that would give a joint this world rotation."""
        return self.above(joint).T @ world

    def posed(self, pose: BodyPose) -> BodyPose:
        """`pose` with the turns and the place of this stance; joints that did not turn keep their numbers exactly."""
        before = pose.axis_angles
        still = np.abs(matrices(before) - self.local).max(axis=(1, 2)) < 1e-12
        turns = np.where(still[:, None], before, axis_angles(self.local))
        return replace(pose.with_axis_angles(turns), translation=self.translation)


# ── rotations of one figure ──


def matrices(turns: np.ndarray) -> np.ndarray:
    """Rotations (..., 3, 3) of axis-angles (..., 3): Rodrigues' formula."""
    turns = np.asarray(turns, dtype=float)
    angles = np.sqrt((turns * turns).sum(-1))[..., None, None]
    safe = np.where(angles > 1e-8, angles, 1.0)
    first = np.where(angles > 1e-8, np.sin(safe) / safe, 1.0)
    second = np.where(angles > 1e-8, 2 * (np.sin(safe / 2) / safe) ** 2, 0.5)
    skew = crossing(turns)
    return np.eye(3) + first * skew + second * (skew @ skew)


def crossing(vectors: np.ndarray) -> np.ndarray:
    """Matrices (..., 3, 3) that take the cross product of vectors (..., 3) with what follows."""
    skew = np.zeros((*vectors.shape[:-1], 3, 3))
    skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0] = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return skew - np.swapaxes(skew, -1, -2)


def axis_angles(rotations: np.ndarray) -> np.ndarray:
    """Axis-angles (..., 3) of at most half a turn of rotations (..., 3, 3), by way of their quaternions."""
    m = np.asarray(rotations, dtype=float)
    a, e, i = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    x, y, z = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 1, 0] + m[..., 0, 1], m[..., 2, 0] + m[..., 0, 2], m[..., 2, 1] + m[..., 1, 2]
    rows = np.stack(
        [1 + a + e + i, x, y, z, x, 1 + a - e - i, xy, xz, y, xy, 1 - a + e - i, yz, z, xz, yz, 1 - a - e + i], axis=-1
    ).reshape(*m.shape[:-2], 4, 4)
    best = np.argmax(np.diagonal(rows, axis1=-2, axis2=-1), axis=-1)
    q = np.take_along_axis(rows, best[..., None, None], axis=-2)[..., 0, :]
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., :1])
    return q[..., 1:] * np.where(sine > 1e-9, angle / np.where(sine > 1e-9, sine, 1.0), 2.0)


def about(axis: np.ndarray, angle: float) -> np.ndarray:
    """The rotation (3, 3) by an angle (rad) about a unit axis (3,)."""
    x, y, z = axis.tolist()
    s, c = math.sin(angle), math.cos(angle)
    t = 2 * math.sin(angle / 2) ** 2
    return np.array(
        [
            [c + t * x * x, t * x * y - s * z, t * x * z + s * y],
            [t * x * y + s * z, c + t * y * y, t * y * z - s * x],
            [t * x * z - s * y, t * y * z + s * x, c + t * z * z],
        ]
    )


def turning(vector: np.ndarray) -> np.ndarray:
    """The rotation (3, 3) of one axis-angle (3,)."""
    angle = math.sqrt(vector @ vector)
    return about(vector / angle, angle) if angle > 1e-12 else np.eye(3)


def quaternion(rotation: np.ndarray) -> tuple[float, float, float, float]:
    """The unit quaternion w ≥ 0, x, y, z of one rotation (3, 3), from its largest row (Shepperd 1978)."""
    (a, b, c), (d, e, f), (g, h, i) = rotation.tolist()
    rows = (
        (1 + a + e + i, h - f, c - g, d - b),
        (h - f, 1 + a - e - i, d + b, c + g),
        (c - g, d + b, 1 - a + e - i, h + f),
        (d - b, c + g, h + f, 1 - a - e + i),
    )
    row = max(range(4), key=lambda n: rows[n][n])
    w, x, y, z = rows[row]
    size = math.copysign(math.sqrt(w * w + x * x + y * y + z * z), w)
    return w / size, x / size, y / size, z / size


def twist_about(rotation: np.ndarray, axis: np.ndarray) -> float:
    """How far a rotation (3, 3) turns about a unit axis (3,), rad within ± π: the rest turns across it."""
    w, *vector = quaternion(rotation)
    return 2 * math.atan2(float(np.array(vector) @ axis), w)


def between(a: np.ndarray, b: np.ndarray, spare: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) from direction a (3,) to b (3,); about the axis `spare` where they are opposite."""
    a, b = unit(a), unit(b)
    axis, cosine = crossing(a) @ b, float(a @ b)
    sine = math.sqrt(axis @ axis)
    if sine < 1e-9:
        return np.eye(3) if cosine > 0 else about(unit(spare - a * (a @ spare)), math.pi)
    return about(axis / sine, math.atan2(sine, cosine))


def unit(vector: np.ndarray) -> np.ndarray:
    """The vector (3,) at length 1."""
    return vector / max(math.sqrt(vector @ vector), 1e-12)
