"""COCO, COCO-WholeBody and AP-10K JSON: real files come back number for number, and nothing is guessed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import files
from engine.formats.coco import from_coco, species, to_coco
from engine.formats.openpose import as_human
from engine.pose import Person, Pose2D
from engine.scene import Scene
from engine.skeleton import ap10k17, coco17, crowdpose14, hand21, skeletons, wholebody133
from tests.strategies import humans, poses, refused_if_anything, spoilt

shared = Path(__file__).parent.parent.parent / "shared" / "eval"
needs_shared = pytest.mark.skipif(not shared.exists(), reason="the evaluation files are not beside the project")


def as_carried(pose: Pose2D, skeleton) -> Pose2D:
    """What a COCO file can hold: one skeleton, states and scores; no source, name (but a species), place of the
    missing, hidden bone or front; nobody without a joint.
    """
    people = []
    for person in pose.people:
        whole = as_human(person).to(skeleton)
        here = whole.present
        name = person.name if skeleton == ap10k17 and person.name in species else ""
        if here.any():
            people.append(Person(skeleton, whole.points * here[:, None], whole.scores * here, whole.states, name=name))
    return Pose2D(pose.size, tuple(people))


@settings(max_examples=40, deadline=None)
@given(poses(("coco17", "wholebody133", "openpose137", "openpose18")))
def test_people_out_and_in(pose):
    for name, skeleton in (("coco", coco17), ("coco-wholebody", wholebody133)):
        assert files.read(files.write(Scene(pose), name)).pose == as_carried(pose, skeleton)


@settings(max_examples=30, deadline=None)
@given(poses((*humans, "hand21", "face68", "smplx55")))
def test_whole_body_holds_every_human(pose):
    sound = Pose2D(pose.size, tuple(p for p in pose.people if as_human(p).to(wholebody133).present.any()))
    assert from_coco(to_coco(sound, wholebody133)) == as_carried(sound, wholebody133)


@settings(max_examples=30, deadline=None)
@given(poses(("ap10k17",)))
def test_animals_out_and_in(pose):
    named = [Person(ap10k17, p.points, p.scores, p.states, name=species[i]) for i, p in enumerate(pose.people)]
    for people in filter(None, (named, list(pose.people))):
        pose = Pose2D(pose.size, tuple(people))
        assert files.read(files.write(Scene(pose), "ap10k")).pose == as_carried(pose, ap10k17)


def test_all_hidden_hands_stay_hidden():
    states = tuple("hidden" if "hand" in joint else "visible" for joint in wholebody133.joints)
    pose = Pose2D((50, 50), (Person(wholebody133, np.full((133, 2), 5), np.ones(133), states),))
    assert from_coco(to_coco(pose, wholebody133)) == pose


def keypoints(annotation):
    keys = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
    return {key: [float(v) for v in annotation[key]] for key in keys if key in annotation}


@needs_shared
@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "format_name"),
    [
        ("photos/coco/test_coco.json", "coco"),
        ("photos/coco/test_coco_wholebody.json", "coco-wholebody"),
        ("photos/ap10k/test_ap10k.json", "ap10k"),
    ],
)
def test_real_files_come_back_number_for_number(file, format_name):
    data = (shared / file).read_bytes()
    value = json.loads(data)
    for image in value["images"]:
        theirs = [a for a in value["annotations"] if a["image_id"] == image["id"]]
        theirs = [a for a in theirs if any(any(flat) for flat in keypoints(a).values())]
        scene = files.read(data, image_name=image["file_name"])
        assert scene.pose.size == (image["width"], image["height"])
        ours = json.loads(files.write(scene, format_name))
        assert [keypoints(a) for a in ours["annotations"]] == [keypoints(a) for a in theirs]
        assert [a["num_keypoints"] for a in ours["annotations"]] == [a["num_keypoints"] for a in theirs]
        if format_name == "ap10k":
            assert [a["category_id"] for a in ours["annotations"]] == [a["category_id"] for a in theirs]
            names = {c["id"]: c["name"] for c in value["categories"]}
            assert all(names[i + 1] == name for i, name in enumerate(species))
            assert all(names[c["id"]] == c["name"] for c in ours["categories"])
        with pytest.raises(ValueError, match=image["file_name"]):
            files.read(data)


@needs_shared
@pytest.mark.shared
def test_ap10k_lines_open_and_come_back():
    lines = (shared / "ap10k" / "val_split1.jsonl").read_text().splitlines()[:200]
    for line in lines:
        value = json.loads(line)
        theirs = [a for a in value["anns"] if any(a["keypoints"])]
        scene = files.read(line.encode())
        assert [p.name for p in scene.pose.people] == [species[a["category_id"] - 1] for a in theirs]
        if theirs:
            ours = json.loads(files.write(scene, "ap10k"))
            assert [a["keypoints"] for a in ours["annotations"]] == [a["keypoints"] for a in theirs]


@needs_shared
@pytest.mark.shared
def test_crowdpose_is_known_by_its_names():
    data = (shared / "photos" / "crowdpose" / "test_crowdpose.json").read_bytes()
    name = json.loads(data)["images"][0]["file_name"]
    assert {p.skeleton for p in files.read(data, image_name=name).pose.people} == {crowdpose14}


def file(annotation=None, category=None, **more):
    """An annotation file of one picture with one person."""
    body = {"keypoints": [10, 20, 2] * 17}
    return {
        "images": [{"id": 7, "file_name": "a/b.png", "width": 64, "height": 48}],
        "annotations": [{"image_id": 7, "category_id": 1, **(body if annotation is None else annotation)}],
        "categories": [{"id": 1, "name": "person", "keypoints": list(coco17.joints), **(category or {})}],
        **more,
    }


def test_flags_are_states():
    pose = from_coco(file({"keypoints": [1, 2, 2, 3, 4, 1, 5, 6, 0] + [0, 0, 0] * 14}))
    assert pose.people[0].states[:4] == ("visible", "hidden", "missing", "missing")
    assert pose.people[0].scores[:4].tolist() == [1, 1, 0, 0]
    assert pose.people[0].points[2].tolist() == [5, 6]


@pytest.mark.parametrize("name", ["a/b.png", "b.png", "b", "7", ""])
def test_a_picture_is_found_by_name_stem_or_id(name):
    assert len(from_coco(file(), name).people) == 1


def test_a_written_box_counts_from_the_pictures_corner():
    pose = Pose2D((64, 48), (Person(coco17, np.tile([[0.0, 0.0], [63.0, 47.0]], (9, 1))[:17], np.ones(17)),))
    (annotation,) = to_coco(pose, coco17)["annotations"]
    assert annotation["bbox"] == [0.5, 0.5, 63, 47], "between the centres of the outermost pixels"


def test_results_lists_open_when_their_count_is_unambiguous():
    results = [{"image_id": 3, "category_id": 1, "keypoints": [10.5, 20, 0.25] * 133, "score": 0.9}]
    (person,) = files.read(json.dumps(results).encode(), size=(50, 60)).pose.people
    assert (person.skeleton, person.scores[0], person.states[0]) == (wholebody133, 0.25, "visible")
    flags = [{"image_id": 3, "keypoints": [10, 20, 2] * 14, "score": 0.9}]
    (person,) = files.read(json.dumps(flags).encode()).pose.people
    assert (person.skeleton, person.scores[0]) == (crowdpose14, 0.9)
    body = [{"image_id": 3, "keypoints": [10, 20, 1] * 17}]
    with pytest.raises(ValueError, match="fit coco17 and ap10k17"):
        files.read(json.dumps(body).encode())
    assert from_coco(body, skeleton=ap10k17).people[0].skeleton == ap10k17
    with pytest.raises(ValueError, match="one of its 2 pictures"):
        from_coco([*results, {**results[0], "image_id": 4}])


def test_annotation_files_may_be_large_where_other_json_may_not():
    filler = "x" * (5 << 20)
    many = json.dumps(file(info={"description": filler})).encode()
    assert len(files.read(many).pose.people) == 1
    results = [{"image_id": 3, "keypoints": [10.5, 20, 0.25] * 133, "score": 0.9, "more": filler}]
    assert len(files.read(json.dumps(results).encode()).pose.people) == 1
    for other in ({"people": [], "info": filler}, [[]] * (3 << 20)):
        with pytest.raises(ValueError, match="at most 4 MB"):
            files.read(json.dumps(other).encode())


def test_scores_beyond_one_are_read_as_one():
    results = [{"image_id": 3, "keypoints": [10.5, 20, 1.25] * 133, "score": 0.9}]
    assert from_coco(results).people[0].scores.tolist() == [1.0] * 133
    scored = file({"keypoints": [10, 20, 2] * 17, "keypoint_scores": [1.5, -0.1, *[0.5] * 15]})
    assert from_coco(scored).people[0].scores[:3].tolist() == [1, 0, 0.5]


wrong = [
    (file(categories=[]), "17 keypoints without names, which fit coco17 and ap10k17"),
    (file(category={"keypoints": ["hoof", "tail"]}), "got 2 joints, hoof, tail"),
    (file({"keypoints": [1] * 50}), "expected 17 points, 51 numbers, got 50"),
    (file({"keypoints": [1, 1, 3] * 17}), "expected flags of 0, 1 or 2 with each point, got 3"),
    (file({"keypoints": [1, 1, None] * 17}), "number 3: expected a number, got nothing"),
    (file({"keypoints": [1e7, 1, 2] * 17}), "out of canvas"),
    (file({"keypoints": [1, 1, 2] * 17, "face_kpts": [1] * 9}), "face_kpts: expected 68 points, 204 numbers, got 9"),
    (file({"keypoints": [1, 1, 2] * 17, "keypoint_scores": [1]}), "keypoint_scores: expected 17 numbers, got 1"),
    (file(images=[]), "expected a picture, got none"),
    (file(images=[{"id": i, "file_name": f"{i}.png"} for i in range(12)]), "its 12 pictures (0.png, 1.png, "),
    (file(images=[{"id": 7, "width": "wide", "height": 3}]), "width: expected a number, got 'wide'"),
    (file(annotations={}), "annotations: expected a list"),
    ({"anns": [{"keypoints": [1, 1, 2] * 17}], "width": 50, "height": 50}, "which fit coco17 and ap10k17"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "says"), wrong)
def test_refusals(value, says):
    with pytest.raises(ValueError, match="expected") as refusal:
        files.read(json.dumps(value).encode())
    assert says in str(refusal.value)


def test_what_a_format_cannot_hold_is_refused_with_what_to_do():
    def scene(*names):
        people = (Person(skeletons[n], np.full((len(skeletons[n]), 2), 5), np.ones(len(skeletons[n]))) for n in names)
        return Scene(Pose2D((50, 50), tuple(people)))

    for names, format_name in (
        (("coco17", "ap10k17"), "coco"),
        (("ap10k17",), "coco-wholebody"),
        (("coco17",), "ap10k"),
        ((), "ap10k"),
        (("coco17", "ap10k17"), "index-map"),
    ):
        with pytest.raises(ValueError, match=r"document|OpenPose"):
            files.write(scene(*names), format_name)
        assert not files.holds(scene(*names), format_name)
    with pytest.raises(ValueError, match="hand21"):
        to_coco(Pose2D((9, 9), (Person(hand21, np.zeros((21, 2)), np.ones(21)),)), coco17)
    assert files.holds(scene("coco17", "ap10k17"), "openpose")


@settings(max_examples=40, deadline=None)
@given(poses(most=2))
def test_a_menu_knows_what_can_be_written(pose):
    whole = tuple(Person(p.skeleton, p.points, p.scores) for p in pose.people)
    for name in files.formats:
        if files.holds(Scene(Pose2D(pose.size, whole)), name):
            assert files.write(Scene(Pose2D(pose.size, whole)), name)


@settings(max_examples=100, deadline=None)
@given(poses(("coco17", "wholebody133"), most=2), st.booleans(), st.data())
def test_a_file_with_one_value_replaced_is_read_or_refused(pose, whole, data):
    value = data.draw(spoilt(to_coco(pose, wholebody133 if whole else coco17)))
    results = [{"image_id": 1, "keypoints": [9.5, 9, 0.5] * 133, "score": 1}]
    for candidate in (value, data.draw(spoilt(results))):
        with refused_if_anything():
            files.read(json.dumps(candidate).encode())
