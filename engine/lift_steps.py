"""How a lift goes on from its first guesses: placed in space, laid on the drawing, and drawn to what is natural."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.camera import Camera
from engine.fit_steps import Near, Stance, Term
from engine.natural import Natural
from engine.point_rig import PointRig
from engine.rig import joints
from engine.schedules import Schedule
from engine.tasks.guides import Draws

_nearest = 0.3  # metres before the camera


class Pull(Protocol):
    """What draws stances to likely ones in step `k` of a search for a body, or for a hand of the left or the right."""

    def terms(self, turns: np.ndarray, k: int, part: str = "body") -> Sequence[Term]: ...


@dataclass(frozen=True)
class NoPull:
    """Nothing does: what the drawing says, and the joints' limits."""

    def terms(self, turns: np.ndarray, k: int, part: str = "body") -> Sequence[Term]:
        return ()


@dataclass(frozen=True, eq=False)
class NaturalPull:
    """The pose prior does (DPoser-X, eq. 10): each step noises and denoises the pose, and pulls it to what comes out.

    `strength` is the weight of being one usual deviation off; `times` (S,) are the steps' diffusion times. It pulls to
    the mean of `draws` noises: a few steps of least squares cannot even out chance, as hundreds of a descent do.
    """

    natural: Natural
    strength: float
    times: Sequence[float]
    noise: Draws
    draws: int = 6

    def terms(self, turns: np.ndarray, k: int, part: str = "body") -> Sequence[Term]:
        near = self.natural.nearer(turns, self.times[min(k, len(self.times) - 1)], self.noise, (part,), self.draws)
        return (Near(near, self.give()),)

    def give(self) -> np.ndarray:
        """How far, (55, 3) rad, each joint may be off at a cost of 1; what the priors do not know is free."""
        spread = self.natural.spread() / np.sqrt(self.strength)
        return np.where(np.isfinite(spread), np.maximum(spread, 1e-3), 1e3)


def times_of(steps: int, schedule: Schedule) -> list[float]:
    """The diffusion times of a search's steps."""
    return schedule.times(steps, 0).tolist()


def set_down(
    rig: PointRig, turns: np.ndarray, betas: np.ndarray, places: np.ndarray, weights: np.ndarray, camera: Camera
) -> Stance:
    """The bodies where their points (N, 2) px are seen best: by linear least squares, each by itself.

    A point's ray u and its place in the camera's axes L + d satisfy L_xy + d_xy = u (L_z + d_z), linear in the way d.
    """
    R = camera.T_camera_world[:3, :3]
    points = rig.placed(turns, betas, np.zeros((len(turns), 3))).points @ R.T + camera.T_camera_world[:3, 3]
    rays = (places - np.array(camera.center)) / camera.focal
    root = np.sqrt(weights)
    n = len(rays)
    left = np.zeros((2 * n, 3))
    left[:n, 0] = left[n:, 1] = 1
    left[:n, 2], left[n:, 2] = -rays[:, 0], -rays[:, 1]
    right = rays.T[None] * points[:, None, :, 2] - points[..., :2].transpose(0, 2, 1)
    both = np.concatenate([root, root])
    ways = np.linalg.lstsq(left * both[:, None], (right.reshape(len(points), -1) * both).T, rcond=None)[0].T
    # Behind the eye, or touching it, is where too few points put a body: then far enough to be seen.
    short = np.maximum(_nearest + 1 - (points[..., 2] + ways[:, None, 2]).min(1), 0)
    ways[:, 2] += np.where((points[..., 2] + ways[:, None, 2]).min(1) < _nearest, short, 0)
    return Stance(turns, betas, ways @ R)


def different(stances: Stance, least: float) -> list[int]:
    """Which stances, in their order, are no twins of one before: some body joint is turned `least` rad otherwise."""
    return varied(stances, len(stances.turns), (least,))


def varied(stances: Stance, count: int, apart: Sequence[float]) -> list[int]:
    """Which stances to show when `count` are: the first, then others as far from those chosen as `apart` says.

    First all that differ by the first angle, rad, in some body joint, then by the next, and so on, until there are
    enough: what is most of another reading comes early.
    """
    body = stances.turns[:, : joints.index("right_wrist") + 1]
    traces = np.einsum("ajxy,bjxy->abj", body, body)
    differ = np.arccos(np.clip((traces - 1) / 2, -1, 1)).max(2)
    chosen: list[int] = []
    for least in apart:
        for i in range(len(body)):
            if len(chosen) < count and i not in chosen and (differ[i, chosen] >= least).all():
                chosen.append(i)
    return chosen
