"""A motion cleaned: jitter gone, wrong frames found, standing feet held, what was clean left alone."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from engine import curves
from engine.body_files import motion_in, write_motion
from engine.body_pose import BodyPose
from engine.clean_motion import Cleaning, cleaned
from engine.motion import Motion
from engine.posing import standing
from engine.progress import Cancelled
from engine.relaxing import own_rig, stance_of
from engine.rig import axis_angles, joint_number, matrices
from engine.stage import Stage
from scripts import clean_motion as script

frames, wrong = 90, {20, 45, 46, 70}


@pytest.fixture(scope="module")
def stage():
    return Stage()


@pytest.fixture(scope="module")
def swaying() -> Motion:
    """A figure that stands, swings an arm and bows."""
    poses = []
    for n in range(frames):
        swing = np.sin(2 * np.pi * n / 45)
        pose = standing().with_joint("left_shoulder", (0.3 * swing, 0, -0.8 + 0.5 * swing))
        poses.append(pose.with_joint("spine2", (0.2 + 0.15 * swing, 0, 0)))
    return Motion(tuple(poses), 30.0)


@pytest.fixture(scope="module")
def shaky(swaying) -> Motion:
    rng = np.random.default_rng(0)
    poses = []
    for n, pose in enumerate(swaying.poses):
        noise = np.zeros((55, 3))
        noise[:22] = np.radians(2) * rng.normal(size=(22, 3))
        if n in wrong:
            noise[[joint_number("right_elbow"), joint_number("head")]] += (0.9, 0.7, 0)
        turns = axis_angles(matrices(pose.axis_angles) @ matrices(noise))
        poses.append(pose.with_axis_angles(turns).moved(0.005 * rng.normal(size=3)))
    return replace(swaying, poses=tuple(poses))


def places(stage: Stage, motion: Motion) -> np.ndarray:
    rig = own_rig(stage.body(), motion.poses[0])
    return rig.placed(*stance_of(*motion.poses)).points[:, :22]


@pytest.fixture(scope="module")
def found(stage, shaky):
    return cleaned(stage.body(), stage.limits, shaky)


def test_it_comes_nearer_to_what_was_meant(stage, swaying, shaky, found):
    meant = places(stage, swaying)
    before, after = (np.linalg.norm(places(stage, one) - meant, axis=-1).mean() for one in (shaky, found.motion))
    assert after < 0.55 * before
    assert found.after.acceleration < 0.2 * found.before.acceleration
    assert found.moved > 0.5 * before


def test_the_wrong_frames_are_found_and_mended(stage, swaying, found):
    assert wrong <= set(found.wrong)
    assert len(found.wrong) <= len(wrong) + 2
    rows = sorted(wrong)
    off = np.linalg.norm((places(stage, found.motion) - places(stage, swaying))[rows], axis=-1)
    assert off.mean() < 0.03


def test_standing_feet_stay(stage, shaky, found):
    feet = [joint_number(f"{side}_foot") for side in ("left", "right")]
    held = places(stage, found.motion)[8:-8, feet]  # where a clip begins and ends, nothing tells noise from a step
    assert np.percentile(np.linalg.norm(held - np.median(held, axis=0), axis=-1), 90) < 0.01
    assert found.after.sliding < 0.05 * found.before.sliding
    loose = cleaned(stage.body(), stage.limits, shaky, Cleaning(feet=False))
    assert loose.after.sliding > 5 * found.after.sliding


def test_a_clean_motion_is_left_about_as_it_is(stage, swaying):
    found = cleaned(stage.body(), stage.limits, swaying)
    assert found.wrong == ()
    assert found.moved < 0.004


def test_strength_0_mends_wrong_frames_alone(stage, shaky):
    found = cleaned(stage.body(), stage.limits, shaky, Cleaning(0.0, feet=False))
    same = [n for n in range(frames) if n not in found.wrong]
    elbow = [np.stack([pose.joint("right_elbow") for pose in motion.poses]) for motion in (shaky, found.motion)]
    assert np.abs(elbow[0] - elbow[1])[same].max() < 1e-6
    assert np.abs(elbow[0] - elbow[1])[sorted(wrong)].max() > 0.5


def test_it_is_stopped_within_a_step(stage, shaky):
    told = []

    def progress(fraction: float, text: str) -> None:
        told.append(fraction)
        if len(told) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        cleaned(stage.body(), stage.limits, shaky, progress=progress)
    assert len(told) == 3


@pytest.mark.parametrize("count", [1, 7])
def test_too_few_frames_are_refused(stage, count):
    with pytest.raises(ValueError, match=f"8 to 3000 frames to clean, got {count}"):
        cleaned(stage.body(), stage.limits, Motion((BodyPose(),) * count))


def test_a_quick_move_is_no_glitch():
    values = np.concatenate([np.zeros(20), np.linspace(0, 2, 6), np.full(20, 2.0)])[:, None]
    assert not curves.glitches(values, 0.1, 6).any()
    values[10:13] += 0.8
    assert np.flatnonzero(curves.glitches(values, 0.1, 6)).tolist() == [10, 11, 12]


def test_the_script_cleans_a_bvh(stage, shaky, tmp_path, monkeypatch, capsys):
    source, out = tmp_path / "in.bvh", tmp_path / "out.npz"
    source.write_bytes(write_motion(stage, shaky, "bvh"))
    monkeypatch.setattr(sys, "argv", ["clean_motion.py", str(source), "--out", str(out), "--strength", "0.5"])
    script.main()
    said = capsys.readouterr().out
    assert "acceleration" in said
    assert "wrong frames  " in said
    motion = motion_in(stage.body(), out.read_bytes())
    assert len(motion) == frames
    assert motion.fps == pytest.approx(30, rel=1e-3)
    for wrong in (["--out", str(tmp_path / "out.obj")], ["--out", str(out), "--strength", "2"]):
        monkeypatch.setattr(sys, "argv", ["clean_motion.py", str(source), *wrong])
        with pytest.raises(SystemExit) as ended:
            script.main()
        assert ended.value.code != 0
