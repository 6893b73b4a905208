"""Measures lifting and completion: one figure of 133 points, as the studio asks for it.

Run by `python scripts/benchmark.py lift`. The lift is timed against the same search from examples and least squares
alone, which needs no network, in the same run; a live lift is the body that goes along with a dragged wrist.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from engine.fit import camera_for
from engine.lift import LiftRequest
from engine.pose import Person, Pose2D
from engine.skeleton import Skeleton, coco17, wholebody133
from engine.stage import Stage
from scripts.timing import Figures, Line, lines, medians

size = (768, 1024)
figures: Figures = {
    "live_ms": ("lift: the body goes along with a dragged wrist, 17 points", "ms", (120.0, False)),
    "live_whole_ms": ("lift: the same, 133 points", "ms", (120.0, False)),
    "anew_ms": ("lift: a figure drawn anew, at once", "ms", None),
    "first_ms": ("lift: the first guess alone", "ms", None),
    "camera_ms": ("lift: the camera of a drawing", "ms", None),
    "lift_s": ("lift: a figure of 133 points, 10 readings", "s", (3.0, False)),
    "lift_17_s": ("lift: a figure of 17 points, 10 readings", "s", (3.0, False)),
    "fit_s": ("lift: one reading by examples and least squares, 133 points", "s", None),
    "hand_s": ("completion: a hidden hand, 10 choices", "s", (1.5, False)),
    "arm_s": ("completion: a hidden arm, 10 choices", "s", (1.5, False)),
}


def main() -> None:
    """Print the figures as JSON, by their keys."""
    print(json.dumps(measure(), indent=1))


def report() -> list[Line]:
    """Lines of all that could be measured."""
    return lines(figures, measure())


def measure(times: int = 5) -> dict[str, float]:
    """The figures by their keys."""
    stage = Stage()
    lifter, completer, camera = stage.lifter(), stage.completer(), camera_for(size)
    pose = replace(stage.examples.pose("walking"), translation=np.array((0.0, 0.95, 0.0)))
    other = replace(stage.examples.pose("sitting"), translation=np.array((0.0, 0.95, 0.0)))
    whole, plain, seated = (
        _drawn(stage.body().seen(body, camera, skeleton), skeleton)
        for body, skeleton in ((pose, wholebody133), (pose, coco17), (other, coco17))
    )
    dragged = [one.moved("left_wrist", one["left_wrist"] + (12.0, -9.0)) for one in (plain, whole)]
    start = lifter.lifted(whole, camera, LiftRequest(1)).best.pose
    request = LiftRequest(10)

    def hidden(part: str) -> None:
        completer.completed(replace(whole, body=start), camera, start, [part], 10)

    live, live_whole, anew, first, made, lift, lift_17, fit, hand, arm = medians(
        lambda: lifter.followed(dragged[0], camera, start),
        lambda: lifter.followed(dragged[1], camera, start),
        lambda: lifter.followed(seated, camera, start),
        lambda: lifter.initialiser.bodies(np.ones((134, 2)) * np.arange(134)[:, None], np.ones(134, bool), camera, 8),
        lambda: lifter.camera(Pose2D(size, (whole,))),
        lambda: lifter.lifted(whole, camera, request),
        lambda: lifter.lifted(plain, camera, request),
        lambda: lifter.fitter.fitted(whole, camera),
        lambda: hidden("left_hand"),
        lambda: hidden("left_arm"),
        times=times,
        warm=True,
    )
    stage.close()
    return {
        "live_ms": 1000 * live, "live_whole_ms": 1000 * live_whole, "anew_ms": 1000 * anew, "first_ms": 1000 * first,
        "camera_ms": 1000 * made, "lift_s": lift, "lift_17_s": lift_17, "fit_s": fit, "hand_s": hand, "arm_s": arm,
    }  # fmt: skip


def _drawn(points: np.ndarray, skeleton: Skeleton) -> Person:
    return Person(skeleton, points, np.ones(len(skeleton)), sources=("artist",) * len(skeleton))


if __name__ == "__main__":
    main()
