"""Trains an SDPose network: heatmaps and the picture's reconstruction from one pass of a diffusion model's U-Net.

    python scripts/train_sdpose.py --preset tiny --out tiny
        a small network on mannequins it paints itself, in some minutes, to see that everything works
    accelerate launch scripts/train_sdpose.py --preset paper-body --init sd2 --out body \\
        --data person_keypoints_train2017.json --images train2017
        the paper's model, from the diffusers folder of Stable Diffusion 2; 128 pictures a step on eight GPUs
    python scripts/train_sdpose.py --preset mini --init sd-mini --out mini --data world/train.json --images world
        the small one, whole bodies from the rendered world; with --samples from what prepare_sdpose.py wrote
    python scripts/train_sdpose.py --out mini --export sdpose-mini
        the model so far as it is shipped, in half precision

--data and --images come in pairs and may be given several times: COCO, COCO-WholeBody, Human-Art, the rendered world.
OUT/model is a folder that the studio loads, OUT/state.safetensors what --resume goes on from, bit by bit on a CPU;
OUT/metrics.csv has a line a step, OUT/samples_*.png what the network finds. Ctrl-C ends after the step and saves.
"""

import math
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from PIL import Image
from torch.utils.data import DataLoader, default_collate

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.augment import calm
from engine.data import Batch, Batches, Figures, Samples, loader
from engine.draw import overlay
from engine.heatmap import decode
from engine.networks.sdpose import SDPoseNet
from engine.pose import Person, Pose2D, State
from engine.sdpose import SDPosePipeline, skeletons
from engine.sdpose_samples import Prepared, fingerprint
from engine.sdpose_training import Objective, Recipe, begin, optimizer_of, rate
from engine.training import Ema, Metrics, last_folder, load_state, replace_folder, save_state
from scripts.ending import on_interrupt
from scripts.sdpose_arguments import arguments, figures_of, recipe_of

state_name, model_name, metrics_name = "state.safetensors", "model", "metrics.csv"
shown = 6  # figures in a picture of samples
sure = 0.1  # score from which a joint is drawn there
near = 0.1  # share of the crop's width within which a joint counts as found


class Training:
    """One run: the network, its optimiser and samples, the step it has reached, and the files it leaves in `out`.

    `figures` are labelled ones, or samples prepared of some. `tell` hears a line for the user now and then.
    """

    def __init__(
        self,
        recipe: Recipe,
        figures: Figures | Prepared,
        out: Path,
        init: Path | None = None,
        resume: bool = False,
        workers: int = 0,
        checkpointing: bool = False,
        tell: Callable[[str], object] = print,
    ) -> None:
        self.recipe, self.out, self.workers = recipe, out, workers
        self.accelerator = Accelerator(
            mixed_precision="no" if recipe.precision == "fp32" else recipe.precision,
            gradient_accumulation_steps=recipe.accumulate,
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=not recipe.rgb)],
        )
        self.tell = tell if self.accelerator.is_main_process else lambda _line: None
        skeleton, size = skeletons[recipe.keypoints], recipe.input_size
        self.skeleton = skeleton
        if isinstance(figures, Prepared):
            self.samples = self.unchanged = figures
        else:
            self.samples = Samples(figures, skeleton, size, recipe.sigma, recipe.how, recipe.seed)
            self.unchanged = Samples(figures, skeleton, size, recipe.sigma, calm, recipe.seed)
        # What was learned comes with the state; the folder tells the network's sizes.
        net = SDPosePipeline.from_pretrained(last_folder(out / model_name)).net if resume else begin(recipe, init)
        if isinstance(figures, Prepared):
            _check_samples(figures, net, recipe)
        if checkpointing:
            net.unet.enable_gradient_checkpointing()
        objective = Objective(net, recipe).to(self.accelerator.device).train()
        self.net, self.weights = net, objective.trained()
        optimizer = optimizer_of(self.weights, recipe)
        self.ema = None if recipe.ema is None else Ema(self.weights, recipe.ema)
        self.objective, self.optimizer = self.accelerator.prepare(objective, optimizer)
        self.step = 0
        if resume:
            self._load()

    @property
    def pictures_a_step(self) -> int:
        return self.recipe.batch * self.recipe.accumulate * self.accelerator.num_processes

    def run(self, steps: int, every: int = 50, save_every: int = 1000) -> list[tuple[float, float]]:
        """Trains up to step number `steps`; the losses (heatmaps, picture) of each step made.

        Ends early, after a step, once the interrupt signal came. Saves every `save_every` steps and at the end;
        ArithmeticError, and nothing is saved, when a loss is no number.
        """
        losses: list[tuple[float, float]] = []
        batches = iter(self._loader())
        columns = ("heatmaps", "picture", "gradient", "seconds")
        metrics = Metrics(self.out / metrics_name, self.step, columns) if self.accelerator.is_main_process else None
        started = time.perf_counter()
        while self.step < steps and not self.accelerator.check_trigger():
            since = time.perf_counter()
            share = rate(self.recipe, self.step, steps)
            for group in self.optimizer.param_groups:
                group["lr"] = group["usual"] * share
            heat, picture, gradient = self._one_step(batches)
            self.step += 1
            if not math.isfinite(heat + picture):
                raise ArithmeticError(f"the loss of step {self.step} is no number; the state saved before it stands")
            losses.append((heat, picture))
            if metrics:
                metrics.add(self.step, heat, picture, gradient, time.perf_counter() - since)
            if self.step % every == 0 or self.step == steps:
                recent = np.mean(losses[-every:], axis=0)
                left = (steps - self.step) * (time.perf_counter() - started) / len(losses)
                self.tell(
                    f"step {self.step} of {steps}: heatmaps {recent[0]:.5f}, picture {recent[1]:.5f}, "
                    f"about {left / 60:.1f} min left"
                )
            if self.step % save_every == 0 and self.step < steps:
                self.save()
        self.save()
        return losses

    def _one_step(self, batches: object) -> tuple[float, float, float]:
        """One step of the optimiser: its heatmap loss, picture loss and the gradient's norm before it is clipped."""
        sums, norm = torch.zeros(2, device=self.accelerator.device), torch.zeros(())
        for part in range(self.recipe.accumulate):
            batch = {name: value.to(self.accelerator.device) for name, value in next(batches).items()}  # type: ignore[call-overload]
            with self.accelerator.accumulate(self.objective):
                seed = (self.recipe.seed, self.step, part, self.accelerator.process_index)
                heat, picture, _ = self.objective(batch, seed)
                self.accelerator.backward(heat + picture)
                if self.accelerator.sync_gradients:
                    norm = self.accelerator.clip_grad_norm_(self.objective.parameters(), self.recipe.clip)
                self.optimizer.step()
                self.optimizer.zero_grad()
            sums += torch.stack([heat.detach(), picture.detach()]) / self.recipe.accumulate
        if self.ema is not None:
            self.ema.follow(self.weights, self.step)
        heat, picture = self.accelerator.reduce(sums, "mean").tolist()  # type: ignore[union-attr]
        return heat, picture, float(norm)  # type: ignore[arg-type]

    def _loader(self) -> DataLoader:
        first, here = self.step * self.recipe.accumulate, self.accelerator
        order = Batches(
            len(self.samples), self.recipe.batch, self.recipe.seed, first, here.process_index, here.num_processes
        )
        return loader(self.samples, order, self.workers, here.device.type == "cuda")

    # ── files ──

    def save(self) -> None:
        """Writes the state, the model's folder and a picture of what it finds; the former ones stay until then."""
        self.accelerator.wait_for_everyone()
        if not self.accelerator.is_main_process:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        scaler = self.accelerator.scaler
        more = {"figures": len(self.samples), "scaler": None if scaler is None else scaler.state_dict()}
        save_state(
            self.out / state_name, self.recipe, self.step, self.net, self.optimizer, self.weights, self.ema, more
        )
        with self.ema.worn(self.weights) if self.ema else nullcontext():
            size = self.recipe.input_size
            replace_folder(self.out / model_name, SDPosePipeline(self.net, size).save_pretrained)
            self.show()
        self.net.train()

    def _load(self) -> None:
        about = load_state(
            self.out / state_name, self.recipe, self.net, self.optimizer, self.weights, self.ema, free=("epochs",)
        )
        if about["figures"] != len(self.samples):
            raise ValueError(f"expected the {about['figures']} figures it began with, got {len(self.samples)}")
        if about["scaler"] is not None and self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(about["scaler"])
        self.step = about["step"]

    @torch.no_grad()
    def show(self) -> None:
        """Draws the first figures as they are labelled, and below as the network finds them."""
        batch = default_collate([self.unchanged[0, i] for i in range(min(shown, len(self.unchanged)))])
        latents, pictures = self._latents_of(batch)
        with self.accelerator.autocast():
            maps = torch.cat([self.net.heatmaps(part) for part in latents.split(self.recipe.batch)])
        points, scores = (found.cpu() for found in decode(maps.float(), self.recipe.input_size))
        here = batch["weights"] > 0
        distance = (points - batch["points"]).norm(dim=-1)[here]
        share = float((distance < near * self.recipe.input_size[0]).float().mean())
        rows = [(batch["points"], here), (points, scores > sure)]
        grid = [[self._drawn(*each) for each in zip(pictures, *row, strict=True)] for row in rows]
        name = f"samples_{self.step:06d}.png"
        Image.fromarray(np.vstack([np.hstack(row) for row in grid])).save(self.out / name)
        self.tell(f"{name}: {share:.0%} of its joints within {near:.0%} of the crop's width")

    def _latents_of(self, batch: Batch) -> tuple[torch.Tensor, np.ndarray]:
        """The latents of a batch, and its pictures (B, H, W, 3) uint8, as the VAE hands them back where it must."""
        device = self.accelerator.device
        if "latents" in batch:
            latents = batch["latents"].to(device).float()
            pixels = self.net.vae.decoder(latents / self.net.scale)
            pictures = ((pixels + 1) * 127.5).clamp(0, 255).byte()
        else:
            pictures = batch["seen"]
            pixels = pictures.to(device).float() / 255 * 2 - 1
            with self.accelerator.autocast():
                latents = torch.cat([self.net.encode(part) for part in pixels.split(self.recipe.batch)])
        return latents, pictures.permute(0, 2, 3, 1).cpu().numpy()

    def _drawn(self, picture: np.ndarray, points: torch.Tensor, drawn: torch.Tensor) -> np.ndarray:
        states: tuple[State, ...] = tuple("visible" if here else "missing" for here in drawn)
        person = Person(self.skeleton, points.numpy(), np.ones(len(points)), states)
        height, width = picture.shape[:2]
        large = max(1, 320 // height)
        pose = Pose2D((width, height), (person,)).scaled((width * large, height * large))
        return overlay(pose, picture.repeat(large, 0).repeat(large, 1))


def _check_samples(samples: Prepared, net: SDPoseNet, recipe: Recipe) -> None:
    if (found := tuple(samples.about["input_size"])) != recipe.input_size:
        raise ValueError(f"expected samples of {recipe.input_size}, got {found}")
    if samples.about["vae"] != fingerprint(net.vae):
        raise ValueError("expected samples prepared with this network's VAE, got those of another")


# ── the command ──


def main() -> None:
    parser = arguments(__doc__ or "")
    args = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # lines appear in a log as they come
    if args.export:
        export(args.out, args.export)
        return
    recipe = recipe_of(args)
    if not recipe.encoder and not args.init and not args.resume:
        wanted = "Stable Diffusion 2" if recipe.size == "official" else "sd-mini"
        parser.error(f"argument --init: expected a diffusers folder of {wanted}: its VAE is not trained here")
    try:
        figures = figures_of(args, recipe)
        training = Training(
            recipe, figures, args.out, args.init, args.resume, args.workers, args.gradient_checkpointing
        )
        steps = args.steps or math.ceil(recipe.epochs * len(figures) / training.pictures_a_step)
        training.tell(
            f"{args.preset}: {sum(p.numel() for p in training.weights.values()) / 1e6:.1f} M weights, "
            f"{len(figures)} figures, {training.pictures_a_step} pictures a step, {training.accelerator.device}"
        )
        on_interrupt(training.accelerator.set_trigger)
        training.run(steps, max(1, min(50, steps // 10)), args.save_every or max(1, min(1000, steps // 4)))
    except (ValueError, OSError, ArithmeticError) as error:
        sys.exit(f"train_sdpose: {error}")
    training.tell(f"step {training.step}: {args.out / model_name} is ready; --resume goes on from here")
    training.accelerator.end_training()


def export(out: Path, folder: Path) -> None:
    """Writes the model so far in half precision, as it is shipped."""
    try:
        made = SDPosePipeline.from_pretrained(last_folder(out / model_name), torch.float16)
        replace_folder(folder, made.save_pretrained)
    except (ValueError, OSError) as error:
        sys.exit(f"train_sdpose: {error}")
    print(f"{folder}: {sum(file.stat().st_size for file in folder.rglob('*')) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
