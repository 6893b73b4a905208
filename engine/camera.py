"""The camera that looks at a body: OpenCV axes, pixels, metres."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np


def _identity() -> np.ndarray:
    return np.eye(4)


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera: `size` (width, height) px, `focal` px, `center` px, `T_camera_world` (4, 4), metres.

    OpenCV axes: x right, y down, z forward. World: y up, as SMPL-X.
    """

    size: tuple[int, int]
    focal: float
    center: tuple[float, float]
    T_camera_world: np.ndarray = field(default_factory=_identity)

    def __post_init__(self) -> None:
        T = np.array(self.T_camera_world, dtype=float)
        if T.shape != (4, 4) or not np.isfinite(T).all():
            raise ValueError(f"expected a finite T_camera_world of shape (4, 4), got {T.shape}")
        if not self.focal > 0:
            raise ValueError(f"expected a positive focal length in pixels, got {self.focal}")
        T.flags.writeable = False
        object.__setattr__(self, "T_camera_world", T)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Camera):
            return NotImplemented
        same = (self.size, self.focal, self.center) == (other.size, other.focal, other.center)
        return same and bool((self.T_camera_world == other.T_camera_world).all())

    __hash__ = None  # type: ignore[assignment]

    def in_camera(self, points: np.ndarray) -> np.ndarray:
        """World points (…, 3), metres, in the camera's axes."""
        R, t = self.T_camera_world[:3, :3], self.T_camera_world[:3, 3]
        return points @ R.T + t

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels (…, 2) where world points (…, 3), in metres, fall."""
        local = self.in_camera(points)
        return local[..., :2] / local[..., 2:] * self.focal + np.array(self.center)

    def scaled(self, size: tuple[int, int]) -> Camera:
        """The same view in a picture of another size with the same proportions."""
        factor = size[0] / self.size[0]
        if abs(size[1] - self.size[1] * factor) > 1:
            raise ValueError(f"expected the proportions of {self.size}, got {size}")
        cx, cy = ((c + 0.5) * factor - 0.5 for c in self.center)
        return replace(self, size=size, focal=self.focal * factor, center=(cx, cy))

    @classmethod
    def looking_at(cls, target: np.ndarray, eye: np.ndarray, size: tuple[int, int], focal: float) -> Camera:
        """A camera at `eye` (3,) turned to `target` (3,), metres, with the world's y upwards in the picture."""
        forward = np.asarray(target, dtype=float) - eye
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 1.0, 0.0))
        if np.linalg.norm(right) < 1e-9:
            raise ValueError("expected a view that is not straight up or down")
        right /= np.linalg.norm(right)
        R = np.stack([right, np.cross(forward, right), forward])
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = R, -R @ np.asarray(eye, dtype=float)
        return cls(size, focal, ((size[0] - 1) / 2, (size[1] - 1) / 2), T)
