"""CMU's motion capture as five repositories hold it, each in its own form, carried over to this project's body.

The data used in this project was obtained from mocap.cs.cmu.edu. The database was created with funding from NSF
EIA-0196217.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.formats import asf, bvh
from engine.formats.npz import Arrays
from engine.formats.retarget import Skeleton
from engine.rig import matrices
from scripts.pose_sources.clips import Clip, carried, standing

fps = 30.0  # the folders hold every second or fourth frame
farthest = 1e5  # no channel of theirs is beyond


def read_aclstm(folder: Path, rest: np.ndarray) -> Iterator[Clip]:
    """Martial arts, Indian dance, salsa: BVH on a skeleton that rests in a T-pose."""
    hierarchy = (folder / "hierarchy.bvh.txt").read_text("utf-8")
    for name, rows in _rows(folder / "channels_30fps.npz"):
        trial = name.removesuffix(".bvh")
        yield carried(folder.name, trial, bvh.skeleton(hierarchy, rows), rest, fps, _dance(trial))


def _dance(trial: str) -> str:
    """Salsa 16 to 30 are the partners of 1 to 15: a couple's dance is one motion."""
    style, number = trial.split("/")
    return f"salsa/{(int(number) - 1) % 15 + 1:02d}" if style == "salsa" else trial


def read_iclone(folder: Path, rest: np.ndarray) -> Iterator[Clip]:
    """Playground, modern dance, basketball, walks: BVH whose bones rest in axes of their own.

    How the figure stands at rest is what the first frame of some clips shows, a T-pose; it holds for all.
    """
    hierarchy = (folder / "hierarchy.bvh.txt").read_text("utf-8")
    clips = dict(_rows(folder / "channels_30fps.npz"))
    still = bvh.skeleton(hierarchy, clips["007_03"][:1])
    turned, places = [world[0] for world in still.world], np.stack([place[0] for place in still.places])
    for name, rows in clips.items():
        skeleton = standing(bvh.skeleton(hierarchy, rows), turned, places)
        yield carried(folder.name, name, skeleton, rest, fps, _trial(name))


def read_asfamc(folder: Path, rest: np.ndarray) -> Iterator[Clip]:
    """Climbing, swinging, hanging and everyday motions: ASF and AMC."""
    columns = [line.split() for line in (folder / "columns.txt").read_text("utf-8").splitlines()]
    ends = np.cumsum([int(count) for _, count in columns])
    skeletons = {path.stem: asf.skeleton(path.read_bytes()) for path in sorted(folder.glob("*.asf"))}
    for name, rows in _rows(folder / "amc_30fps.npz"):
        values = dict(zip([bone for bone, _ in columns], np.split(rows, ends[:-1], axis=1), strict=True))
        skeleton = asf.upright(asf.moving(skeletons[name.partition("_")[0]], values))
        yield carried(folder.name, name, skeleton, rest, fps, _trial(name))


def read_c2s(folder: Path, rest: np.ndarray) -> Iterator[Clip]:
    """Sport, walks, traffic: exponential maps on an ASF's bones, whose directions are those of its family's first.

    Each joint's turn is that of the bone that ends there, written for rows: as columns it is the other way round.
    """
    about = json.loads((folder / "skeleton.json").read_text("utf-8"))
    bones = asf.skeleton((folder.parent / "cmu_asfamc" / "01.asf").read_bytes())
    still = asf.moving(bones, {bone: np.zeros((1, width)) for bone, width in bones.widths.items()})
    places = dict(zip(still.names, still.rest, strict=True))
    names, parents = about["joints"], about["parents"]
    at_rest = np.stack([places[name] for name in names])
    for name, rows in _rows(folder / "expmap_30fps.npz"):
        turns = matrices(-rows[:, 3:].reshape(len(rows), len(names), 3))
        skeleton = asf.upright(_chained(tuple(names), tuple(parents), at_rest, turns, rows[:, :3]))
        yield carried(folder.name, name, skeleton, rest, fps, name)


# DeepMimic's humanoid, metres, as it rests: x to its front, y up, z to its right; arms and legs hang down.
_humanoid = {
    "root": ("", (0, 0, 0)), "chest": ("root", (0, 0.236, 0)), "head": ("chest", (0, 0.224, 0)),
    "righthip": ("root", (0, 0, 0.085)), "rightknee": ("righthip", (0, -0.422, 0)),
    "rightankle": ("rightknee", (0, -0.410, 0)), "rightshoulder": ("chest", (-0.024, 0.244, 0.183)),
    "rightelbow": ("rightshoulder", (0, -0.275, 0)), "rightwrist": ("rightelbow", (0, -0.259, 0)),
    "lefthip": ("root", (0, 0, -0.085)), "leftknee": ("lefthip", (0, -0.422, 0)),
    "leftankle": ("leftknee", (0, -0.410, 0)), "leftshoulder": ("chest", (-0.024, 0.244, -0.183)),
    "leftelbow": ("leftshoulder", (0, -0.275, 0)), "leftwrist": ("leftelbow", (0, -0.259, 0)),
}  # fmt: skip
_frame = (
    ("root", 4), ("chest", 4), ("head", 4), ("righthip", 4), ("rightknee", 1), ("rightankle", 4),
    ("rightshoulder", 4), ("rightelbow", 1), ("lefthip", 4), ("leftknee", 1), ("leftankle", 4), ("leftshoulder", 4),
    ("leftelbow", 1),
)  # fmt: skip
_hinge = (0.0, 0.0, 1.0)  # of knees and elbows


def read_jump(folder: Path, rest: np.ndarray) -> Iterator[Clip]:
    """Athletic motions on DeepMimic's humanoid: quaternions w, x, y, z, and one angle for knees and elbows."""
    names = tuple(_humanoid)
    parents = tuple(names.index(parent) if parent else -1 for parent, _ in _humanoid.values())
    at_rest = np.zeros((len(names), 3))
    for n, (parent, (_, offset)) in enumerate(zip(parents, _humanoid.values(), strict=True)):
        at_rest[n] = (at_rest[parent] if parent >= 0 else 0) + np.array(offset)
    for name, rows in _rows(folder / "deepmimic_frames.npz"):
        turns = np.tile(np.eye(3), (len(rows), len(names), 1, 1))
        at = 4  # after the duration and the root's place
        for joint, width in _frame:
            values = rows[:, at : at + width]
            turns[:, names.index(joint)] = _turned(values) if width == 4 else matrices(values * _hinge)
            at += width
        skeleton = _chained(names, parents, at_rest, turns, rows[:, 1:4])
        yield carried(folder.name, name, skeleton, rest, fps, _trial(name))


def _turned(quaternions: np.ndarray) -> np.ndarray:
    """Rotations (T, 3, 3) of quaternions (T, 4), w first."""
    q = quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)
    q = np.where(q[:, :1] < 0, -q, q)
    sine = np.linalg.norm(q[:, 1:], axis=1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[:, :1])
    return matrices(q[:, 1:] / np.maximum(sine, 1e-12) * angle)


# ── all of them ──

readers: dict[str, Callable[[Path, np.ndarray], Iterator[Clip]]] = {
    "cmu_aclstm_bvh": read_aclstm,
    "cmu_c2s_expmap": read_c2s,
    "cmu_jump_vae": read_jump,
    "cmu_asfamc": read_asfamc,
    "cmu_iclone_bvh": read_iclone,
}


def _rows(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Each clip's name and its rows (T, C)."""
    try:
        file = Arrays(path.read_bytes())
        for name in file.names:
            yield name, file.numbers(name, farthest)
    except ValueError as error:
        raise ValueError(f"{path.parent.name}/{path.name}: {error}") from None


def _trial(name: str) -> str:
    """CMU's own name of a recording, subject_trial: 02_01, for 002_01 too."""
    subject, number = name.split("_")
    return f"{int(subject):02d}_{number}"


def _chained(
    names: tuple[str, ...], parents: tuple[int, ...], rest: np.ndarray, turns: np.ndarray, root: np.ndarray
) -> Skeleton:
    """A skeleton of turns (T, J, 3, 3) in the parents' axes that are the world's at rest, its root at (T, 3)."""
    world: list[np.ndarray] = []
    places: list[np.ndarray] = []
    for n, parent in enumerate(parents):
        if parent < 0:
            world.append(turns[:, n])
            places.append(np.asarray(root, dtype=float))
        else:
            world.append(world[parent] @ turns[:, n])
            places.append(places[parent] + world[parent] @ (rest[n] - rest[parent]))
    still = Skeleton(names, parents, (False,) * len(names), rest, tuple(world), tuple(places))
    return replace(still, ends=tuple(name.endswith("_end") for name in names))
