"""The files that SP-Ctrl's training can read instead of drawing them: maps, drawings and heat maps."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.draw import index_map, openpose_map
from engine.formats.coco import from_coco
from engine.keypoint_words import PoseKind
from engine.pose import Pose2D
from engine.skeleton import ap10k17, coco17
from engine.spctrl_data import heatmaps
from engine.spctrl_pictures import write_lines

Line = dict[str, Any]
kinds = ("maps", "openpose", "heatmaps")
seconds = 10.0  # between two lines of progress


@dataclass(frozen=True)
class Listed:
    """A picture of a line: its name, which is also that of its files, and where it lies below the pictures' folder."""

    line: Line
    name: str
    picture: Path


@dataclass(frozen=True)
class Layout:
    """Whose joints they are, and the folder of each kind of file below the one that is written to."""

    kind: PoseKind
    maps: str
    openpose: str
    heatmaps: str


def arguments(description: str | None) -> argparse.ArgumentParser:
    """What both scripts are asked."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--annotations", type=Path, nargs="+", required=True, metavar="FILE", help="as published, .json or .jsonl")
    add("--out", type=Path, required=True, metavar="DIR")
    add("--images", type=Path, metavar="DIR", help="check that every picture is there, as large as the file says")
    add("--only", nargs="+", choices=kinds, default=list(kinds), help="of the files; lines are always written")
    add("--limit", type=int, metavar="N", help="no more than the first pictures of each file")
    return parser


def prepare(args: argparse.Namespace, layout: Layout, lines_of: Callable[[Path], tuple[str, list[Listed]]]) -> None:
    """Writes what is asked for; `lines_of` gives a file's lines, and the name they are written under, "" for none.

    Files that are there already stay: a run that was ended goes on. ValueError for what cannot be read.
    """
    args.out.mkdir(parents=True, exist_ok=True)
    for source in args.annotations:
        name, pictures = lines_of(source)
        pictures = pictures[: args.limit]
        if args.images:
            check_pictures(pictures, args.images)
        if name:
            write_lines(args.out / name, (picture.line for picture in pictures))
            print(f"{args.out / name}: {len(pictures)} pictures")
        write_files(pictures, layout, args.out, args.only, str(source))


def check_pictures(pictures: Sequence[Listed], folder: Path) -> None:
    """ValueError where a picture is not in the folder, or of another size than its line says."""
    for one in pictures:
        path, wanted = folder / one.picture, (one.line["width"], one.line["height"])
        if not path.is_file():
            raise ValueError(f"expected every picture in {folder}, got no {one.picture}")
        try:
            with Image.open(path) as file:
                found = file.size
        except OSError:
            raise ValueError(f"expected a picture in {path}, got something else") from None
        if found != wanted:
            raise ValueError(f"expected {path} to be {wanted[0]} × {wanted[1]}, got {found[0]} × {found[1]}")


def write_files(pictures: Sequence[Listed], layout: Layout, out: Path, only: Sequence[str], source: str) -> None:
    """Writes each picture's files but for those that are there, and says how far it is."""
    folders = {kind: out / getattr(layout, kind) for kind in only}
    endings = {"maps": ".png", "openpose": ".png", "heatmaps": ".npy"}
    todo = [
        (one, missing)
        for one in pictures
        if (missing := [k for k in only if not (folders[k] / f"{one.name}{endings[k]}").is_file()])
    ]
    if len(todo) < len(pictures):
        print(f"{len(pictures) - len(todo)} of {len(pictures)} pictures have their files already")
    started = told = time.monotonic()
    for n, (one, missing) in enumerate(todo, 1):
        try:
            pose = from_coco(one.line, skeleton=ap10k17 if layout.kind == "animal" else coco17)
        except ValueError as error:
            raise ValueError(f"{source}, picture {one.name}: {error}") from None
        for kind in missing:
            write_file(folders[kind] / f"{one.name}{endings[kind]}", kind, pose, layout.kind)
        if time.monotonic() - told > seconds or n == len(todo):
            told = time.monotonic()
            left = (len(todo) - n) * (told - started) / n
            print(f"{n} of {len(todo)} pictures, about {left / 60:.1f} min left")


def write_file(path: Path, kind: str, pose: Pose2D, whose: PoseKind) -> None:
    """Writes one file of a pose; it is there only once it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        if kind == "heatmaps":
            np.save(file, heatmaps(pose, whose))
        else:
            Image.fromarray(index_map(pose) if kind == "maps" else openpose_map(pose)).save(file, "PNG")
    fresh.replace(path)
