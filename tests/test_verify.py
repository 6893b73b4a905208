"""Verifying painted pictures, by an estimator told what is there: right, moved, missing, mirrored, swapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engine.box import Box
from engine.estimator import Thresholds
from engine.measure import oks
from engine.pose import Person, Pose2D
from engine.scene import PaintRequest, Picture, Verdict
from engine.skeleton import ap10k17, coco17, crowdpose14, hand21, openpose18, wholebody133
from engine.verify import best_first, drift, torso_of, verify

size = (640, 480)
# A standing figure 250 px high, its left on our right.
places = {
    "nose": (100, 60), "left_eye": (106, 54), "right_eye": (94, 54), "left_ear": (113, 57), "right_ear": (87, 57),
    "left_shoulder": (128, 95), "right_shoulder": (72, 95), "left_elbow": (138, 145), "right_elbow": (62, 145),
    "left_wrist": (142, 188), "right_wrist": (58, 188), "left_hip": (116, 175), "right_hip": (84, 175),
    "left_knee": (118, 238), "right_knee": (82, 238), "left_ankle": (119, 300), "right_ankle": (81, 300),
}  # fmt: skip
standing = Person(coco17, np.array([places[joint] for joint in coco17.joints], float), np.ones(17))
other = standing.mirrored(200).shifted((330, 60)).moved("left_wrist", (470, 60)).moved("right_ankle", (390, 330))
tiger = {
    "left_eye": (349, 74), "right_eye": (285, 70), "nose": (315, 106), "neck": (293, 220), "root_of_tail": (57, 124),
    "left_shoulder": (299, 334), "left_elbow": (285, 392), "left_front_paw": (287, 462), "right_shoulder": (213, 304),
    "right_elbow": (215, 386), "right_front_paw": (209, 458), "left_hip": (145, 278), "left_knee": (137, 378),
    "left_back_paw": (147, 448), "right_hip": (45, 240), "right_knee": (41, 334), "right_back_paw": (17, 434),
}  # fmt: skip
animal = Person(ap10k17, np.array([tiger[joint] for joint in ap10k17.joints], float), np.ones(17))


class Seer:
    """An estimator that finds in each box the one of `people`, on its own skeleton, whose middle is the box's."""

    name, at_once = "seer", 2
    thresholds = Thresholds(visible=0.5, hidden=0.2, doubtful=0.3, person=0.2)

    def __init__(self, *people: Person, skeleton=coco17, take: Callable[[int], int] | None = None) -> None:
        self.skeleton, self.people, self.take = skeleton, [person.to(skeleton) for person in people], take
        self.asked: list[Box] = []

    def points(self, photo, boxes, flip_test=True, watch=None) -> list[Person]:
        assert photo.shape == (size[1], size[0], 3)
        assert len(boxes) <= self.at_once
        found = []
        for box in boxes:
            near = [np.hypot(*np.subtract(person.box().center, box.center)) for person in self.people]
            k = self.take(len(self.asked)) if self.take else int(np.argmin(near))
            self.asked.append(box)
            found.append(replace(self.people[k], states=()))  # as estimators do: every joint visible
        return found


def picture(*people: Person) -> Picture:
    return Picture(np.zeros((size[1], size[0], 3), np.uint8), PaintRequest(size=size), Pose2D(size, people))


def scored(person: Person, score: float, *joints: str) -> Person:
    scores = person.scores.copy()
    scores[person.skeleton.indices(joints)] = score
    return replace(person, scores=scores)


def test_a_pose_that_was_kept_is_perfect():
    verdict = verify(picture(standing, other), Seer(standing, other))
    assert (verdict.oks, verdict.pck, verdict.drifted, verdict.estimator) == (1, 1, ((), ()), "seer")
    assert np.array_equal(verdict.found.people[1].points, other.points)
    assert verdict.found.size == size


def test_the_farther_off_the_lower():
    verdicts = [verify(picture(standing), Seer(standing.shifted((off, 0)))) for off in (0, 5, 10, 30, 80)]
    likeness = [each.oks for each in verdicts]
    assert likeness == sorted(likeness, reverse=True)
    assert likeness[1] > 0.8
    assert likeness[-1] < 0.15
    assert [each.pck for each in verdicts] == [1, 1, 1, 0, 0]
    assert verdicts[-1].drifted == (coco17.joints,)


def test_the_joints_that_drifted_are_named():
    limit = drift * torso_of(standing)
    near = standing["left_wrist"] + (0.95 * limit, 0)
    far = standing["right_knee"] - (1.05 * limit, 0)
    verdict = verify(picture(other, standing), Seer(other, standing.moved("left_wrist", near).moved("right_knee", far)))
    assert verdict.drifted == ((), ("right_knee",))
    assert verdict.pck == pytest.approx((1 + 16 / 17) / 2)


def test_a_joint_that_is_not_seen_has_drifted_though_its_place_be_guessed_right():
    verdict = verify(picture(standing), Seer(scored(standing, 0.1, "left_wrist", "left_elbow")))
    assert verdict.drifted == (("left_elbow", "left_wrist"),)
    assert verdict.oks == verdict.pck == pytest.approx(15 / 17)
    assert verdict.found.people[0].states[coco17.index("left_wrist")] == "missing"


def test_left_and_right_are_not_the_same():
    verdict = verify(picture(standing), Seer(standing.swapped()))
    assert verdict.oks < 0.6
    # Eyes 12 px apart are nearer than anybody could tell: a sixth of the torso's length.
    assert set(coco17.joints) - set(verdict.drifted[0]) == {"nose", "left_eye", "right_eye"}


def test_two_people_in_each_other_s_box_are_who_they_are():
    verdict = verify(picture(standing, other), Seer(standing, other, take=lambda n: 1 - n))
    assert (verdict.oks, verdict.drifted) == (1, ((), ()))
    assert np.array_equal(verdict.found.people[0].points, standing.points)


def test_one_person_is_not_two():
    """The estimator finds the same figure in both boxes."""
    verdict = verify(picture(standing, other), Seer(standing))
    assert 0.5 <= verdict.oks < 0.6
    assert verdict.drifted[0] == ()
    assert len(verdict.drifted[1]) == 17


def test_the_match_is_the_best_of_all_not_the_first():
    """Two figures 20 px apart, both found 12 px to the right: neither takes the other's place, though one is nearer."""
    beside = standing.shifted((20, 0))
    seen = standing.shifted((12, 0)), standing.shifted((32, 0))
    verdict = verify(picture(beside, standing), Seer(*seen, take=lambda n: n))
    assert [one["nose"][0] for one in verdict.found.people] == [132, 112]


def test_only_visible_joints_inside_the_picture_count():
    low = standing.shifted((0, 200))  # knees and ankles below the picture's edge at 480
    asked = low.with_state("left_wrist", "hidden").with_state("right_wrist", "missing")
    gone = ("left_wrist", "right_wrist", "left_ankle", "right_ankle")
    seen = low
    for joint in gone:
        seen = seen.moved(joint, (600, 10))
    assert low["left_ankle"][1] > size[1] - 0.5
    assert verify(picture(asked), Seer(seen)).oks == 1
    assert verify(picture(asked), Seer(seen.moved("left_elbow", (600, 10)))).drifted == (("left_elbow",),)


@pytest.mark.parametrize("skeleton", [openpose18, wholebody133, crowdpose14])
def test_joints_are_compared_by_name(skeleton):
    asked = standing.to(skeleton)
    verdict = verify(picture(asked), Seer(standing.moved("right_ankle", (200, 380))))
    assert verdict.drifted == (("right_ankle",),)
    common = len(set(skeleton.joints) & set(coco17.joints))
    assert verdict.pck == pytest.approx((common - 1) / common)


def test_a_neck_nobody_asked_for_does_not_count():
    verdict = verify(picture(standing), Seer(standing.to(openpose18).moved("neck", (600, 400)), skeleton=openpose18))
    assert (verdict.oks, verdict.drifted) == (1, ((),))


def test_hands_count_where_the_estimator_has_them():
    joints = wholebody133.joints
    rng = np.random.default_rng(1)
    points = np.array([places.get(joint, rng.uniform((60, 40), (140, 300))) for joint in joints], float)
    whole = Person(wholebody133, points, np.ones(133))
    off = whole.shifted((60, 0), [joint for joint in joints if joint.startswith("left_hand")])
    assert verify(picture(whole), Seer(off)).oks == 1  # a body's estimator sees no hands
    verdict = verify(picture(whole), Seer(off, skeleton=wholebody133))
    assert verdict.pck == pytest.approx(112 / 133)
    assert all(joint.startswith("left_hand") for joint in verdict.drifted[0])


def test_a_figure_without_common_joints_is_not_judged():
    hand = Person(hand21, np.random.default_rng(0).uniform(300, 400, (21, 2)), np.ones(21))
    unseen = standing
    for joint in coco17.joints:
        unseen = unseen.with_state(joint, "missing")
    seer = Seer(standing)
    verdict = verify(picture(hand, standing, unseen), seer)
    assert (verdict.oks, verdict.drifted) == (1, ((), (), ()))
    assert len(seer.asked) == 1
    assert [bool(one.present.any()) for one in verdict.found.people] == [False, True, False]
    with pytest.raises(ValueError, match=r"expected a figure with at least two visible joints .* seer knows, got none"):
        verify(picture(hand), Seer(standing))
    with pytest.raises(ValueError, match="got none"):
        verify(picture(), Seer(standing))


def test_animals_need_an_estimator_of_animals():
    verdict = verify(picture(animal), Seer(animal.moved("left_knee", (10, 10)), skeleton=ap10k17))
    assert verdict.drifted == (("left_knee",),)
    with pytest.raises(ValueError, match=r"expected an estimator of animals, such as vitpose-animals, .* got seer"):
        verify(picture(animal), Seer(standing))
    with pytest.raises(ValueError, match="expected an estimator of people"):
        verify(picture(animal, standing), Seer(animal, skeleton=ap10k17))


def test_boxes_hold_the_figures_with_room_and_stay_in_the_picture():
    seer = Seer(standing, other)
    verify(picture(standing, other.shifted((150, 0))), seer)
    first, second = seer.asked
    around = standing.box()
    assert first.x0 < around.x0 - 20
    assert first.y1 > around.y1 + 20
    assert second.x1 == size[0]
    flat = Person(coco17, np.full((17, 2), (300.0, 200.0)), np.ones(17), ("missing",) * 17)
    line = flat.moved("left_shoulder", (200, 200)).moved("left_elbow", (260, 200))
    verify(picture(line), seer)
    assert seer.asked[-1].height > 30  # two joints in a line still need a box


def test_the_torso_is_told_by_any_limb():
    whole = torso_of(standing)
    assert whole == pytest.approx(np.hypot(12, 80), rel=0.15)
    upper = replace(standing, states=tuple("missing" if y > 170 else "visible" for y in standing.points[:, 1]))
    assert torso_of(upper) == pytest.approx(whole, rel=0.25)
    head = replace(standing, states=tuple("missing" if y > 70 else "visible" for y in standing.points[:, 1]))
    assert torso_of(head) == pytest.approx(whole, rel=0.25)
    assert torso_of(standing.moved("left_wrist", (600, 188))) < 1.1 * whole  # one stray joint does not stretch it
    assert torso_of(standing.scaled(0.5)) == pytest.approx(whole / 2)
    assert torso_of(animal) == pytest.approx(np.hypot(236, 96), rel=0.5)


def test_oks_is_coco_s_with_the_figure_s_area():
    off = standing.shifted((6, 0)).moved("nose", (130, 60))
    assert verify(picture(standing), Seer(off)).oks == pytest.approx(oks(off, standing, 2.0 * torso_of(standing) ** 2))


def test_the_best_comes_first():
    def judged(likeness: float, correct: float = 0.5) -> Picture:
        return replace(picture(standing), verdict=Verdict(Pose2D(size), likeness, correct, ((),), "seer"))

    unseen = picture(standing)
    pictures = [judged(0.3), unseen, judged(0.9), judged(0.3, 0.6)]
    assert best_first(pictures) == (pictures[2], pictures[3], pictures[0], unseen)


def test_work_is_told_as_it_is_done():
    heard: list[float] = []
    people = [standing.shifted((60 * n, 0)) for n in range(5)]
    verify(picture(*people), Seer(*people), watch=heard.append)
    assert heard == [0, 0.4, 0.8]
