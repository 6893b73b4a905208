"""What a file of DPoser-X's fixtures is made of: networks, poses, noise and statistics by its formula."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.diffusion import Diffusion
from engine.dposer_layout import published_name, quiet_chance, table_name
from engine.networks.dposer import Model, Part, build, dims
from engine.networks.sub_vp import SubVP, label_scale
from engine.prior import About, Normaliser, Prior, Reduction, Weighting
from engine.tasks.completion import Completion, completed
from engine.tasks.guides import Draws, NoiseSource
from scripts.parity.formula import WeightFormula

networks: dict[str, tuple[Part, Model]] = {
    "body": ("body", "base"), "hand": ("hand", "base"), "face": ("face", "base"), "face_shape": ("face-shape", "base"),
    "wholebody_base": ("wholebody", "base"), "wholebody_mixed": ("wholebody", "mixed"),
    "face_full": ("face-full", "base"),
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """Noise by formula: the c-th call gives amplitude cos(call c + place (i + 1) (1 + drift c))."""

    amplitude: float
    call: float
    place: float
    drift: float

    @classmethod
    def of(cls, text: str) -> Rule:
        """The rule that a fixture states in words; ValueError where it is written otherwise."""
        number = r"([\d.]+)"
        found = re.search(rf"{number}\*cos\({number}\*c\+{number}\*\(i\+1\)\*\(1\+{number}\*c\)\)", text)
        if found is None:
            raise ValueError(f"expected a rule a*cos(b*c+d*(i+1)*(1+e*c)) for the noise, got {text!r}")
        return cls(*map(float, found.groups()))

    def noise(self, c: int, like: Tensor) -> Tensor:
        """The c-th call's numbers, c from 1."""
        place = np.arange(1, like.numel() + 1)
        values = self.amplitude * np.cos(self.call * c + self.place * place * (1 + self.drift * c))
        return torch.from_numpy(values.reshape(like.shape).astype(np.float32))


class Run:
    """What one file's formula gives, and what the file says."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.constants = facts["formula"]
        self.formula = WeightFormula.of(self.constants)
        self.t = torch.tensor(self.constants["t"])
        self.sde = SubVP()

    def x(self, width: int) -> Tensor:
        """The made-up poses (4, D)."""
        b, d = np.ogrid[1 : len(self.t) + 1, 1 : width + 1]
        wave = self.constants["x"]
        return torch.from_numpy(np.sin(wave["scale"] * b * d + wave["phase"]).astype(np.float32))

    @cached_property
    def z(self) -> Tensor:
        """The made-up noise of the body (4, 63)."""
        place = np.arange(1, len(self.t) * dims["body"] + 1)
        values = np.cos(self.constants["z_step"] * place).astype(np.float32)
        return torch.from_numpy(values).reshape(len(self.t), -1)

    def net(self, name: str) -> nn.Module:
        """A network filled by the formula."""
        with quiet_chance():
            net = build(*networks[name])
        with torch.no_grad():
            for key, value in net.state_dict().items():
                if not key.endswith(table_name):
                    value.copy_(self.formula.tensor(published_name(key), tuple(value.shape)))
        return net.eval()

    @torch.no_grad()
    def output(self, name: str, mask: Any = None) -> Tensor:
        """A network's answer to the made-up poses."""
        net = self.mixed if name == "wholebody_mixed" else self.net(name)
        more = {} if mask is None else {"mask": torch.tensor(mask)}
        return net(self.x(dims[networks[name][0]]), label_scale * self.t, **more)

    @cached_property
    def mixed(self) -> nn.Module:
        return self.net("wholebody_mixed")

    # ── the body's process ──

    @cached_property
    def prior(self) -> Prior:
        """The body's, whose vectors are normalised already."""
        width = dims["body"]
        normaliser = Normaliser(torch.zeros(width), torch.ones(width), "none")
        return Prior("body", "base", Diffusion(self.net("body")), normaliser, About("formula")).eval()

    @cached_property
    def noisy(self) -> Tensor:
        return self.diffusion.noised(self.x(dims["body"]), self.t, self.z)

    @property
    def diffusion(self) -> Diffusion:
        return self.prior.diffusion

    def rows(self, weighting: Weighting, reduction: Reduction) -> Tensor:
        """The regulariser's rows: weight times the squared way to the denoised pose."""
        return self.prior.penalty(self.x(dims["body"]), self.t, self.z, weighting, reduction)

    @torch.no_grad()
    def ddim(self, times: list[float] | Tensor) -> Tensor:
        """The noisy poses after steps from each of the times to the next."""
        return self.diffusion.ddim(self.noisy, times)

    # ── completion ──

    def completed(self, steps: str, noise: NoiseSource) -> Tensor:
        """What is hidden, completed by the published settings; one draw comes before the first step."""
        found = re.search(r"iterations=(\d+), steps_per_iter=(\d+)", steps)
        if found is None:
            raise ValueError(f"expected iterations=… and steps_per_iter=…, got {steps!r}")
        observed = 0.5 * self.x(dims["body"])
        hidden = torch.zeros_like(observed, dtype=torch.bool)
        hidden[:, self.hidden] = True
        settings = replace(Completion(), rounds=int(found[1]), steps=int(found[2]), batch=len(observed))
        noise(observed)
        return completed(self.prior, observed, hidden, settings, noise)[:, self.hidden]

    @property
    def hidden(self) -> list[int]:
        return self.facts["completion"]["hidden"]

    @cached_property
    def seeded_completion(self) -> Tensor:
        facts = self.facts["completion"]
        return self.completed(facts["steps"], Draws(facts["seed"]))

    @cached_property
    def formula_completion(self) -> tuple[Tensor, int]:
        """What is hidden, and how often noise was asked for."""
        facts, calls = self.facts["completion"]["formula_noise"], 0
        rule = Rule.of(facts["rule"])

        def noise(like: Tensor) -> Tensor:
            nonlocal calls
            calls += 1
            return rule.noise(calls, like)

        return self.completed(facts["steps"], noise), calls

    # ── normalisers ──

    def normaliser(self, ranged: bool = False) -> Normaliser:
        """The body's, of means and deviations or of ranges."""
        return self._normaliser("body_pose", dims["body"], ranged)

    @cached_property
    def whole(self) -> Normaliser:
        body, hand = self.normaliser(), self._normaliser("right_hand_pose", dims["hand"])
        face = [self._normaliser(name, width) for name, width in (("jaw_pose", 3), ("expression", 100))]
        centre, scale = (torch.cat([getattr(one, name) for one in face]) for name in ("centre", "scale"))
        return Normaliser.whole(body, hand, Normaliser(centre, scale, "face"))

    def _normaliser(self, part: str, width: int, ranged: bool = False) -> Normaliser:
        v = torch.from_numpy(self.formula.sines(f"stats.{part}", 4 * width)).reshape(4, width)
        values = (-2 + 0.5 * v[2], 2 + 0.5 * v[3]) if ranged else (0.3 * v[0], 0.4 + 0.2 * v[1])
        one, other = (value.float() for value in values)
        return Normaliser.of_range(one, other, part) if ranged else Normaliser(one, other, part)
