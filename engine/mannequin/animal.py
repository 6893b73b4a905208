"""A four-legged mannequin: dog, cat or horse by proportions, posed by the slant of each bone in degrees.

Axes as for people: it faces +z, x to its left, y up; legs move in planes along the body.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.mannequin.frames import turn
from engine.skeleton import ap10k17

Slants = tuple[float, float, float]


@dataclass(frozen=True)
class Breed:
    """Proportions, metres: trunk, neck, head, width at the shoulders, bones of front and back legs, tail, girth.

    Front: upper arm, forearm, foot; back: thigh, shin, foot.
    """

    trunk: float = 0.50
    neck: float = 0.20
    head: float = 0.20
    width: float = 0.16
    front: Slants = (0.17, 0.19, 0.12)
    back: Slants = (0.19, 0.20, 0.16)
    tail: float = 0.30
    girth: float = 1.0


breeds: dict[str, Breed] = {
    "dog": Breed(),
    "cat": Breed(0.34, 0.10, 0.10, 0.10, (0.105, 0.115, 0.06), (0.115, 0.12, 0.085), 0.30, 0.62),
    "horse": Breed(1.20, 0.80, 0.66, 0.40, (0.38, 0.46, 0.52), (0.44, 0.48, 0.62), 0.95, 2.7),
}


@dataclass(frozen=True)
class Animal:
    """A pose: slants in degrees from hanging straight down, forwards positive; the trunk's and neck's from level.

    A front leg: (upper arm, forearm, foot); a back leg: (thigh, shin, foot). `level` sets the trunk's slant so
    that the lowest front and back paws share a floor; `neck_turn` and `look` go to the animal's left; `curve`
    arches the back.
    """

    breed: str = "dog"
    trunk: float = 0.0
    level: bool = True
    curve: float = 0.0
    neck: float = 42.0
    head: float = -18.0
    neck_turn: float = 0.0
    look: float = 0.0
    tail: tuple[float, float] = (-40.0, -20.0)
    left_front: Slants = (-28, 4, 8)
    right_front: Slants = (-28, 4, 8)
    left_back: Slants = (22, -38, 4)
    right_back: Slants = (22, -38, 4)


@dataclass(frozen=True)
class Beast:
    """A posed animal: `points` (17, 3) metres on ap10k17, further `marks` (wrists, hocks, ears, tail …), and `flesh`.

    `flesh` names capsules: two places, radius in metres, the joints it may not hide.
    """

    points: np.ndarray
    marks: dict[str, np.ndarray]
    flesh: tuple[tuple[str, str, float, tuple[str, ...]], ...] = field(default=())

    def __getitem__(self, name: str) -> np.ndarray:
        """Place (3,) of a joint or a mark."""
        return self.marks[name]


def posed_animal(animal: Animal) -> Beast:
    """The animal's joints in space, lowest paw on the floor."""
    breed = breeds[animal.breed]
    legs = {
        name: _leg(getattr(animal, name), breed.front if name.endswith("front") else breed.back)
        for name in ("left_front", "right_front", "left_back", "right_back")
    }
    slant = animal.trunk
    if animal.level:
        front, back = (min(legs[f"{side}_{end}"][-1][1] for side in ("left", "right")) for end in ("front", "back"))
        # The withers stand this much above the hips' end of the trunk.
        slant = np.degrees(np.arcsin(np.clip((back - front) / breed.trunk, -0.9, 0.9)))
    marks = _trunk(animal, breed, slant)
    marks |= _head(animal, breed, marks["withers"])
    for name, bones in legs.items():
        side, end = name.split("_")
        s = 1.0 if side == "left" else -1.0
        if end == "front":
            names = ("shoulder", "elbow", "carpus", "front_paw")
            top = marks["chest"] + np.array((s * breed.width / 2, 0, 0))
        else:
            names = ("hip", "knee", "hock", "back_paw")
            top = marks["croup"] + np.array((s * breed.width * 0.45, 0, 0))
        for joint, bone in zip(names, np.concatenate([np.zeros((1, 3)), bones]), strict=True):
            # Feet stand a little under the body.
            marks[f"{side}_{joint}"] = top + bone - np.array((s * breed.width * 0.12 * (bone[1] < -0.1), 0, 0))
    floor = min(marks[f"{side}_{end}_paw"][1] for side in ("left", "right") for end in ("front", "back"))
    marks = {name: place - (0, floor, 0) for name, place in marks.items()}
    points = np.stack([marks[joint] for joint in ap10k17.joints])
    return Beast(points, marks, _flesh(breed))


def _down(slant: float, length: float) -> np.ndarray:
    return np.array((0.0, -np.cos(np.radians(slant)), np.sin(np.radians(slant)))) * length


def _leg(slants: Slants, lengths: Slants) -> np.ndarray:
    """Places (3, 3) of a leg's joints under its top."""
    return np.cumsum([_down(slant, length) for slant, length in zip(slants, lengths, strict=True)], axis=0)


def _trunk(animal: Animal, breed: Breed, slant: float) -> dict[str, np.ndarray]:
    along = _down(slant + 90, 1.0)
    up = np.cross(along, (1.0, 0.0, 0.0))
    arch = np.sin(np.radians(animal.curve)) * breed.trunk * 0.5
    croup, chest = np.zeros(3), along * breed.trunk
    root = croup - along * 0.09 * breed.trunk + up * 0.13 * breed.trunk
    tail = [root + _down(animal.tail[0], breed.tail / 2)]
    tail.append(tail[0] + _down(animal.tail[1], breed.tail / 2))
    return {
        "croup": croup,
        "chest": chest,
        "loin": (croup + chest) / 2 + up * (arch + 0.11 * breed.trunk),
        "belly": (croup + chest) / 2 + up * (arch * 0.8 - 0.07 * breed.trunk),
        "withers": chest + up * 0.2 * breed.trunk - along * 0.02 * breed.trunk,
        "root_of_tail": root,
        "tail_middle": tail[0],
        "tail_tip": tail[1],
    }


def _head(animal: Animal, breed: Breed, withers: np.ndarray) -> dict[str, np.ndarray]:
    neck = turn("y", animal.neck_turn) @ _down(90 + animal.neck, breed.neck)
    poll = withers + neck
    axes = turn("y", animal.neck_turn + animal.look) @ turn("x", -animal.head)
    unit = breed.head
    marks = {
        "nose": (0, -0.16, 0.92), "left_eye": (0.24, 0.10, 0.40), "right_eye": (-0.24, 0.10, 0.40),
        "left_ear": (0.20, 0.38, 0.0), "right_ear": (-0.20, 0.38, 0.0), "jaw": (0, -0.32, 0.30),
        "brow": (0, 0.20, 0.32),
    }  # fmt: skip
    placed = {name: poll + axes @ np.array(place) * unit for name, place in marks.items()}
    return placed | {"poll": poll, "neck": withers - np.array((0, 0.05 * breed.trunk, 0)) + neck * 0.12}


def _flesh(breed: Breed) -> tuple[tuple[str, str, float, tuple[str, ...]], ...]:
    k = breed.girth
    on_trunk = ("neck", "root_of_tail")
    parts = [
        ("croup", "loin", 0.07 * k, (*on_trunk,)),
        ("croup", "belly", 0.07 * k, (*on_trunk,)),
        ("loin", "chest", 0.08 * k, (*on_trunk,)),
        ("belly", "chest", 0.08 * k, (*on_trunk,)),
        ("withers", "poll", 0.045 * k, ("neck",)),
        ("poll", "nose", 0.035 * k, ("nose", "left_eye", "right_eye")),
        ("brow", "jaw", 0.04 * k, ("nose", "left_eye", "right_eye")),
    ]
    for side in ("left", "right"):
        for names in (("shoulder", "elbow", "carpus", "front_paw"), ("hip", "knee", "hock", "back_paw")):
            own = tuple(f"{side}_{name}" for name in names)
            for a, b, r in zip(own[:-1], own[1:], (0.05, 0.028, 0.018), strict=True):
                parts.append((a, b, r * k, own))
    return tuple(parts)
