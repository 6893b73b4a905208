"""How good a pose estimator is on annotated pictures: OKS, AP and PCK as the field counts them.

Annotations are files in COCO's form. People are those with labelled points; crowds and people without are neither
asked for nor held against a model that finds them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.box import Box
from engine.detect import share_within
from engine.measure import matched, oks, pck
from engine.pose import Person, Pose2D, State
from engine.skeleton import Skeleton, ap10k17, skeletons, wholebody133

needed = {
    "images": ("id", "file_name"),
    "annotations": ("image_id", "category_id", "bbox", "keypoints"),
    "categories": ("id",),
}
oks_levels = np.linspace(0.5, 0.95, 10)
recall_levels = np.linspace(0, 1, 101)
pck_alpha = 0.2  # of the longer side of the annotated box
# A figure fills about half its box: what CrowdPose's own evaluation takes where a file gives no area.
area_of_box = 0.53
whole_parts = (("foot", 17, 23), ("face", 23, 91), ("lefthand", 91, 112), ("righthand", 112, 133))


@dataclass(frozen=True)
class Truth:
    """An annotated figure: its labelled points (the others missing), its box in px and area in px²."""

    person: Person
    box: Box
    area: float


@dataclass(frozen=True)
class Example:
    """A picture's file name with the figures to be found in it, and the boxes where anything found goes uncounted."""

    file_name: str
    people: tuple[Truth, ...]
    uncounted: tuple[Box, ...]


@dataclass(frozen=True)
class Figures:
    """What came out: people asked for, their mean OKS, AP and PCK, the share found by detection, seconds a picture."""

    people: int
    mean_oks: float
    ap: float
    pck: float
    found: float
    seconds_per_image: float


# ── reading ──


def read_examples(file: Any) -> list[Example]:
    """The pictures of a COCO-format file that have somebody to find; ValueError for what is no such file."""
    for key, wanted in needed.items():
        rows = file.get(key) if isinstance(file, dict) else None
        if not isinstance(rows, list):
            raise ValueError(f"expected a COCO annotation file with {', '.join(needed)}, got no {key}")
        for n, row in enumerate(rows):
            if lacking := [field for field in wanted if field not in row]:
                raise ValueError(f"expected {', '.join(wanted)} in {key}, got no {lacking[0]} in number {n}")
    names = {category["id"]: tuple(category.get("keypoints", ())) for category in file["categories"]}
    examples = []
    for image in file["images"]:
        here = [a for a in file["annotations"] if a["image_id"] == image["id"]]
        people, uncounted = [], []
        for annotation in here:
            truth = _truth(annotation, names.get(annotation["category_id"], ()))
            if annotation.get("iscrowd") or not truth.person.present.any():
                uncounted.append(truth.box)
            else:
                people.append(truth)
        if people:
            examples.append(Example(image["file_name"], tuple(people), tuple(uncounted)))
    if not examples:
        raise ValueError("expected at least one annotated figure with labelled points, got none")
    return examples


def _truth(annotation: dict[str, Any], names: tuple[str, ...]) -> Truth:
    x, y, w, h = annotation["bbox"]
    rows = np.array(annotation["keypoints"], dtype=float).reshape(-1, 3)
    skeleton = _skeleton(names, len(rows))
    if "foot_kpts" in annotation:  # COCO-WholeBody: the parts stand beside the body's 17
        skeleton, body = wholebody133, rows
        rows = np.zeros((len(skeleton), 3))
        rows[: len(body)] = body
        for part, first, end in whole_parts:
            if annotation.get(f"{part}_valid"):
                rows[first:end] = np.array(annotation[f"{part}_kpts"], dtype=float).reshape(-1, 3)
    labelled = rows[:, 2] > 0
    states: tuple[State, ...] = tuple("visible" if here else "missing" for here in labelled)
    person = Person(skeleton, rows[:, :2] * labelled[:, None], labelled.astype(float), states)
    return Truth(person, Box(x, y, x + w, y + h), float(annotation.get("area") or area_of_box * w * h))


def _skeleton(names: tuple[str, ...], count: int) -> Skeleton:
    """The skeleton whose joints are named so, or, where the names are a file's own, the only one of that many."""
    by_name = [s for s in skeletons.values() if s.joints == names and len(s) == count]
    found = by_name or [s for s in skeletons.values() if len(s) == count]
    if len(found) != 1:
        raise ValueError(
            f"expected the joints of one of {', '.join(skeletons)}, got {count} points named {names[:5]} …"
        )
    return found[0]


# ── measuring ──


def evaluate(
    examples: Sequence[Example],
    skeleton: Skeleton,
    photo: Callable[[str], np.ndarray],
    estimate: Callable[[np.ndarray, list[Box] | None], Pose2D],
    detect: Callable[[np.ndarray], list[Box]],
    use_boxes: bool = True,
) -> Figures:
    """Figures of an estimator of `skeleton` on the examples, compared on the joints that it and they both have.

    `photo` opens a file name; `estimate` gets the annotated boxes, or None to find people itself. `found` counts
    annotated people whose box one of `detect` overlaps by more than half, whoever drew the boxes for the points.
    """
    _check_comparable(skeleton, examples)
    likeness: list[float] = []
    correct: list[float] = []
    scored: list[tuple[float, np.ndarray]] = []
    boxes_found, seconds = 0, 0.0
    for example in examples:
        picture = photo(example.file_name)
        true_boxes = [truth.box for truth in example.people]
        boxes_found += len(matched(detect(picture), true_boxes))
        started = time.perf_counter()
        pose = estimate(picture, true_boxes if use_boxes else None)
        seconds += time.perf_counter() - started
        people = [_whole(person) for person in pose.people]
        table = np.array([[oks(p, t.person, t.area) for t in example.people] for p in people])
        table = table.reshape(len(people), len(example.people))
        pairs = [(i, i) for i in range(len(people))] if use_boxes else _best_pairs(table)
        likeness += [table[i, k] for i, k in pairs]
        correct += [
            pck(people[i], example.people[k].person, max(true_boxes[k].width, true_boxes[k].height), pck_alpha)
            for i, k in pairs
        ]
        scored += _scored(people, table, example.uncounted)
    count = sum(len(example.people) for example in examples)
    return Figures(
        people=count,
        mean_oks=float(sum(likeness) / count),
        ap=_average_precision(scored, count),
        pck=float(sum(correct) / count),
        found=boxes_found / count,
        seconds_per_image=seconds / len(examples),
    )


def _check_comparable(skeleton: Skeleton, examples: Iterable[Example]) -> None:
    for found in {truth.person.skeleton.name: truth.person.skeleton for e in examples for truth in e.people}.values():
        # An animal's shoulder has a person's name, not a person's place: figures of one on the other would mislead.
        if (found == ap10k17) != (skeleton == ap10k17):
            kinds = ("people", "animals")
            raise ValueError(
                f"expected annotations of {kinds[skeleton == ap10k17]} for a model of {skeleton.name}, "
                f"got {kinds[found == ap10k17]} ({found.name})"
            )
        if not set(found.joints) & set(skeleton.joints):
            raise ValueError(f"expected annotations with joints of {skeleton.name}, got {found.name}, which has none")


def _whole(person: Person) -> Person:
    """The figure with every joint counted, as COCO does, however unsure."""
    return Person(person.skeleton, person.points, person.scores)


def _best_pairs(table: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (found, true) of a table of OKS, the most alike first, each once."""
    pairs: list[tuple[int, int]] = []
    for flat in np.argsort(-table, axis=None):
        i, k = divmod(int(flat), table.shape[1])
        if table[i, k] > 0 and all(i != a and k != b for a, b in pairs):
            pairs.append((i, k))
    return pairs


def _scored(people: list[Person], table: np.ndarray, uncounted: tuple[Box, ...]) -> list[tuple[float, np.ndarray]]:
    """Score of each figure of one picture, and whether it is right (1), wrong (0) or uncounted (-1) at each OKS level.

    The surest figures take their best free match first, as in COCO's evaluation.
    """
    verdicts = np.zeros((len(people), len(oks_levels)))
    order = sorted(range(len(people)), key=lambda i: -people[i].score)
    for level, least in enumerate(oks_levels):
        free = np.ones(table.shape[1], dtype=bool)
        for i in order:
            best = int(np.argmax(np.where(free, table[i], -1.0)))
            if free[best] and table[i, best] >= least:
                verdicts[i, level], free[best] = 1, False
            elif any(share_within(people[i].box(), box) > 0.5 for box in uncounted):  # in a crowd, or nobody labelled
                verdicts[i, level] = -1
    return [(people[i].score, verdicts[i]) for i in order]


def _average_precision(scored: list[tuple[float, np.ndarray]], count: int) -> float:
    """COCO's AP: precision at 101 recalls, averaged over them and the OKS levels .50 … .95; no limits of size."""
    scored = sorted(scored, key=lambda each: -each[0])
    total = 0.0
    for level in range(len(oks_levels)):
        right = np.array([v[level] for _, v in scored if v[level] >= 0])
        hits = np.cumsum(right)
        precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
        at = np.searchsorted(hits / count, recall_levels - 1e-9, side="left")
        total += np.append(precision, 0.0)[at].mean()  # recalls never reached have precision 0
    return float(total / len(oks_levels))
