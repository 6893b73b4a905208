"""Arms of an SP-Ctrl training compared: how painted poses were kept, how like rendered pictures they are, and words.

A run is what evaluate_spctrl.py painted of a set with one arm: SETS/<set>/<run>/.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from engine.sd_latents import latents_of
from scripts.evaluation.painting_scores import Networks, Source, read, scores
from scripts.evaluation.painting_set import PaintingSet
from scripts.evaluation.painting_set import read as read_set
from scripts.evaluation.prompt_judges import Judges, Known, words_of

# Pictures of a set, by what follows its file's name.
kinds: dict[str, Callable[[dict[str, Any]], bool]] = {
    "": lambda _entry: True,
    "several": lambda entry: len(entry["figures"]) > 1,
    "cut": lambda entry: len(entry["figures"]) == 1 and entry["framing"] in ("half", "close"),
}
real = "rendered pictures"  # the upper bound, beside the runs
at_once = 32


@dataclass(frozen=True)
class Score:
    """A run's figures on a set, as one estimator sees its poses.

    Pose mAP, OKS and PCK at 0.2 of the torso are of the first picture of each pose; `frechet` and `diversity` by the
    painter's autoencoder, `style` and `color` the shares that the prompt's judges find right; None where not measured.
    `each` has every figure's OKS, so that two runs can be compared figure by figure.
    """

    run: str
    asked: str
    estimator: str
    pictures: int
    ap: float
    oks: float
    pck: float
    frechet: float | None
    diversity: float | None
    style: float | None = None
    color: float | None = None
    each: tuple[float, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        return self.run, self.asked, self.estimator


@dataclass(frozen=True, eq=False)
class Asked:
    """A set of the rendered world: its name on the page, its poses, its file's entries by number, its pictures."""

    name: str
    of: PaintingSet
    entries: Mapping[int, dict[str, Any]]
    images: Path


def asked(name: str, annotations: Path, images: Path, limit: int | None = None) -> Asked:
    """The set in an annotation file, only its first pictures with `limit`.

    With `#several` behind the file's name only pictures of several figures, with `#cut` only of one that is cut off.
    """
    file, _, which = str(annotations).partition("#")
    entries = {image["id"]: image for image in json.loads(Path(file).read_text("utf-8"))["images"]}
    whole, chosen = read_set(Path(file)), kinds[which]
    of = replace(whole, asked=tuple(one for one in whole.asked if chosen(entries[one.number])))
    return Asked(name, of.first(limit), entries, images)


@dataclass(frozen=True, eq=False)
class Words:
    """Who judges whether pictures show their prompts' words, through which autoencoder, at what side in px."""

    judges: Judges
    vae: Any
    side: int

    def __call__(self, asked: Asked, source: Source) -> dict[str, float]:
        """Shares of the first pictures whose style, and whose colour where one is asked for, is judged right."""
        files = [(one.number, found[0]) for one in asked.of.asked if (found := source.files(one))]
        parts = []
        for start in range(0, len(files), at_once):
            some = [Image.fromarray(read(file)) for _, file in files[start : start + at_once]]
            parts.append(latents_of(self.vae, [np.asarray(one.resize((self.side, self.side))) for one in some]))
        style, shares, main = words_of([asked.entries[number] for number, _ in files])
        return self.judges.figures(Known(torch.from_numpy(np.concatenate(parts)).float(), style, shares, main))


def measured(asked: Asked, source: Source, by: Sequence[Networks], words: Words | None, keep: Path) -> list[Score]:
    """A run's figures by each estimator; keypoints found are kept in the folder `keep`."""
    told = {} if words is None else words(asked, source)
    pictures = Source(real, asked.images, real=True)
    keep.mkdir(parents=True, exist_ok=True)
    found = []
    for networks in by:
        one = scores(asked.of, source, pictures, networks, keep / f"{source.name}-{networks.estimator}.jsonl")
        assert one.ap is not None
        assert one.mean_oks is not None
        assert one.pck is not None
        found.append(Score(
            source.name, asked.name, networks.estimator, one.pictures, one.ap, one.mean_oks, one.pck, one.frechet,
            one.diversity, told.get("style"), told.get("color"), tuple(round(oks, 4) for oks in one.each_oks),
        ))  # fmt: skip
    return found


def read_scores(path: Path) -> list[Score]:
    """What `write_scores` wrote."""
    return [Score(**{**row, "each": tuple(row["each"])}) for row in json.loads(path.read_text("utf-8"))]


def gain(better: Score, worse: Score) -> tuple[float, float]:
    """By how much one run's mean OKS is above another's on the same figures, and the standard error of that.

    ValueError when they are not of the same figures.
    """
    if not better.each or len(better.each) != len(worse.each):
        raise ValueError(f"expected figures to compare one by one, got {len(better.each)} and {len(worse.each)}")
    differences = np.subtract(better.each, worse.each)
    return float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(len(differences)))


def write_scores(found: Sequence[Score], path: Path) -> None:
    """Writes scores as JSON."""
    path.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n", "utf-8")
