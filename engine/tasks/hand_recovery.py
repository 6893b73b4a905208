"""From keypoints of a hand in a picture to the hand in space, guided by a prior (DPoser-X, released code)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.progress import Progress
from engine.skeleton import fingers, hand21
from engine.tasks.figures import Figure, HandPoints, held_at
from engine.tasks.guides import Guide
from engine.tasks.recovery_fit import Fit, Placing, Recovery, Stage
from engine.tasks.recovery_terms import Keypoints, in_world

Side = Literal["left", "right"]
_knuckles = tuple(f"{finger}_{2 if finger == 'thumb' else 1}" for finger in fingers)
palm = ("root", "thumb_1", *_knuckles[1:])
_still = (0.05, 0.05, 0.05, 0.0)
published = Recovery(
    placing=(Placing(50, 0.0, 0.1), Placing(100, 0.05, 0.01)),
    stages=(
        Stage(prior=30, shape=50, rates=_still),
        Stage(prior=10, shape=20, rates=_still),
        Stage(prior=10, shape=10, rates=_still),
        Stage(prior=5, shape=5, rates=_still),
        Stage(prior=5, shape=5, rates=(0.01, 0.05, 0.05, 0.01)),
    ),
    trunk=palm,
    edges=tuple(("root", name) for name in palm[1:]),
    doubled=("root",),
    groups=(("root", hand21.joints),),
    absolute=0.8,
    relative=0.2,
    facings=8,
    tumbled=True,  # in place of a mean orientation that comes with licensed data
)
# This project's: hands of every size alike.
sturdy = replace(published, tall=400.0)


@dataclass(frozen=True, eq=False)
class RecoveredHands:
    """Hands (B, 45) of a side, axis-angle rad, flat ones zero; `poses` are bodies that have them, all else straight,
    in their cameras' worlds; what each fit came to, `loss` (B,), and `error` (B,), px."""

    hands: np.ndarray
    poses: tuple[BodyPose, ...]
    cameras: tuple[Camera, ...]
    loss: np.ndarray
    error: np.ndarray


def recovered_hands(
    body: Body, keypoints: Keypoints, guide: Guide, settings: Recovery = published, side: Side = "right",
    hands: Tensor | None = None, seed: int = 0, progress: Progress | None = None,
) -> RecoveredHands:  # fmt: skip
    """The hands of a `side` that the keypoints, hand21's in its order, show.

    `hands` (B, 45), in the right hand's form, is where to begin, by default from the body's relaxed hand. A left hand
    is looked at in a mirror.
    """
    if keypoints.names != hand21.joints:
        raise ValueError(f"expected the keypoints of hand21 in its order, got {len(keypoints.names)} others")
    if side == "left":
        keypoints = _mirrored(keypoints)
    points = HandPoints(body)
    count = len(keypoints.cameras)
    if hands is None:
        hands = torch.from_numpy(body.hand_mean[1]).float().flatten().repeat(count, 1)
    if hands.shape != (count, 45):
        raise ValueError(f"expected hands to begin with of shape ({count}, 45), got {tuple(hands.shape)}")
    nothing = torch.zeros(count, 0)
    first = Figure(
        torch.zeros(count, 3), hands.clone(), torch.zeros(count, points.betas), nothing, torch.zeros(count, 3)
    )
    found, loss, error = Fit(points, keypoints, guide, settings, seed, progress).run(first, posed=False)
    poses = [_body(body, found, row, keypoints.cameras[row], side) for row in range(count)]
    turns = torch.from_numpy(np.stack([pose.hands[("left", "right").index(side)] for pose in poses]))
    return RecoveredHands(turns.flatten(1).numpy(), tuple(poses), keypoints.cameras, loss.numpy(), error.numpy())


def _mirrored(keypoints: Keypoints) -> Keypoints:
    """The same pictures in a mirror through the cameras' middle, where left hands are right ones."""
    middle = torch.tensor([camera.center[0] for camera in keypoints.cameras])
    places = keypoints.places.clone()
    places[..., 0] = 2 * middle[:, None] - places[..., 0]
    return replace(keypoints, places=places)


def _body(body: Body, found: Figure, row: int, camera: Camera, side: Side) -> BodyPose:
    """A straight body whose hand is the one found: its root turns as the hand does, and its wrist is where that is."""
    root, hand, betas, _, wrist = (part[row].double().numpy() for part in found)
    hand, mirror = hand.reshape(15, 3), np.array([1.0, -1.0, -1.0])
    if side == "left":
        root, hand, wrist = root * mirror, hand * mirror, wrist * -mirror
    hands = np.zeros((2, 15, 3))
    hands[("left", "right").index(side)] = hand
    pose = held_at(body, BodyPose(root=root, hands=hands, betas=betas), f"{side}_wrist", wrist)
    return in_world(body, pose, camera)
