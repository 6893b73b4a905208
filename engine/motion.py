"""A body that moves: its poses one after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from engine.body_pose import BodyPose, ByContent

still_fps = 30.0  # what a file that tells none is taken to play at


@dataclass(frozen=True, eq=False)
class Motion(ByContent):
    """Poses of one body at `fps` a second, at least one; `notes` say, in sentences, what its file could not tell."""

    poses: tuple[BodyPose, ...]
    fps: float = still_fps
    name: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.poses:
            raise ValueError("expected a motion of at least one pose, got none")
        if not (0 < self.fps < math.inf):
            raise ValueError(f"expected frames per second above 0, got {self.fps}")

    def __len__(self) -> int:
        return len(self.poses)

    def thinned(self, most: int) -> Motion:
        """At most `most` of the poses, evenly chosen from the first on, over the same seconds."""
        step = every(len(self.poses), most)
        return replace(self, poses=self.poses[::step], fps=self.fps / step)


def every(count: int, most: int) -> int:
    """The smallest step that leaves at most `most` of `count` frames."""
    if most < 1:
        raise ValueError(f"expected at least 1 frame, got {most}")
    return max(1, math.ceil(count / most))
