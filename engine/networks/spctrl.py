"""SP-Ctrl's pose in numbers: an index map of joints and limbs becomes the picture that a ControlNet reads.

Every joint has a vector, made by a small MLP from a fixed random one; limbs say only that they are there
(arXiv 2506.20983, spatial-pose representation). The ControlNet itself is stock diffusers.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

Limbs = Literal["one", "zero", "rand", "interp_kpt"]
LayerVersion = Literal["sigmoid_version"]

joints = 17  # of an index map: numbers 1 … 17
limbs = 17  # numbers 51 … 67; the map may hold 68 and 69, which the published model does not see
first_limb = 51
numbers = 256  # that an index map can hold
width, hidden = 768, 256  # of a joint's fixed vector, of the MLP
dropout = 0.2
# Which joints (1-based) a limb lies between, by AP-10K's list: the published code has it for humans as well.
limb_ends = (
    (1, 2), (1, 3), (2, 3), (3, 4), (4, 5), (4, 6), (6, 7), (7, 8), (4, 9), (9, 10), (10, 11),
    (5, 12), (12, 13), (13, 14), (5, 15), (15, 16), (16, 17),
)  # fmt: skip


class FeedForward(nn.Module):
    """Two layers of the MLP, with nothing that goes around them."""

    def __init__(self) -> None:
        super().__init__()
        self.ff = nn.Sequential(
            nn.Linear(hidden, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.Dropout(dropout)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.ff(x)


class SpatialPose(nn.Module):
    """Index maps (B, H, W) of whole numbers 0 … 255 → pictures (B, C, H, W), unbounded.

    Joints are 1 … 17, limbs 51 … 67; every other number is nothing, and zero. `skeleton_type` is what limbs say:
    `one` (as published), `zero`, `rand`, or the mean of their ends, `interp_kpt`, which `detach` keeps from training
    the joints. `layer_version` "sigmoid_version" bounds the joints' vectors to 0 … 1. `learn_keypoints` and
    `learn_limbs` train the fixed vectors too. ValueError for another type or version.
    """

    def __init__(
        self,
        channels: int = 3,
        skeleton_type: Limbs = "one",
        layer_version: LayerVersion | None = None,
        learn_keypoints: bool = False,
        learn_limbs: bool = False,
        detach: bool = False,
    ) -> None:
        super().__init__()
        if skeleton_type not in get_args(Limbs):
            raise ValueError(f"expected a skeleton type {', '.join(get_args(Limbs))}, got {skeleton_type!r:.80}")
        if layer_version not in (None, *get_args(LayerVersion)):
            raise ValueError(f"expected a layer version sigmoid_version or none, got {layer_version!r:.80}")
        self.channels, self.skeleton_type, self.layer_version = channels, skeleton_type, layer_version
        self.learn_keypoints, self.learn_limbs, self.detach = learn_keypoints, learn_limbs, detach
        fill = {"one": torch.ones, "rand": torch.randn}.get(skeleton_type, torch.zeros)
        self.keypoint_emb = nn.Parameter(torch.randn(joints, width), requires_grad=learn_keypoints)
        self.skeleton_emb = nn.Parameter(fill(limbs, channels), requires_grad=learn_limbs)
        self.linear_in = nn.Linear(width, hidden)
        self.mlps = nn.Sequential(*(layer for _ in range(3) for layer in (FeedForward(), nn.LayerNorm(hidden))))
        self.linear_out = nn.Linear(hidden, channels)

    def learning(self) -> SpatialPose:
        """Itself, ready to learn: the MLP, and of the fixed vectors those that are to learn."""
        self.train().requires_grad_(True)
        self.keypoint_emb.requires_grad_(self.learn_keypoints)
        self.skeleton_emb.requires_grad_(self.learn_limbs)
        return self

    def keypoint_rows(self) -> Tensor:
        """(17, C) what each joint says."""
        rows = self.linear_out(self.mlps(self.linear_in(self.keypoint_emb)))
        return rows.sigmoid() if self.layer_version == "sigmoid_version" else rows

    def limb_rows(self, keypoint_rows: Tensor) -> Tensor:
        """(17, C) what each limb says, between joints that say `keypoint_rows` (17, C)."""
        if self.skeleton_type != "interp_kpt":
            return self.skeleton_emb
        rows = keypoint_rows.detach() if self.detach else keypoint_rows
        ends = torch.tensor(limb_ends, device=rows.device) - 1  # (17, 2)
        return rows[ends].mean(1)

    def table(self) -> Tensor:
        """(256, C) float32: what each number of an index map says."""
        rows = self.keypoint_rows()
        limb = self.limb_rows(rows)

        def nothing(count: int) -> Tensor:
            return rows.new_zeros(count, self.channels)

        between, after = first_limb - joints - 1, numbers - first_limb - limbs
        return torch.cat([nothing(1), rows, nothing(between), limb.to(rows), nothing(after)]).float()

    def forward(self, index_map: Tensor) -> Tensor:
        return embedding(index_map.long(), self.table()).permute(0, 3, 1, 2).contiguous()
