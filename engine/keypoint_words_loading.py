"""Learned words put into a base's text: its tokenizer and text encoder, copied, for the base itself is shared."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn


def with_learned_words(parts: Mapping[str, Any], words: Mapping[str, Tensor]) -> dict[str, Any]:
    """A base's parts by name, with a tokenizer and text encoder that know the `words`, vectors (D,) by token.

    The base's own stay as they are; the copies share every weight with them but the vocabulary. Words that are known
    already get these vectors. ValueError when the vectors are of another width than the text encoder's.
    """
    if not words:
        return dict(parts)
    encoder: Any = parts["text_encoder"]
    old: Tensor = encoder.get_input_embeddings().weight
    if wrong := {tuple(vector.shape) for vector in words.values()} - {(old.shape[1],)}:
        raise ValueError(
            f"expected words of {old.shape[1]} numbers, as this model's text has, got {sorted(wrong)[0]}: "
            "they were learned with another model"
        )
    tokenizer = copy.deepcopy(parts["tokenizer"])
    tokenizer.add_tokens([token for token in words if token not in tokenizer.get_added_vocab()])
    weight = old.new_zeros(max(len(tokenizer), len(old)), old.shape[1])
    weight[: len(old)] = old.detach()
    for token, vector in words.items():
        weight[tokenizer.convert_tokens_to_ids(token)] = vector.to(weight)
    return {**parts, "tokenizer": tokenizer, "text_encoder": _with_vocabulary(encoder, weight)}


def _with_vocabulary(encoder: Any, weight: Tensor) -> Any:
    """The text encoder with another vocabulary (N, D); the rest is shared with the one given, not copied."""
    shared = {id(value): value for value in (*encoder.parameters(), *encoder.buffers())}
    own = copy.deepcopy(encoder, shared)
    own.set_input_embeddings(nn.Embedding.from_pretrained(weight))
    own.config.vocab_size = len(weight)
    return own.eval()
