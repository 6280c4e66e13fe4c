"""A figure of a report as people read it."""

from __future__ import annotations

from app.figures import units
from app.format import Trend, trend, unbroken
from app.reports.content import Cell, KeyFigure, Report, Table
from data.times import to_datetime

#: Units that are no numbers.
WORDS = frozenset({"text", "day", "hour"})


def shown(value: Cell, unit: str, report: Report) -> str:
    """The cell in its unit; "–" where it is not known."""
    if unit == "text":
        return str(value) if value not in (None, "") else "–"
    if unit in ("day", "hour"):
        moment = to_datetime(int(value or 0), report.zone)
        return f"{moment:%a} {moment.day} {moment:%b %Y}" if unit == "day" else f"{moment:%H:%M}"
    assert not isinstance(value, str)
    return unbroken(units.text(value, unit, report.currency))


def row_units(row: object, columns: object) -> list[str]:
    """The unit of each cell: where that of a column is mixed, the row names it in its column "Unit"."""
    cells, heads = list(row), list(columns)  # type: ignore[call-overload]
    labels = [head.label for head in heads]
    own = str(cells[labels.index("Unit")]) if "Unit" in labels else ""
    # An amount names its currency.
    own = own if own in ("calls", "%", "s", "ms", "of 5") else "money"
    return [own if head.unit == "mixed" else head.unit for head in heads]


def shade(value: Cell, table: Table) -> float | None:
    """How dark the cell is, above 0 to 1, where the table is shaded."""
    if not table.shaded or not value or isinstance(value, str):
        return None
    return value / highest(table)


def highest(table: Table) -> float:
    """The highest of its figures, 0 where there is none."""
    return max((cell for row in table.rows for cell in row if isinstance(cell, int | float)), default=0)


def moved(figure: KeyFigure) -> Trend | None:
    """The figure against the previous period."""
    return trend(figure.value, figure.previous, figure.better, figure.unit)
