"""A body reduced to what a fit needs: chosen points on it, where they fall, and how every joint moves them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch

from engine.body import Body
from engine.body_points import Point, parts_of
from engine.rig import crossing
from engine.skeleton import smplx55

_parents = np.array([-1, *(smplx55.index(dict(smplx55.parents)[name]) for name in smplx55.joints[1:])])


def _descent() -> np.ndarray:
    table = np.eye(len(_parents))
    for j, parent in enumerate(_parents[1:], start=1):
        table[j] += table[parent]
    return table


# (J, J): row j, column k is 1 where joint j moves with joint k.
below = _descent()
# Joints below the root and their parents, by depth, so that whole levels are placed at once.
_depths = below.sum(1)
_levels = [(np.flatnonzero(_depths == d), _parents[_depths == d]) for d in range(2, int(_depths.max()) + 1)]


class Placed(NamedTuple):
    """Bodies in space, B at once, metres: joints' `world` turns (B, J, 3, 3), places (B, J, 3), `points` (B, N, 3)."""

    world: np.ndarray
    joints: np.ndarray
    points: np.ndarray


class Moves(NamedTuple):
    """How placed points give way: `turns` (B, N, K, 3, 3) metres a radian of each of K joints about its own axes,
    `shapes` (B, N, 3, S) metres a unit of each beta."""

    turns: np.ndarray
    shapes: np.ndarray


@dataclass(frozen=True, eq=False)
class PointRig:
    """Points by `names`, tied to the joints (J, 3) of a body at rest; their parts that the betas move come after.

    Tie m holds point `point[m]` to joint `joint[m]` with `weight[m]` (linear blend skinning); `place` (M, 3) is where
    at rest, times that weight. `joint_shape` (J, 3, S) and `place_shape` (M, 3, S) are metres a unit of beta.
    Corrective shapes are left out: they move such points by millimetres.
    """

    names: tuple[str, ...]
    joints: np.ndarray
    joint_shape: np.ndarray
    point: np.ndarray
    joint: np.ndarray
    weight: np.ndarray
    place: np.ndarray
    place_shape: np.ndarray

    @classmethod
    @torch.no_grad()
    def of(cls, body: Body, names: Iterable[str], betas: int = 0) -> PointRig:
        """The rig of a body's points, named as the joints of people's skeletons are, with its first betas."""
        names = tuple(names)
        selection = body.chosen([Point(name, parts_of(name)) for name in names])
        betas = min(betas, body.betas)
        shapes = torch.cat([torch.zeros(1, betas), torch.eye(betas)]).to(body.weights)
        face = shapes.new_zeros(len(shapes), 0)

        def split(places: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
            rest = places.double().cpu().numpy()
            return rest[0], np.moveaxis(rest[1:] - rest[:1], 0, -1)

        joints, joint_shape = split(body.joint_shapes(shapes, face, face))
        skin, skin_shape = split(selection.shapes(shapes, face, face))
        mix, skinned, weights = (
            array.double().cpu().numpy() for array in (selection.joint_mix, selection.vertex_mix, selection.weights)
        )
        # How much of each point hangs on each joint: through vertices of the skin, or as that joint itself.
        hold = mix + skinned @ weights
        point, joint = np.nonzero(hold > 1e-6)

        def held(of_joints: np.ndarray, of_skin: np.ndarray) -> np.ndarray:
            through = skinned[point] * weights[:, joint].T
            return (
                np.tensordot(through, of_skin, 1)
                + mix[point, joint].reshape(-1, *[1] * (of_joints.ndim - 1)) * of_joints[joint]
            )

        return cls(
            names,
            joints,
            joint_shape,
            point,
            joint,
            hold[point, joint],
            held(joints, skin),
            held(joint_shape, skin_shape),
        )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def betas(self) -> int:
        """How many betas it knows."""
        return self.joint_shape.shape[2]

    def chosen(self, names: Iterable[str]) -> PointRig:
        """The rig of some of its points, in the order of the names."""
        names = tuple(names)
        rows = np.array([self.names.index(name) for name in names])
        ties = [np.flatnonzero(self.point == row) for row in rows]
        kept = np.concatenate(ties)
        point = np.repeat(np.arange(len(rows)), [len(tie) for tie in ties])
        return PointRig(
            names, self.joints, self.joint_shape,
            point, self.joint[kept], self.weight[kept], self.place[kept], self.place_shape[kept],
        )  # fmt: skip

    def stretched(self, parts: Sequence[Sequence[str]]) -> PointRig:
        """The rig with a further beta for each part: 1 makes the bones to its joints twice as long.

        With a joint that has no bone of its own to stretch, `head`, all that it carries grows about it.
        """
        joints, places = [], []
        for part in parts:
            by = np.zeros_like(self.joints)
            for name in part:
                child = smplx55.index(name)
                if name != "head":
                    by[below[:, child] > 0] += self.joints[child] - self.joints[_parents[child]]
            grown = below[:, smplx55.index("head")] * ("head" in part)
            about = self.joints[smplx55.index("head")]
            joints.append(by + grown[:, None] * (self.joints - about))
            weight = self.weight[:, None]
            places.append(weight * by[self.joint] + grown[self.joint][:, None] * (self.place - weight * about))
        return replace(
            self,
            joint_shape=np.concatenate([self.joint_shape, np.stack(joints, -1)], -1),
            place_shape=np.concatenate([self.place_shape, np.stack(places, -1)], -1),
        )

    def at_rest(self, name: str) -> np.ndarray:
        """Place (3,) of a point at rest, metres."""
        return self.place[self.point == self.names.index(name)].sum(0)

    def placed(self, turns: np.ndarray, betas: np.ndarray, translation: np.ndarray) -> Placed:
        """Bodies with joints turned by matrices `turns` (B, J, 3, 3), of `betas` (B, S), moved by (B, 3) metres."""
        joints = self.joints + np.einsum("jxs,bs->bjx", self.joint_shape, betas)
        world, places = turns.copy(), joints.copy()
        for level, parents in _levels:
            world[:, level] = world[:, parents] @ turns[:, level]
            bone = (joints[:, level] - joints[:, parents])[..., None]
            places[:, level] = places[:, parents] + (world[:, parents] @ bone)[..., 0]
        placed = Placed(world, places + translation[:, None], np.empty(0))
        return placed._replace(points=self._summed(self._carried(placed, betas)))

    def _summed(self, ties: np.ndarray) -> np.ndarray:
        """Values at ties (B, M, …) summed by point (B, N, …); ties of a point follow each other."""
        return np.add.reduceat(ties, self._starts, axis=1)

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.searchsorted(self.point, np.arange(len(self.names)))

    def _carried(self, placed: Placed, betas: np.ndarray) -> np.ndarray:
        """At each tie (B, M, 3): where the point would be, hung on that joint alone, times its weight."""
        weight = self.weight[:, None]
        arm = self.place - self.joints[self.joint] * weight
        arm = arm + np.einsum("mxs,bs->bmx", self._arm_shape, betas)
        return (placed.world[:, self.joint] @ arm[..., None])[..., 0] + placed.joints[:, self.joint] * weight

    @cached_property
    def _arm_shape(self) -> np.ndarray:
        return self.place_shape - self.joint_shape[self.joint] * self.weight[:, None, None]

    def moves(self, placed: Placed, betas: np.ndarray, active: Sequence[int]) -> Moves:
        """How the placed points give way to the `active` joints and to the betas."""
        columns = np.asarray(active)
        carries = below[:, columns][self.joint]
        ties = self._carried(placed, betas)[:, :, None] * carries[..., None]
        weight = np.add.reduceat(carries * self.weight[:, None], self._starts, axis=0)
        levers = self._summed(ties) - weight[..., None] * placed.joints[:, None, columns]
        # A turn w about a joint moves a point by w × lever = −[lever]× w, with w = the joint's own axes @ its rad.
        return Moves(-crossing(levers) @ placed.world[:, None, columns], self._shape_moves(placed))

    def _shape_moves(self, placed: Placed) -> np.ndarray:
        places = np.broadcast_to(self.joint_shape, (len(placed.world), *self.joint_shape.shape)).copy()
        for level, parents in _levels:
            bone = self.joint_shape[level] - self.joint_shape[parents]
            places[:, level] = places[:, parents] + placed.world[:, parents] @ bone
        ties = placed.world[:, self.joint] @ self._arm_shape + places[:, self.joint] * self.weight[:, None, None]
        return self._summed(ties)
