"""A model's folder as transformers writes it: config.json and preprocessor_config.json, read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.tensor_shapes import WrongWeights


def read_config(folder: Path, model_type: str) -> dict[str, Any]:
    """The folder's config; WrongWeights when it is none, or another model's."""
    config = _object(folder / "config.json")
    if config.get("model_type") != model_type:
        found = config.get("model_type")
        raise WrongWeights(f"expected a model of type {model_type} in {folder}, got one of type {found!r}")
    return config


def read_preparation(folder: Path, usual: dict[str, Any]) -> tuple[dict[str, Any], tuple[int, int]]:
    """What the preprocessor's file says, and its size (width, height) px.

    WrongWeights where it says otherwise than `usual`, what the code does: the file may leave such a value out, as
    transformers itself then takes the same. Colours are always brought from 0 … 255 to 0 … 1.
    """
    path = folder / "preprocessor_config.json"
    found = _object(path)
    odd = {key: found[key] for key, value in usual.items() if found.get(key, value) != value}
    if abs(found.get("rescale_factor", 1 / 255) - 1 / 255) > 1e-6:
        odd["rescale_factor"] = found["rescale_factor"]
    size = found.get("size")
    if not isinstance(size, dict) or set(size) != {"height", "width"}:
        odd["size"] = size
    if odd or size is None:
        raise WrongWeights(f"expected the preparation published with the model in {path}, got {odd}")
    return found, (int(size["width"]), int(size["height"]))


def _object(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise WrongWeights(f"expected the file {path}, got none")
    try:
        found = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise WrongWeights(f"expected JSON in {path}, got something else") from error
    if not isinstance(found, dict):
        raise WrongWeights(f"expected a JSON object in {path}, got {type(found).__name__}")
    return found
