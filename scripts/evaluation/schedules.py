"""Table T9: which times the optimisation looks at, by fitting and by denoising."""

from __future__ import annotations

from engine.schedules import ScheduleKind
from scripts.evaluation import denoising, fitting, paper
from scripts.evaluation.asked import Asked, Report
from scripts.evaluation.observed import Observed
from scripts.evaluation.tables import Claim, Column, Row, Table

kinds: tuple[ScheduleKind, ...] = ("random", "fixed", "uniform", "truncated")
columns = (Column("fitting, PA-MPJPE"), Column("denoising at 40 mm: MPVPE, MPJPE", "{:.1f}, {:.1f}"))
_about = (
    "The open prior on the four schedules: times by chance, one time (0.1), evenly from 1 to 0.001, and the paper's"
    " truncated range. Fitting from scratch as in table T2, denoising as in table T3, mm. The paper's fitting figures"
    " are PA-MPVPE of whole bodies on ARCTIC."
)


def report(asked: Asked) -> Report:
    """A table for captured and one for held-out poses, and the claim that truncated is best."""
    tables, claims = [], []
    sets = zip(asked.of("body"), asked.of("body", motion=True), strict=False)
    for still, moving in sets:
        table = _table(asked, still, moving)
        tables.append(table)
        for column in columns:
            others = min(table.cell(kind, column.title) for kind in kinds[:-1])
            what = f"truncated against the best other schedule, {column.title.partition(',')[0]}, {still.name}"
            claims.append(Claim(what, table.cell("truncated", column.title) / others, 1.0))
    return Report("Schedules (table T9)", _about, tuple(tables), tuple(claims))


def _table(asked: Asked, still: Observed, moving: Observed) -> Table:
    rows = []
    for kind in kinds:
        asked.say(f"schedule {kind}, {still.name}")
        rows.append(Row(kind, ((fitting.scheduled(asked, still, kind),), denoising.scheduled(asked, moving, kind))))
    name = still.name if still.name == moving.name else f"{still.name}, {moving.name}"
    return Table(name, columns, tuple(rows), paper=paper.schedules)
