"""BVH: a motion on a skeleton of its own, as other programs animate; out with SMPL-X's names, in from many."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.body_pose import BodyPose
from engine.formats import rigs
from engine.formats.checks import refuse
from engine.formats.retarget import Skeleton, retargeted
from engine.motion import Motion, every, still_fps
from engine.rig import joints, matrices, parents

largest_file = 128 * 1024 * 1024
most_frames = 200_000
most_joints = 1000
largest_hierarchy = 1024 * 1024  # characters
most_numbers = 8_000_000  # in the frames that are kept; each takes some thirty times its size on the way
order = "ZXY"
units = {"cm": 100.0, "m": 1.0}
_axis = {"X": 0, "Y": 1, "Z": 2}
# Where a bone without a next joint ends, metres; finger tips lie as far again as their last bone is long.
_ends = {"jaw": (0, -0.03, 0.08), "left_eye": (0, 0, 0.03), "right_eye": (0, 0, 0.03), "left_foot": (0, -0.01, 0.08),
         "right_foot": (0, -0.01, 0.08)}  # fmt: skip


# ── out ──


def to_bvh(motion: Motion | BodyPose, rest: np.ndarray, unit: Literal["cm", "m"] = "cm") -> bytes:
    """The motion as BVH on the skeleton of a body whose joints rest at `rest` (55, 3), metres.

    Names are SMPL-X's; y up, the figure faces +z; lengths in `unit`. The pelvis has its place and Z, X, Y turns, all
    others Z, X, Y turns in degrees; places are absolute, so the root's offset is zero. Shape is in the offsets;
    expression is not carried.
    """
    if isinstance(motion, BodyPose):
        motion = Motion((motion,))
    if np.shape(rest) != (len(joints), 3):
        raise ValueError(f"expected joints at rest of shape ({len(joints)}, 3), got {np.shape(rest)}")
    size = units[unit]
    listed: list[int] = []
    lines = ["HIERARCHY", *_written(0, np.asarray(rest) * size, size, listed)]
    turns = np.degrees(_angles(matrices(np.stack([pose.axis_angles for pose in motion.poses])[:, listed])))
    places = (np.stack([pose.translation for pose in motion.poses]) + rest[0]) * size
    rows = np.hstack([places, turns.reshape(len(turns), -1)])
    lines += ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / motion.fps:.9g}"]
    lines += [" ".join([f"{value:.6f}" for value in row]) for row in (rows + 0.0).tolist()]
    return "\n".join([*lines, ""]).encode()


def _written(joint: int, rest: np.ndarray, size: float, listed: list[int], depth: int = 0) -> Iterator[str]:
    """The lines of a joint and all below it; `listed` grows by the joints in their order."""
    listed.append(joint)
    name, tab = rigs.published[joints[joint]], "\t" * depth
    parent = parents[joint]
    offset = rest[joint] - rest[parent] if parent >= 0 else np.zeros(3)
    yield f"{tab}{'JOINT' if depth else 'ROOT'} {name}"
    yield f"{tab}{{"
    yield f"{tab}\tOFFSET {_numbers(offset)}"
    turns = " ".join(f"{axis}rotation" for axis in order)
    yield f"{tab}\tCHANNELS {f'3 {turns}' if depth else f'6 Xposition Yposition Zposition {turns}'}"
    below = [child for child, parent in enumerate(parents) if parent == joint]
    for child in below:
        yield from _written(child, rest, size, listed, depth + 1)
    if not below:
        end = np.array(_ends[joints[joint]]) * size if joints[joint] in _ends else offset
        yield from (f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET {_numbers(end)}", f"{tab}\t}}")
    yield f"{tab}}}"


def _numbers(values: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in (np.asarray(values) + 0.0).tolist())


def _angles(rotations: np.ndarray) -> np.ndarray:
    """Angles (T, J, 3) rad of rotations (T, J, 3, 3) about Z, X, Y that run on from frame to frame without a jump."""
    import torch

    from engine import rotation

    angles = rotation.euler(torch.from_numpy(np.ascontiguousarray(rotations)), order).numpy()
    # The same turn the other way round: half a turn more on both sides of the middle one mirrored.
    other = np.stack([angles[..., 0] + math.pi, math.pi - angles[..., 1], angles[..., 2] + math.pi], axis=-1)
    for before, one, two in zip(angles, angles[1:], other[1:], strict=False):
        near = [a + 2 * math.pi * np.round((before - a) / (2 * math.pi)) for a in (one, two)]
        away = [np.abs(a - before).sum(-1, keepdims=True) for a in near]
        one[:] = np.where(away[0] <= away[1], *near)
    return angles


# ── in ──


def from_bvh(data: bytes, rest: np.ndarray, name: str = "", at_most: int = most_frames) -> Motion:
    """The motion in a BVH file, for a body whose joints rest at `rest` (55, 3), metres; long ones thinned to `at_most`.

    SMPL-X's names are taken as they are; other rigs (see `rigs`) are carried over bone by bone, their size by the
    length of the legs. ValueError says what is wrong with the file, or which joints a rig lacks.
    """
    if len(data) > largest_file:
        refuse("the BVH", f"at most {largest_file >> 20} MB", f"{len(data) >> 20} MB")
    head, _, tail = data.decode("utf-8", errors="replace").partition("MOTION")
    bones = _hierarchy(head)
    rows, step, fps, count = _rows(tail, _width(bones), at_most)
    skeleton = _moving(bones, rows)
    turns, places, notes = retargeted(skeleton, np.asarray(rest, dtype=float))
    if step > 1:
        notes.append(f"Of {count} frames one in {step} was taken.")
    still = BodyPose()
    poses = tuple(
        still.with_axis_angles(turn).moved(place - rest[0]) for turn, place in zip(turns, places, strict=True)
    )
    return Motion(poses, fps / step, name, tuple(notes))


def skeleton(hierarchy: str, rows: np.ndarray) -> Skeleton:
    """The skeleton of a HIERARCHY with rows (T, C) of all its channels, degrees, as `retargeted` takes it."""
    bones = _hierarchy(hierarchy)
    if np.ndim(rows) != 2 or np.shape(rows)[1] != _width(bones) or not np.isfinite(rows).all():
        refuse("the rows", f"finite numbers of shape (T, {_width(bones)})", f"shape {np.shape(rows)} or others")
    return _moving(bones, np.asarray(rows, dtype=float))


def _width(bones: Sequence[_Bone]) -> int:
    return sum(len(bone.channels) for bone in bones)


@dataclass
class _Bone:
    """A joint as it is read: its offset, and channels such as Xposition in the file's order."""

    name: str
    parent: int
    offset: np.ndarray | None = None
    channels: tuple[str, ...] = ()
    end: bool = False


_channels = {f"{axis}{kind}" for axis in "XYZ" for kind in ("position", "rotation")}


def _hierarchy(text: str) -> list[_Bone]:
    """The joints of the part before MOTION, parents first, End Sites as joints without channels."""
    if len(text) > largest_hierarchy:
        refuse("the BVH", f"a HIERARCHY of at most {largest_hierarchy} characters", str(len(text)))
    bones: list[_Bone] = []
    open_: list[int] = []
    lines = [line.split() for line in text.replace("{", "\n{\n").replace("}", "\n}\n").splitlines()]
    words = [line for line in lines if line]
    if not words or words[0][0].upper() != "HIERARCHY":
        refuse("the BVH", "HIERARCHY at the start", " ".join(words[0])[:40] if words else "an empty file")
    for line in words[1:]:
        key = line[0].upper()
        if key in ("ROOT", "JOINT", "END"):
            if (key == "ROOT") != (not bones) or (bones and not open_):
                refuse("the BVH", "one ROOT with all joints inside", f"{' '.join(line)[:40]} beside it")
            if len(bones) >= most_joints:
                refuse("the BVH", f"at most {most_joints} joints", "more")
            bones.append(_Bone(" ".join(line[1:]), open_[-1] if open_ else -1, end=key == "END"))
        elif key == "{":
            if not bones or (open_ and open_[-1] == len(bones) - 1):
                refuse("the BVH", "a joint before each {", "another {")
            open_.append(len(bones) - 1)
        elif key == "}":
            if not open_:
                refuse("the BVH", "as many { as }", "a } too many")
            open_.pop()
        elif not open_ or key not in ("OFFSET", "CHANNELS"):
            refuse("the BVH", "ROOT, JOINT, End Site, OFFSET or CHANNELS", repr(" ".join(line)[:40]))
        elif key == "OFFSET":
            bones[open_[-1]].offset = _floats(line[1:], f"{bones[open_[-1]].name}, OFFSET", 3)
        else:
            bones[open_[-1]].channels = _channel_names(line[1:], bones[open_[-1]].name)
    if open_ or not bones:
        refuse("the BVH", "a whole HIERARCHY", "one that breaks off")
    for bone in bones:
        if bone.offset is None:
            refuse(f"{bone.name or 'End Site'}", "OFFSET x y z", "none")
    return bones


def _channel_names(words: Sequence[str], joint: str) -> tuple[str, ...]:
    names = tuple(word[:1].upper() + word[1:].lower() for word in words[1:])
    if not words or words[0] != str(len(names)) or set(names) - _channels or len(set(names)) < len(names):
        refuse(f"{joint}, CHANNELS", "their count and names such as Xposition, Zrotation", repr(" ".join(words)[:80]))
    return names


def _floats(words: Sequence[str], where: str, count: int) -> np.ndarray:
    """That many finite numbers."""
    if len(words) != count:
        refuse(where, f"{count} numbers", str(len(words)))
    try:
        values = np.array(words, dtype=float)
    except ValueError:
        refuse(where, f"{count} numbers", repr(" ".join(words)[:60]))
    if not np.isfinite(values).all() or np.abs(values).max(initial=0) > 1e6:
        refuse(where, "finite numbers within ±1000000", "NaN, infinity or beyond")
    return values


def _rows(text: str, width: int, at_most: int) -> tuple[np.ndarray, int, float, int]:
    """Every step-th row (T, width) of the part after MOTION; the step, frames a second, and how many rows there are."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not lines[0].split()[0].lower().startswith("frames:"):
        refuse("the BVH", "MOTION with Frames: and Frame Time:", repr(lines[0][:40]) if lines else "no MOTION")
    count = int(_floats(lines[0].partition(":")[2].split(maxsplit=1), "Frames", 1)[0])
    seconds = float(_floats(lines[1].partition(":")[2].split(maxsplit=1), "Frame Time", 1)[0])
    if not 1 <= count <= most_frames:
        refuse("Frames", f"1 to {most_frames}", str(count))
    if len(lines) - 2 != count:
        refuse("MOTION", f"{count} rows, as Frames says", str(len(lines) - 2))
    if seconds <= 0 and count > 1:
        refuse("Frame Time", "seconds above 0", f"{seconds:g}")
    step = every(count, at_most)
    if (kept := len(range(0, count, step)) * width) > most_numbers:
        refuse("MOTION", f"at most {most_numbers} numbers", f"{kept}; read fewer of its frames")
    chosen = [_floats(lines[2 + n].split(maxsplit=width), f"frame {n + 1}", width) for n in range(0, count, step)]
    return np.stack(chosen), step, 1 / seconds if seconds > 0 else still_fps, count


def _moving(bones: Sequence[_Bone], rows: np.ndarray) -> Skeleton:
    """The skeleton with all its joints' world rotations (T, 3, 3) and places (T, 3), at rest and in every frame."""
    at = 0
    resting: list[np.ndarray] = []
    world: list[np.ndarray] = []
    places: list[np.ndarray] = []
    for bone in bones:
        assert bone.offset is not None
        above = bone.parent
        offset = np.broadcast_to(bone.offset, (len(rows), 3)).copy()
        turn = np.broadcast_to(np.eye(3), (len(rows), 3, 3))
        for n, channel in enumerate(bone.channels, at):
            axis = _axis[channel[0]]
            if channel.endswith("rotation"):
                turn = turn @ matrices(np.multiply.outer(np.radians(rows[:, n]), np.eye(3)[axis]))
            elif above < 0:  # below the root programs mean different things by places; bones keep their lengths
                offset[:, axis] = rows[:, n]
        at += len(bone.channels)
        world.append(world[above] @ turn if above >= 0 else turn)
        places.append(places[above] + (world[above] @ offset[..., None])[..., 0] if above >= 0 else offset)
        resting.append(resting[above] + bone.offset if above >= 0 else bone.offset)
    return Skeleton(
        tuple(bone.name for bone in bones), tuple(bone.parent for bone in bones), tuple(bone.end for bone in bones),
        np.stack(resting), tuple(world), tuple(places),
    )  # fmt: skip
