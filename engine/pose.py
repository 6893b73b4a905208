"""A pose in the picture: people made of named joints, in pixels, with what is known of each joint.

Pixels are (x, y) with the origin at the centre of the top-left pixel; left and right are the person's.
Values never change: every verb returns a new one, so keeping the old one is undo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from engine.body_pose import BodyPose, ByContent
from engine.box import Box
from engine.skeleton import Skeleton, wholebody133

State = Literal["visible", "hidden", "missing"]
Source = Literal["model", "artist", "prior", "mirror"]
states: tuple[State, ...] = ("visible", "hidden", "missing")
sources: tuple[Source, ...] = ("model", "artist", "prior", "mirror")

XY = tuple[float, float] | np.ndarray

# (joint of one skeleton) → the joints of another it stands for, by mean, first complete set wins.
derived: dict[str, tuple[tuple[str, ...], ...]] = {
    "neck": (("left_shoulder", "right_shoulder"),),
    "mid_hip": (("left_hip", "right_hip"), ("pelvis",)),
    "pelvis": (("mid_hip",), ("left_hip", "right_hip")),
    "left_pupil": (("left_eye",),),
    "right_pupil": (("right_eye",),),
}
# The published rule for a derived neck: on whole-body points both shoulders must exceed 0.3.
wholebody_floor = 0.3


def _frozen(array: Any, dtype: type = float) -> np.ndarray:
    array = np.array(array, dtype=dtype)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Person(ByContent):
    """One figure: points (J, 2) pixels, scores (J,) 0 … 1, and each joint's state and source.

    A missing joint keeps its last place, so that it can be dragged back in; nothing draws or scores it.
    `hidden_bones` are segments the artist switched off; `front` names groups drawn over the others. `body` is how
    the figure stands in space, as it was last fitted or posed: a change of the points leaves it as it was.
    """

    skeleton: Skeleton
    points: np.ndarray
    scores: np.ndarray
    states: tuple[State, ...] = ()
    sources: tuple[Source, ...] = ()
    name: str = ""
    hidden_bones: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    front: tuple[str, ...] = ()
    body: BodyPose | None = None

    def __post_init__(self) -> None:
        n = len(self.skeleton)
        object.__setattr__(self, "points", _frozen(self.points))
        object.__setattr__(self, "scores", _frozen(self.scores))
        object.__setattr__(self, "states", tuple(self.states) or ("visible",) * n)
        object.__setattr__(self, "sources", tuple(self.sources) or ("model",) * n)
        object.__setattr__(self, "hidden_bones", frozenset(self.hidden_bones))
        found = self.points.shape, self.scores.shape, len(self.states), len(self.sources)
        if found != ((n, 2), (n,), n, n):
            raise ValueError(f"expected {n} points, scores, states and sources for {self.skeleton.name}, got {found}")
        if not (np.isfinite(self.points).all() and np.isfinite(self.scores).all()):
            raise ValueError("expected finite points and scores, got NaN or infinity")

    # ── looking ──

    def __getitem__(self, joint: str) -> np.ndarray:
        """Place (2,) of the joint."""
        return self.points[self.skeleton.index(joint)]

    @property
    def present(self) -> np.ndarray:
        """Which joints (J,) are visible or hidden, that is: not missing."""
        return np.array([state != "missing" for state in self.states], dtype=bool)

    @property
    def score(self) -> float:
        """Mean score of the joints that are present, 0 when none is."""
        return float(self.scores[self.present].mean()) if self.present.any() else 0.0

    def box(self, margin: float = 0.0) -> Box:
        """Box, from the picture's corner, around the joints that are present; ValueError when none is."""
        return Box.around(self.points[self.present], margin)

    def length(self, a: str, b: str) -> float:
        """Pixels from joint a to joint b."""
        return float(np.linalg.norm(self[a] - self[b]))

    # ── changing ──

    def moved(self, joint: str, to: XY, source: Source = "artist") -> Person:
        """The joint put at (x, y); a missing one comes back visible."""
        i = self.skeleton.index(joint)
        points = self.points.copy()
        points[i] = to
        state = "visible" if self.states[i] == "missing" else self.states[i]
        return replace(self, points=points, states=_with(self.states, i, state), sources=_with(self.sources, i, source))

    def with_state(self, joint: str, state: State) -> Person:
        """The joint marked visible, hidden or missing."""
        if state not in states:
            raise ValueError(f"expected one of {', '.join(states)}, got {state!r}")
        return replace(self, states=_with(self.states, self.skeleton.index(joint), state))

    def shifted(self, by: XY, joints: Iterable[str] | None = None) -> Person:
        """All joints, or the named ones, moved by (dx, dy) pixels."""
        return replace(self, points=self._changed(joints, lambda p: p + np.asarray(by, dtype=float)))

    def scaled(
        self, factor: float | tuple[float, float], about: XY = (0.0, 0.0), joints: Iterable[str] | None = None
    ) -> Person:
        """All joints, or the named ones, scaled about a place."""
        center = np.asarray(about, dtype=float)
        return replace(self, points=self._changed(joints, lambda p: center + (p - center) * np.asarray(factor)))

    def rotated(self, angle: float, about: XY, joints: Iterable[str] | None = None) -> Person:
        """All joints, or the named ones, turned by `angle` rad (x towards y: clockwise on screen) about a place."""
        c, s = np.cos(angle), np.sin(angle)
        center = np.asarray(about, dtype=float)
        return replace(
            self, points=self._changed(joints, lambda p: center + (p - center) @ np.array([[c, s], [-s, c]]))
        )

    def _changed(self, joints: Iterable[str] | None, change: Any) -> np.ndarray:
        points = self.points.copy()
        where = slice(None) if joints is None else self.skeleton.indices(joints)
        points[where] = change(points[where])
        return points

    def swapped(self) -> Person:
        """Left and right exchanged; every place in the picture stays taken."""
        order = self.skeleton.swap
        return replace(
            self,
            points=self.points[order],
            scores=self.scores[order],
            states=tuple(self.states[i] for i in order),
            sources=tuple(self.sources[i] for i in order),
            hidden_bones=frozenset(self._mirrored_bones()),
            front=tuple(_other_side(group) for group in self.front),
        )

    def _mirrored_bones(self) -> Iterable[tuple[str, str]]:
        names = {self.skeleton.joints[i]: self.skeleton.joints[j] for i, j in enumerate(self.skeleton.swap)}
        bones = set(self.skeleton.bones)
        for a, b in self.hidden_bones:
            flipped = names[a], names[b]
            yield flipped if flipped in bones else flipped[::-1]

    def mirrored(self, width: float) -> Person:
        """The figure as a mirror shows it in a picture `width` pixels wide: flipped, sides exchanged."""
        points = self.points.copy()
        points[:, 0] = width - 1 - points[:, 0]
        return replace(self, points=points).swapped()

    def to(self, skeleton: Skeleton) -> Person:
        """The same figure on another skeleton: joints by name, neck and hips by rule, the rest missing."""
        if skeleton == self.skeleton:
            return self
        n = len(skeleton)
        points, scores = np.zeros((n, 2)), np.zeros(n)
        joint_states: list[State] = ["missing"] * n
        joint_sources: list[Source] = ["model"] * n
        for k, joint in enumerate(skeleton.joints):
            sets = ((joint,),) if joint in self.skeleton else derived.get(joint, ())
            for parts in sets:
                if not all(part in self.skeleton for part in parts):
                    continue
                where = self.skeleton.indices(parts)
                points[k] = self.points[where].mean(0)
                worst = max((self.states[i] for i in where), key=states.index)
                joint_states[k], joint_sources[k], scores[k] = worst, self.sources[where[0]], self.scores[where].min()
                if len(parts) > 1 and self.skeleton.name == wholebody133.name and scores[k] <= wholebody_floor:
                    scores[k], joint_states[k] = 0.0, "missing"
                break
        turned = (
            (b, a) if (b, a) in skeleton.bones else (a, b) for a, b in self.hidden_bones
        )  # tables name either end first
        groups = {name for name, _ in skeleton.groups}
        return Person(
            skeleton, points, scores, tuple(joint_states), tuple(joint_sources), self.name,
            frozenset(bone for bone in turned if bone in skeleton.bones), tuple(g for g in self.front if g in groups),
            self.body,
        )  # fmt: skip

    def blended(self, other: Person, weight: float, joints: Iterable[str] | None = None) -> Person:
        """Between this figure (weight 0) and another on the same skeleton (weight 1), all or the named joints."""
        if other.skeleton != self.skeleton:
            raise ValueError(f"expected a figure on {self.skeleton.name}, got one on {other.skeleton.name}")
        points = self.points.copy()
        where = slice(None) if joints is None else self.skeleton.indices(joints)
        points[where] += weight * (other.points[where] - points[where])
        return replace(self, points=points)


def _with(values: tuple, i: int, value: Any) -> tuple:
    return (*values[:i], value, *values[i + 1 :])


def _other_side(group: str) -> str:
    if group.startswith("left_"):
        return "right_" + group[5:]
    return "left_" + group[6:] if group.startswith("right_") else group


@dataclass(frozen=True)
class Pose2D:
    """Everybody in one picture of `size` (width, height) pixels, from back to front."""

    size: tuple[int, int]
    people: tuple[Person, ...] = ()

    def __post_init__(self) -> None:
        w, h = self.size
        if w < 1 or h < 1:
            raise ValueError(f"expected a size of at least 1 × 1 pixels, got {w} × {h}")
        object.__setattr__(self, "people", tuple(self.people))

    def with_person(self, index: int, person: Person) -> Pose2D:
        """The pose with one figure replaced."""
        return replace(self, people=_with(self.people, index, person))

    def moved(self, index: int, joint: str, to: XY) -> Pose2D:
        """The pose with one joint of one figure put at (x, y)."""
        return self.with_person(index, self.people[index].moved(joint, to))

    def added(self, *people: Person) -> Pose2D:
        """The pose with figures put in front."""
        return replace(self, people=(*self.people, *people))

    def removed(self, index: int) -> Pose2D:
        """The pose without one figure."""
        return replace(self, people=self.people[:index] + self.people[index + 1 :])

    def reordered(self, index: int, to: int) -> Pose2D:
        """The pose with one figure moved to another place between back and front."""
        rest = [*self.people[:index], *self.people[index + 1 :]]
        rest.insert(to, self.people[index])
        return replace(self, people=tuple(rest))

    def mirrored(self) -> Pose2D:
        """The whole picture as a mirror shows it."""
        return replace(self, people=tuple(person.mirrored(self.size[0]) for person in self.people))

    def scaled(self, size: tuple[int, int]) -> Pose2D:
        """The pose for the same picture at another size; pixel centres correspond as in image resizing."""
        factor = np.array(size) / np.array(self.size)
        people = tuple(replace(p, points=(p.points + 0.5) * factor - 0.5) for p in self.people)
        return Pose2D(size, people)

    def to(self, skeleton: Skeleton) -> Pose2D:
        """Everybody on another skeleton."""
        return replace(self, people=tuple(person.to(skeleton) for person in self.people))
