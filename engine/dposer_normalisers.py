"""The published statistics that poses are normalised with, by name, and checked: two of the body exist and differ.

Each file holds `mean_poses` and `std_poses`, or `min_poses` and `max_poses` of the other rule, which the published
weights do not use. A face's two files, jaw and expression, make one normaliser.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.dposer_checkpoint import load_pickle
from engine.networks.dposer import Part
from engine.prior import Normaliser
from engine.tensor_shapes import WrongWeights

Span = tuple[float, float]


@dataclass(frozen=True)
class Statistics:
    """A published file of statistics: its folder's name, how many numbers, and how to know it.

    By the first digits of its sha256 where those are known, else by the least and greatest mean and deviation.
    """

    name: str
    count: int
    sha256: str = ""
    means: Span = (0.0, 0.0)
    deviations: Span = (0.0, 0.0)


body = Statistics("body_normalizer", 63, "1d42f3594c9ccd7e")
hand = Statistics("hand_normalizer", 45, "3bf35e02b525b1a6")
jaw = Statistics("jaw_normalizer", 3, means=(0.004, 0.071), deviations=(0.005, 0.042))
expression = Statistics("expression_normalizer", 100, means=(-1.24, 1.00), deviations=(0.060, 0.701))
shape = Statistics("betas_normalizer", 100, means=(-1.50, 1.07), deviations=(0.71, 1.69))
of_part: dict[Part, tuple[Statistics, ...]] = {
    "body": (body,), "hand": (hand,), "face": (jaw, expression), "face-shape": (shape,),
    "wholebody": (body, hand, jaw, expression), "face-full": (jaw, expression, shape),
}  # fmt: skip
rounding = 0.006  # the figures above have two or three decimals


def read_normaliser(paths: Sequence[Path], part: Part, first: bool = False, force: bool = False) -> Normaliser:
    """A part's normaliser from its published files, in the order of `of_part`.

    `first` says that the weights are of the first DPoser, whose body statistics are other ones: each kind is refused
    with the other's weights. `force` takes whatever has the right numbers. WrongWeights names the file.
    """
    wanted = of_part[part]
    if len(paths) != len(wanted):
        raise ValueError(f"expected {len(wanted)} files, {' '.join(s.name for s in wanted)}, got {len(paths)}")
    each = [_read(path, statistics, first, force) for path, statistics in zip(paths, wanted, strict=True)]
    if part == "wholebody":
        return Normaliser.whole(each[0], each[1], _joined(each[2:]))
    return _joined(each)


def _joined(each: Sequence[Normaliser]) -> Normaliser:
    centre, scale = (torch.cat([getattr(one, name) for one in each]) for name in ("centre", "scale"))
    return Normaliser(centre, scale, " + ".join(one.name for one in each))


def _read(path: Path, statistics: Statistics, first: bool, force: bool) -> Normaliser:
    found = load_pickle(path)
    tensors = {k: v for k, v in found.items() if isinstance(v, Tensor)} if isinstance(found, dict) else {}
    ranged = tensors.keys() >= {"min_poses", "max_poses"}
    names = ("min_poses", "max_poses") if ranged else ("mean_poses", "std_poses")
    shapes = [tuple(tensors[name].shape) for name in names if name in tensors]
    if shapes != [(statistics.count,)] * 2:
        wanted = f"mean_poses and std_poses of {statistics.count} numbers"
        raise WrongWeights(f"expected {wanted} in {path}, got {shapes or 'neither'}")
    one, other = (tensors[name].float() for name in names)
    known = "" if force else _doubt(path, statistics, one, other, first, ranged)
    if known:
        raise WrongWeights(f"expected {known} in {path}, got others: pass --force to take them nevertheless")
    called = _called(path, statistics, first)
    return Normaliser.of_range(one, other, called) if ranged else Normaliser(one, other, called)


def _doubt(path: Path, statistics: Statistics, mean: Tensor, std: Tensor, first: bool, ranged: bool) -> str:
    """What the file should be and is not; empty when it is."""
    if ranged:
        return "means and deviations, which the published weights were trained with,"
    same = _is(path, statistics)
    if first and statistics is body:
        return "the first DPoser's own statistics, not DPoser-X's," if same else ""
    if statistics.sha256:
        return "" if same else f"the published statistics {statistics.name} (sha256 {statistics.sha256}…)"
    spans = ((mean, statistics.means), (std, statistics.deviations))
    near = all(
        abs(value.item() - end) < rounding
        for values, span in spans
        for value, end in zip((values.min(), values.max()), span, strict=True)
    )
    return "" if near else f"the published statistics {statistics.name}"


def _is(path: Path, statistics: Statistics) -> bool:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return bool(statistics.sha256) and digest.startswith(statistics.sha256)


def _called(path: Path, statistics: Statistics, first: bool) -> str:
    """The statistics' name, with what tells whose they are where that is not known."""
    if statistics.sha256 and not _is(path, statistics):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return f"{'first ' * first}{statistics.name} {digest[:16]}"
    return statistics.name
