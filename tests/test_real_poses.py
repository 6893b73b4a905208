"""Captured poses on the open body: upright, whole, nothing torn. Skips where the files are not beside the project."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.body import Body
from engine.body_pose import BodyPose
from engine.skeleton import smplx55
from scripts.contact_sheet import body_path, captured_bodies, captured_people

pytestmark = pytest.mark.shared
some = 60


@pytest.fixture(scope="module")
def poses(shared: Path) -> Path:
    folder = shared / "poses"
    if not folder.is_dir():
        pytest.skip(f"no captured poses beside the project ({folder})")
    return folder


@pytest.fixture(scope="module")
def body() -> Body:
    return Body.load(body_path)


def every(poses: list[BodyPose], count: int = some) -> list[BodyPose]:
    return poses[:: max(len(poses) // count, 1)]


@torch.no_grad()
def skinned(body: Body, poses: list[BodyPose]) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (B, V, 3) and joints (B, 55, 3), metres."""
    vertices, joints = [], []
    for first in range(0, len(poses), 20):  # twenty bodies of sixteen thousand points at a time
        batch = body.poses(*poses[first : first + 20])
        vertices.append(body.vertices(batch).numpy())
        joints.append(body.joints(batch).numpy())
    return np.concatenate(vertices), np.concatenate(joints)


def place(joints: np.ndarray, name: str) -> np.ndarray:
    return joints[:, smplx55.index(name)]


def stretch(body: Body, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By how much edges (B, E) are longer than at rest, those under 2 mm left out; and which (E,) are of the crotch.

    There a strip of short edges spans the legs: it must stretch when they part, unseen between the thighs.
    """
    edges = np.unique(np.sort(body.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
    with torch.no_grad():
        rest = body.vertices(body.poses(BodyPose()))[0].numpy()
        hips = body.joints(body.poses(BodyPose()))[0, smplx55.indices(("left_hip", "right_hip"))].numpy()
    before = np.linalg.norm(rest[edges[:, 0]] - rest[edges[:, 1]], axis=1)
    edges, before = edges[before > 0.002], before[before > 0.002]
    after = np.linalg.norm(vertices[:, edges[:, 0]] - vertices[:, edges[:, 1]], axis=-1)
    middle = rest[edges].mean(1)
    crotch = (np.abs(middle[:, 0]) < 0.02) & (np.abs(middle[:, 1] - hips[:, 1].mean() + 0.06) < 0.08)
    return after / before, crotch


def check_whole(body: Body, vertices: np.ndarray) -> None:
    assert np.isfinite(vertices).all()
    longer, crotch = stretch(body, vertices)
    assert longer[:, ~crotch].max() < 4, "a torn mesh has edges many times their length"
    assert longer.max() < 8
    assert np.quantile(longer, 0.999) < 2


def test_bodies_are_whole(body, poses):
    vertices, _ = skinned(body, every(captured_bodies(poses, body)))
    check_whole(body, vertices)
    size = np.ptp(vertices, axis=1).max(1)
    assert size.max() < 2.3, "nobody is longer than a body with its arms up"
    assert size.min() > 0.8


def test_people_with_hands_and_faces_are_whole(body, poses):
    vertices, joints = skinned(body, every(captured_people(poses, body)))
    check_whole(body, vertices)
    assert np.isfinite(joints).all()


def test_who_stands_is_upright(body, poses):
    """The camera was nearly level: a person with straight legs stands with the head above the pelvis, feet below."""
    people = captured_people(poses, body)
    joints = body.joints(body.poses(*people)).numpy()
    length = place(joints, "pelvis") - (place(joints, "left_ankle") + place(joints, "right_ankle")) / 2
    standing = np.linalg.norm(length, axis=1) > 0.75
    assert standing.sum() > 100
    spine = place(joints, "head") - place(joints, "pelvis")
    up = spine[standing, 1] / np.linalg.norm(spine[standing], axis=1)
    assert np.quantile(up, 0.05) > 0.85, "most stand straight"
    assert up.min() > 0.4, "and some bow"
    assert np.quantile(length[standing, 1], 0.05) > 0.65
    assert (length[standing, 1] > 0).all(), "nobody stands on the head"


def test_elbows_and_knees_bend_the_way_they_do(body, poses):
    """Hinges bend forwards at the elbow and backwards at the knee: the rest pose agrees with that of the captures."""
    turns = np.array([pose.axis_angles for pose in captured_bodies(poses, body)])
    for name, axis, way in (
        ("left_elbow", 1, -1),
        ("right_elbow", 1, 1),
        ("left_knee", 0, 1),
        ("right_knee", 0, 1),
    ):
        bend = turns[:, smplx55.index(name), axis] * way
        assert np.median(bend) > 0.1
        assert np.quantile(bend, 0.02) > -0.35


def test_fingers_bend_into_the_palm(body, poses):
    """Counted from the file's relaxed hand, few captured fingers bend backwards by more than ten degrees."""
    with torch.no_grad():
        found = body.joints(body.poses(*captured_people(poses, body))).double().numpy()
    bends = []
    for side, s in (("left", 1.0), ("right", -1.0)):
        wrist, index, pinky = (place(found, f"{side}_{name}") for name in ("wrist", "hand_index_1", "hand_pinky_1"))
        back = np.cross(index - wrist, pinky - wrist) * s  # out of the back of the hand
        for finger in ("index", "middle", "ring"):
            first, second, third = (place(found, f"{side}_hand_{finger}_{i}") for i in (1, 2, 3))
            bone, next_bone = second - first, third - second
            hinge = np.cross(back, bone)
            sine = (np.cross(bone, next_bone) * hinge).sum(1) / np.linalg.norm(hinge, axis=1)
            bends.append(np.arctan2(sine, (bone * next_bone).sum(1)))
    assert np.median(bends) > np.radians(5)
    assert (np.array(bends) < np.radians(-10)).mean() < 0.15
