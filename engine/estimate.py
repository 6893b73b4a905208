"""From a photo or drawing to its pose: find the people, ask a model for the points of each, say how sure each is."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from engine import paper
from engine.box import Box
from engine.detect import Detection, same, share_within
from engine.pose import Person, Pose2D, State
from engine.skeleton import Skeleton

Progress = Callable[[float, str], None]

# Measured on COCO's samples: of the joints scored above, 94 % are labelled, mean similarity 0.87; between, half are
# not labelled and the others are near (0.63); below, nothing was near its label.
visible_from, hidden_from = 0.2, 0.05
# Mean score a figure needs where nobody drew a box: seen as it is, and told by its filled outline. Photographed
# people reach 0.37 and more, a horse's tail 0.21; drawn people by their outlines 0.35 … 0.56, animals 0.24 … 0.31.
person_floor, outline_floor = 0.25, 0.35
# Of the longer side of its box; people measure 0.6 … 1, points huddled on something else less.
least_extent = 0.4


class Cancelled(Exception):
    """The caller asked to stop."""


class Estimator(Protocol):
    """A model that gives one figure per box; below a mean score of `doubtful` a figure deserves another look."""

    @property
    def name(self) -> str: ...
    @property
    def skeleton(self) -> Skeleton: ...
    @property
    def doubtful(self) -> float: ...
    def points(self, photo: np.ndarray, boxes: list[Box], flip_test: bool = True) -> list[Person]:
        """Figures in the order of `boxes`, points in pixels of the photo (H, W, 3) uint8 RGB."""
        ...


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


def estimate(
    photo: np.ndarray,
    model: Estimator,
    detector: Detector | None = None,
    boxes: Sequence[Box] | None = None,
    whole_image: bool = False,
    flip_test: bool = True,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    note: Callable[[str], None] | None = None,
) -> Pose2D:
    """The pose in a photo (H, W, 3) uint8 RGB, points in its pixels.

    With `boxes` (or the whole image as one) there is one figure per box in their order; otherwise the people that
    `detector` finds, the smallest at the back, doubles left out; nobody found is a pose without people.
    `progress` hears (share done, what is being done); `cancelled` is asked before each person and ends it in
    Cancelled; `note` hears what the artist should know. ValueError for a wrong photo or box.
    """
    size = _size(photo)
    say, stop = progress or _nothing, cancelled or _never
    drawing = functools.cache(lambda: paper.drawing(photo))  # recognised at most once, and only if somebody asks

    def figures(where: Sequence[Box], begin: float, end: float) -> Iterator[Figure]:
        for i, box in enumerate(where):
            if stop():
                raise Cancelled
            say(begin + (end - begin) * i / len(where), f"Figure {i + 1} of {len(where)}")
            yield _figure(photo, model, box, flip_test, drawing)

    # 1. Where to look.
    say(0.0, "Looking for people")
    given = _given(boxes, whole_image, size)
    # 2. The points of each. Where nobody is found, a drawing may hold figures that only their outline tells.
    found = list(figures(given or _people(photo, detector), 0.2, 0.9))
    if not given:
        found = _kept(found)
        if not found and (sheet := drawing()):
            found = _kept(list(figures(sheet.figures, 0.9, 1.0)))
    # 3. What the artist should know.
    if note and any(figure.drawn for figure in found):
        note("Read as a drawing: its outline was filled in to find the pose.")
    if note and any(figure.person.score < model.doubtful for figure in found):
        note("Part of this is a guess: check the joints, or draw a closer box around the figure.")
    say(1.0, "Done")
    return Pose2D(size, tuple(figure.person for figure in found))


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
    flip_test: bool,
    drawing: Callable[[], paper.Drawing | None],
) -> Figure:
    """The figure in a box; a doubtful one on paper is looked at again, filled and shaded."""
    person = model.points(photo, [box], flip_test)[0]
    doubtful = person.score < model.doubtful
    drawn = False
    if doubtful and (sheet := drawing()):
        solid = model.points(sheet.solid, [box], flip_test)[0]
        if drawn := solid.score > person.score:
            person = solid
    return Figure(replace(person, states=tuple(_state(score) for score in person.scores)), box, doubtful, drawn)


def _state(score: float) -> State:
    return "visible" if score >= visible_from else "hidden" if score >= hidden_from else "missing"


def _kept(found: list[Figure]) -> list[Figure]:
    """The figures sure enough to be people, each once (two boxes may hold one person), the smallest first."""
    kept: list[Figure] = []
    for each in sorted(found, key=lambda figure: -figure.person.scores.mean()):
        if each.person.scores.mean() < (outline_floor if each.drawn else person_floor):
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
