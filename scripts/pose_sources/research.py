"""Research recordings that a user owns, as the paper's models are trained on them: what every reader yields, and sets.

AMASS, GRAB, ARCTIC, BEAT2, EgoBody, InterHand2.6M, ReInterHand and HaMeR's MANO parameters are not free; nothing of
them is shipped or measured here. Their readers (research_bodies, research_hands) take the published files where these
hold arrays or JSON. Some hold pickles, which can run any program: those are refused, with how to convert them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.pose_sets import PoseSet, parted, slices, widths
from scripts.pose_sources.held_out import number_of
from scripts.pose_sources.mirroring import other_hand

Split = Literal["train", "held_out", "test"]
Convention = Literal["absolute", "relative"]
conventions = ("absolute", "relative")
# How often a row of each dataset is drawn, and of each kind beside whole bodies (DPoser-X supplement).
dataset_weights = {"BEAT2": 0.5, "GRAB": 1.0, "ARCTIC": 5.0, "EgoBody": 5.0}
kind_weights = {"body": 0.2, "hand": 0.2, "hands": 1.0}
every_body = 10  # of AMASS's rows in the whole-body mixture


@dataclass(frozen=True, eq=False)
class Recording:
    """A sequence of one dataset, of kind body (N, 63), wholebody (N, 256), hand (N, 45, right form) or hands (N, 90).

    `poses` float32, rad; `root` (N, 3); `frame` (N,) in the sequence; `known` are the parts of a whole body that it
    has; `hands` says whether hands are absolute (flat is zero) or relative to MANO's mean.
    """

    dataset: str
    name: str
    kind: str
    split: Split
    poses: np.ndarray
    root: np.ndarray
    frame: np.ndarray
    fps: float
    known: tuple[str, ...] = parted
    hands: Convention = "absolute"

    @property
    def title(self) -> str:
        return f"{self.dataset}/{self.name}"


def with_hands(
    recordings: Iterable[Recording], wanted: Convention, mean: np.ndarray | None = None
) -> Iterator[Recording]:
    """The recordings with their hands absolute or relative to MANO's mean; others stay as they are.

    `mean` (2, 15, 3), left before right, is that of the user's own SMPL-X file (`Body.hand_mean`); the published
    weights saw both kinds mixed. ValueError without a mean where one is needed.
    """
    if wanted not in conventions:
        raise ValueError(f"expected hands {' or '.join(conventions)}, got {wanted!r}")
    for one in recordings:
        if one.kind == "body" or one.hands == wanted:
            yield one
            continue
        if mean is None or np.shape(mean) != (2, 15, 3):
            raise ValueError(
                f"{one.title}: expected the mean hands (2, 15, 3) of your SMPL-X file, to make {one.hands} hands "
                f"{wanted}, got {'none' if mean is None else np.shape(mean)}"
            )
        left, right = np.asarray(mean, dtype=np.float32).reshape(2, 45) * (1 if wanted == "absolute" else -1)
        poses = one.poses.copy()
        if one.kind == "hand":
            poses += right
        else:
            first = slices["left_hand"].start if one.kind == "wholebody" else 0
            poses[:, first : first + 90] += np.concatenate([left, right])
        yield replace(one, poses=poses, hands=wanted)


# ── sets ──


def research_sets(recordings: Iterable[Recording], part: str, seed: int = 0) -> tuple[PoseSet, PoseSet]:
    """The sets of a part to train on and held out; recordings of `test` are left to evaluation.

    body: AMASS's. hand: single hands and both of pairs, left ones flipped. face: jaw and expression of whole bodies
    that have them. wholebody: the paper's mixture, of whole bodies, bodies, single hands and pairs of hands; a single
    hand goes to the right and to the left in turn, and on the left as a left hand.
    """
    by_split: dict[str, list[Recording]] = {"train": [], "held_out": []}
    seen = 0
    for one in recordings:
        for row in _as_part(one, part, seen):
            if row.split in by_split and len(row.poses):
                by_split[row.split].append(row)
        seen += len(one.poses)
    if missing := [split for split, rows in by_split.items() if not rows]:
        raise ValueError(
            f"expected recordings for {part} to train on and to hold out, got none for {' and '.join(missing)}"
        )
    about = {"sources": sorted({row.dataset for rows in by_split.values() for row in rows}), "seed": seed}
    return _set(by_split["train"], part, about), _set(by_split["held_out"], part, about)


def _as_part(one: Recording, part: str, seen: int) -> list[Recording]:
    """A recording as rows of a part; none where it says nothing of it. `seen` rows came before."""
    if part == "body":
        return [one] if one.kind == "body" else []
    if part == "hand":
        return _single_hands(one)
    if part == "face":
        if one.kind != "wholebody" or "face" not in one.known:
            return []
        return [replace(one, poses=one.poses[:, slices["face"]])]
    if part == "wholebody":
        return _widened(one, seen)
    raise ValueError(f"expected body, hand, face or wholebody of research recordings, got {part!r}")


def _single_hands(one: Recording) -> list[Recording]:
    if one.kind == "hand":
        return [one]
    if one.kind != "hands":
        return []
    return [replace(one, poses=other_hand(one.poses[:, :45])), replace(one, poses=one.poses[:, 45:])]


def _widened(one: Recording, seen: int) -> list[Recording]:
    """The recording as whole bodies, what it does not have being zero; single hands go right and left in turn."""
    if one.kind == "wholebody":
        return [one]
    if one.kind == "body":
        one = _chosen(one, np.arange(-seen % every_body, len(one.poses), every_body))
        return [_placed(one, slices["body"], one.poses, ("body",))]
    if one.kind == "hands":
        both = slice(slices["left_hand"].start, slices["right_hand"].stop)
        return [_placed(one, both, one.poses, ("left_hand", "right_hand"))]
    odd = (np.arange(len(one.poses)) + seen) % 2 == 1
    right, left = _chosen(one, ~odd), _chosen(one, odd)
    return [
        _placed(right, slices["right_hand"], right.poses, ("right_hand",)),
        _placed(left, slices["left_hand"], other_hand(left.poses), ("left_hand",)),
    ]


def _chosen(one: Recording, rows: np.ndarray) -> Recording:
    return replace(one, poses=one.poses[rows], root=one.root[rows], frame=one.frame[rows])


def _placed(one: Recording, where: slice, values: np.ndarray, known: tuple[str, ...]) -> Recording:
    poses = np.zeros((len(values), widths["wholebody"]), np.float32)
    poses[:, where] = values
    return replace(one, poses=poses, known=known)


def _set(rows: Sequence[Recording], part: str, about: dict[str, Any]) -> PoseSet:
    counts = [len(row.poses) for row in rows]
    weight = np.repeat([_weight(row) if part == "wholebody" else 1.0 for row in rows], counts)
    total = sum(counts)
    more: dict[str, Any] = {}
    if part in ("body", "wholebody"):
        more = {
            "root": np.concatenate([row.root for row in rows]), "frame": np.concatenate([row.frame for row in rows]),
            "fps": np.array([row.fps for row in rows], np.float32),
        }  # fmt: skip
    if part == "wholebody":
        known = np.array([[part in row.known for part in parted] for row in rows])
        more["available"] = np.repeat(known, counts, axis=0)
    poses, weight = np.concatenate([row.poses for row in rows]), (weight / weight.mean()).astype(np.float32)
    return PoseSet(
        part=part, poses=poses, weight=weight,
        clip=np.repeat(np.arange(len(rows)), counts).astype(np.int32), clip_names=tuple(row.title for row in rows),
        mirrored=np.zeros(total, bool), about=about, **more,
    )  # fmt: skip


def _weight(row: Recording) -> float:
    return dataset_weights.get(row.dataset, 1.0) if row.kind == "wholebody" else kind_weights[row.kind]


# ── files ──


def arrays(path: Path, names: dict[str, int]) -> dict[str, np.ndarray]:
    """Arrays of an npz by name, (N, width) float32 of the widths given; ValueError names the file and what it lacks.

    Never opens a pickle: other arrays of the file may be pickles, these may not.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if not hasattr(file, "files"):
                raise ValueError("a single array")
            if missing := [name for name in names if name not in file.files]:
                raise ValueError(f"no {' and no '.join(missing)} among {', '.join(file.files)}")
            found = {name: np.asarray(file[name]) for name in names}
    except (ValueError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError(f"{path}: expected an npz with {', '.join(names)}, got {error}") from None
    return {name: rows(found[name], width, f"{path}: {name}") for name, width in names.items()}


def rows(values: np.ndarray, width: int, what: str) -> np.ndarray:
    """Finite numbers (N, width) as float32, N at least one, of any shape that flattens to it."""
    values = np.asarray(values)
    if values.ndim < 2 or not len(values) or values[0].size != width or values.dtype.kind not in "fiu":
        raise ValueError(f"{what}: expected numbers of shape (N, {width}), got {values.dtype} {values.shape}")
    values = values.reshape(len(values), width).astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"{what}: expected finite numbers, got NaN or infinity")
    return values


def middle(count: int, part: float, share: float, name: str, seed: int) -> np.ndarray:
    """Sorted numbers of `share` of a sequence's frames, drawn from its middle `part`: its ends are mere stances."""
    low, high = int((1 - part) / 2 * count), int((1 + part) / 2 * count)
    random = np.random.default_rng([seed, number_of(name)])
    return np.sort(random.choice(np.arange(low, high), min(int(share * count), high - low), replace=False))


def files(folder: Path, pattern: str, what: str) -> list[Path]:
    """The files of a dataset, sorted; ValueError says which were expected where there are none."""
    found = sorted(folder.glob(pattern))
    if not found:
        raise ValueError(f"{folder}: expected {what} as {pattern}, got none")
    return found


def refuse_pickle(path: Path, how: str) -> None:
    """ValueError for a file that is a pickle: opening it may run any program."""
    raise ValueError(f"{path}: expected arrays, got a pickle, which is never opened here; {how}")
