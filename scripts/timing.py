"""How the benchmarks time and tell: works asked in turn, and lines of what was measured beside what was wanted."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
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
    return [statistics.median(own) for own in zip(*_rounds(works, times, warm, clock), strict=True)]


def ratio(
    work: Callable[[], Any], other: Callable[[], Any], times: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """How long one work takes over another: the median of neighbours in time, after one untimed run of each."""
    return statistics.median(mine / theirs for mine, theirs in _rounds((work, other), times, True, clock))


def _rounds(
    works: Sequence[Callable[[], Any]], times: int, warm: bool, clock: Callable[[], float]
) -> list[list[float]]:
    """Seconds of each work in each of so many rounds."""
    for work in works if warm else ():
        work()
    rounds: list[list[float]] = []
    for _ in range(times):
        marks = [clock()]
        for work in works:
            work()
            marks.append(clock())
        rounds.append([end - start for start, end in pairwise(marks)])
    return rounds


def lines(figures: Figures, found: Mapping[str, float]) -> list[Line]:
    """Those of the figures that were measured, in the table's order."""
    return [(what, found[key], unit, budget) for key, (what, unit, budget) in figures.items() if key in found]
