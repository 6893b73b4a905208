"""Which frames of clips a prior learns from: sound ones that move, parted into train and held-out, and balanced."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from engine.rig import place_of
from engine.skeleton import sides, smplx55
from scripts.make_limits import body_joints, fault, limits_of, within
from scripts.pose_sources.clips import Clip

kept_out, most_out = 0.1, 0.13  # of each source's clips
fewest = 4  # frames; of clips with fewer nothing is left that moves
moved = np.radians(1.5)  # a frame in which no joint turned farther since the last that was kept tells nothing new
spread = 3.0  # a source may count at most so many times another
_posed = tuple(f"{side}_{name}" for side in sides for name in ("hip", "knee", "shoulder", "elbow"))
_still = np.radians(14)  # a T-pose as people hold it
_body = slice(1, 22)
_flip = np.array([1.0, -1.0, -1.0])


def sound(clip: Clip) -> np.ndarray:
    """Frames (T,) in which no joint turns farther than any body's can by more than 10°: elsewhere markers were lost."""
    return np.all(within(limits_of(body_joints, "most"), clip.turns[:, _body], fault), axis=1)


def posing(clip: Clip) -> np.ndarray:
    """Frames (T,) that are no T-pose."""
    turned = np.linalg.norm(clip.turns[:, [place_of[name] for name in _posed]], axis=2)
    return np.sqrt((turned**2).mean(axis=1)) > _still


def cleaned(clip: Clip, raw: Clip) -> Clip | None:
    """The clip's sound frames, without those that are T-poses in the source itself; None when too few remain."""
    kept = sound(clip) & posing(raw)
    return clip.kept(kept) if kept.sum() >= fewest else None


def thinned(clip: Clip) -> Clip:
    """The clip without frames in which, since the last that was kept, the body hardly moved."""
    kept, last = [0], clip.turns[0, _body]
    for n in range(1, len(clip)):
        now = clip.turns[n, _body]
        if np.linalg.norm(now - last, axis=1).max() > moved:
            kept.append(n)
            last = now
    return clip.kept(np.array(kept))


# ── train and held out ──


def parted(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """The clips to train on, and about one in ten of each source held out, by a hash of what was recorded.

    All clips of one motion, in whichever source, fall on one side. A motion that would take a source far beyond its
    tenth stays.
    """
    out: set[str] = set()
    sources = {one: [clip.motion for clip in clips if clip.source == one] for one in sorted({c.source for c in clips})}
    for motions in sources.values():
        for motion in sorted(set(motions), key=_shuffled):
            if sum(one in out for one in motions) >= kept_out * len(motions):
                break
            if all(
                sum(one in out or one == motion for one in all_) <= most_out * len(all_) + 1
                for all_ in sources.values()
            ):
                out.add(motion)
    return [clip for clip in clips if clip.motion not in out], [clip for clip in clips if clip.motion in out]


def _shuffled(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


# ── weights ──


def balanced(clips: Sequence[Clip]) -> list[np.ndarray]:
    """Weights (T,) of each clip's frames, mean 1 over all.

    A clip counts as the root of its length, shared with clips of the same recording in other sources; then no source
    counts more than three times another, the smaller being raised.
    """
    sources = {clip.source for clip in clips}
    known: dict[str, set[str]] = {}
    for clip in clips:
        known.setdefault(clip.motion, set()).add(clip.source)
    counts = np.array([len(clip) ** 0.5 / len(known[clip.motion]) for clip in clips])
    totals = {one: sum(n for n, clip in zip(counts, clips, strict=True) if clip.source == one) for one in sources}
    least = max(totals.values()) / spread
    raised = {one: max(1.0, least / total) for one, total in totals.items()}
    weights = [np.full(len(c), n / len(c) * raised[c.source]) for n, c in zip(counts, clips, strict=True)]
    mean = np.concatenate(weights).mean()
    return [weight / mean for weight in weights]


def mirror(turns: np.ndarray) -> np.ndarray:
    """Turns (T, 55, 3) of the mirror image: left and right change places, and turns about y and z their sign."""
    return turns[:, smplx55.swap] * _flip
