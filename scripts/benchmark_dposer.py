"""Measures the pose prior's tasks against the published loops, written down plainly.

Run by `python scripts/benchmark.py dposer`. Completion: ten answers to one pose with both legs hidden. Recovery: one
figure from 25 keypoints; the published loop skins the whole mesh at every step and lets autograd differentiate it.
Both sides have the same weights, body and observation, run in turn on one thread, and their errors are told beside
their times. With a GPU, training steps and samples a second as well, compiled with CUDA graphs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
from torch import Tensor

from engine.body import Body
from engine.body_pose import BodyPose
from engine.networks.dposer import build
from engine.pose_metrics import point_error
from engine.prior import Prior
from engine.prior_file import PriorFolder
from engine.skeleton import openpose25
from engine.tasks.completion import complete
from engine.tasks.guides import NoGuide
from engine.tasks.recovery import published, recovered, standing
from engine.tasks.recovery_terms import Keypoints, camera_of
from engine.tasks.vectors import hidden_by, posed
from scripts.evaluation.published_loops import PublishedFit, published_completion, published_recovery
from scripts.timing import Figures, Line, lines, medians

root = Path(__file__).parent.parent
body_path = root / "assets" / "body" / "contrapposto_neutral.npz"
embedded = root / "assets" / "weights" / "dposer-open"
figures: Figures = {
    "completion_s": ("prior: ten completions of a pose, both legs hidden", "s", (1.5, False)),
    "completion_published_s": ("prior: the same by the published loop", "s", None),
    "completion_ratio": ("prior: completion, times as fast as the published loop", "×", (1.5, True)),
    "completion_error": ("prior: completion, mean error over the published loop's", "×", (1.1, False)),
    "recovery_s": ("prior: a body from 25 keypoints", "s", None),
    "recovery_published_s": ("prior: the same by the published loop, whole mesh", "s", None),
    "recovery_ratio": ("prior: recovery, times as fast as the published loop", "×", (5.0, True)),
    "recovery_error": ("prior: recovery, error over the published loop's", "×", (1.1, False)),
    "overhead": ("prior: what the prior adds to recovery without one, one body", "%", None),
    "overhead_batch": ("prior: what the prior adds to recovery without one, 25 bodies", "%", (15.0, False)),
    "overhead_published": ("prior: what the prior adds to a step of the published loop", "%", (15.0, False)),
    "training": ("prior: training steps of the body at published size, batch 1280, on the GPU", "steps/s", None),
    "samples": ("prior: bodies drawn in 50 steps, compiled, on the GPU", "poses/s", None),
}


def main() -> None:
    """Print the figures as JSON, by their keys."""
    print(json.dumps(measure(), indent=1))


def report(weights: Path = embedded) -> list[Line]:
    """Lines of all that could be measured."""
    return lines(figures, measure(weights))


def measure(weights: Path = embedded, times: int = 3) -> dict[str, float]:
    """The figures by their keys, on one thread; those of a GPU only where there is one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        body, prior = Body.load(body_path), PriorFolder(weights).prior("body")
        found = {**completion(body, prior, times), **recovery(body, prior, times)}
    finally:
        torch.set_num_threads(threads)
    return found | (on_gpu() if torch.cuda.is_available() else {})


# ── completion ──


def completion(body: Body, prior: Prior, times: int) -> dict[str, float]:
    """Ten answers to one pose, ours and the published loop's."""
    observed, hidden = _pose()[None], hidden_by("body", "legs")
    seconds = medians(
        lambda: complete(prior, observed, hidden, hypotheses=10),
        lambda: published_completion(prior, observed, hidden, 10),
        times=2 * times,
    )

    def off(found: Tensor) -> float:
        here, there = (body.joints(posed(body, "body", rows))[:, :22].numpy() for rows in (found, observed))
        return float(point_error(here, there).mean())

    errors = [0.0, 0.0]
    for seed in range(times):  # one draw of ten says little
        errors[0] += off(complete(prior, observed, hidden, hypotheses=10, seed=seed)[0])
        errors[1] += off(published_completion(prior, observed, hidden, 10, seed))
    return {
        "completion_s": seconds[0],
        "completion_published_s": seconds[1],
        "completion_ratio": seconds[1] / seconds[0],
        "completion_error": errors[0] / errors[1],
    }


# ── recovery ──


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure's keypoints in a picture and where its 22 joints are (1, 22, 3), metres."""

    keypoints: Keypoints
    joints: np.ndarray


def recovery(body: Body, prior: Prior, times: int) -> dict[str, float]:
    """One figure from its keypoints, ours and the published loop's, and what the prior costs."""
    picture = pictured(body)
    guide = published.guide(prior)
    start = (standing.moved((0.0, 0.0, -4.0)),)
    found: dict[str, Any] = {}

    def ours() -> None:
        found["ours"] = recovered(body, picture.keypoints, guide, start=start).poses[0]

    def theirs() -> None:
        found["published"] = published_recovery(body, prior, picture.keypoints, start[0])

    (mine,) = medians(ours, times=times)
    (other,) = medians(theirs, times=1)  # most of a minute
    many = picture.keypoints.chosen([0] * 25)
    pairs = [
        medians(
            lambda keypoints=keypoints, begun=begun: recovered(body, keypoints, guide, start=begun),
            lambda keypoints=keypoints, begun=begun: recovered(body, keypoints, NoGuide(), start=begun),
            times=times,
        )
        for keypoints, begun in ((picture.keypoints, start), (many, start * 25))
    ]
    errors = [
        float(point_error(body.joints(body.poses(pose))[:, :22].numpy(), picture.joints)[0]) for pose in found.values()
    ]
    (single, alone), (batch, without) = pairs
    steps = published_step_seconds(body, prior, picture.keypoints, start[0])
    return {
        "recovery_s": mine,
        "recovery_published_s": other,
        "recovery_ratio": other / mine,
        "recovery_error": errors[0] / errors[1],
        "overhead": 100 * (single / alone - 1),
        "overhead_batch": 100 * (batch / without - 1),
        "overhead_published": 100 * (steps[0] / steps[1] - 1),
    }


def pictured(body: Body, noise: float = 3.0) -> Picture:
    """A walking figure four metres away, its 25 points off by a few pixels."""
    camera = camera_of((900, 1200))
    pose = BodyPose(root=np.array((0.0, 0.4, 0.0)), body=_pose().reshape(21, 3).numpy()).moved((0.0, 0.0, -4.0))
    places = body.seen(pose, camera, openpose25) + np.random.default_rng(0).normal(0, noise, (25, 2))
    keypoints = Keypoints(openpose25.joints, torch.from_numpy(places[None]), torch.ones(1, 25), (camera,))
    return Picture(keypoints, body.joints(body.poses(pose))[:, :22].numpy())


def published_step_seconds(body: Body, prior: Prior, keypoints: Keypoints, start: BodyPose) -> list[float]:
    """Seconds of ten of the published loop's steps, with the prior and without."""

    def steps(of: Prior | None) -> None:
        fit = PublishedFit(body, of, keypoints, start)
        fit.run(lambda _: fit.fitting(10, 30, 0.1), [fit.root, fit.pose, fit.betas], 10)

    return medians(lambda: steps(prior), lambda: steps(None), times=5)


def _pose() -> Tensor:
    """A stride (63,) with bent arms, rad."""
    turns = BodyPose()
    for name, turn in {
        "left_hip": (-0.5, 0, 0.05), "left_knee": (0.7, 0, 0), "right_hip": (0.3, 0, -0.05), "right_knee": (0.3, 0, 0),
        "left_shoulder": (0.1, 0.3, -1.1), "right_shoulder": (0.1, -0.3, 1.1), "left_elbow": (0, -0.7, 0),
        "right_elbow": (0, 0.7, 0), "spine2": (0.1, 0.05, 0), "neck": (-0.1, 0.1, 0),
    }.items():  # fmt: skip
        turns = turns.with_joint(name, turn)
    return torch.tensor(turns.body.reshape(-1), dtype=torch.float32)


# ── on a GPU ──


def on_gpu(device: str = "cuda", compiled: bool = True, steps: int = 200, batch: int = 10_000) -> dict[str, float]:
    """Training steps and samples a second of the body's network at its published size."""
    from engine.diffusion import Diffusion

    def seconds(work: Callable[[], Any], times: int) -> float:
        for _ in range(3):
            work()
        _wait(device)
        started = time.perf_counter()
        for _ in range(times):
            work()
        _wait(device)
        return (time.perf_counter() - started) / times

    net = build("body").to(device)
    diffusion = Diffusion(net)
    if compiled:  # "reduce-overhead" replays CUDA graphs: the network's thirty small kernels cost one launch
        diffusion.net = torch.compile(net, mode="reduce-overhead")  # type: ignore[assignment]
    learner = torch.optim.RAdam(net.parameters(), 2e-4)
    rows = torch.randn(1280, 63, device=device)

    def train() -> None:
        t = torch.rand(len(rows), device=device).clamp_min(1e-5)
        loss = diffusion.loss(rows, t, torch.randn_like(rows)).mean()
        learner.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        learner.step()

    trained = seconds(train, steps)
    diffusion.eval()
    noise = torch.randn(batch, 63, device=device)
    times = torch.linspace(1, 1e-3, 51, device=device)

    @torch.no_grad()
    def draw() -> None:
        x = noise
        for t, s in pairwise(times):
            x = diffusion.ddim_step(x, t[None], s[None]).clone()  # a replayed graph's answer is overwritten by the next

    return {"training": 1 / trained, "samples": batch / seconds(draw, max(1, steps // 20))}


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
