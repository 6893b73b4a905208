"""The strength of a task's baselines: their errors over a grid, on open held-out poses and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from engine.networks.dposer import Part
from scripts.evaluation import denoising, face, fitting, hands
from scripts.evaluation.asked import Asked
from scripts.evaluation.contestants import Contestants, autoencoder, mixture, norm, stronger
from scripts.evaluation.observed import Observed

factors = (0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
finer = (0.3, 3.0)  # of the best of those
tuned = (norm, mixture, autoencoder, stronger)
Score = Callable[[Asked, Observed, Contestants], Mapping[str, float]]


def _sparse(asked: Asked, one: Observed, who: Contestants) -> Mapping[str, float]:
    return {name: found.all for name, found in hands.hidden_errors(asked, one, who, "sparse").items()}


def _noisy(asked: Asked, one: Observed, who: Contestants) -> Mapping[str, float]:
    return {name: error[1] for name, error in hands.noise_errors(asked, one, who, 5).items()}


def _motion(asked: Asked, one: Observed, who: Contestants) -> Mapping[str, float]:
    return denoising.errors(asked, replace(one, motion=one.motion[:2]), who, 40)


def _fitting(asked: Asked, one: Observed, who: Contestants) -> Mapping[str, float]:
    return {name: error[0] for name, error in fitting.errors(asked, one, who, False).items()}


# What each task is tuned on: the middle one of its settings stands for all.
scores: dict[str, tuple[Part, Score]] = {
    "fitting": ("body", _fitting),
    "hand-ik": ("hand", _sparse),
    "hand-noise": ("hand", _noisy),
    "denoising": ("body", _motion),
    "face-ik": ("face", face.score),
}


def grid(asked: Asked, task: str) -> Iterator[str]:
    """Lines of errors by strength and baseline, the best strength of each last; none for a task that tunes nothing."""
    if task not in scores:
        return
    part, score = scores[task]
    sets = asked.held_out(part, motion=task == "denoising")
    if not sets:
        raise ValueError(f"expected open held-out poses to tune {task} on, got captured ones alone")
    best: dict[str, tuple[float, float]] = {}
    for steps in (factors, finer):
        before = {kind: factor for kind, (_, factor) in best.items()}
        for step in steps:
            tried = {kind: step * before.get(kind, 1.0) for kind in tuned}
            who = replace(asked.contestants, factors=tried, only=tuned)
            found = {kind: error for kind, error in score(asked, sets[0], who).items() if kind in tuned}
            yield f"{task}: " + ", ".join(f"{kind} × {tried[kind]:.3g} {error:.2f}" for kind, error in found.items())
            best |= {k: (e, tried[k]) for k, e in found.items() if k not in best or e < best[k][0]}
    yield f'    "{task}": {{' + ", ".join(f'"{kind}": {factor:.3g}' for kind, (_, factor) in best.items()) + "},"
