"""Contact sheets of pose sources, to look for what is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.body import Body
from engine.body_pose import BodyPose
from engine.render import Renderer
from engine.rig import axis_angles, matrices
from scripts.contact_sheet import paper, shown, spread, tile
from scripts.pose_sources.clips import Clip

columns = 6
_turned = np.radians((0, 35, -35, 0, 35, -35, 0, 90, -90, 0, 35, 180))


def body_sheets(clips: Sequence[Clip], body: Body, folder: Path, count: int = 12) -> list[Path]:
    """One picture a source: frames evenly over all of its clips, standing as they stood, turned to face the camera."""
    folder.mkdir(parents=True, exist_ok=True)
    renderer = Renderer()
    written = []
    for source in sorted({clip.source for clip in clips}):
        frames = [(clip, n) for clip in clips if clip.source == source for n in range(len(clip))]
        shots, names = [], []
        for i, place in enumerate(spread(count, len(frames))):
            clip, n = frames[place]
            shots.append(shown(body, posed(clip.turns[n], body, clip.fingers), _turned[i % len(_turned)]))
            names.append(f"{clip.name} {clip.frame[n]}")
        pictures = [Image.fromarray(np.ascontiguousarray(renderer.frame(shot)[..., :3])) for shot in shots]
        path = folder / f"{source}.webp"
        tiled(pictures, names).save(path, quality=85, method=4)
        written.append(path)
    renderer.close()
    return written


def posed(turns: np.ndarray, body: Body, fingers: bool) -> BodyPose:
    """A pose of turns (55, 3) that faces the camera, upright or lying as it is; relaxed hands where it has none."""
    pose = BodyPose().with_axis_angles(turns)
    world = matrices(pose.root)
    ahead = np.arctan2(-world[2, 0], world[0, 0])  # of the hips: the body's left stays the picture's right
    back = matrices(np.array((0.0, -ahead, 0.0)))
    return replace(pose, root=axis_angles(back @ world), hands=pose.hands if fingers else body.hand_mean)


def tiled(pictures: Sequence[Image.Image], names: Sequence[str]) -> Image.Image:
    """Pictures in rows, each with its name."""
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * tile[0], rows * tile[1]), paper)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for n, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        corner = n % columns * tile[0], n // columns * tile[1]
        sheet.paste(picture, corner)
        pen.text((corner[0] + 8, corner[1] + 6), name, fill=(60, 56, 52), font=font)
    return sheet
