"""Where bodies stand before a camera: whole, in the picture, beside each other."""

from __future__ import annotations

import numpy as np
import pytest

from engine.camera import Camera
from engine.fit import camera_for
from engine.placing import framed, placed
from engine.posing import standing
from engine.skeleton import wholebody133


def seen(body, pose, camera):
    return body.seen(pose, camera, wholebody133)


@pytest.mark.parametrize("size", [(600, 800), (1200, 500), (64, 64)])
def test_a_figure_is_whole_in_any_picture(body, size):
    camera = camera_for(size)
    points = seen(body, placed(body, standing(), camera), camera)
    assert (points > 0).all()
    assert (points < size).all()
    assert np.ptp(points, axis=0).max() > 0.5 * min(size)


def test_a_reaching_figure_does_not_leave_the_picture(body):
    """Towards the lens things grow."""
    camera = camera_for((600, 800))
    reaching = standing().with_joint("left_hip", (-1.4, 0, 0)).with_joint("right_shoulder", (0, 1.5, 0))
    points = seen(body, placed(body, reaching, camera), camera)
    assert (points > 0).all()
    assert (points < (600, 800)).all()


def test_the_next_figure_stands_beside_the_others_and_as_deep(body):
    camera = camera_for((900, 600))
    first = placed(body, standing(), camera)
    second = placed(body, standing(), camera, (first,))
    apart = second.translation - first.translation
    assert apart[0] >= 0.7
    assert np.allclose(apart[1:], 0, atol=1e-6)


def test_a_camera_frames_everybody_and_keeps_its_lens(body):
    turned = Camera.looking_at(np.zeros(3), np.array((3.0, 1.0, 2.0)), (400, 300), 500.0)
    poses = [standing(), standing().moved((2.0, 0.5, -1.0))]
    camera = framed(body, poses, turned)
    assert (camera.focal, camera.size) == (500.0, (400, 300))
    assert np.allclose(camera.T_camera_world[:3, :3], turned.T_camera_world[:3, :3])
    points = np.concatenate([seen(body, pose, camera) for pose in poses])
    assert (points > 0).all()
    assert (points < (400, 300)).all()
    assert np.ptp(points[:, 1]) > 0.4 * 300 or np.ptp(points[:, 0]) > 0.4 * 400
