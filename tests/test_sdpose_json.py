"""The published SDPose demo's JSON, read into the joints it means."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from engine import files
from engine.formats.openpose import to_openpose
from engine.formats.sdpose_json import from_sdpose_json, is_sdpose_json
from engine.pose import Person, Pose2D
from engine.skeleton import coco17, wholebody133

golden = Path(__file__).parent / "golden"
written = json.loads((golden / "sdpose.json").read_text("utf-8"))["tools"]
kinds = pytest.mark.parametrize("skeleton", [coco17, wholebody133], ids=lambda s: s.name)


def frame(skeleton) -> dict:
    return copy.deepcopy(written["official_json_body" if skeleton is coco17 else "official_json_wholebody"])


@kinds
def test_the_demo_s_file_gives_the_points_it_was_made_from(skeleton):
    kind = "body" if skeleton is coco17 else "wholebody"
    with np.load(golden / "sdpose_tools.npz") as stored:
        points, scores = stored[f"draw_{kind}_in_keypoints"], stored[f"draw_{kind}_in_scores"]
    assert is_sdpose_json(frame(skeleton))
    pose = from_sdpose_json(frame(skeleton))
    (person,) = pose.people
    assert pose.size == (384, 320)
    assert person.skeleton == skeleton
    assert np.allclose(person.points, points, atol=1e-3)
    assert np.allclose(person.scores, scores.clip(0, 1), atol=1e-3)


@kinds
def test_the_demo_s_file_opens_like_any_other(skeleton):
    opened = files.read(json.dumps(frame(skeleton)).encode(), "demo.json")
    assert opened.pose == from_sdpose_json(frame(skeleton))


@kinds
def test_scores_without_bounds_are_taken(skeleton):
    given = frame(skeleton)
    given["people"][0]["pose_keypoints_2d"][2] = -0.2
    given["people"][0]["pose_keypoints_2d"][5] = 1.7
    (person,) = from_sdpose_json(given).people
    assert person.states[:2] == ("missing", "visible")
    assert person.scores[:2].tolist() == [0, 1]


@kinds
def test_files_of_other_programs_are_left_to_their_own_reader(skeleton):
    rng = np.random.default_rng(0)
    person = Person(skeleton, rng.uniform(1, 300, (len(skeleton), 2)), np.ones(len(skeleton)))
    assert not is_sdpose_json(to_openpose(Pose2D((384, 320), (person,))))


def test_a_file_with_feet_in_their_place_and_a_hand_missing_is_another_s():
    given = frame(wholebody133)
    given["people"][0]["hand_left_keypoints_2d"] = [0.0] * 63
    assert not is_sdpose_json(given)


@pytest.mark.parametrize(
    "value", [None, [], 3, {}, {"people": []}, {"people": [3]}, {"people": {"a": 1}}, {"people": [{}]}]
)
def test_anything_else_is_not_the_demo_s(value):
    assert not is_sdpose_json(value)


@pytest.mark.parametrize("bad", ["x", float("nan"), float("inf"), None, True, 1e9])
def test_wrong_numbers_are_refused(bad):
    given = frame(wholebody133)
    given["people"][0]["face_keypoints_2d"][3] = bad
    with pytest.raises(ValueError, match="expected"):
        from_sdpose_json(given)


@pytest.mark.parametrize("key", ["canvas_width", "people"])
def test_a_missing_key_is_named(key):
    given = frame(coco17)
    del given[key]
    with pytest.raises(ValueError, match=key):
        from_sdpose_json(given)


def test_a_wrong_count_is_refused():
    given = frame(wholebody133)
    given["people"][0]["foot_keypoints_2d"] = [1.0] * 15
    assert not is_sdpose_json(given)
    with pytest.raises(ValueError, match="foot_keypoints_2d"):
        from_sdpose_json(given)
