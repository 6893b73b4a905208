"""Augmentation: labels stay on what they name, chance keeps to its ranges, and the clean picture is kept in time."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.augment import (
    Augmentation,
    Figure,
    calm,
    corrupted,
    flipped,
    framed,
    half_body,
    lower_groups,
    recolored,
    truncated,
    upper_groups,
    view_of,
    visible_of,
)
from engine.box import Box
from engine.heatmap import crop_of, cut
from engine.skeleton import coco17, wholebody133

size = (192, 256)
colors = [(40 + 200 * (i % 2), 40 + 100 * (i // 2 % 3), 30 + 40 * (i // 6)) for i in range(17)]
ground = (128, 128, 250)


def dotted() -> Figure:
    """A picture with a disc of its own colour under each of COCO's joints, far from each other."""
    image = np.full((600, 500, 3), ground, np.uint8)
    points = np.array([(110.0 + 70 * (i % 5), 130.0 + 90 * (i // 5)) for i in range(17)])
    points += np.random.default_rng(3).uniform(-12, 12, points.shape)
    for point, color in zip(points, colors, strict=True):
        at = tuple(round(v * 16) for v in point)
        cv2.circle(image, at, 9 * 16, color, -1, cv2.LINE_AA, 4)
    return Figure(image, Box(60, 60, 440, 540), points, np.ones(17, dtype=bool))


def standing(visible: tuple[str, ...] = coco17.joints) -> Figure:
    """A figure upright in its box, some joints labelled."""
    points = np.random.default_rng(0).uniform((40, 20), (160, 100), (17, 2))
    legs = [j for name in lower_groups[:2] for j in coco17.group(name)]
    points[coco17.indices(legs)] += (0, 150)
    seen = np.array([joint in visible for joint in coco17.joints])
    return Figure(np.zeros((300, 200, 3), np.uint8), Box(20, 10, 180, 280), points, seen)


def place_of(image: np.ndarray, color: tuple[int, int, int]) -> np.ndarray | None:
    """The middle (2,) of the largest spot of a colour, None where it is too small for a disc; rims mix colours."""
    spots = (np.abs(image.astype(int) - color).max(-1) < 12).astype(np.uint8)
    _, _, stats, middles = cv2.connectedComponentsWithStats(spots)
    if len(stats) < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return middles[largest] if stats[largest, cv2.CC_STAT_AREA] >= 12 else None


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_labels_stay_on_their_joints(flip):
    how = replace(Augmentation(), flip=flip, color_chance=0, blur=0, median_blur=0, hole_chance=0, scale=(0.8, 1.2))
    figure, checked = dotted(), 0
    for seed in range(12):
        view = view_of(figure, coco17, size, np.random.default_rng(seed), how)
        for k, point in enumerate(view.points):
            # In a mirror, the joint called left is where the right one was drawn.
            drawn = coco17.swap[k] if flip else k
            inside = (point > 8).all() and (point < np.array(size) - 9).all()
            found = place_of(view.clean, colors[drawn])
            if inside:
                assert found is not None
                assert np.linalg.norm(found - point) < 1, f"seed {seed}, {coco17.joints[k]}"
                checked += 1
    assert checked > 100


def test_a_calm_view_is_the_evaluation_crop():
    figure = dotted()
    view = view_of(figure, coco17, size, np.random.default_rng(0), calm)
    crop = crop_of(figure.box, "evaluation", size)
    assert (view.seen == cut(figure.image, crop)).all()
    assert (view.clean == view.seen).all()


def test_mirroring_twice_changes_nothing():
    figure = replace(dotted(), visible=np.arange(17) % 3 > 0)
    twice = flipped(flipped(figure, coco17), coco17)
    assert (twice.image == figure.image).all()
    assert (twice.visible == figure.visible).all()
    np.testing.assert_allclose(twice.points, figure.points)
    np.testing.assert_allclose(twice.box, figure.box)
    once = flipped(replace(figure, visible=np.array([j == "left_wrist" for j in coco17.joints])), coco17)
    assert [coco17.joints[i] for i in np.flatnonzero(once.visible)] == ["right_wrist"]


def test_the_same_seed_makes_the_same_view():
    views = [view_of(dotted(), coco17, size, np.random.default_rng(s), Augmentation()) for s in (5, 5, 6)]
    assert (views[0].seen == views[1].seen).all()
    assert (views[0].points == views[1].points).all()
    assert (views[0].points != views[2].points).any()


# ── half body ──


def picked(figure: Figure, tries: int = 200) -> list[str]:
    """What was picked: `upper`, `lower` or `none`, over many seeds."""
    found = []
    for seed in range(tries):
        box = half_body(figure, coco17, np.random.default_rng(seed), Augmentation())
        found.append("none" if box is None else "upper" if box.y1 < 110 else "lower")
    return found


def test_half_bodies_are_upper_ones_by_preference():
    share = picked(standing()).count("upper") / 200
    assert 0.6 < share < 0.8
    assert "none" not in picked(standing())


def test_half_bodies_take_what_is_visible():
    legs = tuple(j for j in coco17.joints if j.rpartition("_")[2] in ("hip", "knee", "ankle"))
    assert set(picked(standing((*coco17.joints[:11], "left_hip", "right_hip")))) == {
        "upper"
    }  # two joints below: too few
    assert set(picked(standing(legs))) == {"none"}  # six joints in all
    figure = standing((*legs, "nose"))
    assert half_body(figure, coco17, np.random.default_rng(0), replace(Augmentation(), half_body_from=7)).y0 > 110
    assert set(picked(standing(coco17.joints[:8]))) == {"none"}


def test_a_half_body_is_framed_half_again_as_large():
    how = replace(calm, half_body=1, upper=1)
    figure = standing()
    crop = framed(figure, coco17, size, np.random.default_rng(0), how)
    upper = figure.points[visible_of(figure, coco17, upper_groups)]
    spread = np.ptp(upper, axis=0) * 1.5
    np.testing.assert_allclose(crop.center, (upper.min(0) + upper.max(0)) / 2)
    assert max(np.array(crop.scale) / spread) > 1 - 1e-6  # the other side grows to the crop's proportions
    assert min(np.array(crop.scale) / spread) == pytest.approx(1)


def test_both_halves_are_the_whole_skeleton():
    for skeleton in (coco17, wholebody133):
        n = len(skeleton)
        figure = Figure(np.zeros((2, 2, 3), np.uint8), Box(0, 0, 1, 1), np.zeros((n, 2)), np.ones(n, dtype=bool))
        halves = [visible_of(figure, skeleton, groups) for groups in (upper_groups, lower_groups)]
        assert sorted(np.concatenate(halves)) == list(range(n))


# ── where it is cut ──


def test_jitter_keeps_to_its_ranges():
    how, figure = replace(Augmentation(), half_body=0), standing()
    plain = crop_of(figure.box, "evaluation", size)
    crops = [framed(figure, coco17, size, np.random.default_rng(s), how) for s in range(400)]
    turns = np.array([crop.rotation for crop in crops])
    assert np.abs(turns).max() <= np.radians(80)
    assert np.abs(turns).max() > np.radians(60)
    assert 0.5 < (turns != 0).mean() < 0.7
    factors = np.array([crop.scale[0] / plain.scale[0] for crop in crops])
    assert 0.5 <= factors.min() < 0.6
    assert 1.4 < factors.max() <= 1.5
    moved = (np.array([crop.center for crop in crops]) - plain.center) / (160 * 1.25, 270 * 1.25)
    assert 0.1 < np.abs(moved).max() <= 0.16 + 1e-9
    assert 0.2 < (np.abs(moved) > 1e-9).mean() < 0.4


def test_truncated_numbers_are_normal_within_one():
    numbers = truncated(np.random.default_rng(0), 20000)
    assert np.abs(numbers).max() <= 1
    assert abs(numbers.mean()) < 0.02
    assert numbers.std() == pytest.approx(0.5396, abs=0.01)  # of a normal cut at one sigma


# ── what it looks like ──


def test_the_clean_picture_is_kept_before_blur_and_hole():
    hidden = replace(Augmentation(), blur=1, median_blur=1)
    views = [
        view_of(dotted(), coco17, size, np.random.default_rng(9), how)
        for how in (hidden, replace(hidden, blur=0, median_blur=0, hole_chance=0))
    ]
    assert (views[0].clean == views[1].clean).all()
    assert (views[1].seen == views[1].clean).all()
    assert (views[0].seen != views[0].clean).any()


def test_one_hole_of_a_fifth_to_two_fifths_of_each_side():
    image = np.full((256, 192, 3), 200, np.uint8)
    how = replace(calm, hole_chance=1, hole=(0.2, 0.4))
    for seed in range(40):
        seen = corrupted(image, np.random.default_rng(seed), how)
        ys, xs = np.nonzero(seen[..., 0] == 0)
        h, w = np.ptp(ys) + 1, np.ptp(xs) + 1
        assert len(ys) == h * w
        assert 0.19 < h / 256 <= 0.4
        assert 0.19 < w / 192 <= 0.4
    assert (image == 200).all()


def test_colors_change_only_by_chance():
    image = np.random.default_rng(0).integers(0, 256, (32, 24, 3), dtype=np.uint8)
    assert (recolored(image, np.random.default_rng(0), calm) == image).all()
    others = [recolored(image, np.random.default_rng(s), Augmentation()) for s in range(30)]
    changed = [other for other in others if (other != image).any()]
    assert len(changed) > 20
    assert all(other.dtype == np.uint8 and other.shape == image.shape for other in others)


def test_brightness_is_at_most_its_range():
    image = np.full((4, 4, 3), 100, np.uint8)
    how = replace(Augmentation(), color_chance=1, contrast=(1, 1), saturation=(1, 1), hue=0)
    levels = [int(recolored(image, np.random.default_rng(s), how)[0, 0, 0]) for s in range(200)]
    assert 67 <= min(levels) < 75
    assert 125 < max(levels) <= 132
