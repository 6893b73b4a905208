"""Photos as if painted or drawn, by image processing alone: oil, watercolour, pencil, ink and flat cel.

Every style is a function of an image (H, W, 3) uint8 RGB and a random generator to another of the same size, with
everything in its place, so that annotations hold. Lengths are for pictures of 640 px and grow with them.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from engine.brushwork import (
    Array,
    blotches,
    fibres,
    flattened,
    floats,
    flow,
    gray_of,
    hatched,
    nearest,
    outlines,
    ranked,
    sampled,
    saturated,
    shaken,
    step,
    to_bytes,
    toned,
    unit_of,
)  # fmt: skip

Style = Callable[[np.ndarray, np.random.Generator], np.ndarray]
paper = np.array([250, 246, 236], np.float32) / 255
graphite = np.array([52, 50, 54], np.float32) / 255
black = np.array([24, 20, 26], np.float32) / 255


# ── paint ──


def oil(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Curved brush strokes along the forms, from broad to fine, with thick paint catching the light.

    Hertzmann, Painterly Rendering with Curved Brush Strokes of Multiple Sizes, 1998.
    """
    unit = unit_of(image)
    canvas = cv2.GaussianBlur(image, (0, 0), 24 * unit)
    relief = np.full(image.shape[:2], 127, np.uint8)
    angle = flow(image, 5 * unit)
    for radius, least in ((14, 0), (7, 26), (3.5, 30), (2, 42)):
        radius = max(1.0, radius * unit)
        target = cv2.GaussianBlur(image, (0, 0), 0.6 * radius)
        _strokes(canvas, relief, target, angle, radius, least, rng)
    bristles = fibres(rng.random(image.shape[:2], np.float32), angle, 9 * unit)
    height = cv2.GaussianBlur(relief.astype(np.float32) / 255, (0, 0), 1.1 * unit) + 0.10 * bristles
    light = cv2.Sobel(height, cv2.CV_32F, 1, 0) + cv2.Sobel(height, cv2.CV_32F, 0, 1)
    lit = 0.03 + 0.93 * floats(canvas) + (0.05 * np.tanh(1.2 * light))[..., None]
    return to_bytes(saturated(lit, 1.2))


def _strokes(
    canvas: np.ndarray, relief: np.ndarray, target: np.ndarray, angle: Array, radius: float, least: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Paints, where the canvas differs from the target by more than `least`, strokes of one size in random order."""
    height, width = angle.shape
    off = cv2.blur(np.abs(canvas.astype(np.float32) - target).sum(2), (round(2 * radius) | 1,) * 2)
    step = max(1.0, radius)
    x, y = np.meshgrid(np.arange(0, width, step), np.arange(0, height, step))
    x, y = (side.ravel() + rng.uniform(-0.5, 0.5, side.size) * step for side in (x, y))
    at = np.stack([x.clip(0, width - 1), y.clip(0, height - 1)], 1)
    at = at[sampled(off, at) > least]
    at = at[rng.permutation(len(at))]
    colors = sampled(target, at).astype(np.float32)
    paths, lengths = _paths(at, colors, target, angle, radius, rng)
    # The hand is not exact: each stroke a little lighter or darker, warmer or cooler.
    colors = colors * rng.normal(1, 0.03, (len(at), 1)) + rng.normal(0, 2.5, (len(at), 3))
    fixed = np.round(paths * 16).astype(np.int32)
    thick = max(1, round(2 * radius))
    for path, length, color, rise in zip(
        fixed, lengths, colors.clip(0, 255).tolist(), rng.uniform(40, 215, len(at)).tolist(), strict=True
    ):
        line = [path[: length + 1]]
        cv2.polylines(canvas, line, False, color, thick, cv2.LINE_AA, 4)
        cv2.polylines(relief, line, False, rise, max(1, thick - 1), cv2.LINE_AA, 4)


def _paths(
    at: Array, colors: Array, target: np.ndarray, angle: Array, radius: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Places (N, steps, 2) that strokes go through, and how many steps (N,) each goes before the colour changes."""
    most = 9
    paths = np.repeat(at[:, None], most + 1, axis=1)
    lengths = np.full(len(at), 2)
    going = np.ones(len(at), bool)
    heading = sampled(angle, at) + np.pi * rng.integers(0, 2, len(at))
    limit = np.array(target.shape[1::-1]) - 1
    for i in range(1, most + 1):
        turn = sampled(angle, paths[:, i - 1])
        turn = turn + np.pi * np.round((heading - turn) / np.pi)  # the flow has no sense; the stroke keeps its own
        heading = 0.5 * heading + 0.5 * turn
        ahead = paths[:, i - 1] + radius * np.stack([np.cos(heading), np.sin(heading)], 1)
        paths[:, i] = ahead.clip(0, limit)
        same = np.abs(sampled(target, paths[:, i]).astype(np.float32) - colors).sum(1) < 60
        going &= same | (i <= 2)
        lengths = np.where(going, i, lengths)
    return paths, lengths


def watercolour(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Transparent washes that run a little over their outlines, dark at their edges, on rough paper.

    Pigment after Bousseau and others, Interactive Watercolor Rendering, 2006.
    """
    unit = unit_of(image)
    flat = flattened(image, unit)
    flat = shaken(flat, 1.4 * unit, 16 * unit, rng)
    wash = cv2.GaussianBlur(flat, (0, 0), 0.8 * unit)
    color = np.clip(floats(wash) * 0.9 + 0.16, 0, 1)
    color = saturated(color, 1.25)
    gray = gray_of(wash)
    edge = cv2.magnitude(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    edge = cv2.GaussianBlur(np.tanh(1.6 * edge), (0, 0), 1.1 * unit)
    clouds = 0.6 * blotches(image, 60 * unit, rng) + 0.4 * blotches(image, 18 * unit, rng)
    grain = blotches(image, 1.4 * unit, rng) * 0.6 + blotches(image, 0.7 * unit, rng) * 0.4
    dark = 1 - gray
    density = 1 + 0.26 * clouds + 1.1 * edge + 0.10 * grain * (0.5 + dark)
    d = density[..., None]
    painted = np.clip(color * (1 - (1 - color) * (d - 1)), 0, 1)
    # The brightest places stay bare paper, and the paper shows through everywhere.
    bare = step(gray + 0.05 * clouds, 0.86, 0.97)[..., None]
    sheet = paper * (1 + 0.035 * grain[..., None])
    return to_bytes(sheet * (bare + (1 - bare) * painted))


# ── drawing ──


def pencil(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Soft graphite: outlines gone over twice, shading in strokes of one hand's direction, denser where it is dark."""
    unit = unit_of(image)
    gray = toned(image, unit)
    lines = 1 - outlines(image, 1.5 * unit, 0.02)
    lines = np.maximum(0.9 * lines, 0.55 * shaken(lines, 2.2 * unit, 40 * unit, rng))
    hand = np.full(gray.shape, np.deg2rad(-52 + rng.uniform(-8, 8)), np.float32)
    hatch = ranked(fibres(rng.random(gray.shape, np.float32), hand, 18 * unit))
    cross = ranked(fibres(rng.random(gray.shape, np.float32), hand + 0.9, 14 * unit))
    tooth = 0.9 + 0.05 * blotches(image, 1.2 * unit, rng)
    dark = cv2.GaussianBlur(1 - gray, (0, 0), 1.2 * unit)
    # Each stroke takes where it is pressed, and it is pressed by the tone; pale places stay paper.
    shade = 0.30 * step(dark, 0.15, 0.95) + 0.62 * step(1.1 * dark - hatch, -0.25, 0.40) * step(dark, 0.08, 0.35)
    shade += 0.40 * step(dark - 0.35 - 0.6 * cross, -0.10, 0.30)
    lead = np.clip((0.82 * shade.clip(0, 1) + 0.85 * lines) * tooth, 0, 0.96)
    return to_bytes(paper * (1 - lead[..., None]) + graphite * lead[..., None])


def ink(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pen and ink: outlines, half tones hatched and cross-hatched by lines that swell with the dark, black shadows."""
    unit = unit_of(image)
    gray = cv2.GaussianBlur(toned(image, unit), (0, 0), 1.0 * unit)
    drawn = outlines(image, 1.6 * unit, 0.03)
    for degrees, below in ((-45, 0.66), (28, 0.40), (-8, 0.20)):
        angle = np.full(gray.shape, np.deg2rad(degrees), np.float32)
        swell = np.clip((below - gray) / 0.5, 0, 1)
        line = hatched(angle, 4.0 * unit, rng)
        drawn = np.minimum(drawn, step(line - 0.16 - 0.34 * swell, -0.10, 0.14) + (gray > below))
    drawn = np.minimum(drawn, step(gray, 0.04, 0.09)).clip(0, 1)
    drawn = cv2.GaussianBlur(shaken(drawn.astype(np.float32), 0.8 * unit, 10 * unit, rng), (0, 0), 0.5)
    return to_bytes(black + (paper - black) * drawn[..., None])


def cel(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Flat colours in few steps of light with clean dark outlines, as in animation."""
    unit = unit_of(image)
    flat = flattened(image, unit)
    lab = cv2.cvtColor(floats(flat), cv2.COLOR_RGB2LAB)
    small = cv2.resize(lab, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).reshape(-1, 3)
    cv2.setRNGSeed(int(rng.integers(2**31 - 1)))
    weights = np.array([0.8, 1.3, 1.3], np.float32)  # hues are told apart sooner than shades
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    count = min(14, len(small))
    _, _, found = cv2.kmeans(small * weights, count, np.empty(0), stop, 2, cv2.KMEANS_PP_CENTERS)
    centers: Array = np.asarray(found)
    labels = nearest(lab * weights, centers)
    for _ in range(2):
        labels = np.asarray(cv2.medianBlur(labels, 2 * max(1, round(1.6 * unit)) + 1), np.uint8)
    painted = cv2.cvtColor((centers / weights)[labels].astype(np.float32), cv2.COLOR_LAB2RGB)
    lifted = saturated(np.clip(painted * 1.05 + 0.03, 0, 1), 1.45)
    lines = outlines(flat, 1.5 * unit, 0.05)
    return to_bytes(black + (lifted - black) * lines[..., None])


styles: dict[str, Style] = {"oil": oil, "watercolour": watercolour, "pencil": pencil, "ink": ink, "cel": cel}
