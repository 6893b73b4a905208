"""Shape hands by the recipes and write the library of hands for bodies.

python scripts/make_hand_poses.py [--out assets/body/hands.json]

Every hand was made for this project, by eye, on the open body.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.hand_poses import HandPose, version
from engine.hand_shape import HandShape, finger_axes, shaped

default_path = Path(__file__).parent.parent / "assets" / "body" / "hands.json"

Bends = tuple[float, ...]


@dataclass(frozen=True)
class Recipe:
    """One hand: its shape by the sliders' words, and fingers bent otherwise.

    `bends` gives a finger's knuckle, middle and last joint, degrees, and how far the finger goes sideways towards the
    thumb; the thumb's own are (over the palm, opposed, rolled, knuckle, last joint), all degrees.
    """

    id: str
    title: str
    tags: str
    shape: HandShape = field(default_factory=HandShape)
    bends: dict[str, Bends] = field(default_factory=dict)


def cooked(recipe: Recipe) -> HandPose:
    """The recipe as a left hand."""
    axes = finger_axes()
    turns = shaped(np.zeros((15, 3)), recipe.shape)
    for name, bends in recipe.bends.items():
        finger, degrees = axes[name], np.radians(bends)
        aside = finger.side / np.linalg.norm(finger.side)
        if name == "thumb":
            along = np.cross(finger.flex, np.cross(finger.side, finger.flex))
            first = degrees[0] * finger.flex + degrees[1] * aside + degrees[2] * along / np.linalg.norm(along)
            turns[finger.places] = np.stack([first, degrees[3] * finger.flex, degrees[4] * finger.flex])
        else:
            # Towards the thumb is the index finger's way of spreading.
            sideways = axes["index"].side / np.linalg.norm(axes["index"].side)
            own = turns[finger.places][0] @ sideways
            turns[finger.places] = degrees[:3, None] * finger.flex
            turns[finger.places.start] += (degrees[3] if len(bends) > 3 else own) * sideways
    return HandPose(recipe.id, recipe.title, tuple(recipe.tags.split()), turns)


def shape(curl: tuple | float = 0.0, spread: float = 0.0, thumb: float = 0.0, opposition: float = 0.0) -> HandShape:
    """A shape; one number curls the four fingers alike and leaves the thumb straight."""
    curls = curl if isinstance(curl, tuple) else (0.0, curl, curl, curl, curl)
    return HandShape(curls, spread, thumb, opposition)


over_fist = (16.0, 27.0, 3.0, 40.0, 36.0)  # the thumb across the middle joints of a fist
over_ring = (20.0, 42.0, 12.0, 48.0, 15.0)  # the same, farther

recipes: tuple[Recipe, ...] = (
    Recipe("relaxed", "Relaxed", "natural rest", shape((0.16, 0.20, 0.25, 0.29, 0.32), -0.25, 0.1, 0.3)),
    Recipe("soft", "Hanging softly", "natural rest", shape((0.25, 0.32, 0.38, 0.42, 0.44), -0.4, 0.3, 0.5)),
    Recipe("open", "Open", "palm wave", shape((0.0, 0.05, 0.06, 0.08, 0.1), 0.2, -0.2, 0.1)),
    Recipe("spread", "Fingers spread", "five stop count", shape((0.0, -0.05, -0.04, -0.04, -0.05), 1.0, -0.8)),
    Recipe("flat", "Flat, fingers together", "stop halt palm", shape((0.0, 0.01, 0.01, 0.01, 0.01), -1.0),
           {"thumb": (18, -14, 0, 4, 6)}),
    Recipe("prayer", "Flat, as in prayer", "pray namaste greeting", shape(-0.02, -1.0), {"thumb": (36, -26, 0, 4, 4)}),
    Recipe("fist", "Fist", "punch", shape(1.0), {"thumb": over_fist}),
    Recipe("point", "Pointing", "index gesture", shape((0, 0, 1, 1, 1)),
           {"thumb": (10, 34, 4, 48, 15), "index": (4, 4, 2, 0)}),
    Recipe("peace", "Peace sign", "victory two count", shape((0, 0, 0, 1, 1)),
           {"thumb": over_ring, "index": (2, 3, 2, 9), "middle": (2, 3, 2, -9)}),
    Recipe("three", "Three fingers", "count", shape((0, 0, 0, 0, 1), 0.4),
           {"thumb": (39, 44, 6, 33, 35), "pinky": (72, 86, 46, 8)}),
    Recipe("four", "Four fingers", "count", shape(0.0, 0.4), {"thumb": (42, 40, 0, 50, 44)}),
    Recipe("ok", "OK", "ring perfect", shape((0, 0, 0.12, 0.06, 0.02), 0.3),
           {"thumb": (25, 21, -12, 6, 0), "index": (47, 46, 24, -9)}),
    Recipe("thumb-up", "Thumbs up", "good like", shape((0, 1, 1, 1, 1)), {"thumb": (-34, 0, 0, -8, -18)}),
    Recipe("hitchhike", "Thumb out", "lift hitchhike", shape((-0.1, 0.75, 0.8, 0.85, 0.85), 0, -0.7)),
    Recipe("pinch", "Pinch", "pick small", shape((0, 0, 0.5, 0.6, 0.66), -0.2),
           {"thumb": (25, 26, -7, 6, 2), "index": (60, 38, 14, -9)}),
    Recipe("cup", "Holding a cup", "glass bottle grip", shape(0.0, -0.4),
           {"thumb": (2, 52, 0, 22, 26), "index": (38, 50, 26, 2), "middle": (42, 50, 26, 1),
            "ring": (46, 50, 26, 3), "pinky": (48, 50, 26, 8)}),
    Recipe("rod", "Gripping a rod", "sword handle stick grip", shape(0.0, -0.5),
           {"thumb": (10, 36, 4, 30, 12), "index": (62, 78, 46, 0), "middle": (66, 80, 48, 0),
            "ring": (70, 80, 48, 2), "pinky": (74, 78, 48, 6)}),
    Recipe("pistol", "Finger pistol", "gun", shape((-0.1, 0.0, 1, 1, 1), 0, -0.7)),
    Recipe("horns", "Horns", "metal rock", shape((0, 0.02, 1, 1, 0.02), 0.3), {"thumb": (10, 34, 12, 48, 15)}),
    Recipe("love", "I love you", "sign rock", shape((0, 0.02, 1, 1, 0.02), 0.5, -0.6)),
    Recipe("surfer", "Surfer", "phone call shaka hang loose", shape((-0.1, 1, 1, 1, 0.03), 0.5, -0.8)),
    Recipe("claw", "Claw", "monster tense", shape(0.0, 0.9),
           {"thumb": (8, 26, 0, 16, 52), "index": (-8, 62, 44, 12), "middle": (-6, 64, 44, 1),
            "ring": (-6, 64, 44, -9), "pinky": (-8, 62, 44, -18)}),
    Recipe("beckon", "Beckoning", "come index", shape((0, 0, 1, 1, 1)),
           {"thumb": (10, 34, 4, 48, 15), "index": (26, 66, 36, 0)}),
    Recipe("brush", "Holding a brush or pencil", "pen write draw paint", shape(0.0, -0.3),
           {"thumb": (25, 26, -9, 4, 0), "index": (56, 41, 12, -9), "middle": (60, 56, 26, 1),
            "ring": (60, 62, 32, 2), "pinky": (64, 64, 34, 6)}),
    Recipe("book", "Holding a book", "tablet tray", shape(0.0, -0.5),
           {"thumb": (12, 30, 0, 8, 8), "index": (26, 20, 10, 0), "middle": (28, 20, 10, 0),
            "ring": (30, 20, 10, 2), "pinky": (32, 22, 12, 5)}),
    Recipe("cupped", "Cupped", "water receive scoop", shape((0.15, 0.28, 0.28, 0.3, 0.32), -1.0, 0.5, 0.35)),
    Recipe("vulcan", "Long life", "vulcan salute split", shape(0.0),
           {"thumb": (-10, 0, 0, 0, 0), "index": (0, 0, 0, -4.5), "middle": (0, 0, 0, 9),
            "ring": (0, 0, 0, -8), "pinky": (0, 0, 0, 3)}),
    Recipe("crossed", "Fingers crossed", "luck", shape((0, 0, 0, 1, 1)),
           {"thumb": over_ring, "index": (14, 6, 4, -4), "middle": (-2, 16, 10, 19)}),
    Recipe("pinky", "Pinky promise", "little finger", shape((0, 1, 1, 1, 0)),
           {"thumb": over_fist, "pinky": (20, 44, 30, -14)}),
    Recipe("spider", "On the fingertips", "table spider piano", shape(0.0, 0.6),
           {"thumb": (4, 40, 0, 6, 10), "index": (34, 36, 18, 8), "middle": (34, 40, 20, 0),
            "ring": (36, 38, 20, -7), "pinky": (36, 32, 16, -16)}),
    Recipe("ballet", "Ballet hand", "dance elegant", shape(0.0),
           {"thumb": (26, 34, 0, 16, 10), "index": (2, 8, 6, 4), "middle": (26, 18, 10, 2),
            "ring": (18, 16, 8, 0), "pinky": (4, 12, 8, -6)}),
    Recipe("reach", "Reaching", "grasp want", shape((0.05, 0.12, 0.16, 0.2, 0.22), 0.7, -0.3, 0.5)),
    Recipe("strings", "On strings", "guitar violin play", shape(0.0, -0.2),
           {"thumb": (6, 50, 0, 14, 20), "index": (34, 66, 44, 2), "middle": (38, 66, 44, 1),
            "ring": (38, 64, 44, 0), "pinky": (34, 58, 40, -2)}),
    Recipe("snap", "Snapping fingers", "click", shape((0, 0.1, 0, 0.85, 0.9)),
           {"thumb": (36, 32, -5, 8, 0), "index": (22, 20, 10, 3), "middle": (63, 46, 18, -9)}),
    Recipe("hook", "Hooked fingers", "carry bag climb", shape(0.0, -0.6),
           {"thumb": (20, 14, 0, 10, 14), "index": (14, 92, 60, 0), "middle": (16, 94, 60, 0),
            "ring": (18, 94, 60, 2), "pinky": (20, 90, 58, 6)}),
)  # fmt: skip


def library_text() -> str:
    """The library's file: one line a hand, so that a changed hand is a changed line."""
    lines = [json.dumps(cooked(recipe).to_json(), separators=(",", ":")) for recipe in recipes]
    return f'{{"hands":{version},"poses":[\n' + ",\n".join(lines) + "\n]}\n"


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=default_path)
    path: Path = parser.parse_args().out
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(library_text(), encoding="utf-8")
    print(f"{len(recipes)} hands, {path.stat().st_size / 1000:.0f} kB: {path}")


if __name__ == "__main__":
    main()
