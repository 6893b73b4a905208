"""The shape of a body in an artist's words: named sliders over its betas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.body import Body
from engine.body_pose import BodyPose

unnamed = 5  # betas that a body file without names shows as sliders: the first ones move the most


def sliders(body: Body) -> dict[str, np.ndarray]:
    """The betas (n,) that one unit of each slider adds; those of a file without names are its first betas."""
    if body.sliders:
        return body.sliders
    return {f"shape {n + 1}": np.eye(unnamed)[n] for n in range(min(unnamed, body.betas))}


def values(body: Body, pose: BodyPose) -> dict[str, float]:
    """Where each slider stands: the values whose betas come nearest to the body's (least squares)."""
    named = sliders(body)
    columns = np.stack([_padded(column, len(pose.betas)) for column in named.values()], axis=1)
    found, *_ = np.linalg.lstsq(columns, _padded(pose.betas, len(columns)), rcond=None)
    return dict(zip(named, found.tolist(), strict=True))


def moved(body: Body, pose: BodyPose, name: str, value: float) -> BodyPose:
    """The body with one slider set to a value; what no slider names stays as it was."""
    named = sliders(body)
    if name not in named:
        raise ValueError(f"expected one of the sliders {', '.join(named)}, got {name!r}")
    by = (value - values(body, pose)[name]) * named[name]
    n = max(len(by), len(pose.betas))
    return replace(pose, betas=_padded(pose.betas, n) + _padded(by, n))


def _padded(numbers: np.ndarray, n: int) -> np.ndarray:
    return np.pad(np.asarray(numbers, dtype=float), (0, max(0, n - len(numbers))))
