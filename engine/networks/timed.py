"""DPoser-X's networks at times known beforehand: what they are told of the time is worked out once, for all steps.

An optimisation of a few hundred steps on a few rows spends most of its time on embeddings of the time that are the same
for every row; here they become one bias a layer and step. The numbers are the networks' own in evaluation mode.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, silu

from engine.networks.dposer import Block, Combined, Fused, PoseNet, TimeFC, groups, masked, parts, positional


class Timed:
    """A network told the labels (S,) of S steps: `noise(x, k)` is the network's answer to poses (B, D) at label k.

    Poses as the network takes them; nothing is differentiated. ValueError for a network that is none of the engine's
    or that is in training mode, where dropout would be expected.
    """

    @torch.no_grad()
    def __init__(self, net: nn.Module, labels: Tensor) -> None:
        if not isinstance(net, PoseNet):
            raise ValueError(f"expected a network of engine.networks.dposer, got {type(net).__name__}")
        if net.training:
            raise ValueError("expected a network in evaluation mode, got one in training mode")
        self._net = _timed(net, labels)

    @torch.no_grad()
    def noise(self, x: Tensor, k: int, mask: Tensor | None = None) -> Tensor:
        """The estimated noise (B, D) in poses (B, D) at label k; `mask` (B, 4) as the network's."""
        return self._net(masked(x, mask), k)


class _Part:
    """One part's network: `first` is the layer that sees the pose, `rest` what follows it."""

    def __init__(self, net: TimeFC, labels: Tensor) -> None:
        time = silu(net.shared_time_embed(positional(labels, net.embed)))
        self.pre = net.pre_dense
        self.told = net.pre_dense_t(time)
        self.norm = net.pre_gnorm
        self.blocks = [_block(cast(Block, block), time) for block in net.blocks]
        share = 1 / net.sigmas[labels.long()]
        # The division by the table is part of the last layer: (W h + b) / s.
        self.post, self.bias, self.share = net.post_dense.weight, net.post_dense.bias[None] * share[:, None], share

    def __call__(self, x: Tensor, k: int) -> Tensor:
        return self.rest(self.first(x), k)

    def first(self, x: Tensor) -> Tensor:
        return self.pre(x)

    def rest(self, first: Tensor, k: int) -> Tensor:
        h = _norm(first + self.told[k], self.norm)
        for one, one_norm, two, two_norm in self.blocks:
            inner = _norm(linear(h, one[0], one[1][k]), one_norm)
            h = h + _norm(linear(inner, two[0], two[1][k]), two_norm)
        return torch.addmm(self.bias[k], h, self.post.T, alpha=float(self.share[k]))


def _block(
    block: Block, time: Tensor
) -> tuple[tuple[Tensor, Tensor], nn.GroupNorm, tuple[Tensor, Tensor], nn.GroupNorm]:
    one, two = (
        (d.weight, t(time) + d.bias) for d, t in ((block.dense1, block.dense1_t), (block.dense2, block.dense2_t))
    )
    return one, block.gnorm1, two, block.gnorm2


def _norm(x: Tensor, norm: nn.GroupNorm) -> Tensor:
    # A pose has one number a channel, so that a group is a row of its own; layer_norm is the faster way to say so.
    alone = torch.layer_norm(x.view(-1, x.shape[1] // groups), (x.shape[1] // groups,), eps=norm.eps)
    return silu(torch.addcmul(norm.bias, alone.view(x.shape), norm.weight), inplace=True)


class _Parts:
    """The parts' networks side by side; both hands go through theirs together."""

    def __init__(self, net: Combined, labels: Tensor) -> None:
        self.body, self.hand, self.face = (_Part(n, labels) for n in (net.body_model, net.hand_model, net.face_model))

    def __call__(self, x: Tensor, k: int) -> Tensor:
        return self.rest(self.first(x), k)

    def first(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """First layers' answers to body (B, H), both hands (2 B, H), face (B, H)."""
        hands = torch.cat([x[:, parts["left_hand"]], x[:, parts["right_hand"]]])
        return self.body.first(x[:, parts["body"]]), self.hand.first(hands), self.face.first(x[:, parts["face"]])

    def rest(self, first: tuple[Tensor, Tensor, Tensor], k: int) -> Tensor:
        body, hands, face = (n.rest(h, k) for n, h in zip((self.body, self.hand, self.face), first, strict=True))
        return torch.cat([body, *hands.chunk(2), face], dim=1)


class _Fused:
    """The parts' networks and the one that corrects them: their first layers are worked out once for both."""

    def __init__(self, net: Fused, labels: Tensor) -> None:
        self.base, self.fusion = _Parts(net.base_model, labels), _Part(net.mask_fc, labels)
        self.output = net.output_linear

    def __call__(self, x: Tensor, k: int) -> Tensor:
        body, hands, face = first = self.base.first(x)
        correction = self.output(self.fusion(torch.cat([body, *hands.chunk(2), face], dim=1), k))
        return self.base.rest(first, k) + correction


class _Face:
    def __init__(self, pose: TimeFC, shape: TimeFC, labels: Tensor) -> None:
        self.pose, self.shape = _Part(pose, labels), _Part(shape, labels)

    def __call__(self, x: Tensor, k: int) -> Tensor:
        return torch.cat([self.pose(x[:, :103], k), self.shape(x[:, 103:], k)], dim=1)


def _timed(net: PoseNet, labels: Tensor) -> _Part | _Parts | _Fused | _Face:
    match net:
        case TimeFC():
            return _Part(net, labels)
        case Combined():
            return _Parts(net, labels)
        case Fused():
            return _Fused(net, labels)
        case _:
            return _Face(net.pose_model, net.shape_model, labels)
