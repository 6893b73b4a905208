"""Tables of figures for the results page: what was measured, the paper's rows beside, and what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Figures = tuple[float, ...]


@dataclass(frozen=True)
class Column:
    """A column: its title, how a cell's figures are written, and whether less (-1) or more (1) is better, or none."""

    title: str
    form: str = "{:.1f}"
    better: int = -1


@dataclass(frozen=True)
class Row:
    """One contestant: a cell per column, some figures each, or None where it has none. The first figure counts."""

    name: str
    cells: tuple[Figures | None, ...]


@dataclass(frozen=True)
class Table:
    """Rows measured, and rows only to compare with: the paper's (other data, another body), or the most there is."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    paper: tuple[Row, ...] = ()

    def __post_init__(self) -> None:
        for row in (*self.rows, *self.paper):
            if len(row.cells) != len(self.columns):
                count, got = len(self.columns), len(row.cells)
                raise ValueError(f"{self.title}: expected {count} cells for {row.name}, got {got}")

    def cell(self, row: str, column: str) -> float:
        """The first figure of a measured row; ValueError when it is not in the table."""
        names, titles = [r.name for r in self.rows], [c.title for c in self.columns]
        if row not in names or column not in titles:
            raise ValueError(f"expected a row of {names} and a column of {titles}, got {row!r} and {column!r}")
        cell = self.rows[names.index(row)].cells[titles.index(column)]
        if cell is None:
            raise ValueError(f"{self.title}: expected a figure for {row}, {column}, got none")
        return cell[0]

    def markdown(self) -> str:
        """The table, the best measured figure of each column in bold, the paper's rows below in italics."""
        lines = [f"#### {self.title}", ""] + ([self.note, ""] if self.note else [])
        titles = [column.title + {-1: " ↓", 0: "", 1: " ↑"}[column.better] for column in self.columns]
        lines += [_line(["", *titles]), _line(["---", *("---:" for _ in titles)])]
        best = [self._best(n) for n in range(len(self.columns))]
        for row in self.rows:
            lines.append(_line([row.name, *self._written(row, best)]))
        for row in self.paper:
            lines.append(_line([f"*{row.name}*", *(f"*{cell}*" if cell else "" for cell in self._written(row, None))]))
        return "\n".join(lines)

    def _best(self, n: int) -> float | None:
        column = self.columns[n]
        found = [cell[0] for row in self.rows if (cell := row.cells[n]) is not None]
        if not column.better or len(found) < 2:
            return None
        return max(found) if column.better > 0 else min(found)

    def _written(self, row: Row, best: Sequence[float | None] | None) -> Iterable[str]:
        for n, (column, cell) in enumerate(zip(self.columns, row.cells, strict=True)):
            if cell is None:
                yield ""
                continue
            text = column.form.format(*cell)
            yield f"**{text}**" if best is not None and cell[0] == best[n] else text


@dataclass(frozen=True)
class Claim:
    """Something that was expected: a figure against a limit, at most that or, with `at_least`, no less.

    With a standard error, a figure nearer to the limit than two of these says neither that it holds nor that it does
    not.
    """

    what: str
    value: float
    limit: float
    at_least: bool = False
    unit: str = ""
    error: float = 0.0

    @property
    def open(self) -> bool:
        return abs(self.value - self.limit) < 2 * self.error

    @property
    def kept(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def verdict(self) -> str:
        return "within chance" if self.open else "holds" if self.kept else "**does not hold**"

    @property
    def wanted(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:.4g}{self.unit}"

    @property
    def measured(self) -> str:
        return f"{self.value:.3f} ± {self.error:.3f}{self.unit}" if self.error else f"{self.value:.4g}{self.unit}"


def below(what: str, ours: float, other: float, percent: float) -> Claim:
    """The claim that a figure lies so many percent below another one."""
    return Claim(what, 100 * (1 - ours / other), percent, True, " %")


def claims_table(claims: Iterable[Claim]) -> str:
    """What was expected, what was measured, and whether it holds."""
    lines = [_line(["expected", "wanted", "measured", ""]), _line(["---", "---:", "---:", "---"])]
    lines += [_line([claim.what, claim.wanted, claim.measured, claim.verdict]) for claim in claims]
    return "\n".join(lines)


def claims_grid(claims: Mapping[str, Sequence[Claim]]) -> str:
    """What was expected on each of several sets, by the sets' names: a column for each, and a row for each claim."""
    lines = [_line(["expected", *claims]), _line(["---", *("---" for _ in claims)])]
    for what in dict.fromkeys(claim.what for column in claims.values() for claim in column):
        found = [next((claim for claim in column if claim.what == what), None) for column in claims.values()]
        told = ["" if one is None else f"{one.measured} ({one.wanted}): {one.verdict}" for one in found]
        lines.append(_line([what, *told]))
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
