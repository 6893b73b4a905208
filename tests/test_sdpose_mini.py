"""The small SDPose that comes along: told before it is loaded, and all 133 points of a drawn figure found."""

from pathlib import Path

import numpy as np
import pytest

from engine.library import read_library
from engine.posed_figures import PosedFigures
from engine.skeleton import coco17, wholebody133
from engine.studio import Studio

library = Path(__file__).parent.parent / "assets" / "library" / "poses.json"
name = "sdpose-mini"


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio()


def test_what_it_takes_is_told_before_it_is_loaded(studio):
    told = studio.forecast(name, figures=2)
    assert not told.measured
    assert 0 < told.seconds < 10
    assert 0 < told.gigabytes < 0.5


def test_it_finds_the_whole_body_the_same_each_time(studio):
    figure = PosedFigures(read_library(library), coco17, 1)[0]
    found, again = (studio.estimate(figure.image, name, [figure.box]).pose.people[0] for _ in range(2))
    assert found.skeleton == wholebody133
    assert np.array_equal(found.points, again.points)
    assert all(0 <= score <= 1 for score in found.scores)


def test_drawn_figures_are_found_about_where_they_are(studio):
    """Mannequins are drawn in no style that it has learned from."""
    near, figures = [], PosedFigures(read_library(library), coco17, 12)
    for figure in (figures[n] for n in range(len(figures))):
        (found,) = studio.estimate(figure.image, name, [figure.box]).pose.people
        far = np.linalg.norm(found.points[: len(coco17)] - figure.points, axis=1)[figure.visible]
        near.extend(far < 0.2 * max(figure.box.width, figure.box.height))
    assert np.mean(near) > 0.5
