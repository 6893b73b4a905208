"""The face: 44 named units for the sliders, and SMPL-X's expression columns as the principal mixtures of them."""

from __future__ import annotations

import numpy as np

from scripts.bodywork.body import Workpiece
from scripts.bodywork.shapes import principal
from scripts.bodywork.sources import Array

expression_count = 10
_mixtures = 600
_active = 0.25
_tied = 0.85
_seed = 52
# The eye joints turn the eyes.
_left_to_joints = ("eyeLook",)
# The jaw joint opens the mouth; the expression columns must not do it again.
_left_to_the_jaw = ("jaw", "mouthClose", "tongueOut")


def unit_names(work: Workpiece) -> tuple[str, ...]:
    """The units on the sliders."""
    return tuple(name for name in work.wheel.face_unit_names() if not name.startswith(_left_to_joints))


def face_units(work: Workpiece) -> Array:
    """What each unit at full strength does to the T-posed body (44, V, 3) m; right units mirror the left ones."""
    units = {name: work.turned(work.wheel.face_unit(name)) for name in unit_names(work)}
    flip = np.array([-1, 1, 1])
    found = []
    for name, unit in units.items():
        other = _fellow(name)
        found.append((unit + units[other][work.mesh.mirror] * flip) / 2 if other in units else unit)
    return np.array(found)


def _fellow(name: str) -> str:
    """The unit that does the same on the other side of the face; its own name where it is one for both sides."""
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


def expressions(work: Workpiece, units: Array) -> Array:
    """Directions (V, 3, 10) of random faces: a quarter of the units at work, most of them on both sides alike."""
    names = unit_names(work)
    chosen = [k for k, name in enumerate(names) if not name.startswith(_left_to_the_jaw)]
    random = np.random.default_rng(_seed)
    strengths = random.uniform(0, 1, (_mixtures, len(names))) * (random.uniform(size=(_mixtures, len(names))) < _active)
    for k, name in enumerate(names):
        if name.endswith("Right"):
            tied = random.uniform(size=_mixtures) < _tied
            strengths[tied, k] = strengths[tied, names.index(_fellow(name))]
    fields = np.tensordot(strengths[:, chosen], units[chosen], axes=1)
    # With each face its mirror image: the directions are then symmetrical or antisymmetrical, never a bit of both.
    fields = np.concatenate([fields, fields[:, work.mesh.mirror] * [-1, 1, 1]])
    return principal(fields.reshape(len(fields), -1), expression_count).reshape(-1, 3, expression_count)
