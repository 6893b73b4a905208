"""The results page: what was asked, what was expected, every table, the pictures and what the figures mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from scripts.evaluation.asked import Asked, Report
from scripts.evaluation.observed import face_zero, hand_zero
from scripts.evaluation.remarks import opening, pictures, remarks
from scripts.evaluation.tables import claims_table


def page(asked: Asked, reports: Sequence[tuple[Report, float]]) -> str:
    """The page of some reports and how many seconds each took."""
    claims = [claim for report, _ in reports for claim in report.claims]
    parts = ["# DPoser-X on open data: results", opening, _made(asked, reports)]
    if claims:
        parts += ["## Expected and measured", claims_table(claims)]
    for report, _ in reports:
        parts += [f"## {report.title}", report.about]
        parts += [_picture(*one) for one in pictures.get(report.title, ())]
        parts += [table.markdown() for table in report.tables]
        if report.title in remarks:
            parts += ["**What it means.** " + remarks[report.title]]
    return "\n\n".join(parts) + "\n"


def _made(asked: Asked, reports: Iterable[tuple[Report, float]]) -> str:
    """How the figures came about."""
    prior = asked.contestants.prior("body")
    notes = "; ".join(f"{name} {text}" for name, text in sorted(prior.about.notes.items()) if len(text) < 60)
    seconds = sum(time for _, time in reports)
    baselines = "GMM and VAE trained on the same poses" if asked.contestants.baselines else "no baselines"
    lines = [
        "## How it was measured",
        "`python scripts/evaluate_dposer.py --task all --poses ../shared/eval/poses POSES --baselines BASELINES"
        f" --samples {asked.samples} --out docs/results-dposer.md`, {seconds / 60:.0f} minutes on one thread, seed"
        f" {asked.seed}. {asked.samples} poses of each set (all frames of motion pieces), the mean over them.",
        f"Priors: {prior.about.name}, whole bodies “{asked.contestants.model}”{'; body: ' + notes if notes else ''}."
        f" Compared: {baselines}; L2, the distance from the mean pose; none. The baselines' strengths are tuned on"
        " open held-out poses (scripts/evaluation/strengths.py), the prior keeps the published"
        " weights but in rows marked “tuned”.",
        f"{hand_zero} {face_zero}",
        "Arrows say which way is better; the best measured figure is bold; rows in italics are the paper's, of other"
        " poses on another body: only their order compares.",
    ]
    return "\n\n".join(lines)


def _picture(name: str, caption: str) -> str:
    path = Path(name)
    return f"![{caption}]({path.name})\n\n*{caption}*"
