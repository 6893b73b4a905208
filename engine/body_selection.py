"""Chosen points of a body: the few vertices they need, with everything that moves those, cut out of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from engine.body_points import Part, Point, contour_turns
from engine.body_shapes import PoseShapes, Shapes
from engine.skeleton import smplx55
from engine.skinning import carried, pose_features

Contour = Literal["front", "turning"]


class Landmarks:
    """Where a body's landmarks lie: vertices and weights of the inner 51, of the contour's 79 rows, and the crown."""

    def __init__(
        self,
        faces: np.ndarray,
        inner: tuple[np.ndarray, np.ndarray],
        contour: tuple[np.ndarray, np.ndarray],
        crown: int,
    ) -> None:
        """Triangles (F, 3); (triangles (51,), weights (51, 3)); (triangles (79, 17), weights (79, 17, 3)); a vertex."""
        self.inner = faces[inner[0]], inner[1]
        self.contour = faces[contour[0]], contour[1]
        self.crown = crown

    def of(self, part: Part) -> tuple[np.ndarray, np.ndarray]:
        """Vertices (n,) and their weights (n,) for a part that lies on the skin; of the contour, the frontal row's."""
        if part.kind == "vertex":
            return np.array([part.number]), np.ones(1)
        if part.kind == "crown":
            return np.array([self.crown]), np.ones(1)
        vertices, weights = self.inner if part.kind == "landmark" else (self.contour[0][0], self.contour[1][0])
        return vertices[part.number], weights[part.number]


class Selection(nn.Module):
    """Named points of one body, cut out of it: `names` (P,) in order, and the `vertices` (Q,) they rest on.

    `contour` "front" keeps the face's contour where it is seen from the front; "turning" lets it slide round the face
    as the head turns. It belongs to the body that made it, and to its device.
    """

    vertices: Tensor
    joint_mix: Tensor
    vertex_mix: Tensor
    weights: Tensor
    pose_rows: Tensor
    contour_at: Tensor
    contour_vertices: Tensor
    contour_weights: Tensor

    def __init__(
        self, points: Sequence[Point], landmarks: Landmarks, contour: Contour,
        shapes: Shapes, pose_shapes: PoseShapes | None, weights: Tensor,
    ) -> None:  # fmt: skip
        super().__init__()
        self.names = tuple(point.name for point in points)
        turning = [i for i, point in enumerate(points) if contour == "turning" and point.parts[0].kind == "contour"]
        self.contour: Contour = "turning" if turning else "front"
        mixes: list[dict[int, float]] = [{} for _ in points]
        joint_mix = np.zeros((len(points), weights.shape[1]))
        for i, point in enumerate(points):
            for part in point.parts:
                if part.kind == "joint":
                    joint_mix[i, part.number] += 1 / len(point.parts)
                elif i not in turning:
                    for vertex, weight in zip(*landmarks.of(part), strict=True):
                        mixes[i][int(vertex)] = mixes[i].get(int(vertex), 0.0) + float(weight) / len(point.parts)
        numbers = [points[i].parts[0].number for i in turning]
        turned = landmarks.contour[0][:, numbers], landmarks.contour[1][:, numbers]
        chosen = np.unique([*(vertex for mix in mixes for vertex in mix), *turned[0].ravel()]).astype(np.int64)
        vertex_mix = np.zeros((len(points), len(chosen)))
        for i, mix in enumerate(mixes):
            vertex_mix[i, np.searchsorted(chosen, list(mix))] = list(mix.values())

        vertices = torch.from_numpy(chosen).to(weights.device)
        self.shapes = shapes.changed(lambda points: points[:, vertices])
        rows = pose_shapes.rows(vertices) if pose_shapes is not None else weights.new_zeros(0, 3 * len(chosen))
        for name, value in (
            ("vertices", vertices), ("weights", weights[vertices]), ("pose_rows", rows),
            ("joint_mix", torch.from_numpy(joint_mix).to(weights)),
            ("vertex_mix", torch.from_numpy(vertex_mix).to(weights)),
            ("contour_at", torch.tensor(turning, dtype=torch.long, device=weights.device)),
            ("contour_vertices", torch.from_numpy(np.searchsorted(chosen, turned[0])).to(weights.device)),
            ("contour_weights", torch.from_numpy(turned[1]).to(weights)),
        ):  # fmt: skip
            self.register_buffer(name, value, persistent=False)

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Place of a point by its name; ValueError for one that is not chosen."""
        if name not in self.names:
            raise ValueError(f"expected one of the {len(self)} chosen points, got {name!r}")
        return self.names.index(name)

    def forward(self, rest: Tensor, rotations: Tensor, joints: Tensor, carriers: Tensor, yaw: Tensor | None) -> Tensor:
        """The points (B, P, 3), metres.

        From their vertices at rest (B, Q, 3), the joints' own turns (B, 55, 3, 3), the joints (B, 55, 3) in the world,
        the carriers (B, 55, 3, 4) of `skinning.from_rest`, and the head's yaw (B,) rad for a contour that turns.
        """
        found = self.joint_mix @ joints
        if not len(self.vertices):
            return found
        if len(self.pose_rows):
            rest = rest + (pose_features(rotations) @ self.pose_rows).unflatten(1, (-1, 3))
        skin = carried(rest, self.weights, carriers)
        found = found + self.vertex_mix @ skin
        if yaw is not None and self.contour == "turning":
            row = contour_row(yaw)
            corners = skin[torch.arange(len(skin), device=skin.device)[:, None, None], self.contour_vertices[row]]
            found = found.index_add(1, self.contour_at, (corners * self.contour_weights[row][..., None]).sum(-2))
        return found


# ── where the face looks ──


def contour_row(yaw: Tensor) -> Tensor:
    """Rows (...) of the contour's table for heads turned (...) rad to the left: k for k° to the right, 39 + k left."""
    right = (-yaw.detach().rad2deg()).clamp(-contour_turns, contour_turns).round().long()
    return torch.where(right < 0, contour_turns - right, right)


def yaw_of(transforms: Tensor) -> Tensor:
    """The neck's yaw (B,) rad in the world, to its left."""
    turn = transforms[:, smplx55.index("neck"), :, :3]
    return torch.atan2(-turn[:, 2, 0], (turn[:, 0, 0] ** 2 + turn[:, 1, 0] ** 2).sqrt())


def yaw_towards(transforms: Tensor, eye: Tensor) -> Tensor:
    """How far (B,) rad the head is turned to its left, seen from places (3,) or (B, 3)."""
    head = transforms[:, smplx55.index("head")]
    towards = ((eye - head[..., 3])[:, None] @ head[..., :3]).squeeze(1)
    return torch.atan2(-towards[:, 0], towards[:, 2])
