"""Tables T3 and S-6: motion whose joints jitter, cleaned with every contestant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from engine.pose_metrics import point_error
from engine.schedules import ScheduleKind
from engine.tasks.denoising import Denoising, Motion, denoise, main_joints, noise_20, noise_40, noise_100
from scripts.evaluation import paper
from scripts.evaluation.asked import Asked, Report, joints, points, skin
from scripts.evaluation.contestants import Contestants, autoencoder, ours
from scripts.evaluation.observed import Observed
from scripts.evaluation.tables import Column, Figures, Row, Table, below

settings = {20: noise_20, 40: noise_40, 100: noise_100}
pieces = 4  # of 60 frames each, of a set
columns = tuple(Column(f"{mm} mm", "{:.1f}") for mm in settings)
observed_row = "the joints as observed"
_about = (
    "Pieces of 60 frames; the 22 joints of a body that stands upright in its rest shape, with Gaussian noise of 20, 40"
    " or 100 mm (deviation of each coordinate). MPJPE in mm. Settings are the published ones, but that the way from"
    " frame to frame is that of the joints, not of all vertices."
)


def report(asked: Asked) -> Report:
    """MPJPE of each set of motion, by the noise."""
    tables, claims = [], []
    for one in asked.of("body", motion=True):
        found = {mm: errors(asked, one, asked.contestants, mm) for mm in settings}
        rows = tuple(Row(name, tuple((found[mm][name],) for mm in settings)) for name in found[40])
        frames = 60 * len(one.motion[:pieces])
        table = Table(f"{one.name} ({frames} frames)", columns, rows, paper=paper.denoising)
        tables.append(table)
        if autoencoder in found[40]:
            mine, other = (table.cell(name, "40 mm") for name in (ours, autoencoder))
            claims.append(below(f"denoising at 40 mm, {one.name}: against the VAE", mine, other, 0))
    return Report("Motion denoising (tables T3, S-6)", _about, tuple(tables), tuple(claims))


def errors(asked: Asked, one: Observed, contestants: Contestants, mm: int) -> dict[str, float]:
    """MPJPE (mm) of every contestant, and of what was observed."""
    true, observed = noisy(asked, one, mm)
    found = {observed_row: float(point_error(1000 * observed.numpy(), 1000 * true.numpy()).mean())}
    guides = contestants.guides("denoising", "body", settings[mm].weighting, settings[mm].reduction)
    for name, guide in guides.items():
        asked.say(f"denoising at {mm} mm, {one.name}: {name}")
        motion = denoise(asked.body, guide, observed, settings=settings[mm], seed=asked.seed)
        found[name] = float(point_error(placed(asked, motion), 1000 * true.numpy()).mean())
    return found


def scheduled(asked: Asked, one: Observed, kind: ScheduleKind) -> Figures:
    """MPVPE and MPJPE (mm) at 40 mm of noise, with the open prior on another schedule."""
    true, observed = noisy(asked, one, 40)
    how: Denoising = replace(noise_40, schedule=replace(noise_40.schedule, kind=kind))
    motion = denoise(asked.body, how.guide(asked.contestants.prior("body")), observed, settings=how, seed=asked.seed)
    rows = np.concatenate(one.motion[:pieces])
    selection = skin(asked.body, "all")
    here, there = (points(asked.body, "body", v, selection) for v in (motion.poses.flatten(0, 1), one.poses[rows]))
    return (
        float(point_error(here, there).mean()),
        float(point_error(placed(asked, motion), 1000 * true.numpy()).mean()),
    )


def noisy(asked: Asked, one: Observed, mm: int) -> tuple[Tensor, Tensor]:
    """Joints (C, 60, 22, 3), metres, of a set's pieces, and the same with noise."""
    poses = np.stack([one.poses[rows] for rows in one.motion[:pieces]])
    true = joints(asked.body, "body", poses, main_joints) / 1000
    noise = np.random.default_rng([asked.seed, mm]).normal(0, mm / 1000, true.shape)
    return torch.from_numpy(true).float(), torch.from_numpy(true + noise).float()


def placed(asked: Asked, motion: Motion) -> np.ndarray:
    """Joints (C, T, 22, 3), mm, of a motion whose root is at rest."""
    return joints(asked.body, "body", motion.poses, main_joints)


def score(asked: Asked, one: Observed, contestants: Contestants, mm: int) -> dict[str, float]:
    """What baselines are tuned on: the joints' error."""
    return errors(asked, one, contestants, mm)
