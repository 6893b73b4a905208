"""Bodies and hands as the numbers that searches move, and where their points are for those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from engine import rotation
from engine.body import Body
from engine.body_points import Point, parts_of, points_of
from engine.body_pose import BodyPose
from engine.networks.dposer import dims
from engine.rig import Rig, matrices, place_of
from engine.skeleton import hand21, smplx55
from engine.tasks.vectors import body_joints, hand_joints
from engine.tied_points import TiedPoints


class Figure(NamedTuple):
    """B bodies or hands: `root` (B, 3) and the `turns` (B, 3 K) of what follows it, axis-angle rad, in the order of a
    prior's vector; `betas` (B, n), `expression` (B, m), and the way `translation` (B, 3), metres."""

    root: Tensor
    turns: Tensor
    betas: Tensor
    expression: Tensor
    translation: Tensor

    @property
    def vector(self) -> Tensor:
        """What a prior sees: the turns, and for a whole body its expression, filled up with zeros."""
        if not self.expression.shape[1]:
            return self.turns
        missing = dims["wholebody"] - self.turns.shape[1] - self.expression.shape[1]
        return torch.cat([self.turns, pad(self.expression, (0, missing))], 1)

    def chosen(self, rows: Tensor | Sequence[int]) -> Figure:
        """Some of them, also more than once."""
        return Figure(*(part[rows].clone() for part in self))


def effective(columns: Tensor, most: int = 100) -> int:
    """How many shape numbers have to be searched for: up to the last of a prior's 100 that moves anything on a body."""
    return int(columns[columns < most].max()) + 1 if (columns < most).any() else 0


class PosedPoints(Protocol):
    """Points of figures: by `names`, metres."""

    names: tuple[str, ...]

    def __call__(self, figure: Figure) -> Tensor:
        """The points (B, P, 3), metres."""
        ...

    def pivot(self, figure: Figure) -> Tensor:
        """What the root turns about (B, 3), before translation, metres."""
        ...


def named_joints(names: Sequence[str]) -> list[Point]:
    """Points by name: the joints of smplx55, then those of people's skeletons; ValueError for other names."""
    if not names:
        raise ValueError("expected the name of at least one point, got none")
    joints = {point.name: point for point in points_of(smplx55)}
    return [joints[name] if name in joints else Point(name, parts_of(name)) for name in names]


def seen_points(names: Sequence[str]) -> list[Point]:
    """Points by the names of people's skeletons, where a neck and eyes lie on the skin; ValueError for others."""
    return [Point(name, parts_of(name)) for name in names]


class BodyPoints:
    """Chosen points of a body whose root and other joints turn: the 21 of the body, or a whole body's, with hands,
    jaw and expression. Made once for many searches."""

    def __init__(self, body: Body, points: Sequence[Point], whole: bool = False, betas: int = 10) -> None:
        self.body, self.betas = body, min(betas, body.betas)
        self.expressions = effective(body.shapes.expression_columns) if whole else 0
        fingers = (*hand_joints["left"], *hand_joints["right"], "jaw") if whole else ()
        self.joints = ("pelvis", *body_joints, *fingers)
        self.tied = TiedPoints(body, body.chosen(points), self.joints, self.betas, self.expressions)
        self.names = self.tied.names
        self.pelvis = TiedPoints(body, body.chosen(points_of(smplx55)[:1]), ("pelvis",), self.betas, self.expressions)

    def __call__(self, figure: Figure) -> Tensor:
        turns = torch.cat([figure.root, figure.turns], 1).unflatten(1, (-1, 3))
        return self.tied(turns, self._shape(figure)) + figure.translation[:, None]

    def pivot(self, figure: Figure) -> Tensor:
        return self.pelvis(torch.zeros_like(figure.root)[:, None], self._shape(figure))[:, 0]

    def _shape(self, figure: Figure) -> Tensor:
        return torch.cat([figure.betas, figure.expression], 1) if self.expressions else figure.betas

    def figure(self, poses: Sequence[BodyPose]) -> Figure:
        """Body poses as numbers; ValueError for a shape of more betas than are searched for."""
        turns = np.stack([pose.axis_angles for pose in poses])
        betas = np.zeros((len(poses), self.betas))
        expression = np.zeros((len(poses), self.expressions))
        for row, face, pose in zip(betas, expression, poses, strict=True):
            if np.any(pose.betas[self.betas :]):
                raise ValueError(f"expected at most {self.betas} betas to start from, got {len(pose.betas)}")
            row[: len(pose.betas)] = pose.betas[: self.betas]
            face[: len(pose.expression)] = pose.expression[: self.expressions]
        order = smplx55.indices(self.joints[1:])
        moves = np.stack([pose.translation for pose in poses])
        columns = turns[:, 0], turns[:, order].reshape(len(poses), -1), betas, expression, moves
        return Figure._make(torch.from_numpy(array).float() for array in columns)

    def poses(self, figure: Figure, start: Sequence[BodyPose]) -> list[BodyPose]:
        """Figures as body poses; what is not searched for, such as the eyes, is as at the start, one for each."""
        order = smplx55.indices(self.joints)
        turns = torch.cat([figure.root, figure.turns], 1).unflatten(1, (-1, 3)).double().numpy()
        found = []
        for row, pose in enumerate(start):
            every = pose.axis_angles
            every[order] = turns[row]
            values = {"betas": figure.betas, "translation": figure.translation}
            if self.expressions:
                values["expression"] = figure.expression
            found.append(
                replace(
                    pose.with_axis_angles(every),
                    **{name: value[row].double().numpy() for name, value in values.items()},
                )
            )
        return found


class HandPoints:
    """hand21's points of a body's right hand by itself, the wrist in the origin. Made once for many searches."""

    names = hand21.joints

    def __init__(self, body: Body, betas: int = 10) -> None:
        self.body, self.betas = body, min(betas, body.betas)
        self.tied = TiedPoints(body, body.selection(hand21, side="right"), hand_joints["right"], self.betas)

    def __call__(self, figure: Figure) -> Tensor:
        turned = self.alone(figure.turns, figure.betas) @ rotation.matrix(figure.root).mT
        return turned + figure.translation[:, None]

    def pivot(self, figure: Figure) -> Tensor:
        return torch.zeros_like(figure.root)

    def alone(self, hands: Tensor, betas: Tensor) -> Tensor:
        """The points (B, 21, 3) from the wrist in its own axes; hands (B, 45) in the right hand's form."""
        found = self.tied(hands.unflatten(1, (15, 3)), betas)
        return found - found[:, :1]  # the root comes first


# ── as a whole ──


def middle(points: Tensor, weights: Tensor) -> Tensor:
    """The mean (B, 3) of points (B, P, 3) that count as much as weights (B, P, 1) say."""
    return (points * weights).sum(1) / weights.sum(1)


def rigid(points: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """The turns (B, 3, 3) that lay points (B, P, 3) on places best, once both are about their middles (Kabsch 1976)."""
    from_here, to_there = (x - middle(x, weights)[:, None] for x in (points, places))
    u, _, v = torch.linalg.svd((from_here * weights).mT @ to_there)
    flip = torch.ones_like(points[:, :1])
    flip[..., 2] = torch.linalg.det(u @ v)[:, None]
    return (u * flip @ v).mT


def held_at(body: Body, pose: BodyPose, joint: str, place: np.ndarray) -> BodyPose:
    """A body straight from its root to a joint, carried so that the joint is at a place (3,), metres."""
    rest = Rig.of(body, pose).rest
    there = matrices(pose.root) @ (rest[place_of[joint]] - rest[0]) + rest[0]
    return replace(pose, translation=place - there)
