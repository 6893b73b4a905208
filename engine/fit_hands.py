"""Hands and the jaw of a body that stands already: the example hand most alike from any side, then least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.camera import Camera
from engine.examples import Examples, together
from engine.fit_points import Target, sides
from engine.fit_steps import Near, Seen, Stance, Term, Within, refined
from engine.limits import Limits
from engine.point_rig import PointRig
from engine.rig import axis_angles, joints, matrices
from engine.skeleton import hand21

_kinds = 64  # different hands to compare with
_looks = 120  # sides to see them from
_guesses = 5
hand_tolerance, hand_outlier = 0.004, 0.03  # of the figure's height
# How far, rad about its own axes, a joint of the hand gives from the example's: fingers bend about z, fan about y.
_finger_give, _thumb_give, _knuckle_give = (0.06, 0.08, 0.5), (0.25, 0.35, 0.4), (0.08, 0.15, 0.5)
forearm_share = 0.6  # of a hand's turn about the forearm, the rest is the wrist's
arm_of = {side: tuple(f"{side}_{joint}" for joint in ("elbow", "wrist")) for side in sides}


@dataclass(frozen=True, eq=False)
class HandViews:
    """Hands of one side: `turns` (H, 15, 3, 3) and their looks, `seen` (H · V, 21) complex, metres about the wrist."""

    side: str
    turns: np.ndarray
    looks: np.ndarray
    seen: np.ndarray

    @classmethod
    def of(cls, rig: PointRig, examples: Examples, side: str) -> HandViews:
        """The different ones among the examples' hands and their mirrors, from all around."""
        both = together(examples, examples.mirrored())
        turns = np.tile(np.eye(3), (len(both), len(joints), 1, 1))
        turns[:, fingers_of(side)] = matrices(both.hands[:, sides.index(side)])
        hand = rig.chosen(points_of_hand(side))
        points = hand.placed(turns, np.zeros((len(both), rig.betas)), np.zeros((len(both), 3))).points
        points = points - points[:, :1]
        kept = _different(points, _kinds)
        looks = _all_around(_looks)
        flat = np.einsum("vxy,hjy->hvjx", looks[:, :2], points[kept])
        return cls(side, turns[kept][:, fingers_of(side)], looks, (flat[..., 0] + 1j * flat[..., 1]).reshape(-1, 21))

    def nearest(
        self, places: np.ndarray, weights: np.ndarray, scale: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The views most like a hand drawn at `places` (21, 2) px, at about `scale` px a metre.

        Unlikeness (M,), hands (M,) by row of `turns`, and the wrist's axes in the camera (M, 3, 3).
        """
        drawn = (places[:, 0] + 1j * places[:, 1]) * (weights > 0)
        metric = np.diag(weights) - np.outer(weights, weights) / weights.sum()
        match = self.seen.conj() @ (metric @ drawn)
        size = np.einsum("vj,vj->v", self.seen.conj(), self.seen @ metric).real + 1e-12
        whole = float((drawn.conj() @ metric @ drawn).real)
        ratio = np.log(np.maximum(np.abs(match) / size, 1e-9) / scale)
        unlike = 1 - np.abs(match) ** 2 / size / whole + 0.1 * ratio**2
        best = np.argsort(unlike)[:400]
        hand, look = np.divmod(best, len(self.looks))
        roll = np.angle(match[best])
        turn = matrices(np.stack([0 * roll, 0 * roll, roll], axis=1)) @ self.looks[look]
        return unlike[best], hand, turn


def with_hand(
    rig: PointRig, views: HandViews, stance: Stance, target: Target, camera: Camera, height: float,
    limits: Limits | None, known: bool,
) -> Stance:  # fmt: skip
    """The stance (of one body) with the hand laid on its drawn points; `known`: the hand it has is the artist's."""
    side = views.side
    elbow, wrist = (joints.index(name) for name in arm_of[side])
    guesses = [stance] if known else [stance, *_guessed(rig, views, stance, target, camera, limits)]
    first = Stance(*(np.concatenate(parts) for parts in zip(*guesses, strict=True)))
    names = (f"{side}_elbow", *target.having((f"{side}_wrist",)), *target.hand(side))
    chosen = rig.chosen(names)
    places, weights = target.of(names)
    # The elbow stays where the body has it; palms count fully here.
    places[0] = camera.project(chosen.placed(*stance).points[0, 0])
    weights = np.array([target.trust[target.names.index(name)] if name in target else 1.0 for name in names])
    active = (elbow, wrist, *fingers_of(side))
    terms: list[Term] = [
        Seen(camera, places, weights, hand_tolerance * height, hand_outlier * height),
        Near(first.turns, hand_give(side)),
    ]
    if limits is not None:
        terms.append(Within(limits, 0.1))
    found, cost = refined(chosen, first, active, terms, 12, moving=False)
    return found.chosen([int(np.argmin(cost))])


def _guessed(
    rig: PointRig, views: HandViews, stance: Stance, target: Target, camera: Camera, limits: Limits | None
) -> list[Stance]:
    side = views.side
    elbow, wrist = (joints.index(name) for name in arm_of[side])
    placed = rig.placed(*stance)
    names = points_of_hand(side)
    places, weights = target.of(names)
    weights = np.array([target.trust[target.names.index(name)] if name in target else 0.0 for name in names])
    scale = camera.focal / max(float(camera.in_camera(placed.joints[0, wrist])[2]), 0.1)
    unlike, hand, turn = views.nearest(places, weights, scale)
    world = camera.T_camera_world[:3, :3].T @ turn
    local = placed.world[0, elbow].T @ world
    # What the hand turns about the forearm is shared between the two joints.
    twist = matrices(forearm_share * twist_of(local))
    arm = np.stack([stance.turns[0, elbow] @ twist, np.swapaxes(twist, -1, -2) @ local], axis=1)
    cost = unlike + 0.03 * (np.linalg.norm(axis_angles(arm[:, 1]), axis=-1) / 1.0) ** 2
    if limits is not None:
        cost = cost + sum(limits.beyond(joint, arm[:, i]) ** 2 for i, joint in enumerate((elbow, wrist)))
    found = []
    for i in _apart(np.argsort(cost), world, _guesses):
        turns = stance.turns.copy()
        turns[0, [elbow, wrist]] = arm[i]
        turns[0, fingers_of(side)] = views.turns[hand[i]]
        found.append(stance._replace(turns=turns))
    return found


def _apart(order: np.ndarray, world: np.ndarray, count: int) -> list[int]:
    """The first of the order that are turned at least half a radian from those before."""
    chosen: list[int] = []
    for i in order:
        if all(np.trace(world[i].T @ world[j]) < 1 + 2 * np.cos(0.5) for j in chosen):
            chosen.append(int(i))
        if len(chosen) == count:
            break
    return chosen


def twist_of(turns: np.ndarray) -> np.ndarray:
    """The part (N, 3) rad of turns (N, 3, 3) that is about the forearm, the x axis at rest."""
    angle = 2 * np.arctan2(turns[:, 2, 1] - turns[:, 1, 2], 1 + np.trace(turns, axis1=1, axis2=2))
    return np.stack([angle, 0 * angle, 0 * angle], axis=1)


def fingers_of(side: str) -> list[int]:
    """The numbers of a hand's joints in smplx55."""
    return [i for i, name in enumerate(joints) if name.startswith(f"{side}_hand_")]


def points_of_hand(side: str) -> tuple[str, ...]:
    """The names of a hand's 21 points."""
    return tuple(f"{side}_hand_{joint}" for joint in hand21.joints)


def hand_give(side: str) -> np.ndarray:
    """How far, (55, 3) rad, each joint of an arm gives while its hand is laid on a drawing."""
    give = np.full((len(joints), 3), 0.3)
    give[joints.index(f"{side}_elbow")] = 0.5, 0.3, 0.08
    give[joints.index(f"{side}_wrist")] = 0.3, 0.4, 0.5
    for i in fingers_of(side):
        give[i] = _thumb_give if "thumb" in joints[i] else _knuckle_give if joints[i].endswith("1") else _finger_give
    return give


def _different(points: np.ndarray, count: int) -> np.ndarray:
    """Rows (count,) of points (N, J, 3) as far from each other as can be, the first one first."""
    chosen, far = [0], np.full(len(points), np.inf)
    while len(chosen) < min(count, len(points)):
        far = np.minimum(far, np.linalg.norm(points - points[chosen[-1]], axis=-1).mean(1))
        chosen.append(int(far.argmax()))
    return np.array(chosen)


def _all_around(count: int) -> np.ndarray:
    """World to camera (count, 3, 3) from all sides, evenly, on a spiral (Vogel 1979)."""
    n = np.arange(count) + 0.5
    height, turn = 1 - 2 * n / count, np.pi * (1 + 5**0.5) * n
    flat = np.sqrt(1 - height**2)
    forward = np.stack([flat * np.cos(turn), height, flat * np.sin(turn)], axis=1)
    right = np.cross(forward, (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    return np.stack([right, np.cross(forward, right), forward], axis=1)


# ── the jaw ──

_upper = tuple(f"face_mouth_{i}" for i in (14, 15, 16))
_lower = tuple(f"face_mouth_{i}" for i in (20, 19, 18))
_wide_open = 0.55  # rad


def with_jaw(rig: PointRig, stance: Stance, target: Target, camera: Camera) -> Stance:
    """The stance with its mouth as open as the drawn lips are; as it is where they are not known."""
    names = (*_upper, *_lower)
    if len(target.having(names)) < len(names):
        return stance
    jaw = joints.index("jaw")
    angles = np.linspace(0, _wide_open, 23)
    turns = np.repeat(stance.turns, len(angles), axis=0)
    turns[:, jaw] = matrices(np.stack([angles, 0 * angles, 0 * angles], axis=1))
    many = Stance(turns, *(np.repeat(part, len(angles), axis=0) for part in stance[1:]))
    seen = camera.project(rig.chosen(names).placed(*many).points)
    places, _ = target.of(names)
    # Only the gap counts: drawn lips are rarely where the body has them.
    gap, drawn = seen[:, 3:] - seen[:, :3], places[3:] - places[:3]
    off = np.linalg.norm(gap - gap[0] - drawn, axis=-1).mean(1)
    return many.chosen([int(np.argmin(off))])
