"""Poses that people take: examples in space, from which the depth of a drawn figure is guessed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.body_pose import BodyPose
from engine.rig import matrices
from engine.skeleton import smplx55

fields = ("root", "body", "hands", "jaw")
# Axis-angles of a mirror image: reflected in the plane x = 0.
_reflected = np.array([1.0, -1.0, -1.0])


@dataclass(frozen=True, eq=False)
class Examples:
    """E poses by name: root (E, 3), body (E, 21, 3), hands (E, 2, 15, 3), jaw (E, 3), axis-angle rad, flat hands zero.

    Their roots are upright as people are: y is up, but which way they face is of no account. Those of the pose
    library bear its ids; the others come after them.
    """

    names: tuple[str, ...]
    root: np.ndarray
    body: np.ndarray
    hands: np.ndarray
    jaw: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.names)
        for field, shape in zip(fields, ((n, 3), (n, 21, 3), (n, 2, 15, 3), (n, 3)), strict=True):
            if (found := getattr(self, field)).shape != shape or not np.isfinite(found).all():
                raise ValueError(f"expected finite {field} of shape {shape}, got {found.shape}")

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def load(cls, path: Path) -> Examples:
        """The examples of a .npz file; ValueError when it is none."""
        with np.load(path, allow_pickle=False) as file:
            if missing := {"names", *fields} - set(file.files):
                raise ValueError(f"expected pose examples with {', '.join(sorted(missing))} in {path.name}")
            return cls(tuple(map(str, file["names"])), *(file[field].astype(float) for field in fields))

    @classmethod
    def standing(cls) -> Examples:
        """A single one, for want of a file: a person who stands with hanging arms."""
        body = np.zeros((1, 21, 3))
        body[0, smplx55.index("left_shoulder") - 1] = (0.0, 0.0, -1.2)
        body[0, smplx55.index("right_shoulder") - 1] = (0.0, 0.0, 1.2)
        return cls(("standing",), np.zeros((1, 3)), body, np.zeros((1, 2, 15, 3)), np.zeros((1, 3)))

    def save(self, path: Path) -> None:
        """Writes the file, half precision: a turn is kept to a tenth of a degree."""
        turns = {field: getattr(self, field).astype(np.float16) for field in fields}
        np.savez_compressed(path, names=np.array(self.names), **turns)  # type: ignore[arg-type]

    def pose(self, name: str) -> BodyPose:
        """The example of that name; ValueError when there is none."""
        if name not in self.names:
            raise ValueError(f"expected the name of an example, got {name!r}")
        i = self.names.index(name)
        return BodyPose(self.root[i], self.body[i], self.hands[i], self.jaw[i])

    def without(self, *names: str) -> Examples:
        """All but the named ones."""
        kept = [i for i, name in enumerate(self.names) if name not in names]
        return Examples(tuple(self.names[i] for i in kept), *(getattr(self, field)[kept] for field in fields))

    def mirrored(self) -> Examples:
        """All of them as a mirror shows them."""
        swap = [i - 1 for i in smplx55.swap[1:22]]
        return Examples(
            self.names, self.root * _reflected, self.body[:, swap] * _reflected,
            self.hands[:, ::-1] * _reflected, self.jaw * _reflected,
        )  # fmt: skip

    def turns(self) -> np.ndarray:
        """Matrices (E, 55, 3, 3) of all joints in their parents' frames, in the order of smplx55."""
        n, eyes = len(self), np.zeros((len(self), 2, 3))
        return matrices(
            np.concatenate([self.root[:, None], self.body, self.jaw[:, None], eyes, self.hands.reshape(n, 30, 3)], 1)
        )


def together(*parts: Examples) -> Examples:
    """Several sets of examples as one."""
    names = tuple(name for part in parts for name in part.names)
    return Examples(names, *(np.concatenate([getattr(part, field) for part in parts]) for field in fields))
