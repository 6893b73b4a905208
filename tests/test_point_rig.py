"""The points a fit moves are the body's own, and give way as its slopes say."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.body import Body
from engine.body_points import Point, parts_of
from engine.body_pose import BodyPose
from engine.point_rig import PointRig
from engine.rig import matrices
from engine.skeleton import smplx55, wholebody133

names = (*wholebody133.joints, "head", "neck")
rng = np.random.default_rng(3)


@pytest.fixture(scope="module")
def body():
    return Body.load(Path(__file__).parent.parent / "assets" / "body" / "contrapposto_neutral.npz", pose_blend=False)


@pytest.fixture(scope="module")
def rig(body):
    return PointRig.of(body, names, 4)


def random_pose() -> BodyPose:
    return BodyPose().with_axis_angles(rng.normal(size=(55, 3)) * 0.3).moved((0.1, 1.0, -2.0))


def test_points_are_the_bodys(body, rig):
    pose = random_pose()
    betas = rng.normal(size=4)
    shaped = BodyPose(**{**vars(pose), "betas": betas})
    with torch.no_grad():
        expected = body.points(body.poses(shaped), body.chosen([Point(name, parts_of(name)) for name in names]))[0]
    found = rig.placed(matrices(pose.axis_angles)[None], betas[None], pose.translation[None])
    assert found.points[0] == pytest.approx(expected.numpy(), abs=1e-5)
    assert found.joints[0] == pytest.approx(body.joints(body.poses(shaped))[0].numpy(), abs=1e-5)


def test_slopes_are_those_of_small_steps(rig):
    rig = rig.chosen(["nose", "left_wrist", "right_hand_index_4", "face_jaw_3", "neck"]).stretched(
        [("left_knee",), ("head",)]
    )
    turns = matrices(rng.normal(size=(2, 55, 3)) * 0.4)
    betas, translation = rng.normal(size=(2, rig.betas)) * 0.3, rng.normal(size=(2, 3))
    active = smplx55.indices(("pelvis", "spine2", "left_elbow", "right_hand_index_2", "jaw"))
    placed = rig.placed(turns, betas, translation)
    moves, step = rig.moves(placed, betas, active), 1e-6
    for k, joint in enumerate(active):
        for axis in range(3):
            turned = turns.copy()
            turned[:, joint] = turns[:, joint] @ matrices(np.eye(3)[axis] * step)
            slope = (rig.placed(turned, betas, translation).points - placed.points) / step
            assert slope == pytest.approx(moves.turns[:, :, k, :, axis], abs=1e-5)
    for s in range(rig.betas):
        grown = betas + np.eye(rig.betas)[s] * step
        slope = (rig.placed(turns, grown, translation).points - placed.points) / step
        assert slope == pytest.approx(moves.shapes[..., s], abs=1e-5)


def test_a_stretched_part_is_longer_and_carries_what_hangs_on_it(rig):
    rig = rig.chosen(["left_knee", "left_ankle", "left_big_toe", "right_ankle"]).stretched([("left_ankle",)])
    still, betas = np.tile(np.eye(3), (1, 55, 1, 1)), np.zeros((1, rig.betas))
    before = rig.placed(still, betas, np.zeros((1, 3))).points[0]
    betas[0, -1] = 0.5
    after = rig.placed(still, betas, np.zeros((1, 3))).points[0]
    shin = before[1] - before[0]
    assert after[[0, 3]] == pytest.approx(before[[0, 3]])
    assert after[1] - after[0] == pytest.approx(1.5 * shin)
    # The toes' skin hangs on the foot, but for the little that hangs on the shin.
    assert after[2] - before[2] == pytest.approx(0.5 * shin, abs=0.01)
