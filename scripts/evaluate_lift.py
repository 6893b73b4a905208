"""Measures lifting on bodies that are known, and completion of hidden hands; writes the tables of docs/results-lift.md.

    python scripts/prepare_poses.py --data data --out poses
    python scripts/train_baselines.py --part body --kind gmm --poses poses --out baselines
    python scripts/evaluate_lift.py --poses poses --mixture baselines/body-gmm.safetensors --out lift.json

Held-out poses in bodies of chance shapes are projected by chance cameras, with 2 % noise. Compared are the same search
without a prior, with a Gaussian mixture and with DPoser-X, each at the strength that is best on other held-out poses;
the network's first guess alone; and examples with least squares, without any network.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.body_pose import BodyPose
from engine.lift import LiftRequest
from engine.lift_steps import NoPull
from engine.mixture import Mixture
from engine.pose_sets import PoseSet
from engine.stage import Stage
from scripts.evaluation.lifting import (
    Answer,
    Drawn,
    Found,
    MixturePull,
    by_first_guess,
    by_fitter,
    by_search,
    drawn,
    energies,
    measured,
    skeletons,
    with_settings,
)
from scripts.evaluation.tables import Column, Row, Table

columns = (
    Column("MPJPE, mm"), Column("PA-MPJPE, mm"), Column("best of its readings, mm"),
    Column("off the drawn points, % of the box", "{:.2f}"), Column("off the true points, %", "{:.2f}"),
    Column("ms a figure", "{:.0f}"),
)  # fmt: skip
strengths = (5.0, 10.0, 20.0, 40.0)
likings = (20.0, 40.0)
mixture_strengths = (0.1, 0.3, 1.0, 3.0, 10.0)
mixture_likings = (0.0, 0.2)


class Contest:
    """Everybody who is compared, tuned on some figures."""

    def __init__(self, stage: Stage, mixture: Mixture, tuning: Sequence[Drawn]) -> None:
        self.body, self.lifter = stage.body(), stage.lifter()
        self.mixture, self.told = mixture, {}
        self.ours = self._tuned(tuning, "ours", itertools.product(strengths, likings), self._natural)
        self.theirs = self._tuned(
            tuning, "mixture", itertools.product(mixture_strengths, mixture_likings), self._mixture
        )

    def _natural(self, strength: float, liking: float) -> Answer:
        lifter = with_settings(self.lifter, strength=strength)
        return by_search(lifter, lambda: lifter.pull(1.0, 0), lifter.natural.unnatural, liking)

    def _mixture(self, strength: float, liking: float) -> Answer:
        return by_search(self.lifter, lambda: MixturePull(self.mixture, strength), energies(self.mixture), liking)

    def _tuned(
        self, tuning: Sequence[Drawn], name: str, choices: Iterable[tuple[float, float]],
        make: Callable[[float, float], Answer],
    ) -> Answer:  # fmt: skip
        found = {choice: measured(self.body, tuning, make(*choice)).mpjpe for choice in choices}
        best = min(found, key=found.__getitem__)
        self.told[name] = {"strength": best[0], "liking": best[1], "mpjpe": found[best]}
        print(f"{name}: best at strength {best[0]:g}, liking {best[1]:g}: {found[best]:.1f} mm")
        return make(*best)

    def answers(self) -> dict[str, Answer]:
        """Each contestant by its name."""

        def lifted(one: Drawn) -> list[BodyPose]:
            found = self.lifter.lifted(one.person, one.camera, LiftRequest())
            return [reading.pose for reading in found.readings]

        return {
            "examples and least squares": by_fitter(self.lifter),
            "first guess alone": by_first_guess(self.lifter),
            "first guess, search without a prior": by_search(self.lifter, NoPull, self.lifter.natural.unnatural, 0.0),
            "first guess, search with a Gaussian mixture": self.theirs,
            "first guess, search with DPoser-X": self.ours,
            "lift as in the studio, hands and jaw too": lifted,
        }


def main() -> None:
    args = arguments().parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    torch.set_num_threads(args.threads)
    stage = Stage()
    body = stage.body()
    poses, hands = (PoseSet.load(args.poses / f"{part}_held_out.npz") for part in ("body", "hand"))
    contest = Contest(stage, Mixture.load(args.mixture), drawn(body, poses, hands, args.tuning, args.seed + 1))
    told = {"tuned": contest.told}
    for title, skeleton in skeletons.items():
        figures = drawn(body, poses, hands, args.figures, args.seed, skeleton)
        found = {name: measured(body, figures, answer) for name, answer in contest.answers().items()}
        told[title] = {name: vars(one) for name, one in found.items()}
        rows = tuple(Row(name, one.cells) for name, one in found.items())
        print(f"\n{Table(f'{title}, {args.figures} figures', columns, rows).markdown()}\n{claims(found)}")
    args.out.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def claims(found: dict[str, Found]) -> str:
    """What was expected of the prior, and what came out."""
    mine, none, mixed = (
        found[f"first guess, search {how}"].mpjpe
        for how in ("with DPoser-X", "without a prior", "with a Gaussian mixture")
    )
    return (
        f"\nDPoser-X is {100 * (1 - mine / none):.0f} % below no prior (20 wanted), "
        f"{100 * (1 - mine / mixed):.0f} % below the mixture (10 wanted)."
    )


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--poses", type=Path, required=True, metavar="DIR", help="what scripts/prepare_poses.py wrote")
    add("--mixture", type=Path, required=True, help="a Gaussian mixture that scripts/train_baselines.py wrote")
    add("--out", type=Path, default=Path("lift.json"))
    add("--figures", type=int, default=60)
    add("--tuning", type=int, default=20, help="figures that strengths are tuned on")
    add("--seed", type=int, default=0)
    add("--threads", type=int, default=2)
    return parser


if __name__ == "__main__":
    main()
