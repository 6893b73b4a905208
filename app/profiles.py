"""The page's requests about characters' proportions, from JSON to JSON; the page keeps the profiles.

ValueError, in a sentence, for what cannot be.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.body_requests import file_of
from engine import fit
from engine.camera import Camera
from engine.formats.checks import keyed, listed, text, whole
from engine.formats.document import from_document
from engine.formats.people import from_body, from_camera
from engine.posing import standing
from engine.proportions import from_json, plain, to_json
from engine.scene import Scene
from engine.skeleton import coco17
from engine.stage import Stage

most_figures = 20
_picture = (96, 120)


def read(stage: Stage, told: Any) -> dict[str, Any]:
    """The proportions of a figure of a document: {profile, picture: points of coco17 at ease, in 96 × 120 px}."""
    told = keyed(told, "the request", "document")
    scene, file = from_document(told["document"]), file_of(told)
    if len(scene.pose.people) != 1:
        raise ValueError(f"expected one figure to read proportions from, got {len(scene.pose.people)}")
    name = text(told.get("name", ""), "name")[:40]
    profile = stage.proportions(file).read(scene.pose.people[0], _camera(scene), name)
    return _shown(stage, file, to_json(profile))


def check(stage: Stage, told: Any) -> dict[str, Any]:
    """A profile that comes from a file, as `read` answers it."""
    told = keyed(told, "the request", "profile")
    return _shown(stage, file_of(told), to_json(from_json(told["profile"])))


def give(stage: Stage, told: Any) -> dict[str, Any]:
    """Figures of a document with a profile's proportions: {camera, figures: [{index, points, body, note}]}.

    `profile` null takes them back to plain ones. A figure of which too little is known stays, and says why.
    """
    told = keyed(told, "the request", "document", "indices")
    scene, file = from_document(told["document"]), file_of(told)
    people, camera = scene.pose.people, _camera(scene)
    indices = [
        whole(one, "indices", 0, len(people) - 1) for one in listed(told["indices"], "indices", at_most=most_figures)
    ]
    profile = plain if told.get("profile") is None else from_json(told["profile"])
    figures = []
    for index in indices:
        try:
            after = stage.proportions(file).given(people[index], camera, profile)
        except ValueError as error:
            figures.append({"index": index, "points": None, "body": None, "note": str(error)})
        else:
            body = None if after.body is None else from_body(after.body)
            figures.append({"index": index, "points": after.points.round(2).tolist(), "body": body, "note": ""})
    return {"camera": from_camera(camera), "figures": figures}


def _camera(scene: Scene) -> Camera:
    return scene.camera or fit.camera_for(scene.pose.size)


def _shown(stage: Stage, file: str, told: dict[str, Any]) -> dict[str, Any]:
    """A profile with what its tile shows: a figure that stands at ease in its proportions."""
    camera = fit.camera_for(_picture)
    drawn = stage.proportions(file).drawn(standing(), camera, from_json(told), coco17)
    low, size = drawn.points.min(0), (drawn.points.max(0) - drawn.points.min(0)).max()
    points = replace(drawn, points=(drawn.points - low) * (0.9 * _picture[1] / size)).points
    return {"profile": told, "picture": points.round(1).tolist()}
