"""Draws how trainings went: one line for each file of figures that a training script leaves, over its steps.

    python scripts/training_curves.py --out docs/sd-mini-curves.webp --title "sd-mini" \\
        --line "pictures it learns from" sd/metrics.csv --line "pictures it does not" sd/held_out.csv

Files are those a training writes: a header, then a line a step. Where there are hundreds of lines, each point is the
mean of those around it.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyvista
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.render import Renderer, Unavailable

colors = ("#33628f", "#c2562d", "#4d8a4f", "#8a5aa8", "#b08d2e", "#5b5b5b")
points = 120  # that a long line is drawn with
size = (900, 520)  # px
paper, ink = "#faf8f3", "#2b2a27"


def read_line(path: Path, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and figures (N,) of one column; ValueError where the file has no such column or no line."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or column not in rows[0]:
        raise ValueError(
            f"expected lines with a column {column!r} in {path}, got {', '.join(rows[0]) if rows else 'none'}"
        )
    return np.array([float(row["step"]) for row in rows]), np.array([float(row[column]) for row in rows])


def smoothed(steps: np.ndarray, values: np.ndarray, most: int = points) -> tuple[np.ndarray, np.ndarray]:
    """No more than `most` points, each the mean of as many neighbours."""
    if len(steps) <= most:
        return steps, values
    parts = np.array_split(np.arange(len(steps)), most)
    return np.array([steps[part].mean() for part in parts]), np.array([values[part].mean() for part in parts])


def drawn(lines: Sequence[tuple[str, np.ndarray, np.ndarray]], title: str, column: str) -> np.ndarray:
    """A chart (H, W, 3) uint8 of named lines (name, steps, figures); both axes begin near what is drawn."""
    chart = pyvista.Chart2D(x_label="step", y_label=column)
    chart.title, chart.background_color = title, paper
    for color, (name, steps, values) in zip(_cycle(len(lines)), lines, strict=True):
        if len(steps) < 30:
            chart.scatter(steps, values, color=color, size=7)
        chart.line(steps, values, color=color, width=2.5, label=name)
    chart.legend_visible = True
    for axis in (chart.x_axis, chart.y_axis):
        axis.label_size, axis.tick_label_size = 15, 13
    plotter: Any = pyvista.Plotter(off_screen=True, window_size=list(size))
    plotter.background_color = paper
    plotter.add_chart(chart)
    picture = plotter.screenshot(return_img=True)
    plotter.close()
    return np.asarray(picture)


def _cycle(count: int) -> list[str]:
    return [colors[number % len(colors)] for number in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--line", nargs=2, action="append", required=True, metavar=("NAME", "FILE.csv"))
    parser.add_argument("--column", default="loss")
    parser.add_argument("--title", default="")
    parser.add_argument("--out", type=Path, required=True, metavar="PICTURE")
    args = parser.parse_args()
    try:
        lines = [(name, *smoothed(*read_line(Path(file), args.column))) for name, file in args.line]
        _use_a_window()
        args.out.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn(lines, args.title, args.column)).save(args.out)
    except (ValueError, OSError, Unavailable) as error:
        sys.exit(f"training_curves: {error}")
    print(f"{args.out}: {len(lines)} lines")


def _use_a_window() -> None:
    """Tells VTK in this process which kind of window draws here, as the studio finds out."""
    renderer = Renderer()
    try:
        if renderer.window:
            os.environ["VTK_DEFAULT_OPENGL_WINDOW"] = renderer.window
    finally:
        renderer.close()


if __name__ == "__main__":
    main()
