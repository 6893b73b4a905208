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


@dataclass(frozen=True, eq=False)
class PaintRequest(ByContent):
    """Everything that determines a painted picture but its pose.

    `size` (width, height) px; `guidance` is how strictly the prompt is followed (1: as it comes), `pose_strength` how
    strictly the pose, during the part `pose_window` of the work, shares of it from first to last step. `encoding` is
    how the pose is told (`auto`, `spctrl`, `openpose`); `fit` lays it into the picture: `whole` keeps its proportions,
    `squash` fills the picture as SP-Ctrl's authors do. With `words` the prompt names the drawn joints, during
    `words_window`, but for the `silent` ones. A `photo` (H, W, 3) uint8 is painted over, `change` 0 … 1 of it; with a
    `mask` (H, W) uint8 only where that is 255. Both travel as pictures, never in a document.
    """

    prompt: str = ""
    negative: str = ""
    size: tuple[int, int] = (512, 512)
    seed: int = 0
    count: int = 1
    steps: int = 20
    guidance: float = 7.5
    pose_strength: float = 1.0
    pose_window: tuple[float, float] = (0.0, 1.0)
    encoding: str = "auto"
    model: str = "auto"
    fit: str = "whole"
    words: bool = True
    silent: tuple[str, ...] = ()
    words_window: tuple[float, float] = (0.0, 1.0)
    change: float = 0.75
    photo: np.ndarray | None = None
    mask: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Verdict(ByContent):
    """How well a picture kept its pose: the pose found in it, OKS and PCK 0 … 1, and the joints that drifted.

    `drifted` has one tuple of joints for each figure asked for; `estimator` is who looked.
    """

    found: Pose2D
    oks: float
    pck: float
    drifted: tuple[tuple[str, ...], ...]
    estimator: str


@dataclass(frozen=True, eq=False)
class Picture(ByContent):
    """A painted picture (H, W, 3) uint8: the request of this one alone, and its pose in the picture's own pixels.

    `model` and `control` name what painted it, `verdict` how well it kept the pose, once somebody looked.
    """

    image: np.ndarray
    request: PaintRequest
    pose: Pose2D
    model: str = ""
    control: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True, eq=False)
class Scene(ByContent):
    """One piece of work: the pose over its drawing (H, W, 3) uint8, what was fitted to it, asked of it and painted."""

    pose: Pose2D
    photo: np.ndarray | None = None
    photo_opacity: float = 1.0
    references: tuple[Reference, ...] = ()
    camera: Camera | None = None
    request: PaintRequest | None = None
    pictures: tuple[Picture, ...] = ()

    @property
    def bodies(self) -> tuple[BodyPose, ...]:
        """The bodies of those figures that have one, from back to front."""
        return tuple(person.body for person in self.pose.people if person.body is not None)

    def __post_init__(self) -> None:
        if self.photo is not None and self.photo.shape[1::-1] != tuple(self.pose.size):
            raise ValueError(
                f"expected a photo of {self.pose.size} pixels like the pose, got {self.photo.shape[1::-1]}"
            )
