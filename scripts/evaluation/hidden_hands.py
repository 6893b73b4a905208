"""A hidden hand, completed: the best of a few answers against the mean hand, in millimetres from the wrist.

python -m scripts.evaluation.hidden_hands --poses DIR [--hands 300] [--choices 5] [--seed 0]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.body import Body
from engine.complete import quick
from engine.pose_sets import PoseSet, parted
from engine.prior import Prior
from engine.priors import open_priors
from engine.skeleton import smplx55
from engine.tasks.completion import Completion, complete
from engine.tasks.vectors import hand_joints, hidden_by, one_hand, posed

chunk = 100  # bodies at a time
wanted = 25.0  # percent below the mean hand


@dataclass(frozen=True)
class HiddenHands:
    """Mean distances (mm) of a hidden hand's 15 joints, from the wrist: of the mean hand of the training poses, of the
    body file's relaxed hand, of the best answer and of any answer. `turned`: the wrist's turn is found too; `fingers`:
    it is given. `better` is how much, in percent, the best answer is below the mean hand."""

    count: int
    mean: float
    relaxed: float
    best: float
    any: float
    fingers_mean: float
    fingers_best: float

    @property
    def better(self) -> float:
        return 100 * (1 - self.best / self.mean)

    @property
    def fingers_better(self) -> float:
        return 100 * (1 - self.fingers_best / self.fingers_mean)


def hidden_hands(
    body: Body, prior: Prior, held_out: PoseSet, train: PoseSet, count: int = 300, choices: int = 5, seed: int = 0,
    settings: Completion = quick,
) -> HiddenHands:  # fmt: skip
    """One hand and its wrist hidden of `count` held-out whole bodies that have both, the side by chance."""
    true, available = _drawn(held_out, count, seed)
    mean = _mean(train)
    relaxed = mean.clone()
    for side, hand in zip(("left", "right"), body.hand_mean, strict=True):
        relaxed[hidden_by("wholebody", list(hand_joints[side]))] = torch.from_numpy(hand).float().flatten()
    hidden = one_hand(len(true), seed)
    fingers = hidden.clone()
    fingers[:, :63] = False
    answers = torch.cat(
        [
            complete(
                prior, true[at], hidden[at], settings, choices, seed, available=available[at]
            )
            for at in torch.arange(len(true)).split(chunk)
        ]
    )  # fmt: skip

    def off(found: Tensor, what: Tensor) -> Tensor:
        return _off(body, torch.where(what, found, true), true, hidden)

    whole = torch.stack([off(answers[:, k], hidden) for k in range(choices)], 1)
    alone = torch.stack([off(answers[:, k], fingers) for k in range(choices)], 1)
    return HiddenHands(
        len(true),
        mean=float(off(mean, hidden).mean()),
        relaxed=float(off(relaxed, hidden).mean()),
        best=float(whole.min(1)[0].mean()),
        any=float(whole.mean()),
        fingers_mean=float(off(mean, fingers).mean()),
        fingers_best=float(alone.min(1)[0].mean()),
    )


def _both_hands(poses: PoseSet) -> tuple[PoseSet, np.ndarray]:
    """The bodies that have both hands, and what there is of each (n, 4)."""
    if poses.available is None:
        raise ValueError(f"expected whole bodies, got poses of {poses.part}")
    there = poses.available[:, [parted.index(name) for name in ("body", "left_hand", "right_hand")]]
    rows = np.flatnonzero(there.all(axis=1))
    return poses.chosen(rows), poses.available[rows]


def _drawn(poses: PoseSet, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Bodies (n, 256) with both hands, by their weights, and what there is of each (n, 4)."""
    chosen, available = _both_hands(poses)
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(chosen), min(count, len(chosen)), replace=False, p=chosen.chances)
    return torch.from_numpy(chosen.poses[rows]), torch.from_numpy(available[rows])


def _mean(poses: PoseSet) -> Tensor:
    """The mean (256,) of the bodies that have both hands."""
    chosen, _ = _both_hands(poses)
    return torch.from_numpy(chosen.chances @ chosen.poses).float()


@torch.no_grad()
def _off(body: Body, found: Tensor, true: Tensor, hidden: Tensor) -> Tensor:
    """How far (n,), mm, the hidden hand's joints are off, from the wrist."""
    here, there = (body.joints(posed(body, "wholebody", some)) for some in (found, true))
    names = smplx55.joints
    errors = []
    for side in ("left", "right"):
        wrist, rows = names.index(f"{side}_wrist"), [names.index(name) for name in hand_joints[side]]
        gap = (here[:, rows] - here[:, wrist, None]) - (there[:, rows] - there[:, wrist, None])
        errors.append(1000 * gap.norm(dim=-1).mean(1))
    left = (hidden & hidden_by("wholebody", "left_hand")).any(1)
    return torch.where(left, errors[0], errors[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poses", type=Path, required=True, help="folder with wholebody_train.npz and _held_out.npz")
    parser.add_argument("--hands", type=int, default=300)
    parser.add_argument("--choices", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    root = Path(__file__).parent.parent.parent
    body = Body.load(root / "assets" / "body" / "contrapposto_neutral.npz")
    sets = [PoseSet.load(args.poses / f"wholebody_{split}.npz") for split in ("held_out", "train")]
    prior = open_priors().prior("wholebody", "fused")
    found = hidden_hands(body, prior, sets[0], sets[1], args.hands, args.choices, args.seed)
    print(
        f"{found.count} hidden hands, wrist and fingers, mm: mean hand {found.mean:.1f}, relaxed {found.relaxed:.1f},"
    )
    print(f"best of {args.choices} {found.best:.1f} ({found.better:.0f} % below the mean), any {found.any:.1f}")
    print(
        f"fingers alone: mean {found.fingers_mean:.1f}, best {found.fingers_best:.1f} "
        f"({found.fingers_better:.0f} % below)"
    )


if __name__ == "__main__":
    main()
