"""Training SP-Ctrl: the two losses of a batch on a frozen base, and pictures that show what was learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.pipelines.controlnet.pipeline_controlnet import StableDiffusionControlNetPipeline
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from torch import Tensor, nn

from engine.loss_weights import by_place, by_time
from engine.muon import Muon
from engine.networks.keypoint_concepts import Concepts, concept_loss, concept_maps
from engine.painter import Base
from engine.painter_sampler import sampler_of
from engine.spctrl_learned import Learned, hearing
from engine.spctrl_recipe import Recipe
from engine.tensors import mark_of
from engine.training import seeded


class Objective(nn.Module):
    """The losses of a batch: the noise's mean squared error, and how far the words' attention is from the joints.

    Only what is `learned` is trained; VAE, U-Net and text encoder of the base are frozen, the first two in the
    precision they have. `counts` (C,) is what each latent channel's error counts, all the same if it is not given.
    ValueError for a base that this cannot be done with.
    """

    counts: Tensor | None
    weights: Tensor | None

    def __init__(self, learned: Learned, recipe: Recipe, base: Base, counts: Tensor | None = None) -> None:
        super().__init__()
        self.learned, self.recipe = learned, recipe
        self.vae, self.unet, self.text = (base.parts[name] for name in ("vae", "unet", "text_encoder"))
        for part in (self.vae, self.unet, self.text):
            part.requires_grad_(False).eval()
        if recipe.words:
            self.text.float()  # the words' gradients come through it; autocast still multiplies in half precision
        self.noise: Any = DDPMScheduler.from_config(base.parts["scheduler"].config)
        if (kind := self.noise.config.prediction_type) not in ("epsilon", "v_prediction"):
            raise ValueError(f"expected a base that predicts epsilon or v_prediction, got {kind!r}")
        if recipe.most_snr is not None and kind != "v_prediction":
            raise ValueError(f"expected a base that predicts v_prediction for a most_snr, got {kind!r}")
        self.register_buffer("counts", counts, persistent=False)
        weights = None if recipe.most_snr is None else by_time(self.noise, recipe.most_snr)
        self.register_buffer("weights", weights, persistent=False)
        if (smaller := 2 ** (len(self.vae.config.block_out_channels) - 1)) != 8:
            raise ValueError(f"expected a base whose latents are 8 times smaller than pictures, got {smaller} times")
        is_heard = recipe.words and recipe.concepts > 0
        self.concepts = Concepts(learned.net, recipe.block, recipe.detach_query) if is_heard else None
        self.train()

    def train(self, mode: bool = True) -> Objective:
        """Training concerns what is learned alone: the base stays as it paints."""
        self.learned.train(mode)
        return self

    def trained(self) -> dict[str, nn.Parameter]:
        """What the optimiser changes by its name: the words first, if any."""
        return self.learned.trained()

    def forward(self, batch: Mapping[str, Any], seed: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Loss of the noise and of the words' attention, weighed (0 where no word is said); `seed` is all chance."""
        pixels, places = batch["pixels"], batch["places"]
        latents = encoded(self.vae, pixels, seed)
        noise = torch.randn(latents.shape, generator=seeded(*seed, 1)).to(latents)
        count = self.noise.config.num_train_timesteps
        times = torch.randint(count, (len(latents),), generator=seeded(*seed, 2)).to(latents.device)
        noisy = self.noise.add_noise(latents, noise, times)
        found = self.predicted(noisy, times, self.states(batch["ids"]), self.condition(batch, seed))
        is_noise = self.noise.config.prediction_type == "epsilon"
        wanted = noise if is_noise else self.noise.get_velocity(latents, noise, times)
        wrong = (found.float() - wanted.float()).square()
        if self.recipe.figures != 1:
            wrong = wrong * by_place(batch["map"] if "map" in batch else batch["condition"], self.recipe.figures)
        wrong = wrong.mean((2, 3))
        if self.counts is not None:
            wrong = wrong * self.counts
        loss = wrong.mean(1) if self.weights is None else wrong.mean(1) * self.weights[times]
        return loss.mean(), self._concept_loss(places, batch["targets"], times, latents.shape[-2:])

    def _concept_loss(self, places: Tensor, targets: Tensor, times: Tensor, size: tuple[int, ...]) -> Tensor:
        nothing = targets.new_zeros((), device=times.device)
        if self.concepts is None:
            return nothing
        recorded = self.concepts.taken((size[0], size[1]))
        said = places.cpu() >= 0
        found = concept_loss(
            concept_maps(recorded),
            [row[here].tolist() for row, here in zip(places.cpu(), said, strict=True)],
            [maps[here.to(maps.device)] for maps, here in zip(targets, said, strict=True)],
            times, self.recipe.window, self.recipe.concept_loss,
        )  # fmt: skip
        return nothing if found is None else self.recipe.concepts * found

    def states(self, ids: Tensor) -> Tensor:
        """What the text encoder makes of prompts' numbers (B, 77): (B, 77, D)."""
        learns = torch.is_grad_enabled() and self.recipe.words
        with torch.set_grad_enabled(learns), hearing(self.text, self.learned.words):
            return self.text(ids)[0]

    def condition(self, batch: Mapping[str, Any], seed: tuple[int, ...] | None = None) -> Tensor:
        """What the ControlNet reads of the pose: (B, C, H, W); `seed` is that of what is dropped in training."""
        spr = self.learned.spr
        if spr is None:
            return batch["condition"]
        index_map = batch["map"]
        if seed is None:
            return spr(index_map)
        devices = [index_map.device] if index_map.is_cuda else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seeded(*seed, 3).initial_seed())
            return spr(index_map)

    def predicted(self, noisy: Tensor, times: Tensor, states: Tensor, condition: Tensor) -> Tensor:
        """What the base makes of noisy latents under the ControlNet's hand."""
        down, middle = self.learned.net(noisy, times, states, condition, return_dict=False)
        return self.unet(
            noisy, times, states, down_block_additional_residuals=down, mid_block_additional_residual=middle,
            return_dict=False,
        )[0]  # fmt: skip


@torch.no_grad()
def encoded(vae: Any, pixels: Tensor, seed: tuple[int, ...] = (0,)) -> Tensor:
    """Latents (B, C, H/8, W/8) of pictures, scaled; drawn from the VAE's posterior where it has one."""
    scale = vae.config.scaling_factor
    found = vae.encode(pixels.to(vae.dtype))
    latents = found.latents if isinstance(vae, AutoencoderTiny) else found.latent_dist.sample(seeded(*seed, 0))
    return latents * scale


def optimizer_of(words: list[nn.Parameter], others: list[nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser; words, where there are any, come first, in a group of their own rate."""
    groups: list[dict[str, Any]] = [{"params": others, "lr": recipe.learning_rate}]
    if words:
        groups.insert(0, {"params": words, "lr": recipe.word_rate, "share": 1.0, "plain": True})
    if recipe.optimizer == "muon":
        return Muon(groups, recipe.learning_rate)
    return torch.optim.AdamW(groups, recipe.learning_rate, recipe.betas, recipe.epsilon, recipe.weight_decay)


@torch.no_grad()
def painted(
    objective: Objective,
    batch: Mapping[str, Any],
    empty: Tensor,
    steps: int = 50,
    guidance: float = 7.5,
    seed: int = 0,
) -> np.ndarray:
    """Pictures (B, S, S, 3) uint8 for a batch's poses and prompts, one seed after the other.

    `empty` (77,) are the numbers of the empty prompt. What is learned should not be in training.
    """
    unet, ids = objective.unet, batch["ids"]
    condition = objective.condition(batch)
    said, unsaid = (objective.states(one).to(unet.dtype) for one in (ids, empty.to(ids.device).expand_as(ids)))
    parts: dict[str, Any] = {
        "vae": objective.vae, "text_encoder": None, "tokenizer": None, "unet": unet,
        "controlnet": objective.learned.net, "scheduler": sampler_of(objective.noise.config),
        "safety_checker": None, "feature_extractor": None,
    }  # fmt: skip
    pipeline = StableDiffusionControlNetPipeline(**parts, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    images: Any = pipeline(
        image=condition, prompt_embeds=said, negative_prompt_embeds=unsaid, num_inference_steps=steps,
        guidance_scale=guidance, generator=[seeded(seed, n) for n in range(len(ids))], output_type="np",
    ).images  # type: ignore[union-attr]  # fmt: skip
    if objective.concepts is not None:
        objective.concepts.taken()
    return (np.nan_to_num(images) * 255).round().astype(np.uint8)


def base_mark(base: Base) -> str:
    """What tells this base from others, by some of its weights."""
    unet = base.parts["unet"]
    seen = (unet.conv_in.weight, unet.conv_out.weight, base.parts["text_encoder"].get_input_embeddings().weight[:64])
    return mark_of(seen)
