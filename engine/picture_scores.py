"""Scores of sets of pictures: how like real ones they are, how well they show their prompts, how much they vary.

Pictures come as features, rows of numbers that a network makes of them; a score is worth what its network is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from engine.keypoint_words import ap10k, humanart, slot

_tokens = "|".join(re.escape(token) for token in {word.token for word in (*ap10k, *humanart)})
_list = rf"(?:{_tokens})(?:\s*,\s*(?:{_tokens}))*"


class Features(Protocol):
    """What makes features (N, D) of N pictures (H, W, 3) uint8 RGB; `name` says which network."""

    @property
    def name(self) -> str: ...

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray: ...


class TextFeatures(Features, Protocol):
    """Features that texts have as well, so that both can be compared."""

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Features (N, D) of N texts."""
        ...


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    """Fréchet distance of two sets of features (N, D) and (M, D), each taken for a Gaussian: with Inception's, the FID.

    d² = |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½). With Σ = AᵀA the last trace is the sum of the singular values of A₁A₂ᵀ,
    which needs no root of a matrix and holds for sets smaller than D. ValueError for fewer than two rows.
    """
    for rows in (one, other):
        if rows.ndim != 2 or len(rows) < 2 or not np.isfinite(rows).all():
            raise ValueError(f"expected finite features (N, D) of at least two pictures, got {rows.shape}")
    if one.shape[1] != other.shape[1]:
        raise ValueError(f"expected features of one network, got {one.shape[1]} and {other.shape[1]} numbers a picture")
    (mean_a, a), (mean_b, b) = (_gaussian(rows.astype(np.float64)) for rows in (one, other))
    roots = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(max(((mean_a - mean_b) ** 2).sum() + (a**2).sum() + (b**2).sum() - 2 * roots, 0.0))


def _gaussian(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) of rows (N, D), and a matrix A (min(N, D), D) with AᵀA their covariance."""
    mean = rows.mean(0)
    return mean, np.linalg.qr(rows - mean, mode="r") / np.sqrt(len(rows) - 1)


def clip_score(pictures: np.ndarray, prompts: np.ndarray) -> float:
    """CLIP-score, 0 … 100: mean of 100 · max(cos, 0) between each picture's features (N, D) and its prompt's."""
    if pictures.shape != prompts.shape or pictures.ndim != 2 or not len(pictures):
        raise ValueError(f"expected as many prompts as pictures, got {prompts.shape} and {pictures.shape}")
    return float(100 * np.maximum((_unit(pictures) * _unit(prompts)).sum(1), 0).mean())


def diversity(groups: Iterable[np.ndarray]) -> float | None:
    """How much pictures of one pose and prompt differ: mean cosine distance, 0 … 2, of all pairs within each group.

    Each group is features (N, D); groups count alike, those of one picture not at all. None where there is no pair.
    """
    means = []
    for rows in groups:
        if len(rows) > 1:
            units = _unit(rows)
            means.append(1 - (units @ units.T)[np.triu_indices(len(rows), 1)].mean())
    return float(np.mean(means)) if means else None


def _unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def without_words(prompt: str) -> str:
    """The prompt without SP-Ctrl's learned words and their brackets: other networks never learned them."""
    bare = re.sub(rf"\s*(?:<\s*{_list}\s*>|{_list}|{re.escape(slot)})", "", prompt)
    return re.sub(r"\s+", " ", bare).strip(" ,")
