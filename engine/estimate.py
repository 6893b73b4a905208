"""From a photo or drawing to its pose: find the people, ask a model for the points of each, say how sure each is."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from engine import paper
from engine.box import Box
from engine.detect import Detection, same, share_within
from engine.estimator import Estimator, Thresholds
from engine.pose import Person, Pose2D
from engine.progress import Cancelled, Progress

# Of the longer side of its box; people measure 0.6 … 1, points huddled on something else less.
least_extent = 0.4
# What a figure may consist of, by the groups of its skeleton's joints; the body itself is always kept.
parts_of = {"feet": ("left_foot", "right_foot"), "face": ("face",), "hands": ("left_hand", "right_hand")}
all_parts = ("body", *parts_of)


@dataclass(frozen=True)
class Options:
    """How to estimate: `flip_test` looks twice, the second time mirrored; `precision` is the networks' numbers'.

    `protocol` is how a box becomes SDPose's input, see `engine.heatmap`; `detector` who finds the people; `parts` of
    the figures are kept. ValueError for anything else.
    """

    flip_test: bool = True
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    protocol: Literal["evaluation", "demo"] = "evaluation"
    detector: Literal["auto", "quick", "rtdetr"] = "auto"
    parts: tuple[str, ...] = all_parts

    def __post_init__(self) -> None:
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(f"expected {name} to be one of {', '.join(known)}, got {getattr(self, name)!r:.40}")
        if strange := [part for part in self.parts if part not in all_parts]:
            raise ValueError(f"expected parts among {', '.join(all_parts)}, got {strange[0]!r:.40}")


choices: dict[str, tuple[str, ...]] = {
    "precision": ("auto", "fp32", "bf16", "fp16"),
    "protocol": ("evaluation", "demo"),
    "detector": ("auto", "quick", "rtdetr"),
}


@dataclass(frozen=True)
class Figure:
    """What was made of a box: the person, whether the photo alone left doubts, whether it was read off its outline."""

    person: Person
    box: Box
    doubtful: bool
    drawn: bool


class Detector(Protocol):
    """What finds people in a photo (H, W, 3) uint8 RGB, the surest first."""

    def people(self, photo: np.ndarray) -> list[Detection]: ...


usual = Options()


def estimate(
    photo: np.ndarray,
    model: Estimator,
    detector: Detector | None = None,
    boxes: Sequence[Box] | None = None,
    whole_image: bool = False,
    options: Options = usual,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    note: Callable[[str], None] | None = None,
) -> Pose2D:
    """The pose in a photo (H, W, 3) uint8 RGB, points in its pixels.

    With `boxes` (or the whole image as one) there is one figure per box in their order; otherwise the people that
    `detector` finds, the smallest at the back, doubles left out; nobody found is a pose without people. Of the
    `options` flip_test and parts count here; the others made model and detector.
    `progress` hears (share done, what is being done); `cancelled` is asked before each person, and by a large network
    before each of its blocks, and ends it in Cancelled; `note` hears what the artist should know. ValueError for a
    wrong photo or box.
    """
    size = _size(photo)
    say, stop = progress or _nothing, cancelled or _never
    drawing = functools.cache(lambda: paper.drawing(photo))  # recognised at most once, and only if somebody asks

    def figures(where: Sequence[Box], begin: float, end: float) -> Iterator[Figure]:
        for start in range(0, len(where), model.at_once):
            batch = list(where[start : start + model.at_once])
            text = f"Figure {start + 1}{f' … {start + len(batch)}' if len(batch) > 1 else ''} of {len(where)}"

            def watch(done: float, start: int = start, count: int = len(batch), text: str = text) -> None:
                if stop():
                    raise Cancelled
                say(begin + (end - begin) * (start + done * count) / len(where), text)

            watch(0.0)
            people = model.points(photo, batch, options.flip_test, watch)
            for box, person in zip(batch, people, strict=True):
                yield _figure(photo, model, box, person, options.flip_test, drawing)

    # 1. Where to look.
    say(0.0, "Looking for people")
    given = _given(boxes, whole_image, size)
    # 2. The points of each. Where nobody is found, a drawing may hold figures that only their outline tells.
    found = list(figures(given or _people(photo, detector), 0.2, 0.9))
    if not given:
        found = _kept(found, model.thresholds)
        if not found and model.thresholds.outline and (sheet := drawing()):
            found = _kept(list(figures(sheet.figures, 0.9, 1.0)), model.thresholds)
    # 3. What the artist should know.
    if note and any(figure.drawn for figure in found):
        note("Read as a drawing: its outline was filled in to find the pose.")
    if note and any(model.thresholds.mean(figure.person) < model.thresholds.doubtful for figure in found):
        note("Part of this is a guess: check the joints, or draw a closer box around the figure.")
    say(1.0, "Done")
    return Pose2D(size, tuple(_with_parts(figure.person, options.parts) for figure in found))


def _with_parts(person: Person, parts: Sequence[str]) -> Person:
    """The figure without the parts that are not wanted: their joints are missing, and can be dragged back in."""
    unwanted = {joint for part, groups in parts_of.items() if part not in parts for joint in _joints(person, groups)}
    if not unwanted:
        return person
    pairs = zip(person.skeleton.joints, person.states, strict=True)
    return replace(person, states=tuple("missing" if joint in unwanted else state for joint, state in pairs))


def _joints(person: Person, groups: Sequence[str]) -> set[str]:
    return {joint for group, joints in person.skeleton.groups if group in groups for joint in joints}


def _size(photo: np.ndarray) -> tuple[int, int]:
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8 or 0 in photo.shape:
        raise ValueError(f"expected a photo (H, W, 3) of uint8, got {photo.shape} of {photo.dtype}")
    return photo.shape[1], photo.shape[0]


def _given(boxes: Sequence[Box] | None, whole_image: bool, size: tuple[int, int]) -> list[Box]:
    """The boxes the artist gave, cut to the picture; empty when people are to be found."""
    if boxes and whole_image:
        raise ValueError("expected boxes or the whole picture, got both")
    for box in boxes or ():
        inside = Box(*box).clipped(size)
        if not np.isfinite(box).all() or inside.width < 2 or inside.height < 2:
            raise ValueError(f"expected a box (x0, y0, x1, y1) in the picture of {size} pixels, got {tuple(box)}")
    return [Box.of(size)] if whole_image else [Box(*box).clipped(size) for box in boxes or ()]


def _people(photo: np.ndarray, detector: Detector | None) -> list[Box]:
    """Boxes of the people detected, cut to the picture."""
    if detector is None:
        raise ValueError("expected boxes, the whole picture or a detector, got none of them")
    boxes = (each.box.clipped((photo.shape[1], photo.shape[0])) for each in detector.people(photo))
    return [box for box in boxes if box.width >= 2 and box.height >= 2]


def _figure(
    photo: np.ndarray,
    model: Estimator,
    box: Box,
    person: Person,
    flip_test: bool,
    drawing: Callable[[], paper.Drawing | None],
) -> Figure:
    """What was made of a box; a doubtful figure on paper is looked at again, filled, if the model needs it."""
    mean = model.thresholds.mean
    doubtful = mean(person) < model.thresholds.doubtful
    drawn = False
    if doubtful and model.thresholds.outline and (sheet := drawing()):
        solid = model.points(sheet.solid, [box], flip_test)[0]
        if drawn := mean(solid) > mean(person):
            person = solid
    states = tuple(map(model.thresholds.state, person.scores))
    return Figure(replace(person, states=states), box, doubtful, drawn)


def _kept(found: list[Figure], thresholds: Thresholds) -> list[Figure]:
    """The figures sure enough to be people, each once (two boxes may hold one person), the smallest first."""
    kept: list[Figure] = []

    def sure(figure: Figure) -> float:
        return thresholds.mean(figure.person, present=False)

    for each in sorted(found, key=sure, reverse=True):
        least = thresholds.outline if each.drawn and thresholds.outline else thresholds.person
        if sure(each) < least or not each.person.present.any():
            continue
        if _extent(each.person.box()) < least_extent * _extent(each.box):
            continue
        if not any(_repeats(each, other) for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda figure: figure.person.box().area)


def _repeats(each: Figure, surer: Figure) -> bool:
    """Whether a figure is a surer one again: the same person, or a doubtful one made of a part of them."""
    mine, theirs = each.person.box(), surer.person.box()
    part = each.doubtful and share_within(mine, surer.person.box(margin=0.1)) > 0.7
    return part or same(each.person, surer.person, mine, theirs)


def _extent(box: Box) -> float:
    return max(box.width, box.height)


def _nothing(share: float, what: str) -> None:
    """Progress nobody listens to."""


def _never() -> bool:
    return False
