"""The document: a scene as versioned JSON, the same that the editor in the browser holds.

Pictures (the drawing, references, what was painted) stay outside; engine/project.py packs them beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from engine.formats.checks import keyed, listed, number, refuse, size_of, text, truth, whole, within_limits
from engine.formats.painting import fitting, from_picture, from_request, to_picture, to_request
from engine.formats.people import from_camera, from_person, to_camera, to_people
from engine.pose import Pose2D
from engine.scene import Picture, Reference, Scene

version = 1
most_pictures = 100
# From each older version to the one after it; a document walks up these steps before it is read.
migrations: dict[int, Callable[[dict], dict]] = {}


# ── out ──


def to_document(scene: Scene) -> dict:
    """The scene as JSON values; ValueError when it is beyond what a document may hold."""
    within_limits(scene.pose)
    if len(scene.pictures) > most_pictures:
        refuse("pictures", f"at most {most_pictures}", str(len(scene.pictures)))
    return {
        "contrapposto": version,
        "size": [int(side) for side in scene.pose.size],
        "people": [from_person(person) for person in scene.pose.people],
        "photo": None if scene.photo is None else {"opacity": scene.photo_opacity},
        "references": [_from_reference(reference) for reference in scene.references],
        "camera": None if scene.camera is None else from_camera(scene.camera),
        "request": None if scene.request is None else from_request(scene.request),
        "pictures": [from_picture(picture) for picture in scene.pictures],
    }


def _from_reference(reference: Reference) -> dict:
    return {f.name: getattr(reference, f.name) for f in fields(reference) if f.name != "image"}


# ── in ──


def from_document(
    document: Any,
    photo: np.ndarray | None = None,
    references: Iterable[Reference | np.ndarray] = (),
    pictures: Sequence[np.ndarray] = (),
    masks: Sequence[np.ndarray | None] = (),
) -> Scene:
    """The scene of a document, over `photo` (H, W, 3) uint8.

    References take their pictures from `references`: from images (H, W, 3) uint8 in the document's order, or from
    earlier references by name (the k-th of a name from the k-th). What was painted takes its images from `pictures`
    (H, W, 3) uint8, in the document's order, and the masks it was painted within from `masks` (H, W) uint8. Those
    without an image are left out, for JSON alone holds none. ValueError says where, what was expected and what found.
    """
    document = _current(keyed(document, "the document", "contrapposto"))
    keyed(document, "the document", "size", "people")
    size = size_of(document["size"], "size")
    people = to_people(document["people"])
    opacity = 1.0
    if document.get("photo") is not None:
        opacity = number(keyed(document["photo"], "photo").get("opacity", 1.0), "photo, opacity", 0, 1)
    camera, request = document.get("camera"), document.get("request")
    return Scene(
        pose=within_limits(Pose2D(size, people)),
        photo=photo,
        photo_opacity=opacity,
        references=_to_references(document.get("references", []), references),
        camera=None if camera is None else to_camera(camera),
        request=None if request is None else to_request(request),
        pictures=_to_pictures(document.get("pictures", []), photo, pictures, masks),
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


def _to_pictures(
    value: Any, photo: np.ndarray | None, images: Sequence[np.ndarray], masks: Sequence[np.ndarray | None]
) -> tuple[Picture, ...]:
    items = [
        to_picture(item, f"picture {n}") for n, item in enumerate(listed(value, "pictures", at_most=most_pictures), 1)
    ]
    if not images:
        return ()
    if len(images) != len(items):
        refuse("pictures", f"{len(items)} images", str(len(images)))
    pictures = []
    for n, (item, image, mask) in enumerate(zip(items, images, masks or [None] * len(items), strict=True), 1):
        if not fitting(image, item):
            refuse(f"picture {n}", f"an image of {item['pose'].size}, like its pose", str(image.shape[1::-1]))
        over, within = item.pop("photo"), item.pop("mask")
        item["request"] = replace(item["request"], photo=photo if over else None, mask=mask if within else None)
        pictures.append(Picture(image=image, **item))
    return tuple(pictures)
