"""Chance for what lifting networks learn from: cameras, what a picture hides of a figure, how badly it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from engine import rotation
from engine.lift_input import Seen, body_points, hand_points

_body = torch.arange(17)
_feet = torch.arange(17, 23)
_at = {name: i for i, name in enumerate(body_points)}
_hands = {side: torch.tensor([_at[name] for name in names]) for side, names in hand_points.items()}
_face = torch.tensor([i for name, i in _at.items() if name.startswith("face_")])
_front = torch.tensor([_at[name] for name in ("nose", "left_eye", "right_eye")])
_limbs = [
    torch.tensor([_at[f"{side}_{joint}"] for joint in joints])
    for side in ("left", "right") for joints in (
        ("elbow", "wrist"), ("wrist",), ("knee", "ankle", "big_toe", "small_toe", "heel"),
        ("ankle", "big_toe", "small_toe", "heel"), ("big_toe", "small_toe", "heel"), ("ear",), ("hip",),
    )
]  # fmt: skip


@dataclass(frozen=True)
class Hiding:
    """How much of figures is not seen: the chances that only a body's 17 points are known, a hand or the face is not,
    the picture cuts the figure off, a limb is missing, any point is; `noise` is the largest mean error of points, as a
    share of the figure's size."""

    plain: float = 0.4
    hand: float = 0.3
    face: float = 0.3
    cut: float = 0.25
    limb: float = 0.07
    point: float = 0.03
    noise: float = 0.03


def cameras(count: int, random: Generator, anyhow: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """World to camera (B, 3, 3), where the figure's root lies in the camera (B, 3) m, and the world's up there (B, 3).

    Most look level, some from far above or below; one in twenty, or with `anyhow` all, are turned in any way.
    """

    def normal(scale: float) -> Tensor:
        return scale * torch.randn(count, generator=random)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=random)

    yaw = uniform(-torch.pi, torch.pi)
    pitch = torch.where(uniform(0, 1) < 0.25, uniform(-1.0, 1.4), 0.08 + normal(0.2))
    roll = normal(0.08) * torch.where(uniform(0, 1) < 0.1, 5.0, 1.0)
    level = rotation.from_euler(torch.stack([roll, pitch, yaw], -1), "ZXY")
    any_way = rotation.from_quaternion(torch.nn.functional.normalize(torch.randn(count, 4, generator=random), dim=1))
    free = uniform(0, 1) < (1.0 if anyhow else 0.05)
    R = torch.diag(torch.tensor([1.0, -1.0, -1.0])) @ torch.where(free[:, None, None], any_way, level)
    # From a long lens to a wide one held close: the angle that half the figure takes.
    half = (uniform(0, 1) * torch.log(torch.tensor(0.6 / 0.05))).exp() * 0.05
    far = (0.1 if anyhow else 0.9) / half.tan()
    aside = torch.stack([normal(0.15), normal(0.1), torch.ones(count)], 1)
    return R, aside * far[:, None], R[..., 1]


def hidden(rays: Tensor, facing: Tensor, hiding: Hiding, random: Generator) -> Tensor:
    """Which of the points (B, N, 2) are known, (B, N) bool; `facing` (B,) is positive where a face looks away."""
    count = len(rays)

    def chance(share: float) -> Tensor:
        return torch.rand(count, generator=random) < share

    known = torch.rand(rays.shape[:2], generator=random) > hiding.point
    known[:, -1] = chance(0.15)  # the top of the neck, which few skeletons have
    plain = chance(hiding.plain)
    known[plain, 23:-1] = False
    known[plain & chance(0.5), 17:23] = False
    for hand in _hands.values():
        known[chance(hiding.hand)[:, None] & _mask(hand, rays)] = False
    known[chance(hiding.face)[:, None] & _mask(_face, rays)] = False
    away = (facing > 0.3) & chance(0.85)
    known[away[:, None] & (_mask(_face, rays) | _mask(_front, rays))] = False
    for limb in _limbs:
        known[chance(hiding.limb)[:, None] & _mask(limb, rays)] = False
    return _cut(rays, known, chance(hiding.cut), random)


def _mask(points: Tensor, rays: Tensor) -> Tensor:
    found = torch.zeros(rays.shape[1], dtype=torch.bool)
    found[points] = True
    return found


def _cut(rays: Tensor, known: Tensor, cut: Tensor, random: Generator) -> Tensor:
    """Points beyond a picture's edge are not known: most often below, else on one side; four at least stay."""
    side = torch.multinomial(torch.tensor([0.6, 0.15, 0.15, 0.1]), len(rays), True, generator=random)
    axis, sign = torch.tensor([1, 0, 0, 1])[side], torch.tensor([1.0, 1.0, -1.0, -1.0])[side]
    along = rays.gather(2, axis[:, None, None].expand(-1, rays.shape[1], 1))[..., 0] * sign[:, None]
    body = along[:, :17]
    share = 0.35 + 0.6 * torch.rand(len(rays), generator=random)
    edge = body.amin(1) + share * (body.amax(1) - body.amin(1))
    after = known & ~(cut[:, None] & (along > edge[:, None]))
    enough = after[:, :17].sum(1) >= 4
    return torch.where(enough[:, None], after, known)


def shaken(seen: Seen, most: float, random: Generator) -> Seen:
    """The points as badly drawn as chance has it: up to `most` of the figure's size each, on the mean.

    What lies close together on a body, such as a hand's points, errs together and little beside.
    """
    rays, known = seen
    spread = torch.where(known[..., None], rays, rays[:, :1]).std(1).amax(1)[:, None, None] * 4
    much = most * torch.rand(len(rays), 1, 1, generator=random) * spread
    each = torch.randn(rays.shape, generator=random)
    if rays.shape[1] == len(body_points):
        together = torch.randn(rays.shape, generator=random)
        for group, root in ((_hands["left"], "left_wrist"), (_hands["right"], "right_wrist"), (_face, "nose")):
            each[:, group] = 0.25 * each[:, group] + together[:, _at[root], None]
            each[:, _at[root]] = together[:, _at[root]]
    return Seen(rays + much * each, known)
