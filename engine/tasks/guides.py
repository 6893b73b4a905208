"""What tells a task how unlikely a pose is: a diffusion, or one of the baselines that it is compared with.

A task adds a guide's penalty to its own terms and lets the sum fall. Poses are (B, D), raw: axis-angles in rad and
coefficients, as the vectors of `engine.networks.dposer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from engine.prior import Prior, Reduction, Weighting
from engine.tasks.one_step import OneStep


class NoiseSource(Protocol):
    """Draws standard normal numbers of a tensor's shape, precision and device."""

    def __call__(self, like: Tensor) -> Tensor: ...


class Draws:
    """Noise of a seed: the same numbers on every device, in the order of the calls."""

    def __init__(self, seed: int = 0) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=self.generator).to(like)


Noise = Tensor | NoiseSource


def drawn(noise: Noise, like: Tensor) -> Tensor:
    """Noise as numbers of the shape of `like`: those given, or the source's next."""
    if not isinstance(noise, Tensor):
        return noise(like)
    if noise.shape != like.shape:
        raise ValueError(f"expected noise of shape {tuple(like.shape)}, got {tuple(noise.shape)}")
    return noise


class Guide(Protocol):
    """What tells how unlikely poses are."""

    def penalty(self, poses: Tensor, t: Tensor, noise: Noise) -> Tensor:
        """Penalties (B,) of raw poses (B, D), differentiable; t (1,) is the step's diffusion time.

        Only a diffusion looks at time and noise; the others draw no noise.
        """
        ...


@dataclass(frozen=True, eq=False)
class DiffusionGuide:
    """The prior's own penalty (DPoser-X, eq. 10): how far one step of denoising moves a pose that was noised.

    `weighting` and `reduction` differ by task; `mask` (4,) or (B, 4) tells which parts of a whole
    body are there.
    """

    prior: Prior
    weighting: Weighting = "half"
    reduction: Reduction = "mean"
    mask: Tensor | None = None

    def penalty(self, poses: Tensor, t: Tensor, noise: Noise) -> Tensor:
        x = self.prior.normaliser(poses)
        return self.prior.penalty(x, t.to(x), drawn(noise, x), self.weighting, self.reduction, self.mask_of(len(x)))

    def mask_of(self, rows: int) -> Tensor | None:
        """The mask for each of the rows."""
        return self.mask if self.mask is None or self.mask.ndim == 2 else self.mask.expand(rows, -1)


class Encoder(Protocol):
    """A variational autoencoder of poses: `engine.vae`'s."""

    def penalty(self, raw: Tensor) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class VaeGuide:
    """A variational autoencoder's penalty: how far from the middle of its latent space it puts a pose."""

    vae: Encoder

    def penalty(self, poses: Tensor, t: Tensor, noise: Noise) -> Tensor:
        return self.vae.penalty(poses)


class Energy(Protocol):
    """A mixture of Gaussians over poses: `engine.mixture`'s."""

    def energy(self, x: Tensor) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class MixtureGuide:
    """A Gaussian mixture's penalty: its least energy over the components (SMPLify)."""

    mixture: Energy

    def penalty(self, poses: Tensor, t: Tensor, noise: Noise) -> Tensor:
        return self.mixture.energy(poses)


@dataclass(frozen=True, eq=False)
class NormGuide:
    """The squared distance from `centre` (D,), by default from zero: what is called L2."""

    centre: Tensor | None = None
    reduction: Reduction = "mean"

    def penalty(self, poses: Tensor, t: Tensor, noise: Noise) -> Tensor:
        squares = (poses if self.centre is None else poses - self.centre).square()
        return squares.mean(1) if self.reduction == "mean" else squares.sum(1)


@dataclass(frozen=True)
class NoGuide:
    """No prior: every pose is as good as any other."""

    def penalty(self, poses: Tensor, t: Tensor, noise: Noise) -> Tensor:
        return poses.new_zeros(len(poses))


@dataclass(frozen=True, eq=False)
class Scaled:
    """Another guide's penalty times a factor, to bring a baseline's to the strength that a task's weights expect."""

    guide: Guide
    factor: float

    def penalty(self, poses: Tensor, t: Tensor, noise: Noise) -> Tensor:
        return self.factor * self.guide.penalty(poses, t, noise)


# ── times known beforehand ──


def ready(guide: Guide, times: Tensor) -> Guide:
    """The same guide, made ready for steps at `times` (S,): a diffusion works out what its networks are told of them.

    The penalties are the same; asked for another time, it answers as well, only slower. Networks in training mode and
    other guides come back as they are.
    """
    if isinstance(guide, Scaled):
        return Scaled(ready(guide.guide, times), guide.factor)
    if isinstance(guide, DiffusionGuide) and not guide.prior.diffusion.training:
        return _ReadyGuide(guide, OneStep(guide.prior.diffusion, times), times)
    return guide


class _ReadyGuide:
    """A diffusion's guide that knows its times: about half the work of a step on few rows."""

    def __init__(self, guide: DiffusionGuide, steps: OneStep, times: Tensor) -> None:
        self.guide, self.steps = guide, steps
        self.weights = guide.prior.weight(times, guide.weighting).tolist()
        self.place = {time: k for k, time in enumerate(times.tolist())}

    def penalty(self, poses: Tensor, t: Tensor, noise: Noise) -> Tensor:
        k = self.place.get(float(t)) if t.numel() == 1 else None
        if k is None:
            return self.guide.penalty(poses, t, noise)
        x = self.guide.prior.normaliser(poses)
        fixed = x.detach()
        squares = (x - self.steps.clean(fixed, k, drawn(noise, fixed), self.guide.mask_of(len(x)))).square()
        return self.weights[k] * (squares.mean(1) if self.guide.reduction == "mean" else squares.sum(1))
