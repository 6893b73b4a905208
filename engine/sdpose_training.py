"""What training SDPose consists of: the recipe, the network to begin with, the two losses of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from engine.augment import Augmentation
from engine.data import Batch
from engine.networks.sdpose import HeatmapHead, SDPoseNet, Size, build, sizes, tap_of
from engine.sdpose_layout import head_file, prompt_file, published_prompt, task_embedding, unet_file
from engine.tensor_shapes import read_shapes
from engine.tensors import load_strictly, read_tensors, shapes
from engine.training import Precision, seeded


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; what the paper (arXiv 2509.24980) leaves open is Lotus', whose recipe it inherits.

    `input_size` is (width, height) px, in multiples of 64; `tap` the up-block the head reads; `sigma` of the targets is
    in heatmap px. `batch` pictures go through each process at once, `accumulate` times a step. `rgb` adds the
    picture's reconstruction to the loss, `ema` is the decay of the weights' running mean, which is then what is saved.
    `encoder` trains the VAE's encoder too, for networks that begin without a trained one; its latents are then the
    posterior's mode, not a sample.
    """

    size: Size = "official"
    input_size: tuple[int, int] = sizes["official"].input_size
    keypoints: int = 17
    tap: int = 3
    sigma: float = 6.0
    epochs: float = 40
    batch: int = 16
    accumulate: int = 1
    learning_rate: float = 3e-5
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-2
    epsilon: float = 1e-8
    clip: float = 1.0
    rgb: bool = True
    scratch: bool = False
    encoder: bool = False
    ema: float | None = None
    precision: Precision = "bf16"
    seed: int = 0
    how: Augmentation = field(default_factory=Augmentation)


# For a few hundred steps: nothing far from upright, and colours that still tell left from right.
_gentle = Augmentation(
    half_body=0, shift=0.05, scale=(0.9, 1.1), rotation=0.2, color_chance=0, hole_chance=0.5, hole=(0.1, 0.2)
)
recipes: dict[str, Recipe] = {
    "paper-body": Recipe(),
    "paper-wholebody": Recipe(keypoints=133, tap=tap_of[133], epochs=42),
    "mini": Recipe(
        "mini", sizes["mini"].input_size, 133, tap_of[133], 2.0, 60, 64, learning_rate=3e-4, encoder=True, ema=0.999
    ),
    "tiny": Recipe(
        "tiny",
        sizes["tiny"].input_size,
        17,
        tap_of[17],
        2.0,
        1,
        4,
        learning_rate=1e-3,
        encoder=True,
        precision="fp32",
        how=_gentle,
    ),
}


# ── the network to begin with ──


def begin(recipe: Recipe, init: Path | None = None) -> SDPoseNet:
    """The network before its first step: random, or with U-Net, VAE and, where it fits, head of a diffusers folder.

    The folder is Stable Diffusion 2's or an SDPose model's. With `scratch` the U-Net stays random, of the folder's
    sizes, and only the VAE is taken. WrongWeights for a folder of another model.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return build(recipe.size, recipe.keypoints, recipe.tap) if init is None else _from_folder(recipe, init)


def _from_folder(recipe: Recipe, folder: Path) -> SDPoseNet:
    unet: Any = UNet2DConditionModel.from_config(
        UNet2DConditionModel.load_config(folder, subfolder="unet", local_files_only=True) | task_embedding  # type: ignore[operator]
    )
    if not recipe.scratch:
        tensors = read_tensors(folder / unet_file)
        # Stable Diffusion knows no tasks: this layer begins anew, by its default.
        new = {name: value for name, value in unet.state_dict().items() if name.startswith("class_embedding.")}
        load_strictly(unet, (new if new.keys().isdisjoint(tensors) else {}) | tensors, f"{folder.name}/{unet_file}")
    vae, report = AutoencoderKL.from_pretrained(
        folder, subfolder="vae", output_loading_info=True, local_files_only=True, low_cpu_mem_usage=False
    )  # type: ignore[misc]
    if wrong := [name for names in report.values() for name in names]:
        raise ValueError(f"expected the tensors of a VAE in {folder.name}/vae, got others or none for {wrong[:4]}")
    head = HeatmapHead(unet.config.block_out_channels[::-1][recipe.tap], recipe.keypoints)
    path = folder / head_file
    if path.is_file() and not recipe.scratch and read_shapes(path) == shapes(head.state_dict()):
        load_strictly(head, read_tensors(path), f"{folder.name}/{head_file}")
    prompt = folder / prompt_file
    constant = read_tensors(prompt if prompt.is_file() else published_prompt)["empty_prompt"]
    return SDPoseNet(unet.float(), vae.float(), head, constant.float(), recipe.tap)


# ── the losses ──


class Objective(nn.Module):
    """The losses of a batch: mean squared error of heatmaps and, with `rgb`, of the picture's latents, added 1 : 1.

    Invisible joints weigh nothing but stay in the mean. Both tasks are one pass over a doubled batch. What the
    network reconstructs is the clean picture, from the blurred and cut one.
    """

    def __init__(self, net: SDPoseNet, recipe: Recipe) -> None:
        super().__init__()
        self.net, self.recipe = net, recipe
        net.requires_grad_(False)
        net.unet.requires_grad_(True)
        net.head.requires_grad_(True)
        if recipe.encoder:
            learning = (net.vae.encoder, net.vae.quant_conv)
            nn.ModuleList(part for part in learning if part is not None).requires_grad_(True)

    def trained(self) -> dict[str, nn.Parameter]:
        """What the optimiser changes, by its name in the network."""
        return {name: value for name, value in self.net.named_parameters() if value.requires_grad}

    def forward(self, batch: Batch, seed: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
        """Heatmap loss, picture loss (0 without it), and the heatmaps (B, K, h, w); `seed` is that of the latents."""
        with torch.set_grad_enabled(self.recipe.encoder):
            latents = self._latents(batch["seen"], (*seed, 0))
        if self.recipe.rgb:
            with torch.no_grad():
                clean = self._latents(batch["clean"], (*seed, 1))
            maps, picture = self.net.both(latents)
            reconstruction = (picture.float() - clean.float()).square().mean()
        else:
            maps, reconstruction = self.net.heatmaps(latents), latents.new_zeros(())
        weights = batch["weights"][:, :, None, None]
        heat = ((maps.float() - batch["heatmaps"]).square() * weights).mean()
        return heat, reconstruction, maps

    def _latents(self, pixels: Tensor, seed: tuple[int, ...]) -> Tensor:
        return self.net.encode(pixels.float() / 255 * 2 - 1, None if self.recipe.encoder else seeded(*seed))
