"""How the benchmarks time and tell: works asked in turn, and lines of what was measured beside what was wanted."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

Budget = tuple[float, bool] | None  # and whether it is the least, not the most
Line = tuple[str, float, str, Budget]  # what, value, unit, budget
Figures = Mapping[str, tuple[str, str, Budget]]  # what, unit and budget by key


def medians(
    *works: Callable[[], Any], times: int, warm: bool = False, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Median seconds of each, asked in turn, so that whatever else the machine does meets them all alike.

    With `warm` each is asked once before, untimed. By the `clock` of `time.process_time` seconds are those of the
    processor: what differs by a hundredth shows on a busy machine too.
    """
    for work in works if warm else ():
        work()
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for own, work in zip(seconds, works, strict=True):
            started = clock()
            work()
            own.append(clock() - started)
    return [statistics.median(own) for own in seconds]


def lines(figures: Figures, found: Mapping[str, float]) -> list[Line]:
    """Those of the figures that were measured, in the table's order."""
    return [(what, found[key], unit, budget) for key, (what, unit, budget) in figures.items() if key in found]
