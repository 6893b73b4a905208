"""What a latent diffusion model learns from: captioned pictures as an autoencoder's latents, kept in a file.

Every picture is encoded twice, as it is and mirrored: captions name neither left nor right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor

from engine.data import read_annotations
from engine.photo import read_photo
from engine.tensors import mark_of

at_once = 16  # pictures that are encoded together


@dataclass(frozen=True, eq=False)
class Captioned:
    """Pictures' latents (N, 2, C, h, w) float16, each as it is and mirrored, and the captions of each."""

    latents: np.ndarray
    captions: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.captions)

    def __getitem__(self, chosen: Sequence[int]) -> Captioned:
        return Captioned(self.latents[list(chosen)], tuple(self.captions[i] for i in chosen))


def listed(annotations: Path) -> list[tuple[str, tuple[str, ...]]]:
    """File name and captions of each picture in a file of COCO's form; ValueError where a picture has none."""
    found = []
    for image in read_annotations(annotations)["images"]:
        said = tuple(image.get("captions") or ([image["caption"]] if image.get("caption") else []))
        if not said:
            raise ValueError(f"expected captions of every picture in {annotations}, got none of {image['file_name']}")
        found.append((str(image["file_name"]), said))
    return found


def encoded(
    annotations: Path,
    images: Path,
    vae: AutoencoderTiny,
    side: int,
    cache: Path,
    tell: Callable[[int, int], object] = lambda _done, _of: None,
) -> Captioned:
    """The pictures of an annotation file at `side` px as latents; those in the file `cache` are not encoded again.

    The cache is written anew when pictures came, and thrown away when another autoencoder or side made it. `tell`
    hears how many of how many new pictures are done. ValueError where there is no picture.
    """
    pictures = listed(annotations)
    if not pictures:
        raise ValueError(f"expected pictures in {annotations}, got none")
    mark = f"{encoder_mark(vae)} {side}"
    known = _cached(cache, mark)
    fresh = [name for name, _ in pictures if name not in known]
    for first in range(0, len(fresh), at_once):
        some = fresh[first : first + at_once]
        found = latents_of(vae, [read_picture(images / name, side) for name in some])
        known |= dict(zip(some, found, strict=True))
        tell(first + len(some), len(fresh))
    latents = np.stack([known[name] for name, _ in pictures])
    if fresh:
        _write(cache, mark, [name for name, _ in pictures], latents)
    return Captioned(latents, tuple(said for _, said in pictures))


def joined(sets: Sequence[Captioned]) -> Captioned:
    """Several sets as one; ValueError where their latents are of different sizes."""
    if len(sets) == 1:
        return sets[0]
    if len(shapes := {one.latents.shape[2:] for one in sets}) > 1:
        raise ValueError(f"expected latents of one size, got {', '.join(map(str, sorted(shapes)))}")
    return Captioned(np.concatenate([one.latents for one in sets]), tuple(c for one in sets for c in one.captions))


def parted(data: Captioned, every: int = 64) -> tuple[Captioned, Captioned]:
    """What is learned from, and every 64th picture, which is not; the same ones when more pictures come after."""
    kept = [i for i in range(len(data)) if i % every == every - 1] or [len(data) - 1]
    out = set(kept)
    return data[[i for i in range(len(data)) if i not in out]], data[kept]


def read_picture(path: Path, side: int) -> np.ndarray:
    """A picture's middle square at (side, side, 3) uint8 RGB, each pixel the mean of those it takes the place of."""
    image = read_photo(path.read_bytes(), path.name).image
    height, width = image.shape[:2]
    least = min(height, width)
    top, left = (height - least) // 2, (width - least) // 2
    square = image[top : top + least, left : left + least]
    return square if least == side else cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)


@torch.inference_mode()
def latents_of(vae: AutoencoderTiny, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Latents (N, 2, C, h, w) float16 of pictures (S, S, 3) uint8, as they are and mirrored, scaled to about 1."""
    weight = next(vae.parameters())
    pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).to(weight.device, weight.dtype) / 127.5 - 1
    found = vae.encode(torch.cat([pixels, pixels.flip(-1)])).latents * _scale(vae)  # type: ignore[union-attr]
    return found.unflatten(0, (2, -1)).transpose(0, 1).cpu().numpy().astype(np.float16)


@torch.inference_mode()
def pictures_of(vae: AutoencoderTiny, latents: Tensor) -> np.ndarray:
    """Pictures (N, S, S, 3) uint8 of scaled latents (N, C, h, w)."""
    weight = next(vae.parameters())
    decoded: Any = vae.decode((latents / _scale(vae)).to(weight.device, weight.dtype)).sample  # type: ignore[union-attr]
    return ((decoded.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def _scale(vae: AutoencoderTiny) -> float:
    return float(vae.config.scaling_factor)  # type: ignore[attr-defined]


def encoder_mark(vae: AutoencoderTiny) -> str:
    """What tells this encoder and its scale from others; its decoder may change."""
    return mark_of([*vae.encoder.state_dict().values(), torch.tensor(_scale(vae))])


def _cached(cache: Path, mark: str) -> dict[str, np.ndarray]:
    if not cache.is_file():
        return {}
    with np.load(cache, allow_pickle=False) as file:
        if str(file["mark"]) != mark:
            return {}
        return dict(zip(file["names"].tolist(), file["latents"], strict=True))


def _write(cache: Path, mark: str, names: Sequence[str], latents: np.ndarray) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    fresh = cache.with_name(f"{cache.stem}.new.npz")
    np.savez(fresh, mark=np.array(mark), names=np.array(names), latents=latents)
    fresh.replace(cache)
