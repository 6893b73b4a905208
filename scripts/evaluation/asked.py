"""What a run of the evaluation is asked for, and what each task answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.body import Body
from engine.body_points import Part as PointPart
from engine.body_points import Point
from engine.body_selection import Selection
from engine.networks.dposer import Part
from engine.pose_metrics import skin_of
from engine.pose_sets import PoseSet
from engine.tasks.vectors import posed
from scripts.evaluation.contestants import Contestants
from scripts.evaluation.observed import Observed, chosen
from scripts.evaluation.tables import Claim, Table

skin_points = 300  # vertices that stand for a part's skin: their mean error is the whole part's to a tenth of a mm
together = 512  # bodies posed at once


@dataclass(frozen=True)
class Asked:
    """The body, the poses to measure on, who is compared, how many poses a measurement takes, and the seed.

    `sources` are the files and folders named: training sets are looked up there as the reference of generated poses.
    """

    body: Body
    sets: tuple[Observed, ...]
    contestants: Contestants
    sources: tuple[Path, ...] = ()
    samples: int = 100
    seed: int = 0
    say: Callable[[str], None] = lambda _: None

    def of(self, part: Part, motion: bool = False) -> list[Observed]:
        """The sets of a part, cut to the samples asked for unless frames must stay in a row."""
        found = chosen(self.sets, part, motion)
        return found if motion else [one.some(self.samples) for one in found]

    def held_out(self, part: Part, motion: bool = False) -> list[Observed]:
        """Those of them that are open and held out: what baselines are tuned on."""
        return [one for one in self.of(part, motion) if one.name.startswith("held-out")]

    def training(self, part: Part) -> PoseSet | None:
        """The training set of a part, where a folder named has one."""
        for path in self.sources:
            if path.is_dir() and (file := path / f"{part}_train.npz").is_file():
                return PoseSet.load(file)
        return None


@dataclass(frozen=True)
class Report:
    """What a task found: its tables, and what was expected of them."""

    title: str
    about: str
    tables: tuple[Table, ...]
    claims: tuple[Claim, ...] = field(default_factory=tuple)


# The error that a task's baselines are tuned on: by contestant, on one set.
Score = Callable[[Asked, Observed, Contestants], Mapping[str, float]]


# ── where points are ──


def skin(body: Body, part: str) -> Selection:
    """Vertices of a part's skin as points of a body."""
    numbers = skin_of(body.weights.numpy(), part, skin_points)
    return body.chosen([Point(f"vertex_{n}", (PointPart("vertex", int(n)),)) for n in numbers])


@torch.no_grad()
def joints(body: Body, part: Part, vectors: Tensor | np.ndarray, names: Iterable[str]) -> np.ndarray:
    """Named joints (…, J, 3), mm, of vectors (…, D)."""
    rows = [body.joint_names.index(name) for name in names]
    return _of(vectors, lambda some: body.joints(posed(body, part, some))[:, rows])


@torch.no_grad()
def points(body: Body, part: Part, vectors: Tensor | np.ndarray, selection: Selection) -> np.ndarray:
    """Chosen points (…, P, 3), mm, of vectors (…, D)."""
    return _of(vectors, lambda some: body.points(posed(body, part, some), selection))


def _of(vectors: Tensor | np.ndarray, places: Callable[[Tensor], Tensor]) -> np.ndarray:
    """Places of vectors (…, D), so many at a time."""
    vectors = torch.as_tensor(vectors, dtype=torch.float32)
    flat = vectors.reshape(-1, vectors.shape[-1])
    found = torch.cat([places(some) for some in flat.split(together)])
    return 1000 * found.double().reshape(*vectors.shape[:-1], *found.shape[1:]).numpy()
