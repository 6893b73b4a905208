"""A pose of which a part is not seen, and what it may look like: several answers to each (DPoser-X, section 4.2).

observed (B, D) with hidden numbers → normalised, hidden ones begun at random → optimised: near the observation where it
is seen, likely everywhere → answers (B, H, D), the observation in place where it is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from engine.diffusion import Diffusion
from engine.prior import Prior, Weighting
from engine.progress import Progress
from engine.schedules import Schedule
from engine.tasks.guides import Draws, NoiseSource
from engine.tasks.one_step import OneStep
from engine.tasks.optimise import Adam

# How hidden numbers begin: each answer's by chance, as the released code does it by chance but alike for all answers of
# a pose, or drawn by the diffusion from noise down to the schedule's start with the seen part put in at every step.
Start = Literal["own", "common", "sampled"]
_late = Schedule("truncated", 0.15, 0.05, 0.1)


@dataclass(frozen=True)
class Completion:
    """How completion looks for hidden numbers; by default as published, but that every answer begins by itself.

    `rounds` of `steps` steps of Adam; the observation weighs `seen` / (1 + round), the prior `likely` (1 + round).
    `sampling` steps of DDIM make a "sampled" start. The loss is a mean over `batch` rows, the paper's, however many
    there are: it only matters beside Adam's eps, but so no answer depends on what else is asked for.
    """

    schedule: Schedule = _late
    rounds: int = 2
    steps: int = 100
    rate: float = 0.1
    betas: tuple[float, float] = (0.9, 0.99)
    seen: float = 100.0
    likely: float = 0.1
    weighting: Weighting = "root"
    start: Start = "own"
    sampling: int = 50
    batch: int = 100


published = Completion(start="common")
wide = Completion(start="sampled")  # every answer begins where the diffusion would have drawn it


# ── raw poses ──


def complete(
    prior: Prior,
    observed: Tensor,
    hidden: Tensor,
    settings: Completion = Completion(),
    hypotheses: int = 10,
    seed: int = 0,
    progress: Progress | None = None,
    available: Tensor | None = None,
) -> Tensor:
    """Answers (B, H, D) to poses (B, D), raw, of which the numbers `hidden` (D,) or (B, D), bool, are not seen.

    What hidden numbers are does not matter, but they are finite. `available` (B, 4) tells which parts of a whole body
    there are at all; the others are zeros. All answers are looked for together, and the same seed gives the same ones.
    `progress` may raise Cancelled. ValueError for poses or `hidden` of another shape, and unless some, not all is seen.
    """
    hidden = checked_hidden(prior.checked(observed), hidden)
    if hypotheses < 1:
        raise ValueError(f"expected at least one answer to a pose, got {hypotheses}")
    with torch.no_grad():
        noise = Draws(seed)
        seen = prior.normaliser(observed)
        if settings.start == "common":
            seen = torch.where(hidden, noise(seen), seen)
        x, hides = (rows.repeat_interleave(hypotheses, 0) for rows in (seen, hidden))
        mask = None if available is None else available.repeat_interleave(hypotheses, 0)
        if settings.start == "own":
            x = torch.where(hides, noise(x), x)
        if settings.start == "sampled":
            x = _sampled(prior.diffusion, x, hides, settings, noise, mask)
        x = completed(prior, x, hides, settings, noise, seed, progress, mask)
        found = torch.where(hides, prior.normaliser.raw(x), observed.repeat_interleave(hypotheses, 0))
    return found.unflatten(0, (-1, hypotheses))


def checked_hidden(observed: Tensor, hidden: Tensor) -> Tensor:
    """What is hidden of poses (B, D), for each of them; ValueError where all or nothing is, or the shape is another."""
    if hidden.dtype != torch.bool or hidden.shape not in (observed.shape, observed.shape[1:]):
        raise ValueError(
            f"expected hidden numbers as bool of shape {tuple(observed.shape[1:])} or {tuple(observed.shape)}, "
            f"got {str(hidden.dtype).removeprefix('torch.')} {tuple(hidden.shape)}"
        )
    hidden = hidden.to(observed.device).expand(observed.shape)
    count = hidden.sum(1)
    if not (count > 0).all():
        raise ValueError("expected something hidden of every pose, got nothing hidden")
    if not (count < observed.shape[1]).all():
        raise ValueError("expected something seen of every pose, got all hidden: generate poses instead")
    return hidden


# ── normalised ──


@torch.no_grad()
def completed(
    prior: Prior,
    x: Tensor,
    hidden: Tensor,
    settings: Completion,
    noise: NoiseSource,
    seed: int = 0,
    progress: Progress | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Normalised poses (N, D) with the hidden numbers (N, D) moved from where they are to likely ones.

    The loss is seen / (1 + round) · mean((x - observation)² where seen) + likely (1 + round) · w(t) mean((x - clean)²),
    both means over the numbers of `batch` rows, with the pose denoised once, `clean`, held constant: its gradient is
    written down here, and the network is told the times beforehand.
    """
    total = settings.rounds * settings.steps
    times = settings.schedule.times(total, seed).to(x)
    steps = OneStep(prior.diffusion, times)
    weights = prior.weight(times, settings.weighting).tolist()
    observation, x = x, x.clone()
    adam = Adam(x, settings.rate, settings.betas)
    share = 2 / (settings.batch * x.shape[1])
    for k in range(total):
        turn = k // settings.steps
        clean = steps.clean(x, k, noise(x), mask)
        gradient = (x - clean).mul_(share * settings.likely * (1 + turn) * weights[k])
        off = (x - observation).masked_fill_(hidden, 0)
        adam.step(gradient.add_(off, alpha=share * settings.seen / (1 + turn)))
        if progress is not None and k % 10 == 0:
            progress(k / total, "completing")
    return torch.where(hidden, x, observation)


def _sampled(
    diffusion: Diffusion, x: Tensor, hidden: Tensor, settings: Completion, noise: NoiseSource, mask: Tensor | None
) -> Tensor:
    """Hidden numbers as the diffusion draws them: DDIM from noise to the schedule's start, the seen ones put in."""
    times = torch.linspace(1, settings.schedule.start, settings.sampling + 1).to(x)
    steps = OneStep(diffusion, times)
    same = noise(x)
    noisy = noise(x)
    for k in range(settings.sampling):
        noisy = torch.where(hidden, noisy, steps.alpha[k] * x + steps.sigma[k] * same)
        clean, seen = steps.taken_apart(noisy, k, mask)
        noisy = steps.alpha[k + 1] * clean + steps.sigma[k + 1] * seen
    return torch.where(hidden, steps.taken_apart(noisy, settings.sampling, mask)[0], x)
