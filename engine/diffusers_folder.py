"""A part of a model as diffusers writes it, config.json and one file of tensors, read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from engine.tensor_shapes import WrongWeights

tensors_file = "diffusion_pytorch_model.safetensors"
Part = TypeVar("Part", bound=nn.Module)
# AutoencoderTiny writes it for pipelines, which read the scale from it, and does not take it back.
_untaken = {"AutoencoderTiny": "block_out_channels"}


def read_settings(path: Path) -> dict[str, Any]:
    """The named settings of a JSON file; WrongWeights when it holds none, or is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WrongWeights(f"expected JSON in {path}, got something else") from error
    if not isinstance(found, dict):
        raise WrongWeights(f"expected named settings in {path}, got {type(found).__name__}")
    return found


def made(kind: type[Part], settings: dict[str, Any], source: str) -> Part:
    """A part of that kind of diffusers by its settings; WrongWeights when they build none."""
    settings = {name: value for name, value in settings.items() if name != _untaken.get(kind.__name__)}
    try:
        return kind.from_config(settings)  # type: ignore[attr-defined]
    except Exception as error:  # diffusers raises a dozen kinds for settings that are not its own
        raise WrongWeights(
            f"expected the settings of a {kind.__name__} in {source}, got some that build none"
        ) from error


def write_part(part: Any, folder: Path) -> None:
    """Writes a network as its library does, but for the path that it was read from, which tells of one machine."""
    part.save_pretrained(folder)
    path = folder / "config.json"
    settings = {name: value for name, value in read_settings(path).items() if name != "_name_or_path"}
    path.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", "utf-8")
