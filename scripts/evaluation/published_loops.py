"""The published optimisation loops, written down plainly: autograd, torch.optim, the whole mesh.

Yardsticks for scripts/benchmark_dposer.py and tests; nothing else uses them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from engine import rotation
from engine.body import Body, Poses
from engine.body_pose import BodyPose
from engine.prior import Prior
from engine.schedules import Schedule
from engine.skeleton import openpose25, smplx55
from engine.tasks.completion import Completion
from engine.tasks.guides import Draws
from engine.tasks.recovery import not_fitted, trunk
from engine.tasks.recovery_terms import Keypoints


def published_completion(prior: Prior, observed: Tensor, hidden: Tensor, hypotheses: int, seed: int = 0) -> Tensor:
    """Answers (H, 63) by the published loop: autograd, Adam, every row told its time.

    Each answer begins by itself, as ours do.
    """
    noise, settings = Draws(seed), Completion()
    target = prior.normaliser(observed).expand(hypotheses, -1)
    seen = (~hidden).float()
    x = torch.where(hidden, noise(target), target).clone().requires_grad_()
    adam = torch.optim.Adam([x], settings.rate, settings.betas)
    total = settings.rounds * settings.steps
    for step in range(total):
        turn = step // settings.steps
        t = settings.schedule.end + (total - 1 - step) / total * (settings.schedule.start - settings.schedule.end)
        adam.zero_grad()
        data = ((x - target) * seen).square().mean()
        likely = _published_penalty(prior, x, torch.full((len(x),), t), noise, "root").mean()
        loss = settings.seen / (1 + turn) * data + settings.likely * (1 + turn) * likely
        loss.backward()
        adam.step()
    found = torch.where(hidden, x.detach(), target)
    return prior.normaliser.raw(found)


def _published_penalty(
    prior: Prior, x: Tensor, t: Tensor, noise: Draws, weighting: Literal["root", "square"]
) -> Tensor:
    """w(t) (x - denoised)² (B, D), the denoised pose held constant; each row has a time of its own, all the same."""
    with torch.no_grad():
        clean = prior.diffusion.denoised(prior.diffusion.noised(x, t, noise(x)), t)
    return prior.weight(t, weighting)[:, None] * (x - clean).square()


class PlainBody:
    """SMPL-X as the published code poses it at every step: all vertices, dense, by the paper's formula (eq. 5 to 9)."""

    def __init__(self, body: Body, betas: int = 10) -> None:
        names = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights")
        arrays = [torch.from_numpy(np.asarray(body.file.array(name), dtype=np.float32)) for name in names]
        self.template, shapes, corrections, self.regressor, self.weights = arrays
        self.shapes = shapes[..., :betas].contiguous()
        self.corrections = corrections.flatten(0, 1).T.contiguous()
        self.parents = body.parents

    def __call__(self, turns: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
        """Vertices (B, V, 3) and joints (B, 55, 3), metres, for turns (B, 55, 3) and betas (B, 10)."""
        shaped = self.template + torch.einsum("bl,vkl->bvk", betas, self.shapes)
        rest = torch.einsum("bvk,jv->bjk", shaped, self.regressor)
        rotations = rotation.matrix(turns)
        bent = (rotations[:, 1:] - torch.eye(3)).flatten(1) @ self.corrections
        apart = rest.clone()
        apart[:, 1:] -= rest[:, self.parents[1:]]
        local = torch.cat([torch.cat([rotations, apart[..., None]], 3), _last_row(rest)], 2)
        chain = [local[:, 0]]
        for joint in range(1, len(self.parents)):
            chain.append(chain[self.parents[joint]] @ local[:, joint])
        world = torch.stack(chain, 1)
        still = torch.cat([rest, rest.new_zeros(*rest.shape[:2], 1)], 2)
        moved = torch.cat([world.new_zeros(*world.shape[:3], 3), world @ still[..., None]], 3)
        skin = (self.weights @ (world - moved).flatten(2)).unflatten(2, (4, 4))
        posed = shaped + bent.unflatten(1, (-1, 3))
        posed = torch.cat([posed, posed.new_ones(*posed.shape[:2], 1)], 2)
        return (skin @ posed[..., None])[..., :3, 0], world[..., :3, 3]


def _last_row(rest: Tensor) -> Tensor:
    """The row (B, 55, 1, 4) that makes transforms square."""
    return rest.new_tensor([0.0, 0.0, 0.0, 1.0]).expand(*rest.shape[:2], 1, 4)


class PublishedFit:
    """The published search for one figure on a level camera at the origin, as it is written."""

    def __init__(self, body: Body, prior: Prior | None, keypoints: Keypoints, start: BodyPose) -> None:
        self.body, self.prior = PlainBody(body), prior
        self.chosen = body.selection(openpose25)
        camera = keypoints.cameras[0]
        self.focal = torch.tensor([-camera.focal, camera.focal])
        self.center = torch.tensor(camera.center)
        self.places, self.trust = keypoints.places, keypoints.trust
        self.ignored = torch.tensor([float(name not in not_fitted) for name in keypoints.names])
        self.trunk = torch.tensor([float(name in trunk) for name in keypoints.names])
        begun = Poses.of([start])
        self.root, self.pose = begun.axis_angles[:, :1].clone(), begun.axis_angles[:, 1:22].clone()
        self.betas, self.move = torch.zeros(1, 10), begun.translation.clone()
        self.depth = float(self.move[0, 2])
        self.noise = Draws(0)
        names = smplx55.joints[1:22]
        bends = (("left_elbow", 1, 1.0), ("right_elbow", 1, -1.0), ("left_knee", 0, -1.0), ("right_knee", 0, -1.0))
        self.bend_at = [3 * names.index(name) + axis for name, axis, _ in bends]
        self.bend_sign = torch.tensor([sign for *_, sign in bends])

    def off(self) -> Tensor:
        """How far (1, 25, 2) px the points fall from the keypoints: from the whole mesh, as published."""
        turns = torch.cat([self.root, self.pose, self.root.new_zeros(1, 33, 3)], 1)
        skin, joints = (found + self.move[:, None] for found in self.body(turns, self.betas))
        points = self.chosen.joint_mix @ joints + self.chosen.vertex_mix @ skin[:, self.chosen.vertices]
        return points[..., :2] * self.focal / points[..., 2:] + self.center - self.places

    def placing(self) -> Tensor:
        """What the search for turn and place lowers."""
        reprojected = (self.off().square().sum(-1) * self.trust.square() * self.trunk).sum()
        return reprojected + (100 * (self.move[:, 2] - self.depth)).square().sum()

    def fitting(self, weight: float, bend: float, t: float) -> Tensor:
        """What a stage lowers."""
        squares = self.off().square()
        robust = 100.0**2 * squares / (100.0**2 + squares)
        loss = (robust.sum(-1) * self.trust.square() * self.ignored).sum()
        pose = self.pose.flatten(1)
        loss = loss + bend**2 * (pose[:, self.bend_at] * self.bend_sign).exp().square().sum()
        loss = loss + weight**2 * self.betas.square().sum()
        if self.prior is None:
            return loss
        x = self.prior.normaliser(pose)
        return loss + weight**2 * _published_penalty(self.prior, x, torch.full((1,), t), self.noise, "square").sum()

    def run(self, loss: Callable[[int], Tensor], variables: list[Tensor], steps: int) -> None:
        """Adam over some of the variables."""
        adam = torch.optim.Adam([v.requires_grad_() for v in variables], 0.01)
        for step in range(steps):
            adam.zero_grad()
            loss(step).backward()
            adam.step()
        for v in variables:
            v.requires_grad_(False)


def published_recovery(body: Body, prior: Prior, keypoints: Keypoints, start: BodyPose) -> BodyPose:
    """The body that the published search finds."""
    fit = PublishedFit(body, prior, keypoints, start)
    fit.run(lambda _: fit.placing(), [fit.root, fit.move], 100)
    schedule, first = Schedule(start=0.12, end=0.08), 0
    times = schedule.times(500).tolist()
    for weight, bend in zip((50, 20, 10, 5, 2), (150, 50, 30, 15, 5), strict=True):
        here = times[first : first + 100]
        fit.run(
            lambda step, w=weight, b=bend, here=here: fit.fitting(w, b, here[step]),
            [fit.root, fit.pose, fit.betas],
            100,
        )
        first += 100
    root, pose, betas, move = (found[0].numpy() for found in (fit.root[0], fit.pose, fit.betas, fit.move))
    return BodyPose(root, pose, betas=betas, translation=move)
