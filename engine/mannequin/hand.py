"""A hand in space: 21 points from finger angles in degrees.

Its own axes: x to the thumb's side, y along the fingers, z out of the palm; metres, root at the wrist.
The same axes serve both hands: placing them with a mirrored frame makes the other hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.mannequin.frames import across, turn, turned, unit

Bend = tuple[float, float]

# Knuckle places and phalanx lengths of an average adult hand of 0.186 m.
_knuckles = {
    "index": (0.024, 0.088, -0.001),
    "middle": (0.003, 0.091, -0.004),
    "ring": (-0.017, 0.085, -0.002),
    "pinky": (-0.034, 0.075, 0.003),
}
_phalanges = {
    "index": (0.044, 0.026, 0.022),
    "middle": (0.049, 0.030, 0.023),
    "ring": (0.045, 0.028, 0.023),
    "pinky": (0.035, 0.021, 0.020),
}
_fan = {"index": 1.0, "middle": 0.1, "ring": -0.8, "pinky": -1.8}
_thumb_base = np.array([0.026, 0.020, 0.008])
_thumb_bones = (0.045, 0.034, 0.028)


@dataclass(frozen=True)
class Hand:
    """How a hand is held, degrees.

    Each finger: (bend at the knuckle, bend at the middle joint); the last joint follows the middle one.
    `spread` fans the fingers. The thumb lies `out` from the index finger in the palm's plane, comes `over`
    the palm, and bends (at its knuckle, at its last joint).
    """

    index: Bend = (12, 18)
    middle: Bend = (16, 22)
    ring: Bend = (20, 26)
    pinky: Bend = (22, 28)
    spread: float = 4.0
    out: float = 32.0
    over: float = 22.0
    thumb: Bend = (10, 12)

    def points(self, size: float = 1.0) -> np.ndarray:
        """Places (21, 3) in the hand's own axes, metres, in the order of `hand21`."""
        fingers = [self._finger(name, bend) for name, bend in self._bends().items()]
        return np.concatenate([np.zeros((1, 3)), self._thumb(), *fingers]) * size

    def _bends(self) -> dict[str, Bend]:
        return {"index": self.index, "middle": self.middle, "ring": self.ring, "pinky": self.pinky}

    def _finger(self, name: str, bend: Bend) -> np.ndarray:
        # Curled fingers cannot fan: they converge on the base of the thumb.
        fan = _fan[name] * (self.spread * max(0.0, 1 - max(bend[0], 0) / 80) - 5 * min(max(bend[0], 0) / 80, 1))
        side = turn("z", -fan)
        place, angle = np.array(_knuckles[name]), 0.0
        places = [place]
        for length, more in zip(_phalanges[name], (bend[0], bend[1], bend[1] * 0.62), strict=True):
            angle += more
            place = place + side @ turn("x", angle) @ np.array([0, length, 0])
            places.append(place)
        return np.array(places)

    def _thumb(self) -> np.ndarray:
        forward = turn("z", -self.out) @ np.array([0.0, 1.0, 0.0])
        forward = unit(forward * np.cos(np.radians(self.over)) + np.array([0, 0, np.sin(np.radians(self.over))]))
        # The thumb folds across the palm towards the base of the ring finger.
        hinge = unit(np.cross(forward, across(np.array([-0.75, 0.25, 0.6]), forward)))
        places = [_thumb_base]
        for length, more in zip(_thumb_bones, (0.0, *self.thumb), strict=True):
            forward = turned(forward, hinge, more)
            places.append(places[-1] + forward * length)
        return np.array(places)


_shut: Bend = (82, 100)
_straight: Bend = (2, 4)

# The shapes a hand is known by; people and hand poses share them.
hands: dict[str, Hand] = {
    "relaxed": Hand(),
    "soft": Hand((22, 30), (30, 36), (34, 40), (36, 42), 3, 28, 28, (14, 18)),
    "flat": Hand((0, 2), (0, 2), (0, 2), (0, 2), 1, 24, 8, (2, 4)),
    "open": Hand((2, 6), (2, 6), (4, 8), (4, 8), 8, 45, 12, (0, 2)),
    "spread": Hand((-6, 4), (-6, 4), (-6, 4), (-6, 4), 15, 50, 8, (-6, -4)),
    "fist": Hand(_shut, _shut, (84, 102), (86, 102), 0, 16, 42, (42, 48)),
    "point": Hand(_straight, (78, 100), (82, 100), (84, 98), 0, 14, 44, (46, 40)),
    "peace": Hand(_straight, _straight, (80, 100), (82, 100), 12, 8, 46, (54, 48)),
    "ok": Hand((51, 56), (14, 16), (8, 12), (2, 8), 9, 27, 37, (20, 35)),
    "thumb up": Hand((80, 102), (82, 102), (82, 102), (82, 100), 0, 62, 2, (-12, -14)),
    "grip": Hand((58, 74), (62, 76), (66, 76), (70, 74), 2, 22, 58, (26, 34)),
    "pinch": Hand((59, 44), (44, 54), (50, 58), (54, 60), 4, 27, 40, (16, 32)),
    "claw": Hand((-4, 68), (-4, 68), (-2, 68), (0, 66), 13, 50, 34, (10, 48)),
    "brush": Hand((53, 50), (52, 50), (58, 62), (62, 66), 3, 21, 46, (13, 30)),
    "horns": Hand((0, 4), (80, 100), (82, 100), (0, 6), 7, 10, 46, (52, 48)),
    "cupped": Hand((34, 24), (36, 24), (38, 26), (40, 28), 1, 22, 34, (10, 14)),
    "ballet": Hand((4, 10), (26, 20), (16, 18), (6, 14), 5, 18, 40, (18, 14)),
    "gun": Hand((2, 4), (80, 98), (82, 100), (84, 98), 2, 66, 6, (-4, -4)),
    "call": Hand((80, 100), (80, 100), (80, 100), (2, 6), 8, 62, 4, (-6, -8)),
    "three": Hand(_straight, _straight, _straight, (82, 98), 10, 10, 50, (58, 40)),
    "reach": Hand((-4, 14), (2, 18), (8, 20), (10, 22), 10, 48, 24, (2, 8)),
    "strings": Hand((50, 62), (46, 66), (44, 66), (46, 62), 5, 30, 46, (8, 10)),
}
