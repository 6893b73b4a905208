"""More natural figures: what is held stays, the prior likes the answer better, choices are various and repeatable."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.body import Body
from engine.examples import Examples
from engine.fit import camera_for
from engine.leaning import flesh, heading
from engine.limits import Limits
from engine.natural import Natural
from engine.placing import placed
from engine.posing import blended
from engine.priors import open_priors
from engine.progress import Cancelled
from engine.relaxing import Relaxer
from engine.rig import about, joint_number, matrices
from engine.skeleton import smplx55, wholebody133
from engine.variations import Varier, Wish

assets = Path(__file__).parent.parent / "assets" / "body"
pins = frozenset({"left_wrist", "right_ankle"})


@pytest.fixture(scope="module")
def body():
    return Body.load(assets / "contrapposto_neutral.npz")


@pytest.fixture(scope="module")
def examples():
    return Examples.load(assets / "poses.npz")


@pytest.fixture(scope="module")
def limits():
    return Limits.load(assets / "limits.npz")


@pytest.fixture(scope="module")
def natural():
    return Natural(open_priors())


@pytest.fixture(scope="module")
def relaxer(body, natural, limits):
    return Relaxer(body, natural, limits)


@pytest.fixture(scope="module")
def varier(body, natural, limits, examples):
    return Varier(body, natural, limits, examples)


@pytest.fixture(scope="module")
def stiff(examples):
    """A throw by somebody whose joints are all a little wrong."""
    pose = examples.pose("throwing")
    wrong = np.random.default_rng(1).normal(0, 0.2, (len(smplx55), 3))
    wrong[[joint_number(name) for name in ("pelvis", "jaw", "left_eye", "right_eye")]] = 0
    return pose.with_axis_angles(pose.axis_angles + wrong)


def places(body, pose):
    return body.joints(body.poses(pose))[0].double().numpy()


def moved(body, a, b, names):
    """How far, metres, the named joints of b are from those of a at most."""
    rows = [joint_number(name) for name in names]
    return np.linalg.norm((places(body, a) - places(body, b))[rows], axis=1).max()


def beyond(limits, pose):
    return np.degrees(limits.excess(torch.from_numpy(pose.axis_angles[None])).numpy().max())


# ── at ease ──


def test_nothing_changes_at_nought(relaxer, stiff):
    assert relaxer.relaxed(stiff, 0, pins) is stiff


def test_the_further_the_slider_the_more_natural_and_what_is_held_stays(body, natural, limits, relaxer, stiff):
    found = [relaxer.relaxed(stiff, amount, pins) for amount in (0.25, 0.5, 1)]
    unnatural = natural.unnatural([stiff, *found])
    assert (np.diff(unnatural) < 0).all()
    assert unnatural[-1] < 0.75 * unnatural[0]
    for pose in found:
        assert moved(body, stiff, pose, pins) < 0.001
        assert np.array_equal(pose.betas, stiff.betas)
        assert np.array_equal(pose.jaw, stiff.jaw)
    assert moved(body, stiff, found[-1], ["right_wrist"]) > 0.1
    assert beyond(limits, found[-1]) < 2


def test_the_slider_has_no_steps(body, relaxer, stiff):
    way = [relaxer.relaxed(stiff, amount, pins) for amount in np.arange(0.44, 0.57, 0.02)]
    hops = [moved(body, a, b, smplx55.joints) for a, b in pairwise(way)]
    assert max(hops) < 0.06


def test_the_same_slider_gives_the_same_body_however_it_came_there(body, natural, limits, relaxer, stiff):
    fresh = Relaxer(body, natural, limits).relaxed(stiff, 0.6, pins)
    assert np.array_equal(fresh.axis_angles, relaxer.relaxed(stiff, 0.6, pins).axis_angles)


def test_a_figure_can_be_kept_as_it_is_drawn(body, natural, relaxer, stiff):
    camera = camera_for((600, 800))
    pose = placed(body, stiff, camera)
    kept = relaxer.relaxed(pose, 0.8, drawing=camera)
    before, after = (body.seen(one, camera, wholebody133)[:17] for one in (pose, kept))
    box = np.ptp(before, axis=0).max()
    assert np.linalg.norm(after - before, axis=1).max() < 0.02 * box
    assert np.abs(kept.axis_angles - pose.axis_angles).max() > 0.1, "joints twist, and bones lean where it is not seen"
    free = body.seen(relaxer.relaxed(pose, 0.8), camera, wholebody133)[:17]
    assert np.linalg.norm(free - before, axis=1).max() > 0.05 * box
    assert natural.unnatural([kept])[0] < natural.unnatural([pose])[0]


def test_what_cannot_be_is_said(relaxer, stiff):
    with pytest.raises(ValueError, match="amount from 0 to 1"):
        relaxer.relaxed(stiff, 1.2)
    with pytest.raises(ValueError, match="joint of smplx55"):
        relaxer.relaxed(stiff, 0.5, ["tail"])
    with pytest.raises(ValueError, match="in front of the drawing"):
        relaxer.relaxed(stiff.moved((0, 0, 20)), 0.5, drawing=camera_for((600, 800)))


# ── choices ──


def lowest(body, pose):
    return (places(body, pose)[:, 1] - flesh).min()


def test_variations_are_repeatable_and_stay_on_their_ground(body, limits, varier, examples):
    pose = examples.pose("contrapposto")
    found = varier.varied(pose, Wish(0.5, 3, seed=4))
    again = varier.varied(pose, Wish(0.5, 3, seed=4))
    other = varier.varied(pose, Wish(0.5, 3, seed=5))
    turns = [[one.pose.axis_angles for one in some] for some in (found, again, other)]
    assert np.array_equal(turns[0], turns[1])
    assert not np.allclose(turns[0], turns[2])
    assert [one.unnatural for one in found] == sorted(one.unnatural for one in found)
    for one in found:
        assert lowest(body, one.pose) == pytest.approx(lowest(body, pose), abs=1e-4)
        assert beyond(limits, one.pose) < 2
    assert min(moved(body, a.pose, b.pose, smplx55.joints) for a, b in pairwise(found)) > 0.1


def test_a_small_variation_is_nearer_than_a_large_one(body, varier, examples):
    pose = examples.pose("sitting")
    far = [
        np.mean(
            [moved(body, pose, one.pose, ["left_wrist", "right_wrist"]) for one in varier.varied(pose, Wish(part, 3))]
        )
        for part in (0.1, 0.9)
    ]
    assert far[0] < 0.5 * far[1]


def test_variations_hold_what_is_held_and_vary_a_part_alone(body, relaxer, varier, examples):
    pose = examples.pose("throwing")
    for one in varier.varied(pose, Wish(0.6, 2, pins=pins)):
        assert moved(body, pose, one.pose, pins) < 0.001
        half = blended(pose, one.pose, 0.5)
        assert moved(body, pose, half, pins) > 0.002
        assert moved(body, pose, relaxer.held(half, pose, pins), pins) < 0.001
    arm = varier.varied(pose, Wish(0.8, 2, part="right_arm"))
    still = [
        n
        for n, name in enumerate(smplx55.joints)
        if name not in ("right_collar", "right_shoulder", "right_elbow", "right_wrist")
    ]
    for one in arm:
        assert np.array_equal(one.pose.axis_angles[still], pose.axis_angles[still])
        assert np.array_equal(one.pose.translation, pose.translation)
    assert moved(body, pose, arm[0].pose, ["right_wrist"]) > 0.05


def test_new_poses_stand_on_the_ground_and_face_the_viewer(body, natural, varier, examples):
    like = examples.pose("at-ease").moved((1, 0.5, -2))
    found = varier.random(3, seed=2, like=like, facing=np.pi / 2)
    assert max(one.unnatural for one in found) < 0.8
    for one in found:
        assert lowest(body, one.pose) == pytest.approx(lowest(body, like), abs=1e-4)
        assert abs(np.degrees(heading(matrices(one.pose.root))) - 90) < 60
        assert places(body, one.pose)[0, [0, 2]] == pytest.approx(places(body, like)[0, [0, 2]], abs=1e-4)


def test_leaning_stands_examples_up_as_they_stood(varier, examples):
    turns = np.stack(
        [examples.turns()[examples.names.index(name)] for name in ("contrapposto", "sitting", "lying-back")]
    )
    found = varier._leaning.roots_of(turns)
    for root, own in zip(found, turns[:, 0], strict=True):
        up, down = root.T @ (0, 1, 0), (about(np.array((0.0, 1.0, 0.0)), -heading(own)) @ own).T @ (0, 1, 0)
        assert np.degrees(np.arccos(np.clip(up @ down, -1, 1))) < 15


def test_choices_can_be_stopped_and_refused(varier, examples):
    def stop(share, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        varier.varied(examples.pose("sitting"), Wish(), stop)
    for wrong in (lambda: Wish(2), lambda: Wish(choices=0), lambda: Wish(part="face"), lambda: Wish(part="tail")):
        with pytest.raises(ValueError, match="expected"):
            wrong()
    with pytest.raises(ValueError, match="1 to 12 choices"):
        varier.random(40)
