"""The camera of a drawing that has none: how far it looks down or up is told by its figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.camera import Camera
from engine.fit import camera_for
from engine.fit_points import known, target_of
from engine.initialiser import Initialiser
from engine.pose import Pose2D
from engine.rig import matrices

_level, _steepest = np.radians(6), np.radians(65)  # a camera tilted less is taken for level; none is tilted more
_middle = np.array((0.0, 0.9, 0.0))  # about where figures are set down


def camera_of(initialiser: Initialiser, pose: Pose2D) -> Camera:
    """A normal lens, tilted as the drawn figures say; level where there are none that a body can be laid on.

    Which lens it was tells little in a figure: taking it for 0.8 … 3 times the longer side adds 0 … 6 mm to 60.
    """
    level = camera_for(pose.size)
    ups = []
    for person in pose.people:
        try:
            target = target_of(person)
        except ValueError:
            continue  # nor does it say anything of the camera
        places, weights = target.of(known)
        ups.append(initialiser.bodies(places, weights > 0, level, 1).up)
    return _tilted(level, np.mean(ups, axis=0)) if ups else level


def _tilted(level: Camera, up: np.ndarray) -> Camera:
    """A level camera looking up or down so that the world's up is where `up` (3,) of its axes says; never rolled.

    It turns about what it looked at, where the figures are set down.
    """
    pitch = float(np.clip(np.arctan2(-up[2], -up[1]), -_steepest, _steepest))
    if abs(pitch) < _level:
        return level
    about_x = matrices(np.array((pitch, 0.0, 0.0)))
    T = np.eye(4)
    T[:3, :3] = about_x @ level.T_camera_world[:3, :3]
    T[:3, 3] = level.in_camera(_middle) - T[:3, :3] @ _middle
    return replace(level, T_camera_world=T)
