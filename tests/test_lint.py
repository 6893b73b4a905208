"""What looks off about a figure is found and can be set right; sound figures are left in peace."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.examples import Examples
from engine.fit import Fitter, camera_for
from engine.library import read_library
from engine.limits import Limits
from engine.lint import Linter
from engine.pose import Person
from engine.skeleton import ap10k17, coco17, hand21, openpose18

assets = Path(__file__).parent.parent / "assets"
library = {pose.id: pose for pose in read_library(assets / "library" / "poses.json")}
people = [pose for pose in library.values() if pose.kind == "person"]
sides = ("left", "right")
limbs = {
    "arms": ("shoulder", "elbow", "wrist", "hand_"), "legs": ("hip", "knee", "ankle", "big_toe", "small_toe", "heel"),
}  # fmt: skip


@pytest.fixture(scope="module")
def examples():
    return Examples.load(assets / "body" / "poses.npz")


@pytest.fixture(scope="module")
def linter(body, examples):
    return Linter(Fitter(body, examples, Limits.load(assets / "body" / "limits.npz")))


def kinds(linter: Linter, person: Person, camera) -> list[str]:
    return [issue.kind for issue in linter.issues(person, camera)]


def mixed_up(person: Person, *parts: str) -> Person:
    """Left and right of some parts exchanged."""
    order = np.arange(len(person.skeleton))
    for i, name in enumerate(person.skeleton.joints):
        side, _, rest = name.partition("_")
        if side in sides and rest.startswith(parts):
            order[i] = person.skeleton.swap[i]
    return replace(person, points=person.points[order], states=tuple(person.states[i] for i in order))


def bent(pose, joint: str, degrees: float):
    return pose.with_joint(joint, pose.joint(joint) + np.radians((degrees, 0, 0)))


# ── sound figures ──


@pytest.mark.parametrize("skeleton", [None, coco17, openpose18])
def test_sound_figures_are_left_in_peace(linter, skeleton):
    some = people[:: 3 if skeleton is None else 6]
    figures = [(one.person if skeleton is None else one.person.to(skeleton), camera_for(one.size)) for one in some]
    flagged = [kinds(linter, *figure) for figure in figures]
    assert sum(map(bool, flagged)) <= 0.05 * len(figures) + 1


@pytest.mark.parametrize("skeleton", [ap10k17, hand21])
def test_what_no_body_stands_for_is_not_judged(linter, skeleton):
    n = len(skeleton)
    figure = Person(skeleton, np.random.default_rng(0).uniform(0, 500, (n, 2)), np.ones(n))
    assert linter.issues(figure, camera_for((512, 512))) == ()


def test_too_few_joints_say_nothing(linter):
    drawn = library["walking"]
    few = replace(drawn.person, states=("visible",) + ("missing",) * 132)
    assert linter.issues(few, camera_for(drawn.size)) == ()


def test_the_same_figure_is_judged_the_same(linter):
    drawn, camera = library["running"], camera_for(library["running"].size)
    wrong = mixed_up(drawn.person, *limbs["arms"])
    assert linter.issues(wrong, camera) == linter.issues(wrong, camera) != ()


# ── faults ──


@pytest.mark.parametrize("limb", limbs)
@pytest.mark.parametrize("name", ["at-ease", "contrapposto", "waving", "phone"])
def test_exchanged_limbs_are_found_and_set_right(linter, limb, name):
    drawn, camera = library[name], camera_for(library[name].size)
    wrong = mixed_up(drawn.person, *limbs[limb])
    issue = linter.issues(wrong, camera)[0]
    assert issue.kind == "exchanged"
    assert limb[:-1] in issue.sentence or "forearm" in issue.sentence or "lower leg" in issue.sentence
    right = linter.mended(wrong, camera, issue)
    parts = [i for i, joint in enumerate(right.skeleton.joints) if joint in issue.joints]
    assert np.array_equal(right.points[parts], drawn.person.points[parts])
    assert kinds(linter, right, camera) == []


def test_a_face_on_a_back_is_found_and_hidden(linter):
    drawn, camera = library["back"], camera_for(library["back"].size)
    wrong = drawn.person
    for joint in ("nose", "left_eye", "right_eye"):
        wrong = wrong.with_state(joint, "visible")
    (issue,) = linter.issues(wrong, camera)
    assert issue.kind == "face_away"
    assert "behind" in issue.sentence
    assert linter.mended(wrong, camera, issue).states == drawn.person.states
    assert np.array_equal(linter.mended(wrong, camera, issue, "hide").points, wrong.points)


def test_a_missing_face_is_put_back(linter):
    drawn, camera = library["at-ease"], camera_for(library["at-ease"].size)
    wrong = drawn.person.to(coco17)
    for joint in ("nose", "left_eye", "right_eye"):
        wrong = wrong.with_state(joint, "missing")
    (issue,) = linter.issues(wrong, camera)
    assert issue.kind == "face_missing"
    right = linter.mended(wrong, camera, issue)
    assert right.sources[right.skeleton.index("nose")] == "prior"
    height = np.ptp(drawn.person.points[:, 1])
    assert np.linalg.norm(right["nose"] - drawn.person["nose"]) < 0.05 * height
    assert kinds(linter, right, camera) == []


@pytest.mark.parametrize(("a", "b"), [("shoulder", "elbow"), ("elbow", "wrist"), ("knee", "ankle")])
def test_a_bone_that_is_too_long_is_shortened(linter, a, b):
    drawn, camera = library["at-ease"], camera_for(library["at-ease"].size)
    person = drawn.person.to(coco17)
    by = 0.9 * (person[f"left_{b}"] - person[f"left_{a}"])
    below = ("left_elbow", "left_wrist") if b == "elbow" else (f"left_{b}",)
    wrong = person.shifted(by, below)
    issue = linter.issues(wrong, camera)[0]
    assert (issue.kind, issue.joints) == ("length", (f"left_{a}", f"left_{b}"))
    right = linter.mended(wrong, camera, issue)
    assert right.length(f"left_{a}", f"left_{b}") < 1.45 * person.length(f"left_{a}", f"left_{b}")
    assert kinds(linter, right, camera) == []


def test_long_limbs_on_both_sides_are_style(linter):
    drawn, camera = library["at-ease"], camera_for(library["at-ease"].size)
    person = drawn.person.to(coco17)
    for side in sides:
        by = 0.6 * (person[f"{side}_ankle"] - person[f"{side}_knee"])
        person = person.shifted(by, (f"{side}_ankle",))
    assert "length" not in kinds(linter, person, camera)


@pytest.mark.parametrize(("fault", "kind"), [("large", "hand_size"), ("away", "hand_off"), ("twice", "twice")])
def test_hands_that_are_off_are_set_right(linter, fault, kind):
    drawn, camera = library["at-ease"], camera_for(library["at-ease"].size)
    person = drawn.person
    left, right = (person.skeleton.group(f"{side}_hand") for side in sides)
    if fault == "large":
        wrong = person.scaled(2.4, person["left_wrist"], left)
    elif fault == "away":
        wrong = person.shifted((0.2 * np.ptp(person.points[:, 1]), 0), left)
    else:
        points = person.points.copy()
        points[person.skeleton.indices(left)] = points[person.skeleton.indices(right)]
        wrong = replace(person, points=points)
    issue = linter.issues(wrong, camera)[0]
    assert (issue.kind, issue.joints[0]) == (kind, "left_hand_root")
    assert kinds(linter, linter.mended(wrong, camera, issue), camera) == []


def test_a_joint_bent_too_far_is_eased_with_its_drawing(linter, body):
    drawn, camera = library["at-ease"], camera_for(library["at-ease"].size)
    pose = linter.fitter.fitted(drawn.person, camera).pose
    too_far = bent(pose, "left_knee", -60)
    person = replace(drawn.person, points=body.seen(too_far, camera, drawn.person.skeleton), body=too_far)
    issue = next(issue for issue in linter.issues(person, camera) if issue.kind == "limit")
    assert issue.joints == ("left_knee",)
    assert "left knee" in issue.sentence
    eased = linter.mended(person, camera, issue)
    assert not any(issue.same(other) for other in linter.issues(eased, camera))
    seen = body.seen(eased.body, camera, person.skeleton)
    ankle = person.skeleton.index("left_ankle")
    assert np.linalg.norm(eased.points[ankle] - seen[ankle]) < 3
    kept = [i for i, name in enumerate(person.skeleton.joints) if not name.startswith("left")]
    assert np.allclose(eased.points[kept], person.points[kept], atol=1e-6)


def test_a_body_that_cannot_follow_is_told(linter, body):
    drawn, camera = library["at-ease"], camera_for(library["at-ease"].size)
    pose = linter.fitter.fitted(drawn.person, camera).pose
    height = np.ptp(drawn.person.points[:, 1])
    points = body.seen(pose, camera, drawn.person.skeleton)
    wrong = replace(drawn.person, points=points, body=pose).shifted((0.13 * height, 0), ("left_ankle",))
    issue = next(issue for issue in linter.issues(wrong, camera) if issue.kind == "beyond")
    assert issue.joints == ("left_ankle",)
    right = linter.mended(wrong, camera, issue)
    assert np.linalg.norm(right["left_ankle"] - points[right.skeleton.index("left_ankle")]) < 0.02 * height


def test_all_is_set_right_at_once(linter):
    drawn, camera = library["at-ease"], camera_for(library["at-ease"].size)
    wrong = mixed_up(drawn.person, *limbs["arms"])
    wrong = wrong.scaled(2.4, wrong["left_wrist"], wrong.skeleton.group("left_hand"))
    assert len(linter.issues(wrong, camera)) > 1
    assert linter.issues(linter.mended_all(wrong, camera), camera) == ()
