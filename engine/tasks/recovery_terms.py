"""What recovery from keypoints looks at: where points were seen, how the camera sees a body, and what a fit pays for.

Searches run in the camera's own level frame, y up and z towards the camera, which is the origin; their results are
carried into the camera's world at the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.pose import Person, derived
from engine.rig import Rig, axis_angles, matrices
from engine.skeleton import Skeleton, openpose25

_level = np.diag((1.0, -1.0, -1.0))  # between the level frame's axes and the camera's
nearest = 0.05  # metres: what falls behind the camera must still have a slope


def camera_of(size: tuple[int, int]) -> Camera:
    """The camera of a picture (width, height) px of which nothing is known: as long a lens as the picture's diagonal.

    It stands in the origin, level, and looks along -z.
    """
    width, height = size
    T = np.eye(4)
    T[:3, :3] = _level
    return Camera(size, math.hypot(width, height), ((width - 1) / 2, (height - 1) / 2), T)


@dataclass(frozen=True, eq=False)
class Keypoints:
    """Named points seen in B pictures: `places` (B, N, 2) px, `trust` (B, N) 0 … 1, 0 where unseen, a camera each."""

    names: tuple[str, ...]
    places: Tensor
    trust: Tensor
    cameras: tuple[Camera, ...]

    def __post_init__(self) -> None:
        count = len(self.cameras)
        for name, end in (("places", (2,)), ("trust", ())):
            value = torch.as_tensor(getattr(self, name), dtype=torch.float32)
            if value.shape != (count, len(self.names), *end) or not count:
                raise ValueError(
                    f"expected {name} of shape {(count, len(self.names), *end)} for {count} cameras, "
                    f"got {tuple(value.shape)}"
                )
            if not torch.isfinite(value).all():
                raise ValueError(f"expected finite {name} of keypoints, got NaN or infinity")
            object.__setattr__(self, name, value)
        if self.trust.min() < 0 or self.trust.max() > 1:
            raise ValueError(f"expected trust within 0 … 1, got {self.trust.min():g} … {self.trust.max():g}")
        if not self.trust.any(1).all():
            raise ValueError("expected at least one keypoint to be seen in every picture, got a picture without")

    @classmethod
    def of(
        cls, people: Sequence[Person], cameras: Sequence[Camera], skeleton: Skeleton = openpose25
    ) -> Keypoints:  # fmt: skip
        """The figures' points by the names of a skeleton: neck and mid hip between others, trusted by their product."""
        if len(people) != len(cameras):
            raise ValueError(f"expected a camera for each of {len(people)} figures, got {len(cameras)}")
        seen = [[_seen(person, name) for name in skeleton.joints] for person in people]
        table = torch.tensor(seen, dtype=torch.float32).reshape(len(people), len(skeleton), 3)
        return cls(skeleton.joints, table[..., :2], table[..., 2], tuple(cameras))

    def rows(self, names: Sequence[str]) -> list[int]:
        """The places of names among the points; ValueError for one that is not there."""
        if unknown := [name for name in names if name not in self.names]:
            raise ValueError(f"expected keypoints among {', '.join(self.names[:4])} …, got {unknown[0]!r}")
        return [self.names.index(name) for name in names]

    def chosen(self, rows: Sequence[int]) -> Keypoints:
        """Some of the pictures, also more than once."""
        rows = list(rows)
        return Keypoints(self.names, self.places[rows], self.trust[rows], tuple(self.cameras[row] for row in rows))

    def trusted(self, factors: Tensor) -> Keypoints:
        """The same with each trust (B, N) or (N,) times a factor."""
        return replace(self, trust=self.trust * factors)

    def enlarged(self, tall: float) -> tuple[Keypoints, Tensor]:
        """The same pictures at a size where each figure's points span `tall` px; and by how much each grew, (B,)."""
        hidden = self.trust[..., None] <= 0
        low = self.places.masked_fill(hidden, math.inf).amin(1)
        high = self.places.masked_fill(hidden, -math.inf).amax(1)
        grown = tall / (high - low).amax(1).clamp_min(1.0)
        cameras = tuple(
            replace(camera, focal=camera.focal * by, center=(camera.center[0] * by, camera.center[1] * by))
            for camera, by in zip(self.cameras, grown.tolist(), strict=True)
        )
        return replace(self, places=self.places * grown[:, None, None], cameras=cameras), grown


def _seen(person: Person, name: str) -> tuple[float, float, float]:
    """Place and trust of a point of a figure, itself or between others."""
    for parts in ((name,), *derived.get(name, ())):
        if all(part in person.skeleton for part in parts):
            rows = [person.skeleton.index(part) for part in parts]
            there = all(person.states[row] != "missing" for row in rows)
            x, y = person.points[rows].mean(0)
            return float(x), float(y), float(np.clip(person.scores[rows], 0, 1).prod()) * there
    return 0.0, 0.0, 0.0


# ── the camera ──


@dataclass(frozen=True, eq=False)
class Lens:
    """Cameras as they see their level frames: `focal` and `center` (B, 1, 2) px."""

    focal: Tensor
    center: Tensor

    @classmethod
    def of(cls, cameras: Sequence[Camera]) -> Lens:
        focal = torch.tensor([[[-camera.focal, camera.focal]] for camera in cameras], dtype=torch.float32)
        return cls(focal, torch.tensor([[camera.center] for camera in cameras], dtype=torch.float32))

    @property
    def length(self) -> Tensor:
        """The focal lengths (B,), px."""
        return self.focal[:, 0, 1]

    def __call__(self, points: Tensor) -> Tensor:
        """Pixels (B, N, 2) of points (B, N, 3), metres in the level frames."""
        return points[..., :2] * self.focal / points[..., 2:].clamp_max(-nearest) + self.center

    def placed(self, pixels: Tensor, depth: Tensor) -> Tensor:
        """The points (B, 3) that are seen at pixels (B, 2) in a depth of (B,) metres."""
        across = (pixels - self.center[:, 0]) / self.focal[:, 0] * -depth[:, None]
        return torch.cat([across, -depth[:, None]], 1)


class Sight(NamedTuple):
    """Keypoints as a search reads them: `places` (B, N, 2) px and squared trusts (B, N) of points by name."""

    names: tuple[str, ...]
    lens: Lens
    places: Tensor
    trust: Tensor

    @classmethod
    def of(cls, keypoints: Keypoints, doubled: Sequence[str]) -> Sight:
        factors = torch.tensor([2.0 if name in doubled else 1.0 for name in keypoints.names])
        lens = Lens.of(keypoints.cameras)
        return cls(keypoints.names, lens, keypoints.places, (keypoints.trust * factors).square())

    def chosen(self, rows: Sequence[int]) -> Sight:
        """Some of the pictures, also more than once."""
        lens = Lens(self.lens.focal[rows], self.lens.center[rows])
        return Sight(self.names, lens, self.places[rows], self.trust[rows])

    def points(self, names: Sequence[str]) -> Sight:
        """Some of the points, those of the names that there are."""
        names = tuple(name for name in names if name in self.names)
        rows = [self.names.index(name) for name in names]
        return Sight(names, self.lens, self.places[:, rows], self.trust[:, rows])

    def rows(self, names: Sequence[str]) -> list[int]:
        """The places of names among the points."""
        return [self.names.index(name) for name in names if name in self.names]

    def off(self, points: Tensor) -> Tensor:
        """How far (B, N, 2) px points (B, N, 3) fall from where they were seen."""
        return self.lens(points) - self.places


# ── from frame to frame ──


def in_world(body: Body, pose: BodyPose, camera: Camera) -> BodyPose:
    """A body of the camera's level frame as it stands in the camera's world."""
    R = camera.T_camera_world[:3, :3].T @ _level
    eye = -camera.T_camera_world[:3, :3].T @ camera.T_camera_world[:3, 3]
    return _carried(body, pose, R, eye)


def in_level(body: Body, pose: BodyPose, camera: Camera) -> BodyPose:
    """A body of the camera's world in the camera's level frame."""
    return _carried(body, pose, _level @ camera.T_camera_world[:3, :3], _level @ camera.T_camera_world[:3, 3])


def _carried(body: Body, pose: BodyPose, R: np.ndarray, t: np.ndarray) -> BodyPose:
    """The body turned about the origin, then moved; its root turns about the pelvis of its own shape."""
    if np.allclose(R, np.eye(3), atol=1e-12) and not t.any():
        return pose
    pelvis = Rig.of(body, pose).rest[0]
    moved = R @ (pelvis + pose.translation) + t - pelvis
    return replace(pose, root=axis_angles(R @ matrices(pose.root)), translation=moved)


# ── what costs ──


def robust(squares: Tensor, outlier: float) -> Tensor:
    """Squared distances that grow less and less beyond `outlier` (Geman and McClure 1987): s² x² / (s² + x²)."""
    return squares * (outlier**2 / (outlier**2 + squares))


# Elbows and knees, the axis each bends about, and the way that it does not.
_bending = (("left_elbow", 1, 1.0), ("right_elbow", 1, -1.0), ("left_knee", 0, -1.0), ("right_knee", 0, -1.0))


class Bending:
    """What elbows and knees pay for bending the wrong way: the sum of exp(θ)², θ against the joint (SMPLify, eq. 5)."""

    def __init__(self, joints: Sequence[str]) -> None:
        """For turns (B, K, 3) of the joints named."""
        self.columns = torch.tensor([3 * joints.index(name) + axis for name, axis, _ in _bending])
        self.signs = torch.tensor([2 * sign for *_, sign in _bending])

    def __call__(self, turns: Tensor) -> Tensor:
        """The cost (B,)."""
        return (turns.flatten(1)[:, self.columns] * self.signs).exp().sum(1)
