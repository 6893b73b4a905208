"""Tables T4 and S-10: hands from points, some of them hidden or all of them noisy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from engine.body import Body
from engine.pose_metrics import point_error
from engine.tasks.figures import HandPoints
from engine.tasks.inverse import Hiding, hand_noisy, hand_partial, hands_at, hidden_hand_points
from scripts.evaluation import paper
from scripts.evaluation.asked import Asked, Report, points, skin
from scripts.evaluation.contestants import Contestants, autoencoder, ours
from scripts.evaluation.observed import Observed, hand_zero
from scripts.evaluation.tables import Column, Figures, Row, Table, below

hidings: dict[Hiding, str] = {
    "sparse": "8 of 21 points seen", "fingertip": "root and tips seen", "partial": "3 fingers seen",
}  # fmt: skip
published: dict[Hiding, tuple[Row, ...]] = {
    "sparse": paper.hand_sparse, "fingertip": paper.hand_fingertips, "partial": (),
}  # fmt: skip
columns = tuple(Column(title, "{:.2f}") for title in ("visible", "hidden", "all", "skin"))
noises = tuple(Column(f"{mm} mm", "{:.2f}, {:.2f}") for mm in hand_noisy)
wanted = 30.0  # percent below the autoencoder


@dataclass(frozen=True)
class Found:
    """Errors in mm of the points that were seen, of the hidden ones, of all 21, and of the skin."""

    visible: float
    hidden: float
    all: float
    skin: float


@cache
def points_of(body: Body) -> HandPoints:
    return HandPoints(body)


def report(asked: Asked) -> Report:
    """Sparse, fingertip and partial observations of each set."""
    tables, claims = [], []
    for one in asked.of("hand"):
        for hiding, what in hidings.items():
            found = hidden_errors(asked, one, asked.contestants, hiding)
            rows = tuple(Row(name, ((e.visible,), (e.hidden,), (e.all,), (e.skin,))) for name, e in found.items())
            title = f"{one.name} ({len(one.poses)} hands): {hiding}, {what}"
            tables.append(Table(title, columns, rows, paper=published[hiding]))
            if hiding == "sparse" and autoencoder in found:
                what = f"sparse hand IK, {one.name}: all points, against the VAE"
                claims.append(below(what, found[ours].all, found[autoencoder].all, wanted))
    about = (
        "Right hands; 21 points in the wrist's axes, mm: MPJPE of the points that are seen, hidden, and all, and MPVPE"
        " of the hand's skin. Published settings (10 × 30 steps); chance hides other points in every row, where the"
        f" released code throws once for a hundred. {hand_zero}"
    )
    return Report("Hand inverse kinematics (table T4)", about, tuple(tables), tuple(claims))


def noise_report(asked: Asked) -> Report:
    """All points seen, with noise."""
    tables = []
    for one in asked.of("hand"):
        found = {mm: noise_errors(asked, one, asked.contestants, mm) for mm in hand_noisy}
        rows = tuple(Row(name, tuple(found[mm][name] for mm in hand_noisy)) for name in found[2])
        tables.append(Table(f"{one.name} ({len(one.poses)} hands)", noises, rows, paper=paper.hand_noise))
    about = "All 21 points are seen, with Gaussian noise; MPVPE, MPJPE in mm, the published settings for each noise."
    return Report("Noisy hands (table S-10)", about, tuple(tables))


def hidden_errors(asked: Asked, one: Observed, contestants: Contestants, hiding: Hiding) -> dict[str, Found]:
    """Every contestant's errors where some points are hidden and the others exact."""
    true = torch.from_numpy(one.poses)
    places = places_of(asked, true)
    hidden = hidden_hand_points(hiding, len(true), asked.seed)
    found = {}
    guides = contestants.guides("hand-ik", "hand", hand_partial.weighting, hand_partial.reduction)
    for name, guide in guides.items():
        asked.say(f"hand IK, {one.name}, {hiding}: {name}")
        hands = hands_at(points_of(asked.body), places, guide, hand_partial, hidden, seed=asked.seed)
        off = 1000 * (places_of(asked, hands) - places).norm(dim=-1)
        found[name] = Found(
            float(off[~hidden].mean()), float(off[hidden].mean()), float(off.mean()), skin_error(asked, hands, true)
        )
    return found


def noise_errors(asked: Asked, one: Observed, contestants: Contestants, mm: int) -> dict[str, Figures]:
    """Every contestant's errors of skin and points where all are seen with noise."""
    true = torch.from_numpy(one.poses)
    places = places_of(asked, true)
    noise = np.random.default_rng([asked.seed, mm]).normal(0, mm / 1000, places.shape)
    how = hand_noisy[mm]
    found = {}
    for name, guide in contestants.guides("hand-noise", "hand", how.weighting, how.reduction).items():
        asked.say(f"noisy hands at {mm} mm, {one.name}: {name}")
        hands = hands_at(points_of(asked.body), places + torch.from_numpy(noise).float(), guide, how, seed=asked.seed)
        off = 1000 * (places_of(asked, hands) - places).norm(dim=-1)
        found[name] = (skin_error(asked, hands, true), float(off.mean()))
    return found


@torch.no_grad()
def places_of(asked: Asked, hands: Tensor) -> Tensor:
    """hand21's points (B, 21, 3), metres from the wrist in its axes."""
    return points_of(asked.body).alone(hands, torch.zeros(len(hands), points_of(asked.body).betas))


def skin_error(asked: Asked, hands: Tensor, true: Tensor) -> float:
    """MPVPE (mm) of the right hand's skin."""
    selection = skin(asked.body, "right_hand")
    here, there = (points(asked.body, "hand", some, selection) for some in (hands, true))
    return float(point_error(here, there).mean())
