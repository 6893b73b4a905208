"""Chains of joints that turn until a place they carry is where it should be.

Damped least squares (Wampler 1986, Buss 2004). Metres and radians; a chain says which joints turn, by number, and how
readily each gives (1 freely).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.limb import hinge_range, hinges
from engine.limits import Limits
from engine.rig import Stance, about, carriers, crossing, turning, twist_about

rounds = 12  # of damped least squares
_tiring = 0.5  # a joint at its limit gives less from one to the next
_stride = 0.3  # rad, the most that a joint turns in one of them


@dataclass(frozen=True)
class Pull:
    """Where a joint (its number in smplx55) should be, world metres (3,), and how much that matters."""

    joint: int
    target: np.ndarray
    weight: float = 1.0


def follow(stance: Stance, chain: dict[int, float], pulls: list[Pull], limits: Limits | None) -> None:
    """Turn the joints of the chain until what is pulled at is nearest its targets."""
    for _ in range(rounds):
        if step(stance, chain, pulls, limits) < 1e-4:
            return


def step(stance: Stance, chain: dict[int, float], pulls: list[Pull], limits: Limits | None) -> float:
    """One step of damped least squares, no joint turning more than `_stride`; the largest turn it made, rad."""
    axes = {n: _axes(stance, n) * give for n, give in chain.items()}
    jacobian = np.concatenate([_moves(stance, axes, pull) for pull in pulls])
    error = np.concatenate([(pull.target - stance.places[pull.joint]) * pull.weight for pull in pulls])
    damping = 1e-4 + 0.02 * float(error @ error)
    by_axis = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + damping * np.eye(len(error)), error)
    parts = np.split(by_axis, np.cumsum([len(around) for around in axes.values()])[:-1])
    turns = {n: part @ around for (n, around), part in zip(axes.items(), parts, strict=True)}
    slower = min(1.0, _stride / max(max(float(np.linalg.norm(by)) for by in turns.values()), 1e-12))
    before = stance.local[list(chain)]
    for n, by in turns.items():
        if not turn_joint(stance, n, by * slower, limits):
            chain[n] *= _tiring  # at its limit: the others must do it
    stance.carry()
    return float(np.abs(stance.local[list(chain)] - before).max())


def _moves(stance: Stance, axes: dict[int, np.ndarray], pull: Pull) -> np.ndarray:
    """What each turn does to the place pulled at, (3, turns): about a world axis w at a joint, it moves by w × arm."""
    moves = [
        around @ crossing(stance.places[pull.joint] - stance.places[n])
        if n != pull.joint and n in carriers[pull.joint]
        else around * 0
        for n, around in axes.items()
    ]
    return np.concatenate(moves).T * pull.weight


def _axes(stance: Stance, joint: int) -> np.ndarray:
    """The world axes (1 or 3, 3) about which a joint turns: a hinge has one."""
    return np.eye(3) if joint not in hinges else (stance.above(joint) @ hinges[joint])[None]


def turn_joint(stance: Stance, joint: int, by: np.ndarray, limits: Limits | None) -> bool:
    """Turn a joint by a world rotation vector (3,), as far as it goes; whether it went."""
    above, local = stance.above(joint), stance.local[joint]
    if joint not in hinges:
        asked = above.T @ turning(by) @ above @ local
        stance.local[joint] = bounded(limits, joint, asked)
        return bool(np.abs(stance.local[joint] - asked).max() < 1e-4)
    axis = hinges[joint]
    bend = twist_about(local, axis)
    low, high = hinge_range if limits is None else limits.bends(joint)
    to = np.clip(bend + by @ above @ axis, min(low, bend), max(high, bend))
    stance.local[joint] = about(axis, float(to - bend)) @ local
    return bool(abs(bend + by @ above @ axis - to) < 1e-4)


def bounded(limits: Limits | None, joint: int, local: np.ndarray) -> np.ndarray:
    """A joint's local rotation (3, 3) within its limits, if there are any."""
    return local if limits is None else limits.bounded(joint, local)
