"""The named endpoints: open, estimate, convert. The page and scripts call the same ones.

Each takes and returns plain values and files; a `ValueError` of the engine becomes the sentence the artist reads,
anything else a line in the log and a general sentence.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import logging
import queue
import threading
from collections import deque
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
from engine.box import Box
from engine.estimate import Cancelled
from engine.formats.document import to_document
from engine.photo import Photo, read_photo
from engine.pose import Pose2D
from engine.scene import Scene
from engine.studio import Studio

log = logging.getLogger(__name__)
words = json.loads((modules / "words.json").read_text("utf-8"))
most_boxes = 50
most_references = 20
most_cancelled = 1000  # names of jobs cancelled before they began


def said(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The verb with its errors made into what the artist reads; the one place where that is decided."""

    @contextlib.contextmanager
    def speaking() -> Iterator[None]:
        try:
            yield
        except gr.Error:
            raise
        except ValueError as error:
            raise gr.Error(_sentence(error), print_exception=False) from error
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


def _sentence(error: ValueError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _bytes(file: Any) -> tuple[bytes, str]:
    """Content and name of a file handed to an endpoint; only files that were uploaded here, or ship with the app."""
    path = Path(str(file.get("path") if isinstance(file, dict) else getattr(file, "path", ""))).resolve()
    allowed = (Path(get_upload_folder()).resolve(), (assets / "examples").resolve())
    if not any(path.is_relative_to(folder) for folder in allowed) or not path.is_file():
        raise ValueError(words["gone"])
    name = (file.get("orig_name") if isinstance(file, dict) else getattr(file, "orig_name", None)) or path.name
    return path.read_bytes(), name


def _cached(image: np.ndarray) -> dict[str, Any]:
    """An image put where the page can fetch it; Gradio deletes it with the visitors' own files."""
    # Lossless, and packed lightly: 12 megapixels in a third of the time that full packing takes.
    _, data = cv2.imencode(".png", image[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
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

    Returns kind (photo | work | pose), the document, the drawing and references as files, notes for the artist,
    and pose_map: whether the picture looks like a pose map (`as_pose_map` reads it as one). `size` [width, height]
    serves pose files that do not say their canvas; `drawing` picks its picture from an annotation file of many.
    """
    data, name = _bytes(file)
    work = project.work_in_png(data) if data.startswith(project.png_signature) else None
    if work is not None:
        return _answer("work", work)
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"{", b"[") or data.startswith(b"PK"):
        scene = files.read(data, name, _size(size), _named(drawing, data))
        return _answer("work" if scene.photo is not None else "pose", scene)
    photo = read_photo(data, name)
    if as_pose_map:
        return _answer("pose", Scene(pose_map.read_pose_map(photo.image)), (*photo.notes, words["mapNote"]))
    height, width = photo.image.shape[:2]
    answer = _answer("photo", Scene(Pose2D((width, height)), photo=photo.image), photo.notes)
    return answer | {"pose_map": pose_map.looks_like_pose_map(photo.image)}


def _answer(kind: str, scene: Scene, notes: tuple[str, ...] = ()) -> dict:
    return {
        "kind": kind,
        "document": to_document(scene),
        "photo": None if scene.photo is None else _cached(scene.photo),
        "references": [_cached(reference.image) for reference in scene.references],
        "notes": list(notes),
        "pose_map": False,
    }


@said
def convert(
    file: FileData,
    format: str = "openpose",
    photo: FileData | None = None,
    references: list[FileData] | None = None,
    include_photo: bool = True,
    certain: bool = False,
) -> FileData:
    """Write a pose file of any kind the studio reads in another format.

    Formats: document, project, openpose, openpose25, coco, coco-wholebody, ap10k, svg, png, controlnet,
    controlnet-thick, index-map.
    `photo` is the drawing under the pose; `include_photo` keeps it inside an exported PNG, so that it reopens.
    `certain` writes OpenPose scores as 1, for the editors of ControlNet tools, which drop any joint below that.
    """
    data, name = _bytes(file)
    if len(references or []) > most_references:
        raise ValueError(f"expected at most {most_references} references, got {len(references or [])}")
    images = [_photo_of(one).image for one in references or []]
    image = _photo_of(photo).image if photo else None
    scene = files.read(data, name, size=None if image is None else image.shape[1::-1], references=images)
    if image is not None:
        scene = replace(scene, photo=image)
    written = files.write(scene, format, include_photo=include_photo, certain=certain)
    path = save_bytes_to_cache(written, f"pose{files.formats[format].extension}", get_upload_folder())
    return FileData(path=path)


def _photo_of(file: Any) -> Photo:
    data, name = _bytes(file)
    return read_photo(data, name)


class Estimates:
    """The estimate endpoint: works in a thread, tells its progress, and is cancelled by its job's name."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.jobs: dict[str, threading.Event] = {}
        self.cancelled: deque[str] = deque(maxlen=most_cancelled)

    def cancel_job(self, job: Any) -> bool:
        """Ask the named job to stop, or not to begin; whether it was at work."""
        if not isinstance(job, str) or not 0 < len(job) <= 100:
            return False
        event = self.jobs.get(job)
        if event:
            event.set()
        else:
            self.cancelled.append(job)
        return event is not None

    @property
    def verb(self) -> Callable[..., Iterator[dict]]:
        """The endpoint's function, with types that describe it to API users."""

        @said
        def estimate(
            photo: FileData,
            model: str = "auto",
            boxes: list[list[float]] | None = None,
            whole_image: bool = False,
            job: str = "",
        ) -> Iterator[dict]:
            """Find the people in a drawing or photo and their pose.

            `boxes` are [x0, y0, x1, y1] in pixels around people; `whole_image` takes the picture as one figure.
            Yields {fraction, text} while it works, and last {document, model, seconds, notes}.
            """
            image = _photo_of(photo).image
            yield from self._run(image, model, _boxes(boxes), whole_image, job)

        return estimate

    def _run(self, image: np.ndarray, model: str, boxes: list[Box] | None, whole: bool, job: str) -> Iterator[dict]:
        if job in self.cancelled:
            self.cancelled.remove(job)
            yield {"cancelled": True}
            return
        told: queue.Queue[Any] = queue.Queue()
        stop = threading.Event()
        if job:
            self.jobs[job] = stop

        def work() -> None:
            try:
                done = self.studio.estimate(
                    image, model, boxes=boxes, whole_image=whole, cancelled=stop.is_set,
                    progress=lambda fraction, text: told.put({"fraction": fraction, "text": text}),
                )  # fmt: skip
                told.put(done)
            except BaseException as error:
                told.put(error)

        threading.Thread(target=work, daemon=True).start()
        try:
            while True:
                value = told.get()
                if isinstance(value, dict):
                    yield value
                elif isinstance(value, Cancelled):
                    yield {"cancelled": True}
                    return
                elif isinstance(value, BaseException):
                    raise value
                else:
                    yield {
                        "document": to_document(Scene(value.pose)),
                        "model": value.model,
                        "seconds": round(value.seconds, 3),
                        "notes": list(value.notes),
                    }
                    return
        finally:  # also when the page went away: nobody waits for the rest
            stop.set()
            self.jobs.pop(job, None)


def _boxes(boxes: Any) -> list[Box] | None:
    if boxes is None:
        return None
    if not isinstance(boxes, list) or not 0 < len(boxes) <= most_boxes:
        raise ValueError(f"expected 1 to {most_boxes} boxes of four numbers, got {boxes!r:.80}")
    try:
        return [Box(*(float(side) for side in box)) for box in boxes]
    except (TypeError, ValueError):
        raise ValueError(f"expected boxes of four numbers x0, y0, x1, y1, got {boxes!r:.80}") from None
