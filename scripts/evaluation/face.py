"""Table S-13: faces from landmarks in space, noisy or half of them hidden, with a prior of face and one of shape."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import torch
from torch import Tensor

from engine.body import Body, Poses
from engine.networks.dposer import dims
from engine.pose_metrics import point_error
from engine.tasks.face import FaceGuides, FacePoints, faces_at, halves, noisy, partial
from engine.tasks.guides import DiffusionGuide, NoGuide, NormGuide, Scaled
from engine.tasks.inverse import Inverse
from engine.tasks.vectors import posed
from scripts.evaluation import paper
from scripts.evaluation.asked import Asked, Report, skin
from scripts.evaluation.contestants import Contestants, none, norm, ours
from scripts.evaluation.observed import Observed, face_zero
from scripts.evaluation.tables import Column, Figures, Row, Table

noises = (1, 2, 5)
columns = (*(Column(f"{mm} mm", "{:.2f}, {:.2f}") for mm in noises), Column("half hidden", "{:.2f}, {:.2f}"))
_about = (
    "73 points about a face (five joints, 51 landmarks, 17 of the contour) from the head's joint, with noise, or exact"
    " with the left or right half hidden by chance. Jaw, expression and shape are searched for with two priors, of"
    " jaw and expression and of shape; the baselines have L2 for the shape. MPVPE of the head's skin, MPJPE of the"
    f" points, mm. {face_zero}"
)


def report(asked: Asked) -> Report:
    """The held-out faces; without a set of faces a ValueError."""
    tables = []
    for one in asked.of("face"):
        found = [errors(asked, one, asked.contestants, mm) for mm in (*noises, None)]
        rows = tuple(Row(name, tuple(figures[name] for figures in found)) for name in found[0])
        tables.append(Table(f"{one.name} ({len(one.poses)} faces)", columns, rows, paper=paper.face))
    if not tables:
        raise ValueError(f"expected a set of open faces to measure on, got none. {face_zero}")
    return Report("Face inverse kinematics (table S-13)", _about, tuple(tables))


def errors(asked: Asked, one: Observed, contestants: Contestants, mm: int | None) -> dict[str, Figures]:
    """MPVPE and MPJPE (mm) of every contestant at so much noise, or with half the face hidden."""
    points, how = _points(asked.body), partial if mm is None else noisy[mm]
    face, betas = torch.from_numpy(one.poses), _shapes(asked, len(one.poses))
    places = _places(points, face, betas)
    rng = np.random.default_rng([asked.seed, mm or 0])
    hidden = None if mm is not None else _half(rng, len(places))
    noise = torch.from_numpy(rng.normal(0, (mm or 0) / 1000, places.shape)).float()
    found = {}
    for name, guides in guides_of(contestants, "face-ik", how).items():
        asked.say(f"faces, {'half' if mm is None else f'{mm} mm'}: {name}")
        faces = faces_at(points, places + noise, guides, how, hidden, asked.seed)
        off = 1000 * (_places(points, faces.face, faces.betas) - places).norm(dim=-1)
        here, there = (_skin(asked.body, *some) for some in ((faces.face, faces.betas), (face, betas)))
        found[name] = (float(point_error(here, there).mean()), float(off.mean()))
    return found


def guides_of(contestants: Contestants, task: str, how: Inverse) -> dict[str, FaceGuides]:
    """Every contestant's two guides; the shape's is L2 but for no prior and the open one."""
    faces = contestants.guides(task, "face", how.weighting, how.reduction)
    shape = DiffusionGuide(contestants.prior("face-shape"), how.weighting, how.reduction)
    plain = Scaled(NormGuide(), contestants.strength(task, norm))
    return {n: FaceGuides(g, {none: NoGuide(), ours: shape}.get(n, plain)) for n, g in faces.items()}


def score(asked: Asked, one: Observed, contestants: Contestants) -> Mapping[str, float]:
    """What the baselines are tuned on: the points' error at 2 mm."""
    return {name: e[1] for name, e in errors(asked, one, contestants, 2).items()}


@cache
def _points(body: Body) -> FacePoints:
    return FacePoints(body)


def _shapes(asked: Asked, count: int) -> Tensor:
    """Betas (count, 100) of the held-out shapes, or of the plain face."""
    sets = [one for one in asked.sets if one.part == "face-shape"]
    if not sets:
        return torch.zeros(count, dims["face-shape"])
    rows = np.arange(count) % len(sets[0].poses)
    return torch.from_numpy(sets[0].poses[rows])


@torch.no_grad()
def _places(points: FacePoints, face: Tensor, betas: Tensor) -> Tensor:
    return points(face[:, :3], face[:, 3 : 3 + points.expressions], betas[:, : points.betas])


def _half(rng: np.random.Generator, count: int) -> Tensor:
    """Which of the 73 points (count, 73) are hidden: those of a half, by chance."""
    sides = torch.tensor([[name in halves[side] for name in FacePoints.names] for side in ("left", "right")])
    return sides[torch.from_numpy(rng.integers(0, 2, count))]


@torch.no_grad()
def _skin(body: Body, face: Tensor, betas: Tensor) -> np.ndarray:
    """Points of the head's skin (B, P, 3), mm, from the head's joint."""
    selection = skin(body, "face")
    poses: Poses = posed(body, "face", face)._replace(betas=betas[:, : body.betas])
    places = body.points(poses, selection) - body.joints(poses)[:, body.joint_names.index("head"), None]
    return 1000 * places.double().numpy()
