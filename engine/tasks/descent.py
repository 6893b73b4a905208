"""Falling down a loss that autograd differentiates: the loop that inverse kinematics and recovery share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from engine.progress import Progress
from engine.tasks.guides import DiffusionGuide, Guide, Scaled, ready
from engine.tasks.optimise import Adam


class Descent:
    """`total` steps of a task, in one or more runs; `progress` hears of every tenth, and may stop it by raising."""

    def __init__(self, total: int, what: str, progress: Progress | None = None) -> None:
        self.total, self.what, self.progress = total, what, progress
        self.done = 0

    def run(
        self, loss: Callable[[int], Tensor], variables: Sequence[tuple[Tensor, float]], steps: int,
        pace: Callable[[int], float] | None = None,
    ) -> None:  # fmt: skip
        """Lower the sum of loss(step) (B,) by Adam: variables move in place, each at its own rate times `pace`."""
        moved = [Adam(variable.requires_grad_(), rate) for variable, rate in variables]
        for step in range(steps):
            if pace is not None:
                for one, (_, rate) in zip(moved, variables, strict=True):
                    one.rate = rate * pace(step)
            slopes = torch.autograd.grad(loss(step).sum(), [one.variable for one in moved])
            for one, slope in zip(moved, slopes, strict=True):
                one.step(slope)
            self.done += 1
            if self.progress is not None and (self.done % 10 == 0 or self.done == self.total):
                self.progress(self.done / self.total, self.what)
        for one in moved:
            one.variable.requires_grad_(False)


def guided(guide: Guide, numbers: int, times: Tensor) -> Guide:
    """The guide made ready for the times; ValueError when its prior is of vectors of other numbers (D)."""
    inner = guide
    while isinstance(inner, Scaled):
        inner = inner.guide
    if isinstance(inner, DiffusionGuide) and inner.prior.dims != numbers:
        raise ValueError(f"expected a prior of {numbers} numbers, got one of {inner.prior.part}, of {inner.prior.dims}")
    return ready(guide, times)


def checked(places: Tensor, points: int, numbers: int, what: str) -> Tensor:
    """The places (B, points, numbers) as float32; ValueError for another shape, no rows, NaN or infinity."""
    places = torch.as_tensor(places, dtype=torch.float32)
    if places.ndim != 3 or places.shape[1:] != (points, numbers) or not len(places):
        raise ValueError(f"expected {what} of shape (B, {points}, {numbers}), got {tuple(places.shape)}")
    if not torch.isfinite(places).all():
        raise ValueError(f"expected finite {what}, got NaN or infinity")
    return places


def seen_share(hidden: Tensor | None, rows: int, points: int, what: str) -> Tensor:
    """1 for points that are seen and 0 for hidden ones, (B, points, 1); ValueError where everything is hidden."""
    if hidden is None:
        return torch.ones(rows, points, 1)
    if hidden.dtype != torch.bool or hidden.shape not in ((points,), (rows, points)):
        raise ValueError(
            f"expected hidden {what} as bool of shape ({points},) or ({rows}, {points}), "
            f"got {hidden.dtype} {tuple(hidden.shape)}"
        )
    seen = (~hidden).expand(rows, points)
    if not seen.any(1).all():
        raise ValueError(f"expected at least one of the {what} to be seen in every row, got all hidden")
    return seen[..., None].float()
