"""Pulling a body by its joints: it gets there when it can, keeps what is pinned, and never jumps."""

from pathlib import Path

import numpy as np
import pytest

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.ik import at_depth_of, drag, drag_to_pixel, feet, held_within, planted
from engine.limb import limbs, reach, seat
from engine.limits import Limits
from engine.posing import mirrored, standing
from engine.rig import (
    Rig,
    about,
    axis_angles,
    between,
    joint_number,
    joints,
    matrices,
    quaternion,
    turning,
    twist_about,
)
from engine.skeleton import smplx55

folder = Path(__file__).parent.parent / "assets" / "body"
limits = Limits.load(folder / "limits.npz")
ends = ("left_wrist", "right_wrist", "left_ankle", "right_ankle")


@pytest.fixture(scope="module")
def rig():
    return Rig.of(Body.load(folder / "contrapposto_neutral.npz", pose_blend=False), BodyPose())


def place(rig, pose, joint):
    return rig.stance(pose).places[joint_number(joint)]


def apart(a, b):
    """Degrees by which each joint (55,) of two poses is turned otherwise."""
    between = np.swapaxes(matrices(a.axis_angles), 1, 2) @ matrices(b.axis_angles)
    return np.degrees(np.linalg.norm(axis_angles(between), axis=1))


def within(rig, limb_end, seed):
    """A random place within the reach of a standing figure's limb, in front of it and beside it."""
    limb = next(limb for limb in limbs.values() if joints[limb.end] == limb_end)
    stance, rng = rig.stance(standing()), np.random.default_rng(seed)
    way = np.abs(rng.normal(size=3)) * [1 if limb_end.startswith("left") else -1, rng.choice([-1, 0.5]), 1]
    length = sum(
        np.linalg.norm(rig.rest[b] - rig.rest[a]) for a, b in ((limb.upper, limb.lower), (limb.lower, limb.end))
    )
    return stance.places[limb.upper] + way / np.linalg.norm(way) * length * rng.uniform(0.45, 0.97)


# ── two bones ──


@pytest.mark.parametrize("joint", ends)
@pytest.mark.parametrize("seed", range(8))
def test_hands_and_feet_reach_what_is_within_reach(rig, joint, seed):
    target = within(rig, joint, seed)
    after = drag(rig, standing(), joint, target)
    assert np.linalg.norm(place(rig, after, joint) - target) < 0.001


@pytest.mark.parametrize("joint", ends)
@pytest.mark.parametrize("seed", range(4))
def test_reaching_turns_the_limb_alone_and_keeps_the_hand(rig, joint, seed):
    limb = next(limb for limb in limbs.values() if joints[limb.end] == joint)
    after = drag(rig, standing(), joint, within(rig, joint, seed))
    far = {n for n in range(55) if apart(standing(), after)[n] > 1e-6}
    assert far <= {limb.upper, limb.lower, limb.end}
    before, now = (rig.stance(pose).world[limb.end] for pose in (standing(), after))
    np.testing.assert_allclose(now, before, atol=1e-6)


@pytest.mark.parametrize("joint", ends)
@pytest.mark.parametrize("seed", range(6))
def test_elbows_and_knees_bend_their_way(rig, joint, seed):
    limb = next(limb for limb in limbs.values() if joints[limb.end] == joint)
    after = drag(rig, standing(), joint, within(rig, joint, seed))
    assert twist_about(rig.stance(after).local[limb.lower], np.array(limb.axis)) > -0.15


@pytest.mark.parametrize("joint", ends)
@pytest.mark.parametrize("seed", range(6))
def test_with_limits_it_reaches_or_ends_within_them(rig, joint, seed):
    after = drag(rig, standing(), joint, within(rig, joint, seed), limits=limits)
    assert limits.clamped(after) == after


def test_one_side_does_as_the_other(rig):
    target = within(rig, "left_wrist", 3) + np.array([0.1, 0.2, 0.3])
    left = drag(rig, standing(), "left_wrist", target, limits=limits)
    right = drag(rig, standing(), "right_wrist", target * np.array([-1, 1, 1]), limits=limits)
    assert apart(mirrored(left), right).max() < 0.1


@pytest.mark.parametrize("way", [(0, -1, 0.2), (0.3, 0.3, 1), (1, 0.2, 0.1), (-0.3, 0.6, 0.6)])
def test_beyond_an_arms_reach_the_trunk_leans(rig, way):
    shoulder = place(rig, standing(), "left_shoulder")
    target = shoulder + np.array(way) / np.linalg.norm(way) * 0.63
    after = drag(rig, standing(), "left_wrist", target, feet, limits)
    assert np.linalg.norm(place(rig, after, "left_wrist") - target) < 0.03
    assert max(apart(standing(), after)[joint_number(f"spine{n}")] for n in (1, 2, 3)) > 1
    for foot in feet:
        np.testing.assert_allclose(place(rig, after, foot), place(rig, standing(), foot), atol=1e-9)


def test_out_of_all_reach_the_limb_points_there(rig):
    after = drag(rig, standing(), "right_ankle", np.array([-3.0, -0.3, 2.0]))
    hip, knee, ankle = (place(rig, after, f"right_{joint}") for joint in ("hip", "knee", "ankle"))
    line = np.array([-3.0, -0.3, 2.0]) - hip
    assert np.linalg.norm(np.cross(ankle - hip, line / np.linalg.norm(line))) < 1e-3
    assert np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee) - np.linalg.norm(ankle - hip) < 2e-3


def test_a_limb_bent_off_its_hinge_is_seated_without_moving(rig):
    """As an imported elbow may be: bent upwards by its own joint instead of by the shoulder's twist."""
    pose = BodyPose().with_joint("left_elbow", (0, 0, 1.4))
    stance = rig.stance(pose)
    before = stance.places.copy()
    seat(stance, limbs["left_arm"])
    np.testing.assert_allclose(stance.places, before, atol=1e-9)
    np.testing.assert_allclose(
        np.delete(stance.world, limbs["left_arm"].upper, 0),
        np.delete(rig.stance(pose).world, limbs["left_arm"].upper, 0),
        atol=1e-9,
    )
    target = before[joint_number("left_shoulder")] + np.array([0.15, 0.1, 0.2])
    after = drag(rig, pose, "left_wrist", target)
    assert np.linalg.norm(place(rig, after, "left_wrist") - target) < 0.001


@pytest.mark.parametrize(
    "joint", ["left_wrist", "right_knee", "head", "pelvis", "left_hip", "left_hand_ring_3", "left_foot"]
)
def test_a_target_at_the_end_of_the_world_is_survived(rig, joint):
    after = drag(rig, standing(), joint, np.array([1e300, -1e300, 1e5]), planted(joint), limits)
    assert limits.clamped(after) == after
    assert np.linalg.norm(place(rig, after, joint)) < 3


def test_a_target_at_the_root_is_survived(rig):
    shoulder = place(rig, standing(), "left_shoulder")
    after = drag(rig, standing(), "left_wrist", shoulder, limits=limits)
    assert np.isfinite(after.axis_angles).all()
    stance = rig.stance(standing())
    reach(stance, limbs["left_arm"], shoulder, np.eye(3), None)
    assert np.linalg.norm(stance.places[joint_number("left_wrist")] - shoulder) < 0.2


# ── every joint ──


@pytest.mark.parametrize("joint", joints)
def test_dragging_a_joint_nowhere_changes_nothing(rig, joint):
    after = drag(rig, standing(), joint, place(rig, standing(), joint), planted(joint), limits)
    assert apart(standing(), after).max() < 1e-3
    np.testing.assert_allclose(after.translation, standing().translation, atol=1e-9)


@pytest.mark.parametrize("joint", joints)
@pytest.mark.parametrize("bounded", [limits, None], ids=["limits", "free"])
def test_dragging_any_joint_brings_it_nearer(rig, joint, bounded):
    rng = np.random.default_rng(joint_number(joint))
    start = place(rig, standing(), joint)
    for _ in range(3):
        target = start + rng.normal(size=3) * 0.04
        after = drag(rig, standing(), joint, target, limits=bounded)
        assert np.linalg.norm(place(rig, after, joint) - target) <= np.linalg.norm(start - target) + 2e-4
        if bounded:
            assert limits.clamped(after) == after


@pytest.mark.parametrize(
    "joint", ["head", "neck", "spine3", "left_shoulder", "right_elbow", "left_knee", "left_hand_index_3"]
)
def test_a_place_that_was_reached_once_is_reached_again(rig, joint):
    """Turn the joints above, see where the joint goes, and drag it there."""
    rng = np.random.default_rng(1)
    carrying = {
        "head": ("neck", "spine3"), "neck": ("spine2", "spine3"), "spine3": ("spine1", "spine2"),
        "left_shoulder": ("left_collar",),
        "right_elbow": ("right_shoulder",), "left_knee": ("left_hip",), "left_hand_index_3": ("left_hand_index_1",),
    }[joint]  # fmt: skip
    pose = standing()
    for name in carrying:
        pose = pose.with_joint(name, pose.joint(name) + rng.normal(size=3) * 0.12)
    target = place(rig, pose, joint)
    after = drag(rig, standing(), joint, target)
    assert np.linalg.norm(place(rig, after, joint) - target) < 0.005


@pytest.mark.slow
@pytest.mark.parametrize(
    ("joint", "afresh"),
    [
        *(
            (joint, True)
            for joint in (
                "left_wrist",
                "right_ankle",
                "left_elbow",
                "right_knee",
                "head",
                "pelvis",
                "left_hip",
            )
        ),
        # not the hip: the body sinks under it, so that each time it is asked anew it tilts on
        *((joint, False) for joint in ("left_wrist", "right_ankle", "left_elbow", "right_knee", "head", "pelvis")),
    ],
)
def test_small_steps_change_little(rig, joint, afresh):
    """Through the stretched limb and out of reach; 5 mm a step. Near full stretch a hinge must turn fast, no faster."""
    start = place(rig, standing(), joint)
    for way in ((1, 0.6, 1), (-0.6, 1, 0.8)):
        last = standing()
        for step in range(1, 61):
            target = start + np.array(way) / np.linalg.norm(way) * step * 0.005
            after = drag(rig, standing() if afresh else last, joint, target, planted(joint), limits)
            assert apart(last, after).max() < 16, (way, step, joints[int(apart(last, after).argmax())])
            last = after


def test_an_arm_stretches_and_bends_again_on_the_same_side(rig):
    shoulder = place(rig, standing(), "left_shoulder")
    pose, way = standing(), np.array([0.3, -0.1, 1]) / np.linalg.norm([0.3, -0.1, 1])
    for length in [*np.linspace(0.3, 0.7, 30), *np.linspace(0.7, 0.3, 30)]:
        pose = drag(rig, pose, "left_wrist", shoulder + way * length, limits=limits)
        assert pose.joint("left_elbow")[1] < 0.1  # forwards is about −y


# ── elbows, knees ──


def test_a_knee_leads_and_the_foot_stays_behind(rig):
    start = place(rig, standing(), "right_knee")
    hip = place(rig, standing(), "right_hip")
    after = drag(rig, standing(), "right_knee", hip + np.array([0, -0.05, 0.4]), limits=limits)
    assert place(rig, after, "right_knee")[1] > start[1] + 0.25
    assert place(rig, after, "right_ankle")[1] < place(rig, after, "right_knee")[1] - 0.3
    assert twist_about(rig.stance(after).local[joint_number("right_knee")], np.array([1.0, 0, 0])) > 0.6


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_elbow_swivels_about_a_pinned_hand(rig, side):
    pose = drag(rig, standing(), f"{side}_wrist", within(rig, f"{side}_wrist", 1) * np.array([1, 1, 1]), limits=limits)
    hand, elbow = place(rig, pose, f"{side}_wrist"), place(rig, pose, f"{side}_elbow")
    after = drag(rig, pose, f"{side}_elbow", elbow + np.array([0, 0.08, 0]), frozenset({f"{side}_wrist"}), limits)
    assert np.linalg.norm(place(rig, after, f"{side}_wrist") - hand) < held_within
    assert np.linalg.norm(place(rig, after, f"{side}_elbow") - elbow - [0, 0.08, 0]) < 0.08


def test_a_forearm_turns_about_a_pinned_elbow(rig):
    elbow = place(rig, standing(), "left_elbow")
    after = drag(rig, standing(), "left_wrist", elbow + np.array([0.05, 0.1, 0.25]), frozenset({"left_elbow"}), limits)
    np.testing.assert_allclose(place(rig, after, "left_elbow"), elbow, atol=1e-9)
    assert place(rig, after, "left_wrist")[2] > elbow[2] + 0.15


# ── the pelvis, pins ──


@pytest.mark.parametrize("by", [(0, -0.25, 0), (0.1, -0.1, 0.1), (0, 0.5, 0), (-0.9, 0, 0), (0, -0.05, -0.6)])
def test_planted_feet_hold_while_the_pelvis_moves(rig, by):
    start = place(rig, standing(), "pelvis")
    after = drag(rig, standing(), "pelvis", start + np.array(by), planted("pelvis"), limits)
    for foot in feet:
        assert np.linalg.norm(place(rig, after, foot) - place(rig, standing(), foot)) < 0.005
    assert limits.clamped(after) == after
    if np.linalg.norm(by) < 0.3:
        assert np.linalg.norm(place(rig, after, "pelvis") - start - by) < 0.002


def test_without_pins_the_whole_figure_moves(rig):
    after = drag(rig, standing(), "pelvis", place(rig, standing(), "pelvis") + np.array([0.5, 1.0, -0.3]))
    np.testing.assert_allclose(after.translation, [0.5, 1.0, -0.3], atol=1e-9)
    np.testing.assert_array_equal(after.axis_angles, standing().axis_angles)


def test_a_pinned_hand_holds_while_the_body_moves(rig):
    pose = drag(rig, standing(), "left_wrist", within(rig, "left_wrist", 2), limits=limits)
    hand = place(rig, pose, "left_wrist")
    pins = feet | {"left_wrist"}
    for joint, by in (("pelvis", (0.05, -0.1, 0.05)), ("head", (0, -0.03, 0.1)), ("right_wrist", (-0.2, 0.5, 0.7))):
        after = drag(rig, pose, joint, place(rig, pose, joint) + np.array(by), pins, limits)
        assert np.linalg.norm(place(rig, after, "left_wrist") - hand) < 0.005, joint
        assert apart(pose, after).max() > 0.5, joint
        # the hand keeps its direction too
        turned = (
            rig.stance(pose).world[joint_number("left_wrist")].T @ rig.stance(after).world[joint_number("left_wrist")]
        )
        assert np.linalg.norm(axis_angles(turned)) < 0.35, joint


@pytest.mark.parametrize("seed", range(6))
def test_pins_hold_whatever_is_asked(rig, seed):
    rng = np.random.default_rng(seed)
    pins = frozenset(rng.choice(["head", "left_wrist", "right_ankle", "left_elbow", "left_foot", "spine3"], 3).tolist())
    joint = str(rng.choice(["pelvis", "right_wrist", "neck", "left_hip", "left_shoulder"]))
    target = place(rig, standing(), joint) + rng.normal(size=3) * 0.4
    after = drag(rig, standing(), joint, target, pins, limits)
    for pin in pins - {joint}:
        assert np.linalg.norm(place(rig, after, pin) - place(rig, standing(), pin)) < 0.005, (joint, pin)


def test_a_hip_rises_on_the_standing_leg(rig):
    """Contrapposto: the other hip sinks, its knee bends, the chest stays upright, both feet stay."""
    hip = place(rig, standing(), "left_hip")
    after = drag(rig, standing(), "left_hip", hip + np.array([0, 0.04, 0]), planted("left_hip"), limits)
    left, right = (place(rig, after, f"{side}_hip")[1] for side in ("left", "right"))
    assert left > right + 0.03
    assert (
        apart(standing(), after)[joint_number("right_knee")] > 3 * apart(standing(), after)[joint_number("left_knee")]
    )
    chest = [rig.stance(pose).world[joint_number("spine3")] for pose in (standing(), after)]
    assert np.linalg.norm(axis_angles(chest[0].T @ chest[1])) < 0.05
    for foot in feet:
        assert np.linalg.norm(place(rig, after, foot) - place(rig, standing(), foot)) < 0.005


# ── limits that are broken already ──


def test_a_pose_beyond_its_limits_is_not_snapped_back(rig):
    pose = standing().with_joint("neck", (0, 2.0, 0))
    after = drag(rig, pose, "left_wrist", within(rig, "left_wrist", 4), limits=limits)
    np.testing.assert_array_equal(after.joint("neck"), pose.joint("neck"))


# ── the pointer ──


def test_a_pixel_is_a_place_at_the_joints_depth(rig):
    camera = Camera.looking_at(np.array([0, -0.3, 0]), np.array([1.0, 0.2, 3.0]), (640, 480), 600.0)
    start = place(rig, standing(), "right_wrist")
    pixel = camera.project(start) + np.array([-30, -60])
    target = at_depth_of(camera, pixel, start)
    np.testing.assert_allclose(camera.project(target), pixel, atol=1e-6)
    assert camera.in_camera(target)[2] == pytest.approx(camera.in_camera(start)[2])
    after = drag_to_pixel(rig, standing(), "right_wrist", pixel, camera, limits=limits)
    np.testing.assert_allclose(camera.project(place(rig, after, "right_wrist")), pixel, atol=0.5)


def test_a_joint_behind_the_camera_cannot_be_dragged(rig):
    camera = Camera.looking_at(np.array([0, 0, 5.0]), np.array([0, 0, 2.0]), (640, 480), 600.0)
    with pytest.raises(ValueError, match=r"expected a pixel .* and a joint in front of the camera"):
        drag_to_pixel(rig, standing(), "head", np.array([3.0, 4.0]), camera)


@pytest.mark.parametrize("target", [(np.nan, 0, 0), (0, np.inf, 0), (1, 2)])
def test_a_target_that_is_no_place_is_refused(rig, target):
    with pytest.raises(ValueError, match="expected a target of three finite metres"):
        drag(rig, standing(), "left_wrist", np.array(target))


@pytest.mark.parametrize(("joint", "pins"), [("left_tail", ()), ("left_wrist", ("left_tail",))])
def test_unknown_joints_and_pins_are_refused(rig, joint, pins):
    with pytest.raises(ValueError, match="expected a joint of smplx55, such as left_wrist, got 'left_tail'"):
        drag(rig, standing(), joint, np.zeros(3), frozenset(pins))


# ── the rig ──


def test_a_rig_stands_as_its_body_does():
    body = Body.load(folder / "contrapposto_neutral.npz", pose_blend=False)
    rng = np.random.default_rng(0)
    pose = BodyPose(betas=rng.normal(size=10), translation=rng.normal(size=3)).with_axis_angles(
        rng.normal(size=(55, 3))
    )
    places = body.joints(body.poses(pose))[0].numpy()
    np.testing.assert_allclose(Rig.of(body, pose).stance(pose).places, places, atol=1e-5)


def test_joints_that_did_not_turn_keep_their_numbers(rig):
    pose = BodyPose().with_joint("head", (0, 2 * np.pi + 0.3, 0))
    assert drag(rig, pose, "left_knee", place(rig, pose, "left_knee") + 0.01).joint("head")[1] == 2 * np.pi + 0.3


@pytest.mark.parametrize("seed", range(5))
def test_rotations_agree_with_each_other(seed):
    rng = np.random.default_rng(seed)
    turns = rng.normal(size=(200, 3))
    turns *= (rng.uniform(0, np.pi, 200) / np.linalg.norm(turns, axis=1))[:, None]
    turns[:4] = [(0, 0, 0), (np.pi, 0, 0), (1e-9, 0, 0), (0, np.pi - 1e-9, 0)]
    np.testing.assert_allclose(matrices(axis_angles(matrices(turns))), matrices(turns), atol=1e-12)
    for turn in turns:
        np.testing.assert_allclose(turning(turn), matrices(turn), atol=1e-9)
        w, *vector = quaternion(matrices(turn))
        half = np.linalg.norm(turn) / 2
        np.testing.assert_allclose((w, float(np.linalg.norm(vector))), (np.cos(half), np.sin(half)), atol=1e-9)


def test_the_smallest_turn_between_opposites_is_about_the_spare_axis():
    turn = between(np.array([1.0, 0, 0]), np.array([-2.0, 0, 0]), np.array([0.3, 0, 1.0]))
    np.testing.assert_allclose(turn, about(np.array([0, 0, 1.0]), np.pi), atol=1e-9)
    np.testing.assert_allclose(
        between(np.array([1.0, 0, 0]), np.array([0, 3.0, 0]), np.zeros(3)) @ [1, 0, 0], [0, 1, 0], atol=1e-12
    )


def test_the_order_of_joints_is_that_of_the_skeleton():
    assert joints == smplx55.joints
