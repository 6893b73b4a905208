"""Picture the library of hands: a labelled sheet for the docs, and the small pictures the page shows on its buttons.

python scripts/hand_sheet.py [--sheet docs/hands.png] [--tiles assets/body/hands.webp]

The tiles lie side by side in the library's order, each a left hand seen from its palm, on a clear ground.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.hand_poses import HandPose, hand_poses, with_hand
from engine.render import Actor, Look, Renderer, Shot
from engine.rig import axis_angles
from engine.skeleton import smplx55

root = Path(__file__).parent.parent
assets = root / "assets" / "body"
columns = 7  # on the sheet
side = 72  # px of a tile
large = 132  # px of a picture on the sheet
label = 22  # px
paper = (255, 255, 255)
away, wide = 1.2, 0.24  # metres from the camera, and across a picture
# The left forearm stands upright, fingers up and palm to the front.
raised = BodyPose().with_joint("left_elbow", axis_angles(np.array([[0.0, 0, -1], [1, 0, 0], [0, -1, 0]])))
views = {"palm": (0.0, 0.0, 1.0), "thumb": (-0.8, 0.0, 0.6)}


def pictured(renderer: Renderer, body: Body, hand: HandPose, view: str, size: int) -> Image.Image:
    """One hand on a clear ground."""
    mesh = body.mesh(with_hand(raised, "left", hand))
    joints = dict(zip(smplx55.joints, mesh.joints, strict=True))
    wrist, knuckle = joints["left_wrist"], joints["left_hand_middle_1"]
    middle = wrist + 0.95 * (knuckle - wrist)
    toward = np.array(views[view]) / np.linalg.norm(views[view])
    camera = Camera.looking_at(middle, middle + away * toward, (size, size), size * away / wide)
    look = Look("studio", ground=False, shadows=True)
    return Image.fromarray(renderer.frame(Shot((Actor(mesh),), camera, look)))


def main() -> None:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheet", type=Path, default=root / "docs" / "hands.png")
    parser.add_argument("--tiles", type=Path, default=assets / "hands.webp")
    asked = parser.parse_args()
    body, renderer = Body.load(assets / "contrapposto_neutral.npz"), Renderer()
    hands = hand_poses(assets / "hands.json")
    rows = -(-len(hands) // columns)
    tiles = Image.new("RGBA", (len(hands) * side, side))
    sheet = Image.new("RGB", (columns * len(views) * large, rows * (large + label)), paper)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for n, hand in enumerate(hands):
        x, y = n % columns, n // columns
        picture = pictured(renderer, body, hand, "palm", 4 * side).resize((side, side), Image.Resampling.LANCZOS)
        tiles.paste(picture, (n * side, 0))
        corner = x * len(views) * large, y * (large + label)
        for k, view in enumerate(views):
            one = pictured(renderer, body, hand, view, large)
            sheet.paste(one, (corner[0] + k * large, corner[1]), one)
        pen.text((corner[0] + 30, corner[1] + large), hand.title, fill=(40, 36, 32), font=font)
    renderer.close()
    tiles.save(asked.tiles, quality=82, method=6)
    sheet.quantize(128, dither=Image.Dither.NONE).save(asked.sheet, optimize=True)
    for path in (asked.tiles, asked.sheet):
        print(f"{len(hands)} hands, {path.stat().st_size / 1000:.0f} kB: {path}")


if __name__ == "__main__":
    main()
