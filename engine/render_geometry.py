"""Shapes for the 3D view that follow from a mesh: smooth normals, a coarse twin that casts shadows, bones to see.

numpy only: this runs in the process that draws, which must start fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.skeleton import side_colors, side_of, smplx55

_sides = 6  # of a bone


@dataclass(frozen=True, eq=False)
class Topology:
    """Which vertices make the triangles, faces (F, 3), among `count` vertices, and what is derived from that alone."""

    faces: np.ndarray
    count: int

    @cached_property
    def _by_vertex(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Triangles by the vertices they touch, where each vertex' begin, and the vertices that have any."""
        corners = self.faces.ravel()
        order = np.argsort(corners, kind="stable")
        used, starts = np.unique(corners[order], return_index=True)
        return (order // 3).astype(np.int32), starts, used

    def normals(self, vertices: np.ndarray) -> np.ndarray:
        """Unit normals (V, 3) float32 of vertices (V, 3), weighted by the areas around; the front is anticlockwise."""
        a, b, c = (np.take(vertices, self.faces[:, k], axis=0) for k in range(3))
        u, w = b - a, c - a
        across = np.empty_like(u)
        for k, (m, n) in enumerate(((1, 2), (2, 0), (0, 1))):
            np.subtract(u[:, m] * w[:, n], u[:, n] * w[:, m], out=across[:, k])
        triangles, starts, used = self._by_vertex
        sums = np.zeros((self.count, 3), np.float32)
        sums[used] = np.add.reduceat(np.take(across, triangles, axis=0), starts, axis=0)
        length = np.sqrt(np.einsum("ij,ij->i", sums, sums))
        return sums / np.maximum(length, 1e-20)[:, None]

    def smooth(self, values: np.ndarray) -> np.ndarray:
        """Values (V, k) float32 averaged over each vertex and the triangles around it."""
        triangles, starts, used = self._by_vertex
        means = values[self.faces].mean(axis=1)
        out = values.copy()
        counts = np.diff(np.append(starts, len(triangles))).astype(np.float32)
        out[used] = np.add.reduceat(np.take(means, triangles, axis=0), starts, axis=0) / counts[:, None]
        return out

    @cached_property
    def coarse(self) -> tuple[np.ndarray, np.ndarray]:
        """A quarter of the vertices or so, and the triangles (…, 3) between them by their numbers in that choice.

        Each vertex left out is moved onto a neighbour that stays; none of two neighbours stays both, so that the
        choice is even whatever the pose. Enough to cast a soft shadow.
        """
        edges = np.unique(np.sort(self.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
        rank = np.random.default_rng(0).permutation(self.count)
        state = np.zeros(self.count, np.int8)  # 0 undecided, 1 stays, -1 moves
        while (open_ := state == 0).any():
            live = edges[open_[edges].all(axis=1)]
            best = np.full(self.count, self.count)
            np.minimum.at(best, live[:, 0], rank[live[:, 1]])
            np.minimum.at(best, live[:, 1], rank[live[:, 0]])
            stays = open_ & (rank < best)
            state[stays] = 1
            touched = edges[stays[edges].any(axis=1)]
            state[touched[state[touched] == 0]] = -1
        onto = np.arange(self.count)
        for one, other in ((0, 1), (1, 0)):
            moving = edges[(state[edges[:, one]] == -1) & (state[edges[:, other]] == 1)]
            onto[moving[:, one]] = moving[:, other]
        faces = onto[self.faces]
        whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
        chosen, numbers = np.unique(faces[whole], return_inverse=True)
        return chosen, numbers.reshape(-1, 3)


@dataclass(frozen=True, eq=False)
class Bones:
    """A skeleton as a mesh: vertices (V, 3) f32, faces (F, 3), colors (V, 3) uint8."""

    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray


def bones(joints: np.ndarray, thickness: float = 0.018) -> Bones:
    """The bones between smplx55's joints (55, 3), metres: thickest near the parent, left warm and right cool."""
    numbers = {joint: k for k, joint in enumerate(smplx55.joints)}
    pairs = np.array([(numbers[parent], numbers[child]) for parent, child in smplx55.bones])
    a, b = joints[pairs[:, 0]].astype(float), joints[pairs[:, 1]].astype(float)
    length = np.maximum(np.linalg.norm(b - a, axis=1), 1e-6)[:, None]
    along = (b - a) / length
    side = np.cross(along, np.where(np.abs(along[:, 2:]) < 0.9, (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)))
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    turn = np.linspace(0, 2 * np.pi, _sides, endpoint=False)[:, None, None]
    wide = np.minimum(thickness, 0.18 * length)
    # A ring a little way up the bone between two points, as animators draw them.
    ring = (
        a
        + along * np.minimum(0.2 * length, 2 * wide)
        + wide * (np.cos(turn) * side + np.sin(turn) * np.cross(along, side))
    )
    here = np.arange(_sides)
    after = (here + 1) % _sides
    foot, tip = np.zeros(_sides, int), np.full(_sides, _sides + 1)
    one = np.vstack([np.stack([foot, after + 1, here + 1], axis=1), np.stack([here + 1, after + 1, tip], axis=1)])
    corners = _sides + 2
    starts = np.arange(len(pairs)) * corners
    return Bones(
        np.concatenate([a[None], ring, b[None]]).transpose(1, 0, 2).reshape(-1, 3).astype(np.float32),
        (one + starts[:, None, None]).reshape(-1, 3),
        np.repeat([side_colors[side_of(child)] for _, child in smplx55.bones], corners, axis=0).astype(np.uint8),
    )
