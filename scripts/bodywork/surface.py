"""The skin as a surface: the closest point of it, its normals, and its smoothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from scripts.bodywork.sources import Array, Indices
from scripts.bodywork.sparse import Sparse, sp

_tried = 40


@dataclass(frozen=True)
class OnFaces:
    """Points on the mesh: faces (…,) and barycentric weights (…, 3)."""

    faces: Indices
    weights: Array

    def points(self, vertices: Array, faces: Indices) -> Array:
        """Where they are (…, 3)."""
        return np.einsum("...k,...ka->...a", self.weights, vertices[faces[self.faces]])


@dataclass(frozen=True)
class Surface:
    """Vertices (V, 3) and triangles (F, 3), with a search tree over the triangles."""

    vertices: Array
    faces: Indices
    tree: KDTree

    @classmethod
    def of(cls, vertices: Array, faces: Indices) -> Surface:
        """The surface, ready to be searched."""
        return cls(vertices, faces, KDTree(vertices[faces].mean(axis=1)))

    def closest(self, points: Array) -> OnFaces:
        """For each point (N, 3) the nearest place among the triangles whose centres are nearest."""
        _, near = self.tree.query(points, _tried)
        corners = self.vertices[self.faces[near]]
        weights = _barycentric(points[:, None], corners)
        away = np.linalg.norm(np.einsum("nkc,nkca->nka", weights, corners) - points[:, None], axis=2)
        best = away.argmin(axis=1)
        rows = np.arange(len(points))
        return OnFaces(near[rows, best], weights[rows, best])


def _barycentric(points: Array, corners: Array) -> Array:
    """The weights (…, 3) of each triangle's (…, 3, 3) point nearest to the point (…, 3)."""
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    u, v, w = b - a, c - a, points - a
    uu, uv, vv = (u * u).sum(-1), (u * v).sum(-1), (v * v).sum(-1)
    uw, vw = (u * w).sum(-1), (v * w).sum(-1)
    area = np.maximum(uu * vv - uv * uv, 1e-24)
    s, t = (vv * uw - uv * vw) / area, (uu * vw - uv * uw) / area
    best = np.stack([1 - s - t, s, t], axis=-1)
    inside = (best >= 0).all(axis=-1)
    least = np.full(inside.shape, np.inf)
    for i, j in ((0, 1), (1, 2), (2, 0)):
        along = corners[..., j, :] - corners[..., i, :]
        size = np.maximum((along * along).sum(-1), 1e-24)
        share = np.clip(((points - corners[..., i, :]) * along).sum(-1) / size, 0, 1)
        away = np.linalg.norm(corners[..., i, :] + share[..., None] * along - points, axis=-1)
        edge = np.zeros_like(best)
        edge[..., i], edge[..., j] = 1 - share, share
        better = ~inside & (away < least)
        best = np.where(better[..., None], edge, best)
        least = np.where(better, away, least)
    return best


def vertex_normals(vertices: Array, faces: Indices) -> Array:
    """Unit normals (V, 3), each face counting by its area."""
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    found = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(found, faces[:, k], normals)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)


def neighbours(polygons: Indices, count: int) -> Sparse:
    """The matrix (V, V) whose rows average over the vertices that share an edge of a polygon (P, corners)."""
    corners = polygons.shape[1]
    pairs = np.concatenate([polygons[:, [k, (k + 1) % corners]] for k in range(corners)])
    both = np.concatenate([pairs, pairs[:, ::-1]])
    joined = sp.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), (count, count))
    joined.data[:] = 1
    return (sp.diags(1 / np.maximum(np.asarray(joined.sum(axis=1)).ravel(), 1)) @ joined).tocsr()
