"""Cutting a body's mesh along seams, as a tailor cuts cloth: the hems of sleeves are lines, not rows of old triangles.

Everything happens once, on the body at rest; a posed body is then cut by one sparse product with its vertices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

Matrix = Any
"""A sparse matrix in rows: scipy's own annotations do not tell what their products are."""
Field = Callable[[np.ndarray], np.ndarray]
"""A number for each place (N, 3) of the body at rest, metres: the seam is where it passes through zero."""


@dataclass(frozen=True)
class Seam:
    """A line to cut along: where `field` is zero, on faces whose middles are `within` (N, 3) → (N,) bool."""

    field: Field
    within: Field


@dataclass(frozen=True, eq=False)
class Cloth:
    """A mesh cut out of another: its vertices are `matrix` (N, V) times the other's; faces (F, 3) into N, `source`
    (F,) which face of the other each is a piece of."""

    matrix: Matrix
    faces: np.ndarray
    source: np.ndarray


near = 0.0012  # metres: a vertex as near as this to a seam is on it, lest slivers be cut


def cut(rest: np.ndarray, faces: np.ndarray, seams: list[Seam]) -> Cloth:
    """The mesh (V, 3), (F, 3) cut along all seams, one after the other."""
    cloth = Cloth(sparse.eye(len(rest), format="csr").astype(np.float32), faces.astype(np.int64), np.arange(len(faces)))
    for seam in seams:
        cloth = _cut(cloth, rest, seam)
    return cloth


def _cut(cloth: Cloth, rest: np.ndarray, seam: Seam) -> Cloth:
    points = cloth.matrix @ rest
    side = seam.field(points)
    side = np.where(np.abs(side) < near, 0.0, side)
    a, b = cloth.faces.ravel(), np.roll(cloth.faces, -1, axis=1).ravel()
    crossing = np.flatnonzero(side[a] * side[b] < 0)
    crossing = crossing[seam.within((points[a[crossing]] + points[b[crossing]]) / 2)]
    if not len(crossing):
        return cloth
    # An edge is cut or not for both its faces alike: a face torn where its neighbour is whole would leave a crack.
    pair = np.sort(np.stack([a[crossing], b[crossing]], axis=1), axis=1)
    edges, number = np.unique(pair, axis=0, return_inverse=True)
    at = np.full(len(a), -1)
    at[crossing] = number.ravel() + len(points)
    at = at.reshape(-1, 3)
    torn = (at >= 0).any(axis=1)
    pieces, owner = _torn(cloth.faces[torn], at[torn])
    t = side[edges[:, 0]] / (side[edges[:, 0]] - side[edges[:, 1]])
    rows = np.repeat(np.arange(len(edges)), 2)
    shares = np.stack([1 - t, t], axis=1).ravel().astype(np.float32)
    between: Matrix = sparse.csr_matrix((shares, (rows, edges.ravel())), shape=(len(edges), len(points)))
    return Cloth(
        sparse.vstack([cloth.matrix, between @ cloth.matrix], format="csr"),
        np.concatenate([cloth.faces[~torn], pieces]),
        np.concatenate([cloth.source[~torn], cloth.source[torn][owner]]),
    )


def _torn(faces: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pieces (P, 3) of cut faces, and whose each is; `at` (F, 3) is the new vertex on edge i, i + 1, or -1."""
    pieces, owner = [], []
    own = np.arange(len(faces))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        a, b, c = faces[:, i], faces[:, j], faces[:, k]
        p, q, r = at[:, i], at[:, k], at[:, j]  # on a b, c a, b c
        lone, through = (p >= 0) & (q >= 0), (r >= 0) & (p < 0) & (q < 0)
        for where, found in ((lone, ((a, p, q), (p, b, c), (p, c, q))), (through, ((a, b, r), (a, r, c)))):
            pieces += [np.stack(piece, axis=1)[where] for piece in found]
            owner += [own[where]] * len(found)
    return np.concatenate(pieces), np.concatenate(owner)


def incidence(faces: np.ndarray, count: int) -> Matrix:
    """The sum over each vertex's faces, (count, F) of zeros and ones."""
    rows, columns = faces.ravel(), np.repeat(np.arange(len(faces)), 3)
    return sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, len(faces)))


def normals(points: np.ndarray, faces: np.ndarray, sums: Matrix) -> np.ndarray:
    """Unit normals (N, 3) float32 of points with `sums` of `incidence`, weighted by the faces' areas."""
    a, u, v = (np.take(points, faces[:, k], axis=0) for k in range(3))
    u -= a
    v -= a
    across = np.empty_like(u)  # np.cross takes three times as long
    across[:, 0] = u[:, 1] * v[:, 2] - u[:, 2] * v[:, 1]
    across[:, 1] = u[:, 2] * v[:, 0] - u[:, 0] * v[:, 2]
    across[:, 2] = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    found = sums @ across
    found /= np.sqrt(np.einsum("ij,ij->i", found, found))[:, None] + 1e-12
    return found


def smoothing(faces: np.ndarray, count: int, loose: np.ndarray, times: int) -> Matrix:
    """What smooths points (count, 3): each `loose` one (count,) bool goes half-way to its neighbours' mean, `times`."""
    a, b = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    ones = np.ones(len(a), np.float32)
    beside: Matrix = sparse.csr_matrix((ones, (a, b)), shape=(count, count))
    beside = beside + beside.T
    beside.data[:] = 1
    share = 0.5 * loose / np.maximum(np.asarray(beside.sum(axis=1)).ravel(), 1)
    step: Matrix = sparse.diags((1 - 0.5 * loose).astype(np.float32)) + sparse.diags(share.astype(np.float32)) @ beside
    whole: Matrix = sparse.eye(count, format="csr").astype(np.float32)
    for _ in range(times):
        whole = (step @ whole).tocsr()
    whole.data[whole.data < 0.004] = 0  # many of them, and they count for nothing
    whole.eliminate_zeros()
    return sparse.diags(1 / np.asarray(whole.sum(axis=1)).ravel()).astype(np.float32) @ whole
