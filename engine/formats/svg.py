"""SVG of a scene: one group per person, bones as paths, joints as circles, all named, to draw on in any editor."""

from __future__ import annotations

import base64
import io
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from PIL import Image

from engine.pose import Person
from engine.scene import Scene
from engine.skeleton import side_colors, side_of

_style = """
    .bone { fill: none; stroke-width: %(bone).2fpx; stroke-linecap: round }
    .joint { stroke: #fff; stroke-width: %(rim).2fpx }
    .bone.hidden { stroke-dasharray: %(dash).2f %(dash).2f; opacity: .6 }
    .joint.hidden { fill: #fff; fill-opacity: .6 }
"""


def to_svg(scene: Scene, include_photo: bool = True) -> bytes:
    """The scene as SVG in pixels, the photo embedded unless it is to be left out."""
    width, height = scene.pose.size
    bone = max(1.0, max(width, height) / 256)
    style = _style % {"bone": bone, "rim": bone / 4, "dash": bone * 1.5} + "".join(
        f"    .bone.{side} {{ stroke: {_hex(rgb)} }}\n    .joint.{side} {{ fill: {_hex(rgb)} }}\n"
        f"    .joint.hidden.{side} {{ fill: #fff; stroke: {_hex(rgb)} }}\n"
        for side, rgb in side_colors.items()
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        # A pixel's coordinates are those of its centre, so the picture's corner lies at -0.5.
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}px" height="{height}px"'
        f' viewBox="-0.5 -0.5 {width} {height}">',
        f"  <style>{style}  </style>",
    ]
    if include_photo and scene.photo is not None:
        lines.append(
            f'  <image id="photo" x="-0.5" y="-0.5" width="{width}" height="{height}"'
            f' opacity="{scene.photo_opacity:g}" href="{_data_uri(scene.photo)}"/>'
        )
    for n, person in enumerate(scene.pose.people, 1):
        lines += _group(person, n, bone)
    return "\n".join([*lines, "</svg>", ""]).encode("utf-8", errors="replace")


def _group(person: Person, n: int, bone: float) -> list[str]:
    title = _printable(person.name) or f"person {n}"
    lines = [
        f'  <g id="person-{n}" class="person" data-skeleton={quoteattr(person.skeleton.name)}>',
        f"    <title>{escape(title)}</title>",
    ]
    front = {joint for group in person.front for joint in person.skeleton.group(group)}
    state = dict(zip(person.skeleton.joints, person.states, strict=True))
    bones = [
        (a, b)
        for a, b in person.skeleton.bones
        if "missing" not in (state[a], state[b]) and (a, b) not in person.hidden_bones
    ]
    for a, b in sorted(bones, key=lambda ends: front.issuperset(ends)):
        (x0, y0), (x1, y1) = person[a], person[b]
        side = side_of(a) if side_of(a) == side_of(b) else "middle"
        hidden = " hidden" if "hidden" in (state[a], state[b]) else ""
        lines.append(
            f'    <path id="person-{n}-{a}-{b}" class="bone {side}{hidden}" d="M{x0:.6g} {y0:.6g}L{x1:.6g} {y1:.6g}"/>'
        )
    for joint in sorted((j for j in person.skeleton.joints if state[j] != "missing"), key=lambda j: j in front):
        x, y = person[joint]
        small = "_hand_" in joint or joint.startswith("face_")
        hidden = " hidden" if state[joint] == "hidden" else ""
        lines.append(
            f'    <circle id="person-{n}-{joint}" class="joint {side_of(joint)}{hidden}"'
            f' cx="{x:.6g}" cy="{y:.6g}" r="{bone * (0.6 if small else 1.2):.3g}">'
            f"<title>{escape(joint.replace('_', ' '))}</title></circle>"
        )
    return [*lines, "  </g>"]


def _printable(name: str) -> str:
    """The name without the characters XML forbids."""
    return "".join(c for c in name if c.isprintable())


def _hex(rgb: tuple[int, int, int]) -> str:
    return "#" + bytes(rgb).hex()


def _data_uri(photo: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, "JPEG", quality=92)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
