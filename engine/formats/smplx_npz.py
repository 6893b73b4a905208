"""SMPL-X npz: poses as arrays, in AMASS's words and in those of the smplx package; read from either.

World y up, metres, radians. AMASS counts z up: such files are turned upright. Arrays only, never a pickle.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.body_pose import BodyPose
from engine.formats.checks import refuse
from engine.formats.npz import Arrays
from engine.motion import Motion, every, still_fps
from engine.rig import axis_angles, matrices

Up = Literal["auto", "y", "z"]
most_frames = 200_000  # in the file; `at_most` says how many of them become poses
fastest = 100_000.0  # frames a second
# Where bodies of SMPL-X's kind rest their pelvis, metres: the origin lies between the collar bones. SMPL's is nearer.
pelvis = np.array([0.0, -0.35, 0.0])
_pelvis_of_smpl = np.array([0.0, -0.22, 0.0])
_upright = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # from z up, facing -y, to y up, facing +z
_maker = "Contrapposto"
# The two sets of words, and how wide each array is a frame.
_parts: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "poses": (("poses", "fullpose", "full_pose"), (165, 156, 72)),
    "root": (("root_orient", "global_orient"), (3,)),
    "body": (("pose_body", "body_pose"), (63, 69)),
    "hands": (("pose_hand",), (90,)),
    "left": (("left_hand_pose",), (45,)),
    "right": (("right_hand_pose",), (45,)),
    "jaw": (("pose_jaw", "jaw_pose"), (3,)),
    "eyes": (("pose_eye",), (6,)),
    "left_eye": (("leye_pose",), (3,)),
    "right_eye": (("reye_pose",), (3,)),
    "translation": (("trans", "transl"), (3,)),
}
_rates = ("mocap_frame_rate", "mocap_framerate", "frame_rate", "fps")
_farthest = {"translation": 10_000.0, "betas": 1000.0, "expression": 1000.0, "face_units": 1000.0}
_most_turned = 1000.0  # rad, of a sane axis-angle by far


# ── out ──


def to_smplx_npz(motion: Motion | BodyPose, up: Literal["y", "z"] = "y", rest_pelvis: np.ndarray = pelvis) -> bytes:
    """The poses as an npz; with `up` z as AMASS has them, for programs that expect that.

    Arrays are (N, …): `poses` (N, 165) in SMPL-X's order, `trans`, their parts under AMASS's names and under those of
    smplx's arguments, flat hands zero; `betas` is (n,) where one shape serves all. `rest_pelvis` (3,) is where the
    body rests its pelvis: a body turns about it.
    """
    if isinstance(motion, BodyPose):
        motion = Motion((motion,))
    turns = np.stack([pose.axis_angles for pose in motion.poses])
    moved = np.stack([pose.translation for pose in motion.poses])
    if up == "z":
        turns[:, 0], moved = _turned(turns[:, 0], moved, _upright.T, rest_pelvis, rest_pelvis)
    flat = turns.reshape(len(turns), -1)
    root, body, jaw, eyes, hands = np.split(flat, np.cumsum([3, 63, 3, 6]), axis=1)
    left, right = np.split(hands, 2, axis=1)
    arrays = {
        "poses": flat, "trans": moved, "root_orient": root, "pose_body": body, "pose_hand": hands, "pose_jaw": jaw,
        "pose_eye": eyes, "global_orient": root, "body_pose": body, "left_hand_pose": left, "right_hand_pose": right,
        "jaw_pose": jaw, "leye_pose": eyes[:, :3], "reye_pose": eyes[:, 3:], "transl": moved,
        "expression": _stacked(motion, "expression"), "face_units": _stacked(motion, "face_units"),
        "gender": np.array("neutral"), "surface_model_type": np.array("smplx"), "up": np.array(up),
        "mocap_frame_rate": np.array(float(motion.fps)), "maker": np.array(_maker),
    }  # fmt: skip
    betas = _stacked(motion, "betas")
    arrays["betas"] = betas[0] if (betas == betas[0]).all() else betas
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            if array.shape[-1:] == (0,):  # a body without face units
                continue
            entry = io.BytesIO()
            np.lib.format.write_array(entry, array, allow_pickle=False)
            # One date for all, so that the same poses give the same file.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), entry.getvalue(),
                             zipfile.ZIP_DEFLATED)  # fmt: skip
    return buffer.getvalue()


def _stacked(motion: Motion, name: str) -> np.ndarray:
    """A field of all poses (N, n), shorter ones filled with zeros."""
    rows = [getattr(pose, name) for pose in motion.poses]
    width = max(len(row) for row in rows)
    return np.stack([np.pad(row, (0, width - len(row))) for row in rows])


# ── in ──


@dataclass(frozen=True)
class Reading:
    """How to read an npz that does not say it all.

    `up` is the axis that points up (auto: z for AMASS, else y). `shaped` keeps betas and expression, which mean
    something only on the body they were made for (None: those of this program's own files). `hands_from` makes
    axis-angles (N, 45) of a hand's principal components (N, k), by side; without it such hands are refused.
    `at_most` thins long files.
    """

    up: Up = "auto"
    shaped: bool | None = None
    hands_from: Callable[[str, np.ndarray], np.ndarray] | None = None
    at_most: int = most_frames
    rest_pelvis: tuple[float, float, float] = (0.0, -0.35, 0.0)


def from_smplx_npz(data: bytes, how: Reading | None = None, name: str = "") -> Motion:
    """The motion in an npz of AMASS (SMPL-X, SMPL-H, SMPL), of smplx's arguments, or of this program.

    Arrays may be of one pose or of N. ValueError says which array is wrong, what was expected and what found.
    """
    how = how or Reading()
    arrays = Arrays(data)
    found = {part: _wide(arrays, part, how) for part in _parts}
    if found["poses"] is None and found["body"] is None and found["root"] is None:
        refuse("the npz", "poses, pose_body or body_pose", f"only {', '.join(arrays.names[:12]) or 'an empty file'}")
    turns, smpl = _joined(found)
    count = max(len(part) for part in (*turns.values(), found["translation"]) if part is not None)
    if count > most_frames:
        refuse("the npz", f"at most {most_frames} frames", str(count))
    step = every(count, how.at_most)
    flat = _frames(np.zeros((1, 165)), count, step, "poses")
    for part, (first, last) in _places.items():
        if (one := turns.get(part)) is not None:
            flat[:, first:last] = _frames(one, count, step, part)
    place = found["translation"]
    moved = _frames(np.zeros((1, 3)) if place is None else place, count, step, "trans")
    notes = []
    rest = np.array(how.rest_pelvis)
    z_up = _is_z_up(arrays, how, found["poses"] is not None)
    if z_up or smpl:
        turn = _upright if z_up else np.eye(3)
        flat[:, :3], moved = _turned(flat[:, :3], moved, turn, _pelvis_of_smpl if smpl else rest, rest)
    if z_up and how.up == "auto" and "up" not in arrays.names:
        notes.append("AMASS counts z as up; the figure was turned upright.")
    shape = _shape(arrays, how, count, step, notes)
    if smpl:
        notes.append("The file has SMPL's bones: jaw and eyes stay at rest.")
    if step > 1:
        notes.append(f"Of {count} frames one in {step} was taken.")
    fps = arrays.number(_rates, still_fps, fastest) / step
    blank = BodyPose()
    poses = tuple(
        _posed(blank, row, place, {key: rows[i] for key, rows in shape.items()})
        for i, (row, place) in enumerate(zip(flat.reshape(-1, 55, 3), moved, strict=True))
    )
    return Motion(poses, fps, name, tuple(notes))


# Where each part lies in SMPL-X's full pose.
_places = {"root": (0, 3), "body": (3, 66), "jaw": (66, 69), "eyes": (69, 75), "hands": (75, 165)}


def _posed(blank: BodyPose, turns: np.ndarray, place: np.ndarray, shape: dict[str, np.ndarray]) -> BodyPose:
    return BodyPose(
        turns[0], turns[1:22], turns[25:].reshape(2, 15, 3), turns[22], turns[23:25], translation=place,
        **{"betas": blank.betas, "expression": blank.expression, "face_units": blank.face_units} | shape,
    )  # fmt: skip


def _joined(found: Mapping[str, np.ndarray | None]) -> tuple[dict[str, np.ndarray | None], bool]:
    """The turns by the parts of a full pose, separate arrays before `poses`; and whether they are of SMPL's bones."""
    turns: dict[str, np.ndarray | None] = {}
    whole, smpl = found["poses"], False
    if whole is not None:
        smpl = whole.shape[1] < 165
        turns = {"root": whole[:, :3], "body": whole[:, 3:66]}
        if whole.shape[1] == 156:  # SMPL-H has no jaw and no eyes
            turns["hands"] = whole[:, 66:]
        elif whole.shape[1] == 165:
            turns |= {part: whole[:, a:b] for part, (a, b) in _places.items()}
    for part in ("root", "body", "hands", "jaw"):
        if (own := found[part]) is not None:
            turns[part] = own
    if (body := turns.get("body")) is not None and body.shape[1] == 69:  # SMPL's last two are whole hands
        turns["body"], smpl = body[:, :63], True
    for part, names in (("hands", ("left", "right")), ("eyes", ("left_eye", "right_eye"))):
        pair = [found[one] for one in names]
        if found["eyes"] is not None and part == "eyes":
            turns["eyes"] = found["eyes"]
        elif any(one is not None for one in pair):
            width = 45 if part == "hands" else 3
            pair = [np.zeros((1, width)) if one is None else one for one in pair]
            longest = max(len(one) for one in pair)
            if any(len(one) not in (1, longest) for one in pair):
                refuse(" and ".join(names), "as many frames in both", " and ".join(str(len(one)) for one in pair))
            turns[part] = np.hstack([np.broadcast_to(one, (longest, width)) for one in pair])
    return turns, smpl


def _wide(arrays: Arrays, part: str, how: Reading) -> np.ndarray | None:
    """A part's array (N, width), under whichever of its names; None where there is none."""
    names, widths = _parts[part]
    name = next((one for one in names if one in arrays.names), None)
    if name is None:
        return None
    array = arrays.numbers(name, _farthest.get(part, _most_turned))
    rows = _rows(array, widths)
    if rows is None and part in ("left", "right") and array.shape[-1] < 45 and array.ndim in (1, 2):
        if how.hands_from is None:
            refuse(name, "45 numbers, the axis-angles of 15 joints",
                   f"{array.shape[-1]}: principal components, which need the body file they belong to")  # fmt: skip
        rows = how.hands_from(part, np.atleast_2d(array))
    if rows is None:
        expected = " or ".join(f"(N, {width})" for width in widths)
        refuse(name, f"shape {expected}", str(array.shape))
    return rows


def _rows(array: np.ndarray, widths: tuple[int, ...]) -> np.ndarray | None:
    """The array as (N, width): one frame or N, joints in one row or in rows of three; None where it is neither."""
    for width in widths:
        if array.shape in ((width,), (width // 3, 3)):
            return array.reshape(1, width)
        if array.ndim == 2 and array.shape[1] == width:
            return array
        if array.ndim == 3 and math.prod(array.shape[1:]) == width:
            return array.reshape(-1, width)
    return None


def _frames(rows: np.ndarray, count: int, step: int, where: str) -> np.ndarray:
    """Every `step`-th of the rows, one row repeated for all frames; a copy."""
    if len(rows) not in (1, count):
        refuse(where, f"{count} frames, or one for all", str(len(rows)))
    return np.array(np.broadcast_to(rows, (count, rows.shape[1]))[::step])


def _shape(arrays: Arrays, how: Reading, count: int, step: int, notes: list[str]) -> dict[str, np.ndarray]:
    """Betas, expression and face units (N, n) as far as they are to be kept."""
    shape: dict[str, np.ndarray] = {}
    ours = arrays.word("maker") == _maker
    for name in ("betas", "expression", "face_units"):
        if name not in arrays.names:
            continue
        rows = np.atleast_2d(arrays.numbers(name, _farthest[name]))
        if rows.ndim != 2 or rows.shape[1] > 400:
            refuse(name, "at most 400 numbers a frame", f"shape {rows.shape}")
        if ours if how.shaped is None else how.shaped:
            shape[name] = _frames(rows, count, step, name)
        elif rows.any() and name != "face_units":
            notes.append(f"The file's {name} belong to another body and were left out.")
    return shape


def _is_z_up(arrays: Arrays, how: Reading, has_poses: bool) -> bool:
    if how.up != "auto":
        return how.up == "z"
    if (said := arrays.word("up")) in ("y", "z"):
        return said == "z"
    return has_poses and any(rate in arrays.names for rate in _rates[:2])


def _turned(
    root: np.ndarray, moved: np.ndarray, turn: np.ndarray, rest: np.ndarray, new_rest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Root turns (N, 3) and translations (N, 3) after the world is turned by (3, 3), pelves where they were.

    A body turns about its pelvis, which rests at `rest` and from now on at `new_rest`.
    """
    return axis_angles(turn @ matrices(root)), (moved + rest) @ turn.T - new_rest
