"""VPoser's network: a variational autoencoder of poses (Pavlakos et al. 2019, SMPL-X, section 3.3).

Vectors (B, D), normalised, go in; a latent Gaussian of L numbers comes out, and back of it six numbers for each joint
(Zhou et al. 2019) and plain numbers, such as expressions. The first of the encoder's batch norms is the normaliser.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus


class VPoser(nn.Module):
    """An autoencoder of `inputs` numbers that mean `joints` joints and `numbers` numbers more."""

    def __init__(
        self, inputs: int, joints: int, numbers: int = 0, hidden: int = 512, latent: int = 32, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.joints, self.numbers, self.latent = joints, numbers, latent
        self.encoder = nn.Sequential(
            nn.Linear(inputs, hidden), nn.LeakyReLU(), nn.BatchNorm1d(hidden), nn.Dropout(dropout),
            nn.Linear(hidden, hidden), nn.Linear(hidden, hidden),
        )  # fmt: skip
        self.mean, self.spread = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden), nn.LeakyReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, hidden), nn.LeakyReLU(),
            nn.Linear(hidden, 6 * joints + numbers),
        )  # fmt: skip

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (B, L) of the latent Gaussian."""
        h = self.encoder(x)
        return self.mean(h), softplus(self.spread(h))

    def decode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Six numbers of every joint (B, J, 6), and the plain numbers (B, M), normalised."""
        six, numbers = self.decoder(z).split([6 * self.joints, self.numbers], dim=1)
        return six.unflatten(1, (self.joints, 6)), numbers


def divergence(mean: Tensor, std: Tensor) -> Tensor:
    """The Kullback-Leibler divergence (B,) of Gaussians (B, L) from the standard one."""
    return (0.5 * (mean.square() + std.square() - 1) - torch.log(std)).sum(1)
