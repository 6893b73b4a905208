"""The authors' checkpoints of DPoser-X as priors: the running means of their weights, and nothing else of the files.

Lightning's files hold the network under `model.` beside whole body models under other names, which are left behind;
files of the first DPoser hold it alone. Both keep the running means as a list without names, in the order of the
published network's parameters. Pickles are read by torch's own careful reader; the few classes more that the files
need stand for nothing here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from engine.diffusion import Diffusion
from engine.dposer_layout import (
    networks_of,
    own_name,
    own_state,
    published_state,
    quiet_chance,
    sizes_of,
    trained_names,
)
from engine.networks.dposer import Model, Part, Sizes, build
from engine.prior import About, HandZero, Normaliser, Prior
from engine.tensor_shapes import WrongWeights, differences
from engine.tensors import load_strictly, shapes


class _Unread(dict):
    """Stands for settings and numbers of classes that are not needed: takes whatever it is given, and does nothing."""

    def __new__(cls, *_: object) -> _Unread:
        return super().__new__(cls)

    def __init__(self, *_: object) -> None:
        super().__init__()

    def __setstate__(self, state: object) -> None:
        pass


# All that the published files name besides tensors and plain values.
_configs = "ml_collections.config_dict.config_dict"
_unread = (
    *(f"{_configs}.{name}" for name in ("ConfigDict", "FrozenConfigDict", "FieldReference")),
    *(f"numpy.{core}.multiarray.scalar" for core in ("core", "_core")),
    "numpy.dtype", *(f"numpy.dtypes.{kind}DType" for kind in ("Float64", "Float32", "Int64", "Bool")),
)  # fmt: skip
# The first DPoser's network has one layer more, which nothing reads; its place among the parameters is known.
dead_layer, before_dead_layer = "pre_dense_cond", "pre_dense_t.bias"


@dataclass(frozen=True)
class Checkpoint:
    """What a file of the authors' holds: the network by published names, its running means, and what is left behind.

    `first` tells the layout of the first DPoser; `left` counts tensors left behind by the first part of their names.
    """

    model: Mapping[str, Tensor]
    means: list[Tensor]
    step: int
    first: bool
    left: Mapping[str, int]


# ── reading ──


def load_pickle(path: Path) -> Any:
    """What a torch file holds, read without running anything of it; WrongWeights names a class that it may not name."""
    if not path.is_file():
        raise WrongWeights(f"expected the file {path}, got none")
    try:
        with torch.serialization.safe_globals([(_Unread, name) for name in _unread]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error))
        what = f"one that names {named[1]}" if named else "one of another kind"
        raise WrongWeights(f"expected tensors and plain values in {path}, got {what}, which is not read") from error
    except Exception as error:  # torch raises a dozen kinds for a file that is not its own
        raise WrongWeights(f"expected a torch file, got {path}, which cannot be read as one") from error


def read_checkpoint(path: Path) -> Checkpoint:
    """What a .ckpt of Lightning, or a file of the first DPoser's form, holds; WrongWeights for any other."""
    found = load_pickle(path)
    if not isinstance(found, dict):
        raise WrongWeights(f"expected a checkpoint in {path}, got a {type(found).__name__}")
    lightning = "state_dict" in found
    keys = ("state_dict", "model_ema", "global_step") if lightning else ("model_state_dict", "ema", "step")
    state, mean, step = (found.get(key) for key in keys)
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WrongWeights(f"expected state_dict or model_state_dict with named tensors in {path}, got neither")
    means = mean.get("shadow_params") if isinstance(mean, dict) else None
    if not isinstance(means, list | tuple) or not all(isinstance(value, Tensor) for value in means):
        raise WrongWeights(f"expected the running means of the weights, a list shadow_params, in {path}, got none")
    prefix = "model." if lightning else ""
    model = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    left = Counter(name.partition(".")[0] for name in state if not name.startswith(prefix))
    dead = [name for name in model if name.startswith(f"{dead_layer}.")]
    if dead:
        left[dead_layer] = len(dead)
    return Checkpoint(model, list(means), int(step or 0), bool(dead), dict(left))


# ── converting ──


def convert(
    path: Path, part: Part, model: Model, normaliser: Normaliser, hands: HandZero, name: str = "dposer-x"
) -> Prior:
    """The prior in a checkpoint of the authors', with the running means for weights, as it answers questions.

    `normaliser` is the one that the checkpoint was trained with, `hands` how its poses count hands: nothing in the
    file tells either. WrongWeights names the tensors that are missing, unknown or of another shape.
    """
    found = read_checkpoint(path)
    networks = networks_of(part, model)
    sizes = Sizes(**sizes_of(shapes(found.model), networks, str(path)))
    with quiet_chance():
        net = build(part, model, sizes)
    kept = {name: value for name, value in found.model.items() if not name.startswith(f"{dead_layer}.")}
    if problems := differences(shapes(published_state(net)), shapes(kept)):
        raise WrongWeights(f"expected the tensors of {part}, {model}, in {path}, got {problems}")
    means = means_by_name(found, trained_names(net), str(path))
    state = own_state(kept, str(path)) | {own_name(name): value for name, value in means.items()}
    load_strictly(net, {name: value.float() for name, value in state.items()}, str(path))
    left = ", ".join(f"{count} of {name}" for name, count in found.left.items())
    notes = {"source": path.name, "steps": str(found.step), "left behind": left or "nothing"}
    prior = Prior(part, model, Diffusion(net), normaliser, About(name, hands, notes))
    return prior.eval().requires_grad_(False)


def means_by_name(found: Checkpoint, names: list[str], source: str) -> dict[str, Tensor]:
    """The running means by the published names of the trained tensors, in their order."""
    order = list(names)
    if found.first:
        place = order.index(before_dead_layer) + 1
        order[place:place] = [f"{dead_layer}.weight", f"{dead_layer}.bias"]
    if len(order) != len(found.means):
        raise WrongWeights(f"expected {len(order)} running means in {source}, got {len(found.means)}")
    means = dict(zip(order, found.means, strict=True))
    wanted = {name: tuple(found.model[name].shape) for name in order}
    if problems := differences(wanted, shapes(means)):
        raise WrongWeights(f"expected the running means in the order of the parameters in {source}, got {problems}")
    return {name: value for name, value in means.items() if not name.startswith(f"{dead_layer}.")}
