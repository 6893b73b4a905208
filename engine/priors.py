"""Pose priors by name: those that come with the project, a folder, or the authors' own, turned into ours when needed.

The authors' checkpoints are on the hub, the statistics that they are used with in their repository alone, under `data`:
whoever uses them puts these folders, or all of `data`, into `dposer-x` in the folder of models.
"""

from __future__ import annotations

from pathlib import Path

from engine import weights
from engine.dposer_checkpoint import convert
from engine.dposer_normalisers import of_part, read_normaliser
from engine.networks.dposer import Model, Part
from engine.prior_file import PriorFolder, file_name, save_prior
from engine.progress import Progress

embedded, published = "dposer-open", "dposer-x"
# The published files of each prior.
checkpoints: dict[tuple[Part, Model], str] = {
    ("body", "base"): "body/BaseMLP/last.ckpt", ("hand", "base"): "hand/BaseMLP/last.ckpt",
    ("face", "base"): "face/BaseMLP/last.ckpt", ("face-shape", "base"): "face_shape/BaseMLP/last.ckpt",
    ("wholebody", "mixed"): "wholebody/mixed/last.ckpt",
}  # fmt: skip
converted = "converted"


def open_priors(
    name: str | Path = embedded, models: Path | None = None, progress: Progress | None = None
) -> PriorFolder:
    """The priors of that name, or in that folder; `models` is the user's own folder of models.

    The authors' are turned into this project's files on first use, under `models`/dposer-x/converted. MissingWeights
    says how to get what is not here; ValueError names a file that is not the right one.
    """
    if isinstance(name, Path):
        return PriorFolder(name)
    if weights.entry(name, models).kind != "prior":
        raise ValueError(f"expected a model that is a pose prior, {embedded} or {published}, got {name!r}")
    if name != published:
        return PriorFolder(weights.require(name, models))
    if models is None:
        raise ValueError(f"expected a folder of models with {published} in it, got none")
    return _published(weights.require(name, models), models / published, progress)


def _published(source: Path, folder: Path, progress: Progress | None) -> PriorFolder:
    """The authors' priors, those files that are not there yet converted from the checkpoints in `source`."""
    into = folder / converted
    for i, ((part, model), checkpoint) in enumerate(checkpoints.items()):
        path = into / file_name(part, model)
        if path.is_file():
            continue
        if progress is not None:
            progress(i / len(checkpoints), f"converting {checkpoint}")
        normaliser = read_normaliser([_statistics(folder, one.name) for one in of_part[part]], part)
        save_prior(convert(source / checkpoint, part, model, normaliser, "mixed", published), path)
    return PriorFolder(into)


def _statistics(folder: Path, name: str) -> Path:
    """The file of means and deviations in the authors' folder of that name, wherever it lies in `folder`."""
    found = sorted(path for path in folder.glob(f"**/{name}/*normalize2.pt") if not path.name.startswith("rot6d"))
    if len(found) != 1:
        raise weights.MissingWeights(
            f"expected {name} with axis_normalize2.pt, from `data` of the authors' repository, in {folder}, "
            f"got {len(found) or 'none'}"
        )
    return found[0]
