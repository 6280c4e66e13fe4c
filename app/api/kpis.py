"""Figures about calls: in all, by agent, over time."""

from __future__ import annotations

from typing import Any

import pandas as pd
from flask import Blueprint, Response, request

from app.api.describe import (
    FILTERS,
    INSTANT,
    INTEGER,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    TEXT,
    Parameter,
    choice,
    endpoint,
    json_answer,
    listing,
    obj,
    whole_number,
)
from app.services import services
from data.filters import DIMENSIONS
from data.kpis import COVERAGE, KPIS
from data.queries.agents import FIGURES, agents
from data.queries.kpis import kpi_report
from data.queries.series import figure_series
from data.times import DAY, HOUR, MINUTE, now_micros, to_iso

blueprint = Blueprint("kpis", __name__)

_BUCKETS: dict[str, str | int] = {
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "hour": HOUR,
    "day": DAY,
    "week": "week",
    "month": "month",
}
_METRICS = {"calls": "total_calls"} | {name: name for name in KPIS}
_FIGURES = {name: MAYBE_NUMBER | {"description": f"{kpi.definition} ({kpi.unit})"} for name, kpi in KPIS.items()}


@endpoint(
    blueprint,
    "GET",
    "/api/kpis",
    "All key figures of a filter, and of the fair previous period",
    parameters=[
        *FILTERS,
        Parameter("sl_seconds", "Service level: answered within so many seconds.", INTEGER | {"default": 20}),
        Parameter(
            "sl_abandoned",
            "Whether abandoned calls count in the service level.",
            TEXT | {"enum": ["count", "exclude"], "default": "count"},
        ),
    ],
    answer=obj(
        **_FIGURES,
        active_calls=INTEGER,
        coverage=obj(**dict.fromkeys(COVERAGE, MAYBE_NUMBER)),
        previous={"type": ["object", "null"], "properties": _FIGURES},
        **{"from": INSTANT, "to": INSTANT},
    ),
    errors=(400, 503),
)
def kpis() -> Response:
    parts = services()
    chosen = parts.parse(request.args).filter
    report = kpi_report(
        parts.copy,
        chosen,
        now=now_micros(),
        sl_seconds=whole_number("sl_seconds", 20, 0, 86_400),
        sl_abandoned=choice("sl_abandoned", "count", ("count", "exclude")) or "count",
    )
    earlier = chosen.previous()
    previous = {**report.previous, "from": to_iso(earlier.start), "to": to_iso(earlier.end)} if earlier else None
    span = {"from": to_iso(chosen.start), "to": to_iso(chosen.end)}
    return json_answer({**report.current, **span, "coverage": report.coverage, "previous": previous})


@endpoint(
    blueprint,
    "GET",
    "/api/agents",
    "Agents side by side, most calls first",
    parameters=FILTERS,
    answer=listing(obj(agent=TEXT, calls=INTEGER, **dict.fromkeys(FIGURES, MAYBE_NUMBER))),
    errors=(400, 503),
)
def list_agents() -> Response:
    parts = services()
    return json_answer(_rows(agents(parts.copy, parts.parse(request.args).filter), texts=("agent",)))


@endpoint(
    blueprint,
    "GET",
    "/api/series",
    "One figure over time, oldest first, gaps filled",
    parameters=[
        *FILTERS,
        Parameter("metric", "The figure.", TEXT | {"enum": list(_METRICS), "default": "calls"}),
        Parameter("bucket", "Width of a bucket, in the zone.", TEXT | {"enum": list(_BUCKETS), "default": "hour"}),
        Parameter("by", "One series for each value of this column.", TEXT | {"enum": list(DIMENSIONS)}),
    ],
    answer=listing(
        {
            "type": "object",
            "properties": {"bucket_start": INSTANT, "value": MAYBE_NUMBER} | dict.fromkeys(DIMENSIONS, MAYBE_TEXT),
            "required": ["bucket_start", "value"],
        }
    ),
    errors=(400, 503),
)
def series() -> Response:
    parts = services()
    metric = _METRICS[choice("metric", "calls", tuple(_METRICS)) or "calls"]
    bucket = _BUCKETS[choice("bucket", "hour", tuple(_BUCKETS)) or "hour"]
    by = choice("by", None, DIMENSIONS)
    frame = figure_series(parts.copy, parts.parse(request.args).filter, metric, bucket, by=by)
    frame.insert(0, "start", [to_iso(t) for t in frame.pop("bucket_start").tolist()])
    return json_answer(_rows(frame.rename(columns={"start": "bucket_start"}), texts=("bucket_start", by or "")))


def _rows(frame: Any, texts: tuple[str, ...]) -> list[dict[str, Any]]:
    """A frame as plain dicts, unknown as null."""
    columns = {name: frame[name].tolist() for name in frame.columns}
    plained = {
        n: values if n in texts else [None if pd.isna(v) else v for v in values] for n, values in columns.items()
    }
    return [dict(zip(plained, row, strict=True)) for row in zip(*plained.values(), strict=True)]
