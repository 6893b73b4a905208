"""Weights and inputs by formula: what the fixtures were made from instead of files of weights.

The constants come from each fixture file's `formula` block; the rest of the formulas is the golden set's README.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class WeightFormula:
    """Weights from their names: sines, scaled by fan-in; `signed` also by a hash, so that no matrix has rank 2."""

    multiplier: float
    key_suffix: str = ""
    signed: bool = False

    @classmethod
    def of(cls, block: dict[str, Any]) -> WeightFormula:
        """The formula a file's block describes."""
        return cls(float(block["multiplier"]), str(block["key_suffix"]), bool(block["signed"]))

    def tensor(self, key: str, shape: tuple[int, ...]) -> Tensor:
        """The float32 tensor of that name and shape."""
        values = self.sines(key, int(np.prod(shape)))
        if len(shape) > 1:
            values *= np.sqrt(2 / np.prod(shape[1:]))
            values = values * signs(np.arange(1, len(values) + 1), self._code(key)) if self.signed else values
        else:
            values = 1 + 0.1 * values if key.endswith(".weight") else 0.1 * values
        return torch.from_numpy(values.reshape(shape).astype(np.float32))

    def sines(self, key: str, count: int) -> np.ndarray:
        """The formula's plain sines of a name, float64, before any scale."""
        return np.sin(self.multiplier * np.arange(1, count + 1) + self._code(key) % 1000 / 100)

    def _code(self, key: str) -> int:
        return zlib.crc32(f"{key}{self.key_suffix}".encode())

    def fill(self, module: nn.Module) -> None:
        """Gives every tensor of the module's state its formula's value."""
        state = {key: self.tensor(key, tuple(value.shape)) for key, value in module.state_dict().items()}
        module.load_state_dict(state, strict=True)


def signs(place: np.ndarray, code: int) -> np.ndarray:
    """+1 or -1 by a hash of each 1-based place and the name's code, in 32 bits."""
    h = (place.astype(np.uint64) * 2654435761 + code).astype(np.uint32)
    for factor, shift in ((2246822519, 16), (3266489917, 13), (1, 16)):
        h = (h ^ (h >> np.uint32(shift))) * np.uint32(factor)
    return 1.0 - 2.0 * (h & 1)


def picture(constants: dict[str, float], batch: int, size: tuple[int, int]) -> Tensor:
    """A made-up picture (B, 3, H, W) in -0.9 … 0.9 of `size` (width, height)."""
    b, c, y, x = np.ogrid[:batch, :3, : size[1], : size[0]]
    waves = constants["x"] * (x + 1) * (0.6 + 0.4 * c) + constants["y"] * (y + 1) + constants["batch"] * b
    values = 0.9 * np.sin(waves + constants["phase"]) * np.cos(0.05 * (y + 1) * (1 + 0.3 * c) - 0.03 * (x + 1))
    return torch.from_numpy(values.astype(np.float32))


def prompt(constants: dict[str, float], width: int) -> Tensor:
    """A made-up empty prompt (1, 2, D)."""
    t, d = np.ogrid[:2, :width]
    return torch.from_numpy(np.sin(constants["channel"] * (d + 1) + constants["token"] * t).astype(np.float32))[None]


def heatmaps(constants: dict[str, list[float]], count: int, size: tuple[int, int], sigma: float) -> Tensor:
    """Noisy Gaussians (1, K, H, W) of `size` (width, height); every 19th is negative all over."""
    k, y, x = np.ogrid[:count, : size[1], : size[0]]

    def spread(name: str) -> np.ndarray:
        factor, offset = constants[name]
        return (factor * (k + 1) + offset) % 1.0

    cx, cy = (1.06 * (side - 1) * spread(n) - 0.03 * (side - 1) for n, side in zip(("cx", "cy"), size, strict=True))
    hill = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * sigma**2))
    noise = 0.02 * np.sin(12.9898 * (x + 1) + 78.233 * (y + 1) + 37.719 * (k + 1))
    values = np.where(k % 19 == 18, -0.1 - hill, (0.2 + 0.8 * spread("amplitude")) * hill + noise)
    return torch.from_numpy(values.astype(np.float32))[None]


def photo(constants: dict[str, int], size: tuple[int, int]) -> np.ndarray:
    """A made-up photo (H, W, 3) uint8 of `size` (width, height)."""
    y, x, c = np.ogrid[: size[1], : size[0], :3]
    sums = x * constants["x"] + y * constants["y"] + c * constants["channel"]
    return ((sums + (x * y) // constants["product_divisor"]) % 256).astype(np.uint8)
