"""A video's poses: its frames in order through one model, into a zip of documents and an overlay video, and back.

The zip holds frames/000001.json … (a document each, numbered as in the video), overlay.mp4 (the poses over the
frames, its length and sound kept) and index.json, which makes a sequence of the documents:

    {"contrapposto_sequence": 1, "video": name, "size": [w, h], "fps": [numerator, denominator], "seconds": s,
     "model": name, "notes": [...], "frames": [{"document": file, "number": from 0, "time": s}, ...]}
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from engine import draw, files
from engine.batch import (
    Batch,
    Cancel,
    Each,
    Failure,
    Found,
    Pace,
    Result,
    Work,
    index_name,
    pictures_in,
    pictures_to_zip,
    put,
    spoken,
    whole_file,
)
from engine.estimate import Cancelled, Progress
from engine.formats.checks import keyed, listed, number, numbers, parsed, refuse, size_of, text, whole, written
from engine.formats.document import from_document
from engine.pose import Pose2D
from engine.scene import Scene
from engine.track import Tracker
from engine.video import Clip, Frame, Recorder, frame_at, frames, longest_seconds, most_frames, open_clip

# The batch's words too, so that pictures and videos are had from one place.
__all__ = [
    "Batch", "Cancel", "Each", "Failure", "Found", "Moment", "PoseSequence", "Result", "Work", "estimate_frames",
    "frame_at", "pictures_in", "pictures_to_zip", "read_moment", "read_sequence", "spoken", "video_endings",
    "video_to_zip",
]  # fmt: skip

version = 1
video_endings = (
    ".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".flv", ".wmv", ".ogv", ".3gp",
)  # fmt: skip
largest_index = 32 * 1024 * 1024
largest_document = 4 * 1024 * 1024
latest = 2.0 * longest_seconds  # s: a file may last longer than it declares
_overlay = "overlay.mp4"


@dataclass(frozen=True)
class Moment:
    """The pose at a time, in seconds from the first frame, and its frame's number in the video, from 0."""

    number: int
    time: float
    pose: Pose2D


@dataclass(frozen=True)
class PoseSequence:
    """A video's poses in order, people under their names; `fps` as an exact fraction, `seconds` of the whole."""

    size: tuple[int, int]
    fps: Fraction
    seconds: float
    moments: tuple[Moment, ...]
    model: str = ""
    notes: tuple[str, ...] = ()


# ── out ──


def estimate_frames(
    source: Iterable[Frame],
    work: Work,
    progress: Progress | None = None,
    cancelled: Cancel | None = None,
    seconds: float | None = None,
) -> Iterator[tuple[Frame, Found, Pose2D]]:
    """Each frame with what was found and its pose, in order; who is seen again keeps the name “1”, “2”, …

    `seconds` of the whole give progress. Cancelled, asked before each frame.
    """
    pace, tracker = Pace(progress, cancelled), Tracker()
    for count, frame in enumerate(source, 1):
        share = min(float(frame.time) / seconds, 0.99) if seconds else 0.0
        pace.step(share, f"Frame {count}, {float(frame.time):.1f} s" + (f" of {seconds:.1f} s" if seconds else ""))
        found = work(frame.image)
        people = tracker.named(found.pose.people, float(frame.time))
        yield frame, found, replace(found.pose, people=people)


def video_to_zip(
    video: Path,
    work: Work,
    out: Path,
    every: int = 1,
    most: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancel | None = None,
    each: Each | None = None,
    partial: bool = False,
) -> Batch:
    """The poses of a video's frames, and the video with them drawn over it, in a zip at `out`, see the module.

    Of the frames every n-th is taken, and no more than `most` spread over the whole; the overlay shows each till the
    next. `each` hears of every frame when it is done. ValueError for what is no video or too long. Cancelled, asked
    before each frame, leaves no file; with `partial` the frames done are kept instead.
    """
    clip = open_clip(video)
    if most is not None:
        if most < 1:
            raise ValueError(f"expected to take at most 1, 2, … frames, got {most}")
        every = max(every, -(-clip.frames // most))
    pace = Pace(progress, None)
    notes: list[str] = []
    entries: list[dict[str, Any]] = []
    people, model, end, stopped = 0, "", 0.0, False
    with whole_file(out) as folder, zipfile.ZipFile(folder / "zip", "w") as archive:
        with Recorder(folder / _overlay, clip.size, clip.fps / every, clip) as recorder:
            source = estimate_frames(frames(clip, every, notes.append), work, progress, cancelled, clip.seconds)
            try:
                for frame, found, pose in source:
                    name = f"frames/{frame.number + 1:06}.json"
                    put(archive, name, files.write(Scene(pose), "document"))
                    entries.append({"document": name, "number": frame.number, "time": float(frame.time)})
                    recorder.add(draw.overlay(pose, frame.image), frame.time, frame.lasts)
                    end = float(frame.time + frame.lasts)
                    people, model = people + len(pose.people), found.model
                    if each:
                        each(Result(frame.number, pose, image=frame.image))
            except Cancelled:
                stopped = partial and bool(entries)
                if not stopped:
                    raise
        if not entries:
            raise ValueError(f"expected a video with frames, got none that could be read from “{video.name}”")
        archive.write(folder / _overlay, _overlay, zipfile.ZIP_STORED)
        notes += recorder.notes
        put(archive, index_name, written(_index(clip, every, end, model, notes, entries)))
    pace.done()
    return Batch(len(entries), people, model, pace.seconds, notes=tuple(notes), cancelled=stopped)


def _index(clip: Clip, every: int, end: float, model: str, notes: list[str], entries: list[dict]) -> dict[str, Any]:
    fps = clip.fps / every
    return {
        "contrapposto_sequence": version,
        "video": clip.path.name,
        "size": list(clip.size),
        "fps": [fps.numerator, fps.denominator],
        "seconds": end,
        "model": model,
        "notes": notes,
        "frames": entries,
    }


# ── in ──


def read_sequence(path: Path) -> PoseSequence:
    """The sequence in a zip that `video_to_zip` wrote; ValueError says what is missing or wrong in it."""
    with _archive(path) as archive:
        index, size, rows = _contents(archive)
        above, below = numbers(index["fps"], "fps", (2,))
        if not (0 < above < 2**31 and 0 < below < 2**31):
            refuse("fps", "a fraction above 0", f"{above:g}/{below:g}")
        return PoseSequence(
            size,
            Fraction(int(above), int(below)),
            number(index["seconds"], "seconds", 0, latest),
            tuple(_moment(archive, row, f"frame {n}", size) for n, row in enumerate(rows, 1)),
            text(index.get("model", ""), "model"),
            tuple(text(note, "notes") for note in listed(index.get("notes", []), "notes")),
        )


def read_moment(path: Path, number: int | None = None, time: float | None = None) -> Moment | None:
    """One moment of a sequence, of however many: of the frame `number`, or the last one that begins by `time`, s.

    None where that frame has no pose; before the first moment that one. ValueError as for `read_sequence`.
    """
    with _archive(path) as archive:
        _, size, rows = _contents(archive)
        places = [_place(row, f"frame {n}") for n, row in enumerate(rows, 1)]
        if time is None:
            chosen = next((i for i, (_, own, _) in enumerate(places) if own == number), None)
        else:
            chosen = max((i for i, (_, _, begins) in enumerate(places) if begins <= time), default=0)
        return None if chosen is None else _moment(archive, rows[chosen], f"frame {chosen + 1}", size)


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"expected a zip with a pose sequence, got “{path.name}”, which is none ({error})") from None


def _contents(archive: zipfile.ZipFile) -> tuple[dict[str, Any], tuple[int, int], list[Any]]:
    """A sequence's index, its pictures' (width, height) and a row a moment; ValueError where there is none to read."""
    index = keyed(_taken(archive, index_name, largest_index), index_name, "contrapposto_sequence", "frames")
    found = whole(index["contrapposto_sequence"], "contrapposto_sequence (the version)", 1, 1_000_000)
    if found > version:
        refuse("the sequence", f"version {version}", f"{found}: made by a newer Contrapposto; update to open it")
    keyed(index, index_name, "size", "fps", "seconds")
    rows = listed(index["frames"], "frames", at_most=most_frames)
    if not rows:
        refuse("frames", "at least one", "none")
    return index, size_of(index["size"], "size"), rows


def _place(row: Any, where: str) -> tuple[str, int, float]:
    """A row's document, its frame's number in the video and its time in seconds."""
    row = keyed(row, where, "document", "number", "time")
    return (
        text(row["document"], f"{where}, document"),
        whole(row["number"], f"{where}, number", 0, 2**31),
        number(row["time"], f"{where}, time", 0, latest),
    )


def _moment(archive: zipfile.ZipFile, row: Any, where: str, size: tuple[int, int]) -> Moment:
    name, place, time = _place(row, where)
    pose = from_document(_taken(archive, name, largest_document)).pose
    if pose.size != size:
        refuse(f"{where}, size", f"{size} as the sequence's", f"{pose.size}")
    return Moment(place, time, pose)


def _taken(archive: zipfile.ZipFile, name: str, most: int) -> Any:
    """The JSON value in an entry."""
    if name not in archive.NameToInfo:
        raise ValueError(f"expected {name} in the sequence, got a zip without it")
    if archive.getinfo(name).file_size > most:
        raise ValueError(f"expected {name} of at most {most >> 20} MB, got more")
    try:
        return parsed(archive.read(name), most)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
        raise ValueError(f"expected {name} whole, got a damaged entry ({error})") from None
