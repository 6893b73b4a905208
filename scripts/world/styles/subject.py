"""What every medium draws from: the view's layers over their backdrop, with tones and lines worked out when asked for.

Images are (H, W, 3) float32 RGB, 0 … 1; fields (H, W) float32; lengths in pixels of a picture 384 px wide times `unit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from engine.brushwork import step
from scripts.world.layers import Layers

usual_side = 384.0
grays = np.array([0.299, 0.587, 0.114], np.float32)


def gray_of(image: np.ndarray) -> np.ndarray:
    """Luma (H, W) float32 of RGB (H, W, 3) float32, on its scale."""
    return cv2.transform(image, grays[None])


def blurred(field: np.ndarray, sigma: float) -> np.ndarray:
    """A field or image (H, W, …) smoothed by a Gaussian of `sigma` px, wide ones at a fraction of the size."""
    if sigma < 5:
        return cv2.GaussianBlur(field, (0, 0), sigma) if sigma > 0 else field
    height, width = field.shape[:2]
    less = max(2, int(sigma / 2.5))
    small = cv2.resize(field, (max(4, width // less), max(4, height // less)), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / less), (width, height), interpolation=cv2.INTER_CUBIC)


def steepness(field: np.ndarray) -> np.ndarray:
    """How fast a field (H, W) or image (H, W, C) changes, (H, W) float32 per pixel."""
    across, down = cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=1), cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=1)
    squares = across * across + down * down
    return np.sqrt(squares if squares.ndim == 2 else cv2.transform(squares, np.ones((1, 3), np.float32))) * 0.5


def spread(values: np.ndarray, sample: np.ndarray, low: float, high: float, least: float) -> np.ndarray:
    """Values stretched to 0 … 1 between two percentiles of a sample of them that count as `least` apart or more."""
    bottom, top = (float(edge) for edge in np.percentile(sample, (low, high)))
    bottom = min(bottom, top - least)  # what hardly differs is light
    return np.clip((values - bottom) * (1 / (top - bottom)), 0, 1)


# Channels last make numpy's broadcasting slow: OpenCV does these ten times as fast.


def three(field: np.ndarray) -> np.ndarray:
    """A field as an image of greys."""
    return cv2.merge([field, field, field])


def dyed(image: np.ndarray, color: Sequence[float] | np.ndarray) -> np.ndarray:
    """An image times a colour."""
    return cv2.transform(image, np.diag(np.asarray(color, np.float32)))


def vivid(image: np.ndarray, factor: float) -> np.ndarray:
    """An image with its colours moved away from grey (or towards it, below 1), within 0 … 1."""
    away = np.eye(3, dtype=np.float32) * factor + np.full((3, 3), (1 - factor) / 3, np.float32)
    return np.clip(cv2.transform(image, away), 0, 1)


def inked(paper: np.ndarray, ink: Sequence[float], amount: np.ndarray) -> np.ndarray:
    """An image with a colour laid over it, `amount` (H, W) 0 … 1 of it."""
    return paper - three(amount) * cv2.subtract(paper, np.array((*ink, 0.0), np.float64))


def borders(labels: np.ndarray) -> np.ndarray:
    """Where labels (H, W) uint8 change to the next pixel, float32 0 or 1, on the side of the larger number."""
    return (labels != cv2.erode(labels, np.ones((3, 3), np.uint8))).astype(np.float32)


def calmed(edges: np.ndarray, unit: float) -> np.ndarray:
    """Edges made fainter where many are close together, as in small hands and faces."""
    crowd = cv2.blur(edges, (round(9 * unit) | 1,) * 2)
    return edges * np.clip(0.2 / (crowd + 1e-3), 0, 1)


@dataclass(frozen=True, eq=False)
class Subject:
    """Layers and the backdrop (H, W, 3) uint8 behind them; everything else follows from these two."""

    layers: Layers
    backdrop: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px."""
        return self.layers.size

    @cached_property
    def unit(self) -> float:
        return max(self.size) / usual_side

    @cached_property
    def solid(self) -> np.ndarray:
        """Where anything is, bool (H, W)."""
        return self.layers.solid

    @cached_property
    def open(self) -> np.ndarray:
        """1 where only the backdrop is, 0 elsewhere, field."""
        return (~self.solid).astype(np.float32)

    @cached_property
    def behind(self) -> np.ndarray:
        """The backdrop, image."""
        return self.backdrop.astype(np.float32) * np.float32(1 / 255)

    @cached_property
    def own(self) -> np.ndarray:
        """Own colours without light, image; 0 where nothing is."""
        return self.layers.albedo.astype(np.float32) * np.float32(1 / 255)

    @cached_property
    def light(self) -> np.ndarray:
        """How light the arriving light is, 0 … 1; 0 where nothing is."""
        return np.clip(gray_of(self.layers.lit), 0, 1)

    @cached_property
    def modelling(self) -> np.ndarray:
        """The light spread over the whole scale, 0 … 1, whatever its strength and colour.

        A part of it falls from above the viewer, so that forms show also in flat light and in deep shadow.
        """
        if not self.solid.any():
            return np.zeros(self.solid.shape, np.float32)
        light = self.light + 0.175 * (self.layers.normal[..., 1] + self.layers.normal[..., 2])
        return spread(light, light[self.solid][::7], 5, 95, 0.12) * self.solid

    @cached_property
    def tint(self) -> np.ndarray:
        """The colour (3,) of the light that falls on the figures, its largest part 1."""
        if not self.solid.any():
            return np.ones(3, np.float32)
        mean = self.layers.lit[self.solid][::7].mean(0)
        return (mean / max(float(mean.max()), 1e-3)).astype(np.float32)

    @cached_property
    def near(self) -> np.ndarray:
        """Depth with what is empty set behind everything, m."""
        depth = self.layers.depth
        far = float(depth[self.solid].max()) + 0.6 if self.solid.any() else 10.0
        return np.where(self.solid, depth, np.float32(far)).astype(np.float32)

    # ── lines ──

    @cached_property
    def silhouette(self) -> np.ndarray:
        """Where people and things end, before the backdrop or before each other, 0 or 1."""
        return cv2.max(borders(self.layers.figure), borders(self.solid.view(np.uint8)))

    @cached_property
    def outline(self) -> np.ndarray:
        """Where one thing ends before another: silhouettes, an arm over a chest; 0 … 1, less where all is lines."""
        jump = [cv2.filter2D(self.near, -1, np.array(k, np.float32)) for k in ([[1, -2, 1]], [[1], [-2], [1]])]
        # Only the near side of a jump, and only one deeper than forms that merely slant away.
        inner = (cv2.max(jump[0], jump[1]) > 0.03 * np.maximum(1, self.near / 3)).astype(np.float32)
        return cv2.max(self.silhouette, calmed(inner, self.unit))

    @cached_property
    def seams(self) -> np.ndarray:
        """Where one material ends at another, 0 or 1."""
        return borders(self.layers.material) * self._inside

    @cached_property
    def marks(self) -> np.ndarray:
        """Where own colours end at others: stripes, brows, lips; 0 … 1."""
        change = steepness(cv2.GaussianBlur(gray_of(self.own), (0, 0), 0.6))
        return calmed((change > 0.075).astype(np.float32) * self._inside, self.unit)

    @cached_property
    def _inside(self) -> np.ndarray:
        return cv2.erode(self.solid.view(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)

    @cached_property
    def folds(self) -> np.ndarray:
        """Where a form turns sharply, 0 … 1."""
        return calmed(step(steepness(self.layers.normal), 0.16, 0.34) * self._inside, self.unit)

    # ── what lies behind and below ──

    @cached_property
    def contact(self) -> np.ndarray:
        """How dark the ground is just under what stands on it, 0 … 1, soft; 0 on the figures themselves."""
        return contact_shadow(self.solid, self.unit) * self.open

    @cached_property
    def ground(self) -> np.ndarray:
        """The backdrop with the contact shadow on it, image."""
        return self.behind * three(1 - 0.4 * self.contact)

    @cached_property
    def picture(self) -> np.ndarray:
        """The lit figures over the ground, image."""
        color = self.layers.color.astype(np.float32) * np.float32(1 / 255)
        return self.over(color, self.ground)

    def over(self, front: np.ndarray, back: np.ndarray) -> np.ndarray:
        """`front` where anything is, `back` elsewhere: images or fields."""
        return cv2.copyTo(front, self.solid.view(np.uint8), back.copy())


def contact_shadow(solid: np.ndarray, unit: float) -> np.ndarray:
    """A soft shadow (H, W) 0 … 1 at the lowest parts of a mask; none for what is cut off by the lower edge."""
    height, width = solid.shape
    rows = np.flatnonzero(solid.any(1))
    shadow = np.zeros((height, width), np.float32)
    if not len(rows):
        return shadow
    lowest = height - 1 - solid[::-1].argmax(0)
    near = solid.any(0) & (lowest < height - 2) & (lowest > rows[-1] - max(0.16 * (rows[-1] - rows[0]), 10 * unit))
    columns = np.flatnonzero(near)
    shadow[lowest[columns], columns] = 1
    shadow = cv2.dilate(shadow, np.ones((max(1, round(5 * unit)), 1), np.uint8))
    wide = cv2.GaussianBlur(shadow, (0, 0), sigmaX=9 * unit, sigmaY=3.2 * unit)
    tight = cv2.GaussianBlur(shadow, (0, 0), sigmaX=3 * unit, sigmaY=1.4 * unit)
    return np.clip(0.9 * wide + 0.6 * tight, 0, 1)
