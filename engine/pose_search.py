"""Poses like this one: by how they look in the picture, from any side, and by how they stand in space.

In the picture two figures are compared as sets of named places, wherever they are and however large (weighted
Procrustes analysis, Gower 1975), a pose of known depth from all around. In space joints and turns are compared,
whichever way the figures face.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.body_pose import BodyPose
from engine.point_rig import PointRig
from engine.pose import Person
from engine.pose_space import Space, all_around
from engine.posing import opposite
from engine.skeleton import ap10k17, hand21, sides, wholebody133

names = (*wholebody133.joints, *(f"animal_{joint}" for joint in ap10k17.joints))  # every place that may be compared
rig_names = tuple(n for n in wholebody133.joints if not n.startswith("face_"))  # those known of a pose in space
_at = {name: n for n, name in enumerate(names)}
_swap = np.array([*wholebody133.swap, *(len(wholebody133) + n for n in ap10k17.swap)])
_least = 0.6  # of what is looked for, by weight, a pose must have
_flat_scale, _space_scale = 0.38, 0.30  # distances at which poses are hardly alike: shares of their size; metres
_context = 0.12  # weight of the trunk where limbs alone are looked for: it tells how they hang on it
_trunk = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


@dataclass(frozen=True, eq=False)
class Entry:
    """A pose that may be found: its id, the figure as it is drawn, and in space where that is known.

    A hand alone is the one of that `side`.
    """

    id: str
    person: Person
    pose: BodyPose | None = None
    side: str = "right"


@dataclass(frozen=True, eq=False)
class Wanted:
    """What poses should be like: a figure, in space too where that is known; all of it, or only its named `joints`.

    With `mirrored`, mirror images count as much.
    """

    person: Person
    pose: BodyPose | None = None
    joints: frozenset[str] | None = None
    mirrored: bool = True


def hand_side(tags: Iterable[str]) -> str:
    """Which hand a library's lone hand is drawn as, by its tags: the right one unless they say otherwise."""
    return "left" if "left" in tags else "right"


class Match(NamedTuple):
    """How much a pose is like the wanted one, 0 … 1; whether its mirror image is meant; and whether it is drawn from
    another side, so that only its shape in space is alike."""

    id: str
    likeness: float
    mirrored: bool
    turned: bool


class Shelf:
    """Poses made ready to be looked through, several at a time."""

    def __init__(self, rig: PointRig, entries: Iterable[Entry]) -> None:
        entries, self.rig = tuple(entries), rig
        self.ids = tuple(entry.id for entry in entries)
        drawn = [_both_hands(*_drawn(entry.person), entry) for entry in entries]
        self.flat = np.array([places for places, _ in drawn]).reshape(len(entries), len(names))
        self.there = np.array([there for _, there in drawn]).reshape(len(entries), len(names))
        self.stands = np.array([entry.pose is not None for entry in entries], dtype=bool)
        self.space = Space.of(rig, [entry.pose or BodyPose() for entry in entries])
        self.views = all_around(self.space.points)  # (E, V, N)

    def __len__(self) -> int:
        return len(self.ids)

    def matches(self, wanted: Wanted) -> list[Match]:
        """All that have most of what is wanted, the likest first; ValueError when nothing is wanted that could be."""
        if not len(self):
            return []
        places, there = _drawn(wanted.person)
        weights = _weights(wanted.joints, wanted.person) * there
        if (weights > 0).sum() < 3:
            raise ValueError("expected at least three joints to look for, got fewer: select a whole limb, or none")
        aims = (False, True) if wanted.mirrored else (False,)
        likeness = np.stack([self._likeness(wanted, places, weights, flip) for flip in aims])  # (2, 2, E)
        best = (likeness.max(1) - 1e-6 * np.arange(len(aims))[:, None]).argmax(0)  # as it is, where either would do
        drawn, around = likeness[best, 0, np.arange(len(self))], likeness[best, 1, np.arange(len(self))]
        found = [
            Match(self.ids[n], float(max(drawn[n], around[n])), bool(best[n]), bool(around[n] > drawn[n] + 0.1))
            for n in range(len(self))
            if max(drawn[n], around[n]) > 0
        ]
        return sorted(found, key=lambda match: -match.likeness)

    def _likeness(self, wanted: Wanted, places: np.ndarray, weights: np.ndarray, flip: bool) -> np.ndarray:
        """How alike (2, E) the poses are, 0 … 1: as they are drawn, and seen from all around and in space."""
        if flip:  # the wanted one in a mirror is as much like a pose as it is like that pose in a mirror
            swap = slice(None) if wanted.person.skeleton.name == hand21.name else _swap
            places, weights = -places[swap].conj(), weights[swap]
        hand = _only_hands(wanted)
        drawn = _alike(_distance(self.flat, self.there, places, weights, turning=hand) / _flat_scale)
        known = np.array([_at[name] for name in rig_names])
        seen = _distance(self.views, np.ones(len(known)), places[known], weights[known], turning=hand).min(-1)
        # A pose seen from another side needs more to be as good as one that is drawn just so.
        share = weights[known].sum() / weights.sum()
        around = np.where(self.stands & (share >= _least), 0.97 * _alike(seen / _flat_scale), 0.0)
        if wanted.pose is not None:
            one = Space.of(self.rig, [wanted.pose])
            near = _alike(
                self.space.distance(one.mirrored() if flip else one, _parts_of(wanted.joints, flip)) / _space_scale
            )
            drawn = np.where(self.stands, (drawn + near) / 2, drawn)
            around = np.where(self.stands, (around + near) / 2, 0.0)
        return np.stack([drawn, around])


# ── in the picture ──


def _drawn(person: Person) -> tuple[np.ndarray, np.ndarray]:
    """A figure's places as complex numbers (N,) px, and which are there; a hand alone is taken as a right one."""
    places, there = np.zeros(len(names), complex), np.zeros(len(names))
    prefix = {hand21.name: "right_hand_", ap10k17.name: "animal_"}.get(person.skeleton.name)
    if prefix is None:
        person, prefix = person.to(wholebody133), ""
    rows = [_at[prefix + joint] for joint in person.skeleton.joints]
    places[rows] = person.points @ (1, 1j)
    there[rows] = person.present
    return places, there


def _both_hands(places: np.ndarray, there: np.ndarray, entry: Entry) -> tuple[np.ndarray, np.ndarray]:
    """The same, where the figure is a hand alone as the hand of its side, and mirrored as the other one."""
    if entry.person.skeleton.name == hand21.name:
        if entry.side == "left":
            places = -places.conj()
        places, there = places - places[_swap].conj(), np.maximum(there, there[_swap])
    return places, there


def _weight_table() -> np.ndarray:
    """What each place counts, (N,): limbs most, face and hands as a whole about as much as one joint."""
    table = np.ones(len(names))
    for n, name in enumerate(names):
        if name.startswith("face_"):
            table[n] = 0.5 / 68
        elif "_hand_" in name:
            table[n] = 0.8 / 21
        elif name.endswith(("_eye", "_ear", "_toe", "_heel")):
            table[n] = 0.3
        elif name.endswith(("_elbow", "_wrist", "_knee", "_ankle")):
            table[n] = 1.5
    return table


_table = _weight_table()


def _weights(chosen: frozenset[str] | None, person: Person) -> np.ndarray:
    """What each place counts (N,) when these joints are looked for; None for all."""
    if chosen is None:
        return _table
    prefix = {hand21.name: "right_hand_", ap10k17.name: "animal_"}.get(person.skeleton.name, "")
    rows = [_at[prefix + name] for name in chosen if prefix + name in _at]
    weights = np.zeros(len(names))
    weights[rows] = _table[rows]
    if not prefix and not all("_hand_" in name for name in chosen):
        trunk = [_at[name] for name in _trunk]
        weights[trunk] = np.maximum(weights[trunk], _context * weights.sum())
    return weights


def _only_hands(wanted: Wanted) -> bool:
    """Whether hands alone are looked for: they are alike whichever way they point."""
    return wanted.person.skeleton.name == hand21.name or bool(
        wanted.joints and all("_hand_" in name for name in wanted.joints)
    )


def _distance(
    places: np.ndarray, there: np.ndarray, goal: np.ndarray, weights: np.ndarray, turning: bool = False
) -> np.ndarray:
    """How far sets of places (…, N) are from a goal (N,) once moved and scaled to fit, as a share of its size, (…,).

    `turning` lets them turn as well. Infinite for those that have too little of it.
    """
    held = there * weights
    total = held.sum(-1)
    safe = np.maximum(total, 1e-9)
    mine, aim = (held * places).sum(-1) / safe, held @ goal / safe
    together = (held * places.conj()) @ goal - total * mine.conj() * aim
    spread = (held * np.abs(places) ** 2).sum(-1) - total * np.abs(mine) ** 2
    wide = held @ np.abs(goal) ** 2 - total * np.abs(aim) ** 2
    fit = np.abs(together) if turning else np.maximum(together.real, 0.0)
    alike = fit**2 / np.maximum(spread * wide, 1e-12)
    return np.where(total >= _least * weights.sum(), np.sqrt(np.maximum(1 - alike, 0.0)), np.inf)


def _alike(distance: np.ndarray) -> np.ndarray:
    return np.exp(-(distance**2))


# ── which parts ──


def _parts_of(chosen: frozenset[str] | None, flip: bool) -> tuple[str, ...]:
    """The parts of a body that joints of a drawn figure belong to; none when all are meant."""
    if chosen is None:
        return ()
    found = {part for name in chosen if (part := _part_of(name))}
    return tuple(sorted(opposite(part) if flip else part for part in found))


def _part_of(name: str) -> str | None:
    side = name.partition("_")[0]
    if "_hand_" in name:
        return f"{side}_hand"
    if name.endswith(("_shoulder", "_elbow", "_wrist")):
        return f"{side}_arm"
    if name.endswith(("_hip", "_knee", "_ankle", "_toe", "_heel")):
        return f"{side}_leg" if side in sides else "trunk"
    return "head" if name.startswith("face_") or name.endswith(("nose", "_eye", "_ear", "head", "neck")) else None
