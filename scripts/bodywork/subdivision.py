"""Catmull-Clark subdivision of a closed quad mesh as a sparse matrix, so that shape targets pass through it too."""

from __future__ import annotations

import numpy as np

from scripts.bodywork.sources import Array, Indices
from scripts.bodywork.sparse import Sparse, sp


def edges(quads: Indices) -> tuple[Indices, Indices]:
    """The edges (E, 2), each once, and for each quad the four it has (F, 4): the k-th joins corners k and k + 1."""
    pairs = np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1)
    found, inverse = np.unique(np.sort(pairs.reshape(-1, 2), axis=1), axis=0, return_inverse=True)
    return found, inverse.reshape(quads.shape)


def subdivided(quads: Indices, count: int) -> tuple[Sparse, Indices]:
    """One step on a closed mesh of `count` vertices: (count + E + F, count) matrix and the four times as many quads.

    Face points are means of corners, edge points means of the edge's ends and its two face points, and a vertex with n
    faces moves to (mean of faces + 2 · mean of edge middles + (n − 3) · itself) / n (Catmull and Clark, 1978).
    """
    ends, quad_edges = edges(quads)
    face_count, edge_count = len(quads), len(ends)
    rows = np.arange(face_count).repeat(4)
    face_points = sp.csr_matrix((np.full(4 * face_count, 0.25), (rows, quads.ravel())), (face_count, count))
    edge_to_faces = sp.csr_matrix((np.ones(4 * face_count), (quad_edges.ravel(), rows)), (edge_count, face_count))
    middles = sp.csr_matrix(
        (np.full(2 * edge_count, 0.5), (np.arange(edge_count).repeat(2), ends.ravel())), (edge_count, count)
    )
    edge_points = 0.5 * middles + 0.25 * edge_to_faces @ face_points
    to_faces = sp.csr_matrix((np.ones(4 * face_count), (quads.ravel(), rows)), (count, face_count))
    to_edges = sp.csr_matrix(
        (np.ones(2 * edge_count), (ends.ravel(), np.arange(edge_count).repeat(2))), (count, edge_count)
    )
    valence = np.asarray(to_faces.sum(axis=1)).ravel()
    own = sp.diags((valence - 3) / valence)
    around = sp.diags(valence**-2.0)
    points = around @ to_faces @ face_points + 2 * around @ to_edges @ middles + own
    matrix = sp.vstack([points, edge_points, face_points]).tocsr()
    edge_at, face_at = count + quad_edges, count + edge_count + np.arange(face_count)[:, None]
    corners = [np.stack([quads[:, k], edge_at[:, k], face_at[:, 0], edge_at[:, k - 1]], axis=1) for k in range(4)]
    return matrix, np.concatenate(corners)


def texture_subdivided(texture: Array, quads: Indices) -> tuple[Array, Indices]:
    """Texture corners of the same step, in the same order of quads: middles of the old ones, not smoothed."""
    ends, quad_edges = edges(quads)
    points = np.concatenate([texture, texture[ends].mean(axis=1), texture[quads].mean(axis=1)])
    edge_at, face_at = len(texture) + quad_edges, len(texture) + len(ends) + np.arange(len(quads))
    corners = [np.stack([quads[:, k], edge_at[:, k], face_at, edge_at[:, k - 1]], axis=1) for k in range(4)]
    return points, np.concatenate(corners)
