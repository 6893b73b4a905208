"""The optimiser Muon (Jordan et al. 2024): a momentum made orthogonal for matrices, Adam for all else.

Where steps are few, small convolutional networks learn from it about as much as from half as many again of Adam's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

quintic = (3.4445, -4.7750, 2.0315)  # Muon's: five turns bring singular values from 0.01 on to about 1
turns = 5
fewest = 4  # rows and columns from which weights count as a matrix: not those next to colours


class Muon(torch.optim.Optimizer):
    """Muon over weights (out, in, …) of at least 4 outputs and inputs; biases and others take Adam's steps.

    `lr` is a matrix' step, `share` of it Adam's; a group of parameters with `plain` True takes Adam's steps alone, as
    words' vectors should. ValueError for a rate that is not above 0.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        lr: float,
        share: float = 0.1,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
    ) -> None:
        if lr <= 0:
            raise ValueError(f"expected a learning rate above 0, got {lr}")
        super().__init__(parameters, {"lr": lr, "share": share, "momentum": momentum, "betas": betas, "plain": False})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One step of every weight that has a gradient; a `closure` is not called."""
        for group in self.param_groups:
            for weight in (weight for weight in group["params"] if weight.grad is not None):
                move = self._matrix if is_matrix(weight) and not group["plain"] else self._other
                move(weight, weight.grad, group)

    def _matrix(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        mean = state["momentum"].mul_(group["momentum"]).add_(gradient)
        ahead = gradient.add(mean, alpha=group["momentum"])
        way = orthogonal(ahead.reshape(len(weight), -1))
        tall = max(1.0, len(weight) ** 2 / weight.numel()) ** 0.5
        weight.add_(way.reshape(weight.shape), alpha=-group["lr"] * tall)

    def _other(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state |= {"mean": torch.zeros_like(weight), "square": torch.zeros_like(weight), "step": torch.zeros(())}
        first, second = group["betas"]
        state["step"] += 1
        mean = state["mean"].lerp_(gradient, 1 - first) / (1 - first ** float(state["step"]))
        square = state["square"].lerp_(gradient.square(), 1 - second) / (1 - second ** float(state["step"]))
        weight.add_(mean / (square.sqrt() + 1e-8), alpha=-group["lr"] * group["share"])


def is_matrix(weight: Tensor) -> bool:
    return weight.ndim >= 2 and min(weight.shape[:2]) >= fewest


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix (m, n) with all its singular values brought to about 1, by Newton and Schulz' iteration."""
    if len(matrix) > matrix.shape[1]:
        return orthogonal(matrix.T).T
    a, b, c = quintic
    values = matrix / (matrix.norm() + 1e-7)
    for _ in range(turns):
        square = values @ values.T
        values = a * values + (b * square + c * square @ square) @ values
    return values
