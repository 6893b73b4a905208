"""AP and AR by the published protocol: known answers on tiny sets, and the same as the studio's own evaluation."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.box import Box
from engine.evaluate import evaluate, read_examples
from engine.pose import Person, Pose2D
from engine.skeleton import coco17, wholebody133

pytest.importorskip("faster_coco_eval", reason="faster-coco-eval is not installed: see requirements-dev.txt")
from scripts.evaluate_sdpose import detected_boxes, measured, picture, printed, true_boxes
from scripts.keypoint_metric import Instance, parts, table, without_doubles

root = Path(__file__).parent.parent
names = {"foot_kpts": 6, "face_kpts": 68, "lefthand_kpts": 21, "righthand_kpts": 21}
rng = np.random.default_rng(2)
layout = rng.uniform(0.05, 0.95, (133, 2))


def annotation(number: int, image: int, left: float, whole: bool = False, **more) -> dict:
    """A figure 60 × 120 px at (left, 10), all labelled."""
    rows = np.column_stack([layout * (60, 120) + (left, 10), np.full(133, 2)]).round(2)
    ends = np.cumsum([17, *names.values()])
    found = {
        "id": number, "image_id": image, "category_id": 1, "bbox": [left, 10, 60, 120], "area": 3600.0,
        "iscrowd": 0, "num_keypoints": 17, "keypoints": rows[:17].ravel().tolist(),
    }  # fmt: skip
    if whole:
        found |= {
            key: rows[end - n : end].ravel().tolist() for (key, n), end in zip(names.items(), ends[1:], strict=True)
        }
    return found | more


def coco_file(whole: bool = False) -> dict:
    """Three pictures of 300 × 150 px: two figures, one figure, nobody."""
    return {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 300, "height": 150} for n in (1, 2, 3)],
        "annotations": [annotation(n, image, left, whole) for n, image, left in ((1, 1, 10), (2, 1, 200), (3, 2, 100))],
        "categories": [{"id": 1, "name": "person", "keypoints": list(coco17.joints)}],
    }


def points_of(one: dict, whole: bool = False) -> np.ndarray:
    """(K, 3) as labelled, the unlabelled ones at the box's centre, all of score 0.9."""
    keys = ("keypoints", *names) if whole else ("keypoints",)
    rows = np.concatenate([np.array(one[key], float).reshape(-1, 3) for key in keys])
    x, y, w, h = one["bbox"]
    rows[rows[:, 2] == 0, :2] = x + w / 2, y + h / 2
    rows[:, 2] = 0.9
    return rows


def instance(one: dict, whole: bool = False, off: float = 0.0, score: float = 1.0) -> Instance:
    """What a model finds that is off by `off` of a figure's size, in random directions."""
    rows = points_of(one, whole)
    rows[:, :2] += off * np.sqrt(one["area"]) * np.random.default_rng(one["id"]).normal(size=(len(rows), 2))
    x, y, w, h = one["bbox"]
    return Instance(one["image_id"], rows, Box(x, y, x + w, y + h), score)


def ap(file: dict, found: list[Instance], on=coco17) -> float:
    return table(file, [1, 2, 3], found, on)["body"].ap


# ── the metric ──


def test_the_annotations_themselves_are_perfect():
    file = coco_file()
    row = table(file, [1, 2, 3], [instance(a) for a in file["annotations"]], coco17)["body"]
    assert (row.ap, row.ap50, row.ap75, row.ar) == (1, 1, 1, 1)
    assert row.ap_large == -1  # all figures are of medium size


def test_the_farther_off_the_lower():
    file = coco_file(whole=True)
    rows = [
        table(file, [1, 2, 3], [instance(a, True, off) for a in file["annotations"]], wholebody133)
        for off in (0, 0.02, 0.06, 0.15)
    ]
    for part in (*parts, "hands"):
        figures = [row[part].ap for row in rows]
        assert figures[0] == 1
        assert figures == sorted(figures, reverse=True), part
    assert rows[1]["body"].ap > rows[1]["face"].ap  # whose sigmas are smaller
    assert rows[3]["whole"].ap < 0.3


def test_each_part_is_counted_by_itself():
    file = coco_file(whole=True)
    found = [instance(a, True) for a in file["annotations"]]
    for each in found:
        each.keypoints[91:112, 0] += 100  # the left hands
    rows = table(file, [1, 2, 3], found, wholebody133)
    assert {part: row.ap for part, row in rows.items()} == {
        "body": 1, "feet": 1, "face": 1, "left hand": 0, "right hand": 1, "hands": 0.5,
        "whole": pytest.approx(rows["whole"].ap),
    }  # fmt: skip
    assert 0 < rows["whole"].ap < 1


def test_a_hand_nobody_labelled_does_not_count_against_the_other():
    file = coco_file(whole=True)
    for one in file["annotations"]:
        one["lefthand_kpts"] = [0] * 63
    rows = table(file, [1, 2, 3], [instance(a, True) for a in file["annotations"]], wholebody133)
    assert (rows["left hand"].ap, rows["right hand"].ap, rows["hands"].ap) == (-1, 1, 1)
    assert rows["hands"].ap_large == -1


def test_a_missed_figure_and_a_false_one_both_cost():
    file = coco_file()
    found = [instance(a) for a in file["annotations"]]
    assert ap(file, found[:2]) == pytest.approx(2 / 3, abs=0.01)
    ghost = Instance(3, found[0].keypoints, found[0].box, 2.0)
    assert ap(file, [*found, ghost]) == pytest.approx(3 / 4, abs=0.01)
    assert ap(file, []) == 0


def test_crowds_and_people_without_points_count_neither_way():
    file = coco_file()
    bare = annotation(4, 3, 50, keypoints=[0.0] * 51, num_keypoints=0)
    file["annotations"] += [bare, annotation(5, 3, 180, iscrowd=1)]
    found = [instance(a) for a in file["annotations"]]
    assert ap(file, found) == 1
    assert ap(file, found[:3]) == 1
    assert true_boxes(file).keys() == {1, 2}


def test_the_score_is_the_box_s_times_the_mean_of_the_scores_that_count():
    points = np.zeros((4, 3))
    points[:, 2] = 0.1, 0.2, 0.4, 1.2
    assert Instance(1, points, Box(0, 0, 2, 2), 0.5).score == pytest.approx(0.5 * 0.8)
    assert Instance(1, points[:2], Box(0, 0, 2, 2), 0.5).score == 0


@pytest.mark.parametrize(("box", "area"), [(Box(0, 0, 30, 100), 93.75 * 125), (Box(5, 5, 95, 45), 112.5 * 150)])
def test_areas_are_those_of_the_padded_boxes(box, area):
    assert Instance(1, np.zeros((1, 3)), box).area == pytest.approx(area)


def test_of_doubles_the_surer_stays():
    one = instance(annotation(1, 1, 10), score=0.6)
    again = instance(annotation(1, 1, 10), off=0.001, score=0.9)
    beside = instance(annotation(2, 1, 60), score=0.5)
    elsewhere = Instance(2, one.keypoints, one.box, 0.4)
    kept = without_doubles([one, again, beside, elsewhere], np.array(coco17.sigmas))
    assert kept == [again, beside, elsewhere]


def test_it_agrees_with_the_studio_s_own_evaluation():
    """On figures partly right, of different scores, with a false one."""
    file = coco_file()
    found = [instance(a, off=off) for a, off in zip(file["annotations"], (0.03, 0.07, 0.12), strict=True)]
    for each, score in zip(found, (0.9, 0.5, 0.7), strict=True):
        each.keypoints[:, 2] = score
    ghost = instance(annotation(9, 2, 20))
    ghost.keypoints[:, 2] = 0.6
    found.append(ghost)
    file["images"].pop()
    pages = {image["file_name"]: np.full((150, 300, 3), image["id"], np.uint8) for image in file["images"]}

    def estimate(photo: np.ndarray, _: object) -> Pose2D:
        here = [each.keypoints for each in found if each.image_id == photo[0, 0, 0]]
        return Pose2D((300, 150), tuple(Person(coco17, k[:, :2], k[:, 2]) for k in here))

    own = evaluate(read_examples(file), coco17, pages.__getitem__, estimate, lambda _: [], use_boxes=False)
    assert 0.2 < own.ap < 0.9
    assert ap(file, found) == pytest.approx(own.ap, abs=1e-6)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["test_coco.json", "test_coco_wholebody.json"])
def test_on_real_annotations_they_are_perfect_and_agree(shared, name):
    file = json.loads((shared / "photos" / "coco" / name).read_text("utf-8"))
    whole = "wholebody" in name
    on, ids = wholebody133 if whole else coco17, [image["id"] for image in file["images"]]
    people = [a for a in file["annotations"] if a["num_keypoints"]]
    rows = table(file, ids, [instance(a, whole) for a in people], on)
    assert {part: row.ap for part, row in rows.items()} == dict.fromkeys(rows, pytest.approx(1))
    off = table(file, ids, [instance(a, whole, off=0.04) for a in people], on)
    assert all(off[part].ap < 0.95 for part in rows)
    if whole:
        return
    numbers = {image["id"]: image["file_name"] for image in file["images"]}
    found: dict[str, list[Person]] = {}
    for each in people:
        points = instance(each, off=0.04).keypoints
        found.setdefault(numbers[each["image_id"]], []).append(Person(coco17, points[:, :2], points[:, 2]))
    sizes = {name: np.full((1, 1, 3), n, np.uint8) for n, name in enumerate(found)}

    def estimate(photo: np.ndarray, _: object) -> Pose2D:
        return Pose2D((1, 1), tuple([*found.values()][photo[0, 0, 0]]))

    own = evaluate(read_examples(file), coco17, sizes.__getitem__, estimate, lambda _: [], use_boxes=False)
    assert off["body"].ap == pytest.approx(own.ap, abs=1e-6)


# ── the script ──


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set on disk: pictures whose first pixel tells their number, and two styles of them."""
    for style in ("images", "ood/ink", "ood/oil"):
        (tmp_path / style).mkdir(parents=True)
        for n in (1, 2, 3):
            ending = "png" if style != "ood/oil" else "webp"
            Image.fromarray(np.full((150, 300, 3), 10 * n, np.uint8)).save(
                tmp_path / style / f"{n}.{ending}", **({"lossless": True} if ending == "webp" else {})
            )
    (tmp_path / "file.json").write_text(json.dumps(coco_file(whole=True)))
    return tmp_path


class Model:
    """Finds in each box the figure annotated at its left edge, `off` of its size away; it counts the pictures."""

    def __init__(self, off: float = 0.0, whole: bool = True) -> None:
        self.off, self.whole, self.pictures = off, whole, 0

    def __call__(self, photos: list[np.ndarray], boxes: list[list[Box]]) -> list[np.ndarray]:
        self.pictures += len(photos)
        found = []
        for photo, here in zip(photos, boxes, strict=True):
            image = round(photo[0, 0, 0] / 10)
            figures = [instance(annotation(7, image, box.x0, True), self.whole, self.off).keypoints for box in here]
            found.append(np.stack(figures))
        return found


def arguments(folder: Path, **more) -> Namespace:
    usual = {
        "model": "fake", "annotations": folder / "file.json", "images": folder / "images", "ood": None,
        "detections": None, "limit": None, "batch": 2, "protocol": "evaluation", "precision": "auto",
        "no_flip": False, "predictions": None,
    }  # fmt: skip
    return Namespace(**(usual | more))


def test_a_perfect_model_gets_full_marks_in_every_part(folder):
    model = Model()
    tables = measured(arguments(folder), wholebody133, model)
    assert {part: row.ap for part, row in tables[""].items()} == dict.fromkeys((*parts, "hands"), 1)
    assert model.pictures == 2  # nobody is annotated in the third


def test_a_body_model_is_asked_for_the_body_alone(folder):
    tables = measured(arguments(folder), coco17, Model(whole=False))
    assert [*tables[""]] == ["body"]
    assert tables[""]["body"].ap == 1


def test_detections_come_with_their_scores_and_mistakes(folder):
    rows = [
        {"image_id": a["image_id"], "category_id": 1, "bbox": a["bbox"], "score": 0.9}
        for a in coco_file()["annotations"]
    ]
    rows.append({"image_id": 3, "category_id": 1, "bbox": [40, 10, 60, 120], "score": 0.95})  # nobody is there
    rows.append({"image_id": 3, "category_id": 2, "bbox": [40, 10, 60, 120], "score": 1.0})  # no person
    (folder / "found.json").write_text(json.dumps(rows))
    assert {image: len(here) for image, here in detected_boxes(folder / "found.json").items()} == {1: 2, 2: 1, 3: 1}
    model = Model()
    tables = measured(arguments(folder, detections=folder / "found.json"), wholebody133, model)
    assert tables[""]["body"].ap == pytest.approx(3 / 4, abs=0.01)
    assert tables[""]["body"].ar == 1
    assert model.pictures == 3


def test_each_style_gets_its_table(folder):
    tables = measured(arguments(folder, images=None, ood=folder / "ood"), wholebody133, Model(0.03))
    assert [*tables] == ["ink", "oil"]
    assert tables["ink"] == tables["oil"]
    words = printed(tables).splitlines()
    assert len(words) == 1 + 2 * 7
    assert words[0].split() == ["AP", "AP50", "AP75", "APM", "APL", "AR", "AR50"]
    assert words[1].split()[:3] == ["ink", "body", f"{100 * tables['ink']['body'].ap:.1f}"]
    assert words[1].split()[6] == "–"  # no large figures


def test_only_the_first_pictures_where_so_limited(folder):
    model = Model()
    tables = measured(arguments(folder, limit=1), wholebody133, model)
    assert model.pictures == 1
    assert tables[""]["body"].ar == 1  # of the figures there


def test_a_stopped_run_goes_on_where_it_was(folder):
    path = folder / "found.jsonl"
    whole = measured(arguments(folder, predictions=path), wholebody133, Model(0.03))
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:2]) + "\n" + lines[2][:40])  # stopped within the second picture
    again = Model(0.03)
    assert measured(arguments(folder, predictions=path), wholebody133, again) == whole
    assert again.pictures == 1
    assert measured(arguments(folder, predictions=path), wholebody133, again) == whole
    assert again.pictures == 1
    with pytest.raises(ValueError, match="expected predictions of"):
        measured(arguments(folder, predictions=path, no_flip=True), wholebody133, again)


def test_a_missing_picture_is_named(folder):
    (folder / "images" / "2.png").unlink()
    with pytest.raises(ValueError, match=r"2\.png"):
        measured(arguments(folder), wholebody133, Model())
    assert picture(folder / "ood" / "oil", "val/1.png").name == "1.webp"


def test_the_script_measures_a_model_of_the_studio(folder):
    run = subprocess.run(
        [
            sys.executable, root / "scripts" / "evaluate_sdpose.py", "--model", "quick", "--images", folder / "images",
            "--annotations", folder / "file.json", "--json", folder / "out.json", "--limit", "1",
        ],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "body" in run.stdout
    figures = json.loads((folder / "out.json").read_text())
    assert set(figures["tables"][""]["body"]) == set(asdict(table(coco_file(), [1], [], coco17)["body"]))
