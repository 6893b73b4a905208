"""Which diffusion times the steps of a task look at (DPoser-X, eq. 11 and table 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

ScheduleKind = Literal["truncated", "uniform", "random", "fixed"]
schedule_kinds: tuple[ScheduleKind, ...] = get_args(ScheduleKind)
earliest = 1e-3  # nearer to 0 there is no noise left to see


@dataclass(frozen=True)
class Schedule:
    """A rule that gives every step of an optimisation its diffusion time.

    "truncated" falls evenly from `start` to `end`; "uniform" from 1 to 0.001; "random" draws from 0.001 … 1, one time
    a step; "fixed" stays at `fixed`. Times are 0 (clean) … 1 (noise alone).
    """

    kind: ScheduleKind = "truncated"
    start: float = 0.15
    end: float = 0.05
    fixed: float = 0.1

    def __post_init__(self) -> None:
        if self.kind not in schedule_kinds:
            raise ValueError(f"expected a schedule, one of {', '.join(schedule_kinds)}, got {self.kind!r}")
        if not 0 < self.end <= self.start <= 1:
            raise ValueError(f"expected times 0 < end <= start <= 1, got start {self.start} and end {self.end}")
        if not 0 < self.fixed <= 1:
            raise ValueError(f"expected a fixed time within 0 … 1, got {self.fixed}")

    def times(self, steps: int, seed: int = 0) -> Tensor:
        """The times (steps,) float32; only "random" listens to the seed.

        As the released code counts, end + (S - 1 - k) / S · (start - end) for step k of S: the last is `end` exactly,
        and the first is 1 / S of the way below `start` (the paper's eq. 11 begins at `start`).
        """
        if steps < 1:
            raise ValueError(f"expected at least one step, got {steps}")
        if self.kind == "fixed":
            return torch.full((steps,), self.fixed)
        if self.kind == "random":
            draws = torch.rand(steps, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
            return (earliest + draws * (1 - earliest)).float()
        start, end = (1.0, earliest) if self.kind == "uniform" else (self.start, self.end)
        left = torch.arange(steps - 1, -1, -1, dtype=torch.float64) / steps
        return (end + left * (start - end)).float()
