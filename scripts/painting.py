"""Painting a sculpted figure in the manner of ink, charcoal, poster, watercolour and gouache.

Pictures are (H, W, 3) float RGB, 0 … 1; masks (H, W) float 0 … 1; every stroke's chance comes from a seed.
"""

from __future__ import annotations

import cv2
import numpy as np

from scripts.sculpture import Relief

Color = tuple[float, float, float]
Palette = dict[str, Color]

light_from = np.array((-0.52, -0.66, -0.54))


def color(code: str) -> Color:
    """A colour from its six hexadecimal digits."""
    r, g, b = (int(code[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return r, g, b


def soft(image: np.ndarray, sigma: float) -> np.ndarray:
    """The image blurred by `sigma` pixels."""
    return cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma)


def smooth(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, a soft step between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mixed(under: np.ndarray, over: np.ndarray | Color, share: np.ndarray) -> np.ndarray:
    """`over` laid on `under` as far as `share` (H, W) covers it."""
    return under + (np.asarray(over, dtype=float) - under) * share[..., None]


def noise(shape: tuple[int, int], grain: float, seed: int) -> np.ndarray:
    """Cloudy noise (H, W) of mean 0 and spread 1, features about `grain` pixels wide."""
    height, width = shape
    small = np.random.default_rng(seed).normal(size=(int(height / grain) + 3, int(width / grain) + 3))
    field = cv2.resize(small.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return (field - field.mean()) / field.std()


def clouds(shape: tuple[int, int], grain: float, seed: int) -> np.ndarray:
    """Noise of several sizes (H, W), from `grain` down to an eighth of it."""
    return sum(noise(shape, grain / 2**i, seed + i) / 1.6**i for i in range(4)) / 1.8  # type: ignore[return-value]


def warped(image: np.ndarray, amount: float, grain: float, seed: int) -> np.ndarray:
    """The image with its places pushed about by noise, `amount` pixels: no edge stays ruled."""
    shape = image.shape[:2]
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    dx, dy = (clouds(shape, grain, seed + k) * amount for k in (0, 50))
    return cv2.remap(
        image.astype(np.float32),
        (columns + dx).astype(np.float32),
        (rows + dy).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def light(relief: Relief) -> np.ndarray:
    """How lit each place is (H, W), 0 … 1: from the upper left, less in folds."""
    toward = light_from / np.linalg.norm(light_from)
    return np.clip((relief.normal @ toward * 0.62 + 0.38), 0, 1) * (0.45 + 0.55 * relief.open)


def local_color(relief: Relief, palette: Palette, ground: np.ndarray) -> np.ndarray:
    """Flat colours of the materials over the ground."""
    picture = ground.copy()
    for name in relief.materials:
        picture[relief.where(name)] = palette[name]
    return picture


def contours(relief: Relief, inner: float = 1.0) -> np.ndarray:
    """Ink lines (H, W): outline and overlaps heavy, borders of materials and creases lighter by `inner`."""
    depth = np.where(relief.figure, relief.depth, relief.depth[relief.figure].max() + 1).astype(np.float32)
    reach = np.ones((3, 3), np.uint8)
    jump = smooth(0.035, 0.07, cv2.dilate(depth, reach) - depth)
    border = cv2.morphologyEx((relief.material + 1).astype(np.uint8), cv2.MORPH_GRADIENT, reach) > 0
    slopes = [cv2.Sobel(relief.normal.astype(np.float32), cv2.CV_32F, x, 1 - x) for x in (0, 1)]
    bend = np.abs(slopes).sum((0, -1))
    crease = smooth(2.6, 4.4, bend) * smooth(0.85, 0.6, relief.open)
    return np.clip(jump + inner * np.maximum(border * 0.8, crease * 0.4), 0, 1)


def swollen(lines: np.ndarray, width: float, seed: int) -> np.ndarray:
    """Lines (H, W) drawn with a nib about `width` pixels wide that presses now more, now less."""
    # Where lines crowd, as between fingers, each is drawn finer.
    lines = lines * (0.35 + 0.65 * smooth(0.5, 0.28, soft(lines, width * 2.2)))
    thin, thick = soft(lines, 0.5 + width * 0.16), soft(lines, width * 0.6)
    press = smooth(-0.9, 1.1, noise(lines.shape[:2], 90, seed))
    return smooth(0.14, 0.5, np.maximum(thin * 0.85, thick * 1.5 * press))


def paper(shape: tuple[int, int], tint: Color, seed: int, tooth: float = 0.02) -> np.ndarray:
    """A sheet with grain and a faint unevenness."""
    grain = (
        noise(shape, 1.6, seed) * tooth + noise(shape, 4, seed + 1) * tooth * 0.6 + clouds(shape, 300, seed + 2) * 0.008
    )
    return np.clip(np.array(tint) + grain[..., None], 0, 1)


def hatching(shape: tuple[int, int], angle: float, gap: float, seed: int) -> np.ndarray:
    """Parallel strokes (H, W) 0 … 1 at `angle` degrees, `gap` pixels apart, unsteady as a hand's."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    across, along = columns * -s + rows * c, columns * c + rows * s
    across = across + noise(shape, 140, seed) * gap * 0.8
    line = 0.5 + 0.5 * np.cos(across / gap * 2 * np.pi)
    # Each stroke lifts off after a while, at its own place.
    lifts = np.sin(along / 46 + np.sin(np.floor(across / gap) * 12.9898) * 43.7)
    return line * smooth(-0.97, -0.55, lifts)


def cel(relief: Relief, palette: Palette, ground: np.ndarray, seed: int) -> np.ndarray:
    """Flat colours in three tones with ink outlines."""
    lit = soft(light(relief), 1.2)
    picture = local_color(relief, palette, ground)
    shade = smooth(0.49, 0.53, lit) * 0.7 + smooth(0.24, 0.28, lit) * 0.3
    cool = np.array((0.62, 0.56, 0.74))
    shaded = picture * (cool + (1 - cool) * shade[..., None])
    shaded = mixed(shaded, shaded * 0.5 + 0.5, smooth(0.86, 0.9, lit) * 0.45)
    picture = soft(np.where(relief.figure[..., None], shaded, ground), 0.7)
    return mixed(picture, color("2a2033"), swollen(contours(relief), 2.4, seed))


def charcoal(relief: Relief, ground: np.ndarray, seed: int) -> np.ndarray:
    """Hatched charcoal and a little white chalk on toned paper."""
    shape = relief.depth.shape
    dark = soft(np.where(relief.figure, 1 - light(relief), 0), 2.0)
    dark = np.where(relief.where("hair"), np.maximum(dark, 0.72), dark)
    tooth = smooth(-1.1, 0.9, noise(shape, 1.8, seed) + 0.4 * noise(shape, 3.5, seed + 1))
    marks = np.zeros(shape)
    for i, (angle, gap, start) in enumerate(((-52, 7.5, 0.30), (-40, 6.5, 0.46), (34, 7.0, 0.58), (-58, 5.0, 0.70))):
        marks = np.maximum(marks, hatching(shape, angle, gap, seed + i) * smooth(start, start + 0.16, dark) * 0.85)
    smudge = soft(smooth(0.32, 0.85, dark), 5) * 0.40
    lines = warped(swollen(contours(relief, 0.8), 3.4, seed), 1.2, 60, seed)
    ghost = warped(swollen(contours(relief, 0.0), 2.0, seed + 3), 4.5, 160, seed + 4)
    coal = np.clip(np.maximum.reduce([marks * 0.8, lines, ghost * 0.35]) * (0.35 + 0.65 * tooth) + smudge, 0, 1)
    chalk = smooth(0.72, 0.92, soft(light(relief), 3)) * hatching(shape, -48, 6, seed + 9) * tooth * relief.figure
    return mixed(mixed(ground, color("f6f1e6"), chalk * 0.85), color("241f1d"), coal * 0.9)


def poster(relief: Relief, palette: Palette, ground: np.ndarray, seed: int) -> np.ndarray:
    """Flat shapes, one tone of shade, no lines: a screen print with its grain."""
    shade = smooth(0.47, 0.50, soft(light(relief), 2.0))
    flat = local_color(relief, palette, ground)
    deep = local_color(relief, {name: palette[f"{name} shade"] for name in relief.materials}, ground)
    picture = soft(mixed(deep, flat, shade), 0.8)
    bare = smooth(1.9, 2.4, noise(flat.shape[:2], 1.7, seed))[..., None] * 0.10
    return picture + (color("fff6e6") - picture) * bare


def watercolour(relief: Relief, palette: Palette, ground: np.ndarray, seed: int) -> np.ndarray:
    """Washes that pool at their edges and bleed into each other, over a pencil line."""
    shape = relief.depth.shape
    picture, lit = ground.copy(), soft(light(relief), 4)
    pencil = warped(swollen(contours(relief, 0.7), 1.5, seed), 1.4, 70, seed)
    picture = mixed(picture, color("4a4750"), pencil * 0.55 * smooth(-1.6, 0.8, noise(shape, 1.7, seed)))
    for i, name in enumerate(relief.materials):
        wash = relief.where(name).astype(np.float32)
        edge = warped(soft(wash, 1.4), 3.2, 70, seed + 7 * i)
        body = smooth(0.35, 0.62, edge)
        tone = 0.42 + 0.75 * smooth(0.85, 0.2, warped(lit, 5, 90, seed + i))
        pool = np.clip(body - soft(body, 5), 0, 1) * 0.9
        bloom = 1 + 0.20 * clouds(shape, 120, seed + 20 + i) + 0.10 * noise(shape, 2.2, seed + 40 + i)
        amount = body * tone * bloom + pool
        spill = smooth(0.05, 0.6, warped(soft(wash, 11), 14, 80, seed + 60 + i)) * 0.10
        picture *= np.array(palette[name]) ** (np.clip(amount, 0, 2.2) + spill)[..., None]
    return picture


def gouache(reference: np.ndarray, relief: Relief, seed: int) -> np.ndarray:
    """The reference repainted in opaque strokes, large ones first, along the form."""
    rng = np.random.default_rng(seed)
    height, width = reference.shape[:2]
    canvas = soft(reference, 24)
    slope = soft(relief.normal, 9)  # spills over the outline, so that strokes beside it follow it
    drift = noise((height, width), 160, seed) * 0.7 - 0.6
    for size, count in ((30, 5000), (15, 14000), (8, 30000), (4, 42000)):
        goal = soft(reference, size * 0.22)
        wrong = np.abs(goal - soft(canvas, max(size * 0.15, 0.5))).sum(-1)
        ys, xs = rng.integers(height, size=count), rng.integers(width, size=count)
        for x, y in zip(xs, ys, strict=True):
            if wrong[y, x] < (0.05 if size > 8 else 0.09):
                continue
            nx, ny = slope[y, x, :2]
            angle = np.arctan2(nx, -ny) if np.hypot(nx, ny) > 0.08 else drift[y, x]
            long = size * rng.uniform(0.7, 1.7)
            way = np.array((np.cos(angle), np.sin(angle))) * long / 2
            paint = np.clip(goal[y, x] + rng.normal() * 0.014, 0, 1)
            start, end = (x - way[0], y - way[1]), (x + way[0], y + way[1])
            cv2.line(
                canvas, (round(start[0]), round(start[1])), (round(end[0]), round(end[1])), paint.tolist(),
                max(1, round(size * 0.42)), cv2.LINE_AA,
            )  # fmt: skip
    return canvas


def ink(relief: Relief, ground: np.ndarray, seed: int) -> np.ndarray:
    """Brush and ink: a swelling line, black shadows broken by a dry brush, a pale wash."""
    shape = relief.depth.shape
    lit = soft(np.where(relief.figure, light(relief), 1), 2.2)
    dark_parts = relief.where("mane", "hoof")
    bristles = clouds(shape, 34, seed) * 0.10 + noise(shape, 2.0, seed + 1) * 0.05
    streaks = cv2.blur(noise(shape, 2.2, seed + 2).astype(np.float32), (15, 1)) * 0.16
    black = smooth(0.30, 0.25, lit + bristles + streaks) * relief.figure
    black = np.maximum(black, soft(dark_parts.astype(np.float32), 1) * smooth(-1.3, -0.5, streaks * 6 + bristles * 3))
    wash = smooth(0.66, 0.40, warped(lit, 6, 120, seed)) * relief.figure * (0.9 + 0.15 * clouds(shape, 60, seed + 3))
    lines = warped(swollen(contours(relief, 0.5), 5.0, seed), 1.6, 90, seed)
    picture = mixed(ground, color("8d8a93"), np.clip(soft(wash, 1.5), 0, 1) * 0.42)
    return mixed(picture, color("17141a"), np.clip(np.maximum(black * 0.95, lines), 0, 1))
