"""Exact labels of a drawn picture: 133 points and whether they are seen, boxes, and COCO-WholeBody's form of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from engine.body import Body
from engine.camera import Camera
from engine.formats.coco import parts
from engine.skeleton import coco17, wholebody133
from scripts.world.layers import Layers, materials
from scripts.world.staging import Standing

# How far under what is seen a point may lie and still be seen, metres: joints lie inside limbs, and cloth over them.
_depths = {
    "hip": 0.24, "shoulder": 0.15, "knee": 0.12, "elbow": 0.09, "ankle": 0.09, "wrist": 0.07, "ear": 0.05,
    "eye": 0.04, "nose": 0.04, "toe": 0.07, "heel": 0.07, "hand": 0.035, "face": 0.035,
}  # fmt: skip
least_seen = 0.3  # share of a hand's or the face's points that must be seen for it to be labelled at all
nearest = 0.05  # metres before the camera, from which on something is in the picture at all
least_pixels = 40  # of a figure, below which nobody would find it


def _allowed(joint: str) -> float:
    if joint.startswith("face_"):
        return _depths["face"]
    return next(depth for name, depth in _depths.items() if name in joint.replace("hand_root", "wrist"))


allowed = np.array([_allowed(joint) for joint in wholebody133.joints])


def seen_points(
    body: Body, one: Standing, number: int, camera: Camera, layers: Layers
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (133, 2) of a figure's points, and flags (133,): 2 seen, 1 hidden, 0 outside the picture.

    What lies behind the camera is outside, and nowhere: its pixel is NaN.

    A hand or a face of which little is seen is 0 as a whole, as people who label pictures leave it out.
    """
    with torch.inference_mode():
        places = body.faced(one.pose, camera, wholebody133)
    depth = camera.in_camera(places)[:, 2]
    points = camera.project(np.where(depth[:, None] > nearest, places, np.nan))
    columns, rows = np.rint(np.nan_to_num(points, nan=-1e6)).astype(int).T
    width, height = camera.size
    inside = (columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)
    flags = inside.astype(int)
    at = rows[inside], columns[inside]
    in_front = (layers.figure[at] != number) & (layers.depth[at] < depth[inside])
    near = layers.depth[at] > depth[inside] - allowed[inside]
    flags[inside] += near & ~in_front & (layers.material[at] != materials["prop"])
    for key, first, count in parts:
        some = slice(first, first + count)
        if key != "foot_kpts" and (flags[some] == 2).mean() < least_seen:
            flags[some] = 0
    return points, flags


def box_of(layers: Layers, number: int) -> tuple[tuple[int, int, int, int], int] | None:
    """The box (x, y, w, h) px of what is seen of a figure, its props apart, and its area; None where it is hardly."""
    mask = (layers.figure == number) & (layers.material != materials["prop"])
    area = int(mask.sum())
    if area < least_pixels:
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        (int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)),
        area,
    )


def annotation(
    points: np.ndarray, flags: np.ndarray, box: Sequence[float], area: float, scale: float
) -> dict[str, Any]:
    """One figure as COCO-WholeBody has it, in a picture `scale` times as large as the points are counted in."""
    # Pixel centres: what is at 0 at drawing size is not at 0 in a smaller picture.
    rows = np.concatenate([(points + 0.5) * scale - 0.5, flags[:, None]], axis=1)
    rows[flags == 0] = 0
    told: dict[str, Any] = {
        "category_id": 1, "iscrowd": 0, "bbox": [round(side * scale, 2) for side in box],
        "area": round(area * scale * scale, 1), "num_keypoints": int((flags[: len(coco17)] > 0).sum()),
        "keypoints": _flat(rows[: len(coco17)]),
    }  # fmt: skip
    for key, first, count in parts:
        told[key] = _flat(rows[first : first + count])
        told[key.replace("_kpts", "_valid")] = bool((flags[first : first + count] > 0).any())
    return told


def _flat(rows: np.ndarray) -> list[float]:
    return [round(float(value), 2) for value in rows.ravel()]
