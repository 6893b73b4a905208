"""JSON of the published SDPose demo: OpenPose's keys with other points behind them. Read right here, never written.

The body model's 17 points stand in COCO's order; whole-body points, in COCO-WholeBody's order, are cut up at the places
of another list of 134, so that parts begin too early and hands are swapped. One point at the end is always empty.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.formats.checks import keyed, listed, most_people, number, size_of, within_limits
from engine.pose import Person, Pose2D, State
from engine.skeleton import coco17, wholebody133

# Keys in the order in which they hold the list, and how many points each does; `foot` is in no file of OpenPose.
parts = {
    "pose_keypoints_2d": 18, "foot_keypoints_2d": 6, "face_keypoints_2d": 68,
    "hand_right_keypoints_2d": 21, "hand_left_keypoints_2d": 21,
}  # fmt: skip
body_key, foot_key = "pose_keypoints_2d", "foot_keypoints_2d"


def is_sdpose_json(value: Any) -> bool:
    """Whether a JSON value is a frame the demo wrote: people with feet, and the demo's peculiar counts and gaps."""
    people = value.get("people") if isinstance(value, dict) else None
    return isinstance(people, list) and bool(people) and all(_is_person(person) for person in people)


def _is_person(person: Any) -> bool:
    if not isinstance(person, dict) or not all(isinstance(person.get(key), list) for key in parts):
        return False
    counts = {key: len(person[key]) for key in parts}
    beside = [v for key in parts if key != body_key for v in person[key]]
    if counts[body_key] == 3 * len(coco17):
        return not any(beside)
    if counts != {key: 3 * count for key, count in parts.items()}:
        return False
    # The demo leaves no point out, so that only the last triplet is empty. Other programs' files have gaps elsewhere.
    flat = [*person[body_key], *beside]
    empty = [not any(flat[i : i + 3]) for i in range(0, len(flat), 3)]
    return empty[-1] and not any(empty[:-1])


def from_sdpose_json(value: Any) -> Pose2D:
    """The pose of a frame the demo wrote; scores are cut to 0 … 1, points scored 0 or less are missing."""
    frame = keyed(value, "the file", "people", "canvas_width", "canvas_height")
    people = listed(frame["people"], "people", at_most=most_people)
    size = size_of([frame["canvas_width"], frame["canvas_height"]], "canvas_width, canvas_height")
    return within_limits(Pose2D(size, tuple(_person(person, f"person {n}") for n, person in enumerate(people, 1))))


def _person(value: Any, where: str) -> Person:
    person = keyed(value, where, *parts)
    is_body = len(listed(person[body_key], f"{where}, {body_key}")) == 3 * len(coco17)
    skeleton = coco17 if is_body else wholebody133
    flat = [
        number(v, f"{where}, {key}")
        for key in parts
        for v in listed(person[key], f"{where}, {key}", count=None if is_body else 3 * parts[key])
    ]
    rows = np.array(flat[: 3 * len(skeleton)]).reshape(-1, 3)
    states: tuple[State, ...] = tuple("visible" if score > 0 else "missing" for score in rows[:, 2])
    return Person(skeleton, rows[:, :2], rows[:, 2].clip(0, 1), states)
