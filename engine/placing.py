"""Where a body stands before a camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera

tall = 0.8  # how much of the picture a figure fills
around = np.array((0.15, 0.3, 0.0))  # metres of flesh and hair beyond the joints


def placed(body: Body, pose: BodyPose, camera: Camera, taken: tuple[BodyPose, ...] = ()) -> BodyPose:
    """The body put before a camera: whole, in the middle of its picture, or beside the figures that stand there.

    It stands as deep as the nearest of those, so that all are of a size.
    """
    joints = _joints(body, pose)
    middle, extent = _middle(joints), np.ptp(joints, axis=0)
    room = min(camera.size[1] / max(extent[1], 0.3), camera.size[0] / max(extent[0], 0.3))
    depth = camera.focal / (tall * room) + extent[2] / 2  # what comes nearest the lens is to fit as well
    at = 0.0
    places = [camera.in_camera(_middle(_joints(body, one))) for one in taken]
    places = [place for place in places if place[2] > 0]  # who stands behind the camera is not seen
    if places:
        depth = min(place[2] for place in places)
        at = max(place[0] for place in places) + max(0.7, extent[0])
    T = camera.T_camera_world
    goal = T[:3, :3].T @ (np.array((at, 0.0, depth)) - T[:3, 3])
    return replace(pose, translation=pose.translation + goal - middle)


def framed(body: Body, poses: Sequence[BodyPose], camera: Camera) -> Camera:
    """The camera, keeping its lens and direction, moved so that all bodies are in its picture."""
    joints = np.concatenate([_joints(body, pose) for pose in poses])
    local = joints @ camera.T_camera_world[:3, :3].T
    low, high = local.min(0), local.max(0)
    extent = np.maximum(high - low + around, 0.3)
    depth = camera.focal / (0.9 * min(camera.size[0] / extent[0], camera.size[1] / extent[1]))
    T = camera.T_camera_world.copy()
    T[:3, 3] = np.array((0.0, 0.0, depth + extent[2] / 2)) - (low + high) / 2
    return replace(camera, T_camera_world=T)


def _joints(body: Body, pose: BodyPose) -> np.ndarray:
    return body.joints(body.poses(pose))[0].double().numpy()


def _middle(places: np.ndarray) -> np.ndarray:
    return (places.min(0) + places.max(0)) / 2
