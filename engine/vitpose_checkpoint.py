"""ViTPose's published files, read strictly for one kind of body: transformers folders, and the authors' own file.

ViTPose++ is one network for six data sets: each block ends in a part they share and a part of each data set (an
expert), and each data set has a head of its own. The folders on the hub (usyd-community/vitpose-plus-*) hold all
experts but COCO's head alone, so animals and whole bodies come from the authors' own file, `vitpose+_base.pth`, or
from what their script cuts out of it for one data set each (`ap10k.pth`, `wholebody.pth` …).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.model_folder import read_config, read_preparation
from engine.skeleton import Skeleton, ap10k17, coco17, wholebody133
from engine.tensor_shapes import WrongWeights
from engine.tensors import read_tensors

Tensors = dict[str, Tensor]
RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Task:
    """One of ViTPose++'s data sets: its place among the experts, and its head's name in the authors' file."""

    expert: int
    head: str


# The authors' order of training: COCO, AIC, MPII, AP-10K, APT-36K, COCO-WholeBody.
tasks: dict[str, Task] = {
    coco17.name: Task(0, "keypoint_head"),
    ap10k17.name: Task(3, "associate_keypoint_heads.2"),
    wholebody133.name: Task(5, "associate_keypoint_heads.4"),
}


@dataclass(frozen=True)
class Checkpoint:
    """A network for one kind of body: `config` as in config.json, without experts; `tensors` in transformers' names.

    `size` is the crop's (width, height) in px; `mean` and `std` are the colours' (R, G, B) of 0 … 1.
    """

    config: dict[str, Any]
    tensors: Tensors
    size: tuple[int, int]
    mean: RGB
    std: RGB


def read(path: Path, skeleton: Skeleton, dataset_index: int | None = None) -> Checkpoint:
    """What a transformers folder, the authors' .pth, or a folder with that one file holds for the skeleton.

    `dataset_index` picks another expert than the skeleton's own data set. WrongWeights says what is absent or wrong.
    """
    if skeleton.name not in tasks:
        raise ValueError(f"expected one of the skeletons {', '.join(tasks)}, got {skeleton.name}")
    if path.suffix == ".pth":
        return _read_original(path, skeleton, dataset_index)
    if (path / "config.json").is_file():
        return _read_folder(path, skeleton, dataset_index)
    originals = sorted(path.glob("*.pth"))
    if len(originals) == 1:
        return _read_original(originals[0], skeleton, dataset_index)
    raise WrongWeights(f"expected config.json, or one .pth file of ViTPose's authors, in {path}, got neither")


# ── a transformers folder ──


def _read_folder(folder: Path, skeleton: Skeleton, dataset_index: int | None) -> Checkpoint:
    config = read_config(folder, "vitpose")
    tensors = read_tensors(folder / "model.safetensors")
    _check_head(config, tensors, skeleton, folder)
    backbone = dict(config.get("backbone_config") or {})
    tensors = _with_one_expert(tensors, backbone.get("num_experts", 1), skeleton, dataset_index, folder)
    size, mean, std = _preparation(folder, backbone)
    config = config | {"backbone_config": backbone | {"num_experts": 1}}
    return Checkpoint(config, tensors, size, mean, std)


def _check_head(config: dict[str, Any], tensors: Tensors, skeleton: Skeleton, folder: Path) -> None:
    """Refuses a head of another skeleton: by the number of its channels, and by the joints the config names.

    COCO's and AP-10K's heads have 17 channels both, so there names must say which it is.
    """
    found = _head_channels(tensors, "head.conv.weight", folder)
    if found != len(skeleton):
        raise WrongWeights(f"expected a head of {len(skeleton)} channels for {skeleton.name} in {folder}, got {found}")
    labels = config.get("id2label") or {}
    names = [_joint(labels.get(str(i), f"LABEL_{i}")) for i in range(found)]
    # Only the body's names are compared: files differ in how they call the points of face and hands.
    wanted = [joint for joint in skeleton.joints if skeleton != wholebody133 or joint in coco17]
    if all(name.startswith("label_") for name in names):
        if skeleton == wholebody133:  # nothing else has 133
            return
        raise WrongWeights(f"expected id2label in {folder}/config.json to name the joints of {skeleton.name}, got none")
    if wrong := [f"{name} for {joint}" for name, joint in zip(names, wanted, strict=False) if name != joint]:
        raise WrongWeights(f"expected a head for the joints of {skeleton.name} in {folder}, got {', '.join(wrong[:4])}")


def _joint(label: str) -> str:
    """A joint as this project calls it, from COCO's and AP-10K's labels: L_Eye, L_F_Paw, Root of tail …"""
    name = label.lower().replace(" ", "_")
    for short, long in (("l_", "left_"), ("r_", "right_")):
        if name.startswith(short):
            name = long + name[len(short) :]
    return name.replace("_f_paw", "_front_paw").replace("_b_paw", "_back_paw")


def _preparation(folder: Path, backbone: dict[str, Any]) -> tuple[tuple[int, int], RGB, RGB]:
    """Size, mean and standard deviation of the crops, from the preprocessor's file, which must be for this network."""
    usual = {"do_affine_transform": True, "do_rescale": True, "do_normalize": True, "normalize_factor": 200.0}
    found, size = read_preparation(folder, usual)
    height, width = backbone.get("image_size", (256, 192))
    if size != (width, height):
        raise WrongWeights(f"expected crops of {width, height} px, as the network takes, in {folder}, got {size}")
    return size, _three(found.get("image_mean", _mean), folder), _three(found.get("image_std", _std), folder)


# ImageNet's, as in the authors' configuration.
_mean, _std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _three(values: Any, folder: Path) -> RGB:
    if not isinstance(values, list | tuple) or len(values) != 3:
        raise WrongWeights(f"expected three numbers, one a colour, in the preparation of {folder}, got {values!r}")
    r, g, b = values
    return float(r), float(g), float(b)


# ── one expert ──


def _with_one_expert(
    tensors: Tensors, experts: int, skeleton: Skeleton, dataset_index: int | None, source: Path
) -> Tensors:
    """The tensors with the shared part and one expert's part of each block as one layer, the other experts left out.

    The same sums as the published mixture, which computes every expert and multiplies all but one by zero.
    """
    if experts == 1:
        if dataset_index not in (None, 0):
            raise WrongWeights(f"expected experts in {source} to choose number {dataset_index} of, got a single task")
        return tensors
    index = tasks[skeleton.name].expert if dataset_index is None else dataset_index
    if not 0 <= index < experts:
        raise WrongWeights(f"expected an expert of 0 … {experts - 1} in {source}, got {index}")
    kept = {name: value for name, value in tensors.items() if ".mlp.experts." not in name}
    for name in [name for name in kept if ".mlp.fc2." in name]:
        part = name.replace(".fc2.", f".experts.{index}.")
        if part not in tensors:
            raise WrongWeights(f"expected the tensors of this network in {source}, got none named {part}")
        kept[name] = torch.cat([kept[name], tensors[part]])
    return kept


# ── the authors' file ──

_heads = {384: 12, 768: 12, 1024: 16, 1280: 16}  # attention heads by width: small, base, large, huge
_outer_names = {
    "backbone.pos_embed": "backbone.embeddings.position_embeddings",
    "backbone.patch_embed.proj": "backbone.embeddings.patch_embeddings.projection",
    "backbone.last_norm": "backbone.layernorm",
}
_block_names = {"norm1": "layernorm_before", "norm2": "layernorm_after", "attn.proj": "attention.output.dense"}
_head_names = {
    "deconv_layers.0": "deconv1",
    "deconv_layers.1": "batchnorm1",
    "deconv_layers.3": "deconv2",
    "deconv_layers.4": "batchnorm2",
    "final_layer": "conv",
}


def _read_original(path: Path, skeleton: Skeleton, dataset_index: int | None) -> Checkpoint:
    original = _state_dict(path)
    head = tasks[skeleton.name].head
    if not any(name.startswith("associate_keypoint_heads.") for name in original):
        head = "keypoint_head"
        _check_name(path, skeleton)
    final = f"{head}.final_layer.weight"
    if (found := _head_channels(original, final, path)) < len(skeleton):
        raise WrongWeights(f"expected {len(skeleton)} channels or more in {final} of {path}, got {found}")
    config = _config_of(original, final, skeleton, path)
    experts = len([name for name in original if name.startswith("backbone.blocks.0.mlp.experts.")]) // 2
    tensors = _renamed(original, head, len(skeleton))
    shared = original.get("backbone.blocks.0.mlp.fc2.bias")
    if shared is not None and shared.shape == (config["backbone_config"]["hidden_size"],):
        # One expert already: their script joins it to the shared part, and may leave the others lying beside.
        tensors, experts = {name: value for name, value in tensors.items() if ".mlp.experts." not in name}, 1
    tensors = _with_one_expert(tensors, max(experts, 1), skeleton, dataset_index, path)
    return Checkpoint(config, tensors, (192, 256), _mean, _std)


def _check_name(path: Path, skeleton: Skeleton) -> None:
    """Refuses a file for one data set of another name: nothing in it tells an animal's 17 points from a person's."""
    name = f"{path.parent.name}/{path.name}".lower()
    animals = any(word in name for word in ("ap10k", "ap-10k", "apt36k", "animal"))
    if animals != (skeleton == ap10k17):
        wanted = "with" if skeleton == ap10k17 else "without"
        raise WrongWeights(f"expected a file {wanted} ap10k or animals in its name for {skeleton.name}, got {name}")


def _state_dict(path: Path) -> Tensors:
    """The file's tensors, on their own or as `state_dict`; torch reads tensors and plain values, never code."""
    if not path.is_file():
        raise WrongWeights(f"expected the file {path}, got none")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen kinds for a file that is not its own
        raise WrongWeights(f"expected a torch file of tensors, got {path.name}, which cannot be read as one") from error
    found = found.get("state_dict", found) if isinstance(found, dict) else None
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise WrongWeights(f"expected named tensors in {path}, got something else")
    return found


def _config_of(original: Tensors, final: str, skeleton: Skeleton, path: Path) -> dict[str, Any]:
    """The config that the shapes tell; patches are of 16 × 16 px, a crop of 192 × 256 px has 12 × 16 of them."""
    positions, first = original.get("backbone.pos_embed"), original.get("backbone.blocks.0.mlp.fc1.weight")
    if positions is None or first is None:
        raise WrongWeights(f"expected backbone.pos_embed and backbone.blocks.0.mlp.fc1.weight in {path}, got none")
    _, places, width = positions.shape
    if width not in _heads or places != 12 * 16 + 1:
        raise WrongWeights(
            f"expected positions (1, 193, {' | '.join(map(str, _heads))}) in {path}, got {places, width}"
        )
    depth = len([name for name in original if name.startswith("backbone.blocks.") and name.endswith(".norm1.weight")])
    backbone = {
        "model_type": "vitpose_backbone",
        "image_size": [256, 192],
        "patch_size": [16, 16],
        "hidden_size": width,
        "num_hidden_layers": depth,
        "num_attention_heads": _heads[width],
        "mlp_ratio": first.shape[0] // width,
        "layer_norm_eps": 1e-6,  # the authors'; transformers' folders have 1e-12
        "out_indices": [depth],
        "num_experts": 1,
    }
    # A simple head is one 3 × 3 convolution; the classic one has two deconvolutions before a 1 × 1.
    simple = original[final].shape[-1] == 3
    return {
        "model_type": "vitpose",
        "backbone_config": backbone,
        "num_labels": len(skeleton),
        "use_simple_decoder": simple,
    }


def _head_channels(tensors: Mapping[str, Tensor], name: str, source: Path) -> int:
    if name not in tensors or tensors[name].ndim != 4:
        raise WrongWeights(f"expected a head's tensor {name} in {source}, got none")
    return tensors[name].shape[0]


def _renamed(original: Tensors, head: str, channels: int) -> Tensors:
    """The backbone's and one head's tensors in transformers' names; unknown ones keep theirs and are refused later."""
    tensors: Tensors = {}
    for name, value in original.items():
        stem, _, kind = name.rpartition(".")
        if name.startswith(f"{head}."):
            part = stem.removeprefix(f"{head}.")
            # The authors cut a head to its data set's channels when they take their file apart.
            value = value[:channels] if part == "final_layer" else value
            tensors[f"head.{_head_names.get(part, part)}.{kind}"] = value
        elif name.startswith("backbone.blocks."):
            tensors |= _block(name, value)
        elif name.startswith("backbone.") and name != "backbone.cls_token":  # which nothing reads
            tensors[_outer_names[name] if name in _outer_names else f"{_outer_names.get(stem, stem)}.{kind}"] = value
        elif not name.startswith(("keypoint_head.", "associate_keypoint_heads.", "backbone.")):
            tensors[name] = value
    return tensors


def _block(name: str, value: Tensor) -> Tensors:
    """A tensor of one block; queries, keys and values are one tensor there and three here."""
    _, _, number, *inner, kind = name.split(".")
    block, part = f"backbone.encoder.layer.{number}", ".".join(inner)
    if part == "attn.qkv":
        thirds = zip(("query", "key", "value"), value.chunk(3), strict=True)
        return {f"{block}.attention.attention.{third}.{kind}": each for third, each in thirds}
    return {f"{block}.{_block_names.get(part, part)}.{kind}": value}
