"""Turn one of the authors' DPoser-X checkpoints into this project's file of a pose prior.

    python scripts/convert_dposer.py body/BaseMLP/last.ckpt --part body --hands mixed
        --normaliser data/body_data/body_normalizer/axis_normalize2.pt --out priors/body.safetensors

The running means of the weights are kept, the body models in the file are left behind. Statistics come from the
authors' repository, one file a part; a face takes jaw and expression, a whole body takes body, hand, jaw, expression.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.dposer_checkpoint import convert, read_checkpoint
from engine.dposer_normalisers import of_part, read_normaliser
from engine.networks.dposer import model_names
from engine.prior import HandZero
from engine.prior_file import save_prior


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, metavar="CKPT", help="last.ckpt, or a .pth of the first DPoser")
    parser.add_argument("--part", required=True, choices=list(of_part), help="what its poses are of")
    parser.add_argument("--model", default="base", choices=model_names, help="which kind of whole body")
    parser.add_argument(
        "--hands", required=True, choices=get_args(HandZero), help="how its data count hands; published ones: mixed"
    )
    parser.add_argument(
        "--normaliser", required=True, type=Path, nargs="+", metavar="FILE", help="the authors' axis_normalize2.pt"
    )
    parser.add_argument("--name", default="dposer-x", help="what the prior is called (default: dposer-x)")
    parser.add_argument("--force", action="store_true", help="take statistics that are not known to be the right ones")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the .safetensors file to write")
    options = parser.parse_args()
    if options.out.suffix != ".safetensors":
        parser.error(f"expected --out FILE.safetensors, got {options.out}")
    try:
        first = read_checkpoint(options.checkpoint).first
        normaliser = read_normaliser(options.normaliser, options.part, first, options.force)
        prior = convert(options.checkpoint, options.part, options.model, normaliser, options.hands, options.name)
        save_prior(prior, options.out)
    except (ValueError, OSError) as error:
        parser.exit(2, f"convert_dposer: {error}\n")
    count = sum(value.numel() for value in prior.diffusion.net.parameters())
    print(f"{options.out}: {prior.part}, {count:,} numbers, normalised by {prior.normaliser.name}")
    print(f"left behind: {prior.about.notes['left behind']}")


if __name__ == "__main__":
    main()
