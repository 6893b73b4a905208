"""What figures of the rendered world wear: cut cleanly, coloured as words say, and the same from the same seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.body import Body
from engine.body_pose import BodyPose
from scripts.world import words
from scripts.world.layers import materials
from scripts.world.wear import Posed, dressed, scenery
from scripts.world.wear.cutting import Seam, cut, incidence, normals, smoothing
from scripts.world.wear.draping import joint
from scripts.world.wear.props import hand_frame
from scripts.world.words import Dress, Figure, dress_regions, palette


@pytest.fixture(scope="module")
def body() -> Body:
    return Body.load(Path(__file__).parent.parent / "assets/body/contrapposto_neutral.npz", pose_blend=False)


def _posed(body: Body, pose: BodyPose) -> Posed:
    with torch.no_grad():
        poses = body.poses(pose)
        return Posed(body.vertices(poses)[0].numpy(), body.joints(poses)[0].numpy())


@pytest.fixture(scope="module")
def standing(body: Body) -> Posed:
    return _posed(body, BodyPose())


def _figure(kind: str, color: str = "red", **more: str) -> Figure:
    dress = Dress(kind, tuple((region, color) for region in dress_regions[kind]), more.pop("pattern", "plain"))
    return replace(Figure("adult", "woman", "average", "fair", "short", "black", dress), **more)


def _area(solid: object, faces: np.ndarray) -> float:
    corners = solid.vertices[solid.faces[faces]].astype(float)  # type: ignore[attr-defined]
    return float(np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum())


def test_cutting_leaves_no_crack_and_keeps_the_surface() -> None:
    grid = np.stack([*np.meshgrid(np.arange(6.0), np.arange(6.0)), np.zeros((6, 6))], axis=-1).reshape(-1, 3)
    i, j = (n.ravel() for n in np.meshgrid(np.arange(5), np.arange(5)))
    a = i * 6 + j
    faces = np.concatenate([np.stack([a, a + 1, a + 7], 1), np.stack([a, a + 7, a + 6], 1)])
    ring = Seam(lambda p: np.hypot(p[..., 0] - 2.4, p[..., 1] - 2.6) - 1.3, lambda p: p[..., 0] < 3)
    cloth = cut(grid, faces, [ring])
    points = cloth.matrix @ grid
    assert len(cloth.faces) > len(faces)
    np.testing.assert_allclose(np.asarray(cloth.matrix.sum(axis=1)).ravel(), 1, atol=1e-6)
    across = np.cross(*(points[cloth.faces[:, k]] - points[cloth.faces[:, 0]] for k in (1, 2)))
    assert abs(across[:, 2].sum()) / 2 == pytest.approx(25)
    assert (across[:, 2] * across[0, 2] > 0).all()
    edges = np.sort(np.stack([cloth.faces, np.roll(cloth.faces, -1, 1)], -1).reshape(-1, 2), 1)
    alone = np.unique(edges, axis=0, return_counts=True)
    border = points[alone[0][alone[1] == 1]]
    assert (np.isin(border, (0, 5)).any(axis=-1)).all()  # edges with one face are the sheet's own


def test_normals_point_out_and_smoothing_keeps_what_is_fast() -> None:
    faces = np.array([(0, 1, 2), (0, 2, 3), (0, 3, 1), (1, 3, 2)])
    points = np.array([(0, 0, 1), (1, 0, 0), (-0.5, 0.8, 0), (-0.5, -0.8, 0)], np.float32)
    found = normals(points, faces, incidence(faces, 4))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert ((found * (points - points.mean(axis=0))).sum(axis=1) > 0).all()
    smooth = smoothing(faces, 4, np.array([True, False, False, False]), 2) @ points
    np.testing.assert_allclose(smooth[1:], points[1:])
    assert smooth[0, 2] < points[0, 2]


@pytest.mark.parametrize("kind", sorted(dress_regions))
def test_every_kind_shows_the_colour_it_is_named_by(body: Body, standing: Posed, kind: str) -> None:
    solids = dressed(body, _figure(kind), standing, np.random.default_rng(1))
    area = named = 0.0
    for solid in solids:
        assert solid.faces.max() < len(solid.vertices)
        assert len(solid.material) == len(solid.faces)
        assert np.isfinite(solid.vertices).all()
        assert len(solid.colors) == len(solid.vertices)
        cloth = np.isin(solid.material, [materials[name] for name in ("top", "bottom", "plate")])
        red = (solid.colors[solid.faces] == palette["red"]).all(axis=(1, 2))
        area, named = area + _area(solid, cloth), named + _area(solid, cloth & red)
    assert named > 0.6 * area > 0


def test_the_same_seed_dresses_alike(body: Body, standing: Posed) -> None:
    figure = _figure("dress", hair_shape="ponytail", prop="flower")
    one, other = (dressed(body, figure, standing, np.random.default_rng(5)) for _ in range(2))
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.vertices, b.vertices)
        np.testing.assert_array_equal(a.colors, b.colors)


def test_cloth_lies_on_the_body(body: Body, standing: Posed) -> None:
    worn = dressed(body, _figure("shirt and trousers"), standing, np.random.default_rng(2))[0]
    low, high = standing.vertices.min(axis=0), standing.vertices.max(axis=0)
    assert (worn.vertices > low - 0.04).all()
    assert (worn.vertices < high + 0.04).all()


def test_a_skirt_goes_around_both_legs_and_stays_above_the_ground(body: Body) -> None:
    turns = np.zeros((21, 3))
    turns[:2, 0] = -1.5, -1.4  # sitting
    turns[3:5, 0] = 1.5
    posed = _posed(body, BodyPose(body=turns))
    skirt = dressed(body, _figure("top and skirt"), posed, np.random.default_rng(3))[1]
    knees = posed.joints[[joint("left_knee"), joint("right_knee")]]
    assert skirt.vertices[:, 1].min() >= posed.vertices[:, 1].min()
    assert skirt.vertices[:, 0].max() > knees[:, 0].max()
    assert skirt.vertices[:, 0].min() < knees[:, 0].min()


@pytest.mark.parametrize("shape", words.hair_shapes)
@pytest.mark.parametrize("hat", words.hats)
def test_hair_and_hats_stay_with_the_head(body: Body, standing: Posed, shape: str, hat: str) -> None:
    figure = _figure("leotard", hair_shape=shape)
    figure = replace(figure, dress=replace(figure.dress, hat=hat))
    head = standing.joints[joint("head")]
    for solid in dressed(body, figure, standing, np.random.default_rng(4))[1:]:
        assert np.linalg.norm(solid.vertices - head, axis=1).max() < 0.9


def test_a_bald_head_has_no_hair_colour(body: Body, standing: Posed) -> None:
    bald, haired = (
        dressed(body, _figure("leotard", hair_shape=shape, hair_color="blue"), standing, np.random.default_rng(0))[0]
        for shape in ("bald", "short")
    )
    blue = np.array(words.hairs["blue"])
    assert not (bald.colors == blue).all(axis=1).any()
    assert (haired.colors == blue).all(axis=1).any()


@pytest.mark.parametrize("prop", [name for name in words.held if name])
@pytest.mark.parametrize("side", ["left", "right"])
def test_props_are_in_the_hand(body: Body, standing: Posed, prop: str, side: str) -> None:
    figure = _figure("leotard", prop=prop, prop_hand=side)
    held = dressed(body, figure, standing, np.random.default_rng(0))[-1]
    hand = standing.joints[joint(f"{side}_hand_middle_1")]
    low, high = held.vertices.min(axis=0), held.vertices.max(axis=0)
    assert np.linalg.norm(hand - np.clip(hand, low, high)) < 0.2


def test_the_palm_looks_down_with_arms_out(standing: Posed) -> None:
    for side in ("left", "right"):
        frame, _ = hand_frame(standing.joints, side)
        assert frame[1, 2] < -0.7  # palms down, thumbs to the front
        assert frame[2, 1] > 0.7


@pytest.mark.parametrize("name", [name for name in words.sceneries if name])
def test_scenery_stands_on_the_ground(name: str) -> None:
    place = np.array((1.0, 0.5, -2.0))
    found = scenery(name, place, np.random.default_rng(7))
    assert found.figure == 0
    assert (found.material == materials["scenery"]).all()
    assert found.vertices[:, 1].min() == pytest.approx(0.5, abs=0.01)
    assert np.abs(found.vertices[:, (0, 2)] - place[[0, 2]]).max() < 1.3


def test_unknown_scenery_is_told() -> None:
    with pytest.raises(ValueError, match="expected scenery among"):
        scenery("piano", np.zeros(3), np.random.default_rng(0))
