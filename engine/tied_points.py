"""Chosen points of a body for long searches: only the joints that turn are computed, and slopes are written by hand.

The same points as `Body.points`, corrective shapes included; several times as fast where few bodies are searched for at
once, for there it is the number of operations that counts. Metres; shapes begin with the batch B, K joints turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine import rotation
from engine.body import Body
from engine.body_selection import Selection
from engine.body_shapes import Shapes
from engine.rig import carriers as lines
from engine.rig import joint_number, parents
from engine.skeleton import smplx55


class TiedPoints:
    """Points of a selection while only the `moving` joints turn: all others are straight, one with what carries them.

    `betas` and `expressions` say how many numbers of shape come with the turns. The face's contour stays where it is
    seen from the front. It belongs to the body that it was made of, and to its device.
    """

    def __init__(
        self, body: Body, selection: Selection, moving: Sequence[str], betas: int = 0, expressions: int = 0
    ) -> None:
        if betas > body.betas or expressions > body.expressions:
            most = f"{body.betas} betas and {body.expressions} expressions"
            raise ValueError(f"expected at most {most} of {body.file.path.name}, got {betas} and {expressions}")
        if selection.contour != "front":
            raise ValueError('expected a selection whose contour stays "front", got one that turns')
        self.names, self.moving, self.numbers = selection.names, tuple(moving), betas + expressions
        self.tree = _Tree.of([joint_number(name) for name in moving], body.weights)
        # Joints among the points ride on their own carrier, as vertices of weight 1 do.
        used = selection.joint_mix.any(0).nonzero().flatten()
        weights = torch.cat([selection.weights, torch.eye(len(smplx55)).to(body.weights)[used]])
        held = weights.new_zeros(len(weights), len(moving) + 1).index_add(1, self.tree.carrier + 1, weights)
        self.weights, self.still = held[:, 1:].contiguous(), held[:, :1] * torch.eye(3, 4).flatten().to(held)
        self.mix = torch.cat([selection.vertex_mix, selection.joint_mix[:, used]], 1)
        rest = _linear(selection.shapes, betas, expressions)
        joints = _linear(body.joint_shapes, betas, expressions)
        self.rest = _Linear(
            *(torch.cat([skin, joint[..., used, :]], -2) for skin, joint in zip(rest, joints, strict=True))
        )
        self.joints = _Linear(*(part[..., self.tree.numbers, :].contiguous() for part in joints))
        self.rows = _corrections(selection, self.tree.numbers, len(weights))
        # A joint does not move its own place. What moves nothing gets no slope at all: Adam would follow rounding.
        moved = (self.weights @ self.tree.below) > 0
        own = used[:, None] == torch.tensor(self.tree.numbers, device=used.device)
        moved[len(selection.weights) :] &= ~own
        self.reaching = (moved.any(0) | self.rows.unflatten(0, (-1, 9)).any(2).any(1)).to(body.weights)[:, None]

    def __call__(self, turns: Tensor, shape: Tensor) -> Tensor:
        """The points (B, P, 3), untranslated, for turns (B, K, 3), axis-angle rad, and betas ++ expression (B, S).

        Differentiable once, by both.
        """
        if turns.ndim != 3 or turns.shape[1:] != (len(self.moving), 3):
            raise ValueError(f"expected turns of shape (B, {len(self.moving)}, 3), got {tuple(turns.shape)}")
        if shape.shape != (len(turns), self.numbers):
            raise ValueError(f"expected shapes of ({len(turns)}, {self.numbers}), got {tuple(shape.shape)}")
        return _Carried.apply(turns, shape, self)  # pyright: ignore[reportReturnType]


class _Linear(NamedTuple):
    """Places (N, 3) at rest, and how they answer to S numbers of shape, (S, N, 3)."""

    base: Tensor
    directions: Tensor

    def __call__(self, shape: Tensor) -> Tensor:
        """The places (B, N, 3)."""
        if not shape.shape[1]:
            return self.base.expand(len(shape), -1, -1)
        return self.base + (shape @ self.directions.flatten(1)).unflatten(1, self.base.shape)

    def slope(self, of_places: Tensor) -> Tensor:
        """What a slope by the places (B, N, 3) is by the numbers (B, S)."""
        return of_places.flatten(1) @ self.directions.flatten(1).T


class _Tree(NamedTuple):
    """The moving joints by generations: `numbers` in smplx55, `order` from the caller's order and `back` to it.

    Of each generation after the first, `within` has the places of its carriers in the generation before. `above` is 0
    for a joint that nothing moving carries, else 1 + the place of its carrier; `below[k]` marks joint k and all that
    carry it; `carrier` (55,) is the place of what each joint of the body rides on, -1 for nothing.
    """

    numbers: list[int]
    order: Tensor
    back: Tensor
    sizes: list[int]
    within: list[Tensor]
    above: Tensor
    below: Tensor
    carrier: Tensor

    @classmethod
    def of(cls, moving: list[int], like: Tensor) -> _Tree:
        if not moving or len(set(moving)) < len(moving):
            raise ValueError("expected at least one moving joint and none twice, got none or one twice")
        depth = {joint: sum(above in moving for above in lines[joint]) for joint in moving}
        numbers = sorted(moving, key=lambda joint: (depth[joint], joint))
        levels = [[joint for joint in numbers if depth[joint] == level] for level in range(1, max(depth.values()) + 1)]
        place = {joint: k for k, joint in enumerate(numbers)}
        carrier = [next((place[other] for other in line if other in place), -1) for line in lines]
        above = [carrier[parents[joint]] if joint else -1 for joint in numbers]
        starts = [place[level[0]] for level in levels]
        within = [
            torch.tensor([above[place[joint]] - start for joint in level], device=like.device)
            for start, level in zip(starts, levels[1:], strict=False)
        ]
        below = [[float(other in lines[joint]) for other in numbers] for joint in numbers]
        return cls(
            numbers,
            torch.tensor([moving.index(joint) for joint in numbers], device=like.device),
            torch.tensor([place[joint] for joint in moving], device=like.device),
            [len(level) for level in levels],
            within,
            torch.tensor(above, device=like.device) + 1,
            torch.tensor(below).to(like),
            torch.tensor(carrier, device=like.device),
        )

    def world(self, turns: Tensor) -> Tensor:
        """The joints' turns in the world (B, K, 3, 3), of those in their parents' frames."""
        first, *rest = turns.split(self.sizes, 1)
        found = [first]
        for own, within in zip(rest, self.within, strict=True):
            found.append(found[-1][:, within] @ own)
        return torch.cat(found, 1)


def _linear(shapes: Shapes, betas: int, expressions: int) -> _Linear:
    """Shapes as one linear map of the first betas and expressions, which may lie on columns without effect."""
    count = betas + expressions
    numbers = torch.cat([shapes.base.new_zeros(1, count), torch.eye(count).to(shapes.base)])
    places = shapes(numbers[:, :betas], numbers[:, betas:], numbers[:, :0])
    return _Linear(places[0], places[1:] - places[:1])


def _corrections(selection: Selection, numbers: list[int], points: int) -> Tensor:
    """The corrective shapes (9 K, 3 N) of the moving joints at N places, the selection's vertices first."""
    found = selection.weights.new_zeros(len(numbers), 9, 3 * points)
    if len(selection.pose_rows):
        rows = selection.pose_rows.unflatten(0, (-1, 9))
        for k, number in enumerate(numbers):
            if number:  # the root bends nothing
                found[k, :, : rows.shape[-1]] = rows[number - 1]
    return found.flatten(0, 1)


# ── there and back ──


class _Placed(NamedTuple):
    """What the way back needs of the way there: turns in the parents' frames and in the world (B, K, 3, 3), the world's
    of what carries each joint, the joints' places at rest and posed (B, K, 3), points at rest (B, N, 3), carriers of
    those (B, N, 3, 4)."""

    local: Tensor
    world: Tensor
    above: Tensor
    joints: Tensor
    places: Tensor
    rest: Tensor
    carriers: Tensor


def _placed(tied: TiedPoints, turns: Tensor, shape: Tensor) -> _Placed:
    tree = tied.tree
    local = rotation.matrix(turns[:, tree.order])
    eye = torch.eye(3, dtype=turns.dtype, device=turns.device)
    joints, rest = tied.joints(shape), tied.rest(shape)
    rest = rest + ((local - eye).flatten(1) @ tied.rows).unflatten(1, (-1, 3))
    world = tree.world(local)
    above = torch.cat([eye.expand(len(turns), 1, 3, 3), world], 1)[:, tree.above]
    bones = joints - torch.cat([torch.zeros_like(joints[:, :1]), joints], 1)[:, tree.above]
    places = tree.below @ (above @ bones[..., None]).squeeze(-1)
    offsets = places - (world @ joints[..., None]).squeeze(-1)
    each = torch.cat([world, offsets[..., None]], -1)
    carriers = (tied.weights @ each.flatten(2) + tied.still).unflatten(-1, (3, 4))
    return _Placed(local, world, above, joints, places, rest, carriers)


class _Carried(torch.autograd.Function):
    """The points, and their slopes by turns and shape.

    A small turn w of joint k in the world moves all below it by w × (place − place of k): the slopes by turns are sums
    of torques over what is below, so that no generation waits for the next on the way back.
    """

    @staticmethod
    def forward(ctx: Any, turns: Tensor, shape: Tensor, tied: TiedPoints) -> Tensor:
        placed = _placed(tied, turns, shape)
        ctx.tied = tied
        ctx.save_for_backward(turns, *placed)
        skin = (placed.carriers[..., :3] @ placed.rest[..., None]).squeeze(-1) + placed.carriers[..., 3]
        return tied.mix @ skin

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor | None, None]:  # pyright: ignore
        turns, *saved = ctx.saved_tensors
        tied, now = ctx.tied, _Placed(*saved)
        tree = tied.tree
        by_skin = tied.mix.T @ slope
        by_rest = (now.carriers[..., :3].mT @ by_skin[..., None]).squeeze(-1)
        beside = torch.cat([now.rest, torch.ones_like(now.rest[..., :1])], -1)
        by_each = (tied.weights.T @ (by_skin[..., None] * beside[..., None, :]).flatten(2)).unflatten(-1, (3, 4))
        force = by_each[..., 3]
        # What is carried is world (p − joint) + place: the joint's own share of the slope by its turn.
        by_world = by_each[..., :3] - force[..., None] * now.joints[..., None, :]
        torque = _axial(now.world @ by_world.mT) + torch.linalg.cross(now.places, force)
        pull = tree.below.T @ torch.cat([torque, force], -1)
        torque = pull[..., :3] - torch.linalg.cross(now.places, pull[..., 3:])
        by_local = (by_rest.flatten(1) @ tied.rows.T).unflatten(1, now.local.shape[1:])
        by_turn = (now.world.mT @ torque[..., None]).squeeze(-1) + _axial(by_local.mT @ now.local)
        by_turns = _by_axis_angle(turns, (by_turn * tied.reaching)[:, tree.back])
        if not ctx.needs_input_grad[1]:
            return by_turns, None, None
        bones = (now.above.mT @ pull[..., 3:, None]).squeeze(-1)
        by_joints = bones - (now.world.mT @ force[..., None]).squeeze(-1)
        by_joints = torch.cat([torch.zeros_like(bones[:, :1]), by_joints], 1).index_add(1, tree.above, -bones)[:, 1:]
        return by_turns, tied.rest.slope(by_rest) + tied.joints.slope(by_joints), None


def _axial(matrix: Tensor) -> Tensor:
    """The vectors (..., 3) v with tr([w]× M) = w · v for every w."""
    return torch.stack(
        [
            matrix[..., 1, 2] - matrix[..., 2, 1],
            matrix[..., 2, 0] - matrix[..., 0, 2],
            matrix[..., 0, 1] - matrix[..., 1, 0],
        ],
        dim=-1,
    )


def _by_axis_angle(turns: Tensor, slopes: Tensor) -> Tensor:
    """Slopes by axis-angles (..., 3) of those by small turns after them: the right Jacobian of SO(3), transposed."""
    squared = (turns * turns).sum(-1, keepdim=True)
    small = squared < 1e-4
    safe = torch.where(small, torch.ones_like(squared), squared)
    theta = safe.sqrt()
    first = torch.where(small, 0.5 - squared / 24, 2 * (theta / 2).sin().square() / safe)
    second = torch.where(small, 1 / 6 - squared / 120, (theta - theta.sin()) / (safe * theta))
    across = torch.linalg.cross(turns, slopes)
    return slopes + first * across + second * torch.linalg.cross(turns, across)
