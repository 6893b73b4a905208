"""SMPL-X npz: what is written comes back, AMASS and smplx's words are read, anything else is refused in a sentence."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.body_pose import BodyPose
from engine.formats import npz as arrays
from engine.formats.smplx_npz import Reading, from_smplx_npz, to_smplx_npz
from engine.motion import Motion
from engine.rig import Rig, matrices
from engine.skeleton import smplx55
from tests.strategies import bodies, refused_if_anything

rng = np.random.default_rng(0)


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def turns(count, width, size=0.5):
    return np.random.default_rng(width).normal(size=(count, width)) * size


# ── there and back ──


@settings(max_examples=25, deadline=None)
@given(st.lists(bodies(), min_size=1, max_size=3), st.sampled_from([25.0, 29.97, 120.0]))
def test_out_and_in_is_the_same_motion(poses, fps):
    width = {name: max(len(getattr(p, name)) for p in poses) for name in ("betas", "expression", "face_units")}
    poses = [
        BodyPose(p.root, p.body, p.hands, p.jaw, p.eyes, translation=p.translation,
                 **{name: np.pad(getattr(p, name), (0, n - len(getattr(p, name)))) for name, n in width.items()})
        for p in poses
    ]  # fmt: skip
    motion = Motion(tuple(poses), fps, "walk")
    assert from_smplx_npz(to_smplx_npz(motion), name="walk") == motion
    assert to_smplx_npz(motion) == to_smplx_npz(motion), "the same work gives the same file"


def test_z_up_is_turned_back():
    pose = BodyPose().with_axis_angles(turns(55, 3)).moved((1, 2, 3))
    data = to_smplx_npz(pose, "z")
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        # y up to z up: what was forward (z) is now -y.
        np.testing.assert_allclose(file["trans"][0] + [0, -0.35, 0], [1, -3, 2 - 0.35], atol=1e-12)
    (back,) = from_smplx_npz(data).poses
    np.testing.assert_allclose(matrices(back.axis_angles), matrices(pose.axis_angles), atol=1e-12)
    np.testing.assert_allclose(back.translation, pose.translation, atol=1e-12)


def test_a_file_with_z_up_is_the_same_figure_in_another_world():
    rest = np.random.default_rng(1).normal(size=(55, 3))
    pose = BodyPose().with_axis_angles(turns(55, 3)).moved((1, 2, 3))
    with np.load(io.BytesIO(to_smplx_npz(pose, "z", rest[0])), allow_pickle=False) as file:
        taken = BodyPose(translation=file["trans"][0]).with_axis_angles(file["poses"][0].reshape(55, 3))
    ours, theirs = (Rig(rest).stance(one).places for one in (pose, taken))
    np.testing.assert_allclose(theirs, np.stack([ours[:, 0], -ours[:, 2], ours[:, 1]], axis=1), atol=1e-12)


def test_the_words_are_those_of_amass_and_of_smplx():
    with np.load(io.BytesIO(to_smplx_npz(BodyPose().moved((1, 2, 3)))), allow_pickle=False) as file:
        shapes = {name: file[name].shape for name in file.files}
        assert str(file["gender"]) == "neutral"
        assert float(file["mocap_frame_rate"]) == 30
    assert shapes["poses"] == (1, 165)
    assert shapes["betas"] == (10,)
    assert shapes["trans"] == (1, 3)
    amass = {"root_orient": 3, "pose_body": 63, "pose_hand": 90, "pose_jaw": 3, "pose_eye": 6, "expression": 10}
    smplx = {
        "global_orient": 3, "body_pose": 63, "left_hand_pose": 45, "right_hand_pose": 45, "jaw_pose": 3, "leye_pose": 3,
        "reye_pose": 3, "transl": 3,
    }  # fmt: skip
    assert {name: shapes[name] for name in amass | smplx} == {name: (1, n) for name, n in (amass | smplx).items()}


# ── other programs' files ──


def test_amass_smplx_is_turned_upright():
    poses = np.zeros((4, 165))
    poses[:, :3] = [np.pi / 2, 0, 0]  # stands up along z, and faces -y
    data = npz(poses=poses, trans=np.tile([1.0, 2.35, 0.9], (4, 1)), mocap_frame_rate=120.0, gender="female",
               betas=rng.normal(size=16))  # fmt: skip
    motion = from_smplx_npz(data)
    assert len(motion) == 4
    assert motion.fps == 120
    np.testing.assert_allclose(motion.poses[0].root, 0, atol=1e-12)
    # The pelvis rests at (0, -0.35, 0): it stays where it was, at (1, 2, 0.9) of a world with z up.
    np.testing.assert_allclose(motion.poses[0].translation, [1, 0.9 + 0.35, -2], atol=1e-12)
    assert not motion.poses[0].betas.any()
    assert any("upright" in note for note in motion.notes)
    assert any("betas" in note for note in motion.notes)
    assert from_smplx_npz(data, Reading(up="y")).poses[0].root.tolist() == [np.pi / 2, 0, 0]
    assert len(from_smplx_npz(data, Reading(shaped=True)).poses[0].betas) == 16


def test_every_part_of_a_full_pose_finds_its_joints():
    full = turns(2, 165)
    motion = from_smplx_npz(npz(poses=full))
    for n, joint in enumerate(smplx55.joints):
        np.testing.assert_array_equal(motion.poses[1].joint(joint), full[1, 3 * n : 3 * n + 3])


def test_smpl_h_has_hands_but_no_face():
    full = turns(3, 156)
    motion = from_smplx_npz(npz(poses=full, trans=np.zeros((3, 3)), mocap_framerate=np.array(60)), Reading(up="y"))
    pose = motion.poses[2]
    np.testing.assert_array_equal(pose.body.reshape(-1), full[2, 3:66])
    np.testing.assert_array_equal(pose.hands.reshape(-1), full[2, 66:])
    assert not pose.jaw.any()
    assert not pose.eyes.any()
    assert pose.translation[1] == pytest.approx(0.13), "SMPL's origin is nearer the pelvis"


def test_smpls_hands_are_left_out():
    full = turns(1, 72)
    (pose,) = from_smplx_npz(npz(global_orient=full[:, :3], body_pose=full[:, 3:])).poses
    np.testing.assert_array_equal(pose.body.reshape(-1), full[0, 3:66])
    assert not pose.hands.any()


@pytest.mark.parametrize("lead", [(), (1,), (5,)])
def test_smplx_arguments_of_one_pose_or_many(lead):
    def some(width, shape=None):
        return np.broadcast_to(turns(1, width)[0].reshape(shape or (width,)), (*lead, *(shape or (width,))))

    data = npz(
        global_orient=some(3), body_pose=some(63, (21, 3)), left_hand_pose=some(45), right_hand_pose=some(45, (15, 3)),
        jaw_pose=some(3), leye_pose=some(3), reye_pose=np.zeros((*lead, 3)), transl=some(3), expression=some(10),
    )  # fmt: skip
    motion = from_smplx_npz(data, Reading(shaped=True))
    assert len(motion) == (lead[0] if lead else 1)
    pose = motion.poses[-1]
    np.testing.assert_array_equal(pose.body.reshape(-1), turns(1, 63)[0])
    np.testing.assert_array_equal(pose.hands.reshape(2, -1), np.tile(turns(1, 45), (2, 1)))
    np.testing.assert_array_equal(pose.expression, turns(1, 10)[0])
    np.testing.assert_array_equal(pose.eyes, [turns(1, 3)[0], [0, 0, 0]])


def test_one_hand_alone_leaves_the_other_at_rest():
    (pose,) = from_smplx_npz(npz(body_pose=np.zeros(63), right_hand_pose=turns(1, 45)[0])).poses
    assert not pose.hands[0].any()
    assert pose.hands[1].any()


def test_components_of_hands_need_the_body_they_belong_to():
    data = npz(body_pose=np.zeros((2, 63)), left_hand_pose=turns(2, 6), right_hand_pose=turns(2, 6))
    with pytest.raises(ValueError, match=r"left_hand_pose: expected 45 numbers.*got 6: principal components"):
        from_smplx_npz(data)
    basis = turns(6, 45)
    motion = from_smplx_npz(
        data, Reading(hands_from=lambda side, values: values @ basis * (1 if side == "left" else 2))
    )
    np.testing.assert_allclose(motion.poses[1].hands[1], 2 * motion.poses[1].hands[0])
    np.testing.assert_allclose(motion.poses[1].hands[0].reshape(-1), turns(2, 6)[1] @ basis)


def test_pickles_beside_the_poses_are_never_opened():
    data = npz(poses=turns(1, 165), labels=np.array([{"a": 1}], dtype=object), gender=np.array(None, dtype=object))
    assert len(from_smplx_npz(data)) == 1


def test_long_files_are_thinned_evenly():
    data = npz(poses=np.arange(10)[:, None] * np.full((1, 165), 0.01), fps=30.0)
    motion = from_smplx_npz(data, Reading(at_most=4))
    assert [round(float(pose.root[0]), 6) for pose in motion.poses] == [0, 0.03, 0.06, 0.09]
    assert motion.fps == 10
    assert any("one in 3" in note for note in motion.notes)


@pytest.mark.shared
def test_the_evaluation_poses_are_read(shared):
    motion = from_smplx_npz((shared / "poses" / "Gestures_3_poses_batch005.npz").read_bytes())
    assert len(motion) == 240
    motion = from_smplx_npz((shared / "poses" / "toy_wholebody_data.npz").read_bytes())
    assert len(motion) == 500
    assert motion.poses[0].hands.any()
    assert not motion.poses[0].expression.any()


# ── refusals ──


def broken_header():
    """An array that says it is far larger than it is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (900000000, 165), }"
        header += b" " * (118 - len(header)) + b"\n"
        archive.writestr("poses.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "a whole npz file"),
        (b"PK\x03\x04 and no more", "a whole npz file"),
        (npz(poses=turns(2, 165))[:-60], "a whole npz file"),
        (npz(), "got only an empty file"),
        (npz(jaw_pose=np.zeros(3)), "expected poses, pose_body or body_pose, got only jaw_pose"),
        (npz(poses=np.zeros((2, 100))), r"poses: expected shape \(N, 165\) or \(N, 156\) or \(N, 72\), got \(2, 100\)"),
        (npz(body_pose=np.zeros((2, 23, 2))), "body_pose: expected shape"),
        (npz(poses=np.full((1, 165), np.nan)), "poses: expected finite numbers, got NaN or infinity"),
        (npz(poses=np.full((1, 165), 1e9)), "poses: expected numbers within ±1000, got 1e\\+09"),
        (npz(poses=np.zeros((1, 165)), trans=[[0, np.inf, 0]]), "trans: expected finite numbers"),
        (npz(poses=np.zeros((3, 165)), trans=np.zeros((2, 3))), "trans: expected 3 frames, or one for all, got 2"),
        (npz(body_pose=np.zeros(63), left_hand_pose=np.zeros((2, 45)), right_hand_pose=np.zeros((3, 45))), "2 and 3"),
        (npz(poses=np.array([["a"] * 165])), "poses: expected an array of numbers"),
        (npz(poses=np.array([{}], dtype=object)), "poses: expected numbers, got a pickle"),
        (npz(poses=np.zeros((0, 165))), "poses: expected an array of numbers"),
        (npz(poses=np.zeros((1, 165)), mocap_framerate=-1.0), "mocap_framerate: expected a number above 0"),
        (npz(poses=np.zeros((1, 165)), fps=np.ones(3)), "fps: expected one number"),
        (npz(poses=np.zeros((200_001, 3))), "poses: expected shape"),
        (npz(root_orient=np.zeros((200_001, 3))), "expected at most 200000 frames"),
        (broken_header(), "poses: expected a whole array"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected_and_found(data, says):
    with pytest.raises(ValueError, match=says):
        from_smplx_npz(data)


def test_a_file_that_would_fill_the_memory_is_refused_unread(monkeypatch):
    """A zip of zeros is a thousandth of its arrays."""
    monkeypatch.setattr(arrays, "most_numbers", 1000)
    data = npz(poses=np.zeros((5, 165), np.int8), trans=np.zeros((60, 3), np.int8))
    with pytest.raises(ValueError, match="trans: expected at most 1000 numbers in the file, got 1005"):
        from_smplx_npz(data)
    with pytest.raises(ValueError, match="up: expected at most 1000 numbers"):
        from_smplx_npz(npz(poses=np.zeros((1, 165)), up=np.array("y" * 4000)))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1))
@example(322575613)  # an entry's place beyond the file
def test_a_spoilt_file_is_read_or_refused(seed):
    spoil = np.random.default_rng(seed)
    data = bytearray(to_smplx_npz(BodyPose()))
    for place in spoil.integers(0, len(data), spoil.integers(1, 6)):
        data[place] = spoil.integers(256)
    with refused_if_anything():
        from_smplx_npz(bytes(data[: spoil.integers(len(data) // 2, len(data) + 1)] if spoil.random() < 0.3 else data))


# ── the motion itself ──


def test_a_motion_has_poses_and_a_pace():
    with pytest.raises(ValueError, match="at least one pose"):
        Motion(())
    with pytest.raises(ValueError, match="frames per second above 0"):
        Motion((BodyPose(),), 0)
    motion = Motion(tuple(BodyPose().moved((n, 0, 0)) for n in range(7)), 30)
    thin = motion.thinned(3)
    assert [pose.translation[0] for pose in thin.poses] == [0, 3, 6]
    assert thin.fps == 10
    assert motion.thinned(7) == motion
    with pytest.raises(ValueError, match="at least 1 frame"):
        motion.thinned(0)
