"""Oil paint, laid on in strokes that follow the forms, from broad to fine."""

from __future__ import annotations

import cv2
import numpy as np

from engine.brushwork import sampled
from scripts.world.styles.marks import grid, noise, scattered, shaken
from scripts.world.styles.subject import Subject, blurred, dyed, gray_of, three, vivid


def oil(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Brush strokes along the forms, their bristles and thickness catching the light, on a canvas.

    Hertzmann, Painterly Rendering with Curved Brush Strokes of Multiple Sizes, 1998. The figures are painted apart
    and set in with an edge of the brush, so that limbs keep their shape.
    """
    size, u = subject.size, subject.unit
    target = _palette(subject, rng)
    angle = _flow(subject, target, rng)
    bold = rng.uniform(0.85, 1.25) * u
    canvas = cv2.merge([*cv2.split(blurred(target, 6 * u)), np.full(size[::-1], 0.5, np.float32)])
    for radius, least in ((9 * bold, 0.0), (4.6 * bold, 0.10)):
        _layer(canvas, target, angle, radius, _free(subject, canvas, target, radius, least), rng)
    front = canvas.copy()
    for radius, least in ((4.2 * bold, 0.0), (2.1 * bold, 0.07)):
        _layer(front, target, angle, radius, _held(subject, front, target, radius, least), rng)
    edge = shaken(subject.solid.astype(np.float32), 1.3 * u, 9 * u, rng)
    canvas += cv2.merge([edge] * 4) * (front - canvas)
    # The last, small touches on the figures: what is finer than the brush, at half its strength.
    painted = canvas[..., :3] + three(0.6 * edge) * (target - cv2.GaussianBlur(target, (0, 0), 2.2 * u))
    bristle = _smeared(noise(size, 1, rng), angle, 7 * u)
    relief = cv2.GaussianBlur(canvas[..., 3], (0, 0), 0.8 * u) + 0.10 * bristle
    shine = cv2.Sobel(relief, cv2.CV_32F, 1, 0) * 0.6 + cv2.Sobel(relief, cv2.CV_32F, 0, 1)
    x, y = grid(size)
    weave = np.sin(x * (2.1 / u)) * np.sin(y * (2.1 / u)) * rng.uniform(0, 0.012)
    return vivid(painted, 1.12) + three(rng.uniform(0.05, 0.085) * np.tanh(0.9 * shine) + weave)


def _palette(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """What is painted: light and shade pushed apart in warmth, more colour than the eye sees."""
    picture = vivid(subject.picture, rng.uniform(1.15, 1.4))
    gray = three(gray_of(picture))
    pushed = picture + dyed(picture * (2 * gray - 1), (0.05, 0.0, -0.08))
    return np.clip(0.03 + 0.95 * pushed, 0, 1)


def _flow(subject: Subject, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Where strokes go, rad: around the figures' forms, along what the backdrop shows, else one leaning of the hand."""
    (width, height), u = subject.size, subject.unit
    half = cv2.resize(gray_of(target), (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    gx, gy = cv2.Sobel(half, cv2.CV_32F, 1, 0), cv2.Sobel(half, cv2.CV_32F, 0, 1)
    a, b = (cv2.GaussianBlur(each, (0, 0), 4 * u) for each in (gx * gx - gy * gy, 2 * gx * gy))
    lean = rng.uniform(0, np.pi)
    wander = 0.6 * noise((width // 2, height // 2), 60 * u, rng)
    a, b = a + 0.004 * np.cos(2 * (lean + wander)), b + 0.004 * np.sin(2 * (lean + wander))
    a, b = (cv2.resize(each, (width, height), interpolation=cv2.INTER_LINEAR) for each in (a, b))
    return (0.5 * np.arctan2(b, a) + np.float32(np.pi / 2)).astype(np.float32)


def _off(canvas: np.ndarray, target: np.ndarray, radius: float) -> np.ndarray:
    """How far (H, W) a canvas is from what is painted, within a brush's reach."""
    return cv2.blur(
        gray_of(cv2.absdiff(cv2.cvtColor(canvas, cv2.COLOR_RGBA2RGB), target)), (max(1, round(radius)) | 1,) * 2
    )


def _free(subject: Subject, canvas: np.ndarray, target: np.ndarray, radius: float, least: float) -> np.ndarray:
    """Where (H, W) the backdrop wants strokes: not deep within figures, and only where the canvas is off."""
    open_here = cv2.blur(subject.open, (round(radius) | 1,) * 2) > 0.3
    return open_here & (_off(canvas, target, radius) > least) if least else open_here


def _held(subject: Subject, canvas: np.ndarray, target: np.ndarray, radius: float, least: float) -> np.ndarray:
    """Where (H, W) the figures want strokes."""
    return subject.solid & (_off(canvas, target, radius) > least) if least else subject.solid


def _layer(
    canvas: np.ndarray, target: np.ndarray, angle: np.ndarray, radius: float, wanted: np.ndarray,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Lays strokes of one size where they are wanted, in random order; a canvas (H, W, 4) has colour and thickness."""
    at = scattered((canvas.shape[1], canvas.shape[0]), 1.6 * radius, rng)
    at = at[sampled(wanted, at)]
    if not len(at):
        return
    at = at[rng.permutation(len(at))]
    shades = sampled(target, at) * rng.normal(1, 0.035, (len(at), 1)) + rng.normal(0, 0.012, (len(at), 3))
    ends = []
    for sign in (-radius, radius):
        turn = sampled(angle, at)
        end = at + 1.25 * sign * np.stack([np.cos(turn), np.sin(turn)], 1)
        turn = sampled(angle, end)
        ends.append(end + 0.7 * sign * np.stack([np.cos(turn), np.sin(turn)], 1))
    paths = np.round(np.stack([ends[0], at, ends[1]], 1) * 16).astype(np.int32)
    thick = max(1, round(1.7 * radius))
    paint = np.hstack([shades.clip(0, 1), rng.uniform(0.2, 0.85, (len(at), 1))])
    for path, color in zip(paths, paint.tolist(), strict=True):
        cv2.polylines(canvas, [path], False, color, thick, cv2.LINE_8, 4)


def _smeared(field: np.ndarray, angle: np.ndarray, reach: float) -> np.ndarray:
    """A field smeared along the angles, `reach` px either way, in few steps."""
    x, y = grid((field.shape[1], field.shape[0]))
    dx, dy = np.cos(angle), np.sin(angle)
    total = field.copy()
    for t in (-0.9, -0.55, -0.25, 0.25, 0.55, 0.9):
        total += cv2.remap(
            field, x + t * reach * dx, y + t * reach * dy, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT
        )
    return total * np.float32(0.38)
