"""Every kind of file a scene is written to or read from: one table, `write` and `read`.

`read` tells the kind by content, never by the file's ending.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine import draw, project
from engine.formats.checks import largest_json, parsed, seen, written
from engine.formats.coco import from_coco, to_coco
from engine.formats.detections import from_detections, is_detections
from engine.formats.document import from_document, to_document
from engine.formats.openpose import from_openpose, kind, to_openpose
from engine.formats.sdpose_json import from_sdpose_json, is_sdpose_json
from engine.formats.svg import to_svg
from engine.scene import Reference, Scene
from engine.skeleton import Skeleton, ap10k17, coco17, face68, hand21, wholebody133


@dataclass(frozen=True)
class Format:
    """A kind of file: its name, a title an artist understands, and which ways it goes."""

    name: str
    title: str
    extension: str
    media_type: str
    reads: bool
    writes: bool
    note: str


formats: dict[str, Format] = {
    f.name: f
    for f in (
        Format("document", "Contrapposto document", ".json", "application/json", True, True,
               "Everything but the pictures: people, states, bodies, camera."),
        Format("project", "Contrapposto project", ".zip", "application/zip", True, True,
               "The whole work in one file: drawing, references, painted pictures."),
        Format("openpose", "OpenPose JSON", ".json", "application/json", True, True,
               "For ControlNet and ComfyUI: body of 18 points, hands, face; animals too. Feet need the 25-point kind."),
        Format("openpose25", "OpenPose JSON, 25 points", ".json", "application/json", True, True,
               "As OpenPose itself writes it, with hips' middle and feet."),
        Format("sdpose-demo", "SDPose demo JSON", ".json", "application/json", True, False,
               "What the published SDPose demo exports, with its mix-ups undone."),
        Format("coco", "COCO keypoints", ".json", "application/json", True, True, "17 points a person, for datasets."),
        Format("coco-wholebody", "COCO-WholeBody", ".json", "application/json", True, True,
               "133 points a person: body, feet, face, hands."),
        Format("ap10k", "AP-10K animals", ".json", "application/json", True, True, "17 points an animal."),
        Format("svg", "SVG drawing", ".svg", "image/svg+xml", False, True, "Named shapes to draw on, photo embedded."),
        Format("png", "Picture with the pose", ".png", "image/png", True, True,
               "The pose over the drawing; opens again with pose and drawing."),
        Format("controlnet", "ControlNet pose map", ".png", "image/png", True, True,
               "The rainbow figure on black; opens again with pose and drawing."),
        Format("controlnet-thick", "ControlNet pose map, thick lines", ".png", "image/png", True, True,
               "For SDXL ControlNets; opens again with pose and drawing."),
        Format("index-map", "SP-Ctrl index map", ".png", "image/png", True, True,
               "Nearly black to the eye: each value is a joint or limb. Opens again with pose and drawing."),
    )
}  # fmt: skip
largest_annotations = 64 * 1024 * 1024
accepted = (
    "a Contrapposto document, project (.zip) or PNG with its work inside, OpenPose JSON, COCO keypoints, "
    "COCO-WholeBody or AP-10K JSON"
)


# ── out ──


def write(scene: Scene, format_name: str, include_photo: bool = True, certain: bool = False) -> bytes:
    """The scene as the bytes of a file; ValueError when that kind of file cannot hold it, with what to do.

    References stay in the project file: no exported picture carries them. Without `include_photo` pictures carry the
    pose but not the artist's drawing. `certain` writes OpenPose scores as 1, for the ControlNet editors that drop any
    joint below it.
    """
    writing = [name for name, one in formats.items() if one.writes]
    if format_name not in writing:
        raise ValueError(f"expected one of the formats {', '.join(writing)}, got {format_name!r}")
    pose = scene.pose
    if format_name == "document":
        return written(to_document(scene))
    if format_name == "project":
        return project.to_zip(scene)
    if format_name in ("openpose", "openpose25"):
        return written(to_openpose(pose, 25 if format_name == "openpose25" else None, certain=certain))
    if format_name in _coco_skeletons:
        return written(to_coco(pose, _coco_skeletons[format_name]))
    if format_name == "svg":
        return to_svg(scene, include_photo)
    if format_name == "png":
        image = draw.overlay(pose, scene.photo if include_photo else None)
    elif format_name == "index-map":
        image = draw.index_map(pose)
    else:
        image = draw.openpose_map(pose, thick=format_name == "controlnet-thick")
    return project.png_with_work(image, scene, include_photo)


_coco_skeletons: dict[str, Skeleton] = {"coco": coco17, "coco-wholebody": wholebody133, "ap10k": ap10k17}


def holds(scene: Scene, format_name: str) -> bool:
    """Whether that kind of file can hold the scene's figures, for a menu to offer it or not."""
    kinds = {kind(person) for person in scene.pose.people}
    lone_part = any(person.skeleton in (hand21, face68) for person in scene.pose.people)
    if format_name == "ap10k":
        return kinds == {"animal"}
    if format_name in ("coco", "coco-wholebody"):
        return "animal" not in kinds and not (lone_part and format_name == "coco")
    if format_name == "index-map":
        return len(kinds) < 2 and not lone_part
    return format_name in formats and formats[format_name].writes


# ── in ──


def read(
    data: bytes,
    filename: str = "",
    size: tuple[int, int] | None = None,
    image_name: str = "",
    references: Iterable[Reference | np.ndarray] = (),
    photo: np.ndarray | None = None,
    pictures: Sequence[np.ndarray] = (),
    masks: Sequence[np.ndarray | None] = (),
) -> Scene:
    """The scene in a file's bytes; ValueError, in a sentence, for anything that is none.

    `size` (width, height) serves JSON that does not tell its canvas; `image_name` picks from an annotation file;
    `references`, `photo`, `pictures` and `masks` are the images of a bare document, as from_document takes them.
    """
    called = f"“{filename}”" if filename else "this file"
    if not data:
        raise ValueError(f"expected {accepted}, but {called} is empty")
    if data.startswith(project.png_signature):
        scene = project.work_in_png(data)
        if scene is None:
            raise ValueError(f"expected a PNG with its work inside, but {called} is only a picture: open it as a photo")
        return scene
    if data.startswith(b"PK"):
        return project.from_zip(data)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        raise ValueError(f"expected {accepted}, but {called} is none of them; a picture can be opened as a photo")
    value = parsed(data, largest_annotations if _may_be_annotations(data) else largest_json)
    read_as = _kind_of(value, called)
    if read_as == "document":
        return from_document(value, photo, references, pictures, masks)
    if read_as == "sdpose-demo":
        return Scene(from_sdpose_json(value))
    if read_as == "detections":
        return Scene(from_detections(value, size))
    return Scene(from_openpose(value, size) if read_as == "openpose" else from_coco(value, image_name, size))


def _may_be_annotations(data: bytes) -> bool:
    """Whether JSON bytes, by a look at them unread, could be an annotation file or a results list.

    Those list whole data sets, and are let in at up to 64 MB where other JSON is not.
    """
    start = data[: 1 << 16]
    listed_results = start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[") and b'"image_id"' in start
    return b'"annotations"' in data or (listed_results and b'"keypoints"' in start)


def _kind_of(value: Any, called: str) -> str:
    """`document`, `openpose`, `sdpose-demo`, `detections` or `coco`, told by the keys of a JSON value."""
    sample = value[0] if isinstance(value, list) and value else value
    keys = set(sample) if isinstance(sample, dict) else set()
    if "contrapposto" in keys and isinstance(value, dict):
        return "document"
    if keys & {"people", "animals"}:
        return "sdpose-demo" if is_sdpose_json(value) else "openpose"
    if is_detections(value):
        return "detections"
    if keys & {"annotations", "anns"} or (isinstance(value, list) and {"keypoints", "image_id"} <= keys):
        return "coco"
    raise ValueError(f"expected {accepted}, but {called} is JSON of another kind: {seen(sample)}")
