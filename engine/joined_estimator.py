"""Two estimators as one: the body from the one that finds it best; hands, face and feet from another, hung on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.box import Box
from engine.estimator import Estimator, Thresholds, Watch
from engine.pose import Person
from engine.skeleton import Skeleton, coco17, wholebody133

between = " + "  # in the name of two as one
# Farther apart, as a share of the body's longer side, the two looked at different limbs and the part stays away.
reach = 0.12


@dataclass(frozen=True)
class Part:
    """Joints of one group, and those joints of the body that they hang on: moved as far as the two differ there."""

    group: str
    hangs_on: tuple[str, ...]

    @property
    def joints(self) -> tuple[str, ...]:
        """Their names on the whole body."""
        return dict(wholebody133.groups)[self.group]


# By what an artist asks for, see engine.estimate.parts_of.
hung: dict[str, tuple[Part, ...]] = {
    "feet": (Part("left_foot", ("left_ankle",)), Part("right_foot", ("right_ankle",))),
    "face": (Part("face", ("nose", "left_eye", "right_eye")),),
    "hands": (Part("left_hand", ("left_wrist",)), Part("right_hand", ("right_wrist",))),
}


@dataclass(frozen=True)
class Pair:
    """Two models by name that are offered as one where both are there: who finds the body, and who the `parts`."""

    body: str
    whole: str
    parts: tuple[str, ...] = tuple(hung)

    @property
    def name(self) -> str:
        return self.body + between + self.whole


# Those that were measured to be better together: of the feet a plain guess from the shins is nearer on photos.
pairs: tuple[Pair, ...] = (Pair("quick", "sdpose-mini", ("face", "hands")),)


def pair_of(name: str) -> Pair | None:
    """The pair of that name, None for every other model."""
    return next((pair for pair in pairs if pair.name == name), None)


@dataclass(frozen=True, eq=False)
class JoinedEstimator:
    """`body` finds the 17 joints, `whole` of 133 the `parts` that hang on them; ValueError for other skeletons.

    Whether somebody is there is for `body` to say: its thresholds hold, and the scores of parts are told in its scale.
    """

    body: Estimator
    whole: Estimator
    parts: tuple[str, ...] = tuple(hung)

    def __post_init__(self) -> None:
        found = self.body.skeleton, self.whole.skeleton
        if found != (coco17, wholebody133):
            names = " and ".join(skeleton.name for skeleton in found)
            raise ValueError(f"expected estimators of {coco17.name} and {wholebody133.name}, got {names}")

    @property
    def name(self) -> str:
        return self.body.name + between + self.whole.name

    @property
    def skeleton(self) -> Skeleton:
        return wholebody133

    @property
    def thresholds(self) -> Thresholds:
        return replace(self.body.thresholds, judged=coco17)

    @property
    def at_once(self) -> int:
        return min(self.body.at_once, self.whole.at_once)

    def points(
        self, photo: np.ndarray, boxes: list[Box], flip_test: bool = True, watch: Watch | None = None
    ) -> list[Person]:
        """Figures in the order of `boxes`; parts that hang on nothing found, or elsewhere, score 0."""
        bodies = self.body.points(photo, boxes, flip_test)
        wholes = self.whole.points(photo, boxes, flip_test, watch)
        return [self._joined(body, whole) for body, whole in zip(bodies, wholes, strict=True)]

    def _joined(self, body: Person, whole: Person) -> Person:
        points, scores = whole.points.copy(), np.zeros(len(wholebody133))
        points[: len(coco17)], scores[: len(coco17)] = body.points, body.scores
        scale = self.body.thresholds.visible / self.whole.thresholds.visible
        for part in (part for name in self.parts for part in hung[name]):
            at = list(wholebody133.indices(part.joints))
            by = self._away(part, body, whole)
            points[at] += 0 if by is None else by
            scores[at] = 0 if by is None else np.minimum(whole.scores[at] * scale, 1)
        return Person(wholebody133, points, scores)

    def _away(self, part: Part, body: Person, whole: Person) -> np.ndarray | None:
        """How far (2,) px the body's joints are from where the other saw them; None where either saw none of them."""
        known = [
            joint
            for joint in part.hangs_on
            if all(
                person.scores[person.skeleton.index(joint)] >= thresholds.hidden
                for person, thresholds in ((body, self.body.thresholds), (whole, self.whole.thresholds))
            )
        ]
        if not known:
            return None
        by = np.mean([body[joint] - whole[joint] for joint in known], axis=0)
        box = body.box()
        return by if np.linalg.norm(by) <= reach * max(box.width, box.height) else None
