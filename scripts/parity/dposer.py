"""DPoser-X against its fixtures: the networks, the process, completion, normalisers; for plain and signed weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.networks.dposer import dims
from engine.samplers import reverse_step
from scripts.parity import Comparison, Fixtures, Metric, relative
from scripts.parity.dposer_run import Run, networks

files = ("dposer", "dposer_extra", "dposer_signed")
# The README's: relative to the largest value of a row, by whether weights are signed.
tolerances = {False: 1e-5, True: 5e-5}
em_steps = 1000


def by_rows(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference of a row, as a share of the row's largest expected value; the worst row's."""
    return float((np.abs(ours - theirs).max(-1) / np.abs(theirs).max(-1)).max())


def by_values(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference of a value, as a share of the value expected."""
    return float((np.abs(ours - theirs) / np.abs(theirs)).max())


class Subject:
    """What is checked, once for each file of fixtures; the two of plain weights share their networks."""

    def __init__(self, folder: Path) -> None:
        self.runs = {name: Run(Fixtures(folder, name).facts) for name in files}
        plain, extra = self.runs["dposer"], self.runs["dposer_extra"]
        if plain.formula == extra.formula:
            extra.prior = plain.prior


# ── the checks ──


def _networks(file: str, tolerance: float) -> Iterator[Comparison[Subject]]:
    def compare(what: str, name: str, *way: str) -> Comparison[Subject]:
        def theirs(subject: Subject) -> Any:
            found = subject.runs[file].facts["nets"][what]
            return found["out"] if way else found

        def ours(subject: Subject) -> Tensor:
            run = subject.runs[file]
            return run.output(name, run.facts["nets"][what]["mask"] if way else None)

        return Comparison(f"{file}: {what}", tolerance, ours, theirs, by_rows)

    for name in networks:
        yield compare(name, name)
    yield compare("wholebody_mixed_masked", "wholebody_mixed", "masked")


Ours = Callable[[Run], Any]
# What is said of the body: how to compute it, how to compare it; the tolerance of the set unless one is given.
process: dict[str, tuple[Ours, Metric, float | None]] = {
    "alpha": (lambda r: r.sde.alpha(r.t), by_values, 1e-5),
    "sigma": (lambda r: r.sde.sigma(r.t), by_values, 1e-5),
    "g": (lambda r: r.sde.g(r.t), by_values, 1e-5),
    "x_t": (lambda r: r.noisy, by_rows, None),
    "score": (lambda r: r.diffusion.score(r.noisy, r.t), by_rows, None),
    "x0_hat": (lambda r: r.diffusion.denoised(r.noisy, r.t), by_rows, None),
    "x0_hat_official_function": (lambda r: r.diffusion.denoised(r.noisy, r.t), by_rows, None),
    "train_loss_per_sample": (
        lambda r: r.diffusion.loss(r.x(dims["body"]), r.t, r.z).mean(1), by_values, 1e-4,
    ),
    "em_x_mean": (lambda r: reverse_step(r.diffusion, r.noisy, r.t, em_steps)[0], by_rows, None),
    "ddim_0.5_to_0.4": (lambda r: r.ddim([0.5, 0.4]), by_rows, None),
    "ddim_step": (lambda r: r.ddim(r.facts["body_extra"]["ddim_times"]), by_rows, None),
    "ten_step_denoise_t0.3": (lambda r: r.ddim(torch.linspace(0.3, 0.001, 11)), by_rows, None),
    "reg_completion": (lambda r: r.rows("root", "mean").mean(), relative, 1e-4),
    "reg_hmr": (lambda r: r.rows("square", "sum").mean(), relative, 1e-4),
    "reg_unweighted_mean": (lambda r: r.rows("half", "mean").mean(), relative, 1e-4),
    "reg_completion_rows": (lambda r: r.rows("root", "mean"), by_values, 1e-4),
    "reg_hmr_rows": (lambda r: r.rows("square", "sum"), by_values, 1e-4),
}  # fmt: skip
said_of_the_body = {
    "dposer": [
        "alpha", "sigma", "g", "x_t", "score", "x0_hat", "train_loss_per_sample", "em_x_mean", "ddim_0.5_to_0.4",
        "reg_completion", "reg_hmr", "reg_unweighted_mean",
    ],
    "dposer_extra": [
        "alpha", "sigma", "g", "x_t", "score", "x0_hat", "x0_hat_official_function", "train_loss_per_sample",
        "em_x_mean", "ddim_step", "ten_step_denoise_t0.3", "reg_completion_rows", "reg_hmr_rows",
    ],
}  # fmt: skip
said_of_the_body["dposer_signed"] = said_of_the_body["dposer_extra"]


def _process(file: str, tolerance: float) -> Iterator[Comparison[Subject]]:
    def compare(what: str, ours: Ours, metric: Metric, own: float | None) -> Comparison[Subject]:
        return Comparison(
            f"{file}: {what}", own or tolerance, lambda s: ours(s.runs[file]),
            lambda s: s.runs[file].facts["body_extra"][what], metric,
        )  # fmt: skip

    for what in said_of_the_body[file]:
        yield compare(what, *process[what])


def _completion(file: str) -> Iterator[Comparison[Subject]]:
    def theirs(*keys: str) -> Callable[[Subject], Any]:
        def of(subject: Subject) -> Any:
            found = subject.runs[file].facts["completion"]
            for key in keys:
                found = found[key]
            return found

        return of

    yield Comparison(
        f"{file}: completion, seeded", 1e-5, lambda s: s.runs[file].seeded_completion, theirs("seeded_out_hidden")
    )
    yield Comparison(
        f"{file}: completion, noise by formula", 1e-5, lambda s: s.runs[file].formula_completion[0],
        theirs("formula_noise", "out_hidden"),
    )  # fmt: skip
    yield Comparison(
        f"{file}: completion, draws of noise", 0, lambda s: s.runs[file].formula_completion[1],
        theirs("formula_noise", "calls"),
    )  # fmt: skip


def _normalisers(file: str) -> Iterator[Comparison[Subject]]:
    body, whole = dims["body"], dims["wholebody"]
    each: dict[str, Ours] = {
        "body_zscore": lambda r: r.normaliser()(r.x(body)),
        "body_minmax": lambda r: r.normaliser(ranged=True)(r.x(body)),
        "body_minmax_denorm": lambda r: r.normaliser(ranged=True).raw(r.x(body)),
        "wholebody_zscore": lambda r: r.whole(r.x(whole)),
        "wholebody_denorm": lambda r: r.whole.raw(r.x(whole)),
    }

    def compare(what: str, ours: Ours) -> Comparison[Subject]:
        return Comparison(
            f"{file}: {what}", 1e-6, lambda s: ours(s.runs[file]), lambda s: s.runs[file].facts["normaliser"][what]
        )

    for what, ours in each.items():
        yield compare(what, ours)


def _metrics() -> Iterator[Comparison[Subject]]:
    """The metrics' values are of pose sets that come with the authors' code alone."""
    for what in ("metrics, FID", "metrics, precision … coverage"):
        yield Comparison(
            f"dposer: {what}", 0, lambda _: 0, lambda _: 0,
            obstacle=lambda _: "they need the authors' reference batches and statistics",
        )  # fmt: skip


comparisons: tuple[Comparison[Subject], ...] = (
    *_networks("dposer", tolerances[False]),
    *_process("dposer", tolerances[False]),
    *_process("dposer_extra", tolerances[False]),
    *_completion("dposer_extra"),
    *_normalisers("dposer_extra"),
    *_networks("dposer_signed", tolerances[True]),
    *_process("dposer_signed", tolerances[True]),
    *_completion("dposer_signed"),
    *_metrics(),
)
