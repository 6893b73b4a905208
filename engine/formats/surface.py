"""A body's surface as mesh files want it: places in a texture, quads, parts, normals, few influences a vertex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.body_file import BodyFile

most_influences = 8  # two sets of four: the most that programs read


@dataclass(frozen=True, eq=False)
class Texture:
    """Places in a texture: `uv` (T, 2), origin at the lower left, and which of them each face's corners have (F, 3)."""

    uv: np.ndarray
    corners: np.ndarray

    @classmethod
    def of(cls, file: BodyFile, faces: np.ndarray) -> Texture | None:
        """Those of a body file with faces (F, 3); None where it has none; ValueError where they do not fit."""
        if "vt" not in file or "ft" not in file:
            return None
        uv, corners = file.array("vt"), file.array("ft")
        if uv.ndim != 2 or uv.shape[1] != 2 or corners.shape != faces.shape:
            raise ValueError(
                f"expected vt (T, 2) and ft {faces.shape} in {file.path.name}, got {uv.shape} and {corners.shape}"
            )
        corners = corners.astype(np.int64)
        if corners.min() < 0 or corners.max() >= len(uv):
            raise ValueError(f"expected numbers below {len(uv)} in ft of {file.path.name}, got others")
        # Exporters write one place a corner; the same place twice is no seam.
        uv, same = np.unique(uv.astype(np.float64).round(6), axis=0, return_inverse=True)
        return cls(uv, same.reshape(-1)[corners])

    def split(self, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Vertices doubled along the seams: which one each is of (N,), its place (N, 2), and their faces (F, 3)."""
        pairs = np.stack([faces.reshape(-1), self.corners.reshape(-1)], axis=1)
        kinds, own = np.unique(pairs, axis=0, return_inverse=True)
        return kinds[:, 0], self.uv[kinds[:, 1]], own.reshape(faces.shape)


@dataclass(frozen=True, eq=False)
class Polygons:
    """What to draw a mesh with: vertices (P, 4 or 3) a polygon, texture places alike, and (first row, name) a part."""

    vertices: np.ndarray
    places: np.ndarray | None
    parts: tuple[tuple[str, np.ndarray], ...]


def polygons(file: BodyFile, faces: np.ndarray) -> Polygons:
    """The file's quads where it has them, else its triangles, part by part."""
    texture = Texture.of(file, faces)
    vertices, places = faces, None if texture is None else texture.corners
    face = np.arange(len(faces))  # a face of each polygon, to tell its part
    if "quads" in file:
        vertices, corner, face = _quads(file, faces)
        places = None if texture is None else texture.corners.reshape(-1)[corner]
    if "face_part" not in file or "part_names" not in file:
        return Polygons(vertices, places, (("body", np.arange(len(vertices))),))
    part, names = file.array("face_part"), file.strings("part_names")
    if part.shape != (len(faces),) or part.max(initial=0) >= len(names):
        raise ValueError(f"expected face_part ({len(faces)},) of {len(names)} parts, got {part.shape}, {part.max()}")
    part = part[face]
    return Polygons(vertices, places, tuple((name, np.flatnonzero(part == n)) for n, name in enumerate(names)))


def _quads(file: BodyFile, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Quads (Q, 4), for each corner which of the 3 F corners of the triangles it is, and for each quad one triangle."""
    quads = file.array("quads").astype(np.int64)
    if quads.ndim != 2 or quads.shape[1] != 4 or 2 * len(quads) != len(faces):
        raise ValueError(f"expected quads ({len(faces) // 2}, 4) in {file.path.name}, got {quads.shape}")
    count = int(faces.max()) + 1

    def keys(triangles: np.ndarray) -> np.ndarray:
        a, b, c = np.sort(triangles.astype(np.int64), axis=1).T
        return (a * count + b) * count + c

    known = keys(faces)
    order = np.argsort(known)
    corner = np.full(quads.shape, -1)
    first = np.full(len(quads), -1)
    for left_out in range(4):
        kept = [n for n in range(4) if n != left_out]
        wanted = keys(quads[:, kept])
        at = order[np.searchsorted(known, wanted, sorter=order).clip(max=len(order) - 1)]
        there = known[at] == wanted
        first[there] = at[there]
        for n in kept:
            place = (faces[at] == quads[:, n : n + 1]).argmax(axis=1)
            corner[there, n] = (3 * at + place)[there]
    if (corner < 0).any():
        raise ValueError(f"expected quads that two triangles each of f make up in {file.path.name}, got others")
    return quads, corner, first


def normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) float32, faces weighing in by their area."""
    a, b, c = (vertices[faces[:, n]].astype(np.float64) for n in range(3))
    across = np.cross(b - a, c - a)
    found = np.stack(
        [np.bincount(faces.reshape(-1), np.repeat(across[:, k], 3), len(vertices)) for k in range(3)], axis=1
    )
    length = np.linalg.norm(found, axis=1, keepdims=True)
    found = np.where(length > 1e-20, found / np.where(length > 1e-20, length, 1), (0.0, 0.0, 1.0))
    return found.astype(np.float32)


def influences(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The joints (V, K) uint8 that move each vertex most and how much (V, K) float32, adding up to 1; K is 4 or 8."""
    count = int((weights > 0).sum(axis=1).max())
    width = 4 if count <= 4 else most_influences
    joints = np.argsort(-weights, axis=1, kind="stable")[:, :width]
    kept = np.take_along_axis(weights, joints, axis=1).astype(np.float64)
    kept = (kept / kept.sum(axis=1, keepdims=True)).astype(np.float32)
    kept[:, 0] += (1 - kept.astype(np.float64).sum(axis=1)).astype(np.float32)  # what rounding took
    return np.where(kept > 0, joints, 0).astype(np.uint8), kept
