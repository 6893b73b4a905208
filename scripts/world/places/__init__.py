"""Places behind the figures, painted anew each time: landscapes, rooms, skies, papers, and the user's own pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from scripts.world.places import air, built, land, papers, rooms, wild
from scripts.world.places.canvas import Canvas
from scripts.world.places.tone import rgb, tone
from scripts.world.words import palette

paper_names = tuple(f"{word} paper" for word in palette if word not in ("white", "gold"))

painters: dict[str, Callable[[Canvas], None]] = {
    "mountains": land.mountains, "forest": land.forest, "desert": land.desert, "meadow": land.meadow,
    "snow": land.snow, "garden": land.garden, "sea": wild.sea, "harbour": wild.harbour, "clouds": air.clouds,
    "night sky": air.night_sky, "cave": wild.cave, "city": built.city, "street": built.street,
    "temple": built.temple, "room": rooms.room, "stage": rooms.stage, "studio": rooms.studio,
    "plain paper": papers.plain, "gradient": papers.gradient, "stripes": papers.stripes, "checks": papers.checks,
    "dots": papers.dots,
    **{name: partial(papers.colored, word=name.split()[0]) for name in paper_names},
}  # fmt: skip
names = tuple(painters)
photo = "photo"
"""The name of the place that `Photos` gives."""
flat = ("clouds", "plain paper", "gradient", "stripes", "checks", "dots", *paper_names)
"""Places without a ground, on which no shadow falls."""
_share = 2 / 3  # of the drawing size: what is behind may be a little softer than the figures


def choose(rng: np.random.Generator, among: tuple[str, ...] = names) -> str:
    """A place by chance: every coloured paper together is as likely as two other places."""
    weights = np.array([2 / len(paper_names) if name in paper_names else 1.0 for name in among])
    return among[int(rng.choice(len(among), p=weights / weights.sum()))]


def place(
    name: str, size: tuple[int, int], horizon: float, light: str, rng: np.random.Generator, roll: float = 0.0
) -> np.ndarray:
    """The picture (H, W, 3) uint8 of a place in a light of `engine.light.lights`.

    `size` is (width, height) px, `horizon` the row that the eye is level with in the middle of the picture, perhaps
    outside it; below it is the ground. `roll` turns the place about the picture's middle, rad, right side down where
    it is positive; papers and patterns stay upright. ValueError for an unknown place or light.
    """
    if name not in painters:
        raise ValueError(f"expected one of the places {', '.join(names)}, got {name!r}")
    width, height = (max(round(side * _share), 8) for side in size)
    # Far outside, more distance changes nothing: ±4 heights.
    row = float(np.clip(horizon / size[1], -4, 4)) * height
    image = np.zeros((3, height, width), np.float32)
    canvas = Canvas(image, row, height, tone(light, rng), rng, -1 if rng.random() < 0.5 else 1)
    painters[name](canvas)
    return _finished(canvas, size, 0.0 if name in flat and name != "clouds" else roll)


def _finished(canvas: Canvas, size: tuple[int, int], roll: float) -> np.ndarray:
    """The canvas as a picture: turned, with a slight vignette, and grain that keeps soft skies from banding."""
    far = (canvas.x / canvas.width) ** 2 + ((canvas.y + canvas.horizon) / canvas.height - 0.5) ** 2
    canvas.image[:] *= rgb(255, 255, 255) * (1.02 - 0.16 * far)
    canvas.image[:] += 1.5 * canvas.noise(1.5, kind="grain")
    picture = cv2.merge([np.clip(channel, 0, 255).astype(np.uint8) for channel in canvas.image])
    if abs(roll) < 1e-3:
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR))
    # A little larger, so that fewer corners are empty; what still is shows the mirrored edge.
    larger = size[0] / canvas.width * (np.cos(roll) + min(abs(np.sin(roll)), 0.12))
    c, s = np.cos(roll) * larger, np.sin(roll) * larger
    middle, center = ((np.array(each) - 1) / 2 for each in ((canvas.width, canvas.height), size))
    turn = np.array([[c, -s, 0], [s, c, 0]])
    turn[:, 2] = center - turn[:, :2] @ middle
    return np.asarray(cv2.warpAffine(picture, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))


class Photos:
    """A folder of pictures (jpg, png, webp) to cut places out of; ValueError for a folder without any."""

    def __init__(self, folder: Path) -> None:
        self.files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
        if not self.files:
            raise ValueError(f"expected pictures (jpg, png, webp) in {folder}, got none")

    def drawn(self, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """A crop (H, W, 3) uint8 of one of the pictures, sometimes mirrored; ValueError for what is no picture."""
        file = self.files[int(rng.integers(len(self.files)))]
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise ValueError(f"expected a picture, got {file}")
        height, width = picture.shape[:2]
        fits = min(width / size[0], height / size[1])
        scale = fits * rng.uniform(min(0.6, 1), 1.0)
        w, h = max(int(size[0] * scale), 1), max(int(size[1] * scale), 1)
        left, top = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        crop = picture[top : top + h, left : left + w]
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        shrinks = scale > 1
        return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC))
