"""What SP-Ctrl's training sees of a picture: its middle square, the pose as a map, the prompt, and where joints are.

Every sample is known by (epoch, index): its chance is seeded by these, so training that goes on later sees what it
would have seen. Nothing is flipped, turned or recoloured, as published.
"""

from __future__ import annotations

import copy
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils.data import Dataset

from engine.draw import index_map, openpose_map
from engine.keypoint_words import PoseKind, slot, table_of, visible_words, with_words
from engine.networks.keypoint_concepts import Target, joint_heatmaps
from engine.networks.keypoint_concepts import side as cells
from engine.pose import Pose2D
from engine.skeleton import ap10k17, coco17, wholebody133
from engine.spctrl_pictures import PosedPicture, PosedPictures

# How the pose is told: by SP-Ctrl's map, an OpenPose drawing, the map's numbers as grey, or files of a folder.
Condition = Literal["spctrl", "openpose", "index", "mask", "depth"]
endings = (".png", ".jpg", ".webp")


@dataclass(frozen=True)
class Showing:
    """How a picture becomes a sample, `side` px wide and high.

    `folder` holds prepared files of the `condition`, which a mask or depth needs and the others may do without.
    `target` is what the joints' attention should be: discs, as published, or the paper's Gaussians. `empty` is the
    chance of a prompt without words, `named` that of the joints' names in another, `body` that of an OpenPose drawing
    of the 17 joints that the map has, without hands and faces; all are 0 … 1.
    """

    side: int = 512
    condition: Condition = "spctrl"
    folder: Path | None = None
    target: Target = "disc"
    empty: float = 0.5
    named: float = 0.8
    body: float = 0.0

    def __post_init__(self) -> None:
        for name, known in (("condition", Condition), ("target", Target)):
            if getattr(self, name) not in get_args(known):
                raise ValueError(f"expected a {name} {', '.join(get_args(known))}, got {getattr(self, name)!r}")
        if self.side < 8 or self.side % 8:
            raise ValueError(f"expected a side in multiples of 8 px, got {self.side}")
        if self.condition in ("mask", "depth") and self.folder is None:
            raise ValueError(f"expected a folder with prepared files of the {self.condition}, got none")


class Samples(Dataset):
    """Posed pictures as tensors, by (epoch, index); the same for the same `seed`, whoever asks and when.

    Each: pixels (3, S, S) −1 … 1; `map` (S, S) int64 numbers of SP-Ctrl's map, or `condition` (3, S, S) 0 … 1; prompt;
    `ids` (77,) of its tokens; `places` (17,) of the joints' tokens among them, −1 where one is not said;
    `targets` (17, 64, 64) 0 … 1.
    """

    def __init__(self, pictures: PosedPictures, words: Words, showing: Showing, seed: int = 0) -> None:
        if words.kind != pictures.kind:
            raise ValueError(f"expected words of {pictures.kind} joints, as the pictures', got {words.kind} ones")
        self.pictures, self.words, self.showing, self.seed = pictures, words, showing, seed

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, key: tuple[int, int]) -> dict[str, Any]:
        epoch, index = key
        rng = np.random.default_rng((self.seed, epoch, index + 1))
        picture, side = self.pictures[index], self.showing.side
        prompt = self._prompt(picture, rng)
        ids, places = self.words.told(prompt)
        targets = targets_of(heatmaps(picture.pose, self.pictures.kind), picture.pose.size, side, self.showing.target)
        return {
            "pixels": _channels_first(squared(picture.image, side)).float() / 127.5 - 1,
            **conditioning(picture, self.showing, self._body(epoch, index)),
            "prompt": prompt, "ids": ids, "places": places, "targets": targets,
        }  # fmt: skip

    def _body(self, epoch: int, index: int) -> bool:
        # By a chance of its own: what else is drawn by lot stays as it is without it.
        return bool(np.random.default_rng((self.seed, epoch, index + 1, 1)).random() < self.showing.body)

    def _prompt(self, picture: PosedPicture, rng: np.random.Generator) -> str:
        template = picture.prompts[int(rng.integers(len(picture.prompts)))]
        empty, named = rng.random(2) < (self.showing.empty, self.showing.named)
        if empty:
            return ""
        tokens = visible_words(picture.pose, self.pictures.kind) if named else ()
        return self.words.prompt(template, tokens)


# ── words ──


@dataclass(frozen=True, eq=False)
class Words:
    """The prompt's way into numbers: a CLIP tokenizer that knows the joints' words too, from number `first` on."""

    tokenizer: Any
    kind: PoseKind
    first: int = field(init=False)

    def __post_init__(self) -> None:
        own = copy.deepcopy(self.tokenizer)
        first, tokens = len(own), [word.token for word in table_of(self.kind)]
        if own.add_tokens(tokens) != len(tokens):
            raise ValueError(f"expected a tokenizer without the words {tokens[0]} …, got one that has them")
        object.__setattr__(self, "tokenizer", own)
        object.__setattr__(self, "first", first)

    @property
    def room(self) -> int:
        """Numbers a prompt may have, beginning and end included: 77."""
        return self.tokenizer.model_max_length

    def told(self, prompt: str) -> tuple[Tensor, Tensor]:
        """Numbers (77,) of a prompt, and places (17,) of the joints' words among them, −1 where one is not said."""
        ids = self.tokenizer(prompt, max_length=self.room, truncation=True, padding="max_length").input_ids
        count = len(table_of(self.kind))
        places = [ids.index(number) if number in ids else -1 for number in range(self.first, self.first + count)]
        return torch.tensor(ids), torch.tensor(places)

    def prompt(self, template: str, tokens: tuple[str, ...]) -> str:
        """The template with the joints named, its other words cut from the end until all names find room."""
        before, mark, after = template.partition(slot)
        kept = before.split()

        def filled(dropped: int) -> str:
            return with_words(" ".join(kept[: len(kept) - dropped]) + mark + after, tokens, self.kind)

        def fits(dropped: int) -> bool:
            # Cut off one beyond the room: longer prompts are warned of.
            ids = self.tokenizer(filled(dropped), max_length=self.room + 1, truncation=True).input_ids
            return len(ids) <= self.room

        return filled(bisect_right(range(len(kept)), False, key=fits)) if tokens else filled(0)


# ── geometry ──


def squared(image: np.ndarray, side: int, nearest: bool = False) -> np.ndarray:
    """The middle square of a picture (H, W[, 3]) whose shorter side comes to `side` px, smoothly or by the nearest.

    Sizes and corners are those of torchvision's Resize and CenterCrop, with which SP-Ctrl was trained.
    """
    height, width = image.shape[:2]
    shorter = min(height, width)
    size = side * width // shorter, side * height // shorter
    how = Image.Resampling.NEAREST if nearest else Image.Resampling.BILINEAR
    scaled = np.asarray(Image.fromarray(image).resize(size, how))
    x, y = (round((length - side) / 2) for length in size)
    return scaled[y : y + side, x : x + side]


def conditioning(picture: PosedPicture, showing: Showing, body: bool = False) -> dict[str, Tensor]:
    """The pose as the ControlNet is to read it: `map` (S, S) int64, or `condition` (3, S, S) 0 … 1.

    With `body` OpenPose draws bodies alone.
    """
    what, side = showing.condition, showing.side
    if what in ("spctrl", "index"):
        drawn = index_map(picture.pose) if showing.folder is None else prepared(picture, showing.folder, "L")
        numbers = torch.from_numpy(squared(drawn, side, nearest=True).copy())
        return {"map": numbers.long()} if what == "spctrl" else {"condition": numbers.expand(3, -1, -1) / 255}
    if showing.folder is not None:
        drawn = prepared(picture, showing.folder, "RGB")
    else:
        drawn = openpose_map(of_bodies(picture.pose) if body else picture.pose)
    return {"condition": _channels_first(squared(drawn, side)).float() / 255}


def of_bodies(pose: Pose2D) -> Pose2D:
    """The pose without hands, faces and feet: whole bodies on COCO's 17 joints, all others as they are."""
    return replace(pose, people=tuple(p.to(coco17) if p.skeleton == wholebody133 else p for p in pose.people))


def prepared(picture: PosedPicture, folder: Path, mode: str) -> np.ndarray:
    """The file of that picture in a folder, (H, W) for mode L or (H, W, 3) for RGB; ValueError without one."""
    found = next((path for ending in endings if (path := folder / f"{picture.name}{ending}").is_file()), None)
    if found is None:
        raise ValueError(f"expected a file {picture.name}{'|'.join(endings)} in {folder}, got none")
    with Image.open(found) as file:
        image = np.asarray(file.convert(mode))
    if image.shape[1::-1] != tuple(picture.pose.size):
        width, height = picture.pose.size
        raise ValueError(f"expected {found} as large as its picture, {width} × {height}, got {image.shape[1::-1]}")
    return image


def _channels_first(image: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


# ── where joints are ──


def heatmaps(pose: Pose2D, kind: PoseKind) -> np.ndarray:
    """Where each of the 17 joints is in the picture as a whole: (17, 64, 64) float32, peaks of 1, figures added up."""
    people = [person for person in pose.people if (person.skeleton == ap10k17) == (kind == "animal")]
    known = [person.to(ap10k17 if kind == "animal" else coco17) for person in people]
    points, present = np.zeros((len(known), len(coco17), 2)), np.zeros((len(known), len(coco17)), bool)
    for n, person in enumerate(known):
        points[n], present[n] = person.points * cells / np.array(pose.size), person.present
    return joint_heatmaps(torch.from_numpy(points), torch.from_numpy(present)).float().numpy()


def targets_of(maps: np.ndarray, size: tuple[int, int], side: int, target: Target) -> Tensor:
    """Heat maps (17, 64, 64) of a picture of `size` (width, height) as its middle square has them: (17, 64, 64) 0 … 1.

    The published code counts them in whole 255ths and then takes these for ones: each becomes a disc. Joints beyond the
    square leave nothing.
    """
    found = torch.zeros(len(maps), cells, cells)
    for k in np.flatnonzero(maps.any((1, 2))):
        levels = np.clip(maps[k] * 255, 0, 255).astype(np.uint8) if target == "disc" else maps[k]
        whole = np.asarray(Image.fromarray(levels).resize(size, Image.Resampling.BICUBIC))
        square = torch.from_numpy(squared(whole, side, nearest=True).astype(np.float32))
        found[k] = interpolate(square[None, None], (cells, cells), mode="bilinear", align_corners=True)[0, 0]
    return found.clamp(0, 1)
