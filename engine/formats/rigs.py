"""How other programs name the joints of their figures, and which joints of a skeleton those are.

Only limbs and head are told by name; spine, neck and collars are what lies between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.formats.checks import refuse
from engine.skeleton import fingers, sides, smplx55

# Our name of each of SMPL-X's 55 joints, and the published one that other programs' add-ons look for.
published: dict[str, str] = {
    joint: re.sub(r"_hand_(\w+)_(\d)$", r"_\1\2", joint) + ("_smplhf" if joint.endswith("_eye") else "")
    for joint in smplx55.joints
}
limbs = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")


@dataclass(frozen=True)
class Rig:
    """A program's words, plain (see `plain`): {s} stands for a side, {f} for a finger, {i} for its bone, 1 to 3."""

    title: str
    sides: tuple[str, str]
    limbs: tuple[str, str, str, str, str, str]  # as `limbs` lists them
    toe: str
    finger: str
    head: str = "head"
    fingers: tuple[str, ...] = fingers

    def words(self) -> dict[str, str]:
        """Our name to the program's for the limbs and the head, which a skeleton must have."""
        named = {"head": self.head}
        for side, own in zip(sides, self.sides, strict=True):
            named |= {f"{side}_{ours}": word.format(s=own) for ours, word in zip(limbs, self.limbs, strict=True)}
        return named

    def extras(self) -> dict[str, str]:
        """Our name to the program's for toes and fingers, which it may have."""
        named = {}
        for side, own in zip(sides, self.sides, strict=True):
            named[f"{side}_foot"] = self.toe.format(s=own)
            for finger, word in zip(fingers, self.fingers, strict=True):
                for i in (1, 2, 3):
                    named[f"{side}_hand_{finger}_{i}"] = self.finger.format(s=own, f=word, i=i)
        return named


_left_right, _l_r = ("left", "right"), ("l", "r")
_mid = ("thumb", "index", "mid", "ring", "pinky")
rigs: tuple[Rig, ...] = (
    Rig("Mixamo and MotionBuilder", _left_right, ("{s}upleg", "{s}leg", "{s}foot", "{s}arm", "{s}forearm", "{s}hand"),
        "{s}toebase", "{s}hand{f}{i}"),
    Rig("Biovision and CMU", _left_right, ("{s}hip", "{s}knee", "{s}ankle", "{s}shoulder", "{s}elbow", "{s}wrist"),
        "{s}toe", "{s}{f}{i}"),
    Rig("DAZ and Poser", _l_r, ("{s}thigh", "{s}shin", "{s}foot", "{s}shldr", "{s}forearm", "{s}hand"),
        "{s}toe", "{s}{f}{i}", fingers=_mid),
    Rig("DAZ Genesis", _l_r, ("{s}thighbend", "{s}shin", "{s}foot", "{s}shldrbend", "{s}forearmbend", "{s}hand"),
        "{s}toe", "{s}{f}{i}", fingers=_mid),
    Rig("Character Creator", _l_r,
        tuple(f"ccbase{{s}}{word}" for word in ("thigh", "calf", "foot", "upperarm", "forearm", "hand")),  # type: ignore[arg-type]
        "ccbase{s}toebase", "ccbase{s}{f}{i}", "ccbasehead", _mid),
    Rig("Unreal", _l_r, ("thigh{s}", "calf{s}", "foot{s}", "upperarm{s}", "lowerarm{s}", "hand{s}"),
        "ball{s}", "{f}0{i}{s}"),
    Rig("MakeHuman", _l_r, ("upperleg01{s}", "lowerleg01{s}", "foot{s}", "upperarm01{s}", "lowerarm01{s}", "wrist{s}"),
        "toe21{s}", "finger{f}{i}{s}", fingers=("1", "2", "3", "4", "5")),
    Rig("MakeHuman, before 1.1", _l_r, ("upleg{s}", "loleg{s}", "foot{s}", "uparm{s}", "loarm{s}", "hand{s}"),
        "toe{s}", "{f}{i}{s}"),
    Rig("Rigify", _l_r, ("defthigh{s}", "defshin{s}", "deffoot{s}", "defupperarm{s}", "defforearm{s}", "defhand{s}"),
        "deftoe{s}", "def{f}0{i}{s}", "defhead", ("thumb", "findex", "fmiddle", "fring", "fpinky")),
    Rig("Acclaim", _l_r, ("{s}femur", "{s}tibia", "{s}foot", "{s}humerus", "{s}radius", "{s}hand"),
        "{s}toes", "{s}{f}{i}"),
)  # fmt: skip


def plain(name: str) -> str:
    """A joint's name without what exporters add: a namespace before a colon, capitals, separators."""
    return re.sub(r"[^a-z0-9]", "", name.rpartition(":")[2].lower())


def as_smplx(names: Sequence[str]) -> dict[str, int] | None:
    """Where each of SMPL-X's joints is among the names; None unless the 22 of the body all are."""
    where = {plain(name): i for i, name in reversed(list(enumerate(names)))}
    found = {}
    for ours, theirs in published.items():
        for name in (plain(theirs), plain(ours)):
            if name in where:
                found.setdefault(ours, where[name])
    return found if set(smplx55.group("body")) <= found.keys() else None


def recognised(names: Sequence[str]) -> tuple[str, dict[str, int]]:
    """The first rig that fits, and where our limb joints, head, toes and fingers are among its names.

    ValueError names what is missing of the nearest one.
    """
    where = {plain(name): i for i, name in reversed(list(enumerate(names)))}
    for rig in rigs:
        if set(rig.words().values()) <= where.keys():
            words = rig.words() | rig.extras()
            return rig.title, {ours: where[word] for ours, word in words.items() if word in where}
    nearest = max(rigs, key=lambda rig: len(where.keys() & set(rig.words().values())))
    missing = [word for word in nearest.words().values() if word not in where]
    known = ", ".join(["SMPL-X", *(rig.title for rig in rigs)])
    raise ValueError(
        f"the skeleton: expected joints named as by {known}, got {_some(names)}; "
        f"nearest is {nearest.title}, of which it lacks {', '.join(missing)}"
    )


def _some(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(name[:40] for name in shown[:8]) + (" …" if len(shown) > 8 else "")


# ── what lies between ──


def path(parents: Sequence[int], joint: int) -> list[int]:
    """The joints from the root to this one."""
    way = [joint]
    while parents[way[-1]] >= 0:
        way.append(parents[way[-1]])
    return way[::-1]


def common(parents: Sequence[int], a: int, b: int) -> int:
    """The last joint on the way to both, neither of them."""
    shared = [x for x, y in zip(path(parents, a)[:-1], path(parents, b)[:-1], strict=False) if x == y]
    return shared[-1] if shared else -1


@dataclass(frozen=True)
class Trunk:
    """The joints between limbs and head: pelvis, the spine's up to the chest, the last of the neck, collars."""

    pelvis: int
    spine: tuple[int, ...]
    neck: int | None
    collars: tuple[int | None, int | None]


def trunk(parents: Sequence[int], found: dict[str, int]) -> Trunk:
    """The trunk of a skeleton whose limbs and head are found; ValueError when they hang together another way."""
    pelvis = common(parents, found["left_hip"], found["right_hip"])
    chest = common(parents, found["left_shoulder"], found["right_shoulder"])
    if pelvis < 0 or chest < 0:
        refuse("the skeleton", "legs that meet in a pelvis and arms in a chest", "limbs that hang apart")
    for first, last in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")):
        for side in sides:
            if found[f"{side}_{first}"] not in path(parents, found[f"{side}_{last}"]):
                refuse("the skeleton", f"the {side} {last} below the {first}", "bones in another order")
    to_pelvis = path(parents, pelvis)
    spine = tuple(joint for joint in path(parents, chest) if joint not in to_pelvis)
    to_chest = path(parents, chest)

    def last_before(joint: int) -> int | None:
        between = [one for one in path(parents, joint)[:-1] if one not in to_chest]
        return between[-1] if between else None

    left, right = (last_before(found[f"{side}_shoulder"]) for side in sides)
    return Trunk(pelvis, spine, last_before(found["head"]), (left, right))
