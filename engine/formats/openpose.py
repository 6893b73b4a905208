"""OpenPose JSON, as OpenPose, ControlNet and ComfyUI write and read it: 18 or 25 points, hands, face, animals.

Parts are exchanged by joint name, so left stays the person's left. The size of the picture comes from the
file's canvas, else from the caller, else from a box around the points.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.formats.checks import (
    keyed,
    listed,
    longest_side,
    most_people,
    number,
    plain,
    refuse,
    seen,
    size_of,
    whole,
    within_limits,
)
from engine.pose import Person, Pose2D, State
from engine.skeleton import (
    Skeleton,
    ap10k17,
    face68,
    hand21,
    openpose18,
    openpose25,
    openpose130,
    openpose137,
    wholebody133,
)

# (key in the file, group of the skeleton, accepted numbers of points)
parts: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("face_keypoints_2d", "face", (68, 70)),
    ("hand_left_keypoints_2d", "left_hand", (21,)),
    ("hand_right_keypoints_2d", "right_hand", (21,)),
)
body_key = "pose_keypoints_2d"
# Normalised coordinates run from 0 to 1, a little beyond for a limb that leaves the picture.
normalised_reach = 1.5


# ── shared: what a figure is to a format that knows whole people only ──


def kind(person: Person) -> str:
    """`animal` or `human`."""
    return "animal" if person.skeleton == ap10k17 else "human"


def as_human(person: Person) -> Person:
    """A lone hand or face put on a whole figure; anybody else unchanged.

    A hand is the right one when the person's name says `right`, else the left.
    """
    if person.skeleton == hand21:
        side = "right" if "right" in person.name.lower() else "left"
        names = [f"{side}_hand_{joint}" for joint in hand21.joints]
    elif person.skeleton == face68:
        names = list(face68.joints)
    else:
        return person
    where = wholebody133.indices(names)
    points, scores = np.zeros((133, 2)), np.zeros(133)
    states: list[State] = ["missing"] * 133
    sources = ["model"] * 133
    points[where], scores[where] = person.points, person.scores
    for i, state, source in zip(where, person.states, person.sources, strict=True):
        states[i], sources[i] = state, source
    return Person(wholebody133, points, scores, tuple(states), tuple(sources), person.name)  # type: ignore[arg-type]


# ── out ──


def to_openpose(pose: Pose2D, points: int | None = None, normalised: bool = False, certain: bool = False) -> dict:
    """One frame: people with 18 or 25 body points (by default what each has), their hands and faces, and animals.

    `normalised` divides by the canvas; `certain` writes every score as 1, for the ControlNet editors
    that drop any point below it. A joint that is present with score 0 is written 1: 0 means absent there.
    """
    if points not in (None, 18, 25):
        raise ValueError(f"expected 18 or 25 body points, got {points}")
    unit = np.array(pose.size if normalised else (1, 1), dtype=float)
    animals = [_triplets(p, p.skeleton.joints, unit, certain) for p in pose.people if kind(p) == "animal"]
    people = [_written(p, points, unit, certain) for p in pose.people if kind(p) == "human"]
    frame: dict[str, Any] = {"people": people, "canvas_width": int(pose.size[0]), "canvas_height": int(pose.size[1])}
    if animals:
        frame["animals"] = [plain(rows) for rows in animals]
    if animals and not people:
        frame = {"version": "ap10k", **frame}
    return frame


def _written(person: Person, points: int | None, unit: np.ndarray, certain: bool) -> dict:
    person = as_human(person)
    feet = person.skeleton in (openpose25, openpose137) if points is None else points == 25
    own = person.skeleton
    person = person.to(openpose137 if feet else openpose130)
    body = openpose25 if feet else openpose18
    found: dict[str, Any] = {body_key: plain(_triplets(person, body.joints, unit, certain).reshape(-1))}
    for key, group, _ in parts:
        joints = _in_file_order(person.skeleton, group)
        rows = _triplets(person, joints, unit, certain)
        # Pupils are taken from a body's eyes to complete a face, but alone they make none.
        alone = joints[-1] not in own and not rows[:68].any()
        found[key] = plain(rows.reshape(-1)) if rows.any() and not (group == "face" and alone) else None
    return found


def _in_file_order(skeleton: Skeleton, group: str) -> list[str]:
    return sorted(skeleton.group(group), key=skeleton.index)


def _triplets(person: Person, joints: Iterable[str], unit: np.ndarray, certain: bool) -> np.ndarray:
    """x, y, score (N, 3) of the named joints, missing ones zero."""
    where = person.skeleton.indices(joints)
    scores = np.ones(len(where)) if certain else person.scores[where]
    rows = np.column_stack([person.points[where] / unit, np.where(scores > 0, scores, 1.0)])
    return rows * person.present[where, None]


# ── in ──


def from_openpose(value: Any, size: tuple[int, int] | None = None) -> Pose2D:
    """The pose of one frame; `size` (width, height) is for files without a canvas.

    A point of score 0 is missing and keeps its place; a person of whom no point is known is left out. Scores above 1,
    which some programs write where they sum heat maps, are read as 1.
    """
    if isinstance(value, list):
        if len(value) != 1:
            refuse("the file", "the frame of one picture", f"a list of {len(value)} frames; open one of them")
        value = value[0]
    frame = keyed(value, "the file")
    people = listed(frame.get("people") or [], "people", at_most=most_people)
    animals = listed(frame.get("animals") or [], "animals", at_most=most_people)
    figures = [_read_person(person, f"person {n}") for n, person in enumerate(people, 1)]
    figures += [
        (ap10k17, _points(animal, f"animal {n}", (17,))) for n, animal in enumerate(animals, 1) if animal is not None
    ]
    known = [(skeleton, rows) for skeleton, rows in figures if rows.any()]
    canvas = _canvas(frame) or size
    unit = _unit([rows for _, rows in known], canvas)
    shown = [_person(skeleton, rows, unit) for skeleton, rows in known]
    return within_limits(Pose2D(canvas or around(shown), tuple(shown)))


def _canvas(frame: dict) -> tuple[int, int] | None:
    for width, height in (("canvas_width", "canvas_height"), ("width", "height")):
        if frame.get(width) is not None and frame.get(height) is not None:
            return size_of([frame[width], frame[height]], f"{width}, {height}")
    return None


def around(people: Iterable[Person]) -> tuple[int, int]:
    """The size (width, height) of the smallest picture, from its corner, that holds everybody's present joints."""
    places = [person.points[person.present] for person in people if person.present.any()]
    far = np.ceil(np.concatenate(places).max(0)) + 1 if places else np.ones(2)
    w, h = (whole(float(max(side, 1)), "the box around the points", 1, longest_side) for side in far)
    return w, h


def _read_person(value: Any, where: str) -> tuple[Skeleton, np.ndarray]:
    """The skeleton the parts call for, and x, y, score (J, 3) on it."""
    value = keyed(value, where)
    found = {key: _points(value.get(key), f"{where}, {key}", counts) for key, _, counts in parts}
    body = _points(value.get(body_key), f"{where}, {body_key}", (18, 25))
    feet, more = len(body) == 25, any(rows.any() for rows in found.values())
    skeleton = {(False, False): openpose18, (True, False): openpose25, (False, True): openpose130}.get(
        (feet, more), openpose137
    )
    rows = np.zeros((len(skeleton), 3))
    rows[: len(body)] = body
    for key, group, _ in parts if more else ():
        joints = _in_file_order(skeleton, group)[: len(found[key])]  # 68 points of a face leave out the pupils
        rows[skeleton.indices(joints)] = found[key]
    return skeleton, rows


def _points(value: Any, where: str, counts: tuple[int, ...]) -> np.ndarray:
    """x, y, score (N, 3), from flat numbers or from triplets; (0, 3) where there is nothing."""
    if value is None or value == []:
        return np.zeros((0, 3))
    what = (
        f"{' or '.join(map(str, counts))} points of x, y, score ({' or '.join(str(3 * c) for c in counts)} numbers; "
        f"accepted are 18 or 25 for a body, 21 for a hand, 68 or 70 for a face, 17 for an animal)"
    )
    rows = listed(value, where, what)
    if isinstance(rows[0], list):
        flat = [v for i, row in enumerate(rows, 1) for v in listed(row, f"{where}, point {i}", "x, y and score", 3)]
    else:
        flat = rows
    if len(flat) not in [3 * count for count in counts]:
        refuse(where, what, f"{len(flat) // 3} points" if len(flat) % 3 == 0 else f"{len(flat)} numbers")
    found = np.array([number(v, f"{where}, number {i}") for i, v in enumerate(flat, 1)]).reshape(-1, 3)
    if (found[:, 2] < 0).any():
        refuse(where, "scores of 0 or more", seen(float(found[:, 2].min())))
    return found


def _unit(figures: list[np.ndarray], canvas: tuple[int, int] | None) -> np.ndarray:
    """What one unit of the file's coordinates is in pixels: 1, or the canvas where they are normalised."""
    places = [rows[rows[:, 2] > 0, :2] for rows in figures]
    places = np.concatenate(places) if places else np.zeros((0, 2))
    if not places.any() or np.abs(places).max() > normalised_reach:
        return np.ones(2)
    if canvas is None:
        refuse("the file", "canvas_width and canvas_height, or a photo, for coordinates from 0 to 1", "neither")
    return np.array(canvas, dtype=float) if max(canvas) > 2 * normalised_reach else np.ones(2)


def _person(skeleton: Skeleton, rows: np.ndarray, unit: np.ndarray) -> Person:
    states: tuple[State, ...] = tuple("visible" if score > 0 else "missing" for score in rows[:, 2])
    return Person(skeleton, rows[:, :2] * unit, np.minimum(rows[:, 2], 1.0), states)
