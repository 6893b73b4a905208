"""Where a body's joints are, with the gradient written down: for tasks that ask for joints at every step.

A joint that turns by a small turn w in the world carries those below it by w × (their place - its own); so its gradient
is the torque of the forces on them, brought into its axis-angle by the left Jacobian of the rotation group (Solà,
Deray, Atchuthan, arXiv 1812.01537, eq. 145). That is a quarter of what automatic differentiation takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine import rotation
from engine.body import Body
from engine.skeleton import smplx55
from engine.skinning import Tree


class Joints(nn.Module):
    """The joints `names` (J,) of smplx55, of one body at rest shape or of given betas (n,), and all that carry them.

    `carrying` (K,) names the latter, the named ones among them, in smplx55's order.
    """

    rest: Tensor
    wanted: Tensor
    below: Tensor
    above: Tensor

    def __init__(self, body: Body, names: Sequence[str] = smplx55.joints[:22], betas: Tensor | None = None) -> None:
        super().__init__()
        if not names or len(set(names)) < len(names):
            raise ValueError(f"expected joints of smplx55, each once, got {', '.join(names) or 'none'}")
        lines = [_line(body.parents, smplx55.index(name)) for name in names]
        carrying = sorted({joint for line in lines for joint in line})
        place = {joint: k for k, joint in enumerate(carrying)}
        self.names, self.carrying = tuple(names), tuple(smplx55.joints[joint] for joint in carrying)
        self.tree = Tree([place.get(body.parents[joint], -1) for joint in carrying])
        below = torch.zeros(len(carrying), len(names))
        for n, line in enumerate(lines):
            below[[place[joint] for joint in line[1:]], n] = 1
        self.register_buffer("rest", _rest(body, betas)[carrying], persistent=False)
        self.register_buffer("wanted", torch.tensor([place[line[0]] for line in lines]), persistent=False)
        self.register_buffer("below", below, persistent=False)
        self.register_buffer("above", torch.tensor([place.get(body.parents[j], 0) for j in carrying]), persistent=False)

    def forward(self, turns: Tensor) -> Tensor:
        """Places (B, J, 3), metres, for turns (B, K, 3), axis-angles in rad of the carrying joints; differentiable."""
        return _Placed.apply(turns, self)


class _Placed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, turns: Tensor, joints: Joints) -> Tensor:
        rest = joints.rest.expand(len(turns), -1, -1)
        transforms = joints.tree(rotation.matrix(turns), rest)
        ctx.joints = joints
        ctx.save_for_backward(turns, transforms)
        return transforms[:, joints.wanted, :, 3]

    @staticmethod
    def backward(ctx: Any, *forces: Tensor) -> tuple[Tensor, None]:
        (force,) = forces
        turns, transforms = ctx.saved_tensors
        joints: Joints = ctx.joints
        places = transforms[..., 3]
        whole = torch.cat([force, torch.linalg.cross(places[:, joints.wanted], force)], dim=-1)  # (B, J, 6)
        pull, moment = (joints.below @ whole).split(3, dim=-1)
        torque = moment - torch.linalg.cross(places, pull)
        # In the frame that a joint's axis-angle is told in: its parent's; the first joint's is the world's.
        inside = (torque[:, 1:, None] @ transforms[:, joints.above[1:], :, :3])[:, :, 0]
        return _to_axis_angle(turns, torch.cat([torque[:, :1], inside], dim=1)), None


def _to_axis_angle(turns: Tensor, torque: Tensor) -> Tensor:
    """The gradient by axis-angles (..., 3) of torques (..., 3) in their frame: the left Jacobian transposed."""
    squared = turns.square().sum(-1, keepdim=True)
    small = squared < 1e-4
    safe = torch.where(small, 1.0, squared)
    theta = safe.sqrt()
    first = torch.where(small, 0.5 - squared / 24, 2 * ((theta / 2).sin() / theta) ** 2)
    second = torch.where(small, 1 / 6 - squared / 120, (theta - theta.sin()) / (safe * theta))
    once = torch.linalg.cross(turns, torque)
    return torque - first * once + second * torch.linalg.cross(turns, once)


def _line(parents: Sequence[int], joint: int) -> list[int]:
    """A joint and all that carry it."""
    line = [joint]
    while parents[line[-1]] >= 0:
        line.append(parents[line[-1]])
    return line


def _rest(body: Body, betas: Tensor | None) -> Tensor:
    """The joints (55, 3) at rest, metres."""
    betas = body.weights.new_zeros(0) if betas is None else betas.to(body.weights)
    nothing = betas.new_zeros(1, 0)
    return body.joint_shapes(betas[None], nothing, nothing)[0].detach()
