"""What a report says, as data: every form of it is made from this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.figures.parts import Figure
from data.filters import CallFilter

#: A text, a figure in the unit of its column, or None where it is not known.
Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """unit: "text", a unit of data/kpis.py, or "day" and "hour" (an instant in UTC microseconds, shown in the zone)."""

    label: str
    unit: str = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, one a column; `name` is unlike that of any other table of a report.

    shaded: its figures are all of one kind, and the higher one is, the darker is its cell.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    shaded: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart for a screen, in words, and for a spreadsheet: columns of a table by its first one, as bars or lines."""

    name: str
    title: str
    figure: Figure
    words: str
    table: str
    columns: Sequence[str]
    kind: str = "line"


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure of data/kpis.py beside that of the fair previous period; coverage in percent where it is not of all."""

    name: str
    label: str
    unit: str
    better: str
    definition: str
    value: float | int | None
    previous: float | int | None
    coverage: float | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report; `lead` are sentences above its charts and tables."""

    name: str
    title: str
    lead: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A period's figures. filters: the choices it is narrowed to, in words; changes: what changed notably, in words.

    made_at: UTC microseconds. `so_far`: the period is not over.
    """

    title: str
    period: str
    previous: str
    zone: str
    filter: CallFilter
    filters: Sequence[str]
    made_at: int
    so_far: bool
    currency: str | None
    key_figures: Sequence[KeyFigure]
    headline: Sequence[str]
    changes: Sequence[str]
    sections: Sequence[Section] = field(default_factory=tuple)

    @property
    def headline_figures(self) -> list[KeyFigure]:
        """Those that stand on top."""
        found = {each.name: each for each in self.key_figures}
        return [found[name] for name in self.headline]

    @property
    def compared(self) -> bool:
        """Whether the previous period has any call."""
        return any(each.name == "total_calls" and each.previous for each in self.key_figures)

    @property
    def tables(self) -> list[Table]:
        """All tables, in order."""
        return [table for section in self.sections for table in section.tables]

    @property
    def charts(self) -> list[Chart]:
        """All charts, in order."""
        return [chart for section in self.sections for chart in section.charts]

    def table(self, name: str) -> Table:
        """A table by its name."""
        return next(table for table in self.tables if table.name == name)


def rows_of(frame: Any, names: Sequence[str]) -> list[tuple[Cell, ...]]:
    """The columns of a frame as rows of plain values, unknown ones as None."""
    plain = frame[list(names)].astype(object)
    return [tuple(row) for row in plain.where(plain.notna(), None).itertuples(index=False)]
