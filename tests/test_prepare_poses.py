"""Clips of every source come to stand on this project's body as they stood, and are parted and balanced fairly."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from engine.body_pose import BodyPose
from engine.rig import Rig, axis_angles, matrices, place_of
from scripts.pose_sources import cleaning, mending, twins
from scripts.pose_sources.clips import Clip
from scripts.pose_sources.cmu import read_asfamc, read_c2s, read_iclone, read_jump
from scripts.pose_sources.mesh2motion import Glb, carried
from scripts.prepare_poses import body_sets


@pytest.fixture(scope="module")
def rig(body):
    return Rig.of(body, BodyPose())


@pytest.fixture(scope="module")
def data(shared):
    folder = shared.parent / "data"
    if not folder.is_dir():
        pytest.skip(f"the open sources are not beside the project ({folder})")
    return folder


def swinging(name="walk", source="cmu", count=40, seed=0, size=0.5, motion=""):
    """A clip in which all of the body's joints swing smoothly."""
    random = np.random.default_rng(seed)
    time = np.arange(count)[:, None, None] / 12
    turns = np.zeros((count, 55, 3))
    turns[:, :22] = size * np.sin(time + random.uniform(0, 6, (22, 3))) * random.uniform(0, 0.6, (22, 3))
    return Clip(source, name, turns, np.arange(count, dtype=np.int32), 30.0, motion or name)


def bending(angle, count=40):
    """A clip whose elbows bend by up to 90° about axes that are `angle` rad off the body's, about the upper arms."""
    turns = np.zeros((count, 55, 3))
    bend = np.linspace(0.2, 1.6, count)
    for side, sign in (("left", 1), ("right", -1)):
        axis = np.array((0, -np.cos(angle) * sign, np.sin(angle) * sign))
        turns[:, place_of[f"{side}_elbow"]] = bend[:, None] * axis
        turns[:, place_of[f"{side}_shoulder"]] = (0, 0.2, -0.9 * sign)
    return Clip("cmu", "bend", turns, np.arange(count, dtype=np.int32), 30.0, "bend")


# ── mending ──


def test_the_twist_of_a_source_is_found_and_taken_back(rig):
    clip = bending(0.5)
    # The left arm lies along x: from −y towards +z is the other way round than about x.
    assert mending.twist([clip], rig.rest) == pytest.approx(-0.5, abs=0.06)
    faults = mending.Faults.of([clip], rig.rest)
    again = mending.Faults.of([mending.mended(clip, faults, rig.rest)], rig.rest)
    assert again.twist == pytest.approx(0, abs=0.03)


def test_elbows_that_bend_all_ways_are_no_hinges(rig):
    clip = swinging(size=2.0, count=200)
    assert mending.twist([clip], rig.rest) is None


@pytest.mark.parametrize("twist", [0.5, None])
def test_mended_hands_and_feet_stay_where_they_point(rig, twist):
    clip = swinging(size=1.6)
    turned = clip.turns.copy()
    turned[:, [place_of["left_collar"], place_of["right_collar"]], 2] += 0.1
    clip = replace(clip, turns=turned)  # collars that move are left alone
    done = mending.mended(clip, mending.Faults(twist, stiff=False), rig.rest)
    for n in (0, 17, 39):
        before, after = (rig.stance(BodyPose().with_axis_angles(turns[n])) for turns in (clip.turns, done.turns))
        np.testing.assert_allclose(after.places[:22], before.places[:22], atol=1e-9)
        ends = [place_of[f"{side}_{joint}"] for side in ("left", "right") for joint in ("wrist", "ankle")]
        np.testing.assert_allclose(after.world[ends], before.world[ends], atol=1e-9)
    moved = np.abs(done.turns - clip.turns).max(axis=(0, 2))
    assert moved[place_of["left_elbow"]] > 0.1
    assert moved[place_of["spine2"]] == 0


def test_a_rigid_collar_takes_its_share_of_the_swing(rig):
    clip = swinging()
    turns = clip.turns * 0
    turns[:, place_of["left_shoulder"], 2] = -1.2  # the arm hangs
    done = mending.mended(replace(clip, turns=turns), mending.Faults(0.0, stiff=False), rig.rest).turns
    assert done[0, place_of["left_collar"], 2] == pytest.approx(-0.3, abs=0.01)
    both = matrices(done[0, place_of["left_collar"]]) @ matrices(done[0, place_of["left_shoulder"]])
    np.testing.assert_allclose(axis_angles(both), (0, 0, -1.2), atol=1e-9)


def test_a_stiff_head_shares_its_necks_turns(rig):
    turns = np.zeros((5, 55, 3))
    turns[:, place_of["neck"], 1] = 0.8
    clip = replace(swinging(count=5), turns=turns)
    faults = mending.Faults.of([clip], rig.rest)
    assert faults.stiff
    done = mending.mended(clip, faults, rig.rest).turns
    np.testing.assert_allclose(done[:, [place_of["neck"], place_of["head"]], 1], 0.4)


# ── cleaning ──


def test_t_poses_and_lost_markers_are_left_out():
    raw = swinging(size=2.0)
    turns = raw.turns * 0.3
    turns[:10] = 0.01  # a T-pose at the beginning
    turns[20:25, place_of["left_knee"]] = (-1.5, 0, 0)  # no knee bends forward
    clip = replace(raw, turns=turns)
    kept = cleaning.cleaned(clip, replace(raw, turns=np.where(np.arange(40)[:, None, None] < 10, turns, raw.turns)))
    assert kept is not None
    assert not set(kept.frame.tolist()) & {*range(10), *range(20, 25)}
    assert {10, 19, 25, 39} <= set(kept.frame.tolist())
    assert cleaning.cleaned(replace(clip, turns=turns * 0), replace(clip, turns=turns * 0)) is None


def test_frames_in_which_nothing_moves_are_thinned():
    clip = swinging()
    slow = replace(clip, turns=np.repeat(clip.turns[::4], 4, axis=0))
    assert cleaning.thinned(slow).frame.tolist() == list(range(0, 40, 4))


def test_one_recording_never_falls_on_both_sides():
    clips = [swinging(f"{n}", source, motion=f"trial {n}") for source in ("a", "b") for n in range(30)]
    clips += [swinging(f"walk {n}", "c", motion="one gait") for n in range(15)]
    clips += [swinging(f"run {n}", "c") for n in range(15)]
    train, held_out = cleaning.parted(clips)
    assert not {clip.motion for clip in train} & {clip.motion for clip in held_out}
    for source in "abc":
        assert 0.08 < sum(clip.source == source for clip in held_out) / 30 < 0.17
    assert "one gait" not in {clip.motion for clip in held_out}
    assert [c.title for c in cleaning.parted(clips[::-1])[1][::-1]] == [c.title for c in held_out]


def test_weights_are_balanced():
    clips = [swinging("long", "a", 400), swinging("short", "a", 100), swinging("tiny", "b", 4)]
    weights = cleaning.balanced(clips)
    assert np.concatenate(weights).mean() == pytest.approx(1)
    long, short, tiny = (weight.sum() for weight in weights)
    assert long == pytest.approx(2 * short)
    assert long + short == pytest.approx(3 * tiny)


def test_a_recording_in_two_sources_counts_as_one():
    shared = [swinging("one", "a", motion="m"), swinging("two", "a"), swinging("one", "b", motion="m")]
    one, two, _ = (weight.sum() for weight in cleaning.balanced(shared))
    assert one == pytest.approx(two / 2)


def test_twins_get_one_name(rig):
    first, other = swinging("x", "a", motion="x"), swinging("y", "b", seed=5, motion="y")
    late = replace(first, name="late", source="b", turns=first.turns[2:], frame=first.frame[2:], motion="late")
    late = replace(late, turns=late.turns + 0.02)
    named = {clip.name: clip.motion for clip in twins.named([first, other, late], rig.rest)}
    assert named == {"x": "x", "late": "x", "y": "y"}


def test_the_sets_hold_mirror_images_of_training_clips_only():
    train, held_out = body_sets([swinging("x"), swinging("y", seed=1)], [swinging("z", seed=2)], {"seed": 0})
    assert not held_out.mirrored.any()
    half = len(train) // 2
    assert train.mirrored.tolist() == [False] * half + [True] * half
    body = train.poses.reshape(-1, 21, 3)
    np.testing.assert_allclose(
        body[half:, place_of["left_hip"] - 1], body[:half, place_of["right_hip"] - 1] * (1, -1, -1)
    )
    assert train.root is not None
    assert train.frame is not None
    np.testing.assert_allclose(train.root[half:], train.root[:half] * (1, -1, -1))
    np.testing.assert_array_equal(train.frame[half:], train.frame[:half])
    assert train.clip_names == ("cmu/x", "cmu/y")


# ── the sources themselves ──


def angles(turns):
    return np.degrees(np.linalg.norm(turns, axis=-1))


def cut(folder, out, name):
    """A copy of a source's folder that holds one clip alone."""
    target = out / folder.name
    target.mkdir()
    for path in [*folder.glob("*.txt"), *folder.glob("*.asf"), *folder.glob("*.json")]:
        shutil.copy(path, target)
    (file,) = folder.glob("*.npz")
    with np.load(file) as clips:
        np.savez(target / file.name, **{name: clips[name]})
    return target


def test_two_forms_of_one_recording_agree(data, rig, tmp_path):
    """CMU's 02_01 is in one folder as ASF and AMC, in another as exponential maps, in a third as DeepMimic's angles."""
    (amc,) = read_asfamc(cut(data / "cmu_asfamc", tmp_path, "02_01"), rig.rest)
    (maps,) = read_c2s(cut(data / "cmu_c2s_expmap", tmp_path, "train/walking/walking_1"), rig.rest)
    (jump,) = read_jump(cut(data / "cmu_jump_vae", tmp_path, "02_01"), rig.rest)
    assert len(amc) == len(maps) == 86
    away = axis_angles(np.swapaxes(matrices(amc.turns[:, :22]), -1, -2) @ matrices(maps.turns[:, :22]))
    assert np.median(angles(away)) < 0.5
    assert {clip.motion for clip in twins.named([amc, jump, maps], rig.rest)} == {"02_01"}
    legs = [place_of[name] for name in ("left_hip", "right_hip", "left_knee", "right_knee")]
    assert np.abs(angles(amc.turns[:85, legs]) - angles(jump.turns[:, legs])).mean() < 8


def test_figures_at_rest_rest(data, rig, tmp_path):
    glb = Glb((data / "mesh2motion_cc0" / "human-base_84752f6.glb").read_bytes(), "base")
    still = carried("m", "T-Pose", glb.moving("T-Pose", 24.0), rig.rest, 24.0, "t", fingers=True)
    limbs = [place_of[f"{side}_{name}"] for side in ("left", "right") for name in ("hip", "shoulder", "wrist")]
    assert angles(still.turns[:, limbs]).max() < 12
    (walk,) = read_iclone(cut(data / "cmu_iclone_bvh", tmp_path, "007_03"), rig.rest)
    assert angles(walk.turns[0, limbs]).max() < 12
    assert angles(walk.turns[40, limbs]).max() > 50


def test_a_file_that_is_no_glb_is_refused():
    with pytest.raises(ValueError, match="base: expected a binary glTF"):
        Glb(b"not at all", "base")
