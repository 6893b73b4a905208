"""What a piece of work in the studio is made of: the drawing, its pose, bodies, and pictures painted from it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from engine.camera import Camera
from engine.pose import Pose2D


class _ByContent:
    """Equality field by field, arrays by content."""

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]

    __hash__ = None  # type: ignore[assignment]


def _same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.array_equal(a, b)
    return a == b


# (field, shape): axis-angle in radians but for betas, expression and the translation in metres.
body_shapes: dict[str, tuple[int, ...]] = {
    "root": (3,), "body": (21, 3), "hands": (2, 15, 3), "jaw": (3,), "eyes": (2, 3), "translation": (3,),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class BodyPose(_ByContent):
    """A body in space, as SMPL-X counts it: axis-angle rad (flat hands are zero), betas, expression, metres."""

    root: np.ndarray = field(default_factory=lambda: np.zeros(3))
    body: np.ndarray = field(default_factory=lambda: np.zeros((21, 3)))
    hands: np.ndarray = field(default_factory=lambda: np.zeros((2, 15, 3)))
    jaw: np.ndarray = field(default_factory=lambda: np.zeros(3))
    eyes: np.ndarray = field(default_factory=lambda: np.zeros((2, 3)))
    betas: np.ndarray = field(default_factory=lambda: np.zeros(10))
    expression: np.ndarray = field(default_factory=lambda: np.zeros(10))
    translation: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def __post_init__(self) -> None:
        for f in fields(self):
            array = np.array(getattr(self, f.name), dtype=float)
            expected = body_shapes.get(f.name)
            if (expected and array.shape != expected) or array.ndim == 0 or not np.isfinite(array).all():
                raise ValueError(f"expected finite {f.name} of shape {expected or '(n,)'}, got {array.shape}")
            array.flags.writeable = False
            object.__setattr__(self, f.name, array)

    def moved(self, by: tuple[float, float, float]) -> BodyPose:
        """The body carried by (x, y, z) metres."""
        return replace(self, translation=self.translation + np.asarray(by, dtype=float))


@dataclass(frozen=True, eq=False)
class Reference(_ByContent):
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
class Scene(_ByContent):
    """One piece of work: the pose over its drawing (H, W, 3) uint8, with what was fitted to and asked of it."""

    pose: Pose2D
    photo: np.ndarray | None = None
    photo_opacity: float = 1.0
    references: tuple[Reference, ...] = ()
    bodies: tuple[BodyPose, ...] = ()
    camera: Camera | None = None
    request: PaintRequest | None = None

    def __post_init__(self) -> None:
        if self.photo is not None and self.photo.shape[1::-1] != tuple(self.pose.size):
            raise ValueError(
                f"expected a photo of {self.pose.size} pixels like the pose, got {self.photo.shape[1::-1]}"
            )


@dataclass(frozen=True, eq=False)
class Picture(_ByContent):
    """A painted picture (H, W, 3) uint8 with the request and pose it was made from, and how well it kept the pose."""

    image: np.ndarray
    request: PaintRequest
    pose: Pose2D
    score: float | None = None
