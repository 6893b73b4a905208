"""What training a pose autoencoder consists of: VPoser's losses with this project's body, and when to end.

They learn from the poses that the prior learns from, drawn by the same weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine import rotation
from engine.body import Body
from engine.networks.dposer import Part
from engine.networks.vposer import divergence
from engine.pose_sets import PoseSet
from engine.prior_training import columns
from engine.skeleton import smplx55
from engine.skinning import Tree
from engine.training import seed_of, seeded
from engine.vae import Shape, Vae, joints


@dataclass(frozen=True)
class VaeRecipe:
    """How an autoencoder is trained: VPoser's losses and rates; it ends when held-out poses gain nothing any more.

    `divergence`, `points`, `turns` and `numbers` weigh the losses. Points are the body's joints, in m, in place of
    VPoser's mesh; since joints do not show every twist, the turns' loss stays to the end, where VPoser drops it after
    15 epochs. Turns are summed and divided by the body's 21 joints for every part, so that a joint weighs the same
    against the divergence. The rate is halved when `patience` judgements, one each `judge_every` steps, found nothing
    better, `halvings` times.
    """

    shape: Shape = field(default_factory=Shape)
    batch: int = 256
    steps: int = 40_000
    learning_rate: float = 1e-3
    decay: float = 1e-5
    divergence: float = 0.005
    points: float = 4.0
    turns: float = 2.0
    numbers: float = 0.1
    judge_every: int = 500
    patience: int = 4
    halvings: int = 4
    seed: int = 42


vae_recipes: dict[Part, VaeRecipe] = {
    "body": VaeRecipe(),
    "hand": VaeRecipe(),
    "face": VaeRecipe(),
    "wholebody": VaeRecipe(Shape(1024, 96)),
}


# ── the autoencoder ──


class Skeleton:
    """Where the joints of a part are on a body of no shape when they alone are turned."""

    def __init__(self, body: Body, part: Part) -> None:
        turned = [smplx55.joints.index(name) for name in turned_joints(part)]
        here: set[int] = set()
        for joint in turned:
            while joint >= 0:
                here.add(joint)
                joint = int(body.parents[joint])
        order = sorted(here)  # a parent comes before its children
        self.tree = Tree([order.index(int(body.parents[joint])) if joint else -1 for joint in order])
        self.rest = body.joint_shapes.base[order].float()
        self.turned = [order.index(joint) for joint in turned]

    def __call__(self, matrices: Tensor) -> Tensor:
        """Joints (B, N, 3), m: those of the part, turned by matrices (B, J, 3, 3), and those above them, straight."""
        count = len(matrices)
        turns = torch.eye(3).expand(count, len(self.rest), 3, 3).clone()
        turns[:, self.turned] = matrices
        return self.tree(turns, self.rest.expand(count, -1, -1))[..., 3]


def turned_joints(part: Part) -> tuple[str, ...]:
    """The joints of smplx55 that a part's vector turns, in its order; a lone hand is a right one."""
    hands = {side: tuple(j for j in smplx55.joints if j.startswith(f"{side}_hand_")) for side in ("left", "right")}
    body = smplx55.joints[1:22]
    names = {"body": body, "hand": hands["right"], "face": ("jaw",)}
    return names[part] if part in names else (*body, *hands["left"], *hands["right"], "jaw")


@dataclass(frozen=True)
class Losses:
    """Of each pose (B,): divergence, points (m), turns (rad) and plain numbers, each as the recipe weighs it."""

    divergence: Tensor
    points: Tensor
    turns: Tensor
    numbers: Tensor

    @property
    def total(self) -> Tensor:
        return self.divergence + self.points + self.turns + self.numbers


def losses(
    vae: Vae, skeleton: Skeleton, recipe: VaeRecipe, raw: Tensor, available: Tensor | None, noise: Tensor
) -> Losses:
    """VPoser's losses of vectors (B, D); of whole bodies those of parts that are `available` (B, 4)."""
    mean, std = vae.encode(raw)
    matrices, numbers = vae.decoded(mean + std * noise)
    wanted = rotation.matrix(raw[:, : vae.turns].unflatten(1, (-1, 3)))
    there = _there(raw, available)
    joints_there, numbers_there = there[:, : vae.turns : 3], there[:, vae.turns :]
    known = torch.where(joints_there[..., None, None] > 0, matrices, wanted)
    points = (skeleton(known) - skeleton(wanted)).abs().sum(-1).mean(1)
    turns = (rotation.angle(matrices.mT @ wanted) * joints_there).sum(1) / joints["body"]
    off = (numbers - raw[:, vae.turns :]) / vae.normaliser.scale[vae.turns :]
    plain = (off.square() * numbers_there).sum(1)
    far = divergence(mean, std)
    return Losses(recipe.divergence * far, recipe.points * points, recipe.turns * turns, recipe.numbers * plain)


def _there(raw: Tensor, available: Tensor | None) -> Tensor:
    if available is None:
        return torch.ones_like(raw)
    widths = torch.tensor([part.stop - part.start for part in columns])
    return torch.repeat_interleave(available, widths, dim=1)


# ── the training ──


class Draws:
    """Raw vectors of a set, drawn by their weights."""

    def __init__(self, poses: PoseSet) -> None:
        self.raw = torch.from_numpy(poses.poses.copy())
        self.reach = torch.from_numpy(poses.chances.cumsum())
        there = poses.available
        self.available = None if there is None else torch.from_numpy(there.astype("float32"))

    def rows(self, count: int, generator: torch.Generator) -> Tensor:
        """The numbers (count,) of rows drawn."""
        drawn = torch.rand(count, generator=generator, dtype=torch.float64) * self.reach[-1]
        return torch.searchsorted(self.reach, drawn, right=True).clamp_(max=len(self.raw) - 1)

    def of(self, rows: Tensor) -> tuple[Tensor, Tensor | None]:
        """The vectors of rows, and which parts they have."""
        return self.raw[rows], None if self.available is None else self.available[rows]


def train_vae(
    vae: Vae, body: Body, train: PoseSet, held_out: PoseSet, recipe: VaeRecipe, tell: Callable[[int, Losses], None]
) -> int:
    """Trains an autoencoder, which then has the weights that held-out poses liked best; the step they were made in.

    `tell` hears every judgement: the step, and the mean losses of held-out poses.
    """
    skeleton, draws = Skeleton(body, vae.part), Draws(train)
    judges = Draws(held_out)
    asked = judges.of(judges.rows(min(4096, 8 * len(held_out)), seeded(recipe.seed, 0, 1)))
    optimizer = torch.optim.Adam(vae.parameters(), recipe.learning_rate, weight_decay=recipe.decay)
    fall = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=recipe.patience - 1, threshold=1e-4
    )
    best, made, kept = float("inf"), 0, _copied(vae)
    for step in range(1, recipe.steps + 1):
        random = seeded(recipe.seed, step)
        torch.manual_seed(seed_of(recipe.seed, step, 1))  # of the dropout
        raw, there = draws.of(draws.rows(recipe.batch, random))
        noise = torch.randn(len(raw), recipe.shape.latent, generator=random)
        loss = losses(vae.train(), skeleton, recipe, raw, there, noise).total.mean()
        if not torch.isfinite(loss):
            raise ArithmeticError(f"the loss of step {step} is no number")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % recipe.judge_every and step < recipe.steps:
            continue
        found = judged(vae, skeleton, recipe, *asked)
        tell(step, found)
        total = float(found.total)
        if total < best:
            best, made, kept = total, step, _copied(vae)
        fall.step(total)
        if optimizer.param_groups[0]["lr"] < recipe.learning_rate / 2**recipe.halvings:
            break
    vae.load_state_dict(kept)
    vae.eval()
    return made


@torch.no_grad()
def judged(vae: Vae, skeleton: Skeleton, recipe: VaeRecipe, raw: Tensor, available: Tensor | None) -> Losses:
    """The mean losses of held-out vectors, each with one draw of its latent Gaussian, always the same."""
    noise = torch.randn(len(raw), recipe.shape.latent, generator=seeded(recipe.seed, 0, 2))
    found = losses(vae.eval(), skeleton, recipe, raw, available, noise)
    return Losses(*(each.mean() for each in (found.divergence, found.points, found.turns, found.numbers)))


def _copied(vae: Vae) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in vae.state_dict().items()}
