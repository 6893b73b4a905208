"""The places behind the figures: all there, lit as told, the same by seed, quick."""

import time

import cv2
import numpy as np
import pytest

from engine.light import lights
from scripts.world import places
from scripts.world.words import palette

size = (96, 64)


def painted(name, light="studio", seed=0, horizon=30.0, size=size, **more):
    return places.place(name, size, horizon, light, np.random.default_rng(seed), **more)


@pytest.mark.parametrize("name", places.names)
def test_every_place_fills_the_picture(name):
    for horizon in (-300.0, 30.0, 31.4, 63.0, 500.0):
        picture = painted(name, horizon=horizon)
        assert picture.shape == (64, 96, 3)
        assert picture.dtype == np.uint8
        assert 4 < picture.mean() < 253


@pytest.mark.parametrize("name", places.names)
def test_a_seed_gives_one_place_and_another_seed_another(name):
    np.testing.assert_array_equal(painted(name), painted(name))
    assert (painted(name) != painted(name, seed=1)).mean() > 0.1


@pytest.mark.parametrize("light", lights)
def test_every_light_is_known(light):
    assert painted("meadow", light).shape == (64, 96, 3)


@pytest.mark.parametrize("name", ["mountains", "sea", "desert", "city", "room", "temple"])
def test_the_light_tints_the_place(name):
    means = {light: np.mean([painted(name, light, seed).mean((0, 1)) for seed in range(4)], axis=0) for light in lights}
    red, _, blue = np.array([means["sunset"], means["flat"], means["moon"]]).T
    assert red[0] - blue[0] > red[1] - blue[1] > red[2] - blue[2]  # sunset is warmer than daylight, the moon cooler
    assert means["moon"].mean() < 0.6 * means["flat"].mean()


@pytest.mark.parametrize("name", places.paper_names)
def test_papers_are_nearest_to_their_colour_word(name):
    for seed in range(3):
        mean = painted(name, "soft", seed).mean((0, 1))
        shares = {word: np.linalg.norm(mean / mean.sum() - np.array(c) / sum(c)) for word, c in palette.items()}
        near = sorted(shares, key=lambda word: shares[word])[:4]  # by hue alone: greys are told by brightness
        assert name.split()[0] in near or name.split()[0] in ("black", "grey")


def test_the_ground_begins_at_the_horizon():
    picture = painted("sea", "studio", size=(192, 192), horizon=96).astype(float)
    sky, ground = picture[60:90].mean((0, 1)), picture[160:].mean((0, 1))
    assert sky[2] > sky[0]  # blue
    assert ground[0] > ground[2]  # sand


def test_a_place_can_lean():
    upright, leaning = (painted("sea", size=(192, 192), horizon=96, roll=angle).astype(float) for angle in (0.0, 0.2))
    left, right = slice(4, 24), slice(168, 188)
    drop = lambda picture, columns: np.abs(np.diff(picture[40:150, columns].mean((1, 2)))).argmax()  # noqa: E731
    assert abs(drop(upright, left) - drop(upright, right)) < 18
    assert drop(leaning, right) - drop(leaning, left) > 15
    np.testing.assert_array_equal(painted("dots"), painted("dots", roll=0.3))


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"expected one of the places mountains.*got 'moon base'"):
        painted("moon base")
    with pytest.raises(ValueError, match="expected one of the lights"):
        painted("sea", "disco")


def test_papers_together_weigh_as_two_places():
    rng = np.random.default_rng(0)
    drawn = [places.choose(rng) for _ in range(4000)]
    share = np.mean([name in places.paper_names for name in drawn])
    assert share == pytest.approx(2 / (len(places.names) - len(places.paper_names) + 2), abs=0.02)
    assert set(drawn) == set(places.names)
    assert places.choose(rng, ("sea",)) == "sea"


def test_flat_places_are_places():
    assert set(places.flat) < set(places.names)
    assert places.photo not in places.names


def test_photos_are_cropped(tmp_path):
    ramp = np.linspace(0, 255, 200 * 300 * 3).reshape(200, 300, 3).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), ramp)
    (tmp_path / "more").mkdir()
    cv2.imwrite(str(tmp_path / "more" / "b.JPG"), ramp[:40, :30])
    photos = places.Photos(tmp_path)
    assert len(photos.files) == 2
    drawn = [photos.drawn(size, np.random.default_rng(seed)) for seed in range(6)]
    assert {picture.shape for picture in drawn} == {(64, 96, 3)}
    assert len({picture.tobytes() for picture in drawn}) == 6
    np.testing.assert_array_equal(drawn[0], photos.drawn(size, np.random.default_rng(0)))


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected pictures"):
        places.Photos(tmp_path)
    (tmp_path / "broken.png").write_bytes(b"no")
    with pytest.raises(ValueError, match="expected a picture"):
        places.Photos(tmp_path).drawn(size, np.random.default_rng(0))


@pytest.mark.slow
def test_a_place_takes_a_fiftieth_of_a_second():
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    spent = []
    for seed in range(4):
        for name in places.names:
            start = time.process_time()
            painted(name, list(lights)[seed], seed, 190.0, (384, 384))
            spent.append(time.process_time() - start)
    cv2.setNumThreads(threads)
    assert np.median(spent) < 0.02
