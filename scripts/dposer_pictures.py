"""Picture what the pose prior does, for docs/results-dposer.md: drawn bodies, completions, motion, hands, fits.

python scripts/dposer_pictures.py --poses POSES [--prior FOLDER] [--out docs]

POSES is what scripts/prepare_poses.py wrote; what is shown are its held-out poses, none of which the prior learned
from. Each picture is a sheet of tiles, docs/dposer-NAME.webp, named in scripts/evaluation/remarks.py with its caption.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.body import Body, Mesh
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.networks.dposer import Part
from engine.prior_file import PriorFolder
from engine.render import Renderer
from engine.rig import axis_angles
from engine.shot import Actor, Look, Shot
from engine.skeleton import smplx55
from engine.tasks.completion import Completion, complete
from engine.tasks.denoising import denoise, noise_100
from engine.tasks.generation import generate
from engine.tasks.guides import NoGuide
from engine.tasks.inverse import hand_partial, hands_at, hidden_hand_points
from engine.tasks.recovery import published, recovered
from engine.tasks.vectors import hidden_by, posed
from scripts.evaluation import denoising, fitting, hands, observed
from scripts.evaluation.asked import Asked
from scripts.evaluation.contestants import Contestants
from scripts.evaluation.observed import Observed
from scripts.evaluation.remarks import pictures

root = Path(__file__).parent.parent
body_path = root / "assets" / "body" / "contrapposto_neutral.npz"
embedded = root / "assets" / "weights" / "dposer-open"
paper, ink = (244, 243, 240), (40, 36, 32)
tile = (150, 190)  # px of a figure
hand_tile = (150, 150)
label = 20  # px above a row
ghost = 0.45  # opacity of one of ten answers
# The right forearm stands upright, fingers up and palm to the front.
raised = BodyPose().with_joint("right_elbow", axis_angles(np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])))
Row = tuple[str, list[Image.Image]]


class Stage:
    """A body and what draws it."""

    def __init__(self, body: Body) -> None:
        self.body, self.renderer = body, Renderer()

    def picture(self, actors: Sequence[Actor], camera: Camera, skeleton: bool = False) -> Image.Image:
        """What a camera sees of figures on paper."""
        # Ten ghosts would cast ten shadows.
        look = Look(background=paper, skeleton=skeleton, shadows=len(actors) == 1)
        frame = self.renderer.frame(Shot(tuple(actors), camera, look))
        return Image.fromarray(np.ascontiguousarray(frame[..., :3]))

    def figure(self, *meshes: Mesh, opacity: float = 1.0, turn: float = 0.5, skeleton: bool = False) -> Image.Image:
        """Figures in one place, from a little aside and above, filling the tile."""
        points = np.concatenate([mesh.vertices for mesh in meshes])
        low, high = points.min(0), points.max(0)
        middle = (low + high) / 2
        away = 3.4 * max(high[1] - low[1], np.hypot(high[0] - low[0], high[2] - low[2]) * tile[1] / tile[0])
        eye = middle + np.array((np.sin(turn), 0.12, np.cos(turn))) * away
        camera = Camera.looking_at(middle, eye, tile, 2.9 * tile[1])
        return self.picture([Actor(mesh, opacity) for mesh in meshes], camera, skeleton)

    def hand(self, vector: np.ndarray) -> Image.Image:
        """A right hand (45,) from its palm."""
        mesh = self.body.mesh(replace(raised, hands=np.stack([np.zeros((15, 3)), vector.reshape(15, 3)])))
        joints = dict(zip(smplx55.joints, mesh.joints, strict=True))
        wrist, knuckle = joints["right_wrist"], joints["right_hand_middle_1"]
        middle = wrist + 0.95 * (knuckle - wrist)
        camera = Camera.looking_at(middle, middle + np.array((0.3, 0, 1.2)), hand_tile, hand_tile[0] * 1.2 / 0.24)
        return self.picture([Actor(mesh)], camera)

    def mesh(self, part: Part, vector: np.ndarray | torch.Tensor) -> Mesh:
        """The figure of a vector."""
        poses = posed(self.body, part, torch.as_tensor(vector, dtype=torch.float32)[None])
        pose = BodyPose(expression=poses.expression[0].numpy()[: self.body.expressions])
        return self.body.mesh(pose.with_axis_angles(poses.axis_angles[0].double().numpy()))


# ── the sheets ──


def samples(stage: Stage, asked: Asked) -> list[Row]:
    """Bodies drawn from noise."""
    drawn = generate(asked.contestants.prior("body"), 20, "em", seed=asked.seed)
    tiles = [stage.figure(stage.mesh("body", vector)) for vector in drawn]
    return [("", tiles[:10]), ("", tiles[10:])]


def completions(stage: Stage, asked: Asked) -> list[Row]:
    """A pose, five answers to what is hidden of it, and all ten laid over each other."""
    rows: list[Row] = []
    (bodies,) = asked.of("body")[:1]
    wholes = asked.of("wholebody")[:1]
    groups = (("left leg", "left_leg"), ("both legs", "legs"), ("arms", "arms"), ("torso", "trunk"))
    kinds: list[tuple[str, Part, str, Observed]] = []
    for name, group in groups:
        kinds.append((name, "body", group, bodies))
    kinds.extend(("right hand", "wholebody", "right_hand", one) for one in wholes)
    for n, (name, part, group, one) in enumerate(kinds):
        true = torch.from_numpy(one.poses[n : n + 1])
        found = complete(asked.contestants.prior(part), true, hidden_by(part, group), Completion(), seed=asked.seed)[0]
        if part == "wholebody":
            tiles = [stage.hand(vector.numpy()[108:153]) for vector in (true[0], *found[:6])]
            rows.append((f"{name} hidden: as it was, and six answers", tiles))
            continue
        meshes = [stage.mesh(part, vector) for vector in found]
        tiles = [stage.figure(stage.mesh(part, true[0])), *(stage.figure(mesh) for mesh in meshes[:5])]
        tiles.append(stage.figure(*meshes, opacity=ghost))
        rows.append((f"{name} hidden: as it was, five answers, all ten", tiles))
    return rows


def motion(stage: Stage, asked: Asked) -> list[Row]:
    """Frames of a piece of motion: noisy joints, without a prior, with it, and as it was."""
    one = asked.of("body", motion=True)[0]
    _, noisy = denoising.noisy(asked, replace(one, motion=one.motion[:1]), 100)
    guides = {"no prior": NoGuide(), "DPoser-X, open": noise_100.guide(asked.contestants.prior("body"))}
    frames = range(5, 60, 8)
    poses = one.poses[one.motion[0]]
    seen = []
    for k in frames:
        mesh = stage.mesh("body", poses[k])
        joints = mesh.joints.copy()
        joints[:22] = noisy[0, k].numpy()
        seen.append(stage.figure(replace(mesh, joints=joints), skeleton=True))
    rows: list[Row] = [("joints off by 100 mm, over the body as it was", seen)]
    for name, guide in guides.items():
        found = denoise(stage.body, guide, noisy, settings=noise_100, seed=asked.seed).poses[0]
        rows.append((name, [stage.figure(stage.mesh("body", found[k])) for k in frames]))
    rows.append(("as it was", [stage.figure(stage.mesh("body", poses[k])) for k in frames]))
    return rows


def sparse_hands(stage: Stage, asked: Asked) -> list[Row]:
    """Hands from 8 of their 21 points."""
    (one,) = asked.of("hand")[:1]
    true = torch.from_numpy(one.poses[:8])
    places, hidden = hands.places_of(asked, true), hidden_hand_points("sparse", len(true), asked.seed)
    guides = {"no prior": NoGuide(), "DPoser-X, open": hand_partial.guide(asked.contestants.prior("hand"))}
    rows: list[Row] = [("as they were", [stage.hand(vector.numpy()) for vector in true])]
    for name, guide in guides.items():
        found = hands_at(hands.points_of(stage.body), places, guide, hand_partial, hidden, seed=asked.seed)
        rows.append((f"from 8 of 21 points: {name}", [stage.hand(vector.numpy()) for vector in found]))
    return rows


def fits(stage: Stage, asked: Asked) -> list[Row]:
    """Bodies from 25 points of a picture: from the front and from the side."""
    (one,) = asked.of("body")[:1]
    several = replace(one, poses=one.poses[:4])
    seen = fitting.pictured(stage.body, several, asked.seed)
    guides = {"no prior": NoGuide(), "DPoser-X, open": published.guide(asked.contestants.prior("body"))}
    bodies = {"as they were, front and side": list(seen.bodies)}
    for name, guide in guides.items():
        bodies[name] = list(recovered(stage.body, seen.keypoints, guide, published, seed=asked.seed).poses)
    return [
        (name, [stage.figure(stage.body.mesh(pose), turn=turn) for pose in poses for turn in (0.0, 1.3)])
        for name, poses in bodies.items()
    ]


sheets: dict[str, Callable[[Stage, Asked], list[Row]]] = {
    "samples": samples, "completions": completions, "motion": motion, "hands": sparse_hands, "fits": fits,
}  # fmt: skip


def sheet(rows: Sequence[Row]) -> Image.Image:
    """Rows of tiles below their titles."""
    width = max(sum(one.width for one in tiles) for _, tiles in rows)
    heights = [(label if title else 0) + tiles[0].height for title, tiles in rows]
    found, y = Image.new("RGB", (width, sum(heights)), paper), 0
    pen, font = ImageDraw.Draw(found), ImageFont.load_default(13)
    for (title, tiles), height in zip(rows, heights, strict=True):
        pen.text((8, y + 3), title, fill=ink, font=font)
        for n, one in enumerate(tiles):
            found.paste(one, (n * one.width, y + height - one.height))
        y += height
    return found


def main() -> None:
    """Write the sheets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poses", nargs="+", type=Path, required=True, metavar="PATH")
    parser.add_argument("--prior", type=Path, default=embedded, metavar="FOLDER")
    parser.add_argument("--only", nargs="+", choices=tuple(sheets), default=tuple(sheets))
    parser.add_argument("--out", type=Path, default=root / "docs")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    body = Body.load(body_path)
    sets = tuple(one for one in observed.read(args.poses, body) if one.name.startswith("held-out"))
    asked = Asked(body, sets, Contestants(PriorFolder(args.prior)), samples=16, seed=args.seed)
    stage = Stage(body)
    names = {file for shown in pictures.values() for file, _ in shown}
    for name in args.only:
        path = args.out / f"dposer-{name}.webp"
        sheet(sheets[name](stage, asked)).save(path, quality=80, method=6)
        unused = "" if path.name in names else ", shown nowhere"
        print(f"{path.stat().st_size / 1000:.0f} kB: {path}{unused}", flush=True)
    stage.renderer.close()


if __name__ == "__main__":
    main()
