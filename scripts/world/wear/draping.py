"""Cloth that hangs: skirts around both legs, wide sleeves, cloaks. It is swept from rings of the body's own skin, so
that it fits every shape and pose, and falls from there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from engine.skeleton import smplx55
from scripts.world.layers import Solid, materials
from scripts.world.wear.cutting import Matrix, incidence, normals
from scripts.world.wear.shapes import grid_faces
from scripts.world.words import Color

down = np.array((0.0, -1.0, 0.0), np.float32)
levels = (-0.25, -0.32, -0.39, -0.46, -0.54, -0.63, -0.74, -0.85, -0.96, -1.07, -1.17)  # of a skirt's rings, at rest
sleeve_rings = (0.44, 0.49, 0.54, 0.59, 0.635)
columns = 40
_per_ring = 56  # vertices of the skin that a ring is drawn around


def joint(name: str) -> int:
    """The number of a joint of smplx55."""
    return smplx55.index(name)


@dataclass(frozen=True, eq=False)
class Rings:
    """Which vertices of a body, by its shape at rest (V, 3), the rings of hanging cloth go around: (R, M) each."""

    rest: np.ndarray

    @cached_property
    def skirt(self) -> np.ndarray:
        return np.stack([self._near(np.abs(self.rest[:, 1] - y), np.abs(self.rest[:, 0]) < 0.25) for y in levels])

    @cached_property
    def sleeves(self) -> dict[str, np.ndarray]:
        found = {}
        for side, s in (("left", 1), ("right", -1)):
            arm = (self.rest[:, 1] > -0.1) & (self.rest[:, 0] * s > 0.2)
            found[side] = np.stack([self._near(np.abs(self.rest[:, 0] * s - x), arm, 32) for x in sleeve_rings])
        return found

    @cached_property
    def collar(self) -> np.ndarray:
        """Vertices (3, columns) for the top of a cloak: around the neck, on the shoulders, below them."""
        turn = np.radians(np.linspace(-115, 115, columns))
        across, back = np.sin(turn), -np.cos(turn)
        zero = np.zeros_like(turn)
        rows = [
            np.stack([0.075 * across, 0.135 + zero, 0.01 + 0.06 * back], axis=1),
            np.stack([0.155 * across, 0.10 + zero, 0.01 + 0.085 * back], axis=1),
            np.stack([0.205 * across, 0.055 + zero, 0.01 + 0.10 * back], axis=1),
        ]
        return np.stack([((self.rest[:, None] - row[None]) ** 2).sum(axis=2).argmin(axis=0) for row in rows])

    def _near(self, off: np.ndarray, among: np.ndarray, count: int = _per_ring) -> np.ndarray:
        """The `count` vertices that are least off, of both sides alike; some twice where there are few."""
        halves = []
        for side in (self.rest[:, 0] >= 0, self.rest[:, 0] < 0):
            own = np.flatnonzero(among & side)
            if len(own):
                own = own[np.argsort(off[own], kind="stable")]
                halves.append(own[: count // 2])
        return np.resize(np.concatenate(halves), count)


def swept(
    vertices: np.ndarray, rings: np.ndarray, along: np.ndarray, left: np.ndarray, margin: np.ndarray, soft: float
) -> np.ndarray:
    """Rings (R, N, 3) that go around posed vertices, each across `along` (R, 3), beginning at `left` (3,).

    `rings` (R, M) are the vertices' numbers, `margin` (R, N) metres to leave; `soft`, metres, rounds the corners.
    """
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    x = left - (along @ left)[:, None] * along
    x /= np.linalg.norm(x, axis=1, keepdims=True) + 1e-6
    z = np.cross(x, along)
    turn = np.linspace(0, 2 * np.pi, margin.shape[1], endpoint=False)
    out = x[:, None] * np.cos(turn)[None, :, None] + z[:, None] * np.sin(turn)[None, :, None]  # (R, N, 3)
    points = vertices[rings]
    reach = np.einsum("rnc,rmc->rnm", out, points, optimize=True) / soft
    share = np.exp(reach - reach.max(axis=2, keepdims=True))
    share /= share.sum(axis=2, keepdims=True)
    return share @ points + margin[..., None] * out


def skirt(
    vertices: np.ndarray, joints: np.ndarray, rings: Rings, rows: int, flare: float, rng: np.random.Generator
) -> np.ndarray:
    """The points (R, N, 3) of a skirt of so many rings, `flare` metres wider at its hem than the legs need."""
    at = [joints[[joint(f"left_{name}"), joint(f"right_{name}")]].mean(axis=0) for name in ("hip", "knee", "ankle")]
    up = joints[joint("spine2")] - joints[joint("pelvis")]
    left = joints[joint("left_hip")] - joints[joint("right_hip")]
    left /= np.linalg.norm(left)
    trunk = -up / np.linalg.norm(up)
    thigh, shin = ((b - a) / (np.linalg.norm(b - a) + 1e-6) for a, b in ((at[0], at[1]), (at[1], at[2])))
    place = np.array(levels[:rows])[:, None]
    bend, knee = np.clip((-0.36 - place) / 0.16, 0, 1), np.clip((-0.76 - place) / 0.2, 0, 1)
    along = trunk * (1 - bend) + bend * ((thigh + 0.35 * trunk + 0.25 * down) * (1 - knee) + knee * (shin + 0.5 * down))
    fall = np.clip((-0.34 - place) / 0.6, 0, None)
    turn = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    folds = int(rng.integers(5, 9))
    wave = 0.5 + 0.5 * np.sin(folds * turn + rng.uniform(0, 6)) * rng.uniform(0.4, 1.0)
    margin = (0.014 + flare * fall * (0.55 + 0.75 * wave)).astype(np.float32)
    found = swept(vertices, rings.skirt[:rows], along, left, margin, 0.022)
    middle = found.mean(axis=1, keepdims=True)
    under = np.clip(-(found - middle)[..., 1:2], 0, None) * (np.abs(along[:, None, 1:2]) < 0.7)
    found = found + down * (under * 0.5 + 0.03 * fall[:, :, None])
    found[..., 1] = np.maximum(found[..., 1], vertices[:, 1].min() + 0.004)
    return found.astype(np.float32)


def sleeve(vertices: np.ndarray, joints: np.ndarray, rings: Rings, side: str, wide: float) -> np.ndarray:
    """The points (R, N, 3) of a sleeve that widens from the elbow to the hand."""
    elbow, wrist = joints[joint(f"{side}_elbow")], joints[joint(f"{side}_wrist")]
    along = (wrist - elbow) / (np.linalg.norm(wrist - elbow) + 1e-6)
    aside = np.cross(along, down + np.array((0.0, 0.0, 0.11), np.float32))
    share = np.linspace(0, 1, len(sleeve_rings), dtype=np.float32)[:, None]
    margin = np.repeat(0.012 + wide * 0.4 * share, columns // 2, axis=1)
    found = swept(vertices, rings.sleeves[side], np.repeat(along[None], len(share), axis=0), aside, margin, 0.015)
    low = np.clip((found.mean(axis=1, keepdims=True) - found)[..., 1:2] / 0.05, 0, 1)
    hang = 1.0 - abs(float(along[1])) ** 2
    return (found + down * low * share[:, :, None] ** 1.3 * wide * 2.2 * hang).astype(np.float32)


def cloak(vertices: np.ndarray, joints: np.ndarray, rings: Rings, rows: int, rng: np.random.Generator) -> np.ndarray:
    """The points (R, N, 3) of a cloak that hangs from the shoulders, so many rings of 11 cm long, behind the body."""
    top = vertices[rings.collar]
    up = joints[joint("neck")] - joints[joint("spine1")]
    left = joints[joint("left_shoulder")] - joints[joint("right_shoulder")]
    back = -np.cross(left, up)
    back /= np.linalg.norm(back) + 1e-6
    centre = joints[joint("spine3")]
    found = [top[0] + 0.02 * back]
    for row in top[1:]:
        out = row - centre
        found.append(row + 0.024 * out / np.linalg.norm(out, axis=1, keepdims=True))
    turn = np.linspace(0, 1, columns)
    wave = np.sin(turn * np.pi * int(rng.integers(6, 11)) + rng.uniform(0, 6))[:, None]
    aside = (turn[:, None] - 0.5) * 2 * left / (np.linalg.norm(left) + 1e-6)
    flat = back * (1.0, 0.0, 1.0)
    blown = rng.uniform(0.05, 0.35)
    for n in range(rows):
        step = down + flat * (blown + 0.05 * wave) + aside * 0.12
        step /= np.linalg.norm(step, axis=1, keepdims=True)
        found.append(_outside(found[-1] + 0.11 * step + flat * 0.012 * wave * min(n, 3), joints, back))
    points = np.stack(found)
    points[..., 1] = np.maximum(points[..., 1], vertices[:, 1].min() + 0.004)
    return points[:, ::-1].astype(np.float32)


_capsules = (
    ("pelvis", "spine3", 0.165), ("left_hip", "left_knee", 0.105), ("right_hip", "right_knee", 0.105),
    ("left_knee", "left_ankle", 0.075), ("right_knee", "right_ankle", 0.075),
)  # fmt: skip


def _outside(points: np.ndarray, joints: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Points (N, 3) pushed out of trunk and legs, rather to the back."""
    for a, b, radius in _capsules:
        start, end = joints[joint(a)], joints[joint(b)]
        bone = end - start
        t = np.clip((points - start) @ bone / (bone @ bone + 1e-9), 0, 1)
        off = points - (start + t[:, None] * bone)
        far = np.linalg.norm(off, axis=1, keepdims=True)
        out = off / (far + 1e-6) + 0.6 * back
        out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-6
        points = points + out * np.clip(radius - far, 0, None)
    return points


# ── grids of points as solids ──


@lru_cache(maxsize=64)
def _grid(rows: int, count: int, closed: bool) -> np.ndarray:
    """Faces (F, 3) of a grid of points."""
    return grid_faces(rows, count, closed)


@lru_cache(maxsize=64)
def _grid_sums(rows: int, count: int, closed: bool) -> Matrix:
    return incidence(_grid(rows, count, closed), rows * count)


def solid(
    points: np.ndarray, color: Color, material: str, closed: bool = True, pattern: str = "plain",
    second: Color = (240, 240, 240), figure: int = 1,
) -> Solid:  # fmt: skip
    """A grid of points (R, N, 3) as a solid; patterned cloth is divided finer."""
    rows, count = points.shape[:2]
    flat = points.reshape(-1, 3)
    faces = _grid(rows, count, closed)
    shade = normals(flat, faces, _grid_sums(rows, count, closed))
    if pattern == "plain":
        colors = np.broadcast_to(np.array(color, np.uint8), flat.shape)
        return Solid(flat, faces, colors, np.full(len(faces), materials[material], np.uint8), figure, shade)
    return _patterned(points, shade.reshape(points.shape), (color, second), material, closed, pattern, figure)


def _patterned(
    points: np.ndarray, shade: np.ndarray, dyes: tuple[Color, Color], material: str, closed: bool, pattern: str,
    figure: int,
) -> Solid:  # fmt: skip
    finer = 3
    points, shade = _finer(points, finer), _finer(shade, finer)
    faces = _grid(points.shape[0], points.shape[1], closed)
    i, j = np.divmod(faces[:, 0], points.shape[1])
    if pattern == "stripes":
        marked = np.mod(i, 3) == 2
    else:
        marked = (np.mod(i, 4) < 2) & (np.mod(j + 2 * np.mod(i // 4, 2), 4) < 2)
    corner = faces.ravel()
    colors = np.where(np.repeat(marked, 3)[:, None], np.array(dyes[1], np.uint8), np.array(dyes[0], np.uint8))
    flat, along = points.reshape(-1, 3)[corner], shade.reshape(-1, 3)[corner]
    own = np.arange(len(corner), dtype=np.int32).reshape(-1, 3)
    return Solid(flat, own, colors, np.full(len(own), materials[material], np.uint8), figure, along)


def _finer(values: np.ndarray, times: int) -> np.ndarray:
    """A grid's values (R, N, C) with `times` as many rows."""
    at = np.linspace(0, len(values) - 1, (len(values) - 1) * times + 1)
    low = np.minimum(at.astype(int), len(values) - 2)
    t = (at - low)[:, None, None].astype(np.float32)
    return values[low] * (1 - t) + values[low + 1] * t
