"""Where the named points of every human skeleton lie on an SMPL-X body: on joints, vertices and landmarks, or between.

COCO's hips are marked by hand a little outside and above the hip joints; here they are the joints. The wrist stands for
a hand's root.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.pose import derived
from engine.skeleton import Skeleton, face68, hand21, smplx55

# SMPL-X's keypoint vertices, in the order in which its reference lists them after the joints.
keypoint_vertices: dict[str, int] = {
    "nose": 9120, "right_eye": 9929, "left_eye": 9448, "right_ear": 616, "left_ear": 6,
    "left_big_toe": 5770, "left_small_toe": 5780, "left_heel": 8846,
    "right_big_toe": 8463, "right_small_toe": 8474, "right_heel": 8635,
    "left_hand_thumb_4": 5361, "left_hand_index_4": 4933, "left_hand_middle_4": 5058, "left_hand_ring_4": 5169,
    "left_hand_pinky_4": 5286,
    "right_hand_thumb_4": 8079, "right_hand_index_4": 7669, "right_hand_middle_4": 7794, "right_hand_ring_4": 7905,
    "right_hand_pinky_4": 8022,
}  # fmt: skip
contour_points = 17
# The published table: row k for a head turned k° to its right, k = 0 … 39; row 39 + k for k° to its left.
contour_turns = 39

Kind = Literal["joint", "vertex", "landmark", "contour", "crown"]


@dataclass(frozen=True)
class Part:
    """One thing on the body: the joint, vertex, inner landmark or contour point of that number, or its crown."""

    kind: Kind
    number: int = 0


@dataclass(frozen=True)
class Point:
    """A named point: the mean of its parts."""

    name: str
    parts: tuple[Part, ...]


def points_of(skeleton: Skeleton, side: Literal["left", "right"] = "right") -> tuple[Point, ...]:
    """Where each joint of a human skeleton lies; `side` says which hand a lone hand is. ValueError for animals."""
    if skeleton.name == smplx55.name:
        return tuple(Point(name, (Part("joint", i),)) for i, name in enumerate(smplx55.joints))
    prefix = f"{side}_hand_" if skeleton.name == hand21.name else ""
    if not prefix and ("root_of_tail" in skeleton or "left_front_paw" in skeleton):
        raise ValueError(f"expected a skeleton of a human, got {skeleton.name}")
    return tuple(Point(name, parts_of(prefix + name)) for name in skeleton.joints)


def parts_of(name: str) -> tuple[Part, ...]:
    """What a joint of COCO's, OpenPose's or the whole body's lies on, by its name; ValueError for an unknown one."""
    if name == "head":  # CrowdPose's is the top of the head, SMPL-X's joint the top of the neck
        return (Part("crown"),)
    if name.startswith("face_"):
        i = face68.index(name)
        return (Part("contour", i) if i < contour_points else Part("landmark", i - contour_points),)
    if name.endswith("_hand_root"):
        return (Part("joint", smplx55.index(name.replace("hand_root", "wrist"))),)
    if name in keypoint_vertices:
        return (Part("vertex", keypoint_vertices[name]),)
    # A neck is between the shoulders, where people mark it; SMPL-X's joint of that name lies deeper.
    for parts in derived.get(name, ()):
        return tuple(part for each in parts for part in parts_of(each))
    return (Part("joint", smplx55.index(name)),)


def smplx144() -> tuple[Point, ...]:
    """The points that SMPL-X's reference returns as joints, in its order: joints, keypoints, 51 landmarks, 17 contour.

    The first 127 are all there is without the contour. Keypoints of joints' names (the eyes) end in `_front`.
    """
    joints = points_of(smplx55)
    keypoints = (
        Point(f"{name}_front" if name in smplx55 else name, (Part("vertex", vertex),))
        for name, vertex in keypoint_vertices.items()
    )
    face = points_of(face68)
    return (*joints, *keypoints, *face[contour_points:], *face[:contour_points])
