"""The same numbers with less memory, and in the layout that is fast: how stock diffusers layers run for inference."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

rows = 64  # of a map, whose squares are added up at a time


def moments(vae: Any, pixels: Tensor) -> Tensor:
    """What the VAE encodes pictures to (B, 8, h, w), by its own layers; in place where nobody else reads a value.

    The same numbers as its own forward, with 3 instead of 5 maps of the picture's size in memory at the peak.
    """
    encoder = vae.encoder
    maps = encoder.conv_in(pixels)
    for block in encoder.down_blocks:
        for layer in block.resnets:
            maps = _residual(layer, maps)
        for layer in block.downsamplers or ():
            maps = layer(maps)
    maps = encoder.mid_block(maps)
    return vae.quant_conv(encoder.conv_out(encoder.conv_act(encoder.conv_norm_out(maps))))


def _residual(layer: Any, maps: Tensor) -> Tensor:
    inner = silu(layer.norm1(maps), inplace=True)
    inner = layer.conv1(inner)
    inner = silu(layer.norm2(inner), inplace=True)  # named anew at each step, so that the last one is let go
    inner = layer.conv2(inner)
    return inner.add_(maps if layer.conv_shortcut is None else layer.conv_shortcut(maps))


@torch.no_grad()
def one_convolution(encoder: Any) -> nn.Module:
    """A small VAE's encoder as a single convolution of its patches, where it comes to no more; else as it is.

    One without blocks, which has no bend, is found out by the answers to each number of a patch alone; a picture of
    several patches tells whether none of them sees its neighbours. On torch's meta device nothing answers.
    """
    if not all(type(layer) is nn.Conv2d for layer in encoder.layers) or encoder.layers[0].weight.is_meta:
        return encoder
    side = math.prod(layer.stride[0] for layer in encoder.layers)
    plain = deepcopy(encoder).cpu().float()
    size = 3 * side * side
    patches = torch.cat([torch.zeros(1, size), torch.eye(size)]).reshape(-1, 3, side, side)
    first, *others = plain(patches).squeeze((2, 3))
    conv = nn.Conv2d(3, len(first), side, stride=side)
    conv.weight.copy_((torch.stack(others) - first).T.reshape(conv.weight.shape))
    conv.bias.copy_(first)  # type: ignore[union-attr]
    several = torch.rand(1, 3, 3 * side, 3 * side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    if not torch.allclose(conv(several), plain(several), atol=1e-4):
        return encoder
    like = encoder.layers[0].weight
    alone = nn.Sequential()  # its layer under the name that it has in the encoder
    alone.layers = nn.Sequential(conv.to(like.device, like.dtype))
    return alone.train(encoder.training).requires_grad_(False)


class SteadyGroupNorm(nn.GroupNorm):
    """A GroupNorm that stays exact on a processor with channels last, for maps (B, C, H, W) in single precision.

    PyTorch's own adds up values and squares there one after the other and takes the variance from the two sums: at
    the size of a picture 4 digits are left, and none where a group is nearly flat. Here the mean goes first, and sums
    are taken as PyTorch's reductions take them, in a cascade.
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim != 4 or input.device.type != "cpu" or input.dtype != torch.float32:
            return super().forward(input)
        centered = input - self._of_groups(input.mean((2, 3)))
        # Part by part, so that no second map of squares lies in memory.
        squares = sum((part.square().sum((2, 3)) for part in centered.split(rows, 2)), torch.zeros(()))
        spread = (self._of_groups(squares / (input.shape[2] * input.shape[3])) + self.eps).rsqrt()
        return torch.addcmul(self.bias[:, None, None], centered, spread * self.weight[:, None, None], out=centered)

    def _of_groups(self, means: Tensor) -> Tensor:
        """Means (B, C) of channels → the means of their groups (B, C, 1, 1)."""
        batch, channels = means.shape
        groups = means.reshape(batch, self.num_groups, -1).mean(-1, keepdim=True)
        return groups.expand(-1, -1, channels // self.num_groups).reshape(batch, channels, 1, 1)


def steady(module: nn.Module) -> None:
    """Gives every GroupNorm inside the module its steady form, with the weights it has."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.GroupNorm:
                with torch.device("meta"):
                    norm = SteadyGroupNorm(child.num_groups, child.num_channels, child.eps, child.affine)
                norm.weight, norm.bias = child.weight, child.bias
                setattr(parent, name, norm.train(child.training))
