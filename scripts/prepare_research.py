"""Write the sets of poses that the paper's models are trained on, from research recordings that you own.

python scripts/prepare_research.py --out poses-research --parts body --amass AMASS
python scripts/prepare_research.py --out poses-research --parts hand --hamer HAMER --reinterhand REINTERHAND
python scripts/prepare_research.py --out poses-research --parts body hand face wholebody --amass AMASS --grab AMASS/GRAB
    --arctic ARCTIC/data --beat2 BEAT2 --egobody EGOBODY --hamer HAMER --reinterhand REINTERHAND
    [--hands absolute --smplx SMPLX_NEUTRAL.npz]

What each folder holds is said in scripts/pose_sources/research_bodies.py and research_hands.py; files that are pickles
are refused, with how to convert them. Without --hands each dataset keeps its own convention, as the published weights
were trained; with it, all hands are absolute (a flat hand is zero) or all relative to the mean of your SMPL-X file.
For each part `<part>_train.npz` and `<part>_held_out.npz` are written (engine.pose_sets). Deterministic.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.body_file import BodyFile
from engine.pose_sets import splits
from scripts.pose_sources.research import Recording, conventions, research_sets, with_hands
from scripts.pose_sources.research_bodies import amass, arctic, beat2, egobody, grab
from scripts.pose_sources.research_hands import hamer, interhand, reinterhand

readers: dict[str, Callable[[Path, int], Iterator[Recording]]] = {
    "amass": amass, "grab": grab, "arctic": arctic, "beat2": beat2, "egobody": egobody, "hamer": hamer,
    "interhand": interhand, "reinterhand": reinterhand,
}  # fmt: skip
parts = ("body", "hand", "face", "wholebody")


def mean_hands(path: Path) -> np.ndarray:
    """The mean hands (2, 15, 3) of an SMPL-X file, left before right."""
    file = BodyFile(path)
    return np.stack([file.array(f"hands_mean{side}").reshape(15, 3) for side in "lr"])


def main() -> None:
    """Write the sets and say what they hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", choices=parts, required=True)
    parser.add_argument("--hands", choices=conventions, help="convention of all hands; without it each keeps its own")
    parser.add_argument("--smplx", type=Path, help="your SMPL-X file, whose mean hands --hands needs")
    parser.add_argument("--seed", type=int, default=0)
    for name in readers:
        parser.add_argument(f"--{name}", type=Path, metavar="DIR")
    asked = parser.parse_args()
    folders = {name: folder for name in readers if (folder := getattr(asked, name)) is not None}
    if not folders:
        parser.error(f"expected a folder of at least one of {', '.join(f'--{name}' for name in readers)}")
    recordings = [one for name, folder in folders.items() for one in readers[name](folder, asked.seed)]
    if asked.hands:
        mean = mean_hands(asked.smplx) if asked.smplx else None
        recordings = list(with_hands(recordings, asked.hands, mean))
    for part in asked.parts:
        for split, poses in zip(splits, research_sets(recordings, part, asked.seed), strict=True):
            path = asked.out / f"{part}_{split}.npz"
            poses.save(path)
            print(f"{path}: {len(poses)} poses of {len(poses.clip_names)} sequences")


if __name__ == "__main__":
    main()
