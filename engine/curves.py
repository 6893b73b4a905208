"""Curves sampled at an even rate, with jitter and wrong samples in them: found, measured, and drawn through smoothly.

The smooth curve is Whittaker's (1923), by third differences: as near the samples as their weights ask, and no rougher
than its stiffness allows. How much jitter there is, the samples tell by differences that smooth motion does not have.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import solveh_banded

order = 3  # of the differences that a smooth curve keeps small
_fourth = math.sqrt(70)  # how much larger the fourth differences of pure noise are than the noise
_least_weight = 1e-4  # of a sample that says nothing: enough to keep the equations solvable


def stiffness(cutoff: float, fps: float) -> float:
    """The stiffness that halves what swings `cutoff` times a second and lets slower swings through."""
    half = min(cutoff / fps, 0.49)
    return 1 / (2 * math.sin(math.pi * half)) ** (2 * order)


def smooth(values: np.ndarray, weights: np.ndarray, stiff: float) -> np.ndarray:
    """The smooth curve (T, D) through samples (T, D) of weights (T,), 0 … 1."""
    count = len(values)
    if count <= order:
        return values.copy()
    band = np.zeros((order + 1, count))
    kernel = np.array([(-1) ** k * math.comb(order, k) for k in range(order + 1)], dtype=float)
    for shift in range(order + 1):
        product = kernel[: order + 1 - shift] * kernel[shift:]
        for k, value in enumerate(product):
            band[order - shift, k + shift : count - order + k + shift] += value
    band *= stiff
    weights = np.maximum(weights, _least_weight)
    band[order] += weights
    return solveh_banded(band, weights[:, None] * values, check_finite=False)


def jitter(values: np.ndarray) -> float:
    """The deviation of the noise in samples (T, D), all of one unit: robust against wrong samples."""
    if len(values) < 6:
        return 0.0
    return float(np.median(np.abs(np.diff(values, 4, axis=0)))) / (0.6745 * _fourth)


def glitches(values: np.ndarray, least: float, longest: int) -> np.ndarray:
    """Which samples (T,) of curves (T, D) leap away from the others and, `longest` samples on at most, leap back.

    A leap is of at least `least`, and far more than the curve moves around there: a quick move is none.
    """
    found = np.zeros(len(values), dtype=bool)
    if len(values) < 4:
        return found
    leap = np.linalg.norm(np.diff(values, axis=0), axis=-1)  # leap[n]: from sample n to n + 1
    reach = 7
    padded = np.pad(leap, reach, mode="edge")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=-1)
    large = leap > np.maximum(least, 3 * usual)
    # What a curve does before it leaps, and after it has leapt back, is slow: a quick move gathers speed.
    sudden = large & (leap > 2 * np.concatenate([[0.0], leap[:-1]]))
    ended = large & (leap > 2 * np.concatenate([leap[1:], [0.0]]))
    for n in np.flatnonzero(sudden):
        for back in range(n + 1, min(n + 1 + longest, len(leap))):
            home = np.linalg.norm(values[back + 1] - values[n])
            if ended[back] and home < 0.5 * min(leap[n], leap[back]):
                found[n + 1 : back + 1] = True
                break
    # The first and the last sample have a neighbour on one side alone.
    found[0] |= large[0] and not found[1]
    found[-1] |= large[-1] and not found[-2]
    return found


def runs(which: np.ndarray, least: int = 1) -> list[tuple[int, int]]:
    """Where a row of truths (T,) is true, as [start, end) pairs of at least `least` samples."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], which, [False]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]
