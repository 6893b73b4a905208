"""Marks on paper that several media make: lines that swell, strokes of one direction, paper, washes, cells.

Fields are (H, W) float32; `size` is (width, height) px, angles rad from x towards y.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import cv2
import numpy as np

from engine.brushwork import step
from scripts.world.styles.subject import dyed, three

Ink = tuple[float, float, float]
T = TypeVar("T")


def pick(rng: np.random.Generator, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
    """One of the options, by weights that sum to 1."""
    return options[int(rng.choice(len(options), p=weights))]


@lru_cache(maxsize=4)
def grid(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """x and y of every pixel, fields that nobody may write to."""
    width, height = size
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x.flags.writeable = y.flags.writeable = False
    return x, y


def noise(size: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise of mean 0 and deviation about 1 with blotches of `scale` px."""
    width, height = size
    cell = max(1.0, scale / 2)
    rows, columns = int(height / cell) + 3, int(width / cell) + 3
    # Bytes come ten times as fast as normal numbers, and a blur makes them as good.
    small = np.frombuffer(rng.bytes(rows * columns), np.uint8).reshape(rows, columns).astype(np.float32)
    small = cv2.GaussianBlur(small, (0, 0), 0.8) * np.float32(2.8 / 74) - np.float32(2.8 * 127.5 / 74)
    if cell == 1.0:
        return small[:height, :width]
    grown = cv2.resize(small, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
    return grown[:height, :width]


def strokes(
    size: tuple[int, int], angle: float, length: float, thick: float, rng: np.random.Generator
) -> np.ndarray:  # fmt: skip
    """How much each place is left bare by strokes of one direction, 0 … 1 evenly spread; strokes are `thick` px."""
    width, height = size
    side = int(np.hypot(width, height) / max(1.0, thick)) + 4
    rough = np.frombuffer(rng.bytes(side * side), np.uint8).reshape(side, side).astype(np.float32) - 127.5
    long = max(1, round(length / max(1.0, thick)))
    rough = cv2.GaussianBlur(cv2.blur(rough, (2 * long + 1, 1)), (0, 0), sigmaX=1, sigmaY=0.5)
    turned = cv2.getRotationMatrix2D((side / 2, side / 2), -np.degrees(angle), max(1.0, thick))
    turned[:, 2] += (width - side) / 2, (height - side) / 2
    rough = cv2.warpAffine(rough, turned, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    rough = rough / (rough[::5, ::5].std() + 1e-6)
    return (0.5 + 0.5 * np.tanh(0.85 * rough)).astype(np.float32)


def drawn(edges: np.ndarray, width: float, swell: np.ndarray | float = 0.0) -> np.ndarray:
    """Lines 0 … 1 about `width` px wide along edges (0 … 1 of one pixel); `swell` (-1 … 1) thins or fattens them."""
    sigma = max(0.6, 0.5 * width)
    # One pixel of edge, smoothed, is this high in its middle; half a width away it has fallen to the share below.
    level = 0.4 / sigma * 0.62
    line = cv2.GaussianBlur(edges, (0, 0), sigma)
    least = level * (1 - 0.55 * np.asarray(swell, np.float32))
    return np.clip((line - 0.72 * least) / (0.75 * least), 0, 1)


def shaken(image: np.ndarray, by: float, scale: float, rng: np.random.Generator) -> np.ndarray:
    """The image or field with its places wavering `by` px in waves of `scale` px."""
    size = (image.shape[1], image.shape[0])
    x, y = grid(size)
    dx, dy = (noise(size, scale, rng) * np.float32(by / 1.5) for _ in range(2))
    return cv2.remap(image, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def sheet(size: tuple[int, int], color: Ink, rng: np.random.Generator, tooth: float = 0.02) -> np.ndarray:
    """Paper (H, W, 3) 0 … 1 of a colour, with its tooth and faint clouds."""
    grain = tooth * noise(size, 1, rng) + 0.5 * tooth * noise(size, 5, rng) + 0.010 * noise(size, 90, rng)
    return np.clip(dyed(three(1 + grain), color), 0, 1)


def pigmented(color: np.ndarray, density: np.ndarray) -> np.ndarray:
    """A transparent wash of a colour (H, W, 3), thinner or thicker than 1; after Bousseau and others, 2006."""
    return np.clip(color * (1 - (1 - color) * three(density - 1)), 0, 1)


def sheet_edge(size: tuple[int, int], margin: float, rough: float, rng: np.random.Generator) -> np.ndarray:
    """1 within the picture, 0 on a bare margin of about `margin` px with a wavering border."""
    width, height = size
    x, y = grid(size)
    inside = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    return step(inside - margin + rough * noise(size, 26, rng) + 0.3 * rough * noise(size, 6, rng), -0.8, 0.8)


def cells(size: tuple[int, int], seeds: np.ndarray) -> np.ndarray:
    """Number (H, W) int32 of the seed (N, 2) px nearest to each pixel, 1 … N in no particular order."""
    width, height = size
    bare = np.full((height, width), 255, np.uint8)
    x, y = np.round(seeds).astype(int).T
    within = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    bare[y[within], x[within]] = 0
    return cv2.distanceTransformWithLabels(bare, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]


def scattered(size: tuple[int, int], distance: float, rng: np.random.Generator, stray: float = 0.42) -> np.ndarray:
    """Places (N, 2) px about `distance` apart, none next to another, all over a picture and a little beyond."""
    width, height = size
    x, y = np.meshgrid(np.arange(0, width + distance, distance), np.arange(0, height + distance, distance * 0.87))
    x = x + distance / 2 * (np.arange(len(x)) % 2)[:, None]
    at = np.stack([x.ravel(), y.ravel()], 1)
    return (at + rng.uniform(-stray, stray, at.shape) * distance).astype(np.float32)


def means(labels: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The mean colour (N, 3) of an image (H, W, 3) over each label 0 … N-1 of (H, W)."""
    flat = labels.ravel()
    count = np.maximum(np.bincount(flat), 1)
    return np.stack([np.bincount(flat, image[..., k].ravel()) for k in range(3)], 1) / count[:, None]
