"""The page's requests about bodies, from JSON to JSON: what there is, how it looks, edits, figures stood up.

The page keeps the bodies: nothing is remembered here. ValueError, in a sentence, for what cannot be.
"""

from __future__ import annotations

import base64
import time
from typing import Any

import numpy as np

from app.body_edits import edited, hand_told, shape_told
from app.verbs import sentence
from engine import body_sliders, fit, placing
from engine.anatomy import RGB
from engine.body_files import Wish
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.formats.checks import chosen, farthest, keyed, listed, plain, seen, size_of, text, truth, whole
from engine.formats.document import from_document
from engine.formats.people import from_body, from_camera, to_body, to_camera
from engine.posing import parts, standing
from engine.render import Encoding, Look, Unavailable, lights
from engine.rig import parents
from engine.skeleton import Skeleton, fingers, skeletons, smplx55
from engine.stage import Dress, Stage, View, open_body

most_bodies = 20
largest_frame = 2048  # pixels of the longer side
most_fits = 8  # figures in one asking; the page asks again for more
closest = 0.1  # metres before the drawing's camera, so that what lies around the joints is in front of it too
paper = "#f4eee3"


# ── what there is ──


def info(stage: Stage, told: Any) -> dict[str, Any]:
    """Names of everything the page offers for a body file, and why nothing can be drawn here, if so."""
    body = stage.body(file_of(told))
    return {
        "problem": stage.renderer.problem(),
        "files": [{"name": one.name, "title": one.title, "licence": one.licence} for one in stage.files()],
        "joints": list(smplx55.joints),
        "parents": list(parents),
        "parts": {name: list(joints) for name, joints in parts.items()},
        "lights": list(lights),
        "layers": [
            {"name": name, "color": _hex(color), "on": name in body.default_layers}
            for name, color in body.layers.items()
        ],
        "shape": [{"name": name, "low": -1, "high": 1} for name in body_sliders.sliders(body)],
        "face": list(body.face_unit_names),
        "fingers": list(fingers),
        "hands": [{"id": hand.id, "title": hand.title, "tags": list(hand.tags)} for hand in stage.hands.values()],
    }


def _hex(color: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


# ── what the page tells ──


def file_of(told: Any) -> str:
    """The body file of a request; the open body when it names none."""
    name = told.get("file") if isinstance(told, dict) else None
    return open_body if name is None else text(name, "file")


def bodies_of(told: Any, where: str) -> tuple[BodyPose, ...]:
    """Bodies of a request."""
    return tuple(to_body(one, f"{where} {n}") for n, one in enumerate(listed(told, where, at_most=most_bodies), 1))


def camera_of(told: Any) -> Camera:
    """A camera of a request, with a picture of a size that can be drawn."""
    camera = to_camera(told)
    if max(camera.size) > largest_frame:
        raise ValueError(f"expected a picture of at most {largest_frame} pixels a side, got {camera.size}")
    return camera


def view_of(told: Any) -> View:
    """The view that a request asks for."""
    told = keyed(told, "the request", "bodies", "camera")
    look = keyed(told.get("look", {}), "look")
    return View(
        bodies=bodies_of(told["bodies"], "bodies"),
        camera=camera_of(told["camera"]),
        look=look_of(look),
        dress=dress_of(look),
        ghosts=bodies_of(told.get("ghosts", []), "ghosts"),
        moving=truth(told.get("moving", False), "moving"),
        file=file_of(told),
    )


def look_of(told: dict) -> Look:
    """Light, ground and shadows of a request, those left out as they are by default."""
    values: dict[str, Any] = {
        name: truth(told[name], f"look, {name}") for name in ("ground", "shadows", "skeleton") if name in told
    }
    if "light" in told:
        values["light"] = chosen(told["light"], "look, light", lights)
    if not truth(told.get("transparent", False), "look, transparent"):
        values["background"] = color_of(told.get("background", paper), "look, background")
    return Look(**values)


def dress_of(told: dict) -> Dress:
    """What a request has the bodies wear."""
    layers = told.get("layers")
    colors = keyed(told.get("colors", {}), "look, colors")
    return Dress(
        None if layers is None else tuple(text(one, "look, layers") for one in listed(layers, "look, layers")),
        tuple((name, color_of(color, f"look, colors, {name}")) for name, color in sorted(colors.items())),
    )


def color_of(told: Any, where: str) -> RGB:
    """The colour of a text such as #7a3b2e."""
    try:
        value = text(told, where)
        if len(value) != 7 or value[0] != "#":
            raise ValueError
        red, green, blue = bytes.fromhex(value[1:])
    except ValueError:
        raise ValueError(f"{where}: expected a colour such as #7a3b2e, got {seen(told)}") from None
    return red, green, blue


def wish_of(told: dict, document: dict) -> Wish:
    """How files are to look, of what a request says; the drawing's camera sees the pictures when it says none."""
    camera = told.get("camera") or document.get("camera")
    look = keyed(told.get("look", {}), "options, look")
    counts = {
        name: whole(told[name], f"options, {name}", low, high)
        for name, low, high in (("width", 16, 4096), ("frames", 2, 240), ("seconds", 1, 60))
        if name in told
    }
    return Wish(
        camera=None if camera is None else to_camera(camera), look=look_of(look), dress=dress_of(look),
        file=file_of(told), **counts,
    )  # fmt: skip


# ── looking and posing ──


def look(stage: Stage, told: Any) -> dict[str, Any]:
    """The picture of a view, and where its bodies' joints are."""
    return seen_as(stage, view_of(told))


def seen_as(stage: Stage, view: View) -> dict[str, Any]:
    """The picture of a view as a data address, and where its bodies' joints are, in metres."""
    began = time.perf_counter()
    # The picture is made of the same meshes, which are kept.
    joints = [_millimetres(stage.mesh(pose, view.dress, view.file).joints) for pose in view.bodies]
    # A figure over the drawing needs its outline; else a photograph's packing is the quickest.
    encoding: Encoding
    encoding, kind = ("webp", "webp") if view.look.background is None else ("jpg", "jpeg")
    try:
        picture = stage.picture(view, encoding)
    except Unavailable as error:
        return {"image": None, "joints": joints, "note": sentence(error)}
    address = f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
    return {"image": address, "joints": joints, "milliseconds": round(1000 * (time.perf_counter() - began))}


def _millimetres(places: np.ndarray) -> list[list[float]]:
    return np.round(np.asarray(places, dtype=float), 4).tolist()


def edit(stage: Stage, told: Any) -> dict[str, Any]:
    """One edit of one body: the body after it, how the drawing's camera sees it, and the view's next picture."""
    told = keyed(told, "the request", "bodies", "index", "edit")
    bodies, file = bodies_of(told["bodies"], "bodies"), file_of(told)
    index = whole(told["index"], "index", 0, len(bodies) - 1)
    view = None
    if told.get("view") is not None:
        view = view_of({"bodies": [], "file": file} | keyed(told["view"], "view"))
    pose = edited(stage, file, bodies[index], keyed(told["edit"], "edit", "kind"), view.camera if view else None)
    answer: dict[str, Any] = {"body": from_body(pose), "points": None}
    if told.get("drawing") is not None:
        drawing = keyed(told["drawing"], "drawing", "camera", "skeleton")
        skeleton = skeletons[chosen(drawing["skeleton"], "drawing, skeleton", skeletons)]
        answer["points"] = drawn(stage, file, pose, to_camera(drawing["camera"]), skeleton)
    if view is not None:
        after = (*bodies[:index], pose, *bodies[index + 1 :])
        answer |= seen_as(stage, View(after, view.camera, view.look, view.dress, view.ghosts, view.moving, file))
    return answer


# ── from the drawing and back ──


def drawn(stage: Stage, file: str, pose: BodyPose, camera: Camera, skeleton: Skeleton) -> list[list[float]]:
    """Pixels [[x, y] × J] of a skeleton's joints where the drawing's camera sees a body.

    ValueError for a body that is not wholly before the camera, or so far aside that no document would hold it.
    """
    nearest = float(camera.in_camera(stage.joints(pose, file))[:, 2].min())
    if not nearest > closest:
        raise ValueError(f"expected the figure in front of the drawing's camera, got {nearest:.2f} m: move it back")
    points = stage.body(file).seen(pose, camera, skeleton)
    if not np.abs(points).max() <= farthest * max(camera.size):
        raise ValueError(f"expected the figure within {farthest} pictures of the drawing, got it farther out")
    return plain(np.round(points, 2))


def fitted(stage: Stage, told: Any) -> dict[str, Any]:
    """Bodies for figures of a document: {camera, fits: [{index, body, error, note}]}; a figure without one says why."""
    told = keyed(told, "the request", "document", "indices")
    scene, file = from_document(told["document"]), file_of(told)
    people = scene.pose.people
    indices = [
        whole(one, "indices", 0, len(people) - 1) for one in listed(told["indices"], "indices", at_most=most_fits)
    ]
    camera = scene.camera or fit.camera_for(scene.pose.size)
    fits = []
    for index in indices:
        try:
            found = stage.stood(people[index], camera, file)
        except ValueError as error:
            fits.append({"index": index, "body": None, "error": None, "note": sentence(error)})
        else:
            fits.append(
                {"index": index, "body": from_body(found.pose), "error": round(found.error, 2), "note": found.note}
            )
    return {"camera": from_camera(camera), "fits": fits}


def new(stage: Stage, told: Any) -> dict[str, Any]:
    """A figure at ease, or in a ready pose, before the drawing's camera: {camera, body, points on wholebody133}."""
    told = keyed(told, "the request", "size")
    size = size_of(told["size"], "size")
    camera = fit.camera_for(size) if told.get("camera") is None else to_camera(told["camera"])
    file = file_of(told)
    body = stage.body(file)
    pose = standing() if told.get("id") is None else stage.examples.pose(text(told["id"], "id"))
    taken = bodies_of(told.get("bodies", []), "bodies")
    pose = placing.placed(body, pose, camera, taken)
    points = drawn(stage, file, pose, camera, skeletons["wholebody133"])
    return {"camera": from_camera(camera), "body": from_body(pose), "points": points}


def sliders(stage: Stage, told: Any) -> dict[str, Any]:
    """Where the sliders of a body's shape and hands stand."""
    body, pose = stage.body(file_of(told)), to_body(keyed(told, "the request", "body")["body"])
    return {"shape": shape_told(body, pose), "hands": hand_told(pose)}
