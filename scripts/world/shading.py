"""Light on what a view shows: sky and three lamps, the key's shadow on figures and on the ground."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.camera import Camera
from engine.light import Light
from scripts.world.buffers import Hits, Scene, Window

map_side = 256  # px of the picture that the key lamp sees
bias = 0.025  # metres that a surface may lie behind itself
soft = 5  # px over which a shadow's edge is spread


@dataclass(frozen=True, eq=False)
class ShadowMap:
    """What the key lamp reaches first: `depth` (S, S) m along the third row of `axes` (3, 3) from `center`, or inf."""

    axes: np.ndarray
    center: np.ndarray
    radius: float
    depth: np.ndarray

    @classmethod
    def of(cls, scene: Scene, window: Window, towards: np.ndarray) -> ShadowMap:
        """The map of a scene that `window` holds, for a lamp that lies in that direction (3,)."""
        low, high = scene.vertices.min(axis=0), scene.vertices.max(axis=0)
        center, radius = (low + high) / 2, float(np.linalg.norm(high - low)) / 2 * 1.02
        forward = -towards
        right = np.cross(forward, (0.0, 1.0, 0.0))
        right /= np.linalg.norm(right)
        axes = np.stack([right, np.cross(forward, right), forward])
        triangle = window.along(axes, center, radius, map_side)
        rows, columns = np.nonzero(triangle >= 0)
        local = ((scene.vertices - center) @ axes.T).astype(np.float32)
        corners = scene.faces[triangle[rows, columns]]
        a, b, c = (local[corners[:, k]] for k in range(3))
        x, y = (((k + 0.5) / map_side * 2 - 1) * np.float32(radius) for k in (columns, rows))
        u, v, w = _area(x, y, b, c), _area(x, y, c, a), _area(x, y, a, b)
        total = u + v + w
        total[np.abs(total) < 1e-12] = 1
        depth = np.full((map_side, map_side), np.inf, np.float32)
        depth[rows, columns] = (u * a[:, 2] + v * b[:, 2] + w * c[:, 2]) / total
        return cls(axes, center, radius, depth)

    def reached(self, places: np.ndarray, behind: float = bias) -> np.ndarray:
        """Which world places (N, 3) the lamp reaches, bool."""
        local = (places - self.center) @ self.axes.T
        x, y = (np.floor((local[:, k] / self.radius + 1) / 2 * map_side).astype(int) for k in (0, 1))
        inside = (x >= 0) & (y >= 0) & (x < map_side) & (y < map_side)
        first = np.full(len(places), np.inf, np.float32)
        first[inside] = self.depth[y[inside], x[inside]]
        return local[:, 2] <= first + behind


def _area(x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a[:, 0] - x) * (b[:, 1] - y) - (a[:, 1] - y) * (b[:, 0] - x)


def light_on(
    scene: Scene, seen: Hits, normal: np.ndarray, camera: Camera, light: Light, turn: float, shadows: ShadowMap
) -> np.ndarray:
    """The light (N, 3) f32 that arrives at what is seen, 1 full white; `normal` (N, 3) as engine's maps count it."""
    R = camera.T_camera_world[:3, :3] * np.array([[1], [-1], [-1]])  # to x right, y up, z to the viewer
    up = normal @ R[:, 1].astype(np.float32)
    half = (up * 0.5 + 0.5)[:, None]
    lit = half * np.array(light.sky, np.float32) + (1 - half) * np.array(light.bounce, np.float32)
    for number, lamp in enumerate(light.lamps):
        facing = np.maximum(normal @ (R @ lamp.direction(turn)).astype(np.float32), 0)
        if number == 0:
            facing *= _softened(shadows.reached(in_world(seen.place, camera)), seen, camera)
        lit += facing[:, None] * (lamp.strength * np.array(lamp.color, np.float32))
    return lit.astype(np.float32)


def in_world(places: np.ndarray, camera: Camera) -> np.ndarray:
    """Places (N, 3) of the camera's axes in the world."""
    R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
    return ((places - t) @ R).astype(np.float32)


def _softened(reached: np.ndarray, seen: Hits, camera: Camera) -> np.ndarray:
    """Shares 0 … 1 (N,) of a hard shadow spread over some pixels of what is seen."""
    width, height = camera.size
    sums = np.zeros((height, width, 2), np.float32)
    sums[seen.rows, seen.columns, 0] = reached
    sums[seen.rows, seen.columns, 1] = 1
    spread = cv2.blur(sums, (soft, soft))[seen.rows, seen.columns]
    return spread[:, 0] / np.maximum(spread[:, 1], 1e-6)


def ground_shadow(camera: Camera, shadows: ShadowMap, dark: float) -> np.ndarray:
    """How much light (H, W) f32 the ground at y = 0 keeps, 1 … 1 - dark; 1 where a pixel sees none."""
    width, height = camera.size
    R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
    eye = -R.T @ t
    y, x = np.mgrid[0:height:2, 0:width:2]
    sight = np.stack(
        [(x - camera.center[0]) / camera.focal, (y - camera.center[1]) / camera.focal, np.ones(x.shape)], -1
    )
    sight = sight.reshape(-1, 3) @ R
    down = sight[:, 1] < -1e-3
    kept = np.ones(len(sight), np.float32)
    places = eye + sight[down] * (-eye[1] / sight[down, 1:2])
    kept[down] = np.where(shadows.reached(places, 0.0), 1, 1 - dark)
    return cv2.resize(cv2.blur(kept.reshape(x.shape), (soft, soft)), (width, height), interpolation=cv2.INTER_LINEAR)
