"""COCO's keypoint AP and AR as the published tables count them: rescored, doubles left out, per part for whole bodies.

An instance's score is its box's times the mean of its keypoint scores above 0.2; of two instances with an OKS above
0.9 the surer stays, with areas of the padded boxes. Then COCO's own evaluation (faster-coco-eval), once per part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

from engine.box import Box
from engine.skeleton import Skeleton, coco17, wholebody133

counted_from = 0.2
double_from = 0.9
box_padding, box_aspect = 1.25, 3 / 4
# COCO-WholeBody's parts: where they stand in its 133 points, and in its annotations.
parts: dict[str, tuple[slice, tuple[str, ...]]] = {
    "body": (slice(0, 17), ("keypoints",)),
    "feet": (slice(17, 23), ("foot_kpts",)),
    "face": (slice(23, 91), ("face_kpts",)),
    "left hand": (slice(91, 112), ("lefthand_kpts",)),
    "right hand": (slice(112, 133), ("righthand_kpts",)),
    "whole": (slice(0, 133), ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")),
}


@dataclass(frozen=True, eq=False)
class Instance:
    """A figure found in a picture: keypoints (K, 3) x, y px and score, and the box it was looked for in, with score."""

    image_id: int
    keypoints: np.ndarray
    box: Box
    box_score: float = 1.0

    @property
    def score(self) -> float:
        """The box's score times the mean of the keypoint scores that count, 0 without any."""
        sure = self.keypoints[:, 2][self.keypoints[:, 2] > counted_from]
        return float(self.box_score * sure.mean()) if len(sure) else 0.0

    @property
    def area(self) -> float:
        """Of the box as the network saw it: padded and grown to 3:4, px²."""
        w, h = self.box.width * box_padding, self.box.height * box_padding
        return max(w, h * box_aspect) * max(h, w / box_aspect)


@dataclass(frozen=True)
class Row:
    """A line of the published tables, 0 … 1; -1 where nothing of that kind is annotated."""

    ap: float
    ap50: float
    ap75: float
    ap_medium: float
    ap_large: float
    ar: float
    ar50: float
    ar75: float
    ar_medium: float
    ar_large: float


def table(file: dict[str, Any], image_ids: Iterable[int], found: Sequence[Instance], on: Skeleton) -> dict[str, Row]:
    """Rows by part of instances whose keypoints are `on` coco17 or wholebody133, over the pictures of those ids.

    `file` is COCO's or COCO-WholeBody's; on the latter 133 points give a row per part, and “hands”, the mean of both.
    """
    ids = set(image_ids)
    kept = without_doubles(found, np.array(on.sigmas))
    if on == wholebody133 and has_parts(file):
        rows = {part: _row(file, ids, kept, on, where, keys) for part, (where, keys) in parts.items()}
        left, right = asdict(rows["left hand"]), asdict(rows["right hand"])
        hands = Row(**{name: _mean(value, right[name]) for name, value in left.items()})
        return {**{part: row for part, row in rows.items() if part != "whole"}, "hands": hands, "whole": rows["whole"]}
    if on not in (coco17, wholebody133):
        raise ValueError(f"expected figures on coco17 or wholebody133, got {on.name}")
    where, keys = parts["body"]
    return {"body": _row(file, ids, kept, on, where, keys)}


def _mean(left: float, right: float) -> float:
    """The mean of two figures; the other one where a side is not annotated, -1 where neither is."""
    told = [figure for figure in (left, right) if figure >= 0]
    return sum(told) / len(told) if told else -1.0


def has_parts(file: dict[str, Any]) -> bool:
    """Whether annotations are COCO-WholeBody's, with feet, face and hands beside the body."""
    return any("foot_kpts" in annotation for annotation in file["annotations"])


# ── doubles ──


def without_doubles(found: Iterable[Instance], sigmas: np.ndarray) -> list[Instance]:
    """The instances of each picture but those too like a surer one, the surest first."""
    by_image: dict[int, list[Instance]] = {}
    for instance in sorted(found, key=lambda each: -each.score):
        kept = by_image.setdefault(instance.image_id, [])
        if all(_likeness(instance, other, sigmas) <= double_from for other in kept):
            kept.append(instance)
    return [instance for kept in by_image.values() for instance in kept]


def _likeness(one: Instance, other: Instance, sigmas: np.ndarray) -> float:
    """OKS over all keypoints, on the mean of both areas."""
    distance2 = ((one.keypoints[:, :2] - other.keypoints[:, :2]) ** 2).sum(1)
    return float(np.exp(-distance2 / (2 * sigmas) ** 2 / (one.area + other.area)).mean())


# ── COCO's evaluation ──


def _row(
    file: dict[str, Any], ids: set[int], found: list[Instance], on: Skeleton, where: slice, keys: tuple[str, ...]
) -> Row:
    """COCO's ten figures of one part; pictures and annotations beyond `ids` are left aside."""
    sigmas = np.array(on.sigmas)[where]
    true = COCO(
        {
            "images": [{"id": image["id"]} for image in file["images"] if image["id"] in ids],
            "categories": [{"id": 1, "name": "person"}],
            "annotations": [_truth(each, keys) for each in file["annotations"] if each["image_id"] in ids],
        },
        print_function=_quiet,
    )
    results = [
        {"image_id": each.image_id, "category_id": 1, "score": each.score, "keypoints": points.ravel().tolist()}
        for each in found
        if ((points := each.keypoints[where])[:, 2] > 0).any()  # a part with no point was not found
    ]
    if not results:
        return Row(*[0.0] * 10)
    evaluation = COCOeval_faster(
        true, true.loadRes(results), "keypoints", kpt_oks_sigmas=list(sigmas), print_function=_quiet
    )
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return Row(*(float(value) for value in evaluation.stats[:10]))


def _truth(annotation: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The annotation with the points of one part as its keypoints; without a labelled one it is ignored."""
    points = [number for key in keys for number in annotation[key]]
    x, y, w, h = annotation["bbox"]
    return {
        "id": annotation["id"],
        "image_id": annotation["image_id"],
        "category_id": 1,
        "bbox": [x, y, w, h],
        "area": annotation.get("area") or 0.53 * w * h,  # as CrowdPose counts where none is told
        "iscrowd": int(annotation.get("iscrowd", 0)),
        "keypoints": points,
        "num_keypoints": sum(seen > 0 for seen in points[2::3]),
    }


def _quiet(*_: object) -> None:
    """The evaluation's own words, which nobody needs."""
