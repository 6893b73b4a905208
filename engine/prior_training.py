"""What training a pose prior consists of: the recipe, the poses of each step, the loss, and what held-out poses say.

DPoser-X (arXiv 2508.00599, section 3 and supplement): the mean squared error of the noise told, at a random time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from engine.diffusion import Diffusion
from engine.networks.dposer import (
    Fused,
    Model,
    Part,
    Sizes,
    TimeFC,
    build,
    open_sizes,
    parts,
    published_sizes,
    tiny_sizes,
)
from engine.pose_sets import PoseSet
from engine.prior import About, Normaliser, Prior
from engine.prior_file import file_name, load_prior, whole_body
from engine.quick_layers import quicken
from engine.skeleton import smplx55
from engine.training import Precision, seeded

Preset = Literal["paper", "open", "tiny"]
# Parts of a whole body that is seen whole are hidden by chance: each with a chance of `hidden`, as the paper states,
# or each but with that chance, as the released code does; the fused model hides none.
Masking = Literal["paper", "released"]
columns = tuple(parts.values())
still = 1e-4  # a number whose standard deviation is below never moves
asked = (0.05, 0.3)  # the times that tasks ask a prior at


@dataclass(frozen=True)
class Recipe:
    """How a prior is trained.

    `batch` poses go through each process a step; the learning rate rises for `warmup` steps and falls as a cosine to
    nothing at `steps`. `ema` is the decay of the weights' running mean, which is what is saved. With `times`, a
    step's times are that many, one in each of as many equal spans of 0 … 1, in place of one at random for each pose.
    `mix` is the chance that a body gets another's upper half, `floor` the least standard deviation (rad) that joint
    angles are divided by: numbers that hardly move in the data may move in the world.
    """

    part: Part
    model: Model = "base"
    sizes: Sizes = published_sizes
    steps: int = 200_000
    batch: int = 1280
    optimizer: Literal["radam", "adam"] = "radam"
    learning_rate: float = 2e-4
    warmup: int = 5000
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    clip: float = 1.0
    ema: float = 0.9999
    least: float = 1e-5
    times: int = 0
    masking: Masking = "paper"
    hidden: float = 0.2
    mix: float = 0.0
    floor: float = 0.0
    precision: Precision = "fp32"
    seed: int = 42

    def rate(self, step: int) -> float:
        """The learning rate of step number `step`, counted from 0."""
        fall = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return self.learning_rate * fall * min(1.0, step / self.warmup if self.warmup else 1.0)


_paper: Mapping[Part, Recipe] = {
    "body": Recipe("body"),
    "hand": Recipe("hand"),
    "face": Recipe("face", batch=512, steps=100_000),
    "face-shape": Recipe("face-shape", batch=128, learning_rate=1e-4),
    "wholebody": Recipe("wholebody", optimizer="adam", steps=400_000),
}
# What one core of a processor does in about an hour each.
_open_steps: Mapping[Part, int] = {
    "body": 40_000, "hand": 30_000, "face": 20_000, "face-shape": 15_000, "wholebody": 30_000,
}  # fmt: skip


def recipe_of(preset: Preset, part: Part, model: Model) -> Recipe:
    """A preset's recipe; ValueError for what is not trained: a whole body's "base" is its parts, put together."""
    if part not in _paper:
        raise ValueError(f"expected a part that is trained, one of {', '.join(_paper)}, got {part}")
    if (part == "wholebody") != (model != "base"):
        which = "fused or mixed: its base is the parts' priors" if part == "wholebody" else "base"
        raise ValueError(f"expected the model of {part} to be {which}, got {model}")
    paper = replace(_paper[part], model=model)
    if preset == "paper":
        return paper
    joints = part in ("body", "hand")
    ours = replace(
        paper, sizes=open_sizes, optimizer="radam", steps=_open_steps[part], batch=512, learning_rate=5e-4, warmup=1000,
        times=128, mix=0.15 if part == "body" else 0.0, floor=0.03 if joints else 0.0,
    )  # fmt: skip
    if preset == "open":
        return ours
    return replace(ours, sizes=tiny_sizes, steps=200, batch=64, learning_rate=5e-3, warmup=20, ema=0.99, times=32)


# ── the prior to begin with ──


def begin(recipe: Recipe, poses: PoseSet, about: About, base: Path | None = None) -> Prior:
    """The prior before its first step: random weights, and a normaliser that makes these poses mean 0, deviation 1.

    A whole body begins as the priors of its parts in the folder `base`, whose normalisers it takes; they stay as they
    are. ValueError for poses of another part.
    """
    if poses.part != recipe.part:
        raise ValueError(f"expected poses of {recipe.part}, got poses of {poses.part}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        if recipe.part != "wholebody":
            net = build(recipe.part, recipe.model, recipe.sizes)
            normaliser = statistics(poses, f"{about.name} {recipe.part}", recipe.floor)
            return Prior(recipe.part, recipe.model, Diffusion(net), normaliser, about)
        if base is None:
            raise ValueError("expected a folder with body, hand and face priors to begin a whole body with, got none")
        body, hand, face = (load_prior(base / file_name(name)) for name in ("body", "hand", "face"))
        whole = whole_body(body, hand, face)
        net = Fused(whole.diffusion.net, recipe.sizes.fusion)  # type: ignore[arg-type]
        return Prior(recipe.part, recipe.model, Diffusion(net), whole.normaliser, about)


def statistics(poses: PoseSet, name: str, floor: float = 0.0) -> Normaliser:
    """The normaliser by the poses' mean and standard deviation as they are drawn; what never moves is divided by 1."""
    vectors, chances = torch.from_numpy(poses.poses.astype(float)), torch.from_numpy(poses.chances)
    mean = chances @ vectors
    deviation = (chances @ (vectors - mean).square()).sqrt()
    scale = torch.where(deviation < still, 1.0, deviation.clamp(min=floor))
    return Normaliser(mean.float(), scale.float(), name)


# ── the poses of a step ──


@dataclass(frozen=True)
class Batch:
    """Normalised poses (B, D), their times (B,) and noise (B, D); of whole bodies also which parts are there and seen.

    `available` and `mask` (B, 4) are 1 for parts that the pose has and that the network is shown.
    """

    x: Tensor
    t: Tensor
    noise: Tensor
    available: Tensor | None = None
    mask: Tensor | None = None


class Poses:
    """All poses of a set, normalised, on one device, and the batches that are drawn of them."""

    def __init__(self, poses: PoseSet, normaliser: Normaliser, recipe: Recipe, device: torch.device | str) -> None:
        if recipe.times and recipe.batch % recipe.times:
            raise ValueError(f"expected a batch in multiples of its {recipe.times} times, got {recipe.batch}")
        self.recipe, self.device = recipe, torch.device(device)
        self.x = normaliser(torch.from_numpy(poses.poses.copy()).to(normaliser.centre)).to(device)
        self.reach = torch.from_numpy(poses.chances.cumsum()).to(device)
        there = poses.available
        self.available = None if there is None else torch.from_numpy(there.astype("float32")).to(device)
        self.upper = torch.tensor(upper_numbers(), device=device)

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, step: int, process: int = 0) -> Batch:
        """What a process learns from in step number `step`: the same whenever it is asked."""
        recipe, random = self.recipe, seeded(self.recipe.seed, step, process, device=self.device)

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=random, device=self.device)

        count = recipe.batch
        rows = torch.searchsorted(self.reach, uniform(count).double() * self.reach[-1], right=True)
        rows.clamp_(max=len(self) - 1)
        x = self.x[rows]
        if recipe.mix and recipe.part == "body":
            given = torch.where(uniform(count, 1) < recipe.mix, x.roll(1, 0)[:, self.upper], x[:, self.upper])
            x[:, self.upper] = given
        if recipe.times:
            spans = torch.arange(recipe.times, device=self.device)
            t = ((spans + uniform(recipe.times)) / recipe.times).repeat(count // recipe.times)
        else:
            t = uniform(count)
        t = recipe.least + (1 - recipe.least) * t
        noise = torch.randn(x.shape, generator=random, device=self.device)
        if self.available is None:
            return Batch(x, t, noise)
        available = self.available[rows]
        return Batch(x, t, noise, available, mask_of(available, recipe, uniform(*available.shape)))

    def spread(self, count: int) -> Iterator[Batch]:
        """About `count` poses in batches, each at one of evenly spread times, with all that there is of them shown."""
        size = self.recipe.batch
        t = (torch.arange(size, device=self.device) + 0.5) / size
        for step in range(-(-count // size)):
            batch = self.batch(step)
            yield replace(batch, t=self.recipe.least + (1 - self.recipe.least) * t, mask=batch.available)


def judging(recipe: Recipe) -> Recipe:
    """The recipe by which held-out poses are drawn: as they are, in batches that are always the same."""
    return replace(recipe, mix=0.0, batch=512, times=0, seed=recipe.seed + 1)


def mask_of(available: Tensor, recipe: Recipe, drawn: Tensor) -> Tensor:
    """Which parts (B, 4) the network is shown, by numbers `drawn` from 0 … 1.

    A mixed model's poses that have all parts lose some by chance; others keep what they have (paper, section 3.3; the
    released code keeps parts with the chance it should hide them with).
    """
    if recipe.model != "mixed":
        return available
    kept = drawn >= recipe.hidden if recipe.masking == "paper" else drawn < recipe.hidden
    return torch.where(available.all(1, keepdim=True), kept.to(available), available)


def upper_numbers() -> list[int]:
    """The numbers of a body's vector that turn the chest and all above it."""
    upper = ("spine3", "neck", "head", "collar", "shoulder", "elbow", "wrist")
    return [3 * i + k for i, name in enumerate(smplx55.joints[1:22]) if name.endswith(upper) for k in range(3)]


# ── the loss ──


class Objective(nn.Module):
    """The loss of a batch. The networks of a whole body's parts stay as they are, without dropout.

    The released code leaves dropout on in them.
    """

    def __init__(self, prior: Prior, recipe: Recipe) -> None:
        super().__init__()
        self.diffusion, self.recipe = prior.diffusion, recipe

    def train(self, mode: bool = True) -> Objective:
        super().train(mode)
        if isinstance(self.diffusion.net, Fused):
            for layer in self.diffusion.net.base_model.modules():
                if isinstance(layer, nn.Dropout):  # nothing else in them depends on it
                    layer.eval()
        return self

    def quicken(self) -> None:
        """Puts in layers that are faster on a processor."""
        if self.recipe.times:
            networks = {layer for layer in self.diffusion.net.modules() if isinstance(layer, TimeFC)}
            for network in networks:
                quicken(network, self.recipe.times)

    def weights(self) -> dict[str, nn.Parameter]:
        """What the optimiser changes, by its name in the network."""
        return {name: value for name, value in self.diffusion.net.named_parameters() if value.requires_grad}

    def forward(self, batch: Batch) -> Tensor:
        """The squared error of each pose's noise (B,), its mean over all numbers; parts that are not there count 0."""
        errors = self.diffusion.loss(batch.x, batch.t, batch.noise, batch.mask).float()
        if batch.available is not None:
            widths = torch.tensor([part.stop - part.start for part in columns], device=errors.device)
            errors = errors * torch.repeat_interleave(batch.available, widths, dim=1)
        return errors.mean(1)


@torch.no_grad()
def held_out_loss(objective: Objective, poses: Poses, count: int) -> tuple[float, float]:
    """The loss of about `count` held-out poses over all times, and over those that tasks ask at."""
    was = objective.training
    objective.eval()
    found = [(batch.t, objective(batch)) for batch in poses.spread(count)]
    objective.train(was)
    times, losses = (torch.cat(each) for each in zip(*found, strict=True))
    near = (times >= asked[0]) & (times <= asked[1])
    return float(losses.mean()), float(losses[near].mean())
