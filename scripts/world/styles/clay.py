"""Modelled in one clay: the figures in the round, what is behind them in relief."""

from __future__ import annotations

import cv2
import numpy as np

from engine.brushwork import step
from scripts.world.styles.marks import noise, pick
from scripts.world.styles.subject import Subject, blurred, dyed, gray_of, three

clays = (
    (0.80, 0.78, 0.76), (0.84, 0.52, 0.37), (0.92, 0.90, 0.86), (0.76, 0.66, 0.53), (0.66, 0.72, 0.69),
    (0.70, 0.68, 0.76),
)  # fmt: skip


def clay(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Matte clay with finger marks, softly lit, before a shallow relief of the place."""
    size, u = subject.size, subject.unit
    tone = np.array(clays[rng.integers(len(clays))], np.float32)
    dents = 0.6 * noise(size, 9 * u, rng) + 0.4 * noise(size, 3 * u, rng)
    bumps = cv2.Sobel(dents, cv2.CV_32F, 1, 0) + cv2.Sobel(dents, cv2.CV_32F, 0, 1)
    hollow = np.clip(blurred(subject.near, 7 * u) - subject.near, -0.35, 0.12) * subject.solid
    carved = 0.16 * _grooves(subject)
    form = 0.2 + 0.8 * blurred(subject.modelling, 1.2 * u)
    front = 0.22 + 0.92 * form + 0.5 * np.minimum(hollow, 0) + 0.4 * np.maximum(hollow, 0) + 0.014 * bumps - carved
    relief = blurred(gray_of(subject.behind), 2.0 * u)
    slope = cv2.Sobel(relief, cv2.CV_32F, 1, 0) * 0.7 + cv2.Sobel(relief, cv2.CV_32F, 0, 1)
    back = 0.80 + 0.40 * (relief - 0.5) - np.tanh(2.2 * slope) * 0.26 + 0.008 * bumps
    back = back * pick(rng, (0.5, 0.66, 0.82)) * rng.uniform(0.92, 1.05) * (1 - 0.5 * subject.contact)
    light = subject.over(front.astype(np.float32), back.astype(np.float32))
    light = light - 0.16 * blurred(subject.solid.astype(np.float32), 10 * u) * subject.open
    # Light goes a little way into clay: its shadows are warmer than its lights.
    warm = dyed(three(step(1 - light, 0.1, 0.9)), (0.030, -0.006, -0.018))
    return dyed(three(np.clip(light, 0.06, 1.12)), tone * (0.9 + 0.1 * subject.tint)) + warm


def _grooves(subject: Subject) -> np.ndarray:
    """Grooves where materials meet, 0 … 1."""
    lines = cv2.max(cv2.max(subject.seams, 0.6 * subject.folds), 0.7 * subject.marks)
    return 1.6 * cv2.GaussianBlur(lines, (0, 0), subject.unit)
