"""The body's own mesh: skin, rounder eyes, teeth and tongue out of the base mesh, all by one sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from scripts.bodywork.sources import Array, BaseMesh, Indices
from scripts.bodywork.sparse import Sparse, sp, spsolve
from scripts.bodywork.subdivision import subdivided, texture_subdivided

parts = (
    ("skin", "body"),
    ("left_eye", "helper-l-eye"),
    ("right_eye", "helper-r-eye"),
    ("upper_teeth", "helper-upper-teeth"),
    ("lower_teeth", "helper-lower-teeth"),
    ("tongue", "helper-tongue"),
)
part_names = tuple(name for name, _ in parts)

# MakeHuman's teeth are cages for real ones: full size, they come out of the corners of the mouth; and they lie so deep
# and so high that an open mouth hides them. Scaled about the middle of the arch, then moved forward by a share of its
# depth, the upper ones also down and the lower ones up by a share of the way between both.
_teeth_scale = 0.86
_teeth_forward = 0.06
_teeth_together = {"upper_teeth": 0.15, "lower_teeth": 0.04}
# The tails of the bones `breast.L/R`, and how far around them the mannequin's chest is filled in smoothly.
_breast_points = (8451, 1779)
_breast_radius = 0.024


@dataclass(frozen=True)
class BodyMesh:
    """Topology of the body; `matrix` (V, 19158) takes base vertices, targets and weights to it.

    quads (Q, 4), faces (F, 3), texture (T, 2), texture_faces (F, 3); vertex_part (V,) and face_part (F,) index
    `part_names`; mirror (V,) is each vertex's fellow on the other side.
    """

    matrix: Sparse
    quads: Indices
    faces: Indices
    texture: Array
    texture_faces: Indices
    vertex_part: Indices
    face_part: Indices
    mirror: Indices

    def part(self, name: str) -> Indices:
        """The vertices of a part."""
        return np.flatnonzero(self.vertex_part == part_names.index(name))

    @property
    def skin_faces(self) -> Indices:
        """The triangles of the skin alone."""
        return self.faces[self.face_part == 0]


def selection(members: Indices, count: int) -> Sparse:
    """The matrix that picks those of `count` vertices."""
    return sp.csr_matrix((np.ones(len(members)), (np.arange(len(members)), members)), (len(members), count))


def _scaled(matrix: Sparse, factor: float) -> Sparse:
    """The same points, scaled about their mean."""
    count = matrix.shape[0]
    mean = sp.csr_matrix(np.full((count, count), 1 / count))
    return (factor * matrix + (1 - factor) * mean @ matrix).tocsr()


def _teeth(base: BaseMesh, name: str, shape: Array) -> Sparse:
    """The teeth's rows, nearer to the lips; all moves are shares of distances in the mesh, and so follow any shape."""
    groups = dict(parts)
    members = base.members(groups[name])
    own = selection(members, len(shape))
    depth = shape[members, 2]
    front = np.where(depth > np.quantile(depth, 0.8), 1.0, 0.0)
    back = np.where(depth < np.quantile(depth, 0.2), 1.0, 0.0)
    other = base.members(groups["lower_teeth" if name == "upper_teeth" else "upper_teeth"])
    between = _mean_row(other, len(shape)) - _mean_row(members, len(shape))
    forward = sp.csr_matrix(front / front.sum() - back / back.sum()) @ own
    move = _teeth_forward * forward + _teeth_together[name] * between
    return (_scaled(own, _teeth_scale) + sp.csr_matrix(np.ones((len(members), 1))) @ move).tocsr()


def _mean_row(members: Indices, count: int) -> Sparse:
    return sp.csr_matrix(np.full((1, len(members)), 1 / len(members))) @ selection(members, count)


def _round_eye(points: Array, quads: Indices) -> tuple[Sparse, Indices]:
    """Two subdivisions, scaled to the ball's old radius, which they shrink."""
    matrix, finer = subdivided(quads, len(points))
    again, finest = subdivided(finer, matrix.shape[0])
    whole = (again @ matrix).tocsr()
    radius = [np.linalg.norm(p - p.mean(axis=0), axis=1).mean() for p in (points, whole @ points)]
    return _scaled(whole, radius[0] / radius[1]), finest


def cotangent_laplacian(vertices: Array, faces: Indices) -> tuple[Sparse, Array]:
    """The cotangent Laplacian (V, V) and each vertex's share of the area (V,)."""
    count = len(vertices)
    corners = vertices[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    total = sp.csr_matrix((count, count))
    for k in range(3):
        a, b, c = faces[:, k], faces[:, (k + 1) % 3], faces[:, (k + 2) % 3]
        u, v = vertices[b] - vertices[a], vertices[c] - vertices[a]
        half = (u * v).sum(axis=1) / np.maximum(4 * area, 1e-14)
        total = total + sp.csr_matrix((np.tile(half, 2), (np.r_[b, c], np.r_[c, b])), (count, count))
    mass = np.bincount(faces.ravel(), np.repeat(area / 3, 3), minlength=count)
    return (sp.diags(np.asarray(total.sum(axis=1)).ravel()) - total).tocsr(), mass.astype(np.float64)


def _filled(vertices: Array, faces: Indices, inside: Indices) -> Sparse:
    """A matrix (V, V) that replaces the inside by the surface of least bending over it: bi-harmonic, clamped."""
    laplacian, mass = cotangent_laplacian(vertices, faces)
    bending = (laplacian @ sp.diags(1 / np.maximum(mass, 1e-12)) @ laplacian).tocsr()
    outside = np.setdiff1d(np.arange(len(vertices)), inside)
    within = bending[inside]
    answer = spsolve(within[:, inside].tocsc(), -within[:, outside].toarray())
    answer[np.abs(answer) < 1e-9] = 0
    rows = sp.csr_matrix(answer) @ selection(outside, len(vertices))
    keep = sp.diags(np.isin(np.arange(len(vertices)), outside).astype(np.float64))
    place = selection(inside, len(vertices)).T
    return (keep + place @ rows).tocsr()


def _diagonals(vertices: Array, quads: Indices) -> Indices:
    """Each quad's cut (Q,): 0 through its first corner, 1 through its second; the shorter one, alike on both sides."""
    first = np.linalg.norm(vertices[quads[:, 0]] - vertices[quads[:, 2]], axis=1)
    second = np.linalg.norm(vertices[quads[:, 1]] - vertices[quads[:, 3]], axis=1)
    return (second < first - 1e-9).astype(np.int64)


def triangles(quads: Indices, cut: Indices) -> Indices:
    """Two triangles for each quad, one after the other (2Q, 3)."""
    turned = np.where(cut[:, None] == 1, np.roll(quads, -1, axis=1), quads)
    return np.stack([turned[:, [0, 1, 2]], turned[:, [0, 2, 3]]], axis=1).reshape(-1, 3)


def body_mesh(base: BaseMesh, shape: Array) -> BodyMesh:
    """The mesh; `shape` (19158, 3) m is the neutral body, by which chest and diagonals are judged."""
    count = len(base.vertices)
    blocks, quads, textures, texture_quads, belonging = [], [], [], [], []
    start = texture_start = 0
    for index, (name, group) in enumerate(parts):
        members = base.members(group)
        local = np.searchsorted(members, base.groups[group])
        block = selection(members, count)
        corners, own = np.unique(base.texture_quads[group], return_inverse=True)
        texture, own = base.texture[corners], own.reshape(local.shape)
        if name.endswith("eye"):
            for _ in range(2):
                texture, own = texture_subdivided(texture, own)
            rounder, local = _round_eye(shape[members], local)
            block = rounder @ block
        elif name.endswith("teeth"):
            block = _teeth(base, name, shape)
        blocks.append(block)
        quads.append(local + start)
        textures.append(texture)
        texture_quads.append(own + texture_start)
        belonging.append(np.full(block.shape[0], index))
        start, texture_start = start + block.shape[0], texture_start + len(texture)
    matrix = sp.vstack(blocks).tocsr()
    all_quads, vertex_part = np.concatenate(quads), np.concatenate(belonging)
    matrix = _with_plain_chest(matrix, all_quads, vertex_part, shape)
    cut = _diagonals(matrix @ shape, all_quads)
    straight = matrix @ base.vertices
    mirror = KDTree(straight).query(straight * [-1, 1, 1])[1]
    return BodyMesh(
        matrix,
        all_quads,
        triangles(all_quads, cut),
        np.concatenate(textures),
        triangles(np.concatenate(texture_quads), cut),
        vertex_part,
        vertex_part[all_quads[:, 0]].repeat(2),
        np.asarray(mirror),
    )


def _with_plain_chest(matrix: Sparse, quads: Indices, vertex_part: Indices, shape: Array) -> Sparse:
    """A mannequin's chest: the skin around both breast points filled in smoothly."""
    skin = vertex_part == 0
    vertices = (matrix @ shape)[skin]
    faces = triangles(quads[skin[quads[:, 0]]], np.zeros(int(skin[quads[:, 0]].sum()), dtype=np.int64))
    away = np.linalg.norm(vertices[:, None] - shape[list(_breast_points)], axis=2).min(axis=1)
    fill = _filled(vertices, faces, np.flatnonzero(away < _breast_radius))
    other = sp.identity(int((~skin).sum()), format="csr")
    return (sp.block_diag([fill, other]).tocsr() @ matrix).tocsr()
