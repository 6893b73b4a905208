"""What is looked at to judge a figure: its drawn points, how it likely stands, and how long its bones can be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from engine.camera import Camera
from engine.fit_points import Target
from engine.lint_glance import Reading
from engine.point_rig import PointRig
from engine.pose import Person
from engine.rig import joint_number

Kind = Literal[
    "exchanged", "face_away", "head_away", "face_missing", "length", "hand_size", "hand_off", "twice", "limit", "beyond"
]
Mend = Literal["exchange", "hide", "put_back", "length", "hand_size", "hand_home", "drop", "limit", "follow"]


@dataclass(frozen=True)
class Issue:
    """Something about a figure that looks off: `kind` and `joints` of its skeleton name it.

    `badness` is 1 where it is just worth a look, and grows; `sentence` says it to an artist; `mends` name what would
    set it right, the likeliest first.
    """

    kind: Kind
    joints: tuple[str, ...]
    badness: float
    sentence: str
    mends: tuple[Mend, ...]

    def same(self, other: Issue) -> bool:
        """Whether both are about the same fault of the same joints."""
        return self.kind == other.kind and bool(set(self.joints) & set(other.joints))


@dataclass(frozen=True, eq=False)
class Sight:
    """A drawn figure, seen: `readings` of it by name, "drawn" first; `rig` is the plain body's."""

    person: Person
    target: Target
    camera: Camera
    readings: dict[str, Reading]
    rig: PointRig

    @property
    def drawn(self) -> Reading:
        """How it stands as it is drawn."""
        return self.readings["drawn"]

    def has(self, *points: str) -> bool:
        """Whether all those points are in the drawing."""
        return all(point in self.target for point in points)

    def at(self, point: str) -> np.ndarray:
        """Place (2,) of a point, px."""
        return self.person[point]

    def shows(self, point: str) -> bool:
        """Whether a point is there to be seen."""
        skeleton = self.person.skeleton
        return point in skeleton and self.person.states[skeleton.index(point)] == "visible"

    def having(self, *points: str) -> tuple[str, ...]:
        """Those of the points that the drawing has."""
        return tuple(point for point in points if point in self.target)

    def pixels(self, joint: str) -> float:
        """How many pixels a metre is at a joint of the body."""
        depth = self.camera.in_camera(self.drawn.places[joint_number(joint)])[2]
        return self.camera.focal / max(float(depth), 0.1)

    def rest(self, a: str, b: str) -> float:
        """Metres from one point to another on the plain body."""
        return float(np.linalg.norm(self.rig.at_rest(a) - self.rig.at_rest(b)))

    @cached_property
    def height(self) -> float:
        """How tall, px, the figure would stand."""
        return 1.66 * self.pixels("pelvis")

    @cached_property
    def up(self) -> np.ndarray:
        """The way (2,) from the hips to the shoulders in the picture; upwards where they are not known."""
        ends = [
            np.mean([self.at(point) for point in points], axis=0)
            for points in (self.having("left_hip", "right_hip"), self.having("left_shoulder", "right_shoulder"))
            if points
        ]
        way = ends[1] - ends[0] if len(ends) == 2 else np.array((0.0, -1.0))
        length = float(np.linalg.norm(way))
        return way / length if length > 0.05 * self.height else np.array((0.0, -1.0))

    @property
    def across(self) -> np.ndarray:
        """The way (2,) in the picture in which the left of a figure lies that faces us."""
        return np.array((-self.up[1], self.up[0]))

    def turned(self, joint: str) -> float:
        """How far a joint's front faces us: 1 wholly, −1 away."""
        eye = -self.camera.T_camera_world[:3, :3].T @ self.camera.T_camera_world[:3, 3]
        way = eye - self.drawn.places[joint_number(joint)]
        return float(self.drawn.world[joint_number(joint)][:, 2] @ way / np.linalg.norm(way))


def called(joint: str) -> str:
    """A joint's name as people say it."""
    return joint.replace("_", " ")
