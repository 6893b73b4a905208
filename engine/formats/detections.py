"""Bare lists of what a detector found in one picture: a box and points [x, y, score] for each figure, and no more."""

from __future__ import annotations

from typing import Any

from engine.formats.checks import listed, numbers
from engine.formats.coco import from_coco
from engine.pose import Pose2D
from engine.skeleton import coco17, wholebody133


def is_detections(value: Any) -> bool:
    """Whether a JSON value is such a list: figures with rows of points, that name no picture."""
    return isinstance(value, list) and bool(value) and all(map(_is_detection, value))


def _is_detection(value: Any) -> bool:
    points = value.get("keypoints") if isinstance(value, dict) and "image_id" not in value else None
    return isinstance(points, list) and bool(points) and all(isinstance(row, list) for row in points)


def from_detections(value: Any, size: tuple[int, int] | None = None) -> Pose2D:
    """The pose of such a list: 17 points are COCO's, 133 COCO-WholeBody's; `size`: the picture's, if known."""
    results = []
    for n, one in enumerate(value, 1):
        rows = listed(one["keypoints"], f"figure {n}, keypoints", at_most=len(wholebody133))
        flat = numbers(rows, f"figure {n}, keypoints", (len(rows), 3), "rows of x, y and score").ravel().tolist()
        results.append({"image_id": 0, "keypoints": flat})
    body = all(len(one["keypoints"]) == 3 * len(coco17) for one in results)
    return from_coco(results, size=size, skeleton=coco17 if body else wholebody133)
