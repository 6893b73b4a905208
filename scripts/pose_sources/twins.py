"""Which clips show one recording, or one gait over and over: none of them may be parted into train and held-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.rig import matrices, parents, place_of, unit
from engine.skeleton import sides
from scripts.pose_sources.clips import Clip

near = 0.12  # root mean square distance of the limbs' unit directions, some 7°
near_coarse = 0.30  # where one is a coarse figure, whose joints are few
coarse = ("cmu_jump_vae",)
shift = 3  # frames that the sources begin or end apart
_bones = (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))


def named(clips: Sequence[Clip], rest: np.ndarray) -> list[Clip]:
    """The whole clips, with one name of their motion for all that show the same: the first's of them."""
    shown = [_directions(clip, rest) for clip in clips]
    motions = [clip.motion for clip in clips]
    for n, clip in enumerate(clips):
        for k in range(n):
            unlike = (clip.source in coarse) != (clips[k].source in coarse)
            if motions[n] != motions[k] and alike(shown[n], shown[k], near_coarse if unlike else near):
                motions = [motions[k] if motion == motions[n] else motion for motion in motions]
    return [replace(clip, motion=motion) for clip, motion in zip(clips, motions, strict=True)]


def alike(a: np.ndarray, b: np.ndarray, near: float) -> bool:
    """Whether directions (T, 8, 3) of two clips run alongside, one perhaps a few frames late."""
    if abs(len(a) - len(b)) > shift:
        return False
    for late in range(-shift, shift + 1):
        one, two = a[max(late, 0) :], b[max(-late, 0) :]
        count = min(len(one), len(two))
        if count > shift and ((one[:count] - two[:count]) ** 2).sum(-1).mean() < near**2:
            return True
    return False


def _directions(clip: Clip, rest: np.ndarray) -> np.ndarray:
    """Unit directions (T, 8, 3) of upper and lower limbs, in the pelvis's axes: what twists and collars leave alone."""
    world: dict[int, np.ndarray] = {0: np.broadcast_to(np.eye(3), (len(clip), 3, 3))}
    found = []
    for side in sides:
        for a, b in _bones:
            joint, after = place_of[f"{side}_{a}"], place_of[f"{side}_{b}"]
            found.append(_turned(joint, clip, world) @ unit(rest[after] - rest[joint]))
    return np.stack(found, axis=1)


def _turned(joint: int, clip: Clip, world: dict[int, np.ndarray]) -> np.ndarray:
    """World rotations (T, 3, 3) of a joint, each made once."""
    if joint not in world:
        world[joint] = _turned(parents[joint], clip, world) @ matrices(clip.turns[:, joint])
    return world[joint]
