"""SP-Ctrl's weights on disk: the published folders and this project's own, one way in and out.

`controlnet/` holds config.json and the tensors of a stock ControlNet with 24 more, `spatext_embedding.…`; beside it,
one level up, lie the words, `learned_embeds.bin`, a vector for each token by its name. At the end of a training the
published code writes all of it into one folder. Its config does not say whose joints the numbers of a map mean: the
words do. This project's own layout has the same names, words as .safetensors, and the skeleton in the config.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import torch
from diffusers.models.controlnets.controlnet import ControlNetModel
from safetensors.torch import save_file
from torch import Tensor

from engine.diffusers_folder import made, read_settings, tensors_file
from engine.keypoint_words import PoseKind, kind_of, table_of
from engine.networks.spctrl import LayerVersion, Limbs, SpatialPose
from engine.paint_layout import is_spctrl, skeleton_key, spctrl_class, word_files
from engine.tensor_shapes import WrongWeights, differences
from engine.tensors import load_strictly, read_tensors, shapes

config_file = "config.json"
prefix = "spatext_embedding."
most_channels = 64  # of the picture that stands for the map: a wrong number must not fill the memory
skeletons: dict[str, PoseKind] = {"coco17": "human", "ap10k17": "animal"}
# The published settings: what each may be; where one is left out, the first is meant.
settings: dict[str, tuple[Any, ...]] = {
    "spatext_skeleton_type": get_args(Limbs),
    "spatext_layer_version": (None, *get_args(LayerVersion)),
    "spatext_enable_learn_kpt": (False, True),
    "spatext_enable_learn_sks": (False, True),
    "spatext_detach_kpt_grad_from_sks": (False, True),
}
where_joints_came_from = "spatext_init_emb"  # a file of the training's: the vectors themselves are in the weights


def read(
    folder: Path, dtype: torch.dtype = torch.float32
) -> tuple[ControlNetModel, SpatialPose, dict[str, Tensor], PoseKind]:
    """ControlNet, spatial pose, the joints' words (D,) float32 by token, and whose joints they are.

    `folder` is a checkpoint's, or the ControlNet's own in it. WrongWeights names every file, setting or tensor that is
    missing, unknown or of another shape; nothing is returned half loaded.
    """
    net, spr = shape_of(folder)
    place = controlnet_folder(folder)
    tensors = read_tensors(place / tensors_file)
    own = {name.removeprefix(prefix): tensors.pop(name) for name in list(tensors) if name.startswith(prefix)}
    load_strictly(net, _cast(tensors, dtype), f"{place.name}/{tensors_file}")
    load_strictly(spr, _cast(own, dtype), f"{place.name}/{tensors_file}, {prefix}…")
    words, kind = words_at(place, net.config["cross_attention_dim"])
    return net.eval().requires_grad_(False), spr.eval().requires_grad_(False), words, kind


def shape_of(folder: Path) -> tuple[ControlNetModel, SpatialPose]:
    """ControlNet and spatial pose of a folder without their weights, on torch's meta device."""
    place = controlnet_folder(folder)
    source = f"{place.name}/{config_file}"
    config = read_settings(place / config_file)
    spr = spatial_pose(config, source)
    stock = {key: value for key, value in config.items() if not key.startswith(("spatext_", "contrapposto_"))}
    with torch.device("meta"):
        net = made(ControlNetModel, stock | {"_class_name": ControlNetModel.__name__}, source)
    width = net.config["cross_attention_dim"]
    if type(width) is not int:
        raise WrongWeights(f"expected cross_attention_dim, one whole number, in {source}, got {width!r:.80}")
    return net, spr


def spatial_pose(config: Mapping[str, Any], source: str) -> SpatialPose:
    """The spatial pose of a ControlNet's config, without weights; WrongWeights for settings that are not SP-Ctrl's."""
    if not is_spctrl(config):
        found = config.get("_class_name")
        raise WrongWeights(
            f"expected the settings of an SP-Ctrl ControlNet, {spctrl_class}, in {source}, got {found!r}"
        )
    known = {*settings, where_joints_came_from}
    if strangers := [key for key in config if key.startswith("spatext_") and key not in known]:
        raise WrongWeights(f"expected the settings {', '.join(settings)} in {source}, got others: {strangers[0]}")
    for key, allowed in settings.items():
        value = config.get(key, allowed[0])
        if not any(value is one or (isinstance(one, str) and value == one) for one in allowed):
            said = ", ".join(json.dumps(one) for one in allowed)
            raise WrongWeights(f"expected {key}, one of {said}, in {source}, got {value!r:.80}")
    channels = config.get("conditioning_channels")
    if type(channels) is not int or not 0 < channels <= most_channels:
        raise WrongWeights(f"expected conditioning_channels, 1 to {most_channels}, in {source}, got {channels!r:.80}")
    with torch.device("meta"):
        return SpatialPose(channels, *(config.get(key, allowed[0]) for key, allowed in settings.items()))


def kind_at(folder: Path) -> PoseKind:
    """Whose joints a folder's maps are of: by its config's skeleton or its words' names, which must agree."""
    return words_at(controlnet_folder(folder), None)[1]


def controlnet_folder(folder: Path) -> Path:
    """Where config and tensors lie: in `controlnet/`, or in the folder itself; WrongWeights when in neither."""
    for place in (folder / "controlnet", folder):
        if (place / config_file).is_file():
            if not (place / tensors_file).is_file():
                raise WrongWeights(f"expected {tensors_file} beside {place / config_file}, got none")
            return place
    raise WrongWeights(
        f"expected an SP-Ctrl folder with controlnet/{config_file} and controlnet/{tensors_file}, got none in {folder}"
    )


def write(folder: Path, net: ControlNetModel, spr: SpatialPose, words: Mapping[str, Tensor], kind: PoseKind) -> None:
    """Writes a checkpoint in this project's layout: the published names, and the skeleton in the config.

    ValueError when the words are not those of that kind's joints, none or all of them.
    """
    if words and kind_of(words) != kind:
        raise ValueError(f"expected the words of {kind} joints, got {', '.join(list(words)[:4])} …")
    place = folder / "controlnet"
    place.mkdir(parents=True, exist_ok=True)
    state = {**net.state_dict(), **{prefix + name: value for name, value in spr.state_dict().items()}}
    save_file({name: value.detach().cpu().contiguous() for name, value in state.items()}, place / tensors_file)
    config = {key: value for key, value in net.config.items() if not key.startswith("_")}
    config |= {"_class_name": spctrl_class, "conditioning_channels": spr.channels, **_settings_of(spr, kind)}
    (place / config_file).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
    if words:
        vectors = {word.token: words[word.token] for word in table_of(kind)}
        vectors = {token: value.detach().float().cpu().clone() for token, value in vectors.items()}
        save_file(vectors, folder / word_files[0])


# ── the parts ──


def _settings_of(spr: SpatialPose, kind: PoseKind) -> dict[str, Any]:
    given = (spr.skeleton_type, spr.layer_version, spr.learn_keypoints, spr.learn_limbs, spr.detach)
    skeleton = next(name for name, whose in skeletons.items() if whose == kind)
    return {**dict(zip(settings, given, strict=True)), where_joints_came_from: None, skeleton_key: skeleton}


def words_at(place: Path, width: int | None) -> tuple[dict[str, Tensor], PoseKind]:
    """The words (D,) float32 beside the weights, and whose joints'; `width` is how long they must be.

    WrongWeights for others, and where neither words nor config tell whose.
    """
    said = _skeleton_said(place)
    # One level up as the published code writes them, beside the weights at the end of its training.
    path = next((f for f in (base / n for base in (place, place.parent) for n in word_files) if f.is_file()), None)
    if path is None:
        if said is None:
            raise WrongWeights(
                f"expected {word_files[1]} in {place} or one level up, got none: only the words' names tell whether "
                "the joints are human or animal"
            )
        return {}, said
    found = read_tensors(path)
    kind = kind_of(found)
    if kind is None:
        raise WrongWeights(f"expected {_names_wanted(found, said)} in {path.name}")
    if said not in (None, kind):
        raise WrongWeights(f"expected words of {said} joints in {path.name} by {config_file}, got those of {kind} ones")
    length = width or next(iter(found.values())).numel()
    if problems := differences(dict.fromkeys(found, (length,)), shapes(found)):
        raise WrongWeights(
            f"expected vectors of {length} numbers, the ControlNet's text, in {path.name}, got {problems}"
        )
    # Copied: a published vector is a view of the whole vocabulary it was trained in.
    return {word.token: found[word.token].to(torch.float32, copy=True) for word in table_of(kind)}, kind


def _skeleton_said(place: Path) -> PoseKind | None:
    said = read_settings(place / config_file).get(skeleton_key)
    if said is None:
        return None
    if said not in skeletons:
        known = " or ".join(skeletons)
        raise WrongWeights(f"expected {skeleton_key} {known} in {place.name}/{config_file}, got {said!r:.80}")
    return skeletons[said]


def _names_wanted(found: Mapping[str, Tensor], said: PoseKind | None) -> str:
    """What the words' names differ in from the nearer table, as the end of a sentence."""
    kinds: tuple[PoseKind, ...] = (said,) if said else ("human", "animal")
    near = max(kinds, key=lambda kind: len({word.token for word in table_of(kind)} & found.keys()))
    wanted = dict.fromkeys((word.token for word in table_of(near)), ())
    return f"the 17 words of {near} joints, got {differences(wanted, dict.fromkeys(found, ()))}"


def _cast(tensors: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """The tensors in another precision, each let go as soon as it is converted."""
    return {name: tensors.pop(name).to(dtype) for name in list(tensors)}
