"""Trains a small latent diffusion model on captioned pictures: U-Net, text encoder and words, in stock diffusers parts.

    python scripts/train_sd.py --vae autoencoder/model --data world/portraits.json --images world --out sd
        128 px on a processor: pictures worth a look after an hour or two
    accelerate launch scripts/train_sd.py --preset midi --vae autoencoder/model --data … --images … --out sd
        256 px on a GPU, in bf16
    python scripts/train_sd.py --out sd --export sd-mini --vae autoencoder/model
        the model so far as it is shipped, in half precision

--data and --images come in pairs and may be given several times; pictures are encoded once, into OUT/latents.
OUT/model is a StableDiffusionPipeline by the running mean of its weights, OUT/state.safetensors what --resume goes on
from, with more pictures if there are more; OUT/metrics.csv has a line a step, held_out.csv the loss on pictures that
are not learned from, OUT/samples_*.png what it paints. Ctrl-C ends after the step and saves.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import caption_tokens
from engine.sd_builder import build, read, sizes, write
from engine.sd_latents import Captioned, encoded, joined, listed, parted
from engine.sd_training import (
    Captions,
    Objective,
    Recipe,
    free,
    grid,
    importance,
    optimizer_of,
    painted,
    recipes,
    weights_of,
)
from engine.training import Ema, Metrics, last_folder, load_state, replace_folder, save_state, seed_of
from scripts.ending import on_interrupt

state_name, model_name, words_name = "state.safetensors", "model", "tokenizer"
held_out_batches = 4  # that the held-out loss is the mean over
# What a picture of samples is painted from.
prompts = (
    "a woman in a red dress standing in a forest",
    "a man in a blue suit in a city street",
    "a watercolour of a woman in a yellow dress by the sea",
    "a pencil drawing of a standing man",
    "a pixel art picture of a person in green armour",
    "a clay figure of a man sitting on a box",
    "a poster of a woman in a purple robe in the mountains at sunset",
    "a stained glass picture of a man in a white robe",
    "an oil painting of two people in a meadow",
    "a blueprint of a jumping figure",
    "a man in a black shirt and orange trousers in the snow",
    "a cel shaded picture of a woman in a pink dress on a stage",
)


class Training:
    """One run: the networks, their optimiser and pictures, the step it has reached, and the files it leaves in `out`.

    Words are learned from the pictures' captions and `more_words`. `tell` hears a line for the user now and then.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Captioned,
        vae: AutoencoderTiny,
        out: Path,
        resume: bool = False,
        compiled: bool = False,
        more_words: Sequence[str] = (),
        tell: Callable[[str], object] = print,
    ) -> None:
        self.recipe, self.out = recipe, out
        self.accelerator = Accelerator(mixed_precision="no" if recipe.precision == "fp32" else recipe.precision)
        self.tell = tell if self.accelerator.is_main_process else lambda _line: None
        self.vae = vae.to(self.accelerator.device).eval().requires_grad_(False)  # type: ignore[arg-type]
        learned, held_out = parted(data)
        words = out / words_name
        if not resume:
            said = [caption for captions in data.captions for caption in captions]
            caption_tokens.write(caption_tokens.learned_merges([*said, *more_words], recipe.entries), words)
        self.tokenizer = caption_tokens.read(words)
        self.pictures = Captions(learned, self.tokenizer, self._share(recipe))
        self.held_out = Captions(held_out, self.tokenizer, replace(recipe, empty=0.0, seed=recipe.seed + 1))
        nets = build(recipe.size, len(self.tokenizer), recipe.seed).to(self.accelerator.device).train()
        self.nets, self.weights = nets, weights_of(nets)
        optimizer = optimizer_of(self.weights, recipe)
        self.ema, self.step = Ema(self.weights, recipe.ema), 0
        if resume:
            about = load_state(out / state_name, recipe, nets, optimizer, self.weights, self.ema, free)
            self.step = about["step"]
        self.bare = Objective(nets, recipe, importance(data.latents)).to(self.accelerator.device)
        self.objective, self.optimizer = self.accelerator.prepare(self.bare, optimizer)
        if compiled:
            self.objective = torch.compile(self.objective)

    def _share(self, recipe: Recipe) -> Recipe:
        """The recipe with a seed of this process's own: several see other pictures."""
        rank = self.accelerator.process_index
        return replace(recipe, seed=seed_of(recipe.seed, rank) if rank else recipe.seed)

    def run(self, every: int = 50, save_minutes: float = 5.0) -> list[float]:
        """Trains up to the recipe's last step; the loss of each step made.

        Ends early, after a step, once the interrupt signal came. Saves every `save_minutes` and at the end;
        ArithmeticError, and nothing is saved, when a loss is no number.
        """
        losses: list[float] = []
        first = self.accelerator.is_main_process
        metrics = Metrics(self.out / "metrics.csv", self.step, ("loss", "gradient", "seconds")) if first else None
        judged = Metrics(self.out / "held_out.csv", self.step, ("loss",)) if first else None
        saved, started = time.monotonic(), time.monotonic()
        while self.step < self.recipe.steps and not self.accelerator.check_trigger():
            since = time.monotonic()
            loss, gradient = self._one_step()
            self.step += 1
            if not math.isfinite(loss):
                raise ArithmeticError(f"the loss of step {self.step} is no number; the state saved before it stands")
            losses.append(loss)
            if metrics:
                metrics.add(self.step, loss, gradient, time.monotonic() - since)
            if self.step % every == 0:
                self._report(losses[-every:], (time.monotonic() - started) / len(losses))
            if time.monotonic() - saved > 60 * save_minutes and self.step < self.recipe.steps:
                self.save(judged)
                saved = time.monotonic()
        self.save(judged)
        return losses

    def _report(self, losses: Sequence[float], pace: float) -> None:
        left = (self.recipe.steps - self.step) * pace / 60
        mean = sum(losses) / len(losses)
        self.tell(
            f"step {self.step} of {self.recipe.steps}: loss {mean:.4f}, {pace:.2f} s a step, about {left:.0f} min left"
        )

    def _one_step(self) -> tuple[float, float]:
        """One step of the optimiser: its loss, and the gradient's norm before it is clipped."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(self.step)
        here = self.accelerator
        batch = {name: value.to(here.device) for name, value in self.pictures.batch(self.step).items()}
        with here.autocast():
            loss = self.objective(batch, (self.recipe.seed, self.step, here.process_index))
        here.backward(loss)
        gradient = here.clip_grad_norm_(self.nets.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.ema.follow(self.weights, self.step)
        mean: Any = here.reduce(loss.detach(), "mean")
        return float(mean), float(gradient)  # type: ignore[arg-type]

    @torch.no_grad()
    def judge(self) -> float:
        """The loss on pictures that are not learned from, always in the same noise."""
        total = 0.0
        for number in range(held_out_batches):
            batch = {name: value.to(self.accelerator.device) for name, value in self.held_out.batch(number).items()}
            with self.accelerator.autocast():
                total += float(self.bare(batch, (self.recipe.seed, number, 7)))
        return total / held_out_batches

    # ── files ──

    def save(self, judged: Metrics | None = None) -> None:
        """Writes the state, the model's folder and a picture of what it paints; the former ones stay until then."""
        self.accelerator.wait_for_everyone()
        if not self.accelerator.is_main_process:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        more = {"pictures": len(self.pictures)}
        save_state(
            self.out / state_name, self.recipe, self.step, self.nets, self.optimizer, self.weights, self.ema, more
        )
        self.nets.eval()
        with self.ema.worn(self.weights) if self.ema else nullcontext():
            words = self.out / words_name
            replace_folder(self.out / model_name, lambda folder: write(self.nets, self.vae, words, folder))
            loss = self.judge()
            pictures = painted(self.nets, self.vae, self.tokenizer, prompts, sizes[self.recipe.size].side)
        self.nets.train()
        if judged:
            judged.add(self.step, loss)
        name = f"samples_{self.step:06d}.png"
        Image.fromarray(grid(list(pictures), 6)).save(self.out / name)
        self.tell(f"{name}: held-out loss {loss:.4f}")


# ── the command ──


def main() -> None:
    parser = arguments()
    args = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # lines appear in a log as they come
    try:
        if args.export:
            export(args.out, args.export, args.vae)
            return
        recipe = recipe_of(args)
        vae = autoencoder(args.vae or parser.error("argument --vae: expected the folder of an autoencoder"))
        data = data_of(args, vae, sizes[recipe.size].side)
        more_words = [caption for file in args.words for _, said in listed(file) for caption in said]
        training = Training(recipe, data, vae, args.out, args.resume, args.compile, more_words)
        training.tell(
            f"{args.preset}: {sum(p.numel() for p in training.weights.values()) / 1e6:.1f} M weights, "
            f"{len(training.tokenizer)} words, {len(training.pictures)} pictures, {recipe.batch} a step, "
            f"from step {training.step}, {training.accelerator.device}"
        )
        on_interrupt(training.accelerator.set_trigger)
        training.run(50, args.save_minutes)
    except (ValueError, OSError, ArithmeticError) as error:
        sys.exit(f"train_sd: {error}")
    training.tell(f"step {training.step}: {args.out / model_name} is ready; --resume goes on from here")
    training.accelerator.end_training()


def recipe_of(args: argparse.Namespace) -> Recipe:
    """The preset with what the command changes about it."""
    asked = ("steps", "batch", "learning_rate", "warmup", "cooldown", "ema", "precision", "seed")
    return replace(recipes[args.preset], **{n: getattr(args, n) for n in asked if getattr(args, n) is not None})


def data_of(args: argparse.Namespace, vae: AutoencoderTiny, side: int) -> Captioned:
    """The captioned latents asked for; those not known yet are encoded now."""
    if len(args.data) != len(args.images) or not args.data:
        raise ValueError(f"expected --data and --images in pairs, got {len(args.data)} and {len(args.images)}")
    sets = []
    for number, (data, images) in enumerate(zip(args.data, args.images, strict=True)):
        cache = args.out / "latents" / f"{number}_{data.stem}.npz"
        sets.append(encoded(data, images, vae, side, cache, _tell_encoded))
    return joined(sets)


def _tell_encoded(done: int, of: int) -> None:
    if done % 1024 < 16 or done == of:
        print(f"encoded {done} of {of} new pictures")


def autoencoder(folder: Path) -> AutoencoderTiny:
    """The autoencoder of a folder, in full precision."""
    variant = None if (folder / "diffusion_pytorch_model.safetensors").is_file() else "fp16"
    found: Any = AutoencoderTiny.from_pretrained(folder, local_files_only=True, dtype=torch.float32, variant=variant)
    return found.eval()


def export(out: Path, folder: Path, vae: Path | None = None) -> None:
    """Writes the model so far in half precision; `vae` is one whose decoder learned on, else the model's own."""
    model = last_folder(out / model_name)
    decoder = autoencoder(vae or model / "vae")
    replace_folder(folder, lambda fresh: write(read(model), decoder, model / words_name, fresh, half=True))
    print(f"{folder}: {sum(file.stat().st_size for file in folder.rglob('*')) / 1e6:.1f} MB")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--preset", choices=recipes, default="mini")
    add("--out", type=Path, required=True, metavar="DIR")
    add("--data", type=Path, action="append", default=[], metavar="FILE.json", help="COCO form, captions; repeatable")
    add("--images", type=Path, action="append", default=[], metavar="DIR", help="where their file names begin")
    add("--words", type=Path, action="append", default=[], metavar="FILE.json", help="more captions, for their words")
    add("--vae", type=Path, metavar="DIR", help="the autoencoder, as diffusers writes an AutoencoderTiny")
    add("--resume", action="store_true", help="go on from OUT/state.safetensors")
    add("--export", type=Path, metavar="DIR", help="write OUT/model there in half precision, and train nothing")
    add("--steps", type=int, help="of the optimiser, in all")
    add("--batch", type=int, help="pictures at once in each process")
    add("--learning-rate", type=float)
    add("--warmup", type=int, metavar="STEPS")
    add("--cooldown", type=float, metavar="SHARE", help="of the steps, at the end, in which the rate falls to nothing")
    add("--ema", type=float, metavar="DECAY")
    add("--precision", choices=("fp32", "bf16", "fp16"))
    add("--seed", type=int)
    add("--compile", action="store_true", help="let torch compile a step first")
    add("--save-minutes", type=float, default=5.0, metavar="MINUTES")
    return parser


if __name__ == "__main__":
    main()
