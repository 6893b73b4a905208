"""What lifting networks learn from: open poses in all shapes, seen by chance cameras, badly drawn, half hidden.

Poses → a pool of figures in space → for each step some of them, turned, seen, hidden and shaken by chance → what the
network guesses of them, judged where its joints come to lie. Everything depends on (seed, step) alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine import rotation
from engine.fit import stretched_parts
from engine.lift_input import Seen, body_inputs, body_points, hand_inputs, hand_points, of_body, of_hand
from engine.lift_scenes import Hiding, cameras, hidden, shaken
from engine.networks.lift import Guesses, LiftNet, LiftSize
from engine.point_rig import PointRig
from engine.pose_sets import PoseSet
from engine.rig import matrices
from engine.rig import parents as lines
from engine.skeleton import fingers, smplx55
from engine.training import seeded

Part = Literal["body", "hand"]
body_betas = 5
_names = smplx55.joints
body_joints = _names[:22]
hand_joints = ("right_wrist", *(name for name in _names if name.startswith("right_hand_")))
# Points that tell how the last joints of a chain are turned.
_body_tips = (
    *(f"{side}_hand_middle_1" for side in ("left", "right")), *(f"{side}_hand_thumb_2" for side in ("left", "right")),
    *(f"{side}_{part}" for side in ("left", "right") for part in ("big_toe", "heel", "ear")), "nose",
)  # fmt: skip
_of_head = ("ear", "nose")


@dataclass(frozen=True)
class LiftRecipe:
    """How a lifting network is trained: AdamW, the rate risen for `warmup` steps and fallen as a cosine to nothing.

    `pool` figures are made beforehand. All guesses learn a `share` of what the nearest one learns, so that none dies.
    """

    part: Part
    size: LiftSize
    steps: int = 24_000
    batch: int = 512
    pool: int = 160_000
    learning_rate: float = 1e-3
    warmup: int = 500
    decay: float = 1e-4
    clip: float = 1.0
    ema: float = 0.999
    share: float = 0.05
    hiding: Hiding = field(default_factory=Hiding)
    seed: int = 42

    def rate(self, step: int) -> float:
        """The learning rate of step number `step`, counted from 0."""
        fall = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return self.learning_rate * fall * min(1.0, step / self.warmup if self.warmup else 1.0)


def recipe_of(part: Part, preset: Literal["open", "tiny"]) -> LiftRecipe:
    """A preset's recipe: what this project ships, or one of seconds for tests."""
    shapes = body_betas + len(stretched_parts)
    hiding = Hiding(noise=0.03 if part == "body" else 0.06)  # a drawn hand is small, and further off for its size
    if part == "body":
        size = LiftSize(body_inputs, len(body_joints), shapes)
    else:
        size = LiftSize(hand_inputs, len(hand_joints), 0, guesses=4, width=512)
    if preset == "open":
        return LiftRecipe(part, size, hiding=hiding)
    tiny = LiftSize(size.inputs, size.joints, size.shapes, guesses=2, width=48, blocks=1)
    return LiftRecipe(part, tiny, steps=60, batch=32, pool=200, learning_rate=3e-3, warmup=5, ema=0.9, hiding=hiding)


# ── the pool ──


class Pool(NamedTuple):
    """Figures in space, N at once: `turns` (N, J, 3) rad, the first one upright as it was recorded; `points` (N, P, 3)
    metres about the first joint while that is not turned; `shape` (N, S)."""

    turns: Tensor
    points: Tensor
    shape: Tensor


def body_pool(rig: PointRig, bodies: PoseSet, hands: PoseSet, count: int, seed: int) -> Pool:
    """Bodies in the sets' poses, of chance shapes, proportions as drawn ones have, and hands of other people.

    `rig` has the body's points and betas, and is stretched.
    """
    random = np.random.default_rng(seed)
    rows = random.choice(len(bodies), count, p=bodies.chances)
    turns = np.zeros((count, len(_names), 3))
    turns[:, 1:22] = bodies.poses[rows].reshape(count, 21, 3)
    _lend_upper_halves(turns, random, chance=0.15)
    turns[:, 1:22] += random.normal(0, 0.04, (count, 21, 3))
    for side in ("left", "right"):
        columns = [_names.index(name) for name in _names if name.startswith(f"{side}_hand_")]
        chosen = hands.poses[random.choice(len(hands), count, p=hands.chances)].reshape(count, 15, 3)
        turns[:, columns] = chosen * ((1, 1, 1) if side == "right" else (1, -1, -1))
    shape = np.concatenate([
        random.normal(0, 1, (count, body_betas)),
        _stretches(count, random),
    ], 1)  # fmt: skip
    points = _in_space(rig, turns, shape)
    assert bodies.root is not None
    turns[:, 0] = bodies.root[rows]
    kept = [_names.index(name) for name in body_joints]
    return Pool(_tensor(turns[:, kept]), _tensor(points), _tensor(shape))


def hand_pool(rig: PointRig, hands: PoseSet, bodies: PoseSet, count: int, seed: int) -> Pool:
    """Right hands in the set's poses, of chance shapes; the first turn is the wrist's, as it is in some body.

    `rig` has the hand's points, then the elbow and the wrist.
    """
    random = np.random.default_rng(seed)
    chosen = hands.poses[random.choice(len(hands), count, p=hands.chances)].reshape(count, 15, 3)
    # Fingers of another hand, now and then, and each joint a little otherwise: more hands than were recorded.
    for first in range(0, 15, 3):
        lent = random.random(count) < 0.15
        chosen[lent, first : first + 3] = chosen[random.integers(0, count, lent.sum()), first : first + 3]
    turns = np.zeros((count, len(_names), 3))
    columns = [_names.index(name) for name in hand_joints]
    turns[:, columns[1:]] = chosen + random.normal(0, 0.06, chosen.shape)
    wrist = bodies.poses[random.choice(len(bodies), count, p=bodies.chances)].reshape(count, 21, 3)
    turns[:, columns[0]] = wrist[:, columns[0] - 1] + random.normal(0, 0.2, (count, 3))
    shape = random.normal(0, 1, (count, rig.betas))
    points = _in_space(rig, turns, shape)
    # About the wrist, in the wrist's own axes, as if it alone were turned.
    points = (points - points[:, -1:]) @ matrices(turns[:, columns[0]])
    turns = turns[:, columns]
    turns[:, 0] = 0
    return Pool(_tensor(turns), _tensor(points), _tensor(shape[:, :0]))


def _lend_upper_halves(turns: np.ndarray, random: np.random.Generator, chance: float) -> None:
    upper = ("spine3", "neck", "head", "collar", "shoulder", "elbow", "wrist")
    columns = np.array([i for i, name in enumerate(_names[:22]) if name.endswith(upper)])
    lent = np.flatnonzero(random.random(len(turns)) < chance)
    turns[np.ix_(lent, columns)] = turns[np.ix_(random.integers(0, len(turns), len(lent)), columns)]


def _stretches(count: int, random: np.random.Generator) -> np.ndarray:
    """Proportions: most figures nearly a person's, some as children and comics draw them, with large heads."""
    n = len(stretched_parts)
    wild = random.random((count, 1)) < 0.3
    found = random.normal(0, 1, (count, n)) * np.where(wild, 0.22, 0.05)
    found += wild * random.normal(0, 0.12, (count, 1)) * (np.arange(n) < n - 1)
    found[:, -1] += wild[:, 0] * random.choice([0.0, 0.4, 1.0], count)
    return np.clip(found, -0.55, 2.0)


def _in_space(rig: PointRig, turns: np.ndarray, shape: np.ndarray, at_once: int = 2000) -> np.ndarray:
    """The rig's points about the pelvis (N, P, 3), metres, the root not turned."""
    found = []
    for first in range(0, len(turns), at_once):
        part = slice(first, first + at_once)
        placed = rig.placed(matrices(turns[part]), shape[part], np.zeros((len(turns[part]), 3)))
        found.append((placed.points - placed.joints[:, :1]).astype(np.float32))
    return np.concatenate(found)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))


# ── what is seen of it ──


class Lesson(NamedTuple):
    """What a network is shown (B, inputs), and what it should tell: turns (B, J, 3, 3), shape (B, S), up (B, 3)."""

    seen: Tensor
    turns: Tensor
    shape: Tensor
    up: Tensor


def lesson(pool: Pool, recipe: LiftRecipe, step: int) -> Lesson:
    """The figures of step number `step`, as chance cameras see and bad drawings show them."""
    random = seeded(recipe.seed, step)
    rows = torch.randint(len(pool.turns), (recipe.batch,), generator=random)
    turns = rotation.matrix(pool.turns[rows])
    R, eye, up = cameras(recipe.batch, random, anyhow=recipe.part == "hand")
    root = R @ turns[:, 0]
    in_camera = pool.points[rows] @ root.mT + eye[:, None]
    rays = in_camera[..., :2] / in_camera[..., 2:].clamp(min=0.05)
    turns = torch.cat([root[:, None], turns[:, 1:]], 1)
    if recipe.part == "hand":
        n = len(hand_points["right"])
        known = torch.rand(rays.shape[:2], generator=random) > 0.08
        known[:, 1:4] = True  # never nothing
        seen = shaken(Seen(rays[:, :n], known[:, :n]), recipe.hiding.noise, random)
        told = of_hand(seen, Seen(rays[:, n:], known[:, n:]))
    else:
        facing = (root @ _head_forward(turns)[..., None])[:, 2, 0]
        seen = shaken(Seen(rays, hidden(rays, facing, recipe.hiding, random)), recipe.hiding.noise, random)
        told = of_body(seen)
    return Lesson(told, turns, pool.shape[rows], up)


def _head_forward(turns: Tensor) -> Tensor:
    """Where the face looks (B, 3) in the pelvis' axes."""
    carried = torch.eye(3).expand(len(turns), 3, 3)
    for name in ("spine1", "spine2", "spine3", "neck", "head"):
        carried = carried @ turns[:, body_joints.index(name)]
    return carried[..., 2]


# ── what is made of its guesses ──


class Chain:
    """Joints and tips of a body at rest as tensors: where they come to lie when the joints turn."""

    def __init__(self, rig: PointRig, names: Sequence[str], tips: Mapping[str, str]) -> None:
        numbers = [_names.index(name) for name in names]
        above = [numbers.index(lines[n]) if lines[n] in numbers else -1 for n in numbers]
        places = rig.joints[numbers]
        self.bones = _tensor(places - np.where(np.array(above)[:, None] >= 0, places[above], places))
        depth = [0] * len(names)
        for i, parent in enumerate(above):
            depth[i] = depth[parent] + 1 if parent >= 0 else 0
        levels = [[i for i, d in enumerate(depth) if d == level] for level in range(1, max(depth) + 1)]
        self.levels = [(torch.tensor(level), torch.tensor([above[i] for i in level])) for level in levels]
        order = [0, *(i for level in levels for i in level)]
        self.back = torch.tensor([order.index(i) for i in range(len(names))])
        self.holders = torch.tensor([list(names).index(joint) for joint in tips.values()])
        self.arms = _tensor(
            np.stack([rig.at_rest(tip) - rig.joints[_names.index(joint)] for tip, joint in tips.items()])
        )

    @classmethod
    def of(cls, part: Part, rig: PointRig) -> Chain:
        """The chain of a part: joints, and the points that tell how its ends are turned."""
        if part == "hand":
            return cls(rig, hand_joints, {f"right_hand_{finger}_4": f"right_hand_{finger}_3" for finger in fingers})

        def holder(tip: str) -> str:
            side = tip.split("_")[0]
            if tip.endswith(_of_head):
                return "head"
            return f"{side}_wrist" if "hand" in tip else f"{side}_foot" if tip.endswith("toe") else f"{side}_ankle"

        return cls(rig, body_joints, {tip: holder(tip) for tip in _body_tips})

    def __call__(self, turns: Tensor) -> Tensor:
        """Joints and tips (B, J + T, 3), metres about the first joint, of turns (B, J, 3, 3)."""
        world: dict[int, Tensor] = {0: turns[:, :1]}
        place: dict[int, Tensor] = {0: turns.new_zeros(len(turns), 1, 3)}
        worlds, places, at = [world[0]], [place[0]], [0]
        for level, above in self.levels:
            where = torch.tensor([at.index(int(i)) for i in above])
            upper, lower = torch.cat(worlds, 1)[:, where], torch.cat(places, 1)[:, where]
            worlds.append(upper @ turns[:, level])
            places.append(lower + (upper @ self.bones[level][..., None]).squeeze(-1))
            at += level.tolist()
        found, held = torch.cat(places, 1)[:, self.back], torch.cat(worlds, 1)[:, self.back]
        tips = found[:, self.holders] + (held[:, self.holders] @ self.arms[..., None]).squeeze(-1)
        return torch.cat([found, tips], 1)


class Judged(NamedTuple):
    """A loss, and the mean distance of joints and tips, m, of the nearest guess and of the chosen one."""

    loss: Tensor
    nearest: Tensor
    chosen: Tensor


def judged(guesses: Guesses, told: Lesson, chain: Chain, share: float) -> Judged:
    """What guesses are worth: places and turns of the nearest one, and whether the network knows which that is."""
    count, joints = guesses.six.shape[1:3]
    turns = rotation.from_six(guesses.six)
    there = chain(told.turns)
    turned = (turns - told.turns[:, None]).square().flatten(2).sum(-1) / joints
    with torch.no_grad():  # places cost most: only those of the nearest guess are learnt from
        places = chain(turns.flatten(0, 1)).unflatten(0, (-1, count))
        off = (places - there[:, None]).norm(dim=-1).mean(-1)
        best = (10 * off + turned).argmin(1)
    rows = torch.arange(len(best), device=best.device)
    near = 10 * (chain(turns[rows, best]) - there).norm(dim=-1).mean(-1) + turned[rows, best]
    loss = (1 - share) * near.mean() + share * turned.mean() + 0.1 * F.cross_entropy(guesses.scores, best)
    if told.shape.shape[1]:
        loss = loss + 0.1 * (guesses.shape - told.shape).square().mean()
    loss = loss + 0.3 * (guesses.up - told.up).square().sum(1).mean()
    return Judged(loss, off[rows, best].mean(), off[rows, guesses.scores.argmax(1)].mean())


def begin(recipe: LiftRecipe) -> LiftNet:
    """The network before its first step."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return LiftNet(recipe.size)


def rig_of(part: Part, whole: PointRig) -> PointRig:
    """What of a body's rig a part is made of; `whole` has the body's points and is stretched."""
    if part == "body":
        return whole.chosen(body_points)
    return whole.chosen((*hand_points["right"], "right_elbow", "right_wrist"))
