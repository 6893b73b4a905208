"""What paint and drawing by image processing are made of: flow along the forms, fibres, hatching, outlines, tones.

Images are (H, W, 3) uint8 RGB, fields (H, W) float32, angles rad from x towards y, lengths px.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, Any]
usual_side = 640.0


def unit_of(image: np.ndarray) -> float:
    return max(image.shape[:2]) / usual_side


def floats(image: np.ndarray) -> Array:
    return image.astype(np.float32) / 255


def to_bytes(image: Array) -> np.ndarray:
    return (np.clip(image, 0, 1) * 255).round().astype(np.uint8)


def gray_of(image: np.ndarray) -> Array:
    return cv2.cvtColor(floats(image), cv2.COLOR_RGB2GRAY)


def step(values: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def saturated(image: Array, factor: float) -> Array:
    gray = image.mean(2, keepdims=True)
    return np.clip(gray + (image - gray) * factor, 0, 1).astype(np.float32)


def ranked(values: Array) -> Array:
    """Values as their ranks, 0 … 1: every share of the picture at its level."""
    order = np.argsort(values, axis=None)
    ranks = np.empty(values.size, np.float32)
    ranks[order] = np.linspace(0, 1, values.size, dtype=np.float32)
    return ranks.reshape(values.shape)


def sampled(field: Array, at: Array) -> Array:
    """Values of a field (H, W, …) at the pixels nearest to places (N, 2)."""
    x, y = np.round(at).astype(int).T
    return field[y.clip(0, field.shape[0] - 1), x.clip(0, field.shape[1] - 1)]


def blotches(image: np.ndarray, size: float, rng: np.random.Generator) -> Array:
    """Smooth noise (H, W) of mean 0 and deviation 1, with blotches of about `size` px."""
    height, width = image.shape[:2]
    step = max(1.0, size / 2)
    small = rng.normal(size=(int(height / step) + 4, int(width / step) + 4)).astype(np.float32)
    grown = cv2.resize(cv2.GaussianBlur(small, (0, 0), 1.0), None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
    values = grown[:height, :width]
    return (values - values.mean()) / (values.std() + 1e-6)


def flow(image: np.ndarray, sigma: float) -> Array:
    """Angle (H, W) rad along the forms, from the smoothed structure tensor; where there is none, its surroundings'."""
    gray = cv2.GaussianBlur(gray_of(image), (0, 0), max(0.8, 0.3 * sigma))
    gx, gy = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    tensor = [cv2.GaussianBlur(each, (0, 0), sigma) for each in (gx * gx - gy * gy, 2 * gx * gy)]
    wide = [cv2.GaussianBlur(each, (0, 0), 6 * sigma) for each in tensor]
    a, b = (near + 0.25 * far for near, far in zip(tensor, wide, strict=True))
    return 0.5 * np.arctan2(b, a) + np.float32(np.pi / 2)


def fibres(values: Array, angle: Array, reach: float) -> Array:
    """Noise smeared along the angles to fibres of mean 0 and deviation 0.5."""
    fibres = smeared(values, angle, reach)
    fibres -= fibres.mean()
    return fibres / (fibres.std() + 1e-6) * np.float32(0.5)


def smeared(values: Array, angle: Array, reach: float) -> Array:
    """The mean of the values along the angles, `reach` px either way: line integral convolution, straight per pixel."""
    height, width = values.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    dx, dy = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    places = np.linspace(-reach, reach, 2 * max(2, round(reach)) + 1, dtype=np.float32)
    total = np.zeros_like(values)
    for t in places:
        total += cv2.remap(values, x + t * dx, y + t * dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return total / len(places)


def hatched(angle: Array, distance: float, rng: np.random.Generator) -> Array:
    """How far (H, W), 0 … 1, each pixel is from the nearest of wavering parallel lines `distance` px apart."""
    height, width = angle.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    across = -np.sin(angle) * x + np.cos(angle) * y
    waver = 0.35 * blotches(np.empty((height, width)), 40 * distance / 5, rng)
    breaks = 0.12 * blotches(np.empty((height, width)), 14 * distance / 5, rng)
    phase = across / distance + waver
    return np.clip(np.abs(phase - np.round(phase)) * 2 + breaks * 0.5, 0, 1)


def shaken(image: np.ndarray, by: float, size: float, rng: np.random.Generator) -> np.ndarray:
    """The image with its outlines wavering `by` px, in waves of `size` px."""
    height, width = image.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    dx, dy = (np.float32(by / 2) * blotches(image, size, rng) for _ in range(2))
    return cv2.remap(image, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def flattened(image: np.ndarray, unit: float) -> np.ndarray:
    """Details taken out, outlines kept."""
    flat = image
    for _ in range(4):
        flat = cv2.bilateralFilter(flat, 2 * max(2, round(4 * unit)) + 1, 28, 5 * unit)
    return cv2.pyrMeanShiftFiltering(flat, 8 * unit, 18)


def toned(image: np.ndarray, unit: float) -> Array:
    """Grey 0 … 1 of forms without texture, spread over the whole scale."""
    gray = gray_of(cv2.bilateralFilter(image, 2 * max(2, round(4 * unit)) + 1, 40, 5 * unit))
    low, high = np.percentile(gray, (2, 98))
    spread = np.clip((gray - low) / max(float(high - low), 1e-3), 0, 1).astype(np.float32)
    # Shadows too have their lights: half of the scale is given to what is near.
    local = cv2.createCLAHE(2.5, (4, 4)).apply((spread * 255).astype(np.uint8)).astype(np.float32) / 255
    return 0.5 * spread + 0.5 * local


def outlines(image: np.ndarray, width: float, least: float) -> Array:
    """1 on paper, 0 on a line `width` px wide: where the image is darker than its surroundings by a share of `least`.

    Difference of Gaussians smoothed along the forms (Kang and others, Coherent Line Drawing, 2007).
    """
    gray = gray_of(image)
    near, far = (cv2.GaussianBlur(gray, (0, 0), s) for s in (0.7 * width, 1.12 * width))
    darker = (far - near) / (far + 0.12)
    darker = smeared(darker, flow(image, 1.5 * width), 3 * width)
    return 1 - step(darker, least, 2.5 * least)


def nearest(lab: Array, centers: Array) -> np.ndarray:
    """Number (H, W) uint8 of the centre next to each pixel."""
    best = np.full(lab.shape[:2], np.inf, np.float32)
    labels = np.zeros(lab.shape[:2], np.uint8)
    for n, center in enumerate(centers):
        distance = ((lab - center) ** 2).sum(2)
        closer = distance < best
        labels[closer], best[closer] = n, distance[closer]
    return labels
