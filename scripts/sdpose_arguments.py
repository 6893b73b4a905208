"""What one asks of an SDPose training on the command line: recipe, figures, files."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from engine.data import Figures
from engine.library import read_library
from engine.posed_figures import PosedFigures
from engine.sdpose import skeletons
from engine.sdpose_samples import Prepared
from engine.sdpose_training import Recipe, recipes
from scripts.labelled import add_data, figures_from

library = Path(__file__).parent.parent / "assets" / "library" / "poses.json"


def recipe_of(args: argparse.Namespace) -> Recipe:
    """The preset with what the command changes about it."""
    recipe = recipes[args.preset]
    names = (
        "optimizer", "batch", "accumulate", "learning_rate", "precision", "seed", "ema", "warmup", "decay", "peak",
        "pose", "body",
    )  # fmt: skip
    changes = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.features:
        changes["tap"] = {"last": 3, "second-last": 2}[args.features]
    return replace(recipe, rgb=not args.no_rgb, scratch=args.from_scratch, **changes)


def figures_of(args: argparse.Namespace, recipe: Recipe) -> Figures | Prepared:
    """The labelled figures or prepared samples asked for, or painted ones where a small preset is given none."""
    skeleton = skeletons[recipe.keypoints]
    if args.samples:
        return Prepared(args.samples, recipe.sigma)
    if args.data or args.images:
        return figures_from(args, skeleton)[0]
    if recipe.size == "official":
        raise ValueError("expected --data and --images, got none: painted mannequins are for small presets")
    return PosedFigures(read_library(library), skeleton, seed=recipe.seed)


def arguments(about: str) -> argparse.ArgumentParser:
    """What the command takes; `about` is its help."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--preset", choices=recipes, default="tiny")
    add("--out", type=Path, required=True, metavar="DIR")
    add_data(parser)
    add("--samples", type=Path, metavar="DIR", help="what prepare_sdpose.py wrote, instead of annotations")
    add("--init", type=Path, metavar="DIR", help="begin with U-Net and VAE of a Stable Diffusion or an SDPose model")
    add("--resume", action="store_true", help="go on from OUT/state.safetensors")
    add("--export", type=Path, metavar="DIR", help="write OUT/model there in half precision, and train nothing")
    add("--steps", type=int, help="of the optimiser, in all; without it the preset's epochs")
    add("--batch", type=int, help="pictures at once in each process")
    add("--accumulate", type=int, help="batches a step")
    add("--optimizer", choices=("adamw", "muon"))
    add("--learning-rate", type=float)
    add("--warmup", type=int, metavar="STEPS", help="along which the learning rate rises")
    add("--decay", type=float, metavar="SHARE", help="of the steps, the last, along which it falls to 0")
    add("--peak", type=float, help="times more that an error weighs on top of a joint")
    add("--pose", type=float, help="times more that the heatmaps weigh than the picture's reconstruction")
    add("--body", type=float, help="times more that one of the body's joints weighs than one of a face or hand")
    add("--precision", choices=("fp32", "bf16", "fp16"))
    add(
        "--ema",
        type=float,
        nargs="?",
        const=0.9999,
        metavar="DECAY",
        help="keep and save a running mean of the weights",
    )
    add("--features", choices=("last", "second-last"), help="the up-block the heatmaps are read from")
    add("--no-rgb", action="store_true", help="without the picture's reconstruction")
    add("--from-scratch", action="store_true", help="a random U-Net; of --init only the VAE is taken")
    add("--seed", type=int)
    add("--workers", type=int, default=0, help="processes that prepare pictures (default 0: none of their own)")
    add("--gradient-checkpointing", action="store_true", help="less memory, more time")
    add("--save-every", type=int, metavar="STEPS")
    return parser
