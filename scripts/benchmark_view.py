"""Measures the 3D view: from a pose that changed, or a camera that moved, to the bytes of a picture.

One dressed figure on the ground with shadows, drawn by the renderer's own process, as the page asks for it; medians of
many pictures. What the browser adds is measured with the page. Ends with status 1 when a budget is missed. Other work
on the machine shows in every figure: look at the load that is printed with them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import psutil

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.render import Actor, Encoding, Look, Mesh, Quality, Renderer, Shot

body_path = Path(__file__).parent.parent / "assets" / "body" / "contrapposto_neutral.npz"
sizes = (512, 1024)
paper, clear = Look(background=(244, 238, 227)), Look()
# What, unit and budget at most; for each key of `measure`.
figures: dict[str, tuple[str, str, float | None]] = {
    "start_s": ("view: the renderer's start", "s", None),
    "first_s": ("view: the first picture after it", "s", None),
    **{
        key: line
        for side, drag, rest in ((512, 60.0, None), (1024, 130.0, 500.0))
        for key, line in {
            f"drag_{side}_ms": (f"view: a joint dragged, mesh and picture at {side}²", "ms", drag),
            f"orbit_{side}_ms": (f"view: orbiting at {side}²", "ms", drag),
            f"clear_{side}_ms": (f"view: orbiting over the drawing, transparent, at {side}²", "ms", None),
            f"ghost_{side}_ms": (f"view: orbiting with a ghost at {side}²", "ms", None),
            f"rest_{side}_ms": (f"view: at rest after a change at {side}²", "ms", rest),
        }.items()
    },
    "maps_1024_ms": ("view: depth, normals, mask and outlines at 1024²", "ms", None),
    "still_4096_s": ("view: a still of 4096², transparent", "s", None),
    "memory_mb": ("view: memory of the renderer's process after all that", "MB", None),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--body", type=Path, default=body_path, help="an SMPL-X .npz file (default: the project's own)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there as well")
    parser.add_argument("--times", type=int, default=25, help="pictures a figure is the median of (default: 25)")
    args = parser.parse_args()
    measured = measure(args.body, args.times)
    missed = False
    for key, (what, unit, budget) in figures.items():
        value = measured[key]
        missed |= budget is not None and value > budget
        wanted = "" if budget is None else f"≤ {budget:g} {unit}"
        verdict = "" if budget is None else "MISSED" if value > budget else "kept"
        print(f"{what:64} {f'{value:.4g} {unit}':>12} {wanted:>12}  {verdict}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {platform.platform()}")
    if args.json:
        args.json.write_text(json.dumps(measured, indent=1), "utf-8")
    sys.exit(missed)


def report(path: Path = body_path, times: int = 25) -> list[tuple[str, float, str, tuple[float, bool] | None]]:
    """Lines (what, value, unit, budget and whether it is a least)."""
    measured = measure(path, times)
    return [
        (what, measured[key], unit, None if budget is None else (budget, False))
        for key, (what, unit, budget) in figures.items()
    ]


def measure(path: Path = body_path, times: int = 25) -> dict[str, float]:
    """The figures by their keys; ValueError where the 3D view cannot be had."""
    body = Body.load(path)
    body.mesh(waving(0))
    before = set(psutil.Process().children())
    renderer = Renderer()
    try:
        found = {"start_s": seconds(lambda: started(renderer))}
        (child,) = set(psutil.Process().children()) - before
        found["first_s"] = seconds(lambda: renderer.encoded(shot([body.mesh(waving(0))], 512, 0, paper)))
        for side in sizes:
            found |= at_size(body, renderer, side, times)
        still = [body.mesh(waving(1))]
        found["maps_1024_ms"] = median(lambda k: renderer.maps(shot(still, 1024, k)), times // 4) * 1e3
        large = shot(still, 4096, 0, clear, "rest")
        found["still_4096_s"] = seconds(lambda: renderer.encoded(large, "png"))
        found["memory_mb"] = child.memory_info().rss / 1e6
        return found
    finally:
        renderer.close()


def started(renderer: Renderer) -> None:
    if problem := renderer.problem():
        raise ValueError(problem)


def at_size(body: Body, renderer: Renderer, side: int, times: int) -> dict[str, float]:
    """Milliseconds of each kind of picture of `side` pixels."""

    def orbit(look: Look, kind: Encoding, ghosts: Sequence[Mesh] = ()) -> float:
        still = [body.mesh(waving(1))]
        renderer.encoded(shot(still, side, 0, look, "rest", ghosts))
        return median(lambda k: renderer.encoded(shot(still, side, k, look, "moving", ghosts), kind), times) * 1e3

    def dragged(k: int, quality: Quality) -> bytes:
        return renderer.encoded(shot([body.mesh(waving(k))], side, 0, paper, quality))

    return {
        f"drag_{side}_ms": median(lambda k: dragged(k, "moving"), times) * 1e3,
        f"orbit_{side}_ms": orbit(paper, "jpg"),
        f"clear_{side}_ms": orbit(clear, "webp"),
        f"ghost_{side}_ms": orbit(paper, "jpg", (body.mesh(waving(12)),)),
        f"rest_{side}_ms": median(lambda k: dragged(1000 + k, "rest"), times // 2) * 1e3,
    }


def waving(k: int) -> BodyPose:
    """A pose, another for each k."""
    return BodyPose().with_joint("left_elbow", (0.0, -0.03 * k, 0.0)).with_joint("left_shoulder", (0, 0, -0.9))


def shot(
    meshes: Sequence[Mesh],
    side: int,
    k: int,
    look: Look = paper,
    quality: Quality = "moving",
    ghosts: Sequence[Mesh] = (),
) -> Shot:
    """The figures, filling the picture, from a direction that k turns."""
    turn = 0.4 + 0.05 * k
    middle = np.array([0.0, -0.4, 0.0])
    eye = middle + 3.4 * np.array([np.sin(turn), 0.1, np.cos(turn)])
    camera = Camera.looking_at(middle, eye, (side, side), 1.6 * side)
    actors = (*(Actor(mesh) for mesh in meshes), *(Actor(mesh, 0.35, (150, 160, 175)) for mesh in ghosts))
    return Shot(actors, camera, look, quality)


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median(work: Callable[[int], Any], times: int) -> float:
    """Median seconds of work(1), work(2), … after a first that does not count."""
    work(0)
    return statistics.median(seconds(lambda k=k: work(k)) for k in range(1, times + 1))


if __name__ == "__main__":
    main()
