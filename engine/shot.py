"""A picture of bodies before it is drawn: who stands there, in what light, seen by whom; and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import numpy as np

from engine.camera import Camera
from engine.light import lights
from engine.skeleton import RGB

Quality = Literal["moving", "rest"]
largest_side = 4096  # px


class Mesh(Protocol):
    """What is drawn: vertices (V, 3) m, faces (F, 3), joints (55, 3) m of smplx55, colors (V, 3) uint8."""

    @property
    def vertices(self) -> np.ndarray: ...
    @property
    def faces(self) -> np.ndarray: ...
    @property
    def joints(self) -> np.ndarray: ...
    @property
    def colors(self) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Actor:
    """A figure on the stage: its mesh, how solid it is, 0 … 1 (below 1 a ghost), and a colour in place of its own."""

    mesh: Mesh
    opacity: float = 1.0
    color: RGB | None = None

    def __post_init__(self) -> None:
        vertices, faces, colors = (np.shape(getattr(self.mesh, n)) for n in ("vertices", "faces", "colors"))
        if len(vertices) != 2 or vertices[1] != 3 or len(faces) != 2 or faces[1] != 3 or colors != vertices:
            raise ValueError(f"expected vertices and colors (V, 3) and faces (F, 3), got {vertices}, {colors}, {faces}")
        if not np.isfinite(self.mesh.vertices).all():
            raise ValueError("expected finite vertices, got NaN or infinity")
        if len(self.mesh.faces) and not 0 <= np.min(self.mesh.faces) <= np.max(self.mesh.faces) < vertices[0]:
            raise ValueError(f"expected faces of vertices 0 … {vertices[0] - 1}, got {np.max(self.mesh.faces)}")
        if not 0 <= self.opacity <= 1:
            raise ValueError(f"expected an opacity from 0 to 1, got {self.opacity}")


@dataclass(frozen=True)
class Look:
    """How a picture is lit and what stands in it besides the figures.

    `light` by name (engine.light.lights), turned around the figure by `turn` degrees; `background` None is
    transparent, with the ground's shadow alone; `skeleton` draws the bones over the body.
    """

    light: str = "studio"
    ground: bool = True
    shadows: bool = True
    skeleton: bool = False
    background: RGB | None = None
    turn: float = 0.0

    def __post_init__(self) -> None:
        if self.light not in lights:
            raise ValueError(f"expected one of the lights {', '.join(lights)}, got {self.light!r}")


@dataclass(frozen=True)
class Shot:
    """One picture: who stands there, seen by which camera (its size is the picture's), in what look.

    `moving` is drawn fast, while something is dragged; `rest` has finer shadows and edges.
    """

    actors: tuple[Actor, ...]
    camera: Camera
    look: Look = field(default_factory=Look)
    quality: Quality = "rest"

    def __post_init__(self) -> None:
        width, height = self.camera.size
        if not (0 < width <= largest_side and 0 < height <= largest_side):
            raise ValueError(f"expected a picture of 1 to {largest_side} pixels a side, got {width} × {height}")


@dataclass(frozen=True, eq=False)
class Maps:
    """What a shot's solid figures are made of, pixel for pixel.

    Depth (H, W) float32 m along the camera's axis, inf for nothing; normal (H, W, 3) uint8, red to the right, green up,
    blue towards the viewer; mask and canny (H, W) uint8, 0 or 255.
    """

    depth: np.ndarray
    normal: np.ndarray
    mask: np.ndarray
    canny: np.ndarray


def around(shot: Shot, frames: int, degrees: float) -> list[Camera]:
    """The shot's camera in so many steps around the upright line through the figures' middle."""
    if frames < 1:
        raise ValueError(f"expected at least one frame, got {frames}")
    points = np.vstack([actor.mesh.vertices for actor in shot.actors]) if shot.actors else np.zeros((1, 3))
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    cameras = []
    for k in range(frames):
        turn = np.radians(degrees * k / frames)
        R = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
        turned = np.eye(4)
        turned[:3, :3], turned[:3, 3] = R, middle - R @ middle
        cameras.append(replace(shot.camera, T_camera_world=shot.camera.T_camera_world @ turned))
    return cameras
