"""Trains a pose prior: DPoser-X's networks, from the pose sets that scripts/prepare_poses.py writes.

    python scripts/train_dposer.py --part body --preset open --poses poses --out body
        what this project ships, in about an hour on one core of a processor
    python scripts/train_dposer.py --part wholebody --model mixed --preset open --poses poses --base priors --out mixed
        whole bodies, over the body.safetensors, hand.safetensors and face.safetensors of the folder priors
    accelerate launch scripts/train_dposer.py --part body --preset paper --poses amass --out body
        the paper's sizes and numbers, on as many GPUs as it is launched on (the paper: four)

OUT/model.safetensors is the prior, by the running mean of its weights; OUT/state.safetensors what --resume goes on
from, bit by bit on a processor; OUT/metrics.csv and held_out.csv have the losses. Ctrl-C ends after the step and saves.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import torch
from accelerate import Accelerator

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.networks.dposer import Model, Part
from engine.pose_sets import PoseSet
from engine.prior import About, HandZero
from engine.prior_file import save_prior
from engine.prior_training import Masking, Objective, Poses, Preset, Recipe, begin, held_out_loss, judging, recipe_of
from engine.training import Ema, Metrics, load_state, save_state, seed_of
from scripts.ending import on_interrupt

state_name, model_name = "state.safetensors", "model.safetensors"
held_out_poses = 8192  # that a held-out loss is the mean over


def _quiet(*_: object) -> None:
    pass


class Training:
    """One run: the prior, its optimiser and poses, the step it has reached, and the files it leaves in `out`.

    `tell` hears a line for the user now and then; `note` hears figures: name, value, step.
    """

    def __init__(
        self,
        recipe: Recipe,
        train: PoseSet,
        held_out: PoseSet,
        out: Path,
        about: About,
        base: Path | None = None,
        resume: bool = False,
        compiled: bool = False,
        tell: Callable[[str], object] = print,
        note: Callable[[str, float, int], object] = _quiet,
    ) -> None:
        self.recipe, self.out, self.about = recipe, out, about
        self.accelerator = Accelerator(mixed_precision="no" if recipe.precision == "fp32" else recipe.precision)
        device, first = self.accelerator.device, self.accelerator.is_main_process
        self.tell, self.note = (tell, note) if first else (_quiet, _quiet)
        self.prior = begin(recipe, train, about, base).to(device)
        self.bare = Objective(self.prior, recipe).train()
        if device.type == "cpu" and not compiled:
            self.bare.quicken()
        self.weights = self.bare.weights()
        kind = torch.optim.RAdam if recipe.optimizer == "radam" else torch.optim.Adam
        optimizer = kind(list(self.weights.values()), recipe.learning_rate, recipe.betas, recipe.epsilon)
        self.ema = Ema(self.weights, recipe.ema)
        objective: Any = self.accelerator.prepare(self.bare)
        self.objective = torch.compile(objective) if compiled else objective
        self.optimizer: Any = self.accelerator.prepare(optimizer)
        self.poses = Poses(train, self.prior.normaliser, recipe, device)
        self.held_out = Poses(held_out, self.prior.normaliser, judging(recipe), device)
        self.step, self.pause = 0, 0.0  # pause: how long the last judgement or saving took, s
        if resume:
            state = load_state(out / state_name, recipe, self.prior.diffusion, self.optimizer, self._names(), self.ema)
            self._same_poses(state)
            self.step = state["step"]

    def run(self, every: int = 100, judge_every: int = 1000, save_every: int = 2000) -> None:
        """Trains up to the recipe's last step, or to the end of the step in which an interrupt signal came.

        Figures are kept every `every` steps, held-out poses judged every `judge_every`; saves every `save_every` and
        at the end. ArithmeticError, and nothing is saved, when a loss is no number.
        """
        here, steps = self.accelerator, self.recipe.steps
        metrics = self._table("metrics.csv", "loss", "gradient", "rate", "seconds")
        judged = self._table("held_out.csv", "loss", "asked")
        sums, since, made = torch.zeros(2, device=here.device), time.perf_counter(), 0
        while self.step < steps and not here.check_trigger():
            sums += torch.stack(self._one_step())
            self.step, made = self.step + 1, made + 1
            if self.step % every == 0 or self.step == steps:
                loss, gradient = (sums / made).tolist()
                if not math.isfinite(loss):
                    raise ArithmeticError(f"a loss before step {self.step} is no number; the state saved stands")
                took = (time.perf_counter() - since) / made
                metrics(loss, gradient, self.recipe.rate(self.step - 1), took)
                if self.step % (10 * every) == 0 or self.step == steps:
                    left = (steps - self.step) * took / 60
                    self.tell(
                        f"step {self.step} of {steps}: loss {loss:.5f}, {1 / took:.1f} steps/s, {left:.0f} min left"
                    )
                sums, since, made = sums.zero_(), time.perf_counter(), 0
            if self.step % judge_every == 0 or self.step == steps:
                judged(*self.judge())
                since += self.pause
            if self.step % save_every == 0 and self.step < steps:
                self.save()
                since += self.pause
        self.save()

    def _one_step(self) -> tuple[torch.Tensor, torch.Tensor]:
        """One step of the optimiser: its loss, and the gradient's norm before it is clipped."""
        recipe, here = self.recipe, self.accelerator
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate(self.step)
        batch = self.poses.batch(self.step, here.process_index)
        torch.manual_seed(seed_of(recipe.seed, self.step, here.process_index, 1))  # of the dropout
        loss = self.objective(batch).mean()
        here.backward(loss)
        norm = here.clip_grad_norm_(list(self.weights.values()), recipe.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.ema.follow(self.weights, self.step + 1)
        return loss.detach(), torch.as_tensor(norm, device=loss.device).detach()

    def judge(self) -> tuple[float, float]:
        """The held-out loss of the running mean: over all times, and over those that tasks ask at."""
        began = time.perf_counter()
        with self.ema.worn(self.weights):
            loss, asked = held_out_loss(self.bare, self.held_out, min(held_out_poses, 16 * len(self.held_out)))
        self.tell(f"step {self.step}: held out {loss:.5f}, at times that tasks ask at {asked:.5f}")
        self.pause = time.perf_counter() - began
        return loss, asked

    # ── files ──

    def save(self) -> None:
        """Writes the state and the prior; the former ones stay until then."""
        began = time.perf_counter()
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            self.out.mkdir(parents=True, exist_ok=True)
            save_state(
                self.out / state_name, self.recipe, self.step, self.prior.diffusion, self.optimizer, self._names(),
                self.ema, {"poses": len(self.poses), "name": self.about.name},
            )  # fmt: skip
            self.prior.about = replace(self.about, notes={**self.about.notes, "steps": str(self.step)})
            with self.ema.worn(self.weights):
                save_prior(self.prior, self.out / model_name)
        self.bare.train()
        self.pause = time.perf_counter() - began

    def _names(self) -> list[str]:
        return list(self.weights)

    def _same_poses(self, state: dict[str, Any]) -> None:
        if state["poses"] != len(self.poses):
            raise ValueError(f"expected the {state['poses']} poses it began with, got {len(self.poses)}")

    def _table(self, name: str, *columns: str) -> Callable[..., None]:
        """Adds rows to a table among the files, and tells their figures."""
        if not self.accelerator.is_main_process:
            return _quiet
        table = Metrics(self.out / name, self.step, columns)

        def add(*values: float) -> None:
            table.add(self.step, *values)
            for column, value in zip(columns, values, strict=True):
                self.note(f"{name.removesuffix('.csv')}/{column}", value, self.step)

        return add


# ── the command ──


def main() -> None:
    args = arguments().parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # lines appear in a log as they come
    if args.threads:
        torch.set_num_threads(args.threads)
    try:
        recipe = changed(recipe_of(args.preset, args.part, args.model or natural_model(args.part)), args)
        train, held_out = (PoseSet.load(args.poses / f"{args.part}_{split}.npz") for split in ("train", "held_out"))
        note = tensorboard(args.out / "tensorboard") if args.tensorboard else _quiet
        training = Training(
            recipe, train, held_out, args.out, about(args, recipe, train), args.base, args.resume, args.compile,
            note=note,
        )  # fmt: skip
        training.tell(
            f"{args.part} {recipe.model}: {sum(p.numel() for p in training.weights.values()) / 1e6:.2f} M weights, "
            f"{len(train)} poses, {len(held_out)} held out, {training.accelerator.device}"
        )
        on_interrupt(training.accelerator.set_trigger)
        every = max(1, min(100, recipe.steps // 10))
        training.run(every, 10 * every, args.save_every or 20 * every)
    except (ValueError, OSError, ArithmeticError, ImportError) as error:
        sys.exit(f"train_dposer: {error}")
    training.tell(f"step {training.step}: {args.out / model_name} is ready; --resume goes on from here")
    training.accelerator.end_training()


def natural_model(part: Part) -> Model:
    """The model of a part that is asked for without one."""
    return "mixed" if part == "wholebody" else "base"


def changed(recipe: Recipe, args: argparse.Namespace) -> Recipe:
    """The preset with what the command changes about it."""
    names = ("steps", "batch", "learning_rate", "warmup", "mix", "masking", "precision", "seed")
    return replace(recipe, **{name: value for name in names if (value := getattr(args, name)) is not None})


def about(args: argparse.Namespace, recipe: Recipe, train: PoseSet) -> About:
    """What the prior's file tells of where it comes from."""
    notes = {
        "preset": args.preset,
        "poses": str(len(train)),
        "clips": str(len(train.clip_names)),
        "batch": str(recipe.batch),
        "seed": str(recipe.seed),
    }
    if recipe.model == "mixed":
        notes["masking"] = f"{recipe.masking}, {recipe.hidden:g}"
    return About(args.name, args.hands, notes)


def tensorboard(folder: Path) -> Callable[[str, float, int], None]:
    """Writes figures for TensorBoard, which is among the developer's requirements."""
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder)).add_scalar


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--part", choices=("body", "hand", "face", "face-shape", "wholebody"), required=True)
    add("--model", choices=get_args(Model), help="default: base, of a whole body mixed")
    add("--preset", choices=get_args(Preset), default="open")
    add("--poses", type=Path, required=True, metavar="DIR", help="with PART_train.npz and PART_held_out.npz")
    add("--out", type=Path, required=True, metavar="DIR")
    add("--base", type=Path, metavar="DIR", help="priors of body, hand and face, for a whole body")
    add("--resume", action="store_true", help="go on from OUT/state.safetensors, with the same recipe")
    add("--steps", type=int, help="in all; the learning rate has fallen to nothing there")
    add("--batch", type=int, help="poses a step in each process")
    add("--learning-rate", type=float)
    add("--warmup", type=int, metavar="STEPS")
    add("--mix", type=float, metavar="CHANCE", help="of a body to get another's upper half")
    add("--mask", dest="masking", choices=get_args(Masking), help="hide parts as the paper says or as its code does")
    add("--precision", choices=("fp32", "bf16"))
    add("--seed", type=int)
    add("--threads", type=int, help="of the processor (default: all cores)")
    add("--compile", action="store_true", help="torch.compile: faster on a GPU")
    add("--save-every", type=int, metavar="STEPS")
    add("--tensorboard", action="store_true", help="figures in OUT/tensorboard too")
    add("--name", default="dposer-open", help="of the prior, in its file")
    add("--hands", choices=get_args(HandZero), default="flat", help="where the poses count hands from")
    return parser


if __name__ == "__main__":
    main()
