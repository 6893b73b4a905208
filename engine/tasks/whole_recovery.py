"""From keypoints of a whole body, hands and face, to the body in space, guided by a prior (DPoser-X, released code)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.body import Body
from engine.body_pose import BodyPose
from engine.progress import Progress
from engine.skeleton import face68, hand21, openpose25
from engine.tasks.figures import BodyPoints, seen_points
from engine.tasks.guides import Guide
from engine.tasks.recovery import Recovered, fitted_bodies, not_fitted, trunk, trunk_edges
from engine.tasks.recovery_fit import Placing, Recovery, Stage
from engine.tasks.recovery_terms import Keypoints

_hands = {side: tuple(f"{side}_hand_{joint}" for joint in hand21.joints) for side in ("left", "right")}
# What is looked for: 135 points, of a body, two hands and a face whose contour comes first.
names = (*openpose25.joints, *_hands["left"], *_hands["right"], *face68.joints)
_prior = (50, 20, 10, 5, 2)
published = Recovery(
    placing=(Placing(50, 0.0, 0.1), Placing(100, 0.01, 0.01)),
    stages=tuple(
        Stage(prior=weight, shape=weight, bend=weight, hands=hands, face=face)
        for weight, hands, face in zip(_prior, (0, 0, 0, 0.2, 0.5), (0, 0, 0, 0, 0.2), strict=True)
    ),
    trunk=trunk,
    edges=trunk_edges,
    ignored=not_fitted,
    groups=(
        ("left_hand_root", _hands["left"]),
        ("right_hand_root", _hands["right"]),
        ("face_jaw_1", face68.joints),  # as released; the paper says the mouth
    ),
    relative=5.0,
)
# This project's: figures of every size alike, seen from all sides; the face's contour, which slides, is left out.
sturdy = replace(
    published, facings=8, tall=1000.0, flip=100.0, ignored=(*not_fitted, *face68.joints[:17]),
    groups=(*published.groups[:2], ("face_nose_4", face68.joints)),
)  # fmt: skip


def recovered_whole(
    body: Body, keypoints: Keypoints, guide: Guide, settings: Recovery = published,
    start: Sequence[BodyPose] | None = None, seed: int = 0, progress: Progress | None = None,
) -> Recovered:  # fmt: skip
    """The bodies with hands, jaw and expression that the keypoints, those of `names` or some of them, show.

    The guide is of whole bodies, 256 numbers. `start`, one for each picture in its camera's world, is where to begin;
    without it figures begin standing with flat hands, facing the camera.
    """
    points = BodyPoints(body, seen_points(keypoints.names), whole=True)
    return fitted_bodies(points, keypoints, guide, settings, start, seed, progress)
