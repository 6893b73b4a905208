"""What a lift is asked for, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from engine.body_pose import BodyPose
from engine.schedules import Schedule

# DPoser-X's times for mesh recovery (table of settings), here for a search that begins near its end.
late = Schedule("truncated", 0.12, 0.05, 0.1)


@dataclass(frozen=True)
class LiftRequest:
    """What a lift is asked for: how many readings, by which seed, how much nature counts beside the drawing (1: as
    measured to be best; 0: the drawing alone)."""

    hypotheses: int = 10
    seed: int = 0
    naturalness: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.hypotheses <= 50:
            raise ValueError(f"expected 1 … 50 readings of a figure, got {self.hypotheses}")
        if not 0 <= self.naturalness <= 10:
            raise ValueError(f"expected a naturalness of 0 … 10, got {self.naturalness}")


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to see a drawn figure in space: `error`, the mean distance of its visible points, px; `unnatural`, see
    `engine.natural`; `note`, what is guessed."""

    pose: BodyPose
    error: float
    unnatural: float
    note: str = ""


@dataclass(frozen=True, eq=False)
class Lift:
    """What a drawn figure may be, the best reading first, and a sentence on what was guessed."""

    readings: tuple[Reading, ...]
    note: str = ""

    @property
    def best(self) -> Reading:
        """The reading that drawing and prior together like best."""
        return self.readings[0]


@dataclass(frozen=True)
class Settings:
    """How a lift searches. Tolerances are shares of the figure's height.

    `free` steps follow the drawn proportions, `steps` the body's own, each at its time of the `schedule`, and `keep` is
    how much the second hold on to what the first found; a deviation off the prior weighs `strength`, and a reading's
    unnaturalness `liking` beside its misfit.
    """

    free: int = 4
    steps: int = 10
    strength: float = 20.0
    tolerance: float = 0.009
    outlier: float = 0.06
    keep: float = 1.0
    liking: float = 20.0
    schedule: Schedule = late
    starts: float = 2.0  # guesses for each reading asked for: some end up alike
    odd: float = 0.35  # that a reading with a limb turned in depth may be less natural than the best
    apart: tuple[float, ...] = (0.8, 0.5, 0.3, 0.15)  # rad that readings differ by, where they can


ten_readings, measured_best = LiftRequest(), Settings()  # what is asked for, and how it is searched, unless told
