"""What a drawn figure tells a fit: which joints are known, where, and how far each is to be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.pose import Person
from engine.skeleton import hand21, wholebody133

sides = ("left", "right")
# Joints in between are the means of others that count already.
known = (*wholebody133.joints, "head")
_body = (*wholebody133.joints[:23], "head")
# Of a hand's and a face's points, those that say how the hand and the head are turned.
_palm = ("index_1", "middle_1", "pinky_1", "thumb_2")
_face = ("jaw_9", "right_eye_1", "left_eye_4", "nose_4", "nose_7", "mouth_1", "mouth_7", "right_brow_3", "left_brow_3")
_marked = {
    **dict.fromkeys((f"{s}_hip" for s in sides), 0.7),
    **dict.fromkeys(("nose", *(f"{s}_{part}" for s in sides for part in ("eye", "ear"))), 0.5),
    **dict.fromkeys((f"{s}_{part}" for s in sides for part in ("big_toe", "small_toe", "heel")), 0.5),
    **dict.fromkeys((f"{s}_hand_{joint}" for s in sides for joint in _palm), 0.3),
    **dict.fromkeys((f"face_{joint}" for joint in _face), 0.2),
    "head": 0.5,
}
hidden_trust = 0.35  # an artist or a network guesses what is hidden
model_trust = 0.3  # a network errs by a few per cent of the figure, an artist means what they draw
least_trust = 0.01
fewest_of_hand = 8  # of its 21 points
_corners = tuple(f"{s}_{part}" for part in ("shoulder", "hip") for s in sides)
_limbs = tuple(f"{s}_{part}" for s in sides for part in ("elbow", "wrist", "knee", "ankle"))


@dataclass(frozen=True, eq=False)
class Target:
    """Known points by `names`: `places` (N, 2) px, `trust` (N,) 0 … 1, and whether each is `visible` (N,)."""

    names: tuple[str, ...]
    places: np.ndarray
    trust: np.ndarray
    visible: np.ndarray

    def of(self, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Places (n, 2) and weights (n,) of the names, weight 0 for those unknown."""
        places, weights = np.zeros((len(names), 2)), np.zeros(len(names))
        for i, name in enumerate(names):
            if name in self._rows:
                row = self._rows[name]
                places[i], weights[i] = self.places[row], self.trust[row] * _marked.get(name, 1.0)
        return places, weights

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    def having(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the names that are known."""
        return tuple(name for name in names if name in self._rows)

    @property
    def body(self) -> tuple[str, ...]:
        """The known points that place the body, its head and its palms."""
        palms = (f"{side}_hand_{joint}" for side in sides if self.has_hand(side) for joint in _palm)
        return self.having((*_body, *palms, *(f"face_{joint}" for joint in _face)))

    def hand(self, side: str) -> tuple[str, ...]:
        """The known points of a hand but its root, which is the wrist."""
        return self.having(f"{side}_hand_{joint}" for joint in hand21.joints[1:])

    def has_hand(self, side: str) -> bool:
        """Whether enough of a hand is known to pose it."""
        return len(self.hand(side)) >= fewest_of_hand

    @property
    def missing_limbs(self) -> tuple[str, ...]:
        """Limbs of which no joint beyond the trunk is known: left_arm, right_leg …"""
        ends = {"arm": ("elbow", "wrist"), "leg": ("knee", "ankle")}
        return tuple(
            f"{side}_{limb}" for limb, parts in ends.items() for side in sides
            if not any(f"{side}_{part}" in self for part in parts)
        )  # fmt: skip


def target_of(person: Person) -> Target:
    """The known points of a figure; ValueError names what is missing for a body to be laid on it."""
    human = [i for i, name in enumerate(person.skeleton.joints) if name in known]
    if any(name not in person.skeleton for name in (*_corners, *_limbs)):
        raise ValueError(f"expected a person, got a figure on {person.skeleton.name}")
    rows = [i for i in human if person.states[i] != "missing" and _trust(person, i) > least_trust]
    target = Target(
        tuple(person.skeleton.joints[i] for i in rows),
        person.points[rows],
        np.array([_trust(person, i) for i in rows]),
        np.array([person.states[i] == "visible" for i in rows], dtype=bool),
    )
    _check(target)
    return target


def _trust(person: Person, i: int) -> float:
    drawn = person.sources[i] != "model"
    score = 1.0 if drawn else model_trust * float(np.clip(person.scores[i], 0, 1))
    return score * (hidden_trust if person.states[i] == "hidden" else 1.0)


def _check(target: Target) -> None:
    corners, limbs = target.having(_corners), target.having(_limbs)
    if len(corners) < 2 or len(limbs) < 2:
        lacking = [name for name in (_corners if len(corners) < 2 else _limbs) if name not in target]
        raise ValueError(
            "expected two of the shoulders and hips, and two of the elbows, wrists, knees and ankles to lay a body on; "
            f"missing: {', '.join(name.replace('_', ' ') for name in lacking)}"
        )
    spread = target.places[[target.names.index(name) for name in (*corners, *limbs)]]
    across = np.linalg.svd(spread - spread.mean(0), compute_uv=False)
    if across[0] < 2 or across[1] < 0.005 * across[0]:
        raise ValueError("expected joints spread over the picture, got all of them on one line or one spot")
