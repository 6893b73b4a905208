"""Training a small latent diffusion model on captioned latents: the recipe, each step's batch, the loss, samples.

U-Net and text encoder learn together, in the velocity's squared error; some captions are left out, so that painting
can be guided by the difference that a caption makes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor, nn

from engine.data import Batches
from engine.loss_weights import by_deviation, by_time
from engine.muon import Muon
from engine.sd_builder import Nets, channels, schedule, smaller
from engine.sd_latents import Captioned, pictures_of
from engine.training import Precision, seeded

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    `size` is one of engine.sd_builder, `entries` the most words it knows. The learning rate rises for `warmup` steps,
    stays, and falls to nothing over the last `cooldown` share of `steps`. `empty` is the chance that a caption is left
    out, `most_snr` the signal-to-noise ratio from which a time counts less, `ema` the decay of the weights' running
    mean, which is what is saved. `learning_rate` is Muon's, `share` of it Adam's.
    """

    size: str = "mini"
    entries: int = 1500
    steps: int = 6000
    batch: int = 64
    learning_rate: float = 0.01
    share: float = 0.05
    warmup: int = 200
    cooldown: float = 0.35
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0
    empty: float = 0.1
    most_snr: float = 5.0
    ema: float = 0.998
    precision: Precision = "fp32"
    seed: int = 0

    def rate(self, step: int) -> float:
        """The learning rate of step number `step`, counted from 0."""
        up = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        left = (self.steps - step) / (self.cooldown * self.steps) if self.cooldown else 1.0
        return self.learning_rate * max(0.0, min(up, left))


# What may differ where training goes on: how long it takes, and how it ends.
free = ("steps", "cooldown", "learning_rate", "ema", "warmup")
recipes: dict[str, Recipe] = {
    # Two cores of a processor: what is learned in a few hours.
    "mini": Recipe(),
    # One GPU of 24 GB, a day.
    "midi": Recipe(
        "midi", steps=200_000, batch=256, learning_rate=0.01, warmup=2000, ema=0.9999, precision="bf16"
    ),
    "tiny": Recipe("tiny", 600, steps=60, batch=8, warmup=5, ema=0.9),
}  # fmt: skip


class Captions:
    """Captioned latents as batches; the same for the same `seed` and step, whoever asks and when.

    `ids` are the captions' numbers by `tokenizer`, whose first picture's first caption is number 0.
    """

    def __init__(self, data: Captioned, tokenizer: Any, recipe: Recipe) -> None:
        self.latents, self.recipe = data.latents, recipe
        self.counts = np.array([len(said) for said in data.captions])
        self.firsts = np.cumsum(self.counts) - self.counts
        self.ids = numbers_of(tokenizer, [caption for said in data.captions for caption in said])
        self.empty = numbers_of(tokenizer, [""])[0]

    def __len__(self) -> int:
        return len(self.counts)

    def batch(self, step: int) -> Batch:
        """The pictures of a step: latents (B, C, h, w) float32 and their captions' ids (B, 77)."""
        order = Batches(len(self), self.recipe.batch, self.recipe.seed, step)
        chosen = np.array([index for _, index in next(iter(order))])
        rng = np.random.default_rng((self.recipe.seed, step, 1))
        mirrored = rng.integers(2, size=len(chosen))
        captions = self.firsts[chosen] + np.floor(rng.random(len(chosen)) * self.counts[chosen]).astype(int)
        ids = self.ids[torch.from_numpy(captions)].clone()
        ids[torch.from_numpy(rng.random(len(chosen)) < self.recipe.empty)] = self.empty
        return {"latents": torch.from_numpy(self.latents[chosen, mirrored]).float(), "ids": ids}


def numbers_of(tokenizer: Any, texts: Sequence[str]) -> Tensor:
    """Texts as a pipeline hands them to the text encoder: numbers (B, 77), filled up with the text's end."""
    most = tokenizer.model_max_length
    found = tokenizer(list(texts), padding="max_length", max_length=most, truncation=True, return_tensors="pt")
    return found.input_ids


def importance(latents: np.ndarray) -> Tensor:
    """What each channel's error counts (C,), see `by_deviation`, for latents (N, 2, C, h, w)."""
    return by_deviation(torch.from_numpy(latents[:2000].astype(np.float32)).flatten(0, 1))


class Objective(nn.Module):
    """The loss of a batch: the velocity's mean squared error at times spread evenly over the batch.

    `counts` (C,) is what each channel's error counts; all the same if it is not given.
    """

    def __init__(self, nets: Nets, recipe: Recipe, counts: Tensor | None = None) -> None:
        super().__init__()
        self.nets, self.recipe = nets, recipe
        self.register_buffer("counts", torch.ones(channels) if counts is None else counts, persistent=False)
        self.noise: Any = schedule()
        self.register_buffer("weights", by_time(self.noise, recipe.most_snr), persistent=False)

    def forward(self, batch: Mapping[str, Tensor], seed: tuple[int, ...]) -> Tensor:
        """The loss; `seed` is all chance."""
        latents = batch["latents"]
        noise = torch.randn(latents.shape, generator=seeded(*seed, 1)).to(latents)
        times = self.times(len(latents), seeded(*seed, 2)).to(latents.device)
        noisy = self.noise.add_noise(latents, noise, times)
        wanted = self.noise.get_velocity(latents, noise, times)
        said = self.nets.text_encoder(batch["ids"])[0]
        found = self.nets.unet(noisy, times, said, return_dict=False)[0]
        wrong = (found.float() - wanted).square().mean((2, 3)) @ self.counts / channels  # type: ignore[operator]
        return (wrong * self.weights[times]).mean()  # type: ignore[index]

    def times(self, count: int, generator: torch.Generator) -> Tensor:
        """Times (count,), one in each of as many equal spans: steps differ less in how hard they are."""
        spread = (torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)) / count
        return (spread * self.noise.config.num_train_timesteps).long()


def weights_of(nets: Nets) -> dict[str, nn.Parameter]:
    """What is trained by its name, the words' and places' vectors last, as `optimizer_of` takes it."""
    return dict(sorted(nets.named_parameters(), key=lambda pair: _is_vectors(pair[0])))


def optimizer_of(weights: Mapping[str, nn.Parameter], recipe: Recipe) -> Muon:
    """Muon over all weights in their order, but for the vectors of words and places: Adam's steps suit these."""
    groups: list[dict[str, Any]] = [
        {"params": [weight for name, weight in weights.items() if _is_vectors(name) == plain], "plain": plain}
        for plain in (False, True)
    ]
    return Muon(groups, recipe.learning_rate, recipe.share, betas=recipe.betas)


def _is_vectors(name: str) -> bool:
    return name.endswith(("token_embedding.weight", "position_embedding.weight"))


# ── samples ──


@torch.no_grad()
def painted(
    nets: Nets,
    vae: AutoencoderTiny,
    tokenizer: Any,
    prompts: Sequence[str],
    side: int,
    steps: int = 25,
    guidance: float = 4.0,
    seed: int = 0,
    sampler: Any = None,
) -> np.ndarray:
    """Pictures (N, S, S, 3) uint8 of prompts, each from its own noise; `sampler` is one of diffusers', else DDIM."""
    scheduler: Any = schedule() if sampler is None else sampler
    scheduler.set_timesteps(steps)
    device = next(nets.parameters()).device
    ids = numbers_of(tokenizer, [*prompts, *[""] * len(prompts)]).to(device)
    said = nets.text_encoder(ids)[0]
    shape = (channels, side // smaller, side // smaller)
    latents = torch.stack([torch.randn(shape, generator=seeded(seed, n)) for n in range(len(prompts))]).to(device)
    latents = latents * scheduler.init_noise_sigma
    for time in scheduler.timesteps:
        doubled = scheduler.scale_model_input(torch.cat([latents, latents]), time)
        with_words, without = nets.unet(doubled, time, said, return_dict=False)[0].chunk(2)
        velocity = without + guidance * (with_words - without)
        latents = scheduler.step(velocity, time, latents, return_dict=False)[0]
    return pictures_of(vae, latents)


def grid(pictures: Sequence[np.ndarray], across: int) -> np.ndarray:
    """Pictures of one size side by side, so many in a row, white where there is none."""
    rows = math.ceil(len(pictures) / across)
    white = np.full_like(pictures[0], 255)
    filled = [*pictures, *[white] * (rows * across - len(pictures))]
    return np.vstack([np.hstack(filled[row * across : (row + 1) * across]) for row in range(rows)])
