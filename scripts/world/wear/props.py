"""Things held in a hand: each is built once in the hand's frame, x along the fingers, y through the fist to the thumb's
side, z out of the palm, and carried there."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scripts.world.layers import Solid
from scripts.world.wear.draping import joint
from scripts.world.wear.shapes import Part, Thing, box, ellipsoid, lathe, rod
from scripts.world.words import Color, palette

steel: Color = (196, 202, 210)
_dyes: dict[str, Color] = {
    "steel": steel, "wood": (112, 76, 48), "dark": (58, 48, 44), "paper": (244, 240, 228), "glow": (255, 226, 130),
    "leaf": (66, 138, 60), "gold": palette["gold"], "core": (250, 214, 70),
}  # fmt: skip


def held(prop: str, side: str, color: Color, joints: np.ndarray, rng: np.random.Generator) -> Solid:
    """The thing in a hand of a posed body's joints (55, 3), metres."""
    frame, place = hand_frame(joints, side)
    if prop == "shield":  # on the forearm, its face away from the palm
        elbow, wrist = joints[joint(f"{side}_elbow")], joints[joint(f"{side}_wrist")]
        place = elbow + 0.7 * (wrist - elbow)
        along = (wrist - elbow) / (np.linalg.norm(wrist - elbow) + 1e-6)
        out = -frame[:, 2] - along * (-frame[:, 2] @ along)
        out /= np.linalg.norm(out) + 1e-6
        frame = np.stack([np.cross(along, out), along, out], axis=1)
    if prop == "lantern":  # hangs from the fist
        aside = frame[:, 0] * (1, 0, 1)
        aside = aside / np.linalg.norm(aside) if np.linalg.norm(aside) > 0.1 else np.array((1.0, 0, 0))
        frame = np.stack([aside, np.array((0.0, 1.0, 0.0)), np.cross(aside, (0.0, 1.0, 0.0))], axis=1)
    return thing(prop).solid(frame, place, {"main": color, **_dyes})


def hand_frame(joints: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
    """The hand's axes as columns (3, 3), and where a fist would close around a stick (3,), metres."""
    wrist, index, little, middle = (
        joints[joint(f"{side}_{name}")] for name in ("wrist", "hand_index_1", "hand_pinky_1", "hand_middle_1")
    )
    x = middle - wrist
    length = float(np.linalg.norm(x)) + 1e-6
    x = x / length
    y = index - little
    y = y - (y @ x) * x
    y /= np.linalg.norm(y) + 1e-6
    z = np.cross(y, x) if side == "right" else np.cross(x, y)
    place = middle + 0.10 * length * x + 0.26 * length * z
    return np.stack([x, y, z], axis=1), place


@lru_cache(maxsize=32)
def thing(prop: str) -> Thing:
    """A thing of `words.held` in the hand's frame; ValueError for another."""
    if prop not in _built:
        raise ValueError(f"expected a prop among {', '.join(_built)}, got {prop!r}")
    return Thing.of(_built[prop]())


def _sword() -> list[Part]:
    blade = lathe([(0.0, 0.86), (0.020, 0.78), (0.027, 0.08)], "steel", sides=4)
    flat = Part(blade.vertices * (1, 1, 0.32), blade.faces, blade.dye)
    guard, grip = (
        box((-0.10, 0.06, -0.014), (0.10, 0.085, 0.014), "gold"),
        rod((0, -0.09, 0), (0, 0.07, 0), 0.015, "main"),
    )
    return [flat, guard, grip, ellipsoid((0, -0.10, 0), (0.022,) * 3, "gold", sides=8)]


def _staff() -> list[Part]:
    return [rod((0, -0.85, 0), (0, 0.75, 0), 0.018, "wood"), ellipsoid((0, 0.79, 0), (0.055,) * 3, "main", sides=12)]


def _spear() -> list[Part]:
    tip = lathe([(0.0, 1.22), (0.038, 1.06), (0.012, 0.98)], "steel", sides=6)
    band = rod((0, 0.90, 0), (0, 0.985, 0), 0.024, "main")
    return [rod((0, -0.80, 0), (0, 1.0, 0), 0.016, "wood"), band, Part(tip.vertices * (1, 1, 0.5), tip.faces, "steel")]


def _shield() -> list[Part]:
    lay = np.array(((1.0, 0, 0), (0, 0, -1), (0, 1, 0)))  # the lathe's axis becomes z
    dome = lathe([(0.0, 0.10), (0.12, 0.092), (0.22, 0.068), (0.265, 0.05)], "main", sides=24)
    rim = lathe([(0.262, 0.058), (0.295, 0.048), (0.295, 0.03), (0.25, 0.03), (0.0, 0.03)], "steel", sides=24)
    boss = lathe([(0.0, 0.135), (0.04, 0.122), (0.058, 0.092)], "steel")
    return [part.at(lay, np.zeros(3)) for part in (dome, rim, boss)]


def _ball() -> list[Part]:
    return [ellipsoid((0.02, 0, 0.095), (0.115,) * 3, "main", sides=18)]


def _flower() -> list[Part]:
    parts = [
        rod((0, -0.12, 0), (0, 0.26, 0), 0.008, "leaf"),
        ellipsoid((0, 0.275, 0), (0.026, 0.02, 0.026), "core", sides=8),
    ]
    for turn in np.radians(np.arange(0, 360, 60)):
        middle = (0.052 * np.cos(turn), 0.27, 0.052 * np.sin(turn))
        parts.append(ellipsoid(middle, (0.036, 0.013, 0.036), "main", sides=8))
    leaf = ellipsoid((0.05, 0.09, 0), (0.05, 0.012, 0.022), "leaf", sides=8)
    return [*parts, leaf]


def _lantern() -> list[Part]:
    bars = [rod((x, -0.30, z), (x, -0.12, z), 0.008, "main") for x in (-0.06, 0.06) for z in (-0.06, 0.06)]
    return [
        rod((-0.07, 0, 0), (0.07, 0, 0), 0.008, "dark"), rod((0, -0.07, 0), (0, 0, 0), 0.006, "dark"),
        lathe([(0.0, -0.05), (0.03, -0.07), (0.095, -0.125), (0.0, -0.125)], "main", sides=8),
        box((-0.085, -0.33, -0.085), (0.085, -0.30, 0.085), "main"), *bars,
        box((-0.052, -0.30, -0.052), (0.052, -0.125, 0.052), "glow"),
    ]  # fmt: skip


def _book() -> list[Part]:
    cover = [box((-0.07, -0.12, z), (0.11, 0.12, z + 0.008), "main") for z in (0.0, 0.040)]
    spine = box((-0.076, -0.12, 0.0), (-0.066, 0.12, 0.048), "main")
    return [*cover, spine, box((-0.066, -0.114, 0.008), (0.104, 0.114, 0.040), "paper")]


def _umbrella() -> list[Part]:
    sides = 16
    dome = lathe([(0.0, 0.86), (0.20, 0.825), (0.36, 0.745), (0.47, 0.635)], "main", sides=sides)
    points = dome.vertices.reshape(4, sides, 3).copy()
    points[3, 1::2, 1] += 0.035  # cloth between the ribs is drawn up
    return [Part(points.reshape(-1, 3), dome.faces, "main"), rod((0, -0.10, 0), (0, 0.90, 0), 0.010, "dark"),
        rod((0, -0.10, 0), (0, -0.02, 0), 0.016, "wood")]  # fmt: skip


_built = {
    "sword": _sword, "staff": _staff, "spear": _spear, "shield": _shield, "ball": _ball, "flower": _flower,
    "lantern": _lantern, "book": _book, "umbrella": _umbrella,
}  # fmt: skip
