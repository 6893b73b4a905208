"""Figures built of soft lumps and seen by a camera: depth, normals and materials of every pixel, to paint from.

Camera axes as OpenCV's: x right, y down, z forward, metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Lump(NamedTuple):
    """A round cone: two ends (3,) with a radius each, what it is made of, and how softly it joins the rest, metres."""

    start: np.ndarray
    end: np.ndarray
    radius: float
    end_radius: float
    material: str
    softness: float = 0.02


@dataclass(frozen=True)
class Relief:
    """What the camera saw: `depth` (H, W) metres, `normal` (H, W, 3) unit, `open` (H, W) 0 … 1 towards open air,
    `material` (H, W) as an index into `materials`, −1 for the empty ground.
    """

    depth: np.ndarray
    normal: np.ndarray
    open: np.ndarray
    material: np.ndarray
    materials: tuple[str, ...]

    @property
    def figure(self) -> np.ndarray:
        """Where there is anything (H, W)."""
        return self.material >= 0

    def where(self, *names: str) -> np.ndarray:
        """Where the surface is made of one of these materials (H, W)."""
        return np.isin(self.material, [self.materials.index(name) for name in names if name in self.materials])

    def over(self, other: Relief) -> Relief:
        """Both figures in one picture of the same size, this one in front."""
        names = tuple(dict.fromkeys((*self.materials, *other.materials)))
        mine, theirs = (
            np.array([*map(names.index, relief.materials), -1])[relief.material] for relief in (self, other)
        )
        here = self.figure
        return Relief(
            np.where(here, self.depth, other.depth),
            np.where(here[..., None], self.normal, other.normal),
            np.where(here, self.open, other.open),
            np.where(here, mine, theirs),
            names,
        )


def sculpted(
    lumps: list[Lump], size: tuple[int, int], focal: float, center: tuple[float, float], tile: int = 48
) -> Relief:
    """The lumps seen in a picture of `size` (width, height) by a lens of `focal` px about `center`; tile by tile."""
    width, height = size
    names = tuple(dict.fromkeys(lump.material for lump in lumps))
    depth, openness = np.full((height, width), np.inf, np.float32), np.ones((height, width), np.float32)
    normal = np.zeros((height, width, 3), np.float32)
    material = np.full((height, width), -1)
    reach = _shadows(lumps, focal, center)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            bottom, right = min(top + tile, height), min(left + tile, width)
            near = [
                lump
                for lump, (x0, y0, x1, y1) in zip(lumps, reach, strict=True)
                if x0 < right and x1 > left and y0 < bottom and y1 > top
            ]
            if not near:
                continue
            rows, columns = np.mgrid[top:bottom, left:right]
            rays = np.stack(
                [(columns - center[0]) / focal, (rows - center[1]) / focal, np.ones_like(rows, float)], axis=-1
            )
            rays = (rays / np.linalg.norm(rays, axis=-1, keepdims=True)).reshape(-1, 3).astype(np.float32)
            hit, along = _march(near, rays)
            place = rays[hit] * along[hit, None]
            flat = (rows.ravel()[hit], columns.ravel()[hit])
            depth[flat] = place[:, 2]
            _, which = _distance(near, place)
            material[flat] = np.array([names.index(lump.material) for lump in near])[which]
            slope = _slope(near, place)
            normal[flat] = slope
            openness[flat] = np.clip(_distance(near, place + slope * 0.07)[0] / 0.07, 0, 1)
    return Relief(depth, normal, openness, material, names)


def _shadows(lumps: list[Lump], focal: float, center: tuple[float, float]) -> list[tuple[float, float, float, float]]:
    """Boxes (x0, y0, x1, y1) in pixels that hold each lump, with room for its soft joints."""
    boxes = []
    for lump in lumps:
        ends = np.stack([lump.start, lump.end])
        pixels = ends[:, :2] / ends[:, 2:] * focal + np.array(center)
        room = (max(lump.radius, lump.end_radius) + lump.softness + 0.02) / ends[:, 2].min() * focal
        boxes.append((*(pixels.min(0) - room), *(pixels.max(0) + room)))
    return boxes


def _march(lumps: list[Lump], rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which rays (N,) meet the lumps, and how far along (N,)."""
    first = min(min(lump.start[2], lump.end[2]) - max(lump.radius, lump.end_radius) for lump in lumps) - 0.05
    last = max(max(lump.start[2], lump.end[2]) for lump in lumps) * 1.1 + 0.3
    along = np.full(len(rays), max(first, 0.05), np.float32)
    hit = np.zeros(len(rays), dtype=bool)
    going = np.arange(len(rays))
    for _ in range(70):
        gap, _ = _distance(lumps, rays[going] * along[going, None])
        hit[going[gap < 0.0006]] = True
        along[going] += gap * 0.85  # round cones overstate their distance a little
        going = going[(gap >= 0.0006) & (along[going] < last)]
        if not len(going):
            break
    return hit, along


def _distance(lumps: list[Lump], places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metres (N,) from places (N, 3) to the softly joined lumps, and which lump (N,) is nearest."""
    joined = nearest = np.full(len(places), 9.0, np.float32)
    which = np.zeros(len(places), dtype=int)
    for i, lump in enumerate(lumps):
        bone = (lump.end - lump.start).astype(np.float32)
        away = places - lump.start.astype(np.float32)
        share = np.clip(away @ bone / max(float(bone @ bone), 1e-9), 0, 1)
        away -= share[:, None] * bone
        gap = np.sqrt(np.einsum("ij,ij->i", away, away)) - (lump.radius + share * (lump.end_radius - lump.radius))
        which[gap < nearest] = i
        nearest = np.minimum(nearest, gap)
        # Polynomial smooth minimum (Quilez): the seam is filled over a width of `softness`.
        overlap = np.maximum(lump.softness - np.abs(joined - gap), 0) / lump.softness
        joined = np.minimum(joined, gap) - overlap * overlap * lump.softness / 4
    return joined, which


def _slope(lumps: list[Lump], places: np.ndarray) -> np.ndarray:
    """Unit normals (N, 3), by differences at the corners of a small tetrahedron."""
    total = np.zeros_like(places)
    for corner in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        step = np.array(corner, np.float32)
        total += step * _distance(lumps, places + step * 0.002)[0][:, None]
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)
