"""Boxes around people, in pixels of the picture counted along its edges: the whole picture spans 0 … width.

A pixel's centre lies at +0.5 there, while points count from the centre of the first pixel, 0.5 less.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Box(NamedTuple):
    """A rectangle by its corners, pixels from the picture's own corner, x0 ≤ x1 and y0 ≤ y1."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return max(self.width, 0) * max(self.height, 0)

    @property
    def center(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def grown(self, factor: float) -> Box:
        """The box with both sides multiplied by `factor` about its centre."""
        (cx, cy), w, h = self.center, self.width * factor / 2, self.height * factor / 2
        return Box(cx - w, cy - h, cx + w, cy + h)

    def clipped(self, size: tuple[int, int]) -> Box:
        """The part inside a picture of `size` (width, height)."""
        w, h = size
        return Box(max(self.x0, 0.0), max(self.y0, 0.0), min(self.x1, float(w)), min(self.y1, float(h)))

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 … 1."""
        w = min(self.x1, other.x1) - max(self.x0, other.x0)
        h = min(self.y1, other.y1) - max(self.y0, other.y0)
        both = max(w, 0) * max(h, 0)
        return both / union if (union := self.area + other.area - both) > 0 else 0.0

    @classmethod
    def around(cls, points: np.ndarray, margin: float = 0.0) -> Box:
        """Smallest box around points (N, 2), grown on each side by `margin` of its longer side.

        Points are given from the centre of the first pixel, as a person's are; the box counts from its corner.
        """
        if not len(points):
            raise ValueError("expected at least one point to put a box around, got none")
        (x0, y0), (x1, y1) = points.min(0) + 0.5, points.max(0) + 0.5
        pad = margin * max(x1 - x0, y1 - y0)
        return cls(float(x0 - pad), float(y0 - pad), float(x1 + pad), float(y1 + pad))

    @classmethod
    def of(cls, size: tuple[int, int]) -> Box:
        """The whole picture of `size` (width, height)."""
        return cls(0.0, 0.0, float(size[0]), float(size[1]))
