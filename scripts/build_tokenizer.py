"""Writes assets/tokenizer from the published vocabulary of CLIP, bpe_simple_vocab_16e6.txt.gz (MIT, OpenAI).

The file comes with the package open_clip_torch, among others: python -m pip download --no-deps open_clip_torch.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import caption_tokens
from engine.clip_words import entries


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
    lines = published.split("\n")
    merges = lines[1 : 1 + entries - caption_tokens.bare]  # what follows was never learned
    if (found := caption_tokens.write(merges, folder)) != entries:
        raise ValueError(f"expected {entries} different entries, got {found}")


if __name__ == "__main__":
    main()
