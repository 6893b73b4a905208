"""OpenPose JSON: by name and never mirrored, round trips as far as the format goes, refusals that list counts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import files
from engine.formats.openpose import as_human, from_openpose, kind, to_openpose
from engine.pose import Person, Pose2D
from engine.scene import Scene
from engine.skeleton import face68, hand21, openpose18, openpose25, openpose130, openpose137, skeletons, wholebody133
from tests.strategies import humans, poses, refused_if_anything, spoilt

part_groups = ("face", "left_hand", "right_hand")


def as_carried(pose: Pose2D, points: int | None = None) -> Pose2D:
    """What an OpenPose file can hold of a pose: people before animals, 18 or 25 points, no name, place of the missing,
    hidden state, source, hidden bone or front; nobody without a joint; a face and hands only where a point of them is,
    and for a face more than the pupils that eyes stand in for.
    """
    people = []
    for person in sorted(pose.people, key=lambda p: kind(p) == "animal"):
        if kind(person) == "human":
            person = as_human(person)
            feet = person.skeleton in (openpose25, openpose137) if points is None else points == 25
            own = person.skeleton
            person = person.to(openpose137 if feet else openpose130)
            if "left_pupil" not in own and not person.present[person.skeleton.indices(face68.joints)].any():
                person = person.with_state("left_pupil", "missing").with_state("right_pupil", "missing")
            parts = {joint for group in part_groups for joint in person.skeleton.group(group)}
            if not any(here for j, here in zip(person.skeleton.joints, person.present, strict=True) if j in parts):
                person = person.to(openpose25 if feet else openpose18)
        here = person.present
        scores = np.where(person.scores > 0, person.scores, 1.0) * here
        states = tuple("visible" if h else "missing" for h in here)
        if here.any():
            people.append(Person(person.skeleton, person.points * here[:, None], scores, states))
    return Pose2D(pose.size, tuple(people))


@settings(max_examples=40, deadline=None)
@given(poses(tuple(skeletons)), st.sampled_from([None, 18, 25]))
def test_out_and_in_is_what_the_format_carries(pose, points):
    value = json.loads(json.dumps(to_openpose(pose, points)))
    assert from_openpose(value) == as_carried(pose, points)
    assert from_openpose([value], size=(7, 7)) == as_carried(pose, points), "a list of one frame, and its canvas wins"


@settings(max_examples=20, deadline=None)
@given(poses((*humans, "ap10k17")))
def test_normalised_comes_back_in_pixels(pose):
    near = Pose2D(pose.size, tuple(replace(p, points=p.points.clip(0, min(pose.size))) for p in pose.people))
    value = json.loads(json.dumps(to_openpose(near, normalised=True)))
    flat = [v for p in value["people"] for key, part in p.items() for v in part or ()]
    assert not flat or max(flat) <= max(1, max(pose.size) / min(pose.size))
    if max(pose.size) / min(pose.size) <= 1.4:
        for back, carried in zip(from_openpose(value).people, as_carried(near).people, strict=True):
            np.testing.assert_allclose(back.points, carried.points, atol=1e-9)


def triplets(rng, count, known=1.0):
    """Random x, y, score, flat, with all of a point zero or none of it."""
    rows = np.round(np.column_stack([rng.uniform(2, 500, (count, 2)), rng.uniform(0.01, 1, count)]), 3)
    return (rows * (rng.random((count, 1)) < known)).reshape(-1).tolist()


def normal(frame):
    """The frame with null, absent and all-zero parts alike, and 70 points in a face."""
    people = []
    for person in frame["people"]:
        parts = {}
        for key in ("pose_keypoints_2d", "face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d"):
            flat = [float(v) for v in person.get(key) or ()]
            if any(flat):
                parts[key] = flat + [0.0] * 6 if len(flat) == 204 else flat
        if parts:
            people.append(parts)
    return people, frame["canvas_width"], frame["canvas_height"]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.sampled_from([18, 25]), st.integers(0, 15)), max_size=3))
def test_foreign_numbers_come_back_exactly(seed, kinds):
    rng = np.random.default_rng(seed)
    people = []
    for body, flags in kinds:
        person = {"person_id": [-1], "pose_keypoints_2d": triplets(rng, body, 0.8)}
        person["face_keypoints_2d"] = triplets(rng, 68 + 2 * (flags & 1)) if flags & 2 else None
        if flags & 4:
            person["hand_left_keypoints_2d"] = triplets(rng, 21, 0.5)
        person["hand_right_keypoints_2d"] = triplets(rng, 21) if flags & 8 else [0] * 63
        people.append(person)
    frame = {"people": people, "canvas_width": 512, "canvas_height": 640}
    back = json.loads(files.write(files.read(json.dumps(frame).encode()), "openpose"))
    assert normal(back) == normal(frame)


def test_scores_beyond_one_are_read_as_one():
    frame = {"people": [{"pose_keypoints_2d": [30, 40, 1.25] * 18}], "canvas_width": 64, "canvas_height": 64}
    assert from_openpose(frame).people[0].scores.tolist() == [1.0] * 18


def test_left_is_the_persons_left_from_whole_body_points():
    joints = wholebody133.joints
    person = Person(wholebody133, np.arange(266).reshape(133, 2), np.ones(133))
    (out,) = to_openpose(Pose2D((300, 300), (person,)))["people"]
    left, right = (
        np.reshape(out["hand_left_keypoints_2d"], (21, 3)),
        np.reshape(out["hand_right_keypoints_2d"], (21, 3)),
    )
    assert left[0].tolist() == [182, 183, 1], "the left hand is points 91 to 111"
    assert right[0].tolist() == [224, 225, 1], "the right hand is points 112 to 132"
    assert left[20].tolist() == [222, 223, 1]
    assert right[20].tolist() == [264, 265, 1], "the last point of the last hand is there"
    body = np.reshape(out["pose_keypoints_2d"], (18, 3))
    assert body[4, 0] == 2 * joints.index("right_wrist")
    assert body[7, 0] == 2 * joints.index("left_wrist")
    assert body[1].tolist() == [*(person["left_shoulder"] + person["right_shoulder"]) / 2, 1]
    face = np.reshape(out["face_keypoints_2d"], (70, 3))
    assert face[0, 0] == 46, "the face starts at point 23"
    assert face[68:, 0].tolist() == [2 * joints.index("right_eye"), 2 * joints.index("left_eye")]
    feet = np.reshape(to_openpose(Pose2D((300, 300), (person,)), 25)["people"][0]["pose_keypoints_2d"], (25, 3))
    assert feet[19:, 0].tolist() == [2 * i for i in range(17, 23)]


def test_animals_take_controlnets_form():
    animal = Person(skeletons["ap10k17"], np.full((17, 2), 3), np.ones(17)).with_state("nose", "missing")
    out = to_openpose(Pose2D((8, 6), (animal,)))
    assert (out["version"], out["people"], out["canvas_width"], out["canvas_height"]) == ("ap10k", [], 8, 6)
    assert out["animals"][0][0] == [3, 3, 1]
    assert out["animals"][0][2] == [0, 0, 0]
    del out["people"]
    (back,) = from_openpose(out).people
    assert back.skeleton.name == "ap10k17"
    assert back.states[2] == "missing"


def test_absent_parts_are_null_and_hidden_joints_keep_their_score():
    person = Person(openpose18, np.full((18, 2), 50), np.full(18, 0.5)).with_state("nose", "hidden")
    (out,) = to_openpose(Pose2D((100, 100), (person.with_state("neck", "missing"),)))["people"]
    assert out["pose_keypoints_2d"][:6] == [50, 50, 0.5, 0, 0, 0]
    assert out["face_keypoints_2d"] is out["hand_left_keypoints_2d"] is out["hand_right_keypoints_2d"] is None


def test_a_joint_the_artist_placed_is_never_written_as_absent():
    person = Person(openpose18, np.zeros((18, 2)), np.zeros(18), ("missing",) * 18).moved("nose", (5, 6))
    value = to_openpose(Pose2D((100, 100), (person,)))
    assert value["people"][0]["pose_keypoints_2d"][:3] == [5, 6, 1]
    low = replace(person, scores=np.full(18, 0.4))
    assert to_openpose(Pose2D((9, 9), (low,)), certain=True)["people"][0]["pose_keypoints_2d"][:3] == [5, 6, 1]


@pytest.mark.parametrize(("name", "key"), [("", "left"), ("Left", "left"), ("her RIGHT hand", "right")])
def test_a_lone_hand_goes_to_the_side_its_name_says(name, key):
    hand = Person(hand21, np.full((21, 2), 7), np.ones(21), name=name)
    (out,) = to_openpose(Pose2D((99, 99), (hand,)))["people"]
    assert out[f"hand_{key}_keypoints_2d"] == [7, 7, 1] * 21
    assert [k for k, v in out.items() if v and any(v)] == [f"hand_{key}_keypoints_2d"]
    assert from_openpose({"people": [out], "canvas_width": 99, "canvas_height": 99}).people[0].skeleton == openpose130


def test_a_lone_face():
    (out,) = to_openpose(Pose2D((99, 99), (Person(face68, np.full((68, 2), 7), np.ones(68)),)))["people"]
    assert out["face_keypoints_2d"] == [7, 7, 1] * 68 + [0] * 6


def test_size_from_canvas_then_caller_then_the_points():
    person = {"pose_keypoints_2d": [10, 20.5, 1] * 18}
    assert from_openpose({"people": [person], "canvas_width": 5, "canvas_height": 6}, (7, 8)).size == (5, 6)
    assert from_openpose({"version": 1.3, "people": [person]}, (7, 8)).size == (7, 8)
    assert from_openpose({"version": 1.3, "people": [person]}).size == (11, 22)
    assert from_openpose({"people": []}).size == (1, 1)


def test_score_zero_is_missing_but_keeps_its_place():
    (person,) = from_openpose({"people": [{"pose_keypoints_2d": [[9, 9, 0]] + [[10, 10, 1]] * 17}]}).people
    assert person.states[0] == "missing"
    assert person.points[0].tolist() == [9, 9]


one = {"people": [{}], "canvas_width": 64, "canvas_height": 64}
wrong = [
    ({"people": [{"pose_keypoints_2d": [1] * 51}]}, "person 1, pose_keypoints_2d: expected 18 or 25", "17 points"),
    ({"people": [{"pose_keypoints_2d": [1] * 53}]}, "54 or 75 numbers", "got 53 numbers"),
    ({"people": [{}, {"hand_left_keypoints_2d": [1] * 60}]}, "person 2, hand_left_keypoints_2d: expected 21", "20"),
    ({"people": [{"face_keypoints_2d": [1] * 207}]}, "68 or 70 points", "got 69 points"),
    ({"people": [{"pose_keypoints_2d": [[1, 2]] * 18}]}, "point 1: expected x, y and score", "got 2"),
    ({"people": [{"pose_keypoints_2d": ["1"] * 54}]}, "number 1: expected a number", "got '1'"),
    ({"people": [{"pose_keypoints_2d": "1"}]}, "expected 18 or 25", "got '1'"),
    ({"people": [{"pose_keypoints_2d": [10, 10, -1] * 18}]}, "expected scores of 0 or more", "got -1"),
    ({"people": [7]}, "person 1: expected an object", "got 7"),
    ({"people": 7}, "people: expected a list", "got 7"),
    ({"animals": [[[1, 2, 1]] * 18]}, "animal 1: expected 17 points", "got 18"),
    ([one, one], "expected the frame of one picture", "a list of 2 frames"),
    ({**one, "canvas_width": 0}, "canvas_width, canvas_height, width: expected", "got 0"),
    ({"people": [{"pose_keypoints_2d": [0.5, 0.5, 1] * 18}]}, "expected canvas_width and canvas_height", "neither"),
    ({**one, "people": [{"pose_keypoints_2d": [9999, 5, 1] * 18}]}, "within 10 pictures", "out of canvas"),
    ({**one, "people": [{}] * 101}, "people: expected a list of at most 100", "got 101"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected", "found"), wrong)
def test_refusals_say_what_was_expected_and_found(value, expected, found):
    with pytest.raises(ValueError, match="expected") as refusal:
        files.read(json.dumps(value).encode())
    assert expected in str(refusal.value)
    assert found in str(refusal.value)


def test_the_table_writes_25_points_when_asked():
    person = Person(skeletons["coco17"], np.full((17, 2), 9), np.ones(17))
    value = json.loads(files.write(Scene(Pose2D((50, 50), (person,))), "openpose25"))
    assert len(value["people"][0]["pose_keypoints_2d"]) == 75


@settings(max_examples=100, deadline=None)
@given(poses(("coco17", "ap10k17", "openpose137"), most=2), st.data())
def test_a_file_with_one_value_replaced_is_read_or_refused(pose, data):
    value = data.draw(spoilt(to_openpose(pose)))
    with refused_if_anything():
        files.read(json.dumps(value).encode())
