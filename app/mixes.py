"""The page's mixes: parts of a ready pose, an own one or another figure on a body. ValueError for what cannot be."""

from __future__ import annotations

from typing import Any

from app.body_requests import drawn, file_of
from engine.formats.checks import chosen, keyed, listed, number, text, truth
from engine.formats.people import from_body, to_body, to_camera
from engine.mixing import mixed, offered
from engine.skeleton import skeletons
from engine.stage import Stage


def mix(stage: Stage, told: Any) -> dict[str, Any]:
    """A body with parts of another: {body, before, points}, the last two as the drawing's camera sees them.

    `body` is put on, `taken` is {id} of a ready pose or {body}; `parts` by the names in `engine.mixing.offered`, or
    hands for both; `mirror`, `blend` 0 … 1; `camera` and `skeleton` of the drawing.
    """
    told = keyed(told, "the request", "body", "taken", "parts", "camera", "skeleton")
    file, onto = file_of(told), to_body(told["body"])
    source = keyed(told["taken"], "taken")
    if source.get("body") is not None:
        taken = to_body(source["body"], "taken, body")
    else:
        taken = stage.examples.pose(text(keyed(source, "taken", "id")["id"], "taken, id"))
    parts = [
        part
        for one in listed(told["parts"], "parts", at_most=20)
        for part in (("left_hand", "right_hand") if one == "hands" else (chosen(one, "parts", offered),))
    ]
    mirror = truth(told.get("mirror", False), "mirror")
    blend = number(told.get("blend", 1), "blend", 0, 1)
    pose = mixed(stage.body(file), stage.natural, stage.limits, onto, taken, parts, mirror, blend)
    camera = to_camera(told["camera"])
    skeleton = skeletons[chosen(told["skeleton"], "skeleton", skeletons)]
    before, after = (drawn(stage, file, one, camera, skeleton) for one in (onto, pose))
    return {"body": from_body(pose), "before": before, "points": after}
