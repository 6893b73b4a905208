"""What a pose estimator is: a model that gives one figure per box, and what its scores mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.box import Box
from engine.pose import Person, State
from engine.skeleton import Skeleton

# Hears the share done, 0 … 1, while a network runs; whatever it raises ends the work there.
Watch = Callable[[float], None]


@dataclass(frozen=True)
class Thresholds:
    """What an estimator's scores mean: from where a joint is visible, and below where it is missing.

    Below a mean score of `doubtful` a figure is a guess; where nobody drew a box, one below `person` is nobody. With
    `outline` a doubtful figure on paper is looked at once more, filled in, and is somebody from that score on. Means
    are over the joints of `judged`, where it is told, else over all.
    """

    visible: float
    hidden: float
    doubtful: float
    person: float
    outline: float | None = None
    judged: Skeleton | None = None

    def state(self, score: float) -> State:
        """What a joint of that score is."""
        return "visible" if score >= self.visible else "hidden" if score >= self.hidden else "missing"

    def mean(self, person: Person, present: bool = True) -> float:
        """The mean score that decides: of the joints judged, those that are missing left out unless not `present`."""
        part = person if self.judged is None else person.to(self.judged)
        return part.score if present else float(part.scores.mean())


class Estimator(Protocol):
    """A model that gives one figure per box, `at_once` of them in one pass."""

    @property
    def name(self) -> str: ...
    @property
    def skeleton(self) -> Skeleton: ...
    @property
    def thresholds(self) -> Thresholds: ...
    @property
    def at_once(self) -> int: ...
    def points(
        self, photo: np.ndarray, boxes: list[Box], flip_test: bool = True, watch: Watch | None = None
    ) -> list[Person]:
        """Figures in the order of `boxes`, points in pixels of the photo (H, W, 3) uint8 RGB, every joint visible."""
        ...
