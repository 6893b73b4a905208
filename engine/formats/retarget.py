"""A motion of another program's skeleton carried over to SMPL-X's joints.

World rotations are compared, not the local ones: what each bone did since its skeleton stood at rest, our bone does
since ours did. Where the two rest in other directions the difference is taken along. World y up, metres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.formats import rigs
from engine.rig import about, axis_angles, between, joints, matrices, parents, place_of, unit
from engine.skeleton import fingers, sides

_leaning = math.cos(math.radians(40))  # from the vertical, of a figure at rest
_askew = math.cos(math.radians(15))  # of a figure that was meant to face along an axis
_lengths = (1.0, 0.1, 0.01, 0.001, 0.0254, 0.3048)  # metres in a unit: m, dm, cm, mm, inch, foot
_x, _y, _z = np.eye(3)


@dataclass(frozen=True)
class Skeleton:
    """A skeleton that moves: names and parents (-1: none), which are mere ends of bones, its rest places (J, 3), and
    for each joint world rotations (T, 3, 3) and places (T, 3), in its file's axes and unit."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    ends: tuple[bool, ...]
    rest: np.ndarray
    world: tuple[np.ndarray, ...]
    places: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class _Stand:
    """A skeleton standing: places (J, 3), its rotations then, and its own axes as columns: left, up, front (3, 3)."""

    places: np.ndarray
    turned: Sequence[np.ndarray] | None
    axes: np.ndarray

    def way(self, a: int, b: int) -> np.ndarray:
        """From joint a to b (3,) in its own axes."""
        return (self.places[b] - self.places[a]) @ self.axes


def retargeted(skeleton: Skeleton, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Turns (T, 55, 3) rad, the pelvis's places (T, 3) m, and notes, for a body resting at joints `rest` (55, 3) m."""
    notes: list[str] = []
    found = rigs.as_smplx(skeleton.names)
    title = "SMPL-X" if found else ""
    if found is None:
        title, found = rigs.recognised(skeleton.names)
    stand = _standing(skeleton, found)
    if stand.turned is not None:
        notes.append("The file's first frame was taken for the figure at rest.")
    carry = _Carry(skeleton, stand, rest)
    if title == "SMPL-X":
        turned = {ours: carry.turned(joint) for ours, joint in found.items()}
    else:
        notes.append(f"Carried over from a skeleton of {title}; shape and face are the body's own.")
        turned = carry.trunk(found) | carry.limbs(found)
    places = carry.pelvis(found, turned["pelvis"], exact=title == "SMPL-X")
    return _local(turned, len(places)), places, notes


def _local(turned: dict[str, np.ndarray], count: int) -> np.ndarray:
    """Turns (T, 55, 3) in the parents' frames of world rotations by name; joints without one stay as they rest."""
    world: list[np.ndarray] = []
    turns = np.zeros((count, len(joints), 3))
    for n, name in enumerate(joints):
        above = world[parents[n]] if n else np.broadcast_to(np.eye(3), (count, 3, 3))
        world.append(turned.get(name, above))
        if name in turned:
            turns[:, n] = axis_angles(np.swapaxes(above, 1, 2) @ turned[name])
    return turns


# ── at rest ──


def _standing(skeleton: Skeleton, found: dict[str, int]) -> _Stand:
    """The skeleton unturned when it stands so, else as its first frame shows it; ValueError when neither stands."""
    first = np.stack([places[0] for places in skeleton.places])
    for places, turned in ((skeleton.rest, None), (first, [world[0] for world in skeleton.world])):
        axes = _axes(places, found)
        if axes is not None and _stands(stand := _Stand(places, turned, axes), found):
            return stand
    raise ValueError(
        "the skeleton: expected a figure that stands with its arms to the sides, at rest or in the first frame, "
        "got another pose"
    )


def _axes(places: np.ndarray, found: dict[str, int]) -> np.ndarray | None:
    """Left, up and front of a standing figure as columns (3, 3), along the world's axes where it nearly is."""
    up = places[found["head"]] - (places[found["left_hip"]] + places[found["right_hip"]]) / 2
    k = int(np.abs(up).argmax())
    if not abs(up[k]) > np.linalg.norm(up) * _leaning:
        return None
    up = np.eye(3)[k] * np.sign(up[k])
    left = sum(places[found[f"left_{part}"]] - places[found[f"right_{part}"]] for part in ("hip", "shoulder"))
    left = left - up * (left @ up)
    if not np.linalg.norm(left) > 1e-9:
        return None
    left = unit(left)
    k = int(np.abs(left).argmax())
    if abs(left[k]) > _askew:
        left = np.eye(3)[k] * np.sign(left[k])
    return np.stack([left, up, np.cross(left, up)], axis=1)


def _stands(stand: _Stand, found: dict[str, int]) -> bool:
    """Whether the legs are down, and the arms beside the body or out to the sides.

    Nobody means a first frame to be a rest pose unless it is plainly one: legs straight, straight arms in a T or an A.
    """
    drawn = stand.turned is None
    leg, ahead, outward = (math.pi / 4, 0.8, -0.2) if drawn else (math.pi / 12, 0.3, 0.5)

    def way(side: str, a: str, b: str) -> np.ndarray:
        """From one joint of a side to another (3,), x away from the body, at length 1."""
        return unit(stand.way(found[f"{side}_{a}"], found[f"{side}_{b}"]) * (1 if side == "left" else -1, 1, 1))

    for side in sides:
        bones = [way(side, "shoulder", "elbow"), way(side, "elbow", "wrist")]
        if max(way(side, "hip", "knee")[1], way(side, "knee", "ankle")[1]) > -math.cos(leg):
            return False
        if any(bone[0] < outward or abs(bone[2]) > ahead for bone in bones):
            return False
        if not drawn and bones[0] @ bones[1] < _askew:
            return False
    return True


# ── carried over ──


class _Carry:
    """What takes a skeleton's world rotations to ours, for a body that rests at `rest`."""

    def __init__(self, skeleton: Skeleton, stand: _Stand, rest: np.ndarray) -> None:
        self.skeleton, self.stand, self.rest = skeleton, stand, rest
        self.upright = between(stand.axes[:, 1], _y, _x)  # the file's world to ours

    def turned(self, joint: int) -> np.ndarray:
        """World rotations (T, 3, 3), in our world, of a bone since its figure stood facing +z."""
        world = self.skeleton.world[joint]
        if self.stand.turned is not None:
            world = world @ self.stand.turned[joint].T
        return self.upright @ world @ self.stand.axes

    def trunk(self, found: dict[str, int]) -> dict[str, np.ndarray]:
        """World rotations of pelvis, spine, neck, head, collars: any number of spine joints spread over our three."""
        trunk = rigs.trunk(self.skeleton.parents, found)
        chain = [self.turned(joint) for joint in (trunk.pelvis, *trunk.spine)]
        last = len(chain) - 1
        turned = {"pelvis": chain[0], "head": self.turned(found["head"])}
        for n in (1, 2, 3):
            below, part = divmod(n * last, 3)
            turned[f"spine{n}"] = _mixed(chain[below], chain[below + 1], part / 3) if part else chain[below]
        chest = turned["spine3"]
        turned["neck"] = self.turned(trunk.neck) if trunk.neck is not None else _mixed(chest, turned["head"], 0.5)
        for side, collar in zip(sides, trunk.collars, strict=True):
            turned[f"{side}_collar"] = self.turned(collar) if collar is not None else chest
        return turned

    def limbs(self, found: dict[str, int]) -> dict[str, np.ndarray]:
        """World rotations of arms, legs, feet and what there is of the fingers."""
        turned: dict[str, np.ndarray] = {}
        for side in sides:
            for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")):
                a, b = f"{side}_{a}", f"{side}_{b}"
                # The bone's last part carries what twist joints inside it add.
                bone = self.skeleton.parents[found[b]]
                turned[a] = self.turned(bone) @ self._straightened(a, b, found[a], found[b])
            turned |= self._foot(found, side) | self._hand(found, side)
        return turned

    def _foot(self, found: dict[str, int], side: str) -> dict[str, np.ndarray]:
        """Soles rest flat on the ground whatever the leg does, so that only where the toes point can differ."""
        ankle, toes = f"{side}_ankle", f"{side}_foot"
        tip = found.get(toes, self._farthest(found[ankle]))
        yaw = np.eye(3)
        if tip is not None:
            ours, theirs = self._way(ankle, toes), self.stand.way(found[ankle], tip)
            yaw = about(_y, math.atan2(theirs[0], theirs[2]) - math.atan2(ours[0], ours[2]))
        return {name: self.turned(found[name]) @ yaw for name in (ankle, toes) if name in found}

    def _hand(self, found: dict[str, int], side: str) -> dict[str, np.ndarray]:
        wrist, elbow, middle = f"{side}_wrist", f"{side}_elbow", f"{side}_hand_middle_1"
        along = self._straightened(elbow, wrist, found[elbow], found[wrist])
        if middle in found:
            along = self._straightened(wrist, middle, found[wrist], found[middle])
        turned = {wrist: self.turned(found[wrist]) @ along}
        for finger in fingers:
            straight = along
            for i in (1, 2, 3):
                name, after = (f"{side}_hand_{finger}_{n}" for n in (i, i + 1))
                if name not in found:
                    break
                tip = found.get(after, self._farthest(found[name]))
                if i < 3 and tip is not None:
                    straight = self._straightened(name, after, found[name], tip)
                turned[name] = self.turned(found[name]) @ straight
        return turned

    def _straightened(self, a: str, b: str, own_a: int, own_b: int) -> np.ndarray:
        """The smallest turn (3, 3) from where our bone a–b rests to where theirs does."""
        return between(self._way(a, b), self.stand.way(own_a, own_b), _z)

    def _way(self, a: str, b: str) -> np.ndarray:
        return self.rest[place_of[b]] - self.rest[place_of[a]]

    def _farthest(self, joint: int) -> int | None:
        """The joint or bone's end right below that is farthest away; None where there is none or all lie on it."""
        below = [n for n, parent in enumerate(self.skeleton.parents) if parent == joint]
        length = [float(np.linalg.norm(self.stand.way(joint, n))) for n in below]
        return below[int(np.argmax(length))] if below and max(length) > 1e-6 else None

    def pelvis(self, found: dict[str, int], turned: np.ndarray, exact: bool) -> np.ndarray:
        """Places (T, 3) of our pelvis, metres, its hips where theirs are; `exact` for a skeleton that is ours."""
        bones = [(f"{s}_{a}", f"{s}_{b}") for s in sides for a, b in (("hip", "knee"), ("knee", "ankle"))]
        ours = sum(float(np.linalg.norm(self._way(a, b))) for a, b in bones)
        size = ours / sum(float(np.linalg.norm(self.stand.way(found[a], found[b]))) for a, b in bones)
        if exact:
            size = min(_lengths, key=lambda length: abs(math.log(length / size)))
            return self.skeleton.places[found["pelvis"]] @ self.upright.T * size
        theirs = (self.skeleton.places[found["left_hip"]] + self.skeleton.places[found["right_hip"]]) / 2
        below = (self._way("pelvis", "left_hip") + self._way("pelvis", "right_hip")) / 2
        return theirs @ self.upright.T * size - turned @ below


def _mixed(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    """Rotations (T, 3, 3) that far on the shortest way from a to b."""
    return a @ matrices(axis_angles(np.swapaxes(a, 1, 2) @ b) * weight)
