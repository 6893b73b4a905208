"""Bodies out of the studio and into it: the endpoints that write files, read files, and stand figures up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
from gradio import FileData
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from app.jobs import Jobs, Stopped, Tell, telling
from app.verbs import said, sent
from engine.formats.checks import keyed, listed, most_people
from engine.formats.document import from_document
from engine.formats.people import from_body
from engine.studio import Studio

# What stands behind these endpoints comes with torch, which the first page need not wait for: they import it when
# they are called.

largest_motion = 64_000_000  # bytes of a file of poses
most_frames = 240


def exporter(studio: Studio, jobs: Jobs) -> Callable[..., Iterator[dict]]:
    """The endpoint's function, with types that describe it to API users."""

    @said
    def export_body(
        document: dict[str, Any], format: str = "glb", options: dict[str, Any] | None = None, job: str = ""
    ) -> Iterator[dict]:
        """Write the bodies of a document's figures as a file.

        Formats: glb (bones and skin), obj, npz (SMPL-X), bvh, still (PNG), gif, mp4 (turntables), depth, normal, mask,
        canny, maps (a zip of the four). `options`: camera (as in a document; the drawing's by default) and width
        (pixels) for pictures; look {light, ground, shadows, skeleton, layers, colors, transparent, background};
        seconds and frames of a turntable; file (the body).
        Yields {fraction, text} while it works, and last {file}.
        """
        from app.body_requests import bodies_of, wish_of
        from engine import body_files

        told = keyed(options or {}, "options")
        bodies = from_document(document).bodies or bodies_of(told.get("bodies", []), "options, bodies")
        wish = wish_of(told, document)

        def work(tell: Tell, stopped: Stopped) -> dict[str, Any]:
            name = body_files.file_name(format)
            data = body_files.write(studio.stage, bodies, format, wish, telling(tell), stopped)
            return {
                "file": FileData(path=save_bytes_to_cache(data, name, get_upload_folder()), orig_name=name).model_dump()
            }

        yield from jobs.run(job, work)

    return export_body


def importer(studio: Studio) -> Callable[..., dict]:
    """The endpoint's function."""

    @said
    def import_body(file: FileData, body: str | None = None) -> dict:
        """Read poses from an npz (SMPL-X, AMASS, this studio's) or a BVH file.

        Returns bodies (at most 240 frames), fps, and notes for the artist.
        """
        from app.body_requests import file_of
        from engine import body_files

        path, name = sent(file)
        if (size := path.stat().st_size) > largest_motion:
            raise ValueError(f"expected a file of at most {largest_motion // 10**6} MB, got {size // 10**6} MB")
        motion = body_files.read(studio.stage, path.read_bytes(), name, most_frames, file_of({"file": body}))
        return {
            "bodies": [from_body(pose) for pose in motion.poses],
            "fps": motion.fps,
            "notes": list(motion.notes),
        }

    return import_body


def stander(studio: Studio) -> Callable[..., dict]:
    """The endpoint's function."""

    @said
    def stand(document: dict[str, Any], indices: list[int] | None = None, body: str | None = None) -> dict:
        """Stand a document's figures up in space: bodies that a camera sees as the figures are drawn.

        `indices` picks figures, all by default. Returns camera and fits [{index, body, error, note}].
        """
        from app.body_requests import fitted, most_fits

        people = from_document(document).pose.people
        wanted = list(range(len(people))) if indices is None else listed(indices, "indices", at_most=most_people)
        answers = [
            fitted(studio.stage, {"document": document, "indices": wanted[n : n + most_fits], "file": body})
            for n in range(0, max(1, len(wanted)), most_fits)
        ]
        return answers[0] | {"fits": [one for answer in answers for one in answer["fits"]]}

    return stand


def previewed(studio: Studio) -> Callable[[gr.EventData], str]:
    """What fills the page's preview of the model: the bodies that the event carries, as a GLB without bones."""

    @said
    def preview(event: gr.EventData) -> str:
        from app.body_requests import bodies_of, wish_of
        from engine.formats.glb import to_plain_glb

        told = keyed(event._data, "the request", "bodies")
        wish, bodies = wish_of(told, {}), bodies_of(told["bodies"], "bodies")
        data = to_plain_glb([studio.stage.mesh(pose, wish.dress, wish.file) for pose in bodies])
        return save_bytes_to_cache(data, "body.glb", get_upload_folder())

    return preview
