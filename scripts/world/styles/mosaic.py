"""Pieces of one colour each: pixels, stained glass, low poly."""

from __future__ import annotations

import cv2
import numpy as np

from scripts.world.layers import materials
from scripts.world.styles.marks import cells, drawn, means, noise, pick, scattered
from scripts.world.styles.subject import Subject, blurred, borders, dyed, steepness, three, vivid

# Bayer's 4 × 4 ordered dither, -0.5 … 0.5.
bayer = (np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) + 0.5) / 16 - 0.5


def pixel(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Large pixels of few colours, dithered behind, the figures with a dark rim as sprites have."""
    (width, height), u = subject.size, subject.unit
    block = max(2, round(pick(rng, (4.5, 6, 6, 6, 7.5)) * u * 2) / 2)
    w, h = round(width / block), round(height / block)

    def small(image: np.ndarray) -> np.ndarray:
        return cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)

    share = small(subject.solid.astype(np.float32))
    form = small(subject.modelling) / np.maximum(share, 0.05)
    own = small(subject.own) / np.maximum(share, 0.05)[..., None]
    tones = (0.58 + 0.26 * (form > 0.34) + 0.22 * (form > 0.74)).astype(np.float32)
    cool = np.array([0.94, 0.97, 1.08], np.float32)
    front = vivid(own, 1.2) * tones[..., None] * np.where(form[..., None] > 0.34, np.float32(1), cool)
    levels = int(rng.integers(6, 10))
    dither = np.tile(bayer, (h // 4 + 1, w // 4 + 1))[:h, :w, None]
    back = vivid(small(subject.ground), 1.15) * rng.uniform(0.85, 1.0) + rng.uniform(0.15, 0.5) * dither / levels
    back = np.round(back * levels) / levels
    front = np.round(front * 12) / 12
    inside = share > 0.42
    edge = small(subject.outline) * block
    within = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    front = np.where(((edge > 0.75) & within)[..., None], front * 0.58, front)
    picture = np.where(inside[..., None], front, back)
    if rng.random() < 0.75:
        cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
        rim = (cv2.dilate(inside.astype(np.uint8), cross) > 0) & ~inside
        picture = np.where(rim[..., None], picture * 0.18 + np.array([0.02, 0.01, 0.05], np.float32), picture)
    x = np.minimum((np.arange(width) / block).astype(int), w - 1)
    y = np.minimum((np.arange(height) / block).astype(int), h - 1)
    return picture[y][:, x].astype(np.float32)


def stained_glass(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Pieces of coloured glass with light behind them, in lead that follows the figures."""
    size, u = subject.size, subject.unit
    pieces = _pieces(subject, rng)
    lit = 0.72 + 0.36 * subject.modelling
    picture = subject.over(subject.own * three(lit), subject.behind)
    glass = vivid(means(pieces, picture)[None].astype(np.float32), 1.6)[0]
    glass = np.clip(glass * rng.normal(1.06, 0.09, (len(glass), 1)) + 0.03, 0.03, 1).astype(np.float32)
    image = glass[pieces]
    # Faces, patterns and folds are painted on the glass.
    painted = (
        np.where(
            np.isin(subject.layers.material, [materials[part] for part in ("skin", "eye", "mouth")]),
            np.float32(0.6),
            np.float32(0.4),
        )
        * subject.solid
    )
    image = image + three(painted) * (picture - image)
    streaks = 0.06 * noise(size, 26 * u, rng) + 0.05 * noise(size, 5 * u, rng)
    across, down = (np.linspace(0, 1, n, dtype=np.float32) for n in size)
    glow = 1.12 - 0.5 * np.square(across - 0.5) - 0.5 * np.square(down - rng.uniform(0.2, 0.6))[:, None]
    image = image * three(glow + streaks)
    joints = (steepness(pieces.astype(np.float32)) > 0).astype(np.float32)
    thin = drawn(joints, rng.uniform(1.4, 2.0) * u) * (0.6 + 0.4 * subject.open)  # thinner within, that limbs show
    lead = cv2.max(thin, drawn(subject.outline, rng.uniform(3.0, 4.2) * u))
    shine = np.clip(-cv2.Sobel(cv2.GaussianBlur(lead, (0, 0), 1.2 * u), cv2.CV_32F, 0, 1), 0, 1)
    return image + three(lead) * (three(0.09 + 0.10 * shine) - image)


def _pieces(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Number (H, W) of the piece of glass each pixel is on: shards behind, and within each material of each figure."""
    shards = cells(subject.size, scattered(subject.size, rng.uniform(34, 50) * subject.unit, rng))
    facets = cells(subject.size, scattered(subject.size, rng.uniform(32, 44) * subject.unit, rng))
    large = cells(subject.size, scattered(subject.size, 64 * subject.unit, rng))
    material = subject.layers.material
    facets = np.where(material == materials["skin"], large, facets)  # no net of lead over faces
    facets[np.isin(material, (materials["hair"], materials["eye"], materials["mouth"]))] = 0
    kinds = material.astype(np.int32) + 16 * subject.layers.figure + 1
    pieces = np.where(subject.solid, facets + 4096 * kinds, shards)
    used = np.bincount(pieces.ravel()) > 0
    return (np.cumsum(used) - 1)[pieces]


def low_poly(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Triangles of one colour, small on the figures and large behind them, as a game's first models had."""
    corners = _delaunay(_points(subject, rng), subject.size)
    light = 0.50 + 0.62 * subject.modelling
    front = vivid(dyed(subject.own * three(light), 0.75 + 0.25 * subject.tint), 1.12)
    picture = subject.over(front, blurred(subject.ground, 5 * subject.unit))
    middle = corners.mean(1)
    held = subject.solid[_at(middle, subject)]
    total = np.zeros((len(corners), 4))
    for spot in (*(0.55 * corners + 0.45 * middle[:, None]).transpose(1, 0, 2), middle, middle):
        at = _at(spot, subject)
        same = (subject.solid[at] == held) + 1e-3  # a triangle on a figure takes no colour from beside it
        total += np.column_stack([picture[at] * same[:, None], same])
    colors = total[:, :3] / total[:, 3:] * rng.normal(1, np.where(held, 0.035, 0.045))[:, None]
    canvas = blurred(picture, 2)
    for triangle, color in zip(np.round(corners * 16).astype(np.int32), colors.clip(0, 1).tolist(), strict=True):
        cv2.fillConvexPoly(canvas, triangle, color, cv2.LINE_AA, 4)
    return canvas


def _points(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Corners (N, 2) px of a picture's triangles."""
    (width, height), u = subject.size, subject.unit
    fine, coarse = rng.uniform(10, 14) * u, rng.uniform(34, 50) * u
    around = _contours(subject, rng.uniform(5.5, 8) * u)
    inside = scattered(subject.size, fine, rng, 0.3)
    inside = inside[_deep(subject.solid, 0.45 * fine)[_at(inside, subject)]]
    outside = scattered(subject.size, coarse, rng, 0.4)
    outside = outside[_deep(~subject.solid, 0.3 * coarse)[_at(outside, subject)]]
    sides = [(x, y) for x in np.linspace(-2, width + 1, 9) for y in (-2, height + 1)]
    sides += [(x, y) for y in np.linspace(-2, height + 1, 9) for x in (-2, width + 1)]
    return np.vstack([around, inside, outside, _telling(subject, 0.3 * coarse, rng), sides])


def _at(points: np.ndarray, subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of places (N, 2) px, within the picture."""
    width, height = subject.size
    x, y = np.round(points).astype(int).T
    return y.clip(0, height - 1), x.clip(0, width - 1)


def _telling(subject: Subject, apart: float, rng: np.random.Generator) -> np.ndarray:
    """Some points (N, 2) px along what the backdrop shows, for its triangles to follow."""
    at = scattered(subject.size, apart, rng)
    change = steepness(blurred(subject.behind, 1.5 * subject.unit)) * subject.open
    return at[change[_at(at, subject)] > rng.uniform(0.015, 0.12, len(at))]


def _deep(mask: np.ndarray, by: float) -> np.ndarray:
    """Where a mask is at least `by` px wide on all sides, bool."""
    return cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3) > by


def _contours(subject: Subject, apart: float) -> np.ndarray:
    """Points (N, 2) px along the borders of figures and materials, about `apart` px from each other."""
    kinds = subject.layers.material + 16 * subject.layers.figure.astype(np.uint8)
    lines = np.maximum(subject.outline, borders(kinds) * subject.solid)
    y, x = np.nonzero(lines)
    if not len(x):
        return np.zeros((0, 2), np.float32)
    # One point for each square of a grid that lines pass through.
    squares = (y // apart).astype(int) * 10_000 + (x // apart).astype(int)
    _, first = np.unique(squares, return_index=True)
    return np.stack([x[first], y[first]], 1).astype(np.float32)


def _delaunay(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Triangles (N, 3, 2) px between points (M, 2)."""
    width, height = size
    net = cv2.Subdiv2D((-8, -8, width + 16, height + 16))
    net.insert(points.astype(np.float32).clip((-7, -7), (width + 6, height + 6)))  # type: ignore[call-overload]
    found = np.asarray(net.getTriangleList()).reshape(-1, 3, 2)
    inside = ((found > -9) & (found < (width + 9, height + 9))).all((1, 2))
    return found[inside]
