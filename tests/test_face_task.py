"""Faces found by their landmarks: about the head, anywhere in space, and in pictures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from known_prior import known_prior

from engine import rotation
from engine.body import Poses
from engine.body_pose import BodyPose
from engine.skeleton import face68, smplx55
from engine.tasks.face import (
    FaceGuides,
    FacePoints,
    faces_at,
    halves,
    landmarks,
    noisy,
    partial,
    points,
    recovered_faces,
)
from engine.tasks.guides import NoGuide
from engine.tasks.recovery_terms import Lens, camera_of

camera = camera_of((800, 800))
free = FaceGuides(NoGuide(), NoGuide())


@pytest.fixture(scope="module")
def rig(body):
    return FacePoints(body)


@pytest.fixture(scope="module")
def guides():
    face, shape = known_prior(torch.eye(103), "face", 0.5), known_prior(torch.eye(100), "face-shape", 1.0)
    return FaceGuides.of(face, shape)


def grimace(yaw=0.3):
    expression = np.zeros(10)
    expression[:4] = 0.8, -0.6, 0.5, 0.3
    return BodyPose(
        root=(0.1, yaw, 0.05), jaw=(0.2, 0, 0), expression=expression, betas=(0.5, -1, 0.5), translation=(0.1, -0.2, -1)
    )


def of(rig, pose):
    """The face's points (1, 73, 3) about the head."""
    betas = np.zeros(rig.betas)
    betas[: len(pose.betas)] = pose.betas
    jaw, expression, betas = (torch.from_numpy(part[None]).float() for part in (pose.jaw, pose.expression, betas))
    return rig(jaw, expression, betas)


def now(rig, faces):
    return rig(faces.face[:, :3], faces.face[:, 3 : 3 + rig.expressions], faces.betas[:, : rig.betas])


def test_what_a_face_is_found_by():
    assert len(points) == 73
    assert points[:5] == ("neck", "head", "jaw", "left_eye", "right_eye")
    assert [len(half) for half in halves.values()] == [29, 29]
    assert not set(halves["left"]) & set(halves["right"])
    # The two are each other's mirror images.
    mirrored = {face68.joints[face68.swap[face68.index(name)]] for name in halves["left"]}
    assert len(mirrored & set(halves["right"])) >= 28


def test_published_weights():
    assert noisy[5].weights(0) == (500, pytest.approx(0.002))
    assert noisy[0].weights(199) == (500, pytest.approx(1e-5))
    assert partial.weights(199) == (pytest.approx(1000), pytest.approx(1e-5))
    assert (noisy[1].total, noisy[1].rate) == (200, 0.05)


def test_a_face_that_is_seen_is_found(rig, guides):
    places = of(rig, grimace())
    found = faces_at(rig, places, guides, noisy[0])
    assert (now(rig, found) - places).norm(dim=-1).mean() < 1e-3
    assert found.face.shape == (1, 103)
    assert found.betas.shape == (1, 100)
    # Numbers without effect on this body stay at nothing.
    assert not found.face[:, 3 + rig.expressions :].any()
    assert not found.betas[:, rig.betas :].any()


def test_half_a_face_tells_the_other(rig, guides):
    """Expression and shape move both halves: what is hidden follows."""
    places = of(rig, grimace())
    hidden = torch.tensor([name in halves["left"] for name in points])
    found = faces_at(rig, torch.where(hidden[:, None], 9.0, places), guides, partial, hidden)
    off = (now(rig, found) - places)[0].norm(dim=-1)
    plain = (of(rig, BodyPose()) - places)[0].norm(dim=-1)
    assert off[~hidden].mean() < 1.5e-3
    assert off[hidden].mean() < 0.5 * plain[hidden].mean()


def test_a_head_anywhere_in_space(body, rig, guides):
    truth = grimace(1.2)
    places = body.points(Poses.of([truth]), body.selection(face68))
    found = recovered_faces(rig, places, guides, settings=replace(landmarks, steps=15))
    assert found.error[0] < 2e-3
    again = body.points(Poses.of(found.poses), body.selection(face68))
    assert (again - places).norm(dim=-1).mean() < 2e-3  # the pose is the face


@pytest.mark.slow
@pytest.mark.parametrize("yaw", [0.0, 0.6])
def test_a_head_in_a_picture(body, rig, guides, yaw):
    truth = grimace(yaw)
    seen = body.points(Poses.of([truth]), body.selection(face68, "turning"), torch.zeros(3))
    places = Lens.of([camera])(seen)
    found = recovered_faces(rig, places, guides, [camera], settings=replace(landmarks, steps=20))
    assert found.error[0] < 3
    worlds = [body.world(Poses.of([pose])).rotations[:, smplx55.index("head")] for pose in (truth, found.poses[0])]
    assert rotation.angle(worlds[0].mT @ worlds[1])[0] < np.radians(15)


def test_landmarks_that_are_none(rig):
    good = torch.rand(1, 68, 3)
    with pytest.raises(ValueError, match="at least 6 landmarks in every row, got 5"):
        recovered_faces(rig, good, free, hidden=torch.arange(68) >= 5)
    with pytest.raises(ValueError, match="expected landmarks of face68 or joints about the face, got 'tail'"):
        recovered_faces(rig, good[:, :1], free, names=("tail",))
    with pytest.raises(ValueError, match=r"expected landmarks of shape \(B, 68, 2\), got \(1, 68, 3\)"):
        recovered_faces(rig, good, free, [camera])
    with pytest.raises(ValueError, match="expected a camera for each of 1 faces, got 2"):
        recovered_faces(rig, good[..., :2], free, [camera, camera])
    with pytest.raises(ValueError, match="expected finite landmarks, got NaN"):
        recovered_faces(rig, good * torch.nan, free)
    with pytest.raises(ValueError, match="at least one of the points of a face to be seen"):
        faces_at(rig, torch.zeros(1, 73, 3), free, hidden=torch.ones(73, dtype=torch.bool))
    other = FaceGuides.of(known_prior(torch.eye(100), "face-shape"), known_prior(torch.eye(103), "face"))
    with pytest.raises(ValueError, match="expected a prior of 103 numbers, got one of face-shape"):
        faces_at(rig, torch.zeros(1, 73, 3), other)
