"""A variational autoencoder of poses, VPoser by its architecture: what DPoser-X is compared with.

Vectors are a part's, raw: axis-angles in rad, then plain numbers, as `engine.networks.dposer` orders them. A left hand
stays a left hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from engine import rotation
from engine.networks.dposer import Part, dims
from engine.networks.vposer import VPoser
from engine.prior import Normaliser
from engine.tensor_shapes import WrongWeights
from engine.tensors import load_strictly, read_tensors

# Joints among the numbers of a part's vector: they come first, three numbers each; the rest are plain.
joints: dict[Part, int] = {"body": 21, "hand": 15, "face": 1, "wholebody": 52}


@dataclass(frozen=True)
class Shape:
    """How wide an autoencoder is: hidden and latent numbers."""

    hidden: int = 512
    latent: int = 32


class Vae(nn.Module):
    """An autoencoder of a part's vectors, with the normaliser in front of it; `notes` tell how it was trained."""

    def __init__(
        self, part: Part, normaliser: Normaliser, shape: Shape = Shape(), notes: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        if part not in joints:
            raise ValueError(f"expected a part of joints, one of {', '.join(joints)}, got {part}")
        if len(normaliser.centre) != dims[part]:
            raise ValueError(f"expected a normaliser of {dims[part]} numbers for {part}, got {len(normaliser.centre)}")
        self.part: Part = part
        self.shape, self.notes = shape, dict(notes or {})
        self.turns = 3 * joints[part]
        self.normaliser = normaliser
        self.net = VPoser(dims[part], joints[part], dims[part] - self.turns, shape.hidden, shape.latent)

    def encode(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (B, L) of the latent Gaussian of vectors (B, D)."""
        if raw.ndim != 2 or raw.shape[1] != dims[self.part]:
            raise ValueError(f"expected poses of {self.part} of shape (B, {dims[self.part]}), got {tuple(raw.shape)}")
        return self.net.encode(self.normaliser(raw))

    def decoded(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The pose of latent numbers (B, L) as matrices (B, J, 3, 3) and plain numbers (B, M)."""
        if z.ndim != 2 or z.shape[1] != self.shape.latent:
            raise ValueError(f"expected latent numbers of shape (B, {self.shape.latent}), got {tuple(z.shape)}")
        six, numbers = self.net.decode(z)
        scale, centre = self.normaliser.scale[self.turns :], self.normaliser.centre[self.turns :]
        return rotation.from_six(six), numbers * scale + centre

    def decode(self, z: Tensor) -> Tensor:
        """The vectors (B, D) of latent numbers (B, L)."""
        matrices, numbers = self.decoded(z)
        return torch.cat([rotation.axis_angle(matrices).flatten(1), numbers], dim=1)

    def penalty(self, raw: Tensor) -> Tensor:
        """How unlikely poses (B, D) are, (B,): half the length of their latent mean (as DPoser has it)."""
        return 0.5 * self.encode(raw)[0].norm(dim=1)

    # ── files ──

    def save(self, path: Path) -> None:
        """Write the file that `load` reads."""
        told = {
            "vae": 1,
            "part": self.part,
            "hidden": self.shape.hidden,
            "latent": self.shape.latent,
            "normaliser": self.normaliser.name,
            "notes": self.notes,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {name: value.detach().cpu().contiguous() for name, value in self.state_dict().items()}
        save_file(tensors, path, {"vae": json.dumps(told)})

    @classmethod
    def load(cls, path: Path) -> Vae:
        """The autoencoder in a file, as it answers questions; WrongWeights for one that holds something else."""
        tensors = read_tensors(path)
        try:
            with safe_open(path, "pt") as file:
                told = json.loads((file.metadata() or {})["vae"])
            part, shape = told["part"], Shape(int(told["hidden"]), int(told["latent"]))
            width = dims[part]
            normaliser = Normaliser(torch.zeros(width), torch.ones(width), str(told["normaliser"]))
            vae = cls(part, normaliser, shape, told["notes"])
        except (KeyError, TypeError, ValueError) as error:
            raise WrongWeights(f"expected a pose autoencoder in {path}, got {error!r}") from error
        load_strictly(vae, tensors, str(path))
        return vae.eval().requires_grad_(False)
