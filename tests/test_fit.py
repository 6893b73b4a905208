"""A body laid on a drawn figure: it stands where that is drawn, as deep as it was, and says what it cannot know."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from engine.body import Body
from engine.body_pose import BodyPose
from engine.examples import Examples
from engine.fit import Fitter, camera_for, fitted
from engine.library import read_library
from engine.limits import Limits
from engine.pose import Person
from engine.rig import matrices
from engine.skeleton import coco17, openpose18, openpose25, skeleton, smplx55, wholebody133

assets = Path(__file__).parent.parent / "assets"
library = {pose.id: pose for pose in read_library(assets / "library" / "poses.json") if pose.kind == "person"}
limbs = [f"{s}_{joint}" for s in ("left", "right") for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")]


@pytest.fixture(scope="module")
def body():
    return Body.load(assets / "body" / "contrapposto_neutral.npz")


@pytest.fixture(scope="module")
def examples():
    return Examples.load(assets / "body" / "poses.npz")


@pytest.fixture(scope="module")
def limits():
    return Limits.load(assets / "body" / "limits.npz")


@pytest.fixture(scope="module")
def fitter(body, examples, limits):
    return Fitter(body, examples, limits)


def places(body: Body, pose: BodyPose) -> np.ndarray:
    """The limbs' joints (12, 3), metres."""
    return body.joints(body.poses(pose))[0].double().numpy()[smplx55.indices(limbs)]


def aligned(points: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Points (N, 3) turned and carried onto others as near as can be (Kabsch 1976)."""
    a, b = points - points.mean(0), to - to.mean(0)
    u, _, v = np.linalg.svd(a.T @ b)
    flip = np.diag((1.0, 1.0, np.linalg.det(u @ v)))
    return a @ u @ flip @ v + to.mean(0)


def apart(body: Body, one: BodyPose, other: BodyPose) -> float:
    """Mean distance of the limbs' joints, metres, wherever the two stand and face."""
    a, b = places(body, one), places(body, other)
    return float(np.linalg.norm(aligned(a, b) - b, axis=1).mean())


def box(person: Person) -> float:
    return float(np.ptp(person.points[person.present], axis=0).max())


def without(person: Person, *parts: str) -> Person:
    """The person with all joints missing whose names hold one of the parts."""
    gone = [any(part in joint for part in parts) for joint in person.skeleton.joints]
    return replace(person, states=tuple("missing" if g else s for g, s in zip(gone, person.states, strict=True)))


@pytest.mark.parametrize("name", ["contrapposto", "running-at-us", "phone", "climbing", "cross-legged", "back"])
def test_a_library_pose_finds_its_depth(body, fitter, examples, name):
    drawn = library[name]
    camera = camera_for(drawn.size)
    found = fitter.fitted(drawn.person, camera)
    assert found.error < 0.02 * box(drawn.person)
    assert apart(body, found.pose, examples.pose(name)) < 0.06
    seen = body.seen(found.pose, camera, drawn.person.skeleton)
    where = drawn.person.skeleton.indices(limbs)
    assert np.linalg.norm(seen - drawn.person.points, axis=1)[where].mean() < 0.02 * box(drawn.person)
    assert found.note == ""


def test_it_finds_a_pose_that_it_has_no_example_of(body, fitter, examples, limits):
    drawn = library["waving"]
    blind = Fitter(body, examples.without("waving"), limits)
    found = blind.fitted(drawn.person, camera_for(drawn.size))
    assert found.error < 0.02 * box(drawn.person)
    assert apart(body, found.pose, examples.pose("waving")) < 0.08


@pytest.mark.parametrize("kind", [coco17, openpose18, openpose25, wholebody133, skeleton("crowdpose14")])
def test_every_human_skeleton_will_do(body, fitter, examples, kind):
    drawn = library["walking"]
    found = fitter.fitted(drawn.person.to(kind), camera_for(drawn.size))
    assert found.error < 0.02 * box(drawn.person)
    assert apart(body, found.pose, examples.pose("walking")) < 0.08


@pytest.mark.parametrize(("name", "away"), [("at-ease", False), ("back", True), ("walking-away", True)])
def test_left_is_the_persons_left(body, fitter, name, away):
    """Seen from behind, the left hand is on the left of the picture, and the face is turned away."""
    drawn = library[name]
    found = fitter.fitted(drawn.person.to(coco17), camera_for(drawn.size))
    joints = dict(zip(limbs, places(body, found.pose), strict=True))
    forward = matrices(found.pose.root) @ (0, 0, 1)
    assert (joints["left_shoulder"][0] < joints["right_shoulder"][0]) == away
    assert (forward[2] < 0) == away


def test_hands_are_posed_where_they_are_drawn(body, fitter):
    drawn = library["pointing"]
    found = fitter.fitted(drawn.person, camera_for(drawn.size))
    index, middle = (
        np.linalg.norm(found.pose.hands[0, first : first + 3], axis=1).sum()
        for first in (0, 3)  # SMPL-X counts the index finger first
    )
    assert index < 0.5 * middle, "the left index finger points, the others are shut"


def test_an_open_mouth_opens_the_jaw(fitter):
    calm, loud = (
        fitter.fitted(library[name].person, camera_for(library[name].size)).pose.jaw[0] for name in ("hero", "jumping")
    )
    assert calm < 0.1 < loud


def test_what_is_cut_off_is_guessed_and_said(fitter):
    drawn = library["violin"]
    found = fitter.fitted(without(drawn.person, "knee", "ankle", "toe", "heel", "hip"), camera_for(drawn.size))
    assert found.note == "Guessed, for want of joints: the left leg and the right leg."
    assert np.isfinite(found.pose.axis_angles).all()
    assert found.error < 0.02 * box(drawn.person)


def test_hidden_joints_count_less(fitter):
    """A joint put far off bends the body less when it is called hidden."""
    drawn = library["at-ease"]
    person = drawn.person.to(coco17).moved("left_wrist", drawn.person["left_wrist"] + (120, -60))
    camera = camera_for(drawn.size)

    def pulled(state: Literal["visible", "hidden"]) -> float:
        states = list(person.states)
        states[coco17.index("left_wrist")] = state
        found = fitter.fitted(replace(person, states=tuple(states)), camera).pose
        return float(np.linalg.norm(fitter.rig.chosen(["left_wrist"]).placed(
            matrices(found.axis_angles)[None], found.betas[None, : fitter.rig.betas], found.translation[None]
        ).points[0, 0, :2] - camera_at(camera, person["left_wrist"], found)))  # fmt: skip

    assert pulled("visible") < pulled("hidden")


def camera_at(camera, pixel: np.ndarray, pose: BodyPose) -> np.ndarray:
    """The place (2,) in the world's x and y that a level camera sees at a pixel, as deep as the body."""
    eye = -camera.T_camera_world[:3, :3].T @ camera.T_camera_world[:3, 3]
    depth = eye[2] - pose.translation[2]
    x, y = (pixel - camera.center) * depth / camera.focal
    return np.array((eye[0] + x, eye[1] - y))


def test_a_figure_of_odd_proportions_gets_a_body_all_the_same(fitter):
    """Short legs and a large head: the body keeps its own and stands nearly upright."""
    drawn = library["at-ease"]
    person = drawn.person.to(coco17)
    hips = (person["left_hip"] + person["right_hip"]) / 2
    neck = (person["left_shoulder"] + person["right_shoulder"]) / 2
    person = person.scaled((1.0, 0.75), hips, [f"{s}_{j}" for s in ("left", "right") for j in ("knee", "ankle")])
    person = person.scaled(1.4, neck, ["nose", "left_eye", "right_eye", "left_ear", "right_ear"])
    found = fitter.fitted(person, camera_for(drawn.size)).pose
    assert (matrices(found.root) @ (0, 1, 0))[1] > 0.8
    assert np.abs(found.betas).max() < 4


# ── the present body ──


def test_the_same_drawing_leaves_the_body_nearly_as_it_is(body, fitter):
    drawn = library["sword"]
    camera = camera_for(drawn.size)
    first = fitter.fitted(drawn.person, camera).pose
    again = fitter.fitted(drawn.person, camera, first).pose
    assert np.linalg.norm(places(body, again) - places(body, first), axis=1).max() < 0.03


def test_a_small_change_of_the_drawing_is_a_small_change_of_the_body(body, fitter):
    drawn = library["contrapposto"]
    person, camera = drawn.person.to(coco17), camera_for(drawn.size)
    first = fitter.fitted(person, camera).pose
    moved = fitter.fitted(person.shifted((20, -15), ["right_wrist"]), camera, first).pose
    way = dict(zip(limbs, np.linalg.norm(places(body, moved) - places(body, first), axis=1), strict=True))
    assert way.pop("right_wrist") > 0.02
    way.pop("right_elbow")
    assert max(way.values()) < 0.03


def test_a_figure_moved_and_grown_as_a_whole_comes_nearer(body, fitter):
    drawn = library["contrapposto"]
    person, camera = drawn.person.to(coco17), camera_for(drawn.size)
    first = fitter.fitted(person, camera).pose
    grown = fitter.fitted(person.scaled(1.5, (100.0, 100.0)), camera, first).pose
    depth = [camera.in_camera(pose.translation)[2] for pose in (first, grown)]
    assert depth[1] == pytest.approx(depth[0] / 1.5, rel=0.05)
    assert apart(body, first, grown) < 0.03


def test_a_start_that_no_longer_fits_is_left(body, fitter, examples):
    drawn, other = library["sitting"], library["jumping"]
    start = fitter.fitted(other.person, camera_for(other.size)).pose
    found = fitter.fitted(drawn.person, camera_for(drawn.size), start)
    assert found.error < 0.02 * box(drawn.person)
    assert apart(body, found.pose, examples.pose("sitting")) < 0.08


def test_what_a_fit_does_not_know_stays(fitter):
    drawn = library["at-ease"]
    camera = camera_for(drawn.size)
    start = fitter.fitted(drawn.person, camera).pose
    start = replace(start, expression=np.arange(10) / 10, face_units=np.full(44, 0.25))
    found = fitter.fitted(drawn.person, camera, start).pose
    assert (found.expression == start.expression).all()
    assert (found.face_units == start.face_units).all()


def test_the_same_answer_every_time(body, examples, limits, fitter):
    drawn = library["hip-hop"]
    one = fitter.fitted(drawn.person, camera_for(drawn.size))
    other = fitted(body, drawn.person, camera_for(drawn.size), examples=examples, limits=limits)
    assert one.pose == other.pose
    assert one.error == other.error


def test_without_examples_and_limits_somebody_stands(body):
    drawn = library["at-ease"]
    found = fitted(body, drawn.person.to(coco17), camera_for(drawn.size))
    assert found.error < 0.02 * box(drawn.person)


def test_a_whole_picture(fitter):
    drawn = library["at-ease"]
    far = drawn.person.scaled(0.5, (0.0, 0.0))
    near, away = fitter.fits([drawn.person, far], camera_for(drawn.size))
    assert away.pose.translation[2] < near.pose.translation[2] - 1


# ── what cannot be fitted ──


def test_too_few_joints_are_named(fitter):
    drawn = library["at-ease"]
    camera = camera_for(drawn.size)
    with pytest.raises(ValueError, match=r"missing: left shoulder, right shoulder, left hip, right hip"):
        fitter.fitted(without(drawn.person, "shoulder", "hip"), camera)
    with pytest.raises(ValueError, match=r"elbows, wrists, knees and ankles.*missing: left elbow"):
        fitter.fitted(without(drawn.person, "elbow", "wrist", "knee", "left_ankle"), camera)


def test_joints_on_one_line_are_refused(fitter):
    drawn = library["at-ease"]
    flat = replace(drawn.person, points=drawn.person.points * (1, 0) + (0, 50))
    with pytest.raises(ValueError, match="one line"):
        fitter.fitted(flat, camera_for(drawn.size))
    spot = replace(drawn.person, points=np.full((133, 2), 7.0))
    with pytest.raises(ValueError, match="one spot"):
        fitter.fitted(spot, camera_for(drawn.size))


def test_animals_and_lone_hands_are_refused(fitter):
    for name in ("ap10k17", "hand21"):
        kind = skeleton(name)
        person = Person(kind, np.random.default_rng(0).normal(size=(len(kind), 2)), np.ones(len(kind)))
        with pytest.raises(ValueError, match="expected a person"):
            fitter.fitted(person, camera_for((100, 100)))


def test_the_drawings_camera_is_level():
    camera = camera_for((600, 900))
    assert camera.focal == 1.2 * 900
    assert camera.T_camera_world[1, 1] == pytest.approx(-1)
    assert camera.project(np.array((0.0, 1.7, 0.0)))[1] < camera.project(np.array((0.0, 0.1, 0.0)))[1]
    assert camera.project(np.array((0.5, 1.0, 0.0)))[0] > camera.center[0], "the left of who faces us is on the right"
