"""Betas: how bodies differ, as principal directions of random macro shapes; and the named sliders in terms of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scripts.bodywork.body import Workpiece
from scripts.bodywork.macro import Macro, neutral
from scripts.bodywork.sources import Array

sample_count = 240
principal_count = 9
beta_count = 16
_seed = 20260

# Each slider's two ends. MakeHuman's height runs from 1.29 to 2.38 m: here to 1.50 and 1.95 m. Age runs from sixteen to
# eighty; a bust can only be seen growing on a woman's chest.
sliders: dict[str, tuple[Macro, Macro]] = {
    "height": (replace(neutral, height=0.3), replace(neutral, height=0.7)),
    "weight": (replace(neutral, weight=0.0), replace(neutral, weight=1.0)),
    "muscle": (replace(neutral, muscle=0.0), replace(neutral, muscle=1.0)),
    "masculine": (replace(neutral, gender=0.0), replace(neutral, gender=1.0)),
    "age": (replace(neutral, age=0.4), replace(neutral, age=0.9)),
    "proportions": (replace(neutral, proportions=0.0), replace(neutral, proportions=1.0)),
    "bust": (replace(neutral, gender=0.0, cup=0.0), replace(neutral, gender=0.0, cup=1.0)),
}


@dataclass(frozen=True)
class Shapes:
    """directions (V, 3, 16); sliders (S, 16) betas of one unit, -1…1; slider_error (S,) worst distance in metres.

    samples: the T-posed vertices and joints of the random bodies, which the joint regressor learns from.
    """

    directions: Array
    sliders: Array
    slider_error: Array
    samples: list[tuple[Array, Array]]


def _random_bodies() -> list[Macro]:
    random = np.random.default_rng(_seed)

    def between_ends(mean: float, deviation: float) -> float:
        return float(np.clip(random.normal(mean, deviation), 0, 1))

    return [
        Macro(
            gender=float(random.beta(0.6, 0.6)),
            age=float(random.uniform(0.44, 0.95)),
            muscle=between_ends(0.5, 0.28),
            weight=between_ends(0.5, 0.28),
            height=between_ends(0.5, 0.06),
            proportions=float(random.uniform(0, 1)),
            cup=float(random.uniform(0, 1)),
            firmness=float(random.uniform(0, 1)),
            races=tuple(random.dirichlet((1, 1, 1))),  # type: ignore[arg-type]
        )
        for _ in range(sample_count)
    ]


def principal(fields: Array, count: int) -> Array:
    """The first principal directions (N, count) of fields (samples, N), each as long as one standard deviation.

    Signs are fixed by the largest entry, so that any linear algebra library gives the same answer.
    """
    centred = fields - fields.mean(axis=0)
    values, vectors = np.linalg.eigh(centred @ centred.T / len(fields))
    order = np.argsort(-values)[:count]
    return _signed(centred.T @ vectors[:, order] / np.sqrt(len(fields)))


def _signed(columns: Array) -> Array:
    """Columns whose largest entry is positive."""
    largest = np.abs(columns).argmax(axis=0)
    return columns * np.sign(columns[largest, np.arange(columns.shape[1])])


def shapes(work: Workpiece) -> Shapes:
    """Nine principal directions, then seven that hold what the named sliders still miss."""
    samples = [work.shaped(macro) for macro in _random_bodies()]
    fields = np.array([work.both_sides(vertices - work.template).ravel() for vertices, _ in samples])
    columns = principal(fields, principal_count)
    columns = columns * _taller(work, columns)
    wanted = np.array(
        [work.both_sides((work.shaped(high)[0] - work.shaped(low)[0]) / 2).ravel() for low, high in sliders.values()]
    )
    missing = wanted - (np.linalg.lstsq(columns, wanted.T, rcond=None)[0].T @ columns.T)
    _, size, directions = np.linalg.svd(missing, full_matrices=False)
    rest = _signed((directions * size[:, None])[: beta_count - principal_count].T)
    columns = np.concatenate([columns, rest], axis=1)
    betas = np.linalg.lstsq(columns, wanted.T, rcond=None)[0].T
    error = np.linalg.norm((betas @ columns.T - wanted).reshape(len(wanted), -1, 3), axis=2).max(axis=1)
    return Shapes(columns.reshape(-1, 3, beta_count), betas, error, samples)


def _taller(work: Workpiece, columns: Array) -> Array:
    """The sign (n,) that makes each direction one of growing taller: the crown rises against the soles."""
    height = columns.reshape(-1, 3, columns.shape[1])[:, 1]
    crown, soles = work.template[:, 1].argmax(), work.template[:, 1].argmin()
    return np.where(height[crown] - height[soles] < 0, -1.0, 1.0)
