"""How likely poses are to a diffusion, by its probability flow (Song et al., section 4.3): for comparing priors.

Poses are normalised, and so is the density: that of raw vectors is smaller by the sum of the logarithms of a
normaliser's scales.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from engine.diffusion import Diffusion
from engine.progress import Progress
from engine.samplers import integrate, report


def log_likelihood(
    diffusion: Diffusion,
    x: Tensor,
    generator: torch.Generator,
    tolerance: float = 1e-5,
    begin: float = 1e-5,
    exact: bool = False,
    mask: Tensor | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Natural logarithms (B,) of the density at poses x (B, D), all carried from the time `begin` to noise.

    How the flow spreads is estimated along one random direction of ±1 (Hutchinson's trace), right on average, or told
    `exact`ly along all D of the axes, at D times the cost. The published validation uses 1e-4 for tolerance and begin.
    """
    if not 0 < begin < 1:
        raise ValueError(f"expected a beginning between 0 and 1, got {begin}")
    directions = _axes(x) if exact else [_signs(x, generator)]

    def slope(t: Tensor, state: Tensor) -> Tensor:
        report(progress, float(t), 1, "measuring poses")
        with torch.enable_grad():
            now = state[:, :-1].detach().requires_grad_()
            drift = diffusion.drift(now, t, mask, share=0.5)
            products = [torch.autograd.grad((drift * d).sum(), now, retain_graph=exact)[0] for d in directions]
        spread = sum((product * d).sum(1) for product, d in zip(products, directions, strict=True))
        return torch.cat([drift.detach(), torch.as_tensor(spread)[:, None]], dim=1)

    start = torch.cat([x.detach(), torch.zeros_like(x[:, :1])], dim=1)
    end = integrate(slope, start, begin, 1.0, tolerance)
    latent, spread = end[:, :-1], end[:, -1]
    return -0.5 * (latent.square() + math.log(2 * math.pi)).sum(1) + spread


def _signs(x: Tensor, generator: torch.Generator) -> Tensor:
    """+1 or -1 for each number of x."""
    return (2 * torch.randint(0, 2, x.shape, generator=generator, device=generator.device) - 1).to(x)


def _axes(x: Tensor) -> list[Tensor]:
    return [axis.expand_as(x) for axis in torch.eye(x.shape[1]).to(x)]


def bits_per_number(log_likelihood: Tensor, dims: int) -> Tensor:
    """Negative log-likelihoods (B,) as bits for each of the numbers of a pose: the lower, the likelier."""
    return -log_likelihood / (dims * math.log(2))
