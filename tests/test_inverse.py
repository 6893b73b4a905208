"""Turns that put points where they were seen: hands and bodies, exact, hidden and noisy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from known_prior import known_prior, paired

from engine.body_pose import BodyPose
from engine.networks.dposer import dims
from engine.progress import Cancelled
from engine.skeleton import hand21, smplx55
from engine.tasks.figures import BodyPoints, HandPoints, named_joints
from engine.tasks.guides import NoGuide
from engine.tasks.inverse import (
    Inverse,
    bodies_at,
    body_exact,
    body_noisy,
    hand_noisy,
    hand_partial,
    hands_at,
    hidden_hand_points,
)

quick = replace(hand_partial, steps=15)


@pytest.fixture(scope="module")
def hand(body):
    return HandPoints(body)


@pytest.fixture(scope="module")
def ends(body):
    """Where an animator holds a figure."""
    return BodyPoints(body, named_joints(("pelvis", "head", "left_wrist", "right_wrist", "left_ankle", "right_ankle")))


def curled(rows=2):
    """Hands half closed, each a little otherwise."""
    turns = torch.zeros(rows, 15, 3)
    turns[:, :12, 2] = 0.5
    return turns.flatten(1) + torch.randn(rows, 45, generator=torch.Generator().manual_seed(1)) * 0.05


def places_of(hand, turns):
    return hand.alone(turns, torch.zeros(len(turns), hand.betas))


# ── the numbers ──


def test_published_weights():
    assert (hand_partial.total, hand_partial.rate) == (300, 0.05)
    assert hand_partial.weights(0) == (100, 0.1)
    assert hand_partial.weights(299) == (pytest.approx(1000), pytest.approx(0.01))
    assert hand_noisy[5].weights(299) == (10, pytest.approx(0.05))
    assert [body_noisy[mm].total for mm in (20, 40, 100)] == [120, 180, 240]
    assert [body_noisy[40].weights(60 * n) for n in range(3)] == [(100, 0.1), (50, 0.2), (20, 0.3)]
    with pytest.raises(ValueError, match="a weight of data and prior for every round"):
        replace(hand_partial, prior=(0.1,))


# ── hands ──


def test_a_hand_that_is_seen_is_found(hand):
    turns = curled()
    found = hands_at(hand, places_of(hand, turns), hand_partial.guide(known_prior(torch.eye(45), "hand")), quick)
    off = (places_of(hand, found) - places_of(hand, turns)).norm(dim=-1)
    assert off.mean() < 1e-3
    assert off.max() < 4e-3


def test_hidden_points_are_not_looked_at(hand):
    places = places_of(hand, curled())
    hidden = hidden_hand_points("partial", 2, seed=3)
    wrong = torch.where(hidden[..., None], places + 1.0, places)
    settings = replace(quick, steps=2)
    assert torch.equal(
        hands_at(hand, places, NoGuide(), settings, hidden), hands_at(hand, wrong, NoGuide(), settings, hidden)
    )


def test_a_prior_tells_what_hidden_fingers_do(hand):
    """Where fingers always bend together, those unseen bend as those seen."""
    tied = paired(45, [], 0.0)
    flexion = torch.arange(12) * 3 + 2
    tied[flexion[:, None], flexion] = 0.98 + 0.02 * torch.eye(12)
    hidden = torch.tensor([name.startswith(("middle", "ring")) for name in hand21.joints])
    turns = torch.zeros(1, 45)
    turns[:, flexion] = 0.6
    places = places_of(hand, turns)

    def off(guide):
        found = hands_at(hand, places, guide, quick, hidden)
        return float((places_of(hand, found) - places)[:, hidden].norm(dim=-1).mean())

    assert off(hand_partial.guide(known_prior(tied, "hand", 0.5))) < 0.5 * off(NoGuide())


def test_which_points_of_a_hand_are_hidden():
    assert hidden_hand_points("sparse", 50).sum(1).tolist() == [13] * 50
    names = np.array(hand21.joints)
    for row in hidden_hand_points("partial", 20):
        assert len({name[:-2] for name in names[row.numpy()]}) == 2
        assert row.sum() == 8
    seen = names[~hidden_hand_points("fingertip", 1)[0].numpy()]
    assert set(seen) == {"root", "thumb_4", "index_4", "middle_4", "ring_4", "pinky_4"}
    assert not torch.equal(hidden_hand_points("sparse", 9, 0), hidden_hand_points("sparse", 9, 1))
    with pytest.raises(ValueError, match="partial, sparse or fingertip"):
        hidden_hand_points("half", 1)  # type: ignore[arg-type]


# ── bodies ──


def bowing():
    pose = BodyPose().with_joint("spine2", (0.4, 0.1, 0)).with_joint("left_shoulder", (0, -0.4, -0.9))
    return pose.with_joint("right_elbow", (0, 0.8, 0)).with_joint("left_knee", (0.7, 0, 0))


def where(points, *poses):
    with torch.no_grad():
        return points(points.figure(poses))


def test_a_body_reaches_its_targets(ends):
    places = where(ends, bowing(), BodyPose().with_joint("left_elbow", (0, -1.0, 0)))
    guide = body_exact.guide(known_prior(torch.eye(63)))
    found = bodies_at(ends, places, guide, replace(body_exact, steps=30))
    assert (ends(found) - places).norm(dim=-1).mean() < 5e-3
    assert not found.root.any()
    assert not found.translation.any()


def test_a_body_anywhere_is_found(ends):
    there = BodyPose(root=(0.3, 2.5, -0.4), body=bowing().body, translation=(1, 0.2, -3))
    places = where(ends, there)
    found = bodies_at(ends, places, NoGuide(), replace(body_exact, steps=30), upright=False)
    assert (ends(found) - places).norm(dim=-1).mean() < 5e-3
    pose = ends.poses(found, [there])[0]
    assert np.abs(pose.translation - there.translation).max() < 0.1
    assert np.allclose(pose.hands, there.hands)


def test_where_a_body_begins_is_where_it_stays_when_nothing_pulls(ends):
    start = replace(bowing(), betas=np.array([0.5, -1.0]), translation=np.array([0.0, 1.0, 0.0]))
    found = bodies_at(ends, where(ends, start), NoGuide(), replace(body_exact, steps=10), start=[start])
    pose = ends.poses(found, [start])[0]
    assert np.abs(pose.body - start.body).mean() < 0.03
    assert pose.betas[:2] == pytest.approx([0.5, -1.0])


def test_noise_is_evened_out(body):
    """Likely poses are near zero here: the guided body is nearer to the truth than its own targets are."""
    points = BodyPoints(body, named_joints(smplx55.joints[:22]))
    truth = where(points, BodyPose().with_joint("left_elbow", (0, -0.2, 0)))
    noisy = truth + 0.04 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    settings = replace(body_noisy[40], steps=30)

    found = bodies_at(points, noisy, settings.guide(known_prior(torch.eye(63), scale=0.05)), settings)
    assert (points(found) - truth).norm(dim=-1).mean() < 0.6 * (noisy - truth).norm(dim=-1).mean()


# ── the door ──


def test_the_same_seed_gives_the_same_hand(hand):
    guide, settings = hand_partial.guide(known_prior(torch.eye(45), "hand")), replace(quick, steps=2)
    places = places_of(hand, curled())
    one, same, other = (hands_at(hand, places, guide, settings, seed=seed) for seed in (4, 4, 5))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_progress_is_told_and_can_stop(hand):
    heard = []
    settings = Inverse(hand_partial.schedule, 10, 0.05, (1.0, 1.0), (0.0, 0.0))
    hands_at(hand, places_of(hand, curled()), NoGuide(), settings, progress=lambda share, _: heard.append(share))
    assert heard == [0.5, 1.0]

    def stop(share, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        hands_at(hand, places_of(hand, curled()), NoGuide(), settings, progress=stop)


@pytest.mark.parametrize(
    ("places", "hidden", "message"),
    [
        (torch.zeros(2, 20, 3), None, r"expected places of a hand of shape \(B, 21, 3\), got \(2, 20, 3\)"),
        (torch.zeros(0, 21, 3), None, "got \\(0, 21, 3\\)"),
        (torch.full((2, 21, 3), torch.nan), None, "expected finite places of a hand, got NaN"),
        (torch.zeros(2, 21, 3), torch.ones(21, dtype=torch.bool), "at least one of the points of a hand to be seen"),
        (torch.zeros(2, 21, 3), torch.zeros(3, 21, dtype=torch.bool), "expected hidden points of a hand as bool"),
        (torch.zeros(2, 21, 3), torch.zeros(21), "expected hidden points of a hand as bool"),
    ],
)
def test_observations_that_are_none(hand, places, hidden, message):
    with pytest.raises(ValueError, match=message):
        hands_at(hand, places, NoGuide(), quick, hidden)


def test_bodies_that_cannot_be_begun(body, ends):
    places = where(ends, BodyPose())
    with pytest.raises(ValueError, match="expected one body to start from or 1, got 2"):
        bodies_at(ends, places, NoGuide(), body_exact, start=[BodyPose()] * 2)
    with pytest.raises(ValueError, match="expected at most 10 betas to start from, got 12"):
        bodies_at(ends, places, NoGuide(), body_exact, start=[BodyPose(betas=np.ones(12))])
    with pytest.raises(ValueError, match="name of at least one point"):
        named_joints(())
    with pytest.raises(ValueError, match="tail"):
        named_joints(("tail",))
    guide = body_exact.guide(known_prior(torch.eye(dims["hand"]), "hand"))
    with pytest.raises(ValueError, match="expected a prior of 63 numbers, got one of hand, of 45"):
        bodies_at(ends, places, guide, body_exact)
