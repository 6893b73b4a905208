"""Painting models from their files into memory: every tensor accounted for, nothing asked of the network.

Each part is built by its settings without weights and then given its tensors strictly, for the libraries' own loaders
fill silently what is missing. Only .safetensors is read, and a ControlNet's .pth, which is read as tensors alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import schedulers
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.controlnets.controlnet import ControlNetModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from torch import Tensor
from transformers import CLIPTokenizer

from engine import paint_layout, spctrl_layout
from engine.diffusers_folder import Part, made, read_settings
from engine.keypoint_words import PoseKind
from engine.paint_layout import bases, control_stem, single_control, tensor_files
from engine.painter import Base, Control, Encoding
from engine.single_base import Single, read_single, sd15, sdxl
from engine.tensor_shapes import WrongWeights, differences
from engine.tensors import load_strictly, read_tensors
from engine.text_encoder import TextEncoder, text_encoder

# The VAE's attention was called otherwise when Stable Diffusion 1 was published.
_vae_renames = {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0."}


def read_base(path: Path, name: str, dtype: torch.dtype = torch.float32, single: Single | None = None) -> Base:
    """The base in a diffusers folder, or in a single file, which is taken to be of `single`'s sizes.

    WrongWeights names every file, setting or tensor that is missing, unknown or of another shape; nothing is returned
    half loaded.
    """
    return Base(name, read_single(path, dtype, single) if path.is_file() else _read_folder(path, dtype))


def read_control(
    path: Path,
    name: str,
    dtype: torch.dtype = torch.float32,
    encoding: Encoding = "openpose",
    kind: PoseKind = "human",
    single: Mapping[str, Any] | None = None,
    guided: bool = False,
) -> Control:
    """The control at a path: SP-Ctrl's folder, or a plain ControlNet's folder or file.

    What a plain one reads, `encoding` and whose `kind`, nothing in it says but words beside it, nor whether it is to
    be `guided`; a single file is taken to be of `single`'s settings, without it of those for Stable Diffusion 1.5 or
    XL. WrongWeights as `read_base`.
    """
    if path.is_dir() and (folder := paint_layout.spctrl_folder(path)) is not None:
        net, spr, words, kind = spctrl_layout.read(folder, dtype)
        return Control(name, "spctrl", kind, net, spr, words, guided)
    net = _control_file(path, dtype, single) if path.is_file() else _control_folder(path, dtype)
    words: dict[str, Tensor] = {}
    if any((path / file).is_file() for file in paint_layout.word_files):  # learned with it, as one of SP-Ctrl's arms
        words, kind = spctrl_layout.words_at(path, net.config["cross_attention_dim"])
    return Control(name, encoding, kind, net.eval().requires_grad_(False), words=words, guided=guided)


def fits(base: Base, control: Control) -> bool:
    """Whether the control's features are those that the base takes, and its words of the length of its text's."""
    unet, net = base.parts["unet"].config, control.net.config
    for key in ("cross_attention_dim", "block_out_channels", "layers_per_block", "in_channels"):
        one, other = ([*v] if isinstance(v, (list, tuple)) else v for v in (unet[key], net[key]))
        if one != other:
            return False
    width = base.parts["text_encoder"].config.hidden_size
    return all(vector.shape == (width,) for vector in control.words.values())


# ── a base's folder ──


def _read_folder(folder: Path, dtype: torch.dtype) -> dict[str, Any]:
    kind = read_settings(folder / "model_index.json").get("_class_name")
    if kind not in bases:
        raise WrongWeights(f"expected {' or '.join(bases)} in {folder.name}/model_index.json, got {kind!r:.80}")
    parts: dict[str, Any] = {
        "unet": _network(UNet2DConditionModel, folder / "unet", dtype),
        "vae": _autoencoder(folder / "vae", dtype),
        "scheduler": _scheduler(folder / "scheduler" / "scheduler_config.json"),
    }
    for more in ("", "_2") if "text_encoder_2" in bases[kind] else ("",):
        encoder = _text_encoder(folder / f"text_encoder{more}", dtype, projected=more == "_2")
        parts |= {f"text_encoder{more}": encoder, f"tokenizer{more}": _tokenizer(folder / f"tokenizer{more}", encoder)}
    widths = [parts[name].config.hidden_size for name in bases[kind] if name.startswith("text_encoder")]
    if sum(widths) != parts["unet"].config.cross_attention_dim:
        raise WrongWeights(
            f"expected U-Net and text encoders of one model in {folder.name}, got text of {sum(widths)} numbers "
            f"for a U-Net that reads {parts['unet'].config.cross_attention_dim}"
        )
    return parts


def _autoencoder(folder: Path, dtype: torch.dtype) -> AutoencoderKL | AutoencoderTiny:
    """A base's autoencoder: Stable Diffusion's own, or a small one."""
    if read_settings(folder / "config.json").get("_class_name") == AutoencoderTiny.__name__:
        return _network(AutoencoderTiny, folder, dtype)
    return _network(AutoencoderKL, folder, dtype, _vae_renames)


def _network(kind: type[Part], folder: Path, dtype: torch.dtype, renames: Mapping[str, str] | None = None) -> Part:
    """A network of diffusers in its folder, on the processor; names of earlier versions by `renames`."""
    source = f"{folder.name}/config.json"
    settings = read_settings(folder / "config.json")
    if (said := settings.get("_class_name", kind.__name__)) != kind.__name__:
        raise WrongWeights(f"expected a {kind.__name__} in {source}, got {said!r:.80}")
    with torch.device("meta"):
        net = made(kind, settings, source)
    tensors = _read(folder, control_stem, dtype)
    for old, new in (renames or {}).items():
        tensors = {_renamed(name, old, new, tensors): value for name, value in tensors.items()}
    load_strictly(net, tensors, folder.name)
    return net.eval().requires_grad_(False)


def _renamed(name: str, old: str, new: str, tensors: Mapping[str, Tensor]) -> str:
    wanted = name.replace(old, new)
    return name if wanted in tensors else wanted  # one under both names is refused by the other


def _read(folder: Path, stem: str, dtype: torch.dtype) -> dict[str, Tensor]:
    """A part's tensors in that precision, from its file or its several pieces."""
    try:
        files = tensor_files(folder, stem)
    except ValueError as error:
        raise WrongWeights(str(error)) from error
    found: dict[str, Tensor] = {}
    for file in files:
        piece = read_tensors(file)
        if twice := piece.keys() & found.keys():
            raise WrongWeights(f"expected each tensor once in {folder.name}, got {min(twice)} in two pieces")
        found |= {name: piece.pop(name).to(dtype) for name in list(piece)}
    return found


def _text_encoder(folder: Path, dtype: torch.dtype, projected: bool) -> TextEncoder:
    settings = read_settings(folder / "config.json")
    return text_encoder(settings, _read(folder, "model", dtype), folder.name, projected)


def _tokenizer(folder: Path, encoder: TextEncoder) -> CLIPTokenizer:
    """The folder's own, which may know words of its own; as many as its text encoder has, at most."""
    try:
        found = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
    except Exception as error:  # transformers raises a dozen kinds for files that are not its own
        raise WrongWeights(f"expected CLIP's tokenizer in {folder}, got none that can be read") from error
    if len(found) > (most := encoder.config.vocab_size):
        raise WrongWeights(f"expected at most {most} words in {folder.name}, as its text encoder has, got {len(found)}")
    return found


def _scheduler(path: Path) -> SchedulerMixin:
    settings = read_settings(path)
    kind = getattr(schedulers, str(settings.get("_class_name")), None)
    if not isinstance(kind, type) or not issubclass(kind, SchedulerMixin):
        raise WrongWeights(f"expected a scheduler of diffusers in {path.name}, got {settings.get('_class_name')!r:.80}")
    return made(kind, settings, path.name)  # type: ignore[type-var]


# ── controls ──


def _control_folder(folder: Path, dtype: torch.dtype) -> ControlNetModel:
    net = _network(ControlNetModel, folder, dtype)
    if (read := net.config["conditioning_channels"]) != 3:
        raise WrongWeights(f"expected a ControlNet that reads 3 channels in {folder.name}, got one that reads {read}")
    return net


def _control_file(path: Path, dtype: torch.dtype, single: Mapping[str, Any] | None) -> ControlNetModel:
    """A ControlNet alone in a file, under its first names, with their prefix or without, or those of diffusers."""
    # Here and not above: the names' conversion drags every loader of diffusers in.
    from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

    tensors = {name.removeprefix(single_control): value for name, value in read_tensors(path).items()}
    text = next((v.shape[-1] for k, v in tensors.items() if k.endswith("attn2.to_k.weight")), None)
    single = single or control_settings(text, path.name)
    with torch.device("meta"):
        net = ControlNetModel(**single)
    try:
        converted = convert_controlnet_checkpoint(dict(tensors), net.config)
    except (KeyError, IndexError, AttributeError) as error:
        raise WrongWeights(f"expected a ControlNet in {path.name}, got no {error}") from error
    found = {name: value.to(dtype) for name, value in converted.items() if value is not None}
    wanted = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    if len(found) < len(tensors) and not differences(wanted, {k: tuple(v.shape) for k, v in found.items()}):
        raise WrongWeights(f"expected {len(found)} tensors of a ControlNet in {path.name}, got {len(tensors)}")
    load_strictly(net, found, path.name)
    return net


def control_settings(text: int | None, source: str) -> dict[str, Any]:
    """Settings of a ControlNet for the published base whose text is that wide; WrongWeights where there is none."""
    for single in (sd15, sdxl):
        if single.unet["cross_attention_dim"] == text:
            shared = {k: v for k, v in single.unet.items() if k not in ("sample_size", "up_block_types")}
            return {**shared, "conditioning_channels": 3}
    raise WrongWeights(f"expected a ControlNet for Stable Diffusion 1.5 or XL in {source}, got one of text {text}")
