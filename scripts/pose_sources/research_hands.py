"""Readers of research recordings of hands, in MANO: HaMeR's parameters, InterHand2.6M, ReInterHand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from scripts.pose_sources.held_out import number_of
from scripts.pose_sources.mirroring import other_hand
from scripts.pose_sources.research import Convention, Recording, Split, arrays, files, refuse_pickle, rows

_mano = 48  # the wrist's turn, then fifteen joints


def hamer(folder: Path, seed: int = 0) -> Iterator[Recording]:
    """HaMeR's datasets as parameters, dataset_params/NAME.npz with hand_pose (N, 48): single hands in right form.

    They are what DPoser-X's own preparation writes; HaMeR itself publishes pickles. 80 % to train on, 10 % held out.
    """
    if not list(folder.glob("dataset_params/*.npz")) and (found := sorted(folder.rglob("*.data.pyd"))):
        refuse_pickle(found[0], "write dataset_params/NAME.npz with DPoser-X's scripts")
    for path in files(folder, "dataset_params/*.npz", "HaMeR's parameters"):
        found = arrays(path, {"hand_pose": _mano})["hand_pose"]
        yield from _by_rows("HaMeR", path.stem, "hand", found[:, 3:], found[:, :3], "absolute", seed)


def interhand(folder: Path, seed: int = 0) -> Iterator[Recording]:
    """InterHand2.6M_SPLIT_MANO_NeuralAnnot.json: pairs, and single hands in right form, relative to the mean."""
    ours: dict[str, Split] = {"train": "train", "val": "held_out", "test": "test"}
    for path in files(folder, "**/InterHand2.6M_*_MANO_NeuralAnnot.json", "InterHand2.6M's parameters"):
        word = path.name.split("_")[1]
        if word not in ours:
            raise ValueError(f"{path}: expected one of the splits {', '.join(ours)}, got {word!r}")
        for capture, frames in sorted(_json(path).items()):
            pairs: list[np.ndarray] = []
            singles: list[np.ndarray] = []
            for frame, hands in sorted(frames.items()):
                left, right = (
                    _pose(hands[side], f"{path}: {capture}/{frame}/{side}") if hands.get(side) is not None else None
                    for side in ("left", "right")
                )
                if left is not None and right is not None:
                    pairs.append(np.concatenate([left, right]))
                elif right is not None:
                    singles.append(right)
                elif left is not None:
                    singles.append(other_hand(left[None])[0])
            for kind, found in (("hands", pairs), ("hand", singles)):
                if found:
                    name = f"{word}/capture {capture}/{kind}"
                    poses = np.stack(found)
                    yield _recording("InterHand2.6M", name, kind, ours[word], poses, "relative")


def reinterhand(folder: Path, seed: int = 0) -> Iterator[Recording]:
    """ReInterHand: params/FRAME_left.json and params/FRAME_right.json: pairs of hands, relative to the mean."""
    pairs: list[np.ndarray] = []
    for path in files(folder, "params/*_left.json", "ReInterHand's parameters"):
        other = path.with_name(path.name.replace("_left.json", "_right.json"))
        if not other.is_file():
            raise ValueError(f"{path}: expected {other.name} beside it, got none")
        pairs.append(np.concatenate([_pose(_json(one), str(one)) for one in (path, other)]))
    poses = np.stack(pairs)
    yield from _by_rows("ReInterHand", "pairs", "hands", poses, np.zeros((len(poses), 3), np.float32), "relative", seed)


def _by_rows(
    dataset: str, name: str, kind: str, poses: np.ndarray, root: np.ndarray, hands: Convention, seed: int
) -> Iterator[Recording]:
    """80 % of the rows to train on, 10 % held out, 10 % to test, at random as the paper parts them."""
    order = np.random.default_rng([seed, number_of(f"{dataset}/{name}")]).permutation(len(poses))
    ends = np.round(np.array([0, 0.8, 0.9, 1.0]) * len(poses)).astype(int)
    splits: tuple[Split, ...] = ("train", "held_out", "test")
    for split, a, b in zip(splits, ends, ends[1:], strict=False):
        chosen = np.sort(order[a:b])
        if len(chosen):
            yield Recording(
                dataset, f"{name}/{split}", kind, split, poses[chosen], root[chosen], chosen.astype(np.int32), 1.0, (),
                hands,
            )  # fmt: skip


def _recording(dataset: str, name: str, kind: str, split: Split, poses: np.ndarray, hands: Convention) -> Recording:
    frames = np.arange(len(poses), dtype=np.int32)
    return Recording(dataset, name, kind, split, poses, np.zeros((len(poses), 3), np.float32), frames, 1.0, (), hands)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError(f"{path}: expected JSON, got something else") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(found).__name__}")
    return found


def _pose(hand: dict[str, Any], what: str) -> np.ndarray:
    """The fifteen joints (45,) of a hand's parameters."""
    if not isinstance(hand, dict) or not isinstance(hand.get("pose"), list):
        raise ValueError(f"{what}: expected a hand's pose, shape and trans, got something else")
    try:
        return rows(np.array([hand["pose"]], dtype=float), _mano, what)[0, 3:]
    except TypeError:
        raise ValueError(f"{what}: expected a pose of {_mano} numbers, got others") from None
