"""How models lie on disk: which system a folder or file is of, its points and what it lacks, from headers alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine import paint_layout
from engine.paint_layout import PaintSystem
from engine.skeleton import Skeleton, ap10k17, coco17, wholebody133
from engine.tensor_shapes import read_shapes

System = Literal["movenet", "sdpose", "vitpose", "rtdetr", "dposer", "lift", PaintSystem]

sdpose_tensors = (
    "unet/diffusion_pytorch_model.safetensors",
    "vae/diffusion_pytorch_model.safetensors",
    "decoder/decoder.safetensors",
)
sdpose_files = ("unet/config.json", "vae/config.json", *sdpose_tensors)
transformers_files = ("config.json", "preprocessor_config.json", "model.safetensors")
# The heads of both systems by the number of their channels; 17 may be an animal's, which the labels tell.
_skeletons = {len(coco17): coco17, len(wholebody133): wholebody133}
_systems: dict[str, System] = {"vitpose": "vitpose", "rt_detr_v2": "rtdetr"}
_head = "final_layer.weight"


@dataclass(frozen=True)
class Layout:
    """What lies at a path: its system and skeleton as far as they can be told, and what is wrong, if anything.

    Of what paints, `widths` say which controls fit which base, and `side` is that of the pictures it learned, px.
    """

    path: Path
    system: System
    skeleton: Skeleton | None
    megabytes: float
    problem: str = ""
    widths: tuple[int, ...] = ()
    side: int = 0


def recognise(path: Path) -> Layout | None:
    """The model at a folder or .safetensors file, None where there is none of ours, or none that may be read.

    No tensor is read.
    """
    try:
        if path.is_dir():
            return _folder(path)
        if path.suffix == ".safetensors" and path.is_file():
            return _single_file(path)
    except (PermissionError, FileNotFoundError):  # one locked, or just taken away, must not hide the others
        pass
    return None


def part_name(first: str, second: str) -> str:
    """What a file is called while it is downloaded: its name and its hash in a folder, the other way in a cache."""
    return f"{first}.{second}.part"


def lacking(folder: Path, names: Iterable[str]) -> str:
    """Which of the files are not in the folder, as a sentence; empty when all are."""
    missing = [name for name in names if not (folder / name).is_file()]
    if not missing:
        return ""
    stopped = any(any(folder.glob(part_name(name, "*"))) for name in missing)
    return f"expected {', '.join(missing)}, got {'a download that was stopped' if stopped else 'none'}"


# ── folders ──


def _folder(folder: Path) -> Layout | None:
    # A whole diffusers pipeline that paints has a U-Net too, and model_index.json.
    unet_alone = (folder / "unet").is_dir() and not (folder / "model_index.json").is_file()
    if unet_alone or (folder / "decoder").is_dir():
        return _sdpose_folder(folder)
    if (folder / "model_index.json").is_file():
        return _painting(folder, "diffusion", lambda: paint_layout.base_at(folder))
    if (inside := paint_layout.spctrl_folder(folder)) is not None:
        return _painting(inside, "spctrl", lambda: paint_layout.spctrl_at(inside))
    if (folder / "config.json").is_file():
        return _config_folder(folder)
    return None


def _sdpose_folder(folder: Path) -> Layout:
    skeleton, problem = None, lacking(folder, sdpose_tensors)
    if not problem:
        try:
            _, _, head = [read_shapes(folder / name) for name in sdpose_tensors]
            skeleton = _skeleton_of(head.get(_head), sdpose_tensors[-1])
        except ValueError as error:
            problem = str(error)
    return Layout(folder, "sdpose", skeleton, _megabytes(folder, sdpose_files), problem)


def _config_folder(folder: Path) -> Layout | None:
    try:
        config: Any = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(config, dict):
        return None
    if paint_layout.is_control(config):
        return _painting(folder, "controlnet", lambda: paint_layout.control_at(folder))
    system = _systems.get(str(config.get("model_type")))
    return _transformers_folder(folder, system, config) if system else None


def _transformers_folder(folder: Path, system: System, config: dict[str, Any]) -> Layout:
    skeleton, problem = None, lacking(folder, transformers_files)
    if not problem:
        try:
            tensors = read_shapes(folder / "model.safetensors")
            skeleton = _vitpose_skeleton(tensors, config) if system == "vitpose" else None
        except ValueError as error:
            problem = str(error)
    return Layout(folder, system, skeleton, _megabytes(folder, transformers_files), problem)


def _vitpose_skeleton(tensors: dict[str, tuple[int, ...]], config: dict[str, Any]) -> Skeleton:
    skeleton = _skeleton_of(tensors.get("head.conv.weight"), "model.safetensors")
    labels = config.get("id2label")
    animal = isinstance(labels, dict) and any("paw" in str(label).lower() for label in labels.values())
    return ap10k17 if animal and skeleton is coco17 else skeleton


# ── single files ──


def _single_file(path: Path) -> Layout | None:
    """SDPose in one file, as ComfyUI has it: the head's names end as in a folder, after a prefix with heatmap_head.

    Or what paints. A file that cannot be read is taken for SDPose, so that somebody says what is wrong with it.
    """
    megabytes = path.stat().st_size / 1e6
    try:
        tensors = read_shapes(path)
        head = next((shape for name, shape in tensors.items() if name.endswith(f"heatmap_head.{_head}")), None)
        if head is None and not any("heatmap_head." in name for name in tensors):
            return _single_painting(path, tensors)
        return Layout(path, "sdpose", _skeleton_of(head, path.name), megabytes)
    except ValueError as error:
        return Layout(path, "sdpose", None, megabytes, str(error))


def _single_painting(path: Path, tensors: dict[str, tuple[int, ...]]) -> Layout | None:
    system: System = "controlnet" if paint_layout.is_single_control(tensors) else "diffusion"
    return _painting(path, system, lambda: paint_layout.single_at(path, tensors))


def _painting(path: Path, system: System, look: Callable[[], paint_layout.Painting | None]) -> Layout | None:
    """What paints as `look` finds it, or with what it says is wrong."""
    try:
        found = look()
        if found is None:
            return None
        return Layout(path, found.system, found.skeleton, found.megabytes, "", found.widths, found.side)
    except ValueError as error:
        return Layout(path, system, None, path.stat().st_size / 1e6 if path.is_file() else 0.0, str(error))


def _skeleton_of(head: tuple[int, ...] | None, source: str) -> Skeleton:
    """The skeleton of a head by the shape of its last layer, (points, …); ValueError for another one, or none."""
    channels = head[0] if head else 0
    if channels not in _skeletons:
        raise ValueError(f"expected a head for {' or '.join(map(str, _skeletons))} points in {source}, got {channels}")
    return _skeletons[channels]


def _megabytes(folder: Path, names: Iterable[str]) -> float:
    return sum((folder / name).stat().st_size for name in names if (folder / name).is_file()) / 1e6
