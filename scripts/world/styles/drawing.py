"""Drawn with a point: pencil, engraving, blueprint."""

from __future__ import annotations

import cv2
import numpy as np

from engine.brushwork import step
from scripts.world.styles.marks import drawn, grid, noise, pick, shaken, sheet, sheet_edge, strokes
from scripts.world.styles.subject import Subject, blurred, gray_of, inked, spread, steepness, three


def value_of(subject: Subject, back_from: float, back_to: float) -> np.ndarray:
    """How light a drawing of the subject is, 0 … 1: figures over the whole scale, the backdrop within limits."""
    own = gray_of(subject.own)
    front = (0.34 + 0.66 * subject.modelling) * (0.46 + 0.54 * own) + np.float32(0.12) * (subject.layers.material == 1)
    behind = blurred(gray_of(subject.behind), 1.2 * subject.unit)
    back = back_from + (back_to - back_from) * spread(behind, behind[::6, ::6], 3, 97, 0.25)
    return subject.over(front, back * (1 - 0.35 * subject.contact))


def scenery_lines(subject: Subject, least: float, most: float) -> np.ndarray:
    """Lines of the backdrop, 0 … 1, where it changes faster than `least`; none where figures stand."""
    smooth = blurred(subject.behind, 1.3 * subject.unit)
    return step(steepness(smooth), least, most) * subject.open


def pencil(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Graphite on paper: contours gone over twice, shading in strokes of one hand, the surroundings only begun."""
    size, u = subject.size, subject.unit
    papers = ((0.97, 0.96, 0.93), (0.96, 0.93, 0.85), (0.90, 0.90, 0.89), (0.84, 0.78, 0.68))
    paper = sheet(size, pick(rng, papers, (0.45, 0.3, 0.13, 0.12)), rng, 0.016)
    begun = cv2.max(1 - subject.open, step(noise(size, 110 * u, rng) + 1.2 * _middle(subject), -0.7, 0.9))
    shade = _shaded(subject, rng) * begun
    lines = _contours(subject, rng.uniform(1.5, 2.3) * u, rng)
    lines = cv2.max(lines, 0.55 * begun * scenery_lines(subject, 0.02, 0.07))
    lines = cv2.max(0.95 * shaken(lines, 0.6 * u, 30 * u, rng), 0.45 * shaken(lines, 1.9 * u, 46 * u, rng))
    tooth = 0.88 + 0.10 * noise(size, 1.6 * u, rng)
    lead = np.minimum(0.8 * np.minimum(shade, 1.15) * tooth + 0.9 * lines, 0.95)
    graphite = pick(rng, ((0.17, 0.17, 0.19), (0.22, 0.15, 0.12), (0.14, 0.15, 0.22)), (0.75, 0.15, 0.10))
    return inked(paper, graphite, lead)


def _shaded(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """How much lead the shading leaves, (H, W): strokes of one direction, crossed in the dark, over a soft grey."""
    size, u = subject.size, subject.unit
    dark = blurred(1 - value_of(subject, 0.58, 1.0), 1.0 * u)
    angle = pick(rng, (-1, 1), (0.8, 0.2)) * rng.uniform(0.66, 1.08)
    hatch = strokes(size, angle, rng.uniform(12, 20) * u, rng.uniform(1.1, 1.5) * u, rng)
    cross = strokes(size, angle + rng.uniform(0.5, 1.1), 11 * u, 1.3 * u, rng)
    shade = 0.20 * step(dark, 0.10, 0.9) + 0.66 * step(1.25 * dark - hatch, -0.22, 0.42) * step(dark, 0.06, 0.30)
    return shade + 0.45 * step(1.3 * dark - cross, 0.30, 0.72)


def _contours(subject: Subject, weight: float, rng: np.random.Generator) -> np.ndarray:
    """The figures' lines 0 … 1, their outlines `weight` px wide and pressed unevenly."""
    swell = 0.6 * noise(subject.size, 30 * subject.unit, rng)
    inner = cv2.max(0.75 * subject.seams, 0.55 * subject.marks)
    lines = cv2.max(drawn(subject.outline, weight, swell), drawn(inner, 0.75 * weight, swell))
    return cv2.max(lines, 0.4 * drawn(subject.folds, 0.7 * weight))


def _middle(subject: Subject) -> np.ndarray:
    """1 in the picture's middle, falling to -1 at its corners."""
    width, height = subject.size
    across, down = (np.square(np.linspace(-1.05, 1.05, n, dtype=np.float32)) for n in (width, height))
    return 1 - across - down[:, None]


def engraving(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """Burin lines that swell with the dark and bend around the forms, crossed where it is darkest."""
    size, u = subject.size, subject.unit
    value = blurred(value_of(subject, 0.46, 0.97), 0.9 * u)
    normal = cv2.GaussianBlur(subject.layers.normal, (0, 0), 2.2 * u)
    apart = rng.uniform(4.6, 5.6) * u
    slant = rng.uniform(-0.25, 0.25)
    waver = 0.10 * noise(size, 60 * u, rng)
    across = _across(size, slant) / apart + waver
    # Lines run around a limb as rings would: raised in the middle, lowered towards the sides.
    bend = (1.1 * normal[..., 1] - 0.7 * np.abs(normal[..., 0]) * (1 if slant > 0 else -1)) * subject.solid
    first = _burin(across + bend, 1 - value, 0.10, 1.0)
    second = _burin(_across(size, slant + rng.uniform(0.75, 1.15)) / apart + bend * 0.8, 1 - value, 0.46, 1.1)
    third = _burin(_across(size, slant - 0.9) / (0.9 * apart) - 0.5 * bend, 1 - value, 0.72, 1.2)
    ink = np.maximum(np.maximum(first, second), third)
    ink = np.maximum(ink, step(1 - value, 0.90, 0.97))
    swell = 0.35 * noise(size, 24 * u, rng)
    ink = np.maximum(ink, drawn(subject.outline, rng.uniform(1.7, 2.5) * u, swell))
    ink = np.maximum(ink, 0.9 * drawn(cv2.max(subject.seams, subject.marks), 1.3 * u, swell))
    ink = np.maximum(ink, 0.75 * step(scenery_lines(subject, 0.025, 0.06), 0.2, 0.8))
    halo = np.clip(drawn(subject.outline, 5 * u), 0, 1) * subject.open
    ink = np.where(halo > 0.5, drawn(subject.outline, 2 * u), ink)
    papers = ((0.96, 0.93, 0.84), (0.93, 0.91, 0.87), (0.90, 0.84, 0.70))
    inks = ((0.10, 0.09, 0.09), (0.20, 0.12, 0.07), (0.07, 0.12, 0.17))
    paper = sheet(size, pick(rng, papers), rng, 0.012)
    plate = sheet_edge(size, 12 * u, 1.0 * u, rng) if rng.random() < 0.25 else 1.0
    return inked(paper, pick(rng, inks, (0.6, 0.25, 0.15)), cv2.GaussianBlur(ink * plate, (0, 0), 0.45) * 0.94)


def _across(size: tuple[int, int], slant: float) -> np.ndarray:
    x, y = grid(size)
    return np.float32(np.cos(slant)) * y - np.float32(np.sin(slant)) * x


def _burin(phase: np.ndarray, dark: np.ndarray, start: float, gain: float) -> np.ndarray:
    """Lines of a phase (one a unit), 0 … 1, that begin where it is darker than `start` and swell with the dark."""
    off = np.abs(phase - np.round(phase)) * 2
    swell = np.clip((dark - start) / (1 - start), 0, 1) * gain
    return step(0.12 + 0.74 * swell - off, -0.16, 0.16) * step(dark, start, start + 0.07)


def blueprint(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """White lines on blue: contours, hidden tones as fine hatching, a grid, centre lines and a frame with its title."""
    size, u = subject.size, subject.unit
    blues = ((0.07, 0.22, 0.52), (0.05, 0.17, 0.42), (0.10, 0.30, 0.62), (0.06, 0.26, 0.50))
    paper = sheet(size, pick(rng, blues), rng, 0.03)
    paper *= three(1 + 0.10 * np.clip(noise(size, 120 * u, rng), -1, 1))
    weight = rng.uniform(1.5, 2.3) * u
    lines = np.maximum(drawn(subject.outline, weight), 0.78 * drawn(subject.seams, 0.75 * weight))
    lines = np.maximum(lines, 0.6 * drawn(subject.marks, 0.6 * weight))
    lines = np.maximum(lines, 0.45 * drawn(subject.folds, 0.7 * weight))
    apart = rng.uniform(3.6, 4.6) * u
    hatch = step(np.abs(np.mod(_across(size, np.pi / 4) / apart, 1) - 0.5) * 2, 0.55, 0.8)
    shade = step(0.62 - subject.modelling * (0.5 + 0.5 * gray_of(subject.own)), 0.0, 0.25) * subject.solid
    lines = np.maximum(lines, 0.42 * shade * hatch)
    chalk = 0.15 * (0.25 + 0.75 * subject.modelling) * subject.solid  # a breath of white that tells figure from ground
    behind = 0.42 * step(scenery_lines(subject, 0.018, 0.055), 0.1, 0.9)
    lines = np.maximum(lines, behind) + chalk
    sheet_marks = _drafting(subject, rng) * (0.35 + 0.65 * subject.open)
    lines = np.clip(np.maximum(lines, sheet_marks) * (0.9 + 0.10 * noise(size, 2 * u, rng)), 0, 1)
    return inked(paper, (0.90, 0.95, 1.0), 0.93 * lines)


def _drafting(subject: Subject, rng: np.random.Generator) -> np.ndarray:
    """A draughtsman's marks, 0 … 1: grid, frame, title block, a figure's centre line and height."""
    (width, height), u = subject.size, subject.unit
    marks = np.zeros((height, width), np.float32)
    apart, thin = round(pick(rng, (16, 24, 32)) * u), max(1, round(u))
    marks[:: max(2, apart)] = marks[:, :: max(2, apart)] = 0.13
    inset = round(rng.uniform(6, 12) * u)
    cv2.rectangle(marks, (inset, inset), (width - inset, height - inset), 0.6, thin)
    if rng.random() < 0.7:
        left, top = width - inset - round(90 * u), height - inset - round(34 * u)
        cv2.rectangle(marks, (left, top), (width - inset, height - inset), 0.6, thin)
        for k in (1, 2):
            y = top + round(k * 11 * u)
            cv2.line(marks, (left, y), (width - inset, y), 0.4, thin)
            for word in np.cumsum(rng.uniform(8, 20, 3)) * u:
                start = left + round(float(word))
                cv2.line(marks, (start, y - round(4 * u)), (start + round(5 * u), y - round(4 * u)), 0.5, thin)
    for person in np.unique(subject.layers.figure)[1:3]:
        rows, columns = (np.flatnonzero((subject.layers.figure == person).any(axis)) for axis in (1, 0))
        x, side = int(columns.mean()), int(columns[-1] + 12 * u)
        for y in range(max(0, rows[0] - round(14 * u)), min(height, rows[-1] + round(14 * u)), max(3, round(14 * u))):
            cv2.line(marks, (x, y), (x, y + round(8 * u)), 0.4, thin)
        if side < width - inset:
            cv2.line(marks, (side, int(rows[0])), (side, int(rows[-1])), 0.55, thin)
            for y in (int(rows[0]), int(rows[-1])):
                cv2.line(marks, (side - round(5 * u), y), (side + round(5 * u), y), 0.55, thin)
    return marks
