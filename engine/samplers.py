"""Poses out of noise by a diffusion: as the paper samples them, in a few steps, and by an ordinary equation.

All start at noise (B, D) of time 1 and end just above time 0, normalised. Randomness comes from a generator, drawn on
its own device, so that a seed gives the same poses anywhere. `mask` (B, 4) hides parts of a whole body from the
network. Of the published predictors the reverse diffusion equals Euler–Maruyama for a sub-VP process, and ancestral
sampling is not defined for it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from engine.diffusion import Diffusion
from engine.progress import Progress

published_steps, published_end = 1000, 1e-3
say = "drawing poses"


def noise(count: int, dims: int, generator: torch.Generator, like: Tensor | None = None) -> Tensor:
    """Standard normal numbers (count, dims), where `like` lies; ValueError unless both are at least one."""
    if count < 1 or dims < 1:
        raise ValueError(f"expected at least one pose of one number, got {count} of {dims}")
    drawn = torch.randn(count, dims, generator=generator, device=generator.device)
    return drawn if like is None else drawn.to(like)


def noise_like(x: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal numbers in the shape of x, where it lies."""
    return noise(len(x), x.shape[1], generator, x)


@torch.no_grad()
def euler_maruyama(
    diffusion: Diffusion,
    start: Tensor,
    generator: torch.Generator,
    steps: int = published_steps,
    end: float = published_end,
    mask: Tensor | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Poses (B, D) of the reverse SDE, the paper's sampler: `steps` times from 1 to `end`, each a step of 1 / steps.

    The last step adds no noise. The published evaluation ends at 5e-3, of faces and in pictures at 1e-3.
    """
    x = mean = start
    for i, t in enumerate(times(steps, end, start)):
        mean, spread = reverse_step(diffusion, x, t, steps, mask)
        x = mean + spread * noise_like(x, generator) if i < steps - 1 else mean
        report(progress, i + 1, steps)
    return mean


def times(steps: int, end: float, like: Tensor) -> list[Tensor]:
    """The times (1,) of an even way from 1 to `end`; ValueError for no step, or an end outside of 0 … 1."""
    if steps < 1 or not 0 < end < 1:
        raise ValueError(f"expected one step or more to an end between 0 and 1, got {steps} to {end}")
    return list(torch.linspace(1, end, steps, dtype=like.dtype, device=like.device)[:, None])


def reverse_step(
    diffusion: Diffusion, x: Tensor, t: Tensor, steps: int, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One step of 1 / steps of the reverse SDE: where poses go on average, and the spread of the noise to add."""
    mean = x - diffusion.drift(x, t, mask) / steps
    return mean, diffusion.sde.g(t)[:, None] / steps**0.5


@torch.no_grad()
def ddim(
    diffusion: Diffusion,
    start: Tensor,
    steps: int = 50,
    end: float = published_end,
    mask: Tensor | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Poses (B, D) in a few deterministic steps: the same for the same start."""
    x, way = start, times(steps + 1, end, start)
    for i, (t, s) in enumerate(pairwise(way)):
        x = diffusion.ddim_step(x, t, s, mask)
        report(progress, i + 1, steps)
    return x


@torch.no_grad()
def ode(
    diffusion: Diffusion,
    start: Tensor,
    tolerance: float = 1e-5,
    end: float = published_end,
    mask: Tensor | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Poses (B, D) of the probability-flow equation dx = (f - ½ g² score) dt, by Runge–Kutta 4 (5).

    All poses share the steps, which `tolerance`, absolute and relative, decides.
    """

    def slope(t: Tensor, x: Tensor) -> Tensor:
        report(progress, 1 - float(t), 1)
        return diffusion.drift(x, t, mask, share=0.5)

    return integrate(slope, start, 1.0, end, tolerance)


def integrate(
    slope: Callable[[Tensor, Tensor], Tensor], start: Tensor, first: float, last: float, tolerance: float
) -> Tensor:
    """Where `slope(t (1,), x)` takes `start` from the time `first` to `last`; ValueError where steps become too small.

    Numbers are float64 between the steps, of the start's precision within them.
    """

    def flat(t: float, values: object) -> object:
        x = torch.as_tensor(values, dtype=start.dtype, device=start.device).reshape(start.shape)
        return slope(torch.tensor([t], dtype=start.dtype, device=start.device), x).double().cpu().numpy().ravel()

    begin = start.double().cpu().numpy().ravel()
    found = solve_ivp(flat, (first, last), begin, method="RK45", rtol=tolerance, atol=tolerance)
    if not found.success:
        raise ValueError(f"expected a flow that steps can follow, got {found.message}")
    return torch.from_numpy(found.y[:, -1]).to(start).reshape(start.shape)


def report(progress: Progress | None, done: float, total: float, what: str = say) -> None:
    """Tells how far the work is, where somebody listens."""
    if progress is not None:
        progress(min(done / total, 1.0), what)
