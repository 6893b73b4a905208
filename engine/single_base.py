"""A base in one file, under the names Stable Diffusion was first published with: 1.5, or XL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_pndm import PNDMScheduler
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from torch import Tensor, nn

from engine import clip_words
from engine.paint_builder import sizes
from engine.paint_layout import single_text, single_text_xl, single_unet, single_vae
from engine.tensor_shapes import WrongWeights
from engine.tensors import load_strictly, read_tensors
from engine.text_encoder import text_encoder

Tensors = dict[str, Tensor]
# What such files hold besides: the noise schedule, averages and counters of the training, and places that are counted.
needless = (
    "model_ema.", "betas", "alphas_cumprod", "alphas_cumprod_prev", "sqrt_", "log_one_minus_", "posterior_", "logvar",
    "lvlb_weights", "denoiser.", "cond_stage_model.logit_scale", "cond_stage_model.text_projection", "v_pred", "ztsnr",
    "conditioner.embedders.0.logit_scale", "conditioner.embedders.0.text_projection",
    "conditioner.embedders.1.model.logit_scale",
)  # fmt: skip


@dataclass(frozen=True)
class Single:
    """Settings of the parts of a base, which a single file does not say."""

    unet: Mapping[str, Any]
    vae: Mapping[str, Any]
    text: Mapping[str, Any]
    text_2: Mapping[str, Any] | None = None


_clip = {"vocab_size": clip_words.entries, "max_position_embeddings": 77, "bos_token_id": 49406, "eos_token_id": 49407}
_sd15 = sizes["official"]
_first_text = {**_clip, "hidden_act": "quick_gelu", **_sd15.text}
sd15 = Single(unet={"sample_size": _sd15.sample, **_sd15.unet}, vae=_sd15.vae, text=_first_text)
sdxl = Single(
    unet={
        "sample_size": 128, "block_out_channels": (320, 640, 1280), "cross_attention_dim": 2048,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "attention_head_dim": (5, 10, 20), "transformer_layers_per_block": (1, 2, 10), "use_linear_projection": True,
        "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
    vae={**_sd15.vae, "sample_size": 1024, "scaling_factor": 0.13025},
    text=_first_text,
    text_2={
        **_clip, "hidden_act": "gelu", "hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32,
        "num_attention_heads": 20, "projection_dim": 1280,
    },
)  # fmt: skip


def read_single(path: Path, dtype: torch.dtype, single: Single | None = None) -> dict[str, Any]:
    """The parts of the base in a .safetensors file, by the names diffusers has for them.

    The file is taken to be of `single`'s sizes; without it, of those of 1.5 or XL, whichever its names are of.
    WrongWeights names every tensor that is missing, unknown or of another shape.
    """
    # Here and not above: the names' conversion drags every loader of diffusers in.
    from diffusers.loaders import single_file_utils as names

    tensors = {key: value for key, value in read_tensors(path).items() if not _is_needless(key)}
    is_xl = any(key.startswith(single_text_xl[1]) for key in tensors)
    single = single or (sdxl if is_xl else sd15)
    prefixes = [single_unet, single_vae, *(single_text_xl if single.text_2 else [single_text])]
    split = _split(tensors, prefixes, path.name)
    with torch.device("meta"):
        unet, vae = UNet2DConditionModel(**single.unet), AutoencoderKL(**single.vae)

    def filled(net: nn.Module, prefix: str, renamed: Mapping[str, Tensor | None]) -> nn.Module:
        found = _all(renamed, len(split[prefix]), prefix, path.name)
        load_strictly(net, _cast(found, dtype), f"{path.name}, {prefix}…")
        return net.eval().requires_grad_(False)

    def text(settings: Mapping[str, Any], prefix: str, found: Tensors, projected: bool = False) -> nn.Module:
        return text_encoder(settings, _cast(found, dtype), f"{path.name}, {prefix}…", projected)

    try:
        unet = filled(unet, single_unet, names.convert_ldm_unet_checkpoint(split[single_unet], unet.config))
        vae = filled(vae, single_vae, names.convert_ldm_vae_checkpoint(split[single_vae], vae.config))
    except (KeyError, IndexError) as error:
        raise WrongWeights(f"expected U-Net and VAE under their first names in {path.name}, got no {error}") from error
    first, *second = prefixes[2:]
    parts = {
        "unet": unet,
        "vae": vae,
        "text_encoder": text(single.text, first, {k.removeprefix(first): v for k, v in split[first].items()}),
        "tokenizer": clip_words.tokenizer(),
        "scheduler": scheduler_of(single),
    }
    if single.text_2 is not None:
        renamed = open_clip(split[second[0]], second[0], path.name)
        parts["text_encoder_2"] = text(single.text_2, second[0], renamed, projected=True)
        parts["tokenizer_2"] = clip_words.tokenizer(pad_token="!")
    return parts


def scheduler_of(single: Single) -> SchedulerMixin:
    """The noise schedule that a base of those settings was trained with."""
    noise = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
    if single.text_2 is None:
        return PNDMScheduler(skip_prk_steps=True, set_alpha_to_one=False, **noise)
    return EulerDiscreteScheduler(timestep_spacing="leading", **noise)


def open_clip(tensors: Tensors, prefix: str, source: str) -> Tensors:
    """SDXL's second text encoder, named as OpenCLIP does, under transformers' names."""
    layers = (
        ("ln_1.", "layer_norm1."), ("ln_2.", "layer_norm2."), ("mlp.c_fc.", "mlp.fc1."), ("mlp.c_proj.", "mlp.fc2."),
        ("attn.out_proj.", "self_attn.out_proj."),
    )  # fmt: skip
    whole = {
        "positional_embedding": "embeddings.position_embedding.weight", "ln_final.weight": "final_layer_norm.weight",
        "token_embedding.weight": "embeddings.token_embedding.weight", "ln_final.bias": "final_layer_norm.bias",
    }  # fmt: skip
    found: Tensors = {}
    for key, value in tensors.items():
        name = key.removeprefix(prefix)
        if name == "text_projection":
            found["text_projection.weight"] = value.T.contiguous()
        elif name in whole:
            found[whole[name]] = value
        elif name.startswith("transformer.resblocks."):
            number, _, rest = name.removeprefix("transformer.resblocks.").partition(".")
            at = f"encoder.layers.{number}."
            if rest.startswith("attn.in_proj_"):  # the three of attention in one
                for which, piece in zip("qkv", value.chunk(3), strict=True):
                    found[f"{at}self_attn.{which}_proj.{rest.removeprefix('attn.in_proj_')}"] = piece.clone()
            else:
                old, new = next((pair for pair in layers if rest.startswith(pair[0])), ("", ""))
                found[at + new + rest.removeprefix(old)] = value
        else:
            raise WrongWeights(f"expected OpenCLIP's text encoder in {source}, got another tensor, {key}")
    return found


def _is_needless(name: str) -> bool:
    return name.startswith(needless) or name.endswith("embeddings.position_ids")


def _split(tensors: Tensors, prefixes: list[str], source: str) -> dict[str, Tensors]:
    """The tensors by their prefix; WrongWeights where one has none of them, or a prefix has none."""
    parts = {prefix: {k: v for k, v in tensors.items() if k.startswith(prefix)} for prefix in prefixes}
    strangers = [k for k in tensors if not k.startswith(tuple(prefixes))]
    if strangers or not all(parts.values()):
        wrong = [f"no {prefix}…" for prefix, part in parts.items() if not part]
        wrong += [f"others named {', '.join(strangers[:3])}"] if strangers else []
        wanted = ", ".join(f"{prefix}…" for prefix in prefixes)
        raise WrongWeights(f"expected Stable Diffusion in one file, {wanted}, got {'; '.join(wrong)} in {source}")
    return parts


def _all(renamed: Mapping[str, Tensor | None], count: int, prefix: str, source: str) -> Tensors:
    """The tensors after their renaming, which leaves out what it does not know and names what is not there."""
    found = {name: value for name, value in renamed.items() if value is not None}
    if len(found) != count:
        raise WrongWeights(f"expected {len(found)} tensors {prefix}… in {source}, got {count}")
    return found


def _cast(tensors: Tensors, dtype: torch.dtype) -> Tensors:
    """The tensors in another precision, each let go as soon as it is converted."""
    return {name: tensors.pop(name).to(dtype) for name in list(tensors)}
