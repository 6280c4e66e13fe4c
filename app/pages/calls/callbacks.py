"""What the table of calls asks for: the rows that come into sight."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dash
import dash_ag_grid  # noqa: F401 - what is imported is served
from flask import Response, request

from app.addresses import call_path
from app.api.describe import json_answer, whole_number
from app.api.errors import ApiError
from app.pages.calls.columns import BY_NAME, Column, needed, written
from app.services import services
from data.queries.rows import BY_TIME, DEPTH, SORTABLE, rows, slices

if TYPE_CHECKING:
    import pandas as pd

    from data.filters import CallFilter

_MOST_ROWS = 500
_MOST_CALLS = 10**9


def register(pages: dash.Dash) -> None:
    """Route the rows."""
    pages.server.add_url_rule("/_rows/calls", view_func=calls_rows)


def calls_rows() -> Response:
    """GET /_rows/calls?start=&limit=&sort=&columns=&pin=&<filter>: a stretch of the table, each cell as text.

    `pin` holds the range of a first answer fast, so that a table that is being read does not move on.
    """
    parts = services()
    chosen = _pinned(parts.parse(request.args).filter)
    columns, (sort, descending) = _columns(), _sort()
    counted = parts.current(("slices", chosen), lambda: slices(parts.copy, chosen))
    found = rows(
        parts.copy,
        chosen,
        counted,
        needed(columns),
        start=whole_number("start", 0, 0, _MOST_CALLS - 1),
        limit=whole_number("limit", 100, 1, _MOST_ROWS),
        sort=sort,
        descending=descending,
    )
    reachable = counted.total if sort == BY_TIME else min(counted.total, DEPTH)
    pin = f"{chosen.start}-{chosen.end}"
    return json_answer(
        {"rows": _cells(found, columns, chosen.zone), "total": counted.total, "reachable": reachable, "pin": pin}
    )


def _pinned(chosen: CallFilter) -> CallFilter:
    text = request.args.get("pin")
    if not text:
        return chosen
    start, _, end = text.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) < 18 for part in (start, end)):
        raise ApiError(400, "bad_parameter", "pin: take it from the answer before")
    return replace(chosen, start=int(start), end=int(end))


def _columns() -> list[Column]:
    names = request.args.get("columns", "started_at").split(",")
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise ApiError(400, "bad_parameter", f"columns: there is no column {unknown[0][:40]!r}")
    return [BY_NAME[name] for name in names]


def _sort() -> tuple[str, bool]:
    text = request.args.get("sort") or f"-{BY_TIME}"
    name = text.removeprefix("-")
    if name not in SORTABLE or name not in BY_NAME:
        raise ApiError(400, "bad_parameter", f"sort: there is no column {name[:40]!r}")
    return name, text.startswith("-")


def _cells(found: pd.DataFrame, columns: list[Column], zone: str) -> list[dict[str, str]]:
    plain = found.astype(object).where(found.notna(), None).to_dict("records")
    return [
        written(_named(row), columns, zone)
        | {"_status": row["status"], "_href": call_path(row["source"], row["call_id"])}
        for row in plain
    ]


def _named(row: Any) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}
