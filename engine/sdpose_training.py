"""What training SDPose consists of: the recipe, the network to begin with, the two losses of a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from engine.augment import Augmentation
from engine.data import Batch
from engine.diffusers_folder import read_settings
from engine.muon import Muon
from engine.networks.sdpose import HeatmapHead, SDPoseNet, Size, Vae, build, sizes, tap_of
from engine.sdpose_layout import head_file, prompt_file, published_prompt, task_embedding, unet_file
from engine.tensor_shapes import read_shapes
from engine.tensors import load_strictly, read_tensors, shapes
from engine.training import Precision, seeded
from engine.weathering import Weathering


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; what the paper (arXiv 2509.24980) leaves open is Lotus', whose recipe it inherits.

    `input_size` is (width, height) px, in multiples of 64; `tap` the up-block the head reads; `sigma` of the targets is
    in heatmap px. `batch` pictures go through each process at once, `accumulate` times a step. `optimizer` is AdamW or
    Muon, whose `learning_rate` is a matrix' step, and a tenth of it Adam's for all else. `rgb` adds the picture's
    reconstruction to the loss, of a share `picture` of each batch; `ema` is the decay of the weights' running mean,
    which is then what is saved. `encoder` trains the VAE's encoder too, for networks that begin without a trained one;
    its latents are then the posterior's mode, not a sample.

    For short runs: `warmup` steps of rising rate, and a last share `decay` of them along which it falls to 0 by a
    cosine; `head_rate` is how many times as fast the head learns; `peak` how many times more an error weighs on top of
    a joint than far from it, `pose` how many times more the heatmaps' loss than the picture's, `body` how many times
    more one of the body's 17 joints than one of a face or hand.
    """

    size: Size = "official"
    input_size: tuple[int, int] = sizes["official"].input_size
    keypoints: int = 17
    tap: int = 3
    sigma: float = 6.0
    epochs: float = 40
    batch: int = 16
    accumulate: int = 1
    optimizer: Literal["adamw", "muon"] = "adamw"
    learning_rate: float = 3e-5
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-2
    epsilon: float = 1e-8
    clip: float = 1.0
    rgb: bool = True
    picture: float = 1.0
    scratch: bool = False
    encoder: bool = False
    ema: float | None = None
    warmup: int = 0
    decay: float = 0.0
    head_rate: float = 1.0
    peak: float = 0.0
    pose: float = 1.0
    body: float = 1.0
    precision: Precision = "bf16"
    seed: int = 0
    how: Augmentation = field(default_factory=Augmentation)


# For a few hundred steps: nothing far from upright, and colours that still tell left from right.
_gentle = Augmentation(
    half_body=0, shift=0.05, scale=(0.9, 1.1), rotation=0.2, color_chance=0, hole_chance=0.5, hole=(0.1, 0.2)
)
# For a drawn world that photos and art are to be read after. The half-pictures and holes are the paper's, milder.
_hardy = Augmentation(
    half_body=0.2, scale=(0.7, 1.35), rotation=0.7, rotation_chance=0.5, color_chance=0.4, hole_chance=0.4,
    hole=(0.1, 0.3),
    weather=Weathering(
        grey=0.15, inverted=0.04, tones=0.3, patches=2, shrunk=0.15, grainy=0.25, compressed=0.25
    ),
)  # fmt: skip
recipes: dict[str, Recipe] = {
    "paper-body": Recipe(),
    "paper-wholebody": Recipe(keypoints=133, tap=tap_of[133], epochs=42),
    "mini": Recipe(
        "mini",
        sizes["mini"].input_size,
        133,
        tap_of[133],
        2.0,
        1,
        16,
        optimizer="muon",
        learning_rate=0.01,
        picture=0.5,
        ema=0.99,
        warmup=20,
        decay=0.4,
        head_rate=2.0,
        peak=10.0,
        pose=10.0,
        precision="fp32",
        how=_hardy,
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
        path = folder / unet_file
        path = path if path.is_file() or not (half := _half(path)).is_file() else half
        tensors = {name: value.float() for name, value in read_tensors(path).items()}
        # Stable Diffusion knows no tasks: this layer begins anew, by its default.
        new = {name: value for name, value in unet.state_dict().items() if name.startswith("class_embedding.")}
        load_strictly(unet, (new if new.keys().isdisjoint(tensors) else {}) | tensors, f"{folder.name}/{path.name}")
    head = HeatmapHead(unet.config.block_out_channels[::-1][recipe.tap], recipe.keypoints)
    path = folder / head_file
    if path.is_file() and not recipe.scratch and read_shapes(path) == shapes(head.state_dict()):
        tensors = {name: value.float() for name, value in read_tensors(path).items()}
        load_strictly(head, tensors, f"{folder.name}/{head_file}")
    prompt, vae = _empty_prompt(folder, unet.config.cross_attention_dim), read_vae(folder)
    if isinstance(vae, AutoencoderTiny) and not recipe.scratch and _tells_velocity(folder):
        for value in unet.conv_out.parameters():
            value.data.neg_()
    return SDPoseNet(unet.float(), vae, head, prompt.float(), recipe.tap)


def _tells_velocity(folder: Path) -> bool:
    """Whether a model's U-Net says the velocity, at the last step the picture's latents with the sign turned.

    The published recipe leaves that to be unlearned; a short run has no steps to spare for it.
    """
    path = folder / "scheduler" / "scheduler_config.json"
    return path.is_file() and read_settings(path).get("prediction_type") == "v_prediction"


def read_vae(folder: Path) -> Vae:
    """The VAE of a diffusers folder in single precision, Stable Diffusion's or diffusers' small one."""
    settings: Any = AutoencoderKL.load_config(folder, subfolder="vae", local_files_only=True)
    kind: Any = AutoencoderTiny if settings.get("_class_name") == AutoencoderTiny.__name__ else AutoencoderKL
    path = folder / "vae" / unet_file.rpartition("/")[2]
    vae, report = kind.from_pretrained(
        folder, subfolder="vae", output_loading_info=True, local_files_only=True, low_cpu_mem_usage=False,
        variant="fp16" if _half(path).is_file() and not path.is_file() else None, torch_dtype=torch.float32,
    )  # fmt: skip
    if wrong := [name for names in report.values() for name in names]:
        raise ValueError(f"expected the tensors of a VAE in {folder.name}/vae, got others or none for {wrong[:4]}")
    return vae


def _half(path: Path) -> Path:
    """What diffusers calls a file of tensors in half precision."""
    return path.with_suffix(f".fp16{path.suffix}")


def _empty_prompt(folder: Path, width: int) -> Tensor:
    """The empty prompt's embedding (1, 2, width): the folder's, the published one, or what its text encoder says.

    The last for a model of its own words: start and end of a text, and nothing between.
    """
    kept = folder / prompt_file
    if kept.is_file() or width == read_shapes(published_prompt)["empty_prompt"][-1]:
        return read_tensors(kept if kept.is_file() else published_prompt)["empty_prompt"]
    # Here and not above: transformers takes a second to import.
    from transformers import CLIPTextModel, CLIPTokenizer

    if not (folder / "text_encoder").is_dir() or not (folder / "tokenizer").is_dir():
        raise ValueError(f"expected {prompt_file}, or a text_encoder and its tokenizer, in {folder}, got neither")
    variant = None if (folder / "text_encoder" / "model.safetensors").is_file() else "fp16"
    words: Any = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    encoder: Any = CLIPTextModel.from_pretrained(
        folder / "text_encoder", variant=variant, dtype=torch.float32, local_files_only=True
    )
    numbers = words("", padding="do_not_pad", return_tensors="pt").input_ids
    if numbers.shape != (1, 2):
        raise ValueError(f"expected a start and an end of an empty text in {folder}, got {numbers.shape[1]} tokens")
    with torch.no_grad():
        return encoder(numbers).last_hidden_state


# ── the losses ──


class Objective(nn.Module):
    """The losses of a batch: mean squared error of heatmaps and, with `rgb`, of the picture's latents, added 1 : 1.

    Invisible joints weigh nothing but stay in the mean. Both tasks are one pass over a doubled batch. What the
    network reconstructs is the clean picture, from the blurred and cut one. Batches may hold latents instead of
    pictures: `latents` and `clean_latents` (B, C, h, w) in place of `seen` and `clean`.
    """

    def __init__(self, net: SDPoseNet, recipe: Recipe) -> None:
        super().__init__()
        self.net, self.recipe = net, recipe
        net.requires_grad_(False)
        net.unet.requires_grad_(True)
        net.head.requires_grad_(True)
        if recipe.encoder:
            learning = (net.vae.encoder, getattr(net.vae, "quant_conv", None))
            nn.ModuleList(part for part in learning if part is not None).requires_grad_(True)

    def trained(self) -> dict[str, nn.Parameter]:
        """What the optimiser changes, by its name in the network."""
        return {name: value for name, value in self.net.named_parameters() if value.requires_grad}

    def forward(self, batch: Batch, seed: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
        """Heatmap loss, picture loss (0 without it), and the heatmaps (B, K, h, w); `seed` is that of the latents."""
        with torch.set_grad_enabled(self.recipe.encoder):
            latents = self._latents(batch, "seen", (*seed, 0))
        if self.recipe.rgb:
            with torch.no_grad():
                clean = self._latents(batch, "clean", (*seed, 1))
            count = max(1, round(self.recipe.picture * len(latents)))
            maps, picture = self.net.both(latents, latents[:count])
            clean = clean[:count]
            reconstruction = (picture.float() - clean.float()).square().mean()
        else:
            maps, reconstruction = self.net.heatmaps(latents), latents.new_zeros(())
        weights = batch["weights"][:, :, None, None]
        if self.recipe.body != 1:
            weights = weights * self._importance().to(weights)[:, None, None]
        errors = (maps.float() - batch["heatmaps"]).square() * weights
        if self.recipe.peak:
            errors = errors * (1 + self.recipe.peak * batch["heatmaps"])
        return self.recipe.pose * errors.mean(), reconstruction, maps

    def _importance(self) -> Tensor:
        """(K,) how much each joint weighs, 1 on the mean."""
        each = torch.ones(self.recipe.keypoints)
        each[: min(tap_of)] = self.recipe.body
        return each / each.mean()

    def _latents(self, batch: Batch, which: str, seed: tuple[int, ...]) -> Tensor:
        found = {"seen": "latents", "clean": "clean_latents"}[which]
        if found in batch:
            return batch[found].float()
        pixels = batch[which].float() / 255 * 2 - 1
        return self.net.encode(pixels, None if self.recipe.encoder else seeded(*seed))


def optimizer_of(weights: Mapping[str, nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser of these weights, by name: those of the head come last, in a group of their own rate."""
    head = [value for name, value in weights.items() if name.startswith("head.")]
    others = list(weights.values())[: -len(head)]
    groups = [
        {"params": some, "lr": recipe.learning_rate * share, "usual": recipe.learning_rate * share}
        for some, share in ((others, 1.0), (head, recipe.head_rate))
    ]
    if recipe.optimizer == "muon":
        return Muon(groups, recipe.learning_rate)
    return torch.optim.AdamW(groups, recipe.learning_rate, recipe.betas, recipe.epsilon, recipe.weight_decay)


def rate(recipe: Recipe, step: int, steps: int) -> float:
    """The share 0 … 1 of the learning rate for step number `step`, from 0, of so many."""
    rising = min(1.0, (step + 1) / recipe.warmup) if recipe.warmup else 1.0
    falling = steps * (1 - recipe.decay)
    if step <= falling or not recipe.decay:
        return rising
    return rising * 0.5 * (1 + math.cos(math.pi * (step - falling) / (steps - falling)))
