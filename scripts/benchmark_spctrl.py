"""Measures painting on random weights: pictures a second, memory, what the pose's representation and our loop cost.

Run by `python scripts/benchmark.py spctrl [--models DIR]`. SP-Ctrl is timed against a plain ControlNet of the same
sizes, and the studio's painting against the stock pipeline of diffusers called with the same map, all in turn in one
process by the processor's time; `middling` widths are those where the steps decide. Memory is that of a process of its
own. Every base in DIR that can paint is timed as well. On a GPU, Stable Diffusion 1.5's sizes are compared with the
stock pipeline with its default settings.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.controlnet.pipeline_controlnet import StableDiffusionControlNetPipeline
from PIL import Image
from torch import nn

from engine.draw import openpose_map
from engine.library import read_library
from engine.paint import paint
from engine.paint_builder import build_base, build_control, sizes
from engine.painter import Base, Control, Painter
from engine.painter_sampler import sampler_of
from engine.pose import Pose2D
from engine.scene import PaintRequest
from engine.skeleton import coco17
from scripts.timing import Figures, Line, lines, medians, ratio

root = Path(__file__).parent.parent
side = 256  # px
middling = (64, 128, 128, 128)
most_overhead = 2.0  # percent
figures: Figures = {
    "tiny_pictures": (f"paint: tiny, {side}², 10 steps", "pictures/s", None),
    "tiny_gigabytes": ("paint: tiny, peak memory", "GB", None),
    "tiny_overhead": ("paint: tiny, SPR and words over a plain ControlNet", "%", None),
    "tiny_loop": ("paint: tiny, the studio's picture over the stock pipeline's", "×", None),
    "tiny_seen": ("paint: tiny, the same with a preview of every step", "×", None),
    "middling_pictures": (f"paint: middling, {side}², 10 steps", "pictures/s", None),
    "middling_gigabytes": ("paint: middling, peak memory", "GB", None),
    "middling_overhead": ("paint: middling, SPR and words over a plain ControlNet", "%", (most_overhead, False)),
    "middling_loop": ("paint: middling, the studio's picture over the stock pipeline's", "×", (1.05, False)),
    "middling_seen": ("paint: middling, the same with a preview of every step", "×", (1.10, False)),
    "spr_ms": ("paint: the pose's map and its representation, 512²", "ms", None),
}
dtypes = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def report(models: Path | None = None, times: int = 5) -> list[Line]:
    """Lines of all that could be measured here."""
    return [*lines(figures, measure(times)), *own_models(models), *on_gpu()]


def measure(times: int = 5) -> dict[str, float]:
    """The figures of tiny and middling widths by their keys."""
    found: dict[str, float] = {}
    for name in ("tiny", "middling"):
        alone = _alone({"base": name, "encoding": "spctrl"})
        found |= {f"{name}_pictures": alone["pictures"], f"{name}_gigabytes": alone["gigabytes"]}
        found |= {f"{name}_{key}": value for key, value in compared(base_of(name), times).items()}
    painter = Painter(base := base_of("tiny"), build_control(base))
    request = replace(usual(), size=(512, 512))
    (seconds,) = medians(lambda: painter.condition(request, standing(512)), times=times, warm=True)
    return {**found, "spr_ms": 1000 * seconds}


def compared(base: Base, times: int) -> dict[str, float]:
    """Percent that SP-Ctrl takes over a plain ControlNet, and times what the studio takes of the stock pipeline."""
    request, pose = usual(), standing(side)
    control = build_control(base, "openpose")
    spctrl, plain = Painter(base, build_control(base)), Painter(base, control)
    pipeline = stock(base, control)
    pipeline.scheduler = sampler_of(base.parts["scheduler"].config)
    image = Image.fromarray(openpose_map(pose))
    ours, theirs = lambda: paint(request, pose, plain), lambda: called(pipeline, image, request)
    clock = time.process_time
    return {
        "overhead": 100 * (ratio(lambda: paint(request, pose, spctrl), ours, 2 * times, clock) - 1),
        "loop": ratio(ours, theirs, times, clock),
        "seen": ratio(lambda: paint(request, pose, plain, watch=lambda *_: None), theirs, times, clock),
    }


def usual(steps: int = 10) -> PaintRequest:
    """A prompt with all joints' words."""
    return PaintRequest("a dancer in a red dress, ink wash", "blurry", (side, side), steps=steps, fit="squash")


def standing(length: int) -> Pose2D:
    """The library's first figure on 17 joints, on a square canvas."""
    entry = read_library(root / "assets" / "library" / "poses.json")[0]
    scale = length / max(entry.size)
    return Pose2D((length, length), (entry.person.to(coco17).scaled(scale).shifted((0.25 * length, 0)),))


def base_of(name: str) -> Base:
    """One of the builder's bases, or the tiny one with middling widths."""
    if name != "middling":
        return build_base(name)
    base = build_base("tiny")
    more = {"block_out_channels": middling, "layers_per_block": 2, "attention_head_dim": 8, "norm_num_groups": 32}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        unet = UNet2DConditionModel(sample_size=side // 8, **(sizes["tiny"].unet | more)).eval()
    return Base(name, {**base.parts, "unet": unet})


def stock(base: Base, control: Control) -> Any:
    """Diffusers' own pipeline of the same parts."""
    without: dict[str, Any] = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    made = StableDiffusionControlNetPipeline(**base.parts, controlnet=control.net, **without)
    made.set_progress_bar_config(disable=True)
    return made


def called(pipeline: Any, image: Image.Image, request: PaintRequest) -> Any:
    """One picture of the stock pipeline."""
    return pipeline(
        request.prompt, image, width=request.size[0], height=request.size[1], num_inference_steps=request.steps,
        guidance_scale=request.guidance, negative_prompt=request.negative,
        generator=torch.Generator("cpu").manual_seed(request.seed),
    ).images[0]  # fmt: skip


# ── a process of its own ──


def _alone(what: dict[str, Any]) -> dict[str, float]:
    """Pictures a second and peak gigabytes of something painted in a process of its own."""
    done = subprocess.run([sys.executable, __file__, json.dumps(what)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"benchmark: {what} ended with\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def paint_alone(what: dict[str, Any], times: int = 3) -> dict[str, float]:
    """The figures of `_alone`, in that process."""
    if "models" in what:
        from engine.studio import Studio

        pose, steps, length = standing(what["side"]), what["steps"], what["side"]
        request = replace(usual(steps), model=what["base"], encoding=what["encoding"], size=(length, length))
        painter = Studio(Path(what["models"])).painter(request, pose)
    elif "precision" in what:
        return _on_gpu(what)
    else:
        pose, request, base = standing(side), usual(), base_of(what["base"])
        painter = Painter(base, build_control(base, what["encoding"]))
    (seconds,) = medians(lambda: paint(request, pose, painter), times=times, warm=True)
    return {"pictures": 1 / seconds, "gigabytes": _peak()}


def _peak() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def own_models(models: Path | None, steps: int = 20) -> list[Line]:
    """Every base in the user's folder that can paint people now, at the size it learned from."""
    if models is None:
        return []
    from engine.studio import Studio

    rows: list[Line] = []
    for model in Studio(models).painters():
        for encoding in sorted({encoding.partition("-")[0] for encoding, kind in model.usable if kind == "human"}):
            what = {"models": str(models), "base": model.name, "encoding": encoding, "side": model.side, "steps": steps}
            alone, name = _alone(what), f"paint: {model.name} with {encoding}, {model.side}², {steps} steps"
            rows.append((name, alone["pictures"], "pictures/s", None))
            rows.append((f"paint: {model.name} with {encoding}, peak memory", alone["gigabytes"], "GB", None))
    return rows


# ── on a GPU ──


def on_gpu() -> list[Line]:
    """Stable Diffusion 1.5's sizes against the stock pipeline with default settings; nothing without a GPU."""
    if not torch.cuda.is_available():
        return []
    theirs = _alone({"precision": "fp32", "ours": False, "compiled": False})
    head = f"paint: SD 1.5's sizes, 512², {gpu_steps} steps"
    rows: list[Line] = [
        (f"{head}: stock, default settings", theirs["pictures"], "pictures/s", None),
        ("paint: stock, peak memory", theirs["gigabytes"], "GB", None),
    ]
    for precision, compiled in (("fp16", False), ("bf16", False), ("fp16", True), ("bf16", True)):
        mine = _alone({"precision": precision, "ours": True, "compiled": compiled})
        name = f"{precision}{', compiled' if compiled else ''}"
        rows.append((f"{head}: studio, {name}", mine["pictures"], "pictures/s", None))
        rows.append((f"paint: studio, {name}, times as fast", mine["pictures"] / theirs["pictures"], "×", (1.5, True)))
        rows.append((f"paint: studio, {name}, peak memory", mine["gigabytes"], "GB", (theirs["gigabytes"], False)))
    return rows


gpu_steps = 20


def _on_gpu(what: dict[str, Any], times: int = 5) -> dict[str, float]:
    base = build_base("official")
    control = build_control(base, "spctrl" if what["ours"] else "openpose", fresh=True)
    networks: list[Any] = [
        part for part in (*base.parts.values(), control.net, control.spr) if isinstance(part, nn.Module)
    ]
    for network in networks:
        network.to("cuda", dtypes[what["precision"]])
    request, pose = replace(usual(gpu_steps), size=(512, 512)), standing(512)
    if what["ours"]:
        painter = Painter(base, control, "cuda")
        if what["compiled"]:
            steps: tuple[Any, ...] = (base.parts["unet"], control.net)
            for network in steps:
                network.to(memory_format=torch.channels_last)
                network.compile()

        def work() -> Any:
            return paint(request, pose, painter)
    else:
        pipeline, image = stock(base, control), Image.fromarray(openpose_map(pose))

        def work() -> Any:
            return called(pipeline, image, request)

    for _ in range(2):  # compiling
        work()
    (seconds,) = medians(work, times=times, warm=True)
    return {"pictures": 1 / seconds, "gigabytes": _peak()}


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    print(json.dumps(paint_alone(json.loads(sys.argv[1]))))
