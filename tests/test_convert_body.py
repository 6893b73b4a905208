"""scripts/convert_body.py: any of its kinds of file into any other, with what was lost said."""

import sys

import numpy as np
import pytest
import trimesh

from engine import files
from engine.body import Body
from engine.body_files import resting
from engine.body_pose import BodyPose
from engine.formats.bvh import from_bvh, to_bvh
from engine.formats.smplx_npz import from_smplx_npz, to_smplx_npz
from engine.motion import Motion
from engine.pose import Person, Pose2D
from engine.scene import Scene
from engine.skeleton import coco17
from scripts import convert_body


@pytest.fixture(scope="module")
def body():
    return Body.load(convert_body.default_body)


@pytest.fixture
def run(monkeypatch, capsys):
    def convert(*words):
        monkeypatch.setattr(sys, "argv", ["convert_body.py", *map(str, words)])
        convert_body.main()
        return capsys.readouterr().out

    return convert


def some(n):
    turns = np.random.default_rng(n).normal(size=(55, 3)) * 0.3
    return BodyPose().with_axis_angles(turns).moved((n, 1, 0))


def test_bvh_and_npz_turn_into_each_other_and_back(body, run, tmp_path):
    motion = Motion((some(0), some(1), some(2)), 25)
    rest = resting(body)
    (tmp_path / "a.bvh").write_bytes(to_bvh(motion, rest))
    assert "1 figures, 3 frames" in run(tmp_path / "a.bvh", tmp_path / "b.npz")
    run(tmp_path / "b.npz", tmp_path / "c.npz", "--z-up")
    run(tmp_path / "c.npz", tmp_path / "d.bvh", "--unit", "m")
    back = from_bvh((tmp_path / "d.bvh").read_bytes(), rest)
    for one, other in zip(back.poses, motion.poses, strict=True):
        np.testing.assert_allclose(one.axis_angles, other.axis_angles, atol=1e-5)
        np.testing.assert_allclose(one.translation, other.translation, atol=1e-5)


def test_a_document_with_two_figures_becomes_meshes(body, run, tmp_path):
    people = tuple(Person(coco17, np.ones((17, 2)), np.ones(17), body=some(n)) for n in (0, 1))
    (tmp_path / "work.zip").write_bytes(files.write(Scene(Pose2D((64, 64), people)), "project"))
    corners = np.concatenate([body.mesh(some(n)).vertices for n in (0, 1)])
    for name, options in (("a.obj", ()), ("b.glb", ("--plain",))):
        assert "2 figures" in run(tmp_path / "work.zip", tmp_path / name, *options)
        bounds = trimesh.load(tmp_path / name).bounds
        np.testing.assert_allclose(bounds, [corners.min(0), corners.max(0)], atol=1e-5)
    run(tmp_path / "work.zip", tmp_path / "c.glb", "--lean", "--layers", "")
    assert len(trimesh.load(tmp_path / "c.glb").geometry) == 2
    run(tmp_path / "work.zip", tmp_path / "d.npz", "--figure", 2)
    assert from_smplx_npz((tmp_path / "d.npz").read_bytes()).poses[0] == some(1)


def test_one_frame_of_a_motion_and_components_of_hands(body, run, tmp_path):
    np.savez(
        tmp_path / "a.npz", body_pose=np.zeros((4, 63)), left_hand_pose=np.eye(4, 6), right_hand_pose=np.zeros((4, 6))
    )
    run(tmp_path / "a.npz", tmp_path / "b.npz", "--frame", 3)
    (pose,) = from_smplx_npz((tmp_path / "b.npz").read_bytes()).poses
    np.testing.assert_allclose(pose.hands[1], body.hand_mean[1], atol=1e-6)
    third = body.file.array("hands_componentsl")[2].reshape(15, 3)
    np.testing.assert_allclose(pose.hands[0], body.hand_mean[0] + third, atol=1e-6)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a.npz", "b.fbx"], "expected OUT to end in .glb, .obj, .npz, .bvh"),
        (["a.npz", "b.obj", "--frame", "3"], "expected --frame 1 to 1, got 3"),
        (["a.npz", "b.obj", "--figure", "2"], "expected --figure 1 to 1, got 2"),
        (["none.json", "b.obj"], "expected a figure with a body in none.json, got none"),
        (["two.json", "b.bvh"], "expected one figure for .bvh, got 2"),
        (["missing.npz", "b.obj"], "No such file"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(run, tmp_path, capsys, words, says):
    (tmp_path / "a.npz").write_bytes(to_smplx_npz(BodyPose()))
    person = Person(coco17, np.ones((17, 2)), np.ones(17))
    standing = Person(coco17, np.ones((17, 2)), np.ones(17), body=BodyPose())
    for name, people in (("none.json", (person,)), ("two.json", (standing, standing))):
        (tmp_path / name).write_bytes(files.write(Scene(Pose2D((64, 64), people)), "document"))
    with pytest.raises(SystemExit):
        run(tmp_path / words[0], tmp_path / words[1], *words[2:])
    assert says in capsys.readouterr().err
