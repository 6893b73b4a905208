"""The published names of DPoser-X's tensors, and the sizes that their shapes tell (specs: the authors' state dicts).

This project's `blocks.0.dense1.weight` is the published `b1_dense1.weight`; all other names are the same. The published
code also keeps each table `sigmas`, and names the fusion's last layer twice: `zero_linear` is `output_linear`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from engine.networks.dposer import Model, Part, Size, coarsest, finest, levels
from engine.tensor_shapes import WrongWeights

base, fused, tied = "base_model.", "output_linear.", "zero_linear."
table_name = "sigmas"
_inner = r"((?:dense|gnorm)\d+(?:_t)?)\."
_ours, _theirs = re.compile(rf"\bblocks\.(\d+)\.{_inner}"), re.compile(rf"\bb(\d+)_{_inner}")
# Where each network of `Sizes` lies in a part's names.
_of_base = {"body": "body_model.", "hand": "hand_model.", "face": "face_model."}
_of_fused = {name: f"{base}{place}" for name, place in _of_base.items()} | {"fusion": "mask_fc."}


def published_name(name: str) -> str:
    """The published name of a tensor of ours."""
    return _ours.sub(lambda found: f"b{int(found[1]) + 1}_{found[2]}.", name)


def own_name(name: str) -> str:
    """Our name of a published tensor."""
    return _theirs.sub(lambda found: f"blocks.{int(found[1]) - 1}.{found[2]}.", name)


def published_state(net: nn.Module) -> dict[str, Tensor]:
    """The network's tensors as the published code names them, the tied layer under both of its names."""
    state = {published_name(name): value for name, value in net.state_dict().items()}
    return state | {name.replace(fused, tied): value.clone() for name, value in state.items() if name.startswith(fused)}


def own_state(published: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """Published tensors by our names, the tied layer once; WrongWeights where it or a table differs from ours."""
    for name, value in published.items():
        if name.startswith(tied):
            _check_tied(name, value, published, source)
        if name.rpartition(".")[2] == table_name:
            _check_table(name, value, source)
    return {own_name(name): value for name, value in published.items() if not name.startswith(tied)}


def _check_tied(name: str, value: Tensor, published: Mapping[str, Tensor], source: str) -> None:
    other = published.get(name.replace(tied, fused))
    if other is None or not torch.equal(other, value):
        raise WrongWeights(f"expected {name} to be {name.replace(tied, fused)} in {source}, got two that differ")


def _check_table(name: str, value: Tensor, source: str) -> None:
    table = torch.linspace(math.log(coarsest), math.log(finest), levels, dtype=torch.float64).exp()
    if value.shape != table.shape or not torch.allclose(value.double(), table, rtol=1e-4, atol=0):
        raise WrongWeights(f"expected {name} to fall from {coarsest:g} to {finest:g} in {source}, got another table")


def trained_names(net: nn.Module) -> list[str]:
    """Published names of the tensors that training changes, in the order of the published running mean's list."""
    return [published_name(name) for name, value in net.named_parameters() if value.requires_grad]


def networks_of(part: Part, model: Model, with_base: bool = True) -> dict[str, str]:
    """The networks of a part by their names in `Sizes`, with the prefix of each one's tensors."""
    if part == "wholebody":
        found = _of_base if model == "base" else _of_fused
        return found if with_base else {"fusion": found["fusion"]}
    if part == "face-full":
        return {"face": "pose_model.", "face_shape": "shape_model."}
    return {part.replace("-", "_"): ""}


def sizes_of(shapes: Mapping[str, tuple[int, ...]], networks: Mapping[str, str], source: str) -> dict[str, Size]:
    """How wide each of the networks is by its tensors' shapes; WrongWeights names a tensor that is not there."""
    return {name: _size(shapes, prefix, source) for name, prefix in networks.items()}


def _size(shapes: Mapping[str, tuple[int, ...]], prefix: str, source: str) -> Size:
    name = f"{prefix}pre_dense_t.weight"
    shape = shapes.get(name)
    if shape is None or len(shape) != 2:
        raise WrongWeights(f"expected the tensor {name} in {source}, got {'none' if shape is None else shape}")
    return Size(*shape)


def as_published(state: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Tensors of that precision for a file; tables stay exact, for half precision has no 0.01."""
    return {
        name: value.detach().cpu().to(torch.float32 if name.endswith(table_name) else dtype).contiguous()
        for name, value in state.items()
    }


@contextmanager
def quiet_chance() -> Iterator[None]:
    """Networks that are built within, to be filled from a file, leave torch's random numbers as they are.

    Torch's meta device would draw none, but takes a second to get ready, longer than most of these networks.
    """
    with torch.random.fork_rng(devices=[]):
        yield
