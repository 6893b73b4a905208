"""Trains SP-Ctrl: a ControlNet that reads where each joint is, and learned words for the joints, on a frozen base.

    python scripts/train_spctrl.py --preset tiny --out tiny
        a small random base on mannequins it paints itself, in some minutes, to see that everything works
    python scripts/train_spctrl.py --preset mini --base assets/weights/sd-mini --data world/portraits.json \\
        --images world --steps 4500 --out mini
        on this project's own small base and rendered world, on a processor
    python scripts/train_spctrl.py --out mini --export spctrl-mini --strength 1.5
        what is shipped of it
    python scripts/train_spctrl.py --preset mini --base assets/weights/sd-mini --data world/train.json \\
        --images world --begin-with mini --out scenes
        and on from there, with other pictures
    accelerate launch scripts/train_spctrl.py --preset paper-ap10k --base stable-diffusion-v1-5 --out animals \\
        --data AP-10K_triplet/train_split1.jsonl --images AP-10K_triplet/data
        the paper's model, 20 pictures a step on one GPU, from the diffusers folder of Stable Diffusion 1.5

--data and --images come in pairs and may be given several times: lines of AP-10K or Human-Art (scripts/prepare_ap10k.py
and prepare_humanart.py write them), or annotations in COCO's form whose images have a caption, as the rendered world.
OUT/model is a folder that the studio loads, OUT/state.safetensors what --resume goes on from, bit by bit on a CPU;
OUT/metrics.csv has a line a step, OUT/samples_*.png what is painted by then. Ctrl-C ends after the step and saves.
"""

import math
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, default_collate
from transformers.utils.logging import disable_progress_bar

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.data import Batches, loader
from engine.loss_weights import by_deviation
from engine.paint_loading import read_control
from engine.paint_map import colored
from engine.painter import Base
from engine.spctrl_data import Samples, Showing, Words
from engine.spctrl_learned import begin, strengthen, write
from engine.spctrl_pictures import PosedPictures
from engine.spctrl_recipe import Recipe, rate, rate_of_words
from engine.spctrl_training import Objective, base_mark, encoded, optimizer_of, painted
from engine.training import Ema, Metrics, load_state, load_weights, read_about, replace_folder, save_state
from scripts.ending import on_interrupt
from scripts.spctrl_arguments import arguments, base_of, pictures_of, recipe_of, state_name

model_name, base_name, metrics_name = "model", "base", "metrics.csv"
shown = 4  # pictures in a picture of samples
weighed = 256  # pictures whose latents tell what each channel counts
sampling_steps = 20


class Training:
    """One run: what is learned, its optimiser and samples, the step it has reached, and the files it leaves in `out`.

    `tell` hears a line for the user now and then.
    """

    def __init__(
        self,
        recipe: Recipe,
        pictures: PosedPictures,
        base: Base,
        out: Path,
        conditions: Path | None = None,
        resume: bool = False,
        workers: int = 0,
        checkpointing: bool = False,
        begin_with: Path | None = None,
        tell: Callable[[str], object] = print,
    ) -> None:
        self.recipe, self.base, self.out, self.workers = recipe, base, out, workers
        self.accelerator = Accelerator(
            mixed_precision="no" if recipe.precision == "fp32" else recipe.precision,
            gradient_accumulation_steps=recipe.accumulate,
            kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
        )
        self.tell = tell if self.accelerator.is_main_process else lambda _line: None
        showing = Showing(
            recipe.side, recipe.condition, conditions, recipe.target, recipe.empty, recipe.named, recipe.body
        )
        words = Words(base.parts["tokenizer"], pictures.kind)
        self.samples = Samples(pictures, words, showing, recipe.seed)
        plain = replace(showing, empty=0.0, named=float(recipe.words))
        self.unchanged = Samples(pictures, words, plain, recipe.seed)
        self.mark = base_mark(base)
        self.learned = begin(recipe, base)
        if begin_with and not resume:  # what is resumed had begun with it
            self._begin_with(begin_with / state_name)
        counts = self._counts() if recipe.weigh_channels else None
        objective = Objective(self.learned, recipe, base, counts).to(self.accelerator.device)
        if checkpointing:
            self.learned.net.enable_gradient_checkpointing()
            objective.unet.enable_gradient_checkpointing()
        self.weights = objective.trained()
        self.words = [value for value in self.weights.values() if value is self.learned.words]
        self.others = [value for value in self.weights.values() if value is not self.learned.words]
        self.ema = None if recipe.ema is None else Ema(self.weights, recipe.ema)
        self.plain = objective
        optimizer = optimizer_of(self.words, self.others, recipe)
        self.objective, self.optimizer = self.accelerator.prepare(objective, optimizer)
        self.step = 0
        if resume:
            self._load()

    @torch.no_grad()
    def _counts(self) -> Tensor:
        """What each channel of the latents counts, by the first pictures."""
        vae = self.base.parts["vae"]
        pixels = torch.stack([self.unchanged[0, n]["pixels"] for n in range(min(weighed, len(self.unchanged)))])
        return by_deviation(encoded(vae, pixels))

    @property
    def pictures_a_step(self) -> int:
        return self.recipe.batch * self.recipe.accumulate * self.accelerator.num_processes

    @property
    def steps_an_epoch(self) -> int:
        return math.ceil(len(self.samples) / self.pictures_a_step)

    def run(self, steps: int, every: int = 50, save_every: int = 1000) -> list[tuple[float, float]]:
        """Trains up to step number `steps`; the losses (noise, words' attention) of each step made.

        Ends early, after a step, once the interrupt signal came. Saves every `save_every` steps and at the end;
        ArithmeticError, and nothing is saved, when a loss is no number.
        """
        losses: list[tuple[float, float]] = []
        batches = iter(self._loader())
        columns = ("noise", "concepts", "gradient", "word_gradient", "word_rate", "seconds")
        metrics = Metrics(self.out / metrics_name, self.step, columns) if self.accelerator.is_main_process else None
        started = time.perf_counter()
        while self.step < steps and not self.accelerator.check_trigger():
            since = time.perf_counter()
            word_rate = rate_of_words(self.recipe, self.step, self.steps_an_epoch)
            noise, concepts, *norms = self._one_step(batches, word_rate)
            self.step += 1
            if not math.isfinite(noise + concepts):
                raise ArithmeticError(f"the loss of step {self.step} is no number; the state saved before it stands")
            losses.append((noise, concepts))
            if metrics:
                metrics.add(self.step, noise, concepts, *norms, word_rate, time.perf_counter() - since)
            if self.step % every == 0 or self.step == steps:
                recent = np.mean(losses[-every:], axis=0)
                left = (steps - self.step) * (time.perf_counter() - started) / len(losses)
                self.tell(
                    f"step {self.step} of {steps}: noise {recent[0]:.5f}, words {recent[1]:.5f}, "
                    f"about {left / 60:.1f} min left"
                )
            if self.step % save_every == 0 and self.step < steps:
                self.save()
        self.save()
        return losses

    def _one_step(self, batches: Any, word_rate: float) -> tuple[float, float, float, float]:
        """One step of the optimiser: both losses, and the gradients' norms before they are clipped, the words' last."""
        sums, norm, word_norm = torch.zeros(2, device=self.accelerator.device), torch.zeros(()), torch.zeros(())
        if self.words:
            self.optimizer.param_groups[0]["lr"] = word_rate
        self.optimizer.param_groups[-1]["lr"] = rate(self.recipe, self.step)
        for part in range(self.recipe.accumulate):
            batch = self._moved(next(batches))
            with self.accelerator.accumulate(self.objective):
                seed = (self.recipe.seed, self.step, part, self.accelerator.process_index)
                noise, concepts = self.objective(batch, seed)
                self.accelerator.backward(noise + concepts)
                if self.accelerator.sync_gradients:
                    norm = self.accelerator.clip_grad_norm_(self.others, self.recipe.clip)  # unscales the words' too
                    if self.words:
                        word_norm = nn.utils.clip_grad_norm_(self.words, self.recipe.clip)
                self.optimizer.step()
                self.optimizer.zero_grad()
            sums += torch.stack([noise.detach(), concepts.detach()]) / self.recipe.accumulate
        if self.ema is not None:
            self.ema.follow(self.weights, self.step)
        noise, concepts = self.accelerator.reduce(sums, "mean").tolist()  # type: ignore[union-attr]
        return noise, concepts, float(norm), float(word_norm)  # type: ignore[arg-type]

    def _moved(self, batch: dict[str, Any]) -> dict[str, Any]:
        here = self.accelerator.device
        return {name: v.to(here) if isinstance(v, Tensor) and name != "places" else v for name, v in batch.items()}

    def _loader(self) -> DataLoader:
        first, here = self.step * self.recipe.accumulate, self.accelerator
        order = Batches(
            len(self.samples), self.recipe.batch, self.recipe.seed, first, here.process_index, here.num_processes
        )
        return loader(self.samples, order, self.workers, here.device.type == "cuda")

    # ── files ──

    def save(self) -> None:
        """Writes the state, the model's folder and a picture of what it paints; the former ones stay until then."""
        self.accelerator.wait_for_everyone()
        if not self.accelerator.is_main_process:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        scaler = self.accelerator.scaler
        more = {
            "pictures": len(self.samples), "base": self.base.name, "mark": self.mark,
            "scaler": None if scaler is None else scaler.state_dict(),
        }  # fmt: skip
        state = self.out / state_name
        save_state(state, self.recipe, self.step, self.learned, self.optimizer, self.weights, self.ema, more)
        if self.base.name == self.recipe.built and not (self.out / base_name).is_dir():
            replace_folder(self.out / base_name, self._write_base)
        with self.ema.worn(self.weights) if self.ema else nullcontext():
            replace_folder(self.out / model_name, lambda folder: self.learned.write(folder, self.recipe.kind))
            self.show()

    def _write_base(self, folder: Path) -> None:
        unchecked: dict[str, Any] = {"safety_checker": None, "feature_extractor": None}
        StableDiffusionPipeline(**self.base.parts, **unchecked, requires_safety_checker=False).save_pretrained(folder)

    def _begin_with(self, state: Path) -> None:
        if (about := read_about(state))["mark"] != self.mark:
            raise ValueError(f"expected what was learned on {self.base.name}, got a state of {about['base']}")
        load_weights(state, self.learned)

    def _load(self) -> None:
        about = load_state(
            self.out / state_name, self.recipe, self.learned, self.optimizer, self.weights, self.ema, free=("steps",)
        )
        if about["pictures"] != len(self.samples):
            raise ValueError(f"expected the {about['pictures']} pictures it began with, got {len(self.samples)}")
        if about["mark"] != self.mark:
            raise ValueError(f"expected the base it began with, {about['base']}, got another: {self.base.name}")
        if about["scaler"] is not None and self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(about["scaler"])
        self.step = about["step"]

    @torch.no_grad()
    def show(self) -> None:
        """Paints the first poses: above the pictures themselves, then what tells their poses, then what is painted."""
        batch = default_collate([self.unchanged[0, i] for i in range(min(shown, len(self.unchanged)))])
        empty, _ = self.unchanged.words.told("")
        self.learned.eval()
        with self.accelerator.autocast():
            images = painted(self.plain, self._moved(batch), empty, sampling_steps, seed=self.recipe.seed)
        self.learned.train()
        pixels = ((batch["pixels"] + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
        told = (
            [colored(ids) for ids in batch["map"].byte().numpy()]
            if "map" in batch
            else list((batch["condition"] * 255).round().byte().permute(0, 2, 3, 1).numpy())
        )
        name = f"samples_{self.step:06d}.png"
        Image.fromarray(np.vstack([np.hstack(list(row)) for row in (pixels, told, images)])).save(self.out / name)


# ── the command ──


def main() -> None:
    parser = arguments(__doc__)
    args = parser.parse_args()
    disable_progress_bar()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # lines appear in a log as they come
    try:
        if args.export:
            export(args.out / model_name, args.export, args.strength)
            return
        recipe = recipe_of(args)
        if not recipe.built and not args.base and not args.resume:
            parser.error("argument --base: expected a diffusers folder of Stable Diffusion 1.5: it is not trained here")
        pictures = pictures_of(args, recipe)
        recipe = replace(recipe, kind=pictures.kind)
        training = Training(
            recipe, pictures, base_of(args, recipe), args.out, args.conditions, args.resume, args.workers,
            args.gradient_checkpointing, args.begin_with,
        )  # fmt: skip
        steps = recipe.steps
        training.tell(
            f"{args.preset}: {sum(p.numel() for p in training.weights.values()) / 1e6:.1f} M weights, "
            f"{len(pictures)} pictures, {training.pictures_a_step} a step, {training.accelerator.device}"
        )
        on_interrupt(training.accelerator.set_trigger)
        training.run(steps, max(1, min(50, steps // 10)), args.save_every or max(1, min(8000, steps // 4)))
    except (ValueError, OSError, ArithmeticError) as error:
        sys.exit(f"train_spctrl: {error}")
    training.tell(f"step {training.step}: {args.out / model_name} is ready; --resume goes on from here")
    training.accelerator.end_training()


def export(model: Path, folder: Path, strength: float = 1.0) -> None:
    """Writes a trained model in half precision, as it is shipped: what it adds to its base is so many times as much."""
    found = read_control(model, model.name)
    strengthen(found.net, strength)
    for part in (found.net, found.spr):
        if part is not None:
            part.half()
    replace_folder(folder, lambda new: write(new, found.net, found.spr, found.words, found.kind))


if __name__ == "__main__":
    main()
