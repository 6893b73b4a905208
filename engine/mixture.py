"""A mixture of Gaussians over poses, the prior of SMPLify (Bogo et al. 2016): what DPoser-X is compared with."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.tensor_shapes import WrongWeights, differences
from engine.tensors import read_tensors, shapes


class Mixture(nn.Module):
    """K Gaussians over raw vectors of D numbers: `weights` (K,), `means` (K, D), `covariances` (K, D, D), float32."""

    weights: Tensor
    means: Tensor
    covariances: Tensor
    whitening: Tensor
    offsets: Tensor

    def __init__(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        super().__init__()
        if wrong := _unsound(weights, means, covariances):
            raise ValueError(f"expected weights (K,), means (K, D) and covariances (K, D, D) of a mixture, got {wrong}")
        weights, means, covariances = weights.float(), means.float(), covariances.float()  # as in the file
        roots = torch.linalg.cholesky(covariances.double())
        one = torch.eye(means.shape[1], dtype=torch.float64).expand_as(roots)
        determinants = 2 * roots.diagonal(dim1=1, dim2=2).log().sum(1)
        # Negative logarithms of weight / ((2 pi)^(D/2) sqrt(determinant over the least one)), as SMPLify has it.
        constant = 0.5 * means.shape[1] * math.log(2 * math.pi)
        offsets = constant + 0.5 * (determinants - determinants.min()) - weights.double().log()
        self.register_buffer("weights", weights)
        self.register_buffer("means", means)
        self.register_buffer("covariances", covariances)
        self.register_buffer("whitening", torch.linalg.solve_triangular(roots, one, upper=False).float())
        self.register_buffer("offsets", offsets.float())
        self.lift = float(0.5 * determinants.min())

    def distances(self, x: Tensor) -> Tensor:
        """Half the squared Mahalanobis distance (B, K) of vectors (B, D) to every Gaussian."""
        if x.ndim != 2 or x.shape[1] != self.means.shape[1]:
            raise ValueError(f"expected vectors of shape (B, {self.means.shape[1]}), got {tuple(x.shape)}")
        white = torch.einsum("kij,bkj->bki", self.whitening, x[:, None] - self.means)
        return 0.5 * white.square().sum(2)

    def energy(self, x: Tensor) -> Tensor:
        """How unlikely vectors (B, D) are, (B,): the least over the Gaussians of distance and offset (SMPLify)."""
        return (self.distances(x) + self.offsets).min(1).values

    def log_density(self, x: Tensor) -> Tensor:
        """The logarithm (B,) of the whole mixture's density at vectors (B, D)."""
        return torch.logsumexp(-self.distances(x) - self.offsets, 1) - self.lift

    def drawn(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Vectors (count, D) from the mixture."""
        which = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        noise = torch.randn(count, self.means.shape[1], generator=generator)
        roots = torch.linalg.cholesky(self.covariances.double()).float()
        return self.means[which] + (roots[which] @ noise[..., None])[..., 0]

    def save(self, path: Path) -> None:
        """Write the file that `load` reads."""
        path.parent.mkdir(parents=True, exist_ok=True)
        names = ("weights", "means", "covariances")
        save_file({name: getattr(self, name).cpu().contiguous() for name in names}, path, {"mixture": "1"})

    @classmethod
    def load(cls, path: Path) -> Mixture:
        """The mixture in a file; WrongWeights for one that holds something else."""
        tensors = read_tensors(path)
        count, width = tensors["means"].shape if "means" in tensors and tensors["means"].ndim == 2 else (1, 1)
        wanted = {"weights": (count,), "means": (count, width), "covariances": (count, width, width)}
        if problems := differences(wanted, shapes(tensors)):
            raise WrongWeights(f"expected a mixture of Gaussians in {path}, got {problems}")
        try:
            return cls(**tensors)
        except (ValueError, RuntimeError) as error:  # the second where a covariance has no root
            raise WrongWeights(f"expected a mixture of Gaussians in {path}, got {error}") from error


def _unsound(weights: Tensor, means: Tensor, covariances: Tensor) -> str:
    """What keeps tensors from being a mixture, if anything."""
    count, width = means.shape if means.ndim == 2 else (-1, -1)
    if weights.shape != (count,) or covariances.shape != (count, width, width):
        return f"{tuple(weights.shape)}, {tuple(means.shape)} and {tuple(covariances.shape)}"
    if not all(bool(torch.isfinite(each).all()) for each in (weights, means, covariances)):
        return "NaN or infinity"
    return "" if bool((weights > 0).all()) else "weights that are not above 0"
