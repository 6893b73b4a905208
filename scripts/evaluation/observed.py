"""Poses that priors are measured on: captured ones, for evaluation only, and the open sets' held-out clips.

Vectors are those of `engine.networks.dposer`, hands counted from a flat hand. What the captured files count otherwise
is brought over here: see `hand_zero` and `face_zero`, which the results page repeats.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.body import Body
from engine.networks.dposer import Part
from engine.pose_sets import PoseSet

chunk = 60  # frames of a piece of motion, as published

hand_zero = (
    "Captured hands count from a relaxed hand (MANO's mean, which is not the project's to use); this body's own relaxed"
    " hand stands for it: absolute = captured + hand_mean of the body file. As they are, counted from a flat hand,"
    " their fingers would bend backwards: 63 % of their joints stay within 5° of the limits, against 80 % so."
)
face_zero = (
    "Captured expressions count along FLAME's shapes, which this body does not have: faces are measured on held-out"
    " open faces, and captured whole bodies keep their jaw and get a neutral expression."
)


@dataclass(frozen=True, eq=False)
class Observed:
    """Poses (N, D) of one part from one source; `root` (N, 3) rad; `motion` tells rows that are frames in a row."""

    name: str
    part: Part
    poses: np.ndarray
    root: np.ndarray | None = None
    motion: tuple[np.ndarray, ...] = ()

    def some(self, count: int) -> Observed:
        """The first so many of the poses: a fair choice, for they lie in the order of chance unless they are motion."""
        root = None if self.root is None else self.root[:count]
        return replace(self, poses=self.poses[:count], root=root, motion=())


def read(paths: Iterable[Path], body: Body) -> list[Observed]:
    """The sets in files and folders, captured before held-out; of pose sets in folders only what was held out."""
    found = []
    for path in paths:
        files = [path]
        if path.is_dir():
            files = sorted(path.glob("*_held_out.npz")) or sorted(path.glob("*.npz"))
        if not files:
            raise ValueError(f"expected poses as .npz in “{path}”, got none")
        found += [one for file in files for one in _read(file, body)]
    if not found:
        raise ValueError(f"expected poses that a prior can be measured on, got none: {face_zero}")
    return found


def _read(path: Path, body: Body) -> list[Observed]:
    with np.load(path, allow_pickle=False) as file:
        names = set(file.files)
        data = {} if "clip_names" in names else {name: file[name] for name in names}
    if not data:
        return [_held_out(PoseSet.load(path))]
    if "pose_samples" in names:
        poses = data["pose_samples"]
        relaxed = body.hand_mean[1].reshape(-1)  # right hands
        kinds: dict[int, Part] = {63: "body", 45: "hand"}
        if poses.ndim != 2 or poses.shape[1] not in kinds:
            raise ValueError(f"{path.name}: expected poses of 63 or 45 numbers, got {poses.shape}")
        part = kinds[poses.shape[1]]
        return [Observed(f"captured {path.stem}", part, _mixed(poses + relaxed if part == "hand" else poses))]
    if {"pose_body", "root_orient"} <= names:
        frames = np.arange(len(data["pose_body"]))
        pieces = tuple(frames[n : n + chunk] for n in range(0, len(frames) - chunk + 1, chunk))
        poses, root = (data[name].astype(np.float32) for name in ("pose_body", "root_orient"))
        return [Observed(f"captured {path.stem}", "body", poses, root, pieces)]
    if {"body_pose", "left_hand_pose", "right_hand_pose", "jaw_pose"} <= names:
        return [Observed(f"captured {path.stem}", "wholebody", _whole(data, body))]
    if {"jaw_pose", "expression", "betas"} <= names:
        return []  # FLAME's: see `face_zero`
    raise ValueError(f"{path.name}: expected captured poses or a pose set, got {', '.join(sorted(names))}")


def _whole(data: dict[str, np.ndarray], body: Body) -> np.ndarray:
    count = len(data["body_pose"])
    relaxed = body.hand_mean.reshape(2, 45)
    hands = [data[f"{side}_hand_pose"] + relaxed[n] for n, side in enumerate(("left", "right"))]
    return _mixed(np.concatenate([data["body_pose"], *hands, data["jaw_pose"], np.zeros((count, 100))], axis=1))


def _mixed(poses: np.ndarray) -> np.ndarray:
    """Poses (N, D) float32 in an order of chance."""
    return poses[np.random.default_rng(0).permutation(len(poses))].astype(np.float32)


def _held_out(poses: PoseSet) -> Observed:
    """A pose set's rows in an order of chance, by weight; of whole bodies those with all their parts."""
    name = f"held-out open {poses.part}"
    rows = np.arange(len(poses)) if poses.available is None else np.flatnonzero(poses.available.all(1))
    if not len(rows):
        raise ValueError(f"{name}: expected rows with all four parts, got none")
    rng = np.random.default_rng(0)
    weight = poses.weight[rows].astype(float) + 1e-12
    order = rows[np.argsort(rng.exponential(size=len(rows)) / weight)]  # a draw without repeats, heavy ones first
    place = np.argsort(order) if len(order) == len(poses) else None
    motion = () if place is None else tuple(place[piece] for piece in pieces_of(poses))
    root = None if poses.root is None else poses.root[order]
    part: Part = poses.part  # type: ignore[assignment]
    return Observed(name, part, poses.poses[order], root, motion)


def pieces_of(poses: PoseSet, most: int = 8) -> list[np.ndarray]:
    """Rows of 60 frames in a row, one piece a clip, from at most so many clips evenly over those that have one."""
    if poses.frame is None:
        return []
    found = []
    for clip in np.unique(poses.clip):
        rows = np.flatnonzero((poses.clip == clip) & ~poses.mirrored)
        rows = rows[np.argsort(poses.frame[rows], kind="stable")]
        steps = np.diff(poses.frame[rows])
        if len(rows) < chunk:
            continue
        step = np.median(steps)
        breaks = np.flatnonzero(steps != step)
        runs = np.split(rows, breaks + 1)
        longest = max(runs, key=len)
        if len(longest) >= chunk:
            start = (len(longest) - chunk) // 2
            found.append(longest[start : start + chunk])
    return [found[n] for n in np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int)]


def chosen(sets: Sequence[Observed], part: Part, motion: bool = False) -> list[Observed]:
    """The sets of a part; with `motion` those with frames in a row, without it those that are not motion alone."""
    if motion:
        return [one for one in sets if one.part == part and one.motion]
    return [one for one in sets if one.part == part and not (one.motion and one.name.startswith("captured"))]
