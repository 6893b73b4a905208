"""How much light arrives where: soft shadows of bodies on themselves and on the ground.

They are counted, not drawn: seen from each of many directions, what is nearest to the light is lit and what lies
behind is not; the share of directions that reach a point is its light. numpy and cv2 only.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.light import Light

# ── directions ──


@dataclass(frozen=True, eq=False)
class Rays:
    """Directions (D, 3) towards the light, and which kind of light each brings, (D,) by the numbers below."""

    directions: np.ndarray
    kinds: np.ndarray


sky, key, fill, rim = range(4)
enough_sky = 8  # directions: fewer say little of a vertex


def many_rays(one: Light, turned: float) -> Rays:
    """Thirty-six directions: a whole sky and wide lamps, for a picture at rest."""
    counted = zip(one.lamps, (8, 3, 4), strict=True)
    return _rays([_sphere(21), *(_cone(lamp.direction(turned), lamp.wide, n) for lamp, n in counted)])


def few_rays(one: Light, turned: float, ground: bool = True) -> Rays:
    """For a mesh that is moving: the key alone, or with four more a little sky for the ground under the feet."""
    above = _cone(np.array([0.0, 1.0, 0.0]), 80, 4 if ground else 0)
    nothing = np.zeros((0, 3))
    return _rays([above, one.key.direction(turned)[None], nothing, nothing])


def _rays(parts: list[np.ndarray]) -> Rays:
    kinds = np.repeat(np.arange(4), [len(part) for part in parts])
    return Rays(np.vstack(parts), kinds)


def _sphere(count: int) -> np.ndarray:
    """So many directions spread evenly over the sphere but for a cap below."""
    up = 1 - (np.arange(count) + 0.5) / count * 1.6
    around = np.arange(count) * np.pi * (3 - 5**0.5)
    flat = np.sqrt(1 - up**2)
    return np.stack([flat * np.cos(around), up, flat * np.sin(around)], axis=1)


def _cone(axis: np.ndarray, degrees: float, count: int) -> np.ndarray:
    """So many directions spread over a disc of that angle across, around `axis`."""
    side, other, _ = basis(axis)
    radius = np.tan(np.radians(degrees) / 2) * np.sqrt((np.arange(count) + 0.5) / count)
    around = np.arange(count) * np.pi * (3 - 5**0.5)
    spread = axis + radius[:, None] * (np.cos(around)[:, None] * side + np.sin(around)[:, None] * other)
    return spread / np.linalg.norm(spread, axis=1, keepdims=True)


def basis(direction: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right and up of a view against `direction`, and the direction itself; unit vectors (3,)."""
    right = np.cross((0.0, 1.0, 0.0) if abs(direction[1]) < 0.95 else (0.0, 0.0, 1.0), direction)
    right = right / np.linalg.norm(right)
    return right, np.cross(direction, right), direction


# ── what arrives ──


@dataclass(frozen=True, eq=False)
class Silhouettes:
    """What each direction sees first: depths (D, n, n) metres from a plane `radius` before `center`, inf for nothing.

    Parallel views of a square 2 · radius wide, rows from below, columns along `right`.
    """

    rays: Rays
    depths: np.ndarray
    center: np.ndarray
    radius: float

    @property
    def cell(self) -> float:
        return 2 * self.radius / self.depths.shape[1]

    def reached(self, points: np.ndarray, ray: int, soft: bool = False, reach: float = 0.0) -> np.ndarray:
        """How much of the light along one ray reaches points (P, 3), (P,) float32 0 … 1.

        `soft` blends the four cells around; with `reach`, metres, what stands farther away hides less and less.
        """
        n = self.depths.shape[1]
        right, up, towards = (axis.astype(np.float32) for axis in basis(self.rays.directions[ray]))
        away = points - self.center.astype(np.float32)
        x, y = ((away @ axis + np.float32(self.radius)) / np.float32(self.cell) for axis in (right, up))
        depth = np.float32(self.radius - 0.6 * self.cell) - away @ towards
        # A border of nothing, which is what lies outside.
        seen = np.full((n + 3, n + 3), np.inf, np.float32)
        seen[1 : n + 1, 1 : n + 1] = self.depths[ray]
        flat = seen.ravel()
        x, y = np.clip(x + np.float32(0.5), 0, n + 1), np.clip(y + np.float32(0.5), 0, n + 1)
        if not soft:
            where = np.rint(y).astype(np.int32) * (n + 3) + np.rint(x).astype(np.int32)
            if not reach:
                return (flat[where] >= depth).astype(np.float32)
            away_by = np.maximum(depth - flat[where], 0) / np.float32(reach)
            return 1 - (flat[where] < depth) / (1 + away_by * away_by)
        left, low = x.astype(np.int32), y.astype(np.int32)
        fx, fy = x - left, y - low
        where = low * (n + 3) + left
        lower = (flat[where] >= depth) * (1 - fx) + (flat[where + 1] >= depth) * fx
        upper = (flat[where + n + 3] >= depth) * (1 - fx) + (flat[where + n + 4] >= depth) * fx
        return lower * (1 - fy) + upper * fy


def on_surface(seen: Silhouettes, vertices: np.ndarray, normals: np.ndarray, before: np.ndarray | None) -> np.ndarray:
    """The share (V, 4) float32 of sky, key, fill and rim light that reaches each vertex, without regard to its slope.

    Where few directions of the sky were counted, its share stays as it was `before`: it changes little as a limb moves.
    """
    points = vertices + normals * np.float32(1.2 * seen.cell)
    shares = np.full((len(vertices), 4), (0.8, 1, 1, 1), np.float32) if before is None else before.copy()
    for kind in range(4):
        chosen = np.flatnonzero(seen.rays.kinds == kind).tolist()
        if not len(chosen) or (kind == sky and len(chosen) < enough_sky):
            continue
        sums, most = np.zeros(len(vertices), np.float32), np.full(len(vertices), 1e-6, np.float32)
        for ray in chosen:
            reached = seen.reached(points, ray, soft=kind == key)
            if kind == sky:
                facing = np.maximum(normals @ seen.rays.directions[ray].astype(np.float32) + np.float32(0.05), 0)
                sums += reached * facing
                most += facing
            else:
                sums += reached
                most += 1
        shares[:, kind] = sums / most
    return shares


def on_ground(seen: Silhouettes, center: np.ndarray, half: float, cells: int, wide: float) -> np.ndarray:
    """Sky and key light that reach a level square 2 · half wide around `center`, (2, cells, cells), rows along z.

    `wide`, degrees, is the key's; what few directions leave of steps is blurred away.
    """
    key_blur = 0.008 + 0.10 * float(np.tan(np.radians(wide)))
    sky_rays = np.flatnonzero((seen.rays.kinds == sky) & (seen.rays.directions[:, 1] > 0.3)).tolist()
    key_rays = np.flatnonzero((seen.rays.kinds == key) & (seen.rays.directions[:, 1] > 0.05)).tolist()
    out = np.ones((2, cells, cells), np.float32)
    for kind, rays, fine, blur in ((0, sky_rays, cells // 2, 0.05), (1, key_rays, cells, key_blur)):
        if not len(rays):
            continue
        step = (np.arange(fine, dtype=np.float32) + 0.5) / fine * 2 - 1
        x, z = np.meshgrid(center[0] + half * step, center[2] + half * step)
        points = np.stack([x, np.full_like(x, center[1]), z], axis=-1).reshape(-1, 3).astype(np.float32)
        share = np.zeros(len(points), np.float32)
        for ray in rays:
            share += seen.reached(points, ray, soft=kind == 1, reach=0 if kind == 1 else 0.3)
        smooth = (share / len(rays)).reshape(fine, fine)
        smooth = cv2.GaussianBlur(smooth, (0, 0), max(blur * fine / (2 * half), 0.5), borderType=cv2.BORDER_REPLICATE)
        out[kind] = cv2.resize(smooth, (cells, cells), interpolation=cv2.INTER_LINEAR)
    return out
