"""Turn bodies from one kind of file into another: GLB with bones, OBJ, SMPL-X npz, BVH.

IN is a document or project of this studio (or a PNG with the work inside), an npz of AMASS, of SMPL-X or of this
studio, or a BVH file; its kind is told by its content. OUT is .glb, .obj, .npz or .bvh.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import files
from engine.body import Body
from engine.body_files import is_motion, motion_in, resting
from engine.formats.bvh import to_bvh
from engine.formats.glb import Options, to_glb, to_plain_glb
from engine.formats.obj import to_obj
from engine.formats.smplx_npz import Up, to_smplx_npz
from engine.motion import Motion

default_body = Path(__file__).parent.parent / "assets" / "body" / "contrapposto_neutral.npz"
kinds = (".glb", ".obj", ".npz", ".bvh")


def read(path: Path, body: Body, up: Up = "auto", shaped: bool | None = None) -> list[Motion]:
    """The motions in a file: one of an npz or BVH, one still a figure of a document."""
    data = path.read_bytes()
    if is_motion(data):
        return [motion_in(body, data, path.stem, up=up, shaped=shaped)]
    bodies = files.read(data, path.name).bodies
    if not bodies:
        raise ValueError(f"expected a figure with a body in {path.name}, got none; stand it up in the Body step first")
    return [Motion((pose,), name=f"figure {n}") for n, pose in enumerate(bodies, 1)]


def at_frame(motions: list[Motion], frame: int) -> list[Motion]:
    """One frame of each motion, from 1; ValueError where one has no such frame."""
    last = min(len(motion) for motion in motions)
    if not 1 <= frame <= last:
        raise ValueError(f"expected --frame 1 to {last}, got {frame}")
    return [replace(motion, poses=(motion.poses[frame - 1],)) for motion in motions]


def write(motions: list[Motion], kind: str, body: Body, options: argparse.Namespace) -> bytes:
    """The bytes of OUT; ValueError where that kind of file holds fewer figures."""
    layers = None if options.layers is None else tuple(name for name in options.layers.split(",") if name)
    first = [motion.poses[0] for motion in motions]
    if kind == ".obj":
        return to_obj(body, first, layers)
    if kind == ".glb" and options.plain:
        return to_plain_glb([body.mesh(pose, layers) for pose in first])
    if kind == ".glb":
        return to_glb(body, motions, Options(layers, shape_keys=not options.lean))
    if len(motions) > 1:
        raise ValueError(f"expected one figure for {kind}, got {len(motions)}; choose one with --figure")
    if kind == ".bvh":
        return to_bvh(motions[0], resting(body, first[0]), options.unit)
    return to_smplx_npz(motions[0], "z" if options.z_up else "y", resting(body, first[0])[0])


def convert(options: argparse.Namespace) -> None:
    """Reads IN, picks what was asked for, writes OUT."""
    kind = options.out.suffix.lower()
    if kind not in kinds:
        raise ValueError(f"expected OUT to end in {', '.join(kinds)}, got {options.out.name}")
    body = Body.load(options.body)
    motions = read(options.file, body, options.up, options.keep_shape or None)
    if options.figure is not None:
        if not 1 <= options.figure <= len(motions):
            raise ValueError(f"expected --figure 1 to {len(motions)}, got {options.figure}")
        motions = [motions[options.figure - 1]]
    if options.frame is not None:
        motions = at_frame(motions, options.frame)
    options.out.write_bytes(write(motions, kind, body, options))
    for note in dict.fromkeys(note for motion in motions for note in motion.notes):
        print(note)
    print(f"{options.out}: {len(motions)} figures, {max(len(motion) for motion in motions)} frames")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="IN", help="document, project, PNG with the work, npz or BVH")
    parser.add_argument("out", type=Path, metavar="OUT", help="the file to write: .glb, .obj, .npz or .bvh")
    parser.add_argument("--body", type=Path, default=default_body, metavar="FILE", help="an SMPL-X npz of your own")
    parser.add_argument("--figure", type=int, metavar="N", help="the N-th figure alone, from 1")
    parser.add_argument("--frame", type=int, metavar="N", help="the N-th frame alone, from 1")
    parser.add_argument("--up", choices=("auto", "y", "z"), default="auto", help="which axis is up in an npz")
    parser.add_argument("--keep-shape", action="store_true", help="keep an npz's betas: it was made for this body")
    parser.add_argument("--z-up", action="store_true", help="write an npz with z up, as AMASS has it")
    parser.add_argument("--unit", choices=("cm", "m"), default="cm", help="of a BVH's lengths")
    parser.add_argument("--layers", metavar="A,B", help="clothes to wear; empty for none")
    parser.add_argument("--lean", action="store_true", help="a GLB without shape keys")
    parser.add_argument("--plain", action="store_true", help="a GLB without bones")
    options = parser.parse_args()
    try:
        convert(options)
    except (ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
