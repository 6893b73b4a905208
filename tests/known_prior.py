"""A prior whose answers are known: poses are normally distributed, and the network tells the noise in them exactly."""

import torch
from torch import nn

from engine.diffusion import Diffusion
from engine.networks.dposer import dims
from engine.networks.sub_vp import SubVP, label_scale
from engine.prior import About, Normaliser, Prior


class Exact(nn.Module):
    """The noise that poses of N(0, covariance), normalised, hold on average."""

    def __init__(self, covariance):
        super().__init__()
        self.spreads, self.axes = torch.linalg.eigh(covariance)

    def forward(self, x, labels):
        t = labels / label_scale
        alpha, sigma = SubVP().alpha(t)[:, None], SubVP().sigma(t)[:, None]
        return (x @ self.axes * sigma / (alpha**2 * self.spreads + sigma**2)) @ self.axes.T


def known_prior(covariance, part="body", scale=0.2):
    """The prior of poses of `part` whose normalised numbers vary so; raw ones are `scale` rad times that."""
    ones = torch.ones(dims[part])
    return Prior(
        part, "base", Diffusion(Exact(covariance)), Normaliser(0 * ones, scale * ones, "known"), About("known")
    )


def paired(count, pairs, tie):
    """A covariance (D, D) of unit variances in which the numbers of each pair vary together by `tie`."""
    covariance = torch.eye(count)
    for a, b in pairs:
        covariance[a, b] = covariance[b, a] = tie
    return covariance
