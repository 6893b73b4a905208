"""A small latent diffusion model in stock parts: its sizes in one place, and its folder as diffusers writes it.

Stable Diffusion's blocks, narrow, on the 16 channels of a small autoencoder; a text encoder that learns its words from
nothing but captions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from engine import caption_tokens
from engine.diffusers_folder import write_part

channels = 16  # of the latents
smaller = 8  # times, latents than pictures
names = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")
_blocks = {
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    "in_channels": channels,
    "out_channels": channels,
    "layers_per_block": 1,
    "use_linear_projection": True,
}
# What the noise is: Stable Diffusion's own steps, but the last one is noise alone, so that a picture's mean brightness
# does not leak into training and every prompt can be light or dark. That wants the velocity as what is predicted.
_noise = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}


@dataclass(frozen=True)
class Size:
    """What makes one size: the constructors' arguments that differ, and the side px of pictures it learns from."""

    unet: Mapping[str, Any]
    text: Mapping[str, Any]
    side: int


sizes: dict[str, Size] = {
    # For a processor: 0.4 G multiplications a picture of 128 px.
    "mini": Size(
        # "attention_head_dim" is diffusers' name for the number of heads.
        {"block_out_channels": (48, 80, 112, 112), "attention_head_dim": (1, 2, 2, 2), "norm_num_groups": 16,
         "cross_attention_dim": 128},
        {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 3, "num_attention_heads": 4},
        128,
    ),
    # For a GPU: the same plan at pictures of 256 px, still below 45 MB in half precision.
    "midi": Size(
        {"block_out_channels": (64, 128, 192, 256), "attention_head_dim": (2, 4, 6, 8), "norm_num_groups": 32,
         "cross_attention_dim": 192},
        {"hidden_size": 192, "intermediate_size": 768, "num_hidden_layers": 4, "num_attention_heads": 6},
        256,
    ),
    "tiny": Size(
        {"block_out_channels": (16, 16, 32, 32), "attention_head_dim": (1, 1, 2, 2), "norm_num_groups": 8,
         "cross_attention_dim": 32},
        {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2},
        64,
    ),
}  # fmt: skip


class Nets(nn.Module):
    """The two networks that are trained: captions' numbers (B, 77) in, the velocity of noisy latents out."""

    def __init__(self, unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> None:
        super().__init__()
        self.unet, self.text_encoder = unet, text_encoder


def build(size: str, vocabulary: int, seed: int = 0) -> Nets:
    """The networks of a named size for so many words, with random weights that depend on `seed` alone.

    The last two words are the text's start and end. ValueError lists the sizes.
    """
    if size not in sizes:
        raise ValueError(f"expected one of the sizes {', '.join(sizes)}, got {size!r}")
    made = sizes[size]
    words = CLIPTextConfig(
        vocab_size=vocabulary, max_position_embeddings=caption_tokens.longest, hidden_act="quick_gelu",
        bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1, pad_token_id=vocabulary - 1,
        projection_dim=made.text["hidden_size"], **made.text,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = UNet2DConditionModel(sample_size=made.side // smaller, **_blocks, **made.unet)
        return Nets(unet, CLIPTextModel(words))


def schedule() -> DDIMScheduler:
    """The noise that is trained with; any sampler of diffusers reads its settings."""
    return DDIMScheduler(**_noise)  # type: ignore[arg-type]


# ── the folder ──


def write(nets: Nets, vae: AutoencoderTiny, tokenizer: Path, folder: Path, half: bool = False) -> None:
    """Writes a whole StableDiffusionPipeline; `tokenizer` is the folder of its words, `half` rounds to 16 bits."""
    dtype = torch.float16 if half else torch.float32
    parts: dict[str, Any] = {"unet": nets.unet, "text_encoder": nets.text_encoder, "vae": vae}
    for name, part in parts.items():
        write_part(deepcopy(part).to(dtype), folder / name)
    schedule().save_pretrained(folder / "scheduler")
    (folder / "tokenizer").mkdir(parents=True, exist_ok=True)
    for file in sorted(tokenizer.iterdir()):
        (folder / "tokenizer" / file.name).write_bytes(file.read_bytes())
    (folder / "model_index.json").write_text(json.dumps(_index, indent=2) + "\n", "utf-8")


_index = {
    "_class_name": "StableDiffusionPipeline",
    "vae": ["diffusers", "AutoencoderTiny"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "safety_checker": [None, None],
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
}


def read(folder: Path) -> Nets:
    """The networks of a pipeline's folder, in full precision."""
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", local_files_only=True, dtype=torch.float32)
    text = CLIPTextModel.from_pretrained(folder / "text_encoder", local_files_only=True, dtype=torch.float32)
    return Nets(unet, text)  # type: ignore[arg-type]


def pipeline_at(folder: Path) -> StableDiffusionPipeline:
    """The whole pipeline of a folder, in full precision, quiet."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, local_files_only=True, dtype=torch.float32, safety_checker=None, requires_safety_checker=False
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
