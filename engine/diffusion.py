"""A pose diffusion: noise into a pose and out of it again, by one network (arXiv 2508.00599, section 3).

Poses are (B, D), normalised. A time is a tensor (B,), or (1,) for all rows at once, 0 clean … 1 noise alone; `mask`
(B, 4) tells which parts of a whole body are seen. Functions are differentiable unless they say otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from engine.networks.sub_vp import SubVP, label_scale, published


class Diffusion(nn.Module):
    """A network of `engine.networks.dposer`, and the process whose noise it tells."""

    def __init__(self, net: nn.Module, sde: SubVP = published) -> None:
        super().__init__()
        self.net, self.sde = net, sde

    def noised(self, x: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """The clean poses as they are at time t: alpha x + sigma noise."""
        return _column(self.sde.alpha(t)) * x + _column(self.sde.sigma(t)) * noise

    def noise(self, noisy: Tensor, t: Tensor, mask: Tensor | None = None) -> Tensor:
        """The noise (B, D) that the network sees in noisy poses; this alone runs the network."""
        more: dict[str, Any] = {} if mask is None else {"mask": mask}
        return self.net(noisy, label_scale * t, **more)

    def score(self, noisy: Tensor, t: Tensor, mask: Tensor | None = None) -> Tensor:
        """The gradient of the noisy poses' log density: -noise / sigma."""
        return -self.noise(noisy, t, mask) / _column(self.sde.sigma(t))

    def denoised(self, noisy: Tensor, t: Tensor, mask: Tensor | None = None) -> Tensor:
        """The clean poses in one step: (noisy - sigma noise) / alpha (Tweedie's formula)."""
        seen = self.noise(noisy, t, mask)
        return (noisy - _column(self.sde.sigma(t)) * seen) / _column(self.sde.alpha(t))

    def ddim_step(self, noisy: Tensor, t: Tensor, s: Tensor, mask: Tensor | None = None) -> Tensor:
        """The poses at an earlier time s, deterministically: clean pose and noise of time t, mixed anew."""
        seen = self.noise(noisy, t, mask)
        clean = (noisy - _column(self.sde.sigma(t)) * seen) / _column(self.sde.alpha(t))
        return _column(self.sde.alpha(s)) * clean + _column(self.sde.sigma(s)) * seen

    def ddim(self, noisy: Tensor, times: Sequence[float] | Tensor, mask: Tensor | None = None) -> Tensor:
        """The poses after DDIM steps from each of the falling `times` to the next."""
        times = torch.as_tensor(times, dtype=noisy.dtype, device=noisy.device)
        for t, s in pairwise(times):
            noisy = self.ddim_step(noisy, t[None], s[None], mask)
        return noisy

    def drift(self, noisy: Tensor, t: Tensor, mask: Tensor | None = None, share: float = 1.0) -> Tensor:
        """The reverse drift: -½ beta x - share g² score; share 1 for the SDE, ½ for the probability-flow ODE."""
        forward = -0.5 * _column(self.sde.beta(t)) * noisy
        return forward - share * _column(self.sde.g(t)) ** 2 * self.score(noisy, t, mask)

    def loss(self, x: Tensor, t: Tensor, noise: Tensor, mask: Tensor | None = None) -> Tensor:
        """Squared errors (B, D) of the noise told from poses x noised so; their mean is what training lowers."""
        return (noise - self.noise(self.noised(x, t, noise), t, mask)).square()


def _column(values: Tensor) -> Tensor:
    return values[:, None]
