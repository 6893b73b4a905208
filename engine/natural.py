"""What the pose prior says of whole figures: how natural each is, and what a more natural one would be.

The body's prior and the hand's, each on its own numbers; root, jaw and eyes are nobody's and stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engine.body_pose import BodyPose
from engine.prior import Prior, mirror_signs
from engine.prior_file import PriorFolder
from engine.rig import axis_angles, joints, matrices
from engine.tasks.guides import Draws
from engine.tasks.one_step import OneStep
from engine.tasks.vectors import body_joints, hand_joints

_body = [joints.index(name) for name in body_joints]
_hands = {side: [joints.index(name) for name in names] for side, names in hand_joints.items()}
_hand_share = 0.25  # of a figure's score: a hand has many joints and says little of the whole
_asked = (0.1, 0.2, 0.3, 0.4)  # times at which likelihood is asked for
_draws = 4  # noises for each time


class Natural:
    """The priors of a folder, asked about whole figures; safe to keep, and the same for the same question."""

    def __init__(self, priors: PriorFolder) -> None:
        self.body, self.hand = priors.prior("body"), priors.prior("hand")
        self._priors = priors
        self._steps: dict[tuple[str, tuple[float, ...]], OneStep] = {}

    @property
    def whole(self) -> Prior:
        """The prior of whole bodies, for hands that go with a body; read when it is first asked for."""
        return self._priors.prior("wholebody", "fused")

    # ── how likely ──

    def unnatural(self, poses: Sequence[BodyPose]) -> np.ndarray:
        """How unlikely bodies are, (B,): less is likelier, comparable between figures.

        The mean squared error of the noise that the priors tell, the diffusion's bound on the likelihood up to a
        constant (DPoser-X, section 3), at a few times and always the same noise.
        """
        turns = torch.from_numpy(np.stack([pose.axis_angles for pose in poses])).float()
        found = self._misread(self.body, turns[:, _body].flatten(1))
        for side in _hands:
            found = found + _hand_share / 2 * self._misread(self.hand, _hand_vectors(turns, side))
        return found.double().numpy()

    @torch.no_grad()
    def _misread(self, prior: Prior, vectors: Tensor) -> Tensor:
        steps = self._ready(prior, _asked)
        x = prior.normaliser(vectors)
        noises = torch.randn(len(_asked), _draws, 1, prior.dims, generator=torch.Generator().manual_seed(0)).to(x)
        total = x.new_zeros(len(x))
        for k in range(len(_asked)):
            noise = noises[k].expand(-1, len(x), -1).flatten(0, 1)
            noisy = steps.alpha[k] * x.repeat(_draws, 1) + steps.sigma[k] * noise
            seen = steps.taken_apart(noisy, k)[1]
            total += (seen - noise).square().mean(1).unflatten(0, (_draws, -1)).mean(0)
        return total / len(_asked)

    # ── what would be likelier ──

    def nearer(
        self, turns: np.ndarray, time: float, noise: Draws, of: Sequence[str] = ("body", "left", "right"),
        draws: int = 1,
    ) -> np.ndarray:  # fmt: skip
        """Turns (B, 55, 3, 3) of likelier figures: each noised to diffusion time `time` and denoised in one step.

        `of` names whose joints: the body's, the left hand's, the right hand's; the others stay as they are. The mean
        of `draws` noises evens out chance.
        """
        nearer = turns.copy()
        for part in of:
            columns = _body if part == "body" else _hands[part]
            found = torch.from_numpy(axis_angles(turns[:, columns])).float().flatten(1)
            if part == "body":
                found = self._denoised(self.body, found, time, noise, draws)
            else:
                found = _signed(self._denoised(self.hand, _signed(found, part), time, noise, draws), part)
            nearer[:, columns] = matrices(found.unflatten(1, (-1, 3)).double().numpy())
        return nearer

    @torch.no_grad()
    def _denoised(self, prior: Prior, vectors: Tensor, time: float, noise: Draws, draws: int) -> Tensor:
        x = prior.normaliser(vectors).repeat(draws, 1)
        clean = self._ready(prior, (time,)).clean(x, 0, noise(x)).unflatten(0, (draws, -1)).mean(0)
        return prior.normaliser.raw(clean)

    def spread(self) -> np.ndarray:
        """What one unit of each prior's numbers is, (55, 3) rad: how far joints usually are from their middle."""
        found = np.full((len(joints), 3), np.nan)
        found[_body] = self.body.normaliser.scale.reshape(-1, 3).numpy()
        for columns in _hands.values():
            found[columns] = self.hand.normaliser.scale.reshape(-1, 3).numpy()
        return found

    def _ready(self, prior: Prior, times: tuple[float, ...]) -> OneStep:
        """A prior's denoising at known times, kept: a search asks at the same ones again and again."""
        key = prior.part, times
        if key not in self._steps:
            self._steps[key] = OneStep(prior.diffusion, torch.tensor(times, dtype=torch.float32))
        return self._steps[key]


def _hand_vectors(turns: Tensor, side: str) -> Tensor:
    """A hand's numbers (B, 45) of axis-angles (B, 55, 3), in the right hand's form."""
    return _signed(turns[:, _hands[side]].flatten(1), side)


def _signed(vectors: Tensor, side: str) -> Tensor:
    return vectors * mirror_signs(vectors.shape[1]) if side == "left" else vectors
