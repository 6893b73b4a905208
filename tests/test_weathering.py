"""Weathered pictures: nothing by default, chance from the generator alone, each kind what its name says."""

import numpy as np
import pytest

from engine.augment import Augmentation, Figure, view_of
from engine.box import Box
from engine.skeleton import coco17
from engine.weathering import Weathering, retoned, worn

picture = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_by_default_nothing_happens():
    assert (retoned(picture, rng(), Weathering()) == picture).all()
    assert (worn(picture, rng(), Weathering()) == picture).all()


def test_greys_inversions_and_tones():
    grey = retoned(picture, rng(), Weathering(grey=1))
    assert (grey[..., 0] == grey[..., 1]).all()
    assert (retoned(picture, rng(), Weathering(inverted=1)) == 255 - picture).all()
    toned = retoned(picture, rng(), Weathering(tones=1))
    assert toned.shape == picture.shape
    order = np.argsort(picture[..., 0].ravel(), kind="stable")
    assert (np.diff(toned[..., 0].ravel()[order].astype(int)) >= 0).all()  # brighter stays brighter
    assert (toned != picture).any()


@pytest.mark.parametrize("how", [{"shrunk": 1}, {"grainy": 1}, {"compressed": 1}, {"patches": 3}])
def test_wear_changes_the_picture_the_same_way_each_time(how):
    before = picture.copy()
    first, again = (worn(picture, rng(2), Weathering(**how)) for _ in range(2))
    assert (first == again).all()
    assert (picture == before).all()
    assert first.shape == picture.shape
    assert first.dtype == np.uint8
    assert (first != picture).any()


def test_views_without_weather_are_as_they_were():
    points = np.tile((15.0, 20.0), (17, 1))
    figure = Figure(picture, Box(2, 2, 28, 38), points, np.ones(17, bool))
    usual = view_of(figure, coco17, (48, 64), rng(3), Augmentation())
    weathered = view_of(figure, coco17, (48, 64), rng(3), Augmentation(weather=Weathering(grey=1, grainy=1)))
    assert (usual.points == weathered.points).all()
    assert (weathered.clean[..., 0] == weathered.clean[..., 1]).all()
    assert (weathered.seen != weathered.clean).any()
    assert not (usual.clean == weathered.clean).all()
