"""Priors put together of their parts': a whole body's "base" and a full face, in which nothing was learned together."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.diffusion import Diffusion
from engine.networks.dposer import Combined, FullFace, Part, TimeFC, dims, parts
from engine.prior import About, Normaliser, Prior, mirror_signs


def whole_body(body: Prior, hand: Prior, face: Prior, about: About | None = None) -> Prior:
    """A whole body's prior, "base", from its parts' as they are; ValueError where one is of another part."""
    normaliser = Normaliser.whole(body.normaliser, hand.normaliser, face.normaliser)
    about = about or About(_joined(body.about.name, hand.about.name, face.about.name), hand.about.hands)
    net = Combined(_net_of(body, "body"), _net_of(hand, "hand"), _net_of(face, "face"))
    return Prior("wholebody", "base", Diffusion(net), normaliser, about).eval()


def full_face(face: Prior, shape: Prior, about: About | None = None) -> Prior:
    """A face's prior together with its shape's, from both; ValueError where one is of another part."""
    net = FullFace(_net_of(face, "face"), _net_of(shape, "face-shape"))
    both = (face.normaliser, shape.normaliser)
    centre, scale = (torch.cat([getattr(one, name) for one in both]) for name in ("centre", "scale"))
    normaliser = Normaliser(centre, scale, _joined(*(one.name for one in both)))
    about = about or About(_joined(face.about.name, shape.about.name), face.about.hands)
    return Prior("face-full", "base", Diffusion(net), normaliser, about).eval()


def signs_of(part: Part) -> Tensor:
    """Which numbers of a part's vectors (D,) a normaliser turns: y and z of a whole body's left hand."""
    signs = torch.ones(dims[part])
    if part == "wholebody":
        signs[parts["left_hand"]] = mirror_signs(dims["hand"])
    return signs


def called(prior: Prior) -> str:
    """What a prior is, for messages."""
    return f"{prior.part}, {prior.model}"


def _net_of(prior: Prior, part: Part) -> TimeFC:
    net = prior.diffusion.net
    if prior.part != part or not isinstance(net, TimeFC):
        raise ValueError(f"expected a prior of {part}, got one of {called(prior)}")
    return net


def _joined(*names: str) -> str:
    return " + ".join(dict.fromkeys(names))
