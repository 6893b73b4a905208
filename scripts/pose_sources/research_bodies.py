"""Readers of research recordings of bodies, in SMPL-X: AMASS, GRAB, ARCTIC, BEAT2, EgoBody."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from engine.pose_sets import slices, widths
from scripts.pose_sources.research import Convention, Recording, Split, arrays, files, middle, refuse_pickle, rows

_thin = 100  # every so many of the frames of AMASS's held-out datasets
# AMASS's datasets as the paper parts them, under the names they were published with over the years.
_amass: dict[Split, dict[str, tuple[str, ...]]] = {
    "train": {
        "CMU": (), "PosePrior": ("MPI_Limits",), "TotalCapture": (), "EyesJapanDataset": ("Eyes_Japan_Dataset",),
        "KIT": (), "BMLrub": ("BioMotionLab_NTroje",), "BMLmovi": (), "EKUT": (),
        "TCDHands": ("TCD_handMocap", "TCDHandMocap"), "ACCAD": (),
    },
    "held_out": {"HumanEva": (), "HDM05": ("MPI_HDM05",), "SFU": (), "MoSh": ("MPI_mosh", "Mosh")},
    "test": {"Transitions": ("Transitions_mocap",), "SSM": ("SSM_synced",)},
}  # fmt: skip
# Where the numbers of a whole SMPL-X pose (165) go; the eyes (69 … 75) have no place in a prior's vector.
_fullpose = {"body": slice(3, 66), "left_hand": slice(75, 120), "right_hand": slice(120, 165)}
_jaw = slice(66, 69)
_full = 165


def amass(folder: Path, seed: int = 0) -> Iterator[Recording]:
    """AMASS in SMPL-X, DATASET/SUBJECT/NAME_stageii.npz: bodies; datasets that the paper does not use are left out.

    To train on, 24 % of a sequence's frames from its middle 80 %; of the others every hundredth from there.
    """
    known: dict[str, tuple[Split, str]] = {
        name: (split, ours) for split, table in _amass.items() for ours, old in table.items() for name in (ours, *old)
    }
    found = [path for path in files(folder, "*/*/*_stageii.npz", "AMASS's SMPL-X sequences") if path.parts[-3] in known]
    if not found:
        raise ValueError(f"{folder}: expected datasets of AMASS such as {', '.join(_amass['train'])}, got none of them")
    for path in found:
        split, ours = known[path.parts[-3]]
        poses = arrays(path, {"poses": _full})["poses"]
        name = f"{ours}/{path.parent.name}/{path.name.removesuffix('_stageii.npz')}"
        frames = middle(len(poses), 0.8, 0.24 if split == "train" else 0.8, name, seed)
        frames = frames if split == "train" else frames[::_thin]
        yield Recording(
            "AMASS", name, "body", split, poses[frames][:, _fullpose["body"]], poses[frames][:, :3],
            frames.astype(np.int32), _fps(path), ("body",),
        )  # fmt: skip


def grab(folder: Path, seed: int = 0) -> Iterator[Recording]:
    """GRAB as AMASS publishes it, SUBJECT/NAME_stageii.npz: bodies and hands, without a face.

    The paper trains on all subjects; here s10 is held out.
    """
    if list(folder.glob("*/*.npz")) and not list(folder.glob("*/*_stageii.npz")):
        refuse_pickle(
            next(iter(sorted(folder.glob("*/*.npz")))), "take GRAB's SMPL-X sequences from AMASS (*_stageii.npz)"
        )
    for path in files(folder, "*/*_stageii.npz", "GRAB's sequences from AMASS"):
        poses = arrays(path, {"poses": _full})["poses"]
        name = f"{path.parent.name}/{path.name.removesuffix('_stageii.npz')}"
        frames = middle(len(poses), 0.8, 0.24, name, seed)
        split: Split = "held_out" if path.parent.name == "s10" else "train"
        yield _whole("GRAB", name, split, poses[frames], None, frames, _fps(path))


def beat2(folder: Path, seed: int = 0) -> Iterator[Recording]:
    """BEAT2: LANGUAGE/smplxflame_30/NAME.npz with LANGUAGE/train_test_split.csv: bodies, hands and faces, 30 fps."""
    for table in files(folder, "beat_*/train_test_split.csv", "BEAT2's languages"):
        splits = _beat2_splits(table)
        for path in files(table.parent, "smplxflame_30/*.npz", "BEAT2's sequences"):
            found = arrays(path, {"poses": _full, "expressions": 100})
            if len(found["poses"]) != len(found["expressions"]):
                raise ValueError(
                    f"{path}: expected as many poses as expressions, got {[len(v) for v in found.values()]}"
                )
            name = f"{table.parent.name}/{path.stem}"
            frames = middle(len(found["poses"]), 0.8, 0.24, name, seed)
            split = splits.get(path.stem, "train")
            yield _whole("BEAT2", name, split, found["poses"][frames], found["expressions"][frames], frames, 30.0)


def _beat2_splits(table: Path) -> dict[str, Split]:
    with table.open(newline="", encoding="utf-8") as file:
        listed = csv.DictReader(file)
        if listed.fieldnames is None or not {"id", "type"} <= set(listed.fieldnames):
            raise ValueError(f"{table}: expected columns id and type, got {listed.fieldnames}")
        ours: dict[str, Split] = {"val": "held_out", "test": "test"}
        return {row["id"]: ours.get(row["type"], "train") for row in listed}


def arctic(folder: Path, seed: int = 0) -> Iterator[Recording]:
    """ARCTIC: raw_seqs/SUBJECT/NAME.smplx.npz and splits_json/protocol_p1.json: bodies and hands, without a face.

    The published NAME.smplx.npy are pickles: whoever trusts them converts each with
    `np.savez(path.with_suffix(".npz"), **np.load(path, allow_pickle=True).item())`. 40 % of the frames, from the middle
    90 %, as the paper's.
    """
    table = folder / "splits_json" / "protocol_p1.json"
    if not table.is_file():
        raise ValueError(f"{folder}: expected splits_json/protocol_p1.json, got none")
    ours: dict[str, Split] = {"train": "train", "val": "held_out", "test": "test"}
    listed = json.loads(table.read_text(encoding="utf-8"))
    if not isinstance(listed, dict) or not {"train", "val"} <= set(listed):
        raise ValueError(f"{table}: expected lists of sequences under train and val, got something else")
    splits: dict[str, Split] = {name: ours[split] for split, names in listed.items() if split in ours for name in names}
    pickles = sorted(folder.glob("raw_seqs/*/*.smplx.npy"))
    if pickles and not list(folder.glob("raw_seqs/*/*.smplx.npz")):
        refuse_pickle(pickles[0], "convert it to an npz of its arrays (see scripts/pose_sources/research_bodies.py)")
    fields = {"global_orient": 3, "body_pose": 63, "left_hand_pose": 45, "right_hand_pose": 45}
    for path in files(folder, "raw_seqs/*/*.smplx.npz", "ARCTIC's sequences"):
        found = arrays(path, fields)
        name = f"{path.parent.name}/{path.name.removesuffix('.smplx.npz')}"
        frames = middle(_count(path, found), 0.9, 0.4, name, seed)
        rows_of = {key: value[frames] for key, value in found.items()}
        yield _parts("ARCTIC", name, splits.get(name, "train"), rows_of, frames, 30.0, "absolute")


def egobody(folder: Path, seed: int = 0) -> Iterator[Recording]:
    """EgoBody: smplx_camera_wearer_SPLIT.pt and smplx_interactee_SPLIT.pt, tensors by name: bodies, hands and faces.

    They are what DPoser-X's own preparation writes from EgoBody's pickles, a file a folder: global_orient, body_pose,
    left_hand_pose and right_hand_pose (45, relative to MANO's mean), jaw_pose, expression (100). Read as tensors alone.
    """
    ours: dict[str, Split] = {"train": "train", "val": "held_out", "test": "test"}
    if not list(folder.glob("smplx_*.pt")) and (found := sorted(folder.glob("smplx_*/**/000.pkl"))):
        refuse_pickle(found[0], "prepare smplx_camera_wearer_train.pt and its like with DPoser-X's scripts")
    fields = {
        "global_orient": 3, "body_pose": 63, "left_hand_pose": 45, "right_hand_pose": 45, "jaw_pose": 3,
        "expression": 100,
    }  # fmt: skip
    for path in files(folder, "smplx_*_*.pt", "EgoBody's prepared tensors"):
        split = ours.get(path.stem.rsplit("_", 1)[1])
        if split is None:
            raise ValueError(f"{path}: expected a name that ends in {', '.join(ours)}, got another")
        found = _tensors(path, fields)
        frames = np.arange(_count(path, found))
        yield _parts("EgoBody", path.stem, split, found, frames, 10.0, "relative")


def _tensors(path: Path, fields: dict[str, int]) -> dict[str, np.ndarray]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises UnpicklingError, RuntimeError, EOFError and others for what it refuses
        raise ValueError(f"{path}: expected tensors alone, got {type(error).__name__}") from None
    if not isinstance(found, dict) or not set(fields) <= set(found):
        raise ValueError(
            f"{path}: expected {', '.join(fields)}, got {list(found) if isinstance(found, dict) else 'others'}"
        )
    return {name: rows(np.asarray(found[name]), width, f"{path}: {name}") for name, width in fields.items()}


# ── as a prior's vectors ──


def _whole(
    dataset: str,
    name: str,
    split: Split,
    full: np.ndarray,
    expression: np.ndarray | None,
    frames: np.ndarray,
    fps: float,
) -> Recording:
    """A recording of whole SMPL-X poses (N, 165), with or without a face."""
    found = {f"{part}_pose": full[:, where] for part, where in _fullpose.items()} | {"global_orient": full[:, :3]}
    if expression is not None:
        found |= {"jaw_pose": full[:, _jaw], "expression": expression}
    return _parts(dataset, name, split, found, frames, fps, "absolute")


def _parts(
    dataset: str,
    name: str,
    split: Split,
    found: dict[str, np.ndarray],
    frames: np.ndarray,
    fps: float,
    hands: Convention,
) -> Recording:
    """A recording of a whole body's parts by their SMPL-X names; without `expression` its face is not known."""
    poses = np.zeros((len(frames), widths["wholebody"]), np.float32)
    known = ("body", "left_hand", "right_hand")
    for part in known:
        poses[:, slices[part]] = found[f"{part}_pose"]
    if "expression" in found:
        poses[:, slices["face"]] = np.concatenate([found["jaw_pose"], found["expression"]], axis=1)
        known = (*known, "face")
    root = found["global_orient"]
    return Recording(dataset, name, "wholebody", split, poses, root, frames.astype(np.int32), fps, known, hands)


def _count(path: Path, found: dict[str, np.ndarray]) -> int:
    counts = {len(values) for values in found.values()}
    if len(counts) > 1:
        raise ValueError(f"{path}: expected as many rows of each, got { ({k: len(v) for k, v in found.items()}) }")
    return counts.pop()


def _fps(path: Path) -> float:
    with np.load(path, allow_pickle=False) as file:
        rate = float(file["mocap_frame_rate"]) if "mocap_frame_rate" in file.files else 120.0
    if not 1 <= rate <= 1000:
        raise ValueError(f"{path}: expected a mocap_frame_rate of 1 to 1000 a second, got {rate:g}")
    return rate
