"""DPoser-X's networks: from a noisy pose and the time, the noise in it (arXiv 2508.00599, section 3 and supplement).

Every network takes poses (B, D), normalised, and labels, 999 times the diffusion time, (B,) or one for all, (1,); it
returns the estimated noise (B, D). Parts of a whole body lie in a vector of 256 in the order of `parts`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

Part = Literal["body", "hand", "face", "face-shape", "wholebody", "face-full"]
Model = Literal["base", "fused", "mixed"]
part_names: tuple[Part, ...] = get_args(Part)
model_names: tuple[Model, ...] = get_args(Model)
# Numbers in a part's vector: axis-angles of 21 and 15 joints, jaw and 100 expressions, 100 shapes; together.
dims: dict[Part, int] = {
    "body": 63, "hand": 45, "face": 103, "face-shape": 100, "wholebody": 256, "face-full": 203,
}  # fmt: skip
# A whole body's vector: its parts in order, each with its columns.
parts: dict[str, slice] = {
    "body": slice(0, 63), "left_hand": slice(63, 108), "right_hand": slice(108, 153), "face": slice(153, 256),
}  # fmt: skip
groups = 32  # of GroupNorm
coarsest, finest, levels = 50.0, 0.01, 1000  # of the table that outputs are divided by


@dataclass(frozen=True)
class Size:
    """How wide a network is: hidden numbers, and numbers that tell the time."""

    hidden: int = 1024
    embed: int = 512


class TimeFC(nn.Module):
    """The network of one part: linear layers with two residual blocks, told the time at every layer."""

    sigmas: Tensor

    def __init__(
        self, inputs: int, size: Size = Size(), outputs: int | None = None, blocks: int = 2, dropout: float = 0.1
    ) -> None:
        super().__init__()
        hidden, embed = size.hidden, size.embed
        self.embed = embed
        # The table of a variance-exploding diffusion, though this one is not: the weights were trained with it.
        table = torch.linspace(math.log(coarsest), math.log(finest), levels, dtype=torch.float64).exp()
        self.register_buffer("sigmas", table.float())
        self.pre_dense = nn.Linear(inputs, hidden)
        self.pre_dense_t = nn.Linear(embed, hidden)
        self.pre_gnorm = nn.GroupNorm(groups, hidden)
        self.shared_time_embed = nn.Sequential(nn.Linear(embed, embed))
        self.blocks = nn.ModuleList(Block(size, dropout) for _ in range(blocks))
        self.post_dense = nn.Linear(hidden, inputs if outputs is None else outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        time = silu(self.shared_time_embed(positional(labels, self.embed)))
        h = self.dropout(silu(self.pre_gnorm(self.pre_dense(x) + self.pre_dense_t(time))))
        for block in self.blocks:
            h = block(h, time)
        return self.post_dense(h) / self.sigmas[labels.long()][:, None]


class Block(nn.Module):
    """Two linear layers, each told the time, added to what came in."""

    def __init__(self, size: Size, dropout: float) -> None:
        super().__init__()
        hidden, embed = size.hidden, size.embed
        self.dense1, self.dense1_t = nn.Linear(hidden, hidden), nn.Linear(embed, hidden)
        self.gnorm1 = nn.GroupNorm(groups, hidden)
        self.dense2, self.dense2_t = nn.Linear(hidden, hidden), nn.Linear(embed, hidden)
        self.gnorm2 = nn.GroupNorm(groups, hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.dropout(silu(self.gnorm1(self.dense1(x) + self.dense1_t(time))))
        h = self.dropout(silu(self.gnorm2(self.dense2(h) + self.dense2_t(time))))
        return x + h


def positional(labels: Tensor, embed: int) -> Tensor:
    """Sines and cosines (B, E) of labels (B,) at frequencies from 1 down to 1 / 10,000."""
    half = embed // 2
    steps = torch.arange(half, device=labels.device, dtype=torch.float32)
    angles = labels.float()[:, None] * torch.exp(steps * (-math.log(10_000) / (half - 1)))
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Combined(nn.Module):
    """A whole body's noise as its parts' networks tell it, each by itself; one network serves both hands.

    `mask` (B, 4), 1 to keep a part and 0 to hide it, zeroes hidden parts of the noisy pose. The left hand comes in the
    right hand's form.
    """

    def __init__(self, body: TimeFC, hand: TimeFC, face: TimeFC) -> None:
        super().__init__()
        self.body_model, self.hand_model, self.face_model = body, hand, face

    @property
    def networks(self) -> tuple[TimeFC, ...]:
        """The network of each of `parts`."""
        return self.body_model, self.hand_model, self.hand_model, self.face_model

    def forward(self, x: Tensor, labels: Tensor, mask: Tensor | None = None) -> Tensor:
        x = masked(x, mask)
        seen = zip(self.networks, parts.values(), strict=True)
        return torch.cat([network(x[:, columns], labels) for network, columns in seen], dim=1)


class Fused(nn.Module):
    """The combined networks, and one more that sees all parts at once and corrects them; "fused" and "mixed" alike.

    What it sees are the first layers' answers to each part. Its correction begins at zero. `frozen` networks stay as
    they are while it learns.
    """

    def __init__(self, base: Combined, size: Size = Size(512, 256), dropout: float = 0.1) -> None:
        super().__init__()
        self.base_model = base.requires_grad_(False)
        seen = sum(network.pre_dense.out_features for network in base.networks)
        self.mask_fc = TimeFC(seen, size, dims["wholebody"], dropout=dropout)
        self.output_linear = nn.Linear(dims["wholebody"], dims["wholebody"])
        nn.init.zeros_(self.output_linear.weight)
        nn.init.zeros_(self.output_linear.bias)

    def forward(self, x: Tensor, labels: Tensor, mask: Tensor | None = None) -> Tensor:
        x = masked(x, mask)
        base = self.base_model
        seen = zip(base.networks, parts.values(), strict=True)
        hidden = torch.cat([network.pre_dense(x[:, columns]) for network, columns in seen], dim=1)
        return base(x, labels) + self.output_linear(self.mask_fc(hidden, labels))


class FullFace(nn.Module):
    """A face's noise: jaw and expression by one network, shape by another."""

    def __init__(self, pose: TimeFC, shape: TimeFC) -> None:
        super().__init__()
        self.pose_model, self.shape_model = pose, shape

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        return torch.cat([self.pose_model(x[:, :103], labels), self.shape_model(x[:, 103:], labels)], dim=1)


def masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """Whole-body vectors (B, 256) with the parts that `mask` (B, 4) hides set to zero."""
    if mask is None:
        return x
    if mask.shape != (len(x), len(parts)):
        raise ValueError(f"expected a mask of shape ({len(x)}, {len(parts)}), got {tuple(mask.shape)}")
    widths = torch.tensor([c.stop - c.start for c in parts.values()], device=x.device)
    return x * torch.repeat_interleave(mask.to(x), widths, dim=1)


# ── sizes ──


@dataclass(frozen=True)
class Sizes:
    """How wide each network of a family is; the published ones by default."""

    body: Size = Size()
    hand: Size = Size()
    face: Size = Size()
    face_shape: Size = Size(512, 256)
    fusion: Size = Size(512, 256)


published_sizes = Sizes()
# What this project trains and ships.
open_sizes = replace(
    published_sizes, body=Size(512, 256), hand=Size(512, 256), face=Size(256, 128), face_shape=Size(256, 128),
    fusion=Size(512, 256),
)  # fmt: skip
tiny_sizes = Sizes(Size(64, 32), Size(64, 32), Size(64, 32), Size(64, 32), Size(64, 32))
PoseNet = TimeFC | Combined | Fused | FullFace


def build(part: Part, model: Model = "base", sizes: Sizes = published_sizes) -> PoseNet:
    """The network of a part with random weights; `model` tells a whole body's kind."""

    def of(name: Part) -> TimeFC:
        size: Size = getattr(sizes, name.replace("-", "_"))
        return TimeFC(dims[name], size)

    if part == "face-full":
        return FullFace(of("face"), of("face-shape"))
    if part != "wholebody":
        return of(part)
    combined = Combined(of("body"), of("hand"), of("face"))
    return combined if model == "base" else Fused(combined, sizes.fusion)
