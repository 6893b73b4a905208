"""How a posed skeleton carries points: forward kinematics and linear blend skinning, both differentiable.

The maths of SMPL (Loper et al. 2015) as SMPL-X uses it. Shapes begin with the batch B; metres; matrices act on columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Tree(nn.Module):
    """A skeleton's parents (-1 for the root) by generations: as many steps as the longest chain has."""

    order: Tensor
    back: Tensor
    above: Tensor
    places: Tensor

    def __init__(self, parents: Sequence[int]) -> None:
        super().__init__()
        depth = [0] * len(parents)
        for joint, parent in enumerate(parents):  # a parent comes before its children
            depth[joint] = depth[parent] + 1 if parent >= 0 else 0
        levels = [[j for j, d in enumerate(depth) if d == level] for level in range(max(depth) + 1)]
        order = [joint for level in levels for joint in level]
        self.sizes = [len(level) for level in levels]
        self.register_buffer("order", torch.tensor(order), persistent=False)
        self.register_buffer("back", torch.tensor(order).argsort(), persistent=False)
        # The parent of each joint but the root, which comes first; and each parent's place in its generation.
        self.register_buffer("above", torch.tensor(parents[1:]), persistent=False)
        places = [levels[i - 1].index(parents[joint]) for i, level in enumerate(levels) if i for joint in level]
        self.register_buffer("places", torch.tensor(places), persistent=False)

    def forward(self, rotations: Tensor, joints: Tensor) -> Tensor:
        """Transforms (B, J, 3, 4) in the world of joints (B, J, 3) turned (B, J, 3, 3) in their parents' frames."""
        offsets = torch.cat([joints[:, :1], joints[:, 1:] - joints[:, self.above]], dim=1)
        local = torch.cat([rotations, offsets[..., None]], dim=-1)[:, self.order]
        root, *rest = local.split(self.sizes, dim=1)
        found = [root]
        for own, places in zip(rest, self.places.split(self.sizes[1:]), strict=True):
            parent = found[-1][:, places]
            placed = parent[..., :3] @ own
            found.append(torch.cat([placed[..., :3], placed[..., 3:] + parent[..., 3:]], dim=-1))
        return torch.cat(found, dim=1)[:, self.back]


def from_rest(transforms: Tensor, joints: Tensor) -> Tensor:
    """What carries the rest pose (joints (B, J, 3)) to the transforms (B, J, 3, 4) of its joints."""
    turns = transforms[..., :3]
    return torch.cat([turns, transforms[..., 3:] - turns @ joints[..., None]], dim=-1)


def carried(points: Tensor, weights: Tensor, carriers: Tensor) -> Tensor:
    """Points (B, N, 3) of the rest pose carried by transforms (B, J, 3, 4) in the mix of weights (N, J)."""
    mixed = (weights @ carriers.flatten(-2)).unflatten(-1, (3, 4))
    return (mixed[..., :3] @ points[..., None] + mixed[..., 3:]).squeeze(-1)


def pose_features(rotations: Tensor) -> Tensor:
    """What corrective shapes answer to, (B, 9 (J − 1)): how far each joint but the root is turned, R − I row by row."""
    eye = torch.eye(3, dtype=rotations.dtype, device=rotations.device)
    return (rotations[:, 1:] - eye).flatten(1)
