"""The network that lifts: points seen in a picture to several guesses of how the joints are turned.

A residual multilayer perceptron with several heads, each a guess of its own, as multiple choice learning has it (Guzman
Rivera et al. 2012, Rupprecht et al. 2017): of a limb that may point at the eye or away, different heads learn either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class LiftSize:
    """How wide a lifting network is: `inputs` numbers go in; `joints` turns come out, `shapes` numbers of shape, for
    each of `guesses` guesses; `blocks` of two layers of `width` lie between."""

    inputs: int
    joints: int
    shapes: int
    guesses: int = 8
    width: int = 1024
    blocks: int = 2


class Guesses(NamedTuple):
    """K guesses for each of B figures: `six` (B, K, J, 6), turns as a matrix's first two columns, the first joint's in
    the camera's axes; `shape` (B, S); `up` (B, 3), where the world's up is in the camera's axes, of length 1; `scores`
    (B, K), logits of which guess is nearest."""

    six: Tensor
    shape: Tensor
    up: Tensor
    scores: Tensor


class Block(nn.Module):
    """Two layers beside a short cut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        nn.init.zeros_(self.second.weight)  # at first each block leaves what it gets as it is
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.gelu(self.first(self.norm(x))))


class LiftNet(nn.Module):
    """Numbers (B, inputs) of what is seen → guesses of the joints' turns, the shape and the world's up."""

    def __init__(self, size: LiftSize) -> None:
        super().__init__()
        self.size = size
        self.enter = nn.Linear(size.inputs, size.width)
        self.blocks = nn.ModuleList(Block(size.width) for _ in range(size.blocks))
        self.norm = nn.LayerNorm(size.width)
        self.turns = nn.Linear(size.width, size.guesses * size.joints * 6)
        self.rest = nn.Linear(size.width, size.shapes + 3 + size.guesses)

    def forward(self, seen: Tensor) -> Guesses:
        x = F.gelu(self.enter(seen))
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        size = self.size
        shape, up, scores = self.rest(x).split([size.shapes, 3, size.guesses], 1)
        # Written as a step from no turn: heads begin near a figure at rest.
        still = torch.tensor([1.0, 0, 0, 0, 1, 0], dtype=x.dtype, device=x.device)
        six = self.turns(x).unflatten(1, (size.guesses, size.joints, 6)) + still
        return Guesses(six, shape, F.normalize(up + up.new_tensor([0.0, -1.0, 0.0]), dim=1), scores)
