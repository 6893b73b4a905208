"""The library of hands: whole, rebuilt to the letter, for either side, and no finger through another."""

import json
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.body_pose import BodyPose
from engine.hand_poses import HandPose, hand_poses, with_hand
from engine.hand_shape import finger_axes
from engine.posing import standing
from engine.rig import Rig, joint_number, joints
from engine.skeleton import fingers
from scripts.make_hand_poses import library_text

path = Path(__file__).parent.parent / "assets" / "body" / "hands.json"
hands = hand_poses(path)
named = {hand.id: hand for hand in hands}


def test_there_are_enough():
    assert len(hands) >= 24
    assert {
        "relaxed",
        "open",
        "spread",
        "flat",
        "fist",
        "point",
        "peace",
        "ok",
        "thumb-up",
        "pinch",
        "brush",
    } <= named.keys()


def test_ids_and_titles_are_unique_and_all_have_tags():
    assert len(named) == len(hands) == len({hand.title for hand in hands})
    assert all(hand.tags for hand in hands)


def test_rebuilding_gives_the_committed_file():
    assert library_text() == path.read_text("utf-8")


def test_no_two_hands_are_alike():
    for a, b in combinations(hands, 2):
        assert np.abs(a.turns - b.turns).max() > np.radians(8), (a.id, b.id)


def test_a_hand_goes_on_either_side():
    pose = standing()
    left, right = (with_hand(pose, side, named["peace"]) for side in ("left", "right"))
    np.testing.assert_array_equal(left.hands[0], named["peace"].turns)
    np.testing.assert_array_equal(left.hands[1], pose.hands[1])
    np.testing.assert_array_equal(right.hands[1], named["peace"].turns * [1, -1, -1])
    np.testing.assert_array_equal(right.body, pose.body)


def test_a_hand_can_be_taken_by_part():
    assert with_hand(standing(), "left", named["fist"], 0) == standing()
    half = with_hand(BodyPose(), "left", named["fist"], 0.5)
    np.testing.assert_allclose(half.joint("left_hand_ring_2"), named["fist"].turns[10] / 2, atol=1e-3)


def test_a_third_hand_is_refused():
    with pytest.raises(ValueError, match="expected left or right, got 'both'"):
        with_hand(BodyPose(), "both", named["fist"])


def test_another_version_and_broken_hands_are_refused(tmp_path):
    file = tmp_path / "hands.json"
    file.write_text(json.dumps({"hands": 2, "poses": []}), "utf-8")
    with pytest.raises(ValueError, match="expected a library of hands of version 1, got 2"):
        hand_poses(file)
    with pytest.raises(ValueError, match=r"expected finite turns of shape \(15, 3\) for the hand 'x', got \(3,\)"):
        HandPose("x", "X", (), np.zeros(3))


# ── no finger through another ──


def hand_rig():
    """A flat left hand of average size: wrist at the origin, phalanges along the axes that the shapes know; metres."""
    knuckles = {
        "index": (0.103, -0.005, 0.026), "middle": (0.102, 0, 0), "ring": (0.097, 0, -0.019),
        "pinky": (0.087, -0.004, -0.038),
        "thumb": (0.037, -0.004, 0.024),
    }  # fmt: skip
    bones = {"index": (26, 23), "middle": (34, 28), "ring": (30, 25), "pinky": (21, 16), "thumb": (30, 36)}
    rest = np.zeros((55, 3))
    for finger, axes in finger_axes().items():
        along = np.array([0.66, -0.30, 0.69]) if finger == "thumb" else np.cross(axes.flex, (0, 1, 0))
        steps = np.cumsum([0, *bones[finger]])[:, None] * along / np.linalg.norm(along) / 1000
        for n in range(3):
            rest[joint_number(f"left_hand_{finger}_{n + 1}")] = np.array(knuckles[finger]) + steps[n]
    return Rig(rest)


def finger_lines(hand):
    """Points (24, 3) along each finger's bones, the last of which goes on as long as the middle one."""
    stance = hand_rig().stance(with_hand(BodyPose(), "left", hand))
    lines = {}
    for finger in fingers:
        numbers = [joint_number(f"left_hand_{finger}_{n}") for n in (1, 2, 3)]
        places = stance.places[numbers]
        rest = stance.rig.rest[numbers]
        tip = places[2] + stance.world[numbers[2]] @ (rest[2] - rest[1]) * 0.8
        steps = np.linspace(0, 1, 8)[:, None]
        lines[finger] = np.concatenate([a + (b - a) * steps for a, b in pairwise([*places, tip])])
    return lines


@pytest.mark.parametrize("hand", hands, ids=[hand.id for hand in hands])
def test_fingers_do_not_pass_through_each_other(hand):
    for (a, one), (b, other) in combinations(finger_lines(hand).items(), 2):
        apart = np.linalg.norm(one[:, None] - other[None], axis=-1).min()
        assert apart > 0.007, f"{a} and {b} come within {apart * 1000:.1f} mm"


def test_a_finger_through_another_would_be_seen():
    turns = np.zeros((15, 3))
    turns[0] = (0, np.radians(40), 0)
    lines = finger_lines(HandPose("bad", "Bad", ("bad",), turns))
    assert np.linalg.norm(lines["index"][:, None] - lines["middle"][None], axis=-1).min() < 0.006


def test_joint_order_is_that_of_smplx():
    assert joints[25:40] == tuple(
        f"left_hand_{f}_{n}" for f in ("index", "middle", "pinky", "ring", "thumb") for n in (1, 2, 3)
    )
