"""How far each joint of a body turns, from open motion data: soft for fitting, hard for results.

Each joint's rotation is taken apart about one main axis. A ball joint twists about its bone, then swings: the swing, as
a rotation vector across the bone, stays within a rounded box with a radius of its own on each side of a centre. A hinge
turns off its plane a little, then bends about its axis. Radians; rotations are local, in SMPL-X's rest frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.body_pose import BodyPose
from engine.rig import about, axis_angles, joints, matrices, quaternion, turning

_tiny = 1e-12
roundness = 4  # 2 would be an ellipse, which cuts off raised arms; infinity a box
_slack = 1e-6  # rad: what was bounded once is within


@dataclass(frozen=True, eq=False)
class Limits:
    """The limits of all joints of smplx55, in its order.

    `axis` (55, 3) the unit main axes; `across` (55, 2, 3) two unit axes square to it and each other; `hinge` (55,)
    whether the turn about the main axis is done last; `turn` (55, 2) its lowest and highest, rad; `centre` (55, 2) and
    `radius` (55, 2, 2) of the turn across: for each axis towards minus and towards plus, rad. `free` (55,) joints
    without limits.
    """

    axis: np.ndarray
    across: np.ndarray
    hinge: np.ndarray
    turn: np.ndarray
    centre: np.ndarray
    radius: np.ndarray
    free: np.ndarray

    def __post_init__(self) -> None:
        shapes = {
            "axis": (3,),
            "across": (2, 3),
            "hinge": (),
            "turn": (2,),
            "centre": (2,),
            "radius": (2, 2),
            "free": (),
        }
        for f in fields(self):
            kind = bool if f.name in ("hinge", "free") else float
            array = np.array(getattr(self, f.name), dtype=kind)
            if array.shape != (len(joints), *shapes[f.name]) or not np.isfinite(array).all():
                raise ValueError(
                    f"expected finite {f.name} of shape {(len(joints), *shapes[f.name])}, got {array.shape}"
                )
            array.flags.writeable = False
            object.__setattr__(self, f.name, array)

    @classmethod
    def load(cls, path: Path) -> Limits:
        """The limits that scripts/make_limits.py wrote; ValueError names what the file lacks."""
        with np.load(path, allow_pickle=False) as file:
            names = [f.name for f in fields(cls)]
            if missing := [name for name in (*names, "joints") if name not in file.files]:
                raise ValueError(f"expected {', '.join(missing)} in {path.name}, got {', '.join(file.files)}")
            if tuple(file["joints"].tolist()) != joints:
                raise ValueError(f"expected the joints of smplx55 in {path.name}, got {file['joints'].tolist()}")
            return cls(**{name: file[name] for name in names})

    def save(self, path: Path) -> None:
        """Write the file that `load` reads."""
        np.savez_compressed(path, joints=np.array(joints), **{f.name: getattr(self, f.name) for f in fields(self)})

    # ── whole poses ──

    def clamped(self, pose: BodyPose) -> BodyPose:
        """The pose with each joint that turns too far brought back to its limit; the others keep their numbers."""
        turns = pose.axis_angles
        excess = self._excess(np, turns)
        return pose.with_axis_angles(np.where(excess[:, None] > _slack, self._held(turns, slice(None)), turns))

    def excess(self, turns: Tensor) -> Tensor:
        """How far (B, 55), rad, each joint of axis-angles (B, 55, 3) is beyond its limits: 0 within, differentiable."""
        return self._excess(torch, turns)

    def opened(self, local: np.ndarray) -> Limits:
        """These limits without those that the joints of a stance, local rotations (55, 3, 3), break already."""
        broken = self._excess(np, axis_angles(local)) > np.radians(2)
        return replace(self, free=self.free | broken) if broken.any() else self

    # ── one joint, for what poses a body ──

    def bounded(self, joint: int, local: np.ndarray, part: float = 1.0) -> np.ndarray:
        """A joint's local rotation (3, 3), brought back to its limits, or to a part of their range."""
        if self.free[joint]:
            return local
        turn, swing = self._apart(joint, local)
        row = self._rows[joint]
        off = swing[0] - row.centre[0], swing[1] - row.centre[1]
        size = row.size(*off) / part
        low, high = row.low * part, row.high * part
        if size <= 1 and low <= turn <= high:
            return local
        (u, v), shrink = self.across[joint], 1 / max(size, 1.0)
        twisted = about(self.axis[joint], min(max(turn, low), high))
        swung = turning((row.centre[0] + off[0] * shrink) * u + (row.centre[1] + off[1] * shrink) * v)
        return twisted @ swung if self.hinge[joint] else swung @ twisted

    def used(self, joint: int, local: np.ndarray) -> float:
        """Which part of its range a joint's local rotation (3, 3) uses: 1 at the limit; 0 for a free joint."""
        if self.free[joint]:
            return 0.0
        turn, (u, v) = self._apart(joint, local)
        row = self._rows[joint]
        return max(
            row.size(u - row.centre[0], v - row.centre[1]), turn / max(row.high, 1e-9), turn / min(row.low, -1e-9)
        )

    def _apart(self, joint: int, local: np.ndarray) -> tuple[float, tuple[float, float]]:
        """As _Table.apart, without an array's overhead: posing asks this hundreds of times a drag."""
        axis, (u, v) = self.axis[joint], self.across[joint]
        w, *vector = quaternion(local)
        q = np.array(vector)
        x = float(q @ axis)
        pu, pv, by = float(q @ u), float(q @ v), x * self._rows[joint].handed * (1 if self.hinge[joint] else -1)
        main = max(math.hypot(w, x), 1e-9)
        swing_u, swing_v = (w * pu + by * pv) / main, (w * pv - by * pu) / main
        side = math.hypot(swing_u, swing_v)
        factor = 2 * math.atan2(side, main) / side if side > 1e-9 else 2.0
        return 2 * math.atan2(x, w), (swing_u * factor, swing_v * factor)

    @cached_property
    def _rows(self) -> tuple[_Row, ...]:
        handed = np.einsum("ni,ni->n", np.cross(self.across[:, 0], self.across[:, 1]), self.axis)
        return tuple(
            _Row(float(turn[0]), float(turn[1]), centre.tolist(), radius.tolist(), float(hand))
            for turn, centre, radius, hand in zip(self.turn, self.centre, self.radius, handed, strict=True)
        )

    def beyond(self, joint: int, local: np.ndarray) -> np.ndarray:
        """How far (N,), rad, a joint's local rotations (N, 3, 3) are beyond its limits."""
        return self._excess(np, axis_angles(local), [joint])

    def beyond_turns(self, joint: int, turns: np.ndarray) -> np.ndarray:
        """How far (N,), rad, a joint's axis-angles (N, 3) are beyond its limits."""
        return self._excess(np, turns, [joint])

    def apart(self, joint: int, turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A joint's turns about its main axis (N,) and across it (N, 2), rad, of axis-angles (N, 3)."""
        return _Table(self, [joint], turns).apart(np, turns)

    def bends(self, joint: int) -> tuple[float, float]:
        """The lowest and highest turn of a joint about its main axis, rad."""
        return (-np.pi, np.pi) if self.free[joint] else (float(self.turn[joint, 0]), float(self.turn[joint, 1]))

    # ── taking turns apart, for numpy and torch alike ──

    def _excess(self, xp: ModuleType, turns: Any, of: Any = slice(None)) -> Any:
        table = _Table(self, of, turns)
        turn, swing = table.apart(xp, turns)
        off = swing - table.centre
        radius = xp.where(off < 0, table.radius[..., 0], table.radius[..., 1])
        size = (((off / radius) ** roundness).sum(-1) + _tiny) ** (1 / roundness)
        outside = xp.sqrt((off**2).sum(-1) + _tiny) * (1 - 1 / xp.clip(size, 1.0, None))
        main = xp.clip(turn - table.turn[..., 1], 0.0, None) + xp.clip(table.turn[..., 0] - turn, 0.0, None)
        return (outside + main) * table.bound

    def _held(self, turns: np.ndarray, of: Any) -> np.ndarray:
        table = _Table(self, of, turns)
        turn, swing = table.apart(np, turns)
        off = swing - table.centre
        radius = np.where(off < 0, table.radius[..., 0], table.radius[..., 1])
        size = (((off / radius) ** roundness).sum(-1)) ** (1 / roundness)
        swing = table.centre + off / np.maximum(size, 1.0)[..., None]
        twisted = matrices(table.axis * np.clip(turn, table.turn[..., 0], table.turn[..., 1])[..., None])
        swung = matrices((swing[..., None] * table.across).sum(-2))
        held = np.where(table.hinge[..., None, None], twisted @ swung, swung @ twisted)
        return np.where(table.bound[..., None] > 0, axis_angles(held), turns)


class _Row(NamedTuple):
    """One joint's row in plain numbers; `handed` is +1 where the axes across and the main axis are right-handed."""

    low: float
    high: float
    centre: list[float]
    radius: list[list[float]]
    handed: float

    def size(self, u: float, v: float) -> float:
        """How far off the centre a swing is: 1 on the limit."""
        (left, right), (down, up) = self.radius
        return ((u / (left if u < 0 else right)) ** roundness + (v / (down if v < 0 else up)) ** roundness) ** (
            1 / roundness
        )


class _Table:
    """The rows of the limits for some joints, as arrays or tensors like `like`."""

    def __init__(self, limits: Limits, of: Any, like: Any) -> None:
        def rows(array: np.ndarray) -> Any:
            array = array[of]
            return torch.as_tensor(array.copy()).to(like) if isinstance(like, Tensor) else array

        self.axis, self.across = rows(limits.axis), rows(limits.across)
        self.turn, self.centre, self.radius = rows(limits.turn), rows(limits.centre), rows(limits.radius)
        self.bound = rows(1.0 - limits.free)
        self.hinge = limits.hinge[of]
        self.sign = rows(np.where(limits.hinge, 1.0, -1.0))

    def apart(self, xp: ModuleType, turns: Any) -> tuple[Any, Any]:
        """The turn about the main axis (...) and the rotation vector across it (..., 2) of axis-angles (..., 3).

        With q = w + x m + p, m the main axis and p square to it: the turn is 2 atan2(x, w), the swing's vector
        part (w p ∓ x p × m) / √(w² + x²): minus where it follows the turn, plus where it comes before.
        """
        angle = xp.sqrt((turns**2).sum(-1) + _tiny)
        vector = turns * (xp.sin(angle / 2) / angle)[..., None]
        w = xp.cos(angle / 2)
        upright = xp.where(w < 0, -1.0, 1.0)
        w, vector = w * upright, vector * upright[..., None]
        x = (vector * self.axis).sum(-1)
        p = vector - x[..., None] * self.axis
        main = xp.sqrt(w**2 + x**2 + _tiny)
        side = xp.sqrt((p**2).sum(-1) + _tiny)
        crossed = xp.linalg.cross(p, self.axis + 0 * p)
        swing = (w[..., None] * p + (self.sign * x)[..., None] * crossed) / main[..., None]
        swing = swing * (2 * xp.arctan2(side, main) / side)[..., None]
        return 2 * xp.arctan2(x, w), (swing[..., None, :] * self.across).sum(-1)
