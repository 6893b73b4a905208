"""Compares SDPose networks, the arms of one training, on sets of annotated pictures, and writes the results page.

    python scripts/compare_sdpose.py --arm full arms/full/model --arm scratch arms/scratch/model \\
        --known "the world's test" world/test.json world --set "held-out styles" world/styles.json world \\
        --set "COCO's photos" ../shared/eval/photos/coco/test_coco_wholebody.json ../shared/eval/photos/coco \\
        --drawings ../shared/eval/animated_drawings --scores scores.json --page docs/results-sdpose.md

An arm is a folder that train_sdpose.py wrote, or the name of one of the studio's estimators. Arms named full, no RGB,
scratch, last features and shipped are what the page's claims are about. Scores that are in the file already are kept:
arms and sets can be measured one after the other.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.box import Box
from engine.pose import Person
from scripts.evaluation import sdpose_arms, sdpose_page
from scripts.evaluation.drawings import drawings
from scripts.evaluation.sdpose_arms import Arm, Asked, read_asked


def main() -> None:
    args = arguments()
    try:
        arms = [arm(name, path, not args.no_flip, args.batch) for name, path in args.arm]
        asked = sets(args)
        scores = sdpose_arms.read(args.scores) if args.scores.is_file() else []
        found = {}
        for one in asked:
            for each in arms:
                people, seconds = sdpose_arms.found_by(each, one, args.batch)
                found[each.name, one.name] = people
                new = sdpose_arms.score(each, one, people, seconds)
                scores = [old for old in scores if (old.arm, old.asked) != (new.arm, new.asked)] + [new]
                sdpose_arms.write(scores, args.scores)
                told = f"OKS {new.oks:.3f}, AP {new.ap:.3f}, PCK {new.pck:.3f}, OKS of 133 {new.whole_oks or 0:.3f}"
                print(f"{one.name}, {each.name}: {told}", flush=True)
        if args.sheet:
            sdpose_arms.sheet(asked, found, [each.name for each in arms], args.rows).save(args.sheet)
        if args.page:
            args.page.write_text(sdpose_page.page(scores, made(args)), "utf-8")
    except (ValueError, OSError) as error:
        sys.exit(f"compare_sdpose: {error}")


def arm(name: str, path: str, flip_test: bool, at_once: int) -> Arm:
    """A network in a folder, or an estimator of the studio by its name."""
    if not Path(path).exists():
        from engine.studio import Studio

        estimator = Studio().estimator(path)

        def look(photos: list[np.ndarray], boxes: list[list[Box]]) -> list[list[Person]]:
            pairs = zip(photos, boxes, strict=True)
            return [estimator.points(photo, here, flip_test) for photo, here in pairs]

        return Arm(name, look, estimator.skeleton)
    from engine.sdpose import SDPosePipeline

    pipeline = SDPosePipeline.from_pretrained(path).for_inference()

    def find(photos: list[np.ndarray], boxes: list[list[Box]]) -> list[list[Person]]:
        return pipeline.people(pipeline(photos, boxes, flip_test=flip_test, batch_size=at_once))

    return Arm(name, find, pipeline.skeleton)


def sets(args: argparse.Namespace) -> list[Asked]:
    """The sets asked for, known ones first."""
    asked = [
        read_asked(name, Path(annotations), Path(folder), args.limit, known)
        for known, named in ((True, args.known), (False, args.set))
        for name, annotations, folder in named
    ]
    if args.drawings:
        asked.append(Asked("children's drawings", tuple(drawings(args.drawings)), args.drawings))
    return asked


def made(args: argparse.Namespace) -> sdpose_page.Made:
    """What else the page tells, from the files named."""
    told = json.loads(args.told.read_text("utf-8")) if args.told else {}
    latents = json.loads(args.latents.read_text("utf-8")) if args.latents else None
    pictures = [(args.sheet.name, "A figure of each set as labelled, and as each arm finds it.")] if args.sheet else []
    pictures += [tuple(each) for each in told.get("pictures", ())]
    commands = tuple((command, words) for command, words in told.get("commands", ()))
    return sdpose_page.Made(commands, tuple(pictures), latents, told.get("remarks", ""))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    three = ("NAME", "FILE.json", "DIR")
    add("--arm", nargs=2, action="append", default=[], metavar=("NAME", "FOLDER"), help="repeatable")
    add("--known", nargs=3, action="append", default=[], metavar=three, help="a set like what was learned from")
    add("--set", nargs=3, action="append", default=[], metavar=three, help="another set; repeatable")
    add("--drawings", type=Path, metavar="DIR", help="characters of Animated Drawings")
    add("--limit", type=int, metavar="N", help="only the first N pictures of each set")
    add("--batch", type=int, default=8, help="figures in one pass")
    add("--no-flip", action="store_true", help="without the second, mirrored look")
    add("--scores", type=Path, required=True, metavar="FILE.json", help="what is measured, kept and gone on with")
    add("--sheet", type=Path, metavar="FILE.webp", help="pictures")
    add("--rows", type=int, default=3, help="pictures of each set there")
    add("--page", type=Path, metavar="FILE.md")
    add("--latents", type=Path, metavar="FILE.json", help="what latent_analysis.py wrote, for the page")
    add("--told", type=Path, metavar="FILE.json", help="remarks, pictures and commands with their times, for the page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
