"""What the renderer draws: where things fall, how they are lit, what ghosts and maps are."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from solids import ball, square, straight_on

from engine.camera import Camera
from engine.light import lights
from engine.render import Look, Shot

bare = Look("flat", ground=False, shadows=False)
grey = (128, 128, 128)


def middle_of(weights: np.ndarray) -> np.ndarray:
    """The (x, y) around which weights (H, W) lie."""
    y, x = np.mgrid[: weights.shape[0], : weights.shape[1]]
    return np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()


# ── the camera ──


@pytest.mark.parametrize("quality", ["moving", "rest"])
@pytest.mark.parametrize(
    ("size", "center"), [((160, 120), (79.5, 59.5)), ((121, 203), (40.0, 150.5)), ((257, 98), (190.25, 30.0))]
)
def test_points_fall_where_the_camera_says(renderer, size, center, quality):
    """Also off the middle of the picture, as in a drawing cut from a larger one, and in sizes that halve badly."""
    aimed = Camera.looking_at(np.array([0.1, 0.2, 0]), np.array([1.2, 0.9, 3.0]), size, 1.1 * max(size))
    camera = replace(aimed, center=center)
    places = camera.T_camera_world[:3, :3].T @ (
        np.array([[(x - center[0]) / camera.focal, (y - center[1]) / camera.focal, 1.0] for x, y in corners(size)]).T
        * 3
        - camera.T_camera_world[:3, 3:]
    )
    for place in places.T:
        picture = renderer.frame(Shot((ball(center=place, radius=0.05, fine=12),), camera, bare, quality))
        found = middle_of(picture[..., 3] / 255)
        assert np.abs(found - camera.project(place)).max() < 0.25


def corners(size) -> list[tuple[float, float]]:
    w, h = size
    return [(0.5 * w, 0.5 * h), (0.2 * w, 0.25 * h), (0.8 * w, 0.7 * h)]


def test_near_things_hide_far_ones(renderer):
    near, far = ball(center=(0, 0, 1), radius=0.2, color=(255, 0, 0)), ball(radius=0.5, color=(0, 0, 255))
    for actors in ((near, far), (far, near)):
        picture = renderer.frame(Shot(actors, straight_on(), bare))
        assert picture[48, 48, 0] > 100 > picture[48, 48, 2]
        assert picture[48, 33, 2] > 100 > picture[48, 33, 0]


@pytest.mark.slow
def test_a_picture_of_4096_pixels_has_no_seams(renderer):
    """It is drawn in tiles: a ball over them all is as smooth as a small picture of it."""
    shot = Shot((ball(radius=1.2, fine=96),), straight_on((4096, 4096)), Look("flat", ground=False))
    large = renderer.frame(shot)
    small = renderer.frame(replace(shot, camera=straight_on((512, 512))))
    assert large.shape == (4096, 4096, 4)
    halved = np.asarray(Image.fromarray(large).resize((512, 512), Image.Resampling.BOX)).astype(int)
    y, x = np.mgrid[:512, :512] - 255.5
    inside = np.hypot(x, y) < 200  # its rim, of which a small picture has few samples, is at 240
    assert (small[inside][:, 3] == 255).all()
    assert np.abs(halved - small)[inside].max() <= 6
    Image.open(io.BytesIO(renderer.encoded(shot, "png"))).verify()


def test_tiles_meet(renderer):
    """Wider than the window that draws: a level bar runs through the border between tiles without a step."""
    bar = square((-3, 0.02, 0), (6, 0, 0), (0, -0.04, 0))
    camera = straight_on((2100, 40), focal=1500.0)
    picture = renderer.frame(Shot((bar,), camera, bare))
    assert (picture == picture[:, :1]).all()
    assert picture[..., 3].any()


# ── transparency ──


def test_edges_keep_their_colour_and_lose_only_alpha(renderer):
    picture = renderer.frame(Shot((ball(color=(250, 60, 60)),), straight_on((200, 200)), bare))
    alpha = picture[..., 3]
    faint = (alpha > 20) & (alpha < 120)
    solid = alpha == 255
    assert faint.sum() > 30
    assert picture[faint][:, 0].mean() > 0.75 * picture[solid][:, 0].mean()


def test_a_ghost_is_one_layer_thick(renderer):
    """Its far side does not shine through, and it is as solid all over as asked."""
    ghost = ball(color=(200, 200, 200), opacity=0.5)
    picture = renderer.frame(Shot((ghost,), straight_on(), bare))
    inside = picture[40:56, 40:56, 3]
    assert np.abs(inside.astype(int) - 128).max() <= 2


def test_a_ghost_tints_what_stands_behind_it(renderer):
    solid = ball(color=(0, 0, 255), radius=0.3)
    ghost = ball(color=(255, 0, 0), center=(0, 0, 1), radius=0.2, opacity=0.4)
    look = replace(bare, background=(0, 0, 0))
    plain = renderer.frame(Shot((solid,), straight_on(), look))[48, 48]
    over = renderer.frame(Shot((ghost,), straight_on(), replace(look)))[48, 48]
    both = renderer.frame(Shot((solid, ghost), straight_on(), look))[48, 48]
    assert np.abs(both[:3] - (0.6 * plain[:3] + over[:3])).max() <= 3
    hidden = replace(ghost, mesh=ball(color=(255, 0, 0), center=(0, 0, -1), radius=0.1).mesh)
    assert (renderer.frame(Shot((solid, hidden), straight_on(), look))[48, 48] == plain).all()


@pytest.mark.parametrize("kind", ["png", "webp", "jpg"])
def test_pictures_open_again(renderer, kind):
    shot = Shot((ball(color=(200, 120, 40)),), straight_on((120, 80)), bare)
    opened = Image.open(io.BytesIO(renderer.encoded(shot, kind)))
    assert opened.size == (120, 80)
    pixels, drawn = np.asarray(opened).astype(int), renderer.frame(shot)
    if kind == "jpg":
        assert pixels.shape == (80, 120, 3)
        assert (pixels[:5, :5] > 250).all()
        assert np.abs(pixels[40, 60] - drawn[40, 60, :3]).max() < 12
    else:
        shown = drawn[..., 3] > 0
        assert (pixels[shown] == drawn[shown]).all()
        assert (pixels[~shown, 3] == 0).all()


# ── light ──


def test_every_light_shows_the_figure_in_its_own_way(renderer):
    camera = straight_on((64, 64))
    pictures = {
        name: renderer.frame(Shot((ball(color=grey),), camera, Look(name, background=(90, 90, 90)))) for name in lights
    }
    assert len(lights) >= 6
    assert len({picture.tobytes() for picture in pictures.values()}) == len(lights)
    for name, picture in pictures.items():
        inside = picture[20:44, 20:44, :3]
        assert 20 < inside.max() <= 255, name
        assert (picture[..., 3] == 255).all(), name


def test_turning_the_light_moves_the_bright_side(renderer):
    def brighter_at_right(turn: float) -> bool:
        look = Look("split", ground=False, turn=turn)
        picture = renderer.frame(Shot((ball(color=grey),), straight_on(), look)).astype(int)
        return bool(picture[48, 58, :3].sum() > picture[48, 38, :3].sum())

    assert brighter_at_right(0)
    assert not brighter_at_right(180)


from_above = Camera.looking_at(np.array([0, 0, 0]), np.array([0.0, 1.6, 4.0]), (120, 120), 150.0)
by_its_foot = (0.0, -0.4, 0.35)  # of a ball of 0.4 m, on the ground
away = (-0.9, -0.4, 0.9)


@pytest.mark.parametrize("quality", ["moving", "rest"])
def test_a_figure_casts_a_shadow_on_the_ground(renderer, quality):
    look = Look("top", background=(200, 200, 200))
    with_, without = (
        renderer.frame(Shot((ball(color=grey, radius=0.4),), from_above, replace(look, shadows=on), quality)).astype(
            int
        )
        for on in (True, False)
    )
    (x, y), (far_x, far_y) = (from_above.project(np.array(place)).round().astype(int) for place in (by_its_foot, away))
    assert with_[y, x, :3].mean() < without[y, x, :3].mean() - 15
    assert np.abs(with_[far_y, far_x] - without[far_y, far_x]).max() < 12


@pytest.mark.parametrize("quality", ["moving", "rest"])
def test_a_figure_casts_a_shadow_on_another(renderer, quality):
    look = Look("top", ground=False)
    open_ = renderer.frame(Shot((table(),), from_above, look, quality)).astype(int)
    covered = renderer.frame(Shot((table(), lid()), from_above, look, quality)).astype(int)
    assert covered[60, 60, :3].sum() < open_[60, 60, :3].sum() - 60


def table():
    return subdivided(square((-1, 0, -1), (2, 0, 0), (0, 0, 2), grey))


def lid(height: float = 0.6):
    """Over the table, but not between it and the camera."""
    return subdivided(square((-0.5, height, -0.8), (1, 0, 0), (0, 0, 1), grey))


def subdivided(actor, times: int = 5):
    """The same surface in smaller triangles: light is counted at vertices."""
    mesh = actor.mesh
    vertices, faces = mesh.vertices, mesh.faces
    for _ in range(times):
        edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        unique, numbers = np.unique(edges, axis=0, return_inverse=True)
        ab, bc, ca = (len(vertices) + numbers.reshape(-1, 3)).T
        a, b, c = faces.T
        vertices = np.vstack([vertices, vertices[unique].mean(axis=1)])
        faces = np.vstack([np.stack(one, axis=1) for one in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    colors = np.tile(mesh.colors[:1], (len(vertices), 1))
    return replace(actor, mesh=replace(mesh, vertices=vertices.astype(np.float32), faces=faces, colors=colors))


def test_on_no_background_the_ground_is_its_shadow(renderer):
    shot = Shot((ball(radius=0.4),), from_above, Look("top"))
    picture = renderer.frame(shot)
    x, y = from_above.project(np.array(by_its_foot)).round().astype(int)
    assert 30 < picture[y, x, 3] < 230
    assert picture[y, x, :3].max() < 60
    assert picture[2, 2, 3] == 0
    assert not renderer.frame(replace(shot, look=Look("top", ground=False)))[y, x].any()


def test_the_ground_ends_at_the_horizon(renderer):
    """Near the floor, part of it lies behind the camera; none of that may show in the sky."""
    low = Camera.looking_at(np.array([0, -0.2, 0]), np.array([0.0, -0.2, 0.9]), (100, 101), 60.0)
    look = Look("soft", background=(30, 60, 90))
    picture = renderer.frame(Shot((ball(radius=0.4),), low, look))
    assert (picture[:48, :10, :3] == (30, 60, 90)).all()
    assert (picture[60:, :10, :3] != (30, 60, 90)).any()


def test_seen_from_below_there_is_no_ground(renderer):
    below = Camera.looking_at(np.zeros(3), np.array([0.0, -2.0, 3.0]), (100, 100), 120.0)
    picture = renderer.frame(Shot((ball(radius=0.4, color=grey),), below, Look("soft", background=(30, 60, 90))))
    assert (picture[:, :20, :3] == (30, 60, 90)).all()
    assert (picture[50, 50, :3] != (30, 60, 90)).all()


def test_orbiting_a_resting_figure_keeps_its_fine_light(renderer):
    """While only the camera moves, the light counted at rest still holds."""
    shot = Shot((table(), lid()), from_above, Look("soft", ground=False, background=(0, 0, 0)))
    renderer.frame(replace(shot, actors=(table(),)))
    moved = renderer.frame(replace(shot, quality="moving", actors=(table(), lid(0.601)))).astype(int)
    rest = renderer.frame(shot).astype(int)
    moving = renderer.frame(replace(shot, quality="moving")).astype(int)
    shaded = np.s_[56:64, 56:64]
    assert np.abs(rest[shaded] - moving[shaded]).max() <= 3
    assert np.abs(rest[shaded] - moved[shaded]).max() > 3


def test_bones_are_drawn_over_the_body(renderer):
    actor = ball(color=grey)
    joints = np.zeros((55, 3), np.float32)
    joints[1:, 1] = 0.3  # all children above the pelvis, inside the ball
    boned = replace(actor, mesh=replace(actor.mesh, joints=joints))
    plain, shown = (renderer.frame(Shot((boned,), straight_on(), replace(bare, skeleton=on))) for on in (False, True))
    differ = (plain != shown).any(axis=-1)
    assert differ[40:48, 44:53].any()
    assert not differ[:20].any()


# ── maps ──


def rays(camera: Camera) -> np.ndarray:
    """Directions (H, W, 3) of the pixels in the camera's axes, one metre deep."""
    y, x = np.mgrid[: camera.size[1], : camera.size[0]]
    return np.stack(
        [(x - camera.center[0]) / camera.focal, (y - camera.center[1]) / camera.focal, x * 0 + 1.0], axis=-1
    )


def test_depth_of_a_slanting_plane(renderer):
    camera = replace(straight_on((90, 70)), center=(30.0, 40.0))
    plane = square((-4, 3, -2.5), (8, 0, 1.5), (0, -6, 1.0))
    depth = renderer.maps(Shot((plane,), camera)).depth
    a, b, c = camera.in_camera(plane.mesh.vertices.astype(float)[:3])
    normal = np.cross(b - a, c - a)
    expected = (normal @ a) / (rays(camera) @ normal)
    assert np.isfinite(depth).all()
    assert np.abs(depth - expected).max() < 1e-3


def test_depth_of_a_ball(renderer):
    camera = straight_on((120, 100))
    depth = renderer.maps(Shot((ball(center=(0.3, -0.1, 0.4), fine=160),), camera)).depth
    center = camera.in_camera(np.array([0.3, -0.1, 0.4]))
    r = rays(camera)
    a, b, c = (r * r).sum(-1), r @ center, center @ center - 0.25
    inside = b * b - a * c
    expected = np.where(inside > 0, (b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)
    steady = inside > 0.02  # not its very rim
    assert np.abs(depth[steady] - expected[steady]).max() < 1e-3
    assert not np.isfinite(depth[inside < -0.01]).any()


def test_normals_in_the_colours_of_controlnet(renderer):
    maps = renderer.maps(Shot((ball(fine=64),), straight_on(focal=900.0, distance=20.0)))
    normal = maps.normal.astype(int)
    ys, xs = np.nonzero(maps.mask)
    y, x = (ys.min() + ys.max()) // 2, (xs.min() + xs.max()) // 2
    assert np.abs(normal[y, x] - (128, 128, 255)).max() <= 6
    assert normal[y, xs.max() - 1, 0] > 225
    assert normal[y, xs.min() + 1, 0] < 30
    assert normal[ys.min() + 1, x, 1] > 225
    assert normal[ys.max() - 1, x, 1] < 30
    assert (normal[maps.mask == 0] == (128, 128, 255)).all()


def test_maps_agree_with_each_other_and_with_the_picture(renderer):
    shot = Shot((ball(center=(0.2, 0.1, 0)), ball(center=(-0.9, 0, 0), opacity=0.5)), straight_on((101, 77)), bare)
    maps = renderer.maps(shot)
    assert maps.depth.shape == maps.mask.shape == maps.canny.shape == (77, 101)
    assert set(np.unique(maps.mask)) == {0, 255}
    assert ((maps.mask == 255) == np.isfinite(maps.depth)).all()
    alone = renderer.frame(replace(shot, actors=shot.actors[:1]))[..., 3]
    assert (maps.mask[alone == 255] == 255).all()  # ghosts are in no map
    assert (maps.mask[alone == 0] == 0).all()
    rim = (alone > 0) & (alone < 255)
    near_rim = np.zeros_like(rim)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            near_rim |= np.roll(rim, (dy, dx), axis=(0, 1))
    assert maps.canny.any()
    assert near_rim[maps.canny > 0].all()
    assert (maps.canny > 0).sum() > 0.5 * rim.sum()


def test_maps_leave_the_next_picture_as_it_was(renderer):
    shot = Shot((ball(color=grey), ball(center=(1, 0, 0), opacity=0.3)), straight_on(), Look())
    before = renderer.frame(shot)
    renderer.maps(shot)
    assert (renderer.frame(shot) == before).all()
