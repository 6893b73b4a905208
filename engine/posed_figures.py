"""Painted mannequins in the library's poses, with exact labels: something to try training on without any data.

Left limbs are tinted warm and right ones cool, as the studio draws them, so that a small network can tell them
apart in minutes. No substitute for pictures of people: what learns from these alone knows mannequins.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from engine.augment import Figure
from engine.library import LibraryPose
from engine.pose import Person
from engine.skeleton import Skeleton, fingers, side_colors, side_of, wholebody133

Color = tuple[int, int, int]
sixteenth = 4  # OpenCV's binary places of a coordinate: ink lands to a sixteenth of a pixel
# Chains of joints with their width as a share of the shoulders-to-hips length, at the first and the last joint.
limbs = (
    *((f"{side}_hip", f"{side}_knee", 0.30, 0.22) for side in ("left", "right")),
    *((f"{side}_knee", f"{side}_ankle", 0.22, 0.13) for side in ("left", "right")),
    *((f"{side}_ankle", f"{side}_big_toe", 0.13, 0.10) for side in ("left", "right")),
    *((f"{side}_ankle", f"{side}_heel", 0.13, 0.10) for side in ("left", "right")),
    *((f"{side}_shoulder", f"{side}_elbow", 0.19, 0.15) for side in ("left", "right")),
    *((f"{side}_elbow", f"{side}_wrist", 0.15, 0.10) for side in ("left", "right")),
)
trunk = ("left_shoulder", "right_shoulder", "right_hip", "left_hip")


class PosedFigures:
    """`count` painted people on `skeleton`, one a picture of `size` (width, height); the same for the same seed."""

    def __init__(
        self,
        poses: Sequence[LibraryPose],
        skeleton: Skeleton,
        count: int = 1600,
        size: tuple[int, int] = (256, 320),
        seed: int = 0,
    ) -> None:
        self.poses = [pose for pose in poses if pose.person.skeleton == wholebody133]
        if not self.poses:
            raise ValueError(f"expected poses on {wholebody133.name}, got none")
        self.skeleton, self.count, self.size, self.seed = skeleton, count, size, seed

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Figure:
        return self.posed(index)[1]

    def posed(self, index: int) -> tuple[LibraryPose, Figure]:
        """The library's pose that figure number `index` stands in, and the figure."""
        rng = np.random.default_rng((self.seed, index + 1))
        pose = self.poses[int(rng.integers(len(self.poses)))]
        person = _placed(pose.person, self.size, rng)
        image = _ground(self.size, rng)
        _paint(image, person, rng)
        on = person.to(self.skeleton)
        box = person.box(0.03)
        return pose, Figure(image, box.clipped(self.size), np.array(on.points), on.present)


def _placed(person: Person, size: tuple[int, int], rng: np.random.Generator) -> Person:
    """The figure at a chance size and place within the picture."""
    box = person.box()
    room = np.array(size) * rng.uniform(0.6, 0.88)
    person = person.scaled(float(min(room / (box.width, box.height))))
    box = person.box(0.06)
    free = np.array(size) - (box.width, box.height)
    return person.shifted(rng.random(2) * np.maximum(free, 0) - (box.x0, box.y0))


def _ground(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A background (H, W, 3) uint8: a slope of colour with a few flat shapes, some of them limb-like, and grain."""
    width, height = size
    corners = rng.integers(30, 226, (2, 2, 3)).astype(np.float32)
    image = cv2.resize(corners, size, interpolation=cv2.INTER_LINEAR)
    for _ in range(int(rng.integers(0, 9))):
        a, b = (tuple(int(v) for v in rng.integers(0, (width, height))) for _ in range(2))
        color = tuple(float(v) for v in rng.integers(20, 236, 3))
        cv2.line(image, a, b, color, int(rng.integers(3, 26)), cv2.LINE_AA)
    image += rng.normal(0, rng.uniform(0, 10), image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def _paint(image: np.ndarray, person: Person, rng: np.random.Generator) -> None:
    """The mannequin painted into the picture: what hides behind first, then the trunk, limbs, head, hands."""
    shoulders = (person["left_shoulder"] + person["right_shoulder"]) / 2
    hips = (person["left_hip"] + person["right_hip"]) / 2
    head = (person["left_ear"] + person["right_ear"]) / 2
    skull = max(float(np.linalg.norm(person["face_jaw_9"] - head)), 3.0)
    # A trunk seen from its end is short; the head is a third of a trunk from every side.
    unit = max(float(np.linalg.norm(shoulders - hips)), 3.2 * skull)
    tones = {side: _tone(side, rng) for side in ("left", "right", "middle")}
    behind = [limb for limb in limbs if _is_behind(person, limb[1])]
    for limb in behind:
        _limb(image, person, limb, unit, tones)
    outline = np.array([person[joint] for joint in trunk])
    if person["left_shoulder"][0] < person["right_shoulder"][0]:  # seen from behind, the trunk is darker
        tones["middle"] = _shaded(tones["middle"], 0.7)
    _polygon(image, cv2.convexHull(outline.astype(np.float32))[:, 0], tones["middle"], 0.16 * unit)
    _stroke(image, shoulders, head, 0.14 * unit, 0.12 * unit, tones["middle"])
    for limb in limbs:
        if limb not in behind:
            _limb(image, person, limb, unit, tones)
    _head(image, person, head, skull, tones["middle"])
    _hands(image, person, unit, tones)


def _is_behind(person: Person, joint: str) -> bool:
    return person.states[person.skeleton.index(joint)] == "hidden"


def _tone(side: str, rng: np.random.Generator) -> Color:
    """The side's colour, a little off."""
    tone = np.clip(np.array(side_colors[side]) + rng.normal(0, 14, 3), 0, 255).astype(int)  # type: ignore[index]
    return int(tone[0]), int(tone[1]), int(tone[2])


def _shaded(color: Color, factor: float) -> Color:
    return int(color[0] * factor), int(color[1] * factor), int(color[2] * factor)


def _limb(
    image: np.ndarray, person: Person, limb: tuple[str, str, float, float], unit: float, tones: dict[str, Color]
) -> None:
    start, end, wide, narrow = limb
    _stroke(image, person[start], person[end], wide * unit, narrow * unit, tones[side_of(start)])


def _head(image: np.ndarray, person: Person, middle: np.ndarray, skull: float, color: Color) -> None:
    """A ball about the ears with the jaw below it, and a face where it is seen."""
    center = middle + (person["nose"] - person["face_jaw_9"]) * 0.35
    _disc(image, center, 0.86 * skull, _shaded(color, 0.45))
    _disc(image, center, 0.78 * skull, color)
    if not _is_behind(person, "nose"):
        _stroke(image, center, person["face_jaw_9"], 1.2 * skull, 0.6 * skull, color)
        for joint, tone in (("left_eye", "left"), ("right_eye", "right"), ("nose", "middle")):
            if not _is_behind(person, joint):
                _disc(image, person[joint], 0.17 * skull, _shaded(side_colors[tone], 0.55))  # type: ignore[index]


def _hands(image: np.ndarray, person: Person, unit: float, tones: dict[str, Color]) -> None:
    for side in ("left", "right"):
        if _is_behind(person, f"{side}_wrist"):
            continue
        root = person[f"{side}_hand_root"]
        for finger in fingers:
            joints = [person[f"{side}_hand_{finger}_{i}"] for i in range(1, 5)]
            for a, b in pairwise([root, *joints]):
                _stroke(image, a, b, 0.055 * unit, 0.045 * unit, tones[side])


# ── ink ──


def _fixed(place: np.ndarray) -> tuple[int, int]:
    x, y = np.round(np.asarray(place, dtype=float) * 2**sixteenth).astype(int)
    return int(x), int(y)


def _disc(image: np.ndarray, place: np.ndarray, radius: float, color: Color) -> None:
    cv2.circle(image, _fixed(place), max(round(radius * 2**sixteenth), 8), color, -1, cv2.LINE_AA, sixteenth)


def _stroke(image: np.ndarray, a: np.ndarray, b: np.ndarray, wide: float, narrow: float, color: Color) -> None:
    """A tapering limb with round ends and a dark rim."""
    for rim, tone in ((max(0.12 * narrow, 0.6), _shaded(color, 0.45)), (0.0, color)):
        r0, r1 = wide / 2 + rim, narrow / 2 + rim
        _disc(image, a, r0, tone)
        _disc(image, b, r1, tone)
        along = b - a
        if (length := float(np.linalg.norm(along))) > 1e-6:
            normal = np.array((-along[1], along[0])) / length
            corners = np.array([a + normal * r0, b + normal * r1, b - normal * r1, a - normal * r0])
            _fill(image, corners, tone)


def _polygon(image: np.ndarray, corners: np.ndarray, color: Color, rounding: float) -> None:
    """A filled outline with rounded corners and a dark rim."""
    for rim, tone in ((1.0, _shaded(color, 0.45)), (0.0, color)):
        for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            _stroke_plain(image, a, b, rounding + 2 * rim, tone)
        _fill(image, corners, tone)


def _stroke_plain(image: np.ndarray, a: np.ndarray, b: np.ndarray, width: float, color: Color) -> None:
    cv2.line(image, _fixed(a), _fixed(b), color, max(round(width), 1), cv2.LINE_AA, sixteenth)


def _fill(image: np.ndarray, corners: np.ndarray, color: Color) -> None:
    fixed = np.round(corners * 2**sixteenth).astype(np.int32)
    cv2.fillConvexPoly(image, fixed, color, cv2.LINE_AA, sixteenth)
