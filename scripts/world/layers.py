"""What a camera sees before any style is laid over it: solids as they stand, and layers of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

materials: dict[str, int] = {
    "nothing": 0, "skin": 1, "hair": 2, "top": 3, "bottom": 4, "shoes": 5, "plate": 6, "prop": 7, "eye": 8, "mouth": 9,
    "trim": 10, "scenery": 11,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Solid:
    """A piece of geometry: vertices (V, 3) f32 world metres, y up; faces (F, 3) i32; colors (V, 3) uint8.

    `material` (F,) uint8 by the numbers of `materials`; `figure` whose it is, 1 the first person, 0 nobody. Both sides
    of a face are drawn. `normals` (V, 3) f32, unit, where they are known; else they are made from the faces.
    """

    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray
    material: np.ndarray
    figure: int = 0
    normals: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Layers:
    """A view of solids, all of (H, W): what a style draws from. Where nothing is: zeros, depth inf, triangle -1.

    `albedo` (H, W, 3) uint8 own colours; `normal` (H, W, 3) f32 in camera axes, x right, y up, z to the viewer, unit;
    `depth` f32 m; `material` and `figure` uint8 (0 nobody's); `triangle` i32; `lit` (H, W, 3) f32 the light that
    arrives, 1 full white, shadows in it; `color` (H, W, 3) uint8 albedo in that light; `solid` bool.
    """

    albedo: np.ndarray
    normal: np.ndarray
    depth: np.ndarray
    material: np.ndarray
    figure: np.ndarray
    triangle: np.ndarray
    lit: np.ndarray
    color: np.ndarray

    @property
    def solid(self) -> np.ndarray:
        """Where anything is, bool."""
        return self.triangle >= 0

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px."""
        return self.depth.shape[1], self.depth.shape[0]
