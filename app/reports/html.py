"""A report as one HTML file: interactive charts, light and dark, and nothing loaded from anywhere."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from app import format as text
from app.reports import cells
from app.reports.content import Chart, Report, Table
from app.theme import TEMPLATE, css
from data.times import to_datetime

ASSETS = Path(__file__).resolve().parents[2] / "assets"
TEMPLATES = Path(__file__).with_name("templates")
#: More rows of a table are told of, not shown: a spreadsheet holds all of them.
MOST_ROWS = 40
_ROW_HEIGHT, _CHART_HEIGHT = 26, 260


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates of reports; what is filled in is escaped."""
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.globals |= {
        "shown": cells.shown, "units_of": cells.row_units, "shade": cells.shade, "moved": cells.moved,
        "words": cells.WORDS, "most_rows": MOST_ROWS, "count": text.count, "unbroken": text.unbroken,
    }  # fmt: skip
    return made


def html(report: Report, *, offered: bool = True) -> str:
    """The file's text. offered: with the button for the other theme, which paper has not."""
    charts = [_drawn(chart) for chart in report.charts]
    return (
        environment()
        .get_template("report.html")
        .render(
            report=report,
            made=_made(report),
            styles=Markup(css() + _file(TEMPLATES / "report.css")),  # noqa: S704 - files of ours
            scripts=[Markup(_file(path)) for path in _scripts()],  # noqa: S704 - files of ours
            template=_json(TEMPLATE),
            figures=_json({chart["name"]: chart["figure"] for chart in charts}),
            heights={chart["name"]: chart["height"] for chart in charts},
            listed=listed,
            offered=offered,
        )
    )


def listed(table: Table) -> list[Any]:
    """The rows that are shown."""
    # Of what goes on in time the end is no less than the beginning.
    return list(table.rows if table.columns[0].unit in cells.WORDS - {"text"} else table.rows[:MOST_ROWS])


def _scripts() -> list[Path]:
    ours = ASSETS / "voicehive"
    return [ASSETS / "vendor" / "plotly-basic.min.js", ours / "charts.js", TEMPLATES / "report.js"]


def _drawn(chart: Chart) -> dict[str, Any]:
    layout = dict(chart.figure.get("layout", {}))
    rows = layout.pop("meta", {}).get("rows")
    height = _ROW_HEIGHT * rows + 56 if rows else _CHART_HEIGHT
    return {"name": chart.name, "figure": {**chart.figure, "layout": layout}, "height": height}


def _made(report: Report) -> str:
    moment = to_datetime(report.made_at, report.zone)
    return f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M} {report.zone}"


def _json(value: Any) -> Markup:
    written = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()
    # Within a script element only this could end it.
    return Markup(written.replace("<", "\\u003c"))  # noqa: S704 - JSON


@lru_cache(maxsize=8)
def _file(path: Path) -> str:
    return path.read_text(encoding="utf-8")
