"""The ground under the figures' feet: paper with the light that reaches it painted on, seen by a camera.

Figures stand on it, so seen from above it is behind everything: a picture is laid over it, which is quicker than to
draw it with them, and as sharp as it is soft. numpy and cv2 only.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.camera import Camera
from engine.light import Light
from engine.skeleton import RGB

_shadow_ink: RGB = (34, 26, 20)  # on somebody's drawing


class Ground:
    """A disc of paper, or, on no background, its shadow alone; `painted` (n, n, 4) uint8, colours times alpha."""

    def __init__(self) -> None:
        self._center, self._half = np.zeros(3), 1.0
        self.painted = np.zeros((2, 2, 4), np.uint8)

    @property
    def corners(self) -> np.ndarray:
        """Where the paint's corners are (4, 3), metres: along x, then along z."""
        return self._center + self._half * np.array([[x, 0.0, z] for z in (-1, 1) for x in (-1, 1)])

    def show(self, arrives: np.ndarray, center: np.ndarray, half: float, one: Light, background: RGB | None) -> None:
        """Paints the light (2, n, n) of sky and key on a level square 2 · half wide around `center`."""
        self._center, self._half = center, half
        n = arrives.shape[1]
        step = (np.arange(n, dtype=np.float32) + 0.5) / n * 2 - 1
        disc = np.clip((1 - np.sqrt(step[:, None] ** 2 + step**2)) / 0.65, 0, 1)
        disc = (disc * disc * (3 - 2 * disc))[..., None]
        lit = ((1 - one.shade) * arrives[0] ** 1.5 + one.shade * arrives[1])[..., None]
        painted = np.empty((n, n, 4), np.float32)
        if background is None:
            painted[..., 3:] = 0.8 * (1 - lit) * disc
            painted[..., :3] = painted[..., 3:] * np.array(_shadow_ink, np.float32) / 255
        else:
            around = np.array(background, np.float32) / 255
            paper = around + (1 - around) * 0.10
            dark = paper * np.array((0.26, 0.22, 0.20), np.float32)
            painted[..., :3] = around + (dark + (paper - dark) * lit - around) * disc
            painted[..., 3] = 1
        self.painted = np.rint(painted * 255).astype(np.uint8)

    def seen(self, camera: Camera, background: RGB | None) -> np.ndarray:
        """The ground and what surrounds it as a camera sees them, (H, W, 4) uint8, colours times alpha."""
        around = (0, 0, 0, 0) if background is None else (*background, 255)
        R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
        if (-R.T @ t)[1] <= self._center[1]:  # from below there is none
            return np.full((camera.size[1], camera.size[0], 4), around, np.uint8)
        # From the paint's pixels to the world's plane, to the camera, to the picture's pixels.
        n = len(self.painted)
        side = 2 * self._half / n
        first = self._center + np.array([1.0, 0.0, 1.0]) * (side / 2 - self._half)
        to_world = np.stack([(side, 0, 0), (0, 0, side), first], axis=1)
        to_camera = R @ to_world + np.outer(t, (0, 0, 1))
        lens = np.array([[camera.focal, 0, camera.center[0]], [0, camera.focal, camera.center[1]], [0, 0, 1]])
        picture = cv2.warpPerspective(
            self.painted, lens @ to_camera, camera.size, flags=cv2.INTER_LINEAR, borderValue=[float(c) for c in around]
        )
        corners = to_camera @ np.array([[0, n, 0, n], [0, 0, n, n], [1, 1, 1, 1]])
        if corners[2].min() < 0:
            # The part behind the camera would show above the horizon, upside down.
            x, y = np.arange(camera.size[0]), np.arange(camera.size[1])[:, None]
            down = R[:, 1] / camera.focal
            rising = down[0] * (x - camera.center[0]) + down[1] * (y - camera.center[1]) + R[2, 1]
            picture[rising >= 0] = around
        return picture
