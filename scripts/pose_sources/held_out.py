"""Which names are held out, about one in ten: chosen by the name alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

part = 0.1


def held_out_names(names: Iterable[str], seed: int) -> set[str]:
    """About one name in ten, at least one, by what it sounds like: the same words are held out of every source."""
    ranked = sorted(set(names), key=lambda name: (_chance(name, seed), name))
    if not ranked:
        raise ValueError("expected names to hold some out, got none")
    return {name for name in ranked if _chance(name, seed) < part} or {ranked[0]}


def number_of(name: str) -> int:
    """A number of 64 bits that is the same for a name on every machine, for seeds."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def _chance(name: str, seed: int) -> float:
    return number_of(f"{seed} {_plain(name)}") / 2**64


def _plain(name: str) -> str:
    """A name without case and what sets add to it: `asl a`, `A` and `Sign a` are one hand."""
    words = name.lower().replace("_", " ").split()
    return " ".join(word for word in words if word not in ("asl", "sign")) or name
