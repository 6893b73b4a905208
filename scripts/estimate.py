"""Finds the people in a photo or drawing and writes their pose.

The ending of --out decides what is written: .json (see --format), .png (the picture with the pose over it, which
opens again as the whole work) or .svg.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import files
from engine.box import Box
from engine.photo import read_photo
from engine.scene import Scene
from engine.studio import Studio

kinds = {".png": "png", ".svg": "svg"}


def box(text: str) -> Box:
    """A box from `x0,y0,x1,y1` in pixels."""
    numbers = [float(part) for part in text.split(",")]
    if len(numbers) != 4:
        raise argparse.ArgumentTypeError(f"expected x0,y0,x1,y1, got {text!r}")
    return Box(*numbers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="pose.json, pose.png or pose.svg")
    parser.add_argument("--model", default="auto", help="name of an estimator; auto: the most accurate one (default)")
    parser.add_argument("--box", type=box, action="append", metavar="X0,Y0,X1,Y1", help="a person's box; repeatable")
    parser.add_argument("--whole-image", action="store_true", help="take the whole picture as one person's box")
    parser.add_argument("--format", choices=("document", "openpose", "coco"), default="document", help="of a .json")
    args = parser.parse_args()
    kind = args.format if args.out.suffix == ".json" else kinds.get(args.out.suffix)
    if kind is None:
        parser.error(f"argument --out: expected a name ending in .json, .png or .svg, got {args.out.name!r}")
    try:
        photo = read_photo(args.image.read_bytes(), args.image.name)
        found = Studio().estimate(photo.image, args.model, args.box, args.whole_image)
        args.out.write_bytes(files.write(Scene(found.pose, photo.image), kind))
    except (ValueError, OSError) as error:
        sys.exit(f"estimate: {error}")
    for note in (*photo.notes, *found.notes):
        print(note)
    print(f"{len(found.pose.people)} figures by {found.model} in {found.seconds:.2f} s: {args.out}")


if __name__ == "__main__":
    main()
