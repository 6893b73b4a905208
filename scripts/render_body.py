"""Picture the bodies in a file: a still, a turntable, or depth, normal, mask and outline maps.

IN is what scripts/convert_body.py reads. OUT ends in .png, .gif, .mp4 (turntables) or .zip (all maps). A document's own
camera sees its figures as they are drawn, so that maps lie over the drawing; else a camera frames them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import body_files, files
from engine.body_files import Wish
from engine.camera import Camera
from engine.render import Look, lights
from engine.stage import Dress, Stage
from scripts.convert_body import at_frame, read

stills = ("still", "depth", "normal", "mask", "canny")
kinds = {".gif": "gif", ".mp4": "mp4", ".zip": "maps"}


def camera_of(path: Path) -> Camera | None:
    """The camera of a document, project or PNG with the work inside; None where there is none."""
    try:
        return files.read(path.read_bytes(), path.name).camera
    except ValueError:
        return None


def draw(options: argparse.Namespace) -> None:
    """Reads IN, writes OUT."""
    suffix = options.out.suffix.lower()
    if suffix != ".png" and suffix not in kinds:
        raise ValueError(f"expected OUT to end in .png, {', '.join(kinds)}, got {options.out.name}")
    layers = None if options.layers is None else tuple(name for name in options.layers.split(",") if name)
    stage = Stage()
    try:
        bodies = [motion.poses[0] for motion in at_frame(read(options.file, stage.body()), options.frame)]
        look = Look(options.light, ground=not options.bare, shadows=not options.bare, skeleton=options.skeleton)
        wish = Wish(camera_of(options.file), options.width, look, Dress(layers), options.seconds, options.frames)
        data = body_files.write(stage, bodies, options.kind if suffix == ".png" else kinds[suffix], wish)
    finally:
        stage.close()
    options.out.write_bytes(data)
    print(f"{options.out}: {len(bodies)} figures, {len(data) / 1000:.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="IN", help="document, project, PNG with the work, npz or BVH")
    parser.add_argument("out", type=Path, metavar="OUT", help="the file to write: .png, .gif, .mp4 or .zip")
    parser.add_argument("--kind", choices=stills, default="still", help="what a .png shows (default: the figures)")
    parser.add_argument("--frame", type=int, default=1, metavar="N", help="of a motion, from 1")
    parser.add_argument("--width", type=int, metavar="PX", help="up to 4096 (default: as the document, or 1024)")
    parser.add_argument("--light", choices=tuple(lights), default="studio")
    parser.add_argument("--bare", action="store_true", help="without ground and shadows")
    parser.add_argument("--skeleton", action="store_true", help="with the bones drawn over the body")
    parser.add_argument("--layers", metavar="A,B", help="clothes to wear; empty for none")
    parser.add_argument("--seconds", type=float, default=4.0, help="of a turntable (default: 4)")
    parser.add_argument("--frames", type=int, default=48, help="of a turntable (default: 48)")
    options = parser.parse_args()
    try:
        draw(options)
    except (ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
