"""The hands of lifted bodies: as drawn where they are drawn, else as is likely for such a body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from engine.camera import Camera
from engine.fit import Fitter
from engine.fit_hands import (
    arm_of,
    fingers_of,
    forearm_share,
    hand_give,
    hand_outlier,
    hand_tolerance,
    points_of_hand,
    twist_of,
)
from engine.fit_points import Target
from engine.fit_steps import Near, Seen, Stance, Term, Within, refined
from engine.initialiser import HandGuess, Initialiser
from engine.lift_steps import Pull
from engine.natural import Natural
from engine.networks.dposer import parts
from engine.progress import Progress
from engine.rig import axis_angles, joints, matrices
from engine.tasks.completion import complete, wide
from engine.tasks.vectors import body_joints, hand_joints

_steps, _inner = 5, 2
# Hands for a body whose own are not drawn: enough to look well, in a fraction of a second.
_quick = replace(wide, rounds=1, steps=40, sampling=20)


def with_drawn_hand(
    fitter: Fitter, initialiser: Initialiser, stances: Stance, side: str, target: Target, camera: Camera,
    height: float, pull: Pull,
) -> Stance:  # fmt: skip
    """The stances with a hand laid on its drawn points; `height` px is the figure's."""
    limits = fitter.limits
    names = (f"{side}_elbow", *target.having((f"{side}_wrist",)), *target.hand(side))
    rig = fitter.rig.chosen(names)
    places, _ = target.of(names)
    trust = np.array([target.trust[target.names.index(name)] if name in target else 1.0 for name in names])
    bounds: list[Term] = [] if limits is None else [Within(limits, 0.1)]
    active = (*(joints.index(name) for name in arm_of[side]), *fingers_of(side))
    # The elbow stays where the body has it: each body has its own.
    places = np.repeat(places[None], len(stances.turns), axis=0)
    places[:, 0] = camera.project(rig.placed(*stances).points[:, 0])

    def seen(there: np.ndarray) -> Seen:
        return Seen(camera, there, trust, hand_tolerance * height, hand_outlier * height)

    guess = _guessed(initialiser, side, target, camera)
    count = len(guess.wrist)
    tried = _put_on(fitter, stances, side, guess)
    _, cost = refined(rig, tried, active, [seen(np.repeat(places, count, axis=0)), *bounds], 0, moving=False)
    best = cost.reshape(-1, count).argmin(1) + count * np.arange(len(places))
    first = found = tried.chosen(best)
    for k in range(_steps):
        terms = [seen(places), Near(first.turns, hand_give(side)), *bounds, *pull.terms(found.turns, k, side)]
        found, _ = refined(rig, found, active, terms, _inner, moving=False)
    return found


def _guessed(initialiser: Initialiser, side: str, target: Target, camera: Camera) -> HandGuess:
    hand, arm = points_of_hand(side), arm_of[side]
    places, _ = target.of(hand)
    bones, _ = target.of(arm)
    known, there = (np.array([name in target for name in names]) for names in (hand, arm))
    return initialiser.hands(side, places, known, bones, there, camera)


def _put_on(fitter: Fitter, stances: Stance, side: str, guess: HandGuess) -> Stance:
    """Each stance with each guess of its hand; what the hand turns about the forearm, elbow and wrist share."""
    elbow, wrist = (joints.index(name) for name in arm_of[side])
    count, bodies = len(guess.wrist), len(stances.turns)
    world = fitter.rig.placed(*stances).world[:, elbow]
    local = (np.swapaxes(world, -1, -2)[:, None] @ guess.wrist).reshape(-1, 3, 3)
    twist = matrices(forearm_share * twist_of(local))
    found = Stance(*(np.repeat(each, count, axis=0) for each in stances))
    found.turns[:, elbow] = found.turns[:, elbow] @ twist
    found.turns[:, wrist] = np.swapaxes(twist, -1, -2) @ local
    found.turns[:, fingers_of(side)] = np.tile(guess.fingers, (bodies, 1, 1, 1))
    return found


def with_likely_hands(
    natural: Natural, stances: Stance, sides: Sequence[str], seed: int, progress: Progress | None = None
) -> Stance:
    """The stances with the hands of these sides drawn by the prior of whole bodies, each as goes with its body."""
    prior = natural.whole
    turns = torch.from_numpy(axis_angles(stances.turns)).float()
    observed = turns.new_zeros(len(turns), prior.dims)
    columns = {"body": body_joints, "left_hand": hand_joints["left"], "right_hand": hand_joints["right"]}
    for part, names in columns.items():
        observed[:, parts[part]] = turns[:, [joints.index(name) for name in names]].flatten(1)
    hidden = torch.zeros(prior.dims, dtype=torch.bool)
    for side in sides:
        hidden[parts[f"{side}_hand"]] = True
    found = complete(prior, observed, hidden, _quick, 1, seed, progress, _without_face(len(turns)))[:, 0]
    after = stances.turns.copy()
    for side in sides:
        hands = found[:, parts[f"{side}_hand"]].unflatten(1, (-1, 3))
        after[:, [joints.index(name) for name in hand_joints[side]]] = matrices(hands.double().numpy())
    return stances._replace(turns=after)


def _without_face(count: int) -> torch.Tensor:
    """Which parts of whole bodies there are: body and both hands."""
    return torch.tensor([1.0, 1.0, 1.0, 0.0]).expand(count, -1)
