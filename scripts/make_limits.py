"""Measure how far joints turn in open motion data, and write the limits that bodies are posed within.

python scripts/make_limits.py --data ../shared/data/smplx_retarget [--out assets/body/limits.npz]

The data are CMU's motions and Mesh2Motion's, converted to SMPL-X, and hands of four sources; only the ranges go into
the file. Each range is what all but a few frames in 10,000 stay within, and a margin; at least what textbooks call
normal (American Academy of Orthopaedic Surgeons, "Joint Motion", 1965, in round numbers), at most what a body can do.
Left and right are measured together, one mirrored; frames in which a joint turns as none can are left out. One clip in
ten is kept out, to see whether the limits hold for it.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.hand_shape import finger_axes, order
from engine.limits import Limits, roundness
from engine.rig import joint_number, joints
from engine.skeleton import smplx55

default_path = Path(__file__).parent.parent / "assets" / "body" / "limits.npz"
body_sets = ("cmu_aclstm_30fps", "cmu_c2s_30fps", "cmu_jumpvae_30fps", "mesh2motion_cc0_15fps")
hand_sets = ("handyjs", "dexretargeting", "godot_xr", "asl_landmarks")
mirror = np.array([1.0, -1.0, -1.0])
outside = 0.0003  # of the frames may lie outside each end of a range: 21 joints then keep 99 % of whole poses
outside_hands = 0.01  # hands are measured from pictures, with noise
margin, margin_hands = np.radians(12), np.radians(5)
fault = np.radians(10)  # a joint farther than this beyond what any body can do is a lost marker, not a pose
kept_out = 10  # one clip in so many

Range = tuple[float, float]


@dataclass(frozen=True)
class Joint:
    """How a left or middle joint is measured: its main axis, and for it and for two axes across its normal range.

    `most` has the ranges that data may widen them to. Degrees.
    """

    axis: tuple[float, float, float]
    across: tuple[tuple[float, float, float], tuple[float, float, float]]
    hinge: bool
    normal: tuple[Range, Range, Range]
    most: tuple[Range, Range, Range]


X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
elbow_axis = (0.0, -1.0, 0.0)


def ball(axis: tuple, across: tuple, normal: tuple, most: tuple) -> Joint:
    """A joint that twists about its bone, then swings."""
    return Joint(axis, across, False, normal, most)


def hinge(axis: tuple, across: tuple, normal: tuple, most: tuple) -> Joint:
    """A joint that bends about its axis."""
    return Joint(axis, across, True, normal, most)


# Ranges: about the main axis, then about the two across. At rest: arms along x, palms down; legs down; facing z.
body_joints: dict[str, Joint] = {
    # turning left; bowing forward; leaning right
    "spine1": ball(Y, (X, Z), ((-14, 14), (-14, 32), (-14, 14)), ((-30, 30), (-30, 65), (-30, 30))),
    "spine2": ball(Y, (X, Z), ((-14, 14), (-10, 26), (-14, 14)), ((-30, 30), (-30, 50), (-30, 30))),
    "spine3": ball(Y, (X, Z), ((-16, 16), (-12, 24), (-14, 14)), ((-35, 35), (-35, 60), (-35, 35))),
    "neck": ball(Y, (X, Z), ((-35, 35), (-28, 25), (-24, 24)), ((-55, 55), (-50, 50), (-45, 45))),
    "head": ball(Y, (X, Z), ((-40, 40), (-30, 28), (-24, 24)), ((-60, 60), (-60, 50), (-50, 50))),
    # rolling; forward is minus; up is plus
    "left_collar": ball(X, (Y, Z), ((-15, 15), (-25, 20), (-12, 35)), ((-35, 35), (-45, 40), (-35, 50))),
    # twisting; forward is minus; up is plus
    "left_shoulder": ball(X, (Y, Z), ((-80, 80), (-115, 45), (-95, 95)), ((-125, 110), (-140, 80), (-115, 120))),
    # bending; the forearm's roll; out of its plane
    "left_elbow": hinge(elbow_axis, (X, Z), ((-3, 148), (-50, 50), (-8, 8)), ((-10, 158), (-90, 90), (-30, 30))),
    # the forearm's roll, the rest of it; towards the thumb is minus; towards the palm is minus
    "left_wrist": ball(X, (Y, Z), ((-70, 70), (-25, 35), (-80, 75)), ((-120, 120), (-60, 65), (-95, 95))),
    # turning in is plus; raising forward is minus; out is plus
    "left_hip": ball(Y, (X, Z), ((-45, 45), (-125, 30), (-30, 50)), ((-95, 95), (-155, 65), (-60, 125))),
    "left_knee": hinge(X, (Y, Z), ((-2, 145), (-15, 25), (-6, 6)), ((-8, 162), (-50, 50), (-30, 30))),
    # toes in is minus; toes down is plus; sole inwards is minus
    "left_ankle": ball(Y, (X, Z), ((-20, 25), (-30, 50), (-30, 18)), ((-55, 55), (-60, 75), (-50, 45))),
    # toes up is minus
    "left_foot": hinge(X, (Y, Z), ((-60, 35), (-10, 10), (-10, 10)), ((-75, 50), (-25, 25), (-20, 20))),
}
# Nobody has measured these here: what an open mouth and looking round take.
face_joints: dict[str, Joint] = {
    "jaw": hinge(X, (Y, Z), ((-2, 32), (-8, 8), (-4, 4)), ((-2, 32), (-8, 8), (-4, 4))),
    "left_eye": ball(Z, (X, Y), ((-8, 8), (-32, 36), (-45, 45)), ((-8, 8), (-32, 36), (-45, 45))),
}


def finger_joints() -> dict[str, Joint]:
    """Fingers of a left hand: all joints are hinges but the thumb's first. Curling, rolling, going sideways."""
    found: dict[str, Joint] = {}
    for name, finger in finger_axes().items():
        along = np.cross(finger.flex, finger.side)
        if name == "thumb":
            along = np.cross(finger.flex, np.cross(finger.side, finger.flex))
        along = along / np.linalg.norm(along)
        aside = np.cross(along, finger.flex)
        rows = tuple(finger.flex), (tuple(along), tuple(aside))
        if name == "thumb":
            first = ball(
                rows[1][0], (rows[0], rows[1][1]), ((-35, 55), (-48, 72), (-48, 66)), ((-50, 60), (-55, 75), (-60, 70))
            )
            second = hinge(*rows, ((-15, 62), (-15, 15), (-15, 15)), ((-30, 75), (-25, 25), (-25, 25)))
            third = hinge(*rows, ((-25, 85), (-8, 8), (-8, 8)), ((-35, 95), (-15, 15), (-15, 15)))
        else:
            first = hinge(*rows, ((-30, 92), (-14, 14), (-22, 22)), ((-45, 100), (-25, 25), (-32, 32)))
            second = hinge(*rows, ((-6, 108), (-6, 6), (-6, 6)), ((-15, 118), (-12, 12), (-12, 12)))
            third = hinge(*rows, ((-10, 82), (-6, 6), (-6, 6)), ((-20, 95), (-12, 12), (-12, 12)))
        for n, joint in enumerate((first, second, third), start=1):
            found[f"left_hand_{name}_{n}"] = joint
    return found


# ── the data ──


@dataclass(frozen=True, eq=False)
class Motion:
    """Turns (N, 21, 3) of the body's joints, and which clip each frame is from; turns (M, 15, 3) of left hands."""

    body: np.ndarray
    clips: np.ndarray
    hands: np.ndarray
    hand_clips: np.ndarray
    faults: int

    def parted(self, held_out: bool) -> Motion:
        """The clips that are kept out, or all others: by name, so that each source gives its part."""
        names = np.unique(np.concatenate([self.clips, self.hand_clips]))
        out = set(np.random.default_rng(0).choice(names, len(names) // kept_out, replace=False).tolist())
        body, hands = (np.isin(c, list(out)) == held_out for c in (self.clips, self.hand_clips))
        return Motion(self.body[body], self.clips[body], self.hands[hands], self.hand_clips[hands], 0)


def read_motion(folder: Path) -> Motion:
    """All sets of the folder, without still poses of a rig and without frames in which a joint is turned impossibly."""
    bodies, clips, hands, hand_clips = [], [], [], []
    for name in body_sets:
        with np.load(folder / f"{name}.npz", allow_pickle=False) as file:
            plain = np.char.replace(np.char.replace(np.char.lower(file["clip"]), " ", ""), "_", "")
            moving = ~np.isin(np.char.replace(plain, "-", ""), ["tpose", "atpose", "restpose"])
            bodies.append(file["body_pose"][moving])
            clips.append(np.char.add(f"{name}/", file["clip"][moving]))
            if "left_hand_pose" in file.files:
                hands += [file["left_hand_pose"][moving], file["right_hand_pose"][moving] * mirror]
                hand_clips += [clips[-1]] * 2
    with np.load(folder / "hands_right_mano_axisangle.npz", allow_pickle=False) as file:
        for name in hand_sets:
            hands.append(file[name] * mirror)
            hand_clips.append(np.char.add(f"{name}/", file[f"{name}_label"].astype(str)))
    body = np.concatenate(bodies).astype(float)
    sound = within(limits_of(body_joints, "most"), body, fault).all(axis=1)
    return Motion(
        body[sound], np.concatenate(clips)[sound], np.concatenate(hands).astype(float), np.concatenate(hand_clips),
        int((~sound).sum()),
    )  # fmt: skip


def samples(motion: Motion, name: str) -> np.ndarray:
    """Turns (N, 3) of a left or middle joint, with those of its mirror image; none where nothing was measured."""
    number = joint_number(name)
    other = smplx55.swap[number]
    if "_hand_" in name:
        finger, n = name.split("_")[2:]
        return motion.hands[:, 3 * order.index(finger) + int(n) - 1]
    if number > 21:
        return np.zeros((0, 3))
    return np.concatenate([motion.body[:, number - 1], motion.body[:, other - 1] * mirror])


# ── the ranges ──


def limits_of(table: dict[str, Joint], which: str) -> Limits:
    """The table's own ranges, `normal` or `most`, as limits."""
    return Limits(**rows_of(table, which))


def rows_of(table: dict[str, Joint], which: str) -> dict[str, np.ndarray]:
    """The arrays of Limits for the table's own ranges; joints it lacks are free."""
    count = len(joints)
    rows: dict[str, np.ndarray] = {
        "axis": np.tile(X, (count, 1)), "across": np.tile([Y, Z], (count, 1, 1)), "hinge": np.zeros(count, bool),
        "turn": np.tile([-np.pi, np.pi], (count, 1)), "centre": np.zeros((count, 2)),
        "radius": np.full((count, 2, 2), np.pi), "free": np.ones(count, bool),
    }  # fmt: skip
    for name, joint in table.items():
        put(rows, name, joint, np.radians(getattr(joint, which)))
    return rows


def put(rows: dict[str, np.ndarray], name: str, joint: Joint, ranges: np.ndarray) -> None:
    """Write a left joint's row, and its mirror image on the right: turns about y and z change their sign there."""
    for number, flip in ((joint_number(name), np.ones(3)), (smplx55.swap[joint_number(name)], mirror)):
        rows["axis"][number] = np.array(joint.axis) * flip
        rows["across"][number] = np.array(joint.across) * flip
        rows["hinge"][number] = joint.hinge
        rows["turn"][number] = ranges[0]
        centre = ranges[1:].mean(axis=1)
        rows["centre"][number] = centre
        rows["free"][number] = False
        rows["radius"][number] = np.stack([centre - ranges[1:, 0], ranges[1:, 1] - centre], axis=1)


def measured(motion: Motion) -> Limits:
    """The limits that all but a few frames stay within."""
    table = {**body_joints, **face_joints, **finger_joints()}
    axes, rows = limits_of(table, "normal"), rows_of(table, "normal")
    for name, joint in table.items():
        turns = samples(motion, name)
        if len(turns):
            put(rows, name, joint, ranges_of(axes, name, joint, turns))
    return Limits(**rows)


def ranges_of(axes: Limits, name: str, joint: Joint, turns: np.ndarray) -> np.ndarray:
    """Ranges (3, 2), rad, about the main axis and across: what the data asks within what the joint's table allows."""
    hand = "_hand_" in name
    turn, swing = axes.apart(joint_number(name), turns)
    angles = np.concatenate([turn[:, None], swing], axis=1)
    part = outside_hands if hand else outside
    more = margin_hands if hand else margin
    found = np.quantile(angles, [part, 1 - part], axis=0).T + np.array([-more, more])
    normal, most = np.radians(joint.normal), np.radians(joint.most)
    low = np.clip(found[:, 0], most[:, 0], normal[:, 0])
    high = np.clip(found[:, 1], normal[:, 1], most[:, 1])
    ranges = np.stack([low, high], axis=1)
    if not hand:
        ranges[1:] = widened(swing, ranges[1:], most[1:], part)
    return ranges


def widened(swing: np.ndarray, ranges: np.ndarray, most: np.ndarray, part: float) -> np.ndarray:
    """The limits round the corners of the ranges' box: scaled until they hold the data, within `most`."""
    centre = ranges.mean(axis=1)
    radius = (ranges[:, 1] - ranges[:, 0]) / 2
    sizes = (((swing - centre) / radius) ** roundness).sum(axis=1) ** (1 / roundness)
    needed = max(1.0, float(np.quantile(sizes, 1 - 2 * part)))
    scaled = centre[:, None] + np.stack([-radius, radius], axis=1) * needed
    return np.stack([np.maximum(scaled[:, 0], most[:, 0]), np.minimum(scaled[:, 1], most[:, 1])], axis=1)


# ── the checks ──


def within(limits: Limits, body: np.ndarray, slack: float = 1e-6) -> np.ndarray:
    """Which joints (N, 21) of body poses (N, 21, 3) are within their limits."""
    return np.stack([limits.beyond_turns(n + 1, body[:, n]) <= slack for n in range(body.shape[1])], axis=1)


def main() -> None:
    """Write the file and say what it holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=default_path)
    parser.add_argument(
        "--poses", type=Path, nargs="*", default=[], help="npz with pose_samples (N, 63), to report on alone"
    )
    args = parser.parse_args()
    motion = read_motion(args.data)
    seen, unseen = motion.parted(False), motion.parted(True)
    limits = measured(seen)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    limits.save(args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1000:.1f} kB; degrees about the main axis, then across")
    for name in (*body_joints, *finger_joints()):
        n = joint_number(name)
        across = limits.centre[n][:, None] + limits.radius[n] * [-1, 1]
        print(f"  {name:24}", *(f"{a:5.0f} …{b:4.0f}" for a, b in np.degrees([limits.turn[n], *across])))
    print(f"{motion.faults} of {motion.faults + len(motion.body)} frames left out: lost markers")
    report("measured", limits, seen.body)
    report("kept out", limits, unseen.body)
    for path in args.poses:
        with np.load(path, allow_pickle=False) as file:
            report(path.name, limits, file["pose_samples"].reshape(-1, 21, 3).astype(float))


def report(title: str, limits: Limits, body: np.ndarray) -> None:
    """Say how many poses (N, 21, 3) are within, and which joints most often are not."""
    inside = within(limits, body)
    near = within(limits, body, np.radians(5)).all(axis=1).mean()
    print(f"{title}: {len(body)} poses, {inside.all(axis=1).mean():.2%} wholly within, {near:.2%} within 5°")
    worst = np.argsort(inside.mean(axis=0))[:5]
    print("  most often beyond:", ", ".join(f"{joints[w + 1]} {1 - inside[:, w].mean():.2%}" for w in worst))


if __name__ == "__main__":
    main()
