"""Clips of motion on this project's own body: what every source of body poses is read into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.formats.retarget import Skeleton, retargeted
from engine.rig import joints


@dataclass(frozen=True, eq=False)
class Clip:
    """A motion: turns (T, 55, 3) rad of the body's joints, each frame's number in the source (T,), frames a second.

    `motion` names what was recorded: clips of one name are one performance, in whichever source. `fingers` says whether
    the hands are the clip's own.
    """

    source: str
    name: str
    turns: np.ndarray
    frame: np.ndarray
    fps: float
    motion: str
    fingers: bool = False

    @property
    def title(self) -> str:
        """What it is called in a set of poses: source/clip."""
        return f"{self.source}/{self.name}"

    def __len__(self) -> int:
        return len(self.turns)

    def kept(self, rows: np.ndarray) -> Clip:
        """The frames alone, by number or as a mask."""
        return replace(self, turns=self.turns[rows], frame=self.frame[rows])


def carried(
    source: str, name: str, skeleton: Skeleton, rest: np.ndarray, fps: float, motion: str, fingers: bool = False
) -> Clip:
    """A skeleton's motion on a body whose joints rest at `rest` (55, 3) metres."""
    turns, *_ = retargeted(skeleton, rest)
    if not fingers:
        turns[:, joints.index("left_hand_index_1") :] = 0
    return Clip(source, name, turns, np.arange(len(turns), dtype=np.int32), fps, motion, fingers)


def standing(skeleton: Skeleton, turned: Sequence[np.ndarray], places: np.ndarray) -> Skeleton:
    """The skeleton as if it rested where its joints are at `places` (J, 3) when turned by world rotations (3, 3) each.

    For files whose joints rest in axes of their own and that hold the figure at rest as a pose.
    """
    world = tuple(now @ then.T for now, then in zip(skeleton.world, turned, strict=True))
    return replace(skeleton, rest=places, world=world)
