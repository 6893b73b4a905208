"""Paints pictures in a pose, and measures how well each of them kept it.

python scripts/paint.py POSE.json --prompt "a dancer in a red dress, ink wash" --out picture.png [--count 4] [--seed 7]

POSE is any pose file the studio reads: its document or project, OpenPose, COCO or SDPose JSON, a PNG with the work
inside. What the file itself asks for (a picture of the studio does) is the default of every option. Of several pictures
the second becomes picture-2.png and so on; --best-of N paints N and writes the one that kept the pose best. Every
picture carries prompt, settings, model and pose, and opens again in the studio.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
# Before transformers is imported: it advises a package for pictures that nothing here reads with it.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("MKL_CBWR", "AUTO")  # as in app.py: the same pixels from the same request

from engine import files
from engine.paint_models import as_learned
from engine.photo import read_photo
from engine.picture_file import picture_png
from engine.scene import PaintRequest, Picture, Scene
from engine.studio import Studio
from engine.verify import best_first
from scripts.estimate import show

# Options that are fields of the request by the same name.
fields = (
    "prompt", "negative", "size", "seed", "count", "steps", "guidance", "pose_strength", "pose_window", "encoding",
    "model", "fit", "words", "words_window", "change",
)  # fmt: skip


def paint(options: argparse.Namespace) -> None:
    """Reads POSE, paints, writes --out."""
    if options.out.suffix.lower() != ".png":
        raise ValueError(f"expected --out to end in .png, got {options.out.name}")
    scene = scene_of(options)
    studio = Studio(options.models)
    request = request_of(options, scene)
    if scene.request is None:
        said = [name for name in fields if getattr(options, name) is not None]
        request = as_learned(request, studio.planned(request, scene.pose)[0], said)
    watched = sys.stderr.isatty()
    painted = studio.paint(request, scene.pose, show if watched else None, note=tell)
    if watched:
        print(file=sys.stderr)
    pictures = judged(studio, painted, options)
    if options.best_of:
        pictures = best_first(pictures)[:1]
    for n, picture in enumerate(pictures, start=1):
        path = options.out if n == 1 else options.out.with_stem(f"{options.out.stem}-{n}")
        path.write_bytes(picture_png(picture, scene))
        print(f"{path}: {told(picture)}")


def scene_of(options: argparse.Namespace) -> Scene:
    """The scene in POSE, over --photo where one is given."""
    photo = read_photo(options.photo.read_bytes(), options.photo.name).image if options.photo else None
    scene = files.read(options.pose.read_bytes(), options.pose.name, None if photo is None else photo.shape[1::-1])
    return scene if photo is None else replace(scene, photo=photo)


def request_of(options: argparse.Namespace, scene: Scene) -> PaintRequest:
    """What POSE asks for itself, changed by the options that were given."""
    given: dict[str, Any] = {name: value for name in fields if (value := getattr(options, name)) is not None}
    for name in ("size", "pose_window", "words_window"):
        if name in given:
            given[name] = tuple(given[name])
    if options.best_of:
        given["count"] = options.best_of
    request = replace(scene.request or PaintRequest(), **given)
    if options.mask:
        given_mask = read_photo(options.mask.read_bytes(), options.mask.name).image
        request = replace(request, mask=np.where(given_mask.max(2) >= 128, 255, 0).astype(np.uint8))
    return replace(request, photo=scene.photo) if options.photo else request


def judged(studio: Studio, pictures: Sequence[Picture], options: argparse.Namespace) -> tuple[Picture, ...]:
    """The pictures with how well each kept its pose, unless nobody should look, or was asked for, or was told it."""
    unasked = options.no_check or not pictures[0].control
    if (unasked and not options.best_of) or not pictures[0].pose.people:
        return tuple(pictures)
    return tuple(studio.verified(picture, options.estimator) for picture in pictures)


def tell(note: str) -> None:
    """What one should know of how the request is understood."""
    print(f"note: {note}", file=sys.stderr)


def told(picture: Picture) -> str:
    """A picture in a line."""
    line = f"seed {picture.request.seed}, {picture.model} with {picture.control or 'words alone'}"
    verdict = picture.verdict
    if verdict is None:
        return line
    drifted = sorted({joint for figure in verdict.drifted for joint in figure})
    line += f", OKS {verdict.oks:.2f}, {verdict.pck:.0%} of the joints in place ({verdict.estimator})"
    return line + (f", drifted: {', '.join(drifted)}" if drifted else "")


def main() -> None:
    options = arguments().parse_args()
    try:
        paint(options)
    except (ValueError, OSError) as error:
        sys.exit(f"paint: {error}")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("pose", type=Path, metavar="POSE", help="document, project, pose JSON or PNG with the work")
    add("--out", type=Path, required=True, help="picture.png")
    add("--prompt", help="what the picture shows")
    add("--negative", metavar="TEXT", help="what it should not show")
    add("--size", type=int, nargs=2, metavar=("W", "H"), help="in steps of 8 (default: as the model learned)")
    add("--seed", type=int, help="of the first picture; the next have one more each (default: 0)")
    add("--count", type=int, metavar="N", help="how many pictures (default: 1)")
    add("--best-of", type=int, metavar="N", help="paint N, write the one that kept the pose best")
    add("--steps", type=int, help="of the work (default: 20)")
    add("--guidance", type=float, help="how strictly the prompt is followed (default: as usual with the model)")
    add("--pose-strength", type=float, help="how strictly the pose is followed (default: 1)")
    add("--pose-window", type=float, nargs=2, metavar=("FROM", "TO"), help="shares of the work (default: 0 1)")
    add("--words", action=argparse.BooleanOptionalAction, help="name the drawn joints in the prompt (default: yes)")
    add("--words-window", type=float, nargs=2, metavar=("FROM", "TO"), help="shares of the work (default: 0 1)")
    add("--encoding", choices=("auto", "spctrl", "openpose"), help="how the pose is told (default: auto)")
    add("--model", metavar="NAME", help="what paints (default: auto, the first that is there)")
    add("--fit", choices=("whole", "squash"), help="keep proportions, or fill the picture as SP-Ctrl's authors do")
    add("--photo", type=Path, metavar="FILE", help="paint over this picture, which is under the pose")
    add("--change", type=float, help="how much of the photo may change, above 0 … 1 (default: 0.75)")
    add("--mask", type=Path, metavar="FILE", help="white where the photo is painted over, as large as it")
    add("--estimator", default="auto", metavar="NAME", help="who looks how well the pose was kept (default: auto)")
    add("--no-check", action="store_true", help="do not look")
    add("--models", type=Path, metavar="DIR", help="your folder of models")
    return parser


if __name__ == "__main__":
    main()
