"""A hand by few words: how far each finger is curled, how far they spread, where the thumb lies.

Each word is one straight line through the hand's 45 numbers, so that a hand can be read as well as shaped, whatever
else it does: what no word says stays as it is. All directions are those of a flat left hand at rest (the body's axes:
fingers along +x, palm down, thumb towards +z); the right hand is its mirror image.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from engine.skeleton import fingers

# SMPL-X's order of fingers within the 15 joints of a hand, three joints each from the knuckle outwards.
order = ("index", "middle", "pinky", "ring", "thumb")
mirror = np.array([1.0, -1.0, -1.0])  # what a mirror in the plane x = 0 does to an axis-angle

# The fan of the open body's flat hand: each finger's direction in the palm's plane, degrees from x towards the thumb.
_fan = {"index": 6.7, "middle": -6.8, "ring": -17.2, "pinky": -25.0}
# A fist, degrees at (knuckle, middle joint, last joint): the fingertips press into the open body's palm by some 3 mm.
_fist = {
    "index": (76, 88, 42), "middle": (78, 92, 58), "ring": (77, 92, 52), "pinky": (72, 88, 42), "thumb": (0, 50, 66),
}  # fmt: skip
# Degrees by which fingers fan at a spread of 1; at −1 the rest fan has closed.
_spread = {"index": 11.0, "middle": 1.0, "ring": -9.0, "pinky": -19.0}
# The thumb at rest points out and down between palm and index finger; its nail looks up, back and out.
_thumb_bone = np.array([0.66, -0.30, 0.69])
_thumb_nail = np.array([-0.50, 0.47, 0.73])
_thumb_over, _thumb_out = 62.0, 34.0  # degrees at thumb = 1 and −1
_opposed = (38.0, 24.0)  # degrees at opposition = 1: lowered in front of the palm, and rolled to face the fingers


@dataclass(frozen=True)
class HandShape:
    """How a hand is held, in the words of its sliders.

    `curl` of thumb, index, middle, ring, pinky: 0 straight … 1 as in a fist. `spread` −1 together … 0 as the flat
    hand … 1 fanned wide. `thumb` −1 out to the side … 0 as the flat hand … 1 across the palm. `opposition` 0 beside
    the palm … 1 in front of it, facing the fingers. A hand that was read may be a little beyond.
    """

    curl: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)
    spread: float = 0.0
    thumb: float = 0.0
    opposition: float = 0.0

    def __post_init__(self) -> None:
        numbers = (*self.curl, self.spread, self.thumb, self.opposition)
        if len(self.curl) != len(fingers) or not np.isfinite(numbers).all():
            raise ValueError(f"expected a finite curl of {len(fingers)} fingers, spread, thumb, opposition, got {self}")
        for name in ("spread", "thumb", "opposition"):
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "curl", tuple(float(one) for one in self.curl))

    def curled(self, finger: str, by: float) -> HandShape:
        """The shape with one finger of `fingers` curled so."""
        if finger not in fingers:
            raise ValueError(f"expected one of the fingers {', '.join(fingers)}, got {finger!r}")
        return replace(
            self, curl=tuple(by if name == finger else was for name, was in zip(fingers, self.curl, strict=True))
        )  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Finger:
    """A finger's own axes (3,), left hand: about which it flexes and goes sideways (thumb: comes before the palm)."""

    flex: np.ndarray
    side: np.ndarray
    fist: np.ndarray
    places: slice
    # Of the knuckle's turn, the parts (2, 3) along flex and side: the axes need not be square to each other.
    parts: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        rest = np.cross(self.flex, self.side)
        object.__setattr__(self, "parts", np.linalg.inv(np.stack([self.flex, self.side, rest], axis=1))[:2])


def _finger(name: str) -> Finger:
    n = order.index(name)
    fist = np.radians(np.array(_fist[name], dtype=float))
    if name == "thumb":
        bone = _thumb_bone / np.linalg.norm(_thumb_bone)
        flex = np.cross(_thumb_nail, bone)
        lower = np.cross(bone, (0.0, -1.0, 0.0))
        side = _opposed[0] * lower / np.linalg.norm(lower) + _opposed[1] * bone
        return Finger(flex / np.linalg.norm(flex), np.radians(side), fist, slice(3 * n, 3 * n + 3))
    a = np.radians(_fan[name])
    flex = np.array([np.sin(a), 0.0, -np.cos(a)])
    return Finger(flex, np.radians(_spread[name]) * np.array([0.0, -1.0, 0.0]), fist, slice(3 * n, 3 * n + 3))


def finger_axes() -> dict[str, Finger]:
    """The fingers' axes by name."""
    return {name: _finger(name) for name in fingers}


def shape_of(turns: np.ndarray) -> HandShape:
    """The shape of a left hand of axis-angles (15, 3)."""
    axes = finger_axes()
    curls, sides = {}, {}
    for name, finger in axes.items():
        joints = turns[finger.places]
        across = finger.parts @ joints[0]
        flexed = np.array([across[0], *(joints[1:] @ finger.flex)])
        # Each joint's share of a fist, all counting as far as they move.
        curls[name] = float(flexed @ _share(finger))
        sides[name] = float(across[1])
    spread = sum(weight * sides[name] for name, weight in _weights().items())
    along = float((axes["thumb"].parts @ turns[axes["thumb"].places][0])[0])
    thumb = along / np.radians(_thumb_over if along > 0 else _thumb_out)
    return HandShape(tuple(curls[name] for name in fingers), spread, thumb, sides["thumb"])  # type: ignore[arg-type]


def shaped(turns: np.ndarray, shape: HandShape) -> np.ndarray:
    """The left hand (15, 3) given that shape; what the shape does not say of it stays."""
    axes, now = finger_axes(), shape_of(turns)
    turns = np.array(turns, dtype=float)
    for n, name in enumerate(fingers):
        _curl(turns, axes[name], now.curl[n], shape.curl[n], name)
        if name != "thumb":
            turns[axes[name].places.start] += (shape.spread - now.spread) * axes[name].side
    thumb = axes["thumb"]
    more = _thumb_angle(shape.thumb) - _thumb_angle(now.thumb)
    turns[thumb.places.start] += more * thumb.flex + (shape.opposition - now.opposition) * thumb.side
    return turns


def _curl(turns: np.ndarray, finger: Finger, was: float, to: float, name: str) -> None:
    """Flex a finger's joints by their share; what one joint is bent more than another fades towards flat and fist."""
    if was == to:
        return
    joints = turns[finger.places]
    first = 1 if name == "thumb" else 0
    flexed = np.array([(finger.parts @ joints[0])[0], *(joints[1:] @ finger.flex)])
    own = flexed - was * finger.fist
    own[:first] = 0
    fade = min(1.0, _room(to) / max(_room(was), 1e-9))
    by = (to - was) * finger.fist - own * (1 - fade)
    joints[first:] += by[first:, None] * finger.flex


def _room(curl: float) -> float:
    """How freely the joints of a finger differ: not at all at flat and fist."""
    return float(np.clip(4 * curl * (1 - curl), 0.0, 1.0))


def _share(finger: Finger) -> np.ndarray:
    """Weights (3,) that read a finger's curl off its flexed joints."""
    return finger.fist / (finger.fist @ finger.fist)


def _weights() -> dict[str, float]:
    """How much each finger says about the spread: least squares."""
    sizes = {name: degrees**2 for name, degrees in _spread.items()}
    return {name: size / sum(sizes.values()) for name, size in sizes.items()}


def _thumb_angle(thumb: float) -> float:
    return float(np.radians(thumb * (_thumb_over if thumb > 0 else _thumb_out)))
