"""From keypoints in a picture to a body in space, guided by a prior (DPoser-X, section 4.4; SMPLify, Bogo et al. 2016).

Keypoints, a batch at once → placed: root and translation by the trunk → fitted: turns and shape, in stages that trust
the prior less and less → body poses, each in its camera's world. Only the points that the loss reads are computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.progress import Progress
from engine.tasks.figures import BodyPoints, seen_points
from engine.tasks.guides import Guide
from engine.tasks.recovery_fit import Fit, Placing, Recovery, Stage
from engine.tasks.recovery_terms import Keypoints, in_level, in_world

trunk = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
trunk_edges = (("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"))
not_fitted = ("neck", "left_hip", "right_hip")  # marked by hand elsewhere than SMPL-X's joints are
published = Recovery(
    placing=(Placing(100, 0.01, 0.01),),
    stages=tuple(
        Stage(prior=both, shape=both, bend=bend)
        for both, bend in zip((50, 20, 10, 5, 2), (150, 50, 30, 15, 5), strict=True)
    ),
    trunk=trunk,
    edges=trunk_edges,
    ignored=not_fitted,
)
# This project's: figures of every size alike, seen from behind and from the side as well.
sturdy = replace(published, facings=8, tall=1000.0, flip=100.0)


@dataclass(frozen=True, eq=False)
class Recovered:
    """Bodies in their cameras' worlds; what each fit came to, `loss` (B,), and `error` (B,), px: the mean distance of
    the keypoints, by their trust."""

    poses: tuple[BodyPose, ...]
    cameras: tuple[Camera, ...]
    loss: np.ndarray
    error: np.ndarray


def recovered(
    body: Body, keypoints: Keypoints, guide: Guide, settings: Recovery = published,
    start: Sequence[BodyPose] | None = None, seed: int = 0, progress: Progress | None = None,
) -> Recovered:  # fmt: skip
    """The bodies that the keypoints, those of `openpose25` or some of them, show.

    `start`, one for each picture in its camera's world, is where to begin; without it figures begin standing, facing
    the camera. ValueError where a picture shows too little to place a body.
    """
    points = BodyPoints(body, seen_points(keypoints.names))
    return fitted_bodies(points, keypoints, guide, settings, start, seed, progress)


def fitted_bodies(
    points: BodyPoints, keypoints: Keypoints, guide: Guide, settings: Recovery,
    start: Sequence[BodyPose] | None, seed: int, progress: Progress | None,
) -> Recovered:  # fmt: skip
    """Bodies of `points` on the keypoints of those names: what body and whole-body recovery share."""
    if start is not None and len(start) != len(keypoints.cameras):
        raise ValueError(
            f"expected a body to start from for each of {len(keypoints.cameras)} pictures, got {len(start)}"
        )
    body, cameras = points.body, keypoints.cameras
    if start is None:
        first = [bent if wide else standing for wide in _wide(keypoints, settings.wide)]
    else:
        first = [in_level(body, pose, camera) for pose, camera in zip(start, cameras, strict=True)]
    search = Fit(points, keypoints, guide, settings, seed, progress)
    found, loss, error = search.run(points.figure(first), posed=start is not None)
    poses = points.poses(found, first)
    return Recovered(
        tuple(in_world(body, pose, camera) for pose, camera in zip(poses, cameras, strict=True)),
        cameras, loss.numpy(), error.numpy(),
    )  # fmt: skip


def _wide(keypoints: Keypoints, most: float) -> list[bool]:
    """Which figures' boxes are wider than so many of their heights."""
    hidden = keypoints.trust[..., None] <= 0
    low, high = (
        keypoints.places.masked_fill(hidden, math.inf).amin(1),
        keypoints.places.masked_fill(hidden, -math.inf).amax(1),
    )
    return [bool(w > most * h) for w, h in (high - low).tolist()]


standing = BodyPose().with_joint("left_shoulder", (0, 0, -1.0)).with_joint("right_shoulder", (0, 0, 1.0))
bent = standing
for _side in ("left", "right"):
    bent = bent.with_joint(f"{_side}_hip", (-1.4, 0, 0)).with_joint(f"{_side}_knee", (1.5, 0, 0))
