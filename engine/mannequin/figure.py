"""A mannequin: a person posed by named angles in degrees, as one would direct a model in the studio.

World: metres, y up, floor at y = 0; the model faces +z, so x grows to the model's left.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.mannequin.frames import XYZ
from engine.mannequin.hand import Hand, hands
from engine.mannequin.head import Face

Reach = tuple[str, float, float, float]


@dataclass(frozen=True)
class Build:
    """Proportions as factors of an average adult of 1.72 m, 7 ⅔ heads tall."""

    head: float = 1.0
    shoulders: float = 1.0
    hips: float = 1.0
    torso: float = 1.0
    arms: float = 1.0
    legs: float = 1.0
    hands: float = 1.0
    girth: float = 1.0


builds: dict[str, Build] = {
    "adult": Build(),
    "slender": Build(shoulders=0.9, hips=1.06, torso=0.98, girth=0.9, hands=0.94),
    "heroic": Build(head=0.92, shoulders=1.2, torso=1.04, arms=1.05, legs=1.08, hands=1.05, girth=1.12),
    "child": Build(head=0.9, shoulders=0.64, hips=0.66, torso=0.62, arms=0.58, legs=0.55, hands=0.62, girth=0.72),
    "dancer": Build(head=0.94, shoulders=0.92, torso=0.97, legs=1.06, arms=1.02, girth=0.86, hands=0.95),
}


@dataclass(frozen=True)
class Arm:
    """An arm, degrees. `raised` from hanging; `around` 0 sideways, 90 forwards, 180 across, −90 behind.

    `bend` folds the elbow, `roll` turns that fold inwards about the upper arm, `palm` turns the palm inwards
    (0: thumb on top of a bent arm), `wrist` bends towards the palm, `tilt` towards the thumb. With `reach` =
    (anchor, x, y, z) the wrist goes there instead, metres in the anchor's axes (`world`, `hips`, `chest`,
    `head`, or a joint such as `left_knee`), with the elbow swung outwards by `elbow`. `pointing` and `facing`
    aim the fingers and the palm in the world.
    """

    raised: float = 8.0
    around: float = 5.0
    bend: float = 14.0
    roll: float = 12.0
    palm: float = 15.0
    wrist: float = 0.0
    tilt: float = 0.0
    shrug: float = 0.0
    reach: Reach | None = None
    elbow: float = 0.0
    pointing: XYZ | None = None
    facing: XYZ | None = None
    hand: Hand = hands["relaxed"]

    def mirrored(self) -> Arm:
        """What the other arm does in a mirror."""
        reach = self.reach and (_other(self.reach[0]), -self.reach[1], *self.reach[2:])
        return replace(self, reach=reach, pointing=_flipped(self.pointing), facing=_flipped(self.facing))


@dataclass(frozen=True)
class Leg:
    """A leg, degrees: thigh `forward` and `out`, turned out by `turn`; `knee` bends, the foot `point`s, `toes` lift.

    With `stand` = (x, z) the foot is planted there on the floor instead (`up` metres above it), its `heading`
    turned out, its `heel` lifted (or the toes, below zero), the knee swung outwards by `knee_out`.
    """

    forward: float = 0.0
    out: float = 4.0
    turn: float = 8.0
    knee: float = 4.0
    point: float = 0.0
    toes: float = 0.0
    stand: tuple[float, float] | None = None
    up: float = 0.0
    heading: float = 12.0
    heel: float = 0.0
    knee_out: float = 0.0

    def mirrored(self) -> Leg:
        """What the other leg does in a mirror."""
        return replace(self, stand=self.stand and (-self.stand[0], self.stand[1]))


@dataclass(frozen=True)
class Figure:
    """A whole pose, degrees; turning, leaning and looking are positive to the model's left, bending forwards.

    `hips_*` turn, lean and tip the pelvis, and all that hangs on it; `turn`, `lean`, `bend` are the spine's;
    `look`, `tilt`, `nod` the head's. The hips hover over `at` (x, z) as high as planted feet let them, less `sink`.
    """

    hips_turn: float = 0.0
    hips_lean: float = 0.0
    hips_tip: float = 0.0
    turn: float = 0.0
    lean: float = 0.0
    bend: float = 0.0
    look: float = 0.0
    tilt: float = 0.0
    nod: float = 0.0
    at: tuple[float, float] = (0.0, 0.0)
    sink: float = 0.01
    left_arm: Arm = field(default_factory=Arm)
    right_arm: Arm = field(default_factory=Arm)
    left_leg: Leg = field(default_factory=Leg)
    right_leg: Leg = field(default_factory=Leg)
    face: Face = field(default_factory=Face)
    build: Build = field(default_factory=Build)

    def mirrored(self) -> Figure:
        """The pose in a mirror."""
        return replace(
            self,
            **{name: -getattr(self, name) for name in ("hips_turn", "hips_lean", "turn", "lean", "look", "tilt")},
            at=(-self.at[0], self.at[1]),
            left_arm=self.right_arm.mirrored(), right_arm=self.left_arm.mirrored(),
            left_leg=self.right_leg.mirrored(), right_leg=self.left_leg.mirrored(),
        )  # fmt: skip


def _other(name: str) -> str:
    side, _, rest = name.partition("_")
    return {"left": "right_", "right": "left_"}.get(side, side) + rest


def _flipped(direction: XYZ | None) -> XYZ | None:
    return direction and (-direction[0], direction[1], direction[2])
