"""Where each model is: among the embedded ones, then in the user's folder of models, then in the hub's cache.

Nothing here asks the network: `engine.download` does, when it is told to. The table itself is `engine.weight_table`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from engine.paint_layout import Encoding, spctrl_folder
from engine.skeleton import Skeleton, ap10k17, openpose18
from engine.weight_entry import Hub, Kind, Page, WeightFile, Weights
from engine.weight_layout import Layout, lacking, part_name, recognise
from engine.weight_table import table

__all__ = [
    "Hub", "Kind", "MissingWeights", "Page", "WeightFile", "Weights",
    "embedded_folder", "entry", "every", "find", "locate", "require", "table",
]  # fmt: skip

embedded_folder = Path(__file__).parent.parent / "assets" / "weights"


class MissingWeights(ValueError):
    """A model's file is absent or not the right one; the message names the file, what was expected, and the way out."""


def entry(name: str, models: Path | None = None) -> Weights:
    """The model of that name, from the table or the user's folder; ValueError lists the known ones."""
    known = {weights.name: weights for weights in table}
    if name not in known:
        known |= {weights.name: weights for weights in _own(models)}
    if name not in known:
        raise ValueError(f"expected one of the models {', '.join(known)}, got {name!r}")
    return known[name]


def every(kind: Kind, models: Path | None = None) -> tuple[Weights, ...]:
    """The table's models of a kind that this version can run, then the user's own ones in the folder `models`.

    `path` is set where a model is whole; else `problem` says what is wrong with what there is of it, if anything.
    """
    known = [_looked_up(w, models) for w in table if w.kind == kind and w.ready]
    return (*known, *(w for w in _own(models) if w.kind == kind))


def find(name: str, models: Path | None = None) -> Path | None:
    """Where a model is, whole: its folder, or its file where it is a single one; None when it is not here."""
    return _looked_up(entry(name, models), models).path


def require(name: str, models: Path | None = None) -> Path:
    """As `find`; MissingWeights says what is wrong and the command that mends it."""
    weights = _looked_up(entry(name, models), models)
    if weights.source == "embedded" and weights.path in (None, embedded_folder / name):
        locate(name)  # by the contents; says which file is wrong, and how to get it back
    if weights.path is not None:
        return weights.path
    found = weights.problem or f"expected the model {name}, got none on this computer"
    if isinstance(weights.source, Page):
        raise MissingWeights(f"{found}: {weights.by_hand}")
    if not weights.downloadable:
        raise MissingWeights(found)
    # A download that was stopped in the user's folder goes on there.
    into = f" --into {models}" if models is not None and (models / name).is_dir() else ""
    raise MissingWeights(f"{found}: get it with `{command([name])}{into}`")


def command(names: Iterable[str]) -> str:
    """What one types to download models."""
    return f"python scripts/download_weights.py {' '.join(names)}"


# ── where a model is ──


def _looked_up(weights: Weights, models: Path | None) -> Weights:
    """The model with its path, or with the problem of the first place that has a part of it."""
    if weights.source == "user":
        return weights
    problem = ""
    for place in _places(weights, models):
        found = _problem(weights, place)
        if not found:
            return replace(weights, path=place, problem="")
        problem = problem or f"{found} in {place}"
    problem = problem or _stopped(weights)
    return replace(weights, path=None, problem=problem)


# How a whole model may lie in one file.
_single_files = {
    "sdpose": (".safetensors",), "vitpose": (".pth",), "diffusion": (".safetensors",),
    "controlnet": (".safetensors", ".pth"),
}  # fmt: skip


def _places(weights: Weights, models: Path | None) -> Iterator[Path]:
    """Every place that holds something of the model, in the order of preference."""
    if weights.source == "embedded":
        yield embedded_folder / weights.name
    if models is not None:
        folder = models / weights.name
        if folder.is_dir():
            yield _inside(weights, folder)
        singles = (models / f"{weights.name}{suffix}" for suffix in _single_files.get(weights.system, ()))
        yield from (single for single in singles if single.is_file())
    if (cached := _cached(weights)) is not None:
        yield cached


def _inside(weights: Weights, folder: Path) -> Path:
    """The folder, or the one file in it that is the model: named as on the hub, or the only .pth.

    SP-Ctrl's may lie one folder deeper, as archives are unpacked.
    """
    if weights.system == "spctrl":
        return spctrl_folder(folder) or folder
    if len(weights.files) != 1 or (folder / "config.json").is_file():
        return folder
    path = folder / weights.files[0].name
    alone = [] if path.is_file() else list(folder.glob("*.pth"))
    return alone[0] if len(alone) == 1 else path


def _cached(weights: Weights) -> Path | None:
    """The model in the hub's cache, if all of its files are there, be it in half precision or, for others, in full."""
    if not isinstance(weights.source, Hub):
        return None
    from huggingface_hub import try_to_load_from_cache

    hub, names = weights.source, [file.name for file in weights.files]
    for wanted in (names, [name.replace(".fp16.safetensors", ".safetensors") for name in names]):
        found = [try_to_load_from_cache(hub.repository, name, revision=hub.revision) for name in wanted]
        paths = [Path(path) for path in found if isinstance(path, str)]
        if len(paths) == len(names):
            return paths[0] if len(paths) == 1 else paths[0].parents[names[0].count("/")]
    return None


def _stopped(weights: Weights) -> str:
    """What a download that was stopped left in the hub's cache, as a sentence; empty when there is nothing."""
    if not isinstance(weights.source, Hub):
        return ""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=weights.source.repository, repo_type="model")
    names = [
        file.name for file in weights.files if any(folder.glob(f"blobs/{part_name('*', file.name.replace('/', '--'))}"))
    ]
    return f"expected {', '.join(names)}, got a download that was stopped in {folder}" if names else ""


def _problem(weights: Weights, place: Path) -> str:
    """Why what is at a place is not the model, whole; empty when it is."""
    if place.suffix == ".pth":  # what is in it can be told by loading it only
        return "" if place.is_file() else lacking(place.parent, [place.name])
    if weights.system in ("movenet", "dposer", "lift"):
        return lacking(place, [file.name for file in weights.files]) or _wrong_size(weights, place)
    layout = recognise(place)
    if layout is None or layout.system != weights.system:
        return lacking(place, [file.name for file in weights.files]) or f"expected {weights.name}, got another model"
    if not layout.problem and layout.widths != weights.widths:
        return f"expected the sizes of {weights.name}, {weights.widths}, got a model of others, {layout.widths}"
    # What a plain ControlNet reads, nothing in it says.
    if not layout.problem and layout.skeleton != weights.skeleton and weights.system != "controlnet":
        names = [skeleton.name if skeleton else "none" for skeleton in (weights.skeleton, layout.skeleton)]
        return f"expected the points of {names[0]}, got a model of {names[1]}"
    return layout.problem


def _wrong_size(weights: Weights, folder: Path) -> str:
    for file in weights.files:
        if file.size is not None and (size := (folder / file.name).stat().st_size) != file.size:
            return f"expected {file.size} bytes in {file.name}, got {size}"
    return ""


# ── the user's own ──


def _own(models: Path | None) -> list[Weights]:
    """Models in the user's folder that are not of the table, by name; a broken one says what is wrong with it."""
    if models is None or not models.is_dir():
        return []
    taken = {weights.name for weights in table}
    found: dict[str, Weights] = {}
    for path in sorted(models.iterdir()):
        stem = path.name if path.is_dir() else path.stem
        if stem in taken or (layout := recognise(path)) is None:
            continue
        name = path.name if stem in found else stem
        found[name] = _own_weights(name, layout)
    return list(found.values())


_called = {
    "sdpose": "SDPose", "vitpose": "ViTPose", "rtdetr": "RT-DETR", "diffusion": "Stable Diffusion",
    "spctrl": "SP-Ctrl", "controlnet": "ControlNet",
}  # fmt: skip
_kinds: dict[str, Kind] = {"rtdetr": "detect", "diffusion": "paint", "spctrl": "control", "controlnet": "control"}


def _own_weights(name: str, layout: Layout) -> Weights:
    skeleton, problem = layout.skeleton, layout.problem
    encoding: Encoding | None = "spctrl" if layout.system == "spctrl" else None
    if layout.system == "controlnet":
        encoding, skeleton, unclear = _read_by(name)
        problem = problem or unclear
    paints = layout.system in ("diffusion", "spctrl", "controlnet")
    points = f"{len(skeleton)} points{' of animals' * (skeleton == ap10k17)}; " if skeleton and not paints else ""
    speed = "seconds a person on a GPU, minutes without" if layout.system == "sdpose" else "about a second a person"
    return Weights(
        name=name,
        does=f"{points}your own {_called[layout.system]}",
        kind=_kinds.get(layout.system, "estimate"),
        system=layout.system,
        skeleton=skeleton,
        source="user",
        files=(),
        megabytes=round(layout.megabytes, 1),
        licence="yours to know",
        speed="seconds a picture on a GPU, minutes without" if paints else speed,
        path=None if problem else layout.path,
        problem=f"{problem} in {layout.path}" if problem else "",
        widths=layout.widths,
        side=layout.side,
        encoding=encoding,
    )


def _read_by(name: str) -> tuple[Encoding | None, Skeleton | None, str]:
    """What a user's ControlNet reads, by its name alone, or why that cannot be told."""
    said = name.lower()
    if "animal" in said or "ap10k" in said:
        return "openpose", ap10k17, ""
    if "pose" in said:
        thick = "thick" in said or "xinsir" in said  # whose model for SDXL learned lines of its own width
        return "openpose-thick" if thick else "openpose", openpose18, ""
    return (
        None,
        None,
        "expected 'pose' or 'animal' in a ControlNet's name, which alone says what it reads, got neither",
    )


# ── embedded files, by their contents ──


def locate(name: str, folder: Path | None = None) -> dict[str, Path]:
    """Paths of an embedded model's files by file name, each of the right size and sha256; MissingWeights otherwise.

    `folder` holds one folder per model; without it, the project's own.
    """
    weights = entry(name)
    if weights.source != "embedded":
        raise MissingWeights(f"expected a model that comes with the project, got {name!r}")
    paths = {file.name: (folder or embedded_folder) / weights.name / file.name for file in weights.files}
    for file in weights.files:
        _verify(paths[file.name], file)
    return paths


def _verify(path: Path, file: WeightFile) -> None:
    # The embedded files are part of the project, so getting the project again is always the way out.
    way_out = f"restore it with `git restore {path}` or download the project again"
    if not path.is_file():
        raise MissingWeights(f"expected the file {path}, got none: {way_out}")
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise MissingWeights(f"expected {file.size} bytes in {path}, got {size}: {way_out}")
    with path.open("rb") as stream:  # 35 ms for the 22 MB of the quick model: not worth remembering
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if file.sha256 is not None and found != file.sha256:
        raise MissingWeights(f"expected {path} with sha256 {file.sha256}, got {found}: {way_out}")
