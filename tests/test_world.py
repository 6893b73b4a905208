"""The rendered world: what a pixel shows, and labels against geometry; skipped where nothing can draw."""

from dataclasses import replace

import numpy as np
import pytest

from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.skeleton import smplx55, wholebody133


@pytest.fixture(scope="module")
def window(window_kind):
    from scripts.world.buffers import Window

    return Window()


# ── pixels ──


def square(z, size, color, material=1):
    """A square of `size` metres a side that faces the camera on the z axis."""
    from scripts.world.layers import Solid

    half = size / 2
    corners = np.array([[-half, -half, z], [half, -half, z], [half, half, z], [-half, half, z]], np.float32)
    return Solid(
        corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32), np.full((4, 3), color, np.uint8),
        np.full(2, material, np.uint8), 1,
    )  # fmt: skip


@pytest.fixture
def view():
    return Camera.looking_at(np.zeros(3), np.array([0.0, 0.0, 4.0]), (64, 48), 60.0)


def layers_of(window, solids, camera):
    from scripts.world import buffers

    scene = buffers.Scene.of(solids)
    window.hold(scene)
    seen = buffers.hits(scene, window.triangles(camera), camera)
    normal = buffers.facing(scene, seen, camera)
    return buffers.layers(scene, seen, normal, camera, np.ones((len(seen.rows), 3), np.float32))


def test_a_square_covers_the_pixels_that_it_should(window, view):
    layers = layers_of(window, [square(0.0, 1.0, (200, 10, 60))], view)
    rows, columns = np.nonzero(layers.solid)
    # 60 px of focal length at 4 m: 15 px a metre, around the middle of the picture.
    assert 15 * 15 <= len(rows) <= 16 * 16
    assert 24 <= columns.min() <= columns.max() <= 39
    assert 16 <= rows.min() <= rows.max() <= 31
    assert layers.albedo[24, 32].tolist() == [200, 10, 60]
    assert np.allclose(layers.depth[layers.solid], 4, atol=1e-4)
    assert np.allclose(layers.normal[layers.solid], (0, 0, 1), atol=1e-5)
    assert np.isinf(layers.depth[~layers.solid]).all()


def test_the_nearer_of_two_is_seen(window, view):
    far, near = square(-1.0, 2.0, (10, 200, 10), 2), replace(square(0.5, 0.5, (200, 10, 10), 3), figure=2)
    layers = layers_of(window, [far, near], view)
    assert layers.material[24, 32] == 3
    assert layers.figure[24, 32] == 2
    assert layers.depth[24, 32] == pytest.approx(3.5, abs=1e-3)
    assert layers.material[24, 24] == 2
    assert layers.depth[24, 24] == pytest.approx(5, abs=1e-3)


def test_a_lamp_behind_a_screen_does_not_reach_what_is_behind(window, view):
    from scripts.world import buffers
    from scripts.world.shading import ShadowMap

    scene = buffers.Scene.of([square(-1.0, 3.0, (255, 255, 255)), square(0.0, 1.0, (255, 0, 0))])
    window.hold(scene)
    shadows = ShadowMap.of(scene, window, np.array([0.0, 0.0, 1.0]))
    places = np.array([[0, 0, -1.0], [1.2, 0, -1.0], [0, 0, 0.0], [0, 0, 0.5]])
    assert shadows.reached(places).tolist() == [False, True, True, True]


# ── figures and labels ──


def test_a_point_behind_another_figure_is_hidden(body, window):
    from scripts.world import labels
    from scripts.world.layers import Solid
    from scripts.world.staging import Standing

    pose = BodyPose()
    mesh = body.mesh(pose)
    one = Standing(pose, mesh.vertices, mesh.joints)
    camera = Camera.looking_at(np.array([0.0, -0.3, 0.0]), np.array([0.0, -0.3, 4.0]), (256, 256), 400.0)
    figure = Solid(mesh.vertices, mesh.faces, mesh.colors, np.ones(len(mesh.faces), np.uint8), 1)
    points, flags = labels.seen_points(body, one, 1, camera, layers_of(window, [figure], camera))
    names = wholebody133.joints
    assert flags[names.index("nose")] == 2
    assert (flags[: len(smplx55) // 2] > 0).all()
    screen = replace(square(1.0, 0.6, (0, 0, 0)), figure=2)
    screen = replace(screen, vertices=screen.vertices + mesh.joints[smplx55.index("head")] * np.float32((1, 1, 0)))
    points, flags = labels.seen_points(body, one, 1, camera, layers_of(window, [figure, screen], camera))
    assert flags[names.index("nose")] == 1
    assert not flags[names.index("face_nose_4")]  # a face that is hidden is not labelled at all
    assert flags[names.index("left_ankle")] == 2
    assert np.isfinite(points).all()


def test_a_hand_outside_the_picture_is_not_labelled(body, window):
    from scripts.world import labels
    from scripts.world.layers import Solid
    from scripts.world.staging import Standing

    pose = BodyPose()
    mesh = body.mesh(pose)
    camera = Camera.looking_at(np.array([0.7, 0.1, 0.0]), np.array([0.7, 0.1, 2.0]), (128, 128), 200.0)
    figure = Solid(mesh.vertices, mesh.faces, mesh.colors, np.ones(len(mesh.faces), np.uint8), 1)
    layers = layers_of(window, [figure], camera)
    _, flags = labels.seen_points(body, Standing(pose, mesh.vertices, mesh.joints), 1, camera, layers)
    told = labels.annotation(_, flags, (0, 0, 10, 10), 50.0, 0.5)
    assert not told["righthand_valid"]
    assert told["lefthand_valid"]
    assert told["bbox"] == [0, 0, 5, 5]


def test_what_is_behind_the_camera_is_outside(body, window):
    from scripts.world import labels
    from scripts.world.layers import Solid
    from scripts.world.staging import Standing

    pose = BodyPose()
    mesh = body.mesh(pose)
    # Just before the face, looking at where the feet are: the head is behind, its projection within the picture.
    head, foot = (mesh.joints[smplx55.index(name)].astype(float) for name in ("head", "left_foot"))
    eye = head + 0.25 * (foot - head)
    camera = Camera.looking_at(foot, eye, (128, 128), 100.0)
    wide = Camera.looking_at(foot, eye, (4096, 4096), 100.0)
    figure = Solid(mesh.vertices, mesh.faces, mesh.colors, np.ones(len(mesh.faces), np.uint8), 1)
    names = wholebody133.joints
    for view in (camera, wide):
        layers = layers_of(window, [figure], view)
        points, flags = labels.seen_points(body, Standing(pose, mesh.vertices, mesh.joints), 1, view, layers)
        assert not flags[names.index("nose")]
        assert np.isnan(points[names.index("nose")]).all()
        assert flags[names.index("left_big_toe")]
        assert not np.isnan(labels.annotation(points, flags, (0, 0, 9, 9), 50.0, 0.5)["face_kpts"]).any()
