"""Flat colour: the film cel with its ink lines, and the printed poster."""

from __future__ import annotations

import cv2
import numpy as np

from engine.brushwork import step
from scripts.world.styles.marks import drawn, grid, noise, pick
from scripts.world.styles.subject import Subject, blurred, dyed, inked, three, vivid


def cel(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Flat colours with one hard shadow and a light, clean ink lines, before a softly painted background."""
    size, u = subject.size, subject.unit
    form = blurred(subject.modelling, 1.2 * u)
    lit = step(form - rng.uniform(0.34, 0.55), -0.03, 0.03)
    glint = step(form, 0.90, 0.95) * rng.uniform(0.05, 0.16)
    shadows = ((0.62, 0.60, 0.78), (0.70, 0.60, 0.66), (0.58, 0.66, 0.78))
    shade = np.array(shadows[rng.integers(3)], np.float32)
    tint = 0.72 + 0.28 * subject.tint
    own = vivid(subject.own, 1.15)
    front = dyed(shadowed(own, shade, lit), 1.04 * tint) + three(glint * lit)
    half = cv2.resize(subject.ground, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    soft = cv2.bilateralFilter(half, 5, 0.12, 3)
    back = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR)
    back = vivid(0.08 + 0.92 * back, 1.15)
    picture = subject.over(np.clip(front, 0, 1), back)
    inks = ((0.07, 0.05, 0.09), (0.20, 0.10, 0.07), (0.06, 0.08, 0.20))
    weight = rng.uniform(1.8, 3.0) * u
    line = drawn(subject.outline, weight, 0.35 * noise(size, 50 * u, rng))
    line = np.maximum(line, drawn(subject.seams, 0.62 * weight))
    line = np.maximum(line, 0.5 * drawn(subject.folds, 0.5 * weight, -0.4))
    return inked(picture, pick(rng, inks, (0.6, 0.2, 0.2)), line)


def shadowed(own: np.ndarray, shade: np.ndarray, lit: np.ndarray) -> np.ndarray:
    """Own colours where `lit` is 1, times a shade where it is 0."""
    dark = dyed(own, shade)
    return dark + three(lit) * (own - dark)


def poster(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """A screen print: few flat inks, one shadow shape, a simplified background, slipped registration, rough ink."""
    size, u = subject.size, subject.unit
    form = blurred(subject.modelling, 2.2 * u)
    lit = step(form - rng.uniform(0.35, 0.5), -0.015, 0.015)
    shade = np.array(((0.62, 0.53, 0.62), (0.58, 0.62, 0.70), (0.68, 0.55, 0.50))[rng.integers(3)], np.float32)
    if rng.random() < 0.35:
        lit = np.maximum(lit, _dots(size, rng.uniform(5, 7) * u, rng.uniform(0.26, 0.87), 0.45 + 0.8 * form))
    own = np.round(vivid(subject.own, 1.2) * 9) / 9
    front = shadowed(own, shade, lit)
    back = _few(subject, int(rng.integers(3, 6)), rng)
    slip = np.array([[1, 0, rng.uniform(-1.6, 1.6) * u], [0, 1, rng.uniform(-1.6, 1.6) * u]], np.float32)
    solid = cv2.warpAffine(subject.solid.astype(np.float32), slip, size)
    picture = subject.over(front, back)
    paper = np.array(((0.95, 0.91, 0.80), (0.97, 0.95, 0.90))[rng.integers(2)], np.float32)
    gap = np.clip(solid - subject.solid, 0, 1) * (rng.random() < 0.5)  # the paper shows where the inks do not meet
    picture = inked(picture, tuple(paper.tolist()), gap)
    if rng.random() < 0.4:
        rim = np.clip(drawn(subject.outline, rng.uniform(4, 7) * u), 0, 1) * subject.open
        rims = ((0.97, 0.94, 0.85), (0.10, 0.09, 0.12))
        picture = inked(picture, rims[rng.integers(2)], rim)
    worn = step(noise(size, 2.5 * u, rng) + 0.4 * noise(size, 60 * u, rng), 1.9, 2.6) * 0.3
    picture = inked(dyed(picture, 0.12 + 0.88 * paper), tuple(paper.tolist()), worn)
    return _framed(picture, subject, paper, rng) if rng.random() < 0.4 else picture


def _few(subject: Subject, count: int, rng: np.random.Generator) -> np.ndarray:
    """The backdrop in so many flat inks: its mean colours at as many tones."""
    width, height = subject.size
    small = cv2.resize(subject.ground, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    smooth = blurred(small, 1.2 * subject.unit)
    lab = cv2.cvtColor(np.clip(smooth, 0, 1), cv2.COLOR_RGB2LAB).reshape(-1, 3)
    centers = lab[rng.integers(len(lab))][None]
    for _ in range(count - 1):  # the next ink is what the inks so far are furthest from
        off = ((lab[:, None] - centers) ** 2).sum(2).min(1)
        centers = np.vstack([centers, lab[int(off.argmax())]])
    labels = np.empty(0, int)
    for _ in range(3):
        labels = ((lab[:, None] - centers) ** 2).sum(2).argmin(1)
        amount = np.maximum(np.bincount(labels, minlength=len(centers)), 1)[:, None]
        centers = (
            np.stack([np.bincount(labels, lab[:, k], len(centers)) for k in range(3)], 1).astype(np.float32) / amount
        )
    inks = cv2.cvtColor(centers[None].astype(np.float32), cv2.COLOR_LAB2RGB)[0]
    inks = vivid(inks[None], 1.25)[0]
    shares = (labels.reshape(height // 4, width // 4)[..., None] == np.arange(len(inks))).astype(np.float32)
    shares = cv2.GaussianBlur(shares, (0, 0), 1.1)
    grown = cv2.resize(shares, (width, height), interpolation=cv2.INTER_LINEAR)
    return inks[grown.argmax(2)].astype(np.float32)


def _dots(size: tuple[int, int], apart: float, angle: float, light: np.ndarray) -> np.ndarray:
    """A halftone screen: 1 where it stays light."""
    x, y = grid(size)
    c, s = np.float32(np.cos(angle) / apart * np.pi), np.float32(np.sin(angle) / apart * np.pi)
    screen = 0.5 + 0.25 * (np.cos(2 * (c * x + s * y)) + np.cos(2 * (c * y - s * x)))
    return step(light - screen, -0.06, 0.06)


def _framed(picture: np.ndarray, subject: Subject, paper: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The print on its sheet: a border of paper that figures may step over."""
    x, y = grid(subject.size)
    width, height = subject.size
    margin = rng.uniform(10, 20) * subject.unit
    outside = (np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y)) < margin) & ~subject.solid
    return np.where(outside[..., None], paper, picture)
