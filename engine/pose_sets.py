"""Poses that a prior learns from: one part of the body as the prior's vectors, balanced, and which clip each is from.

What scripts/prepare_poses.py writes, and training and evaluation read: `<part>_train.npz` and `<part>_held_out.npz`.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

# Numbers in a pose of each part: DPoser-X §3, axis-angles in rad, then expression and shape.
widths = {"body": 63, "hand": 45, "face": 103, "face-shape": 100, "wholebody": 256}
splits = ("train", "held_out")
parted = ("body", "left_hand", "right_hand", "face")  # the columns of `available`
slices = {"body": slice(0, 63), "left_hand": slice(63, 108), "right_hand": slice(108, 153), "face": slice(153, 256)}
_moving = ("body", "wholebody")  # parts whose rows are frames of clips
_farthest = 100.0  # no turn, expression or shape number is beyond


@dataclass(frozen=True, eq=False)
class PoseSet:
    """N poses of one part, D numbers each, of C clips.

    `poses` (N, D) float32, axis-angles in rad; `weight` (N,) float32, how often each is to be drawn, mean 1; `clip`
    (N,) int32 into `clip_names` "source/clip"; `mirrored` (N,) bool. Of body and wholebody also `root` (N, 3) float32
    rad, `frame` (N,) int32 within the clip, `fps` (C,) float32. Of wholebody also `available` (N, 4) bool: body, left
    hand, right hand, face; what is not is zeros. `about`: sources, counts, licence lines, seed and command.
    """

    part: str
    poses: np.ndarray
    weight: np.ndarray
    clip: np.ndarray
    clip_names: tuple[str, ...]
    mirrored: np.ndarray
    root: np.ndarray | None = None
    frame: np.ndarray | None = None
    fps: np.ndarray | None = None
    available: np.ndarray | None = None
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.part not in widths:
            raise ValueError(f"expected a part, one of {', '.join(widths)}, got {self.part!r}")
        count = len(self.poses)
        clips = tuple(str(name) for name in self.clip_names)
        object.__setattr__(self, "clip_names", clips)
        for name, kind, shape in _columns(self.part, count, len(clips)):
            object.__setattr__(self, name, _checked(self.part, name, getattr(self, name), kind, shape))
        extra = {"root", "frame", "fps", "available"} - {name for name, *_ in _columns(self.part, count, len(clips))}
        if given := sorted(name for name in extra if getattr(self, name) is not None):
            raise ValueError(f"{self.part} poses: expected no {' and no '.join(given)}, got some")
        self._sound(count)

    def __len__(self) -> int:
        return len(self.poses)

    @property
    def chances(self) -> np.ndarray:
        """Each row's chance (N,) float64 to be drawn: its weight over their sum."""
        weight = self.weight.astype(float)
        return weight / weight.sum()

    def chosen(self, rows: np.ndarray) -> PoseSet:
        """The rows alone, by number or as a mask (N,); all clips stay named, and weights get mean 1 again."""
        picked = {name: getattr(self, name)[rows] for name in ("poses", "weight", "clip", "mirrored")}
        more = {
            name: value[rows] for name in ("root", "frame", "available") if (value := getattr(self, name)) is not None
        }
        if not len(picked["poses"]):
            raise ValueError(f"{self.part} poses: expected at least one row chosen, got none")
        picked["weight"] = picked["weight"] / picked["weight"].astype(float).mean()
        return replace(self, **picked, **more)

    # ── files ──

    @classmethod
    def load(cls, path: Path) -> PoseSet:
        """The set that `save` wrote; ValueError names the file and what was expected of it."""
        try:
            with np.load(path, allow_pickle=False) as file:
                found = {name: file[name] for name in file.files}
        except (ValueError, zipfile.BadZipFile, EOFError, KeyError) as error:
            raise ValueError(f"{path.name}: expected an npz of poses, got something else ({error})") from None
        needed = {"part", "poses", "weight", "clip", "clip_names", "mirrored", "about"}
        known = needed | {"root", "frame", "fps", "available"}
        if found.keys() - known or needed - found.keys():
            raise ValueError(
                f"{path.name}: expected {', '.join(sorted(needed))} and no more than root, frame, fps, available, "
                f"got {', '.join(sorted(found))}"
            )
        try:
            words = {"part": str(found.pop("part")), "about": json.loads(str(found.pop("about")))}
            return cls(clip_names=tuple(found.pop("clip_names").astype(str).tolist()), **words, **found)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from None

    def save(self, path: Path) -> None:
        """Write the file that `load` reads."""
        arrays = {name: value for name, *_ in _columns(self.part, 0, 0) if (value := getattr(self, name)) is not None}
        words = {"part": np.array(self.part), "about": np.array(json.dumps(self.about, ensure_ascii=False))}
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays["clip_names"] = np.array(self.clip_names, dtype=str)
        np.savez_compressed(path, **(arrays | words))  # pyright: ignore[reportArgumentType]

    # ── checks ──

    def _sound(self, count: int) -> None:
        """ValueError unless the numbers are such that a prior can learn from them."""
        what = f"{self.part} poses"
        if not count:
            raise ValueError(f"{what}: expected at least one, got none")
        if not np.isfinite(self.poses).all() or np.abs(self.poses).max() > _farthest:
            raise ValueError(f"{what}: expected finite numbers within ±{_farthest:g}, got NaN, infinity or beyond")
        weight = self.weight.astype(float)
        if not np.isfinite(weight).all() or weight.min() < 0 or abs(weight.mean() - 1) > 1e-3:
            raise ValueError(f"{what}: expected weights from 0 up with mean 1, got mean {weight.mean():.4g}")
        if self.clip.min() < 0 or self.clip.max() >= len(self.clip_names):
            raise ValueError(f"{what}: expected clips 0 to {len(self.clip_names) - 1}, got {self.clip.max()}")
        if self.root is not None and not np.isfinite(self.root).all():
            raise ValueError(f"{what}: expected finite root turns, got NaN or infinity")
        if self.fps is not None and not (np.isfinite(self.fps).all() and (self.fps > 0).all()):
            raise ValueError(f"{what}: expected frames per second above 0, got {self.fps.min():g}")
        if self.available is not None:
            for n, name in enumerate(parted):
                if np.abs(self.poses[~self.available[:, n], slices[name]]).any():
                    raise ValueError(f"{what}: expected zeros where {name} is not available, got other numbers")


def _columns(part: str, count: int, clips: int) -> list[tuple[str, type, tuple[int, ...]]]:
    """The arrays that a part has: name, kind and shape."""
    columns: list[tuple[str, type, tuple[int, ...]]] = [
        ("poses", np.float32, (count, widths[part])), ("weight", np.float32, (count,)), ("clip", np.int32, (count,)),
        ("mirrored", np.bool_, (count,)),
    ]  # fmt: skip
    if part in _moving:
        columns += [("root", np.float32, (count, 3)), ("frame", np.int32, (count,)), ("fps", np.float32, (clips,))]
    if part == "wholebody":
        columns.append(("available", np.bool_, (count, len(parted))))
    return columns


def _checked(part: str, name: str, value: Any, kind: type, shape: tuple[int, ...]) -> np.ndarray:
    """The array as its kind, read-only; ValueError for another shape or for what would not survive the change."""
    array = np.asarray(value)
    if (
        value is None
        or array.shape != shape
        or array.dtype.kind not in {"f": "fiu", "i": "iu", "b": "b"}[np.dtype(kind).kind]
    ):
        got = "none" if value is None else f"{array.dtype} {array.shape}"
        raise ValueError(f"{part} poses: expected {name} as {np.dtype(kind).name} of shape {shape}, got {got}")
    array = np.array(array, dtype=kind)
    array.flags.writeable = False
    return array
