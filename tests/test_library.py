"""The pose library: whole, valid, rebuilt to the letter, found by words; and the mannequins it is posed with."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from engine.library import read_library
from engine.mannequin import Arm, Figure, Hand, Leg, View, builds, hands, posed, posed_animal, see
from engine.mannequin.animal import Animal, breeds
from engine.skeleton import wholebody133
from scripts.make_library import library_text, recipes

path = Path(__file__).parent.parent / "assets" / "library" / "poses.json"
poses = read_library(path)
people = [recipe for recipe in recipes if isinstance(recipe.pose, Figure)]
limbs = (
    ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"), ("ankle", "heel"),
    ("hand_root", "hand_middle_1"), ("hand_index_1", "hand_index_2"), ("hand_thumb_3", "hand_thumb_4"),
)  # fmt: skip


def lengths(body, side):
    return np.array([np.linalg.norm(body[f"{side}_{a}"] - body[f"{side}_{b}"]) for a, b in limbs])


def test_enough_of_each_kind():
    count = {kind: sum(pose.kind == kind for pose in poses) for kind in ("person", "hand", "animal")}
    assert count["person"] >= 48
    assert count["hand"] >= 14
    assert count["animal"] >= 8


def test_ids_are_unique_and_titles_too():
    assert len({pose.id for pose in poses}) == len(poses) == len({pose.title for pose in poses})


def test_rebuilding_gives_the_committed_file():
    built, kept = (json.loads(text)["poses"] for text in (library_text(), path.read_text(encoding="utf-8")))
    for new, old in zip(built, kept, strict=True):
        # Another machine's sine may round the last digit the other way.
        assert np.allclose(new.pop("points"), old.pop("points"), atol=0.11)
        assert new == old


@pytest.mark.parametrize("pose", poses, ids=lambda pose: pose.id)
def test_pose_fits_its_tight_picture(pose):
    width, height = pose.size
    assert max(width, height) == pytest.approx(1000, abs=1)
    assert (pose.person.points >= 0).all()
    assert (pose.person.points <= (width - 1, height - 1)).all()
    assert "missing" not in pose.person.states
    assert pose.person.states.count("visible") > len(pose.person.states) / 6


@pytest.mark.parametrize("recipe", people, ids=lambda recipe: recipe.id)
def test_limbs_of_both_sides_are_as_long(recipe):
    body = posed(recipe.pose)
    assert np.allclose(lengths(body, "left"), lengths(body, "right"), atol=1e-9)


@pytest.mark.parametrize("recipe", people, ids=lambda recipe: recipe.id)
def test_knees_bend_backwards_and_feet_stay_on_their_side(recipe):
    body = posed(recipe.pose)
    for side in ("left", "right"):
        thigh, shin = body[f"{side}_knee"] - body[f"{side}_hip"], body[f"{side}_ankle"] - body[f"{side}_knee"]
        toes = body[f"{side}_ball"] - body[f"{side}_heel"]
        # The knee's fold brings the shin to the heel's side, never to the toes'.
        toes -= shin * (toes @ shin) / (shin @ shin)
        fold = shin / np.linalg.norm(shin) - thigh / np.linalg.norm(thigh)
        assert fold @ toes / np.linalg.norm(toes) < 0.35
        assert shin @ thigh / np.linalg.norm(shin) / np.linalg.norm(thigh) > -0.95
    hips = body.frames["hips"][:, 0]
    if recipe.pose.left_leg.stand and recipe.pose.right_leg.stand:
        assert (body["left_ankle"] - body["right_ankle"]) @ hips > -0.15


@pytest.mark.parametrize("recipe", people, ids=lambda recipe: recipe.id)
def test_planted_feet_share_the_floor(recipe):
    body = posed(recipe.pose)
    for side in ("left", "right"):
        leg = getattr(recipe.pose, f"{side}_leg")
        if leg.stand and not leg.up:
            lowest = min(body[f"{side}_{part}"][1] for part in ("ball", "heel", "big_toe"))
            assert abs(lowest - 0.012 * recipe.pose.build.legs) < 0.002


def test_unknown_version_is_refused(tmp_path):
    other = tmp_path / "poses.json"
    other.write_text('{"library": 2, "poses": []}')
    with pytest.raises(ValueError, match="version 1, got 2"):
        read_library(other)


def random_figure(rng):
    def some(kind, span, **fixed):
        free = [f.name for f in fields(kind) if f.type == "float" and f.name not in fixed]
        return kind(**{name: float(rng.uniform(-span, span)) for name in free}, **fixed)

    shapes = list(hands.values())
    arms = [replace(some(Arm, 80), hand=shapes[rng.integers(len(shapes))]) for _ in range(2)]
    return some(
        Figure, 50, left_arm=arms[0], right_arm=arms[1], left_leg=some(Leg, 70, up=0.0), right_leg=some(Leg, 70, up=0.0)
    )


@pytest.mark.parametrize("build", builds)
def test_bones_keep_their_length_in_any_pose(build):
    rng = np.random.default_rng(1)
    rest = lengths(posed(Figure(build=builds[build])), "left")
    for _ in range(20):
        body = posed(replace(random_figure(rng), build=builds[build]))
        assert np.allclose(lengths(body, "left"), rest)
        assert np.allclose(lengths(body, "right"), rest)


def test_mirrored_angles_give_the_mirrored_picture():
    rng = np.random.default_rng(2)
    figures = [random_figure(rng) for _ in range(8)] + [recipe.pose for recipe in people]
    for figure in figures:
        view = View(float(rng.uniform(-180, 180)), float(rng.uniform(-20, 30)))
        seen, mirrored = see(posed(figure), view), see(posed(figure.mirrored()), view.mirrored())
        assert seen.size == mirrored.size
        expected = seen.person.mirrored(seen.size[0])
        assert np.allclose(mirrored.person.points, expected.points, atol=1e-6)
        assert mirrored.person.states == expected.states


def test_the_back_hides_the_face_and_the_front_shows_it():
    body = posed(Figure())
    face = wholebody133.indices(wholebody133.group("face"))
    front, back = see(body, View(0)).person, see(body, View(180)).person
    assert all(front.states[i] == "visible" for i in face)
    assert all(back.states[i] == "hidden" for i in face)
    profile = see(body, View(90)).person
    assert profile.states[wholebody133.index("right_shoulder")] == "hidden"
    assert profile.states[wholebody133.index("left_eye")] == "visible"
    assert profile.states[wholebody133.index("right_ear")] == "hidden"


def test_a_reaching_hand_arrives():
    body = posed(Figure(left_arm=Arm(reach=("chest", 0.1, 0.05, 0.3))))
    goal = body["chest"] + body.frames["chest"] @ (0.1, 0.05, 0.3)
    assert np.allclose(body["left_wrist"], goal, atol=1e-6)
    with pytest.raises(ValueError, match="got 'moon'"):
        posed(Figure(left_arm=Arm(reach=("moon", 0, 0, 0))))


def test_a_foot_out_of_reach_is_refused():
    with pytest.raises(ValueError, match=r"within 0\.82 m"):
        posed(Figure(left_leg=Leg(stand=(2.0, 0.0))))


def test_a_straight_finger_is_as_long_as_its_bones():
    straight = Hand(index=(0, 0), spread=0).points()
    assert np.linalg.norm(straight[8] - straight[5]) == pytest.approx(0.092)


@pytest.mark.parametrize("breed", breeds)
def test_animals_stand_on_one_floor(breed):
    beast = posed_animal(Animal(breed))
    paws = [beast[f"{side}_{end}_paw"][1] for side in ("left", "right") for end in ("front", "back")]
    assert np.ptp(paws) < 0.02 * breeds[breed].trunk
