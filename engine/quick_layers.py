"""Layers that train a prior's network faster on a processor's core, the same in what they compute.

A network told by 512 rows of batch what 128 times mean answers the same 128 questions four times over; group norm and
dropout are slow where each channel is one number. For training only: a network's weights and their names stay as
they are.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from engine.networks.dposer import TimeFC

_bits = 1 << 16  # dropout's chance is told in this many steps


def quicken(network: TimeFC, times: int) -> None:
    """Puts faster layers in a network that is trained on batches whose times repeat after the first `times` rows.

    In evaluation it answers any times as before.
    """
    for name, layer in list(network.named_modules()):
        parent, _, child = name.rpartition(".")
        if isinstance(layer, nn.GroupNorm):
            setattr(network.get_submodule(parent), child, QuickNorm.of(layer))
        elif isinstance(layer, nn.Dropout):
            setattr(network.get_submodule(parent), child, QuickDropout(layer.p))
        elif isinstance(layer, nn.Linear) and (child.endswith("_t") or "time" in parent):
            _ask_once(layer, times)


def _ask_once(layer: nn.Linear, times: int) -> None:
    """Lets a layer that is given times compute each but once."""

    rows = 0

    def first(layer: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
        nonlocal rows
        rows = len(given[0])
        if not layer.training:
            return given
        if rows % times:
            raise ValueError(f"expected a batch in multiples of its {times} times, got {rows} poses")
        return (given[0][:times],)

    def all_rows(layer: nn.Module, given: tuple[Tensor], answer: Tensor) -> Tensor:
        return answer.repeat(rows // times, 1) if layer.training else answer

    layer.register_forward_pre_hook(first)
    layer.register_forward_hook(all_rows)


class QuickNorm(nn.GroupNorm):
    """Group norm of rows (B, C)."""

    @classmethod
    def of(cls, layer: nn.GroupNorm) -> QuickNorm:
        quick = cls(layer.num_groups, layer.num_channels, layer.eps)
        quick.weight, quick.bias = layer.weight, layer.bias
        return quick

    def forward(self, input: Tensor) -> Tensor:
        return _GroupNorm.apply(input, self.weight, self.bias, self.num_groups, self.eps)  # type: ignore[return-value]


class _GroupNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float) -> Tensor:
        rows = x.reshape(len(x) * groups, -1)
        rows = rows - rows.mean(1, keepdim=True)
        spread = torch.rsqrt(rows.square().mean(1, keepdim=True) + eps)
        normal = rows.mul_(spread).view_as(x)
        ctx.save_for_backward(normal, spread, weight)
        return torch.addcmul(bias, normal, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        normal, spread, weight = ctx.saved_tensors
        rows, towards = normal.view(len(spread), -1), (gradient * weight).view(len(spread), -1)
        middle, along = towards.mean(1, keepdim=True), (towards * rows).mean(1, keepdim=True)
        inner = towards.sub_(middle).addcmul_(rows, along, value=-1).mul_(spread)
        return inner.view_as(normal), (gradient * normal).sum(0), gradient.sum(0), None, None


class QuickDropout(nn.Dropout):
    """Dropout whose chance is rounded to a 65,536th: four numbers are decided by one random draw of 64 bits."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return input
        count = input.numel()
        words = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None)
        drawn = words.view(torch.int16)[:count].view(input.shape)
        kept = drawn >= round(self.p * _bits) - _bits // 2
        return input * kept.to(input.dtype).mul_(1 / (1 - self.p))
