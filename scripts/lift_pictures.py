"""Pictures what lifting makes of drawings, for docs/results-lift.md: overlay, three views, and the other readings.

    python scripts/lift_pictures.py assets/examples/dancer.jpg … --out docs/lift-drawings.webp
    python scripts/lift_pictures.py photo.jpg --pose photo.json --plain --out docs/lift-photo.webp

Each drawing is a row: as it is with its points, the body over it, the body from the front, from three quarters and from
the side, then the next readings from three quarters. Points are estimated, or read from --pose; --plain leaves the
picture itself out and draws on paper.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import files
from engine.body_pose import BodyPose
from engine.box import Box
from engine.camera import Camera
from engine.draw import overlay
from engine.lift import LiftRequest
from engine.photo import read_photo
from engine.pose import Pose2D
from engine.render import Look
from engine.rig import matrices
from engine.stage import Stage, View
from engine.studio import Studio

tile = (240, 300)  # px
paper, ink = (244, 238, 227), (40, 36, 32)
others = 4  # readings beside the best
three_quarters = 40.0  # degrees


def row(studio: Studio, photo: np.ndarray, pose: Pose2D) -> list[Image.Image]:
    """The tiles of one drawing."""
    stage = studio.stage
    lifter = stage.lifter()
    camera = lifter.camera(pose)
    people = pose.people
    lifts = [lifter.lifted(person, camera, LiftRequest()) for person in people]
    best = tuple(lift.best.pose for lift in lifts)
    boxes = [person.box() for person in people]
    off = np.mean([100 * lift.best.error / max(box.width, box.height) for lift, box in zip(lifts, boxes, strict=True)])
    print(f"{len(people)} figures, {off:.1f} % of the box off, {[len(lift.readings) for lift in lifts]} readings")
    over = Image.fromarray(photo).convert("RGBA")
    seen = stage.picture(View(best, camera, Look(background=None, ground=False, shadows=False)), "png")
    over.alpha_composite(_opened(seen).convert("RGBA"))
    around = _around(boxes, pose.size)
    tiles = [_fitted(each.crop(around)) for each in (Image.fromarray(overlay(pose, photo)), over.convert("RGB"))]
    tiles += [_view(stage, best, camera, turn) for turn in (0.0, three_quarters, 90.0)]
    for n in range(1, 1 + others):
        readings = tuple(lift.readings[min(n, len(lift.readings) - 1)].pose for lift in lifts)
        tiles.append(_view(stage, readings, camera, three_quarters))
    return tiles


def _around(boxes: Sequence[Box], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of a picture that its figures take, with room around them."""
    low = np.min([(box.x0, box.y0) for box in boxes], axis=0)
    high = np.max([(box.x1, box.y1) for box in boxes], axis=0)
    room = 0.2 * float(np.max(high - low))
    (x0, y0), (x1, y1) = np.maximum(low - room, 0), np.minimum(high + room, size)
    return int(x0), int(y0), int(x1), int(y1)


def _view(stage: Stage, bodies: Sequence[BodyPose], camera: Camera, turn: float) -> Image.Image:
    """Bodies from the drawing's side, turned by `turn` degrees, filling a tile."""
    places = np.concatenate([stage.joints(pose) for pose in bodies])
    middle = (places.min(0) + places.max(0)) / 2
    back = -camera.T_camera_world[2, :3] * (1, 0, 1)
    back = matrices(np.array((0.0, np.radians(turn), 0.0))) @ (back / np.linalg.norm(back))
    size = max(np.ptp(places[:, 1]), 1.15 * np.linalg.norm(np.ptp(places[:, [0, 2]], axis=0)), 1.0)
    eye = middle + 3.4 * size * (back + np.array((0, 0.08, 0)))
    camera = Camera.looking_at(middle, eye, tile, 2.7 * tile[1])
    return _opened(stage.picture(View(tuple(bodies), camera, Look(background=paper)), "png")).convert("RGB")


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def _fitted(image: Image.Image) -> Image.Image:
    image = image.copy()
    image.thumbnail(tile)
    found = Image.new("RGB", tile, paper)
    found.paste(image, ((tile[0] - image.width) // 2, (tile[1] - image.height) // 2))
    return found


def main() -> None:
    args = arguments().parse_args()
    studio = Studio()
    rows = []
    for path in args.pictures:
        photo = read_photo(path.read_bytes()).image
        size = photo.shape[1::-1]
        told = files.read(args.pose.read_bytes(), args.pose.name, size) if args.pose else studio.estimate(photo)
        if args.plain:
            photo = np.full_like(photo, paper)
        rows.append(row(studio, photo, replace(told.pose, size=size)))
    sheet = Image.new("RGB", (max(map(len, rows)) * tile[0], len(rows) * tile[1]), paper)
    for j, tiles in enumerate(rows):
        for i, each in enumerate(tiles):
            sheet.paste(each, (i * tile[0], j * tile[1]))
    titles = ["as drawn", "over the drawing", "front", "three quarters", "side"]
    titles += [f"reading {n}" for n in range(2, 2 + others)]
    pen = ImageDraw.Draw(sheet)
    for i, title in enumerate(titles):
        pen.text((i * tile[0] + 8, 4), title, fill=ink)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(args.out, quality=86)
    studio.stage.close()


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("pictures", type=Path, nargs="+")
    add("--pose", type=Path, help="the points of a single picture, in any form the studio reads")
    add("--plain", action="store_true", help="leave the picture itself out")
    add("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
