"""Damped least squares on bodies: terms that say what is wrong with a stance, and the steps that mend it.

Several stances of one body are mended at once, each on its own. Levenberg–Marquardt (Marquardt 1963) with robust
weights renewed at each step (Geman and McClure 1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch

from engine.camera import Camera
from engine.limits import Limits
from engine.point_rig import Moves, Placed, PointRig
from engine.rig import axis_angles, matrices


class Stance(NamedTuple):
    """B bodies: `turns` (B, J, 3, 3) of all joints in their parents' frames, `betas` (B, S), `translation` (B, 3) m."""

    turns: np.ndarray
    betas: np.ndarray
    translation: np.ndarray

    def chosen(self, which: np.ndarray | Sequence[int] | slice) -> Stance:
        """Some of the bodies."""
        return Stance(*(part[which] for part in self))


class Misfit(NamedTuple):
    """What a term finds: `cost` (B,), weighted `residuals` (B, M), `slopes` (B, M, P) by turns, betas, translation."""

    cost: np.ndarray
    residuals: np.ndarray
    slopes: np.ndarray


class Situation(NamedTuple):
    """Stances with all that the terms look at: where their points are and how they give way to the `active` joints."""

    rig: PointRig
    active: tuple[int, ...]
    stance: Stance
    placed: Placed
    moves: Moves


class Term(Protocol):
    """Something a stance should do."""

    def misfit(self, now: Situation) -> Misfit:
        """How far the stances are from it."""
        ...


@dataclass(frozen=True, eq=False)
class Seen:
    """Points fall at `places` (N, 2) or (B, N, 2) px of the `camera`'s picture: `weights` (N,), 0 for those unknown.

    A point `tolerance` px off costs its weight; one further than `outlier` px pulls less and less.
    """

    camera: Camera
    places: np.ndarray
    weights: np.ndarray
    tolerance: float
    outlier: float

    def misfit(self, now: Situation) -> Misfit:
        """Robust reprojection error."""
        seen, slopes = projected(self.camera, now.placed.points, now.moves)
        off = (seen - self.places) / self.tolerance
        squared, far = (off**2).sum(-1), (self.outlier / self.tolerance) ** 2
        cost = (self.weights * squared * far / (squared + far)).sum(-1)
        pull = np.sqrt(self.weights) * far / (squared + far)
        slopes *= (pull / self.tolerance)[..., None, None]
        return Misfit(
            cost, (off * pull[..., None]).reshape(len(off), -1), slopes.reshape(len(off), -1, slopes.shape[-1])
        )


def projected(camera: Camera, points: np.ndarray, moves: Moves) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (B, N, 2) of points (B, N, 3) and their slopes (B, N, 2, P) by turns, betas and translation."""
    R = camera.T_camera_world[:3, :3]
    local = camera.in_camera(points)
    depth = np.maximum(local[..., 2], 0.05)  # what falls behind the camera must still have a slope
    flat = local[..., :2] / depth[..., None]
    lens = np.zeros((*points.shape[:2], 2, 3))
    lens[..., 0, 0] = lens[..., 1, 1] = camera.focal / depth
    lens[..., 2] = -flat * (camera.focal / depth)[..., None]
    lens = lens @ R
    b, n, k = moves.turns.shape[:3]
    by_turns = (lens[:, :, None] @ moves.turns).transpose(0, 1, 3, 2, 4).reshape(b, n, 2, 3 * k)
    slopes = np.concatenate([by_turns, lens @ moves.shapes, lens], axis=-1)
    return flat * camera.focal + np.array(camera.center), slopes


@dataclass(frozen=True, eq=False)
class Near:
    """Joints are turned about as in `turns` (B or 1, J, 3, 3): give of each, (J, 3) rad about its own axes, costs 1."""

    turns: np.ndarray
    give: np.ndarray

    def misfit(self, now: Situation) -> Misfit:
        """The turn from there to here."""
        active = list(now.active)
        there, here = self.turns[:, active], now.stance.turns[:, active]
        stiff = 1 / self.give[active]
        off = axis_angles(np.swapaxes(there, -1, -2) @ here) * stiff
        b, k = off.shape[:2]
        slopes = np.zeros((b, 3 * k, _columns(now)))
        each = np.arange(3 * k)
        slopes[:, each, each] = stiff.reshape(-1)
        residuals = off.reshape(b, -1)
        return Misfit((residuals**2).sum(-1), residuals, slopes)


@dataclass(frozen=True, eq=False)
class Plain:
    """The shape is near `betas` (B or 1, S): `give` (S,) units away costs 1, and none more than `most` (S,)."""

    betas: np.ndarray
    give: np.ndarray
    most: np.ndarray

    def misfit(self, now: Situation) -> Misfit:
        """The betas themselves."""
        off = (now.stance.betas - self.betas) / self.give
        pull = self.most / (off**2 + self.most)
        b, s = off.shape
        slopes = np.zeros((b, s, _columns(now)))
        slopes[:, np.arange(s), 3 * len(now.active) + np.arange(s)] = pull / self.give
        return Misfit((off**2 * pull).sum(-1), off * pull, slopes)


@dataclass(frozen=True, eq=False)
class Staying:
    """The body stays at `places` (B or 1, 3) m: `give` metres away costs 1."""

    places: np.ndarray
    give: float

    def misfit(self, now: Situation) -> Misfit:
        """The way from there."""
        off = (now.stance.translation - self.places) / self.give
        slopes = np.zeros((len(off), 3, _columns(now)))
        slopes[:, np.arange(3), np.arange(-3, 0)] = 1 / self.give
        return Misfit((off**2).sum(-1), off, slopes)


@dataclass(frozen=True, eq=False)
class Within:
    """Joints stay within the limits: `give` rad beyond costs 1."""

    limits: Limits
    give: float

    def misfit(self, now: Situation) -> Misfit:
        """How far each active joint is beyond; its slope by small turns."""
        active = list(now.active)
        here = now.stance.turns
        b, k = len(here), len(active)
        tried = np.broadcast_to(here, (4, *here.shape)).copy()
        for axis in range(3):
            tried[axis + 1][:, active] = here[:, active] @ matrices(np.eye(3)[axis] * _nudge)
        beyond = self.limits.excess(torch.from_numpy(axis_angles(tried.reshape(-1, *here.shape[1:])))).numpy()
        beyond = beyond.reshape(4, b, -1)[:, :, active] / self.give
        slopes = np.zeros((b, k, _columns(now)))
        each = np.arange(k)
        for axis in range(3):
            slopes[:, each, 3 * each + axis] = (beyond[axis + 1] - beyond[0]) / _nudge
        return Misfit((beyond[0] ** 2).sum(-1), beyond[0], slopes)


_nudge = 1e-4  # rad


def _columns(now: Situation) -> int:
    return 3 * len(now.active) + now.stance.betas.shape[1] + 3


def refined(
    rig: PointRig, stance: Stance, active: Sequence[int], terms: Sequence[Term], steps: int, moving: bool = True
) -> tuple[Stance, np.ndarray]:
    """The stances after at most `steps` steps of their active joints and, where `moving`, betas and translation.

    Comes back with their costs (B,).
    """
    active = tuple(active)
    now = _situation(rig, active, stance)
    cost, pull, grip = _summed(terms, now, moving)
    damping = np.full(len(cost), 1e-2)
    for _ in range(steps):
        diagonal = np.einsum("bpp->bp", grip)
        damped = grip + np.einsum("bp,pq->bpq", damping[:, None] * diagonal + 1e-6, np.eye(grip.shape[-1]))
        step = -np.linalg.solve(damped, pull[..., None])[..., 0]
        then = _situation(rig, active, _moved(now.stance, active, step))
        cost_then, pull_then, grip_then = _summed(terms, then, moving)
        better = cost_then < cost
        damping = np.clip(np.where(better, damping / 4, damping * 5), 1e-6, 1e6)
        gain = np.where(better, cost - cost_then, 0.0)
        now = _mixed(better, then, now)
        cost, pull, grip = (
            _either(better, cost_then, cost),
            _either(better, pull_then, pull),
            _either(better, grip_then, grip),
        )
        if (gain <= 1e-4 * cost).all() and (better | (damping > 10)).all():
            break
    return now.stance, cost


def _situation(rig: PointRig, active: tuple[int, ...], stance: Stance) -> Situation:
    placed = rig.placed(*stance)
    return Situation(rig, active, stance, placed, rig.moves(placed, stance.betas, active))


def _summed(terms: Sequence[Term], now: Situation, moving: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cost (B,), its half gradient (B, P) and the normal matrix (B, P, P) of all terms."""
    found = [term.misfit(now) for term in terms]
    slopes = np.concatenate([one.slopes for one in found], axis=1)
    residuals = np.concatenate([one.residuals for one in found], axis=1)
    if not moving:
        slopes[..., 3 * len(now.active) :] = 0
    across = np.swapaxes(slopes, -1, -2)
    return np.sum([one.cost for one in found], axis=0), (across @ residuals[..., None])[..., 0], across @ slopes


def _moved(stance: Stance, active: tuple[int, ...], step: np.ndarray) -> Stance:
    """The stances after a step (B, P)."""
    k, s = len(active), stance.betas.shape[1]
    turns = stance.turns.copy()
    by = step[:, : 3 * k].reshape(-1, k, 3)
    # A step of more than half a turn is a step without direction.
    by = by / np.maximum(np.linalg.norm(by, axis=-1, keepdims=True) / 0.8, 1.0)
    turns[:, list(active)] = turns[:, list(active)] @ matrices(by)
    return Stance(turns, stance.betas + step[:, 3 * k : 3 * k + s], stance.translation + step[:, 3 * k + s :])


def _either(which: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.where(which.reshape(-1, *[1] * (one.ndim - 1)), one, other)


def _mixed(which: np.ndarray, one: Situation, other: Situation) -> Situation:
    """Body by body one situation or the other."""
    if which.all():
        return one

    def parts(a: tuple, b: tuple) -> list[np.ndarray]:
        return [_either(which, x, y) for x, y in zip(a, b, strict=True)]

    return Situation(
        one.rig, one.active, Stance(*parts(one.stance, other.stance)),
        Placed(*parts(one.placed, other.placed)), Moves(*parts(one.moves, other.moves)),
    )  # fmt: skip
