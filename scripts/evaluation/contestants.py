"""Who is compared: the open prior, its baselines trained on the same poses, and no prior at all."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.networks.dposer import Model, Part
from engine.prior import Prior, Reduction, Weighting
from engine.prior_file import PriorFolder
from engine.tasks.guides import DiffusionGuide, Guide, MixtureGuide, NoGuide, NormGuide, Scaled, VaeGuide
from scripts.evaluation.strengths import strengths

ours = "DPoser-X, open"
stronger = f"{ours}, tuned"  # at a strength found as the baselines' were
none, norm, mixture, autoencoder = "none", "L2", "GMM", "VAE"


@dataclass(frozen=True)
class Contestants:
    """The folder of priors, the folder of baselines (`<part>-gmm`, `<part>-vae`) if there is one, and the whole's kind.

    `factors` replace the tuned strengths of a task's baselines, by contestant, and `only` names who takes part: for
    tuning.
    """

    priors: PriorFolder
    baselines: Path | None = None
    model: Model = "mixed"
    factors: Mapping[str, float] = field(default_factory=dict)
    only: tuple[str, ...] = ()

    def prior(self, part: Part, model: Model | None = None) -> Prior:
        """The open prior of a part; of whole bodies the kind asked for."""
        return self.priors.prior(part, (model or self.model) if part == "wholebody" else "base")

    @cached_property
    def _kept(self) -> dict[str, Any]:
        return {}

    def vae(self, part: Part) -> Any | None:
        """The variational autoencoder of a part, where there is one."""
        return self._baseline(part, "vae", "engine.vae", "Vae")

    def gmm(self, part: Part) -> Any | None:
        """The Gaussian mixture of a part, where there is one."""
        return self._baseline(part, "gmm", "engine.mixture", "Mixture")

    def _baseline(self, part: Part, kind: str, module: str, name: str) -> Any | None:
        path = None if self.baselines is None else self.baselines / f"{part}-{kind}.safetensors"
        if path is None or not path.is_file():
            return None
        if path.name not in self._kept:
            self._kept[path.name] = getattr(importlib.import_module(module), name).load(path)
        return self._kept[path.name]

    def strength(self, task: str, name: str) -> float:
        """What a baseline's penalty is multiplied by in a task."""
        return {**strengths.get(task, {}), **self.factors}.get(name, 1.0)

    def guides(self, task: str, part: Part, weighting: Weighting, reduction: Reduction) -> dict[str, Guide]:
        """Every contestant as a task's guide; baselines at the strengths tuned for it on open held-out poses."""
        prior = self.prior(part)
        found: dict[str, Guide] = {none: NoGuide(), norm: NormGuide(prior.normaliser.raw(prior.normaliser.centre * 0))}
        if (gmm := self.gmm(part)) is not None:
            found[mixture] = MixtureGuide(gmm)
        if (vae := self.vae(part)) is not None:
            found[autoencoder] = VaeGuide(vae)
        diffusion = DiffusionGuide(prior, weighting, reduction)
        if self.only or stronger in strengths.get(task, {}):
            found[stronger] = diffusion
        found = {name: Scaled(guide, self.strength(task, name)) for name, guide in found.items()}
        found |= {ours: diffusion}
        return {name: guide for name, guide in found.items() if not self.only or name in self.only}
