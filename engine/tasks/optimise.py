"""Adam without a graph: for tasks whose gradients are written down (Kingma and Ba, arXiv 1412.6980, algorithm 1)."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Adam:
    """Moves one tensor in place against the gradients it is given; the same numbers as torch.optim.Adam's."""

    def __init__(
        self, variable: Tensor, rate: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        self.variable, self.rate, self.betas, self.eps = variable, rate, betas, eps
        self.count = 0
        self.mean, self.square = torch.zeros_like(variable), torch.zeros_like(variable)

    @torch.no_grad()
    def step(self, gradient: Tensor) -> None:
        """One step against a gradient of the variable's shape."""
        first, second = self.betas
        self.count += 1
        self.mean.lerp_(gradient, 1 - first)
        self.square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        spread = self.square.sqrt().div_(math.sqrt(1 - second**self.count)).add_(self.eps)
        self.variable.addcdiv_(self.mean, spread, value=-self.rate / (1 - first**self.count))
