"""Figures to learn from: annotation files read as they are published, samples that come again, painted mannequins."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.augment import Augmentation, calm
from engine.box import Box
from engine.data import Batches, CocoFigures, Joined, Samples
from engine.library import read_library
from engine.posed_figures import PosedFigures
from engine.skeleton import coco17, wholebody133

library = Path(__file__).parent.parent / "assets" / "library" / "poses.json"
person = {"id": 1, "name": "person", "keypoints": list(coco17.joints)}


def body(first: float = 10.0, flags: int = 2) -> list[float]:
    return [v for i in range(17) for v in (first + i, 20.0 + 2 * i, flags)]


def write(folder: Path, *annotations: dict, category: dict = person) -> Path:
    """An annotation file of one picture, 64 × 80 pixels, beside it."""
    Image.fromarray(np.full((80, 64, 3), 90, np.uint8)).save(folder / "a.png")
    whole = [{"id": n, "image_id": 7, "category_id": 1, "iscrowd": 0, **a} for n, a in enumerate(annotations)]
    path = folder / "labels.json"
    images = [{"id": 7, "file_name": "a.png", "width": 64, "height": 80}]
    path.write_text(json.dumps({"images": images, "annotations": whole, "categories": [category]}))
    return path


# ── annotation files ──


def test_people_of_a_coco_file(tmp_path):
    hidden = body()
    hidden[2], hidden[5] = 0, 1  # the nose not labelled, the left eye labelled though out of sight
    path = write(
        tmp_path,
        {"keypoints": hidden, "bbox": [5, 6, 30, 100]},
        {"keypoints": body(), "bbox": [5, 6, 30, 40], "iscrowd": 1},
        {"keypoints": [0] * 51, "bbox": [5, 6, 30, 40]},
        {"keypoints": body(), "bbox": [5, 6, 0, 40]},
    )
    figures = CocoFigures(path, tmp_path, coco17)
    assert len(figures) == 1
    figure = figures[0]
    assert figure.image.shape == (80, 64, 3)
    assert figure.box == Box(5, 6, 35, 80)
    assert not figure.visible[coco17.index("nose")]
    assert figure.visible[coco17.index("left_eye")]
    assert figure.visible.sum() == 16
    np.testing.assert_allclose(figure.points[coco17.index("left_ear")], (13, 26))


def test_people_of_a_whole_body_file(tmp_path):
    parts = {
        "foot_kpts": [v for i in range(6) for v in (i, i, 2)],
        "face_kpts": [v for i in range(68) for v in (30 + i / 10, 31, 0.8)],
        "lefthand_kpts": [v for i in range(21) for v in (40, 41 + i, 1)],
        "righthand_kpts": [0] * 63,
    }
    path = write(tmp_path, {"keypoints": body(), "bbox": [0, 0, 60, 70], **parts})
    figure = CocoFigures(path, tmp_path, wholebody133)[0]
    seen = {joint for joint, v in zip(wholebody133.joints, figure.visible, strict=True) if v}
    assert set(wholebody133.group("left_hand")) <= seen
    assert not set(wholebody133.group("right_hand")) & seen
    assert "face_jaw_1" in seen
    np.testing.assert_allclose(figure.points[wholebody133.index("left_hand_thumb_1")], (40, 42))
    np.testing.assert_allclose(figure.points[wholebody133.index("right_heel")], (5, 5))
    assert len(CocoFigures(path, tmp_path, coco17)[0].points) == 17


def test_a_body_file_labels_the_body_of_a_whole_body(tmp_path):
    figure = CocoFigures(write(tmp_path, {"keypoints": body(), "bbox": [0, 0, 60, 70]}), tmp_path, wholebody133)[0]
    assert [wholebody133.joints[i] for i in np.flatnonzero(figure.visible)] == list(coco17.joints)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"category": {**person, "keypoints": ["left_eye", "tail"]}}, "expected COCO's 17 joints"),
        ({"bbox": [0, 0, 60, 0]}, "expected people with labelled joints"),
        ({"keypoints": [0] * 60}, "17 points"),
        ({"face_kpts": [0] * 60}, "68 points in face_kpts"),
    ],
)
def test_other_files_are_refused(tmp_path, change, sentence):
    category = change.pop("category", person)
    annotation = {"keypoints": body(), "bbox": [0, 0, 60, 70], **change}
    with pytest.raises(ValueError, match=sentence):
        CocoFigures(write(tmp_path, annotation, category=category), tmp_path, coco17)


def test_a_file_without_annotations_is_refused(tmp_path):
    (tmp_path / "other.json").write_text('{"images": [], "categories": []}')
    with pytest.raises(ValueError, match="no annotations"):
        CocoFigures(tmp_path / "other.json", tmp_path, coco17)


def test_a_missing_picture_is_named_before_training_begins(tmp_path):
    path = write(tmp_path, {"keypoints": body(), "bbox": [0, 0, 60, 70]})
    (tmp_path / "a.png").unlink()
    with pytest.raises(ValueError, match=r"got no a\.png"):
        CocoFigures(path, tmp_path, coco17)


def test_several_files_as_one(tmp_path):
    folders = [tmp_path / name for name in "abc"]
    for n, folder in enumerate(folders):
        folder.mkdir()
        write(folder, *({"keypoints": body(10 * n + k), "bbox": [0, 0, 60, 70]} for k in range(n + 1)))
    joined = Joined([CocoFigures(folder / "labels.json", folder, coco17) for folder in folders])
    assert len(joined) == 6
    assert [joined[i].points[0, 0] for i in range(6)] == [0, 10, 11, 20, 21, 22]


# ── samples ──


def painted(count: int = 6, skeleton=coco17) -> PosedFigures:
    return PosedFigures(read_library(library), skeleton, count)


def test_a_sample_is_what_the_network_takes():
    sample = Samples(painted(), coco17, (128, 192), 2.0, Augmentation(), 0)[0, 3]
    assert {name: tuple(value.shape) for name, value in sample.items()} == {
        "seen": (3, 192, 128), "clean": (3, 192, 128), "heatmaps": (17, 48, 32), "weights": (17,), "points": (17, 2),
    }  # fmt: skip
    assert sample["seen"].dtype == torch.uint8


def test_samples_come_again_by_epoch_and_index():
    def sample(seed: int, epoch: int, index: int) -> torch.Tensor:
        return Samples(painted(), coco17, (128, 192), 2.0, Augmentation(), seed)[epoch, index]["points"]

    assert torch.equal(sample(0, 2, 1), sample(0, 2, 1))
    for other in (sample(1, 2, 1), sample(0, 3, 1), sample(0, 2, 2)):
        assert not torch.equal(sample(0, 2, 1), other)


def test_heatmaps_peak_where_the_joints_are():
    sample = Samples(painted(), coco17, (128, 192), 2.0, calm, 0)[0, 0]
    for point, heat, weight in zip(sample["points"], sample["heatmaps"], sample["weights"], strict=True):
        assert weight == 1
        y, x = np.unravel_index(int(heat.argmax()), heat.shape)
        assert np.hypot(x - float(point[0]) * 31 / 127, y - float(point[1]) * 47 / 191) < 1


def test_joints_without_a_label_weigh_nothing(tmp_path):
    flags = body()
    flags[2] = 0
    figures = CocoFigures(write(tmp_path, {"keypoints": flags, "bbox": [0, 0, 60, 70]}), tmp_path, coco17)
    sample = Samples(figures, coco17, (128, 192), 2.0, calm, 0)[0, 0]
    assert sample["weights"][coco17.index("nose")] == 0
    assert sample["weights"].sum() == 16


@pytest.mark.parametrize("batch", [1, 3, 4, 10])
def test_every_figure_comes_once_an_epoch(batch):
    keys = [key for keys in islice(Batches(7, batch, 0), 60) for key in keys]
    for epoch in range(60 * batch // 7):
        here = keys[7 * epoch : 7 * epoch + 7]
        assert {e for e, _ in here} == {epoch}
        assert sorted(i for _, i in here) == list(range(7))
    if batch > 1:
        assert [i for _, i in keys[:7]] != [i for _, i in keys[7:14]]


def test_batches_go_on_where_they_were():
    whole = list(islice(Batches(7, 3, 5), 12))
    assert list(islice(Batches(7, 3, 5, first=4), 8)) == whole[4:]
    assert list(islice(Batches(7, 3, 6), 12)) != whole


def test_processes_share_each_epoch():
    one = [key for keys in islice(Batches(12, 6, 1), 8) for key in keys]
    two = [list(islice(Batches(12, 3, 1, rank=rank, processes=2), 8)) for rank in (0, 1)]
    together = [key for pair in zip(*two, strict=True) for keys in pair for key in keys]
    assert together == one


# ── painted figures ──


def test_painted_figures_come_again():
    first, again = painted()[2], painted()[2]
    assert (first.image == again.image).all()
    assert (first.points == again.points).all()
    assert (painted()[3].image != first.image).any()
    other = PosedFigures(read_library(library), coco17, 6, seed=1)[2]
    assert (other.image != first.image).any()


def test_painted_figures_lie_within_their_picture_and_box():
    for skeleton in (coco17, wholebody133):
        for i in range(6):
            figure = painted(skeleton=skeleton)[i]
            x0, y0, x1, y1 = figure.box
            inside = (figure.points > (x0 - 1, y0 - 1)) & (figure.points < (x1 + 1, y1 + 1))
            assert inside[figure.visible].all()
            assert x0 >= 0
            assert x1 <= figure.image.shape[1]


def test_painted_limbs_are_warm_on_the_left_and_cool_on_the_right():
    """The label lies on the limb it names: its colour says whose."""
    warm = {"left": 0, "right": 0}
    figures = painted(40)
    for i in range(40):
        figure = figures[i]
        for side in warm:
            x, y = np.round(figure.points[coco17.index(f"{side}_knee")]).astype(int)
            r, _, b = figure.image[y, x].astype(int)
            warm[side] += r > b
    assert warm["left"] > 30
    assert warm["right"] < 10
