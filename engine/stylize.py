"""Pictures restyled with everything in its place: by image processing, by a CycleGAN, or by a diffusion model.

A stylizer is called with an image (H, W, 3) uint8 RGB and a seed, and returns one of the same size; the same image
and seed give the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from engine import corruption, painterly

embedded: dict[str, painterly.Style] = {
    **painterly.styles,
    "noise": corruption.noise,
    "blur": corruption.blur,
    "jpeg": corruption.jpeg,
    "corrupted": corruption.corrupted,
}


class Stylizer(Protocol):
    """What restyles a picture; `heavy` ones hold a network and are not copied to other processes."""

    @property
    def name(self) -> str: ...
    @property
    def heavy(self) -> bool: ...
    def __call__(self, image: np.ndarray, seed: int) -> np.ndarray: ...


@dataclass(frozen=True)
class Painted:
    """One of the embedded styles by its name; ValueError lists them."""

    name: str
    heavy: bool = False

    def __post_init__(self) -> None:
        if self.name not in embedded:
            raise ValueError(f"expected one of the styles {', '.join(embedded)}, got {self.name!r}")

    def __call__(self, image: np.ndarray, seed: int) -> np.ndarray:
        return embedded[self.name](image, np.random.default_rng(seed))


class CycleGan:
    """A CycleGAN generator from its published file (.pth, weights only) or the same as .safetensors; seeds do nothing.

    WrongWeights for another network's file.
    """

    heavy = True

    def __init__(self, path: Path, name: str = "", device: str = "cpu") -> None:
        import torch

        from engine.networks.cyclegan import Generator, without_statistics
        from engine.tensors import load_strictly, read_tensors

        self.name = name or path.stem
        with torch.device("meta"):
            net = Generator()
        load_strictly(net, without_statistics(read_tensors(path)), path.name)
        self._net = net.to(device).eval()
        self._device = device

    def __call__(self, image: np.ndarray, seed: int) -> np.ndarray:
        import torch

        height, width = image.shape[:2]
        # Twice down by halves and up again: sides must divide by 4, and reflect at the borders.
        even = cv2.copyMakeBorder(image, 0, -height % 4 + 8, 0, -width % 4 + 8, cv2.BORDER_REFLECT)
        pixels = torch.from_numpy(np.asarray(even)).to(self._device).permute(2, 0, 1)[None].float() / 127.5 - 1
        with torch.inference_mode():
            painted = self._net(pixels)[0].permute(1, 2, 0).cpu().numpy()
        return ((painted[:height, :width] + 1) * 127.5).clip(0, 255).round().astype(np.uint8)


class Img2Img:
    """A diffusion model in diffusers' folder layout, told the style in words.

    `strength`, 0 … 1, is how much of the picture it may change: beyond a half figures begin to move. Nothing is
    fetched; ValueError for a folder that is none.
    """

    heavy = True

    def __init__(
        self, folder: Path, prompt: str, strength: float = 0.45, steps: int = 30, name: str = "", device: str = "cpu"
    ) -> None:
        if not (folder / "model_index.json").is_file():
            raise ValueError(f"expected a folder in diffusers' layout with model_index.json, got “{folder}”")
        if not 0 < strength <= 1:
            raise ValueError(f"expected a strength above 0 and at most 1, got {strength:g}")
        import torch
        from diffusers.pipelines.auto_pipeline import AutoPipelineForImage2Image

        dtype = torch.float16 if device == "cuda" else torch.float32
        found: Any = AutoPipelineForImage2Image.from_pretrained(folder, dtype=dtype, local_files_only=True)
        found.set_progress_bar_config(disable=True)
        self.name = name or folder.name
        self._pipeline = found.to(device)
        self._prompt, self._strength, self._steps = prompt, strength, steps

    def __call__(self, image: np.ndarray, seed: int) -> np.ndarray:
        import torch
        from PIL import Image

        height, width = image.shape[:2]
        size = max(64, round(width / 64) * 64), max(64, round(height / 64) * 64)
        fitted = Image.fromarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        painted = self._pipeline(
            prompt=self._prompt, image=fitted, strength=self._strength, num_inference_steps=self._steps,
            generator=torch.Generator("cpu").manual_seed(seed), output_type="np",
        ).images[0]  # fmt: skip
        found = (painted * 255).clip(0, 255).round().astype(np.uint8)
        return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_CUBIC))
