"""Thirteen styles of one view: complete, repeatable, readable, and true to the colours that captions name."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from scripts.world import words
from scripts.world.layers import Layers, materials
from scripts.world.styles import Subject, colored, medium, mediums, style
from scripts.world.styles.marks import cells, drawn, noise, scattered, strokes
from scripts.world.styles.subject import contact_shadow, inked, spread, steepness, vivid

size = (224, 256)  # width, height: no square, to tell them apart
skin, hair, shoes = (224, 172, 140), (60, 40, 28), (40, 32, 30)
colored_styles = [name for name in mediums if colored(name)]


def capsule(a, b, radius):
    """Height towards the viewer (H, W) of a capsule between two pixels, -inf beside it, and its normals."""
    x, y = np.meshgrid(np.arange(size[0], dtype=float), np.arange(size[1], dtype=float))
    a, b = np.array(a, float), np.array(b, float)
    along = b - a
    t = (((x - a[0]) * along[0] + (y - a[1]) * along[1]) / max(along @ along, 1e-9)).clip(0, 1)
    dx, dy = x - a[0] - t * along[0], y - a[1] - t * along[1]
    left = radius**2 - dx**2 - dy**2
    rise = np.sqrt(left.clip(0))
    return np.where(left > 0, rise, -np.inf), np.stack([dx, -dy, rise], -1) / radius


def view(dress=(196, 36, 40), trousers=(44, 84, 190), light=1.0) -> Layers:
    """A figure of capsules, an arm before its chest, lit from above on the left."""
    parts = (
        ((112, 46), (112, 52), 20, 0, skin, "skin"), ((112, 32), (112, 36), 19, -4, hair, "hair"),
        ((112, 84), (112, 138), 32, 0, dress, "top"), ((62, 84), (48, 140), 12, 0, dress, "top"),
        ((160, 88), (104, 118), 11, 40, dress, "top"), ((98, 112), (94, 114), 9, 46, skin, "skin"),
        ((98, 150), (92, 224), 16, 0, trousers, "bottom"), ((128, 150), (136, 224), 16, 0, trousers, "bottom"),
        ((90, 232), (82, 234), 10, 4, shoes, "shoes"), ((138, 232), (146, 234), 10, 4, shoes, "shoes"),
    )  # fmt: skip
    shape = size[::-1]
    front = np.full(shape, -np.inf)
    albedo, normal = np.zeros((*shape, 3), np.uint8), np.zeros((*shape, 3), np.float32)
    material, triangle = np.zeros(shape, np.uint8), np.full(shape, -1, np.int32)
    for number, (a, b, radius, ahead, color, what) in enumerate(parts):
        rise, facing = capsule(a, b, radius)
        seen = rise + ahead > front
        front[seen] = (rise + ahead)[seen]
        albedo[seen], normal[seen], material[seen], triangle[seen] = color, facing[seen], materials[what], number
    sun = np.array([-0.5, 0.6, 0.62])
    lit = (light * (0.35 + 0.75 * (normal @ sun).clip(0)))[..., None].repeat(3, -1).astype(np.float32)
    lit[triangle < 0] = 0
    depth = np.where(np.isfinite(front), 3 - 0.006 * front, np.inf).astype(np.float32)
    color = (albedo * lit).clip(0, 255).astype(np.uint8)
    return Layers(albedo, normal, depth, material, (triangle >= 0).astype(np.uint8), triangle, lit, color)


def backdrop() -> np.ndarray:
    """A sky over hills over a meadow."""
    image = np.empty((*size[::-1], 3), np.uint8)
    image[:150] = np.linspace((150, 190, 235), (225, 225, 225), 150)[:, None]
    image[150:] = (150, 165, 110)
    for x, radius in ((30, 40), (120, 26), (200, 50)):
        cv2.circle(image, (x, 160), radius, (120, 140, 120), -1)
    image[168:] = (150, 165, 110)
    return image


def picture(name, layers=None, seed=0):
    return style(name, layers or view(), backdrop(), np.random.default_rng(seed))


def lab(colors) -> np.ndarray:
    flat = np.asarray(colors, np.float32).reshape(1, -1, 3) / 255
    return cv2.cvtColor(flat, cv2.COLOR_RGB2LAB)[0]


def rings(mask, width=3):
    """The bands just within and just outside a mask."""
    kernel, near = np.ones((2 * width + 1,) * 2, np.uint8), np.ones((3, 3), np.uint8)
    solid = mask.astype(np.uint8)
    return (cv2.erode(solid, near) > 0) & (cv2.erode(solid, kernel) == 0), (cv2.dilate(solid, kernel) > 0) & ~mask


def test_every_style_of_the_words_has_its_medium():
    assert tuple(mediums) == words.styles
    assert [name for name in mediums if not colored(name)] == ["clay", "pencil", "ink wash", "engraving", "blueprint"]


@pytest.mark.parametrize("name", words.styles)
def test_a_style_is_repeatable_varied_and_leaves_its_layers_alone(name):
    layers = view()
    before = {key: value.copy() for key, value in vars(layers).items()}
    first, again, other = picture(name, layers), picture(name, layers), picture(name, layers, seed=1)
    assert first.shape == (*size[::-1], 3)
    assert first.dtype == np.uint8
    assert (first == again).all()
    assert (first != other).any()
    for key, value in before.items():
        np.testing.assert_array_equal(value, getattr(layers, key))


@pytest.mark.parametrize("name", words.styles)
def test_media_work_in_single_precision(name):
    image = medium(name).draw(Subject(view(), backdrop()), np.random.default_rng(0))
    assert image.dtype == np.float32  # twice as fast as double
    assert np.isfinite(image).all()


def test_no_style_looks_like_another():
    drawn_all = [picture(name).astype(np.float32) for name in words.styles]
    for n, one in enumerate(drawn_all):
        for other in drawn_all[:n]:
            assert np.abs(one - other).mean() > 4


@pytest.mark.parametrize("name", words.styles)
def test_a_figure_stands_out_from_what_is_behind(name):
    within, outside = rings(view().solid, 4)
    image = picture(name).astype(np.float32)
    assert np.abs(image[within].mean(0) - image[outside].mean(0)).max() > 18 or _edge(image, view().solid) > 25


def _edge(image, mask):
    """How much an image (H, W, 3) changes at a mask's border."""
    border = mask & ~(cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    change = steepness(cv2.GaussianBlur(image, (0, 0), 1.0)) * 2
    return change[border].mean()


@pytest.mark.parametrize("name", words.styles)
def test_an_arm_shows_before_a_chest_of_its_colour(name):
    layers = view()
    arm = layers.triangle == 4
    chest = cv2.dilate((layers.triangle == 2).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    border = arm & (cv2.dilate((chest & ~arm).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    plain = cv2.erode((layers.triangle == 2).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    ratios = []
    for seed in range(3):
        image = cv2.GaussianBlur(picture(name, layers, seed).astype(np.float32), (0, 0), 1.5)
        change = steepness(image)
        ratios.append(change[border].mean() / (np.median(change[plain]) + 0.5))
    assert np.median(ratios) > 1.25


@pytest.mark.parametrize("name", colored_styles)
def test_colours_that_captions_name_can_be_told(name):
    told = ("red", "yellow", "green", "blue", "pink", "black", "white", "brown")
    known = {word: words.palette[word] for word in told}
    right = 0
    for seed, color in enumerate(known.values()):
        layers = view(dress=color)
        inside = cv2.erode((layers.material == materials["top"]).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        shown = np.median(lab(picture(name, layers, seed)[inside]), axis=0)
        # Shades count less than hues: a picture has light in it.
        off = np.linalg.norm((lab(list(known.values())) - shown) * (0.5, 1, 1), axis=1)
        right += int(off.argmin() == seed)
    assert right >= len(known) - 1


@pytest.mark.parametrize("name", [name for name in mediums if not colored(name)])
def test_styles_without_colours_show_none_of_the_dress(name):
    inside = view().material == materials["top"]
    tints = [lab(picture(name, view(dress=words.palette[word]))[inside]).mean(0)[1:] for word in ("red", "green")]
    assert np.abs(tints[0] - tints[1]).max() < 6


@pytest.mark.parametrize("name", words.styles)
def test_a_view_of_nothing_is_the_place_alone(name):
    shape = size[::-1]
    zeros = np.zeros((*shape, 3), np.uint8)
    nothing = Layers(
        zeros, zeros.astype(np.float32), np.full(shape, np.inf, np.float32), zeros[..., 0], zeros[..., 0],
        np.full(shape, -1, np.int32), zeros.astype(np.float32), zeros,
    )  # fmt: skip
    assert picture(name, nothing).std() > 1


@pytest.mark.parametrize("name", words.styles)
def test_scenery_and_darkness_are_no_obstacle(name):
    layers = view(light=0.05)
    box = replace(layers, figure=np.where(layers.material == materials["bottom"], 0, layers.figure).astype(np.uint8))
    assert picture(name, box).std() > 3


def test_wrong_requests_say_what_was_expected():
    with pytest.raises(ValueError, match="expected a style among render, clay"):
        picture("crayon")
    with pytest.raises(ValueError, match="expected a style among"):
        colored("crayon")
    with pytest.raises(ValueError, match="expected a backdrop"):
        style("cel", view(), backdrop()[:-1], np.random.default_rng(0))


# ── what media are made of ──


def test_noise_has_mean_0_and_deviation_1():
    for scale in (1, 4, 30):
        field = np.concatenate([noise((300, 200), scale, np.random.default_rng(seed)).ravel() for seed in range(12)])
        assert abs(field.mean()) < 0.2
        assert 0.6 < field.std() < 1.5


def test_strokes_run_along_their_angle():
    field = strokes((200, 200), 0.0, 20, 1.5, np.random.default_rng(0))
    assert 0 <= field.min() <= field.max() <= 1
    across, along = np.abs(np.diff(field, axis=0)).mean(), np.abs(np.diff(field, axis=1)).mean()
    assert across > 2.5 * along


@pytest.mark.parametrize("width", [1.5, 3.0, 5.0])
def test_drawn_lines_are_as_wide_as_asked(width):
    edges = np.zeros((60, 60), np.float32)
    edges[:, 30] = 1
    assert drawn(edges, width)[30].sum() == pytest.approx(width, rel=0.45)
    assert drawn(edges, width, 1.0)[30].sum() > drawn(edges, width)[30].sum() > drawn(edges, width, -1.0)[30].sum()


def test_cells_are_nearest_to_their_seed():
    seeds = scattered((80, 60), 20, np.random.default_rng(0))
    found = cells((80, 60), seeds)
    within = ((seeds >= 0) & (np.round(seeds) < (80, 60))).all(1)
    assert len(np.unique(found)) == within.sum()


def test_colour_by_channels_does_what_broadcasting_would():
    rng = np.random.default_rng(0)
    image, amount = rng.random((20, 30, 3), np.float32), rng.random((20, 30), np.float32)
    ink = np.array((0.2, 0.5, 0.7), np.float32)
    expected = image * (1 - amount[..., None]) + ink * amount[..., None]
    np.testing.assert_allclose(inked(image, ink, amount), expected, atol=1e-5)
    gray = image.mean(2, keepdims=True)
    np.testing.assert_allclose(vivid(image, 1.4), (gray + (image - gray) * 1.4).clip(0, 1), atol=1e-5)


def test_spread_takes_what_hardly_differs_for_light():
    flat = np.full((10, 10), 0.4, np.float32)
    assert (spread(flat, flat, 5, 95, 0.2) == 1).all()
    ramp = np.linspace(0, 1, 101, dtype=np.float32)
    assert spread(ramp, ramp, 10, 90, 0.2)[[10, 90]] == pytest.approx([0, 1], abs=1e-5)


def test_what_is_cut_off_below_casts_no_contact_shadow():
    stands = np.zeros((100, 80), bool)
    stands[20:80, 30:50] = True
    assert contact_shadow(stands, 1.0)[82, 40] > 0.2
    assert contact_shadow(stands, 1.0)[30, 10] == 0
    stands[80:] |= stands[79]
    assert contact_shadow(stands, 1.0).max() == 0
