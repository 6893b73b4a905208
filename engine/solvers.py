"""Other ways to complete poses with the same diffusion (supplement, "solvers"): sampling, led by what is seen.

All walk the reverse SDE from noise; they differ in how the observation leads. Poses are normalised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from engine.diffusion import Diffusion
from engine.progress import Progress
from engine.samplers import noise_like, published_end, published_steps, report, reverse_step, times

# ScoreSDE imputes what is seen, DPS follows the gradient of its error, MCG does both, DSG walks on a sphere.
Solver = Literal["score-sde", "dps", "mcg", "dsg"]
solver_names: tuple[Solver, ...] = get_args(Solver)


@dataclass(frozen=True)
class Walk:
    """How a solver goes: `steps` from time 1 to `end`.

    `length` is how far along the error's gradient (DPS, MCG), `guidance` how much of the noise's direction gives way to
    the gradient's (DSG). The error is one length over all rows, as published, or each row's own, which then does not
    depend on its company.
    """

    steps: int = published_steps
    end: float = published_end
    length: float = 1.0
    guidance: float = 1.0
    error_of: Literal["batch", "rows"] = "batch"


@torch.no_grad()
def solve(
    diffusion: Diffusion,
    observed: Tensor,
    hidden: Tensor,
    solver: Solver,
    generator: torch.Generator,
    walk: Walk = Walk(),
    mask: Tensor | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Poses (B, D) like those observed (B, D), new where `hidden`, (D,) or (B, D) bool, and equal elsewhere.

    The released ScoreSDE returns what it has drawn of the seen numbers too; here they are the observation.
    ValueError when everything or nothing is hidden, or a seen number is none.
    """
    if solver not in solver_names:
        raise ValueError(f"expected one of the solvers {', '.join(solver_names)}, got {solver!r}")
    seen = ~hidden.expand_as(observed)
    if seen.all() or not seen.any():
        raise ValueError(f"expected some numbers hidden and some seen, got {'none' if seen.all() else 'all'} hidden")
    observed = torch.where(seen, observed, 0.0)
    if not torch.isfinite(observed).all():
        raise ValueError("expected finite numbers where they are seen, got NaN or infinity")
    x = noise_like(observed, generator)
    for i, t in enumerate(times(walk.steps, walk.end, observed)):
        mean, spread = reverse_step(diffusion, x, t, walk.steps, mask)
        fresh = noise_like(x, generator) if i < walk.steps - 1 else torch.zeros_like(x)
        if solver == "score-sde":
            x = mean + spread * fresh
        else:
            gradient = _gradient(diffusion, x, t, observed, seen, walk, mask)
            if solver == "dsg":
                x = mean + _on_sphere(fresh * spread, gradient, spread, walk.guidance)
            else:
                x = mean + spread * fresh - walk.length * gradient
        if solver in ("score-sde", "mcg"):
            # At the time the step came from, as published, not at the one it leads to.
            x = torch.where(seen, diffusion.noised(observed, t, noise_like(x, generator)), x)
        report(progress, i + 1, walk.steps, "completing poses")
    return torch.where(seen, observed, x)


def _gradient(
    diffusion: Diffusion, x: Tensor, t: Tensor, observed: Tensor, seen: Tensor, walk: Walk, mask: Tensor | None
) -> Tensor:
    """How the error of the seen numbers, told from poses x by one denoising step, grows with x: (B, D)."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        wrong = torch.where(seen, observed - diffusion.denoised(x, t, mask), 0.0)
        length = torch.linalg.vector_norm(wrong) if walk.error_of == "batch" else torch.linalg.vector_norm(wrong, dim=1)
        (gradient,) = torch.autograd.grad(length.sum(), x)
    return gradient


def _on_sphere(drawn: Tensor, gradient: Tensor, spread: Tensor, guidance: float) -> Tensor:
    """A step as long as noise is on average, from the drawn noise's direction towards the falling error's."""
    radius = spread * drawn.shape[1] ** 0.5
    against = -radius * torch.nn.functional.normalize(gradient, dim=1)
    return radius * torch.nn.functional.normalize(drawn + guidance * (against - drawn), dim=1)
