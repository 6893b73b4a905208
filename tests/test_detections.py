"""Bare lists of boxes and points, as detectors print them, read as the figures they are."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine import files
from engine.skeleton import coco17, wholebody133


def detection(count: int) -> dict:
    return {"bbox": [0, 0, 90, 90, 0.9], "keypoints": [[float(n), 2.0 * n, 0.5] for n in range(count)]}


def read(value: object, size: tuple[int, int] | None = (300, 300)):
    return files.read(json.dumps(value).encode(), "found.json", size).pose


@pytest.mark.parametrize("skeleton", [coco17, wholebody133])
def test_points_are_told_by_their_count(skeleton):
    pose = read([detection(len(skeleton))] * 2)
    assert [person.skeleton for person in pose.people] == [skeleton] * 2
    assert pose.size == (300, 300)
    assert np.array_equal(pose.people[0].points[5], [5, 10])
    assert set(pose.people[0].states) == {"visible"}


def test_points_without_a_score_are_missing_and_a_picture_is_made_around_the_others():
    found = detection(17)
    found["keypoints"][3][2] = 0
    pose = read([found], None)
    assert pose.people[0].states[3] == "missing"
    assert pose.size[1] >= 33


@pytest.mark.parametrize("points", [[[1.0, 2.0]] * 17, [[1.0, 2.0, 0.5]] * 16, [["a", 1, 1]] * 17])
def test_other_rows_are_refused(points):
    with pytest.raises(ValueError, match="expected"):
        read([{"bbox": [], "keypoints": points}])


def test_the_photograph_to_lift_is_read(shared: Path):
    path = shared / "lift" / "image_00077.json"
    (person,) = files.read(path.read_bytes(), path.name, (1080, 1920)).pose.people
    assert person.skeleton == wholebody133
    assert person.box().clipped((1080, 1920)) == person.box()
