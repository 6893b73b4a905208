"""Labelled figures to learn from: COCO-form annotation files, and samples of them as tensors.

COCO, COCO-WholeBody, Human-Art and the rendered world come in one form. Every sample is known by (epoch, index):
its chance is seeded by these, so training that goes on later sees what it would have seen.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from engine.augment import Augmentation, Figure, view_of
from engine.box import Box
from engine.formats.coco import parts
from engine.heatmap import encode
from engine.photo import read_photo
from engine.skeleton import Skeleton, coco17, wholebody133

Batch = dict[str, Tensor]
Item = TypeVar("Item", covariant=True)


class Figures(Protocol):
    """Labelled figures that can be counted and fetched by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Figure: ...


class CocoFigures:
    """The labelled people of an annotation file in COCO's form, their joints on `skeleton`; pictures open as needed.

    `images` is the folder that the file names are relative to. Crowds and people without a labelled joint of the
    skeleton are left out. ValueError for a file of another form or other joints.
    """

    def __init__(self, annotations: Path, images: Path, skeleton: Skeleton) -> None:
        file = read_annotations(annotations)
        self.images = images
        self.names = {image["id"]: image["file_name"] for image in file["images"]}
        _check_joints(file["categories"], annotations)
        people = [person for a in file["annotations"] if (person := _person(a, skeleton)) is not None]
        if not people:
            raise ValueError(f"expected people with labelled joints in {annotations}, got none")
        pictures, boxes, points, visible = zip(*people, strict=True)
        absent = [name for key in dict.fromkeys(pictures) if not (images / (name := self.names[key])).is_file()]
        if absent:
            raise ValueError(
                f"expected every picture of {annotations} in {images}, got no {absent[0]} ({len(absent)} in all)"
            )
        self.pictures = list(pictures)
        self.boxes = np.array(boxes, dtype=np.float32)
        self.points = np.array(points, dtype=np.float32)
        self.visible = np.array(visible, dtype=bool)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Figure:
        path = self.images / self.names[self.pictures[index]]
        image = read_photo(path.read_bytes(), path.name).image
        box = Box(*(float(side) for side in self.boxes[index])).clipped((image.shape[1], image.shape[0]))
        return Figure(image, box, self.points[index].astype(float), self.visible[index])


def read_annotations(path: Path) -> dict[str, Any]:
    """An annotation file in COCO's form, whole; ValueError for a file without one of its three lists."""
    file = json.loads(path.read_text(encoding="utf-8"))
    for key in ("images", "annotations", "categories"):
        if not isinstance(file, dict) or not isinstance(file.get(key), list):
            raise ValueError(f"expected a COCO annotation file with images, annotations and categories, got no {key}")
    return file


def _check_joints(categories: list[dict[str, Any]], path: Path) -> None:
    for category in categories:
        names = tuple(category.get("keypoints", coco17.joints))
        if names != coco17.joints:
            raise ValueError(
                f"expected COCO's 17 joints in {path}, got {len(names)} joints, {', '.join(map(str, names[:5]))} …"
            )


def _person(annotation: dict[str, Any], skeleton: Skeleton) -> tuple | None:
    """(picture's id, box, points, visible) of an annotation, None where there is nobody to learn from."""
    if lacking := [key for key in ("image_id", "bbox", "keypoints") if key not in annotation]:
        raise ValueError(f"expected annotations with a picture, a box and keypoints, got one without {lacking[0]}")
    x, y, w, h = annotation["bbox"]
    if annotation.get("iscrowd") or min(w, h) < 1:
        return None
    rows = np.zeros((len(wholebody133), 3))
    for key, first, count in (("keypoints", 0, len(coco17)), *parts):
        if annotation.get(key) is not None:
            rows[first : first + count] = _points(annotation[key], count, key)
    rows = rows[wholebody133.indices(skeleton.joints)]
    visible = rows[:, 2] > 0
    return (annotation["image_id"], (x, y, x + w, y + h), rows[:, :2], visible) if visible.any() else None


def _points(flat: list[float], count: int, key: str) -> np.ndarray:
    """Points (count, 3): x, y, and a flag or a score."""
    if len(flat) != 3 * count:
        raise ValueError(f"expected {count} points in {key}, got {len(flat)} numbers")
    return np.reshape(flat, (count, 3))


class Counted(Protocol[Item]):
    """Things to learn from that can be counted and fetched by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Item: ...


class Joined(Generic[Item]):
    """Several sets of figures, or of other things, as one, in order."""

    def __init__(self, sets: Sequence[Counted[Item]]) -> None:
        self.sets = sets
        self.ends = np.cumsum([len(each) for each in sets])

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __getitem__(self, index: int) -> Item:
        which = int(np.searchsorted(self.ends, index, side="right"))
        return self.sets[which][index - (int(self.ends[which - 1]) if which else 0)]


# ── samples ──


class Samples(Dataset):
    """Figures as tensors, by (epoch, index); the same for the same `seed`, whoever asks and when.

    Each: seen and clean (3, H, W) uint8, heatmaps (K, H/4, W/4) of peak 1, weights (K,) 0 or 1, points (K, 2) px.
    """

    def __init__(
        self, figures: Figures, skeleton: Skeleton, size: tuple[int, int], sigma: float, how: Augmentation, seed: int
    ) -> None:
        self.figures, self.skeleton, self.size = figures, skeleton, size
        self.sigma, self.how, self.seed = sigma, how, seed

    def __len__(self) -> int:
        return len(self.figures)

    def __getitem__(self, key: tuple[int, int]) -> Batch:
        epoch, index = key
        rng = np.random.default_rng((self.seed, epoch, index + 1))
        view = view_of(self.figures[index], self.skeleton, self.size, rng, self.how)
        map_size = (self.size[0] // 4, self.size[1] // 4)
        maps, weights = encode(view.points, view.visible, self.size, map_size, self.sigma)
        return {
            "seen": _channels_first(view.seen),
            "clean": _channels_first(view.clean),
            "heatmaps": torch.as_tensor(maps, dtype=torch.float32),
            "weights": torch.as_tensor(weights, dtype=torch.float32),
            "points": torch.as_tensor(view.points, dtype=torch.float32),
        }


def _channels_first(image: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


class Batches(Sampler[list[tuple[int, int]]]):
    """Batches of (epoch, index) without end, each epoch in its own order, from batch number `first` on.

    With several processes, the one of `rank` takes every `processes`-th batch: together they see each figure once
    an epoch.
    """

    def __init__(self, count: int, batch: int, seed: int, first: int = 0, rank: int = 0, processes: int = 1) -> None:
        self.count, self.batch, self.seed = count, batch, seed
        self.first, self.rank, self.processes = first, rank, processes

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        number = self.first
        epoch, order = -1, np.empty(0, dtype=int)
        while True:
            start = (number * self.processes + self.rank) * self.batch
            chosen = []
            for place in range(start, start + self.batch):
                if place // self.count != epoch:
                    epoch = place // self.count
                    order = np.random.default_rng((self.seed, epoch)).permutation(self.count)
                chosen.append((epoch, int(order[place % self.count])))
            yield chosen
            number += 1


def loader(samples: Dataset, order: Batches, workers: int, pinned: bool) -> DataLoader:
    """Samples in the order of these batches, prepared by so many processes (0: none of their own)."""
    return DataLoader(
        samples, batch_sampler=order, num_workers=workers, worker_init_fn=_begin_worker, pin_memory=pinned,
        # Not forked: a copy of a process whose libraries have threads may wait for them for ever.
        multiprocessing_context="spawn" if workers else None,
    )  # fmt: skip


def _begin_worker(_number: int) -> None:
    """What each worker of a loader begins with: one thread for OpenCV, and Ctrl-C left to the main process."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
