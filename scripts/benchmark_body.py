"""Measures the body against `smplx` in one run, on the same file and poses: points, mesh, loading, memory, dragging.

Everything on one core, both sides in turn, medians of many calls. `smplx` (non-commercial, a yardstick only) may be
missing: then ours is measured alone. Ends with status 1 when a budget is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch

from engine.body import Body, Poses
from engine.body_points import points_of
from engine.body_pose import BodyPose
from engine.skeleton import smplx55, wholebody133
from scripts.timing import Budget, Figures, Line, lines, medians

body_path = Path(__file__).parent.parent / "assets" / "body" / "contrapposto_neutral.npz"
people = 10
# What, unit, budget and whether that is the least; for each key of `measure`.
steady = partial(medians, times=25, warm=True)
figures: Figures = {
    "points_ms": (f"body: joints and 133 points of {people}", "ms", None),
    "points_ratio": (f"body: joints and 133 points of {people}, times as fast as smplx", "×", (5.0, True)),
    "turning_ratio": ("body: the same with the face's turning contour, times as fast as smplx", "×", (5.0, True)),
    "joints_ms": (f"body: joints alone of {people}", "ms", None),
    "gradient_ms": (f"body: 133 points of {people} and their slopes", "ms", None),
    "mesh_ms": ("body: one dressed mesh", "ms", (12.0, False)),
    "vertices_ratio": (f"body: whole meshes of {people}, times as fast as smplx", "×", None),
    "load_s": ("body: loading", "s", (0.5, False)),
    "load_ratio": ("body: loading, times as fast as smplx", "×", None),
    "memory_mb": ("body: memory it takes", "MB", (150.0, False)),
    "difference_mm": ("body: largest difference from smplx in mesh and joints", "mm", (0.01, False)),
    "drag_ms": ("body: dragging a wrist", "ms", None),
    "drag_slowest_ms": ("body: the slowest of wrist, ankle, elbow, pelvis, head, spine and finger", "ms", None),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--body", type=Path, default=body_path, help="an SMPL-X .npz file (default: the project's own)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there as well")
    args = parser.parse_args()
    rows = report(args.body)
    for what, value, unit, budget in rows:
        wanted = "" if budget is None else f"{'≥' if budget[1] else '≤'} {budget[0]:g} {unit}"
        print(f"{what:78} {f'{value:.4g} {unit}':>12} {wanted:>12}  {verdict(value, budget)}")
    print(f"one of {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {platform.platform()}")
    if args.json:
        args.json.write_text(json.dumps({what: value for what, value, _, _ in rows}, indent=1), "utf-8")
    if any(verdict(value, budget) == "MISSED" for _, value, _, budget in rows):
        sys.exit(1)


def verdict(value: float, budget: Budget) -> str:
    """Whether a budget is kept, in a word; none without one."""
    if budget is None:
        return ""
    return "kept" if (value >= budget[0] if budget[1] else value <= budget[0]) else "MISSED"


def report(path: Path = body_path) -> list[Line]:
    """Lines of all that could be measured."""
    return lines(figures, measure(path))


def measure(path: Path = body_path) -> dict[str, float]:
    """The figures by their keys; those against `smplx` and of dragging only where these can be imported."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        body = Body.load(path)
        return {**loading(path), **alone(body), **against_smplx(body, path), **dragging(body)}
    finally:
        torch.set_num_threads(threads)


def some_poses(count: int) -> Poses:
    """Bodies turned and shaped at random, on the flat hand."""
    rng = np.random.default_rng(0)
    turns, betas, expression = (
        rng.normal(size=(count, 55, 3)) * 0.3,
        rng.normal(size=(count, 10)),
        np.zeros((count, 10)),
    )
    values = (turns, betas, expression, np.zeros((count, 0)), rng.normal(size=(count, 3)))
    return Poses(*(torch.tensor(value, dtype=torch.float32) for value in values))


# ── ours ──


def alone(body: Body) -> dict[str, float]:
    """Joints, slopes and the mesh."""
    poses, chosen, pose = some_poses(people), body.selection(wholebody133), BodyPose().with_joint("jaw", (0.2, 0, 0))
    turns = poses.axis_angles.clone().requires_grad_()

    def slopes() -> None:
        torch.autograd.grad(body.points(poses._replace(axis_angles=turns), chosen).square().sum(), turns)

    with torch.no_grad():
        joints, mesh = steady(lambda: body.joints(poses), lambda: body.mesh(pose))
    return {
        "joints_ms": joints * 1e3,
        "mesh_ms": mesh * 1e3,
        "gradient_ms": steady(slopes)[0] * 1e3,
    }


_load = """
import sys, time
import torch
torch.set_num_threads(1)
from {module} import {name}
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
before, started = resident(), time.perf_counter()
body = {call}
seconds = time.perf_counter() - started
print("loaded", seconds, resident() - before)
"""


def loaded(module: str, name: str, call: str) -> tuple[float, float]:
    """Seconds and MB that loading takes, the median of three fresh processes; the memory is 0 where /proc is not."""
    code = _load.format(module=module, name=name, call=call)
    root = str(Path(__file__).parent.parent)
    found = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
        said = next(line for line in done.stdout.splitlines() if line.startswith("loaded"))
        found.append([float(word) for word in said.split()[1:]])
    seconds, megabytes = (statistics.median(column) for column in zip(*found, strict=True))
    return seconds, megabytes


def loading(path: Path) -> dict[str, float]:
    """Loading ours in a process of its own."""
    seconds, megabytes = loaded("engine.body", "Body", f"Body.load({str(path.resolve())!r})")
    return {"load_s": seconds, "memory_mb": megabytes}


# ── against the yardstick ──


def against_smplx(body: Body, path: Path) -> dict[str, float]:
    """Points and meshes of both, in turn; nothing without `smplx`."""
    try:
        import smplx
    except ImportError:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder) / "smplx_body.npz"  # it reads the kind of model off the name
        shutil.copy(path, named)
        options: dict[str, Any] = {"batch_size": people, "use_pca": False, "flat_hand_mean": True}
        plain = smplx.create(str(named), "smplx", **options)
        turning = smplx.create(str(named), "smplx", use_face_contour=True, **options)
        theirs_load, _ = loaded("smplx", "create", f"create({str(named)!r}, 'smplx', use_pca=False)")
    ours_load, _ = loaded("engine.body", "Body", f"Body.load({str(path.resolve())!r})")
    poses = some_poses(people)
    given = as_smplx(poses)
    named, all144 = (*points_of(smplx55), *points_of(wholebody133)), body.smplx144()
    front, slides = body.chosen(named), body.chosen(named, "turning")
    with torch.no_grad():
        theirs, ours = steady(lambda: plain(**given), lambda: body.points(poses, front))
        theirs_turning, ours_turning = medians(
            lambda: turning(**given), lambda: body.points(poses, slides), times=25, warm=True
        )
        whole = steady(lambda: body.vertices(poses))[0]
        expected = turning(**given)
        apart = max(
            float((body.vertices(poses) - expected.vertices).abs().max()),
            float((body.points(poses, all144) - expected.joints).abs().max()),
        )
    return {
        "points_ms": ours * 1e3, "points_ratio": theirs / ours, "turning_ratio": theirs_turning / ours_turning,
        "vertices_ratio": theirs / whole, "load_ratio": theirs_load / ours_load, "difference_mm": apart * 1e3,
    }  # fmt: skip


def as_smplx(poses: Poses) -> dict[str, torch.Tensor]:
    """The same poses in `smplx`'s words."""
    turns = poses.axis_angles
    return {
        "global_orient": turns[:, 0], "body_pose": turns[:, 1:22].flatten(1), "jaw_pose": turns[:, 22],
        "leye_pose": turns[:, 23], "reye_pose": turns[:, 24], "left_hand_pose": turns[:, 25:40].flatten(1),
        "right_hand_pose": turns[:, 40:].flatten(1), "betas": poses.betas, "expression": poses.expression,
        "transl": poses.translation,
    }  # fmt: skip


# ── dragging ──


def dragging(body: Body) -> dict[str, float]:
    """One step of a drag: the joint a hand's breadth from where it is, within limits where there are any."""
    try:
        from engine.ik import drag, planted
        from engine.limits import Limits
    except ImportError:
        return {}
    limits_path = body_path.with_name("limits.npz")
    limits = Limits.load(limits_path) if limits_path.is_file() else None
    pose, places = BodyPose(), dict(zip(body.joint_names, body.mesh(BodyPose()).joints.astype(float), strict=True))

    def pulled(joint: str) -> Callable[[], Any]:
        target = places[joint] + np.array([-0.05, 0.08, 0.04])
        return lambda: drag(body, pose, joint, target, planted(joint), limits)

    pulls = ("left_wrist", "left_ankle", "left_elbow", "pelvis", "head", "spine2", "left_hand_index_3")
    seconds = medians(*map(pulled, pulls), times=10, warm=True)
    return {"drag_ms": seconds[0] * 1e3, "drag_slowest_ms": max(seconds) * 1e3}


if __name__ == "__main__":
    main()
