"""Faces drawn on a painted figure, from the 68 points of the mannequin's face."""

from __future__ import annotations

import cv2
import numpy as np

from engine.mannequin import Posed, Seen
from engine.skeleton import wholebody133
from scripts.painting import color, mixed, soft

Place = tuple[float, float]


def features(shape: tuple[int, ...], body: Posed, seen: Seen, at: Place, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Lines of brows, lids, nose and mouth, and the lips' and irises' fill, (H, W) each, where the face is seen."""
    lines, fill = np.zeros(shape[:2], np.float32), np.zeros(shape[:2], np.float32)
    points = seen.person.points + np.array(at)

    def stroke(region: str, joints: range, thick: float, closed: bool = False, target: np.ndarray = lines) -> None:
        index = [wholebody133.index(f"face_{region}_{i}") for i in joints]
        if sum(seen.person.states[i] == "hidden" for i in index) > len(index) // 2:
            return
        path = np.round(points[index] * 16).astype(np.int32)
        if target is fill:
            cv2.fillPoly(target, [path], 1.0, cv2.LINE_AA, 4)
        else:
            cv2.polylines(target, [path], closed, 1.0, max(1, round(width * thick)), cv2.LINE_AA, 4)

    for side in ("left", "right"):
        stroke(f"{side}_brow", range(1, 6), 1.3)
        stroke(f"{side}_eye", range(1, 5), 1.2)
        eye = wholebody133.index(f"{side}_eye")
        if seen.person.states[eye] == "visible":
            radius = max(2, round(seen.scale(body[f"{side}_eye"]) * 0.0072))
            cv2.circle(lines, tuple(np.round(points[eye]).astype(int).tolist()), radius, 1.0, -1, cv2.LINE_AA)
    stroke("nose", range(5, 10), 0.8)
    stroke("mouth", range(13, 18), 1.0)
    stroke("mouth", range(1, 13), 1.0, target=fill)
    return lines, fill


def with_face(
    picture: np.ndarray, body: Posed, seen: Seen, at: Place, tone: str, lips: str, width: float = 2.0
) -> np.ndarray:
    """The picture with the face drawn in."""
    lines, fill = features(picture.shape, body, seen, at, width)
    return mixed(mixed(picture, color(lips), soft(fill, 0.8) * 0.75), color(tone), soft(lines, 0.6) * 0.9)
