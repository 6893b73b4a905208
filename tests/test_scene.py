"""Laws of what stands around the figures: boxes, measures, cameras, scenes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.body_pose import BodyPose
from engine.box import Box
from engine.camera import Camera
from engine.measure import matched, oks, pck
from engine.pose import Person, Pose2D
from engine.scene import PaintRequest, Reference, Scene
from engine.skeleton import (
    coco17,
)
from tests.strategies import cameras, people, seeds

everybody = settings(max_examples=40, deadline=None)

# ── boxes ──

boxes = st.tuples(*[st.floats(-100, 100)] * 4).map(
    lambda v: Box(min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3]))
)


@everybody
@given(boxes, boxes)
def test_iou(a, b):
    assert a.iou(b) == pytest.approx(b.iou(a))
    assert 0 <= a.iou(b) <= 1 + 1e-12
    assert a.iou(a) == (pytest.approx(1) if a.area > 0 else 0)


@everybody
@given(boxes, st.floats(0.1, 5))
def test_boxes_grow_about_their_centre(box, factor):
    assert box.grown(factor).center == pytest.approx(box.center)
    assert box.grown(factor).area == pytest.approx(box.area * factor**2)
    inside = box.grown(3).clipped((50, 40))
    assert inside.x0 >= 0
    assert inside.y1 <= 40


@everybody
@given(people(), st.floats(0, 1))
def test_a_box_holds_its_points(person, margin):
    assume(person.present.any())
    box = person.box(margin)
    inside = person.points[person.present] + 0.5  # from the picture's corner, as boxes count
    assert (inside >= np.array(box[:2]) - 1e-9).all()
    assert (inside <= np.array(box[2:]) + 1e-9).all()
    with pytest.raises(ValueError, match="at least one point"):
        Box.around(np.zeros((0, 2)))


def test_boxes_count_from_the_pictures_corner_and_points_from_its_first_pixel():
    corners = Box.around(np.array([[-0.5, -0.5], [63.5, 47.5]]))
    assert corners == Box.of((64, 48)), "from edge to edge"


# ── measures ──


@everybody
@given(people())
def test_oks_of_oneself_is_one_and_falls_with_distance(person):
    assume(person.present.any())
    scores = [oks(person.shifted((d, 0)), person, 5000.0) for d in (0, 5, 20, 80)]
    assert scores[0] == pytest.approx(1)
    assert all(nearer > farther for nearer, farther in pairwise(scores))
    assert pck(person, person, 100) == 1
    assert pck(person.shifted((21, 0)), person, 100) == 0
    gone = replace(person, states=("missing",) * len(person.skeleton))
    assert oks(gone, person, 5000.0) == pck(gone, person, 100) == oks(person, gone, 5000.0) == 0


def test_oks_by_the_published_formula():
    true = Person(coco17, np.zeros((17, 2)), np.ones(17))
    area, sigma = 1000.0, np.array(coco17.sigmas)
    expected = np.exp(-(3.0**2) / (2 * area * (2 * sigma) ** 2)).mean()
    assert oks(true.shifted((3, 0)), true, area) == pytest.approx(expected)


def test_matching_takes_the_closest_and_each_box_once():
    true = [Box(0, 0, 10, 10), Box(20, 0, 30, 10)]
    found = [Box(1, 0, 11, 10), Box(0, 0, 10, 10), Box(50, 50, 60, 60)]
    assert matched(found, true) == [(1, 0)]
    assert matched([], true) == []


# ── cameras and scenes ──


@everybody
@given(cameras(), seeds)
def test_cameras(camera, seed):
    R = camera.T_camera_world[:3, :3]
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(R) == pytest.approx(1), "no mirror"
    points = np.random.default_rng(seed).normal(size=(4, 3)) * 0.2
    pixels = camera.project(points)
    double = camera.scaled((1280, 960)).project(points)
    np.testing.assert_allclose((pixels + 0.5) * 2 - 0.5, double, rtol=1e-6, atol=1e-6)
    up = camera.project(np.array([0.0, 0.1, 0.0]))[1] - camera.project(np.zeros(3))[1]
    assert up < 0, "the world's y goes up in the picture"


def test_a_camera_looks_at_its_target():
    camera = Camera.looking_at(np.array([0.1, 0.2, 0.3]), np.array([0.0, 1.0, 4.0]), (640, 480), 500.0)
    np.testing.assert_allclose(camera.project(np.array([0.1, 0.2, 0.3])), (319.5, 239.5))
    right = camera.project(np.array([0.3, 0.2, 0.3]))
    assert right[0] > 319.5, "from the front, the world's x goes right"
    with pytest.raises(ValueError, match="straight up or down"):
        Camera.looking_at(np.zeros(3), np.array([0.0, 5.0, 0.0]), (10, 10), 5)
    with pytest.raises(ValueError, match="positive focal length"):
        Camera((10, 10), 0, (5, 5))
    with pytest.raises(ValueError, match="proportions"):
        camera.scaled((640, 640))


def test_scenes_are_equal_by_content():
    image = np.zeros((4, 5, 3), np.uint8)
    scene = Scene(Pose2D((5, 4)), image, references=(Reference("a", image),))
    assert scene == Scene(Pose2D((5, 4)), image.copy(), references=(Reference("a", image.copy()),))
    assert scene != replace(scene, photo=image + 1)
    assert scene != replace(scene, request=PaintRequest())
    with pytest.raises(ValueError, match="expected a photo"):
        Scene(Pose2D((4, 5)), image)
    with pytest.raises(ValueError, match="expected finite body"):
        BodyPose(body=np.zeros((20, 3)))
