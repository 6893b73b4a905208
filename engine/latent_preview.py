"""Latents seen while they are worked on: the linear map to colours that fits a VAE best, in place of its decoder."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

_samples, _side, _coarse = 6, 64, 4  # pictures to fit by, px, and colours a side in the coarsest of them


class LatentPreview:
    """Small pictures of a VAE's latents, an eighth of the picture's size, in microseconds.

    The map is fitted once, to soft patches of colour that the VAE encodes; it knows no detail, only colour and light.
    """

    def __init__(self, vae: torch.nn.Module) -> None:
        self._vae = vae
        self._map: Tensor | None = None  # (C + 1, 3)

    def __call__(self, latents: Tensor) -> np.ndarray:
        """Latents (C, h, w), as the U-Net has them, as a picture (h, w, 3) uint8 RGB."""
        if self._map is None:
            self._map = self._fitted()
        flat = latents.detach().float().cpu().flatten(1).T
        colors = torch.cat([flat, torch.ones(len(flat), 1)], 1) @ self._map
        image = (colors.clamp(-1, 1) + 1) * 127.5
        return image.reshape(*latents.shape[1:], 3).round().to(torch.uint8).numpy()

    @torch.no_grad()
    def _fitted(self) -> Tensor:
        weight = next(self._vae.parameters())
        patches = _patches().to(weight.device, weight.dtype)
        found = self._vae.encode(patches)  # type: ignore[operator]
        latents = found.latent_dist.mode() if hasattr(found, "latent_dist") else found.latents
        latents = (latents * getattr(self._vae.config, "scaling_factor", 1.0)).float().cpu()
        colors = F.adaptive_avg_pool2d(patches.float().cpu(), latents.shape[-2:])  # type: ignore[arg-type]
        flat = latents.permute(0, 2, 3, 1).flatten(0, 2)
        seen = colors.permute(0, 2, 3, 1).flatten(0, 2)
        known = torch.cat([flat, torch.ones(len(flat), 1)], 1)
        # Ridge: latents that say nothing of colour must not get large weights.
        gram = known.T @ known + 1e-3 * len(known) * torch.eye(known.shape[1])
        return torch.linalg.solve(gram, known.T @ seen)


def _patches() -> Tensor:
    """Soft patches of colour (N, 3, side, side), −1 … 1, always the same ones."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(_samples, 3, _coarse, _coarse, generator=generator) * 2 - 1
    return F.interpolate(coarse, size=(_side, _side), mode="bicubic", align_corners=False).clamp(-1, 1)
