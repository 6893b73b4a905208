"""A body in space: every joint's turn, shape and expression, as SMPL-X counts them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace

import numpy as np

from engine.skeleton import smplx55


class ByContent:
    """Equality field by field, arrays by content; for frozen dataclasses that hold arrays."""

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]

    __hash__ = None  # type: ignore[assignment]


def _same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.array_equal(a, b)
    return a == b


# Fields of one shape whatever the body file; axis-angle in radians but for the translation in metres.
body_shapes: dict[str, tuple[int, ...]] = {
    "root": (3,), "body": (21, 3), "hands": (2, 15, 3), "jaw": (3,), "eyes": (2, 3), "translation": (3,),
}  # fmt: skip
# The joints that turn, in SMPL-X's order, field by field.
_turns = (("root", 0, 1), ("body", 1, 22), ("jaw", 22, 23), ("eyes", 23, 25), ("hands", 25, 55))


@dataclass(frozen=True, eq=False)
class BodyPose(ByContent):
    """A body in space: axis-angle rad (flat hands are zero; left before right), shape, expression, metres.

    `betas` and `expression` count along the principal shapes of the body file; `face_units` are the file's named
    movements of the face, 0 … 1 each, and empty for a file that names none.
    """

    root: np.ndarray = field(default_factory=lambda: np.zeros(3))
    body: np.ndarray = field(default_factory=lambda: np.zeros((21, 3)))
    hands: np.ndarray = field(default_factory=lambda: np.zeros((2, 15, 3)))
    jaw: np.ndarray = field(default_factory=lambda: np.zeros(3))
    eyes: np.ndarray = field(default_factory=lambda: np.zeros((2, 3)))
    betas: np.ndarray = field(default_factory=lambda: np.zeros(10))
    expression: np.ndarray = field(default_factory=lambda: np.zeros(10))
    translation: np.ndarray = field(default_factory=lambda: np.zeros(3))
    face_units: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for f in fields(self):
            array = np.array(getattr(self, f.name), dtype=float)
            expected = body_shapes.get(f.name)
            wrong = array.shape != expected if expected else array.ndim != 1
            if wrong or not np.isfinite(array).all():
                raise ValueError(f"expected finite {f.name} of shape {expected or '(n,)'}, got {array.shape}")
            array.flags.writeable = False
            object.__setattr__(self, f.name, array)

    @property
    def axis_angles(self) -> np.ndarray:
        """Turns (55, 3) of all joints, rad, each in its parent's frame, in the order of smplx55."""
        return np.concatenate([getattr(self, name).reshape(-1, 3) for name, _, _ in _turns])

    def with_axis_angles(self, turns: np.ndarray) -> BodyPose:
        """The body with all joints (55, 3) turned so."""
        turns = np.asarray(turns, dtype=float)
        if turns.shape != (len(smplx55), 3):
            raise ValueError(f"expected axis-angles of shape ({len(smplx55)}, 3), got {turns.shape}")
        return replace(self, **{name: turns[a:b].reshape(body_shapes[name]) for name, a, b in _turns})

    def joint(self, name: str) -> np.ndarray:
        """The turn (3,) of a joint of smplx55."""
        return self.axis_angles[smplx55.index(name)]

    def with_joint(self, name: str, turn: Iterable[float] | np.ndarray) -> BodyPose:
        """The body with one joint of smplx55 turned so."""
        turns = self.axis_angles
        turns[smplx55.index(name)] = turn
        return self.with_axis_angles(turns)

    def moved(self, by: tuple[float, float, float] | np.ndarray) -> BodyPose:
        """The body carried by (x, y, z) metres."""
        return replace(self, translation=self.translation + np.asarray(by, dtype=float))
