"""ASF and AMC: bones turn about axes of their own, and the body does what they do."""

import numpy as np
import pytest

from engine.formats import asf
from engine.rig import Rig, matrices, place_of

_bones = """
lhipjoint 0.6 -0.7 0 1 0 0 0 -
lfemur 0.34202 -0.939693 0 7 0 0 20 rx,ry,rz
ltibia 0.34202 -0.939693 0 7 0 0 20 rx
lfoot 0 -0.2 0.98 2 -90 0 20 rx,rz
ltoes 0 0 1 1 -90 0 20 rx
lowerback 0 1 0 4 0 0 0 rx,ry,rz
thorax 0 1 0 4 0 0 0 rx,ry,rz
lowerneck 0 1 0 2 0 0 0 rx,ry,rz
head 0 1 0 2 0 0 0 rx,ry,rz
lclavicle 0.93 0.33 0 3 0 0 0 ry,rz
lhumerus 1 0 0 5 180 -30 -90 rx,ry,rz
lradius 1 0 0 3.5 180 -30 -90 rx
lwrist 1 0 0 1.7 0 90 90 ry
lhand 1 0 0 0.7 0 90 90 rx,rz
"""
_below = {
    "root": "lhipjoint rhipjoint lowerback", "lhipjoint": "lfemur", "lfemur": "ltibia", "ltibia": "lfoot",
    "lfoot": "ltoes", "lowerback": "thorax", "thorax": "lowerneck lclavicle rclavicle", "lowerneck": "head",
    "lclavicle": "lhumerus", "lhumerus": "lradius", "lradius": "lwrist", "lwrist": "lhand",
}  # fmt: skip


def written():
    """An ASF of a whole figure, the right side mirrored."""
    lines = [":version 1.10", ":units", "  length 0.45", "  angle deg", ":root", "  order TX TY TZ RX RY RZ"]
    lines += ["  axis XYZ", ":bonedata"]
    for line in _bones.split("\n")[1:-1]:
        name, x, y, z, length, a, b, c, turns = line.split()
        sides = [("l", 1), ("r", -1)] if name.startswith("l") and not name.startswith("lower") else [("", 1)]
        for side, sign in sides:
            own = side + name[1:] if side else name
            lines += ["  begin", f"  name {own}", f"  direction {float(x) * sign} {y} {z}", f"  length {length}"]
            lines += [f"  axis {a} {float(b) * sign} {float(c) * sign} XYZ"]
            lines += [f"  dof {turns.replace(',', ' ')}"] if turns != "-" else []
            lines += ["  end"]
    lines += [":hierarchy", "  begin"]
    for parent, children in _below.items():
        lines.append(f"  {parent} {children}")
        if parent.startswith("l") and not parent.startswith("lower"):
            lines.append(f"  r{parent[1:]} {' '.join('r' + child[1:] for child in children.split())}")
    return "\n".join([*lines, "  end"])


def moved(frames):
    """An AMC of frames that are each {bone: numbers}; all others stay still."""
    widths = asf.skeleton(written().encode()).widths
    lines = [":FULLY-SPECIFIED", ":DEGREES"]
    for n, frame in enumerate(frames, 1):
        lines.append(str(n))
        lines += [f"{b} {' '.join(map(str, frame.get(b, [0] * width)))}" for b, width in widths.items()]
    return "\n".join(lines)


@pytest.fixture
def rest(body):
    from engine.body_pose import BodyPose

    return Rig.of(body, BodyPose()).rest


def test_a_bone_turns_about_its_own_axes():
    bones = asf.skeleton(written().encode())
    values = {name: np.zeros((1, width)) for name, width in bones.widths.items()}
    values["lradius"][0] = 90
    figure = asf.moving(bones, values)
    places = dict(zip(figure.names, figure.places, strict=True))
    forearm = (places["lwrist"] - places["lradius"])[0] / 3.5
    # Rz(−90°) Ry(−30°) Rx(180°) takes x to the axis (0, −cos 30°, …): the forearm goes from x to its side.
    axes = (
        matrices(np.radians((0, 0, -90.0))) @ matrices(np.radians((0, -30.0, 0))) @ matrices(np.radians((180.0, 0, 0)))
    )
    np.testing.assert_allclose(forearm, np.cross(axes[:, 0], (1, 0, 0)), atol=1e-9)


def test_the_order_of_turns_is_the_bones():
    bones = asf.skeleton(written().encode())
    values = {name: np.zeros((1, width)) for name, width in bones.widths.items()}
    values["root"][0] = 1, 2, 3, 90, 0, 90
    figure = asf.moving(bones, values)
    np.testing.assert_allclose(figure.places[0][0], (1, 2, 3))
    # About x first, then about the world's z: y goes up to z and stays there.
    np.testing.assert_allclose(figure.world[0][0] @ (0, 1, 0), (0, 0, 1), atol=1e-9)


def test_a_figure_at_rest_stands_with_its_legs_apart_and_flat_feet(rest):
    motion = asf.from_asf_amc(written().encode(), moved([{}, {"lfemur": (0, 0, -20)}]).encode(), rest)
    turns = np.stack([pose.axis_angles for pose in motion.poses])
    names = [place_of[name] for name in ("spine3", "neck", "left_collar", "left_foot", "right_foot")]
    np.testing.assert_allclose(turns[:, names], 0, atol=1e-6)
    # The left leg brought upright hangs as ours does; its foot does not lean.
    assert np.degrees(np.linalg.norm(turns[1, place_of["left_hip"]])) < 6
    assert abs(np.degrees(turns[1, place_of["left_ankle"], 2])) < 6
    assert np.degrees(turns[0, place_of["left_hip"], 2]) == pytest.approx(20, abs=6)
    assert motion.fps == 120


def test_a_bent_elbow_bends_ours(rest):
    motion = asf.from_asf_amc(written().encode(), moved([{"lradius": [60]}, {}, {}]).encode(), rest, at_most=2)
    assert len(motion) == 2
    assert motion.fps == 60
    assert np.degrees(np.linalg.norm(motion.poses[0].axis_angles[place_of["left_elbow"]])) == pytest.approx(60, abs=8)


mistakes = {
    "no section": (lambda s: s.replace(":hierarchy", ":tree"), "expected the section :hierarchy"),
    "a broken bone": (lambda s: s.replace("  end\n:hierarchy", ":hierarchy"), "expected end after each bone"),
    "words for numbers": (lambda s: s.replace("length 7", "length long", 1), "lfemur, length: expected 1 numbers"),
    "no length": (lambda s: s.replace("  length 7\n", "", 1), "lfemur, length: expected 1 numbers, got 0"),
    "an unknown turn": (lambda s: s.replace("dof rx ry rz", "dof rx ry l", 1), "lfemur, dof: expected rx, ry, rz"),
    "a stranger": (
        lambda s: s.replace("lfemur ltibia", "lfemur tail"),
        "expected bones of :bonedata, each once, got tail",
    ),
    "an orphan": (lambda s: s.replace("  root l", "  pelvis l"), "expected root first"),
    "an axis of two": (lambda s: s.replace("axis 0 0.0 20.0 XYZ", "axis 0 20.0 XYZ", 1), "lfemur, axis: expected 3"),
}


@pytest.mark.parametrize(("change", "message"), mistakes.values(), ids=mistakes)
def test_a_wrong_skeleton_is_refused_in_words(change, message):
    with pytest.raises(ValueError, match=message):
        asf.skeleton(change(written()).encode())


steps = {
    "nothing": ("", "expected frames, got none"),
    "no number": ("lfemur 1 2 3", "expected a frame's number"),
    "a stranger": ("1\ntail 1", "frame 1: expected bones of its ASF that turn, each once, got tail"),
    "too few": ("1\nlfemur 1 2", "frame 1, lfemur: expected 3 numbers, got 2"),
    "a gap": ("1\nlfemur 1 2 3", "frame 1: expected all bones"),
    "infinity": ("1\nlfemur 1 inf 3", "expected finite numbers"),
}


@pytest.mark.parametrize(("text", "message"), steps.values(), ids=steps)
def test_a_wrong_motion_is_refused_in_words(text, message):
    with pytest.raises(ValueError, match=message):
        asf.motion(text.encode(), asf.skeleton(written().encode()))
