"""The canvas a place is painted on, and the few ways to lay paint on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property

import cv2
import numpy as np

from scripts.world.places.tone import Paint, Tone

tile_side = 512


@dataclass(frozen=True, eq=False)
class Canvas:
    """A picture in work: `image` (3, h, w) f32 0 … 1, changed in place; `horizon` a row, perhaps outside the picture.

    Lengths are in pixels of the canvas; `unit` is the height of the whole picture. `side` is where the sun stands: -1
    left, 1 right.
    """

    image: np.ndarray
    horizon: float
    unit: float
    tone: Tone
    rng: np.random.Generator
    side: int

    @property
    def height(self) -> int:
        return self.image.shape[1]

    @property
    def width(self) -> int:
        return self.image.shape[2]

    @cached_property
    def x(self) -> np.ndarray:
        """Columns (1, w) f32, from the middle of the picture."""
        return (np.arange(self.width, dtype=np.float32) - (self.width - 1) / 2)[None]

    @cached_property
    def y(self) -> np.ndarray:
        """Rows (h, 1) f32, from the horizon, down."""
        return (np.arange(self.height, dtype=np.float32) - np.float32(self.horizon))[:, None]

    @cached_property
    def eye(self) -> float:
        """Height of the eye above the ground, m: higher where the horizon is out of sight above; for whole pictures."""
        return 1.5 + 5 * max(0.0, -self.horizon / self.unit)

    @cached_property
    def focal(self) -> float:
        return 1.2 * self.unit

    def part(self, top: float, bottom: float) -> Canvas:
        """The rows between two places below (above: negative) the horizon as a canvas of their own, one at least."""
        first = int(np.clip(self.horizon + top, 0, self.height - 1))
        last = int(np.clip(np.ceil(self.horizon + bottom), first + 1, self.height))
        return replace(self, image=self.image[:, first:last], horizon=self.horizon - first)

    def lay(self, color: Paint, mask: np.ndarray | float = 1.0) -> None:
        """Paint over all that the mask (h, w) or (h, 1), 0 … 1, covers."""
        self.image[:] += (color - self.image) * mask

    def lay_rows(self, rows: slice, color: Paint, mask: np.ndarray | float = 1.0) -> None:
        """The same for some rows alone; color and mask cover those rows."""
        part = self.image[:, rows]
        part += (color - part) * mask

    def noise(self, cell: float, wide: float = 1.0, kind: str = "cloud") -> np.ndarray:
        """Smooth noise (h, w) of unit variance; its largest lumps are about `cell` high and `wide` times as wide."""
        rows = min(max(int(tile_side * self.height / (4 * cell)), 8), tile_side)
        columns = min(max(int(tile_side * self.width / (4 * cell * wide)), 8), tile_side)
        top, left = self.rng.integers(0, tile_side, 2)
        part = tile(kind)[top : top + rows, left : left + columns]
        if self.rng.random() < 0.5:
            part = part[:, ::-1]
        return cv2.resize(part, (self.width, self.height), interpolation=cv2.INTER_LINEAR)

    def wander(self, rough: float = 0.5, first: int = 1) -> np.ndarray:
        """A wandering line (w,) f32 of about unit height: octaves from `first` waves on, each `rough` times as high."""
        out = np.zeros(self.width, np.float32)
        place = np.linspace(0, 1, self.width)
        for octave in range(first, first + 6):
            knots = self.rng.normal(0, rough ** (octave - first), 2**octave + 2).astype(np.float32)
            bent = cv2.resize(knots[None], (self.width, 1), interpolation=cv2.INTER_CUBIC)[0]
            out += bent if octave < first + 4 else np.interp(place, np.linspace(0, 1, len(knots)), knots)
        return out

    def below(self, edge: np.ndarray, soft: float = 1.0) -> np.ndarray:
        """Mask (h, w) of what lies under the line `edge` (w,) of rows from the horizon."""
        return np.clip((self.y - edge[None]) / soft + 0.5, 0, 1)

    def mask(self) -> np.ndarray:
        """An empty mask (h, w) uint8 to draw on."""
        return np.zeros((self.height, self.width), np.uint8)

    def strokes(self, count: int) -> Iterator[tuple[float, float]]:
        """So many places of brush strokes below the horizon, (column, row) px of the picture, from far to near."""
        low = max(self.horizon, 0)
        near = np.sort(self.rng.random(count) ** 0.7)
        for share, column in zip(near, self.rng.random(count), strict=True):
            yield column * self.width, low + share * (self.height - low)


def fill(canvas: Canvas, points: list[tuple[float, float]], color: np.ndarray, strength: float = 1.0) -> None:
    """A filled polygon of picture coordinates, within its bounding rows and columns alone."""
    corners = np.array(points)
    left, top = (int(max(v, 0)) for v in np.floor(corners.min(axis=0)) - 1)
    right, low = (int(v) for v in np.minimum(np.ceil(corners.max(axis=0)) + 2, (canvas.width, canvas.height)))
    if left >= right or top >= low:
        return
    mask = np.zeros((low - top, right - left), np.uint8)
    cv2.fillPoly(mask, [np.round((corners - (left, top)) * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
    part = canvas.image[:, top:low, left:right]
    part += (color - part) * (mask * np.float32(strength / 255))


def step(values: np.ndarray, edge: float | np.ndarray, soft: float) -> np.ndarray:
    """0 below the edge, 1 above it, and a smooth rise `soft` wide between."""
    t = np.clip((values - edge) / soft + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def blend(a: Paint, b: Paint, share: np.ndarray | float) -> Paint:
    """Of two colours so much of the second, 0 … 1."""
    return a + (b - a) * share


@cache
def tile(kind: str) -> np.ndarray:
    """A noise tile, doubled so that any 512 × 512 crop of it exists (1024, 1024) f32, unit variance, periodic.

    `cloud` falls off with frequency as clouds do; `grain` is finer; `streak` is drawn out across.
    """
    slope, stretch = {"cloud": (1.55, 1.0), "grain": (0.7, 1.0), "streak": (1.2, 6.0)}[kind]
    rng = np.random.default_rng(tile_side)
    down, across = np.meshgrid(np.fft.fftfreq(tile_side), np.fft.fftfreq(tile_side) * stretch, indexing="ij")
    radius = np.hypot(down, across) * tile_side
    radius[0, 0] = 1
    share = np.where(radius < 3, 0.4, 1) / radius**slope
    share[0, 0] = 0
    out = np.fft.ifft2(np.fft.fft2(rng.normal(size=(tile_side, tile_side))) * share).real
    return np.tile((out / out.std()).astype(np.float32), (2, 2))


def sampled(kind: str, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """The noise tile at any coordinates, in tile pixels."""
    u, v = (np.broadcast_to(a, np.broadcast_shapes(across.shape, down.shape)) for a in (across, down))
    u, v = (np.ascontiguousarray(a - np.floor(a / tile_side) * tile_side, np.float32) for a in (u, v))
    return cv2.remap(tile(kind), u, v, cv2.INTER_LINEAR)


def blurred(values: np.ndarray, radius: float) -> np.ndarray:
    """A mask or noise, softened by so many pixels."""
    side = 2 * max(int(radius), 1) + 1
    return cv2.blur(cv2.blur(values, (side, side)), (side, side))


def shifted(values: np.ndarray, right: int, down: int) -> np.ndarray:
    """A mask or noise (h, w) moved by whole pixels; what comes in from outside repeats the edge."""
    rows = np.clip(np.arange(values.shape[0]) - down, 0, values.shape[0] - 1)
    columns = np.clip(np.arange(values.shape[1]) - right, 0, values.shape[1] - 1)
    return values[rows][:, columns]
