"""Proportions are read off a figure, kept as a profile, and given to another, which keeps its pose and its ground."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.examples import Examples
from engine.fit import Fitter, camera_for
from engine.library import read_library
from engine.limits import Limits
from engine.proportions import Profile, Proportions, from_json, parts, plain, to_json
from engine.skeleton import coco17, openpose25, wholebody133

assets = Path(__file__).parent.parent / "assets"
library = {pose.id: pose for pose in read_library(assets / "library" / "poses.json")}
arms = np.array([0.5 if part in ("upper_arms", "forearms") else 0.0 for part in parts])
long_armed = Profile("Ape", np.zeros(5), arms)


@pytest.fixture(scope="module")
def proportions(body):
    limits = Limits.load(assets / "body" / "limits.npz")
    return Proportions(Fitter(body, Examples.load(assets / "body" / "poses.npz"), limits))


@pytest.fixture(scope="module")
def examples():
    return Examples.load(assets / "body" / "poses.npz")


def posed(examples, name: str):
    """A ready pose on the floor, 2.4 m before a camera."""
    return examples.pose(name).moved((0, 0.95, 0)), camera_for((600, 800))


def arm(person) -> float:
    return person.length("left_shoulder", "left_elbow") + person.length("left_elbow", "left_wrist")


def leg(person) -> float:
    return person.length("left_hip", "left_knee") + person.length("left_knee", "left_ankle")


# ── as a file ──


def test_a_profile_comes_back_from_its_file():
    profile = Profile("Long Tom", np.array([0.5, -1, 0, 0.25, 0]), np.linspace(-0.2, 0.6, len(parts)))
    back = from_json(json.loads(json.dumps(to_json(profile))))
    assert back.name == "Long Tom"
    assert np.allclose(back.shape, profile.shape, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"contrapposto_profile": 9}, "expected version 1"),
        ({"betas": [0, 0]}, "betas"),
        ({"betas": [0, 0, 0, 0, float("nan")]}, "number 5"),
        ({"stretches": {"tail": 1}}, "tail"),
        ({"stretches": {"head": 100}}, "head"),
        ({"stretches": None}, "stretches"),
    ],
)
def test_a_broken_file_is_refused_in_a_sentence(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_json(to_json(plain) | change)


def test_a_profile_has_all_its_numbers():
    with pytest.raises(ValueError, match="5 finite betas"):
        Profile("", np.zeros(4), np.zeros(len(parts)))


# ── reading and giving ──


@pytest.mark.parametrize("skeleton", [wholebody133, coco17])
def test_long_arms_are_read_off_a_drawing(proportions, examples, skeleton):
    pose, camera = posed(examples, "at-ease")
    drawn = proportions.drawn(pose, camera, long_armed, skeleton)
    found = proportions.read(drawn, camera, "Ape")
    stretch = dict(zip(parts, found.stretches, strict=True))
    assert found.name == "Ape"
    legs = stretch["thighs"] + stretch["shins"]  # how large a figure is and how far away, a drawing does not tell
    assert stretch["upper_arms"] + stretch["forearms"] > 0.45 + max(legs, 0)
    assert abs(legs) < 0.3


def test_what_is_read_is_what_is_drawn_again(proportions, examples):
    pose, camera = posed(examples, "at-ease")
    drawn = proportions.drawn(pose, camera, long_armed, coco17)
    other = proportions.drawn(pose, camera, plain, coco17)
    again = proportions.given(other, camera, proportions.read(drawn, camera))
    height = np.ptp(drawn.points[:, 1])
    assert arm(again) / leg(again) == pytest.approx(arm(drawn) / leg(drawn), rel=0.15)
    assert np.linalg.norm(again.points - drawn.points, axis=1).mean() < 0.08 * height


@pytest.mark.parametrize("name", ["at-ease", "running", "phone"])
def test_a_figure_takes_proportions_and_gives_them_back(proportions, name):
    drawn, camera = library[name], camera_for(library[name].size)
    given = proportions.given(drawn.person, camera, long_armed)
    back = proportions.given(given, camera, plain)
    height = np.ptp(drawn.person.points, axis=0).max()
    assert arm(given) > 1.25 * arm(drawn.person)
    assert leg(given) == pytest.approx(leg(drawn.person), rel=0.12)
    assert given.states == drawn.person.states
    assert arm(back) == pytest.approx(arm(drawn.person), rel=0.15)
    assert np.linalg.norm(back.points - drawn.person.points, axis=1).mean() < 0.12 * height


def test_the_ground_stays_the_ground(proportions, examples):
    pose, camera = posed(examples, "at-ease")
    legs = Profile("Crane", np.zeros(5), np.array([0.6 if part in ("thighs", "shins") else 0.0 for part in parts]))
    drawn = proportions.drawn(pose, camera, plain)
    given = proportions.given(replace(drawn, body=pose), camera, legs)
    soles = drawn.skeleton.indices([f"{s}_{part}" for s in ("left", "right") for part in ("heel", "big_toe")])
    height = np.ptp(drawn.points[:, 1])
    assert abs(given.points[soles, 1].max() - drawn.points[soles, 1].max()) < 0.02 * height
    assert leg(given) > 1.4 * leg(drawn)


def test_the_body_takes_the_betas_and_keeps_its_pose(proportions, examples):
    pose, camera = posed(examples, "walking")
    drawn = replace(proportions.drawn(pose, camera, plain), body=pose)
    given = proportions.given(drawn, camera, Profile("Big", np.array([1.5, 0, 0, 0, 0]), np.zeros(len(parts))))
    assert given.body.betas[0] == 1.5
    assert np.abs(given.body.axis_angles - pose.axis_angles)[1:22].max() < 0.2
    assert np.array_equal(given.body.hands, pose.hands)


def test_a_neck_follows_the_shoulders(proportions, examples):
    pose, camera = posed(examples, "at-ease")
    drawn = proportions.drawn(pose, camera, plain, openpose25)
    given = proportions.given(drawn, camera, Profile("", np.zeros(5), np.array([0.4] * 2 + [0.0] * 7)))
    middle = (given["left_shoulder"] + given["right_shoulder"]) / 2
    assert np.linalg.norm(given["neck"] - middle) < 1e-6


def test_too_few_joints_are_named(proportions):
    drawn = library["at-ease"]
    few = replace(drawn.person, states=("visible",) + ("missing",) * 132)
    with pytest.raises(ValueError, match="missing: left shoulder"):
        proportions.read(few, camera_for(drawn.size))
