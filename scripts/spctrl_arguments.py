"""What one may say to train_spctrl.py, and what comes of it: the recipe, the pictures and the base."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import torch

from engine.library import read_library
from engine.networks.keypoint_concepts import LossKind, Target
from engine.networks.spctrl import Limbs
from engine.paint_builder import build_base
from engine.paint_loading import read_base
from engine.painter import Base
from engine.posed_figures import PosedFigures
from engine.skeleton import coco17
from engine.spctrl_data import Condition
from engine.spctrl_pictures import JoinedPictures, PaintedPictures, PosedPictures, read_pictures
from engine.spctrl_recipe import Recipe, recipes
from engine.stage import library
from engine.training import Precision, read_about

state_name = "state.safetensors"  # in a training's folder, what --resume and --begin-with read
dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
mannequins, mannequin_size = 400, (96, 128)  # that a small preset paints itself, px


def recipe_of(args: argparse.Namespace) -> Recipe:
    """The preset with what the command changes about it."""
    recipe = recipes[args.preset]
    names = (
        "steps", "batch", "accumulate", "optimizer", "learning_rate", "warmup", "cooldown", "ema", "word_rate",
        "most_snr", "weigh_channels", "figures", "precision", "seed", "side", "channels", "limbs", "joints_from",
        "block", "target", "concept_loss", "empty", "named", "body",
    )  # fmt: skip
    changes: dict[str, Any] = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.no_spr or args.cond:
        changes["condition"] = args.cond or "openpose"
    if args.no_kcl:
        changes |= {"words": False, "concepts": 0.0, "named": 0.0}
    elif args.eta is not None:
        changes["concepts"] = args.eta
    if args.window:
        changes["window"] = tuple(args.window)
    if args.no_spr and args.cond == "spctrl":
        raise ValueError("expected another --cond than spctrl with --no-spr")
    return replace(
        recipe, bounded=args.sigmoid, learn_joints=args.learn_joints, learn_limbs=args.learn_limbs,
        detach=args.detach_limbs, detach_query=not args.attached_query, **changes,
    )  # fmt: skip


def pictures_of(args: argparse.Namespace, recipe: Recipe) -> PosedPictures:
    """The posed pictures asked for, or painted ones where a small preset is given none."""
    if len(args.data) != len(args.images):
        raise ValueError(f"expected an --images for each --data, got {len(args.images)} for {len(args.data)}")
    if args.data:
        return JoinedPictures(
            [read_pictures(data, images) for data, images in zip(args.data, args.images, strict=True)]
        )
    if not recipe.built:
        raise ValueError("expected --data and --images, got none: painted mannequins are for the smallest preset")
    return PaintedPictures(PosedFigures(read_library(library), coco17, mannequins, mannequin_size, recipe.seed))


def base_of(args: argparse.Namespace, recipe: Recipe) -> Base:
    """The base in the folder asked for, or in which training began, or a random one of the preset's size."""
    name = str(args.base or (read_about(args.out / state_name)["base"] if args.resume else recipe.built))
    if name == recipe.built:
        return build_base(recipe.built, recipe.seed)
    return read_base(Path(name), name, dtypes[recipe.precision])


def arguments(description: str | None = None) -> argparse.ArgumentParser:
    """The command's parser, with that text above its help."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--preset", choices=recipes, default="tiny")
    add("--out", type=Path, required=True, metavar="DIR")
    add("--base", type=Path, metavar="DIR", help="diffusers folder, or one file, of Stable Diffusion 1.5 or its like")
    add("--data", type=Path, action="append", default=[], metavar="FILE", help="pictures with poses; repeatable")
    add("--images", type=Path, action="append", default=[], metavar="DIR", help="where their file names begin")
    add("--export", type=Path, metavar="DIR", help="write OUT/model there in half precision, and train nothing")
    add("--strength", type=float, default=1.0, help="times what the exported one tells the base; as pose strength does")
    add("--resume", action="store_true", help="go on from OUT/state.safetensors")
    add("--begin-with", type=Path, metavar="DIR", help="another training's OUT, whose weights this one begins with")
    add("--steps", type=int, help="of the optimiser, in all")
    add("--batch", type=int, help="pictures at once in each process")
    add("--accumulate", type=int, help="batches a step")
    add("--side", type=int, metavar="PX", help="of the square pictures")
    add("--optimizer", choices=("adamw", "muon"))
    add("--learning-rate", type=float)
    add("--warmup", type=int, metavar="STEPS", help="along which the learning rate rises")
    add("--cooldown", type=float, metavar="SHARE", help="of the steps, the last, along which it falls to 0")
    add("--ema", type=float, metavar="DECAY", help="keep and save a running mean of the weights")
    add("--most-snr", type=float, metavar="RATIO", help="of signal to noise, from which an error counts less")
    add("--weigh-channels", action="store_true", default=None, help="errors count as much as their channel deviates")
    add("--figures", type=float, metavar="TIMES", help="that an error near the figures counts")
    add("--word-rate", type=float, help="learning rate of the joints' words")
    add("--precision", choices=get_args(Precision))
    add("--empty", type=float, metavar="CHANCE", help="of a prompt without words")
    add("--body", type=float, metavar="CHANCE", help="of an OpenPose drawing without hands and faces")
    add("--named", type=float, metavar="CHANCE", help="of the joints' words in any other prompt")
    add("--seed", type=int)
    add("--workers", type=int, default=0, help="processes that prepare pictures (default 0: none of their own)")
    add("--gradient-checkpointing", action="store_true", help="less memory, more time")
    add("--save-every", type=int, metavar="STEPS")
    group = parser.add_argument_group("what the paper compares")
    add = group.add_argument
    add("--cond", choices=get_args(Condition), help="what tells the pose")
    add("--conditions", type=Path, metavar="DIR", help="prepared files of it, named as the pictures")
    add("--no-spr", action="store_true", help="without the spatial pose: an OpenPose drawing, or what --cond says")
    add("--no-kcl", action="store_true", help="without the joints' words and the loss on them")
    add("--eta", type=float, help="weight of that loss; 0: words alone")
    add("--channels", type=int, help="of the picture that the spatial pose makes")
    add("--limbs", choices=get_args(Limbs), help="what limbs say in it")
    add("--sigmoid", action="store_true", help="joints between 0 and 1 in it")
    add("--joints-from", choices=("chance", "names"), help="where its vectors begin")
    add("--learn-joints", action="store_true", help="train these vectors too")
    add("--learn-limbs", action="store_true", help="and those of limbs")
    add("--detach-limbs", action="store_true", help="limbs between joints do not train these")
    add("--block", help="whose attention is compared, such as down_blocks.2 or mid_block")
    add("--window", type=float, nargs=2, metavar=("FROM", "TO"), help="timesteps at which it is")
    add("--target", choices=get_args(Target), help="what it is compared with")
    add("--concept-loss", choices=get_args(LossKind), help="and how")
    add("--attached-query", action="store_true", help="let the pictures' side learn from it too")
    return parser
