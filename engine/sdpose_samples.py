"""Training samples prepared once: the VAE's latents of augmented pictures, on disk, for several trainings to share.

A frozen VAE and the augmentation cost a processor as much as a small U-Net's step does. Arms that are compared see the
very same samples so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor, nn
from torch.utils.data import Dataset, default_collate

from engine.data import Batch, Batches, Samples
from engine.heatmap import encode
from engine.networks.lean import one_convolution
from engine.tensors import mark_of

about_file = "about.json"
_arrays = {"seen": np.float16, "clean": np.float16, "points": np.float32, "visible": np.bool_, "done": np.bool_}


class Prepared(Dataset):
    """The samples of a folder by (epoch, index), those that are there; every epoch has the same.

    Each: latents and clean_latents (C, h, w) float16, heatmaps (K, H/4, W/4), weights (K,), points (K, 2) px. `about`
    says what they were made of. ValueError for a folder that has none.
    """

    def __init__(self, folder: Path, sigma: float) -> None:
        if not (folder / about_file).is_file():
            raise ValueError(f"expected prepared samples in {folder}, got none")
        self.about: dict[str, Any] = json.loads((folder / about_file).read_text("utf-8"))
        self.sigma, self.size = sigma, tuple(self.about["input_size"])
        self._files = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _arrays}
        self._there = np.flatnonzero(self._files["done"])
        if not len(self._there):
            raise ValueError(f"expected prepared samples in {folder}, got none that is whole")

    def __len__(self) -> int:
        return len(self._there)

    def __getitem__(self, key: tuple[int, int]) -> Batch:
        at = self._there[key[1]]
        points, visible = self._files["points"][at], self._files["visible"][at]
        map_size = (self.size[0] // 4, self.size[1] // 4)
        maps, weights = encode(points, visible, self.size, map_size, self.sigma)
        return {
            "latents": torch.from_numpy(self._files["seen"][at].copy()),
            "clean_latents": torch.from_numpy(self._files["clean"][at].copy()),
            "heatmaps": torch.from_numpy(maps),
            "weights": torch.from_numpy(weights),
            "points": torch.from_numpy(points.copy()),
        }


def prepare(
    samples: Samples,
    encoded: Callable[[Tensor], Tensor],
    folder: Path,
    count: int,
    about: dict[str, Any],
    batch: int = 16,
    part: tuple[int, int] = (0, 1),
    go_on: Callable[[int], bool] = lambda _done: True,
) -> int:
    """Fills a folder with `count` samples, in the order a training would ask for them; how many are there at the end.

    `encoded` takes pictures (B, 3, H, W) in -1 … 1 to latents. `part` (k, n) does every n-th batch from the k-th on,
    so that n processes fill one folder. What is there stays. `go_on` hears how many are done and may end it.
    ValueError for a folder of other samples.
    """
    files = _opened(samples, encoded, folder, count, about)
    order = iter(Batches(len(samples), batch, samples.seed))
    for number, start in enumerate(range(0, count, batch)):
        keys, end = next(order), min(start + batch, count)
        if number % part[1] != part[0] or files["done"][start:end].all():
            continue
        some = default_collate([samples[key] for key in keys[: end - start]])
        for name in ("seen", "clean"):
            files[name][start:end] = encoded(some[name].float() / 255 * 2 - 1).half().numpy()
        files["points"][start:end], files["visible"][start:end] = some["points"], some["weights"] > 0
        files["done"][start:end] = True
        if not go_on(int(files["done"].sum())):
            break
    for file in files.values():
        file.flush()
    return int(files["done"].sum())


def _opened(
    samples: Samples, encoded: Callable[[Tensor], Tensor], folder: Path, count: int, about: dict[str, Any]
) -> dict[str, np.memmap]:
    """The files of a folder, made where they are not there."""
    about = {**about, "input_size": list(samples.size), "count": count, "figures": len(samples), "seed": samples.seed}
    path = folder / about_file
    if path.is_file():
        if (found := json.loads(path.read_text("utf-8"))) != json.loads(json.dumps(about)):
            other = sorted(key for key in about if found.get(key) != json.loads(json.dumps(about[key])))
            raise ValueError(f"expected the samples that {folder} was begun with, got other {', '.join(other)}")
        return {name: np.load(folder / f"{name}.npy", mmap_mode="r+") for name in _arrays}
    width, height = samples.size
    latents = tuple(encoded(torch.zeros(1, 3, height, width)).shape[1:])
    joints = len(samples.skeleton)
    shapes = {"seen": latents, "clean": latents, "points": (joints, 2), "visible": (joints,), "done": ()}
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", kind, (count, *shapes[name]))
        for name, kind in _arrays.items()
    }
    path.write_text(json.dumps(about), "utf-8")
    return files


def encoder_of(vae: AutoencoderTiny) -> Callable[[Tensor], Tensor]:
    """What `prepare` encodes with: a small VAE, its latents by its scale."""
    scale = vae.config.scaling_factor  # type: ignore[attr-defined]
    encoder = one_convolution(vae.encoder)

    @torch.inference_mode()
    def encoded(pixels: Tensor) -> Tensor:
        return encoder(pixels) * scale

    return encoded


def fingerprint(vae: nn.Module) -> str:
    """What tells one VAE's encoder from another."""
    return mark_of(vae.encoder.state_dict().values())  # type: ignore[union-attr]
