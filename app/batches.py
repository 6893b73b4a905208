"""The endpoints for many pictures at once and for videos, and for a frame of a video to be edited."""

from __future__ import annotations

import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from gradio import FileData
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from app.estimates import options_of
from app.jobs import Jobs, Stopped, Tell, telling
from app.verbs import answer, said, sent, sentence
from engine import draw
from engine.batch import Batch, Result, Work, pictures_to_zip
from engine.estimate import Options
from engine.formats.document import to_document
from engine.pose import Pose2D
from engine.scene import Scene
from engine.sequence import read_moment, video_to_zip
from engine.studio import Studio
from engine.video import frame_at, open_clip

most_pictures = 500
thumbnails = 48  # frames of a video shown while it is worked on
thumbnail_side = 192  # px
kept_seconds = 86400  # of results


def of_pictures(studio: Studio, jobs: Jobs) -> Callable[..., Iterator[dict]]:
    """The endpoint's function, with types that describe it to API users."""

    @said
    def estimate_many(
        pictures: list[FileData], model: str = "auto", options: dict[str, Any] | None = None, job: str = ""
    ) -> Iterator[dict]:
        """Find the poses in many pictures: a zip of documents and of pictures with the poses over them.

        Yields {fraction, text} and for every picture {number, people, document} or {number, why} while it works, and
        last {results, done, model, seconds, notes, cancelled}. Cancelled by its `job` it gives what is done. A
        picture that cannot be read is told with the reason and does not end the rest.
        """
        count = len(pictures) if isinstance(pictures, list) else 0
        if not 0 < count <= most_pictures:
            raise ValueError(f"expected 1 to {most_pictures} pictures, got {count}")
        given, chosen = [sent(picture) for picture in pictures], options_of(options)
        yield from jobs.run(job, lambda tell, stopped: _pictures(studio, model, chosen, given, tell, stopped))

    return estimate_many


def _pictures(
    studio: Studio, model: str, options: Options, sent_files: list[tuple[Path, str]], tell: Tell, stopped: Stopped
) -> dict[str, Any]:
    def each(result: Result) -> None:
        if result.pose is None:
            tell({"number": result.number, "why": sentence(result.why)})
        else:
            found = {"people": len(result.pose.people), "document": to_document(Scene(result.pose))}
            tell({"number": result.number, **found})

    out = _fresh() / "poses.zip"
    batch = pictures_to_zip(
        [path for path, _ in sent_files], _work(studio, model, options, stopped), out, telling(tell), stopped,
        names=[name for _, name in sent_files], each=each, partial=True,
    )  # fmt: skip
    return _result(batch, out)


def of_video(studio: Studio, jobs: Jobs) -> Callable[..., Iterator[dict]]:
    """The endpoint's function, with types that describe it to API users."""

    @said
    def estimate_video(
        video: FileData, model: str = "auto", options: dict[str, Any] | None = None, job: str = ""
    ) -> Iterator[dict]:
        """Find the poses in a video, frame by frame: a zip of documents, and the video with the poses over it.

        Yields {fraction, text} and for some frames {number, people, thumbnail} while it works, and last {results,
        overlay, done, model, seconds, notes, cancelled}. Cancelled by its `job` it gives the frames that are done.
        """
        path, chosen = sent(video)[0], options_of(options)
        yield from jobs.run(job, lambda tell, stopped: _video(studio, model, chosen, path, tell, stopped))

    return estimate_video


def _video(studio: Studio, model: str, options: Options, path: Path, tell: Tell, stopped: Stopped) -> dict[str, Any]:
    every = max(1, round(open_clip(path).frames / thumbnails))

    def each(result: Result) -> None:
        if result.number % every == 0 and result.pose is not None and result.image is not None:
            thumbnail = _thumbnail(result.pose, result.image)
            tell({"number": result.number, "people": len(result.pose.people), "thumbnail": thumbnail})

    out = _fresh() / f"{path.stem}-poses.zip"
    batch = video_to_zip(
        path, _work(studio, model, options, stopped), out, progress=telling(tell), cancelled=stopped, each=each,
        partial=True,
    )  # fmt: skip
    with zipfile.ZipFile(out) as archive:
        overlay = archive.extract("overlay.mp4", out.parent)
    return _result(batch, out) | {"overlay": FileData(path=overlay).model_dump()}


def _work(studio: Studio, model: str, options: Options, stopped: Stopped) -> Work:
    # `auto` is looked up once, not for each frame anew.
    name = studio.estimator(model, options).name
    return lambda image: studio.estimate(image, name, options=options, cancelled=stopped)


@said
def open_frame(video: FileData, results: FileData, number: int | None = None, time: float | None = None) -> dict:
    """A frame of a video with the pose found in it, as /open gives a work.

    The frame of that `number`, from 0, or the one seen at a `time` in seconds.
    """
    (path, name), (archive, _) = sent(video), sent(results)
    moment = read_moment(archive, number, time if isinstance(time, int | float) else None)
    if moment is None:
        raise ValueError(f"expected a frame of “{name}” with a pose, got frame {number!r:.20}")
    image = frame_at(open_clip(path), moment.number).image
    return answer("work", replace(Scene(moment.pose), photo=image))


def _fresh() -> Path:
    """A folder where the page may fetch from; those of the day before go. Gradio deletes only what visitors sent."""
    uploads = Path(get_upload_folder())
    uploads.mkdir(parents=True, exist_ok=True)
    for old in uploads.glob("batch-*"):
        if time.time() - old.stat().st_mtime > kept_seconds:
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(dir=uploads, prefix="batch-"))


def _thumbnail(pose: Pose2D, image: np.ndarray) -> dict[str, Any]:
    """A frame with its poses over it, small, as a file for the page."""
    scale = thumbnail_side / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    # Drawn at its size: shrunk with the picture, the lines would be too thin to see.
    drawn = draw.overlay(pose.scaled((small.shape[1], small.shape[0])), small)
    _, data = cv2.imencode(".jpg", drawn[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return FileData(path=save_bytes_to_cache(data.tobytes(), "frame.jpg", get_upload_folder())).model_dump()


def _result(batch: Batch, out: Path) -> dict[str, Any]:
    return {
        "results": FileData(path=str(out), orig_name=out.name).model_dump(),
        "done": batch.done,
        "model": batch.model,
        "seconds": round(batch.seconds, 3),
        "notes": list(batch.notes),
        "cancelled": batch.cancelled,
    }
