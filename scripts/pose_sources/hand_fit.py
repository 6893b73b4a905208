"""Hands measured as 21 points, refitted on a body's own hand: its bones, its hinges, its limits.

A source's hand has other proportions than ours, and points do not say how bones roll. So directions of bones are
fitted, not places; fingers bend about their own hinges as far as the points allow, and nothing turns farther than the
body's limits. All hands are right hands in the body's axes at rest (fingers along −x, palm down); a flat hand is zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine import rotation
from engine.body import Body
from engine.body_pose import BodyPose
from engine.hand_shape import finger_axes, mirror, order
from engine.limits import Limits
from engine.rig import joint_number, joints
from engine.skeleton import hand21

numbers = np.array([joint_number(f"right_hand_{finger}_{n}") for finger in order for n in (1, 2, 3)])
_tips = [hand21.index(f"{finger}_4") for finger in order]
_bones = [(hand21.index(f"{finger}_{n}"), hand21.index(f"{finger}_{n + 1}")) for finger in order for n in (1, 2, 3)]
_knuckles = [hand21.index(f"{finger}_1") for finger in ("index", "middle", "ring", "pinky")]
_steps, _rate = 150, 0.05
_rolling = 0.03  # what a radian squared across a hinge costs, where a bone a radian off costs about one
_beyond = 6.0  # what a radian squared beyond the limits costs
_touching, _near = 1.5, 0.2  # how much the thumb's way to a fingertip counts when it is that near, in hand lengths
_batch = 2048


@dataclass(frozen=True, eq=False)
class RightHand:
    """The right hand of a body at rest: its points (21, 3) in hand21's order, metres, and the limits of its joints."""

    points: np.ndarray
    limits: Limits

    @classmethod
    def of(cls, body: Body, limits: Limits) -> RightHand:
        """The hand of the body's own shape."""
        with torch.no_grad():
            points = body.points(body.poses(BodyPose()), body.selection(hand21, side="right"))
        return cls(points[0].double().numpy(), limits)

    def held(self, hands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The hands (N, 15, 3) within the limits, and how far (N,), rad, the farthest joint of each was beyond."""
        beyond = self.limits.excess(_all_joints(torch.from_numpy(hands)))[:, numbers].amax(dim=1).numpy()
        hands = hands.copy()
        for n in np.flatnonzero(beyond > 1e-6):
            both = BodyPose(hands=np.stack([np.zeros((15, 3)), hands[n]]))
            hands[n] = self.limits.clamped(both).hands[1]
        return hands, beyond

    def posed(self, hands: np.ndarray) -> np.ndarray:
        """The points (N, 21, 3) of hands (N, 15, 3), metres, the wrist unturned."""
        bones, rest = self._bones(torch.from_numpy(hands)), torch.from_numpy(self.points)
        at = rest.expand(len(hands), -1, -1).clone()
        for k, (a, b) in enumerate(_bones):
            at[:, b] = at[:, a] + bones[:, k] * (rest[b] - rest[a]).norm()
        return at.numpy()

    def _bones(self, hands: Tensor) -> Tensor:
        """Unit directions (N, 15, 3) of the fingers' bones, the wrist unturned."""
        rest = torch.from_numpy(np.stack([self.points[b] - self.points[a] for a, b in _bones])).to(hands)
        turned = _carried(rotation.matrix(hands))
        return (turned @ F.normalize(rest, dim=-1)[..., None])[..., 0]


def refitted(points: np.ndarray, hand: RightHand) -> np.ndarray:
    """Turns (N, 15, 3), rad, of right hands measured as points (N, 21, 3) of any unit, placed and turned anyhow."""
    points = np.asarray(points, dtype=float)
    if points.ndim != 3 or points.shape[1:] != (21, 3) or not np.isfinite(points).all():
        raise ValueError(f"expected finite points of hands of shape (N, 21, 3), got {points.shape}")
    upright = in_palm(points, hand.points)
    found = [_fitted(torch.from_numpy(some), hand) for some in np.array_split(upright, -(-len(upright) // _batch))]
    return np.concatenate(found)


def misfit(points: np.ndarray, hands: np.ndarray, hand: RightHand) -> np.ndarray:
    """How far (N,), rad, the bones of hands (N, 15, 3) on average point from where those of points (N, 21, 3) do."""
    measured, posed = (
        F.normalize(torch.from_numpy(np.stack([at[:, b] - at[:, a] for a, b in _bones], axis=1)), dim=-1)
        for at in (in_palm(points, hand.points), hand.posed(hands))
    )
    return (measured * posed).sum(-1).clamp(-1, 1).acos().mean(dim=1).numpy()


def in_palm(points: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Hands (N, 21, 3) turned and scaled so that wrist and knuckles lie nearest to those of `rest` (21, 3).

    The turn is Kabsch's (1976), of directions of equal weight: palms differ in their lengths. The wrist is at zero, and
    one is the way from the wrist to the middle finger's knuckle.
    """
    centred = points - points[:, :1]
    theirs = centred[:, _knuckles] / np.linalg.norm(centred[:, _knuckles], axis=-1, keepdims=True)
    ours = rest[_knuckles] - rest[0]
    ours = ours / np.linalg.norm(ours, axis=-1, keepdims=True)
    u, _, vt = np.linalg.svd(np.einsum("ki,nkj->nij", ours, theirs))
    u[..., -1] *= np.sign(np.linalg.det(u @ vt))[:, None]
    size = np.linalg.norm(centred[:, hand21.index("middle_1")], axis=-1)
    return np.einsum("nij,nkj->nki", u @ vt, centred) / size[:, None, None]


def _fitted(points: Tensor, hand: RightHand) -> np.ndarray:
    """Turns (N, 15, 3) whose bones point as those of upright hands (N, 21, 3) do, by Adam from minimal turns."""
    wanted = F.normalize(torch.stack([points[:, b] - points[:, a] for a, b in _bones], dim=1), dim=-1)
    rolled, sideways = _axes(wanted)
    thumb = points[:, _tips[:-1]] - points[:, _tips[-1:]]
    near = torch.exp(-((thumb.norm(dim=-1) / _near) ** 2))[..., None]
    rest = torch.from_numpy(hand.points)
    rest = (rest - rest[0]) / (rest[hand21.index("middle_1")] - rest[0]).norm()
    lengths = torch.stack([(rest[b] - rest[a]).norm() for a, b in _bones])
    turns = _minimal(wanted, hand).requires_grad_()
    adam = torch.optim.Adam([turns], lr=_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, _steps)
    for _ in range(_steps):
        bones = hand._bones(turns)
        ways = (bones * lengths[:, None]).unflatten(1, (5, 3)).sum(2) + rest[[a for a, _ in _bones[::3]]]
        touch = (near * (ways[:, :-1] - ways[:, -1:] - thumb)).pow(2).sum()
        across = ((turns * rolled).sum(-1) ** 2).sum() + ((turns * sideways).sum(-1) ** 2).sum()
        beyond = hand.limits.excess(_all_joints(turns))[:, numbers].pow(2).sum()
        loss = (bones - wanted).pow(2).sum() + _touching * touch + _rolling * across + _beyond * beyond
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
    return turns.detach().numpy()


def _minimal(wanted: Tensor, hand: RightHand) -> Tensor:
    """Turns (N, 15, 3) that carry each bone the shortest way to its direction, from the knuckles outwards."""
    rest = F.normalize(torch.from_numpy(np.stack([hand.points[b] - hand.points[a] for a, b in _bones])), dim=-1)
    turns = torch.zeros_like(wanted)
    for first in range(0, 15, 3):
        above = torch.eye(3).to(wanted).expand(len(wanted), 3, 3)
        for k in range(first, first + 3):
            turn = rotation.between(rest[k].expand(len(wanted), 3), (above.mT @ wanted[:, k, :, None])[..., 0])
            turns[:, k] = rotation.axis_angle(turn)
            above = above @ turn
    return turns


def _axes(like: Tensor) -> tuple[Tensor, Tensor]:
    """Unit axes (15, 3) about which each joint rolls, and about which all but the first ones should not go sideways."""
    rolled, sideways = np.zeros((2, 15, 3))
    for k, (finger, n) in enumerate((finger, n) for finger in order for n in (1, 2, 3)):
        axes = finger_axes()[finger]
        aside = axes.side - axes.flex * (axes.flex @ axes.side)
        aside = aside / np.linalg.norm(aside)
        rolled[k] = np.cross(axes.flex, aside) * mirror
        sideways[k] = aside * mirror * (n > 1)
    return torch.from_numpy(rolled).to(like), torch.from_numpy(sideways).to(like)


def _carried(local: Tensor) -> Tensor:
    """Rotations (N, 15, 3, 3) in the palm of the fingers' own (N, 15, 3, 3)."""
    first, second, third = local.unflatten(1, (5, 3)).unbind(2)
    second = first @ second
    return torch.stack([first, second, second @ third], dim=2).flatten(1, 2)


def _all_joints(hands: Tensor) -> Tensor:
    """Turns (N, 55, 3) of all joints: right hands (N, 15, 3), all else at rest."""
    whole = hands.new_zeros(len(hands), len(joints), 3)
    whole[:, numbers] = hands
    return whole
