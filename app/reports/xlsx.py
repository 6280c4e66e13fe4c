"""A report as an Excel workbook: a sheet a table, real numbers and dates, charts of Excel's own."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from app.reports import cells
from app.reports.content import Cell, Chart, Report, Table
from app.theme import LIGHT
from data.times import to_datetime

_MONEY = {"USD": "[$$-409]", "EUR": "[$€-x-euro2]", "GBP": "[$£-809]", "JPY": "[$¥-411]"}
_FORMATS = {
    "calls": "#,##0",
    "%": "0.0%",
    "s": '#,##0.0" s"',
    "ms": '#,##0" ms"',
    "of 5": "0.00",
    "day": "ddd d mmm yyyy",
    "hour": "d mmm yyyy hh:mm",
}
_COLOURS = {"Success": "success", "Error": "error", "Abandoned": "abandoned", "Missed": "missed",
            "Voicemail": "voicemail"}  # fmt: skip
_SERIES = ("seq-2", "abandoned", "series-b", "seq-3", "cat-6", "missed")
_LONGEST_TEXT, _MOST_ROWS, _MOST_BARS = 32_767, 100_000, 12


def xlsx(report: Report) -> bytes:
    """The file. A text is never taken for a formula or a link."""
    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(made, options) as book:
        book.set_properties({"title": f"{report.title}: {report.period}", "author": "VoiceHive"})
        sheets = _Sheets(book, report)
        sheets.cover()
        for table in report.tables:
            sheets.table(table, [chart for chart in report.charts if chart.table == table.name])
    return made.getvalue()


class _Sheets:
    """The sheets of one workbook."""

    def __init__(self, book: Any, report: Report) -> None:
        self._book, self._report = book, report
        self._bold = book.add_format({"bold": True})
        self._head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self._title = book.add_format({"bold": True, "font_size": 18})
        self._quiet = book.add_format({"font_color": LIGHT["muted"]})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sign = _MONEY.get(report.currency or "", "")
        suffix = f'" {report.currency}"' if report.currency and not sign else ""
        # A call costs fractions of a cent.
        written = {**_FORMATS, "money": f"[<1]{sign}0.00##{suffix};{sign}#,##0.00{suffix}"}
        self._formats = {unit: book.add_format({"num_format": text}) for unit, text in written.items()}

    def cover(self) -> None:
        """What the workbook is about, what changed, and the figures that stand on top."""
        report, sheet = self._report, self._book.add_worksheet("Report")
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 2, 18)
        sheet.write_string(0, 0, report.title, self._title)
        sheet.write_string(1, 0, report.period + (" (so far)" if report.so_far else ""), self._bold)
        sheet.write_string(2, 0, f"Compared with {report.previous}; days of {report.zone}", self._quiet)
        row = 3
        for text in report.filters:
            sheet.write_string(row, 0, text)
            row += 1
        row += 1
        for place, text in enumerate(("Figure", "Value", "Previous")):
            sheet.write_string(row, place, text, self._head)
        for figure in report.headline_figures:
            row += 1
            sheet.write_string(row, 0, figure.label)
            for place, value in ((1, figure.value), (2, figure.previous)):
                self._write(sheet, row, place, value, figure.unit)
        row += 2
        sheet.write_string(row, 0, "What changed", self._bold)
        for text in report.changes or ["Nothing notable." if report.compared else "There is nothing to compare with."]:
            row += 1
            sheet.write_string(row, 0, text)

    def table(self, table: Table, charts: Sequence[Chart]) -> None:
        """A sheet of the table, its charts beside it."""
        sheet = self._book.add_worksheet(table.name[:31])
        sheet.freeze_panes(1, 1)
        for place, column in enumerate(table.columns):
            sheet.write_string(0, place, column.label, self._head)
            sheet.set_column(place, place, _width(table, place))
        rows = table.rows[:_MOST_ROWS]
        for number, row in enumerate(rows, 1):
            for place, (value, unit) in enumerate(zip(row, cells.row_units(row, table.columns), strict=True)):
                self._write(sheet, number, place, value, unit)
        if rows and table.shaded:
            scale = {"type": "2_color_scale", "min_color": LIGHT["surface"], "max_color": LIGHT["heat"]}
            sheet.conditional_format(1, 1, len(rows), len(table.columns) - 1, scale)
        if rows:
            sheet.autofilter(0, 0, len(rows), len(table.columns) - 1)
        for place, chart in enumerate(charts):
            drawn = self._chart(chart, table, min(len(rows), _MOST_ROWS))
            if drawn is not None:
                sheet.insert_chart(1 + 17 * place, len(table.columns) + 1, drawn)

    def _write(self, sheet: Any, row: int, place: int, value: Cell, unit: str) -> None:
        if value is None:
            return
        if isinstance(value, str):
            # Never sheet.write(): it would take "=1+1" for a formula.
            sheet.write_string(row, place, value[:_LONGEST_TEXT], self._wrapped if len(value) > 60 else None)
        elif unit in ("day", "hour"):
            moment = to_datetime(int(value), self._report.zone).replace(tzinfo=None)
            sheet.write_datetime(row, place, moment, self._formats[unit])
        else:
            sheet.write_number(row, place, value / 100 if unit == "%" else value, self._formats.get(unit))

    def _chart(self, chart: Chart, table: Table, rows: int) -> Any:
        labels = [column.label for column in table.columns]
        places = [labels.index(name) for name in chart.columns if name in labels]
        if not rows or not places:
            return None
        over_time = table.columns[0].unit in ("day", "hour")
        shape = "line" if chart.kind == "line" else "column" if over_time else "bar"
        last = rows if over_time else min(rows, _MOST_BARS)
        options = {"type": shape} | ({"subtype": "stacked"} if shape == "column" and len(places) > 1 else {})
        drawn = self._book.add_chart(options)
        for number, place in enumerate(places):
            tint = LIGHT[_COLOURS.get(labels[place], _SERIES[number % len(_SERIES)])]
            drawn.add_series(
                {
                    "name": labels[place],
                    "categories": _cells(table.name, 0, last),
                    "values": _cells(table.name, place, last),
                    **_looks(shape, tint),
                }
            )
        unit = table.columns[places[0]].unit
        drawn.set_title({"name": chart.title, "name_font": {"size": 12}, "overlay": False})
        drawn.set_legend({"none": True} if len(places) == 1 else {"position": "top"})
        values = {
            "num_format": {"%": "0%"}.get(unit, "#,##0"),
            "major_gridlines": {"visible": True, "line": {"color": LIGHT["grid"]}},
        }
        names = {
            "date_axis": over_time and table.columns[0].unit == "day",
            "num_format": "d mmm" if table.columns[0].unit == "day" else "hh:mm",
        }
        drawn.set_x_axis(names if over_time else {"reverse": True})
        drawn.set_y_axis(values if over_time else values | {"crossing": "min"})
        drawn.set_size({"width": 640, "height": 320})
        return drawn


def _cells(sheet: str, place: int, last: int) -> str:
    name = xl_col_to_name(place)
    quoted = sheet[:31].replace("'", "''")
    return f"='{quoted}'!${name}$2:${name}${last + 1}"


def _looks(shape: str, tint: str) -> Mapping[str, Any]:
    if shape == "line":
        return {"line": {"color": tint, "width": 2}}
    return {"fill": {"color": tint}, "border": {"none": True}, "gap": 40}


def _width(table: Table, place: int) -> float:
    if table.columns[place].unit in ("day", "hour"):
        return 18
    texts = [row[place] for row in table.rows[:200] if isinstance(row[place], str)]
    longest = max((len(str(text)) for text in texts), default=0)
    return float(min(max(longest + 2, len(table.columns[place].label) + 4, 12), 60))
