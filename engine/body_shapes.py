"""What the points of a body's rest pose answer to: its shape, its face, and corrections where joints bend.

Metres; shapes begin with the batch B. Directions without any effect are left out, and so are most corrections: a body
in memory is a tenth of the arrays of its file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn

from engine.body_file import BodyFile


class Shapes(nn.Module):
    """Points (N, 3) of the rest pose, metres, and how they answer to betas, expression and named units of the face.

    Columns of zeros are left out; `beta_columns` and `expression_columns` say which are kept.
    """

    base: Tensor
    beta_columns: Tensor
    betas: Tensor
    expression_columns: Tensor
    expression: Tensor
    units: Tensor

    def __init__(
        self, base: Tensor, betas: tuple[Tensor, Tensor], expression: tuple[Tensor, Tensor], units: Tensor
    ) -> None:
        """`betas` and `expression` are (columns (c,), directions (c, 3 N)); `units` (K, 3 N)."""
        super().__init__()
        for name, value in (
            ("base", base), ("beta_columns", betas[0]), ("betas", betas[1]),
            ("expression_columns", expression[0]), ("expression", expression[1]), ("units", units),
        ):  # fmt: skip
            self.register_buffer(name, value, persistent=False)

    def forward(self, betas: Tensor, expression: Tensor, units: Tensor) -> Tensor:
        """The points (B, N, 3) for betas (B, n), expression (B, m) and units (B, K) or (B, 0)."""
        moved = self.base.flatten().expand(len(betas), -1)
        for values, columns, directions in (
            (betas, self.beta_columns, self.betas),
            (expression, self.expression_columns, self.expression),
        ):
            known = int((columns < values.shape[1]).sum())
            if known:
                moved = moved + values[:, columns[:known]] @ directions[:known]
        if units.shape[1]:
            moved = moved + units @ self.units
        return moved.unflatten(1, (-1, 3))

    def changed(self, change: Callable[[Tensor], Tensor]) -> Shapes:
        """The shapes of other points, linear in these: `change` takes (n, N, 3) to (n, M, 3)."""

        def directions(of: Tensor) -> Tensor:
            return change(of.unflatten(1, (-1, 3))).flatten(1)

        return Shapes(
            change(self.base[None])[0],
            (self.beta_columns, directions(self.betas)),
            (self.expression_columns, directions(self.expression)),
            directions(self.units),
        )


class PoseShapes(nn.Module):
    """The corrective shapes: (N, 3, 9 J) metres, kept as the 3 × 9 blocks of a point and a joint that are not all zero.

    In the open body a joint moves its own neighbourhood alone, 2 % of the blocks; a file with most of them filled is
    kept whole.
    """

    blocks: Tensor
    point: Tensor
    joint: Tensor
    whole: Tensor | None

    def __init__(self, parts: Iterable[tuple[int, np.ndarray]], points: int, joints: int) -> None:
        """`parts` are (first row, rows (n, 9 J)) of the array seen as (3 N, 9 J), in order."""
        super().__init__()
        self.points, self.joints = points, joints
        pairs, blocks, left = [], [], np.zeros((0, 9 * joints), np.float32)
        first = 0
        for start, rows in parts:
            rows = np.concatenate([left, rows]) if len(left) else rows
            first, n = start - len(left), len(rows) // 3
            some = rows[: 3 * n].reshape(n, 3, joints, 9)
            point, joint = np.nonzero(some.any(axis=(1, 3)))
            pairs.append(np.stack([point + first // 3, joint]))
            blocks.append(some[point, :, joint])
            left = rows[3 * n :]
        pair, block = torch.from_numpy(np.concatenate(pairs, axis=1)), torch.from_numpy(np.concatenate(blocks))
        self.register_buffer("whole", None, persistent=False)
        if len(block) > points * joints / 4:
            dense = torch.zeros(points, joints, 3, 9)
            dense[pair[0], pair[1]] = block
            self.whole = dense.transpose(1, 2).reshape(3 * points, 9 * joints)
            pair, block = pair[:, :0], block[:0]
        self.register_buffer("blocks", block, persistent=False)
        self.register_buffer("point", pair[0].clone(), persistent=False)
        self.register_buffer("joint", pair[1].clone(), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Offsets (B, N, 3) for pose features (B, 9 J)."""
        if self.whole is not None:
            return (features @ self.whole.T).unflatten(1, (self.points, 3))
        turned = features.unflatten(1, (self.joints, 9))[:, self.joint].permute(1, 2, 0)
        moved = self.blocks @ turned
        none = moved.new_zeros(self.points, *moved.shape[1:])
        return none.index_add(0, self.point, moved).permute(2, 0, 1)

    def rows(self, points: Tensor) -> Tensor:
        """The shapes (9 J, 3 n) of some points (n,), to be multiplied by features."""
        if self.whole is not None:
            return self.whole.unflatten(0, (self.points, 3))[points].flatten(0, 1).T.contiguous()
        place = points.new_full((self.points,), -1)
        place[points] = torch.arange(len(points), device=points.device)
        kept = place[self.point] >= 0
        found = self.blocks.new_zeros(self.joints, 9, len(points), 3)
        found[self.joint[kept], :, place[self.point[kept]]] = self.blocks[kept].transpose(1, 2)
        return found.flatten(2).flatten(0, 1)


# ── from a file ──


def shapes_of(file: BodyFile) -> Shapes:
    """The rest pose and its directions, without columns of zeros, never holding the file's whole array."""
    kept: list[tuple[int, np.ndarray, np.ndarray]] = []
    for row, block in file.blocks("shapedirs"):
        columns = np.flatnonzero(block.any(axis=0))
        kept.append((row, columns, block[:, columns]))
    columns = np.unique(np.concatenate([columns for _, columns, _ in kept]))
    directions = np.zeros((len(columns), 3 * file.vertices), np.float32)
    for row, some, values in kept:
        directions[np.searchsorted(columns, some), row : row + len(values)] = values.T

    def part(first: int, count: int) -> tuple[Tensor, Tensor]:
        where = (columns >= first) & (columns < first + count)
        return torch.from_numpy(columns[where] - first), torch.from_numpy(directions[where])

    base = torch.from_numpy(file.array("v_template").astype(np.float32))
    units = torch.zeros(0, 3 * file.vertices)
    if "face_units" in file:
        units = torch.from_numpy(file.array("face_units").astype(np.float32)).flatten(1)
    return Shapes(base, part(0, file.betas), part(file.betas, file.expressions), units)


def regressed(regressor: Tensor, points: Tensor) -> Tensor:
    """Joints (n, 55, 3) of so many shapes (n, V, 3), summed in double precision."""
    flat = points.double().transpose(0, 1).flatten(1)
    return torch.sparse.mm(regressor.double(), flat).unflatten(1, (-1, 3)).transpose(0, 1).to(points.dtype)
