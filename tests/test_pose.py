"""Laws of the figures: skeletons, people, and the poses they make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.pose import Person, Pose2D
from engine.skeleton import (
    ap10k17,
    coco17,
    face68,
    openpose18,
    openpose25,
    openpose130,
    side_of,
    skeleton,
    skeletons,
    smplx55,
    wholebody133,
)
from tests.strategies import people, poses

everybody = settings(max_examples=40, deadline=None)
each_skeleton = pytest.mark.parametrize("known", skeletons.values(), ids=lambda s: s.name)
counts = {
    "coco17": 17, "openpose18": 18, "openpose25": 25, "wholebody133": 133, "ap10k17": 17, "hand21": 21, "face68": 68,
    "smplx55": 55, "crowdpose14": 14, "openpose130": 130, "openpose137": 137,
}  # fmt: skip

# ── skeletons ──


@each_skeleton
def test_a_skeleton_is_whole(known):
    joints = set(known.joints)
    assert len(known) == counts[known.name] == len(known.sigmas) == len(known.colors)
    for ends in known.bones:
        assert joints.issuperset(ends), f"bone {ends}"
        assert ends[0] != ends[1]
    assert len({frozenset(bone) for bone in known.bones}) == len(known.bones), "a bone is drawn twice"
    for _, members in known.groups:
        assert joints.issuperset(members)
    for chain in known.chains:
        assert joints.issuperset(chain)
    assert joints.issuperset(known.torso)
    assert all(sigma > 0 for sigma in known.sigmas)
    assert [known.index(joint) for joint in known.joints] == list(range(len(known)))


@each_skeleton
def test_left_and_right_are_exchanged_for_good(known):
    np.testing.assert_array_equal(known.swap[known.swap], np.arange(len(known)))
    for i, j in enumerate(known.swap):
        here, there = side_of(known.joints[i]), side_of(known.joints[j])
        assert {here, there} in ({"left", "right"}, {"middle"}) or "face" in known.joints[i]
    bones = {frozenset(bone) for bone in known.bones}
    flipped = {frozenset(known.joints[known.swap[known.index(joint)]] for joint in bone) for bone in known.bones}
    assert flipped == bones, "a mirrored skeleton has the same bones"


@each_skeleton
def test_parents_lead_to_a_root_without_circles(known):
    parents = dict(known.parents)
    assert len(parents) == len(known.parents), "a joint has two parents"
    for joint in known.joints:
        path = [joint]
        while path[-1] in parents:
            path.append(parents[path[-1]])
            assert len(path) == len(set(path)), f"circle over {joint}"


def test_published_orders():
    assert coco17.joints[5:7] == ("left_shoulder", "right_shoulder")
    assert openpose18.joints[1:5] == ("neck", "right_shoulder", "right_elbow", "right_wrist")
    assert openpose25.joints[8] == "mid_hip"
    assert openpose25.joints[19:] == (
        "left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel",
    )  # fmt: skip
    assert wholebody133.joints[17] == "left_big_toe"
    assert wholebody133.joints[23] == "face_jaw_1"
    assert (wholebody133.joints[91], wholebody133.joints[112]) == ("left_hand_root", "right_hand_root")
    assert wholebody133.joints[132] == "right_hand_pinky_4"
    assert openpose130.joints[86:88] == ("right_pupil", "left_pupil")
    assert ap10k17.joints[3:5] == ("neck", "root_of_tail")
    assert smplx55.joints[22:25] == ("jaw", "left_eye", "right_eye")
    assert face68.swap[:17].tolist() == list(range(16, -1, -1)), "the jaw mirrors end to end"
    assert face68.swap[36] == 45, "outer corners of the eyes"
    with pytest.raises(ValueError, match="expected one of the skeletons coco17"):
        skeleton("body25")
    with pytest.raises(ValueError, match="expected a joint of coco17, got 'tail'"):
        coco17.index("tail")
    with pytest.raises(ValueError, match="expected a group of coco17"):
        coco17.group("tail")


# ── people ──


@everybody
@given(people())
def test_mirrored_and_swapped_twice_is_the_same(person):
    assert person.swapped().swapped() == person
    twice = person.mirrored(640).mirrored(640)
    np.testing.assert_allclose(twice.points, person.points, atol=1e-9)
    assert replace(twice, points=person.points) == person


@everybody
@given(people())
def test_swapping_keeps_the_places_and_mirroring_keeps_the_anatomy(person):
    joints = person.skeleton.joints
    for i, joint in enumerate(joints):
        np.testing.assert_array_equal(person.swapped()[joints[person.skeleton.swap[i]]], person[joint])
    mirrored = person.mirrored(640)
    for a, b in person.skeleton.bones:
        i, j = person.skeleton.swap[person.skeleton.index(a)], person.skeleton.swap[person.skeleton.index(b)]
        assert mirrored.length(joints[i], joints[j]) == pytest.approx(person.length(a, b))
    assert mirrored.hidden_bones <= set(person.skeleton.bones)


@everybody
@given(people(), st.floats(-7, 7), st.floats(0.1, 10), st.tuples(st.floats(-500, 500), st.floats(-500, 500)))
def test_what_is_done_can_be_undone(person, angle, factor, place):
    back = [
        person.rotated(angle, place).rotated(-angle, place),
        person.scaled(factor, place).scaled(1 / factor, place),
        person.shifted(place).shifted((-place[0], -place[1])),
    ]
    for other in back:
        np.testing.assert_allclose(other.points, person.points, atol=1e-6)
        assert replace(other, points=person.points) == person


def test_turning_goes_clockwise_on_screen():
    person = Person(coco17, np.tile((1.0, 0.0), (17, 1)), np.ones(17))
    np.testing.assert_allclose(person.rotated(np.pi / 2, (0, 0))["nose"], (0, 1), atol=1e-12)


@everybody
@given(people(), st.data())
def test_changing_some_joints_leaves_the_others(person, data):
    some = data.draw(st.lists(st.sampled_from(person.skeleton.joints), min_size=1, max_size=5, unique=True))
    rest = np.setdiff1d(np.arange(len(person.skeleton)), person.skeleton.indices(some))
    for changed in (
        person.shifted((3, 4), some),
        person.scaled(2, (1, 1), some),
        person.rotated(1, (0, 0), some),
        person.blended(person.shifted((9, 9)), 0.5, some),
    ):
        np.testing.assert_array_equal(changed.points[rest], person.points[rest])
    assert person.moved(some[0], (1, 2))[some[0]].tolist() == [1, 2]
    assert "missing" not in person.moved(some[0], (1, 2)).states[person.skeleton.index(some[0])]


@everybody
@given(people(), st.sampled_from(sorted(skeletons)))
def test_another_skeleton_takes_joints_by_name(person, name):
    other = person.to(skeletons[name])
    assert other.skeleton.name == name
    for joint in other.skeleton.joints:
        i = other.skeleton.index(joint)
        if joint in person.skeleton:
            k = person.skeleton.index(joint)
            assert other[joint].tolist() == person[joint].tolist()
            assert (other.scores[i], other.states[i], other.sources[i]) == (
                person.scores[k], person.states[k], person.sources[k],
            )  # fmt: skip
        elif joint not in ("neck", "mid_hip", "pelvis", "left_pupil", "right_pupil"):
            assert other.states[i] == "missing"
    assert person.to(person.skeleton) is person
    assert person.name == other.name
    assert other.hidden_bones <= set(other.skeleton.bones)


@everybody
@given(people("wholebody133"))
def test_body_points_survive_every_human_skeleton_that_has_them(person):
    there = person.to(openpose130).to(wholebody133)
    shared = [j for j in wholebody133.joints if j in openpose130]
    where = wholebody133.indices(shared)
    np.testing.assert_array_equal(there.points[where], person.points[where])


def test_the_neck_rule():
    def neck(known, left, right, state="visible"):
        scores = np.ones(len(known))
        scores[known.indices(("left_shoulder", "right_shoulder"))] = left, right
        points = np.arange(2.0 * len(known)).reshape(-1, 2)
        person = Person(known, points, scores).with_state("left_shoulder", state).to(openpose18)
        i = openpose18.index("neck")
        assert person.points[i].tolist() == points[known.indices(("left_shoulder", "right_shoulder"))].mean(0).tolist()
        return person.scores[i], person.states[i]

    assert neck(coco17, 0.2, 0.9) == (0.2, "visible"), "the lesser of the shoulders"
    assert neck(coco17, 0.9, 0.9, "hidden") == (0.9, "hidden"), "the worse of their states"
    assert neck(coco17, 0.9, 0.9, "missing")[1] == "missing"
    assert neck(wholebody133, 0.31, 0.9) == (0.31, "visible")
    assert neck(wholebody133, 0.3, 0.9) == (0, "missing"), "whole-body points: both must exceed 0.3"


def test_people_are_values():
    person = Person(coco17, np.zeros((17, 2)), np.ones(17))
    with pytest.raises(ValueError, match="read-only"):
        person.points[0] = 1
    with pytest.raises(ValueError, match="expected 17 points"):
        Person(coco17, np.zeros((16, 2)), np.ones(17))
    with pytest.raises(ValueError, match="finite"):
        Person(coco17, np.full((17, 2), np.nan), np.ones(17))
    with pytest.raises(ValueError, match="visible, hidden, missing"):
        person.with_state("nose", "asleep")
    with pytest.raises(ValueError, match="expected a figure on coco17"):
        person.blended(person.to(openpose18), 0.5)
    assert person.blended(person.shifted((2, 2)), 0.5)["nose"].tolist() == [1, 1]
    assert Person(coco17, np.zeros((17, 2)), np.ones(17), ("missing",) * 17).score == 0


# ── poses ──


@everybody
@given(poses(), st.floats(0.25, 4))
def test_poses(pose, factor):
    np.testing.assert_array_equal(*(np.array(p.size) for p in (pose.mirrored(), pose)))
    size = (max(1, round(pose.size[0] * factor)), max(1, round(pose.size[1] * factor)))
    for back, person in zip(pose.scaled(size).scaled(pose.size).people, pose.people, strict=True):
        np.testing.assert_allclose(back.points, person.points, atol=1e-6)
    for i in range(len(pose.people)):
        assert pose.added(pose.people[i]).removed(len(pose.people)) == pose
        for to in range(len(pose.people)):
            assert pose.reordered(i, to).reordered(to, i) == pose
            assert pose.reordered(i, to).people[to] == pose.people[i]


def test_a_corner_stays_a_corner_when_the_picture_is_scaled():
    person = Person(coco17, np.tile((-0.5, 9.5), (17, 1)), np.ones(17))
    assert Pose2D((20, 10), (person,)).scaled((40, 20)).people[0]["nose"].tolist() == [-0.5, 19.5]
    with pytest.raises(ValueError, match="at least 1 × 1"):
        Pose2D((0, 5))
