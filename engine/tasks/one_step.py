"""A diffusion's denoising in one step, at times that a task knows beforehand."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.diffusion import Diffusion
from engine.networks.dposer import PoseNet
from engine.networks.sub_vp import label_scale
from engine.networks.timed import Timed


class OneStep:
    """A diffusion that noises poses and denoises them in one step, at times (S,) known beforehand.

    The engine's networks are told the times once for all; others are asked as they are. Nothing is differentiated.
    """

    def __init__(self, diffusion: Diffusion, times: Tensor) -> None:
        self.diffusion, self.times = diffusion, times
        self.timed = Timed(diffusion.net, label_scale * times) if isinstance(diffusion.net, PoseNet) else None
        self.alpha, self.sigma = diffusion.sde.alpha(times).tolist(), diffusion.sde.sigma(times).tolist()

    def clean(self, x: Tensor, k: int, noise: Tensor, mask: Tensor | None = None) -> Tensor:
        """Poses (N, D) with noise of time k added and taken off again (Tweedie's formula)."""
        noisy = (self.alpha[k] * x).add_(noise, alpha=self.sigma[k])
        return self.taken_apart(noisy, k, mask)[0]

    @torch.no_grad()
    def taken_apart(self, noisy: Tensor, k: int, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What the network takes noisy poses (N, D) of time k to be made of: clean poses, and noise."""
        if self.timed is None:
            seen = self.diffusion.noise(noisy, self.times[k, None], mask)
        else:
            seen = self.timed.noise(noisy, k, mask)
        return noisy.sub(seen, alpha=self.sigma[k]).div_(self.alpha[k]), seen
