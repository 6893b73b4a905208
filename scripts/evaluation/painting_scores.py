"""Measuring painted pictures: how their poses were kept, how like real ones they are, whether detectors see figures.

Poses are counted as AP-10K's and Human-Art's tables are: estimated in the annotated boxes of the first picture of each
pose, doubles left out, then COCO's AP, by category and then their mean. What cannot be measured says what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

from engine.box import Box
from engine.estimate import Detector
from engine.measure import oks, pck
from engine.photo import read_photo
from engine.picture_scores import Features, TextFeatures, clip_score, diversity, frechet, without_words
from engine.pose import Person, State
from engine.skeleton import Skeleton
from engine.verify import drift, torso_of
from scripts.evaluate_sdpose import Boxes, Predict, Predictions, find
from scripts.evaluation.painting_run import counted, path
from scripts.evaluation.painting_set import Asked, PaintingSet
from scripts.keypoint_metric import Instance, without_doubles

at_once = 32  # pictures in memory


@dataclass(frozen=True)
class Source:
    """Pictures to measure: a run's, or the real ones where `folder` is theirs; `made_by` tells predictions apart."""

    name: str
    folder: Path
    real: bool = False

    def files(self, asked: Asked) -> list[Path]:
        """The pictures of a pose, the first that counts in front."""
        if self.real:
            file = self.folder / asked.file
            return [file] if file.is_file() else []
        return [path(self.folder, asked, n) for n in range(counted(self.folder, asked))]


@dataclass(frozen=True)
class Networks:
    """What measures: an estimator's skeleton and points, its name, and whatever else is there."""

    estimator: str
    skeleton: Skeleton
    predict: Predict
    features: Features | None = None
    clip: TextFeatures | None = None
    detector: Detector | None = None


@dataclass(frozen=True)
class Scores:
    """One row: figures 0 … 1 but `frechet` and `clip` (0 … 100), None where not measured, and why.

    `each_oks` are the OKS of the figures in the annotations' order, for comparing two rows figure by figure.
    """

    name: str
    pictures: int
    ap: float | None = None
    mean_oks: float | None = None
    pck: float | None = None
    frechet: float | None = None
    clip: float | None = None
    detection: float | None = None
    diversity: float | None = None
    not_measured: tuple[str, ...] = field(default=())
    each_oks: tuple[float, ...] = field(default=(), repr=False)


def scores(of: PaintingSet, source: Source, real: Source | None, by: Networks, keep: Path | None = None) -> Scores:
    """All that can be measured of a source's pictures; predicted keypoints are kept in the file `keep`."""
    files = {one.number: source.files(one) for one in of.asked}
    there = [one for one in of.asked if files[one.number]]
    if not there:
        raise ValueError(f"expected pictures of the set in {source.folder}, got none")
    lacking: list[str] = []
    if len(there) < len(of.asked):
        lacking.append(f"{len(of.asked) - len(there)} of {len(of.asked)} pictures, which are not there")
    firsts = [files[one.number][0] for one in there]
    ap, likeness, correct = pose_scores(of, there, firsts, source, by, keep)
    return Scores(
        source.name, len(firsts), ap, float(likeness.mean()), float(correct.mean()),
        frechet=_frechet(of, firsts, source, real, by, lacking),
        clip=_clip(there, firsts, by, lacking),
        detection=_detection(of, there, firsts, by, lacking),
        diversity=_diversity([files[one.number] for one in there], by, source, lacking),
        not_measured=tuple(lacking),
        each_oks=tuple(likeness.tolist()),
    )  # fmt: skip


# ── poses ──


def pose_scores(
    of: PaintingSet, there: Sequence[Asked], firsts: Sequence[Path], source: Source, by: Networks, keep: Path | None
) -> tuple[float, np.ndarray, np.ndarray]:
    """AP of the figures found in the annotated boxes, and each one's OKS and PCK at 0.2 of the torso."""
    if lacking := set(of.skeleton.joints) - set(by.skeleton.joints):
        which = "animals, such as vitpose-animals" if of.kind == "animal" else "people, such as quick"
        raise ValueError(f"expected an estimator of {which}, got {by.estimator} without {min(lacking)}")
    figures = _figures(of, there)
    boxes: Boxes = {number: [(box, 1.0) for _, box in here] for number, here in figures.items()}
    made_by = {"model": by.estimator, "set": of.name, "pictures": source.name}
    found = Predictions(keep, made_by)
    images = [
        {"id": one.number, "file_name": str(file.relative_to(source.folder))}
        for one, file in zip(there, firsts, strict=True)
    ]
    find(images, source.folder, boxes, by.predict, found)
    where, on = by.skeleton.indices(of.skeleton.joints), of.skeleton
    pairs = [
        (annotation, Instance(number, instance.keypoints[where], instance.box, instance.box_score))
        for number, here in figures.items()
        for (annotation, _), instance in zip(here, found.by_image[number], strict=True)
    ]
    likeness, correct = np.transpose([_compared(annotation, instance, on) for annotation, instance in pairs])
    return average_precision(of, {one.number for one in there}, pairs), likeness, correct


def _figures(of: PaintingSet, there: Iterable[Asked]) -> dict[int, list[tuple[dict[str, Any], Box]]]:
    """By picture, annotations with labelled joints, no crowds, and their boxes cut to the picture."""
    sizes = {one.number: one.pose.size for one in there}
    found: dict[int, list[tuple[dict[str, Any], Box]]] = {number: [] for number in sizes}
    for one in of.annotations["annotations"]:
        if one["image_id"] not in sizes or one.get("iscrowd") or not any(v > 0 for v in one["keypoints"][2::3]):
            continue
        (x, y, w, h), (width, height) = one["bbox"], sizes[one["image_id"]]
        x0, y0 = max(x, 0), max(y, 0)
        box = Box(x0, y0, min(width - 1, x0 + w), min(height - 1, y0 + h))
        if box.width > 0 and box.height > 0:
            found[one["image_id"]].append((one, box))
    return found


def _compared(annotation: dict[str, Any], instance: Instance, on: Skeleton) -> tuple[float, float]:
    """OKS and PCK of a figure found against its annotation, every joint counted however unsure."""
    rows = np.array(annotation["keypoints"], float).reshape(-1, 3)
    states: tuple[State, ...] = tuple("visible" if seen else "missing" for seen in rows[:, 2] > 0)
    true = Person(on, rows[:, :2], (rows[:, 2] > 0).astype(float), states)
    found = Person(on, instance.keypoints[:, :2], np.clip(instance.keypoints[:, 2], 0, 1))
    return oks(found, true, _area(annotation)), pck(found, true, torso_of(true), drift)


def average_precision(of: PaintingSet, numbers: set[int], pairs: Iterable[tuple[dict[str, Any], Instance]]) -> float:
    """COCO's keypoint AP over the pictures of those numbers, by category, as AP-10K's own evaluation means it."""
    pairs = list(pairs)
    category = {id(instance): annotation["category_id"] for annotation, instance in pairs}
    sigmas = np.array(of.skeleton.sigmas)
    results = [
        {
            "image_id": each.image_id, "category_id": category[id(each)], "score": each.score,
            "keypoints": each.keypoints.ravel().tolist(),
        }
        for each in without_doubles([instance for _, instance in pairs], sigmas)
    ]  # fmt: skip
    true = [
        {
            **one, "id": n, "iscrowd": int(one.get("iscrowd", 0)), "area": _area(one),
            "num_keypoints": sum(seen > 0 for seen in one["keypoints"][2::3]),
        }  # number 0 would count as nobody's match
        for n, one in enumerate((a for a in of.annotations["annotations"] if a["image_id"] in numbers), start=1)
    ]  # fmt: skip
    return _coco(of, numbers, true, results, sigmas)[0]


def _area(annotation: dict[str, Any]) -> float:
    """As annotated; where none is, as CrowdPose counts."""
    return annotation.get("area") or 0.53 * annotation["bbox"][2] * annotation["bbox"][3]


def _coco(
    of: PaintingSet, numbers: set[int], true: list[dict], results: list[dict], sigmas: np.ndarray | None
) -> list[float]:
    """COCO's figures, AP and AP.75 first and third; of keypoints, or without sigmas of boxes. 0 for no results."""
    kind: Literal["bbox", "keypoints"] = "bbox" if sigmas is None else "keypoints"
    if not results:
        return [0.0] * 12
    said = {1: "figure"} if sigmas is None else {one["id"]: one["name"] for one in of.annotations["categories"]}
    file = {
        "images": [{"id": number} for number in sorted(numbers)],
        "categories": [{"id": number, "name": name} for number, name in said.items()],
        "annotations": true,
    }
    coco = COCO(file, print_function=_quiet)
    points = None if sigmas is None else list(sigmas)
    evaluation = COCOeval_faster(coco, coco.loadRes(results), kind, kpt_oks_sigmas=points, print_function=_quiet)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return [float(value) for value in evaluation.stats]


def _quiet(*_: object) -> None:
    """The evaluation's own words, which nobody needs."""


# ── pictures ──


def _frechet(
    of: PaintingSet, firsts: Sequence[Path], source: Source, real: Source | None, by: Networks, lacking: list[str]
) -> float | None:
    if source.real:
        return None
    if by.features is None:
        lacking.append("Fréchet distance: needs a network's features")
        return None
    reals = [file for one in of.asked for file in (real.files(one) if real else [])]
    if len(reals) < 2 or len(firsts) < 2:
        lacking.append("Fréchet distance: needs the real pictures (--images), and two of each at least")
        return None
    return frechet(features_of(firsts, by.features), features_of(reals, by.features))


def _clip(there: Sequence[Asked], firsts: Sequence[Path], by: Networks, lacking: list[str]) -> float | None:
    if by.clip is None:
        lacking.append(
            "CLIP-score: needs CLIP, such as clip-vit-large-patch14, in the folder of models or the hub's cache"
        )
        return None
    return clip_score(features_of(firsts, by.clip), by.clip.texts([without_words(one.prompt) for one in there]))


def _detection(
    of: PaintingSet, there: Sequence[Asked], firsts: Sequence[Path], by: Networks, lacking: list[str]
) -> float | None:
    """COCO's AP at an IoU of 0.75 of the boxes that a detector finds, whatever kinds of figure it takes them for."""
    if by.detector is None:
        lacking.append("detection: needs rtdetr (`python scripts/download_weights.py rtdetr`)")
        return None
    numbers = {one.number for one in there}
    true = [
        {
            "id": n, "image_id": one["image_id"], "category_id": 1, "bbox": one["bbox"],
            "area": one["bbox"][2] * one["bbox"][3], "iscrowd": int(one.get("iscrowd", 0)),
        }
        for n, one in enumerate((a for a in of.annotations["annotations"] if a["image_id"] in numbers), start=1)
    ]  # fmt: skip
    results = [
        {
            "image_id": one.number, "category_id": 1, "score": each.score,
            "bbox": [each.box.x0, each.box.y0, each.box.width, each.box.height],
        }
        for one, file in zip(there, firsts, strict=True)
        for each in by.detector.people(read(file))
    ]  # fmt: skip
    return _coco(of, numbers, true, results, None)[2]


def _diversity(groups: Sequence[Sequence[Path]], by: Networks, source: Source, lacking: list[str]) -> float | None:
    if source.real:
        return None
    network: Callable[[Sequence[np.ndarray]], np.ndarray] | None = by.clip or by.features
    several = [group for group in groups if len(group) > 1]
    if network is None or not several:
        lacking.append("diversity: needs several pictures of a pose (--count) and a network's features")
        return None
    return diversity(network([read(file) for file in group]) for group in several)


def features_of(files: Sequence[Path], network: Callable[[Sequence[np.ndarray]], np.ndarray]) -> np.ndarray:
    """Features (N, D) of pictures, opened some at a time."""
    groups = [files[n : n + at_once] for n in range(0, len(files), at_once)]
    return np.concatenate([network([read(file) for file in group]) for group in groups])


def read(file: Path) -> np.ndarray:
    """A picture (H, W, 3) uint8."""
    return read_photo(file.read_bytes(), file.name).image
