"""Children's drawings of people as Animated Drawings labels them, as examples of the studio's own evaluation."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image

from engine.box import Box
from engine.evaluate import Example, Truth
from engine.pose import Person, State
from engine.skeleton import coco17

_joints = {"hand": "wrist", "foot": "ankle"}
_place = re.compile(r"loc:\s+- (-?\d+)\s+- (-?\d+)\s+name: (\w+)")


def drawings(folder: Path) -> list[Example]:
    """A drawing per folder `char…` with two arms and two legs: texture.png, the whole picture its box.

    Twelve joints are labelled, and the area is that of the mask. ValueError for a folder without any.
    """
    found = [one for each in sorted(folder.glob("char*")) if (one := _drawing(each)) is not None]
    if not found:
        raise ValueError(f"expected drawings (char1, char2 …) in {folder}, got none")
    return found


def _drawing(folder: Path) -> Example | None:
    places = {_named(name): (int(x), int(y)) for x, y, name in _place.findall((folder / "char_cfg.yaml").read_text())}
    joints = [joint for joint in coco17.joints if joint in places]
    if len(joints) < 12:  # of a drawing with other limbs
        return None
    rows, states = np.zeros((len(coco17), 2)), ["missing"] * len(coco17)
    for joint in joints:
        place = coco17.joints.index(joint)
        rows[place], states[place] = places[joint], "visible"
    typed: tuple[State, ...] = tuple("visible" if state == "visible" else "missing" for state in states)
    with Image.open(folder / "mask.png") as mask:
        size, area = mask.size, float((np.asarray(mask.convert("L")) > 0).sum())
    person = Person(coco17, rows, np.array([float(state == "visible") for state in states]), typed)
    return Example(f"{folder.name}/texture.png", (Truth(person, Box.of(size), area),), ())


def _named(name: str) -> str:
    side, _, part = name.partition("_")
    return f"{side}_{_joints.get(part, part)}"
