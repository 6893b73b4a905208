"""Hidden parts of a drawn figure filled in: what is drawn stays, choices differ, bodies and drawing agree."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from app.completions import blend, completer
from app.jobs import Jobs
from engine import placing
from engine.complete import Completer
from engine.fit import camera_for
from engine.formats.document import from_document, to_document
from engine.hidden_parts import hidden_of, unseen
from engine.pose import Person, Pose2D
from engine.pose_sets import PoseSet
from engine.progress import Cancelled
from engine.scene import Scene
from engine.set_on_drawing import set_on
from engine.skeleton import ap10k17, coco17, openpose25, wholebody133
from engine.stage import Stage
from engine.studio import Studio
from scripts.evaluation.hidden_hands import hidden_hands

camera = camera_for((600, 800))
left_hand = [name for name in wholebody133.joints if name.startswith("left_hand_")]
left_arm = ["left_elbow", "left_wrist"]


@pytest.fixture(scope="module")
def stage():
    made = Stage()
    yield made
    made.close()


@pytest.fixture(scope="module")
def completer_of(stage: Stage) -> Completer:
    return stage.completer()


@pytest.fixture(scope="module")
def pose(stage: Stage):
    return placing.placed(stage.body(), stage.examples.pose("walking"), camera, ())


@pytest.fixture(scope="module")
def walker(stage: Stage, pose) -> Person:
    """A figure drawn exactly as the camera sees the body."""
    points = stage.body().seen(pose, camera, wholebody133)
    return Person(wholebody133, points, np.ones(len(points)), sources=("artist",) * len(points))


@pytest.fixture(scope="module")
def handless(walker: Person) -> Person:
    for name in left_hand:
        walker = walker.with_state(name, "missing")
    return walker


@pytest.fixture(scope="module")
def hands(completer_of: Completer, handless: Person, pose):
    return completer_of.completed(handless, camera, pose, ["left_hand"], 4)


def height(person: Person) -> float:
    return float(np.ptp(person.points[:17, 1]))


# ── what comes of it ──


def test_a_hidden_hand_comes_on_its_wrist_and_nothing_else_moves(hands, handless):
    rows = wholebody133.indices(left_hand)
    for choice in hands:
        person = choice.person
        others = np.setdiff1d(np.arange(len(wholebody133)), rows)
        assert np.array_equal(person.points[others], handless.points[others])
        assert all(person.states[i] == "visible" and person.sources[i] == "prior" for i in rows)
        assert all(person.sources[i] == "artist" for i in others)
        assert np.linalg.norm(person["left_hand_root"] - handless["left_wrist"]) < 0.005 * height(handless)
        assert 0.03 < np.ptp(person.points[rows], axis=0).max() / height(handless) < 0.25


def test_drawing_and_body_agree(stage, hands):
    for choice in hands:
        assert choice.person.body == choice.pose
        seen = stage.body().seen(choice.pose, camera, wholebody133)
        off = np.linalg.norm(seen - choice.person.points, axis=1)[wholebody133.indices(left_hand)]
        assert off.max() < 0.01 * height(choice.person)


def test_choices_differ_and_the_likeliest_comes_first(stage, hands):
    assert [c.unnatural for c in hands] == sorted(c.unnatural for c in hands)
    fingers = [stage.joints(c.pose)[25:40] for c in hands]
    assert min(np.linalg.norm(a - b, axis=1).mean() for a, b in combinations(fingers, 2)) > 0.008


def test_only_what_is_hidden_turns_and_within_limits(stage, hands, pose):
    for choice in hands:
        moved = np.abs(choice.pose.axis_angles - pose.axis_angles).max(1) > 0
        assert set(np.flatnonzero(moved)) <= {20, *range(25, 40)}
        excess = stage.limits.excess(torch.from_numpy(choice.pose.axis_angles)[None])[0]
        assert excess[25:40].max() < np.radians(1)


def test_the_same_seed_brings_the_same_choices(completer_of, handless, pose, hands):
    again = completer_of.completed(handless, camera, pose, ["left_hand"], 4)
    assert all(a.pose == b.pose and a.person == b.person for a, b in zip(hands, again, strict=True))
    other = completer_of.completed(handless, camera, pose, ["left_hand"], 4, seed=1)
    assert hands[0].pose != other[0].pose


@pytest.mark.parametrize(("skeleton", "whole"), [(coco17, "wholebody133"), (openpose25, "openpose137")])
def test_a_figure_without_hands_gains_the_skeleton_it_takes(completer_of, walker, pose, skeleton, whole):
    plain = walker.to(skeleton)
    found = completer_of.completed(plain, camera, pose, ["right_hand"], 1)[0].person
    assert found.skeleton.name == whole
    assert np.array_equal(found.points[found.skeleton.indices(skeleton.joints)], plain.points)
    assert found.states[found.skeleton.index("left_hand_root")] == "missing"


def test_a_hidden_arm_hangs_on_its_shoulder_and_takes_its_hand_along(completer_of, walker, pose):
    for choice in completer_of.completed(walker, camera, pose, ["left_arm"], 3):
        person = choice.person
        assert np.array_equal(person["left_shoulder"], walker["left_shoulder"])
        assert person.sources[person.skeleton.index("left_hand_index_1")] == "prior"
        assert np.linalg.norm(person["left_hand_root"] - person["left_wrist"]) < 0.005 * height(walker)
        assert np.array_equal(person["right_wrist"], walker["right_wrist"])


def test_a_hidden_joint_leaves_drawn_ones_below_it_where_they_are(stage, completer_of, walker, pose):
    for choice in completer_of.completed(walker, camera, pose, ["left_elbow"], 2):
        seen = stage.body().seen(choice.pose, camera, wholebody133)
        assert np.linalg.norm(seen[9] - walker["left_wrist"]) < 0.02 * height(walker)
        assert np.array_equal(choice.person["left_wrist"], walker["left_wrist"])


def test_a_hidden_wrist_takes_its_hand_along(completer_of, walker, pose):
    moved = []
    for choice in completer_of.completed(walker, camera, pose, ["left_wrist"], 3):
        person = choice.person
        assert np.array_equal(person["left_elbow"], walker["left_elbow"])
        assert np.linalg.norm(person["left_hand_root"] - person["left_wrist"]) < 0.005 * height(walker)
        moved.append(np.linalg.norm(person["left_wrist"] - walker["left_wrist"]))
    assert max(moved) > 0.02 * height(walker)


def test_faces_are_quiet_and_the_first_at_rest(completer_of, walker, pose):
    found = completer_of.completed(walker, camera, pose, ["face"], 3)
    assert not found[0].pose.expression.any()
    assert 0 < np.abs(found[1].pose.expression).max() < 3
    nose = [np.linalg.norm(c.person["face_nose_4"] - walker["nose"]) for c in found]
    assert max(nose) < 0.03 * height(walker)


# ── at the drawing's own proportions ──


def test_a_hand_is_as_large_as_its_drawn_twin(walker):
    """What the camera sees is a body half as large, elsewhere, whose hands are life-size: the drawing's are larger."""
    hidden = hidden_of(walker, ["left_hand"])
    right = wholebody133.indices([name.replace("left", "right") for name in left_hand])
    points = walker.points.copy()
    points[right] = walker["right_wrist"] + 1.3 * (points[right] - walker["right_wrist"])
    drawn = replace(walker, points=points)
    found = set_on(drawn, 0.5 * walker.points + 90, hidden)
    rows = wholebody133.indices(left_hand)
    wanted = walker["left_wrist"] + 1.3 * (walker.points[rows] - walker["left_wrist"])
    # More than 1.6 times as large as the body is no figure that is drawn so, but a body that does not fit.
    assert np.allclose(found.points[rows] - found["left_wrist"], (wanted - walker["left_wrist"]) * 0.8 / 1.3, atol=0.5)
    life = set_on(drawn, walker.points + 90, hidden)
    assert np.allclose(life.points[rows], wanted, atol=0.5)


def test_a_hand_turns_with_the_drawn_forearm(walker):
    angle = 0.4
    turned = walker.rotated(angle, walker["left_elbow"], ["left_wrist", *left_hand])
    found = set_on(turned, walker.points, hidden_of(turned, ["left_hand"]))
    assert np.allclose(
        found.points[wholebody133.indices(left_hand)], turned.points[wholebody133.indices(left_hand)], atol=1
    )


# ── between ──


def test_a_blend_goes_from_the_drawing_to_the_choice(completer_of, walker, pose):
    drawn = walker.shifted((6.0, -4.0), left_hand)
    choice = completer_of.completed(drawn, camera, pose, ["left_hand"], 1)[0]
    start, half, end = (completer_of.blended(drawn, camera, pose, choice.pose, ["left_hand"], a) for a in (0, 0.5, 1))
    assert np.allclose(start.person.points, drawn.points, atol=1e-6)
    assert np.allclose(end.person.points, choice.person.points)
    assert end.pose == choice.pose
    assert 0 < np.abs(half.pose.hands - pose.hands).max() < np.abs(choice.pose.hands - pose.hands).max()


# ── bad input ──


@pytest.mark.parametrize(
    ("hide", "choices", "sentence"),
    [
        ([], 5, "expected parts to hide"), (["tail"], 5, "expected a part, one of left_hand"),
        (["left_hip"], 5, "which the trunk holds"), (["left_hand"], 0, "1 … 10 choices"),
        (["left_hand"], 11, "1 … 10 choices"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(completer_of, handless, pose, hide, choices, sentence):
    with pytest.raises(ValueError, match=sentence):
        completer_of.completed(handless, camera, pose, hide, choices)


def test_animals_and_figures_with_too_little_drawn_are_refused(completer_of, walker):
    animal = Person(ap10k17, np.zeros((17, 2)), np.ones(17))
    with pytest.raises(ValueError, match="expected a person"):
        completer_of.stood(animal, camera, ["left_hand"])
    with pytest.raises(ValueError, match="missing: "):
        completer_of.stood(walker, camera, ["left_arm", "right_arm", "left_leg", "right_leg"])
    line = replace(walker, points=np.stack([np.linspace(0, 500, 133), np.linspace(0, 500, 133)], 1))
    with pytest.raises(ValueError, match="one line"):
        completer_of.stood(line, camera, ["left_hand"])


def test_it_stops_at_once(completer_of, handless, pose):
    told = []

    def stop(share, text):
        told.append(share)
        raise Cancelled

    with pytest.raises(Cancelled):
        completer_of.completed(handless, camera, pose, ["left_hand"], progress=stop)
    assert len(told) == 1


def test_the_rest_stands_without_what_is_hidden(walker):
    hidden = hidden_of(walker, ["left_arm"])
    rest = unseen(walker, hidden)
    gone = {name for name, state in zip(rest.skeleton.joints, rest.states, strict=True) if state == "missing"}
    assert gone == {*left_arm, *left_hand}


# ── the page's door ──


def test_the_endpoint_tells_choices_and_what_lies_between(handless, pose, stage):
    person = replace(handless, body=pose)
    document = to_document(Scene(Pose2D((600, 800), (person,)), camera=camera))
    studio = Studio()
    studio._stage = stage
    *_, answer = completer(studio, Jobs())(document, ["left_hand"], choices=2, keep=True, pictures=False)
    assert answer["skeleton"] == "wholebody133"
    assert [wholebody133.joints[i] for i in answer["placed"]] == left_hand
    assert answer["carried"] == []
    one, two = answer["choices"]
    assert one["points"] != two["points"]
    told = {"document": document, "base": answer["base"], "body": one["body"], "hide": ["left_hand"], "amount": 1.0}
    assert np.allclose(blend(stage, told)["points"], one["points"], atol=0.01)
    assert from_document(document).pose.people[0].body == pose


# ── how good ──


def test_the_best_of_five_is_nearer_than_the_mean_hand(stage):
    """At small size: the ready poses that come with the studio, which the prior has not learned from."""
    examples = stage.examples
    both = np.concatenate([examples.body.reshape(len(examples), -1), examples.hands.reshape(len(examples), -1)], 1)
    poses = np.concatenate([both, np.zeros((len(both), 256 - both.shape[1]))], 1).astype(np.float32)
    n = len(poses)
    there = np.tile([True, True, True, False], (n, 1))
    nothing = np.zeros(n, np.int32)
    examples_set = PoseSet(
        "wholebody", poses, np.ones(n, np.float32), nothing, ("examples",), np.zeros(n, bool),
        np.zeros((n, 3), np.float32), nothing, np.ones(1, np.float32), there,
    )  # fmt: skip
    prior = stage.priors.prior("wholebody", "fused")
    found = hidden_hands(stage.body(), prior, examples_set, examples_set, 24)
    assert found.better > 10
