"""What an error counts where latents are learned: by its channel, and by how little noise there was."""

from __future__ import annotations

from typing import Any

from torch import Tensor


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
