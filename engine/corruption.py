"""Photos spoiled as cameras and networks do: noise, blur and hard packing, each in strengths told by chance."""

from __future__ import annotations

import cv2
import numpy as np

from engine.brushwork import floats, to_bytes, unit_of


def noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A sensor in the dark: few photons and a noisy amplifier."""
    photons = rng.uniform(12, 40)
    counted = rng.poisson(floats(image) * photons) / photons
    return to_bytes(counted + rng.normal(0, rng.uniform(0.03, 0.08), image.shape))


def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus, or moved in a random direction while the shutter was open."""
    reach = rng.uniform(3, 6) * unit_of(image)
    side = 2 * int(np.ceil(reach * 2)) + 1
    kernel = np.zeros((side, side), np.float32)
    middle = side // 2
    if rng.random() < 0.5:
        cv2.circle(kernel, (middle, middle), max(1, round(reach)), 1.0, -1, cv2.LINE_AA)  # type: ignore[call-overload]
    else:
        turn = rng.uniform(0, np.pi)
        away = np.round(2 * reach * np.array([np.cos(turn), np.sin(turn)])).astype(int)
        ends = [tuple(int(v) for v in middle + sign * away) for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA)  # type: ignore[call-overload]
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)


def jpeg(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sent small and packed hard, more than once."""
    height, width = image.shape[:2]
    factor = rng.uniform(0.45, 0.8)
    small = cv2.resize(
        image, (max(1, round(width * factor)), max(1, round(height * factor))), interpolation=cv2.INTER_AREA
    )
    for quality in rng.integers(8, 24, 2).tolist():
        _, data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        small = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1]
    return cv2.resize(np.ascontiguousarray(small), (width, height), interpolation=cv2.INTER_LINEAR)


def corrupted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One of noise, blur and jpeg, by chance."""
    return (noise, blur, jpeg)[int(rng.integers(3))](image, rng)
