"""A body's shape by the names of its sliders."""

from __future__ import annotations

import numpy as np
import pytest

from engine import body_sliders
from engine.body_pose import BodyPose


def test_a_slider_set_is_read_back_and_the_others_stay(body):
    pose = body_sliders.moved(body, BodyPose(), "weight", 0.6)
    pose = body_sliders.moved(body, pose, "height", -0.4)
    found = body_sliders.values(body, pose)
    assert found["weight"] == pytest.approx(0.6, abs=1e-6)
    assert found["height"] == pytest.approx(-0.4, abs=1e-6)
    assert all(abs(found[name]) < 1e-6 for name in found if name not in ("weight", "height"))


def test_what_no_slider_names_stays(body):
    rng = np.random.default_rng(0)
    before = BodyPose(betas=rng.normal(size=16))
    after = body_sliders.moved(body, before, "muscle", body_sliders.values(body, before)["muscle"])
    assert np.allclose(after.betas, before.betas)


def test_height_is_height(body):
    def tall(value: float) -> float:
        pose = body_sliders.moved(body, BodyPose(), "height", value)
        return float(np.ptp(body.mesh(pose).vertices[:, 1]))

    assert tall(-1) < tall(0) - 0.1
    assert tall(1) > tall(0) + 0.1


def test_an_unknown_slider_is_refused(body):
    with pytest.raises(ValueError, match="expected one of the sliders height"):
        body_sliders.moved(body, BodyPose(), "wings", 1)
