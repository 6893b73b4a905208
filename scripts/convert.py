"""Turn a pose file into another kind: OpenPose, COCO, AP-10K, SVG, ControlNet's picture, a whole project.

The kind of IN is told by its content, that of OUT by its ending where only one kind has it, else by --format.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import files
from engine.photo import read_photo


def format_for(out: Path) -> str:
    """The format's name for OUT's ending; ValueError lists the candidates when several share it."""
    fitting = [f.name for f in files.formats.values() if f.writes and f.extension == out.suffix.lower()]
    if len(fitting) == 1:
        return fitting[0]
    choice = ", ".join(fitting or files.formats)
    raise ValueError(f"expected --format, one of {choice}, for {out.name}, got none")


def convert(options: argparse.Namespace) -> None:
    """Reads IN, puts the photo under it when one is given, writes OUT."""
    name = options.format or format_for(options.out)
    photo = read_photo(options.photo.read_bytes(), options.photo.name) if options.photo else None
    size = None if photo is None else (photo.image.shape[1], photo.image.shape[0])
    scene = files.read(options.file.read_bytes(), options.file.name, size, options.image_name)
    if photo is not None:
        scene = replace(scene, photo=photo.image)
    options.out.write_bytes(files.write(scene, name, certain=options.certain))
    print(f"{options.out}: {len(scene.pose.people)} figures as {files.formats[name].title}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="IN", help=f"{files.accepted}")
    parser.add_argument("out", type=Path, metavar="OUT", help="the file to write")
    parser.add_argument("--format", choices=list(files.formats), metavar="NAME", help=", ".join(files.formats))
    parser.add_argument("--photo", type=Path, metavar="IMAGE", help="the drawing to lay under the pose")
    parser.add_argument("--image-name", default="", metavar="NAME", help="which picture of an annotation file")
    parser.add_argument("--certain", action="store_true", help="write every OpenPose score as 1")
    options = parser.parse_args()
    try:
        convert(options)
    except (ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
