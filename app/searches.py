"""The page's search for poses like a figure: the library, and the artist's own poses, which the page sends along.

ValueError, in a sentence, for what cannot be looked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.formats.checks import chosen, keyed, listed, numbers, text, truth
from engine.formats.people import to_body
from engine.library import letters
from engine.pose import Person
from engine.pose_search import Entry, Shelf, Wanted
from engine.skeleton import sides, skeletons
from engine.stage import Stage

most_own = 500
most_told = 200  # of what was found, the likest first


def alike(stage: Stage, told: Any) -> dict[str, Any]:
    """Poses like a figure: {matches: [{id, likeness 0 … 1, mirrored, turned}]}, the likest first.

    `figure` {skeleton, points, states as letters v, h, m, body or null}; `joints` names those that count, null all;
    `own` are further poses {id, side, …figure}.
    """
    told = keyed(told, "the request", "figure")
    person, pose = _figure(told["figure"], "figure")
    joints = told.get("joints")
    if joints is not None:
        joints = frozenset(
            chosen(name, "joints", person.skeleton.joints) for name in listed(joints, "joints", at_most=200)
        )
    wanted = Wanted(person, pose, joints, truth(told.get("mirrored", True), "mirrored"))
    own = [
        _entry(one, f"own pose {n}") for n, one in enumerate(listed(told.get("own", []), "own", at_most=most_own), 1)
    ]
    found = stage.shelf.matches(wanted) + Shelf(stage.shelf.rig, own).matches(wanted)
    found = sorted(found, key=lambda match: -match.likeness)[:most_told]
    return {"matches": [match._asdict() | {"likeness": round(match.likeness, 3)} for match in found]}


def _entry(told: Any, where: str) -> Entry:
    told = keyed(told, where, "id")
    side = chosen(told.get("side", "right"), f"{where}, side", sides)
    return Entry(text(told["id"], f"{where}, id"), *_figure(told, where), side)


def _figure(told: Any, where: str) -> tuple[Person, Any]:
    """A figure and its body, told as the library's file tells poses."""
    told = keyed(told, where, "skeleton", "points", "states")
    skeleton = skeletons[chosen(told["skeleton"], f"{where}, skeleton", skeletons)]
    points = numbers(told["points"], f"{where}, points", (len(skeleton), 2))
    states = text(told["states"], f"{where}, states")
    if len(states) != len(skeleton) or set(states) - set(letters):
        raise ValueError(f"{where}, states: expected {len(skeleton)} letters of v, h, m, got {states!r:.40}")
    body = told.get("body")
    person = Person(skeleton, points, np.ones(len(skeleton)), tuple(letters[one] for one in states))
    return person, None if body is None else to_body(body, f"{where}, body")
