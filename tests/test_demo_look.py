"""The published demo's drawing: what is left out, how wide lines are, and the two orders of points."""

import numpy as np
import pytest

from engine.demo_look import demo_map, demo_overlay, feet, openpose18_from_coco17, openpose134_from_133
from engine.draw import openpose_map, palette
from engine.pose import Person, Pose2D
from engine.skeleton import ap10k17, coco17, face68, hand21, openpose18, skeletons, wholebody133


def spread(skeleton, size=(400, 500), score=1.0) -> Pose2D:
    """Somebody whose joints are all apart and inside the picture."""
    n = np.arange(len(skeleton))
    r = 20 + 150 * np.sqrt(n / len(n))
    points = np.stack([200 + r * np.cos(2.4 * n), 250 + 1.2 * r * np.sin(2.4 * n)], axis=1)
    return Pose2D(size, (Person(skeleton, points, np.full(len(n), score)),))


def colors(picture) -> set[tuple[int, ...]]:
    return set(map(tuple, picture.reshape(-1, 3).tolist()))


def test_limbs_are_not_dimmed():
    pose = spread(coco17)
    assert colors(demo_map(pose)) <= {(0, 0, 0), *palette}
    assert not colors(openpose_map(pose)) <= {(0, 0, 0), *palette}


@pytest.mark.parametrize(("size", "radius"), [((300, 300), 2), ((1000, 1000), 5), ((2000, 1000), 7)])
def test_a_body_s_joints_grow_with_the_picture(size, radius):
    pose = spread(coco17, size)
    person = pose.people[0]
    alone = Person(coco17, person.points, np.arange(17) == coco17.index("nose"))
    width = np.ptp(np.nonzero(demo_map(Pose2D(size, (alone,))).any((0, 2)))[0]) + 1
    assert width == 2 * radius + 1


@pytest.mark.parametrize("size", [(300, 300), (2000, 1000)])
def test_a_wholebody_s_joints_do_not(size):
    person = spread(wholebody133, size).people[0]
    alone = Person(wholebody133, person.points, np.arange(133) == wholebody133.index("nose"))
    width = np.ptp(np.nonzero(demo_map(Pose2D(size, (alone,))).any((0, 2)))[0]) + 1
    assert width == 9


def test_scores_decide_what_is_drawn():
    pose = spread(wholebody133, score=0.3)
    assert demo_map(pose).any()
    assert not demo_map(pose, 0.31).any()
    assert not demo_map(spread(wholebody133, score=0.2)).any()


def test_feet_are_dots_in_the_first_colours():
    for i, joint in enumerate(feet):
        alone = Person(wholebody133, spread(wholebody133).people[0].points, np.arange(133) == wholebody133.index(joint))
        assert colors(demo_map(Pose2D((400, 500), (alone,)))) == {(0, 0, 0), palette[i]}


def test_missing_joints_are_not_drawn():
    person = spread(coco17).people[0]
    for joint in coco17.joints:
        person = person.with_state(joint, "missing")
    assert not demo_map(Pose2D((400, 500), (person,))).any()


def test_a_hand_s_joint_on_the_first_row_is_left_out():
    points = np.full((133, 2), 100.0)
    root = wholebody133.index("left_hand_root")
    for y, drawn in ((0.9, False), (1.0, True), (399.9, True), (400.0, False)):
        points[root] = 50, y
        person = Person(wholebody133, points, np.arange(133) == root)
        assert demo_map(Pose2D((200, 400), (person,))).any() == drawn


@pytest.mark.parametrize("skeleton", skeletons.values(), ids=lambda s: s.name)
def test_every_skeleton_can_be_drawn(skeleton):
    assert demo_map(spread(skeleton)).shape == (500, 400, 3)


@pytest.mark.parametrize("skeleton", [ap10k17, hand21, face68], ids=lambda s: s.name)
def test_animals_and_lone_parts_are_drawn_too(skeleton):
    assert demo_map(spread(skeleton)).any()


def test_points_far_away_do_no_harm():
    points = np.full((17, 2), 1e9)
    points[::2] = -1e9
    assert demo_map(Pose2D((100, 100), (Person(coco17, points, np.ones(17)),))).shape == (100, 100, 3)


def test_the_overlay_darkens_the_photo():
    pose = Pose2D((40, 30))
    assert (demo_overlay(pose, np.full((30, 40, 3), 200, np.uint8)) == 80).all()
    assert (demo_overlay(pose, np.full((30, 40, 3), 200, np.uint8), share=1.0) == 0).all()
    with pytest.raises(ValueError, match="expected a photo"):
        demo_overlay(pose, np.zeros((40, 30, 3), np.uint8))


def test_the_neck_lies_between_the_shoulders():
    points, scores = np.arange(34.0).reshape(17, 2), np.linspace(0.1, 0.9, 17)
    places, sure = openpose18_from_coco17(points, scores)
    left, right = coco17.indices(["left_shoulder", "right_shoulder"])
    neck = openpose18.index("neck")
    assert places[neck].tolist() == ((points[left] + points[right]) / 2).tolist()
    assert sure[neck] == min(scores[left], scores[right])
    for joint in coco17.joints:
        assert places[openpose18.index(joint)].tolist() == points[coco17.index(joint)].tolist()


@pytest.mark.parametrize(("shoulders", "neck"), [((0.9, 0.4), 0.4), ((0.9, 0.3), 0.0), ((0.2, 0.2), 0.0)])
def test_a_wholebody_s_neck_needs_both_shoulders(shoulders, neck):
    scores = np.ones(133)
    scores[wholebody133.indices(["left_shoulder", "right_shoulder"])] = shoulders
    places, sure = openpose134_from_133(np.zeros((133, 2)), scores)
    assert places.shape == (134, 2)
    assert sure[openpose18.index("neck")] == neck


def test_hands_follow_the_face_left_one_first():
    points = np.stack([np.arange(133.0), np.zeros(133)], axis=1)
    places, _ = openpose134_from_133(points, np.ones(133))
    assert places[92, 0] == wholebody133.index("left_hand_root")
    assert places[113, 0] == wholebody133.index("right_hand_root")
    assert places[24, 0] == wholebody133.index("face_jaw_1")
    assert places[18, 0] == wholebody133.index("left_big_toe")
