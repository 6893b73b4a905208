"""Many pictures, one after the other through one model, into a zip of documents and overlays.

Per picture NAME.json (a document) and NAME.png (the pose over it, which opens again as the whole work), and one
index.json: {"contrapposto_batch": 1, "model": name, "pictures": [{"picture", "document", "overlay", "people", "notes"},
...], "failures": [{"picture", "why"}, ...], "seconds": s}.
"""

from __future__ import annotations

import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engine import files
from engine.estimate import Cancelled, Progress
from engine.formats.checks import written
from engine.photo import read_photo
from engine.pose import Pose2D
from engine.scene import Scene
from engine.weights import MissingWeights

version = 1
index_name = "index.json"
most_pictures = 10_000
largest_picture = 512 * 1024 * 1024  # bytes of a file
# What a folder's pictures are called; those that cannot be read are named in the result.
picture_endings = (
    ".png", ".jpg", ".jpeg", ".jpe", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".psd",
)  # fmt: skip


class Found(Protocol):
    """What was made of one picture; `engine.studio.Estimate` is one."""

    @property
    def pose(self) -> Pose2D: ...
    @property
    def model(self) -> str: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


Work = Callable[[np.ndarray], Found]  # from a picture (H, W, 3) uint8 RGB
Cancel = Callable[[], bool]


@dataclass(frozen=True)
class Failure:
    """A picture nothing could be made of, and why in a sentence."""

    name: str
    why: str


@dataclass(frozen=True)
class Batch:
    """What came of many pictures: how many were done, the people in all of them, the model, seconds taken.

    `cancelled` tells that it was stopped on the way and holds what was done until then.
    """

    done: int
    people: int
    model: str
    seconds: float
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    cancelled: bool = False


@dataclass(frozen=True, eq=False)
class Result:
    """One picture or frame when it is done: its number from 0, its pose over its image (H, W, 3), or why there is none.

    A frame's number is its place in the video.
    """

    number: int
    pose: Pose2D | None
    why: str = ""
    image: np.ndarray | None = None


Each = Callable[[Result], None]


# ── pictures ──


def pictures_in(folder: Path) -> list[Path]:
    """The pictures right in a folder as people count them: frame2 before frame10; ValueError when there is none."""
    found = [p for p in folder.iterdir() if p.suffix.lower() in picture_endings and not p.name.startswith(".")]
    if not found:
        raise ValueError(f"expected pictures in the folder “{folder.name}”, got none ending in {picture_endings[0]} …")
    return sorted((p for p in found if p.is_file()), key=_counted)


def _counted(path: Path) -> tuple[list[tuple[int, int | str]], str]:
    """Sorts names with digits by the numbers they spell."""
    parts: list[tuple[int, int | str]] = []
    for char in path.name.lower():
        digit = char in "0123456789"
        if digit and parts and parts[-1][0] == 0:
            parts[-1] = (0, int(f"{parts[-1][1]}{char}"))
        else:
            parts.append((0, int(char)) if digit else (1, char))
    return parts, path.name


def pictures_to_zip(
    pictures: Sequence[Path],
    work: Work,
    out: Path,
    progress: Progress | None = None,
    cancelled: Cancel | None = None,
    names: Sequence[str] | None = None,
    each: Each | None = None,
    partial: bool = False,
) -> Batch:
    """Each picture's document and overlay in a zip at `out`, see the module; one picture at a time in memory.

    `names` are the pictures' own where their paths tell something else; `each` hears of every picture when it is
    done. What cannot be read is told by name in the result and does not end the batch. ValueError when nothing could
    be read. Cancelled, asked before each picture, leaves no file; with `partial` what was done is kept instead.
    """
    if not 0 < len(pictures) <= most_pictures:
        raise ValueError(f"expected 1 … {most_pictures} pictures, got {len(pictures)}")
    names = [path.name for path in pictures] if names is None else names
    pace = Pace(progress, cancelled)
    entries: list[dict[str, Any]] = []
    failures: list[Failure] = []
    people, model, stopped = 0, "", False
    with whole_file(out) as folder, zipfile.ZipFile(folder / "zip", "w") as archive:
        for i, (path, name, stem) in enumerate(zip(pictures, names, _stems(names), strict=True)):
            try:
                pace.step(i / len(pictures), f"Picture {i + 1} of {len(pictures)}")
                scene, found, notes = _worked(path, name, work)
                document, overlay = files.write(scene, "document"), files.write(scene, "png")
            except Cancelled:
                if stopped := partial and bool(entries):
                    break
                raise
            except MissingWeights:  # no picture could be done
                raise
            except (ValueError, OSError, MemoryError) as error:
                failures.append(Failure(name, str(error) or type(error).__name__))
                _tell(each, Result(i, None, failures[-1].why))
                continue
            put(archive, f"{stem}.json", document)
            put(archive, f"{stem}.png", overlay, packed=False)
            people, model = people + len(found.pose.people), found.model
            entries.append(
                {"picture": name, "document": f"{stem}.json", "overlay": f"{stem}.png",
                 "people": len(found.pose.people), "notes": notes}
            )  # fmt: skip
            _tell(each, Result(i, found.pose, image=scene.photo))
        if not entries:
            raise ValueError(f"expected at least one picture that can be read, got none: {failures[0].why}")
        told = [{"picture": failure.name, "why": failure.why} for failure in failures]
        index = {"contrapposto_batch": version, "model": model, "pictures": entries, "failures": told}
        put(archive, index_name, written({**index, "seconds": round(pace.seconds, 3)}))
    pace.done()
    return Batch(len(entries), people, model, pace.seconds, tuple(failures), cancelled=stopped)


def _worked(path: Path, name: str, work: Work) -> tuple[Scene, Found, list[str]]:
    if path.stat().st_size > largest_picture:
        raise ValueError(f"expected a picture of at most {largest_picture >> 20} MB, but “{name}” is larger")
    photo = read_photo(path.read_bytes(), name)
    found = work(photo.image)
    return Scene(found.pose, photo.image), found, [*photo.notes, *found.notes]


def _tell(each: Each | None, result: Result) -> None:
    if each:
        each(result)


def _stems(names: Iterable[str]) -> list[str]:
    """A name per picture for its files in the zip, none twice whatever the case of its letters, none the index's."""
    taken = {Path(index_name).stem}
    stems = []
    for name in names:
        # Names from elsewhere may bring folders along.
        own = stem = Path(name.replace("\\", "/")).stem or "picture"
        n = 1
        while stem.lower() in taken:
            n += 1
            stem = f"{own}-{n}"
        taken.add(stem.lower())
        stems.append(stem)
    return stems


# ── what batches share ──


class Pace:
    """Tells how far a batch is and how long it will take, and stops it when asked to."""

    def __init__(self, progress: Progress | None, cancelled: Cancel | None) -> None:
        self._progress, self._cancelled = progress, cancelled
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def step(self, share: float, what: str) -> None:
        """Before each picture: raises Cancelled, or tells the share done, what comes next and the time left."""
        if self._cancelled and self._cancelled():
            raise Cancelled
        if self._progress:
            left = f", about {spoken(self.seconds * (1 - share) / share)} left" if share > 0 else ""
            self._progress(share, f"{what}{left}")

    def done(self) -> None:
        if self._progress:
            self._progress(1.0, "Done")


def spoken(seconds: float) -> str:
    """A length of time in words, as exact as anybody wants it: 20 s, 3 min, 2 h 10 min."""
    if seconds < 50:
        return f"{max(1, round(seconds)) if seconds < 10 else 5 * round(seconds / 5)} s"
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def whole_file(out: Path) -> Iterator[Path]:
    """A folder beside `out` to work in, whose file “zip” takes that name when all went well; nothing stays else."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        folder = Path(name)
        yield folder
        (folder / "zip").replace(out)


def put(archive: zipfile.ZipFile, name: str, data: bytes, packed: bool = True) -> None:
    """Writes one entry, of one date for all, so that the same work gives the same file."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    archive.writestr(entry, data, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)
