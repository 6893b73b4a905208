"""The document: a scene as versioned JSON, the same that the editor in the browser holds.

Pictures (the drawing, references) stay outside; engine/project.py packs them beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

import numpy as np

from engine.body_pose import BodyPose, body_shapes
from engine.camera import Camera
from engine.formats.checks import (
    chosen,
    keyed,
    listed,
    most_people,
    number,
    numbers,
    plain,
    refuse,
    seen,
    size_of,
    text,
    truth,
    whole,
    within_limits,
)
from engine.pose import Person, Pose2D, sources, states
from engine.scene import PaintRequest, Reference, Scene
from engine.skeleton import Skeleton, skeletons

version = 1
# From each older version to the one after it; a document walks up these steps before it is read.
migrations: dict[int, Callable[[dict], dict]] = {}


# ── out ──


def to_document(scene: Scene) -> dict:
    """The scene as JSON values; ValueError when it is beyond what a document may hold."""
    within_limits(scene.pose)
    return {
        "contrapposto": version,
        "size": [int(side) for side in scene.pose.size],
        "people": [_from_person(person) for person in scene.pose.people],
        "photo": None if scene.photo is None else {"opacity": scene.photo_opacity},
        "references": [_from_fields(reference, leaving="image") for reference in scene.references],
        "camera": None if scene.camera is None else from_camera(scene.camera),
        "request": None if scene.request is None else _from_fields(scene.request),
    }


def _from_person(person: Person) -> dict:
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


def _from_fields(value: Any, leaving: str = "") -> dict:
    pairs = ((f.name, getattr(value, f.name)) for f in fields(value) if f.name != leaving)
    return {name: list(v) if isinstance(v, tuple) else v for name, v in pairs}


# ── in ──


def from_document(
    document: Any, photo: np.ndarray | None = None, references: Iterable[Reference | np.ndarray] = ()
) -> Scene:
    """The scene of a document, over `photo` (H, W, 3) uint8.

    References take their pictures from `references`: from images (H, W, 3) uint8 in the document's order, or from
    earlier references by name (the k-th of a name from the k-th). Those without a picture are left out, for JSON
    alone holds none. ValueError says where, what was expected and what found.
    """
    document = _current(keyed(document, "the document", "contrapposto"))
    keyed(document, "the document", "size", "people")
    size = size_of(document["size"], "size")
    people = [
        _to_person(value, f"person {n}")
        for n, value in enumerate(listed(document["people"], "people", at_most=most_people), 1)
    ]
    opacity = 1.0
    if document.get("photo") is not None:
        opacity = number(keyed(document["photo"], "photo").get("opacity", 1.0), "photo, opacity", 0, 1)
    camera, request = document.get("camera"), document.get("request")
    return Scene(
        pose=within_limits(Pose2D(size, tuple(people))),
        photo=photo,
        photo_opacity=opacity,
        references=_to_references(document.get("references", []), references),
        camera=None if camera is None else to_camera(camera),
        request=None if request is None else _to_request(request),
    )


def _current(document: dict) -> dict:
    """The document brought up to this version."""
    found = whole(document["contrapposto"], "contrapposto (the version)", 1, 1_000_000)
    if found > version:
        raise ValueError(
            f"this document was made by a newer Contrapposto: expected version {version}, got {found}; "
            "update to open it"
        )
    for step in range(found, version):
        document = migrations[step](document)
    return document


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


def _to_references(value: Any, given: Iterable[Reference | np.ndarray]) -> tuple[Reference, ...]:
    items = [_to_placing(item, f"reference {n}") for n, item in enumerate(listed(value, "references", at_most=100), 1)]
    given = list(given)
    images = [one for one in given if isinstance(one, np.ndarray)]
    if images and len(images) != len(items):
        refuse("references", f"{len(items)} pictures", str(len(images)))
    by_name: dict[str, list[np.ndarray]] = {}
    for item, image in zip(items, images, strict=False):
        by_name.setdefault(item["name"], []).append(image)
    for one in given:
        if isinstance(one, Reference):
            by_name.setdefault(one.name, []).append(one.image)
    return tuple(Reference(image=by_name[item["name"]].pop(0), **item) for item in items if by_name.get(item["name"]))


def _to_placing(value: Any, where: str) -> dict[str, Any]:
    """A reference's fields but its image."""
    value = keyed(value, where, "name")
    limits = (("x", 0.0, -1e7, 1e7), ("y", 0.0, -1e7, 1e7), ("scale", 1.0, 1e-6, 1e6), ("opacity", 0.5, 0, 1))
    return {
        "name": text(value["name"], f"{where}, name"),
        **{key: number(value.get(key, default), f"{where}, {key}", low, high) for key, default, low, high in limits},
        "visible": truth(value.get("visible", True), f"{where}, visible"),
    }


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


def _to_request(value: Any) -> PaintRequest:
    """Each field as the kind its default is; the fields a file lacks keep their defaults."""
    value = keyed(value, "request")
    found: dict[str, Any] = {}
    for f in fields(PaintRequest):
        if f.name not in value:
            continue
        item, where = value[f.name], f"request, {f.name}"
        if f.name == "size":
            found[f.name] = size_of(item, where)
        elif isinstance(f.default, tuple):
            found[f.name] = tuple(float(v) for v in numbers(item, where, (len(f.default),)))
        elif isinstance(f.default, bool):
            found[f.name] = truth(item, where)
        elif isinstance(f.default, int):
            found[f.name] = whole(item, where, 0, 2**63 - 1)
        elif isinstance(f.default, float):
            found[f.name] = number(item, where)
        elif isinstance(f.default, str):
            found[f.name] = text(item, where)
        else:
            raise AssertionError(f"PaintRequest.{f.name} is of a kind no document holds yet: {seen(f.default)}")
    return PaintRequest(**found)
