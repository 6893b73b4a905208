"""New poses out of noise (DPoser-X, section 4.2 "pose generation")."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from engine.prior import Prior
from engine.progress import Progress
from engine.samplers import ddim, euler_maruyama, noise, ode, published_end

# The paper's thousand noisy steps (Euler–Maruyama), a few steady ones, and the flow whose steps a tolerance decides.
Sampler = Literal["em", "ddim", "ode"]
samplers: tuple[Sampler, ...] = get_args(Sampler)
usual_steps = {"em": 1000, "ddim": 50}
together = 2000  # poses: more at once only leave the processor's cache


@torch.no_grad()
def generate(
    prior: Prior,
    count: int,
    sampler: Sampler = "em",
    steps: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    end: float = published_end,
) -> Tensor:
    """New raw poses (N, D), the same for the same seed.

    `steps` go from time 1 to `end`, by default as many as the sampler usually takes; the flow takes none.
    `progress` may raise Cancelled. ValueError for no poses, another sampler, or steps that it does not take.
    """
    if sampler not in samplers:
        raise ValueError(f"expected a sampler, one of {', '.join(samplers)}, got {sampler!r}")
    if sampler == "ode" and steps is not None:
        raise ValueError(f"expected no steps for the flow, which finds its own, got {steps}")
    if count < 1:
        raise ValueError(f"expected at least one pose, got {count}")
    steps = usual_steps.get(sampler, 0) if steps is None else steps
    generator = torch.Generator().manual_seed(seed)
    found: list[Tensor] = []
    for first in range(0, count, together):
        size = min(together, count - first)
        start = noise(size, prior.dims, generator, prior.normaliser.centre)
        heard = None if progress is None else _within(progress, first / count, size / count)
        if sampler == "em":
            x = euler_maruyama(prior.diffusion, start, generator, steps, end, progress=heard)
        elif sampler == "ddim":
            x = ddim(prior.diffusion, start, steps, end, progress=heard)
        else:
            x = ode(prior.diffusion, start, end=end, progress=heard)
        found.append(prior.normaliser.raw(x))
    return torch.cat(found)


def _within(progress: Progress, first: float, share: float) -> Progress:
    """What tells a part's progress as the whole's."""
    return lambda done, what: progress(first + share * done, what)
