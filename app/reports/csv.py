"""A report as CSV: one figure a line, so that every table fits and every program can read it."""

from __future__ import annotations

import csv as writing
import io
from collections.abc import Iterator

from app.reports.cells import WORDS, row_units
from app.reports.content import Cell, Report, Table
from data.export.csv import harmless
from data.times import to_datetime

HEAD = ("table", "row", "figure", "value", "unit")


def csv(report: Report) -> str:
    """Lines end as RFC 4180 says; the first names the columns. Numbers have all their digits."""
    made = io.StringIO()
    out = writing.writer(made)
    out.writerow(HEAD)
    about = {"title": report.title, "period": report.period, "previous": report.previous, "zone": report.zone}
    for name, text in about.items():
        out.writerow(("Report", "", name, harmless(text), ""))
    for text in report.filters:
        out.writerow(("Report", "", "filter", harmless(text), ""))
    for text in report.changes:
        out.writerow(("Report", "", "change", harmless(text), ""))
    for table in report.tables:
        out.writerows(_lines(table, report))
    return made.getvalue()


def _lines(table: Table, report: Report) -> Iterator[tuple[str, ...]]:
    heads = list(table.columns)
    # The texts before the first figure name the row.
    named = next((i for i, head in enumerate(heads) if head.unit not in WORDS), len(heads))
    for row in table.rows:
        units = row_units(row, heads)
        name = " / ".join(_text(cell, units[i], report) for i, cell in enumerate(row[:named]))
        for i in range(named, len(heads)):
            if heads[i].unit != "text":
                unit = (report.currency or "") if units[i] == "money" else "" if units[i] in WORDS else units[i]
                yield table.name, harmless(name), heads[i].label, _value(row[i], units[i], report), unit


def _value(cell: Cell, unit: str, report: Report) -> str:
    """What comes from outside is texts; a number may begin with its sign."""
    return harmless(cell) if isinstance(cell, str) else _text(cell, unit, report)


def _text(cell: Cell, unit: str, report: Report) -> str:
    if cell is None:
        return ""
    if unit in ("day", "hour"):
        return to_datetime(int(cell), report.zone).isoformat()
    return str(cell)
