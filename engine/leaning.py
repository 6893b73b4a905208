"""How a pose that nobody has stood up leans: as people do who pose so, and so that its weight is over what carries it.

The prior knows of no up and down; examples do.
"""

from __future__ import annotations

import numpy as np

from engine.examples import Examples, together
from engine.point_rig import PointRig
from engine.rig import about, joints, matrices

_nearest = 10  # examples whose lean is tried
_tilts = np.radians((-24, -12, 0, 12, 24))  # and how far beyond, forwards and aside
_tilt_cost = 5.0  # of a radian squared, in units of a figure whose weight is beside what carries it
_unlike_cost = 16.0  # of a metre by which an example's joints are further off, on the mean, than the nearest's
_carries = 0.03  # metres above the lowest point over which less and less is carried
_aside = 0.07  # metres that the weight may be beside a single point that carries it
_lone_cost = 0.25  # of each point of support that is wanting
_lying_cost = 1.6  # of a back that lies level: people are drawn upright more often
_up = np.array((0.0, 1.0, 0.0))
_body = slice(0, 22)
# How thick a body is about its joints, metres, where they may touch the ground.
_thick = (("spine", 0.11), ("pelvis", 0.11), ("hip", 0.1), ("head", 0.1), ("shoulder", 0.07), ("collar", 0.07),
          ("ankle", 0.07), ("knee", 0.06), ("elbow", 0.04), ("wrist", 0.03), ("foot", 0.025))  # fmt: skip
flesh = np.array([next((thick for part, thick in _thick if part in name), 0.015) for name in joints])
# What parts of a body weigh, about their joints: trunk and thighs most.
_heavy = (("pelvis", 4), ("spine", 4), ("hip", 3), ("shoulder", 1.5), ("head", 3), ("knee", 2))
_weights = np.array([next((weight for part, weight in _heavy if part in name), 0.7) for name in joints[_body]])


class Leaning:
    """The leans of examples, for poses to be stood up by; `rig` is a body's joints at rest."""

    def __init__(self, rig: PointRig, examples: Examples) -> None:
        self.rig = rig
        turns = together(examples, examples.mirrored()).turns()
        self.roots = np.stack([about(_up, -heading(root)) @ root for root in turns[:, 0]])
        self.shapes = self._shapes(turns)

    def roots_of(self, turns: np.ndarray) -> np.ndarray:
        """The root's turns (B, 3, 3) that stand poses (B, 55, 3, 3) up, facing the world's z."""
        shapes = self._shapes(turns)
        off = np.sqrt(((shapes[:, None] - self.shapes[None]) ** 2).sum(-1)).mean(-1)
        nearest = np.argsort(off, axis=1)[:, :_nearest]
        unlike = np.take_along_axis(off, nearest, 1) - off.min(1, keepdims=True)
        tilts = np.array([(x, 0.0, z) for x in _tilts for z in _tilts])
        tried = matrices(tilts)[None, None] @ self.roots[nearest][:, :, None]
        cost = self._falling(np.einsum("bntxy,bjy->bntjx", tried, shapes))
        cost = cost + _tilt_cost * (tilts**2).sum(-1) + _unlike_cost * unlike[..., None]
        cost = cost + _lying_cost * (1 - tried[..., 1, 1])
        best = cost.reshape(len(turns), -1).argmin(1)
        return tried.reshape(len(turns), -1, 3, 3)[np.arange(len(turns)), best]

    def _shapes(self, turns: np.ndarray) -> np.ndarray:
        """Where the joints (B, 22, 3) of poses are in the pelvis's own axes, metres."""
        level, count = turns.copy(), len(turns)
        level[:, 0] = np.eye(3)
        places = self.rig.placed(level, np.zeros((count, 0)), np.zeros((count, 3))).joints[:, _body]
        return places - places[:, :1]

    def _falling(self, places: np.ndarray) -> np.ndarray:
        """How far off what carries them figures (..., 22, 3) are: 0 for those that stand surely."""
        height = places[..., 1] - flesh[_body]
        carried = np.exp(-(height - height.min(-1, keepdims=True)) / _carries)
        share = carried / carried.sum(-1, keepdims=True)
        level = places[..., (0, 2)]
        middle = (share[..., None] * level).sum(-2)
        way = (level * (_weights / _weights.sum())[:, None]).sum(-2) - middle
        far = np.linalg.norm(way, axis=-1)
        along = ((level - middle[..., None, :]) * way[..., None, :]).sum(-1) / np.maximum(far, 1e-6)[..., None]
        room = np.sqrt((share * along**2).sum(-1))
        # Who sits on a chair that is not there is no further off than who falls.
        return np.minimum(far / (_aside + room), 1) + _lone_cost * np.clip(3 - carried.sum(-1), 0, None)


def heading(root: np.ndarray) -> float:
    """Which way a body with its root turned so (3, 3) faces, rad about the world's y from its z."""
    # Who lies on the back or the face is turned to where the feet point.
    way = root[:, 2] if abs(root[1, 2]) < 0.8 else -root[:, 1] * np.sign(root[1, 2])
    return float(np.arctan2(way[0], way[2]))
