"""A part of a body set on the figure it belongs to: where the camera sees it, at the drawing's own proportions.

What a drawing makes longer or larger than life stays so: the part hangs on the drawn joint that carries it, turned with
the drawn bone before it, as large as its drawn twin or as the figure is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from engine.hidden_parts import Hidden
from engine.pose import Person
from engine.skeleton import Skeleton, sides

guess_score = 0.8  # of a point that the prior placed
_least, _most = 0.6, 1.6  # times life that a part may be drawn
_hand_least, _hand_most = 0.85, 1.4  # times as large as the rest of the figure: a smaller hand is badly found
_widest = 0.6  # rad that a hand is turned to follow the drawn forearm
_clear = 0.35  # of a bone's usual share of the figure: seen shorter, it says nothing of a direction
_ends = {"arm": ("elbow", "wrist"), "leg": ("knee", "ankle", "toe", "heel", "foot")}
_head = ("nose", *(f"{side}_{part}" for side in sides for part in ("eye", "ear")))


def set_on(person: Person, seen: np.ndarray, hidden: Hidden) -> Person:
    """The figure with its hidden points where a camera sees a body's, `seen` (J, 2) px on the hidden part's skeleton.

    Placed points become visible, of the prior; all others stay as they are, number for number.
    """
    whole = person.to(hidden.skeleton)
    drawn = _Drawn(whole, seen, hidden.placed)
    points = whole.points.copy()
    for name in _parents_first(hidden.skeleton, hidden.placed):
        i = hidden.skeleton.index(name)
        points[i] = drawn.place(name, points)
    order = {name: i for i, name in enumerate(hidden.skeleton.joints)}
    placed = {order[name] for name in hidden.placed}
    carried = {order[name] for name in hidden.carried}
    return replace(
        whole,
        points=points,
        scores=np.where([i in placed for i in range(len(points))], guess_score, whole.scores),
        states=tuple(
            "visible" if i in placed - carried else state for i, state in enumerate(whole.states)
        ),
        sources=tuple("prior" if i in placed else source for i, source in enumerate(whole.sources)),
    )  # fmt: skip


class _Drawn:
    """A drawn figure beside the body that stands for it: how they differ where both are known."""

    def __init__(self, whole: Person, seen: np.ndarray, placed: Collection[str]) -> None:
        self.skeleton, self.points, self.seen, self.placed = whole.skeleton, whole.points, seen, placed
        self.known = {
            name for name, state in zip(whole.skeleton.joints, whole.states, strict=True)
            if state != "missing" and name not in placed
        }  # fmt: skip
        self.parents = dict(whole.skeleton.parents)
        self.body_bones = [
            bone for bone in whole.skeleton.bones if not any("hand_" in end or "face_" in end for end in bone)
        ]
        self.scale = self._ratio(self.body_bones) or 1.0
        self.scales = {part: self._part_scale(part) for part in ("left_hand", "right_hand", "arm", "leg")}
        self.face = self._face()

    def at(self, name: str) -> np.ndarray:
        return self.points[self.skeleton.index(name)]

    def as_seen(self, name: str) -> np.ndarray:
        return self.seen[self.skeleton.index(name)]

    def place(self, name: str, points: np.ndarray) -> np.ndarray:
        """Where a point goes, those that carry it being in place in `points` (J, 2)."""
        if self.face is not None and (name.startswith("face_") or name.endswith("_pupil") or name in _head):
            return self.face @ np.append(self.as_seen(name), 1.0)
        anchor = self._anchor(name)
        if anchor is None:
            return self._overall(self.as_seen(name))
        away = self.as_seen(name) - self.as_seen(anchor)
        if "_hand_" in name:
            side = name.split("_")[0]
            away = _turned(away, self._forearm(side, points)) * self.scales[f"{side}_hand"]
        else:
            limb = next((limb for limb, ends in _ends.items() if name.endswith(ends)), "")
            away = away * self.scales.get(limb, self.scale)
        return points[self.skeleton.index(anchor)] + away

    def _anchor(self, name: str) -> str | None:
        """What carries a point: the wrist for all of a hand, else the nearest that is drawn or placed before it."""
        carrier = self.parents.get(name)
        if "_hand_" in name:
            wrist = f"{name.split('_')[0]}_wrist"
            if wrist in self.known or wrist in self.placed:
                return wrist
        while carrier is not None and not (carrier in self.known or carrier in self.placed):
            carrier = self.parents.get(carrier)
        return carrier if carrier is not None and carrier in self.skeleton else None

    def _overall(self, place: np.ndarray) -> np.ndarray:
        """A place on the body as the drawing has it, the figure as a whole compared."""
        rows = [self.skeleton.index(name) for name in sorted(self.known)]
        if not rows:
            return place
        return self.points[rows].mean(0) + (place - self.seen[rows].mean(0)) * self.scale

    # ── proportions ──

    def _ratio(self, bones: Collection[tuple[str, str]], least: float = 0.0) -> float | None:
        """How much longer bones are drawn than the camera sees the body's; None where too little is known."""
        both = [bone for bone in bones if bone[0] in self.known and bone[1] in self.known]
        drawn = sum(float(np.linalg.norm(self.at(a) - self.at(b))) for a, b in both)
        seen = sum(float(np.linalg.norm(self.as_seen(a) - self.as_seen(b))) for a, b in both)
        return float(np.clip(drawn / seen, _least, _most)) if seen > max(least, 1e-6) and drawn > 0 else None

    def _part_scale(self, part: str) -> float:
        """How much larger a part is drawn: told by its twin, else by the figure."""
        size = _size(self.seen[[self.skeleton.index(name) for name in sorted(self.known)]]) if self.known else 0.0
        if part.endswith("_hand"):
            twin = part.replace("left", "right") if part.startswith("left") else part.replace("right", "left")
            bones = [bone for bone in self.skeleton.bones if all(end.startswith(f"{twin}_") for end in bone)]
            ratio = self._ratio(bones, 0.2 * size) or self.scale
            return float(np.clip(ratio, _hand_least * self.scale, _hand_most * self.scale))
        bones = [bone for bone in self.body_bones if any(end.endswith(_ends[part]) for end in bone)]
        return self._ratio(bones, 0.15 * size) or self.scale

    # ── directions ──

    def _forearm(self, side: str, points: np.ndarray) -> float:
        """How far, rad, the drawn forearm is turned from the one that the camera sees; 0 where it points at the eye."""
        elbow, wrist = f"{side}_elbow", f"{side}_wrist"
        if wrist not in self.known or elbow not in self.known:
            return 0.0
        seen = self.as_seen(wrist) - self.as_seen(elbow)
        drawn = self.at(wrist) - self.at(elbow)
        upper = f"{side}_shoulder"
        usual = float(np.linalg.norm(self.as_seen(elbow) - self.as_seen(upper))) if upper in self.skeleton else 0.0
        if min(np.linalg.norm(seen), np.linalg.norm(drawn) / self.scale) < max(_clear * usual, 2.0):
            return 0.0
        turn = float(np.arctan2(seen[0] * drawn[1] - seen[1] * drawn[0], seen @ drawn))
        return turn if abs(turn) < _widest else 0.0

    def _face(self) -> np.ndarray | None:
        """The turn, size and shift (2, 3) that lay the body's head on the drawn one; None without two of its points."""
        rows = [self.skeleton.index(name) for name in _head if name in self.known]
        if len(rows) < 2:
            return None
        a, b = (p[:, 0] + 1j * p[:, 1] for p in (self.seen[rows], self.points[rows]))
        spread = float((np.abs(a - a.mean()) ** 2).sum())
        if spread < 1.0:
            return None
        turn = (np.conj(a - a.mean()) @ (b - b.mean())) / spread
        size = float(np.clip(abs(turn), _least * self.scale, _most * self.scale))
        turn = turn / max(abs(turn), 1e-9) * size
        shift = b.mean() - turn * a.mean()
        return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _parents_first(skeleton: Skeleton, names: Collection[str]) -> list[str]:
    parents = dict(skeleton.parents)

    def depth(name: str | None) -> int:
        return 0 if name is None else 1 + depth(parents.get(name))

    return sorted(names, key=lambda name: (depth(name), name))


def _turned(away: np.ndarray, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([c * away[0] - s * away[1], s * away[0] + c * away[1]])


def _size(places: np.ndarray) -> float:
    return float(np.ptp(places, axis=0).max()) if len(places) else 0.0
