"""Tables T1, S-8, S-11 and T6: poses out of noise, how various they are and how like those of people."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from engine.networks.dposer import Part, model_names
from engine.pose_metrics import Moments, frechet, pair_distance, prdc, to_nearest, to_nearest_turns
from engine.skeleton import hand21, smplx55
from engine.tasks.generation import generate
from scripts.evaluation import paper
from scripts.evaluation.asked import Asked, Report, joints, points
from scripts.evaluation.contestants import autoencoder, mixture, ours
from scripts.evaluation.observed import Observed, chosen
from scripts.evaluation.tables import Column, Figures, Row, Table

reference_size = 5000  # poses of the training set that stand for all
per_sample = 10  # poses generated for each sample asked for
pairs_of = 300  # poses whose pairs are compared
columns = {
    "APD": Column("APD, cm", "{:.2f}", 0), "FID": Column("FID", "{:.3f}"), "P": Column("precision", "{:.2f}", 1),
    "R": Column("recall", "{:.2f}", 1), "dNN": Column("dNN", "{:.2f}"),
}  # fmt: skip
real = "real poses, held out"
_about = (
    "Against a reference of up to 5,000 poses of the open training set, drawn by weight: the Fréchet distance of raw"
    " vectors, precision and recall with three neighbours, and the distance to the nearest reference pose (rad over"
    " joints; of faces and whole bodies Euclid's over the vector, not compared with the paper's). APD is the mean"
    " distance of joints between samples. “real” rows say what poses of other people than the reference's reach: a"
    " sample cannot be expected to come nearer. Against captured poses the figures say how much of what people do the"
    " open clips lack. Few samples make FID larger than the paper's 50,000 do, alike for all rows."
)


def report(asked: Asked) -> Report:
    """A table for each part that there are poses of."""
    tables = []
    for part in ("body", "hand", "face", "wholebody"):
        sets = chosen(asked.sets, part)
        held_out = [one for one in sets if one.name.startswith("held-out")]
        if not sets:
            continue
        samples = _samples(asked, part)
        reference = _reference(asked, part, sets)
        rows = [Row(name, _figures(asked, part, poses, reference)) for name, poses in samples.items()]
        rows += [
            Row(real if one in held_out else one.name, _figures(asked, part, one.poses[: len(reference)], reference))
            for one in sets
        ]
        note = f"{len(next(iter(samples.values())))} samples, reference of {len(reference)} open poses"
        title = f"generation of {part}"
        tables.append(Table(title, tuple(columns.values()), tuple(rows), note, paper.generation[part]))
        if captured := [one for one in sets if one not in held_out]:
            tables.append(_to_captured(asked, part, samples, captured[0]))
    return Report("Generation (tables T1, S-8, S-11, T6)", _about, tuple(tables))


def _reference(asked: Asked, part: Part, sets: list[Observed]) -> np.ndarray:
    """Poses of the training set; where there is none, the first set's other than what is compared."""
    if (training := asked.training(part)) is None:
        return sets[-1].poses[-reference_size:]
    rows = np.arange(len(training)) if training.available is None else np.flatnonzero(training.available.all(1))
    chances = training.weight[rows] / training.weight[rows].sum()
    count = min(reference_size, int((chances > 0).sum()))
    return training.poses[np.random.default_rng(asked.seed).choice(rows, count, replace=False, p=chances)]


def _samples(asked: Asked, part: Part) -> dict[str, np.ndarray]:
    """Generated poses of every contestant."""
    contestants, count = asked.contestants, per_sample * asked.samples
    found: dict[str, np.ndarray] = {}
    makers: dict[str, Callable[[], Any]] = {}
    if (gmm := contestants.gmm(part)) is not None:
        makers[mixture] = partial(gmm.drawn, count, torch.Generator().manual_seed(asked.seed))
    if (vae := contestants.vae(part)) is not None:
        makers[autoencoder] = partial(_of_vae, vae, count, asked.seed, contestants.prior(part).dims)
    if part == "wholebody":
        for model in model_names:
            prior = contestants.prior(part, model)
            makers[f"{ours}, {model}"] = partial(generate, prior, count, "ddim", 50, asked.seed)
    else:
        prior = contestants.prior(part)
        if part == "body":  # a thousand steps are minutes: the other parts get fifty steady ones
            makers[f"{ours}, 1000 EM steps"] = partial(generate, prior, count, "em", 1000, asked.seed)
        for steps in (10, 50):
            makers[f"{ours}, {steps} DDIM steps"] = partial(generate, prior, count, "ddim", steps, asked.seed)
    for name, make in makers.items():
        asked.say(f"generation of {part}: {name}")
        found[name] = np.asarray(make(), dtype=np.float32)
    return found


@torch.no_grad()
def _of_vae(vae: Any, count: int, seed: int, dims: int) -> np.ndarray:
    width = vae.encode(torch.zeros(1, dims))[0].shape[1]
    return vae.decode(torch.randn(count, width, generator=torch.Generator().manual_seed(seed))).numpy()


def _figures(asked: Asked, part: Part, poses: np.ndarray, reference: np.ndarray) -> tuple[Figures | None, ...]:
    apart = _apart(asked, part, poses[:pairs_of])
    # Expressions beyond the ten of this body never move: they are nothing that a sample could be right or wrong in.
    moving = reference.std(0) > (1e-6 if part in ("face", "wholebody") else -1)
    poses, reference = poses[:, moving], reference[:, moving]
    alike = prdc(reference, poses)
    near = to_nearest_turns if part in ("body", "hand") else to_nearest
    distance = frechet(Moments.of(poses), Moments.of(reference))
    return (
        None if apart is None else (apart,), (distance,), (alike.precision,), (alike.recall,),
        (float(near(poses, reference).mean()),),
    )  # fmt: skip


def _apart(asked: Asked, part: Part, poses: np.ndarray) -> float | None:
    """The mean distance (cm) of joints between samples: of the body's 22, or of a hand's 21 points."""
    if part == "hand":
        places = points(asked.body, part, poses, asked.body.selection(hand21, side="right"))
    elif part in ("body", "wholebody"):
        places = joints(asked.body, part, poses, smplx55.joints[:22])
    else:
        return None
    return float(pair_distance(places)) / 10


def _to_captured(asked: Asked, part: Part, samples: dict[str, np.ndarray], captured: Observed) -> Table:
    """The same samples against captured poses."""
    rows = [Row(name, _figures(asked, part, poses, captured.poses)) for name, poses in samples.items()]
    halves = captured.poses[::2], captured.poses[1::2]
    rows.append(Row("half of the captured against the other", _figures(asked, part, *halves)))
    return Table(f"the same against {captured.name}", tuple(columns.values()), tuple(rows))
