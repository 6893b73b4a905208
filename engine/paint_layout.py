"""How models that paint lie on disk, and how ControlNets for them do: what they are, from headers and settings alone.

A base is a folder as diffusers writes it, or one file with Stable Diffusion's first names; a control is a ControlNet's
folder or file, or one of SP-Ctrl. A pair fits when both have the same `widths`.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.keypoint_words import kind_of
from engine.skeleton import Skeleton, ap10k17, coco17
from engine.tensor_shapes import read_shapes

PaintSystem = Literal["diffusion", "spctrl", "controlnet"]
Encoding = Literal["spctrl", "openpose", "openpose-thick"]
Shapes = Mapping[str, tuple[int, ...]]

# A base's parts by the class that its model_index.json names: networks with the stem of their files, then the rest.
_unet_and_vae = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
bases: dict[str, dict[str, str]] = {
    "StableDiffusionPipeline": {**_unet_and_vae, "text_encoder": "model"},
    "StableDiffusionXLPipeline": {**_unet_and_vae, "text_encoder": "model", "text_encoder_2": "model"},
}
control_stem = "diffusion_pytorch_model"
spctrl_class, skeleton_key = "SpaTextControlNetModel", "contrapposto_skeleton"
word_files = ("learned_embeds.safetensors", "learned_embeds.bin")
# Width of the text and of the U-Net's blocks.
sd15_widths, sdxl_widths = (768, 320, 640, 1280, 1280), (2048, 320, 640, 1280)
# Where the parts stand in one file of Stable Diffusion 1, or SDXL.
single_unet, single_vae = "model.diffusion_model.", "first_stage_model."
single_text = "cond_stage_model.transformer."
single_text_xl = ("conditioner.embedders.0.transformer.", "conditioner.embedders.1.model.")
single_control = "control_model."
_text_at = "input_blocks.{}.1.transformer_blocks.0.attn2.to_k.weight"


@dataclass(frozen=True)
class Painting:
    """What of painting lies somewhere: its files of tensors, `widths`, and the side px of what it was trained on.

    `skeleton` is whose joints an SP-Ctrl model knows.
    """

    system: PaintSystem
    files: tuple[Path, ...]
    widths: tuple[int, ...]
    side: int = 0
    skeleton: Skeleton | None = None

    @property
    def megabytes(self) -> float:
        return sum(file.stat().st_size for file in self.files) / 1e6


def tensor_files(folder: Path, stem: str) -> tuple[Path, ...]:
    """The file of a part's tensors, or its several pieces; in half precision where there are both.

    ValueError where there is none, or only one of a kind that may hold a program.
    """
    for half in (".fp16", ""):
        if (alone := folder / f"{stem}{half}.safetensors").is_file():
            return (alone,)
        if (index := folder / f"{stem}.safetensors.index{half}.json").is_file():
            return _pieces(index)
    wanted = f"{folder.name}/{stem}.safetensors"
    old = next((name for name in (f"{stem}.bin", "pytorch_model.bin") if (folder / name).is_file()), None)
    if old is not None:
        raise ValueError(f"expected {wanted}, got {old}, which may hold a program: save it as .safetensors")
    raise ValueError(f"expected {wanted}, got none")


def _pieces(index: Path) -> tuple[Path, ...]:
    names = _settings(index).get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(n, str) and Path(n).name == n for n in names.values()):
        raise ValueError(f"expected the pieces' names in {index.name}, got others")
    pieces = tuple(index.parent / name for name in dict.fromkeys(names.values()))
    if missing := [piece.name for piece in pieces if not piece.is_file()]:
        raise ValueError(f"expected {', '.join(missing)} beside {index.name}, got none")
    return pieces


# ── bases ──


def base_at(folder: Path) -> Painting:
    """The base in a diffusers folder; ValueError says what is wrong with it."""
    kind = _settings(folder / "model_index.json").get("_class_name")
    if kind not in bases:
        raise ValueError(f"expected {' or '.join(bases)} in model_index.json, got {kind!r:.80}")
    files: list[Path] = []
    for part, stem in bases[kind].items():
        files += tensor_files(folder / part, stem)
        if not (folder / part / "config.json").is_file():
            raise ValueError(f"expected {part}/config.json, got none")
    for name in _words_and_schedule(folder):
        if not (folder / name).is_file():
            raise ValueError(f"expected {name}, got none")
    for file in files:
        read_shapes(file)  # one that was cut off is found by its header
    unet, vae = _settings(folder / "unet" / "config.json"), _settings(folder / "vae" / "config.json")
    sample, blocks = unet.get("sample_size"), vae.get("block_out_channels")
    side = sample * 2 ** (len(blocks) - 1) if isinstance(sample, int) and isinstance(blocks, list) else 512
    return Painting("diffusion", tuple(files), widths_of(unet, "unet/config.json"), side)


def _words_and_schedule(folder: Path) -> list[str]:
    """The files beside the networks: a tokenizer for each text encoder, in either of its forms, and the schedule."""
    names = ["scheduler/scheduler_config.json"]
    for part in ("tokenizer", *(["tokenizer_2"] if (folder / "text_encoder_2").is_dir() else [])):
        if not (folder / part / "tokenizer.json").is_file():
            names += [f"{part}/vocab.json", f"{part}/merges.txt"]
    return names


def widths_of(config: Mapping[str, Any], source: str) -> tuple[int, ...]:
    """Width of the text and of each block by the settings of a U-Net or ControlNet; ValueError when they say none."""
    text, blocks = config.get("cross_attention_dim"), config.get("block_out_channels")
    if type(text) is not int or not isinstance(blocks, list) or not all(type(width) is int for width in blocks):
        raise ValueError(
            f"expected cross_attention_dim and block_out_channels in {source}, got {text!r} and {blocks!r}"
        )
    return text, *blocks


# ── controls ──


def is_control(config: Mapping[str, Any]) -> bool:
    """Whether settings are those of a ControlNet of any kind."""
    return "ControlNet" in str(config.get("_class_name"))


def control_at(folder: Path) -> Painting:
    """The plain ControlNet in a folder; ValueError says what is wrong with it."""
    config = _settings(folder / "config.json")
    if (kind := config.get("_class_name")) != "ControlNetModel":
        raise ValueError(f"expected a ControlNetModel in config.json, got {kind!r:.80}")
    if (channels := config.get("conditioning_channels", 3)) != 3:
        raise ValueError(f"expected a ControlNet that reads a picture of 3 channels, got {channels!r:.80}")
    files = tensor_files(folder, control_stem)
    for file in files:
        read_shapes(file)
    return Painting("controlnet", files, widths_of(config, "config.json"))


def is_spctrl(config: Mapping[str, Any]) -> bool:
    """Whether a ControlNet's settings are those of one of SP-Ctrl."""
    return config.get("_class_name") == spctrl_class or any(key.startswith("spatext_") for key in config)


def spctrl_folder(folder: Path) -> Path | None:
    """Where in a folder SP-Ctrl's checkpoint is: there, or in its one folder that holds one; None when in neither."""
    if _spctrl_config(folder) is not None:
        return folder
    inside = [one for one in sorted(folder.iterdir()) if one.is_dir() and _spctrl_config(one) is not None]
    return inside[0] if len(inside) == 1 else None


def _spctrl_config(folder: Path) -> Path | None:
    for path in (folder / "controlnet" / "config.json", folder / "config.json"):
        if path.is_file():
            try:
                config = _settings(path)
            except ValueError:
                return None
            return path if is_spctrl(config) else None
    return None


def spctrl_at(folder: Path) -> Painting:
    """SP-Ctrl's ControlNet in a folder; ValueError says what is wrong with it."""
    path = _spctrl_config(folder)
    if path is None:
        raise ValueError("expected controlnet/config.json of SP-Ctrl, got none")
    config, files = _settings(path), tensor_files(path.parent, control_stem)
    for file in files:
        read_shapes(file)
    return Painting("spctrl", files, widths_of(config, path.name), 0, _joints_of(path.parent, config))


def _joints_of(place: Path, config: Mapping[str, Any]) -> Skeleton:
    """Whose joints the numbers of SP-Ctrl's maps mean: its words' names say, or the settings."""
    known = {coco17.name: coco17, ap10k17.name: ap10k17}
    if (said := config.get(skeleton_key)) is not None:
        if said not in known:
            raise ValueError(f"expected {skeleton_key} {' or '.join(known)} in config.json, got {said!r:.80}")
        return known[said]
    path = next((f for f in (at / n for at in (place, place.parent) for n in word_files) if f.is_file()), None)
    if path is None:
        raise ValueError(f"expected {word_files[1]}, whose words say if the joints are human or animal, got none")
    kind = kind_of(_word_names(path))
    if kind is None:
        raise ValueError(f"expected the words of human or animal joints in {path.name}, got others")
    return {"human": coco17, "animal": ap10k17}[kind]


def _word_names(path: Path) -> set[str]:
    """The words in a file of learned vectors; a torch file's are looked for as text, and nothing of it is run."""
    if path.suffix == ".safetensors":
        return set(read_shapes(path))
    try:
        with zipfile.ZipFile(path) as packed:
            name = next((name for name in packed.namelist() if name.endswith("data.pkl")), "")
            found = packed.read(name) if name and packed.getinfo(name).file_size < 1_000_000 else b""
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"expected a file of tensors, got {path.name}, which cannot be read as one") from error
    return {word.decode() for word in re.findall(rb"<[a-z]+(?:-[a-z]+)*>", found)}


# ── single files ──


def single_at(path: Path, found: Shapes) -> Painting | None:
    """The base or ControlNet in one file with those tensors, None where it is neither; ValueError for one of no use."""
    if is_single_control(found):
        return _single_control(path, found)
    if any(name.startswith(single_unet) for name in found):
        return _single_base(path, found)
    return None


def is_single_control(found: Shapes) -> bool:
    """Whether tensors are a ControlNet's, under its first names or those of diffusers."""
    hints = {"input_hint_block.0.weight", "controlnet_cond_embedding.conv_in.weight"}
    return any(name.startswith(single_control) or name in hints for name in found)


def _single_base(path: Path, found: Shapes) -> Painting:
    names = {part: any(name.startswith(part) for name in found) for part in (single_vae, single_text, *single_text_xl)}
    entry, text = found.get(f"{single_unet}input_blocks.0.0.weight"), (
        found.get(single_unet + _text_at.format(1)) or found.get(single_unet + _text_at.format(4))
    )  # fmt: skip
    first = entry[:2] if entry else None
    if first == (320, 4) and text and names[single_vae]:
        if text[1] == sd15_widths[0] and names[single_text]:
            return Painting("diffusion", (path,), sd15_widths, 512)
        if text[1] == sdxl_widths[0] and all(names[part] for part in single_text_xl):
            return Painting("diffusion", (path,), sdxl_widths, 1024)
    raise ValueError(
        "expected Stable Diffusion 1.5 or XL in one file, with its VAE and text encoders, got one of other parts"
    )


def _single_control(path: Path, found: Shapes) -> Painting:
    if any(name.startswith("lora_controlnet") for name in found):
        raise ValueError("expected a whole ControlNet, got what changes another model to one")
    names = [_text_at.format(n) for n in (1, 4)] + [
        f"down_blocks.{n}.attentions.0.transformer_blocks.0.attn2.to_k.weight" for n in (0, 1)
    ]
    text = next((found[each] for name in names for each in (single_control + name, name) if each in found), None)
    for widths in (sd15_widths, sdxl_widths):
        if text and text[-1] == widths[0]:
            return Painting("controlnet", (path,), widths)
    raise ValueError(f"expected a ControlNet for Stable Diffusion 1.5 or XL, got one of text {text}")


def _settings(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"expected {path.name}, got none") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected JSON in {path.name}, got something else") from error
    if not isinstance(found, dict):
        raise ValueError(f"expected named settings in {path.name}, got {type(found).__name__}")
    return found
