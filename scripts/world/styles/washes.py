"""Painted with water: ink wash and watercolour."""

from __future__ import annotations

import cv2
import numpy as np

from engine.brushwork import step
from scripts.world.styles.drawing import value_of
from scripts.world.styles.marks import drawn, noise, pick, pigmented, shaken, sheet, sheet_edge, strokes
from scripts.world.styles.subject import Subject, blurred, dyed, gray_of, inked, steepness, three, vivid


def ink_wash(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Black ink on rice paper: wet grey washes that run, brush lines that swell and run dry, mist, a red seal."""
    size, u = subject.size, subject.unit
    dark = 1 - value_of(subject, 0.25, 1.0)
    wash = subject.over(_figure_wash(dark, subject, rng), _mist(dark, subject, rng))
    # The brush: pressed and lifted along the line, dry where it is fast.
    press = np.clip(0.9 * noise(size, 44 * u, rng), -1.1, 1.2)
    line = drawn(subject.outline, rng.uniform(2.0, 3.2) * u, press)
    line = cv2.max(line, 0.8 * drawn(cv2.max(subject.seams, 0.7 * subject.marks), 1.5 * u, press))
    dry = strokes(size, rng.uniform(0, np.pi), 9 * u, 1.2 * u, rng)
    line = shaken(line, 0.9 * u, 22 * u, rng) * (1 - 0.75 * step(dry - 0.25 * press, 0.86, 0.95))
    papers = ((0.95, 0.92, 0.85), (0.97, 0.96, 0.93), (0.91, 0.86, 0.75))
    fibres = strokes((size[0] // 2, size[1] // 2), 0.2, 7 * u, 1.0, rng)
    paper = sheet(size, pick(rng, papers), rng, 0.010) + three(0.02 * (cv2.resize(fibres, size) - 0.5))
    inks = ((0.10, 0.10, 0.12), (0.08, 0.10, 0.16), (0.15, 0.11, 0.09))
    ink = pick(rng, inks, (0.6, 0.2, 0.2))
    painted = inked(paper, ink, np.clip(cv2.max(wash, 0.94 * line), 0, 0.96))
    return _sealed(painted, subject, rng) if rng.random() < 0.6 else painted


def _figure_wash(dark: np.ndarray, subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """How much ink (H, W) lies on the figures: sheets of one grey over each other, each with a wet, darker border."""
    u = subject.unit
    front = shaken(blurred((1.45 * dark - 0.16) * subject.solid, 1.0 * u), 1.6 * u, 16 * u, rng)
    first = rng.uniform(0.08, 0.18)
    washes = 0.26 * step(front, 0.70, 0.84)
    for k in range(3):
        washes += 0.22 * step(front, first + 0.19 * k, first + 0.19 * k + 0.10)
    edge = np.minimum(steepness(blurred(washes, 0.9 * u)) * 6, 1)
    pools = 0.88 + 0.13 * noise(subject.size, 22 * u, rng)
    return 0.9 * washes * pools + 0.15 * blurred(edge, 0.7 * u)


def _mist(dark: np.ndarray, subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """How much ink (H, W) lies behind the figures: pale, wet and lost in places."""
    size, u = subject.size, subject.unit
    height = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    veil = 2 * (0.5 - np.abs(height - rng.uniform(0.25, 0.6)))
    mist = step(noise(size, 130 * u, rng) + veil, -0.9, 1.1)
    back = shaken(0.75 * blurred(dark * subject.open, 2.6 * u), 5 * u, 34 * u, rng) * (0.35 + 0.65 * mist)
    back = 0.45 * back + 0.1375 * np.round(back * 4)
    return 0.72 * blurred(back, 1.5 * u) * (0.9 + 0.14 * noise(size, 30 * u, rng))


def _sealed(painted: np.ndarray, subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """The picture with its painter's red seal in the corner where least is."""
    (width, height), u = subject.size, subject.unit
    side = round(rng.uniform(20, 30) * u)
    corners = [(round(x), round(y)) for x in (14 * u, width - 14 * u - side) for y in (14 * u, height - 14 * u - side)]
    held = [float(subject.solid[y : y + side, x : x + side].mean()) + 0.01 * rng.random() for x, y in corners]
    x, y = corners[int(np.argmin(held))]
    here = subject.solid[y : y + side, x : x + side]
    glyphs = cv2.resize((rng.random((6, 6)) < 0.45).astype(np.float32), (side, side), interpolation=cv2.INTER_NEAREST)
    border = np.zeros((side, side), np.float32)
    cv2.rectangle(border, (0, 0), (side - 1, side - 1), 1, max(1, round(3 * u)))
    mark = np.clip(np.maximum(glyphs, border) * 0.85 * (1 - here), 0, 1)
    painted[y : y + side, x : x + side] = inked(painted[y : y + side, x : x + side], (0.74, 0.13, 0.10), mark)
    return painted


def watercolour(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Transparent washes on rough paper: colours run, dry with dark rims and grains, leave the paper's white."""
    size, u = subject.size, subject.unit
    back = blurred(subject.ground, rng.uniform(1.6, 3.2) * u)
    back = vivid(shaken(back, rng.uniform(3, 6) * u, 26 * u, rng), 1.3)
    back = cv2.pow(np.maximum(back, np.float32(0.02)), rng.uniform(0.42, 0.7))  # thinned by water, of the same hue
    wash = shaken(subject.over(_glazed(subject, rng), 0.03 + 0.97 * back), 1.4 * u, 14 * u, rng)
    wash = blurred(wash, 0.8 * u)
    gray = gray_of(wash)
    rim = cv2.GaussianBlur(np.tanh(7 * steepness(gray)), (0, 0), 0.9 * u)
    pools = 0.6 * noise(size, 64 * u, rng) + 0.4 * noise(size, 20 * u, rng)
    grain = 0.6 * noise(size, 2 * u, rng) + 0.4 * noise(size, 1, rng)
    density = 1 + 0.24 * pools + 0.85 * rim + 0.08 * grain * (1.4 - gray)
    painted = pigmented(wash, density)
    edge = sheet_edge(size, pick(rng, (-9, 8, 16), (0.45, 0.3, 0.25)) * u, 4 * u, rng)
    painted = 1 - (1 - painted) * three(cv2.max(edge, 1 - subject.open) * (1 - _gaps(subject, rng)))
    if rng.random() < 0.55:
        line = drawn(subject.outline, 1.3 * u, 0.5 * noise(size, 30 * u, rng))
        line = cv2.max(line, 0.6 * drawn(cv2.max(subject.seams, 0.7 * subject.marks), 1.1 * u))
        painted = inked(painted, (0.22, 0.19, 0.22), rng.uniform(0.4, 0.75) * shaken(line, 0.9 * u, 30 * u, rng))
    rough = 1 + 0.018 * grain + 0.012 * noise(size, 4 * u, rng)
    return dyed(painted * three(rough), pick(rng, ((0.99, 0.98, 0.95), (0.97, 0.95, 0.90))))


def _glazed(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """The figures in three glazes, image: thin in the light, thick and cool in the shade, paper where it shines."""
    form = blurred(subject.modelling, 1.3 * subject.unit) + 0.07 * noise(subject.size, 14 * subject.unit, rng)
    dark, light = rng.uniform(0.26, 0.38), rng.uniform(0.58, 0.72)
    thick = 1.25 - 0.35 * step(form, dark - 0.05, dark + 0.05) - 0.38 * step(form, light - 0.06, light + 0.06)
    own = vivid(subject.own, 1.2) * 0.96 + 0.03
    glaze = cv2.exp(three(thick) * cv2.log(own))  # light passes a layer of pigment twice as thick as twice
    shade = 1.25 - thick
    glaze = glaze - dyed(glaze * three(0.73 - shade), (0.36, 0.30, 0.16))
    return np.clip(dyed(glaze, 0.8 + 0.2 * subject.tint), 0, 1)


def _gaps(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """A hair of bare paper, 0 … 1, where two washes were kept apart; in some pictures none."""
    if rng.random() < 0.6:
        return np.zeros(subject.solid.shape, np.float32)
    swell = 0.9 * noise(subject.size, 26 * subject.unit, rng) - 0.3
    return 0.75 * step(drawn(cv2.max(subject.outline, 0.7 * subject.seams), 1.2 * subject.unit, swell), 0.4, 1)
