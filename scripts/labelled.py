"""Labelled figures named on a command line: annotation files with their folders, and which styles of them."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.augment import Figure
from engine.data import CocoFigures, Figures, Joined, read_annotations
from engine.skeleton import Skeleton


class Chosen:
    """Some of the figures, by number."""

    def __init__(self, figures: Figures, numbers: Sequence[int]) -> None:
        self.figures, self.numbers = figures, np.asarray(numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Figure:
        return self.figures[int(self.numbers[index])]


def add_data(parser: argparse.ArgumentParser) -> None:
    """The arguments that name annotated pictures."""
    add = parser.add_argument
    add("--data", type=Path, action="append", default=[], metavar="FILE.json", help="COCO-form annotations; repeatable")
    add("--images", type=Path, action="append", default=[], metavar="DIR", help="where their file names begin")
    add("--styles", nargs="+", metavar="STYLE", help="only pictures of these styles")
    add("--without-styles", nargs="+", default=[], metavar="STYLE", help="no pictures of these styles")


def figures_from(args: argparse.Namespace, skeleton: Skeleton) -> tuple[Figures, list[dict[str, Any]]]:
    """The figures that the arguments of `add_data` name, and what they are of, for a record of it.

    ValueError for arguments that do not fit or files without such figures.
    """
    if not args.data or len(args.data) != len(args.images):
        raise ValueError(f"expected an --images for each --data, got {len(args.images)} for {len(args.data)}")
    sets: list[Figures] = [
        of_styles(data, images, skeleton, args.styles, args.without_styles)
        for data, images in zip(args.data, args.images, strict=True)
    ]
    told = [{"data": data.name, "figures": len(one)} for data, one in zip(args.data, sets, strict=True)]
    return Joined(sets), told


def of_styles(
    data: Path, images: Path, skeleton: Skeleton, styles: Collection[str] | None, without: Collection[str]
) -> Figures:
    """The figures of a file in pictures of those styles, of all where none are named, but never those `without`."""
    figures = CocoFigures(data, images, skeleton)
    if not styles and not without:
        return figures
    style = {image["id"]: image.get("style") for image in read_annotations(data)["images"]}
    if unknown := (set(styles or ()) | set(without)) - set(style.values()):
        named = ", ".join(sorted({each for each in style.values() if each})) or "none"
        raise ValueError(f"expected styles of {data.name} ({named}), got {', '.join(sorted(unknown))}")
    wanted = [n for n, image in enumerate(figures.pictures) if (style[image] in styles if styles else True)]
    chosen = [n for n in wanted if style[figures.pictures[n]] not in without]
    if not chosen:
        raise ValueError(f"expected figures in pictures of those styles in {data.name}, got none")
    return Chosen(figures, chosen)
