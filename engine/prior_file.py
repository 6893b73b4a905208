"""A pose prior in one .safetensors file, and a folder of such files: strictly in and out, every key accounted for.

A file holds the network under `model.` by its published names, `normaliser.centre` and `normaliser.scale`, and in its
header, as JSON under `dposer`, what they mean. A fusion may be saved without the networks it corrects: those are then
the part files beside it, and `base.answer` tells whether they are the ones it was trained on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from engine.diffusion import Diffusion
from engine.dposer_layout import as_published, base, networks_of, own_state, published_state, quiet_chance, sizes_of
from engine.networks.dposer import (
    Combined,
    Fused,
    Model,
    Part,
    PoseNet,
    Size,
    Sizes,
    build,
    dims,
    model_names,
    part_names,
)
from engine.prior import About, HandZero, Normaliser, Prior
from engine.prior_parts import called, full_face, signs_of, whole_body
from engine.tensor_shapes import WrongWeights, differences
from engine.tensors import load_strictly, read_tensors, shapes

__all__ = ["Header", "PriorFolder", "file_name", "load_prior", "read_header", "save_prior", "whole_body"]

version = 1
same_answer = 0.05  # of the largest number: half precision moves an answer by less, other weights by far more


@dataclass(frozen=True)
class Header:
    """What a prior's file says of itself; `sizes` are (hidden, embed) by network."""

    part: Part
    model: Model
    about: About
    sizes: Mapping[str, Size]
    normaliser: str


def file_name(part: Part, model: Model = "base") -> str:
    """What the file of a part is called in a folder of priors."""
    return f"{part}-{model}.safetensors" if part == "wholebody" else f"{part}.safetensors"


# ── out ──


def save_prior(prior: Prior, path: Path, dtype: torch.dtype = torch.float32, with_base: bool = True) -> None:
    """Writes a prior with weights of that precision; the former file stays until this one is whole.

    Without base a fusion is saved alone, for a folder that holds its part files too. ValueError for a part that is
    no fusion then, for a precision that is none, and for a normaliser that turns other numbers than the part's.
    """
    net = prior.diffusion.net
    if not dtype.is_floating_point:
        raise ValueError(f"expected a precision of floating point, got {dtype}")
    if not with_base and not isinstance(net, Fused):
        raise ValueError(f"expected a fused or mixed whole body to save without its base, got {called(prior)}")
    if not torch.equal(prior.normaliser.sign.cpu(), signs_of(prior.part)):
        raise ValueError(f"expected the normaliser of {prior.part} to turn the left hand's y and z alone, got another")
    state = published_state(net)
    if not with_base:
        state = {name: value for name, value in state.items() if not name.startswith(base)}
    tensors = {f"model.{name}": value for name, value in as_published(state, dtype).items()}
    for name in ("centre", "scale"):
        tensors[f"normaliser.{name}"] = getattr(prior.normaliser, name).detach().cpu().float().contiguous()
    if isinstance(net, Fused) and not with_base:
        tensors["base.answer"] = _answer(net.base_model)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    save_file(tensors, fresh, {"dposer": json.dumps(_told(prior, state, with_base))})
    fresh.replace(path)


def _told(prior: Prior, state: Mapping[str, Tensor], with_base: bool) -> dict[str, Any]:
    networks = networks_of(prior.part, prior.model, with_base)
    return {
        "dposer": version,
        "name": prior.about.name,
        "part": prior.part,
        "model": prior.model,
        "hands": prior.about.hands,
        "sizes": {name: [s.hidden, s.embed] for name, s in sizes_of(shapes(state), networks, called(prior)).items()},
        "normaliser": prior.normaliser.name,
        "notes": dict(prior.about.notes),
    }


@torch.no_grad()
def _answer(network: Combined) -> Tensor:
    """What the networks of the parts say of a made-up pose, (256,): tells them from others, whatever the precision."""
    x = torch.sin(0.1 * torch.arange(1.0, dims["wholebody"] + 1))
    device, was = next(network.parameters()).device, network.training
    answer = network.eval()(x[None].to(device), torch.tensor([99.9], device=device))[0]
    network.train(was)
    return answer.float().cpu()


# ── in ──


def load_prior(path: Path, base: Path | None = None) -> Prior:
    """The prior in a file, in single precision, as it answers questions: nothing to learn, no dropout.

    A fusion that was saved alone takes body.safetensors, hand.safetensors and face.safetensors of the folder `base`,
    by default the file's own. WrongWeights names the file, what was expected of it and what it holds.
    """
    header, tensors = read_header(path), read_tensors(path)
    model = {name.removeprefix("model."): tensors.pop(name).float() for name in list(tensors) if name[:6] == "model."}
    normaliser = _normaliser(tensors, header, path)
    answer = tensors.pop("base.answer", None)
    if tensors:
        raise WrongWeights(f"expected model., normaliser. and base.answer in {path}, got {', '.join(tensors)} too")
    if answer is None:
        net = _network(header, model, path)
    else:
        whole = _base_of(base or path.parent, answer, normaliser, path)
        net = _fusion(header, model, whole, path)
    prior = Prior(header.part, header.model, Diffusion(net), normaliser, header.about)
    return prior.eval().requires_grad_(False)


def read_header(path: Path) -> Header:
    """What a prior's file says of itself, without its weights; WrongWeights where it is none or says it wrongly."""
    if not path.is_file():
        raise WrongWeights(f"expected the file {path}, got none")
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get("dposer")
    except (SafetensorError, OSError) as error:
        raise WrongWeights(f"expected a whole .safetensors file, got {path}, which cannot be read as one") from error
    if text is None:
        raise WrongWeights(f"expected a pose prior's file, with what it is under dposer in its header, got {path}")
    try:
        return _header(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongWeights(f"expected the header of a pose prior in {path}, got {error}") from error


def _header(told: dict[str, Any]) -> Header:
    if told["dposer"] != version:
        raise ValueError(f"version {told['dposer']} where {version} belongs")
    for key, known in (("part", part_names), ("model", model_names), ("hands", get_args(HandZero))):
        if told[key] not in known:
            raise ValueError(f"{key} {told[key]!r}, none of {', '.join(known)}")
    notes = {str(name): str(value) for name, value in told["notes"].items()}
    sizes = {str(name): Size(int(hidden), int(embed)) for name, (hidden, embed) in told["sizes"].items()}
    about = About(str(told["name"]), told["hands"], notes)
    return Header(told["part"], told["model"], about, sizes, str(told["normaliser"]))


def _normaliser(tensors: dict[str, Tensor], header: Header, path: Path) -> Normaliser:
    """The file's normaliser, its tensors taken out of the others."""
    wanted = {f"normaliser.{name}": (dims[header.part],) for name in ("centre", "scale")}
    found = {name: tensors.pop(name).float() for name in wanted if name in tensors}
    if problems := differences(wanted, shapes(found)):
        raise WrongWeights(f"expected the normaliser of {header.part} in {path}, got {problems}")
    try:
        centre, scale = found.values()
        return Normaliser(centre, scale, header.normaliser, signs_of(header.part))
    except ValueError as error:
        raise WrongWeights(f"{error} in {path}") from error


def _network(header: Header, model: dict[str, Tensor], path: Path) -> PoseNet:
    """The network that the file holds whole."""
    sizes = _sizes(header, model, path, with_base=True)
    with quiet_chance():
        net = build(header.part, header.model, sizes)
    _filled(net, model, path)
    return net


def _fusion(header: Header, model: dict[str, Tensor], whole: Combined, path: Path) -> Fused:
    """The fusion that the file holds alone, over the networks it corrects."""
    sizes = _sizes(header, model, path, with_base=False)
    with quiet_chance():
        net = Fused(whole, sizes.fusion)
    _filled(net, model | {f"{base}{name}": value for name, value in published_state(whole).items()}, path)
    return net


def _sizes(header: Header, model: Mapping[str, Tensor], path: Path, with_base: bool) -> Sizes:
    """How wide the networks are: as the shapes tell, and as the header says, which must agree."""
    networks = networks_of(header.part, header.model, with_base)
    found = sizes_of(shapes(model), networks, str(path))
    if found != header.sizes:
        raise WrongWeights(f"expected the sizes {dict(header.sizes)} that {path} tells of, got {found}")
    return Sizes(**found)


def _filled(net: PoseNet, model: Mapping[str, Tensor], path: Path) -> None:
    """Loads the published tensors, all of them and no other."""
    wanted = shapes(published_state(net))
    if problems := differences(wanted, shapes(model)):
        raise WrongWeights(f"expected the tensors of this network in {path}, got {problems}")
    load_strictly(net, own_state(model, str(path)), str(path))


def _base_of(folder: Path, answer: Tensor, normaliser: Normaliser, path: Path) -> Combined:
    """The networks of the parts in a folder; WrongWeights when a fusion was trained on others, or on other numbers."""
    body, hand, face = (load_prior(folder / file_name(part)) for part in ("body", "hand", "face"))
    whole = whole_body(body, hand, face)
    for name in ("centre", "scale"):
        if not torch.allclose(getattr(whole.normaliser, name), getattr(normaliser, name), rtol=1e-5, atol=1e-6):
            raise WrongWeights(f"expected the parts in {folder} to be normalised as {path} is, got another {name}")
    net = whole.diffusion.net
    assert isinstance(net, Combined)
    found = _answer(net)
    if found.shape != answer.shape or not (found - answer).abs().max() <= same_answer * answer.abs().max():
        raise WrongWeights(f"expected the parts in {folder} that {path} was trained on, got others")
    return net


# ── a folder ──


class PriorFolder:
    """Priors in a folder, one file a part, each read when it is first asked for and then kept."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise WrongWeights(f"expected a folder of pose priors at {path}, got none")
        self.path = path
        self._kept: dict[str, Prior] = {}

    def has(self, part: Part, model: Model = "base") -> bool:
        """Whether the folder has the files that a prior is made of; they are not read."""
        return all((self.path / name).is_file() for name in self._files(part, model))

    def prior(self, part: Part, model: Model = "base") -> Prior:
        """The prior of a part; a whole body's "base" and a full face are put together of their parts' files."""
        name = file_name(part, model)
        if name not in self._kept:
            self._kept[name] = self._read(part, model, name)
        return self._kept[name]

    def _read(self, part: Part, model: Model, name: str) -> Prior:
        if (self.path / name).is_file():
            return load_prior(self.path / name)
        if part == "wholebody" and model == "base":
            return whole_body(self.prior("body"), self.prior("hand"), self.prior("face"))
        if part == "face-full":
            return full_face(self.prior("face"), self.prior("face-shape"))
        raise WrongWeights(f"expected {name} in the folder of pose priors {self.path}, got none")

    def _files(self, part: Part, model: Model) -> list[str]:
        name = file_name(part, model)
        together: dict[Part, list[Part]] = {"wholebody": ["body", "hand", "face"], "face-full": ["face", "face-shape"]}
        if part in together and model == "base" and not (self.path / name).is_file():
            return [file_name(one) for one in together[part]]
        return [name]
