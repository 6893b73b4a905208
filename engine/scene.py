"""What a piece of work in the studio is made of: the drawing, its pose, bodies, and pictures painted from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.body_pose import BodyPose, ByContent
from engine.camera import Camera
from engine.pose import Pose2D


@dataclass(frozen=True, eq=False)
class Reference(ByContent):
    """A picture laid under the pose to look at: image (H, W, 3) uint8, its place and scale.

    It is somebody else's, often: never part of an exported picture; the project file keeps it.
    """

    name: str
    image: np.ndarray
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    opacity: float = 0.5
    visible: bool = True


@dataclass(frozen=True)
class PaintRequest:
    """Everything that determines a painted picture."""

    prompt: str = ""
    negative: str = ""
    size: tuple[int, int] = (512, 512)
    seed: int = 0
    steps: int = 20
    guidance: float = 7.5
    pose_strength: float = 1.0
    pose_window: tuple[float, float] = (0.0, 1.0)
    encoding: str = "spctrl"
    model: str = "auto"


@dataclass(frozen=True, eq=False)
class Scene(ByContent):
    """One piece of work: the pose over its drawing (H, W, 3) uint8, with what was fitted to and asked of it."""

    pose: Pose2D
    photo: np.ndarray | None = None
    photo_opacity: float = 1.0
    references: tuple[Reference, ...] = ()
    camera: Camera | None = None
    request: PaintRequest | None = None

    @property
    def bodies(self) -> tuple[BodyPose, ...]:
        """The bodies of those figures that have one, from back to front."""
        return tuple(person.body for person in self.pose.people if person.body is not None)

    def __post_init__(self) -> None:
        if self.photo is not None and self.photo.shape[1::-1] != tuple(self.pose.size):
            raise ValueError(
                f"expected a photo of {self.pose.size} pixels like the pose, got {self.photo.shape[1::-1]}"
            )


@dataclass(frozen=True, eq=False)
class Picture(ByContent):
    """A painted picture (H, W, 3) uint8 with the request and pose it was made from, and how well it kept the pose."""

    image: np.ndarray
    request: PaintRequest
    pose: Pose2D
    score: float | None = None
