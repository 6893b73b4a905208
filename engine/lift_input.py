"""What lifting networks see of a figure: its points as rays of the camera, laid into a box of their own.

A ray is (pixel - centre) / focal, x to the right and y down. A point that is not known is told as missing. A hand is
seen by itself, a left one in a mirror, with the direction that its forearm comes from.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from engine.skeleton import hand21, wholebody133

# What a body is told by, and a hand.
body_points = (*wholebody133.joints, "head")
hand_points = {side: tuple(f"{side}_hand_{joint}" for joint in hand21.joints) for side in ("left", "right")}
body_inputs = 3 * len(body_points) + 3
hand_inputs = 3 * len(hand21) + 5
_least = 1e-4  # rad: no figure is smaller


class Seen(NamedTuple):
    """Points (B, N, 2) as rays, and which are known, (B, N) bool."""

    rays: Tensor
    known: Tensor


def of_body(seen: Seen) -> Tensor:
    """A body network's input (B, body_inputs): the points in their box, which are known, the box's middle and size."""
    inside, middle, half = _boxed(seen)
    return torch.cat([inside.flatten(1), seen.known.to(inside), middle, half.log()], 1)


def of_hand(seen: Seen, forearm: Seen) -> Tensor:
    """A hand network's input (B, hand_inputs), of a right hand's 21 points and its elbow and wrist, in this order.

    The points in their box, which are known, the direction that the forearm comes from or zeros, whether that is known,
    and the box's middle.
    """
    inside, middle, _ = _boxed(seen)
    along = forearm.rays[:, 1] - forearm.rays[:, 0]
    known = forearm.known.all(1, keepdim=True).to(inside)
    along = along / along.norm(dim=1, keepdim=True).clamp(min=_least) * known
    return torch.cat([inside.flatten(1), seen.known.to(inside), along, known, middle], 1)


def mirrored(seen: Seen) -> Seen:
    """The points as a mirror shows them: a left hand's as a right one's."""
    return Seen(seen.rays * seen.rays.new_tensor([-1.0, 1.0]), seen.known)


def _boxed(seen: Seen) -> tuple[Tensor, Tensor, Tensor]:
    """Points (B, N, 2) within -1 … 1 of the box around those known, 0 where unknown; its middle and half its side."""
    known = seen.known[..., None]
    far = seen.rays.new_tensor(torch.inf)
    least = torch.where(known, seen.rays, far).amin(1)
    most = torch.where(known, seen.rays, -far).amax(1)
    middle, half = (least + most) / 2, ((most - least) / 2).amax(1, keepdim=True).clamp(min=_least)
    inside = torch.where(known, (seen.rays - middle[:, None]) / half[:, None], 0)
    return inside, middle, half
