"""The sampler that SP-Ctrl's pictures are made with: UniPC, set as the published one was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler


def sampler_of(config: Mapping[str, Any]) -> UniPCMultistepScheduler:
    """UniPC (order 2, bh2) for the noise that a base's scheduler `config` was trained with.

    Its last step ends at the least noise of the training, and steps are spread evenly: both defaults have changed in
    diffusers since the published pictures.
    """
    more = {"final_sigmas_type": "sigma_min", "timestep_spacing": "linspace"}
    return UniPCMultistepScheduler.from_config(dict(config), **more)  # type: ignore[return-value]
