"""Hands, faces and whole bodies for the prior: refitted hands, honest pairs, nothing held out that was seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.body import Body
from engine.body_pose import BodyPose
from engine.limits import Limits
from engine.pose_sets import PoseSet, slices
from engine.posing import mirrored
from engine.rig import about, joint_number
from engine.skeleton import hand21, smplx55
from scripts.pose_sources import faces, hands, wholebody
from scripts.pose_sources.clips import Clip
from scripts.pose_sources.hand_fit import RightHand, misfit, numbers, refitted
from scripts.pose_sources.held_out import held_out_names
from scripts.pose_sources.mirroring import mirrored_body, mirrored_whole, other_hand

flip = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    folder = shared.parent / "data"
    if not folder.is_dir():
        pytest.skip(f"the open data are not beside the project ({folder})")
    return folder


@pytest.fixture(scope="module")
def hand(body: Body) -> RightHand:
    return RightHand.of(body, Limits.load(hands.assets / "limits.npz"))


@pytest.fixture(scope="module")
def library(hand: RightHand) -> np.ndarray:
    """The project's own hands (35, 15, 3), right ones."""
    return hands.contrapposto(Path(), hand).turns


# ── refitted hands ──


def test_points_of_a_hand_give_the_hand_back(hand: RightHand, library: np.ndarray) -> None:
    turned = about(np.array([0.6, 0.0, 0.8]), 2.0)
    library = library[::3]
    points = hand.posed(library) @ turned.T * 1000 + (10, 20, 30)
    found = refitted(points, hand)
    assert np.degrees(misfit(points, found, hand)).max() < 2
    flexion = np.abs(found - library).reshape(len(library), 5, 3, 3)[:, :4]  # a thumb's roll says little in points
    assert np.degrees(flexion.mean()) < 2.5


def test_a_left_hand_is_no_right_hand(hand: RightHand, library: np.ndarray) -> None:
    fist = hand.posed(library)[6:7]
    found, _ = hand.held(refitted(fist * flip, hand))
    assert np.degrees(misfit(fist * flip, found, hand))[0] > 10


def test_hands_are_held_within_limits(hand: RightHand) -> None:
    broken = np.zeros((1, 15, 3))
    broken[0, 1] = (0, 0, -1.0)  # a finger's middle joint bent backwards
    held, beyond = hand.held(broken)
    assert np.degrees(beyond[0]) > 20
    assert hand.held(held)[1].max() < 1e-5


def test_broken_points_are_refused(hand: RightHand) -> None:
    with pytest.raises(ValueError, match=r"\(N, 21, 3\)"):
        refitted(np.zeros((2, 20, 3)), hand)
    with pytest.raises(ValueError, match="finite"):
        refitted(np.full((1, 21, 3), np.nan), hand)


def test_the_headset_hands_do_what_their_names_say(data: Path, hand: RightHand) -> None:
    found = hands.handyjs(data, hand)
    assert len(found.names) == 110
    assert found.notes["bones_off_degrees"] < 1
    points = hand.posed(found.turns)

    def tip_to_palm(name: str, finger: str) -> float:
        rows = [n for n, one in enumerate(found.names) if one == name]
        tip, palm = hand21.index(f"{finger}_4"), hand21.index("root")
        return float(np.linalg.norm(points[rows][:, tip] - points[rows][:, palm], axis=1).mean())

    assert tip_to_palm("devil", "index") > 0.14 > 0.1 > tip_to_palm("devil", "middle")
    assert tip_to_palm("flat", "ring") > 0.14


def test_the_toolkit_makes_a_ring_of_thumb_and_finger(data: Path, hand: RightHand) -> None:
    found = hands.godot_xr(data, hand)
    points = hand.posed(found.turns)[[n for n, name in enumerate(found.names) if name == "OK"]]
    thumb, index, middle = (hand21.index(f"{finger}_4") for finger in ("thumb", "index", "middle"))
    assert np.linalg.norm(points[:, thumb] - points[:, index], axis=1).max() < 0.02
    assert np.linalg.norm(points[:, thumb] - points[:, middle], axis=1).min() > 0.06


def test_mixtures_are_hands(hand: RightHand, library: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands, "mixtures", 40)
    source = hands.Measured("contrapposto", tuple(f"{n}" for n in range(len(library))), library)
    found = hands.mixed([source], hand, np.random.default_rng(0))
    assert found.turns.shape == (40, 15, 3)
    assert hand.held(found.turns)[1].max() < 1e-5
    nearest = np.linalg.norm(found.turns[:, None] - library, axis=(2, 3)).min(axis=1)
    assert nearest.min() > 0.02  # they are no copies


def test_weights_follow_the_shares() -> None:
    many, few = (
        hands.Measured(name, ("a",) * n, np.zeros((n, 15, 3))) for name, n in (("mixtures", 90), ("handyjs", 10))
    )
    made = hands._set([many, few], {})
    drawn = [made.chances[made.clip == n].sum() for n in range(2)]
    assert made.clip_names == ("handyjs/a", "mixtures/a")
    assert drawn[1] / drawn[0] == pytest.approx(hands.shares["mixtures"] / hands.shares["handyjs"], rel=1e-3)


def test_the_same_words_are_held_out_of_every_source() -> None:
    letters = [chr(ord("A") + n) for n in range(26)]
    away = held_out_names(letters, 0)
    assert 1 <= len(away) <= 7
    assert {f"asl {name.lower()}" for name in away} == held_out_names([f"asl {name.lower()}" for name in letters], 0)
    assert held_out_names(["one"], 3) == {"one"}
    with pytest.raises(ValueError, match="expected names"):
        held_out_names([], 0)


# ── mirror images ──


def test_a_mirror_shows_what_the_studio_mirrors() -> None:
    random = np.random.default_rng(0)
    pose = BodyPose().with_axis_angles(random.normal(0, 0.3, (55, 3)))
    seen = mirrored(pose)
    assert mirrored_body(pose.body.reshape(1, 63)) == pytest.approx(seen.body.reshape(1, 63))
    whole = np.concatenate([pose.body, *pose.hands, pose.jaw[None]]).reshape(1, 156)
    whole = np.concatenate([whole, random.normal(size=(1, 100))], axis=1)
    found = mirrored_whole(whole)
    expected = np.concatenate([seen.body, *seen.hands, seen.jaw[None]]).reshape(1, 156)
    assert found[:, :156] == pytest.approx(expected)
    assert mirrored_whole(found) == pytest.approx(whole)
    with pytest.raises(ValueError, match="256"):
        mirrored_whole(whole[:, :200])


# ── faces and shapes ──


def test_expression_numbers_stand_for_units(body: Body) -> None:
    columns = faces.expression_columns(body)
    names = body.face_unit_names
    assert columns.shape == (len(names), 10)
    assert not columns[names.index("jawOpen")].any()
    assert 0.7 < faces.explained(body) < 1
    smile = np.zeros(len(names))
    smile[faces._of(names, "mouthSmile")] = 1
    meant = smile @ body.shapes.units.numpy()
    shown = smile @ columns @ body.shapes.expression.numpy()
    assert np.dot(meant, shown) / np.linalg.norm(meant) / np.linalg.norm(shown) > 0.9


def test_what_moves_the_same_bones_moves_together(body: Body, data: Path) -> None:
    names = body.face_unit_names
    alike = faces.together(data / "makehuman_cc0", names)
    assert np.diag(alike) == pytest.approx(1)
    assert np.linalg.eigvalsh(alike).min() > -1e-9
    blink, wide = names.index("eyeBlinkLeft"), names.index("eyeWideLeft")
    assert alike[blink, wide] < -0.9  # a lid closes or opens
    frown, stretch = names.index("mouthFrownLeft"), names.index("mouthStretchLeft")
    assert alike[frown, stretch] > 0.5


def test_faces_are_of_pairs_of_which_some_are_held_out(body: Body, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "counts", {"train": 3000, "held_out": 300})
    train, held_out = faces.face_sets(body, data, 0)
    again, _ = faces.face_sets(body, data, 0)
    assert np.array_equal(train.poses, again.poses)
    assert not set(train.clip_names) & set(held_out.clip_names)
    assert not train.poses[:, 13:].any()
    open_, turned, _ = np.degrees(np.abs(train.poses[:, :3]).max(axis=0))
    assert 10 < open_ < 32
    assert turned < 9
    size = np.linalg.norm(train.poses, axis=1)
    assert np.quantile(size, 0.25) < 0.45 * np.quantile(size, 0.9)  # many are near rest
    # The chin goes down as the jaw turns about x.
    jaw = BodyPose(jaw=np.radians([20.0, 0, 0]))
    tip = next(n for n in range(len(body.weights)) if body.weights[n, joint_number("jaw")] > 0.95)
    moved = body.mesh(jaw).vertices[tip] - body.mesh(BodyPose()).vertices[tip]
    assert moved[1] < -0.005


def test_sides_of_a_face_are_tied(body: Body) -> None:
    names = body.face_unit_names
    moving = np.eye(len(names))
    _, units = faces._faces(["joy+silent"], 2000, names, moving, np.random.default_rng(0))
    left, right = (units[:, names.index(f"mouthSmile{side}")] for side in ("Left", "Right"))
    assert np.corrcoef(left, right)[0, 1] > 0.75
    assert (left != right).mean() > 0.9
    _, units = faces._faces(["wink+silent"], 2000, names, moving, np.random.default_rng(0))
    left, right = (units[:, names.index(f"eyeBlink{side}")] for side in ("Left", "Right"))
    assert np.abs(left - right).mean() > 0.2
    assert 0.4 < (left > right).mean() < 0.6  # either eye


def test_unknown_units_are_refused(body: Body) -> None:
    with pytest.raises(ValueError, match="eyebrowUp"):
        faces._units({"eyebrowUp": 1.0}, body.face_unit_names)


def test_shapes_are_of_people(body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "counts", {"train": 2000, "held_out": 200})
    train, held_out = faces.face_shape_sets(body, 0)
    assert train.poses.shape == (2000, 100)
    assert not train.poses[:, 16:].any()
    assert train.poses[:, :16].std(axis=0).min() > 0.3
    assert train.poses[:, :16].std(axis=0).max() < 1.5
    assert not np.array_equal(train.poses[:200], held_out.poses)


# ── whole bodies ──


@pytest.fixture
def drawn(body: Body, library: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> tuple[PoseSet, PoseSet, Clip, PoseSet]:
    """A whole-body set of 400 rows, the set of hands, and the one clip with fingers, of which every row is twice."""
    monkeypatch.setattr(wholebody, "counts", {"train": 400, "held_out": 40})
    random = np.random.default_rng(0)
    turns = np.zeros((6, 55, 3))
    turns[:, 1:22] = random.normal(0, 0.1, (6, 21, 3))
    turns[:, numbers] = library[:6]
    turns[:, np.asarray(smplx55.swap)[numbers]] = library[6:12] * [1, -1, -1]
    clip = Clip("mesh2motion_cc0", "wave", turns, np.arange(6, dtype=np.int32) * 2, 24.0, "wave", fingers=True)
    bodies = PoseSet(
        part="body",
        poses=np.concatenate([turns[:, 1:22].reshape(6, 63), mirrored_body(turns[:, 1:22].reshape(6, 63))]),
        weight=np.ones(12), clip=np.zeros(12, int), clip_names=(clip.title,), mirrored=np.arange(12) > 5,
        root=np.zeros((12, 3)), frame=np.tile(clip.frame, 2), fps=np.array([24.0]),
    )  # fmt: skip
    count = len(library) - 12
    hand_set = PoseSet(
        part="hand", poses=library[12:].reshape(count, 45), weight=np.ones(count), clip=np.arange(count),
        clip_names=tuple(f"library/{n}" for n in range(count)), mirrored=np.zeros(count, bool),
    )  # fmt: skip
    face_set = PoseSet(
        part="face", poses=random.normal(0, 0.1, (5, 103)), weight=np.ones(5), clip=np.zeros(5, int),
        clip_names=("faces/joy",), mirrored=np.zeros(5, bool),
    )  # fmt: skip
    both = (bodies, bodies), (hand_set, hand_set), (face_set, face_set)
    train, held_out = wholebody.wholebody_sets(body, 0, *both, [clip], [clip])
    assert len(held_out) == 40
    return train, hand_set, clip, bodies


def test_rows_of_clips_keep_their_own_fingers(drawn: tuple[PoseSet, PoseSet, Clip, PoseSet]) -> None:
    whole, _, clip, _ = drawn
    assert whole.frame is not None
    rows = np.arange(round(0.2 * len(whole)))
    for row in rows:
        frame = int(np.flatnonzero(clip.frame == whole.frame[row])[0])
        left, right = clip.turns[frame, 25:40].reshape(45), clip.turns[frame, 40:55].reshape(45)
        if whole.mirrored[row]:
            left, right = other_hand(right[None])[0], other_hand(left[None])[0]
        assert whole.poses[row, slices["left_hand"]] == pytest.approx(left, abs=1e-5)
        assert whole.poses[row, slices["right_hand"]] == pytest.approx(right, abs=1e-5)
    assert whole.mirrored[rows].any()
    assert not whole.mirrored[rows].all()


def test_single_hands_on_the_left_are_left_hands(drawn: tuple[PoseSet, PoseSet, Clip, PoseSet]) -> None:
    """The released code leaves them in right-hand form, which its normaliser then mirrors again."""
    whole, hand_set, _, _ = drawn
    assert whole.available is not None
    for side, column in (("left_hand", 1), ("right_hand", 2)):
        alone = (whole.available.sum(axis=1) == 1) & whole.available[:, column]
        assert alone.sum() == round(0.06 * len(whole))
        found = whole.poses[alone][:, slices[side]]
        as_right = other_hand(found) if side == "left_hand" else found
        assert all(np.abs(hand_set.poses - one).max(axis=1).min() < 1e-6 for one in as_right)


def test_the_mixture_is_as_it_says(drawn: tuple[PoseSet, PoseSet, Clip, PoseSet]) -> None:
    whole, *_ = drawn
    assert sum(kind.share for kind in wholebody.kinds) == pytest.approx(1)
    assert whole.available is not None
    assert whole.available.all(axis=1).mean() == pytest.approx(0.5, abs=0.01)
    for column, part in enumerate(slices):
        away = ~whole.available[:, column]
        assert away.any()
        assert not whole.poses[away][:, slices[part]].any()
        assert whole.poses[~away][:, slices[part]].any(axis=1).mean() > 0.9
    named = [whole.clip_names[n].partition("/")[0] for n in whole.clip]
    assert {"mesh2motion_cc0", "library", "faces"} == set(named)


def test_a_set_of_another_part_is_refused(drawn: tuple[PoseSet, PoseSet, Clip, PoseSet], body: Body) -> None:
    _, hand_set, clip, bodies = drawn
    both = (bodies, bodies), (hand_set, hand_set)
    with pytest.raises(ValueError, match="expected a set of face poses, got hand"):
        wholebody.wholebody_sets(body, 0, *both, (hand_set, hand_set), [clip], [clip])
    other = Clip(clip.source, clip.name, clip.turns, clip.frame + 1, 24.0, "wave", fingers=True)
    with pytest.raises(ValueError, match="wave: expected the frames"):
        wholebody.wholebody_sets(body, 0, *both, (hand_set, hand_set), [other], [other])
