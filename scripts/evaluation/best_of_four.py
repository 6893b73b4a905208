"""Does the Picture step keep the library's poses? Paints four pictures of each and asks who looks at them there.

    python scripts/evaluation/best_of_four.py --out four

As in the studio: the request a new visitor makes, painted by what is there, each picture judged, the best one counts.
Writes OUT/four.json, and OUT/four.webp: for each pose the map, then its four pictures, best first.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from engine.library import LibraryPose, read_library
from engine.paint_map import colored, drawn_map, placing
from engine.paint_models import as_learned, paint_models
from engine.pose import Pose2D
from engine.scene import PaintRequest, Picture
from engine.stage import library
from engine.studio import Studio
from engine.verify import best_first
from scripts.evaluate_spctrl import painter_of
from scripts.evaluation.painting_many import many_with
from scripts.evaluation.painting_set import Asked, PaintingSet

pictures = 4
prompts = (
    "a woman in a red dress on a stage", "a man in a blue suit in a meadow", "a clay figure of a woman in a studio",
    "an ink wash painting of a man in the mountains", "a woman in a green robe in a forest",
    "a poster of a man in a yellow leotard at the sea",
)  # fmt: skip
gap, title_height = 6, 16  # px of the sheet
Paint = Callable[[PaintRequest, Pose2D], Sequence[Picture]]


def main() -> None:
    args = arguments()
    try:
        poses = [one for one in read_library(library) if one.kind == "person"][: args.limit]
        rows, seconds, judged = [], [], []
        paint, studio = painter(args, poses[0]), Studio()
        for n, one in enumerate(poses):
            request, pose = asked(one, n, args), Pose2D(one.size, (one.person,))
            started = time.perf_counter()
            painted = paint(request, pose)
            seconds.append(time.perf_counter() - started)
            best = best_first(studio.verified(picture, args.estimator) for picture in painted)
            judged.append({"pose": one.id, "prompt": request.prompt, "oks": [v.verdict.oks for v in best if v.verdict]})
            told = colored(drawn_map(request, pose, "spctrl"))
            rows.append((f"{one.id}: {judged[-1]['oks'][0]:.2f}", [told, *(picture.image for picture in best)]))
            print(rows[-1][0], flush=True)
    except ValueError as error:
        sys.exit(f"best_of_four: {error}")
    firsts = [row["oks"][0] for row in judged]
    report = {
        "median_best": round(float(np.median(firsts)), 4), "mean_best": round(float(np.mean(firsts)), 4),
        "median_of_all": round(float(np.median([oks for row in judged for oks in row["oks"]])), 4),
        "poses": len(judged), "seconds_for_four": round(float(np.median(seconds)), 2), "judged": judged,
    }  # fmt: skip
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "four.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    sheet(rows, args.across).save(args.out / "four.webp", quality=85)
    print(json.dumps({key: value for key, value in report.items() if key != "judged"}))


def asked(one: LibraryPose, n: int, args: argparse.Namespace) -> PaintRequest:
    """What is asked for the nth pose: each prompt in turn, what is not said as is usual with the model."""
    (model,) = [each for each in paint_models(None) if each.name == args.model]
    request = PaintRequest(prompt=prompts[n % len(prompts)], count=pictures, seed=args.seed, model=args.model)
    return replace(as_learned(request, model, ()), steps=args.steps)


def painter(args: argparse.Namespace, one: LibraryPose) -> Paint:
    """What paints: the studio's choice, or with a control's folder that one, four in one pass."""
    if args.control is None:
        return Studio().paint
    of = PaintingSet("library", "human", (Asked("", 0, Pose2D(one.size, (one.person,)), "", ""),), {})
    told = argparse.Namespace(models=None, model=args.model, encoding="auto", control=args.control, guided=True)
    many = many_with(painter_of(of, told))

    def paint(request: PaintRequest, pose: Pose2D) -> list[Picture]:
        each = [replace(request, seed=request.seed + n, count=1) for n in range(request.count)]
        images, laid = many(each, [pose] * len(each)), placing(request, pose.size).pose(pose)
        return [Picture(image, one, laid, request.model) for image, one in zip(images, each, strict=True)]

    return paint


def sheet(rows: Sequence[tuple[str, list[np.ndarray]]], across: int) -> Image.Image:
    """Rows of pictures under their titles, so many rows side by side."""
    height, width = rows[0][1][0].shape[:2]
    down, wide = -(-len(rows) // across), (width + gap) * len(rows[0][1]) + 2 * gap
    page = Image.new("RGB", (across * wide, down * (height + title_height + gap)), "white")
    pen = ImageDraw.Draw(page)
    for n, (title, tiles) in enumerate(rows):
        x, y = n % across * wide + gap, n // across * (height + title_height + gap)
        pen.text((x, y + 2), title, fill="black")
        for m, tile in enumerate(tiles):
            page.paste(Image.fromarray(tile), (x + m * (width + gap), y + title_height))
    return page


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR")
    add("--model", default="sd-mini", metavar="NAME", help="base that paints")
    add("--control", metavar="DIR", help="a control's folder, guided (default: the studio's choice)")
    add("--estimator", default="auto", metavar="NAME", help="who looks (default: who looks in the studio)")
    add("--steps", type=int, default=20)
    add("--seed", type=int, default=0)
    add("--limit", type=int, metavar="N", help="only the library's first N people")
    add("--across", type=int, default=2, help="poses side by side on the sheet")
    return parser.parse_args()


if __name__ == "__main__":
    main()
