"""Labelled figures named on a command line: annotation files with their folders, and which pictures of them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Wanted:
    """Which pictures: of those `styles`, of all where none are named, but of none and in no place that is left out."""

    styles: tuple[str, ...] = ()
    without_styles: tuple[str, ...] = ()
    without_places: tuple[str, ...] = ()

    def has(self, image: Mapping[str, Any]) -> bool:
        """Whether this picture of an annotation file is one of them."""
        style, place = image.get("style"), image.get("place")
        return (not self.styles or style in self.styles) and not (
            style in self.without_styles or place in self.without_places
        )

    def check(self, images: Sequence[Mapping[str, Any]]) -> None:
        """ValueError for a style or place that none of the pictures has: a name may be misspelt."""
        for kind, names in (("style", self.styles + self.without_styles), ("place", self.without_places)):
            there = {image.get(kind) or "" for image in images} - {""}
            if unknown := set(names) - there:
                known = ", ".join(sorted(there)) or "none"
                raise ValueError(f"expected {kind}s of the pictures ({known}), got {', '.join(sorted(unknown))}")


def add_data(parser: argparse.ArgumentParser) -> None:
    """The arguments that name annotated pictures."""
    add = parser.add_argument
    add("--data", type=Path, action="append", default=[], metavar="FILE.json", help="COCO-form annotations; repeatable")
    add("--images", type=Path, action="append", default=[], metavar="DIR", help="where their file names begin")
    add("--styles", nargs="+", default=[], metavar="STYLE", help="only pictures of these styles")
    add("--without-styles", nargs="+", default=[], metavar="STYLE", help="no pictures of these styles")
    add("--without-places", nargs="+", default=[], metavar="PLACE", help="no pictures in these places")


def figures_from(args: argparse.Namespace, skeleton: Skeleton) -> tuple[Figures, list[dict[str, Any]]]:
    """The figures that the arguments of `add_data` name, and what they are of, for a record of it.

    ValueError for arguments that do not fit or files without such figures.
    """
    if not args.data or len(args.data) != len(args.images):
        raise ValueError(f"expected an --images for each --data, got {len(args.images)} for {len(args.data)}")
    wanted = Wanted(tuple(args.styles), tuple(args.without_styles), tuple(args.without_places))
    shown = [read_annotations(data)["images"] for data in args.data]
    wanted.check([image for images in shown for image in images])
    sets = [
        _chosen(CocoFigures(data, images, skeleton), data.name, pictures, wanted)
        for data, images, pictures in zip(args.data, args.images, shown, strict=True)
    ]
    told = [{"data": data.name, "figures": len(one)} for data, one in zip(args.data, sets, strict=True)]
    return Joined(sets), told


def _chosen(figures: CocoFigures, name: str, pictures: Sequence[Mapping[str, Any]], wanted: Wanted) -> Figures:
    if wanted == Wanted():
        return figures
    kept = {image["id"] for image in pictures if wanted.has(image)}
    chosen = [number for number, image in enumerate(figures.pictures) if image in kept]
    if not chosen:
        raise ValueError(f"expected figures in pictures of those styles and places in {name}, got none")
    return Chosen(figures, chosen)
