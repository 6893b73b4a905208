"""The edits of a body by what the page calls them: each kind takes the pose and what was told to the next pose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.naturals import mixed, relaxed
from engine import body_sliders, ik, posing
from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.formats.checks import chosen, keyed, listed, number, numbers, text
from engine.formats.people import to_body
from engine.hand_poses import with_hand
from engine.posing import HandShape, hand_shape_of, hand_shaped, parts
from engine.skeleton import fingers, sides, smplx55
from engine.stage import Stage

farthest = 100.0  # metres that one edit may move a figure
widest_jaw = 0.5  # rad, as wide as a mouth opens


@dataclass(frozen=True)
class Desk:
    """What an edit may need besides the pose: the stage, the body on it, and the camera of the artist's view."""

    stage: Stage
    body: Body
    camera: Camera | None


Edit = Callable[[Desk, BodyPose, dict], BodyPose]


def edited(stage: Stage, file: str, pose: BodyPose, edit: dict, camera: Camera | None) -> BodyPose:
    """The pose after an edit {"kind", …}; ValueError says what was expected of it."""
    kind = chosen(edit["kind"], "edit, kind", edits)
    return edits[kind](Desk(stage, stage.body(file), camera), pose, edit)


def _drag(desk: Desk, pose: BodyPose, told: dict) -> BodyPose:
    told = keyed(told, "edit", "joint", "to")
    if desk.camera is None:
        raise ValueError("expected a view to drag in, got none")
    joint = chosen(told["joint"], "edit, joint", smplx55.joints)
    pins = frozenset(chosen(pin, "edit, pins", smplx55.joints) for pin in listed(told.get("pins", []), "edit, pins"))
    to = numbers(told["to"], "edit, to", (2,))
    return ik.drag_to_pixel(desk.body, pose, joint, to, desk.camera, pins | ik.planted(joint), desk.stage.limits)


def _turn(desk: Desk, pose: BodyPose, told: dict) -> BodyPose:
    told = keyed(told, "edit", "joint", "axis", "angle")
    joint = chosen(told["joint"], "edit, joint", smplx55.joints)
    axis = numbers(told["axis"], "edit, axis", (3,))
    angle = number(told["angle"], "edit, angle", -1000, 1000)
    return posing.turned(pose, joint, axis, angle)


def _move(desk: Desk, pose: BodyPose, told: dict) -> BodyPose:
    by = numbers(keyed(told, "edit", "by")["by"], "edit, by", (3,))
    if np.abs(by).max() > farthest:
        raise ValueError(f"expected a move of at most {farthest:g} m, got {np.abs(by).max():g} m")
    return pose.moved(by)


def _part(told: dict) -> str:
    return chosen(keyed(told, "edit", "part")["part"], "edit, part", parts)


def _side(told: dict) -> str:
    return chosen(keyed(told, "edit", "side")["side"], "edit, side", sides)


def _hand(desk: Desk, pose: BodyPose, told: dict) -> BodyPose:
    side, shape = _side(told), keyed(keyed(told, "edit", "shape")["shape"], "edit, shape")
    now = hand_shape_of(pose, side)
    curl = keyed(shape.get("curl", {}), "edit, shape, curl")
    curls = [
        number(curl[finger], f"edit, shape, curl, {finger}", 0, 1) if finger in curl else old
        for finger, old in zip(fingers, now.curl, strict=True)
    ]
    others = {
        name: number(shape[name], f"edit, shape, {name}", low, 1)
        for name, low in (("spread", -1), ("thumb", -1), ("opposition", 0))
        if name in shape
    }
    return hand_shaped(pose, side, replace(now, curl=tuple(curls), **others))


def _hand_pose(desk: Desk, pose: BodyPose, told: dict) -> BodyPose:
    hands = desk.stage.hands
    ready = hands[chosen(keyed(told, "edit", "id")["id"], "edit, id", hands)]
    return with_hand(pose, _side(told), ready, number(told.get("blend", 1), "edit, blend", 0, 1))


def _shape(desk: Desk, pose: BodyPose, told: dict) -> BodyPose:
    """A named slider, or with a body that names none, one of its betas."""
    told = keyed(told, "edit", "name", "value")
    value, name = number(told["value"], "edit, value", -5, 5), text(told["name"], "edit, name")
    return body_sliders.moved(desk.body, pose, name, value)


def _face(desk: Desk, pose: BodyPose, told: dict) -> BodyPose:
    told = keyed(told, "edit", "name", "value")
    names = desk.body.face_unit_names
    name = chosen(told["name"], "edit, name", names)
    if len(pose.face_units) not in (0, len(names)):
        raise ValueError(f"expected none or {len(names)} face units, got {len(pose.face_units)}")
    units = pose.face_units.copy() if len(pose.face_units) else np.zeros(len(names))
    units[names.index(name)] = number(told["value"], "edit, value", 0, 1)
    return replace(pose, face_units=units)


def _jaw(desk: Desk, pose: BodyPose, told: dict) -> BodyPose:
    value = number(keyed(told, "edit", "value")["value"], "edit, value", 0, 1)
    return replace(pose, jaw=np.array((value * widest_jaw, 0.0, 0.0)))


edits: dict[str, Edit] = {
    "drag": _drag,
    "turn": _turn,
    "move": _move,
    "mirror": lambda desk, pose, told: posing.mirrored(pose, desk.body.face_unit_names if len(pose.face_units) else ()),
    "reset": lambda desk, pose, told: posing.reset(pose, _part(told)),
    "copy": lambda desk, pose, told: posing.copied(pose, _part(told)),
    "hand": _hand,
    "handPose": _hand_pose,
    "shape": _shape,
    "face": _face,
    "jaw": _jaw,
    "relax": relaxed,
    "blend": mixed,
    "set": lambda desk, pose, told: to_body(keyed(told, "edit", "body")["body"], "edit, body"),
}


# ── what the sliders show ──


def shape_told(body: Body, pose: BodyPose) -> dict[str, float]:
    """The values of the named sliders that the betas come nearest to."""
    return {name: round(float(value), 3) for name, value in body_sliders.values(body, pose).items()}


def hand_told(pose: BodyPose) -> dict[str, dict[str, Any]]:
    """The shape of each hand as its sliders have it."""
    return {side: _shape_json(hand_shape_of(pose, side)) for side in sides}


def _shape_json(shape: HandShape) -> dict[str, Any]:
    curl = {finger: round(float(value), 3) for finger, value in zip(fingers, shape.curl, strict=True)}
    others = {name: round(getattr(shape, name), 3) for name in ("spread", "thumb", "opposition")}
    return {"curl": curl, **others}
