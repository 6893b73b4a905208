"""Write the pose examples that tell a drawn figure's depth: the library's people in space, and moving figures in CC0.

python scripts/make_pose_examples.py --data FOLDER [--out assets/body/poses.npz] [--count 300]

FOLDER holds `mesh2motion_cc0_15fps.npz`: Mesh2Motion's and Quaternius's animations (CC0 1.0) as SMPL-X axis-angles.
Without --data only the library's part is written. Deterministic.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.body import Body
from engine.examples import Examples, together
from engine.fit_views import names as compared
from engine.limits import Limits
from engine.mannequin import Figure
from engine.point_rig import PointRig
from engine.rig import matrices
from engine.skeleton import smplx55, wholebody133
from scripts.make_library import recipes
from scripts.mannequin_body import refitted

root = Path(__file__).parent.parent
default_path = root / "assets" / "body" / "poses.npz"
body_path = root / "assets" / "body" / "contrapposto_neutral.npz"
limits_path = root / "assets" / "body" / "limits.npz"
motion_file = "mesh2motion_cc0_15fps.npz"
still_clips = ("T-Pose", "A_TPose", "Rest Pose")
sides = ("left", "right")


# ── the library's people ──


def library_examples(rig: PointRig, limits: Limits) -> Examples:
    """The library's people in space, by their ids; those that hold one pose share its turns."""
    people = [(recipe.id, recipe.pose) for recipe in recipes if isinstance(recipe.pose, Figure)]
    return _examples([name for name, _ in people], np.array([refitted(rig, limits, figure) for _, figure in people]))


def _examples(names: Sequence[str], turns: np.ndarray) -> Examples:
    hands = turns[:, 25:].reshape(-1, 2, 15, 3)
    return Examples(tuple(names), turns[:, 0], turns[:, 1:22], hands, turns[:, 22])


# ── figures that move ──


def moving_examples(rig: PointRig, data: Path, count: int) -> Examples:
    """Frames of the CC0 animations, as different from each other as can be, named clip/frame."""
    with np.load(data / motion_file, allow_pickle=False) as file:
        clips = file["clip"].astype(str)
        kept = np.flatnonzero([not any(still in clip for still in still_clips) for clip in clips])
        frame = np.arange(len(clips)) - np.array([np.flatnonzero(clips == clip)[0] for clip in clips])
        body = [file[name][kept].astype(float) for name in ("global_orient", "body_pose")]
        hands = [file[f"{side}_hand_pose"][kept].astype(float) for side in sides]
    turns = np.zeros((len(kept), len(smplx55), 3))
    turns[:, 0], turns[:, 1:22], turns[:, 25:] = *body, np.concatenate(hands, axis=1)
    chosen = _farthest(_upright(rig, turns), count)
    names = [f"{clips[i]}/{frame[i]}" for i in kept[chosen]]
    return _examples(names, turns[chosen])


def _upright(rig: PointRig, turns: np.ndarray) -> np.ndarray:
    """Where the body's points are (N, P, 3), about their middle, all facing the same way."""
    n = len(turns)
    points = rig.chosen(compared).placed(matrices(turns), np.zeros((n, rig.betas)), np.zeros((n, 3))).points
    left, right = (points[:, compared.index(f"{side}_hip")] for side in sides)
    across = left - right
    facing = np.arctan2(-across[:, 2], across[:, 0])
    back = matrices(np.stack([0 * facing, -facing, 0 * facing], axis=1))
    return np.einsum("nxy,npy->npx", back, points - points.mean(1, keepdims=True))


def _farthest(points: np.ndarray, count: int) -> np.ndarray:
    """Rows (count,) of points (N, P, 3) each as far from those before as can be, beginning with the first."""
    chosen, far = [0], np.full(len(points), np.inf)
    while len(chosen) < min(count, len(points)):
        far = np.minimum(far, np.linalg.norm(points - points[chosen[-1]], axis=-1).mean(1))
        chosen.append(int(far.argmax()))
    return np.array(chosen)


def example_rig() -> PointRig:
    """The points that the refitting looks at, on the open body's plain shape."""
    return PointRig.of(Body.load(body_path), (*wholebody133.joints, "left_collar", "right_collar"))


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the retargeted CC0 animations")
    parser.add_argument("--out", type=Path, default=default_path)
    parser.add_argument("--count", type=int, default=300, help="frames of the animations")
    asked = parser.parse_args()
    rig = example_rig()
    parts = [library_examples(rig, Limits.load(limits_path))]
    if asked.data is not None:
        parts.append(moving_examples(rig, asked.data, asked.count))
    examples = together(*parts)
    examples.save(asked.out)
    print(f"{len(examples)} examples, {asked.out.stat().st_size / 1000:.0f} kB: {asked.out}")


if __name__ == "__main__":
    main()
