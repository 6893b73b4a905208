"""Feet that stand: when they do, and legs bent so that they stay where they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.curves import runs, smooth, stiffness
from engine.fit_steps import Misfit, Near, Situation, Stance, Staying, Within, refined
from engine.limits import Limits
from engine.point_rig import PointRig
from engine.rig import joint_number
from engine.skeleton import sides

feet = tuple(joint_number(f"{side}_{joint}") for side in sides for joint in ("ankle", "foot"))
_legs = tuple(joint_number(f"{side}_{joint}") for side in sides for joint in ("hip", "knee", "ankle"))
_slow = 0.22  # metres a second below which a foot is taken to stand
_off_ground = 0.07  # metres above its own lowest that a joint of a standing foot may be
_steady = 4.0  # swings a second: quicker ones are no steps
_wandering, _step = 0.05, 0.08  # metres that a foot may be off the middle of its stand, and that a step is at least
_least, _torn = 0.1, 0.3  # seconds: shorter stands are none; jitter tears a stand apart for so long at most
_easing = 0.1  # seconds over which a foot comes to stand, and leaves
_tight = 0.003  # metres that a standing foot gives
_turn_give, _root_give = 0.2, 0.006  # rad and metres that legs and pelvis give
_at_once = 128  # frames


@dataclass(frozen=True, eq=False)
class Stands:
    """Feet that stand: weights (T, F) 0 … 1 of the joints in `feet`, easing in and out, and where, (T, F, 3) metres."""

    weights: np.ndarray
    places: np.ndarray

    def sliding(self, joints: np.ndarray, fps: float) -> float:
        """How fast standing feet move on average, metres a second, of joints (T, 55, 3); 0 where none stands."""
        speed = np.linalg.norm(np.diff(joints[:, feet], axis=0), axis=-1) * fps
        still = np.minimum(self.weights[1:], self.weights[:-1]) > 0.99
        return float(speed[still].mean()) if still.any() else 0.0


def stands(joints: np.ndarray, fps: float) -> Stands:
    """When and where feet stand in a motion whose joints are at (T, 55, 3), metres."""
    places = joints[:, feet]
    count = len(places)
    weights, still = np.zeros(places.shape[:2]), places.copy()
    if count < 3:
        return Stands(weights, still)
    calm = smooth(places.reshape(count, -1), np.ones(count), stiffness(_steady, fps)).reshape(places.shape)
    speed = np.linalg.norm(np.gradient(calm, axis=0), axis=-1) * fps
    ground = np.percentile(places[..., 1], 4, axis=0)
    standing = (speed < _slow) & (places[..., 1] < ground + _off_ground)
    ease = max(1, round(_easing * fps))
    for foot in range(len(feet)):
        for first, last, spot in _one_by_one(places[:, foot], standing[:, foot], fps):
            frames = np.arange(max(0, first - ease), min(count, last + ease))
            away = np.maximum(np.maximum(first - frames, frames - last + 1), 0)
            ramp = 0.5 + 0.5 * np.cos(np.pi * away / (ease + 1))
            more = ramp > weights[frames, foot]  # where two stands meet, the nearer one counts
            weights[frames[more], foot], still[frames[more], foot] = ramp[more], spot
    return Stands(weights, still)


def _one_by_one(places: np.ndarray, standing: np.ndarray, fps: float) -> list[tuple[int, int, np.ndarray]]:
    """The stands of a foot at (T, 3): first frame, last and one more, and where.

    What jitter tore apart is one stand: a foot that is soon back where it stood has made no step.
    """
    found: list[tuple[int, int]] = []
    for a, b in runs(standing, max(3, round(_least * fps))):
        near = np.linalg.norm(places[a:b] - np.median(places[a:b], axis=0), axis=-1) < _wandering
        found += [(a + c, a + d) for c, d in runs(near, max(3, round(_least * fps)))]
    joined: list[tuple[int, int]] = []
    for a, b in found:
        if joined:
            c, d = joined[-1]
            step = np.linalg.norm(np.median(places[a:b], axis=0) - np.median(places[c:d], axis=0))
            if a - d <= _torn * fps and step < _step:
                joined[-1] = c, b
                continue
        joined.append((a, b))
    edge = _torn * fps / 2
    joined = [(0 if a <= edge else a, len(places) if len(places) - b <= edge else b) for a, b in joined]
    return [(a, b, np.median(places[a:b], axis=0)) for a, b in joined]


def planted(
    rig: PointRig, limits: Limits, stance: Stance, found: Stands, done: Callable[[float], None] = lambda share: None
) -> Stance:
    """The frames (T) with legs bent, and the pelvis moved a little, so that standing feet stay where they stand.

    `done` hears the share that is, 0 … 1, and may end it by raising.
    """
    turns, translation = stance.turns.copy(), stance.translation.copy()
    rows = np.flatnonzero(found.weights.max(1) > 0)
    for first in range(0, len(rows), _at_once):
        done(first / len(rows))
        some = rows[first : first + _at_once]
        part = stance.chosen(some)
        terms = (
            _Planted(found.places[some], found.weights[some]),
            Near(part.turns, np.full((turns.shape[1], 3), _turn_give)),
            Staying(part.translation, _root_give),
            Within(limits, 0.03),
        )
        after, _ = refined(rig, part, _legs, terms, 6)
        turns[some], translation[some] = after.turns, after.translation
    return stance._replace(turns=turns, translation=translation)


@dataclass(frozen=True, eq=False)
class _Planted:
    """The joints in `feet` are at `places` (B, F, 3), by weights (B, F)."""

    places: np.ndarray
    weights: np.ndarray

    def misfit(self, now: Situation) -> Misfit:
        """The ways from there."""
        pull = np.sqrt(self.weights)[..., None] / _tight
        off = (now.placed.points[:, feet] - self.places) * pull
        moves = now.moves.turns[:, feet]
        b, n, k = moves.shape[:3]
        turns = moves.transpose(0, 1, 3, 2, 4).reshape(b, n, 3, 3 * k)
        slopes = np.concatenate([turns, now.moves.shapes[:, feet], np.broadcast_to(np.eye(3), (b, n, 3, 3))], -1)
        slopes = slopes * pull[..., None]
        return Misfit((off**2).sum((1, 2)), off.reshape(b, -1), slopes.reshape(b, 3 * n, -1))
