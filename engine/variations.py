"""Choices of natural bodies: variations of one, and poses out of nothing; each a set as various as it is likely.

pose → noised as far as the strength says → denoised in a few steps by the priors of body and hand → brought back to
what is held and within the limits → on the ground. More are drawn than are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.body import Body
from engine.body_pose import BodyPose
from engine.examples import Examples
from engine.fit_steps import Near, Stance, Term, Within, refined
from engine.leaning import Leaning, flesh, heading
from engine.limits import Limits
from engine.natural import Natural
from engine.point_rig import PointRig
from engine.posing import parts, standing
from engine.prior import Prior, mirror_signs
from engine.progress import Progress
from engine.relaxing import give_of, kept, own_rig, posed, stance_of, turning_joints
from engine.rig import about, axis_angles, joint_number, joints, matrices
from engine.skeleton import sides
from engine.tasks.guides import Draws
from engine.tasks.one_step import OneStep
from engine.tasks.vectors import body_joints, hand_joints

most_choices = 12
_least, _most = 0.15, 0.6  # times of diffusion, to which the smallest and the largest variation is noised
_steps, _end = 14, 0.01  # of denoising, and the time at which it ends
_for_each = 3  # poses drawn for each that is shown
_variety = 4.0  # units of unnaturalness that a metre of difference, on the mean of all joints, is worth
_settling = 12  # steps of least squares at most
_torn = 0.001  # metres: where held joints would be further off, that variation is none
_facing = np.radians(50)  # either way that a random pose may be turned from where it is to face
_up = np.array((0.0, 1.0, 0.0))
_hands = range(len(turning_joints), len(joints))
_drawable = frozenset((*body_joints, *hand_joints["left"], *hand_joints["right"]))


@dataclass(frozen=True)
class Wish:
    """What variations are to be: `strength` 0 … 1, how many `choices`, the `seed`, joints to hold, the part to vary.

    Without a part, a name of `posing.parts`, the whole body varies.
    """

    strength: float = 0.5
    choices: int = 6
    seed: int = 0
    pins: frozenset[str] = frozenset()
    part: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ValueError(f"expected a strength from 0 to 1, got {self.strength!r}")
        _checked(self.choices)
        if self.part is not None and (self.part not in parts or self.part in ("face", "all")):
            raise ValueError(f"expected a part of the body, such as left_arm, got {self.part!r}")


@dataclass(frozen=True, eq=False)
class Variation:
    """A choice: the body, and how unlikely the prior finds it."""

    pose: BodyPose
    unnatural: float


class Varier:
    """What makes choices of natural poses for one body; `examples` tell how people who pose so lean."""

    def __init__(self, body: Body, natural: Natural, limits: Limits, examples: Examples) -> None:
        self.body, self.natural, self.limits = body, natural, limits
        self._give = give_of(natural)
        self._leaning = Leaning(own_rig(body, standing()), examples)

    def varied(self, pose: BodyPose, wish: Wish, progress: Progress | None = None) -> tuple[Variation, ...]:
        """Variations of a body, likeliest first, the same for the same wish; its place and its shape stay.

        What is held stays to a millimetre, else the body stays on its ground. `progress` may raise Cancelled.
        ValueError for joints to hold that are not there, or where what is held leaves no variation.
        """
        held, part = frozenset(map(joint_number, wish.pins)), wish.part
        free = _drawable if part is None else _drawable & set(parts[part])
        time = _least + (_most - _least) * wish.strength**1.5
        rig = own_rig(self.body, pose)
        drawn = self._drawn(pose, _for_each * wish.choices, time, free, Draws(wish.seed), progress)
        if part is None and not held:
            drawn.turns[:, 0] = self._tilted(pose, drawn.turns, wish.strength)
        active = tuple(n for n in turning_joints if joints[n] in free or (n == 0 and held and part is None))
        places = rig.placed(*stance_of(pose)).points[0]
        terms = list(kept(places, held, stands=False)) if held else []
        drawn = self._settled(rig, drawn, active, terms, moving=0 in active)
        if part is None and not held:
            drawn = _grounded(rig, drawn, places)
        if held:
            pins = list(held)
            off = np.linalg.norm(rig.placed(*drawn).points[:, pins] - places[pins], axis=-1).max(1)
            drawn = drawn.chosen(off < _torn)
        if not len(drawn.turns):
            raise ValueError("expected joints that can be held while the others vary, got none: let go of one")
        return self._chosen(rig, [posed(pose, drawn, n) for n in range(len(drawn.turns))], wish.choices, progress)

    def random(
        self, choices: int = 6, seed: int = 0, like: BodyPose | None = None, facing: float = 0.0,
        progress: Progress | None = None,
    ) -> tuple[Variation, ...]:  # fmt: skip
        """Natural poses, likeliest first, of the shape and about the place of `like`, on its ground.

        They face about `facing`, rad about the world's y from its z. `progress` may raise Cancelled.
        """
        _checked(choices)
        base = standing() if like is None else like
        rig = own_rig(self.body, base)
        drawn = self._drawn(base, _for_each * choices, 1.0, _drawable, Draws(seed), progress)
        drawn = self._settled(rig, drawn, turning_joints[1:], [], moving=False)
        to = facing + np.random.default_rng(seed).uniform(-_facing, _facing, len(drawn.turns))
        drawn.turns[:, 0] = matrices(to[:, None] * _up) @ self._leaning.roots_of(drawn.turns)
        drawn = _grounded(rig, drawn, rig.placed(*stance_of(base)).points[0])
        return self._chosen(rig, [posed(base, drawn, n) for n in range(len(drawn.turns))], choices, progress)

    # ── drawing ──

    def _drawn(
        self, pose: BodyPose, count: int, time: float, free: frozenset[str], noise: Draws, progress: Progress | None
    ) -> Stance:
        """Stances with the free joints as the priors draw them from the pose, noised to `time`."""
        turns = torch.from_numpy(pose.axis_angles).float().repeat(count, 1, 1)
        for n, names in enumerate((body_joints, *(hand_joints[side] for side in sides))):
            if progress is not None:
                progress(0.25 * n, "drawing poses")
            if free.isdisjoint(names):
                continue
            rows = [joint_number(name) for name in names]
            prior = self.natural.hand if n else self.natural.body
            signs = mirror_signs(prior.dims) if names == hand_joints["left"] else torch.ones(prior.dims)
            still = torch.tensor([name not in free for name in names]).repeat_interleave(3)
            near = _redrawn(prior, turns[:, rows].flatten(1) * signs, time, still, noise)
            turns[:, rows] = (near * signs).unflatten(1, (-1, 3))
        changed = [joint_number(name) for name in sorted(free)]
        found = np.repeat(matrices(pose.axis_angles)[None], count, 0)
        found[:, changed] = matrices(turns[:, changed].double().numpy())
        for n in [n for n in _hands if joints[n] in free]:  # least squares turn no fingers
            found[:, n] = [self.limits.bounded(n, one) for one in found[:, n]]
        return Stance(found, np.zeros((count, 0)), np.repeat(pose.translation[None], count, 0))

    def _settled(
        self, rig: PointRig, drawn: Stance, active: Sequence[int], terms: list[Term], moving: bool
    ) -> Stance:  # fmt: skip
        """The stances within the limits, with what is held back in its place."""
        if not active:
            return drawn
        terms = [Near(drawn.turns, self._give), Within(self.limits, 0.02), *terms]
        return refined(rig, drawn, active, terms, _settling, moving)[0]

    def _tilted(self, pose: BodyPose, turns: np.ndarray, strength: float) -> np.ndarray:
        """The roots (B, 3, 3) of variations: on the way from the pose's own lean to theirs, facing where it faces."""
        root = matrices(pose.root)
        to = about(_up, heading(root)) @ self._leaning.roots_of(turns)
        return root @ matrices(axis_angles(root.T @ to) * strength)

    # ── which are shown ──

    def _chosen(
        self, rig: PointRig, found: list[BodyPose], count: int, progress: Progress | None
    ) -> tuple[Variation, ...]:  # fmt: skip
        """The likeliest, then by turns what is likely and unlike those chosen; likeliest first."""
        if progress is not None:
            progress(0.8, "comparing them")
        unnatural = self.natural.unnatural(found)
        places = rig.placed(*stance_of(*found)).points
        places = places - places[:, :1]
        off = np.linalg.norm(places[:, None] - places[None], axis=-1).mean(-1)
        chosen = [int(unnatural.argmin())]
        while len(chosen) < min(count, len(found)):
            worth = _variety * off[chosen].min(0) - unnatural
            worth[chosen] = -np.inf
            chosen.append(int(worth.argmax()))
        return tuple(Variation(found[n], float(unnatural[n])) for n in sorted(chosen, key=lambda n: unnatural[n]))


def _checked(choices: int) -> None:
    if not 1 <= choices <= most_choices:
        raise ValueError(f"expected 1 to {most_choices} choices, got {choices!r}")


def _grounded(rig: PointRig, stance: Stance, like: np.ndarray) -> Stance:
    """The stances moved to where joints at `like` (55, 3) stand: pelvis over the same place, lowest point as low."""
    places = rig.placed(*stance).points
    by = like[0] - places[:, 0]
    by[:, 1] = (like[:, 1] - flesh).min() - (places[..., 1] - flesh).min(1)
    return stance._replace(translation=stance.translation + by)


@torch.no_grad()
def _redrawn(prior: Prior, vectors: Tensor, time: float, still: Tensor, noise: Draws) -> Tensor:
    """Raw vectors (B, D) noised to `time` and denoised in a few steps; the numbers `still` (D,) are put in at each."""
    steps = OneStep(prior.diffusion, torch.linspace(time, _end, _steps + 1))
    x = prior.normaliser(vectors)
    same = noise(x)
    noisy = steps.alpha[0] * x + steps.sigma[0] * same
    for k in range(_steps):
        clean, seen = steps.taken_apart(noisy, k)
        noisy = steps.alpha[k + 1] * clean + steps.sigma[k + 1] * seen
        noisy = torch.where(still, steps.alpha[k + 1] * x + steps.sigma[k + 1] * same, noisy)
    return torch.where(still, vectors, prior.normaliser.raw(steps.taken_apart(noisy, _steps)[0]))
