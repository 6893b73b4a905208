"""Bodies, hands and whole bodies recovered from keypoints of figures that are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from known_prior import known_prior

from engine.body import Poses
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.pose import Person
from engine.rig import matrices
from engine.skeleton import coco17, hand21, openpose25, smplx55
from engine.tasks import hand_recovery, recovery, whole_recovery
from engine.tasks.figures import Figure, HandPoints, seen_points
from engine.tasks.guides import NoGuide
from engine.tasks.hand_recovery import recovered_hands
from engine.tasks.recovery import recovered
from engine.tasks.recovery_terms import Bending, Keypoints, Lens, camera_of, in_level, in_world, robust
from engine.tasks.whole_recovery import recovered_whole

camera = camera_of((700, 1000))


def quicker(settings, steps):
    """The same search in fewer and longer steps."""
    stages = (replace(stage, steps=steps, rates=tuple(2 * rate for rate in stage.rates)) for stage in settings.stages)
    return replace(settings, stages=tuple(stages))


body_settings = quicker(recovery.published, 40)


def figure(yaw=0.0, **more):
    """A woman who waves, in front of the camera."""
    pose = BodyPose(root=(0, yaw, 0), betas=(-0.5, 0.5), translation=(0.1, 0, -3), **more)
    pose = pose.with_joint("left_shoulder", (0, 0, -1.1)).with_joint("right_shoulder", (0, 0.3, -0.3))
    return pose.with_joint("right_elbow", (0, 1.2, 0)).with_joint("left_knee", (0.5, 0, 0))


def seen(body, poses, names=openpose25.joints, cameras=None):
    """What ideal detections of the bodies would be."""
    cameras = cameras or (camera,) * len(poses)
    points = body.points(Poses.of(poses), body.chosen(seen_points(names)))
    places = [cam.project(own.double().numpy()) for cam, own in zip(cameras, points, strict=True)]
    return Keypoints(names, torch.from_numpy(np.stack(places)), torch.full((len(poses), len(names)), 0.9), cameras)


def apart(body, poses, others):
    """Mean distance (B,) of the body's joints, mm, pelvis on pelvis."""
    one, other = (body.joints(Poses.of(some))[:, :22] for some in (poses, others))
    return ((one - one[:, :1]) - (other - other[:, :1])).norm(dim=-1).mean(1) * 1000


def cautious(scale=0.4, part="body"):
    return recovery.published.guide(known_prior(torch.eye(256 if part == "wholebody" else 63), part, scale))


# ── the camera ──


def tilted():
    return Camera.looking_at(np.array((0.0, 1.0, 0.0)), np.array((1.0, 2.0, 3.0)), (700, 1000), 900.0)


def test_the_level_frame_sees_what_the_camera_sees(body):
    pose = figure(0.7)
    there = in_world(body, pose, tilted())
    back = in_level(body, there, tilted())
    assert np.abs(back.translation - pose.translation).max() < 1e-6
    assert np.abs(matrices(back.root) - matrices(pose.root)).max() < 1e-9
    level = Lens.of([tilted()])(body.joints(Poses.of([pose])))[0]
    world = tilted().project(body.joints(Poses.of([there]))[0].double().numpy())
    assert np.abs(level.numpy() - world).max() < 1e-2


def test_the_lens_undoes_itself():
    lens = Lens.of([camera, tilted()])
    pixels, depth = torch.tensor([[100.0, 200.0], [300.0, 900.0]]), torch.tensor([2.0, 5.0])
    assert torch.allclose(lens(lens.placed(pixels, depth)[:, None])[:, 0], pixels, atol=1e-3)


def test_the_camera_of_an_unknown_picture():
    assert camera.focal == pytest.approx(np.hypot(700, 1000))
    assert camera.project(np.array([0.0, 1.0, -2.0]))[1] < camera.center[1]  # up in the world, up in the picture


# ── terms ──


def test_far_keypoints_pull_less():
    assert robust(torch.tensor([0.0, 1.0, 1e8]), 100.0).tolist() == pytest.approx([0, 1, 1e4], rel=1e-3)


def test_joints_that_bend_the_wrong_way_cost():
    turns = torch.zeros(3, 22, 3)
    for name, axis, right in (("left_elbow", 1, -1), ("right_elbow", 1, 1), ("left_knee", 0, 1), ("right_knee", 0, 1)):
        turns[1, smplx55.index(name), axis] = right
        turns[2, smplx55.index(name), axis] = -right
    cost = Bending(smplx55.joints[1:22])(turns[:, 1:].flatten(1))
    assert cost.tolist() == pytest.approx([4, 4 * np.exp(-2), 4 * np.exp(2)], rel=1e-5)


def test_keypoints_of_a_figure():
    person = Person(coco17, np.arange(34.0).reshape(17, 2), np.full(17, 0.5))
    found = Keypoints.of([person], [camera])
    assert found.names == openpose25.joints
    hips = coco17.indices(("left_hip", "right_hip"))
    row = openpose25.index("mid_hip")
    assert found.places[0, row].tolist() == person.points[hips].mean(0).tolist()
    assert float(found.trust[0, row]) == 0.25  # the product of both
    assert float(found.trust[0, openpose25.index("left_heel")]) == 0  # COCO has none


# ── bodies ──


def test_published_numbers():
    stages = recovery.published.stages
    assert [(s.prior, s.shape, s.bend) for s in stages] == [
        (50, 50, 150), (20, 20, 50), (10, 10, 30), (5, 5, 15), (2, 2, 5),
    ]  # fmt: skip
    assert [s.hands for s in whole_recovery.published.stages] == [0, 0, 0, 0.2, 0.5]
    assert [s.prior for s in hand_recovery.published.stages] == [30, 10, 10, 5, 5]
    assert recovery.published.total == 500
    assert len(whole_recovery.names) == 135


def test_bodies_are_recovered(body):
    truth = [figure(), figure(0.5, hands=np.full((2, 15, 3), 0.2))]
    found = recovered(body, seen(body, truth), cautious(), body_settings)
    assert found.error.max() < 4
    assert apart(body, found.poses, truth).max() < 90
    again = Lens.of(found.cameras)(body.joints(Poses.of(found.poses))) - Lens.of(found.cameras)(
        body.joints(Poses.of(truth))
    )
    assert again[:, :22].norm(dim=-1).mean() < 12


def test_a_start_is_kept_where_it_fits(body):
    """A body of a tilted camera's world, fitted to itself: what the keypoints do not show stays as it was."""
    start = in_world(body, figure(0.4, hands=np.full((2, 15, 3), 0.3)), tilted())
    keypoints = seen(body, [start], cameras=(tilted(),))
    settings = quicker(replace(body_settings, stages=recovery.published.stages[-1:]), 10)
    found = recovered(body, keypoints, NoGuide(), settings, start=[start])
    assert found.error[0] < 6
    assert apart(body, found.poses, [start])[0] < 30
    assert np.array_equal(found.poses[0].hands, start.hands)
    assert np.linalg.norm(found.poses[0].translation - start.translation) < 0.1


def test_figures_from_behind(body):
    truth = [figure(np.pi)]
    sturdy = quicker(recovery.sturdy, 40)
    found = recovered(body, seen(body, truth), cautious(), sturdy)
    assert matrices(found.poses[0].root)[2, 2] < -0.7
    assert apart(body, found.poses, truth)[0] < 110


def test_a_figure_side_on_is_turned_about_alone(body):
    """Both ways round are tried for the one whose shoulders meet, begun alike; its neighbour does not notice."""
    truth = [figure(), figure(np.pi / 2)]
    settings = replace(body_settings, flip=60.0, stages=(replace(recovery.published.stages[-1], steps=40),))
    keypoints = seen(body, truth)
    both = recovered(body, keypoints, NoGuide(), settings)
    alone = recovered(body, keypoints.chosen([0]), NoGuide(), settings)
    assert np.abs(both.poses[0].body - alone.poses[0].body).max() < 1e-3
    plain = recovered(body, keypoints, NoGuide(), replace(settings, flip=0.0))
    assert both.loss[1] <= plain.loss[1] * (1 + 1e-4)
    assert both.loss[0] == pytest.approx(plain.loss[0], rel=1e-3)


def test_wide_figures_begin_bent(body):
    keypoints = seen(body, [figure()])
    wide = replace(keypoints, places=keypoints.places * torch.tensor([5.0, 1.0]))
    still = replace(recovery.published.stages[-1], steps=1, rates=(1e-9,) * 4)
    settings = replace(body_settings, stages=(still,))
    knees = [recovered(body, kept, NoGuide(), settings).poses[0].joint("left_knee")[0] for kept in (keypoints, wide)]
    assert knees == pytest.approx([0, 1.5], abs=1e-6)


def test_size_of_the_picture_does_not_matter_where_figures_are_brought_to_one(body):
    large = seen(body, [figure()])
    small = seen(body, [figure()], cameras=(camera.scaled((70, 100)),))
    settings = replace(quicker(recovery.sturdy, 5), facings=1)
    found = [recovered(body, keypoints, NoGuide(), settings) for keypoints in (large, small)]
    assert np.abs(found[0].poses[0].body - found[1].poses[0].body).max() < 5e-3
    assert found[0].error[0] == pytest.approx(10 * found[1].error[0], rel=0.05)


def test_the_priors_slope_may_be_kept_for_some_steps(body):
    keypoints = seen(body, [figure()])
    settings = quicker(recovery.published, 5)
    often, seldom = (
        recovered(body, keypoints, cautious(), replace(settings, renewed=count)).poses[0].body for count in (1, 5)
    )
    assert 1e-6 < np.abs(often - seldom).max() < 0.3


# ── hands and whole bodies ──


@pytest.mark.slow
def test_a_left_hand_is_a_right_one_in_a_mirror(body):
    points = HandPoints(body)
    turns = torch.zeros(1, 45)
    turns[:, 2:36:3] = 0.4
    place = torch.tensor([[0.02, 0.01, -0.5]])
    hand = Figure(torch.tensor([[1.2, 0.2, 0.1]]), turns, torch.zeros(1, 10), torch.zeros(1, 0), place)
    places = Lens.of([camera])(points(hand))
    right = Keypoints(hand21.joints, places, torch.ones(1, 21), (camera,))
    mirrored = places.clone()
    mirrored[..., 0] = 2 * camera.center[0] - mirrored[..., 0]
    settings = quicker(hand_recovery.published, 50)
    found = recovered_hands(body, right, NoGuide(), settings)
    assert found.error[0] < 4
    wrist = body.joints(Poses.of(found.poses))[0, smplx55.index("right_wrist")]
    assert Lens.of([camera])(wrist[None, None])[0, 0].tolist() == pytest.approx(places[0, 0].tolist(), abs=3)
    other = recovered_hands(body, replace(right, places=mirrored), NoGuide(), settings, side="left")
    # Steps of 0.05 rad in single precision: the two ways part by rounding alone.
    assert other.hands.reshape(15, 3) * (1, -1, -1) == pytest.approx(found.hands.reshape(15, 3), abs=1e-3)
    assert other.poses[0].hands[0] == pytest.approx(other.hands.reshape(15, 3))
    assert not other.poses[0].hands[1].any()


def test_a_whole_body_is_recovered(body):
    hands = np.zeros((2, 15, 3))
    hands[1, :12, 2] = 0.5
    hands[0, :12, 2] = -0.5
    truth = [figure(hands=hands, jaw=(0.2, 0, 0))]
    settings = quicker(replace(whole_recovery.published, facings=4), 40)
    found = recovered_whole(body, seen(body, truth, whole_recovery.names), cautious(0.4, "wholebody"), settings)
    assert found.error[0] < 5
    assert apart(body, found.poses, truth)[0] < 90
    assert found.poses[0].jaw[0] > 0.05


# ── the door ──


def test_keypoints_that_are_none():
    names, count = ("left_hip", "right_hip"), (camera,)
    good = torch.ones(1, 2, 2)
    for places, trust, message in (
        (torch.ones(1, 3, 2), torch.ones(1, 2), r"expected places of shape \(1, 2, 2\)"),
        (good * torch.nan, torch.ones(1, 2), "expected finite places of keypoints, got NaN"),
        (good, 2 * torch.ones(1, 2), "expected trust within 0 … 1"),
        (good, torch.zeros(1, 2), "at least one keypoint to be seen in every picture"),
    ):
        with pytest.raises(ValueError, match=message):
            Keypoints(names, places, trust, count)


def test_pictures_that_show_too_little(body):
    keypoints = seen(body, [figure()])
    hips = [openpose25.index(name) for name in ("left_hip", "right_hip")]
    unseen = keypoints.trust.clone()
    unseen[:, hips] = 0
    with pytest.raises(ValueError, match="expected left_shoulder and left_hip or right_shoulder and right_hip to be"):
        recovered(body, replace(keypoints, trust=unseen), NoGuide(), body_settings)
    with pytest.raises(ValueError, match="a body to start from for each of 1 pictures, got 2"):
        recovered(body, keypoints, NoGuide(), body_settings, start=[BodyPose()] * 2)
    with pytest.raises(ValueError, match="expected the keypoints of hand21"):
        recovered_hands(body, keypoints, NoGuide())
    with pytest.raises(ValueError, match="expected a prior of 63 numbers, got one of wholebody"):
        recovered(body, keypoints, cautious(part="wholebody"), body_settings)
    with pytest.raises(ValueError, match="tail"):
        recovered(body, Keypoints(("tail",), torch.ones(1, 1, 2), torch.ones(1, 1), (camera,)), NoGuide())
