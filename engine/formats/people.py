"""Figures as JSON values: people in the picture, bodies in space, and the camera that sees them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from engine.body_pose import BodyPose, body_shapes
from engine.camera import Camera
from engine.formats.checks import chosen, keyed, listed, most_people, number, numbers, plain, refuse, size_of, text
from engine.pose import Person, sources, states
from engine.skeleton import Skeleton, skeletons

# ── out ──


def from_person(person: Person) -> dict:
    """A figure as JSON values."""
    return {
        "skeleton": person.skeleton.name,
        "name": person.name,
        "points": plain(person.points),
        "scores": plain(person.scores),
        "states": list(person.states),
        "sources": list(person.sources),
        "hidden_bones": sorted(list(bone) for bone in person.hidden_bones),
        "front": list(person.front),
        "body": None if person.body is None else from_body(person.body),
    }


def from_body(body: BodyPose) -> dict:
    """A body in space as JSON values."""
    return {f.name: plain(getattr(body, f.name)) for f in fields(body)}


def from_camera(camera: Camera) -> dict:
    """A camera as JSON values."""
    return {
        "size": list(camera.size),
        "focal": float(camera.focal),
        "center": [float(c) for c in camera.center],
        "T_camera_world": plain(camera.T_camera_world),
    }


# ── in ──


def to_people(value: Any, where: str = "") -> tuple[Person, ...]:
    """The figures of a list of JSON values; ValueError says where, what was expected and what found."""
    at = f"{where}, " if where else ""
    figures = listed(value, f"{at}people", at_most=most_people)
    return tuple(_to_person(one, f"{at}person {n}") for n, one in enumerate(figures, 1))


def _to_person(value: Any, where: str) -> Person:
    value = keyed(value, where, "skeleton", "points", "scores", "states")
    skeleton = skeletons[chosen(value["skeleton"], f"{where}, skeleton", skeletons)]
    n = len(skeleton)
    pairs = listed(value["points"], f"{where}, points", f"{n} pairs of numbers", n)
    points = [
        numbers(pair, f"{where}, {joint}", (2,), "a pair of numbers")
        for joint, pair in zip(skeleton.joints, pairs, strict=True)
    ]
    words = {
        key: [
            chosen(word, f"{where}, {joint}, {key}", known)
            for joint, word in zip(
                skeleton.joints, listed(value.get(key, [default] * n), f"{where}, {key}", f"{n} words", n), strict=True
            )
        ]
        for key, known, default in (("states", states, ""), ("sources", sources, "model"))
    }
    groups = [name for name, _ in skeleton.groups]
    return Person(
        skeleton=skeleton,
        points=points,  # type: ignore[arg-type]  # made an array on the way in
        scores=[  # type: ignore[arg-type]
            number(score, f"{where}, {joint}, score", 0, 1)
            for joint, score in zip(
                skeleton.joints, listed(value["scores"], f"{where}, scores", f"{n} numbers", n), strict=True
            )
        ],
        states=tuple(words["states"]),
        sources=tuple(words["sources"]),
        name=text(value.get("name", ""), f"{where}, name"),
        hidden_bones=frozenset(
            _to_bone(bone, f"{where}, hidden_bones", skeleton)
            for bone in listed(value.get("hidden_bones", []), f"{where}, hidden_bones")
        ),
        front=tuple(
            chosen(group, f"{where}, front", groups) for group in listed(value.get("front", []), f"{where}, front")
        ),
        body=None if value.get("body") is None else to_body(value["body"], f"{where}, body"),
    )


def _to_bone(value: Any, where: str, skeleton: Skeleton) -> tuple[str, str]:
    a, b = (
        chosen(joint, where, skeleton.joints) for joint in listed(value, where, "a pair of joints for each bone", 2)
    )
    if (a, b) in skeleton.bones:
        return a, b
    if (b, a) not in skeleton.bones:
        refuse(where, f"a bone of {skeleton.name}", f"{a} to {b}")
    return b, a


def to_body(value: Any, where: str = "body") -> BodyPose:
    """The body of JSON values; ValueError says where, what was expected and what found."""
    value = keyed(value, where, *(f.name for f in fields(BodyPose)))
    arrays = {}
    for f in fields(BodyPose):
        at = f"{where}, {f.name}"
        shape = body_shapes.get(f.name) or (len(listed(value[f.name], at, "a list of numbers", at_most=1000)),)
        arrays[f.name] = numbers(value[f.name], at, shape)
    return BodyPose(**arrays)


def to_camera(value: Any) -> Camera:
    """The camera of JSON values; ValueError says where, what was expected and what found."""
    value = keyed(value, "camera", "size", "focal", "center", "T_camera_world")
    cx, cy = numbers(value["center"], "camera, center", (2,))
    camera = Camera(
        size=size_of(value["size"], "camera, size"),
        focal=number(value["focal"], "camera, focal", 1e-9),
        center=(float(cx), float(cy)),
        T_camera_world=numbers(value["T_camera_world"], "camera, T_camera_world", (4, 4)),
    )
    R, last = camera.T_camera_world[:3, :3], camera.T_camera_world[3]
    if np.abs(R @ R.T - np.eye(3)).max() > 1e-3 or np.linalg.det(R) < 0 or (last != (0, 0, 0, 1)).any():
        refuse("camera, T_camera_world", "a turn and a place", "a matrix that also stretches, mirrors or bends")
    return camera
