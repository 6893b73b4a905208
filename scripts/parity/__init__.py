"""Comparisons of this project's numbers with fixtures of the published code, for scripts/check_parity.py and tests.

A fixture folder holds files in the form of the golden set's README; every set has its own constants, in its files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch

S = TypeVar("S")
Metric = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Check:
    """How far a number of ours lies from the fixture's, in the comparison's own measure."""

    name: str
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return bool(self.error <= self.tolerance)  # NaN is not


# ── measures of error ──


def largest(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest absolute difference."""
    return float(np.abs(ours - theirs).max(initial=0.0))


def mean(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The mean absolute difference."""
    return float(np.abs(ours - theirs).mean())


def relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest absolute difference, as a share of the largest value expected."""
    return largest(ours, theirs) / float(np.abs(theirs).max())


def in_95_percent(ours: np.ndarray, theirs: np.ndarray) -> float:
    """What the errors of at least 95 % of the points (…, 2) do not exceed."""
    errors = np.sort(np.abs(ours - theirs).max(-1).reshape(-1))
    return float(errors[int(np.ceil(0.95 * len(errors))) - 1])


def differing(ours: np.ndarray, theirs: np.ndarray) -> float:
    """How many values differ."""
    return float((ours != theirs).sum())


def sha256_of(image: np.ndarray) -> np.ndarray:
    """The hash of an image's values, row by row, as 64 letters."""
    return np.array(hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest())


@dataclass(frozen=True)
class Comparison(Generic[S]):
    """A check to be made on a subject: what we get, what the fixture says, how the difference is measured.

    `obstacle` says in words why the check cannot be made on this machine, or nothing.
    """

    name: str
    tolerance: float
    ours: Callable[[S], Any]
    theirs: Callable[[S], Any]
    metric: Metric = largest
    obstacle: Callable[[S], str] = lambda _: ""

    def run(self, subject: S) -> Check:
        """The check; a result of another shape than the fixture's is infinitely far from it."""
        ours, theirs = as_array(self.ours(subject)), as_array(self.theirs(subject))
        error = self.metric(ours, theirs) if ours.shape == theirs.shape else float("inf")
        return Check(self.name, error, self.tolerance)


def as_array(value: Any) -> np.ndarray:
    """Numbers as float64, anything else as it is."""
    array = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value)
    return array.astype(np.float64) if array.dtype.kind in "iufb" else array


class Fixtures:
    """The files of one system in a fixture folder: `facts` of NAME.json, `stored` arrays of NAME.npz and NAME_*.npz.

    ValueError for a folder without them.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        if not (folder / f"{name}.json").is_file():
            raise ValueError(f"expected {name}.json in {folder}, got none")

    @cached_property
    def facts(self) -> dict[str, Any]:
        return json.loads((self.folder / f"{self.name}.json").read_text("utf-8"))

    @cached_property
    def stored(self) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for path in sorted([*self.folder.glob(f"{self.name}.npz"), *self.folder.glob(f"{self.name}_*.npz")]):
            with np.load(path) as arrays:
                found |= dict(arrays)
        if not found:
            raise ValueError(f"expected {self.name}.npz or {self.name}_*.npz in {self.folder}, got none")
        return found
