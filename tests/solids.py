"""Meshes whose pictures can be reckoned: balls and squares, as actors for the renderer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.camera import Camera
from engine.render import Actor

stand = np.zeros((55, 3), np.float32)  # joints of something that has none


@dataclass(frozen=True, eq=False)
class Solid:
    vertices: np.ndarray
    faces: np.ndarray
    joints: np.ndarray
    colors: np.ndarray


def ball(center=(0.0, 0.0, 0.0), radius=0.5, color=(255, 255, 255), fine=24, opacity=1.0) -> Actor:
    """A ball of `fine` rings, its front outside."""
    rings, around = fine, 2 * fine
    polar = np.linspace(0, np.pi, rings + 1)[1:-1]
    turn = np.arange(around) / around * 2 * np.pi
    p, t = np.meshgrid(polar, turn, indexing="ij")
    middle = np.stack([np.sin(p) * np.cos(t), np.cos(p), -np.sin(p) * np.sin(t)], axis=-1).reshape(-1, 3)
    points = np.vstack([[(0, 1, 0)], middle, [(0, -1, 0)]])
    last = len(points) - 1
    faces = []
    for k in range(around):
        n = (k + 1) % around
        faces.append((0, 1 + k, 1 + n))
        for r in range(rings - 2):
            a, b, c, d = (1 + row * around + col for row, col in ((r, k), (r, n), (r + 1, k), (r + 1, n)))
            faces += [(a, c, b), (b, c, d)]
        faces.append((last, last - around + n, last - around + k))
    vertices = (points * radius + center).astype(np.float32)
    return Actor(Solid(vertices, np.array(faces, np.int32), stand, painted(vertices, color)), opacity)


def square(corner, along, down, color=(255, 255, 255)) -> Actor:
    """The square from `corner` by the sides `along` and `down`, (3,) each."""
    a, u, v = (np.array(one, float) for one in (corner, along, down))
    vertices = np.stack([a, a + u, a + v, a + u + v]).astype(np.float32)
    return Actor(Solid(vertices, np.array([[0, 2, 1], [1, 2, 3]], np.int32), stand, painted(vertices, color)))


def painted(vertices, color) -> np.ndarray:
    return np.tile(np.array(color, np.uint8), (len(vertices), 1))


def straight_on(size=(96, 96), distance=4.0, focal=None) -> Camera:
    """A level camera before the origin."""
    return Camera.looking_at(np.zeros(3), np.array([0.0, 0.0, distance]), size, focal or 1.5 * max(size))
