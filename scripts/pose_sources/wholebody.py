"""Whole bodies as a prior learns them: 256 numbers of body, left hand, right hand and face, some of them unknown.

Only animated clips have bodies with their own fingers, and none has a face. So most rows are paired: a body of one
source with hands and a face of others, drawn apart from each other; what is not known of a row is zero and marked so.
The mixture follows the paper's (DPoser-X §4.2 of its supplement: 65 % whole, 14 % bodies, 12 % single hands, 4 % pairs
of hands, 5 % faces). A left hand is stored as a left hand, in single hands too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.body import Body
from engine.hand_shape import mirror
from engine.limits import Limits
from engine.pose_sets import PoseSet, parted, slices, widths
from engine.skeleton import smplx55
from scripts.pose_sources.clips import Clip
from scripts.pose_sources.hand_fit import RightHand, numbers
from scripts.pose_sources.mirroring import other_hand

Sets = tuple[PoseSet, PoseSet]

counts = {"train": 120_000, "held_out": 8_000}
_alike = 0.5  # of the pairs of hands the left is nearly what the right is
assets = Path(__file__).parent.parent.parent / "assets" / "body"


@dataclass(frozen=True)
class Kind:
    """Rows of one kind: their share of all, and the parts that are known; `fingers`: the hands are the clip's own."""

    name: str
    share: float
    known: tuple[str, ...]
    fingers: bool = False


hands = ("left_hand", "right_hand")
kinds = (
    Kind("animated, with a face drawn apart", 0.20, parted, fingers=True),
    Kind("body, hands and face drawn apart", 0.30, parted),
    Kind("body and hands drawn apart", 0.15, ("body", *hands)),
    Kind("body", 0.14, ("body",)),
    Kind("left hand", 0.06, ("left_hand",)),
    Kind("right hand", 0.06, ("right_hand",)),
    Kind("two hands", 0.04, hands),
    Kind("face", 0.05, ("face",)),
)


def wholebody_sets(
    body: Body,
    seed: int,
    bodies: Sets,
    hand_sets: Sets,
    face_sets: Sets,
    train: Sequence[Clip],
    held_out: Sequence[Clip],
) -> Sets:
    """The sets to train on and held out, 120,000 and 8,000 rows, of the parts' own sets and the clips with fingers.

    Each split is of its parts' split alone. Rows are drawn by their parts' weights, so that all count the same here.
    """
    hand = RightHand.of(body, Limits.load(assets / "limits.npz"))
    both = zip(("train", "held_out"), bodies, hand_sets, face_sets, (train, held_out), strict=True)
    found = [
        _Drawn(one, hands, faces, _fingers(one, clips, hand), np.random.default_rng([seed, n])).set(counts[split], seed)
        for n, (split, one, hands, faces, clips) in enumerate(both)
    ]
    return found[0], found[1]


@dataclass(frozen=True, eq=False)
class _Fingers:
    """Rows (n,) of a body set whose clips have fingers, and their left and right hands (n, 90)."""

    rows: np.ndarray
    hands: np.ndarray


def _fingers(bodies: PoseSet, clips: Sequence[Clip], hand: RightHand) -> _Fingers:
    """The clips' own hands of those rows of a set that are of clips with fingers, within limits."""
    known = {clip.title: clip for clip in clips if clip.fingers}
    rows: list[np.ndarray] = []
    right: list[np.ndarray] = []
    left: list[np.ndarray] = []
    for n, title in enumerate(bodies.clip_names):
        here = np.flatnonzero(bodies.clip == n)
        if title not in known or not len(here):
            continue
        assert bodies.frame is not None
        clip = known[title]
        frames = np.searchsorted(clip.frame, bodies.frame[here])
        if (frames >= len(clip)).any() or (clip.frame[frames] != bodies.frame[here]).any():
            raise ValueError(f"{title}: expected the frames that the body set has of it, got others")
        # Both as right hands; in a mirrored row they change places.
        both = clip.turns[frames][:, numbers], clip.turns[frames][:, smplx55.swap[numbers]] * mirror
        turned = bodies.mirrored[here][:, None, None]
        rows.append(here)
        right.append(np.where(turned, both[1], both[0]))
        left.append(np.where(turned, both[0], both[1]))
    if not rows:
        raise ValueError("expected a clip with fingers in the set of bodies, got none")
    held = [hand.held(np.concatenate(side))[0].reshape(-1, 45) for side in (left, right)]
    return _Fingers(np.concatenate(rows), np.concatenate([other_hand(held[0]), held[1]], axis=1))


class _Drawn:
    """Rows drawn from one split of the parts' sets."""

    def __init__(
        self, bodies: PoseSet, hands: PoseSet, faces: PoseSet, fingers: _Fingers, random: np.random.Generator
    ) -> None:
        for poses, part in ((bodies, "body"), (hands, "hand"), (faces, "face")):
            if poses.part != part:
                raise ValueError(f"expected a set of {part} poses, got {poses.part}")
        self._bodies, self._hands, self._faces, self._fingers, self._random = bodies, hands, faces, fingers, random
        self._names = bodies.clip_names + hands.clip_names + faces.clip_names

    def set(self, count: int, seed: int) -> PoseSet:
        """So many rows, kind by kind."""
        each = [round(kind.share * count) for kind in kinds]
        blocks = [self._block(kind, n) for kind, n in zip(kinds, each, strict=True)]
        columns = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
        fps = [*(self._bodies.fps if self._bodies.fps is not None else ()), *np.ones(self._parts())]
        return PoseSet(
            part="wholebody", weight=np.ones(sum(each), np.float32), clip_names=self._names,
            fps=np.array(fps, np.float32), about=self._about(each, seed), **columns,
        )  # fmt: skip

    def _parts(self) -> int:
        return len(self._hands.clip_names) + len(self._faces.clip_names)

    def _about(self, each: Sequence[int], seed: int) -> dict[str, Any]:
        return {
            "rows": {kind.name: n for kind, n in zip(kinds, each, strict=True)}, "seed": seed,
            "rule": "parts are drawn by their own sets' weights; half of the pairs of hands are nearly alike",
            "body": self._bodies.about, "hand": self._hands.about, "face": self._faces.about,
        }  # fmt: skip

    def _block(self, kind: Kind, n: int) -> dict[str, np.ndarray]:
        """The columns of n rows of one kind."""
        poses = np.zeros((n, widths["wholebody"]), np.float32)
        block = {
            "poses": poses, "available": np.tile([part in kind.known for part in parted], (n, 1)),
            "root": np.zeros((n, 3), np.float32), "frame": np.zeros(n, np.int32), "mirrored": np.zeros(n, bool),
            "clip": np.zeros(n, np.int32),
        }  # fmt: skip
        if "face" in kind.known:
            rows = self._rows(self._faces, n)
            poses[:, slices["face"]] = self._faces.poses[rows]
            block["clip"] = self._faces.clip[rows] + len(self._bodies.clip_names) + len(self._hands.clip_names)
        if set(hands) & set(kind.known):
            block["clip"] = self._put_hands(poses, kind)
        if "body" in kind.known:
            self._put_bodies(block, kind)
        return block

    def _put_hands(self, poses: np.ndarray, kind: Kind) -> np.ndarray:
        """Fill in hands; which clips (N,) the right ones, or the only ones, are of."""
        right, left = (self._rows(self._hands, len(poses)) for _ in hands)
        found = {"right_hand": self._hands.poses[right], "left_hand": self._hands.poses[left]}
        alike = self._random.uniform(size=(len(poses), 1)) < _alike
        nearly = found["right_hand"] + self._random.uniform(0, 0.3, alike.shape) * (
            found["left_hand"] - found["right_hand"]
        )
        if set(hands) <= set(kind.known):
            found["left_hand"] = np.where(alike, nearly, found["left_hand"])
        if "right_hand" in kind.known:
            poses[:, slices["right_hand"]] = found["right_hand"]
        if "left_hand" in kind.known:
            poses[:, slices["left_hand"]] = other_hand(found["left_hand"])
        named = right if "right_hand" in kind.known else left
        return self._hands.clip[named] + len(self._bodies.clip_names)

    def _put_bodies(self, block: dict[str, np.ndarray], kind: Kind) -> None:
        """Fill in bodies, and the hands that are their own; the rows are then of the body's clip."""
        n = len(block["poses"])
        if kind.fingers:
            chances = self._bodies.chances[self._fingers.rows]
            chosen = self._random.choice(len(chances), n, p=chances / chances.sum())
            rows = self._fingers.rows[chosen]
            block["poses"][:, slices["left_hand"].start : slices["right_hand"].stop] = self._fingers.hands[chosen]
        else:
            rows = self._rows(self._bodies, n)
        block["poses"][:, slices["body"]] = self._bodies.poses[rows]
        for name in ("root", "frame", "mirrored", "clip"):
            block[name] = getattr(self._bodies, name)[rows]

    def _rows(self, poses: PoseSet, n: int) -> np.ndarray:
        return self._random.choice(len(poses), n, p=poses.chances)
