"""Table S-5: a limb or the trunk hidden, ten answers each; how near the best is, and how they differ."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from engine.pose_metrics import over_hypotheses, pair_distance, point_error
from engine.skeleton import smplx55
from engine.tasks.completion import Completion, complete, published
from engine.tasks.completion_baselines import complete_mixture, complete_vae, fill
from engine.tasks.vectors import hidden_by
from scripts.evaluation import paper
from scripts.evaluation.asked import Asked, Report, joints, points, skin
from scripts.evaluation.contestants import Contestants, autoencoder, mixture, ours
from scripts.evaluation.observed import Observed
from scripts.evaluation.tables import Column, Figures, Row, Table, below

groups = {"left leg": "left_leg", "legs": "legs", "arms": "arms", "torso": "trunk"}
hypotheses = 10
mean_fill, as_published, by_pose = "mean pose", f"{ours}, common start", f"{autoencoder}, on the pose"
sampled = f"{ours}, start sampled"
columns = tuple(Column(name, "{:.1f} / {:.1f} / {:.1f} ({:.1f})") for name in groups)
wanted = 30.0  # percent below the autoencoder


def report(asked: Asked) -> Report:
    """Joints and skin of each set, and the claim on captured poses."""
    tables, claims = [], []
    for one in asked.of("body"):
        found = {name: answers(asked, one, asked.contestants, group) for name, group in groups.items()}
        measured = [_table(asked, one, found, in_joints) for in_joints in (True, False)]
        tables += measured
        table = measured[0]
        if autoencoder in [row.name for row in table.rows]:
            best = {name: _mean(table, name) for name in (ours, sampled, autoencoder, by_pose)}
            other = min(best[autoencoder], best[by_pose])
            what = f"completion, {one.name}: best of ten against the VAE's"
            claims += [below(f"{what}, {name}", best[name], other, wanted) for name in (ours, sampled)]
    return Report("Completion (table S-5)", _about, tuple(tables), tuple(claims))


_about = (
    "A limb or the trunk of a body is hidden; each contestant gives ten answers. Figures are min / mean / deviation"
    " over the ten, in mm, and in brackets how far the answers are from each other (APD, cm): the mean over all 22"
    " joints of the body, also those that nothing hides, then over the skin of the hidden part, as the paper has it."
    f" {Completion().rounds} × {Completion().steps} steps. “common start” begins all answers of a pose"
    " alike, as the released code does; by default each begins by itself. “start sampled” begins at what DDIM draws"
    " with the seen part put in. The VAE answers from its latent space; “on the pose” is the released way."
)


def answers(asked: Asked, one: Observed, contestants: Contestants, group: str) -> dict[str, Tensor]:
    """Ten answers (B, 10, 63) of every contestant, the mean pose alone one."""
    prior = contestants.prior("body")
    hidden, observed = hidden_by("body", group), torch.from_numpy(one.poses)
    found = {mean_fill: fill(prior.normaliser.centre, observed, hidden)}
    if (gmm := contestants.gmm("body")) is not None:
        found[mixture] = complete_mixture(gmm, observed, hidden, hypotheses, asked.seed)
    if (vae := contestants.vae("body")) is not None:
        found[autoencoder] = complete_vae(vae, observed, hidden, hypotheses, asked.seed, "latent")
        found[by_pose] = complete_vae(vae, observed, hidden, hypotheses, asked.seed, "pose")
    settings = {as_published: published, ours: Completion(), sampled: Completion(start="sampled")}
    for name, how in settings.items():
        asked.say(f"completion, {one.name}, {group}: {name}")
        found[name] = complete(prior, observed, hidden, how, hypotheses, asked.seed)
    return found


def _table(asked: Asked, one: Observed, found: Mapping[str, Mapping[str, Tensor]], in_joints: bool) -> Table:
    body, true = asked.body, torch.from_numpy(one.poses)

    def cell(name: str, contestant: str) -> Figures:
        group, given = groups[name], found[name][contestant]
        if in_joints:
            here, there = (joints(body, "body", some, smplx55.joints[:22]) for some in (given, true))
        else:
            chosen = skin(body, group)
            here, there = (points(body, "body", some, chosen) for some in (given, true))
        apart = float(pair_distance(here).mean()) / 10 if given.shape[1] > 1 else 0.0
        return (*over_hypotheses(point_error(here, there[:, None])), apart)

    rows = tuple(Row(name, tuple(cell(group, name) for group in groups)) for name in found["legs"])
    what = "all joints" if in_joints else "skin of the part"
    title = f"{one.name} ({len(one.poses)} poses): {what}"
    return Table(title, columns, rows, paper=() if in_joints else paper.completion)


def _mean(table: Table, row: str) -> float:
    """The mean over the four groups of the best answer's error."""
    return sum(table.cell(row, name) for name in groups) / len(groups)
