"""Points of the body: every skeleton's joints lie where their names say, and the face's contour where it is seen."""

import numpy as np
import pytest
import torch

from engine.body_points import points_of
from engine.body_pose import BodyPose
from engine.body_selection import contour_row
from engine.camera import Camera
from engine.skeleton import ap10k17, face68, fingers, hand21, openpose18, skeletons, smplx55, wholebody133

humans = [s for s in skeletons.values() if s.name != ap10k17.name]
size = (640, 480)


def close(a, b, within=1e-5):
    torch.testing.assert_close(a, b, rtol=0, atol=within)


def at_rest(body, skeleton, **options):
    """The body's points (J, 3) in its rest pose."""
    return body.points(body.poses(BodyPose()), body.selection(skeleton, **options))[0]


@pytest.mark.parametrize("skeleton", humans, ids=lambda s: s.name)
def test_every_human_skeleton_is_on_the_body_and_symmetric(body, skeleton):
    """At rest the left is at +x, and each pair mirrors."""
    chosen = body.selection(skeleton)
    assert chosen.names == skeleton.joints
    found = at_rest(body, skeleton)
    flip = torch.tensor([-1.0, 1, 1])
    if skeleton != hand21:
        assert (found[[skeleton.index(left) for left, _ in skeleton.mirror], 0] > 0).all()
        close(found[skeleton.swap.copy()], found * flip, 0.006)
    for face in (joint for joint in skeleton.joints if joint.startswith("face_")):
        assert (found[skeleton.index(face)] - found[skeleton.index("face_nose_4")]).norm() < 0.18


def test_an_animal_is_not_on_it(body):
    with pytest.raises(ValueError, match="expected a skeleton of a human, got ap10k17"):
        body.selection(ap10k17)


@pytest.mark.parametrize("side", ["left", "right"])
def test_hands_lie_from_knuckle_to_tip_and_from_thumb_to_pinky(body, side):
    """COCO counts thumb, index, middle, ring, pinky; SMPL-X puts the thumb last and the pinky before the ring."""
    found = dict(zip(hand21.joints, at_rest(body, hand21, side=side), strict=True))
    away = {"left": 1.0, "right": -1.0}[side]
    for finger in fingers:
        steps = [float((found[f"{finger}_{i}"] - found["root"]).norm()) for i in range(1, 5)]
        assert steps == sorted(steps)
        assert away * float(found[f"{finger}_4"][0] - found[f"{finger}_1"][0]) > 0
    across = [float(found[f"{finger}_2"][2]) for finger in fingers]
    assert across == sorted(across, reverse=True)
    whole = at_rest(body, wholebody133)
    close(whole[wholebody133.index(f"{side}_hand_ring_4")], found["ring_4"], 1e-6)


def test_what_lies_above_what(body):
    found = dict(zip(wholebody133.joints, at_rest(body, wholebody133), strict=True))
    down = ["left_eye", "nose", "face_mouth_9", "face_jaw_9", "left_shoulder", "left_hip", "left_knee", "left_ankle"]
    heights = [float(found[name][1]) for name in (*down, "left_heel")]
    assert heights == sorted(heights, reverse=True)
    assert found["left_big_toe"][2] > found["left_ankle"][2] > found["left_heel"][2]
    assert found["left_small_toe"][0] > found["left_big_toe"][0]
    assert found["nose"][2] > found["left_eye"][2] > found["left_ear"][2]
    crown = at_rest(body, skeletons["crowdpose14"])
    assert crown[skeletons["crowdpose14"].index("head"), 1] > found["face_left_brow_3"][1] + 0.05


def test_derived_points_are_means(body):
    found = at_rest(body, skeletons["openpose25"])
    at = skeletons["openpose25"].index
    close(found[at("neck")], (found[at("left_shoulder")] + found[at("right_shoulder")]) / 2, 1e-6)
    close(found[at("mid_hip")], (found[at("left_hip")] + found[at("right_hip")]) / 2, 1e-6)
    assert all(point.parts for skeleton in humans for point in points_of(skeleton))


# ── the contour of the face ──


def test_the_rows_of_the_contour():
    turns = torch.tensor([0.0, -1, -39, -80, 1, 20.4, 39, 170]).deg2rad()
    assert contour_row(turns).tolist() == [0, 1, 39, 39, 40, 59, 78, 78]


def test_the_contour_slides_as_the_camera_goes_round(body):
    """What a camera from the left sees is what a camera in front sees of a head turned to the right."""
    chosen = body.selection(face68, "turning")
    still, turned = BodyPose(), BodyPose(root=np.radians([0, -25.0, 0]))
    head = body.joints(body.poses(still))[0, smplx55.index("head")]

    def seen(pose, degrees):
        a = np.radians(degrees)
        place = head + 50 * torch.tensor([np.sin(a), 0, np.cos(a)], dtype=torch.float32)
        return body.points(body.poses(pose), chosen, place)[0]

    def in_the_head(pose, points):
        back = body.world(body.poses(pose))
        return (points - back.joints[0, 15]) @ back.rotations[0, 15]

    close(in_the_head(still, seen(still, 25)), in_the_head(turned, seen(turned, 0)), 1e-5)
    away = np.array([3.0, 1, -2])
    aside = 50 * torch.tensor([np.sin(0.4), 0, np.cos(0.4)]) + head
    carried = body.points(body.poses(still.moved(away)), chosen, (aside + torch.from_numpy(away)).float())[0]
    close(carried - torch.from_numpy(away).float(), body.points(body.poses(still), chosen, aside.float())[0])
    front = body.points(body.poses(still), body.selection(face68))[0]
    close(seen(still, 0), front, 1e-6)
    moved = (seen(still, 25) - front).norm(dim=-1)
    assert (moved[17:] < 1e-6).all()
    # The cheek that turns away is hidden: its points come forward. A camera at the left hides the right, the first.
    assert (seen(still, 25)[1:6, 2] - front[1:6, 2]).mean() > 0.01
    assert moved[:8].mean() > 2 * moved[9:17].mean()


def test_both_kinds_of_contour_may_be_asked_for_at_once(body):
    poses = body.poses(BodyPose(), BodyPose(root=np.array([0, 1.0, 0])))
    assert body.points(poses, body.selection(face68, "turning"), torch.zeros(2, 3)).shape == (2, 68, 3)
    front, turning = body.selection(face68, "front"), body.selection(face68, "turning")
    close(body.points(poses, front)[:, 17:], body.points(poses, turning)[:, 17:], 1e-6)
    assert body.selection(face68, "front") is front


def test_a_camera_sees_the_points_where_it_projects_them(body):
    camera = Camera.looking_at(np.array([0, -0.3, 0]), np.array([1.0, 0.2, 4]), size, 900.0)
    pose = BodyPose(translation=np.array([0.1, 0, 0])).with_joint("left_shoulder", (0, 0, 1.0))
    found = body.seen(pose, camera, openpose18)
    expected = camera.project(body.points(body.poses(pose), body.selection(openpose18))[0].double().numpy())
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert ((found > 0) & (found < size)).all()
    assert found[openpose18.index("left_shoulder"), 0] > found[openpose18.index("right_shoulder"), 0]
    assert found[openpose18.index("nose"), 1] < found[openpose18.index("left_knee"), 1]
