"""Acclaim's ASF and AMC: a skeleton as a motion laboratory measured it, and how its bones turned."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.body_pose import BodyPose
from engine.formats.checks import refuse
from engine.formats.retarget import Skeleton, retargeted
from engine.motion import Motion, every
from engine.rig import between, matrices

largest_skeleton = 1024 * 1024  # bytes
largest_motion = 256 * 1024 * 1024
most_bones = 500
most_frames = 200_000
fps = 120.0  # what laboratories record at; the files say nothing of it
_turns = {"rx": 0, "ry": 1, "rz": 2}
_moves = {"tx": 0, "ty": 1, "tz": 2}


@dataclass(frozen=True)
class Bone:
    """A bone: its parent (-1: the root), the unit direction (3,) and length it has at rest, the axes (3, 3), as
    columns, that its turns are about, and those turns in order, such as ("rx", "rz")."""

    name: str
    parent: int
    direction: np.ndarray
    length: float
    axes: np.ndarray
    turns: tuple[str, ...]


@dataclass(frozen=True)
class Acclaim:
    """A skeleton: its root's channels in order, its bones, parents first, and whether angles are in degrees."""

    root: tuple[str, ...]
    bones: tuple[Bone, ...]
    degrees: bool = True

    @property
    def widths(self) -> dict[str, int]:
        """How many numbers a frame has for the root and for each bone that turns."""
        return {"root": len(self.root)} | {bone.name: len(bone.turns) for bone in self.bones if bone.turns}


def from_asf_amc(asf: bytes, amc: bytes, rest: np.ndarray, name: str = "", at_most: int = most_frames) -> Motion:
    """The motion of an ASF and an AMC file, for a body whose joints rest at `rest` (55, 3), metres.

    Long ones are thinned to `at_most` poses; 120 frames a second. ValueError says what is wrong with either file.
    """
    bones = skeleton(asf)
    values = motion(amc, bones)
    step = every(len(values["root"]), at_most)
    figure = upright(moving(bones, {bone: rows[::step] for bone, rows in values.items()}))
    turns, places, notes = retargeted(figure, rest)
    notes.append(f"The file does not say how fast it plays: {fps:g} frames a second were taken.")
    still = BodyPose()
    poses = tuple(
        still.with_axis_angles(turn).moved(place - rest[0]) for turn, place in zip(turns, places, strict=True)
    )
    return Motion(poses, fps / step, name, tuple(notes))


# ── the skeleton ──


def skeleton(data: bytes) -> Acclaim:
    """The skeleton in an ASF file; ValueError says what is missing or wrong in which bone."""
    if len(data) > largest_skeleton:
        refuse("the ASF", f"at most {largest_skeleton >> 20} MB", f"{len(data) >> 20} MB")
    parts = _sections(data.decode("utf-8", errors="replace"))
    if missing := [part for part in ("root", "bonedata", "hierarchy") if part not in parts]:
        refuse("the ASF", f"the section :{missing[0]}", ", ".join(f":{part}" for part in parts) or "none")
    units = dict(line[:2] for line in parts.get("units", []) if len(line) > 1)
    if units.get("angle", "deg") not in ("deg", "rad"):
        refuse("the ASF, angle", "deg or rad", units["angle"])
    degrees = units.get("angle", "deg") == "deg"
    order = next((tuple(word.lower() for word in line[1:]) for line in parts["root"] if line[0] == "order"), ())
    if set(order) - set(_turns | _moves) or len(set(order)) != len(order) or not order:
        refuse("the ASF, :root", "order with TX TY TZ RX RY RZ", " ".join(order) or "none")
    described = {bone["name"][0]: bone for bone in _blocks(parts["bonedata"])}
    bones: list[Bone] = []
    for name, parent in _family(parts["hierarchy"], set(described)):
        bones.append(_bone(name, parent, described[name], degrees))
    return Acclaim(order, tuple(bones), degrees)


def _sections(text: str) -> dict[str, list[list[str]]]:
    """The words of each line that is not a comment, by the :section it is in."""
    found: dict[str, list[list[str]]] = {}
    current: list[list[str]] = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words and words[0].startswith(":"):
            current = found.setdefault(words[0][1:].lower(), [])
        elif words:
            current.append(words)
    return found


def _blocks(lines: list[list[str]]) -> Iterator[dict[str, list[str]]]:
    """What stands between begin and end of each bone: its words by their first."""
    block: dict[str, list[str]] | None = None
    count = 0
    for words in lines:
        if words[0] == "begin":
            block, count = {}, count + 1
            if count > most_bones:
                refuse("the ASF, :bonedata", f"at most {most_bones} bones", "more")
        elif block is None:
            refuse("the ASF, :bonedata", "begin before each bone", " ".join(words)[:40])
        elif words[0] == "end":
            if not block.get("name"):
                refuse("the ASF, :bonedata", "a name in each bone", "a bone without one")
            yield block
            block = None
        else:
            block.setdefault(words[0], words[1:])
    if block is not None:
        refuse("the ASF, :bonedata", "end after each bone", "a bone that breaks off")


def _family(lines: list[list[str]], known: set[str]) -> list[tuple[str, int]]:
    """Bones and their parents' places, parents first, as :hierarchy lists them: a parent, then its children."""
    place = {"root": -1}
    found: list[tuple[str, int]] = []
    for words in (line for line in lines if line[0] not in ("begin", "end")):
        if words[0] not in place:
            refuse("the ASF, :hierarchy", "root first, and each bone as a child before it has children", words[0])
        for child in words[1:]:
            if child not in known or child in place:
                refuse("the ASF, :hierarchy", "bones of :bonedata, each once", child)
            place[child] = len(found)
            found.append((child, place[words[0]]))
    if not found:
        refuse("the ASF, :hierarchy", "bones below the root", "none")
    return found


def _bone(name: str, parent: int, block: dict[str, list[str]], degrees: bool) -> Bone:
    direction = _numbers(block.get("direction", []), 3, f"{name}, direction")
    length = float(_numbers(block.get("length", []), 1, f"{name}, length")[0])
    if not np.linalg.norm(direction) > 1e-6 or length < 0:
        refuse(name, "a direction and a length of 0 or more", f"{direction.tolist()} and {length:g}")
    *angles, order = block.get("axis", ["0", "0", "0", "XYZ"])
    if sorted(order.upper()) != ["X", "Y", "Z"]:
        refuse(f"{name}, axis", "three angles and their order, such as XYZ", " ".join(block["axis"])[:40])
    turned = _numbers(angles, 3, f"{name}, axis")
    channels = tuple(word.lower() for word in block.get("dof", []))
    if set(channels) - set(_turns) or len(set(channels)) != len(channels):
        refuse(f"{name}, dof", "rx, ry, rz", " ".join(channels)[:40])
    axes = _product([f"r{axis.lower()}" for axis in order], (np.radians(turned) if degrees else turned)[None])[0]
    return Bone(name, parent, direction / np.linalg.norm(direction), length, axes, channels)


def _numbers(words: list[str], count: int, where: str) -> np.ndarray:
    """That many finite numbers."""
    try:
        values = np.array(words, dtype=float)
    except ValueError:
        refuse(where, f"{count} numbers", repr(" ".join(words)[:60]))
    if values.shape != (count,):
        refuse(where, f"{count} numbers", str(len(words)))
    if not np.isfinite(values).all() or np.abs(values).max(initial=0) > 1e6:
        refuse(where, "finite numbers within ±1000000", "NaN, infinity or beyond")
    return values


# ── the motion ──


def motion(data: bytes, bones: Acclaim) -> dict[str, np.ndarray]:
    """The numbers (T, n) of the root and of each bone that turns, in an AMC file; its units are the skeleton's."""
    if len(data) > largest_motion:
        refuse("the AMC", f"at most {largest_motion >> 20} MB", f"{len(data) >> 20} MB")
    frames: list[dict[str, np.ndarray]] = []
    widths = bones.widths
    for line in data.decode("utf-8", errors="replace").splitlines():
        words = line.partition("#")[0].split()
        if not words or words[0].startswith(":"):
            continue
        if len(words) == 1 and words[0].isdigit():
            _whole(frames, widths)
            if len(frames) >= most_frames:
                refuse("the AMC", f"at most {most_frames} frames", "more")
            frames.append({})
        elif not frames:
            refuse("the AMC", "a frame's number before its bones", " ".join(words)[:40])
        elif words[0] not in widths or words[0] in frames[-1]:
            refuse(f"the AMC, frame {len(frames)}", "bones of its ASF that turn, each once", words[0][:40])
        else:
            frames[-1][words[0]] = _numbers(words[1:], widths[words[0]], f"frame {len(frames)}, {words[0]}")
    if not frames:
        refuse("the AMC", "frames", "none")
    _whole(frames, widths)
    return {bone: np.stack([frame[bone] for frame in frames]) for bone in widths}


def _whole(frames: list[dict[str, np.ndarray]], widths: Mapping[str, int]) -> None:
    """Refuse a last frame that lacks bones."""
    if frames and (missing := widths.keys() - frames[-1].keys()):
        refuse(f"the AMC, frame {len(frames)}", "all bones of its ASF that turn", f"none for {sorted(missing)[0]}")


def moving(bones: Acclaim, values: Mapping[str, np.ndarray]) -> Skeleton:
    """The skeleton with world rotations and places in all frames of `values`, as `retargeted` takes it.

    A bone's joint is where it begins; bones without another after them get one where they end.
    """
    unit = math.pi / 180 if bones.degrees else 1.0
    root = np.asarray(values["root"], dtype=float)
    count = len(root)
    start = np.zeros((count, 3))
    for n, channel in enumerate(bones.root):
        if channel in _moves:
            start[:, _moves[channel]] = root[:, n]
    spun = [n for n, channel in enumerate(bones.root) if channel in _turns]
    turned = _product([bones.root[n] for n in spun], root[:, spun] * unit)
    names, parents, ends, rest = ["root"], [-1], [False], [np.zeros(3)]
    world, places = [turned], [start]
    tips = [(np.zeros(3), start)]  # where each bone ends, the root's first: at rest and in each frame
    for n, bone in enumerate(bones.bones, start=1):
        local = np.broadcast_to(np.eye(3), (count, 3, 3))
        if bone.turns:
            spins = _product(bone.turns, np.asarray(values[bone.name], dtype=float) * unit)
            local = bone.axes @ spins @ bone.axes.T
        along = bone.direction * bone.length
        names.append(bone.name)
        parents.append(bone.parent + 1)
        rest.append(tips[bone.parent + 1][0])
        places.append(tips[bone.parent + 1][1])
        world.append(world[bone.parent + 1] @ local)
        tips.append((rest[n] + along, places[n] + world[n] @ along))
    last = sorted(set(range(1, len(names))) - set(parents))
    ends = [False] * len(names) + [True] * len(last)
    names += [f"{names[n]}_end" for n in last]
    return Skeleton(
        tuple(names), (*parents, *last), tuple(ends), np.stack([*rest, *(tips[n][0] for n in last)]),
        (*world, *(world[n] for n in last)), (*places, *(tips[n][1] for n in last)),
    )  # fmt: skip


def upright(figure: Skeleton) -> Skeleton:
    """The skeleton as if it rested with its legs straight down.

    These figures rest astride, and their feet lean with the legs: what is flat on the ground is a foot under a leg
    that is upright.
    """
    rest, world = figure.rest.copy(), list(figure.world)
    for thigh, shin in ((figure.names.index(f"{side}femur"), figure.names.index(f"{side}tibia")) for side in "lr"):
        turn = between(figure.rest[shin] - figure.rest[thigh], -np.eye(3)[1], np.eye(3)[2])
        leg = {thigh}
        for n, parent in enumerate(figure.parents):
            if parent in leg or n == thigh:
                leg.add(n)
                rest[n] = rest[thigh] + turn @ (figure.rest[n] - rest[thigh])
                world[n] = figure.world[n] @ turn.T
    return replace(figure, rest=rest, world=tuple(world))


def _product(order: list[str] | tuple[str, ...], angles: np.ndarray) -> np.ndarray:
    """Rotations (T, 3, 3) of angles (T, n) rad about fixed axes, the first in order first."""
    turned = np.broadcast_to(np.eye(3), (len(angles), 3, 3))
    for n, channel in enumerate(order):
        turned = matrices(np.multiply.outer(angles[:, n], np.eye(3)[_turns[channel]])) @ turned
    return turned
