"""How other priors fill in what is not seen of a pose: what completion by diffusion is compared with.

All take poses (B, D), raw, and what is hidden of them, as `engine.tasks.completion.complete` does, and return answers
(B, H, D) with the observation in place where it is seen.
"""

from __future__ import annotations

from typing import Literal, Protocol

import torch
from torch import Tensor

from engine.tasks.completion import checked_hidden
from engine.tasks.guides import Draws
from engine.tasks.optimise import Adam


class Mixture(Protocol):
    """A Gaussian mixture over raw poses: weights (K,), means (K, D), covariances (K, D, D)."""

    weights: Tensor
    means: Tensor
    covariances: Tensor


class Vae(Protocol):
    """A variational autoencoder of raw poses: `engine.vae`'s."""

    def encode(self, raw: Tensor) -> tuple[Tensor, Tensor]: ...
    def decode(self, z: Tensor) -> Tensor: ...
    def penalty(self, raw: Tensor) -> Tensor: ...


def fill(centre: Tensor, observed: Tensor, hidden: Tensor) -> Tensor:
    """One answer (B, 1, D): the mean pose `centre` (D,) where nothing is seen."""
    return torch.where(checked_hidden(observed, hidden), centre, observed)[:, None]


@torch.no_grad()
def complete_mixture(mixture: Mixture, observed: Tensor, hidden: Tensor, hypotheses: int = 10, seed: int = 0) -> Tensor:
    """Draws from the mixture given what is seen, in closed form: a component by how it explains that, then a pose."""
    hidden = checked_hidden(observed, hidden)
    generator = torch.Generator().manual_seed(seed)
    found = observed.double().repeat_interleave(hypotheses, 0).unflatten(0, (-1, hypotheses))
    patterns, which = torch.unique(hidden, dim=0, return_inverse=True)
    for n, pattern in enumerate(patterns):
        rows = (which == n).nonzero()[:, 0]
        seen = observed[rows][:, ~pattern].double()
        shares, middles, spreads = _conditioned(mixture, seen, pattern)
        chosen = torch.multinomial(shares, hypotheses, replacement=True, generator=generator)  # (n, H)
        noise = torch.randn(*chosen.shape, int(pattern.sum()), generator=generator, dtype=torch.float64)
        drawn = middles[chosen, torch.arange(len(rows))[:, None]] + (spreads[chosen] @ noise[..., None])[..., 0]
        answers = found[rows]
        answers[..., pattern] = drawn
        found[rows] = answers
    return found.to(observed)


def _conditioned(mixture: Mixture, seen: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Given seen numbers (B, S): components' shares (B, K), middles (K, B, N) and spreads (K, N, N) of hidden ones."""
    shares, middles, spreads = [], [], []
    for weight, mean, covariance in zip(mixture.weights, mixture.means, mixture.covariances, strict=True):
        mean, covariance = mean.double(), covariance.double()
        root = torch.linalg.cholesky(covariance[~hidden][:, ~hidden])
        off = torch.linalg.solve_triangular(root, (seen - mean[~hidden]).T, upper=False)  # (S, B)
        across = torch.linalg.solve_triangular(root, covariance[~hidden][:, hidden], upper=False)  # (S, N)
        shares.append(weight.double().log() - root.diagonal().log().sum() - 0.5 * off.square().sum(0))
        middles.append(mean[hidden] + off.T @ across)
        spreads.append(torch.linalg.cholesky(covariance[hidden][:, hidden] - across.T @ across))
    return torch.stack(shares, 1).softmax(1), torch.stack(middles), torch.stack(spreads)


def complete_vae(
    vae: Vae,
    observed: Tensor,
    hidden: Tensor,
    hypotheses: int = 10,
    seed: int = 0,
    way: Literal["pose", "latent"] = "latent",
    tolerance: float = 0.1,
) -> Tensor:
    """Answers of an autoencoder, each from a start of its own.

    "pose", as the released code has it: 200 steps on the pose from nearly zero, the distance of
    seen numbers against the autoencoder's penalty. "latent": the likeliest latent numbers for what is seen, off by
    `tolerance` (rad), from a start drawn of the latent prior; it is the better of the two.
    """
    hidden = checked_hidden(observed, hidden)
    observed, hidden = (rows.repeat_interleave(hypotheses, 0) for rows in (observed, hidden))
    noise = Draws(seed)
    if way == "pose":
        answer = _by_pose(vae, observed, hidden, noise)
    else:
        answer = _by_latent(vae, observed, hidden, noise, tolerance)
    return torch.where(hidden, answer, observed).unflatten(0, (-1, hypotheses))


def _by_pose(vae: Vae, observed: Tensor, hidden: Tensor, noise: Draws) -> Tensor:
    x = (0.02 * noise(observed)).requires_grad_()
    adam = Adam(x.detach(), 0.5)
    for k in range(200):
        data = (x - observed).masked_fill(hidden, 0).square().mean(1)
        (gradient,) = torch.autograd.grad((10 / (1 + k // 100) * data + 1000 * vae.penalty(x)).sum(), x)
        adam.step(gradient)
    return x.detach()


def _by_latent(vae: Vae, observed: Tensor, hidden: Tensor, noise: Draws, tolerance: float) -> Tensor:
    with torch.no_grad():
        width = vae.encode(observed[:1])[0].shape[1]
    z = noise(observed.new_empty(len(observed), width)).requires_grad_()
    adam = Adam(z.detach(), 0.1)
    for _ in range(200):
        off = (vae.decode(z) - observed).masked_fill(hidden, 0) / tolerance
        (gradient,) = torch.autograd.grad(0.5 * (off.square().sum() + z.square().sum()), z)
        adam.step(gradient)
    with torch.no_grad():
        return vae.decode(z)
