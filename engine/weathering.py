"""What pictures go through before anybody looks at them: greys and tones, patches in front, grain, compression.

Training on drawn worlds needs them, for photos and scans differ from clean pictures most in these. All chance comes
from the generator that is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Weathering:
    """Chances (0 … 1) and ranges; by default nothing happens.

    `tones` bends each channel by a power between 1 / `bend` and `bend`; `patches` is how many rectangles of one
    colour may lie in front, `patch` their sides as shares of the picture's; `shrink` is the least share of the size
    that is kept, `grain` the most standard deviation of noise in levels of 255, `quality` JPEG's.
    """

    grey: float = 0.0
    inverted: float = 0.0
    tones: float = 0.0
    bend: float = 1.8
    patches: int = 0
    patch: tuple[float, float] = (0.05, 0.25)
    shrunk: float = 0.0
    shrink: float = 0.4
    grainy: float = 0.0
    grain: float = 16.0
    compressed: float = 0.0
    quality: tuple[int, int] = (25, 90)


def retoned(image: np.ndarray, rng: np.random.Generator, how: Weathering) -> np.ndarray:
    """The picture (H, W, 3) uint8 grey, inverted or in other tones by chance."""
    grey, inverted, tones = rng.random(3) < (how.grey, how.inverted, how.tones)
    powers = how.bend ** rng.uniform(-1, 1, 3)
    if grey:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    if inverted:
        image = 255 - image
    if tones:
        levels = (np.linspace(0, 1, 256)[:, None] ** powers * 255).astype(np.uint8)
        image = cv2.LUT(image, levels[:, None])  # a column of three channels
    return image


def worn(image: np.ndarray, rng: np.random.Generator, how: Weathering) -> np.ndarray:
    """The picture (H, W, 3) uint8 with patches in front, shrunk, grainy and compressed by chance."""
    shrunk, grainy, compressed = rng.random(3) < (how.shrunk, how.grainy, how.compressed)
    share, deviation = rng.uniform(how.shrink, 1), rng.uniform(0, how.grain)
    quality = int(rng.integers(how.quality[0], how.quality[1] + 1))
    if how.patches:
        image = _patched(image, rng, how)
    height, width = image.shape[:2]
    if shrunk:
        small = cv2.resize(image, (round(width * share), round(height * share)), interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if grainy:
        noise = rng.standard_normal(image.shape, dtype=np.float32) * deviation
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if compressed:
        _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))  # neither way cares which channel is called red
    return image


def _patched(image: np.ndarray, rng: np.random.Generator, how: Weathering) -> np.ndarray:
    image = image.copy()
    for _ in range(int(rng.integers(how.patches + 1))):
        h, w = (rng.uniform(*how.patch, 2) * image.shape[:2]).astype(int)
        top, left = (int(rng.integers(side - part + 1)) for side, part in zip(image.shape, (h, w), strict=False))
        image[top : top + h, left : left + w] = rng.integers(0, 256, 3)
    return image
