"""Completes hidden parts of a drawn figure: several choices, in the drawing and in space.

python scripts/complete.py POSE.json --hide left_hand --out choices/ [--choices 5] [--seed 0]

Writes choice-1.json … (the pose, openable in the studio), choice-1.npz … (the body) and choices.png, a sheet of all:
above in the drawing, in the middle the hidden part near, below the body. --hide names parts (left_hand, right_hand,
face, left_arm, right_arm, left_leg, right_leg, head) or joints, and may be given several times.
"""

from __future__ import annotations

import argparse
import base64
import io
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.thumbnails import pictured
from engine import body_files, files
from engine.camera import Camera
from engine.complete import Choice
from engine.draw import overlay
from engine.hidden_parts import hidden_of, named
from engine.photo import read_photo
from engine.pose import Person, Pose2D
from engine.scene import Scene
from engine.stage import Stage

tile = (200, 250)  # px, width and height
label = 22  # px
paper = (255, 255, 255)


def main() -> None:
    args = _parser().parse_args()
    stage = Stage()
    try:
        scene = files.read(args.pose.read_bytes(), args.pose.name)
        photo = read_photo(args.picture.read_bytes(), args.picture.name).image if args.picture else scene.photo
        if not 1 <= args.person <= len(scene.pose.people):
            raise ValueError(f"expected a figure 1 … {len(scene.pose.people)}, got {args.person}")
        person = scene.pose.people[args.person - 1]
        camera = scene.camera or stage.lifter().camera(scene.pose)
        began = time.perf_counter()
        completer = stage.completer()
        pose = completer.stood(person, camera, args.hide)
        found = completer.completed(person, camera, pose, args.hide, args.choices, args.seed)
        took = time.perf_counter() - began
        args.out.mkdir(parents=True, exist_ok=True)
        for n, choice in enumerate(found, 1):
            done = replace(scene, pose=scene.pose.with_person(args.person - 1, choice.person), camera=camera)
            (args.out / f"choice-{n}.json").write_bytes(files.write(done, "document"))
            write_body(stage, choice, args.out / f"choice-{n}.npz")
        sheet(stage, scene, photo, person, args.hide, found, camera).save(args.out / "choices.png")
    except (ValueError, OSError) as error:
        sys.exit(f"complete: {error}")
    finally:
        stage.close()
    print(f"{len(found)} choices in {took:.2f} s: {args.out}")


def write_body(stage: Stage, choice: Choice, path: Path) -> None:
    """The choice's body as SMPL-X's npz."""
    path.write_bytes(body_files.write(stage, (choice.pose,), "npz"))


# ── the sheet ──


def sheet(
    stage: Stage, scene: Scene, photo: np.ndarray | None, person: Person, hide: Sequence[str],
    found: Sequence[Choice], camera: Camera,
) -> Image.Image:  # fmt: skip
    """All choices side by side, after the figure as it was."""
    hidden = hidden_of(person, hide)
    part = next((name for name in hide if name in named), None)
    small = [pictured(stage, "body-open", [c.pose for c in found], which, camera, 0.5, paper) for which in (part, None)]
    rows = 2 + sum(bool(one) for one in small)
    canvas = Image.new("RGB", (tile[0] * (len(found) + 1), label + rows * tile[1]), paper)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(14)
    whole, near = _box(found, _present(found[0].person)), _box(found, hidden.placed)
    for k, one in enumerate((person, *(c.person for c in found))):
        drawn = overlay(Pose2D(scene.pose.size, (one,)), photo)
        text = "as drawn" if not k else f"{k}   unnatural {found[k - 1].unnatural:.2f}"
        pen.text((k * tile[0] + 6, 3), text, fill=(40, 34, 28), font=font)
        for row, box in enumerate((whole, near)):
            canvas.paste(_cropped(drawn, box), (k * tile[0], label + row * tile[1]))
        for row, pictures in enumerate([one for one in small if one], 2):
            if k:
                picture = Image.open(io.BytesIO(base64.b64decode(pictures[k - 1].split(",")[1]))).convert("RGB")
                canvas.paste(picture.resize(tile, Image.Resampling.LANCZOS), (k * tile[0], label + row * tile[1]))
    return canvas


def _present(person: Person) -> list[str]:
    return [name for name, state in zip(person.skeleton.joints, person.states, strict=True) if state != "missing"]


def _box(found: Sequence[Choice], names: Collection[str]) -> tuple[float, float, float, float]:
    """The box (x0, y0, x1, y1) px, of a tile's proportions, that holds these points of all choices."""
    points = np.concatenate([c.person.points[c.person.skeleton.indices(sorted(names))] for c in found])
    low, high = points.min(0), points.max(0)
    middle, half = (low + high) / 2, (high - low) / 2 * 1.15 + 6
    half = np.maximum(half, half[::-1] * np.array(tile) / np.array(tile[::-1]))
    return (*(middle - half), *(middle + half))


def _cropped(picture: np.ndarray, box: tuple[float, float, float, float]) -> Image.Image:
    return Image.fromarray(picture).convert("RGB").transform(
        tile, Image.Transform.EXTENT, box, Image.Resampling.BICUBIC, fillcolor=paper
    )  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pose", type=Path, metavar="POSE.json", help="a pose document, OpenPose or COCO file")
    parser.add_argument("--hide", action="append", required=True, metavar="PART", help="a part or joint; repeatable")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write the choices to")
    parser.add_argument("--choices", type=int, default=5, metavar="N", help="1 to 10 (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same choices")
    parser.add_argument("--person", type=int, default=1, metavar="N", help="which figure, from 1")
    parser.add_argument("--picture", type=Path, help="the drawing, to show the choices on")
    return parser


if __name__ == "__main__":
    main()
