"""The library of hands: named hands for either side of a body, read from one JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.body_pose import BodyPose, ByContent
from engine.hand_shape import mirror
from engine.posing import blended
from engine.skeleton import sides

version = 1


@dataclass(frozen=True, eq=False)
class HandPose(ByContent):
    """A ready hand by id, title and tags: `turns` (15, 3), axis-angle rad of a left hand in SMPL-X's order."""

    id: str
    title: str
    tags: tuple[str, ...]
    turns: np.ndarray

    def __post_init__(self) -> None:
        turns = np.array(self.turns, dtype=float)
        if turns.shape != (15, 3) or not np.isfinite(turns).all():
            raise ValueError(f"expected finite turns of shape (15, 3) for the hand {self.id!r}, got {turns.shape}")
        turns.flags.writeable = False
        object.__setattr__(self, "turns", turns)

    def to_json(self) -> dict[str, Any]:
        """The hand as the library's file keeps it, to a ten-thousandth of a radian."""
        return {
            "id": self.id, "title": self.title, "tags": list(self.tags),
            "turns": (np.round(self.turns, 4) + 0.0).tolist(),  # + 0: no minus zeros
        }  # fmt: skip


def hand_poses(path: Path) -> tuple[HandPose, ...]:
    """All hands of the library file at `path`; ValueError for another version or a broken hand."""
    document = json.loads(path.read_text(encoding="utf-8"))
    found = document.get("hands") if isinstance(document, dict) else None
    if found != version:
        raise ValueError(f"expected a library of hands of version {version}, got {found!r}")
    return tuple(
        HandPose(one["id"], one["title"], tuple(one["tags"]), np.array(one["turns"], dtype=float))
        for one in document["poses"]
    )


def with_hand(pose: BodyPose, side: str, hand: HandPose, blend: float = 1.0) -> BodyPose:
    """The body with one hand, `left` or `right`, taking a ready one; at less than 1, only so far on the way to it."""
    if side not in sides:
        raise ValueError(f"expected left or right, got {side!r}")
    hands = pose.hands.copy()
    hands[sides.index(side)] = hand.turns * (mirror if side == "right" else 1.0)
    return blended(pose, replace(pose, hands=hands), blend, [f"{side}_hand"])
