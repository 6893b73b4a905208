"""Where figures stand and who looks at them: bodies put on the ground, a camera that frames them, the horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from engine import rotation
from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.skeleton import smplx55
from scripts.world.words import Recipe

Random = np.random.Generator
_at = smplx55.index
heights = {"eye level": (-4.0, 14.0), "low angle": (-30.0, -6.0), "high angle": (18.0, 66.0)}  # degrees above the aim
calm_heights = (-1.0, 9.0)
lowest_eye = 0.08  # metres above the ground
every = 23  # a vertex in so many tells how large a body is seen


@dataclass(frozen=True, eq=False)
class Standing:
    """A body on the ground: its pose, and the vertices (V, 3) and joints (55, 3) of its skin, world metres."""

    pose: BodyPose
    vertices: np.ndarray
    joints: np.ndarray


def stand(body: Body, recipe: Recipe, poses: Sequence[BodyPose], rng: Random) -> list[Standing]:
    """The poses turned about the vertical and put on the ground side by side; those who jump above it."""
    standing: list[Standing] = []
    middle, around = np.zeros(2), rng.uniform(0, 2 * np.pi)
    for number, (figure, pose) in enumerate(zip(recipe.figures, poses, strict=True)):
        pose = _turned(pose, rng.uniform(0, 2 * np.pi))
        vertices, joints = _skinned(body, pose)
        lift = rng.uniform(0.12, 0.5) if figure.stance == "jumping" else 0.0
        low, high = vertices.min(axis=0), vertices.max(axis=0)
        place = middle + (rng.uniform(0.0, 0.25, 2) if number else 0)
        by = np.array([place[0] - (low[0] + high[0]) / 2, lift - low[1], place[1] - (low[2] + high[2]) / 2])
        by32 = by.astype(np.float32)
        standing.append(Standing(pose.moved(by), vertices + by32, joints + by32))
        # The next stands a step away: near enough that some are partly behind others.
        around += rng.uniform(1.6, 2.9)
        middle = place + rng.uniform(0.55, 1.15) * np.array([np.cos(around), np.sin(around)])
    return standing


def _turned(pose: BodyPose, angle: float) -> BodyPose:
    turn = torch.tensor([[0.0, angle, 0.0], pose.root.tolist()], dtype=torch.float64)
    both = rotation.matrix(turn)
    return replace(pose, root=rotation.axis_angle(both[:1] @ both[1:])[0].numpy())


@torch.inference_mode()
def _skinned(body: Body, pose: BodyPose) -> tuple[np.ndarray, np.ndarray]:
    batch = body.poses(pose)
    return body.vertices(batch)[0].numpy(), body.joints(batch)[0].numpy()


def framed(recipe: Recipe, standing: Sequence[Standing], size: tuple[int, int], rng: Random) -> tuple[Camera, float]:
    """A camera that sees the figures as the recipe says: from that height, in that framing, a little off the middle.

    And the angle, rad, by which it is tilted to its side.
    """
    wanted, share = _aim(recipe, standing, rng)
    low, high = wanted.min(axis=0), wanted.max(axis=0)
    target = (low + high) / 2
    focal = size[1] / 2 / np.tan(np.radians(rng.uniform(14, 34)))
    up = np.radians(rng.uniform(*(calm_heights if recipe.calm else heights[recipe.angle])))
    # Backs are seen less often than fronts, for that is how people are drawn.
    front = _faces(standing[0].joints)
    turn = front + (rng.normal(0, 0.7) if recipe.calm or rng.random() < 0.7 else rng.uniform(-np.pi, np.pi))
    towards = np.array([np.sin(turn) * np.cos(up), np.sin(up), np.cos(turn) * np.cos(up)])
    away = 4.0
    for _ in range(4):
        eye = target + away * towards
        eye[1] = max(eye[1], lowest_eye)
        camera = Camera.looking_at(target, eye, size, focal)
        pixels = camera.project(wanted)
        spread = (pixels.max(axis=0) - pixels.min(axis=0)) / size
        away *= float(spread.max()) / share
        away = max(away, 0.9)
    eye = target + away * towards
    eye[1] = max(eye[1], lowest_eye)
    if recipe.calm:
        return Camera.looking_at(target, eye, size, focal), 0.0
    aim = target + rng.normal(0, 0.05, 3) * (high - low).max() / share
    roll = rng.normal(0, np.radians(3.5)) if rng.random() < 0.85 else rng.uniform(-0.4, 0.4)
    return _rolled(Camera.looking_at(aim, eye, size, focal), roll), float(roll)


def _aim(recipe: Recipe, standing: Sequence[Standing], rng: Random) -> tuple[np.ndarray, float]:
    """The points (N, 3) to be seen, and the share of the picture's side that they fill."""
    if recipe.framing == "full":
        share = rng.uniform(0.8, 0.92) if recipe.calm else rng.uniform(0.62, 0.97)
        return np.concatenate([one.vertices[::every] for one in standing]), share
    one = standing[int(rng.integers(len(standing)))]
    head, pelvis = one.joints[_at("head")], one.joints[_at("pelvis")]
    if recipe.framing == "half":
        # What is nearer to the head than the hips are, hands too where they are raised.
        near = np.linalg.norm(one.vertices - head, axis=1) < 1.05 * np.linalg.norm(pelvis - head)
        return one.vertices[near][::every], rng.uniform(0.85, 1.2)
    reach = rng.uniform(0.28, 0.5)
    middle = head if rng.random() < 0.6 else one.joints[int(rng.choice([_at("left_wrist"), _at("right_wrist")]))]
    near = np.linalg.norm(one.vertices - middle, axis=1) < reach
    return one.vertices[near][:: every // 4], rng.uniform(0.75, 1.0)


def _faces(joints: np.ndarray) -> float:
    """The direction a body faces, rad about the vertical from +z towards +x."""
    across = joints[_at("left_hip")] - joints[_at("right_hip")]
    return float(np.arctan2(-across[2], across[0]))


def _rolled(camera: Camera, angle: float) -> Camera:
    c, s = np.cos(angle), np.sin(angle)
    turn = np.eye(4)
    turn[:2, :2] = [[c, -s], [s, c]]
    return replace(camera, T_camera_world=turn @ camera.T_camera_world)


def horizon(camera: Camera) -> float:
    """The row at which the ground ends in the middle of the picture; above or below it when looking up or down."""
    forward = camera.T_camera_world[2, :3]
    pitch = np.arctan2(-forward[1], np.hypot(forward[0], forward[2]))
    return float(camera.center[1] - camera.focal * np.tan(np.clip(pitch, -1.45, 1.45)))
