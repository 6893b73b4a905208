"""CLIP's text encoders from their tensors, whichever version of transformers named them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from engine.tensor_shapes import WrongWeights
from engine.tensors import load_strictly

TextEncoder = CLIPTextModel | CLIPTextModelWithProjection
_prefix = "text_model."  # before every name, in files of earlier versions and in one class of this one
_counted = "embeddings.position_ids"  # 0 … 76, which earlier versions stored


def text_encoder(
    settings: Mapping[str, Any], tensors: Mapping[str, Tensor], source: str, projected: bool = False
) -> TextEncoder:
    """The encoder of those settings with those tensors, all of them and no other; `projected`: SDXL's second one."""
    try:
        config = CLIPTextConfig(**{key: value for key, value in settings.items() if key not in _not_settings})
        with torch.device("meta"):
            net = CLIPTextModelWithProjection(config) if projected else CLIPTextModel(config)
    except Exception as error:  # transformers raises a dozen kinds for settings that are not its own
        raise WrongWeights(
            f"expected the settings of a CLIP text encoder in {source}, got some that build none"
        ) from error
    ours = {name.removeprefix(_prefix): name for name in net.state_dict()}
    named = {name.removeprefix(_prefix): tensor for name, tensor in tensors.items()}
    if len(named) < len(tensors):
        raise WrongWeights(f"expected each tensor once in {source}, got some with and without {_prefix}")
    load_strictly(net, {ours.get(k, k): v for k, v in named.items() if k != _counted}, source)
    places = torch.arange(config.max_position_embeddings)[None]
    for module in net.modules():
        if "position_ids" in module._buffers:
            module.register_buffer("position_ids", places, persistent=False)
    return net.eval().requires_grad_(False)


_not_settings = {"architectures", "_name_or_path", "torch_dtype", "dtype", "transformers_version", "model_type"}
