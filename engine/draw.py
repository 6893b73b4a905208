"""A pose drawn: one geometry, three paints (ControlNet's OpenPose look, SP-Ctrl's index map, an overlay for people).

The geometry is, per figure and from back to front, limbs between named joints and the joints themselves;
a paint decides width, colour and order on the canvas. Missing joints and hidden bones have no geometry.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from engine.pose import Person, Pose2D
from engine.skeleton import RGB, Pair, Skeleton, ap10k17, coco17, hand21, openpose18, side_colors, side_of

palette: tuple[RGB, ...] = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
    (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255),
    (255, 0, 170), (255, 0, 85),
)  # fmt: skip
limb_palette: tuple[RGB, ...] = tuple((int(r * 0.6), int(g * 0.6), int(b * 0.6)) for r, g, b in palette)
joint_radius = 4  # px, whatever the picture's size: the models were trained so
limb_half_width = 4
first_limb = 51  # of an index map: joints are 1 … 17, limbs 51 …

_human_art = (
    (16, 14), (14, 12), (17, 15), (15, 13), (12, 13), (6, 12), (7, 13), (6, 7), (6, 8), (7, 9), (8, 10), (9, 11),
    (2, 3), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7),
)  # fmt: skip
# What index maps are drawn on: AP-10K as it is, COCO's joints with the limbs in Human-Art's order.
index_skeletons: dict[str, Skeleton] = {
    "animal": ap10k17,
    "human": replace(coco17, bones=tuple((coco17.joints[a - 1], coco17.joints[b - 1]) for a, b in _human_art)),
}

# A limb that a figure's own skeleton does not have is switched off with the bones it replaces.
_stands_for: dict[tuple[str, ...], tuple[Pair, ...]] = {
    ("left_shoulder", "right_shoulder"): (("neck", "left_shoulder"), ("neck", "right_shoulder")),
    **{("neck", f"{s}_shoulder"): (("left_shoulder", "right_shoulder"),) for s in ("left", "right")},
    **{
        ("neck", f"{s}_hip"): ((f"{s}_shoulder", f"{s}_hip"), ("neck", "mid_hip"), ("mid_hip", f"{s}_hip"))
        for s in ("left", "right")
    },
    **{(f"{s}_shoulder", f"{s}_hip"): (("neck", f"{s}_hip"), ("neck", "mid_hip")) for s in ("left", "right")},
}
# A group brought to the front takes along what hangs on it.
_carries = {f"{s}_{limb}": f"{s}_{end}" for s in ("left", "right") for limb, end in (("arm", "hand"), ("leg", "foot"))}
_reach = 20_000.0  # px: cv2 overflows on far points; beyond this only a limb's direction may suffer

# ── the geometry ───────────────────────────────────────────────────────────────────────────────────


class Mark(NamedTuple):
    """A drawn bone or joint: its place in its list, the joints it joins, where they are (N, 2) px, any hidden."""

    place: int
    joints: tuple[str, ...]
    at: np.ndarray
    hidden: bool


class Layer(NamedTuple):
    """What is painted together: limbs first, then joints, of one kind (`body`, `hand` or `face`)."""

    kind: str
    limbs: tuple[Mark, ...]
    joints: tuple[Mark, ...]


def layers(person: Person, body: Skeleton | None = None) -> list[Layer]:
    """A figure from back to front, its body on its own skeleton or converted to `body`, hands and face as they are."""
    converted = person.to(body) if body else person
    places = _places(person) | _places(converted)
    ranks = _ranks(person, converted)

    def marks(rank: int, groups: Iterable[tuple[str, ...]]) -> tuple[Mark, ...]:
        return tuple(
            Mark(i, names, np.stack([places[n][0] for n in names]), any(places[n][1] for n in names))
            for i, names in enumerate(groups)
            if all(n in places for n in names)
            and min(ranks.get(n, 0) for n in names) == rank
            and not _switched_off(person, names)
        )

    drawn = [
        Layer(kind, marks(rank, bones), marks(rank, ((name,) for name in names)))
        for rank in range(len(person.front) + 1)
        for kind, bones, names in _parts(person.skeleton, converted.skeleton)
    ]
    return [layer for layer in drawn if layer.limbs or layer.joints]


def limb_polygon(ends: np.ndarray, half_width: int) -> np.ndarray:
    """The ellipse (N, 2) int32 px that the known tools draw for a limb with the ends (2, 2) px."""
    (x1, y1), (x2, y2) = ends.tolist()
    center = int((x1 + x2) / 2), int((y1 + y2) / 2)
    axes = int(np.hypot(x1 - x2, y1 - y2) / 2), half_width
    angle = int(np.degrees(np.arctan2(y1 - y2, x1 - x2)))  # truncated: exactness to the pixel hangs on it
    return np.array(cv2.ellipse2Poly(center, axes, angle, 0, 360, 1))


def _places(person: Person) -> dict[str, tuple[np.ndarray, bool]]:
    points = np.clip(person.points, -_reach, _reach)
    found = zip(person.skeleton.joints, points, person.states, strict=True)
    return {name: (at, state == "hidden") for name, at, state in found if state != "missing"}


def _parts(own: Skeleton, body: Skeleton) -> list[tuple[str, tuple[Pair, ...], tuple[str, ...]]]:
    """Kind, bones and joints of each part, in the order they are painted."""
    if own.name in ("hand21", "face68"):
        return [(own.name[:4], own.bones, own.joints)]
    faces = tuple(j for j in own.joints if j.startswith("face_") or j.endswith("_pupil"))
    fine = {*faces, *(j for j in (*own.joints, *body.joints) if "_hand_" in j)}
    bones = tuple(bone for bone in body.bones if not fine.issuperset(bone))
    parts = [("body", bones, tuple(j for j in body.joints if j not in fine))]
    for side in ("left", "right"):
        # By hand21's order, so that a finger keeps its colour where a skeleton lacks some of its joints.
        bones = tuple((f"{side}_hand_{a}", f"{side}_hand_{b}") for a, b in hand21.bones)
        parts.append(("hand", bones, tuple(f"{side}_hand_{joint}" for joint in hand21.joints)))
    return [*parts, ("face", tuple(bone for bone in own.bones if bone[0] in faces), faces)]


def _ranks(*figures: Person) -> dict[str, int]:
    """How far in front each joint is: 0, or the place in `front` of the last group that holds it."""
    ranks: dict[str, int] = {}
    for rank, group in enumerate(figures[0].front, start=1):
        for groups in (dict(figure.skeleton.groups) for figure in figures):
            members = (*groups.get(group, ()), *groups.get(_carries.get(group, ""), ()))
            ranks |= dict.fromkeys(members, rank)
    return ranks


def _switched_off(person: Person, bone: tuple[str, ...]) -> bool:
    off = {frozenset(pair) for pair in person.hidden_bones}
    if not off or frozenset(bone) in off:
        return bool(off)
    own = bone in person.skeleton.bones or bone[::-1] in person.skeleton.bones
    return not own and any(frozenset(other) in off for other in _stands_for.get(bone, ()))


def _disc(canvas: np.ndarray, joint: Mark, radius: int, color: Sequence[float]) -> None:
    x, y = joint.at[0].astype(int).tolist()
    cv2.circle(canvas, (x, y), radius, color, thickness=-1)


# ── what ControlNets read ──────────────────────────────────────────────────────────────────────────


def openpose_map(pose: Pose2D, thick: bool = False) -> np.ndarray:
    """The pose (H, W, 3) uint8 RGB as ControlNet's OpenPose tools draw it; `thick`: as SDXL models want it.

    Humans become OpenPose-18 by name, hands and faces follow in DWPose's look, feet have no place in it;
    animals take the same palette on AP-10K's limbs.
    """
    width, height = pose.size
    longest = max(width, height)
    scale = 1 if not thick or longest < 500 else min(2 + longest // 1000, 7)
    canvas = np.zeros((height, width, 3), np.uint8)
    for person in pose.people:
        for layer in layers(person, openpose18 if _kind(person) == "human" else None):
            if layer.kind == "hand":
                _paint_hand(canvas, layer)
            elif layer.kind == "face":
                for joint in layer.joints:
                    _disc(canvas, joint, 3, (255, 255, 255))
            else:
                for limb in layer.limbs:
                    cv2.fillConvexPoly(canvas, limb_polygon(limb.at, limb_half_width * scale), limb_palette[limb.place])
                for joint in layer.joints:
                    _disc(canvas, joint, joint_radius, palette[joint.place])
    return canvas


def _paint_hand(canvas: np.ndarray, layer: Layer) -> None:
    for limb in layer.limbs:
        (x1, y1), (x2, y2) = limb.at.astype(int).tolist()
        r, g, b = colorsys.hsv_to_rgb(limb.place / len(hand21.bones), 1, 1)
        cv2.line(canvas, (x1, y1), (x2, y2), (255 * r, 255 * g, 255 * b), thickness=2)
    for joint in layer.joints:
        _disc(canvas, joint, joint_radius, (0, 0, 255))


def index_map(pose: Pose2D) -> np.ndarray:
    """The pose (H, W) uint8 as SP-Ctrl reads it: joint k as 1 … 17, limb s as 51 … 69, nothing as 0.

    ValueError for humans and animals together, or a lone hand or face: the numbers mean one skeleton.
    """
    kinds = {_kind(person) for person in pose.people}
    if "part" in kinds:
        raise ValueError("expected whole figures for an index map, got a lone hand or face: remove it, or use OpenPose")
    if len(kinds) > 1:
        raise ValueError("expected only humans or only animals for an index map, got both: keep one, or use OpenPose")
    canvas = np.zeros(pose.size[::-1], np.uint8)
    for person in pose.people:
        for layer in (layer for layer in layers(person, index_skeletons[_kind(person)]) if layer.kind == "body"):
            for limb in layer.limbs:
                cv2.fillConvexPoly(canvas, limb_polygon(limb.at, limb_half_width), (first_limb + limb.place,))
            for joint in layer.joints:
                _disc(canvas, joint, joint_radius, (joint.place + 1,))
    return canvas


def _kind(person: Person) -> str:
    name = person.skeleton.name
    return "animal" if name == ap10k17.name else "part" if name in ("hand21", "face68") else "human"


# ── what people read ───────────────────────────────────────────────────────────────────────────────

paper: RGB = (246, 241, 231)
ink: RGB = (28, 23, 20)
light: RGB = (255, 251, 243)
_subpixel = 4  # bits cv2 keeps behind the point
# Half width of bones and radius of joints in the picture's line, and how many lines the part's extent must hold.
_weights = {"body": (1.0, 1.75, 125.0), "hand": (0.55, 0.9, 45.0), "face": (0.4, 0.0, 80.0)}


def overlay(pose: Pose2D, photo: np.ndarray | None = None) -> np.ndarray:
    """The pose (H, W, 3) uint8 over its picture at full strength, or on paper: left warm, right cool, hidden open."""
    width, height = pose.size
    canvas = np.full((height, width, 3), paper, np.uint8) if photo is None else np.array(photo, np.uint8)
    if canvas.shape != (height, width, 3):
        raise ValueError(f"expected a photo of shape {(height, width, 3)} like the pose, got {canvas.shape}")
    for person in pose.people:
        for layer in layers(person):
            _paint_layer(canvas, _necked(person, layer), *_line(pose.size, person, layer))
    return canvas


def _necked(person: Person, layer: Layer) -> Layer:
    """The body with a neck instead of COCO's lines from ears to shoulders, where its skeleton names no neck."""
    shoulders = ("left_shoulder", "right_shoulder")
    ears = {frozenset((f"{side}_ear", f"{side}_shoulder")) for side in ("left", "right")}
    rest = tuple(limb for limb in layer.limbs if frozenset(limb.joints) not in ears)
    places = _places(person)
    if len(rest) == len(layer.limbs) or not places.keys() >= {"nose", *shoulders}:
        return layer._replace(limbs=rest)
    ends = np.stack([(places[shoulders[0]][0] + places[shoulders[1]][0]) / 2, places["nose"][0]])
    hidden = any(places[joint][1] for joint in ("nose", *shoulders))
    return layer._replace(limbs=(Mark(len(rest), ("nose",), ends, hidden), *rest))


def _line(size: tuple[int, int], person: Person, layer: Layer) -> tuple[float, float]:
    """Half width of bones and radius of joints, px: by the picture, less where the part is small in it."""
    half, radius, least = _weights[layer.kind]
    points = [person.points[person.present]] if layer.kind == "body" else [m.at for m in (*layer.limbs, *layer.joints)]
    extent = float(np.ptp(np.concatenate(points), axis=0).max())
    alone = 1 / half if _kind(person) == "part" else 1.0  # a lone hand is the subject: it gets a body's line
    unit = max(min(alone * max(size) / 330, extent / least / half), 0.8)
    return half * unit, max(radius * unit, 1.2 * radius)


def _paint_layer(canvas: np.ndarray, layer: Layer, half: float, radius: float) -> None:
    edge = 0.5 * half + 0.8
    joints = layer.joints if radius else ()
    bones = [(side_color(limb), piece) for limb in layer.limbs for piece in _pieces(limb, half)]
    halo = [_bar(piece, half + edge) for _, piece in bones] + [_bar(joint.at, radius + edge) for joint in joints]
    if halo:
        _shade(canvas, halo)
    for color, piece in bones:
        _fill(canvas, _bar(piece, half), color)
        _fill(canvas, _bar(piece, 0.3 * half), [0.4 * c + 0.6 * w for c, w in zip(color, light, strict=True)])
    for joint in joints:
        _fill(canvas, _bar(joint.at, radius), light)
        _fill(canvas, _bar(joint.at, 0.68 * radius), ink if joint.hidden else side_color(joint))


def side_color(mark: Mark) -> RGB:
    """The colour of the side a bone or joint is on; across the middle, the middle's."""
    sides = {side_of(joint) for joint in mark.joints} - {"middle"}
    return side_colors[sides.pop() if len(sides) == 1 else "middle"]


def _bar(at: np.ndarray, half: float) -> np.ndarray:
    """Outline (N, 2) px of a bar with round ends, or of a disc where there is one end."""
    a, b = at[0], at[-1]
    turn = np.arctan2(*(b - a)[::-1]) + np.linspace(-np.pi / 2, np.pi / 2, 16)
    cap = half * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return np.concatenate([b + cap, a - cap])


def _pieces(limb: Mark, half: float) -> list[np.ndarray]:
    """The bone's ends, or the ends of its dashes when it is hidden and long enough to be seen dashed."""
    a, b = limb.at
    count = int(min(np.hypot(*(b - a)) / (8 * half), 200))
    if not limb.hidden or count < 2:
        return [limb.at]
    return [a + (b - a) * np.array([[(i + 0.2) / count], [(i + 0.7) / count]]) for i in range(count)]


def _fill(canvas: np.ndarray, outline: np.ndarray, color: Sequence[float]) -> None:
    fixed = np.round(outline * 2**_subpixel).astype(np.int32)
    cv2.fillConvexPoly(canvas, fixed, color, cv2.LINE_AA, _subpixel)


def _shade(canvas: np.ndarray, outlines: list[np.ndarray], strength: float = 0.78) -> None:
    """Ink laid under the outlines together, so that where they overlap it is no darker."""
    corners = np.concatenate(outlines)
    size = canvas.shape[1::-1]
    x0, y0 = np.clip(np.floor(corners.min(0)) - 2, 0, size).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(0)) + 3, 0, size).astype(int)
    view = canvas[y0:y1, x0:x1]
    if view.size:
        mask = np.zeros(view.shape[:2], np.uint8)
        for outline in outlines:
            _fill(mask, outline - (x0, y0), (255,))
        share = (mask.astype(np.float32) * (strength / 255))[..., None]
        view[:] = np.round(view + share * (np.array(ink, np.float32) - view)).astype(np.uint8)
