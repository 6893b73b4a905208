"""The hands' file entries: the mean that relative hand poses are added to, and components a person can read."""

from __future__ import annotations

import numpy as np

from scripts.bodywork.joints import index
from scripts.bodywork.sources import Array
from scripts.bodywork.tpose import thumb_bone, thumb_nail
from scripts.bodywork.turns import unit

order = ("index", "middle", "pinky", "ring", "thumb")
"""SMPL-X's order of the fingers in a hand's 45 numbers."""

# A hand at rest is half closed, each finger more than its neighbour towards the little one and the middle joints most
# (the cascade that hand surgeons look for), about 35-45° at the knuckles and middle joints of a hand in the lap. Here
# half of that, in degrees at knuckle, middle and end joint: poses meant to be added to a mean would otherwise run their
# finger tips through the palm, and with none they would bend fingers backwards. The thumb's rest is the T-pose's.
_rest = {"index": (10, 22, 16), "middle": (12, 28, 15), "ring": (14, 28, 14), "pinky": (16, 26, 16), "thumb": (0, 0, 0)}
# In a closing hand the last joint follows the middle one by two thirds (they share a tendon).
_curl_shares = (1.0, 1.0, 0.7)
# Fanning out, the middle finger stays and the outer ones go farthest, the little one's knuckle being the loosest.
_spread_shares = {"index": 1.0, "middle": 0.1, "ring": -0.7, "pinky": -1.6}


def hinges(joints: Array) -> Array:
    """Each left finger joint's axis of flexion (15, 3) in SMPL-X's order: square to its bone and its nail's normal."""
    found = []
    for finger in order:
        first, last = (joints[index[f"left_hand_{finger}_{k}"]] for k in (1, 3))
        nail = thumb_nail if finger == "thumb" else np.array([0.0, 1.0, 0.0])
        bone = thumb_bone if finger == "thumb" else last - first
        found += [unit(-np.cross(bone, nail))] * 3
    return np.array(found)


def hand_mean(joints: Array) -> Array:
    """The left hand's mean (45,) axis-angle."""
    angles = np.radians([angle for finger in order for angle in _rest[finger]])
    return (hinges(joints) * angles[:, None]).ravel()


def components(joints: Array) -> Array:
    """The left hand's components (45, 45), orthonormal rows, of which the first eight can be read.

    They are, each square to those before it: the four fingers curl; the thumb curls; index, middle, ring finger curl on
    their own (what is left of the little finger is then settled); the fingers spread; knuckles bend against the joints
    beyond; the thumb comes before the palm. The rest completes the space.
    """
    axes = hinges(joints).reshape(5, 3, 3)
    long_fingers = ("index", "middle", "ring", "pinky")

    def curl(fingers: tuple[str, ...], shares: tuple[float, float, float] = _curl_shares) -> Array:
        field = np.zeros((5, 3, 3))
        for finger in fingers:
            k = order.index(finger)
            field[k] = axes[k] * np.array(shares)[:, None]
        return field.ravel()

    def at_knuckles(turns: dict[str, Array]) -> Array:
        field = np.zeros((5, 3, 3))
        for finger, turn in turns.items():
            field[order.index(finger), 0] = turn
        return field.ravel()

    readable = [
        curl(long_fingers),
        curl(("thumb",)),
        *(curl((finger,)) for finger in long_fingers[:3]),
        at_knuckles({finger: np.array([0.0, -share, 0.0]) for finger, share in _spread_shares.items()}),
        curl(long_fingers, (1.0, -1.0, -0.5)),
        at_knuckles({"thumb": np.cross(unit(thumb_bone), [0.0, -1.0, 0.0])}),
    ]
    return _completed(readable)


def _completed(rows: list[Array]) -> Array:
    """Those directions made orthonormal one after the other, then any that complete the space, signs fixed."""
    basis: list[Array] = []
    for row in rows:
        rest = row - sum((row @ b) * b for b in basis) if basis else row
        if np.linalg.norm(rest) > 1e-6:
            basis.append(unit(rest))
    for k in range(rows[0].size):
        axis = np.eye(rows[0].size)[k]
        rest = axis - sum((axis @ b) * b for b in basis)
        rest = rest - sum((rest @ b) * b for b in basis)
        if np.linalg.norm(rest) > 1e-3:
            basis.append(unit(rest))
    return np.array(basis[: rows[0].size])


def mirrored_rows(rows: Array) -> Array:
    """The same of the right hand: of each axis-angle vector y and z change sign."""
    return (rows.reshape(-1, 15, 3) * [1, -1, -1]).reshape(rows.shape)
