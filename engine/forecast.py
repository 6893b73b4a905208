"""How long a network will take on this machine and what memory it needs, told before it runs.

Torch and diffusers take seconds to import: only whoever asks about one of their networks waits for them.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine import libraries
from engine.skeleton import coco17
from engine.weights import Weights

if TYPE_CHECKING:
    import torch

    from engine.networks.sdpose import SDPoseNet

# Of the speed of a bare convolution, what whole networks keep: SDPose at its official size on two cores.
share_of_speed = 0.7
# Bytes of what a figure leaves in memory on its way through the network, per px of the input and byte of a number.
# Measured for the official size: the VAE's first layers, 128 channels at full size, decide.
per_pixel = 700


@dataclass(frozen=True)
class Work:
    """What one figure costs without the flip test: `flops`, the weights' `parameters`, the input's `pixels`."""

    flops: float
    parameters: float
    pixels: int


@dataclass(frozen=True)
class Forecast:
    """What to expect: seconds for all figures, gigabytes of memory; `measured` once such a run was timed here."""

    seconds: float
    gigabytes: float
    measured: bool = False


# MoveNet on two cores, boxes included; it is too small for its operations to tell its time.
quick = Forecast(0.15, 0.1)
# SDPose at its official size as trimmed for inference, by its points: counted once, for counting takes seconds.
official = {17: Work(6.732e12, 903.5e6, 768 * 1024), 133: Work(5.916e12, 889.5e6, 768 * 1024)}
# ViTPose base at the size it is published in: 17.1 GMAC a figure.
vitpose = Work(34e9, 90e6, 256 * 192)


def work(entry: Weights, path: Path | None) -> Work:
    """What a figure costs a model of the table, or one of the user's; `path` is where it is, if it is here."""
    if entry.system == "sdpose":
        # A single file is of the official size, and so are the hub's models before they are here.
        own = path is not None and path.is_dir() and isinstance(entry.source, str)
        return sdpose_work(path) if own else official[len(entry.skeleton or coco17)]
    return vitpose


def forecast(work: Work, figures: int, flip_test: bool, device: torch.device, dtype: torch.dtype) -> Forecast:
    """What figures of that work will take on a device in a precision."""
    looks = 2 if flip_test else 1
    seconds = figures * looks * work.flops / (speed(device, dtype) * share_of_speed)
    return Forecast(seconds, dtype.itemsize * (work.parameters + work.pixels * per_pixel) / 1e9)


@functools.cache
def speed(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a convolution like those that decide, measured once, in a fraction of a second."""
    import torch
    from torch import nn

    layer = nn.Conv2d(256, 256, 3, padding=1, device=device, dtype=dtype)
    layer = layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    picture = torch.zeros(1, 256, 96, 72, device=device, dtype=dtype).to(memory_format=torch.channels_last)
    flops, times = 2 * 9 * 256 * 256 * 96 * 72, []
    with torch.inference_mode():
        for _ in range(4):
            started = time.perf_counter()
            layer(picture).sum().item()  # asking for a number waits for the device
            times.append(time.perf_counter() - started)
    return flops / min(times)


@functools.cache
def sdpose_work(folder: Path) -> Work:
    """The work of an SDPose folder by its settings: the network without its weights."""
    with libraries.importing():
        from engine import sdpose_layout

    return work_of(*sdpose_layout.shape_of(folder))


def work_of(net: SDPoseNet, size: tuple[int, int]) -> Work:
    """What a network on torch's meta device costs for an input of (width, height); it is trimmed on the way."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    net.trimmed().eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.zeros(1, 3, size[1], size[0], device="meta"))
    return Work(counter.get_total_flops(), sum(p.numel() for p in net.parameters()), size[0] * size[1])
