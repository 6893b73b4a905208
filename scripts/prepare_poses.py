"""Write the sets of poses that the prior is trained on and measured with, from open sources.

python scripts/prepare_poses.py --data ../shared/data --out poses [--parts body hand face face-shape wholebody]
    [--sheets FOLDER] [--seed N]

Each folder of --data has a SOURCE.md: CMU's motion capture in five forms, Mesh2Motion's animations (CC0), hands of four
sources, MakeHuman's face units (CC0). All are carried over to this project's own body. For each part
`<part>_train.npz` and `<part>_held_out.npz` are written (engine.pose_sets); --sheets pictures every source.
Deterministic. Recordings for research only are prepared by scripts/prepare_research.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.body import Body
from engine.body_pose import BodyPose
from engine.pose_sets import PoseSet, splits, widths
from engine.rig import Rig
from scripts.pose_sources import cleaning, mending, twins
from scripts.pose_sources.clips import Clip
from scripts.pose_sources.cmu import readers as cmu_readers
from scripts.pose_sources.mesh2motion import read_mesh2motion
from scripts.pose_sources.part_sheets import part_sheet
from scripts.pose_sources.sheets import body_sheets

root = Path(__file__).parent.parent
body_path = root / "assets" / "body" / "contrapposto_neutral.npz"
command = "python scripts/prepare_poses.py --data ../shared/data --out poses"
readers = {**cmu_readers, "mesh2motion_cc0": read_mesh2motion}
licences = {
    "cmu": "The data used in this project was obtained from mocap.cs.cmu.edu. The database was created with funding "
    "from NSF EIA-0196217. Free for all uses; not to be resold, even in converted form.",
    "cmu_aclstm_bvh": 'MIT, Copyright (c) 2018 The Authors of "Auto-Conditioned Recurrent Networks for Extended '
    'Complex Human Motion Synthesis"',
    "cmu_c2s_expmap": "MIT, Copyright (c) 2018 Li Chen",
    "cmu_jump_vae": "MIT, Copyright (c) 2021 arpspoof",
    "mesh2motion_cc0": "CC0 1.0: Mesh2Motion, Quaternius (Universal Animation Library)",
}

Sets = tuple[PoseSet, PoseSet]


def body_clips(data: Path, rest: np.ndarray) -> tuple[list[Clip], list[Clip], dict[str, Any]]:
    """Sound clips to train on and held out, on a body whose joints rest at `rest` (55, 3), and what was found."""
    found: dict[str, Any] = {}
    clips: list[Clip] = []
    recorded = twins.named([clip for source, read in readers.items() for clip in read(data / source, rest)], rest)
    for source in readers:
        raw = [clip for clip in recorded if clip.source == source]
        faults = mending.Faults.of(raw, rest)
        kept = [one for clip in raw if (one := cleaning.cleaned(mending.mended(clip, faults, rest), clip))]
        clips += kept
        found[source] = {
            "clips": len(kept), "clips_dropped": len(raw) - len(kept),
            "frames": sum(map(len, kept)), "frames_dropped": sum(map(len, raw)) - sum(map(len, kept)),
            "elbow_twist_degrees": None if faults.twist is None else round(float(np.degrees(faults.twist)), 1),
            "stiff_head": faults.stiff,
        }  # fmt: skip
    train, held_out = cleaning.parted(clips)
    return train, held_out, found


def body_sets(train: Sequence[Clip], held_out: Sequence[Clip], about: dict[str, Any]) -> Sets:
    """The body's poses: to train on thinned and with their mirror images, held out as recorded."""
    thin = [cleaning.thinned(clip) for clip in train]
    return body_set(thin, about, mirrored=True), body_set(held_out, about, mirrored=False)


def body_set(clips: Sequence[Clip], about: dict[str, Any], mirrored: bool) -> PoseSet:
    """The body's poses in all frames of clips, balanced; with their mirror images after them where asked."""
    turns = np.concatenate([clip.turns for clip in clips])
    columns = {
        "weight": np.concatenate(cleaning.balanced(clips)),
        "clip": np.repeat(np.arange(len(clips)), [len(clip) for clip in clips]),
        "frame": np.concatenate([clip.frame for clip in clips]),
        "mirrored": np.zeros(len(turns), bool),
    }
    if mirrored:
        turns = np.concatenate([turns, cleaning.mirror(turns)])
        columns = {name: np.concatenate([value, value]) for name, value in columns.items()}
        columns["mirrored"][len(turns) // 2 :] = True
    return PoseSet(
        "body", turns[:, 1:22].reshape(len(turns), -1), clip_names=tuple(clip.title for clip in clips),
        root=turns[:, 0], fps=np.array([clip.fps for clip in clips]), about=about, **columns,
    )  # fmt: skip


class Preparation:
    """Each part's sets of a data folder on a body, made when asked for, and once."""

    def __init__(self, data: Path, body: Body, seed: int) -> None:
        self.data, self.body, self.seed = data, body, seed
        self._made: dict[str, Sets] = {}

    @cached_property
    def clips(self) -> tuple[list[Clip], list[Clip], dict[str, Any]]:
        """Body clips to train on and held out, and what was found of their sources."""
        return body_clips(self.data, Rig.of(self.body, BodyPose()).rest)

    def sets(self, part: str) -> Sets:
        """The part's sets to train on and held out."""
        if part not in self._made:
            self._made[part] = getattr(self, f"_{part.replace('-', '_')}")()
        return self._made[part]

    def _body(self) -> Sets:
        train, held_out, found = self.clips
        about = {"sources": found, "licences": licences, "seed": self.seed, "command": command}
        return body_sets(train, held_out, about)

    def _hand(self) -> Sets:
        from scripts.pose_sources.hands import hand_sets

        train, held_out, _ = self.clips
        return hand_sets(self.data, self.body, self.seed, train, held_out)

    def _face(self) -> Sets:
        from scripts.pose_sources.faces import face_sets

        return face_sets(self.body, self.data, self.seed)

    def _face_shape(self) -> Sets:
        from scripts.pose_sources.faces import face_shape_sets

        return face_shape_sets(self.body, self.seed)

    def _wholebody(self) -> Sets:
        from scripts.pose_sources.wholebody import wholebody_sets

        train, held_out, _ = self.clips
        bodies, hands, faces = (self.sets(part) for part in ("body", "hand", "face"))
        return wholebody_sets(self.body, self.seed, bodies, hands, faces, train, held_out)


def main() -> None:
    """Write the sets and say what they hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open sources")
    parser.add_argument("--out", type=Path, required=True, help="folder for the sets")
    parser.add_argument("--parts", nargs="+", choices=widths, default=list(widths))
    parser.add_argument("--sheets", type=Path, help="folder for a contact sheet of every source")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    made = Preparation(asked.data, Body.load(body_path), asked.seed)
    for part in asked.parts:
        for split, poses in zip(splits, made.sets(part), strict=True):
            path = asked.out / f"{part}_{split}.npz"
            poses.save(path)
            print(f"{path}: {len(poses)} poses of {len(poses.clip_names)} clips, {path.stat().st_size / 1e6:.1f} MB")
        if asked.sheets:
            for path in sheets(made, part, asked.sheets):
                print(path)


def sheets(made: Preparation, part: str, folder: Path) -> list[Path]:
    """The part's contact sheets: of bodies one a source, of hands, faces and shapes one."""
    if part == "wholebody":
        return []
    if part == "body":
        return body_sheets([*made.clips[0], *made.clips[1]], made.body, folder)
    path = folder / f"{part}.webp"
    part_sheet(made.sets(part)[0], made.body, path)
    return [path]


if __name__ == "__main__":
    main()
