"""Render real poses on the open body side by side, to look for what is broken.

python scripts/contact_sheet.py --poses FOLDER [--out docs/bodies.png] [--columns 8]

FOLDER holds `toy_body_data.npz` and `toy_wholebody_data.npz`, captured poses published with DPoser-X for research: the
picture may be shown, the poses are not the project's. The first half are bodies alone, the second whole bodies with
hands, jaw and expression.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.render import Renderer
from engine.rig import axis_angles, matrices
from engine.shot import Actor, Look, Shot

root = Path(__file__).parent.parent
body_path = root / "assets" / "body" / "contrapposto_neutral.npz"
paper = (244, 243, 240)
tile = (300, 380)
turned = np.radians((0, 25, -25, 50, -50, 160))  # bodies alone say nothing of their side: show them from several


def captured_bodies(folder: Path, body: Body) -> list[BodyPose]:
    """The 500 bodies without hands, faces or direction: with the file's relaxed hands, facing the camera."""
    with np.load(folder / "toy_body_data.npz", allow_pickle=False) as file:
        return [BodyPose(body=pose.reshape(21, 3), hands=body.hand_mean) for pose in file["pose_samples"]]


def captured_people(folder: Path, body: Body) -> list[BodyPose]:
    """The 500 people with hands, jaw and expression, turned from their camera's axes (y down) to the world's."""
    with np.load(folder / "toy_wholebody_data.npz", allow_pickle=False) as file:
        data = {name: file[name].astype(float) for name in file.files}
    upright = matrices(np.array((np.pi, 0.0, 0.0)))
    # Their hands are counted from a relaxed hand; ours from a flat one.
    hands = np.stack([data["left_hand_pose"], data["right_hand_pose"]], axis=1).reshape(-1, 2, 15, 3) + body.hand_mean
    return [
        BodyPose(
            root=axis_angles(upright @ matrices(data["global_orient"][i])),
            body=data["body_pose"][i].reshape(21, 3),
            hands=hands[i],
            jaw=data["jaw_pose"][i],
            expression=data["expression"][i][: body.expressions],
        )
        for i in range(len(hands))
    ]


def spread(count: int, of: int) -> list[int]:
    """So many numbers evenly over the range."""
    return [int(i) for i in np.linspace(0, of - 1, count)]


def shown(body: Body, pose: BodyPose, turn: float) -> Shot:
    """The pose from the front and a little above, turned by `turn` rad, filling the tile."""
    facing = axis_angles(matrices(np.array((0.0, turn, 0.0))) @ matrices(pose.root))
    mesh = body.mesh(BodyPose(facing, pose.body, pose.hands, pose.jaw, pose.eyes, pose.betas, pose.expression))
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    middle = (low + high) / 2
    away = 3.4 * max(high[1] - low[1], (high[0] - low[0]) * tile[1] / tile[0])
    camera = Camera.looking_at(middle, middle + np.array((0.0, 0.12, 1.0)) * away, tile, 2.9 * tile[1])
    return Shot((Actor(mesh),), camera, Look(background=paper))


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poses", type=Path, required=True, help="folder of the captured poses")
    parser.add_argument("--out", type=Path, default=root / "docs" / "bodies.png")
    parser.add_argument("--columns", type=int, default=8)
    asked = parser.parse_args()
    body, renderer = Body.load(body_path), Renderer()
    bodies, people = captured_bodies(asked.poses, body), captured_people(asked.poses, body)
    shots = [shown(body, bodies[i], turned[n % len(turned)]) for n, i in enumerate(spread(12, len(bodies)))]
    shots += [shown(body, people[i], 0.0) for i in spread(12, len(people))]
    rows = -(-len(shots) // asked.columns)
    sheet = Image.new("RGB", (asked.columns * tile[0], rows * tile[1]), paper)
    for n, shot in enumerate(shots):
        picture = Image.fromarray(np.ascontiguousarray(renderer.frame(shot)[..., :3]))
        sheet.paste(picture, (n % asked.columns * tile[0], n // asked.columns * tile[1]))
    renderer.close()
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    # 160 colours: a third of the size, and no difference that an eye finds.
    sheet.quantize(160, dither=Image.Dither.NONE).save(asked.out, optimize=True)
    print(f"{len(shots)} poses, {asked.out.stat().st_size / 1000:.0f} kB: {asked.out}")


if __name__ == "__main__":
    main()
