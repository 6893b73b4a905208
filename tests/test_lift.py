"""Lifting a drawn figure: the body stands as it was, the same request finds the same, what cannot be is said."""

from dataclasses import replace

import numpy as np
import pytest

from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.fit import camera_for
from engine.initialiser import load_net, save_net
from engine.lift import LiftRequest
from engine.lift_steps import different, set_down
from engine.networks.lift import LiftNet, LiftSize
from engine.pose import Person, Pose2D
from engine.progress import Cancelled
from engine.rig import axis_angles, matrices
from engine.skeleton import Skeleton, coco17, openpose25, wholebody133
from engine.stage import Stage
from engine.tensor_shapes import WrongWeights

size = (600, 800)


@pytest.fixture(scope="module")
def stage():
    return Stage()


@pytest.fixture(scope="module")
def lifter(stage):
    return stage.lifter()


def seen(stage: Stage, pose: BodyPose, camera: Camera, skeleton: Skeleton = wholebody133, noise: float = 0.0) -> Person:
    """A body as a camera sees it, each point `noise` px off."""
    points = stage.body().seen(pose, camera, skeleton)
    points = points + np.random.default_rng(0).normal(0, 1, points.shape) * noise
    return Person(skeleton, points, np.ones(len(skeleton)), sources=("artist",) * len(skeleton))


def walking(stage: Stage) -> BodyPose:
    return replace(stage.examples.pose("walking"), translation=np.array((0.0, 0.95, 0.0)))


def off(stage: Stage, one: BodyPose, other: BodyPose) -> float:
    """Mean distance of the body's joints about the pelvis, metres."""
    a, b = (stage.joints(pose)[:22] for pose in (one, other))
    return float(np.linalg.norm((a - a[0]) - (b - b[0]), axis=1).mean())


# ── what is found ──


@pytest.mark.parametrize("skeleton", [wholebody133, coco17, openpose25], ids=lambda skeleton: skeleton.name)
def test_a_body_is_found_from_its_picture(stage, lifter, skeleton):
    camera = camera_for(size)
    true = walking(stage)
    person = seen(stage, true, camera, skeleton, noise=2.0)
    found = lifter.lifted(person, camera, LiftRequest(hypotheses=4))
    assert off(stage, found.best.pose, true) < 0.09
    box = person.box()
    assert found.best.error < 0.015 * max(box.width, box.height)


def test_hands_that_are_drawn_are_found(stage, lifter):
    fist = np.zeros((2, 15, 3))
    fist[:, :12, 2] = np.array([[-1.2], [1.2]])
    true = replace(walking(stage), hands=fist)
    camera = Camera.looking_at(np.array((0.0, 0.95, 0)), np.array((0.6, 1.0, 2.6)), size, 900)
    found = lifter.lifted(seen(stage, true, camera), camera, LiftRequest(hypotheses=2)).best.pose
    curls = np.linalg.norm(found.hands[:, :12], axis=-1).mean(1)
    assert (curls > 0.7).all(), "four fingers of each hand are bent"


def test_a_figure_that_is_cut_off_gets_the_rest_by_likelihood(stage, lifter):
    camera = camera_for(size)
    person = seen(stage, walking(stage), camera, coco17)
    for joint in ("left_knee", "right_knee", "left_ankle", "right_ankle"):
        person = person.with_state(joint, "missing")
    found = lifter.lifted(person, camera, LiftRequest(hypotheses=3))
    assert found.note == "Guessed, for want of joints: the left leg and the right leg."
    knees = np.array([reading.pose.joint("left_knee") for reading in found.readings])
    assert (np.linalg.norm(knees, axis=1) < 2.4).all()


def test_readings_differ_and_the_best_comes_first(stage, lifter):
    camera = camera_for(size)
    found = lifter.lifted(seen(stage, walking(stage), camera, coco17, 3.0), camera, LiftRequest(hypotheses=6))
    turns = np.stack([matrices(reading.pose.axis_angles) for reading in found.readings])
    apart = [np.abs(a - b).max() for i, a in enumerate(turns) for b in turns[:i]]
    assert len(found.readings) >= 3
    assert min(apart) > 0.05
    assert found.best is found.readings[0]


@pytest.mark.slow
def test_equal_requests_find_equal_bodies(stage, lifter):
    camera = camera_for(size)
    person = seen(stage, walking(stage), camera, coco17, 3.0)
    one, two, other = (
        lifter.lifted(person, camera, LiftRequest(hypotheses=3, seed=seed)).readings for seed in (3, 3, 4)
    )
    assert [reading.pose for reading in one] == [reading.pose for reading in two]
    assert [reading.pose for reading in one] != [reading.pose for reading in other]


@pytest.mark.slow
def test_a_prior_keeps_bodies_natural(stage, lifter):
    camera = camera_for(size)
    person = seen(stage, walking(stage), camera, coco17, 9.0)
    free, held = (lifter.lifted(person, camera, LiftRequest(4, naturalness=n)).best for n in (0.0, 1.0))
    assert held.unnatural < 0.8 * free.unnatural


# ── along with a drag ──


@pytest.mark.slow
def test_the_body_follows_a_dragged_wrist(stage, lifter):
    camera = camera_for(size)
    person = seen(stage, walking(stage), camera, coco17)
    start = lifter.lifted(person, camera, LiftRequest(hypotheses=2)).best.pose
    moved = person.moved("left_wrist", person["left_wrist"] + (25.0, -30.0))
    found = lifter.followed(moved, camera, start)
    before, after = (
        stage.body().seen(pose, camera, coco17)[coco17.index("left_wrist")] for pose in (start, found.pose)
    )
    assert np.linalg.norm(after - moved["left_wrist"]) < 0.5 * np.linalg.norm(before - moved["left_wrist"])
    feet = [stage.joints(pose)[[7, 8]] for pose in (start, found.pose)]
    assert np.abs(feet[0] - feet[1]).max() < 0.03, "what was not dragged stays"


def test_a_figure_drawn_anew_is_lifted_anew(stage, lifter):
    camera = camera_for(size)
    other = replace(stage.examples.pose("sitting"), translation=np.array((0.0, 0.9, 0.0)))
    found = lifter.followed(seen(stage, other, camera), camera, walking(stage))
    assert off(stage, found.pose, other) < 0.15


# ── the camera ──


def test_a_camera_that_looks_down_is_seen_in_the_figure(stage, lifter):
    middle = np.array((0.0, 0.9, 0.0))
    camera = Camera.looking_at(middle, middle + 2.6 * np.array((0.2, 0.64, 0.74)), size, 960)
    found = lifter.camera(Pose2D(size, (seen(stage, walking(stage), camera),)))
    down = np.degrees(np.arcsin(-found.T_camera_world[2, 1]))
    assert 20 < down < 60
    assert abs(found.T_camera_world[0, 1]) < 1e-9, "never rolled"
    assert lifter.camera(Pose2D(size, ())) == camera_for(size)


def test_bodies_are_set_down_where_they_are_seen(stage, lifter):
    camera = camera_for(size)
    pose = walking(stage)
    rig = lifter.fitter.rig.chosen(coco17.joints)
    found = set_down(
        rig, matrices(pose.axis_angles)[None], np.zeros((1, rig.betas)),
        stage.body().seen(pose, camera, coco17), np.ones(17), camera,
    )  # fmt: skip
    assert np.abs(found.translation[0] - pose.translation).max() < 0.02


# ── what cannot be ──


def test_too_few_joints_are_named(stage, lifter):
    person = seen(stage, walking(stage), camera_for(size), coco17)
    for joint in coco17.joints[5:]:
        person = person.with_state(joint, "missing")
    with pytest.raises(ValueError, match="missing: left shoulder, right shoulder, left hip, right hip"):
        lifter.lifted(person, camera_for(size))


def test_joints_on_one_line_are_refused(stage, lifter):
    person = seen(stage, walking(stage), camera_for(size), coco17)
    person = replace(person, points=np.stack([np.full(17, 300.0), person.points[:, 1]], 1))
    with pytest.raises(ValueError, match="on one line"):
        lifter.lifted(person, camera_for(size))


def test_two_people_in_one_are_refused(stage, lifter):
    camera = camera_for(size)
    person = seen(stage, walking(stage), camera, coco17)
    points = person.points.copy()
    points[coco17.indices(["left_elbow", "left_wrist", "left_knee", "left_ankle", "left_hip"])] += (-1400.0, 300.0)
    with pytest.raises(ValueError, match="one body"):
        lifter.lifted(replace(person, points=points), camera)


@pytest.mark.parametrize(("words", "said"), [
    ({"hypotheses": 0}, "1 … 50 readings"), ({"hypotheses": 51}, "1 … 50 readings"),
    ({"naturalness": -1.0}, "naturalness"),
    ({"naturalness": float("nan")}, "naturalness"),
])  # fmt: skip
def test_a_request_makes_sense(words, said):
    with pytest.raises(ValueError, match=said):
        LiftRequest(**words)


def test_a_cancelled_lift_ends_within_a_step(stage, lifter):
    heard = []

    def stop(share: float, text: str) -> None:
        heard.append(share)
        if len(heard) == 3:
            raise Cancelled

    camera = camera_for(size)
    with pytest.raises(Cancelled):
        lifter.lifted(seen(stage, walking(stage), camera, coco17), camera, progress=stop)
    assert len(heard) == 3


# ── its pieces ──


def test_twins_are_left_out(stage, lifter):
    camera = camera_for(size)
    first = lifter.guessed(_target(stage, camera), camera, 2)
    twice = first.chosen([0, 0, 1, 0])
    nudged = twice._replace(turns=twice.turns.copy())
    nudged.turns[3, 16] = nudged.turns[3, 16] @ matrices(np.array((0.3, 0, 0)))
    assert different(nudged, 0.15)[0] == 0
    assert 1 not in different(nudged, 0.15)
    assert 3 in different(nudged, 0.15)


def _target(stage: Stage, camera: Camera):
    from engine.fit_points import target_of

    return target_of(seen(stage, walking(stage), camera))


def test_left_hands_are_read_as_right_ones_in_a_mirror(stage, lifter):
    camera = camera_for((801, 801))
    hand = np.random.default_rng(1).normal(0, 60, (21, 2)) + 400
    arm = np.array(((300.0, 420.0), (380.0, 410.0)))
    here, there = np.ones(21, dtype=bool), np.ones(2, dtype=bool)
    right = lifter.initialiser.hands("right", hand, here, arm, there, camera)
    flip = np.array((-1.0, 1.0))
    about = np.array(camera.center)
    left = lifter.initialiser.hands(
        "left", about + flip * (hand - about), here, about + flip * (arm - about), there, camera
    )
    reflected = axis_angles(left.fingers) * (1, -1, -1)
    assert np.allclose(matrices(reflected), right.fingers, atol=1e-5)


def test_a_networks_file_is_read_strictly(tmp_path):
    net = LiftNet(LiftSize(10, 3, 2, guesses=2, width=8, blocks=1))
    path = tmp_path / "net.safetensors"
    save_net(net, path, "body", {})
    again = load_net(path, "body")
    assert again.size == net.size
    with pytest.raises(WrongWeights, match="of a hand, got one of a body"):
        load_net(path, "hand")
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(WrongWeights, match="expected"):
        load_net(path, "body")
    with pytest.raises(WrongWeights, match="got none"):
        load_net(tmp_path / "other.safetensors", "body")
