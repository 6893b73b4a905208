"""Trains what pose priors are compared with, on the same poses: a mixture of Gaussians, a variational autoencoder.

    python scripts/train_baselines.py --part body --kind gmm --poses poses --out baselines
    python scripts/train_baselines.py --part body --kind vae --poses poses --out baselines

Writes OUT/PART-KIND.safetensors. Held-out poses decide how long an autoencoder learns and how much is added to a
mixture's covariances. Whole bodies: the mixture learns from poses that have all parts, the autoencoder from all.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.baseline_training import Draws, Losses, train_vae, vae_recipes
from engine.body import Body
from engine.mixture import Mixture
from engine.networks.dposer import Part, dims
from engine.pose_sets import PoseSet
from engine.prior_training import statistics
from engine.training import seeded
from engine.vae import Vae

Kind = Literal["gmm", "vae"]
body_file = Path(__file__).parent.parent / "assets" / "body" / "contrapposto_neutral.npz"
components = 8  # as SMPLify's
drawn, judged = 60_000, 10_000  # poses that a mixture is fitted to, and judged by
added = (1e-5, 1e-4, 1e-3)  # to the covariances' diagonals, squared rad: the best is kept
floor = 0.03  # least deviation, rad, that joint angles are divided by, as in the prior's "open" recipe


def main() -> None:
    args = arguments().parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # lines appear in a log as they come
    if args.threads:
        torch.set_num_threads(args.threads)
    path = args.out / f"{args.part}-{args.kind}.safetensors"
    try:
        train, held_out = (PoseSet.load(args.poses / f"{args.part}_{split}.npz") for split in ("train", "held_out"))
        began = time.perf_counter()
        if args.kind == "gmm":
            mixture(train, held_out, args.seed).save(path)
        else:
            autoencoder(args.part, train, held_out, args.seed, args.steps).save(path)
    except (ValueError, OSError, ArithmeticError) as error:
        sys.exit(f"train_baselines: {error}")
    print(f"{path} is ready, after {(time.perf_counter() - began) / 60:.1f} min")


def mixture(train: PoseSet, held_out: PoseSet, seed: int) -> Mixture:
    """The mixture that held-out poses find likeliest, of those with more or less added to their covariances."""
    from sklearn.mixture import GaussianMixture

    rows, asked = whole(train, drawn, seed), whole(held_out, judged, seed)
    found: list[tuple[float, Mixture]] = []
    for more in added:
        fitted = GaussianMixture(components, reg_covar=more, max_iter=200, random_state=seed).fit(rows.astype(float))
        numbers = (fitted.weights_, fitted.means_, fitted.covariances_)
        one = Mixture(*(torch.from_numpy(np.asarray(each)) for each in numbers))
        with torch.no_grad():
            likely = float(one.log_density(torch.from_numpy(asked)).mean())
        print(f"{more:g} added: held-out log density {likely:.3f}, {fitted.n_iter_} iterations")
        found.append((likely, one))
    return max(found, key=lambda each: each[0])[1]


def whole(poses: PoseSet, count: int, seed: int) -> np.ndarray:
    """Poses (count, D) drawn by weight of those that have all parts."""
    if poses.available is not None:
        poses = poses.chosen(np.flatnonzero(poses.available.all(1)))
    draws = Draws(poses)
    return draws.of(draws.rows(count, seeded(seed)))[0].numpy()


def autoencoder(part: Part, train: PoseSet, held_out: PoseSet, seed: int, steps: int | None) -> Vae:
    """The autoencoder that held-out poses liked best."""
    recipe = replace(vae_recipes[part], seed=seed)
    if steps is not None:
        recipe = replace(recipe, steps=steps, judge_every=max(1, min(recipe.judge_every, steps // 4)))
    torch.manual_seed(seed)
    # Face numbers and those of a body are told apart: only turns have a least deviation.
    normaliser = statistics(train, f"{part} poses", floor if dims[part] % 3 == 0 else 0.0)
    vae = Vae(part, normaliser, recipe.shape)
    best = train_vae(vae, Body.load(body_file, pose_blend=False), train, held_out, recipe, tell)
    vae.notes = {"poses": str(len(train)), "steps": str(best), "batch": str(recipe.batch), "seed": str(seed)}
    return vae


def tell(step: int, found: Losses) -> None:
    parts = {name: float(getattr(found, name)) for name in ("divergence", "points", "turns", "numbers")}
    words = ", ".join(f"{name} {value:.4f}" for name, value in parts.items())
    print(f"step {step}: held out {float(found.total):.4f} ({words})")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--part", choices=tuple(vae_recipes), required=True)
    add("--kind", choices=get_args(Kind), required=True)
    add("--poses", type=Path, required=True, metavar="DIR", help="with PART_train.npz and PART_held_out.npz")
    add("--out", type=Path, required=True, metavar="DIR")
    add("--steps", type=int, help="of an autoencoder, at most")
    add("--seed", type=int, default=42)
    add("--threads", type=int, help="of the processor (default: all cores)")
    return parser


if __name__ == "__main__":
    main()
