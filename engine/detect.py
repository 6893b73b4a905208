"""Where the people are: MoveNet multipose on the whole picture, and on parts of it when people may be many or small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from engine.box import Box
from engine.measure import oks
from engine.pose import Person
from engine.skeleton import coco17

multiple = 32  # px: the network's sides are multiples of it
most = 6  # people the network reports at once


@dataclass(frozen=True)
class Detection:
    """A person found: the box in px, how sure (0 … 1), and the 17 rough points it comes with."""

    box: Box
    score: float
    person: Person


class PersonDetector:
    """Finds people. `session` is an onnxruntime session of movenet-multipose.

    `sides` px are the longer sides it sees the picture at. Figures that fill the picture are found whole at 256 and
    cut short at 448; of COCO's samples shrunk to half, 9 of 12 people are found at 256 and 11 at 448. `floor` is the
    least score: people score 0.15 … 0.8, hands, animals and furniture mostly below 0.13.
    """

    def __init__(self, session: Any, sides: tuple[int, ...] = (256, 448), floor: float = 0.15) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self.sides = sides
        self.floor = floor

    def people(self, photo: np.ndarray) -> list[Detection]:
        """The people in a photo (H, W, 3) uint8 RGB, the surest first; none is an empty list."""
        whole = Box.of((photo.shape[1], photo.shape[0]))
        found = distinct([d for side in self.sides for d in self._look(photo, whole, whole, side)])
        # The network counts to six and overlooks the small: then quarters of the picture are looked at too.
        tallest = max((max(d.box.width, d.box.height) for d in found), default=0.0)
        if len(found) >= most - 1 or tallest < max(whole.width, whole.height) / 4:
            closer = [d for part in _quarters(whole) for d in self._look(photo, part, whole, self.sides[-1])]
            found = distinct([*found, *closer])
        return found

    def _look(self, photo: np.ndarray, part: Box, whole: Box, side: int) -> list[Detection]:
        """People in a part of the photo seen at `side` px, but for those cut by an edge that is not the photo's."""
        x0, y0, x1, y1 = (round(v) for v in part)
        w, h = x1 - x0, y1 - y0
        scale = side / max(w, h)
        seen = max(1, round(w * scale)), max(1, round(h * scale))
        canvas = np.zeros((-(-seen[1] // multiple) * multiple, -(-seen[0] // multiple) * multiple, 3), np.uint8)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        canvas[: seen[1], : seen[0]] = cv2.resize(photo[y0:y1, x0:x1], seen, interpolation=how)
        rows = self._session.run(None, {self._input: canvas[None].astype(np.int32)})[0][0]  # (6, 56)
        # Normalised from edge to edge of the padded canvas.
        to_photo = np.array((canvas.shape[1] * w / seen[0], canvas.shape[0] * h / seen[1]))
        found = [_detection(row.astype(float), to_photo, np.array((x0, y0))) for row in rows if row[55] >= self.floor]
        return [d for d in found if d.box.area > 0 and not _cut(d.box, part, whole)]


def _detection(row: np.ndarray, scale: np.ndarray, origin: np.ndarray) -> Detection:
    """One row (56,) of the network: 17 × (y, x, score), then the box's y0, x0, y1, x1 and score."""
    joints = row[:51].reshape(17, 3)
    points = joints[:, [1, 0]] * scale + origin - 0.5
    y0, x0, y1, x1 = row[51:55]
    corners = np.array(((x0, y0), (x1, y1))) * scale + origin
    person = Person(coco17, points, np.clip(joints[:, 2], 0, 1))
    return Detection(Box(*corners.reshape(-1).tolist()), float(row[55]), person)


def _quarters(whole: Box) -> list[Box]:
    """Four parts of 60 % of each side: whoever is smaller than a fifth of the picture is whole in one of them."""
    w, h = whole.width, whole.height
    return [Box(x, y, x + 0.6 * w, y + 0.6 * h) for y in (0.0, 0.4 * h) for x in (0.0, 0.4 * w)]


def _cut(box: Box, part: Box, whole: Box) -> bool:
    near = 0.02 * max(part.width, part.height)
    sides = zip(box, part, whole, strict=True)
    return any(abs(mine - edge) < near and edge != end for mine, edge, end in sides)


def distinct(found: list[Detection]) -> list[Detection]:
    """The detections without those of somebody already there, the surest first."""
    kept: list[Detection] = []
    for each in sorted(found, key=lambda d: -d.score):
        if not any(_part(each, other) or same(each.person, other.person, each.box, other.box) for other in kept):
            kept.append(each)
    return kept


def _part(each: Detection, surer: Detection) -> bool:
    """Whether a detection is a large figure cut short: within somebody's box, and not half as sure as they are."""
    return each.score < surer.score / 2 and share_within(each.box, surer.box) > 0.8


def same(a: Person, b: Person, box_a: Box, box_b: Box) -> bool:
    """Whether two findings are one person: boxes that coincide, or poses that do.

    Two people who embrace share much of a box, hardly a pose: boxes alone decide only when nearly equal.
    """
    overlap = box_a.iou(box_b)
    return overlap > 0.75 or (overlap > 0.3 and oks(a, b, min(box_a.area, box_b.area) * 0.5) > 0.6)


def share_within(box: Box, other: Box) -> float:
    """Share of a box's area, 0 … 1, that lies in another."""
    w = min(box.x1, other.x1) - max(box.x0, other.x0)
    h = min(box.y1, other.y1) - max(box.y0, other.y0)
    return max(w, 0) * max(h, 0) / box.area if box.area > 0 else 0.0
