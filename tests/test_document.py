"""The document: out and in is the same scene, and a wrong document is refused in a sentence that says where."""

from __future__ import annotations

import copy
import json
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import files
from engine.formats.document import from_document, to_document
from engine.formats.painting import from_request
from engine.pose import Person, Pose2D
from engine.scene import PaintRequest, Picture, Reference, Scene, Verdict
from engine.skeleton import coco17
from tests.strategies import json_values, refused_if_anything, scenes, spoilt


@settings(max_examples=40, deadline=None)
@given(scenes())
def test_out_and_in_is_the_same(scene):
    data = files.write(scene, "document")
    assert files.read(data) == scene
    assert files.write(files.read(data), "document") == data


@settings(max_examples=20, deadline=None)
@given(scenes(with_pictures=True))
def test_with_its_pictures_at_hand_nothing_is_lost(scene):
    document = json.loads(json.dumps(to_document(scene)))
    images = [picture.image for picture in scene.pictures]
    masks = [picture.request.mask for picture in scene.pictures]
    assert from_document(document, scene.photo, scene.references, images, masks) == scene
    assert from_document(document, scene.photo, scene.references).pictures == (), "JSON alone holds no image"


def test_the_shape_the_editor_shares():
    person = Person(coco17, np.zeros((17, 2)), np.ones(17), hidden_bones=frozenset({("left_hip", "right_hip")}))
    document = to_document(Scene(Pose2D((8, 6), (person,))))
    assert list(document) == ["contrapposto", "size", "people", "photo", "references", "camera", "request", "pictures"]
    assert (document["contrapposto"], document["size"]) == (1, [8, 6])
    assert list(document["people"][0]) == [
        "skeleton", "name", "points", "scores", "states", "sources", "hidden_bones", "front", "body",
    ]  # fmt: skip
    assert document["people"][0]["hidden_bones"] == [["left_hip", "right_hip"]]


def test_references_find_their_pictures_by_name_when_one_is_deleted():
    a, b = (Reference(name, np.full((2, 2, 3), i, np.uint8)) for i, name in enumerate("ab"))
    scene = Scene(Pose2D((4, 4)), references=(a, b))
    document = to_document(scene)
    del document["references"][0]
    assert from_document(document, references=scene.references).references == (b,)
    assert from_document(document).references == ()
    assert from_document(document, references=[b.image]).references == (b,), "or pictures, in the document's order"
    assert files.read(json.dumps(document).encode(), references=[b.image]).references == (b,)
    with pytest.raises(ValueError, match="references: expected 1 pictures, got 2"):
        from_document(document, references=[a.image, b.image])


def test_a_document_from_before_there_were_pictures_opens():
    document = to_document(replace(_scene(), request=PaintRequest(prompt="a dancer")))
    del document["pictures"]
    for name in ("count", "fit", "words", "silent", "words_window", "change"):
        del document["request"][name]
    assert from_document(document) == replace(_scene(), request=PaintRequest(prompt="a dancer"))


def test_a_request_holds_every_field_but_the_images():
    told = from_request(PaintRequest(photo=np.zeros((2, 2, 3), np.uint8), mask=np.zeros((2, 2), np.uint8)))
    assert set(told) == {f.name for f in fields(PaintRequest)} - {"photo", "mask"}


@pytest.mark.parametrize(
    "wrong",
    [{"pose_window": (0.8, 0.2)}, {"count": 17}, {"fit": "crop"}, {"guidance": float("nan")}, {"seed": -1}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_request_that_could_not_be_opened_again_is_not_written(wrong):
    with pytest.raises(ValueError, match=r"request, \w+: expected"):
        to_document(replace(_scene(), request=PaintRequest(**wrong)))


def painted() -> Picture:
    pose = Pose2D((6, 4), (Person(coco17, np.full((17, 2), 2.5), np.ones(17)),))
    verdict = Verdict(pose, 0.9, 0.8, (("nose",),), "quick")
    return Picture(np.zeros((4, 6, 3), np.uint8), PaintRequest(prompt="a dancer", seed=7), pose, "sd15", "op", verdict)


@pytest.mark.parametrize(
    ("keys", "value", "says"),
    [
        ((), None, "pictures: expected a list, got nothing"),
        ((0,), {}, "picture 1: expected 'request'"),
        ((0, "request"), None, "picture 1, request: expected an object, got nothing"),
        ((0, "request", "seed"), -1, "picture 1, request, seed: expected a number from 0"),
        ((0, "pose", "size"), [6], "picture 1, pose, size: expected 2 numbers"),
        ((0, "pose", "people", 0, "points", 0), [1e9, 0], "expected a place within 10 pictures"),
        ((0, "pose", "people", 0, "points", 0), [1], "picture 1, pose, person 1, nose: expected a pair of numbers"),
        ((0, "verdict", "oks"), 1.5, "picture 1, verdict, oks: expected a number from 0 to 1"),
        ((0, "verdict", "drifted"), [[1]], "picture 1, verdict, drifted: expected a text"),
        ((0, "verdict", "found"), "x", "picture 1, verdict, found, people: expected a list"),
        ((0, "model"), 3, "picture 1, model: expected a text"),
        ((0, "mask"), "yes", "picture 1, mask: expected true or false"),
        ((0, "pose", "size"), [4, 6], "picture 1: expected an image of (4, 6), like its pose, got (6, 4)"),
    ],
)  # fmt: skip
def test_a_wrong_picture_is_refused_with_place_expected_and_found(keys, value, says):
    document = json.loads(json.dumps(to_document(replace(_scene(), pictures=(painted(),)))))
    assert from_document(document, pictures=[painted().image]).pictures == (painted(),)
    _put(("pictures", *keys), value, document)
    with pytest.raises(ValueError, match="expected") as refusal:
        from_document(document, pictures=[painted().image])
    assert says in str(refusal.value)


def test_every_picture_needs_its_image_and_there_are_not_too_many():
    document = to_document(replace(_scene(), pictures=(painted(), painted())))
    with pytest.raises(ValueError, match="pictures: expected 2 images, got 1"):
        from_document(document, pictures=[painted().image])
    with pytest.raises(ValueError, match="pictures: expected at most 100, got 101"):
        to_document(replace(_scene(), pictures=(painted(),) * 101))


def test_unknown_keys_are_ignored():
    document = {**to_document(_scene()), "later": {"x": 1}}
    document["people"][0]["mood"] = "calm"
    assert from_document(document) == _scene()


def _scene() -> Scene:
    return Scene(Pose2D((100, 80), (Person(coco17, np.full((17, 2), 5.5), np.ones(17)),)))


def _without(keys, document):
    *path, last = keys
    for key in path:
        document = document[key]
    del document[last]


def _put(keys, value, document):
    *path, last = keys
    for key in path:
        document = document[key]
    document[last] = value


person = ("people", 0)
wrong = [
    (("contrapposto",), "one", "contrapposto"),
    (("contrapposto",), 0, "from 1"),
    (("contrapposto",), 2, "made by a newer Contrapposto"),
    (("size",), [100], "2 numbers, width and height"),
    (("size",), [100, 80.5], "whole number"),
    (("size",), [100, True], "size, height: expected a number, got true"),
    (("size",), [100, 20000], "from 1 to 16384"),
    (("size",), [100, -1], "from 1 to 16384"),
    (("people",), None, "people: expected a list, got nothing"),
    (("people",), [{}] * 101, "at most 100"),
    (("people",), ["x"], "person 1: expected an object, got 'x'"),
    ((*person, "skeleton"), "coco18", "expected one of coco17"),
    ((*person, "skeleton"), 17, "expected one of coco17"),
    ((*person, "points"), [[0, 0]] * 16, "person 1, points: expected 17 pairs of numbers, got 16"),
    ((*person, "points", 2), [1], "person 1, right_eye: expected a pair of numbers, got 1"),
    ((*person, "points", 2), [1, "2"], "person 1, right_eye, number 2: expected a number, got '2'"),
    ((*person, "points", 2), [1, True], "expected a number, got true"),
    ((*person, "points", 2), [1, None], "expected a number, got nothing"),
    ((*person, "points", 2), [1, 1e9], "person 1, right_eye: expected a place within 10 pictures"),
    ((*person, "points", 2), [1, 10**400], "expected a number from"),
    ((*person, "scores", 0), -5, "person 1, nose, score: expected a number from 0 to 1, got -5"),
    ((*person, "scores", 2), 1.01, "person 1, right_eye, score: expected a number from 0 to 1, got 1.01"),
    ((*person, "scores"), [1] * 18, "person 1, scores: expected 17 numbers, got 18"),
    ((*person, "states", 0), "asleep", "nose, states: expected one of visible, hidden, missing, got 'asleep'"),
    ((*person, "sources", 0), ["model"], "expected one of model"),
    ((*person, "name"), 5, "person 1, name: expected a text, got 5"),
    ((*person, "name"), "x" * 100_001, "at most 100000 characters"),
    ((*person, "hidden_bones"), [["nose", "left_ankle"]], "expected a bone of coco17, got nose to left_ankle"),
    ((*person, "hidden_bones"), [["nose"]], "a pair of joints"),
    ((*person, "front"), ["tail"], "person 1, front: expected one of head"),
    (("photo",), {"opacity": 2}, "photo, opacity"),
    (("references",), [{"name": "a", "x": "left"}], "reference 1, x"),
    (("references",), [{"name": "a", "visible": 1}], "expected true or false, got 1"),
    (("people", 0, "body"), {"root": [0, 0, 0]}, "person 1, body: expected 'body'"),
    (("camera",), {"size": [1, 1], "focal": 0, "center": [0, 0], "T_camera_world": []}, "camera, focal"),
    (("camera",), {"size": [1, 1], "focal": 1, "center": [0, 0], "T_camera_world": [[1]]}, "camera, T_camera_world"),
    *(
        (("camera",), {"size": [1, 1], "focal": 1, "center": [0, 0], "T_camera_world": T}, "a turn and a place")
        for T in ([[0] * 4] * 4, np.diag([-1, 1, 1, 1]).tolist(), np.diag([2, 2, 2, 1]).tolist())
    ),
    (("request",), {"prompt": 5}, "request, prompt: expected a text, got 5"),
    (("request",), {"steps": 1.5}, "request, steps"),
    (("request",), {"count": 0}, "request, count: expected a number from 1 to 16, got 0"),
    (("request",), {"size": [512]}, "request, size: expected 2 numbers"),
    (("request",), {"fit": "crop"}, "request, fit: expected one of whole, squash, got 'crop'"),
    (("request",), {"encoding": "depth"}, "request, encoding: expected one of auto, spctrl, openpose"),
    (("request",), {"words": "yes"}, "request, words: expected true or false"),
    (("request",), {"silent": "nose"}, "request, silent: expected a list of joints"),
    (("request",), {"silent": [1]}, "request, silent: expected a text"),
    (("request",), {"words_window": [0, 1, 1]}, "request, words_window: expected 2 numbers, from and to"),
    (("request",), {"pose_window": [0.6, 0.4]}, "two shares from 0 to 1, the earlier first, got 0.6 and 0.4"),
    (("request",), {"pose_window": [0, 1.5]}, "request, pose_window: expected two shares"),
    (("request",), {"change": 1.2}, "request, change: expected a number from 0 to 1"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "value", "says"), wrong, ids=[f"{'.'.join(map(str, k))}-{i}" for i, (k, *_) in enumerate(wrong)]
)
def test_wrong_values_are_refused_with_place_expected_and_found(keys, value, says):
    document = copy.deepcopy(to_document(_scene()))
    _put(keys, value, document)
    with pytest.raises(ValueError, match="expected") as refusal:
        from_document(document)
    assert says in str(refusal.value)


@pytest.mark.parametrize("keys", [("contrapposto",), ("size",), ("people",), (*person, "points"), (*person, "scores")])
def test_lacking_keys_are_named(keys):
    document = to_document(_scene())
    _without(keys, document)
    with pytest.raises(ValueError, match=f"expected '{keys[-1]}', got only"):
        from_document(document)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"{", "line 1"),
        (b'{"contrapposto": 1, "size": [1, 1], "people": []', "line 1"),
        (b"[" * 100_000, "nested"),
        (b'{"contrapposto": 1, "size": [NaN, 1], "people": []}', "got NaN"),
        (b'{"contrapposto": 1, "size": [Infinity, 1], "people": []}', "got infinity"),
        (b'{"contrapposto": ' + b"9" * 5000 + b"}", "too large"),
        (b'{"\xff": 1}', "UTF-8"),
        (b"[]", "a list of 0"),
        (b"7", "none of them"),
        (b'{"zebra": 1, "giraffe": 2}', "'zebra', 'giraffe'"),
        (b'{"contrapposto": 1}' + b" " * (5 << 20), "at most 4 MB"),
        (b"[" + b"[]," * (5 << 20) + b"[]]", "at most 4 MB"),
        (b'{"annotations": []}' + b" " * (65 << 20), "at most 64 MB"),
        (b"\xff\xd8\xff\xe0", "photo"),
    ],
)  # fmt: skip
def test_files_that_are_no_document(data, says):
    with pytest.raises(ValueError, match="expected") as refusal:
        files.read(data)
    assert says in str(refusal.value)


def test_duplicated_keys_take_the_last():
    assert files.read(b'{"contrapposto":1,"size":[1,1],"size":[5,6],"people":[]}').pose.size == (5, 6)


def test_what_could_not_be_opened_again_is_not_written():
    lost = Scene(Pose2D((10, 10), (Person(coco17, np.full((17, 2), 1e6), np.ones(17)),)))
    with pytest.raises(ValueError, match="out of canvas"):
        files.write(lost, "document")


def test_a_score_beyond_its_range_is_not_written():
    surer = Scene(Pose2D((10, 10), (Person(coco17, np.full((17, 2), 5), np.full(17, 1.5)),)))
    with pytest.raises(ValueError, match=r"person 1, nose: expected a score from 0 to 1, got 1\.5"):
        files.write(surer, "document")


@settings(max_examples=300, deadline=None)
@given(json_values)
def test_no_json_gives_a_stack_trace(value):
    with refused_if_anything():
        files.read(json.dumps(value).encode())


@settings(max_examples=150, deadline=None)
@given(scenes(), st.data())
def test_a_document_with_one_value_replaced_is_read_or_refused(scene, data):
    document = data.draw(spoilt(to_document(scene)))
    with refused_if_anything():
        files.read(json.dumps(document).encode())
