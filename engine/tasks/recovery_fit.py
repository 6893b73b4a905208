"""One search for figures in pictures, bodies or hands: first where they stand, then how.

`Recovery` has all the numbers of a search; engine.tasks.recovery, hand_recovery and whole_recovery have the published
ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine import rotation
from engine.prior import Prior, Reduction, Weighting
from engine.progress import Progress
from engine.schedules import Schedule
from engine.tasks.descent import Descent, guided
from engine.tasks.figures import Figure, PosedPoints
from engine.tasks.guides import DiffusionGuide, Draws, Guide
from engine.tasks.recovery_terms import Bending, Keypoints, Sight, robust


@dataclass(frozen=True)
class Placing:
    """A search for root and translation alone: `steps` steps of Adam at a rate for each, 0 for what stays."""

    steps: int
    turn: float
    move: float


@dataclass(frozen=True)
class Stage:
    """A stage of a fit: steps, rates of Adam for root, turns (with the expression), shape and translation, and weights.

    `prior`, `shape` and `bend` are squared, as published; `hands` and `face` are what keypoints there weigh beside the
    body's.
    """

    prior: float
    shape: float
    bend: float = 0.0
    hands: float = 1.0
    face: float = 1.0
    steps: int = 100
    rates: tuple[float, float, float, float] = (0.01, 0.01, 0.01, 0.0)


@dataclass(frozen=True)
class Recovery:
    """How bodies or hands are recovered: published numbers by default, the released code's.

    `trunk` places figures and `edges` between joints tell how far off they are; `ignored` points are not fitted, and
    `doubled` ones are trusted twice. Keypoints beyond `outlier` px pull less and less; `anchor` holds the depth.
    `absolute` and `relative` are what keypoints weigh as they are, and counted from the roots of their `groups`.
    A figure whose shoulders are nearer than `flip` px is tried turned about, too; `facings` is how many ways round are
    looked at for a start (1: towards the camera), of `tumbled` ones on all sides. Figures in boxes wider than `wide`
    of their height start bent. Where `tall` is given, pictures are fitted at the size where figures are so many px
    tall: the weights were made for about 1,000. The slope of the prior is worked out anew every `renewed` steps.
    """

    placing: tuple[Placing, ...]
    stages: tuple[Stage, ...]
    trunk: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    absolute: float = 1.0
    relative: float = 0.0
    anchor: float = 100.0
    outlier: float = 100.0
    flip: float = 25.0
    facings: int = 1
    tumbled: bool = False
    wide: float = 0.8
    tall: float | None = None
    renewed: int = 1
    schedule: Schedule = field(default_factory=lambda: Schedule(start=0.12, end=0.08))
    weighting: Weighting = "square"
    reduction: Reduction = "sum"

    def guide(self, prior: Prior) -> DiffusionGuide:
        """A prior as the guide that the weights are made for."""
        return DiffusionGuide(prior, self.weighting, self.reduction)

    @property
    def total(self) -> int:
        """Steps of all stages, placing apart."""
        return sum(stage.steps for stage in self.stages)


class Fit:
    """One search for figures in pictures: where they stand, then how."""

    def __init__(
        self, points: PosedPoints, keypoints: Keypoints, guide: Guide, settings: Recovery, seed: int,
        progress: Progress | None,
    ) -> None:  # fmt: skip
        if points.names != keypoints.names:
            raise ValueError(f"expected keypoints of {len(points.names)} names, as the points have them, got others")
        self.points, self.settings, self.guide = points, settings, guide
        self.grown = torch.ones(len(keypoints.cameras))
        if settings.tall is not None:
            keypoints, self.grown = keypoints.enlarged(settings.tall)
        self.sight = Sight.of(keypoints, settings.doubled)
        self.noise, self.times = Draws(seed), settings.schedule.times(settings.total, seed)
        steps = sum(placing.steps for placing in settings.placing) + settings.total
        self.descent = Descent(steps, "Fitting bodies", progress)
        joints = getattr(points, "joints", ())
        self.bending = Bending(joints[1:]) if "left_knee" in joints else None

    def run(self, figure: Figure, posed: bool) -> tuple[Figure, Tensor, Tensor]:
        """The figures found, what the points of each cost (B,), and their mean distance (B,) px of the picture.

        `posed` figures stand somewhere already.
        """
        self.guide = guided(self.guide, figure.vector.shape[1], self.times)
        figure = self._placed(figure if posed else self._faced(figure))
        count, twins = len(figure.root), self._side_on()
        rows = [*range(count), *twins]
        sight, figure = self.sight.chosen(rows), figure.chosen(rows)
        half = torch.tensor([0.0, math.pi, 0.0])
        figure.root[count:] = rotation.compose(figure.root[count:], half.expand(len(twins), 3))
        self._fit(figure, sight)
        with torch.no_grad():
            cost = self._cost(sight, self.settings.stages[-1])(self.points(figure))
            off = sight.off(self.points(figure)).norm(dim=-1)
        best = list(range(count))
        for twin, row in enumerate(twins, start=count):
            if cost[twin] < cost[row]:
                best[row] = twin
        weights = sight.trust * self._fitted
        error = (off * weights).sum(1) / weights.sum(1).clamp_min(1e-6)
        return figure.chosen(best), cost[best], error[best] / self.grown

    # ── where ──

    def _faced(self, figure: Figure) -> Figure:
        """The figures as far off as their edges tell, turned the way round in which the trunk lies best."""
        best, least = figure, torch.full((len(figure.root),), math.inf)
        for turn in _ways(self.settings):
            tried = self._far_off(figure._replace(root=rotation.compose(figure.root, turn.expand_as(figure.root))))
            off = (self.sight.off(self.points(tried)).square().sum(-1) * self._placing).sum(1)
            better = off < least
            best = Figure(*(torch.where(better[:, None], new, old) for new, old in zip(tried, best, strict=True)))
            least = torch.minimum(off, least)
        return best

    @property
    def _placing(self) -> Tensor:
        """What each point weighs where figures are placed, (B, N)."""
        return self.sight.trust * torch.tensor([float(name in self.settings.trunk) for name in self.sight.names])

    @property
    def _fitted(self) -> Tensor:
        """1 for points that are fitted, (N,)."""
        return torch.tensor([float(name not in self.settings.ignored) for name in self.sight.names])

    def _far_off(self, figure: Figure) -> Figure:
        """The figures carried to where their trunk is seen, in the depth that makes their edges as long as seen."""
        sight = self.sight
        edges = [edge for edge in self.settings.edges if all(name in sight.names for name in edge)]
        a, b = (sight.rows([edge[end] for edge in edges]) for end in (0, 1))
        both = (sight.trust[:, a] * sight.trust[:, b] > 0).float()
        if not edges or not both.any(1).all():
            wanted = " or ".join(f"{one} and {other}" for one, other in self.settings.edges)
            raise ValueError(f"expected {wanted} to be seen in every picture, to tell how far off the figure is")
        points = self.points(figure._replace(translation=torch.zeros_like(figure.translation)))
        long = ((points[:, a] - points[:, b]).norm(dim=-1) * both).sum(1)
        seen = ((sight.places[:, a] - sight.places[:, b]).norm(dim=-1) * both).sum(1).clamp_min(1.0)
        share = (self._placing / self._placing.sum(1, keepdim=True))[..., None]
        there = sight.lens.placed((sight.places * share).sum(1), sight.lens.length * long / seen)
        return figure._replace(translation=there - (points * share).sum(1))

    def _placed(self, figure: Figure) -> Figure:
        """Root and translation by the trunk alone; squared distances, not robust ones."""
        still = figure._replace(root=torch.zeros_like(figure.root), translation=torch.zeros_like(figure.translation))
        trunk, pivot = self.sight.points(self.settings.trunk), self.points.pivot(still)[:, None]
        arms = self.points(still)[:, self.sight.rows(trunk.names)] - pivot
        root, move = figure.root.clone(), figure.translation.clone()
        depth = move[:, 2].clone()

        def loss(step: int) -> Tensor:
            points = arms @ rotation.matrix(root).mT + (pivot + move[:, None])
            off = (trunk.off(points).square().sum(-1) * trunk.trust).sum(1)
            return off + (self.settings.anchor * (move[:, 2] - depth)).square()

        for placing in self.settings.placing:
            rates = ((root, placing.turn), (move, placing.move))
            self.descent.run(loss, [(variable, rate) for variable, rate in rates if rate], placing.steps)
        return figure._replace(root=root, translation=move)

    def _side_on(self) -> list[int]:
        """The pictures whose figures may as well be turned about: the shoulders are too near to each other to tell."""
        pair = self.sight.points(("left_shoulder", "right_shoulder"))
        if len(pair.names) < 2:
            return []
        near = (pair.places[:, 0] - pair.places[:, 1]).norm(dim=-1) < self.settings.flip
        return (near & pair.trust.all(1)).nonzero().flatten().tolist()

    # ── how ──

    def _fit(self, figure: Figure, sight: Sight) -> None:
        """Move the figures, in place, through the stages."""
        first, pull = 0, torch.empty(0)
        for stage in self.settings.stages:
            cost, times = self._cost(sight, stage), self.times[first : first + stage.steps]

            def loss(step: int, stage: Stage = stage, cost: Cost = cost, times: Tensor = times) -> Tensor:
                nonlocal pull
                total = cost(self.points(figure)) + stage.shape**2 * figure.betas.square().sum(1)
                if stage.prior:
                    vector = figure.vector
                    if step % self.settings.renewed == 0:
                        pull = self._pull(vector.detach(), times[step : step + 1])
                    total = total + stage.prior**2 * (pull * vector).sum(1)
                if stage.bend and self.bending is not None:
                    total = total + stage.bend**2 * self.bending(figure.turns)
                return total

            root, turns, shape, move = stage.rates
            rates = (
                (figure.root, root), (figure.turns, turns), (figure.expression, turns),
                (figure.betas, shape), (figure.translation, move),
            )  # fmt: skip
            self.descent.run(loss, [(part, rate) for part, rate in rates if rate and part.shape[1]], stage.steps)
            first += stage.steps

    def _pull(self, vector: Tensor, time: Tensor) -> Tensor:
        """The slope (B, D) of the guide's penalty, which is all of it that a search needs."""
        vector.requires_grad_()
        with torch.enable_grad():
            penalty = self.guide.penalty(vector, time, self.noise).sum()
        # No guide at all finds every pose as good as any other.
        return torch.autograd.grad(penalty, vector)[0] if penalty.requires_grad else torch.zeros_like(vector)

    def _cost(self, sight: Sight, stage: Stage) -> Cost:
        """What points (B, N, 3) cost for falling beside the keypoints, (B,)."""
        settings = self.settings
        trust = sight.trust * self._fitted
        kinds = [stage.hands if "_hand_" in n else stage.face if n.startswith("face_") else 1.0 for n in sight.names]
        weights = settings.absolute * trust * torch.tensor(kinds).square()
        found = [(sight.rows([root]), sight.rows(names)) for root, names in settings.groups if settings.relative]
        # Of a group whose root is not seen, nothing can be counted from there.
        groups = [
            (root, rows, settings.relative * trust[:, rows] * (trust[:, root] > 0)) for root, rows in found if root
        ]

        def cost(points: Tensor) -> Tensor:
            off = sight.off(points)
            total = (robust(off.square(), settings.outlier).sum(-1) * weights).sum(1)
            for root, rows, share in groups:
                apart = robust((off[:, rows] - off[:, root]).square(), settings.outlier)
                total = total + (apart.sum(-1) * share).sum(1)
            return total

        return cost


Cost = Callable[[Tensor], Tensor]


def _ways(settings: Recovery) -> Tensor:
    """Turns (n, 3) that a figure may begin with: about its own upright, and for a tumbled one onto every side."""
    turns = torch.arange(settings.facings)[:, None] * torch.tensor([0.0, 2 * math.pi / settings.facings, 0.0])
    if not settings.tumbled:
        return turns
    quarter = math.pi / 2 * torch.cat([torch.eye(3), -torch.eye(3), torch.zeros(1, 3), 2 * torch.eye(3)[:1]])
    first, second = torch.broadcast_tensors(quarter[:, None], turns)
    return rotation.compose(first, second).flatten(0, 1)
