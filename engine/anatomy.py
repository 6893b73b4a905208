"""What a skeleton is: named joints in file order, and how they hang together. Left and right are the person's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

RGB = tuple[int, int, int]
Pair = tuple[str, str]

side_colors: dict[str, RGB] = {
    # Left warm, right cool, the middle line between them: readable for the usual colour blindnesses.
    "left": (236, 129, 62),
    "right": (64, 138, 222),
    "middle": (222, 196, 120),
}


@dataclass(frozen=True)
class Skeleton:
    """The joints of a figure, in file order, and how they hang together.

    `bones` are drawn; `parents` (child, parent) and `chains` (anchor … end) say how a drag carries
    and bends; `torso` moves as one block; `sigmas` are the OKS falloffs per joint (COCO's k / 2).
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[Pair, ...]
    mirror: tuple[Pair, ...]
    sigmas: tuple[float, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    parents: tuple[Pair, ...] = ()
    chains: tuple[tuple[str, ...], ...] = ()
    torso: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert len(set(self.joints)) == len(self.joints), f"{self.name}: a joint is named twice"
        assert len(self.sigmas) == len(self.joints), f"{self.name}: one sigma per joint"

    def __len__(self) -> int:
        return len(self.joints)

    def __repr__(self) -> str:
        return f"Skeleton({self.name})"

    @cached_property
    def _index(self) -> dict[str, int]:
        return {joint: i for i, joint in enumerate(self.joints)}

    def __contains__(self, joint: object) -> bool:
        return joint in self._index

    def index(self, joint: str) -> int:
        """Place of `joint` in the file order; ValueError for a joint this skeleton lacks."""
        if joint not in self._index:
            raise ValueError(f"expected a joint of {self.name}, got {joint!r}")
        return self._index[joint]

    def indices(self, joints: Iterable[str]) -> np.ndarray:
        """Places (N,) of `joints` in the file order."""
        return np.array([self.index(joint) for joint in joints], dtype=int)

    @cached_property
    def swap(self) -> np.ndarray:
        """Permutation (J,) that exchanges left and right."""
        order = np.arange(len(self))
        for left, right in self.mirror:
            a, b = self.index(left), self.index(right)
            order[a], order[b] = b, a
        order.flags.writeable = False
        return order

    @cached_property
    def colors(self) -> tuple[RGB, ...]:
        """One display colour per joint, by side."""
        return tuple(side_colors[side_of(joint)] for joint in self.joints)

    def group(self, name: str) -> tuple[str, ...]:
        """Joints of the named group (`left_hand`, `face`, `right_arm` …)."""
        groups = dict(self.groups)
        if name not in groups:
            raise ValueError(f"expected a group of {self.name} ({', '.join(groups)}), got {name!r}")
        return groups[name]


def side_of(joint: str) -> str:
    """`left`, `right` or `middle`, read from the joint's name."""
    words = joint.split("_")
    return "left" if "left" in words else "right" if "right" in words else "middle"
