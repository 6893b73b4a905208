"""The figures of an evaluation, on files small enough to know the answer."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.box import Box
from engine.evaluate import evaluate, read_examples
from engine.pose import Person, Pose2D
from engine.skeleton import ap10k17, coco17, crowdpose14, hand21, wholebody133

root = Path(__file__).parent.parent
blank = np.zeros((100, 200, 3), np.uint8)


def points(left: float) -> np.ndarray:
    """17 points in a column of boxes 40 × 80 at (left, 10)."""
    return np.column_stack([left + np.arange(17) * 40 / 16, 10 + (np.arange(17) * 7 % 17) * 5.0])


def annotation(left: float, **more) -> dict:
    keypoints = np.column_stack([points(left), np.full(17, 2)]).reshape(-1).tolist()
    return {
        "image_id": 1, "category_id": 1, "bbox": [left, 10, 40, 80], "area": 1600.0, "keypoints": keypoints,
        "num_keypoints": 17, "iscrowd": 0,
    } | more  # fmt: skip


def file(*annotations: dict, joints=coco17.joints) -> dict:
    return {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": list(annotations),
        "categories": [{"id": 1, "name": "person", "keypoints": list(joints)}],
    }


def measured(content: dict, people: list[Person], boxes: list[Box] | None = None, use_boxes: bool = True):
    examples = read_examples(content)
    return evaluate(
        examples,
        coco17,
        lambda name: blank,
        lambda photo, given: Pose2D((200, 100), tuple(people)),
        lambda photo: boxes or [],
        use_boxes,
    )


def person(left: float, by: float = 0.0, score: float = 0.5) -> Person:
    return Person(coco17, points(left) + np.array((by, 0.0)), np.full(17, score))


def test_perfect_answers_score_one():
    figures = measured(file(annotation(10), annotation(100)), [person(10), person(100)], [Box(10, 10, 50, 90)])
    assert (figures.people, figures.mean_oks, figures.pck, figures.found) == (2, 1.0, 1.0, 0.5)
    assert figures.ap == pytest.approx(1.0)


def test_oks_of_a_known_offset():
    figures = measured(file(annotation(10)), [person(10, by=8)])
    k = 2 * np.array(coco17.sigmas)
    assert figures.mean_oks == pytest.approx(np.exp(-64 / (2 * 1600 * k**2)).mean())
    assert figures.pck == 1.0  # 8 px of 0.2 × 80
    assert measured(file(annotation(10)), [person(10, by=17)]).pck == 0.0


def test_a_box_stands_in_for_a_missing_area():
    truth = annotation(10)
    del truth["area"]
    k = 2 * np.array(coco17.sigmas)
    expected = np.exp(-64 / (2 * 0.53 * 40 * 80 * k**2)).mean()
    assert measured(file(truth), [person(10, by=8)]).mean_oks == pytest.approx(expected)


def test_average_precision_of_one_right_one_wrong():
    truth = file(annotation(10), annotation(100))
    # The wrong one is surer: at every level precision is 1/2 up to recall 1/2 (51 of 101 levels), then nothing.
    figures = measured(truth, [person(10, score=0.4), person(100, by=60, score=0.9)], use_boxes=False)
    assert figures.ap == pytest.approx(51 / 101 / 2)
    # The right one is surer: precision 1 up to recall 1/2.
    figures = measured(truth, [person(10, score=0.9), person(100, by=60, score=0.4)], use_boxes=False)
    assert figures.ap == pytest.approx(51 / 101)


def test_without_boxes_people_are_matched_and_the_missed_count_as_nothing():
    figures = measured(file(annotation(10), annotation(100)), [person(100)], use_boxes=False)
    assert (figures.mean_oks, figures.pck) == (0.5, 0.5)


def test_crowds_and_unlabelled_people_are_not_asked_for():
    crowd = annotation(100, iscrowd=1)
    nobody = annotation(150, keypoints=[0] * 51, num_keypoints=0)
    content = file(annotation(10), crowd, nobody)
    assert measured(content, [person(10)]).people == 1
    with_extra = measured(content, [person(10, score=0.2), person(100, score=0.9)], use_boxes=False)
    assert with_extra.ap == pytest.approx(1.0)  # somebody found in the crowd is no mistake …
    elsewhere = measured(content, [person(10, score=0.2), person(55, score=0.9)], use_boxes=False)
    assert elsewhere.ap == pytest.approx(0.5)  # … anywhere else it is


def test_only_shared_and_labelled_joints_count():
    truth = annotation(10)
    truth["keypoints"][0:3] = [0, 0, 0]  # the nose: put at the corner, unlabelled
    assert measured(file(truth), [person(10)]).mean_oks == 1.0
    keypoints = np.column_stack([points(10)[:14], np.full(14, 2)])
    keypoints[:12, :2] = points(10)[5:]  # CrowdPose: the limbs, then head and neck, which the model lacks
    crowdpose = annotation(10, keypoints=keypoints.reshape(-1).tolist())
    assert measured(file(crowdpose, joints=crowdpose14.joints), [person(10)]).mean_oks == 1.0


def test_wholebody_parts_count_where_valid():
    truth = annotation(10)
    for part, n in (("foot", 6), ("face", 68), ("lefthand", 21), ("righthand", 21)):
        truth |= {f"{part}_kpts": [5.0, 6.0, 1.0] * n, f"{part}_valid": part == "lefthand"}
    (example,) = read_examples(file(truth))
    (found,) = example.people
    assert found.person.skeleton == wholebody133
    there = {j for j, here in zip(wholebody133.joints, found.person.present, strict=True) if here}
    assert there == set(coco17.joints) | set(wholebody133.group("left_hand"))


def test_animals_and_hands_are_refused_for_a_person_model():
    with pytest.raises(ValueError, match=r"expected annotations of people .* got animals \(ap10k17\)"):
        measured(file(annotation(10), joints=ap10k17.joints), [person(10)])
    hand = annotation(10, keypoints=[1, 1, 2] * 21)
    with pytest.raises(ValueError, match="got hand21, which has none"):
        measured(file(hand, joints=hand21.joints), [person(10)])


def test_what_is_no_annotation_file_is_refused():
    with pytest.raises(ValueError, match="got no images"):
        read_examples([])
    with pytest.raises(ValueError, match=r"expected the joints of one of .* got 17 points named"):
        read_examples(file(annotation(10), joints=[f"point{i}" for i in range(17)]))
    broken = copy.deepcopy(file(annotation(10)))
    del broken["annotations"][0]["bbox"]
    with pytest.raises(ValueError, match="got no bbox in number 0"):
        read_examples(broken)
    with pytest.raises(ValueError, match="expected at least one annotated figure"):
        read_examples(file(annotation(10, keypoints=[0] * 51)))


def test_script_writes_the_figures(tmp_path: Path):
    (tmp_path / "truth.json").write_text(json.dumps(file(annotation(10), annotation(100))))
    Image.fromarray(blank).save(tmp_path / "a.png")
    command = [sys.executable, "scripts/evaluate_pose.py", "--model", "quick", "--annotations"]
    command += [str(tmp_path / "truth.json"), "--images", str(tmp_path), "--json", str(tmp_path / "out.json")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "out.json").read_text())
    assert set(figures) == {"people", "mean_oks", "ap", "pck", "found", "seconds_per_image"}
    assert figures["people"] == 2
    assert figures["found"] == 0.0
    assert "people 2, found 0%" in done.stdout


def test_script_ends_with_a_sentence(tmp_path: Path):
    (tmp_path / "truth.json").write_text(json.dumps(file(annotation(10), joints=ap10k17.joints)))
    command = [sys.executable, "scripts/evaluate_pose.py", "--annotations", str(tmp_path / "truth.json")]
    done = subprocess.run([*command, "--images", str(tmp_path)], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "got animals (ap10k17)" in done.stderr
    assert "Traceback" not in done.stderr
