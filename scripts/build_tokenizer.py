"""Writes assets/tokenizer from the published vocabulary of CLIP, bpe_simple_vocab_16e6.txt.gz (MIT, OpenAI).

The file comes with the package open_clip_torch, among others: python -m pip download --no-deps open_clip_torch.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

entries = 49408  # of the vocabulary: 512 for bytes, the merges, the start and the end of a text
start, end = "<|startoftext|>", "<|endoftext|>"
longest = 77  # tokens the text encoder takes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vocabulary", type=Path, metavar="FILE", help="bpe_simple_vocab_16e6.txt.gz")
    target = Path(__file__).parent.parent / "assets" / "tokenizer"
    parser.add_argument("--out", type=Path, default=target, metavar="DIR", help="where to (default: assets/tokenizer)")
    options = parser.parse_args()
    write(gzip.decompress(options.vocabulary.read_bytes()).decode("utf-8"), options.out)
    print(f"{options.out}: {entries} entries")


def write(published: str, folder: Path) -> None:
    """Writes the four files of a tokenizer in the hub's layout from the published list of merges."""
    letters = byte_letters()
    merges = published.split("\n")[1 : 1 + entries - 2 * len(letters) - 2]  # what follows was never learned
    names = [*letters, *(f"{letter}</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    vocabulary = {name: i for i, name in enumerate([*names, start, end])}
    if len(vocabulary) != entries:
        raise ValueError(f"expected {entries} different entries, got {len(vocabulary)}")
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


def byte_letters() -> list[str]:
    """A letter for each of the 256 bytes: the printable ones as they are, then the others, as letters from 256 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(256 - len(printable))]


if __name__ == "__main__":
    main()
