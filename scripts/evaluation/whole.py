"""Table T7: one hand of a whole body hidden, ten answers each, by the prior's three kinds and the baselines."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.networks.dposer import model_names
from engine.pose_metrics import over_hypotheses, pair_distance, point_error
from engine.tasks.completion import Completion, complete
from engine.tasks.completion_baselines import complete_mixture, complete_vae, fill
from engine.tasks.vectors import hidden_by, one_hand
from scripts.evaluation import paper
from scripts.evaluation.asked import Asked, Report, points, skin
from scripts.evaluation.contestants import autoencoder, mixture, ours
from scripts.evaluation.observed import Observed
from scripts.evaluation.tables import Claim, Column, Figures, Row, Table, below

hypotheses = 10
columns = (Column("one hand", "{:.1f} / {:.1f} / {:.1f} ({:.1f})"), Column("the same from the wrist", "{:.1f}"))
names = {model: f"{ours}, {model}" for model in model_names}
_about = (
    "A hand and its wrist are hidden, left or right by chance; ten answers each. Min / mean / deviation of the hidden"
    " hand's skin in mm (APD in cm), and the least error counted from the wrist, with the hand turned as it is."
    " “base” is the parts' priors side by side: what it says of a hand, it says without having seen the body."
)


def report(asked: Asked) -> Report:
    """Each set of whole bodies, and the claims: mixed no worse than base, and 30 % below the autoencoder."""
    tables, claims = [], []
    for one in asked.of("wholebody"):
        table = _table(asked, one)
        tables.append(table)
        best = {row.name: table.cell(row.name, columns[0].title) for row in table.rows}
        what = f"one hand, {one.name}: least error"
        claims.append(Claim(f"{what}, mixed against base", best[names["mixed"]] / best[names["base"]], 1.0))
        if autoencoder in best:
            chosen = names[asked.contestants.model]
            claims.append(below(f"{what}, {chosen} against the VAE", best[chosen], best[autoencoder], 30.0))
    return Report("Whole-body completion (table T7)", _about, tuple(tables), tuple(claims))


def _table(asked: Asked, one: Observed) -> Table:
    contestants, observed = asked.contestants, torch.from_numpy(one.poses)
    hidden = one_hand(len(observed), asked.seed)
    centre = contestants.prior("wholebody", "base").normaliser
    found = {"mean pose": fill(centre.raw(torch.zeros_like(centre.centre)), observed, hidden)}
    if (gmm := contestants.gmm("wholebody")) is not None:
        found[mixture] = complete_mixture(gmm, observed, hidden, hypotheses, asked.seed)
    if (vae := contestants.vae("wholebody")) is not None:
        found[autoencoder] = complete_vae(vae, observed, hidden, hypotheses, asked.seed)
    for model in model_names:
        asked.say(f"whole-body completion, {one.name}: {model}")
        prior = contestants.prior("wholebody", model)
        found[names[model]] = complete(prior, observed, hidden, Completion(), hypotheses, asked.seed)
    rows = tuple(Row(name, _figures(asked, given, observed, hidden)) for name, given in found.items())
    return Table(f"{one.name} ({len(one.poses)} poses)", columns, rows, paper=paper_rows())


def paper_rows() -> tuple[Row, ...]:
    return tuple(Row(row.name, (*row.cells, None)) for row in paper.whole_completion)


def _figures(asked: Asked, given: Tensor, true: Tensor, hidden: Tensor) -> tuple[Figures | None, ...]:
    """Errors of answers (B, H, 256) on the skin of each row's hidden hand: in place, and with the wrist as it is."""
    wrist = {side: hidden_by("wholebody", f"{side}_wrist") for side in ("left", "right")}
    in_place, of_hand, apart = [], [], []
    for side in ("left", "right"):
        rows = hidden[:, hidden_by("wholebody", f"{side}_hand")].all(1)
        if not rows.any():
            continue
        selection = skin(asked.body, f"{side}_hand")
        answers, there = given[rows], true[rows]
        places, wanted = (points(asked.body, "wholebody", some, selection) for some in (answers, there))
        in_place.append(point_error(places, wanted[:, None]))
        apart.append(pair_distance(places) / 10 if places.shape[1] > 1 else np.zeros(len(places)))
        held = torch.where(wrist[side], there[:, None], answers)
        of_hand.append(point_error(points(asked.body, "wholebody", held, selection), wanted[:, None]))
    errors = over_hypotheses(np.concatenate(in_place))
    return (*errors, float(np.concatenate(apart).mean())), (over_hypotheses(np.concatenate(of_hand)).least,)
