"""The poses that pictures are painted in to measure a painter: AP-10K, Human-Art, or any captioned file in COCO's form.

The real pictures are not needed to paint; they are what Fréchet distances and upper bounds are measured on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from engine.data import read_annotations
from engine.formats.coco import from_coco, species
from engine.keypoint_words import PoseKind, slot
from engine.pose import Pose2D
from engine.skeleton import Skeleton, ap10k17, coco17
from engine.spctrl_pictures import art_name, backgrounds, caption_of, read_lines

# Of the published templates the one that says most; which the authors measured with is not known.
animal_prompt = f"A photo of {{c}}{slot} in the {{b}}"


@dataclass(frozen=True, eq=False)
class Asked:
    """A picture to paint: the `name` of its folder, the pose on the real picture's canvas, what it should show.

    `file` is where the real picture lies in their folder, `number` its id in the annotations.
    """

    name: str
    number: int
    pose: Pose2D
    prompt: str
    file: str


@dataclass(frozen=True, eq=False)
class PaintingSet:
    """What is asked for, all of one kind of figure, and the annotations in COCO's form with the categories' joints."""

    name: str
    kind: PoseKind
    asked: tuple[Asked, ...]
    annotations: dict[str, Any]

    @property
    def skeleton(self) -> Skeleton:
        return ap10k17 if self.kind == "animal" else coco17

    def first(self, count: int | None) -> PaintingSet:
        """The set of its first pictures; all for None."""
        asked = self.asked[:count]
        numbers = {one.number for one in asked}
        some = {
            "images": [one for one in self.annotations["images"] if one["id"] in numbers],
            "annotations": [one for one in self.annotations["annotations"] if one["image_id"] in numbers],
        }
        return PaintingSet(self.name, self.kind, asked, self.annotations | some)


class _Row(NamedTuple):
    """A picture of a file: its folder's name, its entry and annotations in COCO's form, what it should show."""

    name: str
    image: dict[str, Any]
    people: list[dict[str, Any]]
    prompt: str


def read(path: Path) -> PaintingSet:
    """The set in an annotation file: AP-10K's or Human-Art's .jsonl, or COCO's .json whose images have captions.

    Pictures without anybody are left out. ValueError for another file.
    """
    if path.suffix != ".jsonl":
        file = read_annotations(path)
        return _set(path.stem, _kind(file["categories"], path), _captioned(file, path), file["categories"], path)
    lines = read_lines(path, "image_id", "height", "width", "anns")
    if lines and "background" in lines[0]:
        return _set("AP-10K", "animal", [_animal(line, path) for line in lines], _categories(species, ap10k17), path)
    return _set("Human-Art", "human", [_art(line, path) for line in lines], _categories(("person",), coco17), path)


def _animal(line: dict[str, Any], path: Path) -> _Row:
    kind, ground = min((one["category_id"] for one in line["anns"]), default=0), backgrounds.get(line["background"])
    if not 1 <= kind <= len(species) or ground is None:
        got = f"{kind} and {line['background']!r}"
        raise ValueError(f"expected AP-10K's categories and backgrounds in {path}, got {got}")
    file = PurePosixPath(line["filename"])
    return _Row(file.stem, _image(line, str(file)), line["anns"], animal_prompt.format(c=species[kind - 1], b=ground))


def _art(line: dict[str, Any], path: Path) -> _Row:
    name = art_name(line, f"a picture of {path.name}")
    file = str(PurePosixPath(name).with_name(line["picture_name"]))
    people = [{**one, "category_id": 1} for one in line["anns"]]
    return _Row(name, _image(line, file), people, caption_of(line, name))


def _captioned(file: dict[str, Any], path: Path) -> list[_Row]:
    people: dict[Any, list[dict[str, Any]]] = {image["id"]: [] for image in file["images"]}
    for one in file["annotations"]:
        people.setdefault(one["image_id"], []).append(one)
    rows = []
    for image in file["images"]:
        name, caption = image["file_name"], caption_of(image, f"{image['file_name']} of {path.name}")
        entry = _image({"image_id": image["id"], **image}, name)
        rows.append(_Row(str(PurePosixPath(name).with_suffix("")), entry, people[image["id"]], caption))
    return rows


def _kind(categories: list[dict[str, Any]], path: Path) -> PoseKind:
    joints = {tuple(category.get("keypoints", coco17.joints)) for category in categories}
    if joints not in ({coco17.joints}, {ap10k17.joints}):
        raise ValueError(f"expected one list of joints in {path}, COCO's 17 or AP-10K's, got others")
    return "animal" if ap10k17.joints in joints else "human"


def _categories(names: Iterable[str], skeleton: Skeleton) -> list[dict[str, Any]]:
    return [{"id": n, "name": name, "keypoints": list(skeleton.joints)} for n, name in enumerate(names, 1)]


def _image(source: dict[str, Any], file: str) -> dict[str, Any]:
    return {"id": source["image_id"], "file_name": file, "width": source["width"], "height": source["height"]}


def _set(name: str, kind: PoseKind, rows: Iterable[_Row], categories: list[dict[str, Any]], path: Path) -> PaintingSet:
    asked, images, annotations = [], [], []
    for row in rows:
        people = [{**one, "image_id": row.image["id"]} for one in row.people]
        drawn = {"images": [row.image], "annotations": [one for one in people if not one.get("iscrowd")]}
        pose = from_coco(drawn, skeleton=ap10k17 if kind == "animal" else coco17)
        if pose.people:
            asked.append(Asked(row.name, row.image["id"], pose, row.prompt, row.image["file_name"]))
            images.append(row.image)
            annotations += people
    if not asked:
        raise ValueError(f"expected pictures with figures in {path}, got none")
    if len({one.name for one in asked}) < len(asked):
        raise ValueError(f"expected each picture once in {path}, got some twice")
    names = [PurePosixPath(one.name) for one in asked]
    if outside := [each for each in names if each.is_absolute() or ".." in each.parts]:
        raise ValueError(f"expected names of pictures within their folder in {path}, got {outside[0]}")
    file = {"images": images, "annotations": annotations, "categories": categories}
    return PaintingSet(name, kind, tuple(asked), file)
