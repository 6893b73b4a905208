"""How the mini world's autoencoder is made: a stock AutoencoderTiny, 8×, whose decoder alone has to be learnt.

Its encoder is the principal components of patches, engine/patch_components.py: no encoder trained for some minutes
comes near them, and what learns from latents need not wait for the decoder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.unets.unet_2d_blocks import AutoencoderTinyBlock
from torch import Tensor, nn
from torch.nn import functional as F

from engine.patch_components import Components, fill
from engine.training import seed_of

patch_channels = 48  # what the encoder needs to gather a patch: 16 pixels of three colours
endings = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True)
class Recipe:
    """How an autoencoder is trained.

    `width` is the decoder's number of channels, `blocks` how many work at each size, from the latents' to the
    picture's; `channels` are the latents'. `size` is the side of the squares it learns from, px. Weights of the losses:
    `edges` of the differences of neighbours, `coarse` of half-size pictures from half-size latents. `noise` is added to
    latents of unit variance, so that the decoder bears what a diffusion model leaves. `ema` is the decay of the
    weights' running mean.
    """

    width: int = 48
    blocks: tuple[int, ...] = (3, 2, 1, 0)
    channels: int = 16
    size: int = 128
    batch: int = 8
    learning_rate: float = 0.006
    warm_up: int = 50
    decay: float = 0.8
    clip: float = 0.5
    edges: float = 0.5
    coarse: float = 0.1
    noise: float = 0.05
    ema: float = 0.995
    seed: int = 0

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step of so many: up in a line, level, and for the last share `decay` down to 0.02."""
        up = min(1.0, (step + 1) / self.warm_up)
        down = min(1.0, max(0.0, steps - step) / max(1.0, self.decay * steps))
        return self.learning_rate * up * max(0.02, down)


def begin(recipe: Recipe, pictures: Iterable[np.ndarray]) -> AutoencoderTiny:
    """The autoencoder before its first step: components of patches of pictures (H, W, 3) uint8, and a raw decoder."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        net = AutoencoderTiny(
            encoder_block_out_channels=(patch_channels,) * 4,
            decoder_block_out_channels=(recipe.width,) * 4,
            num_encoder_blocks=(0, 0, 0, 0),  # type: ignore[arg-type]
            num_decoder_blocks=recipe.blocks,  # type: ignore[arg-type]
            latent_channels=recipe.channels,
        )
        lively(net.decoder)
    fill(net, Components.of(pictures))
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


@torch.no_grad()
def lively(decoder: nn.Module) -> None:
    """Weights through which values keep their size, with blocks that begin by doing little."""
    for layer in (part for part in decoder.modules() if isinstance(part, nn.Conv2d)):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    for block in (part for part in decoder.modules() if isinstance(part, AutoencoderTinyBlock)):
        block.conv[-1].weight.mul_(0.2)  # type: ignore[operator]
    decoder.layers[-1].weight.mul_(0.5)  # type: ignore[operator, index]


# ── the passes, folded ──


def encoded(net: AutoencoderTiny, pictures: Tensor) -> Tensor:
    """Latents (B, C, h, w) of pictures (B, 3, 8 h, 8 w) in -1..1; the first two convolutions are done as one."""
    pixel, half, *others = net.encoder.layers
    if not isinstance(half, nn.Conv2d) or bool(pixel.bias.any()):  # type: ignore[union-attr]
        return net.encoder(pictures)
    kernel = composed(pixel.weight, half.weight)  # type: ignore[arg-type]
    values = F.conv2d(pictures.add(1).div(2), kernel, stride=2, padding=2)
    for layer in others:
        values = layer(values)
    return values


def decoded(net: AutoencoderTiny, latents: Tensor) -> Tensor:
    """Pictures (B, 3, 8 h, 8 w) about -1..1 of latents (B, C, h, w), as the network's own pass gives them.

    Nothing stands between its last two convolutions where no block works at the picture's size. Then they are done as
    one of a quarter of the pixels, in half the time, and as they stand only along the border, where padding differs.
    """
    layers: Any = net.decoder.layers
    if not (isinstance(layers[-3], nn.Upsample) and isinstance(layers[-2], nn.Conv2d)):
        return net.decoder(latents)
    before, last = layers[:-3](torch.tanh(latents / 3) * 3), layers[-3:]
    kernel = phases(composed(layers[-2].weight, layers[-1].weight))
    inner = F.pixel_shuffle(F.conv2d(before, kernel, layers[-1].bias.repeat_interleave(4), padding=1), 2)
    top, bottom = last(before[..., :2, :])[..., :1, :], last(before[..., -2:, :])[..., -1:, :]
    left, right = last(before[..., :2])[..., 1:-1, :1], last(before[..., -2:])[..., 1:-1, -1:]
    rows = torch.cat([left, inner[..., 1:-1, 1:-1], right], -1)
    return torch.cat([top, rows, bottom], -2).mul(2).sub(1)


def composed(first: Tensor, second: Tensor) -> Tensor:
    """The kernel (out, in, 5, 5) of one 3 × 3 convolution after another; `first` is (mid, in, 3, 3)."""
    return F.conv2d(first.transpose(0, 1), second.flip(2, 3), padding=2).transpose(0, 1)


def phases(kernel: Tensor) -> Tensor:
    """The kernel (4 out, in, 3, 3) that does before shuffling what a 5 × 5 one (out, in) does on doubled pixels."""
    # Row p of `take` says which of three source pixels each of five doubled ones is, for an even and an odd pixel.
    take = kernel.new_zeros(2, 3, 5)
    for phase in range(2):
        for tap in range(5):
            take[phase, (phase + tap - 2) // 2 + 1, tap] = 1
    parts = torch.einsum("oikl,pak,qbl->opqiab", kernel, take, take)
    return parts.reshape(-1, *parts.shape[3:])


# ── the losses ──


class Objective(nn.Module):
    """The loss of a batch of pictures and what it is made of."""

    def __init__(self, net: AutoencoderTiny, recipe: Recipe) -> None:
        super().__init__()
        self.net, self.recipe = net, recipe
        net.encoder.requires_grad_(False)

    def trained(self) -> dict[str, nn.Parameter]:
        """What the optimiser changes, by its name in the network."""
        return {name: value for name, value in self.net.named_parameters() if value.requires_grad}

    def forward(self, pictures: Tensor, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """The loss, and the mean squared error of pictures (B, 3, H, W) in -1..1, with colours in 0..1."""
        recipe = self.recipe
        with torch.no_grad():
            latents = encoded(self.net, pictures)
        noisy = latents + recipe.noise / self.net.config["scaling_factor"] * torch.randn(latents.shape, generator=noise)
        made = decoded(self.net, noisy)
        loss = difference(made, pictures, recipe.edges)
        if recipe.coarse:
            few = slice(0, max(1, len(pictures) // 4))
            half = decoded(self.net, F.avg_pool2d(latents[few], 2))
            loss = loss + recipe.coarse * difference(half, F.avg_pool2d(pictures[few], 2), recipe.edges)
        return loss, ((made - pictures) / 2).detach().square().mean()


def difference(made: Tensor, wanted: Tensor, edges: float, soft: float = 0.1) -> Tensor:
    """How far pictures (B, 3, H, W) are apart: Charbonnier's loss of colours and, weighed by `edges`, of gradients."""
    apart = made - wanted
    loss = charbonnier(apart, soft)
    if edges:
        loss = loss + edges * (charbonnier(apart.diff(dim=2), soft) + charbonnier(apart.diff(dim=3), soft))
    return loss


def charbonnier(values: Tensor, soft: float) -> Tensor:
    """The mean of √(x² + s²) - s: squares of what is small, absolutes of what is large."""
    return ((values.square() + soft**2).sqrt() - soft).mean()


# ── pictures ──


class Pictures:
    """The pictures of some folders, each folder with the same share, cut to squares of `size` px by (seed, step)."""

    def __init__(self, folders: Sequence[Path], size: int, seed: int, kept: int = 1 << 30) -> None:
        self.folders, self.size, self.seed = folders, size, seed
        self.kept, self.room = dict[Path, np.ndarray](), kept
        self.files: list[list[Path]] = []
        self.look()

    def look(self) -> int:
        """Lists the folders anew, which others may be filling, and says how many pictures there are.

        ValueError when there is none.
        """
        self.files = [files for files in map(pictures_in, self.folders) if files]
        if not self.files:
            raise ValueError(f"expected pictures in {', '.join(map(str, self.folders))}, got none")
        return sum(map(len, self.files))

    def batch(self, step: int, number: int) -> Tensor:
        """Pictures (number, 3, size, size) in -1..1, cut at any scale, mirrored, and with other colours by chance."""
        rng = np.random.default_rng(seed_of(self.seed, step))
        parts = [self.part(self.files[i % len(self.files)], rng) for i in range(number)]
        return as_tensor(np.stack(parts))

    def part(self, files: list[Path], rng: np.random.Generator) -> np.ndarray:
        picture = self.read(files[int(rng.integers(len(files)))])
        height, width = picture.shape[:2]
        largest = min(height, width)
        least = min(self.size, largest)
        edge = round(float(np.exp(rng.uniform(np.log(least), np.log(largest)))))
        top, left = int(rng.integers(height - edge + 1)), int(rng.integers(width - edge + 1))
        part = squared(picture[top : top + edge, left : left + edge], self.size)
        if rng.random() < 0.5:
            part = part[:, ::-1]
        # Colours trade places: what is learned is less of these pictures' own palette.
        return part[..., rng.permutation(3)] if rng.random() < 0.2 else part

    def read(self, path: Path) -> np.ndarray:
        """A file's picture (H, W, 3) uint8 RGB, kept while there is room for it; ValueError for another file."""
        if path in self.kept:
            return self.kept[path]
        picture = read_picture(path)
        if picture.nbytes <= self.room:
            self.room -= picture.nbytes
            self.kept[path] = picture
        return picture


def pictures_in(folder: Path) -> list[Path]:
    """The pictures below a folder, in order, but for those in .part folders, which are being written.

    Where there are photographs' files (.jpg) only these: a rendered world's .png files are depths and masks.
    """
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in endings and p.parent.suffix != ".part")
    photos = [path for path in found if path.suffix.lower() in {".jpg", ".jpeg"}]
    return photos or found


def read_picture(path: Path) -> np.ndarray:
    """A file's picture (H, W, 3) uint8 RGB; ValueError for another file."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"expected a picture, got {path}")
    return np.ascontiguousarray(picture[..., ::-1])


def squared(picture: np.ndarray, size: int) -> np.ndarray:
    """A square picture at another size, its pixels averaged where it becomes smaller."""
    how = cv2.INTER_AREA if len(picture) > size else cv2.INTER_CUBIC
    return picture if len(picture) == size else cv2.resize(picture, (size, size), interpolation=how)


def as_tensor(pictures: np.ndarray) -> Tensor:
    """Pictures (B, H, W, 3) uint8 as (B, 3, H, W) in -1..1."""
    values = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return values.contiguous(memory_format=torch.channels_last)


def psnr(made: Tensor, wanted: Tensor) -> Tensor:
    """The peak signal-to-noise ratio of each of (B, 3, H, W) pictures in -1..1, dB."""
    error = ((made.clamp(-1, 1) - wanted) / 2).square().mean((1, 2, 3))
    return -10 * torch.log10(error.clamp_min(1e-10))
