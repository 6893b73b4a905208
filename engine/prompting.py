"""What a model hears of a prompt: the joints' words put in, and what is too long left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from engine.keypoint_words import PoseKind, visible_words, with_words
from engine.pose import Pose2D
from engine.scene import PaintRequest

longest = 10_000  # characters that are looked at; more is nobody's prompt
_like_a_word = re.compile(r"<[a-z]+(?:-[a-z]+)*>")


@dataclass(frozen=True)
class Heard:
    """A prompt as the model hears it.

    `text` with the joints' words, `plain` without; `tokens` are those words, `dropped` what of the artist's own did
    not fit, `unknown` what looks like a joint's word and is none.
    """

    text: str
    plain: str
    tokens: tuple[str, ...] = ()
    dropped: str = ""
    unknown: tuple[str, ...] = ()


def heard(
    request: PaintRequest, pose: Pose2D, kind: PoseKind, tokenizer: Any, known: Collection[str] | None = None
) -> Heard:
    """The request's prompt for a model whose tokenizer is `tokenizer` and that learned the words `known`.

    The joints' words stay whole; of the artist's text the end is left out where both are too long together.
    """
    tokens = visible_words(pose, kind, request.silent) if request.words else ()
    tokens = tuple(token for token in tokens if known is None or token in known)
    unknown = tuple(dict.fromkeys(w for w in _like_a_word.findall(request.prompt) if w not in tokens))
    whole = request.prompt[:longest]
    kept = _longest_start(whole, lambda text: _room(with_words(text, tokens, kind), tokens, tokenizer))
    return Heard(
        with_words(kept, tokens, kind), with_words(kept, (), kind), tokens, request.prompt[len(kept) :].strip(), unknown
    )


def negative_heard(request: PaintRequest, tokenizer: Any) -> tuple[str, str]:
    """The negative prompt as the model hears it, and what of it did not fit."""
    kept = _longest_start(request.negative[:longest], lambda text: _room(text, (), tokenizer))
    return kept, request.negative[len(kept) :].strip()


def _longest_start(text: str, room_left: Callable[[str], int]) -> str:
    """The text up to the last word with which it still fits."""
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    if not ends or room_left(text) >= 0:
        return text
    low, high = 0, len(ends)  # the first `low` words fit, the first `high` do not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if room_left(text[: ends[middle - 1]]) >= 0 else (low, middle)
    return text[: ends[low - 1]] if low else ""


def _room(text: str, tokens: tuple[str, ...], tokenizer: Any) -> int:
    """Places that are left in the prompt; negative when it is too long. A joint's word takes one, learned or not."""
    most = tokenizer.model_max_length - 2  # without its start and end
    pieces = re.split("|".join(map(re.escape, tokens)), text) if tokens else [text]
    return most - sum(len(tokenizer(piece, add_special_tokens=False).input_ids) for piece in pieces) - len(pieces) + 1
