"""SDPose's weights on disk: the hub's folders, the single file of ComfyUI, and this project's own, one way in and out.

A folder holds `unet/` and `vae/` as diffusers writes them and `decoder/decoder.safetensors`, the heatmap head. Its text
encoder, tokenizer and scheduler are not read: what they contribute is one constant. Two small files may stand beside:
`empty_prompt.safetensors`, where the prompt's embedding is another one, and `pipeline.json` with the input's size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor

from engine.diffusers_folder import made, read_settings, write_part
from engine.networks.sdpose import HeatmapHead, SDPoseNet, Sizes, Vae, sizes, stride, tap_of
from engine.tensor_shapes import WrongWeights, differences, read_shapes
from engine.tensors import load_strictly, read_tensors
from engine.weight_layout import sdpose_tensors

unet_file, vae_file, head_file = sdpose_tensors
prompt_file = "empty_prompt.safetensors"
about_file = "pipeline.json"
# Stable Diffusion 2's text encoder on the empty prompt: (1, 2, 1024), rounded to half precision as it is published.
published_prompt = Path(__file__).parent.parent / "assets" / "weights" / "sdpose" / prompt_file
# The single file's names: those of Stable Diffusion's first code, with the head inside the diffusion model.
single_unet, single_vae = "model.diffusion_model.", "first_stage_model."
single_head = f"{single_unet}heatmap_head."
largest_side = 4096  # px of an input: a wrong number must not fill the memory
# Whatever a config says: the published loader sets these two as well.
task_embedding = {"class_embed_type": "projection", "projection_class_embeddings_input_dim": 4}


def read(
    path: Path, dtype: torch.dtype = torch.float32, single: Sizes = sizes["official"]
) -> tuple[SDPoseNet, tuple[int, int]]:
    """The network at a folder or a single file, and its input's (width, height) px.

    A folder says its sizes; a single file does not: it is taken to be of `single`, the official one.
    Body or whole body is told by the head's shapes. WrongWeights names every file or tensor that is missing, unknown
    or of another shape; nothing is returned half loaded.
    """
    net, size = _read_single(path, dtype, single) if path.is_file() else _read_folder(path, dtype)
    return net.eval().requires_grad_(False), size


def write(net: SDPoseNet, size: tuple[int, int], folder: Path) -> None:
    """Writes a whole network in the hub's layout, with its prompt and its input's (width, height)."""
    if not net.whole:
        raise ValueError("expected the whole network, got one trimmed for the pose alone")
    write_part(net.unet, folder / "unet")
    write_part(net.vae, folder / "vae")
    (folder / head_file).parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in net.head.state_dict().items()}, folder / head_file)
    save_file({"empty_prompt": net.empty_prompt.contiguous()}, folder / prompt_file)
    about = {"input_size": list(size), "tap": net.tap}
    (folder / about_file).write_text(json.dumps(about) + "\n", "utf-8")


def head_shape(shapes: Mapping[str, tuple[int, ...]], source: str) -> tuple[int, int]:
    """Channels and keypoints of a head by its tensors' shapes; WrongWeights when they are not those of one."""
    channels, *_ = shapes.get("deconv_layers.0.weight", (0,))
    keypoints, *_ = shapes.get("final_layer.weight", (0,))
    with torch.device("meta"):
        wanted = {k: tuple(v.shape) for k, v in HeatmapHead(channels or 1, keypoints or 1).state_dict().items()}
    if problems := differences(wanted, shapes):
        raise WrongWeights(f"expected SDPose's five tensors of the heatmap head in {source}, got {problems}")
    if keypoints not in tap_of:
        raise WrongWeights(f"expected a head for 17 or 133 keypoints in {source}, got one for {keypoints}")
    return channels, keypoints


# ── a folder ──


def shape_of(folder: Path) -> tuple[SDPoseNet, tuple[int, int]]:
    """The network of a folder without its weights, on torch's meta device, and its input's (width, height)."""
    unet, vae, head, size, tap = _parts(folder)
    with torch.device("meta"):
        prompt = torch.zeros(1, 2, unet.config.cross_attention_dim)  # type: ignore[attr-defined]
        return _assembled(unet, vae, head, prompt, tap, folder.name), size


def _read_folder(folder: Path, dtype: torch.dtype) -> tuple[SDPoseNet, tuple[int, int]]:
    unet, vae, head, size, tap = _parts(folder)
    for part, name in ((unet, unet_file), (vae, vae_file), (head, head_file)):
        load_strictly(part, _cast(read_tensors(folder / name), dtype), f"{folder.name}/{name}")
    prompt = _prompt(folder / prompt_file, unet.config.cross_attention_dim)  # type: ignore[attr-defined]
    return _assembled(unet, vae, head, prompt.to(dtype), tap, folder.name), size


def _parts(folder: Path) -> tuple[UNet2DConditionModel, Vae, HeatmapHead, tuple[int, int], int | None]:
    """U-Net, VAE and head by a folder's settings, on torch's meta device; the input's size; which up-block is read."""
    missing = [name for name in (unet_file, vae_file, head_file) if not (folder / name).is_file()]
    if missing:
        raise WrongWeights(f"expected an SDPose folder with {', '.join(missing)}, got none in {folder}")
    channels, keypoints = head_shape(read_shapes(folder / head_file), f"{folder.name}/{head_file}")
    official = sizes["official"]
    unet_config = _config(folder / "unet" / "config.json", official.unet) | task_embedding
    vae_config = _config(folder / "vae" / "config.json", official.vae)
    with torch.device("meta"):
        unet = made(UNet2DConditionModel, unet_config, f"{folder.name}/unet/config.json")
        vae = vae_of(vae_config, f"{folder.name}/vae/config.json")
        head = HeatmapHead(channels, keypoints)
    about = _config(folder / about_file, {})
    size, tap = about.get("input_size", list(official.input_size)), about.get("tap")
    if not isinstance(size, list) or len(size) != 2 or not all(_is_side(side) for side in size):
        raise WrongWeights(
            f"expected input_size [width, height], multiples of {stride} up to {largest_side}, in "
            f"{folder.name}/{about_file}, got {size!r:.80}"
        )
    if tap is not None and type(tap) is not int:
        raise WrongWeights(f"expected tap, an up-block's number, in {folder.name}/{about_file}, got {tap!r:.80}")
    return unet, vae, head, (size[0], size[1]), tap


def vae_of(config: dict[str, Any], source: str) -> Vae:
    """The VAE of some settings: Stable Diffusion's, or diffusers' small one; WrongWeights for one of other blocks."""
    if config.get("_class_name") == AutoencoderTiny.__name__:
        return made(AutoencoderTiny, config, source)
    # The layers that run for inference one by one, see `networks.lean`.
    kinds = set(config.get("down_block_types", []))
    if kinds != {"DownEncoderBlock2D"} or not config.get("use_quant_conv", True):
        raise WrongWeights(f"expected Stable Diffusion's VAE in {source}, got one of other blocks")
    return made(AutoencoderKL, config, source)


def _is_side(side: Any) -> bool:
    return type(side) is int and 0 < side <= largest_side and side % stride == 0


def _prompt(path: Path, width: int) -> Tensor:
    """The empty prompt's embedding (1, 2, width) beside the weights, else the published one where it fits."""
    tensors = read_tensors(path if path.is_file() else published_prompt)
    shape = {name: tuple(value.shape) for name, value in tensors.items()}
    if problems := differences({"empty_prompt": (1, 2, width)}, shape):
        raise WrongWeights(f"expected the empty prompt's embedding in {path}, got {problems}")
    return tensors["empty_prompt"]


def _config(path: Path, default: dict[str, Any]) -> dict[str, Any]:
    return read_settings(path) if path.is_file() else default


def _assembled(
    unet: UNet2DConditionModel, vae: Vae, head: HeatmapHead, prompt: Tensor, tap: int | None, source: str
) -> SDPoseNet:
    try:
        return SDPoseNet(unet, vae, head, prompt, tap)
    except ValueError as error:
        raise WrongWeights(f"expected U-Net and head of one model in {source}: {error}") from error


def _cast(tensors: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """The tensors in another precision, each let go as soon as it is converted."""
    return {name: tensors.pop(name).to(dtype) for name in list(tensors)}


# ── a single file ──


def _read_single(path: Path, dtype: torch.dtype, size: Sizes) -> tuple[SDPoseNet, tuple[int, int]]:
    """A network of that size from one file: U-Net, VAE and head under their prefixes, no text encoder."""
    # Here and not above: the names' conversion drags every loader of diffusers in.
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

    tensors = read_tensors(path)
    parts = {prefix: {k: v for k, v in tensors.items() if k.startswith(prefix)} for prefix in (single_head, single_vae)}
    parts[single_unet] = {k: v for k, v in tensors.items() if k.startswith(single_unet) and k not in parts[single_head]}
    strangers = [k for k in tensors if not any(k in part for part in parts.values())]
    if strangers or not all(parts.values()):
        found = [f"no {prefix}…" for prefix, part in parts.items() if not part]
        found += [f"others named {name}" for name in strangers[:1]]
        wanted = ", ".join(f"{prefix}…" for prefix in parts)
        raise WrongWeights(f"expected a single file of SDPose, with {wanted}, got {'; '.join(found)} in {path.name}")
    head_tensors = {k.removeprefix(single_head): v for k, v in parts[single_head].items()}
    channels, keypoints = head_shape({k: tuple(v.shape) for k, v in head_tensors.items()}, path.name)
    with torch.device("meta"):
        unet, vae = UNet2DConditionModel(**size.unet), AutoencoderKL(**size.vae)
        head = HeatmapHead(channels, keypoints)
    try:
        renamed = {
            single_unet: (unet, convert_ldm_unet_checkpoint(parts[single_unet], size.unet)),
            single_vae: (vae, convert_ldm_vae_checkpoint(parts[single_vae], size.vae)),
            single_head: (head, head_tensors),
        }
    except (KeyError, IndexError) as error:
        raise WrongWeights(f"expected U-Net and VAE under their first names in {path.name}, got no {error}") from error
    for prefix, (part, found) in renamed.items():
        if len(found) != len(parts[prefix]):  # the conversion leaves out what it does not know
            raise WrongWeights(f"expected {len(found)} tensors {prefix}… in {path.name}, got {len(parts[prefix])}")
        load_strictly(part, _cast(dict(found), dtype), f"{path.name}, {prefix}…")
    prompt = _prompt(published_prompt, size.unet["cross_attention_dim"]).to(dtype)
    return _assembled(unet, vae, head, prompt, None, path.name), size.input_size
