"""Front or back: other ways to see a limb, each with the same picture, within the limits, and judged by the prior."""

from pathlib import Path

import numpy as np
import pytest

from engine.body import Body
from engine.examples import Examples
from engine.fit import camera_for
from engine.flips import faithful, likeliest, readings
from engine.limits import Limits
from engine.natural import Natural
from engine.placing import placed
from engine.priors import open_priors
from engine.skeleton import smplx55

assets = Path(__file__).parent.parent / "assets" / "body"
camera = camera_for((600, 800))


@pytest.fixture(scope="module")
def body():
    return Body.load(assets / "contrapposto_neutral.npz")


@pytest.fixture(scope="module")
def ask(body):
    examples, natural = Examples.load(assets / "poses.npz"), Natural(open_priors())
    limits = Limits.load(assets / "limits.npz")

    def ask(name, limb, like=None):
        pose = placed(body, examples.pose(name), camera) if like is None else like
        return pose, readings(body, natural, limits, pose, camera, limb)

    return ask


def places(body, pose):
    return body.joints(body.poses(pose))[0].double().numpy()


@pytest.mark.parametrize(
    ("name", "limb"),
    [("running", "left_arm"), ("sitting", "left_arm"), ("running", "right_leg"), ("pointing-at-you", "right_arm")],
)
def test_every_reading_has_the_same_picture_and_no_two_are_alike(body, ask, name, limb):
    pose, found = ask(name, limb)
    side = limb.split("_")[0]
    rows = [
        smplx55.index(f"{side}_{joint}")
        for joint in (("elbow", "wrist") if limb.endswith("arm") else ("knee", "ankle"))
    ]
    seen = camera.project(places(body, pose))
    box = np.ptp(seen, axis=0).max()
    assert found[0].now
    assert found[0].pose is pose
    assert len(found) > 1
    assert len({one.towards for one in found}) == len(found)
    carried = [n for n, joint in enumerate(smplx55.joints) if joint.startswith(side) and joint not in (f"{side}_eye",)]
    others = [n for n in range(len(smplx55)) if n not in carried]
    for one in found[1:]:
        after = places(body, one.pose)
        assert np.linalg.norm(camera.project(after)[rows] - seen[rows], axis=1).max() < faithful * box
        assert after[others] == pytest.approx(places(body, pose)[others], abs=1e-6)
        moved = np.linalg.norm(after[rows] - places(body, pose)[rows], axis=1).max()
        assert moved > 0.05, "a bone that is told apart goes some way"
        assert one.error < faithful


def test_turning_there_and_back_comes_to_the_same_place(body, ask):
    pose, found = ask("pointing-at-you", "right_arm")
    other = next(one for one in found[1:] if one.towards[0] == found[0].towards[0])
    _, back = ask("pointing-at-you", "right_arm", other.pose)
    again = next(one for one in back if one.towards == found[0].towards)
    start, there, here = (places(body, one)[smplx55.index("right_wrist")] for one in (pose, other.pose, again.pose))
    assert np.linalg.norm(there - start) > 0.2
    assert np.linalg.norm(here - start) < 0.1


def test_the_prior_prefers_what_people_do(ask):
    kept = [
        likeliest(ask(name, limb)[1]).now
        for name in ("running", "pointing-at-you", "throwing")
        for limb in ("left_arm", "right_arm", "left_leg")
    ]
    assert np.mean(kept) > 0.6


def test_what_cannot_be_is_said(ask, body):
    pose, _ = ask("running", "left_arm")
    with pytest.raises(ValueError, match="expected a limb"):
        ask("running", "trunk")
    with pytest.raises(ValueError, match="in front of the camera"):
        ask("", "left_arm", pose.moved((0, 0, 30)))
