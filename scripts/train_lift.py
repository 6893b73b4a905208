"""Trains what lifts a drawn figure into space in one step: the studio's first guess, which its searches start from.

    python scripts/prepare_poses.py --data data --out poses
    python scripts/train_lift.py --part body --poses poses --out lift-body
    python scripts/train_lift.py --part hand --poses poses --out lift-hand

OUT/model.safetensors is the network by the running mean of its weights, in half precision; OUT/state.safetensors what
--resume goes on from, bit by bit; OUT/metrics.csv and held_out.csv have what it came to. Ctrl-C ends after the step.
"""

import argparse
import math
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.body import Body
from engine.fit import stretched_parts
from engine.initialiser import save_net
from engine.lift_input import body_points
from engine.lift_training import (
    Chain,
    LiftRecipe,
    Part,
    Pool,
    begin,
    body_betas,
    body_pool,
    hand_pool,
    judged,
    lesson,
    recipe_of,
    rig_of,
)  # fmt: skip
from engine.point_rig import PointRig
from engine.pose_sets import PoseSet
from engine.stage import folder
from engine.training import Ema, Metrics, load_state, save_state
from scripts.ending import on_interrupt

judgements = 16  # batches that a held-out figure is the mean over


class Training:
    """One run: the network, its optimiser and figures, the step it has reached, and the files it leaves in `out`."""

    def __init__(self, recipe: LiftRecipe, poses: Path, out: Path, resume: bool = False) -> None:
        self.recipe, self.out, self.step, self.ending = recipe, out, 0, False
        whole = PointRig.of(Body.load(folder / "contrapposto_neutral.npz"), body_points, body_betas)
        rig = rig_of(recipe.part, whole.stretched(stretched_parts))
        self.chain = Chain.of(recipe.part, rig)
        self.pool = pool_of(recipe, rig, poses, "train", recipe.pool)
        self.held_out = pool_of(recipe, rig, poses, "held_out", min(8192, recipe.pool))
        self.net = begin(recipe)
        self.weights = dict(self.net.named_parameters())
        self.optimizer = torch.optim.AdamW(
            self.weights.values(), recipe.learning_rate, weight_decay=recipe.decay, fused=True
        )
        self.ema = Ema(self.weights, recipe.ema)
        if resume:
            names = list(self.weights)
            self.step = load_state(out / "state.safetensors", recipe, self.net, self.optimizer, names, self.ema)["step"]

    def run(self, every: int, judge_every: int) -> None:
        """Trains up to the recipe's last step, or the end of the step in which an interrupt came, and saves."""
        metrics = Metrics(self.out / "metrics.csv", self.step, ("loss", "nearest", "chosen", "seconds"))
        held_out = Metrics(self.out / "held_out.csv", self.step, ("loss", "nearest", "chosen"))
        sums, began, made = torch.zeros(3), time.perf_counter(), 0
        while self.step < self.recipe.steps and not self.ending:
            sums += torch.stack(self._one_step())
            self.step, made = self.step + 1, made + 1
            if self.step % every == 0:
                loss, nearest, chosen = (sums / made).tolist()
                if not math.isfinite(loss):
                    raise ArithmeticError(f"a loss before step {self.step} is no number; the state saved stands")
                took = (time.perf_counter() - began) / made
                metrics.add(self.step, loss, nearest, chosen, took)
                left = (self.recipe.steps - self.step) * took / 60
                print(f"step {self.step}: loss {loss:.4f}, {1000 * nearest:.0f} mm the nearest guess, "
                      f"{1000 * chosen:.0f} the chosen, {1 / took:.1f} steps/s, {left:.0f} min left")  # fmt: skip
                sums, began, made = torch.zeros(3), time.perf_counter(), 0
            if self.step % judge_every == 0:
                found = self.judge()
                held_out.add(self.step, *found)
                print(
                    f"step {self.step}: held out {1000 * found[1]:.0f} mm the nearest, {1000 * found[2]:.0f} the chosen"
                )
                self.save()
                began = time.perf_counter()
        self.save()

    def end(self) -> None:
        """Lets the run end after the step it is in."""
        self.ending = True

    def _one_step(self) -> tuple[torch.Tensor, ...]:
        recipe = self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate(self.step)
        told = lesson(self.pool, recipe, self.step)
        found = judged(self.net(told.seen), told, self.chain, recipe.share)
        found.loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self.weights.values()), recipe.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.ema.follow(self.weights, self.step + 1)
        return tuple(value.detach() for value in found)

    @torch.no_grad()
    def judge(self) -> tuple[float, float, float]:
        """Loss and distances, m, of the running mean on held-out figures, always the same."""
        still = replace(self.recipe, seed=self.recipe.seed + 1)
        with self.ema.worn(self.weights):
            each = []
            for n in range(judgements):
                told = lesson(self.held_out, still, n)
                each.append(torch.stack(judged(self.net(told.seen), told, self.chain, self.recipe.share)))
        loss, nearest, chosen = torch.stack(each).mean(0).tolist()
        return loss, nearest, chosen

    def save(self) -> None:
        """Writes the state and the network; the former ones stay until then."""
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / "state.safetensors"
        save_state(path, self.recipe, self.step, self.net, self.optimizer, list(self.weights), self.ema, {})
        with self.ema.worn(self.weights):
            save_net(self.net, self.out / "model.safetensors", self.recipe.part, {"steps": str(self.step)})


def pool_of(recipe: LiftRecipe, rig: PointRig, poses: Path, split: str, count: int) -> Pool:
    """The figures of a split of the pose sets."""
    bodies, hands = (PoseSet.load(poses / f"{part}_{split}.npz") for part in ("body", "hand"))
    if recipe.part == "body":
        return body_pool(rig, bodies, hands, count, recipe.seed)
    return hand_pool(rig, hands, bodies, count, recipe.seed)


def main() -> None:
    args = arguments().parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # lines appear in a log as they come
    if args.threads:
        torch.set_num_threads(args.threads)
    part: Part = args.part
    recipe = recipe_of(part, args.preset)
    asked = {name: value for name in ("steps", "batch", "pool", "seed") if (value := getattr(args, name)) is not None}
    try:
        training = Training(replace(recipe, **asked), args.poses, args.out, args.resume)

        on_interrupt(training.end)
        every = max(1, min(100, training.recipe.steps // 10))
        training.run(every, 10 * every)
    except (ValueError, OSError, ArithmeticError) as error:
        sys.exit(f"train_lift: {error}")
    print(f"step {training.step}: {args.out / 'model.safetensors'} is ready; --resume goes on from here")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--part", choices=("body", "hand"), required=True)
    add("--preset", choices=("open", "tiny"), default="open")
    add("--poses", type=Path, required=True, metavar="DIR", help="what scripts/prepare_poses.py wrote")
    add("--out", type=Path, required=True, metavar="DIR")
    add("--resume", action="store_true", help="go on from OUT/state.safetensors, with the same recipe")
    add("--steps", type=int, help="in all; the learning rate has fallen to nothing there")
    add("--batch", type=int, help="figures a step")
    add("--pool", type=int, help="figures made beforehand")
    add("--seed", type=int)
    add("--threads", type=int, help="of the processor (default: all cores)")
    return parser


if __name__ == "__main__":
    main()
