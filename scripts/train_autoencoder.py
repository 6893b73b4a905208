"""Trains the mini world's autoencoder: pictures to latents of an eighth of the side and 16 channels, and back.

    python scripts/train_autoencoder.py --out autoencoder --pictures world/train photos/train \\
        --held-out world/test photos/test
    python scripts/train_autoencoder.py --out longer --init autoencoder/model --pictures … --steps 20000
        another run from what the first one made; the latents stay what they were

Each folder given has the same share of what it learns from; they are looked through anew at each save, so that they may
still be filling. OUT/model is a stock folder that diffusers' AutoencoderTiny.from_pretrained loads, scaling_factor
included; OUT/state.safetensors is what --resume goes on from, OUT/metrics.csv has a line a step, OUT/held_out.csv one
a save, OUT/samples.png shows pictures above what becomes of them. Ctrl-C ends after the step and saves.
"""

import argparse
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.autoencoder_training import Objective, Pictures, Recipe, as_tensor, begin, psnr, squared
from engine.muon import Muon
from engine.training import Ema, Metrics, last_folder, load_state, replace_folder, save_state, seeded
from scripts.ending import on_interrupt

state_name, model_name = "state.safetensors", "model"
patches_from = 512  # pictures that the encoder's components are found in
judged = 12  # pictures of each folder that a save is judged by
shown = 8


class Training:
    """One run: the autoencoder, its optimiser and pictures, the step it has reached, and what it leaves in `out`."""

    def __init__(
        self,
        recipe: Recipe,
        folders: list[Path],
        held_out: list[Path],
        out: Path,
        init: Path | None = None,
        resume: bool = False,
    ) -> None:
        self.recipe, self.out = recipe, out
        self.pictures = Pictures(folders, recipe.size, recipe.seed)
        self.held_out = held_out
        start = last_folder(out / model_name) if resume else init
        self.net = self.fresh() if start is None else AutoencoderTiny.from_pretrained(start)
        self.net = self.net.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.objective = Objective(self.net, recipe)
        self.weights = self.objective.trained()
        self.optimizer = Muon(self.weights.values(), recipe.learning_rate)
        self.ema = Ema(self.weights, recipe.ema)
        self.step, self.stopped = 0, False
        if resume:
            about = load_state(
                out / state_name, recipe, self.net, self.optimizer, self.weights, self.ema, ("learning_rate", "decay")
            )
            self.step = about["step"]

    def fresh(self) -> AutoencoderTiny:
        """An autoencoder whose encoder knows these pictures' patches."""
        seen = (self.pictures.batch(0, patches_from) + 1) * 127.5
        return begin(self.recipe, seen.round().byte().permute(0, 2, 3, 1).numpy())

    def stop(self) -> None:
        self.stopped = True

    def run(self, steps: int, every: int = 50, minutes: float = 5) -> None:
        """Trains up to step number `steps`; saves every so many minutes and at the end.

        ArithmeticError, and nothing is saved, when a loss is no number.
        """
        metrics = Metrics(self.out / "metrics.csv", self.step, ("loss", "error", "gradient", "seconds"))
        began = saved = time.perf_counter()
        first = self.step
        while self.step < steps and not self.stopped:
            since = time.perf_counter()
            row = self.one_step(steps)
            self.step += 1
            if not np.isfinite(row[0]):
                raise ArithmeticError(f"the loss of step {self.step} is no number; the state saved before it stands")
            now = time.perf_counter()
            metrics.add(self.step, *row, now - since)
            if self.step % every == 0:
                left = (steps - self.step) * (now - began) / (self.step - first)
                decibels = -10 * np.log10(max(row[1], 1e-10))
                print(f"step {self.step} of {steps}: loss {row[0]:.4f}, {decibels:.1f} dB, {left / 60:.1f} min left")
            if now - saved > 60 * minutes:
                self.save()
                saved = time.perf_counter()
        self.save()

    def one_step(self, steps: int) -> tuple[float, float, float]:
        """One step of the optimiser: its loss, mean squared error, and the gradient's norm before it is clipped."""
        recipe = self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate(self.step, steps)
        batch = self.pictures.batch(self.step, recipe.batch)
        loss, error = self.objective(batch, seeded(recipe.seed, self.step))
        self.optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.weights.values(), recipe.clip)
        self.optimizer.step()
        self.ema.follow(self.weights, self.step)
        return float(loss.detach()), float(error), float(norm)

    # ── files ──

    def save(self) -> None:
        """Writes the state, the model's folder and how it fares; the former ones stay until then."""
        self.out.mkdir(parents=True, exist_ok=True)
        save_state(self.out / state_name, self.recipe, self.step, self.net, self.optimizer, self.weights, self.ema, {})
        number = self.pictures.look()
        with self.ema.worn(self.weights) if self.ema else nullcontext():
            self.net.eval()
            replace_folder(self.out / model_name, self.net.save_pretrained)
            told = self.judge()
            self.net.train()
        scale = self.net.config["scaling_factor"]
        print(f"step {self.step}: {told or 'saved'}; scaling factor {scale:.3f}, {number} pictures to learn from")

    @torch.no_grad()
    def judge(self) -> str:
        """The PSNR of held-out pictures of each folder at two sizes, in words and in files."""
        words, rows = [], []
        for folder in (folder for folder in self.held_out if folder.is_dir()):
            for size in (128, 256):
                wanted = wholes(folder, size, judged)
                made = torch.cat([self.net.decoder(self.net.encoder(part)) for part in wanted.split(8)])
                value = float(psnr(made, wanted).mean())
                words.append(f"{folder.parent.name}/{folder.name} {value:.2f} dB at {size}")
                with (self.out / "held_out.csv").open("a", encoding="utf-8") as file:
                    file.write(f"{self.step},{folder.parent.name}/{folder.name},{size},{value:.3f}\n")
            rows += [strip(wanted), strip(made)]
        if rows:
            Image.fromarray(np.vstack(rows)).save(self.out / "samples.png")
        return ", ".join(words)


def wholes(folder: Path, size: int, number: int) -> torch.Tensor:
    """Pictures of a folder, spread over its list, as wholes cut square: (number, 3, size, size) in -1..1."""
    pictures = Pictures([folder], size, 0)
    files = pictures.files[0]
    chosen = files[:: max(1, len(files) // number)][:number]
    return as_tensor(np.stack([squared(central(pictures.read(path)), size) for path in chosen]))


def central(picture: np.ndarray) -> np.ndarray:
    """The largest square in the middle of a picture."""
    height, width = picture.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    return picture[top : top + edge, left : left + edge]


def strip(pictures: torch.Tensor) -> np.ndarray:
    """Some of the pictures, spread over their list, side by side: (size, shown × size, 3) uint8."""
    some = pictures[:: max(1, len(pictures) // shown)][:shown]
    values = ((some.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return np.hstack([*values, *[np.zeros_like(values[0])] * (shown - len(values))])


# ── the command ──


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR")
    add("--pictures", type=Path, nargs="+", required=True, metavar="DIR")
    add("--held-out", type=Path, nargs="+", default=[], metavar="DIR", help="judged at each save")
    add("--init", type=Path, metavar="DIR", help="begin with the weights of an AutoencoderTiny's folder")
    add("--resume", action="store_true", help="go on from OUT/state.safetensors")
    add("--steps", type=int, default=6000, help="in all (default 6000)")
    add("--batch", type=int)
    add("--learning-rate", type=float)
    add("--decay", type=float, metavar="SHARE", help="of the steps, the last, in which the rate falls (default 0.8)")
    add("--seed", type=int)
    add("--save-every", type=float, default=5, metavar="MINUTES")
    args = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # lines appear in a log as they come
    names = ("batch", "learning_rate", "decay", "seed")
    changes = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    try:
        recipe = replace(Recipe(), **changes)
        training = Training(recipe, args.pictures, args.held_out, args.out, args.init, args.resume)
        count = sum(p.numel() for p in training.net.parameters()) / 1e6
        print(f"{count:.2f} M weights, {training.pictures.look()} pictures, {recipe.batch} a step")
        on_interrupt(training.stop)
        training.run(args.steps, minutes=args.save_every)
    except (ValueError, OSError, ArithmeticError) as error:
        sys.exit(f"train_autoencoder: {error}")
    print(f"step {training.step}: {args.out / model_name} is ready; --resume goes on from here")


if __name__ == "__main__":
    main()
