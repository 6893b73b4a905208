"""Contact sheets of sets without clips, hands, faces and shapes, to be looked at: one block of pictures a source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.hand_poses import HandPose
from engine.hand_shape import mirror
from engine.pose_sets import PoseSet
from engine.render import Actor, Look, Renderer, Shot
from engine.rig import place_of
from scripts.hand_sheet import pictured

columns, rows, side, label = 12, 2, 132, 16  # pictures of a source; px
paper, ink = (255, 255, 255), (40, 36, 32)

Picture = Callable[[np.ndarray], Image.Image]


def part_sheet(poses: PoseSet, body: Body, path: Path) -> None:
    """Write the sheet of a set of hands (twice each, from the palm and from the thumb), faces or shapes."""
    renderer = Renderer()

    def hand(view: str) -> Picture:
        # As left hands, as in all pictures of hands here.
        return lambda pose: pictured(renderer, body, HandPose("hand", "", (), pose.reshape(15, 3) * mirror), view, side)

    def face(pose: np.ndarray) -> Image.Image:
        figure = BodyPose(jaw=pose[:3], expression=pose[3:])
        return _seen(renderer, body, figure, "head", (0.0, 0.03, 0.05), (0.25, 0.0, 1.2), 0.3)

    def shape(pose: np.ndarray) -> Image.Image:
        return _seen(renderer, body, BodyPose(betas=pose), "pelvis", (0.0, -0.1, 0.0), (1.0, 0.2, 5.0), 2.1)

    pictures = {"hand": [hand("palm"), hand("thumb")], "face": [face], "face-shape": [shape]}
    if poses.part not in pictures:
        raise ValueError(f"expected a set of {', '.join(pictures)}, got {poses.part}")
    _sheet(poses, pictures[poses.part], path)
    renderer.close()


def _seen(
    renderer: Renderer, body: Body, figure: BodyPose, joint: str, off: Sequence[float], toward: Sequence[float],
    wide: float,
) -> Image.Image:  # fmt: skip
    """A figure from `toward` metres away from a joint and `off` it, `wide` metres across."""
    mesh = body.mesh(figure)
    middle = mesh.joints[place_of[joint]] + off
    away = float(np.linalg.norm(toward))
    camera = Camera.looking_at(middle, middle + np.array(toward), (side, side), side * away / wide)
    return Image.fromarray(renderer.frame(Shot((Actor(mesh),), camera, Look("studio", ground=False))))


def _sheet(poses: PoseSet, pictures: Sequence[Picture], path: Path) -> None:
    """Evenly spaced poses of each source, their clips' names below them."""
    sources = np.array([name.partition("/")[0] for name in poses.clip_names])[poses.clip]
    names = sorted(set(sources.tolist()))
    shown = columns // len(pictures)
    sheet = Image.new("RGB", (columns * side, len(names) * rows * (side + label)), paper)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for block, source in enumerate(names):
        here = np.flatnonzero(sources == source)
        chosen = here[np.linspace(0, len(here) - 1, min(rows * shown, len(here))).round().astype(int)]
        for n, row in enumerate(chosen):
            x, y = n % shown * len(pictures) * side, (rows * block + n // shown) * (side + label)
            for k, picture in enumerate(pictures):
                one = picture(poses.poses[row].astype(float))
                sheet.paste(one, (x + k * side, y), one if one.mode == "RGBA" else None)
            pen.text((x + 4, y + side), poses.clip_names[poses.clip[row]].partition("/")[2][:22], fill=ink, font=font)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, quality=82)
