"""Hands alone, palm or back, right or left."""

import numpy as np

from engine.mannequin import View, hands
from scripts.recipes import Recipe


def _hand(id: str, title: str, tags: str, shape: str, yaw: float = 0, pitch: float = 0, rolled: float = 0) -> Recipe:
    """A right hand by its shape; `left` among the tags makes it a left one. Yaw 0 shows the palm."""
    places = hands[shape].points() * (-1 if "left" in tags.split() else 1, 1, 1)
    return Recipe(id, title, f"hand {tags}", np.asarray(places), View(yaw, pitch, 1.2, rolled))


hand_poses = (
    _hand("default-palm", "Default palm", "right default open palm", "open"),
    _hand("default-back", "Default back", "right default open back", "open", yaw=180),
    _hand("default-palm-left", "Default palm, left", "left default open palm", "open"),
    _hand("default-back-left", "Default back, left", "left default open back", "open", yaw=180),
    _hand("hand-spread", "Fingers spread", "right spread open palm stop", "spread", yaw=8),
    _hand("hand-flat", "Flat, fingers together", "right flat stop palm", "flat", yaw=-12),
    _hand("hand-relaxed", "Relaxed", "right relaxed natural back", "relaxed", yaw=128, rolled=168),
    _hand("hand-soft", "Hanging softly", "right relaxed natural side", "soft", yaw=72, rolled=176),
    _hand("hand-fist", "Fist", "right fist punch front", "fist", yaw=-18, pitch=16),
    _hand("hand-fist-back", "Fist, from the back", "right fist back", "fist", yaw=160, pitch=22),
    _hand("hand-point", "Pointing", "right point index gesture side", "point", yaw=62, rolled=78),
    _hand("hand-peace", "Peace sign", "right peace victory two gesture", "peace", yaw=6),
    _hand("hand-three", "Three fingers", "right three count gesture", "three", yaw=6),
    _hand("hand-ok", "OK", "right ok ring gesture", "ok", yaw=42, pitch=6),
    _hand("hand-thumbs-up", "Thumbs up", "right thumb up good gesture", "thumb up", yaw=30, pitch=20, rolled=-80),
    _hand("hand-grip", "Gripping a handle", "right grip hold handle sword", "grip", yaw=36, pitch=10),
    _hand("hand-pinch", "Pinch", "right pinch hold small", "pinch", yaw=62, rolled=30),
    _hand("hand-claw", "Claw", "right claw monster tense", "claw", yaw=10, pitch=14),
    _hand("hand-brush", "Holding a brush or pen", "right brush pen writing drawing hold", "brush", yaw=112, rolled=62),
    _hand("hand-horns", "Rock horns", "right rock horns gesture", "horns", yaw=4),
    _hand("hand-cupped", "Cupped", "right cupped receiving water", "cupped", yaw=-20, pitch=-46),
    _hand("hand-call", "Call me", "right call phone gesture", "call", yaw=8, pitch=8),
    _hand("hand-ballet", "Ballet hand", "right ballet dance elegant", "ballet", yaw=76, rolled=70),
    _hand("hand-reach", "Reaching", "right reach foreshortened", "reach", yaw=14, pitch=26),
)
