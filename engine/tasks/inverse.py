"""From where points of a hand or a body are to the turns that put them there (DPoser-X, section 4.3 and supplement).

Points (B, P, 3) in metres → turns, begun near zero → Adam: near the points that are seen, likely everywhere. Rows are
bodies of their own: several answers to one observation are so many equal rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from engine import rotation
from engine.body_pose import BodyPose
from engine.networks.dposer import dims
from engine.prior import Prior, Reduction, Weighting
from engine.progress import Progress
from engine.schedules import Schedule
from engine.skeleton import fingers, hand21
from engine.tasks.descent import Descent, checked, guided, seen_share
from engine.tasks.figures import BodyPoints, Figure, HandPoints, middle, rigid
from engine.tasks.guides import DiffusionGuide, Draws, Guide


@dataclass(frozen=True)
class Inverse:
    """How a search goes: rounds of `steps` steps of Adam at `rate`, with a weight of data and of prior for each round.

    Every round goes at `slowing` times the rate of the one before. `weighting` and `reduction` are for the diffusion
    that guides it.
    """

    schedule: Schedule
    steps: int
    rate: float
    data: tuple[float, ...]
    prior: tuple[float, ...]
    weighting: Weighting = "half"
    reduction: Reduction = "mean"
    slowing: float = 1.0

    def __post_init__(self) -> None:
        if not self.data or len(self.data) != len(self.prior):
            raise ValueError(f"expected a weight of data and prior for every round, got {self.data} and {self.prior}")

    @property
    def total(self) -> int:
        """Steps of all rounds."""
        return self.steps * len(self.data)

    def guide(self, prior: Prior) -> DiffusionGuide:
        """A prior as the guide that the weights are made for."""
        return DiffusionGuide(prior, self.weighting, self.reduction)

    def pace(self, step: int) -> float:
        """What the rate is multiplied by at a step."""
        return self.slowing ** (step // self.steps)

    def weights(self, step: int) -> tuple[float, float]:
        """Those of data and prior at a step."""
        return self.data[step // self.steps], self.prior[step // self.steps]


# ── the published numbers, of the released code ──

_ten = range(10)
# Some of a hand's points are hidden, the others are exact.
hand_partial = Inverse(
    Schedule(start=0.2, end=0.05), 30, 0.05, tuple(100.0 * (1 + i) for i in _ten), tuple(0.1 / (1 + i) for i in _ten)
)
_noisy = {2: 0.1, 5: 0.5, 10: 1.0}
# All points are seen, with so many millimetres of noise.
hand_noisy = {
    mm: Inverse(Schedule(start=0.15, end=0.05), 30, 0.05, (10.0,) * 10, (0.1 * weight,) * 10)
    for mm, weight in _noisy.items()
}
# Motion denoising's without its term of time: no script of body kinematics was published.
body_noisy = {
    mm: Inverse(
        Schedule(start=0.2, end=end), steps, 0.03, (100.0, 50.0, 20.0), (0.1, 0.2, 0.3), reduction="sum"
    )
    for mm, steps, end in ((20, 40, 0.05), (40, 60, 0.05), (100, 80, 0.1))
}  # fmt: skip
# Exact targets: this project's numbers. The prior fades, so that the targets are met.
body_exact = Inverse(
    Schedule(start=0.2, end=0.05), 50, 0.05, (1e2, 1e2, 3e2, 1e3), (0.3, 0.1, 0.03, 0.01), reduction="sum", slowing=0.3
)
_begun = 0.01  # rad, how far hands and bodies begin from zero


# ── hands ──

Hiding = Literal["partial", "sparse", "fingertip"]


def hidden_hand_points(hiding: Hiding, rows: int, seed: int = 0) -> Tensor:
    """Which of hand21's points (B, 21) are hidden: two fingers, 13 points of 21, or all but the root and the tips.

    Chance decides for each row; the released code throws once for each hundred of rows.
    """
    generator = torch.Generator().manual_seed(seed)
    if hiding == "fingertip":
        seen = torch.tensor([name == "root" or name.endswith("_4") for name in hand21.joints])
        return (~seen).expand(rows, -1)
    order = torch.rand(rows, len(fingers if hiding == "partial" else hand21), generator=generator).argsort(1)
    if hiding == "sparse":
        return order < 13
    if hiding != "partial":
        raise ValueError(f"expected partial, sparse or fingertip, got {hiding!r}")
    finger = torch.tensor([fingers.index(name[:-2]) if name != "root" else -1 for name in hand21.joints])
    return (finger[None, :, None] == order[:, None, :2]).any(-1)


def hands_at(
    points: HandPoints, places: Tensor, guide: Guide, settings: Inverse = hand_partial, hidden: Tensor | None = None,
    betas: Tensor | None = None, seed: int = 0, progress: Progress | None = None,
) -> Tensor:  # fmt: skip
    """Right hands (B, 45), axis-angle rad, whose points lie at `places` (B, 21, 3), as hand21 has them.

    Metres from the wrist in its own axes: those of the right hand at rest, which points to -x, palm down. A left hand's
    places are mirrored at x = 0. `hidden` (21,) or (B, 21) are not looked at; `betas` (B, n) is the body's shape.
    """
    places = checked(places, len(hand21), 3, "places of a hand")
    seen = seen_share(hidden, len(places), len(hand21), "points of a hand")
    betas = torch.zeros(len(places), points.betas) if betas is None else betas
    noise = Draws(seed)
    hands = noise(torch.zeros(len(places), dims["hand"])) * _begun
    times = settings.schedule.times(settings.total, seed)
    guide = guided(guide, dims["hand"], times)

    def loss(step: int) -> Tensor:
        data, likely = settings.weights(step)
        off = ((points.alone(hands, betas) - places) * seen).square().flatten(1).mean(1)
        return data * off + likely * guide.penalty(hands, times[step : step + 1], noise)

    search = Descent(settings.total, "Posing hands", progress)
    search.run(loss, [(hands, settings.rate)], settings.total, settings.pace)
    return hands


# ── bodies ──


def bodies_at(
    points: BodyPoints, places: Tensor, guide: Guide, settings: Inverse = body_exact, hidden: Tensor | None = None,
    start: Sequence[BodyPose] | None = None, upright: bool = True, seed: int = 0, progress: Progress | None = None,
) -> Figure:  # fmt: skip
    """Bodies whose points lie at `places` (B, P, 3), metres in the world, in the order of the points' names.

    `start`, one for all or one for each row, gives shape, turns and place to begin with; without it bodies begin near
    zero. An `upright` body keeps its root and place; otherwise both are laid on the targets, then searched for too.
    `points.poses` makes body poses of what comes back.
    """
    places = checked(places, len(points.names), 3, "places of a body")
    seen = seen_share(hidden, len(places), len(points.names), "points of a body")
    start = [BodyPose()] if start is None else start
    if len(start) not in (1, len(places)):
        raise ValueError(f"expected one body to start from or {len(places)}, got {len(start)}")
    noise = Draws(seed)
    found = points.figure(start).chosen([0] * len(places) if len(start) == 1 else range(len(places)))
    found = found._replace(turns=found.turns + noise(found.turns) * _begun)
    if not upright:
        turn = rigid(points(found), places, seen)
        found = found._replace(root=rotation.axis_angle(turn @ rotation.matrix(found.root)))
        found = found._replace(translation=found.translation + middle(places - points(found), seen))
    times = settings.schedule.times(settings.total, seed)
    guide = guided(guide, found.vector.shape[1], times)
    share = seen[..., 0] / seen[..., 0].sum(1, keepdim=True)

    def loss(step: int) -> Tensor:
        data, likely = settings.weights(step)
        off = (points(found) - places).square().sum(-1).add(1e-12).sqrt()
        return data * (off * share).sum(1) + likely * guide.penalty(found.vector, times[step : step + 1], noise)

    variables = [(found.turns, settings.rate)]
    if not upright:
        variables += [(found.root, settings.rate), (found.translation, settings.rate)]
    Descent(settings.total, "Posing bodies", progress).run(loss, variables, settings.total, settings.pace)
    return found
