"""A pose prior: a diffusion over poses together with what its numbers mean.

BodyPose → vector of a part (axis-angle rad) → normalised, where the diffusion runs. Parts and their vectors are those
of `engine.networks.dposer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from engine.diffusion import Diffusion
from engine.networks.dposer import Model, Part, dims, parts

# How hands count in the poses a prior learned from: from a flat hand, from MANO's mean hand, or both mixed.
HandZero = Literal["flat", "mean", "mixed"]
# w(t) before the squared distance to the denoised pose: ½ √(1 + SNR), ½, ½ √(1 + SNR²).
Weighting = Literal["root", "half", "square"]
Reduction = Literal["mean", "sum"]


class Normaliser(nn.Module):
    """An affine map, number by number, between a part's vectors and what a diffusion sees: (v sign - centre) / scale.

    `sign` is -1 where a left hand's numbers turn to bring it into the right hand's form. `name` says whose statistics
    they are.
    """

    centre: Tensor
    scale: Tensor
    sign: Tensor

    def __init__(self, centre: Tensor, scale: Tensor, name: str, sign: Tensor | None = None) -> None:
        super().__init__()
        if centre.shape != scale.shape or centre.ndim != 1:
            raise ValueError(f"expected centre and scale of one shape (D,), got {centre.shape} and {scale.shape}")
        if not (torch.isfinite(centre).all() and torch.isfinite(scale).all() and (scale > 0).all()):
            raise ValueError("expected a finite centre and positive scales, got others")
        self.name = name
        self.register_buffer("centre", centre)
        self.register_buffer("scale", scale)
        self.register_buffer("sign", torch.ones_like(centre) if sign is None else sign)

    @classmethod
    def of_range(cls, least: Tensor, most: Tensor, name: str) -> Normaliser:
        """The map that takes least … most to -1 … 1."""
        return cls((least + most) / 2, (most - least) / 2, name)

    @classmethod
    def whole(cls, body: Normaliser, hand: Normaliser, face: Normaliser) -> Normaliser:
        """That of a whole body: the parts' in order, the hand's twice, the left one turned."""
        centre, scale = (
            torch.cat([getattr(part, name) for part in (body, hand, hand, face)]) for name in ("centre", "scale")
        )
        sign = torch.ones_like(centre)
        sign[parts["left_hand"]] = mirror_signs(dims["hand"]).to(sign)
        names = dict.fromkeys((body.name, hand.name, face.name))
        return cls(centre, scale, " + ".join(names), sign)

    def forward(self, vectors: Tensor) -> Tensor:
        return (vectors * self.sign - self.centre) / self.scale

    def raw(self, normalised: Tensor) -> Tensor:
        """Back to axis-angles and coefficients."""
        return (normalised * self.scale + self.centre) * self.sign


def mirror_signs(count: int) -> Tensor:
    """What mirroring at the plane x = 0 does to `count` numbers of axis-angles: y and z turn."""
    return torch.tensor([1.0, -1.0, -1.0]).repeat(count // 3)


@dataclass(frozen=True)
class About:
    """What a prior's file says of it: its name, how hands count, and notes such as data, steps, figures, licence."""

    name: str
    hands: HandZero = "flat"
    notes: Mapping[str, str] = field(default_factory=dict)


class Prior(nn.Module):
    """What poses of a part are likely, learned by a diffusion: `about` says of whom."""

    def __init__(self, part: Part, model: Model, diffusion: Diffusion, normaliser: Normaliser, about: About) -> None:
        super().__init__()
        if len(normaliser.centre) != dims[part]:
            raise ValueError(f"expected a normaliser of {dims[part]} numbers for {part}, got {len(normaliser.centre)}")
        self.part: Part = part
        self.model: Model = model
        self.about = about
        self.diffusion, self.normaliser = diffusion, normaliser

    @property
    def dims(self) -> int:
        """Numbers in a vector of the part."""
        return dims[self.part]

    @property
    def device(self) -> torch.device:
        return self.normaliser.centre.device

    def checked(self, vectors: Tensor, what: str = "poses") -> Tensor:
        """The vectors (B, D), raw; ValueError when they are none of this part."""
        if vectors.ndim != 2 or vectors.shape[1] != self.dims:
            raise ValueError(f"expected {what} of {self.part} of shape (B, {self.dims}), got {tuple(vectors.shape)}")
        if not torch.isfinite(vectors).all():
            raise ValueError(f"expected finite {what}, got NaN or infinity")
        return vectors

    def weight(self, t: Tensor, weighting: Weighting) -> Tensor:
        """w(t) of a task, of the times' shape (supplement; SNR = alpha / sigma)."""
        if weighting == "half":
            return torch.full_like(t, 0.5)
        snr = self.diffusion.sde.snr(t)
        return 0.5 * torch.sqrt(1 + (snr if weighting == "root" else snr**2))

    def penalty(
        self,
        x: Tensor,
        t: Tensor,
        noise: Tensor,
        weighting: Weighting,
        reduction: Reduction,
        mask: Tensor | None = None,
    ) -> Tensor:
        """How unlikely normalised poses (B, D) are, (B,): w(t) |x - denoised(noised x)|², mean or sum over D (eq. 10).

        The denoised pose is held constant: the gradient pulls x towards it and never runs through the network.
        """
        with torch.no_grad():
            clean = self.diffusion.denoised(self.diffusion.noised(x.detach(), t, noise), t, mask)
        squares = (x - clean).square()
        rows = squares.mean(1) if reduction == "mean" else squares.sum(1)
        return self.weight(t, weighting) * rows
