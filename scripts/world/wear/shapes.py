"""Plain bodies to build things of: tubes, lathed shapes, boxes, in any frame, with a colour and a material each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scripts.world.layers import Solid, materials
from scripts.world.words import Color


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of a thing: vertices (V, 3) metres, faces (F, 3), the name of its colour, its material."""

    vertices: np.ndarray
    faces: np.ndarray
    dye: str
    material: str = "prop"

    def at(self, matrix: np.ndarray, place: np.ndarray) -> Part:
        """Turned by a matrix (3, 3) whose columns are the new axes, and carried to a place."""
        return Part((self.vertices @ matrix.T + place).astype(np.float32), self.faces, self.dye, self.material)


@dataclass(frozen=True, eq=False)
class Thing:
    """Parts in one array: vertices (V, 3) f32 in the thing's own frame, faces (F, 3) i32, materials (F,) uint8, dyes
    by name and the dye (V,) of each vertex."""

    vertices: np.ndarray
    faces: np.ndarray
    material: np.ndarray
    dyes: tuple[str, ...]
    dye: np.ndarray

    @classmethod
    def of(cls, parts: Sequence[Part]) -> Thing:
        dyes = tuple(dict.fromkeys(part.dye for part in parts))
        starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
        return cls(
            np.concatenate([part.vertices for part in parts]).astype(np.float32),
            np.concatenate([part.faces + n for part, n in zip(parts, starts, strict=False)]).astype(np.int32),
            np.concatenate([np.full(len(part.faces), materials[part.material], np.uint8) for part in parts]),
            dyes,
            np.concatenate([np.full(len(part.vertices), dyes.index(part.dye)) for part in parts]),
        )

    def solid(self, matrix: np.ndarray, place: np.ndarray, dye: dict[str, Color], figure: int = 1) -> Solid:
        """The thing in the world: its axes are the columns of `matrix` (3, 3), scale and all, its origin at `place`."""
        colors = np.array([dye[name] for name in self.dyes], np.uint8)[self.dye]
        vertices = (self.vertices @ np.asarray(matrix, np.float32).T + place).astype(np.float32)
        return Solid(vertices, self.faces, colors, self.material, figure)


def grid_faces(rows: int, count: int, closed: bool = True) -> np.ndarray:
    """Faces (F, 3) of a grid of points, rows by columns; closed grids join the last column to the first."""
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(count if closed else count - 1), indexing="ij")
    k = (j + 1) % count
    a, b, c, d = i * count + j, i * count + k, (i + 1) * count + k, (i + 1) * count + j
    faces = np.concatenate([np.stack([a, c, b], axis=-1), np.stack([a, d, c], axis=-1)], axis=2)
    return np.ascontiguousarray(faces.reshape(-1, 3)).astype(np.int32)


def lathe(profile: Sequence[tuple[float, float]], dye: str, material: str = "prop", sides: int = 16) -> Part:
    """A shape turned around the y axis: (radius, height) from top to bottom."""
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    rows = [np.stack([r * np.cos(turn), np.full(sides, y), -r * np.sin(turn)], axis=1) for r, y in profile]
    return Part(np.concatenate(rows).astype(np.float32), grid_faces(len(rows), sides), dye, material)


def ellipsoid(
    middle: Sequence[float], radii: Sequence[float], dye: str, material: str = "prop", sides: int = 14
) -> Part:
    """An ellipsoid with its axes along the frame's."""
    turn = np.linspace(0, np.pi, sides // 2 + 2)
    ball = lathe([(float(np.sin(t)), float(np.cos(t))) for t in turn], dye, material, sides)
    return Part((ball.vertices * np.array(radii) + np.array(middle)).astype(np.float32), ball.faces, dye, material)


def box(low: Sequence[float], high: Sequence[float], dye: str, material: str = "prop") -> Part:
    """A box with a sharp edge all around: every side has its own corners."""
    sides = []
    for axis in range(3):
        for end in (0, 1):
            a, b = (axis + 1) % 3, (axis + 2) % 3
            corners = np.zeros((4, 3))
            corners[:, axis] = end
            corners[[1, 2], a] = 1
            corners[[2, 3], b] = 1
            sides.append(corners if end else corners[::-1])
    points = np.concatenate(sides) * (np.array(high) - np.array(low)) + np.array(low)
    first = np.arange(6)[:, None] * 4
    return Part(
        points.astype(np.float32),
        np.concatenate([first + np.array(half) for half in ((0, 1, 2), (0, 2, 3))]).astype(np.int32), dye, material,
    )  # fmt: skip


def tube(
    path: np.ndarray, radii: Sequence[float] | np.ndarray, dye: str, material: str = "prop", sides: int = 8
) -> Part:
    """A tube along a path (N, 3) with a radius at each of its points."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    aside = np.cross(along, (0.31, 0.17, 0.94))
    short = np.linalg.norm(aside, axis=1) < 0.2
    aside[short] = np.cross(along[short], (0.9, 0.4, 0.1))
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    third = np.cross(aside, along)
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = aside[:, None] * np.cos(turn)[None, :, None] + third[:, None] * np.sin(turn)[None, :, None]
    points = path[:, None] + ring * np.asarray(radii)[:, None, None]
    return Part(points.reshape(-1, 3).astype(np.float32), grid_faces(len(path), sides), dye, material)


def rod(start: Sequence[float], end: Sequence[float], radius: float, dye: str, material: str = "prop") -> Part:
    """A straight stick with closed ends."""
    a, b = np.array(start, float), np.array(end, float)
    path = np.stack([a, a + (b - a) * 0.002, b - (b - a) * 0.002, b])
    return tube(path, (radius * 0.1, radius, radius, radius * 0.1), dye, material)
