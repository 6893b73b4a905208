"""Light and shapes before they are drawn: normals, coarse twins, bones; what directions of light reach."""

from __future__ import annotations

import numpy as np
import pytest
from solids import ball, square

from engine.light import Lamp, light, lights
from engine.render_geometry import Topology, bones
from engine.render_light import Rays, Silhouettes, basis, few_rays, key, many_rays, on_ground, on_surface, sky
from engine.render_parts import most_views
from engine.skeleton import smplx55


def topology(actor) -> Topology:
    return Topology(actor.mesh.faces, len(actor.mesh.vertices))


# ── shapes ──


def test_normals_of_a_ball_point_outwards():
    one = ball(radius=0.7, fine=48)
    found = topology(one).normals(one.mesh.vertices)
    assert np.abs(found - one.mesh.vertices / 0.7).max() < 0.02
    assert found.dtype == np.float32


def test_vertices_of_no_triangle_have_no_normal():
    found = Topology(np.array([[0, 1, 2]]), 5).normals(np.eye(5, 3, dtype=np.float32))
    assert np.isfinite(found).all()
    assert not found[3:].any()


def test_the_coarse_twin_is_the_same_shape_with_fewer_vertices():
    one = ball(fine=40)
    chosen, faces = topology(one).coarse
    assert len(chosen) < 0.45 * len(one.mesh.vertices)
    assert len(np.unique(chosen)) == len(chosen)
    assert faces.min() == 0
    assert faces.max() == len(chosen) - 1
    a, b, c = one.mesh.vertices[chosen][faces.T].astype(float)
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert volume == pytest.approx(4 / 3 * np.pi * 0.5**3, rel=0.08)  # closed, and its front still outside


def test_no_two_neighbours_both_stay():
    one = ball(fine=20)
    shape = topology(one)
    chosen, _ = shape.coarse
    stays = np.isin(np.arange(shape.count), chosen)
    edges = shape.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    assert not stays[edges].all(axis=1).any()


def test_smoothing_keeps_what_is_even_and_spreads_what_is_not():
    shape = topology(ball(fine=12))
    even = np.full((shape.count, 4), 0.3, np.float32)
    assert np.allclose(shape.smooth(even), 0.3)
    spot = np.zeros((shape.count, 1), np.float32)
    spot[40] = 1
    spread = shape.smooth(spot)
    assert 0 < spread[40] < 1
    assert (spread > 0).sum() > 4


def test_bones_reach_from_joint_to_joint_in_their_sides_colours():
    joints = np.random.default_rng(0).normal(size=(55, 3))
    made = bones(joints)
    corners = len(made.vertices) // len(smplx55.bones)
    numbers = {joint: k for k, joint in enumerate(smplx55.joints)}
    for k, (parent, child) in enumerate(smplx55.bones):
        own = made.vertices[k * corners : (k + 1) * corners]
        assert np.allclose(own[0], joints[numbers[parent]], atol=1e-6)
        assert np.allclose(own[-1], joints[numbers[child]], atol=1e-6)
        red, _, blue = made.colors[k * corners].astype(int)
        assert (red > blue) == (not child.startswith("right_"))
    assert made.faces.max() == len(made.vertices) - 1
    assert np.isfinite(bones(np.zeros((55, 3))).vertices).all()


# ── light ──


def test_lamps_stand_where_they_say():
    assert np.allclose(Lamp(0, 0, 1).direction(), (0, 0, 1))
    assert np.allclose(Lamp(90, 0, 1).direction(), (1, 0, 0))  # the figure's left
    assert np.allclose(Lamp(17, 90, 1).direction(), (0, 1, 0))
    assert np.allclose(Lamp(30, 0, 1).direction(60), (1, 0, 0))


def test_lights_have_names_an_artist_knows():
    assert {"studio", "soft", "rim", "top", "split", "flat", "sunset"} <= lights.keys()
    with pytest.raises(ValueError, match="expected one of the lights studio, "):
        light("disco")


@pytest.mark.parametrize("name", lights)
def test_directions_fit_into_the_views_and_surround_their_lamp(name):
    one = light(name)
    many, few = many_rays(one, 40), few_rays(one, 40)
    for rays in (many, few):
        assert len(rays.directions) == len(rays.kinds) <= most_views
        assert np.allclose(np.linalg.norm(rays.directions, axis=1), 1)
        cone = rays.directions[rays.kinds == key] @ one.key.direction(40)
        assert (cone >= np.cos(np.radians(one.key.wide / 2)) - 1e-9).all()
    assert len(few.directions) < len(many.directions) / 4


def test_axes_of_a_view_are_square_for_every_direction():
    for direction in many_rays(light("studio"), 0).directions:
        axes = np.stack(basis(direction))
        assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(axes) == pytest.approx(1)


def lid_from_above(kinds) -> Silhouettes:
    """A square lid of 1 m, 1 m over the ground, seen along rays straight down."""
    n, radius = 100, 2.0
    depths = np.full((len(kinds), n, n), np.inf, np.float32)
    depths[:, 37:63, 37:63] = radius - 1.0
    rays = Rays(np.tile((0.0, 1.0, 0.0), (len(kinds), 1)), np.array(kinds))
    return Silhouettes(rays, depths, np.zeros(3), radius)


def test_what_lies_behind_is_dark_and_all_else_is_lit():
    seen = lid_from_above([key])
    places = np.array([(0, 0, 0), (0, 1.2, 0), (0.9, 0, 0), (0, 0, -0.9), (50, 0, 0)], np.float32)
    for soft in (False, True):
        assert seen.reached(places, 0, soft).tolist() == [0, 1, 1, 1, 1]
    assert seen.reached(np.array([(0.52, 0, 0)], np.float32), 0, soft=True)[0] == pytest.approx(0.5, abs=0.1)


def test_what_is_far_away_hides_less_of_the_sky():
    seen = lid_from_above([sky])
    near, far = seen.reached(np.array([(0, 0.95, 0), (0, -1.5, 0)], np.float32), 0, reach=0.3)
    assert near < 0.1
    assert far > 0.8


def test_a_shadow_falls_where_the_lid_is():
    ground = on_ground(lid_from_above([key]), np.zeros(3), half=2.0, cells=80, wide=2)[1]
    assert ground[40, 40] < 0.02
    assert ground[40, 70] > 0.98
    assert ground[5, 5] > 0.98
    assert (ground < 0.5).sum() == pytest.approx(20 * 20, rel=0.15)  # 1 m of 4 m, each way


def test_few_rays_leave_the_skys_share_as_it_was():
    floor = square((-0.4, 0, -0.4), (0.8, 0, 0), (0, 0, 0.8))
    vertices = floor.mesh.vertices
    up = np.tile(np.float32((0, 1, 0)), (4, 1))
    before = np.full((4, 4), 0.6, np.float32)
    few = on_surface(lid_from_above([sky, sky, key]), vertices, up, before)
    assert (few[:, sky] == 0.6).all()
    assert (few[:, key] == 0).all()
    many = on_surface(lid_from_above([sky] * 9 + [key]), vertices, up, before)
    assert (many[:, sky] == 0).all()
    assert (before == 0.6).all()
