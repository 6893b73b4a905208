"""BVH: our own comes back to the letter, other rigs bone by bone, anything else is refused in a sentence."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import rotation
from engine.body_pose import BodyPose
from engine.formats import bvh
from engine.formats.bvh import from_bvh, to_bvh
from engine.formats.rigs import published
from engine.motion import Motion
from engine.rig import Rig, between, joints, matrices, parents, place_of
from tests.strategies import bodies, refused_if_anything


def standing():
    """Joints (55, 3) of a figure in a T-pose, metres, roughly a person's."""
    rest = np.zeros((55, 3))
    put = {
        "pelvis": (0, -0.35, 0), "spine1": (0, -0.24, -0.01), "spine2": (0, -0.1, 0), "spine3": (0, -0.04, 0.01),
        "neck": (0, 0.14, -0.02), "head": (0, 0.28, 0.01), "jaw": (0, 0.27, 0.03), "left_eye": (0.03, 0.35, 0.08),
        "left_hip": (0.08, -0.44, 0), "left_knee": (0.1, -0.82, 0), "left_ankle": (0.09, -1.22, -0.03),
        "left_foot": (0.12, -1.28, 0.1), "left_collar": (0.05, 0.06, 0), "left_shoulder": (0.17, 0.08, -0.01),
        "left_elbow": (0.43, 0.07, -0.02), "left_wrist": (0.68, 0.08, -0.02),
    }  # fmt: skip
    for n, finger in enumerate(("index", "middle", "ring", "pinky", "thumb")):
        for i in (1, 2, 3):
            put[f"left_hand_{finger}_{i}"] = (
                0.75 + 0.03 * i,
                0.08,
                0.03 - 0.02 * n + (0.1 if finger == "thumb" else 0),
            )
    for joint, place in put.items():
        rest[place_of[joint]] = place
        if joint.startswith("left_"):
            rest[place_of["right" + joint[4:]]] = np.array(place) * (-1, 1, 1)
    return rest


rest = standing()
mixamo = {
    "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head",
    **{f"{s}_{ours}": f"{s.title()}{theirs}" for s in ("left", "right") for ours, theirs in {
        "hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "foot": "ToeBase", "collar": "Shoulder", "shoulder": "Arm",
        "elbow": "ForeArm", "wrist": "Hand"}.items()},
    **{f"{s}_hand_{f}_{i}": f"{s.title()}Hand{f.title()}{i}" for s in ("left", "right")
       for f in ("thumb", "index", "middle", "ring", "pinky") for i in (1, 2, 3)},
}  # fmt: skip


def renamed(data, names, prefix=""):
    """A file of ours with joints called otherwise."""
    text = data.decode()
    for ours, theirs in names.items():
        text = re.sub(rf"\b(ROOT|JOINT) {published[ours]}\n", rf"\1 {prefix}{theirs}\n", text)
    return text.encode()


def turned(**turns):
    """The body at rest but for the joints named."""
    pose = BodyPose()
    for joint, turn in turns.items():
        pose = pose.with_joint(joint, turn)
    return pose


def some_motion(count=4, size=0.4, seed=0, body_only=False):
    rng = np.random.default_rng(seed)
    poses = []
    for _ in range(count):
        turns = rng.normal(size=(55, 3)) * size
        if body_only:
            turns[22:25] = 0  # other rigs have no jaw and no eyes
        poses.append(BodyPose().with_axis_angles(turns).moved(rng.normal(size=3)))
    return Motion(tuple(poses), 25)


def distance(a, b):
    """The largest angle, rad, between the joints of two poses."""
    apart = np.swapaxes(matrices(a.axis_angles), 1, 2) @ matrices(b.axis_angles)
    odd = np.stack([apart[:, 2, 1] - apart[:, 1, 2], apart[:, 0, 2] - apart[:, 2, 0], apart[:, 1, 0] - apart[:, 0, 1]])
    return float(np.arctan2(np.linalg.norm(odd, axis=0), np.trace(apart, axis1=1, axis2=2) - 1).max())


def alike(found, expected, angle=1e-4, place=1e-5):
    assert len(found) == len(expected)
    assert max(distance(a, b) for a, b in zip(found.poses, expected.poses, strict=True)) < angle
    moved = [np.abs(a.translation - b.translation).max() for a, b in zip(found.poses, expected.poses, strict=True)]
    assert max(moved) < place


# ── our own ──


@settings(max_examples=25, deadline=None)
@given(st.lists(bodies(), min_size=1, max_size=3), st.sampled_from(["cm", "m"]))
def test_out_and_in_is_the_same_motion(poses, unit):
    motion = Motion(tuple(poses), 30)
    back = from_bvh(to_bvh(motion, rest, unit), rest, "walk")
    alike(back, motion)
    assert back.fps == pytest.approx(30)
    assert back.name == "walk"
    assert back.notes == ()


def test_the_file_is_as_others_read_it():
    text = to_bvh(BodyPose().moved((1, 2, 3)), rest).decode()
    lines = [line.strip() for line in text.splitlines()]
    assert lines[:2] == ["HIERARCHY", "ROOT pelvis"]
    assert lines[3] == "OFFSET 0.000000 0.000000 0.000000"
    assert lines[4] == "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
    names = [line.split()[1] for line in lines if line.startswith(("ROOT", "JOINT"))]
    assert sorted(names) == sorted(published.values())
    assert {"left_index1", "right_eye_smplhf"} <= set(names)
    at = lines.index("JOINT left_knee")
    assert lines[at + 2] == "OFFSET 2.000000 -38.000000 0.000000", "centimetres from the hip"
    assert lines[-1].startswith("100.000000 165.000000 300.000000 0.000000"), "the pelvis, absolute"
    assert text.count("{") == text.count("}") == 55 + lines.count("End Site")


def test_a_turn_is_written_about_its_own_axis():
    pose = (
        BodyPose()
        .with_joint("pelvis", (0, 0, 0.5))
        .with_joint("left_hip", (0.3, 0, 0))
        .with_joint("spine1", (0, -0.2, 0))
    )
    text = to_bvh(pose, rest).decode()
    names = re.findall(r"(?:ROOT|JOINT) (\w+)", text)
    values = np.array(text.splitlines()[-1].split()[3:], dtype=float).reshape(-1, 3)
    found = dict(zip(names, np.radians(values), strict=True))
    np.testing.assert_allclose(found["pelvis"], [0.5, 0, 0], atol=1e-7)  # Z, X, Y
    np.testing.assert_allclose(found["left_hip"], [0, 0.3, 0], atol=1e-7)
    np.testing.assert_allclose(found["spine1"], [0, 0, -0.2], atol=1e-7)


def test_angles_run_on_without_jumps():
    """A somersault through the angles' poles: what a curve editor shows must not leap."""
    spin = np.linspace(0, 4 * np.pi, 80)
    poses = tuple(turned(pelvis=(a, 0, 0), left_shoulder=(0, 0, -a / 2)) for a in spin)
    text = to_bvh(Motion(poses, 30), rest).decode()
    values = np.array([line.split() for line in text.splitlines()[-80:]], dtype=float)[:, 3:]
    assert np.abs(np.diff(values, axis=0)).max() < 10
    alike(from_bvh(text.encode(), rest), Motion(poses, 30))


def test_another_shape_of_ours_keeps_its_turns():
    motion = some_motion()
    back = from_bvh(to_bvh(motion, rest * 1.1 + 0.01 * np.random.default_rng(0).normal(size=rest.shape)), rest)
    alike(back, motion, place=0.2)


# ── other rigs ──


@pytest.mark.parametrize("prefix", ["", "mixamorig:"])
def test_a_rig_of_other_names_at_the_same_rest_is_the_same_motion(prefix):
    motion = some_motion(body_only=True)
    back = from_bvh(renamed(to_bvh(motion, rest), mixamo, prefix), rest)
    alike(back, motion)
    assert "Mixamo" in back.notes[0]


def test_a_figure_of_another_size_walks_as_far_for_its_legs():
    motion = some_motion(body_only=True)
    back = from_bvh(renamed(to_bvh(motion, rest), mixamo), rest * 2)
    hips = [Rig(r).stance(p).places[[1, 2]].mean(0) for r, p in ((rest, motion.poses[1]), (rest * 2, back.poses[1]))]
    np.testing.assert_allclose(hips[1], hips[0] * 2, atol=1e-4)


def z_up(data):
    """The same figure by a program that counts z up: places and axes (x, y, z) become (x, -z, y)."""
    text = data.decode().replace("Yrotation", "@").replace("Zrotation", "Yrotation").replace("@", "Zrotation")
    out = []
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["OFFSET"]:
            x, y, z = map(float, words[1:])
            line = f"OFFSET {x} {-z} {y}"
        elif words and re.match(r"-?\d", words[0]):
            values = list(map(float, words))
            values[1], values[2] = -values[2], values[1]
            for n in range(3, len(values), 3):
                values[n] = -values[n]  # a turn about the old z is one about the new -y
            line = " ".join(map(str, values))
        out.append(line)
    return "\n".join(out).encode()


@pytest.mark.parametrize("names", [{}, mixamo], ids=["smplx", "mixamo"])
def test_z_up_is_turned_upright(names):
    motion = some_motion(body_only=True)
    alike(from_bvh(renamed(z_up(to_bvh(motion, rest)), names), rest), motion)


def hung(angle):
    """The rest with arms that hang by that angle, rad."""
    pose = turned(left_shoulder=(0, 0, -angle), right_shoulder=(0, 0, angle))
    return Rig(rest).stance(pose).places - pose.translation, pose


@pytest.mark.parametrize("angle", [0.8, 1.4])
def test_arms_that_rest_lower_come_to_the_same_places(angle):
    """A rig that rests with its arms down, not turned at all: our arms must be where its arms are."""
    low, pose = hung(angle)
    back = from_bvh(renamed(to_bvh(BodyPose(), low), mixamo), rest)
    found = Rig(rest).stance(back.poses[0]).places
    wanted = Rig(rest).stance(pose).places
    for side in ("left", "right"):
        for joint in ("shoulder", "elbow", "wrist", "hand_middle_1", "hand_middle_3"):
            n = place_of[f"{side}_{joint}"]
            np.testing.assert_allclose(found[n] - found[0], wanted[n] - wanted[0], atol=1e-4)


def along_y(data, motion):
    """The file of a rig whose bones all lie along their own y: its zero angles are no pose at all."""
    back = {word: name for name, word in (published | mixamo).items()}
    lines = data.decode().splitlines()
    names = [back[word] for word in re.findall(r"(?:ROOT|JOINT) (\w+)", data.decode())]
    frames = {}
    for name in names:
        below = [child for child in joints if parents[place_of[child]] == place_of[name]]
        bone = rest[place_of[below[0]]] - rest[place_of[name]] if below else np.array([0, 1.0, 0])
        frames[name] = between(np.array([0, 1.0, 0]), bone, np.array([1.0, 0, 0]))
    above = {name: joints[parents[place_of[name]]] for name in names if name != "pelvis"}
    at = -1
    for n, line in enumerate(lines):
        if line.strip().startswith(("ROOT", "JOINT")):
            at += 1
        elif "OFFSET" in line and at > 0:
            offset = np.array(line.split()[1:], dtype=float)
            lines[n] = "OFFSET " + " ".join(map(str, frames[above[names[at]]].T @ offset))
    for frame, pose in enumerate(motion.poses, len(lines) - len(motion)):
        stance = Rig(rest).stance(pose)
        values = (stance.places[0] * 100).tolist()
        for name in names:
            turn = stance.local[place_of[name]] @ frames[name]
            turn = frames[above[name]].T @ turn if name in above else turn
            values += torch.rad2deg(rotation.euler(torch.from_numpy(turn), "ZXY")).tolist()
        lines[frame] = " ".join(f"{value:.9f}" for value in values)
    return "\n".join(lines).encode()


def test_a_first_frame_that_stands_serves_as_rest():
    motion = Motion((BodyPose(), *some_motion(3, body_only=True).poses), 25)
    back = from_bvh(along_y(renamed(to_bvh(motion, rest), mixamo), motion), rest)
    assert "first frame" in back.notes[0]
    alike(back, motion)
    motion = Motion(motion.poses[1:], 25)
    with pytest.raises(ValueError, match="a figure that stands with its arms to the sides"):
        from_bvh(along_y(renamed(to_bvh(motion, rest), mixamo), motion), rest)


def test_one_spine_joint_or_five_bend_as_far():
    bend = (
        BodyPose().with_joint("spine1", (0.3, 0, 0)).with_joint("spine2", (0.3, 0, 0)).with_joint("spine3", (0.3, 0, 0))
    )
    text = renamed(to_bvh(bend, rest), mixamo).decode()
    back = from_bvh(text.encode(), rest).poses[0]
    np.testing.assert_allclose([back.joint(f"spine{n}")[0] for n in (1, 2, 3)], 0.3, atol=1e-6)
    # The same bend in the chest alone is spread over our three.
    stiff = turned(spine3=(0.9, 0, 0))
    text = renamed(to_bvh(stiff, rest), mixamo).decode()
    for gone in ("Spine", "Spine1"):
        text = without(text, gone)
    back = from_bvh(text.encode(), rest).poses[0]
    np.testing.assert_allclose([back.joint(f"spine{n}")[0] for n in (1, 2, 3)], 0.3, atol=1e-5)


def without(text, name):
    """The file without a joint of one child that stays: its lines and braces, its channels, its offset added below."""
    names = re.findall(r"(?:ROOT|JOINT) (\S+)", text)
    at = names.index(name)
    block = re.search(rf"JOINT {name}\n\s*{{\n\s*OFFSET (.*)\n\s*CHANNELS.*\n", text)
    start = block.start()
    depth, end = 0, text.index("{", start)
    for n in range(end, len(text)):
        depth += {"{": 1, "}": -1}.get(text[n], 0)
        if depth == 0:
            break
    inner = text[block.end() : n]
    offset = np.array(block[1].split(), dtype=float)
    own = re.search(r"OFFSET (.*)", inner)
    inner = inner.replace(own[0], "OFFSET " + " ".join(map(str, offset + np.array(own[1].split(), dtype=float))), 1)
    head, _, tail = (text[:start] + inner + text[n + 1 :]).partition("MOTION")
    lines = tail.splitlines()
    for k in range(3, len(lines)):
        values = lines[k].split()
        lines[k] = " ".join(values[: 3 + 3 * at] + values[6 + 3 * at :])
    return head + "MOTION" + "\n".join(lines)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["cmu1_jumping_jacks", "fair1_dab", "fair1_zombie"])
def test_the_evaluation_motions_stand_upright(shared, name):
    motion = from_bvh((shared / "animated_drawings" / "bvh" / f"{name}.bvh").read_bytes(), rest)
    assert len(motion) > 100
    pose = motion.poses[0]
    places = Rig(rest).stance(pose).places
    at = {joint: places[place_of[joint]] for joint in joints}
    low = min(at["left_ankle"][1], at["right_ankle"][1])
    assert at["head"][1] > at["spine2"][1] > at["pelvis"][1] > low
    assert 0 < low < 0.35, "on the ground"
    for side in ("left", "right"):
        leg = at[f"{side}_ankle"] - at[f"{side}_hip"]
        assert leg[1] / np.linalg.norm(leg) < -0.9


# ── refusals ──

good = to_bvh(some_motion(2), rest).decode()


def kicking():
    """The rest with one leg straight up."""
    return Rig(rest).stance(turned(left_hip=(-3, 0, 0))).places


def without_frames(text):
    return text[: text.index("MOTION")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected HIERARCHY at the start, got an empty file"),
        ("HIERARCHY\n", "expected a whole HIERARCHY"),
        ("\x00\x01binary", "HIERARCHY at the start"),
        (good[: good.index("JOINT left_knee")], "that breaks off"),
        (without_frames(good), "MOTION with Frames: and Frame Time:, got no MOTION"),
        (good.replace("Frames: 2", "Frames: 3"), "expected 3 rows, as Frames says, got 2"),
        (good.replace("Frames: 2", "Frames: two"), "Frames: expected 1 numbers, got 'two'"),
        (good.replace("Frames: 2", "Frames: 999999999"), "expected finite numbers within"),
        (good.replace("Frames: 2", "Frames: 0"), "Frames: expected 1 to 200000, got 0"),
        (good.replace("Frame Time: 0.04", "Frame Time: 0"), "Frame Time: expected seconds above 0"),
        (good.rstrip().rsplit(" ", 1)[0], "frame 2: expected 168 numbers, got 167"),
        (good.rstrip().rsplit(" ", 1)[0] + " nan", "frame 2: expected finite numbers"),
        (good.rstrip().rsplit(" ", 1)[0] + " 1e99", "frame 2: expected finite numbers"),
        (good.rstrip().rsplit(" ", 1)[0] + " up", "frame 2: expected 168 numbers, got"),
        (good.replace("OFFSET 0.000000 0.000000 0.000000", "OFFSET 0 0"), "pelvis, OFFSET: expected 3 numbers"),
        (good.replace("CHANNELS 3", "CHANNELS 4", 1), "CHANNELS: expected their count and names"),
        (good.replace("Zrotation Xrotation", "Zrotation Zrotation", 1), "CHANNELS: expected their count and names"),
        (good.replace("Zrotation", "Wrotation", 1), "CHANNELS: expected their count and names"),
        (good.replace("JOINT left_hip", "ROOT left_hip"), "expected one ROOT with all joints inside"),
        (good.replace("JOINT left_hip", "BONE left_hip"), "got 'BONE left_hip'"),
        (good.replace("JOINT left_hip\n\t{", "JOINT left_hip\n\t{ {"), "another {"),
        (good.replace("MOTION", "}\nMOTION"), "a } too many"),
        (good.replace("JOINT left_knee\n", "JOINT left_kneecap\n"), "lacks"),
        (renamed(good.encode(), mixamo).decode().replace("LeftForeArm", "LeftTentacle"), "it lacks leftforearm"),
        (to_bvh(BodyPose(), kicking()).decode(), "a figure that stands with its arms to the sides"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_what_was_expected_and_found(text, says):
    with pytest.raises(ValueError, match="expected") as refusal:
        from_bvh(text.encode(), rest)
    assert says in str(refusal.value)


def test_endless_files_are_refused():
    deep = "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\n" + "JOINT b\n{\nOFFSET 0 1 0\n" * 1001
    with pytest.raises(ValueError, match="at most 1000 joints"):
        from_bvh(deep.encode(), rest)
    with pytest.raises(ValueError, match="HIERARCHY of at most"):
        from_bvh(b"HIERARCHY\n" + b"{ " * 600_000, rest)


def test_more_numbers_than_fit_are_refused(monkeypatch):
    monkeypatch.setattr(bvh, "most_numbers", 3 * 168)
    data = to_bvh(some_motion(8), rest)
    with pytest.raises(ValueError, match="at most 504 numbers, got 1344; read fewer of its frames"):
        from_bvh(data, rest)
    assert len(from_bvh(data, rest, at_most=3)) == 3


def test_long_files_are_thinned_evenly():
    motion = some_motion(10)
    back = from_bvh(to_bvh(motion, rest), rest, at_most=4)
    alike(back, motion.thinned(4))
    assert back.fps == pytest.approx(25 / 3)
    assert "one in 3" in back.notes[0]


def test_joints_of_another_count_are_refused():
    with pytest.raises(ValueError, match=r"expected joints at rest of shape \(55, 3\), got \(22, 3\)"):
        to_bvh(BodyPose(), rest[:22])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_spoilt_file_is_read_or_refused(seed):
    rng = np.random.default_rng(seed)
    lines = good.splitlines()
    for n in rng.integers(0, len(lines), 2):
        change = rng.integers(4)
        words = lines[n].split() or [""]
        k = rng.integers(len(words))
        if change == 0:
            words.pop(k)
        elif change == 1:
            words[k] = rng.choice(
                ["{", "}", "JOINT", "ROOT", "End Site", "nan", "-1e300", "OFFSET", "3", "MOTION", "é"]
            )
        elif change == 2:
            words.insert(k, words[rng.integers(len(words))])
        lines[n] = " ".join(words) if change < 3 else ""
    with refused_if_anything():
        from_bvh("\n".join(lines).encode(), rest)
