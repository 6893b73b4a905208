"""Paint the example pictures: mannequins from the pose library's recipes, dressed, lit and drawn in several manners.

python scripts/make_examples.py [--only dancer …] [--photo astronaut.png]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.mannequin import (
    Animal,
    Arm,
    Face,
    Figure,
    Leg,
    Seen,
    View,
    builds,
    hands,
    posed,
    posed_animal,
    see,
    see_animal,
)  # fmt: skip
from scripts.dressing import Dress, coated, dressed
from scripts.faces import with_face
from scripts.painting import (
    cel,
    charcoal,
    clouds,
    color,
    gouache,
    ink,
    light,
    local_color,
    mixed,
    paper,
    poster,
    smooth,
    soft,
    warped,
    watercolour,
)  # fmt: skip
from scripts.recipes.moving import fencing, walking
from scripts.recipes.standing import contrapposto
from scripts.sculpture import Lump, Relief, sculpted

folder = Path(__file__).parent.parent / "assets" / "examples"
Size = tuple[int, int]
Place = tuple[float, float]


def relief_of(lumps: list[Lump], seen: Seen, size: Size, at: Place) -> Relief:
    """The lumps in a picture of `size`, the seen picture's corner put at `at`."""
    return sculpted(lumps, size, seen.camera.focal, (at[0] - seen.corner[0], at[1] - seen.corner[1]))


def centred(seen: Seen, size: Size, low: float = 0.5) -> Place:
    """Where the seen picture goes in one of `size`: in the middle, `low` 0 … 1 from top to bottom."""
    return (size[0] - seen.size[0]) / 2, (size[1] - seen.size[1]) * low


def dancer(seed: int = 1) -> np.ndarray:
    """A clean cel-shaded dancer with ink outlines."""
    size = (900, 1120)
    figure = Figure(
        hips_turn=10, hips_lean=-7, turn=20, lean=16, look=4, tilt=8, bend=-6, at=(0.07, 0.0), sink=0.0,
            build=builds["dancer"],
        left_leg=Leg(stand=(0.06, 0.0), heading=26, heel=40),
        right_leg=Leg(forward=6, out=46, turn=40, knee=8, point=66, toes=-8),
        left_arm=Arm(raised=146, around=12, bend=30, roll=-40, palm=30, hand=hands["ballet"]),
        right_arm=Arm(raised=84, around=16, bend=16, palm=40, hand=hands["ballet"]),
        face=Face(smile=0.8),
    )  # fmt: skip
    body, view = posed(figure), View(yaw=8)
    seen = see(body, view, 980, 0.02)
    at = centred(seen, size, 0.55)
    dress = Dress(torso="leotard", thighs="skin", shins="skin", feet="shoes", hair="bun", skirt=0.62)
    relief = relief_of(dressed(body, seen, dress), seen, size, at)
    ground = np.broadcast_to(color("fbf3e4"), (size[1], size[0], 3)).copy()
    rows, columns = np.mgrid[: size[1], : size[0]]
    ground = mixed(ground, color("f4b9a0"), smooth(372, 369, np.hypot(columns - 470, rows - 500)))
    ground = mixed(ground, color("cfa3a8"), smooth(1.02, 0.98, np.hypot((columns - 470) / 230, (rows - 1075) / 20)))
    palette = {"skin": "f2c6a5", "leotard": "2f7f86", "skirt": "63b5b0", "hair": "5b3327", "shoes": "d9576b"}
    picture = cel(relief, {name: color(code) for name, code in palette.items()}, ground, seed)
    return with_face(picture, body, seen, at, "2a2033", "c4505a")


def life_drawing(seed: int = 2) -> np.ndarray:
    """A charcoal study with white chalk on toned paper."""
    size = (820, 1120)
    body = posed(replace(contrapposto, build=replace(builds["adult"], girth=1.05)))
    seen = see(body, View(yaw=-14), 1020, 0.02)
    at = centred(seen, size, 0.5)
    dress = Dress(torso="skin", thighs="skin", shins="skin", feet="skin", shorts="cloth", hair="short")
    relief = relief_of(dressed(body, seen, dress), seen, size, at)
    ground = paper((size[1], size[0]), color("c3a988"), seed, 0.022)
    rows, columns = np.mgrid[: size[1], : size[0]]
    cast = smooth(1.1, 0.7, np.hypot((columns - 480) / 190, (rows - 1070) / 24)) * (
        0.5 + 0.25 * clouds(rows.shape, 14, seed)
    )
    picture = charcoal(relief, mixed(ground, color("3a302a"), np.clip(cast, 0, 1) * 0.6), seed)
    return with_face(picture, body, seen, at, "2b2421", "6b4a3c", 2.0)


def fencers(seed: int = 3) -> np.ndarray:
    """Two fencers as a flat poster."""
    size = (1200, 900)
    attack, parry = replace(fencing, build=builds["slender"]), replace(
        fencing, sink=0.03, at=(-0.02, 0.0), hips_tip=-4,
        right_leg=Leg(stand=(-0.08, 0.36), heading=0, knee_out=4),
        left_leg=Leg(stand=(0.06, -0.36), heading=74, knee_out=10),
        right_arm=Arm(raised=78, around=40, bend=52, roll=-20, palm=-40, hand=hands["grip"]),
    )  # fmt: skip
    reliefs, swords = [], []
    for figure, x, shirt in ((attack.mirrored(), 590, "red"), (parry, 60, "white")):
        body = posed(figure)
        seen = see(body, View(yaw=62 if x > 300 else -62), 560 if x > 300 else 590, 0.02)
        scale = 355 / seen.scale(body["hips"])
        seen = see(body, View(yaw=62 if x > 300 else -62), round((560 if x > 300 else 590) * scale), 0.02)
        at = (float(x), 800.0 - seen.size[1])
        side = "left" if x > 300 else "right"
        dress = Dress(
            torso=shirt, upper_arms=shirt, forearms=shirt, thighs=f"{shirt} legs", shins=f"{shirt} legs", loose=0.01
        )
        reliefs.append(relief_of(dressed(body, seen, dress), seen, size, at))
        grip = body[f"{side}_hand_middle_2"]
        tip = grip + np.array((0, 0.06 if x > 300 else 0.34, 0.85))
        swords.append(seen.pixels(np.stack([grip, tip])) + np.array(at))
    relief = reliefs[0].over(reliefs[1])
    rows, columns = np.mgrid[: size[1], : size[0]]
    ground = np.broadcast_to(color("f0c75e"), (size[1], size[0], 3)).copy()
    ground = mixed(ground, color("e9862f"), smooth(-1, 1, columns * 0.55 + rows - 830))
    ground = mixed(ground, color("fbeec9"), smooth(232, 230, np.hypot(columns - 600, rows - 330)))
    ground = mixed(ground, color("1f3a4d"), smooth(-1, 1, rows - 772 - columns * 0.02))
    palette = {
        "skin": "f1b98c", "skin shade": "c9764f", "hair": "28202c", "hair shade": "17121b", "shoes": "28202c",
        "shoes shade": "17121b",
        "white": "fdf4e0", "white shade": "b9c3c4", "white legs": "f5e8cd", "white legs shade": "a9b5ba",
        "red": "cf3f33", "red shade": "8e2530", "red legs": "3c5a74", "red legs shade": "243a52",
    }  # fmt: skip
    picture = poster(relief, {name: color(code) for name, code in palette.items()}, ground, seed)
    blades = np.zeros(rows.shape, np.float32)
    for (x0, y0), (x1, y1) in swords:
        cv2.line(blades, (round(x0), round(y0)), (round(x1), round(y1)), 1.0, 3, cv2.LINE_AA)
        cv2.circle(blades, (round(x0), round(y0)), 10, 1.0, -1, cv2.LINE_AA)
    return mixed(picture, color("28202c"), blades)


def walker(seed: int = 4) -> np.ndarray:
    """A walking woman in watercolour."""
    size = (860, 1120)
    body = posed(replace(walking, build=builds["slender"], look=-20, nod=4))
    seen = see(body, View(yaw=44), 940, 0.02)
    at = centred(seen, size, 0.62)
    dress = Dress(
        torso="top", upper_arms="top", forearms="skin", thighs="skin", shins="skin", hair="long", skirt=1.05, loose=0.01
    )
    relief = relief_of(dressed(body, seen, dress), seen, size, at)
    shape = (size[1], size[0])
    sheet = paper(shape, color("fbf8f0"), seed, 0.012)
    rows, columns = np.mgrid[: size[1], : size[0]]
    sky = smooth(
        0.25, 0.75, warped(np.exp(-(((columns - 420) / 330) ** 2 + ((rows - 420) / 360) ** 2)), 26, 180, seed) + 0.05
    )
    rim = np.clip(sky - soft(sky, 12), 0, 1)
    sheet = (
        sheet * np.array(color("9cc3d6")) ** ((sky * 0.5 + rim * 0.9) * (1 + 0.3 * clouds(shape, 150, seed)))[..., None]
    )
    street = smooth(
        0.3, 0.6, warped(np.exp(-(((columns - 430) / 300) ** 2) - ((rows - 1052) / 34.0) ** 2), 10, 80, seed + 1)
    )
    sheet = sheet * np.array(color("a58f94")) ** (street * (0.75 + 0.3 * clouds(shape, 60, seed + 2)))[..., None]
    palette = {"skin": "e9b494", "top": "d9523f", "skirt": "3d5f94", "hair": "6b4128", "shoes": "4d3a3a"}
    # The figure keeps its own white paper under thin washes.
    sheet = mixed(sheet, paper(shape, color("fbf8f0"), seed, 0.012), soft(relief.figure.astype(np.float32), 2.5) * 0.85)
    picture = watercolour(relief, {name: color(code) for name, code in palette.items()}, sheet, seed)
    return with_face(picture, body, seen, at, "54332a", "b5433f", 1.6)


def portrait(seed: int = 5) -> np.ndarray:
    """A half figure in gouache, both hands in the picture."""
    size = (900, 1080)
    figure = Figure(
        turn=14, look=12, tilt=9, nod=4, lean=-3, build=replace(builds["slender"], head=1.02),
        left_arm=Arm(reach=("chest", -0.10, -0.06, 0.20), elbow=6,
            pointing=(-0.9, 0.35, -0.1), facing=(-0.2, -0.2, -1), hand=hands["soft"]),
        right_arm=Arm(reach=("head", -0.19, -0.19, 0.10), elbow=0,
            pointing=(0.12, 0.95, 0.2), facing=(0.75, 0.1, 0.55), hand=hands["brush"]),
        face=Face(smile=0.5),
    )  # fmt: skip
    body = posed(figure)
    seen = see(body, View(yaw=-6, pitch=2), 2150, 0.02)
    at = ((size[0] - seen.size[0]) / 2 + 10, 90.0)
    dress = Dress(torso="top", upper_arms="top", forearms="top", hair="long", loose=0.012)
    relief = relief_of(dressed(body, seen, dress), seen, size, at)
    rows, columns = np.mgrid[: size[1], : size[0]]
    ground = np.broadcast_to(color("c9895a"), (size[1], size[0], 3)).copy()
    ground = mixed(ground, color("7f4f4a"), smooth(0, 1300, columns * 0.5 + rows))
    ground = mixed(ground, color("e6b877"), smooth(480, 60, np.hypot(columns - 250, rows - 260)) * 0.7)
    palette = {"skin": "e3ac86", "top": "2e6b6a", "hair": "4a2a26", "trousers": "33405c", "shoes": "33405c"}
    lit = soft(light(relief), 1.5)
    flat = local_color(relief, {name: color(code) for name, code in palette.items()}, ground)
    warm = flat * (
        np.array((0.40, 0.30, 0.38))
        + (np.array((1.14, 1.10, 1.02)) - (0.40, 0.30, 0.38)) * smooth(0.12, 0.92, lit)[..., None]
    )
    reference = np.clip(np.where(relief.figure[..., None], warm, ground), 0, 1)
    reference = with_face(soft(reference, 0.8), body, seen, at, "3a2320", "b5524a", 4.0)
    # The brush between thumb and index finger, tip up.
    grip = (body["right_hand_index_4"] + body["right_hand_thumb_4"]) / 2
    tip, tail = grip + np.array((-0.05, 0.15, 0.05)), grip + np.array((0.045, -0.13, -0.03))
    stick = np.zeros(rows.shape, np.float32)
    ends = np.round(seen.pixels(np.stack([tail, tip])) + np.array(at)).astype(int)
    cv2.line(stick, ends[0].tolist(), ends[1].tolist(), 1.0, 9, cv2.LINE_AA)
    bristle = ends[1] + (ends[1] - ends[0]) * 0.16
    paint = np.zeros(rows.shape, np.float32)
    cv2.line(paint, ends[1].tolist(), np.round(bristle).astype(int).tolist(), 1.0, 16, cv2.LINE_AA)
    reference = mixed(mixed(reference, color("e8c079"), stick), color("c2412d"), paint)
    picture = gouache(reference, relief, seed)
    return with_face(picture, body, seen, at, "3a2320", "b5524a", 2.6)


def horse(seed: int = 6) -> np.ndarray:
    """A trotting horse in brush and ink."""
    size = (1120, 1000)
    beast = posed_animal(
        Animal(
            "horse", neck=52, head=-46, look=-10, tail=(-42, -10),
            left_front=(-6, 52, -38), right_front=(-42, -12, -10),
            left_back=(10, -46, -22), right_back=(38, -14, -20),
        )
    )  # fmt: skip
    seen = see_animal(beast, View(yaw=66, pitch=3, away=12), 800, 0.0)
    at = centred(seen, size, 0.72)
    relief = relief_of(coated(beast, seen), seen, size, at)
    ground = paper((size[1], size[0]), color("f4efe3"), seed, 0.012)
    rows, columns = np.mgrid[: size[1], : size[0]]
    floor = np.exp(-(((columns - 570) / 330) ** 2) - (((rows - at[1] - seen.size[1] + 4) / 13.0) ** 2))
    ground = mixed(ground, color("5d5a63"), smooth(0.25, 0.75, warped(floor, 8, 50, seed)) * 0.5)
    return ink(relief, ground, seed)


paintings: dict[str, Callable[[], np.ndarray]] = {
    "dancer": dancer, "life-drawing": life_drawing, "fencers": fencers, "walker": walker, "portrait": portrait,
    "horse": horse,
}  # fmt: skip


def main() -> None:
    """Paint what is asked for, all by default, and store it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(paintings), choices=list(paintings))
    parser.add_argument("--out", type=Path, default=folder)
    parser.add_argument("--photo", type=Path, help="astronaut.png of scikit-image, to store beside the paintings")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    if wanted.photo:
        Image.open(wanted.photo).convert("RGB").save(wanted.out / "astronaut.jpg", quality=92, optimize=True)
    for name in wanted.only:
        picture = (np.clip(paintings[name](), 0, 1) * 255 + 0.5).astype(np.uint8)
        path = wanted.out / f"{name}.jpg"
        Image.fromarray(picture).save(path, quality=90, optimize=True, subsampling=0)
        print(f"{path.name}: {picture.shape[1]} × {picture.shape[0]}, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
