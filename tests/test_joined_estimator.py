"""Two estimators as one: whose joints count, how parts hang on the body, what becomes of those that do not fit."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from engine.box import Box
from engine.estimate import Options, estimate
from engine.estimator import Thresholds
from engine.joined_estimator import JoinedEstimator, hung, reach
from engine.library import read_library
from engine.pose import Person, Pose2D
from engine.posed_figures import PosedFigures
from engine.scene import PaintRequest, Picture
from engine.skeleton import Skeleton, coco17, wholebody133
from engine.studio import Studio

library = Path(__file__).parent.parent / "assets" / "library" / "poses.json"
photo = np.zeros((400, 300, 3), np.uint8)
box = Box(50, 40, 250, 380)


@dataclass
class Told:
    """An estimator that says one figure, whatever it is shown."""

    person: Person
    thresholds: Thresholds
    name: str
    at_once: int = 4

    @property
    def skeleton(self) -> Skeleton:
        return self.person.skeleton

    def points(self, _photo, boxes, flip_test=True, watch=None):
        return [self.person] * len(boxes)


def person(skeleton: Skeleton, score: float) -> Person:
    rng = np.random.default_rng(0)
    places = np.stack([rng.uniform(60, 240, 133), rng.uniform(50, 370, 133)], axis=1)
    return Person(skeleton, places[: len(skeleton)], np.full(len(skeleton), score))


@pytest.fixture
def both() -> JoinedEstimator:
    quick = Told(person(coco17, 0.5), Thresholds(0.2, 0.05, 0.35, 0.25), "quick", 1)
    whole = Told(person(wholebody133, 0.3), Thresholds(0.3, 0.1, 0.3, 0.0), "whole")
    return JoinedEstimator(quick, whole)


def changed(both: JoinedEstimator, which: str, joint: str, by=(0.0, 0.0), score: float | None = None):
    one: Told = getattr(both, which)
    k = one.skeleton.index(joint)
    points, scores = one.person.points.copy(), one.person.scores.copy()
    points[k] += by
    scores[k] = scores[k] if score is None else score
    return replace(both, **{which: replace(one, person=replace(one.person, points=points, scores=scores))})


def found(both: JoinedEstimator) -> Person:
    return both.points(photo, [box])[0]


def of(part: str) -> list[int]:
    return [k for each in hung[part] for k in wholebody133.indices(each.joints)]


def test_the_body_is_the_first_one_s_and_parts_are_told_in_its_scale(both):
    one = found(both)
    assert (both.name, both.at_once, both.skeleton) == ("quick + whole", 1, wholebody133)
    np.testing.assert_allclose(one.points[:17], both.body.person.points)
    np.testing.assert_allclose(one.scores[:17], 0.5)
    # What is just visible to the one is just visible to the other.
    np.testing.assert_allclose(one.scores[17:], 0.2)
    assert sorted(of("hands") + of("face") + of("feet")) == list(range(17, 133))


def test_a_hand_hangs_on_the_wrist_where_the_body_has_it(both):
    by = np.array([8.0, -6.0])
    one, before = found(changed(both, "body", "left_wrist", by)), found(both)
    left = list(wholebody133.indices(hung["hands"][0].joints))
    np.testing.assert_allclose(one.points[left] - before.points[left], np.tile(by, (21, 1)))
    others = [k for k in range(17, 133) if k not in left]
    np.testing.assert_allclose(one.points[others], before.points[others])


def test_a_part_of_another_limb_or_on_nothing_stays_away(both):
    far = 1.5 * reach * both.body.person.box().height
    cases = (
        changed(both, "body", "left_wrist", (far, 0)),
        changed(both, "body", "left_wrist", score=0.01),
        changed(both, "whole", "left_wrist", score=0.05),
    )
    left = list(wholebody133.indices(hung["hands"][0].joints))
    for case in cases:
        scores = found(case).scores
        assert not scores[left].any()
        assert scores[[k for k in range(17, 133) if k not in left]].all()


def test_a_face_hangs_on_what_is_seen_of_it(both):
    one = found(changed(changed(both, "body", "nose", score=0.0), "body", "left_eye", (6.0, 0.0)))
    before = found(both)
    face = of("face")
    # Two of three are seen, one of them 6 px away.
    expected = 6.0 / 2
    np.testing.assert_allclose(one.points[face] - before.points[face], np.tile((expected, 0.0), (68, 1)))


def test_only_the_parts_that_help_are_added(both):
    one = found(replace(both, parts=("hands",)))
    assert one.scores[of("hands")].all()
    assert not one.scores[of("face") + of("feet")].any()


def test_the_body_alone_says_whether_somebody_is_there(both):
    notes: list[str] = []
    unsure = replace(both, whole=replace(both.whole, person=person(wholebody133, 0.01)))
    pose = estimate(photo, unsure, boxes=[box], note=notes.append)
    assert not notes
    assert set(pose.people[0].states[:17]) == {"visible"}
    assert set(pose.people[0].states[17:]) == {"missing"}
    doubtful = replace(both, body=replace(both.body, person=person(coco17, 0.3)))
    estimate(photo, doubtful, boxes=[box], note=notes.append)
    assert "guess" in notes[0]
    bare = estimate(photo, both, boxes=[box], options=Options(parts=("body", "face")))
    assert not bare.people[0].present[of("hands")].any()


def test_only_bodies_and_whole_bodies_are_joined(both):
    with pytest.raises(
        ValueError, match=r"expected estimators of coco17 and wholebody133, got wholebody133 and coco17"
    ):
        JoinedEstimator(both.whole, both.body)


# ── the pair that is offered ──


def test_the_pair_finds_the_body_as_quick_does_with_a_face_and_hands():
    studio, figure = Studio(), PosedFigures(read_library(library), coco17, 1)[0]
    found, quick = (studio.estimate(figure.image, name, [figure.box]) for name in ("auto", "quick"))
    assert (found.model, studio.forecast().measured) == ("quick + sdpose-mini", True)
    (one,), (body,) = found.pose.people, quick.pose.people
    np.testing.assert_allclose(one.points[: len(coco17)], body.points)
    scores = dict(zip(one.skeleton.joints, one.scores, strict=True))
    assert not any(scores[wholebody133.joints[k]] for k in of("feet")), "a guess from the shins is nearer"
    assert any(scores[wholebody133.joints[k]] for k in (*of("face"), *of("hands")))


def test_a_kept_pose_is_judged_by_the_body_alone():
    picture = Picture(photo, PaintRequest(), Pose2D((300, 400), (person(coco17, 1.0),)), "sd-mini", "a control")
    verdict = Studio().verified(picture).verdict
    assert verdict is not None
    assert verdict.estimator == "quick"
