"""Endpoints, queries, errors, traces, deployments, and the way to other tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from app.addresses import call_path
from app.components.plain import Children, Plain, h
from app.components.rows import bar_row, nothing
from app.components.table import Head, cell, named, table
from app.format import count, milliseconds
from app.pages.system.watched import PERCENTILES
from app.settings import Settings
from data.analysis.comparing import FEWEST
from data.times import to_datetime
from data.traces.store import Traced

NO_SAMPLES = "No samples in this range. They are taken every 15 s while the server runs, and kept for a day."
_ESTIMATE = "Estimated within the buckets of a histogram, as Prometheus does."
_MOST_ROWS = 12


def timed(frame: pd.DataFrame, what: str) -> Children:
    """Each endpoint or query with its percentiles; of few requests they say little."""
    if not len(frame):
        return nothing(NO_SAMPLES)
    heads = [Head(what), Head("Requests" if what == "Endpoint" else "Asked"),
             *(Head(p, _ESTIMATE) for p in PERCENTILES)]  # fmt: skip
    shown = frame.head(_MOST_ROWS)
    top = float(shown["p95"].max()) or 1.0
    rows = []
    for row in shown.to_dict("records"):
        few = int(row["n"]) < FEWEST
        figures = [
            cell(milliseconds(row[p]), few=few, bar=min(row[p] / top, 1.0) if p == "p95" and row[p] == row[p] else -1)
            for p in PERCENTILES
        ]
        rows.append([named(str(row["name"])), cell(count(row["n"])), *figures])
    made: list[Plain] = [table(heads, rows, caption=f"{what} by time")]
    if len(frame) > len(shown):
        made.append(h("P", f"{_MOST_ROWS} of {count(len(frame))}.", cls="vh-note"))
    return made


def errors(found: Mapping[str, float]) -> Children:
    """Errors by their code for programs."""
    if not found:
        return nothing(NO_SAMPLES)
    seen = sorted(((code, n) for code, n in found.items() if n), key=lambda pair: (-pair[1], pair[0]))
    if not seen:
        return nothing("No errors in this range.")
    rows = [
        bar_row(code.replace("_", " "), count(n), "", n / seen[0][1], tint="error") for code, n in seen[:_MOST_ROWS]
    ]
    return h("Ul", rows, cls="vh-rows")


def traces(found: Sequence[Traced], zone: str) -> Children:
    """The traces that came last, each a way to its call."""
    if not found:
        return nothing("No traces yet. Send spans of calls by OpenTelemetry to /v1/traces.")
    return h("Ul", [_trace(one, zone) for one in found], cls="vh-rows")


def _trace(one: Traced, zone: str) -> Plain:
    failed = f", {one.failed} failed" if one.failed else ""
    inner = [
        h("Span", f"{to_datetime(one.started_at, zone):%d %b, %H:%M:%S} {one.call_id}", cls="vh-row-name"),
        h("Span", f"{one.spans} spans{failed}", cls="vh-row-note"),
        h("Span", milliseconds(one.duration_ms), cls="vh-row-value"),
    ]
    return h("Li", h("A", inner, href=call_path(one.source, one.call_id), cls="vh-row", data_nav="1",
                     data_tip=f"trace {one.trace_id}"))  # fmt: skip


def deployed(found: Sequence[Mapping[str, Any]], zone: str) -> Children:
    """Versions that went live in the range."""
    if not found:
        return nothing("No deployment in this range. Release pipelines tell of them by POST /api/deployments.")
    rows = []
    for one in found[:_MOST_ROWS]:
        inner = [
            h("Span", f"{one['service']} {one['version']}", cls="vh-row-name"),
            h("Span", " · ".join(filter(None, (one["environment"], one["note"]))), cls="vh-row-note"),
            h("Span", f"{to_datetime(one['at'], zone):%d %b, %H:%M}", cls="vh-row-value"),
        ]
        rows.append(h("Li", h("Div", inner, cls="vh-row")))
    return h("Ul", rows, cls="vh-rows")


def links(settings: Settings) -> Children:
    """The tools that the settings name."""
    known = (
        ("Grafana", settings.grafana_url),
        ("Prometheus", settings.prometheus_url),
        ("Alertmanager", settings.alertmanager_url),
    )
    rows = [_tool(name, public(url.get_secret_value())) for name, url in known if url is not None]
    if settings.jaeger_host is not None:
        rows.append(_place("Jaeger", f"traces go to {settings.jaeger_host}:{settings.jaeger_port}"))
    rows.append(_place("Metrics of this server", f"http://{settings.exporter}/metrics"))
    hint = "GRAFANA_URL, PROMETHEUS_URL and JAEGER_HOST name more."
    return [h("Ul", rows, cls="vh-rows"), *([h("P", hint, cls="vh-note")] if len(rows) == 1 else [])]


def _tool(name: str, address: str) -> Plain:
    inner = [h("Span", name, cls="vh-row-name"), h("Span", address, cls="vh-row-note")]
    return h("Li", h("A", inner, href=address, cls="vh-row", target="_blank", rel="noopener noreferrer"))


def _place(name: str, where: str) -> Plain:
    inner = [h("Span", name, cls="vh-row-name"), h("Span", where, cls="vh-row-note")]
    return h("Li", h("Div", inner, cls="vh-row"))


def public(url: str) -> str:
    """The address without user, password and query: these may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
