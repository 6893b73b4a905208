"""Painting a set: a folder for each picture asked for, with 0.jpg, 1.jpg …, as SP-Ctrl's authors keep theirs.

A run is a folder with these and run.json, what they were painted with. One that was stopped goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.pose import Pose2D
from engine.scene import PaintRequest, Picture
from scripts.evaluation.painting_set import Asked, PaintingSet

# Paints what is asked for, as engine.paint.paint and Studio.paint do.
Paint = Callable[[PaintRequest, Pose2D], Sequence[Picture]]
# Paints several requests for new pictures of one size in one pass: (H, W, 3) uint8.
PaintMany = Callable[[Sequence[PaintRequest], Sequence[Pose2D]], Sequence[np.ndarray]]
told = "run.json"
quality = 95
apart = 1000  # seeds between one picture's and the next one's: nobody paints as many of one pose


@dataclass(frozen=True)
class Settings:
    """What a run is painted with. `side` px is that of the square the published protocol squeezes every pose into;
    with `keep_aspect` pictures have the real one's proportions and about as many pixels.
    """

    model: str
    control: str
    encoding: str
    side: int = 512
    keep_aspect: bool = False
    steps: int = 50
    guidance: float = 7.5
    pose_strength: float = 1.0
    words: bool = True
    negative: str = ""
    seed: int = 0
    guided: bool = False

    def request(self, asked: Asked, nth: int, first: int, end: int) -> PaintRequest:
        """What is asked of the painter for the set's nth pose: its pictures from `first` on, before `end`."""
        return PaintRequest(
            prompt=asked.prompt, negative=self.negative, size=self.size(asked.pose.size),
            seed=self.seed + apart * nth + first, count=end - first, steps=self.steps, guidance=self.guidance,
            pose_strength=self.pose_strength, encoding=self.encoding, model=self.model, fit="squash", words=self.words,
        )  # fmt: skip

    def size(self, real: tuple[int, int]) -> tuple[int, int]:
        """The size to paint in, in steps of 8 px, for a real picture's (width, height)."""
        if not self.keep_aspect:
            return self.side, self.side
        scale = self.side / (real[0] * real[1]) ** 0.5
        width, height = (max(64, 8 * round(side * scale / 8)) for side in real)
        return width, height


def paint_set(
    of: PaintingSet,
    paint: Paint,
    settings: Settings,
    folder: Path,
    count: int = 1,
    say: Callable[[str], None] | None = None,
) -> int:
    """Paints what the run in `folder` lacks, `count` pictures of each pose; how many were painted.

    Pictures come in the real one's size, so that its annotations are theirs. ValueError where the folder holds a run
    with other settings.
    """
    begin(folder, {"set": of.name, **asdict(settings)})
    painted = 0
    for nth, asked in enumerate(of.asked):
        first = counted(folder, asked)
        if first >= count:
            continue
        for n, picture in enumerate(paint(settings.request(asked, nth, first, count), asked.pose), start=first):
            _write(picture.image, asked.pose.size, path(folder, asked, n))
            painted += 1
        if say:
            say(f"{folder.name}: {nth + 1} of {len(of.asked)} painted")
    return painted


def paint_set_together(
    of: PaintingSet, paint: PaintMany, settings: Settings, folder: Path, count: int, at_once: int,
    say: Callable[[str], None] | None = None,
) -> int:  # fmt: skip
    """As `paint_set`, so many pictures in one pass, of whichever poses: for squares, in which all are of one size."""
    begin(folder, {"set": of.name, **asdict(settings)})
    lacking = [
        (nth, asked, n) for nth, asked in enumerate(of.asked) for n in range(counted(folder, asked), count)
    ]  # fmt: skip
    for start in range(0, len(lacking), at_once):
        some = lacking[start : start + at_once]
        requests = [settings.request(asked, nth, n, n + 1) for nth, asked, n in some]
        images = paint(requests, [asked.pose for _, asked, _ in some])
        for (_, asked, n), image in zip(some, images, strict=True):
            _write(image, asked.pose.size, path(folder, asked, n))
        if say:
            say(f"{folder.name}: {start + len(some)} of {len(lacking)} painted")
    return len(lacking)


def begin(folder: Path, settings: dict[str, Any]) -> None:
    """Makes the run's folder, or checks that the one there is of the same settings."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / told
    if not file.is_file():
        file.write_text(json.dumps(settings, indent=2) + "\n", "utf-8")
        return
    before = read_run(folder)
    other = sorted(key for key in before | settings if before.get(key) != settings.get(key))
    if other:
        was, now = (", ".join(f"{key} {of.get(key)}" for key in other) for of in (before, settings))
        raise ValueError(f"expected the run in {folder} to be painted with {now}, got one with {was}: name another run")


def read_run(folder: Path) -> dict[str, Any]:
    """What a run was painted with; ValueError where the folder is none."""
    try:
        found = json.loads((folder / told).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"expected a run with {told} in {folder}, got none") from error
    if not isinstance(found, dict):
        raise ValueError(f"expected settings in {folder / told}, got {type(found).__name__}")
    return found


def path(folder: Path, asked: Asked, n: int = 0) -> Path:
    """Where a run keeps the nth picture of what was asked."""
    return folder / asked.name / f"{n}.jpg"


def counted(folder: Path, asked: Asked) -> int:
    """How many pictures a run has of that pose, the first on."""
    n = 0
    while path(folder, asked, n).is_file():
        n += 1
    return n


def _write(image: np.ndarray, size: tuple[int, int], to: Path) -> None:
    """The picture in the real one's size; whole or not at all, so that a run that is stopped leaves no half ones."""
    to.parent.mkdir(parents=True, exist_ok=True)
    fresh = to.with_suffix(".part")
    Image.fromarray(image).resize(size, Image.Resampling.BILINEAR).save(fresh, "JPEG", quality=quality)
    fresh.replace(to)
