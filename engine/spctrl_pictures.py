"""Pictures of posed figures with words, which SP-Ctrl learns from: AP-10K, Human-Art, captioned COCO, mannequins.

Each is read as published, one line or entry a picture; pictures open as they are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np

from engine.data import Joined, read_annotations
from engine.formats.coco import from_coco, species
from engine.keypoint_words import PoseKind, slot
from engine.photo import read_photo
from engine.pose import Person, Pose2D, State
from engine.posed_figures import PosedFigures
from engine.skeleton import ap10k17, coco17

backgrounds = {
    1: "grass or savanna", 2: "forest or shrub", 3: "mud or rock", 4: "snowfield", 5: "zoo or human habitation",
    6: "swamp or riverside", 7: "desert or gobi", 8: "mugshot", 9: "forest", 88: "dark",
}  # fmt: skip
# {c} is the species, {b} the background; as published, with its slip of the pen.
animal_prompts = tuple(
    words.replace("{c}", "{c}" + slot)
    for words in (
        "A good photo of {c}", "A photo of {c} in the {b}", "There is {c} on the {b}",
        "There are some {c} lying in the {b}", "Some {c} are in the {b}", "A close photo of {c}.",
        "In the {b}, there are severl {c}.", "This is a clear photo of {c} in the {b}.", "Several {c} are in the {b}.",
        "A {c} stands in the {b}.",
    )
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class PosedPicture:
    """A picture (H, W, 3) uint8, the pose of everybody in it, in its pixels, and what may be said of it.

    `prompts` are as good as each other; where the joints' names belong they have the slot `<KPT>`, or these follow.
    `name` tells where prepared files of the picture lie in their folders: a path without its ending.
    """

    name: str
    image: np.ndarray
    pose: Pose2D
    prompts: tuple[str, ...]


class PosedPictures(Protocol):
    """Posed pictures of one `kind` of figure that can be counted and fetched by number."""

    @property
    def kind(self) -> PoseKind: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> PosedPicture: ...


class _Listed:
    """Pictures that a file lists: `entries`, and the `paths` of their files."""

    kind: PoseKind

    def __init__(self, entries: Sequence[dict[str, Any]], paths: Sequence[Path], source: Path) -> None:
        if not entries:
            raise ValueError(f"expected pictures in {source}, got none")
        absent = [path for path in paths if not path.is_file()]
        if absent:
            raise ValueError(f"expected every picture of {source}, got no {absent[0]} ({len(absent)} of {len(paths)})")
        self.entries, self.paths = entries, paths

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> PosedPicture:
        entry, path = self.entries[index], self.paths[index]
        image = read_photo(path.read_bytes(), path.name).image
        pose = self.pose(entry)
        if pose.size != image.shape[1::-1]:
            got = f"{image.shape[1]} × {image.shape[0]}"
            raise ValueError(f"expected {path} to be {pose.size[0]} × {pose.size[1]} as listed, got {got}")
        return PosedPicture(self.name(entry), image, pose, self.prompts(entry))

    def pose(self, entry: dict[str, Any]) -> Pose2D:
        return from_coco(entry, skeleton=ap10k17 if self.kind == "animal" else coco17)

    def name(self, entry: dict[str, Any]) -> str:
        raise NotImplementedError

    def prompts(self, entry: dict[str, Any]) -> tuple[str, ...]:
        raise NotImplementedError


class AnimalPictures(_Listed):
    """AP-10K by its published lines, one a picture: `train_split1.jsonl`; file names lie in `images`."""

    kind: PoseKind = "animal"

    def __init__(self, lines: Path, images: Path) -> None:
        entries = read_lines(lines, "filename", "height", "width", "background", "anns")
        for n, entry in enumerate(entries, 1):
            _known_animal(entry, f"line {n} of {lines.name}")
        super().__init__(entries, [images / entry["filename"] for entry in entries], lines)

    def name(self, entry: dict[str, Any]) -> str:
        return PurePosixPath(entry["filename"]).stem

    def prompts(self, entry: dict[str, Any]) -> tuple[str, ...]:
        animal, background = species[entry["anns"][0]["category_id"] - 1], backgrounds[entry["background"]]
        return tuple(words.format(c=animal, b=background) for words in animal_prompts)


class ArtPictures(_Listed):
    """Human-Art by its published lines, one a picture: `humanart_training.jsonl`; `images` as it is unpacked."""

    kind: PoseKind = "human"

    def __init__(self, lines: Path, images: Path) -> None:
        entries = read_lines(lines, "dirname", "picture_name", "height", "width", "anns", "caption")
        for n, entry in enumerate(entries, 1):
            art_name(entry, f"line {n} of {lines.name}")
            caption_of(entry, f"line {n} of {lines.name}")
        super().__init__(entries, [_art_path(entry, images) for entry in entries], lines)

    def name(self, entry: dict[str, Any]) -> str:
        return art_name(entry)

    def prompts(self, entry: dict[str, Any]) -> tuple[str, ...]:
        return (caption_of(entry),)


class CaptionedPictures(_Listed):
    """An annotation file in COCO's form whose images have a `caption`; the categories tell people from animals."""

    def __init__(self, annotations: Path, images: Path) -> None:
        file = read_annotations(annotations)
        self.kind: PoseKind = _kind_of(file["categories"], annotations)
        people: dict[Any, list[dict[str, Any]]] = {image["id"]: [] for image in file["images"]}
        for one in file["annotations"]:
            if one.get("image_id") not in people:
                raise ValueError(
                    f"expected annotations of pictures in {annotations}, got one of {one.get('image_id')!r}"
                )
            if not one.get("iscrowd"):
                people[one["image_id"]].append(one)
        common = {"categories": file["categories"]}
        entries = [{"images": [image], "annotations": people[image["id"]], **common} for image in file["images"]]
        for entry in entries:
            image = entry["images"][0]
            caption_of(image, f"picture {image.get('file_name', image['id'])} of {annotations.name}")
        super().__init__(entries, [images / entry["images"][0]["file_name"] for entry in entries], annotations)

    def name(self, entry: dict[str, Any]) -> str:
        return str(PurePosixPath(entry["images"][0]["file_name"]).with_suffix(""))

    def prompts(self, entry: dict[str, Any]) -> tuple[str, ...]:
        return (caption_of(entry["images"][0]),)


class PaintedPictures:
    """The mannequins of `engine.posed_figures` with what the library says of their poses: no data is needed."""

    kind: PoseKind = "human"

    def __init__(self, figures: PosedFigures) -> None:
        if figures.skeleton != coco17:
            raise ValueError(f"expected mannequins on {coco17.name}, got {figures.skeleton.name}")
        self.figures = figures

    def __len__(self) -> int:
        return len(self.figures)

    def __getitem__(self, index: int) -> PosedPicture:
        pose, figure = self.figures.posed(index)
        states: tuple[State, ...] = tuple("visible" if seen else "missing" for seen in figure.visible)
        person = Person(coco17, figure.points, np.ones(len(coco17)), states)
        caption = ", ".join(dict.fromkeys(("mannequin", pose.title.lower(), *pose.tags)))
        return PosedPicture(f"{index:06d}", figure.image, Pose2D(self.figures.size, (person,)), (caption,))


class JoinedPictures(Joined[PosedPicture]):
    """Several sets of pictures as one, in order; ValueError when some are of people and some of animals."""

    def __init__(self, sets: Sequence[PosedPictures]) -> None:
        super().__init__(sets)
        if len(kinds := {each.kind for each in sets}) != 1:
            raise ValueError(f"expected pictures of people or of animals, got {' and '.join(sorted(kinds)) or 'none'}")
        self.kind: PoseKind = sets[0].kind


def read_pictures(data: Path, images: Path) -> PosedPictures:
    """The pictures that a file lists, by its form: AP-10K's or Human-Art's lines, or captioned annotations."""
    if data.suffix != ".jsonl":
        return CaptionedPictures(data, images)
    first = next(iter(read_lines(data)), {})
    if "background" in first:
        return AnimalPictures(data, images)
    if "dirname" in first:
        return ArtPictures(data, images)
    raise ValueError(f"expected AP-10K's lines, with a background, or Human-Art's, with a dirname, got others: {data}")


# ── lines ──


def read_lines(path: Path, *keys: str) -> list[dict[str, Any]]:
    """The objects of a file with one in each line; ValueError for a line that is none, or lacks one of `keys`."""
    entries = []
    for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"expected JSON in line {n} of {path}, got {line[:40]!r} ({error.msg})") from None
        lacking = [key for key in keys if key not in entry] if isinstance(entry, dict) else list(keys)
        if lacking:
            raise ValueError(f"expected a picture with {', '.join(keys)} in line {n} of {path}, got no {lacking[0]}")
        entries.append(entry)
    return entries


def write_lines(path: Path, entries: Iterable[dict[str, Any]]) -> None:
    """Writes objects, one a line; the former file stays until this one is whole."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        for entry in entries:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    fresh.replace(path)


def caption_of(entry: dict[str, Any], where: str = "the picture") -> str:
    """What a picture's `caption` says, the first of several, without white space around."""
    caption = entry.get("caption")
    if isinstance(caption, list) and caption:
        caption = caption[0]
    if not isinstance(caption, str):
        raise ValueError(f"{where}: expected a caption, got {caption!r:.60}")
    return caption.strip()


def art_name(entry: dict[str, Any], where: str = "the picture") -> str:
    """Where Human-Art keeps a picture: `group/scene/name`, by parts 2 and 3 of its folder, without the ending."""
    folders = PurePosixPath(entry["dirname"]).parts
    if len(folders) < 4:
        raise ValueError(f"{where}: expected a folder like HumanArt/images/group/scene, got {entry['dirname']!r}")
    return str(PurePosixPath(*folders[2:4], PurePosixPath(entry["picture_name"]).stem))


def _art_path(entry: dict[str, Any], images: Path) -> Path:
    """The picture's file, where `images` is the folder of groups, or the one that HumanArt lies in."""
    inside = images / PurePosixPath(*PurePosixPath(entry["dirname"]).parts[2:4]) / entry["picture_name"]
    whole = images / entry["dirname"] / entry["picture_name"]
    return whole if whole.is_file() else inside


def _known_animal(entry: dict[str, Any], where: str) -> None:
    kinds = {annotation.get("category_id") for annotation in entry["anns"]}
    if len(kinds) != 1 or not kinds <= set(range(1, len(species) + 1)):
        got = ", ".join(sorted(map(str, kinds))) or "none"
        raise ValueError(f"{where}: expected figures of one category of 1 … {len(species)}, got {got}")
    if entry["background"] not in backgrounds:
        raise ValueError(
            f"{where}: expected a background of {', '.join(map(str, backgrounds))}, got {entry['background']!r}"
        )


def _kind_of(categories: list[dict[str, Any]], source: Path) -> PoseKind:
    names = {tuple(category.get("keypoints", coco17.joints)) for category in categories}
    if names == {ap10k17.joints}:
        return "animal"
    if names <= {coco17.joints}:
        return "human"
    found = next(iter(names - {coco17.joints, ap10k17.joints}), ())
    got = f"{len(found)} joints, {', '.join(map(str, found[:5]))} …" if found else "both"
    raise ValueError(f"expected COCO's 17 joints or AP-10K's in {source}, got {got}")
