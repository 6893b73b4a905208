"""A pose as the published SDPose demo draws it: OpenPose's rainbow at full strength, with feet, on black.

Differs from `draw.openpose_map`: limbs are not dimmed, a figure without hands and face gets lines that grow with the
picture, feet are dots, and the score decides what is drawn.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from engine.draw import Layer, layers, limb_polygon, palette
from engine.pose import Person, Pose2D, State
from engine.skeleton import ap10k17, coco17, hand21, openpose18, wholebody133

threshold = 0.3  # score from which a joint is drawn, the demo's default
opacity = 0.6  # of the drawing over the photo, the demo's default
fixed_width = 4  # px, half width of limbs and radius of joints of a figure with hands, whatever the picture's size
face_radius = 3
farthest = 20_000.0  # px: cv2 overflows on points beyond

# The demo's order of whole-body points behind OpenPose's body; feet are in COCO-WholeBody's order.
feet = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("big_toe", "small_toe", "heel"))
_behind_body = (*feet, *(joint for part in ("face", "left_hand", "right_hand") for joint in wholebody133.group(part)))


def openpose18_from_coco17(points: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (18, 2) and scores (18,) in OpenPose's order; the neck lies between the shoulders, as sure as the less."""
    body = Person(coco17, points, scores).to(openpose18)
    return body.points, body.scores


def openpose134_from_133(points: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (134, 2) and scores (134,): OpenPose's body, feet, face, left hand, right hand.

    The neck's score is that of the less sure shoulder, 0 unless both exceed 0.3.
    """
    body = Person(wholebody133, points, scores).to(openpose18)
    rest = wholebody133.indices(_behind_body)
    return np.concatenate([body.points, points[rest]]), np.concatenate([body.scores, scores[rest]])


def demo_map(pose: Pose2D, least: float = threshold) -> np.ndarray:
    """The pose (H, W, 3) uint8 RGB on black, later figures over earlier ones; joints scored under `least` are left out.

    A figure's groups brought to the front stay where the demo paints them.
    """
    width, height = pose.size
    canvas = np.zeros((height, width, 3), np.uint8)
    for person in pose.people:
        _paint(canvas, _sure(person, least))
    return canvas


def demo_overlay(pose: Pose2D, photo: np.ndarray, least: float = threshold, share: float = opacity) -> np.ndarray:
    """The black map (H, W, 3) uint8 mixed into its photo, as the demo shows it: darker by `share` all over."""
    if photo.shape != (*pose.size[::-1], 3):
        raise ValueError(f"expected a photo of shape {(*pose.size[::-1], 3)} like the pose, got {photo.shape}")
    return cv2.addWeighted(photo, 1 - share, demo_map(pose, least), share, 0)


def _sure(person: Person, least: float) -> Person:
    """The figure with joints under `least` missing."""
    found = zip(person.states, person.scores, strict=True)
    states: tuple[State, ...] = tuple("missing" if score < least else state for state, score in found)
    return replace(person, states=states, front=())


def _paint(canvas: np.ndarray, person: Person) -> None:
    limb_width, radius = _widths(canvas, person)
    drawn = layers(person, None if person.skeleton.name == ap10k17.name else openpose18)
    for layer in (layer for layer in drawn if layer.kind == "body"):
        for limb in layer.limbs:
            if np.hypot(*(limb.at[0] - limb.at[1])) >= 1:
                cv2.fillConvexPoly(canvas, limb_polygon(limb.at, limb_width), palette[limb.place])
        for joint in layer.joints:
            _dot(canvas, joint.at[0], radius, palette[joint.place])
    _paint_feet(canvas, person, radius)
    for layer in drawn:
        if layer.kind == "hand":
            _paint_hand(canvas, layer)
        elif layer.kind == "face":
            for joint in layer.joints:
                if _inside(canvas, joint.at[0]):
                    _dot(canvas, joint.at[0], face_radius, (255, 255, 255))


def _widths(canvas: np.ndarray, person: Person) -> tuple[int, int]:
    """Half width of limbs and radius of joints, px."""
    if any("_hand_" in joint for joint in person.skeleton.joints):
        return fixed_width, fixed_width
    side = (canvas.shape[0] + canvas.shape[1]) / 2
    return max(1, int(side / 256)), max(2, int(side / 192))


def _paint_feet(canvas: np.ndarray, person: Person, radius: int) -> None:
    for color, joint in zip(palette, feet, strict=False):
        if joint in person.skeleton and person.states[person.skeleton.index(joint)] != "missing":
            _dot(canvas, np.clip(person[joint], -farthest, farthest), radius, color)


def _paint_hand(canvas: np.ndarray, layer: Layer) -> None:
    for limb in layer.limbs:
        if all(_inside(canvas, at) for at in limb.at):
            (x1, y1), (x2, y2) = limb.at.astype(int).tolist()
            r, g, b = colorsys.hsv_to_rgb(limb.place / len(hand21.bones), 1, 1)
            cv2.line(canvas, (x1, y1), (x2, y2), (255 * r, 255 * g, 255 * b), thickness=2)
    for joint in layer.joints:
        if _inside(canvas, joint.at[0]):
            _dot(canvas, joint.at[0], fixed_width, (0, 0, 255))


def _inside(canvas: np.ndarray, at: np.ndarray) -> bool:
    """Whether the demo draws a hand's or face's joint at (2,): it leaves out the picture's first row and column."""
    x, y = at.astype(int).tolist()
    return 0 < x < canvas.shape[1] and 0 < y < canvas.shape[0]


def _dot(canvas: np.ndarray, at: np.ndarray, radius: int, color: Sequence[float]) -> None:
    x, y = at.astype(int).tolist()
    cv2.circle(canvas, (x, y), radius, color, thickness=-1)
