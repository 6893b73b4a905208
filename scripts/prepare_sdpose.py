"""Prepares training samples of SDPose: augmented crops as a frozen small VAE's latents, for several trainings to share.

    python scripts/prepare_sdpose.py --init sd-mini --data world/train.json --images world --count 20000 --out samples
    python scripts/train_sdpose.py --preset mini --init sd-mini --samples samples --out full

What is there stays: the same command goes on after Ctrl-C. Several processes may fill one folder, --part 0/2 and
--part 1/2. About 53 KB a sample.
"""

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).parent.parent))

from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

from engine.data import Samples
from engine.sdpose import skeletons
from engine.sdpose_samples import encoder_of, fingerprint, prepare
from engine.sdpose_training import read_vae, recipes
from scripts.ending import on_interrupt
from scripts.labelled import add_data, figures_from


def main() -> None:
    args = arguments()
    cv2.setNumThreads(1)
    recipe = recipes[args.preset]
    ended: list[bool] = []
    on_interrupt(lambda: ended.append(True))
    started, before = time.perf_counter(), []

    def go_on(done: int) -> bool:
        before.append(done)
        if len(before) % 20 == 0:
            each = (time.perf_counter() - started) / max(done - before[0], 1)
            print(f"{done} of {args.count} samples, {1000 * each:.1f} ms each", flush=True)
        return not ended

    try:
        vae = read_vae(args.init)
        if not isinstance(vae, AutoencoderTiny):
            raise ValueError(f"expected a small VAE (AutoencoderTiny) in {args.init}, got {type(vae).__name__}")
        figures, sources = figures_from(args, skeletons[recipe.keypoints])
        samples = Samples(figures, skeletons[recipe.keypoints], recipe.input_size, recipe.sigma, recipe.how, args.seed)
        about = {"preset": args.preset, "how": asdict(recipe.how), "sources": sources, "vae": fingerprint(vae)}
        encoded = encoder_of(vae.eval())
        done = prepare(samples, encoded, args.out, args.count, about, args.batch, args.part, go_on)
    except (ValueError, OSError) as error:
        sys.exit(f"prepare_sdpose: {error}")
    print(f"{args.out}: {done} of {args.count} samples")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--init", type=Path, required=True, metavar="DIR", help="a diffusers folder with the small VAE")
    add("--out", type=Path, required=True, metavar="DIR")
    add("--count", type=int, required=True, help="of samples, in all")
    add("--preset", choices=recipes, default="mini", help="whose augmentation and input size (default: mini)")
    add_data(parser)
    add("--batch", type=int, default=16)
    add("--part", type=_part, default=(0, 1), metavar="K/N", help="every N-th batch from the K-th on")
    add("--seed", type=int, default=0)
    return parser.parse_args()


def _part(text: str) -> tuple[int, int]:
    number, _, of = text.partition("/")
    return int(number), int(of)


if __name__ == "__main__":
    main()
