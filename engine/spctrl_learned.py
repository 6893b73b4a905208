"""What SP-Ctrl's training learns: a ControlNet, the spatial pose that it reads, and words for the joints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers.models.controlnets.controlnet import ControlNetModel
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import embedding

from engine import spctrl_layout
from engine.diffusers_folder import write_part
from engine.keypoint_words import PoseKind, table_of
from engine.networks.spctrl import SpatialPose, width
from engine.painter import Base
from engine.spctrl_recipe import Recipe
from engine.training import seeded


class Learned(nn.Module):
    """The ControlNet, the spatial pose that makes what it reads, and the joints' words (17, D) in their table's order.

    Without SP-Ctrl's map there is no `spr`; without words, `words` has no rows.
    """

    def __init__(self, net: ControlNetModel, spr: SpatialPose | None, words: Tensor) -> None:
        super().__init__()
        self.net, self.spr = net, spr
        self.words = nn.Parameter(words.clone(), requires_grad=len(words) > 0)

    def trained(self) -> dict[str, nn.Parameter]:
        """What the optimiser changes by its name: the words first, if any."""
        return {name: value for name, value in self.named_parameters() if value.requires_grad}

    def vectors(self, kind: PoseKind) -> dict[str, Tensor]:
        """The words' vectors by token; none where none are learned."""
        words = table_of(kind) if len(self.words) else ()
        return {word.token: self.words[n].detach() for n, word in enumerate(words)}

    def write(self, folder: Path, kind: PoseKind) -> None:
        """Writes a folder that the studio loads: SP-Ctrl's, or without its map a stock ControlNet's."""
        write(folder, self.net, self.spr, self.vectors(kind), kind)


def write(
    folder: Path, net: ControlNetModel, spr: SpatialPose | None, words: Mapping[str, Tensor], kind: PoseKind
) -> None:
    """Writes what was learned as a folder of SP-Ctrl's, or without its map of a stock ControlNet."""
    if spr is not None:
        spctrl_layout.write(folder, net, spr, words, kind)
        return
    write_part(net, folder)
    if words:
        save_file({token: value.clone().cpu() for token, value in words.items()}, folder / spctrl_layout.word_files[0])


@torch.no_grad()
def strengthen(net: ControlNetModel, times: float) -> None:
    """Has a ControlNet tell its base so many times what it told: as a pose strength of that, from then on 1."""
    if not times > 0:
        raise ValueError(f"expected a strength above 0, got {times}")
    for layer in (*net.controlnet_down_blocks, net.controlnet_mid_block):
        for value in layer.parameters():
            value.mul_(times)


def begin(recipe: Recipe, base: Base) -> Learned:
    """What is learned before the first step: the base's own encoder, which changes nothing yet, and ordinary words.

    ValueError for a base that is not of Stable Diffusion 1's kind.
    """
    if base.is_xl:
        raise ValueError(
            f"expected a base of Stable Diffusion 1's kind, with one text encoder, got {base.name}: an SDXL"
        )
    parts = base.parts
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        spr = _spatial_pose(recipe, base) if recipe.condition == "spctrl" else None
        channels = recipe.channels if spr is not None else 3
        net: Any = ControlNetModel.from_unet(parts["unet"], conditioning_channels=channels)
    table = parts["text_encoder"].get_input_embeddings().weight
    if len(parts["tokenizer"]) != len(table):
        got = f"{len(parts['tokenizer'])} and {len(table)}"
        raise ValueError(f"expected a tokenizer and a text encoder of as many tokens in {base.name}, got {got}")
    rows = torch.stack([table[_numbers(parts["tokenizer"], word.initial)].mean(0) for word in table_of(recipe.kind)])
    words = rows.detach().float()
    return Learned(net.float(), spr, words if recipe.words else words[:0])


def _spatial_pose(recipe: Recipe, base: Base) -> SpatialPose:
    version = "sigmoid_version" if recipe.bounded else None
    spr = SpatialPose(recipe.channels, recipe.limbs, version, recipe.learn_joints, recipe.learn_limbs, recipe.detach)
    if recipe.joints_from == "names":
        spr.keypoint_emb.data = vectors_of_names(recipe.kind, base)
    return spr


@torch.no_grad()
def vectors_of_names(kind: PoseKind, base: Base) -> Tensor:
    """What the base's text encoder makes of each joint's name (17, 768), to begin a spatial pose with.

    A narrower one's vectors are turned into as many dimensions, as like each other as they were.
    """
    encoder = base.parts["text_encoder"]
    if (narrow := encoder.config.hidden_size) > width:
        raise ValueError(f"expected a text encoder up to {width} wide to name joints, got {narrow}")
    names = [word.joint.replace("_", " ") for word in table_of(kind)]
    tokenizer = base.parts["tokenizer"]
    ids = tokenizer(names, max_length=tokenizer.model_max_length, padding="max_length", return_tensors="pt").input_ids
    rows = encoder(ids).pooler_output.float()
    return rows if narrow == width else rows @ _turned(narrow).to(rows)


def _turned(narrow: int) -> Tensor:
    """Orthogonal rows (narrow, 768), always the same, that leave numbers as large as they are on average."""
    square, _ = torch.linalg.qr(torch.randn(width, narrow, generator=seeded(0)))
    return square.mT * (width / narrow) ** 0.5


def _numbers(tokenizer: Any, word: str) -> list[int]:
    """A word's tokens: one of a large vocabulary, its pieces of a small one that has never heard it."""
    ids = tokenizer(word, add_special_tokens=False).input_ids
    if not ids:
        raise ValueError(f"expected a tokenizer that can read {word!r}, got no token for it")
    return ids


# ── words, heard ──


class Vocabulary(nn.Module):
    """Vectors of tokens: the base's own, and after them the learned words (17, D); no other can change."""

    def __init__(self, own: nn.Embedding, words: Tensor) -> None:
        super().__init__()
        self._parts = own, words  # in a tuple: neither is a part of this one that would be saved or moved with it

    def forward(self, ids: Tensor) -> Tensor:
        own, words = self._parts
        found, new = own(ids.clamp(max=own.num_embeddings - 1)), ids - own.num_embeddings
        return torch.where(new[..., None] >= 0, embedding(new.clamp(min=0), words), found.to(words))


@contextmanager
def hearing(encoder: Any, words: Tensor) -> Iterator[None]:
    """While inside, a text encoder knows the learned words too; without any it stays as it is."""
    own = encoder.get_input_embeddings()
    if len(words):
        encoder.set_input_embeddings(Vocabulary(own, words))
    try:
        yield
    finally:
        encoder.set_input_embeddings(own)
