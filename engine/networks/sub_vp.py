"""The sub-VP diffusion that DPoser-X runs on (Song et al., "Score-based generative modeling through SDEs", eq. 29).

A clean pose x becomes alpha(t) x + sigma(t) z with z ~ N(0, I); time runs from 0, clean, to 1, noise alone. All
functions take times of any shape and return as many numbers, in the times' precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

label_scale = 999  # networks are told 999 t


@dataclass(frozen=True)
class SubVP:
    """dx = -½ beta(t) x dt + g(t) dw, beta growing from `slow` to `fast`."""

    slow: float = 0.1
    fast: float = 20.0

    def beta(self, t: Tensor) -> Tensor:
        """How fast the pose is forgotten."""
        return self.slow + t * (self.fast - self.slow)

    def _log_alpha(self, t: Tensor) -> Tensor:
        return -0.25 * t**2 * (self.fast - self.slow) - 0.5 * t * self.slow

    def alpha(self, t: Tensor) -> Tensor:
        """The share of the clean pose at time t."""
        return torch.exp(self._log_alpha(t))

    def sigma(self, t: Tensor) -> Tensor:
        """The standard deviation of the noise at time t: 1 - alpha², not its root; exact near 0 as well."""
        return -torch.expm1(2 * self._log_alpha(t))

    def snr(self, t: Tensor) -> Tensor:
        """alpha / sigma, as the published code counts the signal to the noise (not squared)."""
        return self.alpha(t) / self.sigma(t)

    def g(self, t: Tensor) -> Tensor:
        """The strength of the noise added per root of time: sqrt(beta (1 - alpha⁴))."""
        return torch.sqrt(self.beta(t) * -torch.expm1(4 * self._log_alpha(t)))


published = SubVP()
