"""Finds the people in a photo or drawing, in many, or in a video, and writes their pose.

Of one picture the ending of --out decides what is written: .json (see --format), .png (the picture with the pose over
it, which opens again as the whole work) or .svg. Several pictures, a folder of them or a video go into a .zip: per
picture a document and a .png; of a video a document a frame, in order and with each person's name kept, and
overlay.mp4, with the video's length, rate and sound. Stopped by Ctrl-C, it keeps what is done.
"""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import files
from engine.box import Box
from engine.estimate import Cancelled, Options, all_parts
from engine.photo import read_photo
from engine.scene import Scene
from engine.sequence import Batch, pictures_in, pictures_to_zip, video_endings, video_to_zip
from engine.studio import Estimate, Studio

kinds = {".png": "png", ".svg": "svg"}


def box(text: str) -> Box:
    """A box from `x0,y0,x1,y1` in pixels."""
    numbers = [float(part) for part in text.split(",")]
    if len(numbers) != 4:
        raise argparse.ArgumentTypeError(f"expected x0,y0,x1,y1, got {text!r}")
    return Box(*numbers)


def one(args: argparse.Namespace, kind: str, estimate: Callable[[np.ndarray], Estimate]) -> None:
    """One picture to one file."""
    photo = read_photo(args.images[0].read_bytes(), args.images[0].name)
    found = estimate(photo.image)
    args.out.write_bytes(files.write(Scene(found.pose, photo.image), kind))
    for note in (*photo.notes, *found.notes):
        print(note)
    print(f"{len(found.pose.people)} figures by {found.model} in {found.seconds:.2f} s: {args.out}")


def many(args: argparse.Namespace, estimate: Callable[[np.ndarray], Estimate], stopped: Callable[[], bool]) -> None:
    """Pictures, or a video, to a zip."""
    first = args.images[0]
    if is_video(first):
        batch = video_to_zip(first, estimate, args.out, args.every, args.most, show, stopped, partial=True)
    else:
        pictures = [p for path in args.images for p in (pictures_in(path) if path.is_dir() else [path])]
        batch = pictures_to_zip(pictures, estimate, args.out, show, stopped, partial=True)
    print(file=sys.stderr)
    tell(batch, "frames" if is_video(first) else "pictures", args.out)


def tell(batch: Batch, what: str, out: Path) -> None:
    for failure in batch.failures:
        print(f"left out: {failure.name}: {failure.why}")
    for note in batch.notes:
        print(note)
    if batch.cancelled:
        print("Stopped: what was done until then is kept.")
    print(f"{batch.people} figures in {batch.done} {what} by {batch.model} in {batch.seconds:.1f} s: {out}")


def show(share: float, text: str) -> None:
    """One line that is written over where somebody watches, else a line each."""
    watched = sys.stderr.isatty()
    start, end = ("\r\033[K", "") if watched else ("", "\n")
    print(f"{start}{share:4.0%} {text}", end=end, file=sys.stderr, flush=True)


def is_video(path: Path) -> bool:
    return path.suffix.lower() in video_endings


def main() -> None:
    parser = _parser()
    args = parser.parse_args()
    kind = _kind(parser, args)
    options = Options(not args.no_flip, args.precision, args.protocol, args.detector, tuple(args.parts or all_parts))
    asked_to_stop: list[int] = []
    try:
        studio = Studio(args.models)
        model = studio.estimator(args.model, options).name  # once, and before the first picture is read

        def estimate(photo: np.ndarray) -> Estimate:
            return studio.estimate(
                photo, model, args.box, args.whole_image, options, cancelled=lambda: bool(asked_to_stop)
            )

        if kind:
            one(args, kind, estimate)
        else:
            usual = signal.signal(signal.SIGINT, lambda number, _: asked_to_stop.append(number))
            try:
                many(args, estimate, lambda: bool(asked_to_stop))
            finally:
                signal.signal(signal.SIGINT, usual)
    except Cancelled:
        sys.exit("estimate: stopped before anything was done")
    except (ValueError, OSError) as error:
        sys.exit(f"estimate: {error}")


def _kind(parser: argparse.ArgumentParser, args: argparse.Namespace) -> str:
    """The format of one picture's file; empty for a zip."""
    single = len(args.images) == 1 and not args.images[0].is_dir() and not is_video(args.images[0])
    if args.out.suffix == ".zip":
        if len(args.images) > 1 and any(map(is_video, args.images)):
            parser.error("argument IMAGE: expected pictures, folders of them, or one video, got a video among others")
        if args.box and not single:
            parser.error("argument --box: expected with one picture, got several")
        return ""
    kind = args.format if args.out.suffix == ".json" else kinds.get(args.out.suffix)
    if kind is None:
        parser.error(f"argument --out: expected a name ending in .json, .png, .svg or .zip, got {args.out.name!r}")
    if not single:
        parser.error(f"argument --out: expected a name ending in .zip for many pictures, got {args.out.name!r}")
    return kind


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="pictures, a folder of them, or a video")
    parser.add_argument("--out", type=Path, required=True, help="pose.json, pose.png, pose.svg or poses.zip")
    parser.add_argument("--model", default="auto", help="name of an estimator; auto: the most accurate one (default)")
    parser.add_argument("--models", type=Path, metavar="DIR", help="your folder of models")
    parser.add_argument("--box", type=box, action="append", metavar="X0,Y0,X1,Y1", help="a person's box; repeatable")
    parser.add_argument("--whole-image", action="store_true", help="take the whole picture as one person's box")
    parser.add_argument("--detector", choices=("auto", "quick", "rtdetr"), default="auto", help="who finds the people")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16", "fp16"), default="auto")
    parser.add_argument("--no-flip", action="store_true", help="without the second, mirrored look: twice as fast")
    parser.add_argument("--protocol", choices=("evaluation", "demo"), default="evaluation", help="of SDPose's crops")
    parser.add_argument("--parts", nargs="+", choices=all_parts, metavar="PART", help=f"of {', '.join(all_parts)}")
    parser.add_argument("--format", choices=("document", "openpose", "coco"), default="document", help="of a .json")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of a video, every n-th frame")
    parser.add_argument("--most", type=int, metavar="N", help="of a video, at most so many frames, spread over it")
    return parser


if __name__ == "__main__":
    main()
