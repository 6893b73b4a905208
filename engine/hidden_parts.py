"""What goes when a part of a drawn figure is not seen: points of the drawing, turns of the body, what follows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.pose import Person
from engine.rig import joints
from engine.skeleton import Skeleton, hand21, openpose130, openpose137, sides, wholebody133

hands = tuple(f"{side}_hand" for side in sides)
limbs = tuple(f"{side}_{limb}" for limb in ("arm", "leg") for side in sides)
named = (*hands, "face", *limbs, "head")
fewest_of_hand = 8  # of its points: with fewer a hand is not drawn
# The skeleton that has hands and a face, for one that has not.
_whole = {"openpose18": openpose130, "openpose25": openpose137}

# Turns that place the points of a limb, and the points.
_turns = {
    "arm": ("collar", "shoulder", "elbow", "wrist"), "leg": ("hip", "knee", "ankle", "foot"),
}  # fmt: skip
_points = {"arm": ("elbow", "wrist"), "leg": ("knee", "ankle", "big_toe", "small_toe", "heel", "foot")}
_head = ("nose", "head", *(f"{side}_{part}" for side in sides for part in ("eye", "ear", "pupil")))
# What turns a single point of the drawing, by what it is called without its side.
_turned_by = {
    "elbow": ("collar", "shoulder"), "wrist": ("elbow",), "knee": ("hip",), "ankle": ("knee",),
    **dict.fromkeys(("big_toe", "small_toe", "heel", "foot"), ("ankle", "foot")), "shoulder": ("collar",),
}  # fmt: skip


@dataclass(frozen=True)
class Hidden:
    """What is hidden of a figure on `skeleton`: `points` of the drawing, `turns` of the body, whether its `face` is.

    `carried` are drawn points that are no part of it, but go where it goes: the fingers of an arm. `hands` are the
    sides whose fingers are hidden.
    """

    skeleton: Skeleton
    points: frozenset[str]
    turns: frozenset[str]
    carried: frozenset[str]
    face: bool

    @property
    def hands(self) -> tuple[str, ...]:
        """The sides of which fingers are to be found."""
        return tuple(side for side in sides if any(name.startswith(f"{side}_hand_") for name in self.turns))

    @property
    def placed(self) -> frozenset[str]:
        """All points that get a new place."""
        return self.points | self.carried


def hidden_of(person: Person, hide: Iterable[str]) -> Hidden:
    """What the names, of parts (`named`) or of points of the figure's skeleton, hide of a figure.

    The figure gains the skeleton that it takes. ValueError for a name that is neither, and for none at all.
    """
    names = tuple(dict.fromkeys(hide))
    if not names:
        raise ValueError(f"expected parts to hide, such as {', '.join(named)}, got none")
    skeleton = person.skeleton
    if "left_shoulder" not in skeleton or "left_elbow" not in skeleton or "left_front_paw" in skeleton:
        raise ValueError(f"expected a person, got a figure on {skeleton.name}")
    ends = [name for name in names if name in (*hands, "face") and not _has(skeleton, name)]
    if ends:
        skeleton = _whole.get(skeleton.name, wholebody133)
    points, turns = set[str](), set[str]()
    for name in names:
        some_points, some_turns = _of_part(name, skeleton) if name in named else _of_point(name, skeleton)
        points |= some_points
        turns |= some_turns
    drawn = {name for name, state in zip(person.skeleton.joints, person.states, strict=True) if state != "missing"}
    follow = {name for part in names for name in drawn if _follows(name, part)} - points
    face = "face" in names or any(name.startswith("face_") for name in names)
    return Hidden(skeleton, frozenset(points), frozenset(turns), frozenset(follow), face)


def unseen(person: Person, hidden: Hidden) -> Person:
    """The figure on the skeleton it takes, without the hidden points and those that go with them."""
    whole = person.to(hidden.skeleton)
    for name in sorted(hidden.placed):
        whole = whole.with_state(name, "missing")
    return whole


def drawn_hands(person: Person) -> tuple[str, ...]:
    """The sides of which a hand is drawn."""
    drawn = {name for name, state in zip(person.skeleton.joints, person.states, strict=True) if state != "missing"}
    return tuple(
        side for side in sides if sum(f"{side}_hand_{joint}" in drawn for joint in hand21.joints) >= fewest_of_hand
    )  # fmt: skip


def _has(skeleton: Skeleton, part: str) -> bool:
    return part in dict(skeleton.groups) or (skeleton.name == "smplx55" and part != "face")


def _of_part(part: str, skeleton: Skeleton) -> tuple[set[str], set[str]]:
    """Points and turns of a named part."""
    if part == "face":
        return {name for name in skeleton.joints if _of_face(name)}, set()
    if part == "head":
        return {name for name in _head if name in skeleton}, {"neck", "head"}
    side, limb = part.split("_")
    if limb == "hand":
        fingers = {name for name in joints if name.startswith(f"{side}_hand_")}
        return {name for name in skeleton.joints if name.startswith(f"{side}_hand_")}, {f"{side}_wrist", *fingers}
    points = {f"{side}_{name}" for name in _points[limb]}
    return {name for name in points if name in skeleton}, {f"{side}_{name}" for name in _turns[limb]}


def _of_point(name: str, skeleton: Skeleton) -> tuple[set[str], set[str]]:
    """A single point of the drawing, and the turns that place it."""
    if name not in skeleton:
        raise ValueError(f"expected a part, one of {', '.join(named)}, or a joint of {skeleton.name}, got {name!r}")
    if _of_face(name):
        return {name}, set()
    if name in _head:
        return {name}, {"neck", "head"}
    side, _, joint = name.partition("_")
    if "_hand_" in name:
        return {name}, {_finger_turn(name)}
    if joint not in _turned_by:
        raise ValueError(f"expected a part, or a joint of a limb or the head, got {name!r}, which the trunk holds")
    return {name}, {f"{side}_{turn}" for turn in _turned_by[joint]}


def _finger_turn(name: str) -> str:
    """What moves a point of a hand: the joint before it, the wrist for what the palm holds."""
    side, _, finger = name.partition("_hand_")
    stem, _, number = finger.rpartition("_")
    return f"{side}_hand_{stem}_{int(number) - 1}" if stem and int(number) > 1 else f"{side}_wrist"


def _of_face(name: str) -> bool:
    return name.startswith("face_") or name.endswith("_pupil")


def _follows(name: str, part: str) -> bool:
    """Whether a point goes where a part or joint goes, being none of its own."""
    side = f"{part.split('_')[0]}_"
    if part.endswith(("_arm", "_wrist")):
        return name.startswith(f"{side}hand_")
    if part.endswith("_ankle"):
        return name.startswith(side) and name.endswith(("toe", "heel"))
    return part == "head" and _of_face(name)
