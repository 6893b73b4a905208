"""Box → crop → heatmap → point: the frames fit each other, both protocols, and bad input."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import heatmap
from engine.box import Box
from engine.heatmap import Crop, crop_of, cut, decode, encode, input_size, merge_flip
from engine.skeleton import coco17, wholebody133

small, small_map = (192, 256), (48, 64)
bias = np.array(input_size) / (
    np.array(input_size) - 1
)  # the decode multiplies by 768 / 191 what was divided by 767 / 191
rng = np.random.default_rng(3)


def tensor(maps) -> torch.Tensor:
    return torch.from_numpy(np.asarray(maps, np.float32))[None]


def reference(maps: np.ndarray) -> np.ndarray:
    """Heatmap px (K, 2) of maps (K, H, W), each blurred, stretched, clipped and logged whole, as the spec words it."""
    found = []
    for one in maps.astype(np.float32):
        y, x = np.unravel_index(one.argmax(), one.shape)
        blurred = cv2.GaussianBlur(one, (11, 11), 2.0, borderType=cv2.BORDER_CONSTANT)
        log = np.pad(np.log(np.clip(blurred * (one.max() / blurred.max()), 1e-3, 50)), 1, mode="edge").astype(float)
        (a, b, _), (d, e, f), (_, h, i) = log[y : y + 3, x : x + 3]
        hessian = np.array([[f - 2 * e + d, 0], [0, h - 2 * e + b]])
        hessian[0, 1] = hessian[1, 0] = (i - f - h + 2 * e - d - b + a) / 2
        step = np.linalg.inv(hessian + heatmap.ridge * np.eye(2)) @ [(f - d) / 2, (h - b) / 2]
        found.append((x, y) - step)
    return np.array(found)


# ── there and back ──


@settings(max_examples=30, deadline=None)
@given(st.tuples(st.floats(80, 687), st.floats(80, 943)))
def test_what_is_encoded_is_decoded(at):
    maps, weights = encode(np.array([at]), np.ones(1))
    points, scores = decode(tensor(maps))
    assert weights.tolist() == [1]
    assert np.allclose(points[0, 0], np.array(at) * bias, atol=0.02)
    assert 0.99 < scores.item() <= 1


@pytest.mark.parametrize("sigma", [1.5, 2.0, 6.0])
def test_any_size_of_map(sigma):
    at = rng.uniform((70, 70), (120, 180), (6, 2))
    maps, _ = encode(at, np.ones(6), small, small_map, sigma)
    points, _ = decode(tensor(maps), small)
    assert np.allclose(points[0].numpy() * (np.array(small) - 1) / small, at, atol=0.1)


def test_maps_of_a_batch_do_not_see_each_other():
    maps, _ = encode(rng.uniform(50, 700, (6, 2)), np.ones(6))
    together, scores = decode(torch.from_numpy(maps).reshape(2, 3, *maps.shape[1:]))
    for i, one in enumerate(maps):
        alone, score = decode(tensor(one[None]))
        assert torch.equal(alone[0, 0], together.reshape(6, 2)[i])
        assert score.item() == scores.reshape(6)[i].item()


box = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), *[st.floats(-300, 900)] * 2, *[st.floats(2, 900)] * 2)


@settings(max_examples=50, deadline=None)
@given(box, st.floats(-3.2, 3.2))
def test_to_photo_undoes_an_evaluation_crop(where, turn):
    crop = replace(crop_of(where, "evaluation"), rotation=turn)
    at = np.array([where.center, (where.x0, where.y0), (where.x1, where.y1)])
    there = at @ crop.matrix[:, :2].T.astype(float) + crop.matrix[:, 2]
    assert np.allclose(crop.to_photo(there * bias), at, atol=1e-3 * max(crop.scale) / 100 + 1e-3)


def test_a_point_is_found_where_it_is_in_the_photo():
    """A white square in a dark photo: its crop's brightest place, sent back, is its place."""
    photo = np.zeros((600, 500, 3), np.uint8)
    photo[300:305, 200:205] = 255
    for protocol, tolerance in (("evaluation", 0.3), ("demo", 1.0)):
        crop = crop_of(Box(100, 150, 420, 560), protocol, small, (500, 600))
        seen = cv2.GaussianBlur(cut(photo, crop)[..., 0].astype(np.float32), (0, 0), 3)
        points, _ = decode(tensor(seen[None]), small)
        assert np.allclose(crop.to_photo(points[0, 0].numpy()), (202, 302), atol=tolerance), protocol


@settings(max_examples=30, deadline=None)
@given(box)
def test_the_evaluation_crop_holds_the_padded_box_at_three_to_four(where):
    crop = crop_of(where, "evaluation")
    w, h = crop.scale
    assert w / h == pytest.approx(0.75, rel=1e-5)
    assert w >= 1.25 * where.width * 0.99999
    assert h >= 1.25 * where.height * 0.99999
    assert min(w / where.width, h / where.height) == pytest.approx(1.25, rel=1e-5)
    assert crop.center == pytest.approx(where.center, rel=1e-5, abs=1e-4)


def test_the_example_of_the_specification():
    crop = crop_of(Box(100, 50, 300, 400), "evaluation")
    assert crop == Crop((200, 225), (328.125, 437.5))


def test_beside_the_photo_lies_black():
    crop = crop_of(Box(-50, -50, 50, 50), "evaluation", small)
    seen = cut(np.full((100, 100, 3), 255, np.uint8), crop)
    assert seen.shape == (256, 192, 3)
    assert not seen[:100, :90].any()
    assert (seen[160:, 130:150] == 255).all()


# ── the demo's protocol ──


def test_the_demo_cuts_at_whole_pixels_inside_the_photo():
    assert crop_of(Box(10.7, 5.2, 99.9, 118.3), "demo", small, (160, 110)) == Crop(
        (54.5, 57.5), (89, 105), small, "demo"
    )
    assert crop_of(Box(-20.5, 3, 400, 90), "demo", small, (160, 110)).scale == (160, 87)


def test_the_demo_stretches():
    seen = cut(
        np.tile(np.arange(40, dtype=np.uint8)[:, None, None] * 6, (1, 90, 3)), Crop((45, 20), (90, 40), small, "demo")
    )
    assert seen.shape == (256, 192, 3)
    assert seen[0].max() == 0
    assert seen[-1].min() == 39 * 6


def test_the_demo_s_bias_is_kept():
    """Published: places come out 768 / 767 and 1024 / 1023 as far from the crop's corner as they are."""
    crop = Crop((400, 500), (768, 1024), input_size, "demo")
    at = np.array([(100, 120), (680, 900)], float)
    points, _ = decode(tensor(encode(at, np.ones(2))[0]))
    corner = (16, -12)
    assert np.allclose(at + corner, at - crop.matrix[:, 2], atol=1e-3)
    assert np.allclose(crop.to_photo(points[0].numpy()), at * bias + corner, atol=0.02)


# ── decode ──


@pytest.mark.parametrize("size", [small_map, (50, 40), (3, 3)])
def test_noise_is_decoded_as_published(size):
    """Whatever the maps: nine values, or whole maps where those do not tell."""
    maps = rng.standard_normal((40, size[1], size[0])) * 0.5 + 0.4
    points, scores = decode(tensor(maps), (size[0] - 1, size[1] - 1))
    errors = np.abs(points[0].numpy() - reference(maps)).max(1)
    assert np.quantile(errors, 0.9) < 2e-3
    assert np.array_equal(scores[0], maps.astype(np.float32).max((1, 2)))


@pytest.mark.parametrize("height", [1e-3, 0.01, 1.0, 45.0, 60.0, 500.0])
def test_every_height_is_decoded_as_published(height):
    """Low maps are cut off below, high ones above: there the stretch decides where."""
    at = rng.uniform(60, 700, (8, 2))
    maps = encode(at, np.ones(8))[0] * height
    points, _ = decode(tensor(maps), (191, 255))
    assert np.allclose(points[0], reference(maps), atol=2e-3)


def test_corners_and_edges_are_decoded_as_published():
    at = np.array([(0, 0), (767, 0), (0, 1023), (767, 1023), (300, 2), (3, 500)], float)
    maps = encode(at, np.ones(6))[0]
    points, _ = decode(tensor(maps), (191, 255))
    assert np.allclose(points[0], reference(maps), atol=2e-3)


def test_the_shortcut_for_other_devices_agrees():
    """What a GPU does for a whole map, against OpenCV."""
    maps = torch.from_numpy(rng.standard_normal((5, 30, 20)).astype(np.float32))
    one, two = heatmap._blurred_maximum(maps), heatmap._summed_maximum(maps)
    assert torch.allclose(one, two, atol=1e-6)


@pytest.mark.parametrize("value", [-1.0, 0.0, float("nan"), float("inf"), float("-inf")])
def test_a_map_without_a_peak_has_no_place(value):
    points, scores = decode(torch.full((1, 2, 256, 192), value))
    assert points[0, 0].tolist() == pytest.approx([-4.0209, -4.0157], abs=1e-4)
    assert scores[0, 0].item() == (-1.0 if value == -1 else 0.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_broken_value_spoils_its_map_alone(value):
    maps = tensor(encode(np.array([(300, 400), (300, 400)], float), np.ones(2))[0])
    maps[0, 0, 5, 5] = value
    points, scores = decode(maps)
    assert scores[0, 0] == 0
    assert scores[0, 1] > 0.9
    assert points.isfinite().all()


def test_flat_tops_do_not_move():
    points, scores = decode(torch.full((1, 1, 64, 48), 60.0), small)
    assert points.isfinite().all()
    assert scores.item() == 60


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_precision_is_taken(dtype):
    maps = tensor(encode(np.array([(300.0, 400.0)]), np.ones(1))[0]).to(dtype)
    points, scores = decode(maps)
    assert points.dtype == torch.float64
    assert scores.dtype == torch.float32
    assert np.allclose(points[0, 0], (300, 400) * bias, atol=8)


def test_no_maps_give_no_points():
    points, scores = decode(torch.zeros(0, 17, 64, 48))
    assert points.shape == (0, 17, 2)
    assert scores.shape == (0, 17)


# ── flip merge ──


@pytest.mark.parametrize("skeleton", [coco17, wholebody133], ids=lambda s: s.name)
def test_a_mirror_s_heatmaps_merge_into_the_same(skeleton):
    maps = torch.rand(2, len(skeleton), 6, 5)
    mirrored = maps[:, skeleton.swap.copy()].flip(-1)
    assert torch.equal(merge_flip(maps, mirrored, skeleton.swap), maps)
    other = torch.rand_like(maps)
    merged = merge_flip(maps, other, skeleton.swap)
    again = merge_flip(other, maps, skeleton.swap)[:, skeleton.swap.copy()].flip(-1)
    assert torch.allclose(merged, again)


# ── encode ──


def test_invisible_joints_weigh_nothing_and_have_no_hill():
    maps, weights = encode(np.array([(300, 300), (300, 300), (-100, 300), (300, 1200.0)]), np.array([1, 0, 1, 1]))
    assert weights.tolist() == [1, 0, 0, 0]
    assert maps[0].max() == pytest.approx(1, abs=0.01)
    assert not maps[1:].any()


def test_hills_end_after_three_sigmas():
    maps, _ = encode(np.array([(400.0, 400.0)]), np.ones(1))
    rows, columns = np.nonzero(maps[0])
    assert np.ptp(rows) == np.ptp(columns) == 36


# ── bad input ──


@pytest.mark.parametrize("protocol", ["evaluation", "demo"])
@pytest.mark.parametrize(
    "corners", [(5, 5, 5, 9), (5, 5, 9, 5), (9, 9, 5, 5), (0, 0, float("nan"), 9), (0, 0, float("inf"), 9)]
)
def test_a_box_without_area_is_refused(protocol, corners):
    with pytest.raises(ValueError, match="expected a box with an area"):
        crop_of(Box(*corners), protocol)


@pytest.mark.parametrize("corners", [(200, 5, 300, 90), (5.1, 5, 5.9, 90), (-90, 0, -4, 40)])
def test_a_demo_box_that_holds_no_pixel_is_refused(corners):
    with pytest.raises(ValueError, match="holds a pixel"):
        crop_of(Box(*corners), "demo", photo_size=(160, 120))


@pytest.mark.parametrize("photo", [np.zeros((5, 5), np.uint8), np.zeros((5, 5, 4), np.uint8), np.zeros((5, 5, 3))])
def test_no_photo_is_refused(photo):
    with pytest.raises(ValueError, match="expected a photo"):
        cut(photo, crop_of(Box(0, 0, 4, 4), "evaluation"))


@pytest.mark.parametrize("shape", [(17, 64, 48), (1, 17, 1, 48), (1, 17, 64)])
def test_no_heatmaps_are_refused(shape):
    with pytest.raises(ValueError, match="expected heatmaps"):
        decode(torch.zeros(shape))


def test_heatmaps_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="expected two equal batches"):
        merge_flip(torch.zeros(1, 17, 4, 4), torch.zeros(2, 17, 4, 4), coco17.swap)
    with pytest.raises(ValueError, match="places to swap"):
        merge_flip(torch.zeros(1, 17, 4, 4), torch.zeros(1, 17, 4, 4), wholebody133.swap)


def test_no_points_are_refused():
    with pytest.raises(ValueError, match="expected finite points"):
        encode(np.zeros((3, 2)), np.ones(4))
    with pytest.raises(ValueError, match="expected finite points"):
        encode(np.full((3, 2), np.nan), np.ones(3))
