"""Edits of a body: what they change, what they leave alone, and that they undo each other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.body_pose import BodyPose
from engine.limits import Limits
from engine.posing import (
    HandShape,
    blended,
    copied,
    hand_shape_of,
    hand_shaped,
    mirrored,
    opposite,
    parts,
    reset,
    standing,
    turned,
)  # fmt: skip
from engine.rig import Rig, joint_number, joints, matrices, turning
from engine.skeleton import fingers, smplx55

limits = Limits.load(Path(__file__).parent.parent / "assets" / "body" / "limits.npz")


def some_pose(seed=0, size=0.4):
    rng = np.random.default_rng(seed)
    pose = BodyPose().with_axis_angles(rng.normal(size=(55, 3)) * size)
    return replace(
        pose, betas=rng.normal(size=10), expression=rng.normal(size=10), face_units=rng.random(4),
        translation=rng.normal(size=3),
    )  # fmt: skip


def tree(seed=0):
    """A rig that is the same on both sides."""
    rest = np.random.default_rng(seed).normal(size=(55, 3))
    rest = (rest + rest[smplx55.swap] * [-1, 1, 1]) / 2
    return Rig(rest)


def changed(before, after):
    far = np.abs(before.axis_angles - after.axis_angles).max(axis=1) > 1e-9
    return {joint for joint, is_far in zip(joints, far, strict=True) if is_far}


# ── parts ──


def test_parts_hold_every_joint_once_but_the_pelvis():
    found = [joint for part, members in parts.items() if part != "all" for joint in members]
    assert sorted(found) == sorted(set(joints) - {"pelvis"})
    assert parts["all"] == joints


def test_parts_have_another_side():
    assert opposite("left_arm") == "right_arm"
    assert opposite("right_hand") == "left_hand"
    assert opposite("trunk") == "trunk"


@pytest.mark.parametrize(
    "edit", [lambda p: reset(p, "tail"), lambda p: copied(p, "tail"), lambda p: blended(p, p, 0, ["tail"])]
)
def test_unknown_parts_are_refused(edit):
    with pytest.raises(ValueError, match="expected one of the parts left_arm"):
        edit(BodyPose())


# ── mirroring ──


@pytest.mark.parametrize("seed", range(4))
def test_a_mirror_image_mirrored_is_the_figure(seed):
    pose, names = some_pose(seed), ("blinkLeft", "blinkRight", "smileLeft", "smileRight")
    assert mirrored(mirrored(pose, names), names) == pose


@pytest.mark.parametrize("seed", range(4))
def test_a_mirror_image_is_one(seed):
    pose = replace(some_pose(seed), translation=np.array([0.0, 0.4, -0.2]))
    places = tree(seed).stance(pose).places
    np.testing.assert_allclose(tree(seed).stance(mirrored(pose)).places, places[smplx55.swap] * [-1, 1, 1], atol=1e-12)


def test_a_mirror_swaps_the_sides_of_the_face():
    pose = replace(BodyPose(), face_units=np.array([0.1, 0.2, 0.3]))
    np.testing.assert_array_equal(mirrored(pose, ("winkLeft", "pout", "winkRight")).face_units, [0.3, 0.2, 0.1])
    with pytest.raises(ValueError, match="expected the names of 3 face units, got 2"):
        mirrored(pose, ("a", "b"))


# ── copying, resetting ──


@pytest.mark.parametrize("part", ["left_arm", "right_leg", "left_hand"])
def test_copying_makes_the_other_side_a_mirror_image(part):
    pose = some_pose(1)
    after = copied(pose, part)
    assert changed(pose, after) == set(parts[opposite(part)])
    for joint in parts[part]:
        other = joints[smplx55.swap[joint_number(joint)]]
        np.testing.assert_array_equal(after.joint(other), pose.joint(joint) * [1, -1, -1])


def test_copying_may_name_the_side_apart():
    assert copied(some_pose(), "arm", "right") == copied(some_pose(), "right_arm")


def test_what_has_no_other_side_cannot_be_copied():
    with pytest.raises(ValueError, match="expected a part with a left and a right, got 'trunk'"):
        copied(BodyPose(), "trunk")


@pytest.mark.parametrize("part", [part for part in parts if part != "all"])
def test_resetting_changes_its_part_alone(part):
    pose = some_pose(2)
    after = reset(pose, part)
    assert changed(pose, after) <= set(parts[part])
    assert reset(after, part) == after
    np.testing.assert_array_equal(after.translation, pose.translation)
    np.testing.assert_array_equal(after.betas, pose.betas)
    assert (after.expression == 0).all() == (part == "face")


def test_resetting_all_stands_in_its_place():
    pose = some_pose(3)
    np.testing.assert_array_equal(reset(pose).axis_angles, standing().axis_angles)
    np.testing.assert_array_equal(reset(pose).translation, pose.translation)


def test_standing_is_the_same_on_both_sides():
    np.testing.assert_allclose(mirrored(standing()).axis_angles, standing().axis_angles, atol=1e-12)


# ── turning ──


@pytest.mark.parametrize("joint", ["pelvis", "spine2", "left_shoulder", "right_knee", "left_hand_ring_2", "head"])
def test_turning_is_about_the_world(joint):
    pose, axis, number = some_pose(4), np.array([1.0, -2.0, 0.5]), joint_number(joint)
    before = tree().stance(pose)
    after = tree().stance(turned(pose, joint, axis, 0.7))
    expected = turning(axis / np.linalg.norm(axis) * 0.7) @ before.world[number]
    np.testing.assert_allclose(after.world[number], expected, atol=1e-9)
    np.testing.assert_allclose(after.places[number], before.places[number], atol=1e-9)


def test_turning_there_and_back_is_nothing():
    pose = some_pose(5)
    back = turned(turned(pose, "left_hip", np.array([0, 1, 0]), 0.9), "left_hip", np.array([0, 1, 0]), -0.9)
    np.testing.assert_allclose(matrices(back.axis_angles), matrices(pose.axis_angles), atol=1e-9)


def test_turning_stops_at_the_limits():
    pose = turned(standing(), "left_knee", np.array([1, 0, 0]), -1.5, limits)
    assert limits.beyond(joint_number("left_knee"), turning(pose.joint("left_knee"))[None])[0] < 1e-5
    assert pose.joint("left_knee")[0] > -0.2


@pytest.mark.parametrize(
    ("axis", "angle"), [((0, 0, 0), 1.0), ((1, 0), 1.0), ((1, 0, 0), np.nan), ((np.inf, 0, 0), 1.0)]
)
def test_turning_about_nothing_is_refused(axis, angle):
    with pytest.raises(ValueError, match="expected an axis of three numbers and an angle in radians"):
        turned(BodyPose(), "head", np.array(axis), angle)


def test_an_unknown_joint_is_refused():
    with pytest.raises(ValueError, match="expected a joint of smplx55, such as left_wrist, got 'left_tail'"):
        turned(BodyPose(), "left_tail", np.array([0, 1, 0]), 0.1)


# ── blending ──


def test_a_blend_begins_and_ends_with_its_poses():
    a, b = some_pose(6, 1.4), replace(some_pose(7, 1.4), betas=np.ones(3))
    assert blended(a, b, 0) == a
    assert blended(a, b, 1) == b


def test_half_way_is_as_far_from_both():
    a, b = some_pose(8), some_pose(9)
    middle = matrices(blended(a, b, 0.5).axis_angles)
    first = np.swapaxes(matrices(a.axis_angles), 1, 2) @ middle
    second = np.swapaxes(middle, 1, 2) @ matrices(b.axis_angles)
    np.testing.assert_allclose(np.trace(first, axis1=1, axis2=2), np.trace(second, axis1=1, axis2=2), atol=1e-9)


def test_a_blend_by_parts_leaves_the_rest():
    a, b = some_pose(10), some_pose(11)
    after = blended(a, b, 1, ["left_arm", "head"])
    assert changed(a, after) == {*parts["left_arm"], *parts["head"]}
    np.testing.assert_array_equal(after.translation, a.translation)
    np.testing.assert_array_equal(after.expression, a.expression)
    np.testing.assert_array_equal(blended(a, b, 1, ["face"]).expression, b.expression)


# ── hands ──

shapes = [
    HandShape(),
    HandShape((0.2, 0.4, 0.6, 0.8, 1.0), 0.5, -0.5, 0.3),
    HandShape((1.0, 0.0, 1.0, 0.0, 1.0), -1.0, 1.0, 1.0),
    HandShape((0.1, -0.05, 0.0, 1.0, 0.5), 1.0, 0.0, 0.0),
]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("shape", shapes)
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_a_hand_reads_as_it_was_shaped(side, shape, seed):
    pose = hand_shaped(BodyPose() if seed is None else some_pose(seed), side, shape)
    found = hand_shape_of(pose, side)
    np.testing.assert_allclose(found.curl, shape.curl, atol=1e-9)
    np.testing.assert_allclose(
        [found.spread, found.thumb, found.opposition], [shape.spread, shape.thumb, shape.opposition], atol=1e-9
    )


@pytest.mark.parametrize("side", ["left", "right"])
def test_shaping_a_hand_as_it_is_changes_nothing(side):
    pose = some_pose(3)
    np.testing.assert_allclose(hand_shaped(pose, side, hand_shape_of(pose, side)).hands, pose.hands, atol=1e-12)


@pytest.mark.parametrize("finger", fingers)
def test_a_finger_curls_alone(finger):
    pose = some_pose(4, 0.2)
    after = hand_shaped(pose, "right", hand_shape_of(pose, "right").curled(finger, 0.7))
    assert changed(pose, after) <= {f"right_hand_{finger}_{n}" for n in (1, 2, 3)}
    assert f"right_hand_{finger}_2" in changed(pose, after)


def test_the_other_words_change_knuckles_alone():
    pose = some_pose(5, 0.2)
    shape = hand_shape_of(pose, "left")
    after = hand_shaped(pose, "left", replace(shape, spread=shape.spread + 0.4))
    assert changed(pose, after) == {f"left_hand_{finger}_1" for finger in fingers if finger != "thumb"}
    for name in ("thumb", "opposition"):
        after = hand_shaped(pose, "left", replace(shape, **{name: getattr(shape, name) + 0.4}))
        assert changed(pose, after) == {"left_hand_thumb_1"}


def test_hands_are_shaped_alike():
    left, right = (hand_shaped(BodyPose(), side, shapes[1]).hands for side in ("left", "right"))
    np.testing.assert_allclose(left[0] * [1, -1, -1], right[1], atol=1e-12)
    assert (left[1] == 0).all()


def test_a_flat_hand_is_zero_and_a_fist_closes():
    assert hand_shape_of(BodyPose(), "left") == HandShape()
    fist = hand_shaped(BodyPose(), "left", HandShape((0, 1, 1, 1, 1)))
    # Palm down, fingers along x: they curl about −z.
    assert fist.joint("left_hand_middle_2")[2] < -1.2


@pytest.mark.parametrize("wrong", [(0, 0, 0), (0, 0, 0, 0, np.nan)])
def test_a_shape_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="expected a finite curl of 5 fingers"):
        HandShape(wrong)


def test_a_third_hand_is_refused():
    with pytest.raises(ValueError, match="expected left or right, got 'middle'"):
        hand_shaped(BodyPose(), "middle", HandShape())
    with pytest.raises(ValueError, match="expected one of the fingers thumb, index"):
        HandShape().curled("toe", 0.5)
