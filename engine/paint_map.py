"""How a pose and its drawing are laid into the picture to be painted, and the map that tells a model the pose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

from engine import draw
from engine.pose import Pose2D
from engine.scene import PaintRequest

fits = ("whole", "squash")
step = 8  # px: latents are so many times smaller than pictures
smallest, largest = 64, 2048  # px a side
least_drawn = 256  # px a side of a map whose joints, 8 px wide, leave room between them


@dataclass(frozen=True)
class Placing:
    """Where the canvas of a pose lies in a picture of `size` (width, height): scaled by (x, y), then moved, px."""

    size: tuple[int, int]
    scale: tuple[float, float]
    offset: tuple[float, float]

    def pose(self, pose: Pose2D) -> Pose2D:
        """The pose in the picture's pixels; pixel centres correspond as in image resizing."""
        scale, offset = np.array(self.scale), np.array(self.offset)
        people = tuple(replace(p, points=(p.points + 0.5) * scale + offset - 0.5) for p in pose.people)
        return Pose2D(self.size, people)

    def image(self, image: np.ndarray) -> np.ndarray:
        """A picture of the canvas, (H, W, 3) or (H, W) uint8, as it lies there; what is beyond repeats its edge."""
        matrix = np.array([[self.scale[0], 0, self.offset[0]], [0, self.scale[1], self.offset[1]]])
        matrix[:, 2] += 0.5 * matrix[:, :2].sum(1) - 0.5
        small = min(self.scale) < 1
        if small:  # averaged first: a warp alone would skip pixels
            size = tuple(max(1, round(side * s)) for side, s in zip(image.shape[1::-1], self.scale, strict=True))
            now = np.array(image.shape[1::-1]) / size
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            matrix[:, :2] *= now
            matrix[:, 2] = self.offset + 0.5 * matrix[:, :2].sum(1) - 0.5
        return cv2.warpAffine(image, matrix, self.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def within(self, canvas: tuple[int, int]) -> np.ndarray:
        """Where a canvas of that size lies: (H, W) bool, False beyond it."""
        inside = np.zeros(self.size[::-1], bool)
        (x0, y0), (x1, y1) = (
            [round(o + side * s) for o, side, s in zip(self.offset, corner, self.scale, strict=True)]
            for corner in ((0, 0), canvas)
        )
        inside[max(y0, 0) : y1, max(x0, 0) : x1] = True
        return inside


def placing(request: PaintRequest, canvas: tuple[int, int]) -> Placing:
    """How a canvas (width, height) is laid into the picture asked for; ValueError for a size that none can have."""
    check_size(request.size)
    if request.fit not in fits:
        raise ValueError(f"expected a fit of {' or '.join(fits)}, got {request.fit!r}")
    (width, height), (w, h) = request.size, canvas
    if request.fit == "squash":
        return Placing(request.size, (width / w, height / h), (0.0, 0.0))
    scale = min(width / w, height / h)
    return Placing(request.size, (scale, scale), ((width - w * scale) / 2, (height - h * scale) / 2))


def check_size(size: tuple[int, int]) -> None:
    """ValueError for a picture's size that models cannot paint; it names the nearest that they can."""
    near = [min(max(round(side / step) * step, smallest), largest) for side in size]
    if list(size) != near:
        raise ValueError(
            f"expected a picture of {smallest} … {largest} pixels a side in steps of {step}, "
            f"got {size[0]} × {size[1]}; {near[0]} × {near[1]} is nearest"
        )


def drawn_map(request: PaintRequest, pose: Pose2D, encoding: str) -> np.ndarray:
    """The pose as a ControlNet of that encoding reads it, in the picture's size: (H, W) uint8 ids, or (H, W, 3) RGB.

    An index map that is squashed is drawn on the pose's own canvas first, as SP-Ctrl's authors do; every other map is
    drawn where it is read, so that lines keep their width. On small pictures such lines would run together: maps for
    these are drawn larger and shrunk.
    """
    if encoding == "spctrl" and request.fit == "squash":
        return nearest(draw.index_map(pose), request.size)
    check_size(request.size)
    times = max(1, least_drawn // min(request.size))
    larger = replace(request, size=(request.size[0] * times, request.size[1] * times))
    laid = placing(larger, pose.size).pose(pose)
    is_index = encoding == "spctrl"
    drawn = draw.index_map(laid) if is_index else draw.openpose_map(laid, thick=encoding == "openpose-thick")
    if times == 1:
        return drawn
    how = Image.Resampling.NEAREST if is_index else Image.Resampling.BILINEAR
    return np.array(Image.fromarray(drawn).resize(request.size, how))


def nearest(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An index map (H, W) at another size (width, height), nearest pixels by torch's rule, which is not Pillow's."""
    rows, columns = (
        np.minimum(np.floor(np.arange(new, dtype=np.float32) * np.float32(old / new)).astype(int), old - 1)
        for old, new in zip(image.shape, size[::-1], strict=True)
    )
    return image[rows[:, None], columns]


def colored(ids: np.ndarray) -> np.ndarray:
    """An index map (H, W) as a picture (H, W, 3) uint8 for people, who see its values as black: limbs darker."""
    table = np.zeros((256, 3), np.uint8)
    for n, color in enumerate(draw.palette, start=1):
        table[n] = color
    for n in range(19):  # Human-Art draws two limbs more than the palette has
        table[draw.first_limb + n] = draw.limb_palette[n] if n < len(draw.limb_palette) else (60, 60, 60)
    return table[ids]
