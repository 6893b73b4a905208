"""The named endpoints open and convert, and how every endpoint speaks. The page and scripts call the same ones.

Each takes and returns plain values and files; a `ValueError` of the engine becomes the sentence the artist reads,
anything else a line in the log and a general sentence.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
from gradio import FileData
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from app.page import assets, modules
from engine import files, pose_map, project
from engine.formats.document import most_pictures, to_document
from engine.photo import Photo, read_photo
from engine.picture_file import picture_png
from engine.pose import Pose2D
from engine.scene import Picture, Scene

log = logging.getLogger(__name__)
words = json.loads((modules / "words.json").read_text("utf-8"))
most_references = 20
largest_read = 96_000_000  # bytes of a file that is read whole


def said(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The verb with its errors made into what the artist reads; the one place where that is decided."""

    @contextlib.contextmanager
    def speaking() -> Iterator[None]:
        try:
            yield
        except gr.Error:
            raise
        except ValueError as error:
            raise gr.Error(sentence(error), print_exception=False) from error
        except MemoryError as error:
            raise gr.Error(words["noMemory"], print_exception=False) from error
        except Exception as error:
            log.exception("%s failed", verb.__name__)
            raise gr.Error(words["failed"], print_exception=False) from error

    if inspect.isgeneratorfunction(verb):

        @functools.wraps(verb)
        def stream(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with speaking():
                yield from verb(*args, **kwargs)

        return stream

    @functools.wraps(verb)
    def call(*args: Any, **kwargs: Any) -> Any:
        with speaking():
            return verb(*args, **kwargs)

    return call


def answering(name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What quick work called `name` answers the page, or {"error": a sentence} when it refuses or fails."""
    try:
        return work()
    except ValueError as error:
        return {"error": sentence(error)}
    except MemoryError:
        return {"error": words["noMemory"]}
    except Exception:
        log.exception("%s failed", name)
        return {"error": words["failed"]}


def sentence(error: Exception | str) -> str:
    """An error as a sentence: a capital and a full stop."""
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def sent(file: Any) -> tuple[Path, str]:
    """Path and name of a file handed to an endpoint; only files that were uploaded here, or ship with the app."""
    path = Path(str(file.get("path") if isinstance(file, dict) else getattr(file, "path", ""))).resolve()
    allowed = (Path(get_upload_folder()).resolve(), (assets / "examples").resolve())
    if not any(path.is_relative_to(folder) for folder in allowed) or not path.is_file():
        raise ValueError(words["gone"])
    name = (file.get("orig_name") if isinstance(file, dict) else getattr(file, "orig_name", None)) or path.name
    return path, name


def _bytes(file: Any) -> tuple[bytes, str]:
    path, name = sent(file)
    if path.stat().st_size > largest_read:  # videos may be larger, but are never read whole
        raise ValueError(words["tooLarge"])
    return path.read_bytes(), name


def _cached(image: np.ndarray) -> dict[str, Any]:
    """An image put where the page can fetch it; Gradio deletes it with the visitors' own files."""
    # Lossless, and packed lightly: 12 megapixels in a third of the time that full packing takes.
    _, data = cv2.imencode(".png", image[..., ::-1] if image.ndim == 3 else image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return FileData(path=save_bytes_to_cache(data.tobytes(), "image.png", get_upload_folder())).model_dump()


def _size(size: Any) -> tuple[int, int] | None:
    if size is None:
        return None
    if not isinstance(size, list) or len(size) != 2 or not all(type(side) is int and side > 0 for side in size):
        raise ValueError(f"expected a size of two whole numbers, width and height, got {size!r:.80}")
    return size[0], size[1]


def _named(drawing: str, data: bytes) -> str:
    """The drawing's name where a file speaks of it, else none: then a file of one picture opens all the same."""
    return drawing if drawing and str(drawing).encode() in data else ""


@said
def open_file(file: FileData, as_pose_map: bool = False, size: list[int] | None = None, drawing: str = "") -> dict:
    """Read any file the studio knows: a drawing, a PNG with the work inside, a project, or a pose in JSON.

    Returns kind (photo | work | pose), the document, the drawing, references and painted pictures (image and mask) as
    files, notes for the artist, whether it is a whole project, and pose_map: whether the picture looks like a pose map
    (`as_pose_map` reads it as one). `size` [width, height]
    serves pose files that do not say their canvas; `drawing` picks its picture from an annotation file of many.
    """
    data, name = _bytes(file)
    work = project.work_in_png(data) if data.startswith(project.png_signature) else None
    if work is not None:
        return answer("work", work)
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"{", b"[") or data.startswith(b"PK"):
        scene = files.read(data, name, _size(size), _named(drawing, data))
        whole = data.startswith(b"PK")
        return answer("work" if whole or scene.photo is not None else "pose", scene) | {"project": whole}
    photo = read_photo(data, name)
    if as_pose_map:
        return answer("pose", Scene(pose_map.read_pose_map(photo.image)), (*photo.notes, words["mapNote"]))
    height, width = photo.image.shape[:2]
    found = answer("photo", Scene(Pose2D((width, height)), photo=photo.image), photo.notes)
    return found | {"pose_map": pose_map.looks_like_pose_map(photo.image)}


def answer(kind: str, scene: Scene, notes: tuple[str, ...] = ()) -> dict:
    """What the page takes a scene from: its document, and its pictures as files."""
    return {
        "kind": kind,
        "document": to_document(scene),
        "photo": None if scene.photo is None else _cached(scene.photo),
        "references": [_cached(reference.image) for reference in scene.references],
        "pictures": [_painted(picture, scene) for picture in scene.pictures],
        "notes": list(notes),
        "pose_map": False,
        "project": False,
    }


def _painted(picture: Picture, scene: Scene) -> dict[str, Any]:
    """A painted picture as the page keeps it: its PNG, without the drawing that the page has, and its mask."""
    mask = picture.request.mask
    data = picture_png(picture, scene, include_photo=False)
    path = save_bytes_to_cache(data, "picture.png", get_upload_folder())
    return {"image": FileData(path=path).model_dump(), "mask": None if mask is None else _cached(mask)}


@said
def convert(
    file: FileData,
    format: str = "openpose",
    photo: FileData | None = None,
    references: list[FileData] | None = None,
    include_photo: bool = True,
    certain: bool = False,
    pictures: list[FileData] | None = None,
    masks: list[FileData | None] | None = None,
) -> FileData:
    """Write a pose file of any kind the studio reads in another format.

    Formats: document, project, openpose, openpose25, coco, coco-wholebody, ap10k, svg, png, controlnet,
    controlnet-thick, index-map.
    `photo` is the drawing under the pose; `include_photo` keeps it inside an exported PNG, so that it reopens.
    `certain` writes OpenPose scores as 1, for the editors of ControlNet tools, which drop any joint below that.
    `pictures` are the painted pictures that a document tells of, and `masks` what each was painted within, or nothing.
    """
    data, name = _bytes(file)
    for what, most, given in (("references", most_references, references), ("pictures", most_pictures, pictures)):
        if len(given or []) > most:
            raise ValueError(f"expected at most {most} {what}, got {len(given or [])}")
    image = photo_of(photo).image if photo else None
    scene = files.read(
        data, name, None if image is None else image.shape[1::-1], photo=image,
        references=[photo_of(one).image for one in references or []],
        pictures=[photo_of(one).image for one in pictures or []],
        masks=[mask_of(one) if one else None for one in masks or []],
    )  # fmt: skip
    if image is not None:
        scene = replace(scene, photo=image)
    written = files.write(scene, format, include_photo=include_photo, certain=certain)
    path = save_bytes_to_cache(written, f"pose{files.formats[format].extension}", get_upload_folder())
    return FileData(path=path)


def photo_of(file: Any) -> Photo:
    """The picture in a file handed to an endpoint."""
    data, name = _bytes(file)
    return read_photo(data, name)


def mask_of(file: Any) -> np.ndarray:
    """The mask (H, W) uint8 in a file: white is painted anew."""
    return cv2.cvtColor(photo_of(file).image, cv2.COLOR_RGB2GRAY)
