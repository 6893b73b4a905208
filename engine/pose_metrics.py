"""How good poses are: like those of people, various, and near what was asked for.

Sets of poses are (N, D) of any prior's vectors; joints and vertices are metres, errors in the unit of what they
compare. Conventions are those DPoser-X was published with (arXiv 2508.00599, supplement): k = 3 neighbours, the
Fréchet distance of raw vectors, pairs of all samples. Everything is numpy and float64.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from engine.skeleton import smplx55

_rows = 1024  # compared at once: bounds the memory of a distance table


# ── sets of poses ──


class Moments(NamedTuple):
    """Mean (D,) and covariance (D, D) of a set of poses."""

    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, poses: np.ndarray) -> Moments:
        """Those of poses (N, D), at least two."""
        poses = _set(poses, 2)
        return cls(poses.mean(0), np.atleast_2d(np.cov(poses, rowvar=False)))


def frechet(a: Moments, b: Moments) -> float:
    """The Fréchet distance between two sets seen as normal distributions; 0 for the same ones (FID on raw vectors).

    |mean a - mean b|² + tr(A + B - 2 (A B)^½), the root's trace from the symmetric A^½ B A^½.
    """
    values, vectors = np.linalg.eigh(a.covariance)
    half = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    roots = np.sqrt(np.linalg.eigvalsh(half @ b.covariance @ half).clip(0))
    apart = a.mean - b.mean
    return float(max(apart @ apart + np.trace(a.covariance) + np.trace(b.covariance) - 2 * roots.sum(), 0.0))


class Prdc(NamedTuple):
    """Shares 0 … 1 of samples that look real, of the real that is reached, and both counted by neighbourhoods."""

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real: np.ndarray, fake: np.ndarray, nearest: int = 3) -> Prdc:
    """Precision, recall, density and coverage of fake poses (M, D) against real ones (N, D).

    A pose's neighbourhood reaches to its `nearest`-th neighbour in its own set, itself not counted; what lies on the
    edge is outside (Naeem et al. 2020). ValueError for sets with no such neighbour.
    """
    real, fake = _set(real, nearest + 1), _set(fake, nearest + 1)
    real_reach, fake_reach = _reach(real, nearest), _reach(fake, nearest)
    within_real = np.zeros(len(fake))  # neighbourhoods of real poses that hold each fake one
    recalled = covered = 0
    for rows in _blocks(len(real)):
        far = _distances(real[rows], fake)
        inside = far < real_reach[rows, None]
        within_real += inside.sum(0)
        recalled += (far < fake_reach[None]).any(1).sum()
        covered += (far.min(1) < real_reach[rows]).sum()
    return Prdc(
        precision=float((within_real > 0).mean()),
        recall=float(recalled / len(real)),
        density=float(within_real.mean() / nearest),
        coverage=float(covered / len(real)),
    )


def _reach(poses: np.ndarray, nearest: int) -> np.ndarray:
    """The distance (N,) from each pose to its `nearest`-th neighbour; the first of all is itself, at 0."""
    found = np.empty(len(poses))
    for rows in _blocks(len(poses)):
        far = _distances(poses[rows], poses)
        far[np.arange(len(far)), np.arange(rows.start, rows.start + len(far))] = 0
        found[rows] = np.partition(far, nearest, axis=1)[:, nearest]
    return found


def to_nearest_turns(poses: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """How far (N,), in rad summed over joints, axis-angle poses (N, 3 J) are from the nearest of the reference (dNN).

    The nearest is the one whose joints' quaternions are (in Euclid's distance); each joint counts 2 acos |q · q'|.
    """
    ours, theirs = _quaternions(_set(poses, 1)), _quaternions(_set(reference, 1))
    chosen = _nearest(ours.reshape(len(ours), -1), theirs.reshape(len(theirs), -1))[0]
    alike = np.abs((ours * theirs[chosen]).sum(-1)).clip(0, 1)
    return (2 * np.arccos(alike)).sum(1)


def to_nearest(poses: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Euclid's distance (N,) from each of the poses (N, D) to the nearest of the reference (dNN of faces)."""
    return _nearest(_set(poses, 1), _set(reference, 1))[1]


def _quaternions(poses: np.ndarray) -> np.ndarray:
    """Unit quaternions (N, J, 4), real part first and not negative, of axis-angles (N, 3 J) rad."""
    if poses.shape[1] % 3:
        raise ValueError(f"expected axis-angles (N, 3 J), got {poses.shape}")
    turns = poses.reshape(len(poses), -1, 3)
    half = np.linalg.norm(turns, axis=-1, keepdims=True) / 2
    found = np.concatenate([np.cos(half), turns * (0.5 * np.sinc(half / np.pi))], axis=-1)
    return np.where(found[..., :1] < 0, -found, found)


def _nearest(poses: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of the reference is nearest to each pose, and how far."""
    which, how_far = np.empty(len(poses), dtype=np.int64), np.empty(len(poses))
    for rows in _blocks(len(poses)):
        far = _distances(poses[rows], reference)
        which[rows] = far.argmin(1)
        how_far[rows] = far.min(1)
    return which, how_far


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclid's distances (N, M) between rows, through one matrix product."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * (a @ b.T)
    return np.sqrt(squares.clip(0))


def _blocks(count: int) -> Iterable[slice]:
    return (slice(start, min(start + _rows, count)) for start in range(0, count, _rows))


def _set(poses: np.ndarray, least: int) -> np.ndarray:
    """Poses (N, D) as float64; ValueError for fewer than `least`, another shape or numbers that are none."""
    poses = np.asarray(poses, dtype=float)
    if poses.ndim != 2 or len(poses) < least:
        raise ValueError(f"expected at least {least} poses of shape (N, D), got {poses.shape}")
    if not np.isfinite(poses).all():
        raise ValueError("expected finite poses, got NaN or infinity")
    return poses


# ── places of points ──


def pair_distance(points: np.ndarray) -> np.ndarray:
    """How far samples (…, S, P, 3) of one thing are from each other, (…): the mean over pairs and points (APD)."""
    points = np.asarray(points, dtype=float)
    if points.ndim < 3 or points.shape[-3] < 2 or points.shape[-1] != 3:
        raise ValueError(f"expected at least two samples of points (…, S, P, 3), got {points.shape}")
    count = points.shape[-3]
    total = np.zeros(points.shape[:-3])
    for n in range(count - 1):
        far = np.linalg.norm(points[..., n + 1 :, :, :] - points[..., n : n + 1, :, :], axis=-1)
        total += far.mean(-1).sum(-1)
    return total / (count * (count - 1) / 2)


def point_error(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The mean distance (…) between points (…, P, 3) found and true; MPJPE of joints, MPVPE of vertices."""
    return np.linalg.norm(np.asarray(found, dtype=float) - np.asarray(true, dtype=float), axis=-1).mean(-1)


def aligned(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Points (B, P, 3) moved, turned and scaled as one onto the true ones in the least squares (Procrustes, PA-…)."""
    found, true = np.asarray(found, dtype=float), np.asarray(true, dtype=float)
    if found.shape != true.shape or found.ndim != 3 or found.shape[-1] != 3:
        raise ValueError(f"expected two sets of points (B, P, 3), got {found.shape} and {true.shape}")
    centre, target = found.mean(1, keepdims=True), true.mean(1, keepdims=True)
    a, b = found - centre, true - target
    u, stretch, vt = np.linalg.svd(np.einsum("bpi,bpj->bij", a, b))
    sign = np.ones_like(stretch)
    sign[:, -1] = np.sign(np.linalg.det(u @ vt))  # never a mirror image
    turn = (u * sign[:, None]) @ vt
    spread = (a**2).sum((1, 2))
    scale = np.divide((stretch * sign).sum(1), spread, out=np.ones_like(spread), where=spread > 0)
    return scale[:, None, None] * (a @ turn) + target


class OverHypotheses(NamedTuple):
    """Means over a set of each pose's best hypothesis, of all, and of their deviation among a pose's hypotheses."""

    least: float
    mean: float
    deviation: float


def over_hypotheses(errors: np.ndarray) -> OverHypotheses:
    """The three figures of errors (B, H), H hypotheses of each of B poses."""
    errors = np.asarray(errors, dtype=float)
    if errors.ndim != 2 or not errors.size:
        raise ValueError(f"expected errors of shape (B, H), got {errors.shape}")
    return OverHypotheses(float(errors.min(1).mean()), float(errors.mean()), float(errors.std(1).mean()))


# ── parts of a body's skin ──

_legs = {side: tuple(f"{side}_{joint}" for joint in ("hip", "knee", "ankle", "foot")) for side in ("left", "right")}
_arms = {side: (f"{side}_shoulder", f"{side}_elbow") for side in ("left", "right")}
_hands = {
    side: tuple(name for name in smplx55.joints if name.startswith((f"{side}_wrist", f"{side}_hand_")))
    for side in ("left", "right")
}
# Whose skin belongs to a part: as in the published evaluation, arms end at the wrist and hands begin there.
skin_joints: dict[str, tuple[str, ...]] = {
    **{f"{side}_leg": joints for side, joints in _legs.items()},
    **{f"{side}_arm": joints for side, joints in _arms.items()},
    **{f"{side}_hand": joints for side, joints in _hands.items()},
    "legs": (*_legs["left"], *_legs["right"]),
    "arms": (*_arms["left"], *_arms["right"]),
    "hands": (*_hands["left"], *_hands["right"]),
    "trunk": ("spine1", "spine2", "spine3", "left_collar", "right_collar"),
    "face": ("head", "jaw", "left_eye", "right_eye"),
    "all": smplx55.joints,
}


def skin_of(weights: np.ndarray, part: str, most: int | None = None) -> np.ndarray:
    """Numbers of the vertices that a part's joints carry, at most so many, evenly drawn from them.

    `weights` (V, 55) are the body's; a vertex belongs to the joint that carries most of it. ValueError for another
    part than `skin_joints` has.
    """
    if part not in skin_joints:
        raise ValueError(f"expected a part, one of {', '.join(skin_joints)}, got {part!r}")
    if weights.ndim != 2 or weights.shape[1] != len(smplx55):
        raise ValueError(f"expected weights of shape (V, {len(smplx55)}), got {weights.shape}")
    found = np.flatnonzero(np.isin(weights.argmax(1), smplx55.indices(skin_joints[part])))
    if most is None or len(found) <= most:
        return found
    return found[np.linspace(0, len(found) - 1, most).round().astype(int)]
