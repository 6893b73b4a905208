"""Tells how well an autoencoder keeps pictures it has not learnt from, and what it costs.

    python scripts/evaluate_autoencoder.py autoencoder/model --pictures world/test photos/test
    python scripts/evaluate_autoencoder.py autoencoder/model --yardstick ../shared/models/taef2_vae --pictures …

For each folder of pictures the mean PSNR (dB) at 128 and 256 px, the smallest, and the latents' deviation, mean and
reach; then weights, and seconds for a picture of 256 px on one thread. The yardstick is the tiny autoencoder of
FLUX.2's latents (MIT; twice the channels), taef2_encoder.pth and taef2_decoder.pth. --sheet draws pictures above what
comes back of them.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from PIL import Image
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.autoencoder_training import psnr
from scripts.train_autoencoder import strip, wholes


@dataclass(frozen=True)
class Coder:
    """An autoencoder as two functions over pictures in -1..1, and how many weights it has."""

    name: str
    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]
    weights: int


class Block(nn.Module):
    """A residual block of the yardstick's, with a normalised side branch at the size of its latents."""

    def __init__(self, branch: bool, width: int = 64) -> None:
        super().__init__()
        convolutions = [nn.Conv2d(width, width, 3, padding=1) for _ in range(3)]
        self.conv = nn.Sequential(convolutions[0], nn.ReLU(), convolutions[1], nn.ReLU(), convolutions[2])
        if branch:
            there, back = nn.Conv2d(width, 4 * width, 1, bias=False), nn.Conv2d(4 * width, width, 1, bias=False)
            self.pool = nn.Sequential(there, nn.GroupNorm(4, 4 * width), nn.ReLU(), back)

    def forward(self, values: Tensor) -> Tensor:
        if hasattr(self, "pool"):
            values = values + self.pool(values)
        return torch.relu(self.conv(values) + values)


class Bend(nn.Module):
    """Latents kept within ±3."""

    def forward(self, latents: Tensor) -> Tensor:
        return torch.tanh(latents / 3) * 3


def yardstick(folder: Path) -> Coder:
    """The autoencoder of the two files in a folder, checked to the last tensor."""

    def down(blocks: int, branch: bool = False) -> list[nn.Module]:
        return [nn.Conv2d(64, 64, 3, stride=2, padding=1, bias=False), *(Block(branch) for _ in range(blocks))]

    def up(blocks: int, branch: bool = False) -> list[nn.Module]:
        larger = [nn.Upsample(scale_factor=2), nn.Conv2d(64, 64, 3, padding=1, bias=False)]
        return [*(Block(branch) for _ in range(blocks)), *larger]

    into, out = nn.Conv2d(3, 64, 3, padding=1), nn.Conv2d(64, 32, 3, padding=1)
    encoder = nn.Sequential(into, Block(False), *down(3), *down(3), *down(3, True), out)
    first = [Bend(), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU()]
    decoder = nn.Sequential(*first, *up(3, True), *up(3), *up(3), Block(False), nn.Conv2d(64, 3, 3, padding=1))
    for net, name in ((encoder, "taef2_encoder.pth"), (decoder, "taef2_decoder.pth")):
        net.load_state_dict(torch.load(folder / name, weights_only=True))
        net.float().eval()
    return Coder(
        folder.name,
        lambda pictures: encoder((pictures + 1) / 2),
        lambda latents: decoder(latents) * 2 - 1,
        sum(p.numel() for net in (encoder, decoder) for p in net.parameters()),
    )


def stock(folder: Path) -> Coder:
    """An AutoencoderTiny of a diffusers folder; its latents are scaled to unit variance."""
    net: AutoencoderTiny = AutoencoderTiny.from_pretrained(folder)  # type: ignore[assignment]
    scale = float(net.config["scaling_factor"])
    weights = sum(p.numel() for p in net.parameters())
    return Coder(str(folder), lambda x: net.encoder(x) * scale, lambda z: net.decoder(z / scale), weights)


# ── what is told ──


@torch.no_grad()
def keeps(coder: Coder, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """PSNR of each picture, dB; latents; and what comes back."""
    latents = torch.cat([coder.encode(part) for part in pictures.split(8)])
    made = torch.cat([coder.decode(part) for part in latents.split(8)])
    return psnr(made, pictures), latents, made


@torch.no_grad()
def seconds(coder: Coder, size: int = 256, times: int = 5) -> tuple[float, float]:
    """The least seconds of encoding and decoding one picture of this side."""
    picture = torch.rand(1, 3, size, size) * 2 - 1
    latents = coder.encode(picture)
    return least(lambda: coder.encode(picture), times), least(lambda: coder.decode(latents), times)


def least(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        since = time.perf_counter()
        work()
        taken.append(time.perf_counter() - since)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL", help="folders of an AutoencoderTiny")
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument("--yardstick", type=Path, metavar="DIR")
    parser.add_argument("--number", type=int, default=100, help="pictures of each folder (default 100)")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png")
    args = parser.parse_args()
    torch.set_num_threads(1)
    coders = [stock(folder) for folder in args.models] + ([yardstick(args.yardstick)] if args.yardstick else [])
    rows = []
    for folder in args.pictures:
        for size in (128, 256):
            pictures = wholes(folder, size, args.number)
            rows += [strip(pictures)] if size == 128 else []
            for coder in coders:
                found, latents, made = keeps(coder, pictures)
                rows += [strip(made)] if size == 128 else []
                print(
                    f"{coder.name}: {folder} at {size}: {found.mean():.2f} dB, least {found.min():.2f}; "
                    f"latents {latents.std():.3f} about {latents.mean():.3f}, up to {latents.abs().max():.2f}"
                )
    for coder in coders:
        encode, decode = seconds(coder)
        print(
            f"{coder.name}: {coder.weights / 1e6:.2f} M weights, encode {encode:.3f} s, decode {decode:.3f} s at 256 px"
        )
    if args.sheet:
        Image.fromarray(np.vstack(rows)).save(args.sheet)


if __name__ == "__main__":
    main()
