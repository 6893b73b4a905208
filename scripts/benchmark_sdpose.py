"""Measures SDPose at its official size against the published pipeline's own arithmetic, on random weights.

Run by `python scripts/benchmark.py sdpose`. Each variant has a process of its own, so that its peak memory is its own;
all have the same weights, made from their names, and the same picture. The reference is built from the same diffusers
parts as the published code: full text encoder asked twice, all up-blocks with four kept outputs, VAE with decoder
loaded, one person after the other, and everything once more for the mirrored picture. It takes the latents' mode
instead of a sample, so that outputs can be compared.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
from torch import Tensor, nn

from engine.box import Box
from engine.heatmap import crop_of, cut, merge_flip
from engine.networks.sdpose import SDPoseNet, build, latent_scale, task_label, timestep
from engine.photo import read_photo
from engine.sdpose import SDPosePipeline
from engine.skeleton import coco17, wholebody133

dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Variant:
    """What one process measures: the published arithmetic or ours, in a precision, for so many keypoints and people."""

    ours: bool
    precision: str
    keypoints: int
    people: int
    device: str
    compiled: bool = False

    @property
    def name(self) -> str:
        who = "ours" if self.ours else "published"
        return f"{who}, {self.precision}{', compiled' if self.compiled else ''}"


# ── the same weights and pictures for everybody ──


def filled(module: nn.Module, device: str, dtype: torch.dtype) -> Any:
    """The module on a device, with weights that follow from their names."""
    if next(module.parameters()).is_meta:
        module.to(dtype).to_empty(device=device)
    module.to(device, dtype)
    for name, tensor in module.state_dict().items():
        if not tensor.is_floating_point():
            continue
        source = torch.Generator().manual_seed(zlib.crc32(name.encode()))
        if tensor.ndim > 1:
            value = torch.randn(tensor.shape, generator=source) / math.sqrt(math.prod(tensor.shape[1:]))
        else:
            value = torch.full(tensor.shape, 1.0 if name.endswith("weight") else 0.0)
        tensor.copy_(value)
    return module.eval().requires_grad_(False)


def crops(people: int) -> list[np.ndarray]:
    """The bundled examples as the network sees them, (1024, 768, 3) uint8, one per person."""
    examples = Path(__file__).parent.parent / "assets" / "examples"
    paths = sorted(path for path in examples.glob("*") if path.suffix in (".jpg", ".png", ".webp"))
    photos = [read_photo(path.read_bytes(), path.name).image for path in paths[:people]]
    seen = [cut(photo, crop_of(Box.of((photo.shape[1], photo.shape[0])), "evaluation")) for photo in photos]
    return [seen[i % len(seen)] for i in range(people)]


# ── the published pipeline's arithmetic ──


class Published:
    """One person after the other through everything the published pipeline loads."""

    def __init__(self, keypoints: int, device: str, dtype: torch.dtype) -> None:
        self.device, self.dtype = device, dtype
        self.swap = skeleton_of(keypoints).swap
        with torch.device("meta"):
            net = build("official", keypoints)
        self.net = filled_net(net, device, dtype)
        self.text = filled(text_encoder(), device, dtype)
        self.seen: list[Tensor] = []
        for block in self.net.unet.up_blocks:  # all four outputs stay alive until the next call
            block.register_forward_hook(self._keep)

    def _keep(self, _block: nn.Module, _inputs: Any, output: Any) -> None:
        self.seen.append(output)

    def __call__(self, pictures: list[np.ndarray]) -> Tensor:
        maps = []
        for picture in pictures:
            straight = self._once(picture)
            mirrored = self._once(np.ascontiguousarray(picture[:, ::-1]))
            maps.append(merge_flip(straight, mirrored, self.swap))
        return torch.cat(maps)

    @torch.no_grad()
    def _once(self, picture: np.ndarray) -> Tensor:
        net, tokens = self.net, torch.tensor([[49406, 49407]], device=self.device)
        pixels = torch.from_numpy(picture).to(self.device).permute(2, 0, 1)[None].float() / 255 * 2 - 1
        prompt = [self.text(tokens)[0] for _ in range(2)][-1]  # the published call encodes it twice
        posterior: Any = net.vae.encode(pixels.to(self.dtype))
        latents = posterior.latent_dist.mode() * latent_scale
        label = task_label("pose")[None].to(self.device, self.dtype)
        self.seen.clear()
        net.unet(latents, timestep, prompt, class_labels=label, return_dict=False)
        return net.head(self.seen[net.tap]).float()


def text_encoder() -> nn.Module:
    """Stable Diffusion 2's text encoder by its published sizes."""
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            hidden_size=1024, intermediate_size=4096, num_hidden_layers=23, num_attention_heads=16, hidden_act="gelu",
            projection_dim=512, bos_token_id=0, eos_token_id=2,
        )
    )  # fmt: skip


def skeleton_of(keypoints: int) -> Any:
    return coco17 if keypoints == len(coco17) else wholebody133


def filled_net(net: SDPoseNet, device: str, dtype: torch.dtype) -> SDPoseNet:
    for part in (net.unet, net.vae, net.head):
        filled(part, device, dtype)
    net.empty_prompt = torch.zeros(1, 2, 1024, device=device, dtype=dtype)
    for task in ("pose", "picture"):
        setattr(net, f"label_{task}", task_label(task)[None].to(device, dtype))
    return net


# ── ours ──


class Ours:
    """The pipeline as the studio runs it."""

    def __init__(self, keypoints: int, device: str, dtype: torch.dtype, compiled: bool, prompt: Tensor) -> None:
        with torch.device("meta"):
            net = build("official", keypoints).trimmed()
        net = filled_net(net, device, dtype)
        net.empty_prompt = prompt.to(device, dtype)
        self.pipeline = SDPosePipeline(net).for_inference()
        if compiled:
            net.unet.compile()
            net.vae.encoder.compile()  # type: ignore[union-attr]
        self.at_once = 8 if device == "cuda" else 1

    def __call__(self, pictures: list[np.ndarray]) -> Tensor:
        parts = [
            self.pipeline.heatmaps(pictures[start : start + self.at_once])
            for start in range(0, len(pictures), self.at_once)
        ]
        return torch.cat(parts)


def prompt_of(device: str) -> Tensor:
    """What the reference's text encoder says to the empty prompt, in single precision: our constant."""
    with torch.no_grad():
        return filled(text_encoder(), device, torch.float32)(torch.tensor([[49406, 49407]], device=device))[0].cpu()


# ── measuring ──


def measure(variant: Variant, prompt_file: Path, heatmaps_file: Path) -> None:
    """Runs in a process of its own: prints seconds a person, peak memory in GB; writes the heatmaps."""
    dtype = dtypes[variant.precision]
    if variant.ours:
        prompt = torch.load(prompt_file, weights_only=True)
        work: Callable[[list[np.ndarray]], Tensor] = Ours(
            variant.keypoints, variant.device, dtype, variant.compiled, prompt
        )
    else:
        work = Published(variant.keypoints, variant.device, dtype)
    pictures = crops(variant.people)
    gpu = variant.device == "cuda"
    work(pictures[:1])  # to warm up
    seconds, maps = [], torch.zeros(0)
    for _ in range(5 if gpu else 1):
        started = time.perf_counter()
        maps = work(pictures).cpu()  # asking for numbers waits for the device
        seconds.append(time.perf_counter() - started)
    peak = torch.cuda.max_memory_allocated() if gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    torch.save(maps, heatmaps_file)
    print(json.dumps({"seconds": min(seconds) / variant.people, "gigabytes": peak / 1e9}))


def run(variant: Variant, folder: Path) -> tuple[dict[str, float], Tensor]:
    """Seconds a person, gigabytes and heatmaps of a variant."""
    out = folder / f"{zlib.crc32(repr(variant).encode())}.pt"
    command = [sys.executable, __file__, json.dumps(variant.__dict__), str(folder / "prompt.pt"), str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"benchmark: {variant.name} ended with\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1]), torch.load(out, weights_only=True)


def report(keypoints: int, people: int, precisions: list[str], compiled: bool) -> list[tuple[str, float, str, Any]]:
    """Lines (what, value, unit, budget and whether it is a least) of ours against the published arithmetic."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rows: list[tuple[str, float, str, Any]] = []
    whole = f"SDPose {keypoints} points, {people} {'person' if people == 1 else 'people'}, {device}"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        torch.save(prompt_of(device), folder / "prompt.pt")
        base, expected = run(Variant(False, "fp32", keypoints, people, device), folder)
        rows.append((f"{whole}: published, seconds a person", base["seconds"], "s", None))
        rows.append((f"{whole}: published, peak memory", base["gigabytes"], "GB", None))
        for precision in precisions:
            for how in (False, True) if compiled else (False,):
                variant = Variant(True, precision, keypoints, people, device, how)
                mine, found = run(variant, folder)
                rows += _compared(f"{whole}: {variant.name}", variant, base, mine, expected, found)
    return rows


def _compared(
    what: str, variant: Variant, base: dict[str, float], mine: dict[str, float], expected: Tensor, found: Tensor
) -> list[tuple[str, float, str, Any]]:
    full = variant.precision == "fp32"
    least, most = (1.15 if variant.keypoints == 133 else None, 0.72) if full else (2.0, 0.4)
    relative = float((found - expected).norm() / expected.norm())
    largest = float((found - expected).abs().max())
    return [
        (f"{what}, seconds a person", mine["seconds"], "s", None),
        (f"{what}, times as fast", base["seconds"] / mine["seconds"], "×", least and (least, True)),
        (f"{what}, share of its memory", mine["gigabytes"] / base["gigabytes"], "×", (most, False)),
        (f"{what}, largest difference", largest, "", (1e-4, False) if full else None),
        (f"{what}, relative difference (L2)", relative, "", None if full else (0.02, False)),
    ]


if __name__ == "__main__":
    torch.set_num_threads(os.cpu_count() or 1)
    measure(Variant(**json.loads(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3]))
