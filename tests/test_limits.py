"""Joint limits: left as right, still poses within, backward knees without, soft and hard agree."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.body_pose import BodyPose
from engine.hand_poses import hand_poses, with_hand
from engine.limits import Limits
from engine.posing import mirrored, standing
from engine.rig import axis_angles, joint_number, joints, matrices, turning
from engine.skeleton import smplx55

folder = Path(__file__).parent.parent / "assets" / "body"
limits = Limits.load(folder / "limits.npz")


def excess(pose):
    return limits.excess(torch.tensor(pose.axis_angles)[None])[0].numpy()


def wild(seed, size=1.5):
    return BodyPose().with_axis_angles(np.random.default_rng(seed).normal(size=(55, 3)) * size)


@pytest.mark.parametrize("pose", [BodyPose(), standing()], ids=["flat", "standing"])
def test_still_poses_are_within(pose):
    assert excess(pose).max() == 0
    assert limits.clamped(pose) == pose


def test_the_hands_of_the_library_are_within():
    for hand in hand_poses(folder / "hands.json"):
        for side in ("left", "right"):
            assert excess(with_hand(BodyPose(), side, hand)).max() < 1e-4, hand.id


@pytest.mark.parametrize(
    ("joint", "axis", "degrees"),
    [
        ("left_knee", (1, 0, 0), -30), ("right_knee", (1, 0, 0), -30), ("left_elbow", (0, -1, 0), -30),
        ("right_elbow", (0, 1, 0), -30), ("head", (0, 1, 0), 120), ("left_hand_index_2", (0, 0, -1), -40),
        ("jaw", (1, 0, 0), 60), ("right_eye", (0, 1, 0), 80),
    ],
)  # fmt: skip
def test_what_no_body_does_is_beyond(joint, axis, degrees):
    pose = BodyPose().with_joint(joint, np.radians(degrees) * np.array(axis))
    assert excess(pose)[joint_number(joint)] > np.radians(10)
    assert (np.delete(excess(pose), joint_number(joint)) == 0).all()
    assert excess(limits.clamped(pose)).max() < 1e-5


@pytest.mark.parametrize(
    ("joint", "axis"), [("left_knee", (1, 0, 0)), ("left_elbow", (0, -1, 0)), ("right_elbow", (0, 1, 0))]
)
def test_hinges_bend_their_way_alone(joint, axis):
    for degrees in (5, 60, 120, 145):
        assert excess(BodyPose().with_joint(joint, np.radians(degrees) * np.array(axis))).max() == 0


@pytest.mark.parametrize("seed", range(8))
def test_left_and_right_agree(seed):
    pose = wild(seed)
    np.testing.assert_allclose(excess(mirrored(pose)), excess(pose)[smplx55.swap], atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_clamping_ends_within_and_once_is_enough(seed):
    once = limits.clamped(wild(seed))
    assert excess(once).max() < 1e-5
    twice = limits.clamped(once)
    np.testing.assert_allclose(matrices(twice.axis_angles), matrices(once.axis_angles), atol=1e-5)


def test_joints_within_keep_their_numbers():
    pose = standing().with_joint("left_knee", (-1, 0, 0))
    held = limits.clamped(pose)
    others = [n for n, joint in enumerate(joints) if joint != "left_knee"]
    np.testing.assert_array_equal(held.axis_angles[others], pose.axis_angles[others])


def test_the_pelvis_is_free():
    assert excess(BodyPose(root=np.array([0.0, 3.0, 0.0]))).max() == 0


@pytest.mark.parametrize("seed", range(3))
def test_one_joint_is_bounded_as_the_whole_pose_is(seed):
    """The quick way that posing takes, against the one that fitting takes."""
    pose = wild(seed)
    for n, turn in enumerate(pose.axis_angles):
        bounded = limits.bounded(n, turning(turn))
        np.testing.assert_allclose(bounded, turning(limits.clamped(pose).axis_angles[n]), atol=1e-5)
        assert limits.used(n, bounded) < 1 + 1e-6
        assert limits.beyond(n, turning(turn)[None])[0] == pytest.approx(excess(pose)[n], abs=1e-6)


def test_half_the_range_is_half_as_far():
    wrist = joint_number("left_wrist")
    full = np.linalg.norm(axis_angles(limits.bounded(wrist, turning(np.array([0, 0, -2.5])))))
    half = np.linalg.norm(axis_angles(limits.bounded(wrist, turning(np.array([0, 0, -2.5])), part=0.5)))
    assert 0.4 < half / full < 0.6


def test_joints_beyond_from_the_start_are_let_be():
    pose = BodyPose().with_joint("left_knee", (-1, 0, 0))
    opened = limits.opened(matrices(pose.axis_angles))
    assert opened.free[joint_number("left_knee")]
    assert not opened.free[joint_number("right_knee")]
    assert limits.opened(matrices(standing().axis_angles)) is limits


# ── for least squares ──


@pytest.mark.parametrize("seed", range(3))
def test_excess_has_the_slope_it_says(seed):
    turns = torch.tensor(wild(seed, 0.8).axis_angles)[None].requires_grad_()
    assert torch.autograd.gradcheck(lambda x: limits.excess(x) ** 2, turns, atol=1e-5, eps=1e-7)


@pytest.mark.parametrize(
    "turns", [torch.zeros(1, 55, 3), torch.full((1, 55, 3), np.pi / 3**0.5)], ids=["none", "half turn"]
)
def test_slopes_are_finite(turns):
    turns = turns.double().requires_grad_()
    limits.excess(turns).sum().backward()
    assert torch.isfinite(turns.grad).all()


def test_following_the_slope_comes_back():
    turns = torch.tensor(wild(5, 0.7).axis_angles)[None].requires_grad_()
    before = limits.excess(turns).sum()
    slope = torch.autograd.grad((limits.excess(turns) ** 2).sum(), turns)[0]
    assert limits.excess(turns - 0.1 * slope).sum() < before


def test_excess_comes_in_batches_and_in_single_precision():
    batch = torch.tensor(np.stack([wild(1).axis_angles, wild(2).axis_angles]), dtype=torch.float32)
    found = limits.excess(batch)
    assert found.shape == (2, 55)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found[1].numpy(), excess(wild(2)), atol=1e-4)


# ── the file ──


def test_a_file_goes_out_and_in(tmp_path):
    limits.save(tmp_path / "limits.npz")
    again = Limits.load(tmp_path / "limits.npz")
    np.testing.assert_array_equal(again.radius, limits.radius)
    assert (tmp_path / "limits.npz").stat().st_size < 20_000


def test_a_file_without_an_array_is_refused(tmp_path):
    np.savez(tmp_path / "limits.npz", joints=np.array(joints), axis=limits.axis)
    with pytest.raises(ValueError, match=r"expected across, hinge, .* in limits\.npz"):
        Limits.load(tmp_path / "limits.npz")


def test_arrays_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"expected finite turn of shape \(55, 2\), got \(3,\)"):
        replace(limits, turn=np.zeros(3))


@pytest.mark.shared
def test_motion_that_was_kept_out_is_within(shared):
    from scripts.make_limits import measured, read_motion, within

    data = shared.parent / "data" / "smplx_retarget"
    if not data.is_dir():
        pytest.skip(f"the motion data are not beside the project ({data})")
    motion = read_motion(data)
    unseen = motion.parted(held_out=True)
    assert len(unseen.body) > 2000
    assert within(limits, unseen.body).all(axis=1).mean() >= 0.99
    again = measured(motion.parted(held_out=False))
    np.testing.assert_allclose(again.turn, limits.turn, atol=1e-6)
    np.testing.assert_allclose(again.radius, limits.radius, atol=1e-6)
