"""What an error counts where latents are learned: by its channel, by how little noise there was, and by its place."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import max_pool2d

cell = 8  # px of a picture that a latent stands for


def by_deviation(latents: Tensor) -> Tensor:
    """What each channel's error counts (C,), 1 in the mean, for latents (N, C, h, w): as much as it deviates.

    The channels that vary most tell what is where; most of the others are texture, which nothing foretells, and which
    would be most of the error.
    """
    deviations = latents.float().std((0, 2, 3), correction=0)
    return deviations / deviations.mean()


def by_time(schedule: Any, most_snr: float) -> Tensor:
    """What each time's error of the velocity counts (T,), 0 … 1: less where the signal-to-noise ratio is beyond that.

    Nearly clean latents would count too much: their velocity is noise that hardly anything tells.
    """
    return ((1 - schedule.alphas_cumprod) * (most_snr + 1)).clamp(max=1)


def by_place(drawn: Tensor, times: float) -> Tensor:
    """What each latent's error counts (B, 1, H/8, W/8), 1 in a picture's mean: that of and beside what is drawn more.

    `drawn` (B, H, W) or (B, C, H, W) is 0 where no limb is; `times` is how often a latent counts that limbs touch or
    whose neighbour they do.
    """
    there = (drawn.amax(1, keepdim=True) if drawn.dim() == 4 else drawn[:, None]) > 0
    near = max_pool2d(there.float(), 3 * cell, cell, cell)
    counts = 1 + (times - 1) * near
    return counts / counts.mean((1, 2, 3), keepdim=True)
