"""A small vocabulary of CLIP's kind, learned from captions, and the files that a CLIPTokenizer reads it from."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from engine import libraries

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

start, end = "<|startoftext|>", "<|endoftext|>"
small = 10_000  # entries of a vocabulary, up to which a word in pieces is one that the model never saw
longest = 77  # tokens a text encoder takes, its start and end among them
bare = 514  # entries that every vocabulary has: a letter and a last letter for each byte, the text's start and end
_word_end = "</w>"


def byte_letters() -> list[str]:
    """A letter for each of the 256 bytes: the printable ones as they are, then the others, as letters from 256 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(256 - len(printable))]


def learned_merges(captions: Iterable[str], entries: int) -> list[str]:
    """The pairs to be joined, as "left right", the most frequent ones first, so that a vocabulary has `entries`.

    Fewer where every word of the captions is whole before. ValueError for less than the 514 entries that bytes, start
    and end take.
    """
    if entries < bare:
        raise ValueError(f"expected {bare} entries or more, got {entries}")
    words = _words(captions)
    merges: list[str] = []
    while len(merges) < entries - bare:
        pairs: Counter[tuple[str, str]] = Counter()
        for pieces, count in words.items():
            for pair in pairwise(pieces):
                pairs[pair] += count
        if not pairs:
            break
        # Of equally frequent pairs the first by their letters: the same captions in any order give the same merges.
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(" ".join(best))
        words = Counter({_joined(pieces, best): count for pieces, count in words.items()})
    return merges


def _words(captions: Iterable[str]) -> Counter[tuple[str, ...]]:
    """How often each word is said, as its letters; cut into words as CLIP's own tokenizer cuts."""
    backend = libraries.transformers("CLIPTokenizer")().backend_tokenizer
    said: Counter[tuple[str, ...]] = Counter()
    for caption, count in Counter(captions).items():
        text = backend.normalizer.normalize_str(caption)
        for word, _ in backend.pre_tokenizer.pre_tokenize_str(text):
            said[(*word[:-1], word[-1] + _word_end)] += count
    return said


def _joined(pieces: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    made: list[str] = []
    for piece in pieces:
        if made and (made[-1], piece) == pair:
            made[-1] += piece
        else:
            made.append(piece)
    return tuple(made)


def write(merges: Sequence[str], folder: Path) -> int:
    """Writes the four files of a CLIPTokenizer in the hub's layout; returns the vocabulary's number of entries."""
    letters = byte_letters()
    names = [*letters, *(f"{letter}{_word_end}" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    names = list(dict.fromkeys(names))  # two pairs may join to the same letters
    vocabulary = {name: i for i, name in enumerate([*names, start, end])}
    special = {"bos_token": start, "eos_token": end, "unk_token": end, "pad_token": end}
    settings = {
        **special, "add_prefix_space": False, "do_lower_case": True, "errors": "replace", "model_max_length": longest,
        "tokenizer_class": "CLIPTokenizer",
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), "utf-8", newline="\n")
    for name, content in (
        ("vocab.json", vocabulary), ("special_tokens_map.json", special), ("tokenizer_config.json", settings),
    ):  # fmt: skip
        indent = None if name == "vocab.json" else 2
        text = json.dumps(content, ensure_ascii=False, indent=indent, separators=(",", ": " if indent else ":"))
        (folder / name).write_text(text + "\n", "utf-8", newline="\n")
    return len(vocabulary)


def read(folder: Path) -> CLIPTokenizer:
    """The tokenizer of a folder."""
    return libraries.transformers("CLIPTokenizer").from_pretrained(folder, local_files_only=True)


def strange(text: str, tokenizer: CLIPTokenizer) -> tuple[str, ...]:
    """The words of a text that a small vocabulary, which has its captions' words whole, knows only in pieces.

    Of a large one, such as CLIP's own, none: it has many more words than are whole.
    """
    if len(tokenizer) > small:
        return ()
    found = re.findall(r"[a-z]+", text.lower())
    return tuple(dict.fromkeys(word for word in found if len(tokenizer.tokenize(word)) > 1))
