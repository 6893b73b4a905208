"""COCO keypoints, COCO-WholeBody and AP-10K JSON: one picture of an annotation file, in and out.

Flags 0, 1, 2 are missing, hidden, visible. Annotations written here add `keypoint_scores`, so that scores survive.
Other programs' scores go a little beyond 0 … 1 (heat maps, SDPose): they are read as the nearest that does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.formats.checks import (
    keyed,
    listed,
    number,
    numbers,
    plain,
    refuse,
    seen,
    size_of,
    text,
    within_limits,
)
from engine.formats.openpose import around, as_human, kind
from engine.pose import Person, Pose2D, State
from engine.skeleton import Skeleton, ap10k17, coco17, crowdpose14, wholebody133

# AP-10K's categories, counted from 1.
_species = """
    antelope, argali sheep, bison, buffalo, cow, sheep, arctic fox, dog, fox, wolf, beaver, alouatta, monkey,
    noisy night monkey, spider monkey, uakari, deer, moose, hamster, elephant, horse, zebra, bobcat, cat, cheetah,
    jaguar, king cheetah, leopard, lion, panther, snow leopard, tiger, giraffe, hippo, chimpanzee, gorilla, orangutan,
    rabbit, skunk, mouse, rat, otter, weasel, raccoon, rhino, marmot, squirrel, pig, mole, black bear, brown bear,
    panda, polar bear, bat
"""
species = tuple(name.strip() for name in _species.split(","))
any_animal = "animal"  # the category, after the 54, of an animal whose name is no species

# (key in the file, first joint and number of joints on the whole-body skeleton)
parts = (("foot_kpts", 17, 6), ("face_kpts", 23, 68), ("lefthand_kpts", 91, 21), ("righthand_kpts", 112, 21))
# The face and hands of the published files are labelled by another model: 1 means found there, a fraction its
# score, and only a part with a 2 in it tells hidden from visible.
loose_parts = ("face_kpts", "lefthand_kpts", "righthand_kpts")
accepted = "coco17, crowdpose14, ap10k17 (by the category's keypoint names) or COCO-WholeBody's parts"


# ── out ──


def to_coco(pose: Pose2D, skeleton: Skeleton, file_name: str = "picture.png") -> dict:
    """The annotation file of one picture, everybody on `skeleton`; ValueError for figures it cannot hold."""
    expected = "animal" if skeleton == ap10k17 else "human"
    others = [n for n, person in enumerate(pose.people, 1) if kind(person) != expected]
    if others or (skeleton == ap10k17 and not pose.people):
        found = f"figure {others[0]} is {'a' if expected == 'animal' else 'no'} human" if others else "nobody is there"
        raise ValueError(
            f"expected only {'animals' if expected == 'animal' else 'people'}, but {found}: save an OpenPose file or "
            "a document, which hold both, or remove the others first"
        )
    annotations, categories = [], {}
    for n, person in enumerate(pose.people, 1):
        whole_figure = as_human(person).to(skeleton)
        if person.present.any() and not whole_figure.present.any():
            raise ValueError(
                f"expected bodies, but figure {n} is on {person.skeleton.name}: save COCO-WholeBody or a document"
            )
        category = _category(person, skeleton)
        categories[category["id"]] = category
        annotations.append({"id": n, "image_id": 1, "category_id": category["id"], **_annotation(whole_figure)})
    if not categories:
        categories = {1: _category(None, skeleton)}
    width, height = (int(side) for side in pose.size)
    return {
        "info": {"description": "pose"},
        "images": [{"id": 1, "file_name": file_name, "width": width, "height": height}],
        "annotations": annotations,
        "categories": [categories[i] for i in sorted(categories)],
    }


def _category(person: Person | None, skeleton: Skeleton) -> dict:
    body = coco17 if skeleton == wholebody133 else skeleton
    number, name = 1, "person"
    if person is not None and skeleton == ap10k17:
        name = person.name if person.name in species else any_animal
        number = (*species, any_animal).index(name) + 1
    bones = (body.indices(bone) + 1 for bone in body.bones)
    return {
        "id": number, "name": name, "supercategory": "animal" if body == ap10k17 else "person",
        "keypoints": list(body.joints), "skeleton": [bone.tolist() for bone in bones],
    }  # fmt: skip


def _annotation(person: Person) -> dict:
    flags = np.array([{"missing": 0, "hidden": 1, "visible": 2}[state] for state in person.states], dtype=float)
    rows = np.column_stack([person.points, flags]) * (flags > 0)[:, None]
    body = rows[:17] if person.skeleton == wholebody133 else rows
    found: dict[str, Any] = {"keypoints": plain(body.reshape(-1)), "num_keypoints": int((body[:, 2] > 0).sum())}
    if person.skeleton == wholebody133:
        found |= _parts(rows, person.scores)
    if person.present.any():
        box = person.box()
        left, top, width, height = (float(v) for v in (box.x0, box.y0, box.width, box.height))
    else:
        left = top = width = height = 0.0
    return found | {
        "bbox": [left, top, width, height], "area": width * height, "iscrowd": 0,
        "keypoint_scores": plain(person.scores * person.present), "score": person.score,
    }  # fmt: skip


def _parts(rows: np.ndarray, scores: np.ndarray) -> dict:
    found: dict[str, Any] = {}
    hidden_parts = []
    for key, first, count in parts:
        part = rows[first : first + count].copy()
        flags = part[:, 2]
        here = flags > 0
        if key in loose_parts and here.any() and (flags[here] == 2).all():
            # All visible: as the published files have it, the score itself, 1 where there is none.
            score = scores[first : first + count]
            part[here, 2] = np.where((score > 0) & (score < 1), score, 1.0)[here]
        elif key in loose_parts and here.any() and (flags[here] == 1).all():
            hidden_parts.append(key)
        found[key] = plain(part.reshape(-1))
        found[key.replace("_kpts", "_valid")] = bool(here.any())
    return found | ({"hidden_parts": hidden_parts} if hidden_parts else {})


# ── in ──


def from_coco(
    value: Any, image_name: str = "", size: tuple[int, int] | None = None, skeleton: Skeleton | None = None
) -> Pose2D:
    """The pose of one picture of an annotation file, a results list, or one line of AP-10K's jsonl.

    With several pictures, `image_name` (file name, or id) picks one. The category's joint names decide the
    skeleton, else `skeleton`, else a count that only one skeleton has. `size` is for files that do not tell.
    """
    if isinstance(value, list):
        return _from_results(value, image_name, size, skeleton)
    value = keyed(value, "the file")
    if "anns" in value:
        value = _from_line(value)
        # Its neighbours in the same form count other joints; only AP-10K's lines tell the background.
        skeleton = skeleton or (ap10k17 if "background" in value["images"][0] else None)
    annotations = [
        keyed(a, f"annotation {n}", "image_id")
        for n, a in enumerate(listed(value.get("annotations"), "annotations", at_most=10_000_000), 1)
    ]
    image = _image(value, annotations, image_name)
    if image.get("width") is not None and image.get("height") is not None:
        size = size_of([image["width"], image["height"]], "the image's width and height")
    listed_categories = listed(value.get("categories", []), "categories")
    categories = {str(keyed(c, "a category", "id")["id"]): c for c in listed_categories}
    people = []
    for n, annotation in enumerate((a for a in annotations if a["image_id"] == image["id"]), 1):
        category = categories.get(str(annotation.get("category_id")), {})
        person = _read(annotation, f"annotation {n} of the picture", category, skeleton)
        if person.present.any():
            people.append(person)
    return within_limits(Pose2D(size or around(people), tuple(people)))


def _from_line(value: dict) -> dict:
    """A line of AP-10K's jsonl as an annotation file."""
    image = {key: value.get(key) for key in ("width", "height", "background") if key in value}
    image |= {"id": value.get("image_id", 0), "file_name": value.get("filename", "")}
    annotations = [
        {**keyed(a, f"annotation {n}", "keypoints"), "image_id": image["id"]}
        for n, a in enumerate(listed(value["anns"], "anns"), 1)
    ]
    return {"images": [image], "annotations": annotations}


def _image(value: dict, annotations: list[dict], image_name: str) -> dict:
    images = value.get("images")
    if images is None:
        images = [{"id": i, "file_name": str(i)} for i in dict.fromkeys(str(a["image_id"]) for a in annotations)]
        for annotation in annotations:
            annotation["image_id"] = str(annotation["image_id"])
    images = [
        keyed(image, f"image {n}", "id") for n, image in enumerate(listed(images, "images", at_most=1_000_000), 1)
    ]
    return _picked(images, image_name)


def _picked(images: Sequence[dict], image_name: str) -> dict:
    names = [str(image.get("file_name") or image["id"]) for image in images]
    bare = [name.rsplit("/", 1)[-1] for name in names]
    for image, *called in zip(images, names, bare, strict=True):
        if image_name and image_name in (*called, called[-1].rsplit(".", 1)[0], str(image["id"])):
            return image
    if not images:
        raise ValueError("the file: expected a picture, got none")
    if image_name or len(images) > 1:
        some = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
        got = repr(image_name) if image_name else "no name"
        raise ValueError(f"the file: expected the name of one of its {len(names)} pictures ({some}), got {got}")
    return images[0]


def _from_results(value: list, image_name: str, size: tuple[int, int] | None, skeleton: Skeleton | None) -> Pose2D:
    found = [keyed(r, f"result {n}", "image_id", "keypoints") for n, r in enumerate(listed(value, "results"), 1)]
    image = _picked([{"id": i} for i in dict.fromkeys(str(r["image_id"]) for r in found)], image_name)
    people = []
    for n, result in enumerate((r for r in found if str(r["image_id"]) == image["id"]), 1):
        where = f"result {n} of the picture"
        people.append(_scored(result, where, _skeleton(result, where, {}, skeleton)))
    return within_limits(Pose2D(size or around(people), tuple(people)))


def _scored(result: dict, where: str, skeleton: Skeleton) -> Person:
    """A person of a results list: third numbers are scores, or flags where all are 0, 1, 2 with a 2 among them."""
    flat = numbers(result["keypoints"], f"{where}, keypoints", (3 * len(skeleton),))
    third = flat[2::3]
    flags = set(third.tolist()) <= {0.0, 1.0, 2.0} and 2.0 in third
    states: list[State] = ["missing" if v <= 0 else "hidden" if flags and v == 1 else "visible" for v in third]
    scores = np.where(third > 0, number(result.get("score", 1.0), f"{where}, score"), 0) if flags else third
    return Person(skeleton, flat.reshape(-1, 3)[:, :2], np.clip(scores, 0, 1), tuple(states))


def _skeleton(annotation: dict, where: str, category: dict, asked: Skeleton | None) -> Skeleton:
    names = category.get("keypoints")
    if names is not None:
        names = tuple(text(joint, "the category's keypoints") for joint in listed(names, "the category's keypoints"))
        for known in (coco17, ap10k17, crowdpose14, wholebody133):
            if names == known.joints:
                return wholebody133 if known == coco17 and _has_parts(annotation) else known
        refuse("the category's keypoints", accepted, f"{len(names)} joints, {', '.join(names[:6])} …")
    if _has_parts(annotation):
        return wholebody133
    if asked is not None:
        return asked
    count = len(listed(annotation.get("keypoints"), f"{where}, keypoints")) // 3
    fitting = [s for s in (coco17, ap10k17, crowdpose14, wholebody133) if len(s) == count]
    if len(fitting) != 1:
        which = f", which fit {' and '.join(s.name for s in fitting)}" if fitting else ""
        told = f"a category that names its keypoints, to tell the skeleton: {accepted}"
        refuse(where, told, f"{count} keypoints without names{which}")
    return fitting[0]


def _has_parts(annotation: dict) -> bool:
    return any(key in annotation for key, _, _ in parts)


def _read(annotation: dict, where: str, category: dict, asked: Skeleton | None) -> Person:
    skeleton = _skeleton(annotation, where, category, asked)
    n = len(skeleton)
    rows, scores = np.zeros((n, 3)), np.ones(n)
    split = skeleton == wholebody133 and _has_parts(annotation)
    body = 17 if split else n
    flat = annotation.get("keypoints")
    rows[:body] = _flags(numbers(flat, f"{where}, keypoints", (3 * body,), f"{body} points, {3 * body} numbers"), where)
    for key, first, count in parts if split else ():
        if annotation.get(key) is None:
            continue
        at = slice(first, first + count)
        part = numbers(annotation[key], f"{where}, {key}", (3 * count,), f"{count} points, {3 * count} numbers")
        if key in loose_parts and 2.0 not in part[2::3]:
            hidden = key in listed(annotation.get("hidden_parts", []), f"{where}, hidden_parts")
            rows[at], scores[at] = _loose(part, f"{where}, {key}", hidden)
        else:
            rows[at] = _flags(part, f"{where}, {key}")
    if "keypoint_scores" in annotation:
        scores = numbers(annotation["keypoint_scores"], f"{where}, keypoint_scores", (n,))
    words: tuple[State, ...] = ("missing", "hidden", "visible")
    states: list[State] = [words[int(v)] for v in rows[:, 2]]
    name = category.get("name") if skeleton == ap10k17 else ""
    if skeleton == ap10k17 and name is None:
        number = annotation.get("category_id")
        name = species[number - 1] if isinstance(number, int) and 1 <= number <= len(species) else ""
    return Person(
        skeleton, rows[:, :2], np.where(rows[:, 2] > 0, np.clip(scores, 0, 1), 0.0), tuple(states),
        name="" if name in (None, any_animal) else text(name, "the category's name"),
    )  # fmt: skip


def _flags(flat: np.ndarray, where: str) -> np.ndarray:
    """Points with the flags 0, 1, 2 (N, 3)."""
    rows = flat.reshape(-1, 3)
    wrong = ~np.isin(rows[:, 2], (0, 1, 2))
    if wrong.any():
        refuse(where, "flags of 0, 1 or 2 with each point", seen(float(rows[wrong.argmax(), 2])))
    return rows


def _loose(flat: np.ndarray, where: str, hidden: bool) -> tuple[np.ndarray, np.ndarray]:
    """Points with flags (N, 3), and scores (N,), of a part whose third numbers are scores."""
    rows = flat.reshape(-1, 3).copy()
    scores = rows[:, 2].copy()
    if (scores < 0).any() or (scores > 2).any():
        refuse(where, "scores from 0 to 1, or flags of 0, 1 or 2", seen(float(np.abs(scores).max())))
    rows[:, 2] = np.where(scores > 0, 1 if hidden else 2, 0)
    return rows, scores
