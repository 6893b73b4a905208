"""Which example, seen from where, looks most like a drawn figure: all of them compared at once, in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.examples import Examples, together
from engine.point_rig import PointRig
from engine.rig import matrices
from engine.skeleton import wholebody133

# What is compared: the body's own joints, and the bones between them, which hold when proportions do not.
names = wholebody133.joints[:23]
_bones = (
    ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"), ("left_shoulder", "left_hip"),
    ("right_shoulder", "right_hip"), ("nose", "left_shoulder"), ("nose", "right_shoulder"), ("nose", "left_ear"),
    ("nose", "right_ear"),
    *((f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in (
        ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"), ("ankle", "big_toe"))),
)  # fmt: skip
_bone_weight = 1.5
_yaws = np.radians(np.arange(0, 360, 15))
_pitches = np.radians((-25, 4, 35))
# A drawing is rarely rolled, and rarely seen from far above: what needs it must look that much more alike.
_level = 0.5
_pitch_cost = 0.01
# Pictures are seen from in front: x to the right, y down, z away from the eye.
_front = np.diag((1.0, -1.0, -1.0))


class Candidate(NamedTuple):
    """An example as a figure's first guess: local `turns` (55, 3, 3), the root's in the camera's axes, px a metre."""

    name: str
    turns: np.ndarray
    scale: float


@dataclass(frozen=True, eq=False)
class Views:
    """All examples and their mirrors (E), from all around: `seen` (E · V, 23) complex places, metres, x + i y down."""

    names: tuple[str, ...]
    turns: np.ndarray
    looks: np.ndarray
    seen: np.ndarray
    flat: np.ndarray

    @classmethod
    def of(cls, rig: PointRig, examples: Examples) -> Views:
        """The views of a body in the examples' poses."""
        both = together(examples, examples.mirrored())
        turns = both.turns()
        n, rig = len(both), rig.chosen(names)
        points = rig.placed(turns, np.zeros((n, rig.betas)), np.zeros((n, 3))).points
        looks = np.array([_look(yaw, pitch) for pitch in _pitches for yaw in _yaws])
        flat = np.einsum("vxy,ejy->evjx", looks[:, :2], points).astype(np.float32)
        seen = (flat[..., 0] + 1j * flat[..., 1]).reshape(-1, len(names))
        starts, ends = ([names.index(bone[i]) for bone in _bones] for i in (0, 1))
        length = np.linalg.norm(points[0, ends] - points[0, starts], axis=-1).astype(np.float32)
        return cls(both.names, turns, looks, seen, (seen[:, ends] - seen[:, starts]) / length)

    def nearest(self, places: np.ndarray, weights: np.ndarray, count: int) -> list[Candidate]:
        """The most alike, best first, for a figure's joints at `places` (23, 2) px with `weights` (23,)."""
        metric = _metric(weights)
        drawn = (places[:, 0] + 1j * places[:, 1]).astype(np.complex64)
        drawn = np.where(weights > 0, drawn, 0)
        pulled = metric @ drawn
        match = self.seen.conj() @ pulled
        size = np.real(np.einsum("vj,vj->v", self.seen.conj(), self.seen @ metric)) + 1e-9
        whole = float(np.real(drawn.conj() @ pulled))
        shared = (np.maximum(np.real(match), 0) ** 2 + _level * np.imag(match) ** 2) / size
        unlike = (1 - shared / whole) + _pitch_cost * self._tilted
        unlike[np.real(match) <= 0] = np.inf
        roll = np.arctan2(_level * np.imag(match), np.real(match))
        return [
            self._candidate(i, float(np.real(match[i]) / size[i]), float(roll[i]))
            for i in self._various(np.argsort(unlike)[:4000], count)
        ]

    def alike(
        self, drawings: np.ndarray, weights: np.ndarray, count: int, every: int = 1
    ) -> tuple[list[list[Candidate]], np.ndarray]:
        """For each of several drawings (B, 23, 2) px with the same weights (23,): the most alike, and how unlike (B,).

        Of `every` so manyth view. Unlike as `nearest` reckons it: 0 is the same, 1 has nothing in common.
        """
        metric, seen = _metric(weights), self.seen[::every]
        drawn = np.where(weights > 0, drawings[..., 0] + 1j * drawings[..., 1], 0).astype(np.complex64)
        pulled = drawn @ metric.T
        match = seen.conj() @ pulled.T
        size = np.real(np.einsum("vj,vj->v", seen.conj(), seen @ metric)) + 1e-9
        whole = np.real(np.einsum("bj,bj->b", drawn.conj(), pulled))
        shared = (np.maximum(np.real(match), 0) ** 2 + _level * np.imag(match) ** 2) / size[:, None]
        unlike = (1 - shared / whole) + _pitch_cost * self._tilted[::every, None]
        unlike[np.real(match) <= 0] = np.inf
        roll = np.arctan2(_level * np.imag(match), np.real(match))
        found = []
        for b in range(len(drawings)):
            first = np.argpartition(unlike[:, b], 200)[:200]
            chosen = self._various(first[np.argsort(unlike[first, b])] * every, count)
            rows = [i // every for i in chosen]
            scales = [float(np.real(match[i, b]) / size[i]) for i in rows]
            found.append(
                [self._candidate(i, k, float(roll[j, b])) for i, j, k in zip(chosen, rows, scales, strict=True)]
            )
        return found, unlike.min(0)

    @property
    def _tilted(self) -> np.ndarray:
        """How far (E · V,) rad each view looks down or up from the usual."""
        return np.tile(np.repeat(np.abs(_pitches - _pitches[1]), len(_yaws)), len(self.names)).astype(np.float32)

    def flattest(self, places: np.ndarray, weights: np.ndarray, count: int) -> list[Candidate]:
        """The most alike if all bones lay in the picture's plane, whatever their drawn lengths: as children draw."""
        starts, ends = ([names.index(bone[i]) for bone in _bones] for i in (0, 1))
        drawn = places[:, 0] + 1j * places[:, 1]
        bones = drawn[ends] - drawn[starts]
        weight = np.minimum(weights[starts], weights[ends]).astype(np.float32)
        along = (weight * bones / np.maximum(np.abs(bones), 1e-9)).astype(np.complex64)
        unlike = (np.abs(self.flat) ** 2) @ weight - 2 * np.real(self.flat.conj() @ along) + self._tilted * weight.sum()
        metric = _metric(weights)
        drawn = np.where(weights > 0, drawn, 0).astype(np.complex64)
        chosen = self._various(np.argsort(unlike)[:4000], count)
        found = []
        for i in chosen:
            match = np.real(self.seen[i].conj() @ metric @ drawn)
            size = np.real(self.seen[i].conj() @ metric @ self.seen[i]) + 1e-9
            found.append(self._candidate(i, max(float(match / size), 1e-3), 0.0))
        return found

    def _various(self, order: np.ndarray, count: int) -> list[int]:
        """The first of the order, no example twice from nearly the same side."""
        chosen: list[int] = []
        taken: dict[str, list[float]] = {}
        half = len(self.names) // 2
        for i in order:
            example, look = divmod(int(i), len(self.looks))
            name, yaw = self.names[example] + ("" if example < half else " mirrored"), _yaws[look % len(_yaws)]
            if all(np.cos(yaw - other) < 0.5 for other in taken.get(name, [])):
                chosen.append(int(i))
                taken.setdefault(name, []).append(float(yaw))
            if len(chosen) == count:
                break
        return chosen

    def _candidate(self, i: int, scale: float, roll: float) -> Candidate:
        example, look = divmod(i, len(self.looks))
        turns = self.turns[example].copy()
        turns[0] = matrices(np.array((0.0, 0.0, roll))) @ self.looks[look] @ turns[0]
        return Candidate(self.names[example], turns, scale)


def _look(yaw: float, pitch: float) -> np.ndarray:
    """World to camera (3, 3) for a body turned by `yaw` to its left and looked down on by `pitch`, rad."""
    return _front @ matrices(np.array((pitch, 0.0, 0.0))) @ matrices(np.array((0.0, yaw, 0.0)))


def _metric(weights: np.ndarray) -> np.ndarray:
    """Quadratic form (23, 23): squared distances of joints about their middle, and of bones, over present joints."""
    metric = np.diag(weights) - np.outer(weights, weights) / max(weights.sum(), 1e-9)
    for a, b in _bones:
        i, j = names.index(a), names.index(b)
        weight = _bone_weight * min(weights[i], weights[j])
        metric[[i, j], [i, j]] += weight
        metric[[i, j], [j, i]] -= weight
    return metric.astype(np.float32)
