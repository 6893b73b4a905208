"""The one table of models: what each does, where its files are, how to know they are the right ones, its licence."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.skeleton import Skeleton, coco17, wholebody133

Kind = Literal["estimate", "lift", "complete", "body", "paint"]

embedded_folder = Path(__file__).parent.parent / "assets" / "weights"


class MissingWeights(ValueError):
    """A model's file is absent or not the right one; the message names the file, what was expected, and the way out."""


@dataclass(frozen=True)
class WeightFile:
    """One file of a model: its name, size in bytes and sha256 where they are known."""

    name: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Hub:
    """A repository on the Hugging Face hub, at one revision."""

    repository: str
    revision: str = "main"


@dataclass(frozen=True)
class Weights:
    """One model of the table. `source` is embedded (under `assets/weights/<name>`), the hub, or the user's own file.

    `ready` says whether this version can run it: the menu lists only what is ready and present.
    """

    name: str
    does: str
    kind: Kind
    skeleton: Skeleton | None
    source: Literal["embedded", "user"] | Hub
    files: tuple[WeightFile, ...]
    licence: str
    speed: str
    ready: bool = True


table: tuple[Weights, ...] = (
    Weights(
        name="quick",
        does="finds people and their 17 body points; MoveNet thunder and multipose",
        kind="estimate",
        skeleton=coco17,
        source="embedded",
        files=(
            WeightFile(
                "movenet-thunder.onnx", 12606580, "c6cec3651987b41acd8366cbba311035687683ae0ac95ed0fb49ff1eae9c4f96",
            ),
            WeightFile(
                "movenet-multipose.onnx", 9621738, "5f30475b29d6873e3109d2cf12be17cb343b84a6e03008e099cdf0492fb6def5",
            ),
        ),
        licence="Apache-2.0",
        speed="a fraction of a second on any computer",
    ),
    Weights(
        name="sdpose-body",
        does="17 body points, made for art as well as photos; SDPose-Body",
        kind="estimate",
        skeleton=coco17,
        source=Hub("teemosliang/SDPose-Body"),
        files=(),
        licence="MIT",
        speed="seconds a person on a GPU, minutes without",
        ready=False,
    ),
    Weights(
        name="sdpose-wholebody",
        does="133 points with hands, face and feet; SDPose-Wholebody",
        kind="estimate",
        skeleton=wholebody133,
        source=Hub("teemosliang/SDPose-Wholebody"),
        files=(),
        licence="MIT",
        speed="seconds a person on a GPU, minutes without",
        ready=False,
    ),
)  # fmt: skip


def entry(name: str) -> Weights:
    """The table's entry of that name; ValueError lists the known ones."""
    for weights in table:
        if weights.name == name:
            return weights
    raise ValueError(f"expected one of the models {', '.join(w.name for w in table)}, got {name!r}")


def usable(kind: Kind, folder: Path | None = None) -> tuple[Weights, ...]:
    """The models of a kind that this version runs and whose files are there (sizes checked, contents not yet)."""
    return tuple(w for w in table if w.kind == kind and w.ready and _present(w, folder))


def locate(name: str, folder: Path | None = None) -> dict[str, Path]:
    """Paths of a model's files by file name, each of the right size and sha256; MissingWeights otherwise.

    `folder` holds one folder per model; without it, the embedded ones.
    """
    weights = entry(name)
    if not weights.ready:
        raise MissingWeights(f"expected a model this version can run, got {name!r}, which is not supported here yet")
    paths = {file.name: _path(weights, file, folder) for file in weights.files}
    for file in weights.files:
        _verify(paths[file.name], file)
    return paths


def _path(weights: Weights, file: WeightFile, folder: Path | None) -> Path:
    return (folder or embedded_folder) / weights.name / file.name


def _present(weights: Weights, folder: Path | None) -> bool:
    paths = [(_path(weights, file, folder), file) for file in weights.files]
    return all(path.is_file() and file.size in (None, path.stat().st_size) for path, file in paths)


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
