"""A quick look at a drawn figure: how it would stand as it is drawn, and with left and right exchanged here or there.

The first guesses of a fit and a few steps of it, for all readings at once: tens of milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.camera import Camera
from engine.fit import Fitter, plain_height, shape_give, shape_most, turning
from engine.fit_points import Target
from engine.fit_steps import Near, Plain, Seen, Stance, refined
from engine.fit_views import Candidate, names
from engine.point_rig import PointRig
from engine.rig import joints

_arm, _leg = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle", "big_toe", "small_toe", "heel")
# What may have been taken for its other side, by what an artist would call it.
exchanges: dict[str, tuple[str, ...]] = {
    "body": (*_arm, *_leg), "arms": _arm, "legs": _leg, "forearms": _arm[1:], "shins": _leg[1:],
}  # fmt: skip
head_sides = ("eye", "ear")
_guesses, _steps, _every = 2, 6, 2
_promising = 0.75  # of its likeness to a ready pose: an exchange far less alike is not looked at
_gives = {"pelvis": 0.4, "spine": 0.15, "collar": 0.15, "wrist": 0.25, "ankle": 0.25, "neck": 0.25}
_give = np.array([[next((give for part, give in _gives.items() if part in name), 0.5)] * 3 for name in joints])


class Reading(NamedTuple):
    """How a figure stands if it is read so: `cost`, the less the likelier; metres and unit axes, by joint and point.

    `places` (55, 3) and `world` (55, 3, 3) of the joints in space, `seen` the points' places in the picture, px; the
    `stance` on the rig that can be stretched.
    """

    cost: float
    stance: Stance
    places: np.ndarray
    world: np.ndarray
    seen: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Glance:
    """What looks at figures so, with what a fit knows."""

    fitter: Fitter

    def readings(self, target: Target, camera: Camera, wanted: Iterable[str] = tuple(exchanges)) -> dict[str, Reading]:
        """The figure as "drawn", and by name those exchanges of left and right that could be likelier."""
        orders = {"drawn": np.arange(len(names))} | {name: _order(names, exchanges[name]) for name in wanted}
        places, weights = target.of(names)
        weights = np.minimum(weights, weights[_order(names, (*exchanges["body"], *head_sides))])  # the same either way
        drawings = np.stack([places[order] for order in orders.values()])
        guesses, unlike = self.fitter.views.alike(drawings, weights, _guesses, _every)
        likely = {
            name: found for name, found, by in zip(orders, guesses, unlike, strict=True) if by * _promising <= unlike[0]
        }
        return self._settled(target, camera, likely)

    def _settled(self, target: Target, camera: Camera, likely: dict[str, list[Candidate]]) -> dict[str, Reading]:
        points = target.body
        rig = self.fitter.free_rig.chosen(points)
        places, weights = target.of(points)
        starts, drawn, trust, readings = [], [], [], []
        for name, guesses in likely.items():
            order = _order(points, _with_hands(name)) if name != "drawn" else np.arange(len(points))
            for guess in guesses:
                starts.append(_placed(rig, guess, camera, places[order], weights[order]))
                drawn.append(places[order])
                trust.append(weights[order])
                readings.append(name)
        first = Stance(*(np.concatenate(parts) for parts in zip(*starts, strict=True)))
        height = plain_height * float(np.median([guess.scale for found in likely.values() for guess in found]))
        terms = [
            Seen(camera, np.stack(drawn), np.stack(trust), 0.02 * height, 0.15 * height),
            Near(first.turns, _give),
            Plain(first.betas, shape_give, shape_most),
        ]
        stances, cost = refined(rig, first, turning, terms, _steps)
        best = {name: min((cost[i], i) for i, read in enumerate(readings) if read == name)[1] for name in likely}
        placed = rig.placed(*stances)
        seen = camera.project(placed.points)
        return {
            name: Reading(
                float(cost[i]),
                stances.chosen([i]),
                placed.joints[i],
                placed.world[i],
                dict(zip(points, seen[i], strict=True)),
            )
            for name, i in best.items()
        }


def _placed(rig: PointRig, guess: Candidate, camera: Camera, places: np.ndarray, weights: np.ndarray) -> Stance:
    """A guess set down in the world where the figure is drawn."""
    to_world = camera.T_camera_world[:3, :3].T
    turns, betas = guess.turns[None].copy(), np.zeros((1, rig.betas))
    turns[0, 0] = to_world @ turns[0, 0]
    middle = (np.average(places, axis=0, weights=weights) - camera.center) / guess.scale
    there = np.append(middle, camera.focal / guess.scale) - camera.T_camera_world[:3, 3]
    own = np.average(rig.placed(turns, betas, np.zeros((1, 3))).points[0], axis=0, weights=weights)
    return Stance(turns, betas, (to_world @ there - own)[None])


def _with_hands(name: str) -> tuple[str, ...]:
    parts = exchanges[name]
    return (*parts, "hand") if "wrist" in parts else parts


def _order(points: tuple[str, ...], parts: Iterable[str]) -> np.ndarray:
    """The order of points in which left and right of the parts are exchanged, where both are there."""
    parts = tuple(parts)
    order = np.arange(len(points))
    for i, name in enumerate(points):
        side, _, rest = name.partition("_")
        if side == "left" and (rest in parts or (rest.startswith("hand_") and "hand" in parts)):
            twin = f"right_{rest}"
            if twin in points:
                k = points.index(twin)
                order[i], order[k] = k, i
    return order
