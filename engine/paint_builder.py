"""Painting models with random weights, in the published sizes and in one that runs anywhere: the one place with sizes.

Training begins with them, tests and the benchmark paint with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.controlnets.controlnet import ControlNetModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_pndm import PNDMScheduler
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from engine.clip_words import tokenizer
from engine.keypoint_words import PoseKind, table_of
from engine.networks.spctrl import SpatialPose
from engine.painter import Base, Control, Encoding

color_channels = 3  # of a drawn pose


@dataclass(frozen=True)
class Size:
    """Sizes of a base: the constructor arguments that differ from the libraries' defaults."""

    unet: dict[str, Any]
    vae: dict[str, Any]
    text: dict[str, Any]
    sample: int


_vae_blocks = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "latent_channels": 4,
}
_unet_blocks = {
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
}
sizes: dict[str, Size] = {
    "official": Size(  # Stable Diffusion 1.5
        unet={**_unet_blocks, "block_out_channels": (320, 640, 1280, 1280), "cross_attention_dim": 768},
        vae={**_vae_blocks, "block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "sample_size": 512},
        text={
            "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
            "projection_dim": 768,
        },
        sample=64,
    ),
    "tiny": Size(
        unet={
            **_unet_blocks, "block_out_channels": (16, 32, 32, 32), "layers_per_block": 1, "cross_attention_dim": 32,
            "attention_head_dim": 2, "norm_num_groups": 8,
        },
        vae={**_vae_blocks, "block_out_channels": (8, 8, 16, 16), "norm_num_groups": 8, "sample_size": 64},
        text={
            "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
            "projection_dim": 32,
        },
        sample=8,
    ),
}  # fmt: skip


def build_base(size: str = "tiny", seed: int = 0, name: str = "") -> Base:
    """A base of one of the `sizes` with random weights that depend on `seed` alone; ValueError lists the sizes."""
    if size not in sizes:
        raise ValueError(f"expected one of the sizes {', '.join(sizes)}, got {size!r}")
    built = sizes[size]
    words = tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = {
            "vae": AutoencoderKL(**built.vae),
            "text_encoder": CLIPTextModel(_text_config(built, len(words))),
            "tokenizer": words,
            "unet": UNet2DConditionModel(sample_size=built.sample, **built.unet),
            # SD 1.5's own: what samples from it takes its noise from here.
            "scheduler": PNDMScheduler(
                beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True,
                set_alpha_to_one=False, steps_offset=1,
            ),
        }  # fmt: skip
    for part in parts.values():
        if isinstance(part, nn.Module):
            part.eval()
    return Base(name or size, parts)


def _text_config(size: Size, vocabulary: int) -> CLIPTextConfig:
    ids = {"bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1}
    return CLIPTextConfig(
        vocab_size=vocabulary, max_position_embeddings=77, hidden_act="quick_gelu", **ids, **size.text
    )


def build_control(
    base: Base,
    encoding: Encoding = "spctrl",
    kind: PoseKind = "human",
    channels: int = 3,
    seed: int = 0,
    name: str = "",
    *,
    fresh: bool = False,
) -> Control:
    """A ControlNet for that base, begun with its U-Net's weights.

    SP-Ctrl's reads `channels` of a spatial-pose representation. What leads back into the U-Net is random, so that a
    pose shows; `fresh`: zero, as every training begins.
    """
    is_spctrl = encoding == "spctrl"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = ControlNetModel.from_unet(
            base.parts["unet"], conditioning_channels=channels if is_spctrl else color_channels
        )
        spr = SpatialPose(channels) if is_spctrl else None
        if not fresh:
            for convolution in _way_out(net):
                nn.init.normal_(convolution.weight, std=0.2)
        width = base.parts["text_encoder"].config.hidden_size
        words = {word.token: torch.randn(width) for word in table_of(kind)} if is_spctrl else {}
    net.eval()
    if spr is not None:
        spr.eval()
    return Control(name or f"{encoding}-{kind}", encoding, kind, net, spr, words)


def _way_out(net: ControlNetModel) -> list[nn.Conv2d]:
    """The convolutions that are zero when training begins."""
    return [net.controlnet_cond_embedding.conv_out, *net.controlnet_down_blocks, net.controlnet_mid_block]  # type: ignore[list-item]
