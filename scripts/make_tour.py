"""Makes the README's tour: each drawing through all four steps, with what comes along and nothing else.

    python scripts/make_tour.py --out docs/tour.webp

A row for each drawing: as it is, the pose found in it, the same with its hidden parts completed, the body in space, and
the best four of eight pictures painted in that pose, judged as the studio judges them. Nothing is retouched.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.draw import overlay
from engine.paint_models import as_learned
from engine.photo import read_photo
from engine.pose import Pose2D
from engine.scene import PaintRequest
from engine.stage import View
from engine.studio import Studio
from engine.verify import best_first

examples = Path(__file__).parent.parent / "assets" / "examples"
tile, gap, title = (250, 312), 10, 30  # px
paper, ink = (250, 246, 238), (60, 52, 44)
painted = 8  # pictures, of which four are shown


@dataclass(frozen=True)
class Stop:
    """A drawing of the tour: which parts are hidden in it and are to be completed, and what is painted."""

    drawing: str
    hidden: tuple[str, ...]
    prompt: str


stops = (
    Stop("dancer.jpg", ("left_hand", "right_hand"), "a clay figure of a woman in a studio"),
    Stop("walker.jpg", ("left_hand", "right_hand"), "a poster of a woman in a yellow dress at the sea"),
)
titles = ("a drawing", "its pose", "hands completed", "the body", "painted in that pose")


def row(studio: Studio, stop: Stop) -> list[Image.Image]:
    """The tiles of one drawing, the four pictures as one."""
    photo = read_photo((examples / stop.drawing).read_bytes(), stop.drawing).image
    found = studio.estimate(photo).pose
    stage, person = studio.stage, found.people[0]
    camera = stage.lifter().camera(found)
    completer = stage.completer()
    standing = completer.stood(person, camera, stop.hidden)
    choice = completer.completed(person, camera, standing, stop.hidden, 1)[0]
    pose = Pose2D(found.size, (choice.person,))
    body = Image.new("RGBA", found.size, paper)
    body.alpha_composite(Image.open(io.BytesIO(stage.picture(View((choice.pose,), camera), "png"))).convert("RGBA"))
    request = PaintRequest(prompt=stop.prompt, count=painted)
    model, _ = studio.planned(request, pose)
    pictures = best_first(map(studio.verified, studio.paint(as_learned(request, model, ()), pose)))
    verdicts = [picture.verdict.oks for picture in pictures if picture.verdict]
    print(f"{stop.drawing}: OKS {', '.join(f'{oks:.2f}' for oks in verdicts)}")
    drawn = (photo, overlay(replace(found, people=(person,)), photo), overlay(pose, photo))
    return [
        *(_fitted(Image.fromarray(each)) for each in drawn),
        _fitted(body.convert("RGB")),
        four([p.image for p in pictures[:4]]),
    ]


def four(pictures: Sequence[np.ndarray]) -> Image.Image:
    """Four pictures as one, two by two, as high as a tile."""
    half = (tile[1] - gap) // 2
    page = Image.new("RGB", (2 * half + gap, tile[1]), paper)
    for n, picture in enumerate(pictures):
        small = Image.fromarray(picture).resize((half, half), Image.Resampling.LANCZOS)
        page.paste(small, (n % 2 * (half + gap), n // 2 * (half + gap)))
    return page


def _fitted(image: Image.Image) -> Image.Image:
    """The picture whole, in the middle of a tile."""
    image.thumbnail(tile, Image.Resampling.LANCZOS)
    page = Image.new("RGB", tile, paper)
    page.paste(image, ((tile[0] - image.width) // 2, (tile[1] - image.height) // 2))
    return page


def sheet(rows: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """All rows, under the names of the steps."""
    widths = [each.width for each in rows[0]]
    height = title + len(rows) * (tile[1] + gap)
    page = Image.new("RGB", (sum(widths) + gap * (len(widths) + 1), height), paper)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    for n, name in enumerate(titles):
        x = gap + sum(widths[:n]) + gap * n
        pen.text((x, 7), name, fill=ink, font=font)
        for m, tiles in enumerate(rows):
            page.paste(tiles[n], (x, title + m * (tile[1] + gap)))
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.webp")
    args = parser.parse_args()
    studio = Studio()
    try:
        sheet([row(studio, stop) for stop in stops]).save(args.out, quality=88)
    except (ValueError, OSError) as error:
        sys.exit(f"make_tour: {error}")
    finally:
        studio.stage.close()


if __name__ == "__main__":
    main()
