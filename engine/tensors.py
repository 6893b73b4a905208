"""Weights in and out of files: named tensors, loaded strictly, every key accounted for; never a pickle with code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.tensor_shapes import WrongWeights, differences


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file, or of a torch file that holds nothing else; WrongWeights otherwise."""
    if not path.is_file():
        raise WrongWeights(f"expected the file {path}, got none")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # both libraries raise a dozen kinds for a file that is not theirs
        raise WrongWeights(f"expected a file of tensors, got {path.name}, which cannot be read as one") from error
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise WrongWeights(f"expected named tensors in {path.name}, got something else")
    return found


def load_strictly(module: nn.Module, tensors: Mapping[str, Tensor], source: str) -> None:
    """Puts the tensors into the module, which may lie on torch's meta device, in place of its own.

    Every tensor of the module must be there, in its shape, and no other; WrongWeights names those that differ.
    """
    wanted = module.state_dict()
    problems = differences({name: tuple(value.shape) for name, value in wanted.items()}, shapes(tensors))
    if problems:
        raise WrongWeights(f"expected the tensors of this network in {source}, got {problems}")
    module.load_state_dict(dict(tensors), strict=True, assign=True)


def mark_of(tensors: Iterable[Tensor]) -> str:
    """16 hexadecimal digits that tell these weights from others, whichever precision they are kept in."""
    digest = sha256()
    for tensor in tensors:
        digest.update(tensor.detach().cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Shape by name."""
    return {name: tuple(value.shape) for name, value in tensors.items()}
