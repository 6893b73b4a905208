"""Painting in a pose with the weights that come along: who is asked, the same picture every time, the pose kept."""

from dataclasses import replace

import numpy as np
import pytest
from huggingface_hub import constants

from engine.library import read_library
from engine.pose import Pose2D
from engine.scene import PaintRequest
from engine.stage import library
from engine.studio import Studio
from engine.verify import best_first

asked = PaintRequest(prompt="a man in a blue suit in a meadow", size=(128, 128), guidance=3, steps=2, seed=5)


@pytest.fixture(scope="module")
def standing() -> Pose2D:
    """A figure at ease."""
    (found,) = [one for one in read_library(library) if one.id == "at-ease"]
    return Pose2D(found.size, (found.person,))


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory):
    """A studio with nothing but what comes along."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Studio()


def test_poses_are_told_joint_by_joint_and_otherwise_where_asked(studio: Studio, standing: Pose2D):
    assert [part.name for part in studio.planned(asked, standing) if part] == ["sd-mini", "spctrl-mini"]
    sticks = studio.planned(replace(asked, encoding="openpose"), standing)
    assert [part.name for part in sticks if part] == ["sd-mini", "openpose-mini"]
    assert all(part.guided for part in (sticks[1], studio.planned(asked, standing)[1]) if part)


@pytest.mark.parametrize("encoding", ["spctrl", "openpose"])
def test_a_seed_is_one_picture_whoever_paints_it(studio: Studio, standing: Pose2D, encoding: str):
    request = replace(asked, encoding=encoding)
    first, second = studio.paint(replace(request, count=2), standing)
    (alone,) = studio.paint(replace(request, seed=6), standing)
    (anew,) = Studio().paint(request, standing)
    assert np.array_equal(second.image, alone.image)
    assert np.array_equal(first.image, anew.image)
    assert not np.array_equal(first.image, second.image)


def test_of_four_pictures_the_best_keeps_the_pose(studio: Studio, standing: Pose2D):
    """What the pose adds is seen: without it no figure stands just there."""
    request = replace(asked, count=4, steps=20)
    best = best_first(map(studio.verified, studio.paint(request, standing)))[0]
    without = best_first(map(studio.verified, studio.paint(replace(request, pose_strength=0), standing)))[0]
    assert best.verdict is not None
    assert without.verdict is not None
    assert best.verdict.oks > 0.5
    assert best.verdict.oks > without.verdict.oks
