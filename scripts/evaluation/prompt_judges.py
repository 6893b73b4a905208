"""Small networks that tell a picture's style and the colour of its figure's dress, by its latents.

They learn from the rendered world, through the autoencoder that pictures are painted through: a style that is lost on
its way cannot be asked for either.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor, nn

from engine.sd_latents import encoded
from engine.training import seeded
from scripts.world.styles import colored
from scripts.world.words import palette, styles

# Dresses whose first region covers most of a figure.
one_color_kinds = ("dress", "robe", "suit", "bodysuit", "leotard", "armour")
main_share = 0.8  # of what is seen of such a dress, its first region
batch, rate, decay, smoothing, grain, farthest = 64, 2e-3, 0.05, 0.05, 0.1, 2
colors = tuple(palette)


@dataclass(frozen=True, eq=False)
class Known:
    """Rendered pictures as latents (N, 2, C, h, w), as they are and mirrored, and what they show.

    `style` (N,) its number among the styles, `shares` (N, 13) of the palette's colours in all dresses, 0 where a style
    has none, `main` (N,) the colour of the one figure's dress, -1 where there is no such.
    """

    latents: Tensor
    style: Tensor
    shares: Tensor
    main: Tensor

    def __len__(self) -> int:
        return len(self.style)

    def __getitem__(self, chosen: Tensor) -> Known:
        return Known(self.latents[chosen], self.style[chosen], self.shares[chosen], self.main[chosen])


def known(world: Path, splits: Sequence[str], vae: AutoencoderTiny, side: int, cache: Path) -> Known:
    """The pictures of a world's splits, their latents kept in the folder `cache`; ValueError where there is none."""
    parts = []
    for split in splits:
        if not (file := world / f"{split}.json").is_file():
            continue
        latents = encoded(file, world, vae, side, cache / f"{split}.npz").latents
        images = json.loads(file.read_text("utf-8"))["images"]
        parts.append((torch.from_numpy(latents).float(), *words_of(images)))
    if not parts:
        raise ValueError(f"expected {splits[0]}.json in {world}, got none")
    return Known(*(torch.cat(each) for each in zip(*parts, strict=True)))


def words_of(images: Sequence[dict[str, Any]]) -> tuple[Tensor, Tensor, Tensor]:
    """Style, shares and main colour of a world's pictures, see `Known`, by their entries in its file."""
    shares, main = (np.stack(each) for each in zip(*map(_colors_of, images), strict=True))
    style = torch.tensor([styles.index(image["style"]) for image in images])
    return style, torch.from_numpy(shares).float(), torch.from_numpy(main)


def _colors_of(image: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the palette's colours in a picture's dresses, and the number of the one dress's colour, or -1."""
    shares, main = np.zeros(len(colors)), -1
    if not colored(image["style"]):
        return shares, np.array(main)
    for figure in image["figures"]:
        words = list(figure["colors"].values())
        mostly = figure["dress"] in one_color_kinds and len(words) > 1
        rest = (1 - main_share) / (len(words) - 1) if mostly else 1 / len(words)
        for number, word in enumerate(words):
            share = main_share if mostly and number == 0 else rest
            shares[colors.index(word)] += share / len(image["figures"])
    (first, *others) = image["figures"]
    if not others and first["dress"] in one_color_kinds and first["pattern"] == "plain" and image["framing"] != "close":
        main = colors.index(next(iter(first["colors"].values())))
    return shares, np.array(main)


class Judges:
    """Tell a picture's style, and the colour of the dress of its one figure, by its latents."""

    def __init__(self, learned: Known, rounds: tuple[int, int] = (20, 30), seed: int = 0) -> None:
        channels = learned.latents.shape[2]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.style, self.color = (_network(channels, count) for count in (len(styles), len(colors)))
            _fit(self.style, learned.latents, F.one_hot(learned.style, len(styles)).float(), rounds[0], seed)
            with_colors = learned.shares.sum(1) > 0
            _fit(self.color, learned.latents[with_colors], learned.shares[with_colors], rounds[1], seed + 1)

    @torch.no_grad()
    def ranks(self, latents: Tensor, style: Tensor, main: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """The rank, from 0, of each picture's style and colour among what the judges see; nan where there is none."""
        found = []
        for judge, wanted in ((self.style, style), (self.color, main)):
            sure = judge(latents[:, 0]).softmax(1) + judge(latents[:, 1]).softmax(1)
            asked = sure.gather(1, wanted.clamp(min=0)[:, None])
            rank = (sure > asked).sum(1).double()
            found.append(torch.where(wanted < 0, torch.nan, rank).numpy())
        return found[0], found[1]

    def figures(self, pictures: Known) -> dict[str, float]:
        """Shares of pictures judged right, and of those whose word is one of the two that are likeliest.

        Where no picture was asked for a colour, none is told.
        """
        style, color = self.ranks(pictures.latents, pictures.style, pictures.main)
        named = {"style": style, "color": color, "words": np.concatenate([style, color])}
        asked = {name: rank[~np.isnan(rank)] for name, rank in named.items()}
        return {
            f"{name}{suffix}": round(float((ranks < most).mean()), 4)
            for suffix, most in (("", 1), ("_of_two", 2))
            for name, ranks in asked.items()
            if len(ranks)
        }


def _network(channels: int, kinds: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for wide, narrow, stride in ((64, channels, 1), (96, 64, 2), (128, 96, 2)):
        layers += [nn.Conv2d(narrow, wide, 3, stride, 1), nn.GroupNorm(8, wide), nn.SiLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(128, kinds))


def _fit(net: nn.Module, latents: Tensor, wanted: Tensor, rounds: int, seed: int) -> None:
    """Trains a judge on shifted, mirrored and slightly noisy latents."""
    steps, chance = max(1, rounds * len(latents) // batch), seeded(seed)
    optimizer = torch.optim.AdamW(net.parameters(), rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1)
    net.train()
    for _ in range(steps):
        some = torch.randint(len(latents), (batch,), generator=chance)
        side, *shift = torch.randint(0, 2 * farthest + 1, (3,), generator=chance).tolist()
        seen = torch.roll(latents[some, side % 2], [by - farthest for by in shift], (2, 3))
        seen = seen + grain * torch.randn(seen.shape, generator=chance)
        F.cross_entropy(net(seen), wanted[some], label_smoothing=smoothing).backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    net.eval()
