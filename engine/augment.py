"""What happens to a training picture before the network sees it: SDPose's augmentations, in their order.

Flip → half body → jitter of the box → UDP crop → colours → [the clean picture is kept here] → blur → cut-out. All
chance comes from the generator that is handed in, so the same seed makes the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from statistics import NormalDist

import cv2
import numpy as np

from engine.box import Box
from engine.heatmap import Crop, box_padding, crop_of, cut
from engine.skeleton import Skeleton
from engine.weathering import Weathering, retoned, worn

upper_groups = ("head", "left_arm", "right_arm", "left_hand", "right_hand", "face")
lower_groups = ("left_leg", "right_leg", "left_foot", "right_foot")
_normal = NormalDist()


@dataclass(frozen=True)
class Augmentation:
    """Chances (0 … 1) and ranges; the defaults are the published code's, `calm` leaves every picture as it is.

    Lengths are shares of the box, `rotation` is in radians, `brightness` in levels of 255, `hue` in OpenCV's half
    degrees, `hole` in shares of the crop's sides. `weather` is what else may happen to a picture, by default nothing.
    """

    flip: float = 0.5
    half_body: float = 0.3
    half_body_from: int = 9  # visible joints; a figure with fewer stays whole
    upper: float = 0.7  # chance of the upper half, where both could be taken
    half_body_padding: float = 1.5
    shift_chance: float = 0.3
    shift: float = 0.16
    scale: tuple[float, float] = (0.5, 1.5)
    rotation_chance: float = 0.6
    rotation: float = float(np.radians(80))
    color_chance: float = 0.5  # of each of brightness, contrast, saturation, hue and a swap of channels
    brightness: float = 32.0
    contrast: tuple[float, float] = (0.5, 1.5)
    saturation: tuple[float, float] = (0.5, 1.5)
    hue: int = 18
    blur: float = 0.1
    median_blur: float = 0.1
    blur_sizes: tuple[int, ...] = (3, 5, 7)
    hole_chance: float = 1.0
    hole: tuple[float, float] = (0.2, 0.4)
    weather: Weathering = field(default_factory=Weathering)


calm = Augmentation(
    flip=0, half_body=0, shift_chance=0, scale=(1, 1), rotation_chance=0, color_chance=0, blur=0, median_blur=0,
    hole_chance=0,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Figure:
    """A labelled figure: image (H, W, 3) uint8 RGB, its box as the file has it, points (K, 2) px, visible (K,) bool.

    `visible` is what a label exists for, hidden behind something or not, as the published training counts it.
    """

    image: np.ndarray
    box: Box
    points: np.ndarray
    visible: np.ndarray


@dataclass(frozen=True, eq=False)
class View:
    """A figure as training takes it, `seen` and `clean` (h, w, 3) uint8, points (K, 2) px of the crop, visible (K,).

    The network gets `seen`; `clean` is the same crop before blur and cut-out, which the picture task reconstructs.
    """

    seen: np.ndarray
    clean: np.ndarray
    points: np.ndarray
    visible: np.ndarray


def view_of(
    figure: Figure, skeleton: Skeleton, size: tuple[int, int], rng: np.random.Generator, how: Augmentation
) -> View:
    """The figure cut out and changed by chance, `size` (width, height) pixels."""
    if rng.random() < how.flip:
        figure = flipped(figure, skeleton)
    crop = framed(figure, skeleton, size, rng, how)
    clean = recolored(cut(figure.image, crop), rng, how)
    weather = how.weather if how.weather != Weathering() else None
    if weather:
        clean = retoned(clean, rng, weather)
    points = figure.points @ crop.matrix[:, :2].T.astype(float) + crop.matrix[:, 2]
    seen = corrupted(clean, rng, how)
    return View(worn(seen, rng, weather) if weather else seen, clean, points, figure.visible)


def flipped(figure: Figure, skeleton: Skeleton) -> Figure:
    """The figure as a mirror shows it: left and right change places."""
    last = figure.image.shape[1] - 1
    points = figure.points[skeleton.swap] * (-1, 1) + (last, 0)
    x0, y0, x1, y1 = figure.box
    return Figure(
        np.ascontiguousarray(figure.image[:, ::-1]),
        Box(last - x1, y0, last - x0, y1),
        points,
        figure.visible[skeleton.swap],
    )


# ── where to cut ──


def framed(
    figure: Figure, skeleton: Skeleton, size: tuple[int, int], rng: np.random.Generator, how: Augmentation
) -> Crop:
    """Where the figure is cut out: its box or that of half of it, shifted, scaled and turned by chance."""
    box, padding = figure.box, 1.0
    if rng.random() < how.half_body and (half := half_body(figure, skeleton, rng, how)) is not None:
        box, padding = half, how.half_body_padding / box_padding
    shift = np.where(rng.random(2) < how.shift_chance, truncated(rng, 2) * how.shift, 0.0)
    low, high = how.scale
    grown = (low + high) / 2 + truncated(rng, 1)[0] * (high - low) / 2
    turn = truncated(rng, 1)[0] * how.rotation
    if rng.random() >= how.rotation_chance:
        turn = 0.0
    dx, dy = shift * (box.width, box.height) * padding * box_padding
    moved = Box(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy).grown(padding * grown)
    return replace(crop_of(moved, "evaluation", size), rotation=float(turn))


def half_body(figure: Figure, skeleton: Skeleton, rng: np.random.Generator, how: Augmentation) -> Box | None:
    """Box around the visible joints of the upper or lower half; None for a figure with too few of them."""
    upper, lower = (visible_of(figure, skeleton, groups) for groups in (upper_groups, lower_groups))
    prefers_upper = rng.random() < how.upper
    if figure.visible.sum() < how.half_body_from or (len(upper) < 2 and len(lower) < 3):
        return None
    takes_upper = len(lower) < 3 or (len(upper) >= 2 and prefers_upper)
    points = figure.points[upper if takes_upper else lower]
    (x0, y0), (x1, y1) = points.min(0), points.max(0)
    # Joints in one line have no area to look at.
    return Box(float(x0), float(y0), float(x1), float(y1)) if min(x1 - x0, y1 - y0) > 1 else None


def visible_of(figure: Figure, skeleton: Skeleton, groups: tuple[str, ...]) -> np.ndarray:
    """Places (n,) on the skeleton of the visible joints of those groups."""
    has = {name for name, _ in skeleton.groups}
    joints = [joint for name in groups if name in has for joint in skeleton.group(name)]
    places = skeleton.indices(joints)
    return places[figure.visible[places]]


def truncated(rng: np.random.Generator, count: int) -> np.ndarray:
    """Numbers (count,) from a standard normal cut off at −1 and 1."""
    low, high = _normal.cdf(-1), _normal.cdf(1)
    return np.array([_normal.inv_cdf(u) for u in rng.uniform(low, high, count)])


# ── what it looks like ──


def recolored(image: np.ndarray, rng: np.random.Generator, how: Augmentation) -> np.ndarray:
    """The picture (H, W, 3) uint8 in another light: brightness, contrast, saturation, hue and channels by chance."""
    brighten, contrast, saturate, turn_hue, swap = rng.random(5) < how.color_chance
    contrast_first = rng.random() < 0.5
    beta = rng.uniform(-how.brightness, how.brightness)
    alpha, color = rng.uniform(*how.contrast), rng.uniform(*how.saturation)
    hue, order = int(rng.integers(-how.hue, how.hue + 1)), rng.permutation(3)
    if brighten:
        image = _levels(image, 1.0, beta)
    if contrast and contrast_first:
        image = _levels(image, alpha, 0.0)
    if saturate or turn_hue:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        if saturate:
            hsv[..., 1] = _levels(hsv[..., 1], color, 0.0)
        if turn_hue:
            hsv[..., 0] = (hsv[..., 0].astype(int) + hue) % 180
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    if contrast and not contrast_first:
        image = _levels(image, alpha, 0.0)
    return np.ascontiguousarray(image[..., order]) if swap else image


def _levels(image: np.ndarray, factor: float, offset: float) -> np.ndarray:
    """The levels 0 … 255 multiplied and moved."""
    return np.clip(image.astype(np.float32) * factor + offset, 0, 255).astype(np.uint8)


def corrupted(image: np.ndarray, rng: np.random.Generator, how: Augmentation) -> np.ndarray:
    """The picture (H, W, 3) uint8 blurred by chance and with a black hole; the one handed in stays as it is."""
    height, width = image.shape[:2]
    blur, median, hole = rng.random(3) < (how.blur, how.median_blur, how.hole_chance)
    box_size, median_size = (int(rng.choice(how.blur_sizes)) for _ in range(2))
    h, w = (rng.uniform(*how.hole, 2) * (height, width)).astype(int)
    top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
    if blur:
        image = cv2.blur(image, (box_size, box_size))
    if median:
        image = cv2.medianBlur(image, median_size)
    if hole:
        image = image.copy()
        image[top : top + h, left : left + w] = 0
    return image
