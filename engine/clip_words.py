"""CLIP's words: the tokenizer that Stable Diffusion's prompts go through, from files that come with the project."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from engine import caption_tokens, libraries

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

folder = Path(__file__).parent.parent / "assets" / "tokenizer"
entries = 49408  # of the published vocabulary: learned tokens come after


def tokenizer(pad_token: str = "<|endoftext|>") -> CLIPTokenizer:
    """A new tokenizer of Stable Diffusion 1.5; `pad_token` fills prompts up: "!" for SDXL's second text encoder."""
    return libraries.transformers("CLIPTokenizer").from_pretrained(folder, pad_token=pad_token, local_files_only=True)


@lru_cache(maxsize=4)
def tokenizer_at(path: Path | None) -> CLIPTokenizer:
    """The tokenizer of a base in that folder, which may have words of its own; without one Stable Diffusion's."""
    own = path / "tokenizer" if path is not None else folder
    return caption_tokens.read(own) if (own / "vocab.json").is_file() else tokenizer()
