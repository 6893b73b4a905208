"""Lift drawn figures into bodies in space: a learnt first guess, laid on the drawing, as natural as it allows.

POSE is any pose file the studio reads: its document or project, OpenPose, COCO or SDPose JSON, a PNG with the work
inside. The ending of --out decides what is written: .json (the document, its figures standing, to be opened in the
studio), .glb (all figures, with bones and skin), .obj, or of one figure .npz (SMPL-X) or .bvh.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import body_files, files
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.lift import Lift, LiftRequest
from engine.photo import read_photo
from engine.pose import Person
from engine.scene import Scene
from engine.stage import Stage
from scripts.estimate import show

kinds = (".json", ".glb", ".obj", ".npz", ".bvh")
of_one = (".npz", ".bvh")


def lift(options: argparse.Namespace) -> None:
    """Reads POSE, lifts its figures, writes --out."""
    kind = options.out.suffix.lower()
    if kind not in kinds:
        raise ValueError(f"expected --out to end in {', '.join(kinds)}, got {options.out.name}")
    scene = scene_of(options)
    chosen = people_of(scene, options.person)
    if kind in of_one and len(chosen) > 1:
        raise ValueError(f"expected one figure for {kind}, got {len(chosen)}: choose one with --person")
    stage = Stage(options.models)
    lifter = stage.lifter(options.body) if options.body else stage.lifter()
    camera = scene.camera or lifter.camera(scene.pose)
    request = LiftRequest(options.hypotheses, options.seed, options.naturalness)
    people, watched = list(scene.pose.people), sys.stderr.isatty()
    for index in chosen:
        found = lifter.lifted(people[index], camera, request, show if watched else None)
        if watched:
            print(file=sys.stderr)
        people[index] = replace(people[index], body=reading_of(found, options.reading))
        tell(index, people[index], found)
    scene = replace(scene, pose=replace(scene.pose, people=tuple(people)), camera=camera)
    options.out.write_bytes(written(stage, scene, chosen, camera, kind))
    print(f"{options.out}: {len(chosen)} figure{'s' * (len(chosen) > 1)}")


def scene_of(options: argparse.Namespace) -> Scene:
    """The scene in POSE; --picture says how large the drawing is where the file does not."""
    photo = read_photo(options.picture.read_bytes(), options.picture.name).image if options.picture else None
    size = None if photo is None else (photo.shape[1], photo.shape[0])
    scene = files.read(options.pose.read_bytes(), options.pose.name, size)
    return scene if photo is None else replace(scene, photo=photo)


def people_of(scene: Scene, person: int | None) -> Sequence[int]:
    """Indices of the figures that were asked for."""
    count = len(scene.pose.people)
    if not count:
        raise ValueError("expected a drawn figure, got none")
    if person is not None and not 1 <= person <= count:
        raise ValueError(f"expected --person 1 to {count}, got {person}")
    return range(count) if person is None else [person - 1]


def reading_of(found: Lift, number: int) -> BodyPose:
    """The body of a reading, counted from 1."""
    if not 1 <= number <= len(found.readings):
        raise ValueError(f"expected --reading 1 to {len(found.readings)}, got {number}")
    return found.readings[number - 1].pose


def tell(index: int, person: Person, found: Lift) -> None:
    """The readings of a figure, a line each."""
    box = person.box()
    height = max(box.width, box.height)
    print(f"figure {index + 1}: {found.note}" if found.note else f"figure {index + 1}")
    for n, one in enumerate(found.readings, 1):
        print(f"{n:4}  {100 * one.error / height:5.2f} % of the box off  unnatural {one.unnatural:.3f}")


def written(stage: Stage, scene: Scene, chosen: Sequence[int], camera: Camera, kind: str) -> bytes:
    """The bytes of --out."""
    if kind == ".json":
        return files.write(scene, "document")
    bodies = [body for index in chosen if (body := scene.pose.people[index].body) is not None]
    return body_files.write(stage, bodies, kind[1:], body_files.Wish(camera))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pose", type=Path, metavar="POSE", help="document, project, pose JSON or PNG with the work")
    parser.add_argument("--out", type=Path, required=True, help="body.json, .glb, .obj, .npz or .bvh")
    parser.add_argument("--hypotheses", type=int, default=10, metavar="N", help="readings of each figure (default: 10)")
    parser.add_argument("--reading", type=int, default=1, metavar="N", help="the one to write (default: 1, the best)")
    parser.add_argument("--seed", type=int, default=0, help="another number, other readings (default: 0)")
    parser.add_argument("--naturalness", type=float, default=1.0, help="of the prior beside the drawing (default: 1)")
    parser.add_argument("--person", type=int, metavar="N", help="the N-th figure alone, from 1 (default: all)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="the drawing: its size, where POSE tells none")
    parser.add_argument("--body", metavar="NAME", help="a body of yours, such as smplx-neutral")
    parser.add_argument("--models", type=Path, metavar="DIR", help="your folder of models")
    options = parser.parse_args()
    try:
        lift(options)
    except (ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
