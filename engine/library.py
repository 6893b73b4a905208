"""The pose library: ready poses of people, hands and animals, read from one JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.pose import Person, State
from engine.skeleton import skeleton

version = 1
kinds = ("person", "hand", "animal")
letters: dict[str, State] = {"v": "visible", "h": "hidden", "m": "missing"}


@dataclass(frozen=True)
class LibraryPose:
    """A ready pose: a `person` in a tight picture of `size` (width, height) pixels, by id, title, kind and tags."""

    id: str
    title: str
    kind: str
    tags: tuple[str, ...]
    size: tuple[int, int]
    person: Person

    def to_json(self) -> dict[str, Any]:
        """The pose as the library's file keeps it: places to a tenth of a pixel, one letter for each state."""
        short = {state: letter for letter, state in letters.items()}
        return {
            "id": self.id, "title": self.title, "kind": self.kind, "tags": list(self.tags),
            "skeleton": self.person.skeleton.name, "size": list(self.size),
            "points": np.round(self.person.points, 1).tolist(),
            "states": "".join(short[state] for state in self.person.states),
        }  # fmt: skip


def read_library(path: Path) -> tuple[LibraryPose, ...]:
    """All poses of the library file at `path`; ValueError for another version or a broken pose."""
    document = json.loads(path.read_text(encoding="utf-8"))
    found = document.get("library") if isinstance(document, dict) else None
    if found != version:
        raise ValueError(f"expected a pose library of version {version}, got {found!r}")
    return tuple(_read(entry) for entry in document["poses"])


def _read(entry: dict[str, Any]) -> LibraryPose:
    joints = skeleton(entry["skeleton"])
    unknown = set(entry["states"]) - set(letters)
    if unknown or entry["kind"] not in kinds:
        raise ValueError(f"expected states of {'/'.join(letters)} and a kind of {'/'.join(kinds)}, got {entry['id']!r}")
    person = Person(
        joints,
        np.array(entry["points"]),
        np.ones(len(joints)),
        tuple(letters[letter] for letter in entry["states"]),
        ("artist",) * len(joints),
    )
    width, height = entry["size"]
    return LibraryPose(entry["id"], entry["title"], entry["kind"], tuple(entry["tags"]), (width, height), person)
