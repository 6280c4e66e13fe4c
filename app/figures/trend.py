"""One figure over time: bars of all calls, stacked bars, lines, or a small chart for each value of a dimension."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from app.figures import drill, units
from app.figures.axis import TimeAxis
from app.figures.palette import looks
from app.figures.parts import Figure, Trace, finished, header, line
from app.theme import colour
from data.callsets import behind
from data.filters import UNKNOWN
from data.kpis import KPIS
from data.queries.marks import Mark
from data.queries.trends import ADDITIVE, OTHERS, Band, Line, Trends

_COLUMNS = 3
_MOST_MARKS = 30


def trend(data: Trends, *, view: str, marks: Sequence[Mark] = (), band: bool = True, revision: str = "") -> Figure:
    """`view` is "stacked", "lines" or "grid" (small charts); without a dimension all calls are drawn."""
    if not any(data.total.n):
        return finished([], data_axis(data), revision)
    if data.by and view == "grid":
        return _grid(data, marks, revision)
    axis, unit = data_axis(data), KPIS[data.metric].unit
    lines = data.lines if data.by else [data.total]
    shown = [v for each in lines for v in each.series]
    traces: list[Trace] = []
    if data.by and view == "stacked" and data.metric in ADDITIVE:
        totals = data.total.series
        traces += [_head(data, axis, totals), *(_bars(data, each, axis) for each in lines)]
        shown = [*totals, *data.total.previous]
    elif data.by:
        traces += [_head(data, axis, _tallest(lines)), *(_line(data, each, axis) for each in lines)]
    else:
        if band and data.band:
            traces += _band(data.band, axis, unit)
            shown += [v for v, known in zip(data.band.high, data.total.series, strict=True) if known is not None]
        traces += _all_calls(data, axis)
        if band and outside(data):
            traces.append(_unusual(data, axis, unit))
        shown += data.total.previous
    if view != "lines" or not data.by:
        traces += _previous(data, data.total, axis, unit)
    return finished(
        traces,
        axis,
        revision,
        meta=drill.over_time(data.edges, data.filter, behind(data.metric), _series(data)),
        yaxis=units.scale(shown, unit, data.currency, zero=data.metric in ADDITIVE),
        **_marked(marks, axis),
    )


def data_axis(data: Trends) -> TimeAxis:
    """The buckets of the trends on the clock."""
    return TimeAxis(data.edges[:-1], data.step, data.filter.zone, data.as_of, data.edges[-1] if data.edges else None)


def _series(data: Trends) -> dict[str, dict[str, Any]]:
    return {each.name: {data.by: list(each.values)} for each in data.lines if data.by and each.values}


def _tallest(lines: Sequence[Line]) -> list[float | None]:
    columns = zip(*(each.series for each in lines), strict=True)
    return [max((v for v in column if v is not None), default=None) for column in columns]


def _head(data: Trends, axis: TimeAxis, y: Sequence[float | None]) -> Trace:
    """The span of the bucket and how many calls it is about."""
    kpi = KPIS[data.metric]
    head = header(axis, units.rounded(y, kpi.unit), "<b>%{customdata}</b>")
    words = [
        f"{span}<br>{units.text(v, kpi.unit, data.currency)}{'' if kpi.unit == 'calls' else f' · n = {n:,}'}"
        for span, v, n in zip(axis.spans(), data.total.series, data.total.n, strict=True)
    ]
    return head | {"customdata": words}


def label(by: str | None, name: str) -> str:
    """A value of a dimension as it is shown; closed lists as words."""
    if name in (UNKNOWN, OTHERS):
        return "Not known" if name == UNKNOWN else "Others"
    return name.replace("_", " ").capitalize() if by in ("status", "end_reason_group", "direction") else name


def _label(data: Trends, name: str) -> str:
    """Names come from outside, and Plotly would read tags in them."""
    shown = label(data.by, name)
    return html.escape(shown if len(shown) <= 40 else shown[:39] + "…", quote=False)


def _bars(data: Trends, each: Line, axis: TimeAxis) -> Trace:
    unit = KPIS[data.metric].unit
    tint, _ = looks(one.name for one in data.lines)[each.name]
    marker: dict[str, Any] = {"color": colour(tint), "line": {"color": colour("surface"), "width": 0.5}}
    if axis.running is not None:
        marker["opacity"] = [1] * axis.running + [0.55]
    values = [v or 0 for v in units.rounded(each.series, unit)]
    style = units.hover(unit, data.currency)
    return {
        "type": "bar", "uid": each.name, "name": _label(data, each.name), **axis.middles(), "y": values,
        "marker": marker,
        **({"meta": "share", "hovertemplate": "%{y:,}  %{customdata}"} if unit == "calls" else style),
    }  # fmt: skip


def _line(data: Trends, each: Line, axis: TimeAxis, **more: Any) -> Trace:
    unit = KPIS[data.metric].unit
    tint, dash = looks(one.name for one in data.lines)[each.name]
    values = units.rounded(each.series, unit)
    shown = line(_label(data, each.name), axis, values, tint, dash=dash, **units.hover(unit, data.currency), **more)
    return shown | {"uid": each.name}


def _solid(trace: Trace) -> Trace:
    """Dashes tell lines apart; one alone needs none."""
    return trace | {"line": trace["line"] | {"dash": "solid"}}


def _all_calls(data: Trends, axis: TimeAxis) -> list[Trace]:
    """All calls as one: bars of what is counted, a line of everything else."""
    unit = KPIS[data.metric].unit
    values = units.rounded(data.total.series, unit)
    name = KPIS[data.metric].label
    head = _head(data, axis, values)
    if data.metric not in ADDITIVE:
        shown = line(name, axis, values, "seq-2", width=2.25, **units.hover(unit, data.currency))
        return [head, shown | {"uid": "all"}]
    marker: dict[str, Any] = {"color": colour("seq-2")}
    if axis.running is not None:
        marker["opacity"] = [1] * axis.running + [0.55]
    bars = {
        "type": "bar",
        "uid": "all",
        "name": name,
        **axis.middles(),
        "y": [v or 0 for v in values],
        "marker": marker,
    }
    return [head, bars | units.hover(unit, data.currency)]


def _previous(data: Trends, each: Line, axis: TimeAxis, unit: str) -> list[Trace]:
    """The previous period, dashed; over bars on a band in the card's colour, which would swallow it."""
    if not any(v for v in each.previous):
        return []
    values = units.rounded(each.previous, unit)
    shared = {"type": "scatter", **axis.middles(), "y": values, "mode": "lines", "legendgroup": "Previous period"}
    bars = data.metric in ADDITIVE
    shape = "hvh" if bars else "linear"
    dashes = {"color": colour("previous"), "width": 1.75, "dash": "6px,3px", "shape": shape}
    under = {"color": colour("surface"), "width": 5, "shape": shape}
    named = {**shared, "uid": "previous", "name": "Previous period", "line": dashes, **units.hover(unit, data.currency)}
    return [*([{**shared, "uid": "previous-band", "line": under, "hoverinfo": "skip"}] if bars else []), named]


def _band(band: Band, axis: TimeAxis, unit: str) -> list[Trace]:
    """The normal band: a filled area between two lines that are not drawn."""
    shared = {"type": "scatter", **axis.middles(), "mode": "lines", "hoverinfo": "skip", "legendgroup": "Normal"}
    edge = {"color": colour("seq-3"), "width": 1, "dash": "solid"}
    low = {**shared, "uid": "band-low", "y": units.rounded(band.low, unit), "line": edge}
    fill = {"fill": "tonexty", "fillcolor": colour("band"), "line": edge}
    return [low, {**shared, "uid": "band", "name": "Normal", "y": units.rounded(band.high, unit), **fill}]


def _unusual(data: Trends, axis: TimeAxis, unit: str) -> Trace:
    """A ring around what lies outside the normal band."""
    found = set(outside(data))
    values = [v if i in found else None for i, v in enumerate(units.rounded(data.total.series, unit))]
    ring = {"symbol": "circle-open", "size": 11, "color": colour("text"), "line": {"width": 2}}
    return {
        "type": "scatter", "uid": "unusual", "name": "Not normal", **axis.middles(), "y": values, "mode": "markers",
        "marker": ring, "hoverinfo": "skip",
    }  # fmt: skip


def outside(data: Trends) -> list[int]:
    """The buckets whose value lies outside the normal band; those that the range cuts are not judged."""
    if data.band is None:
        return []
    start, end = data.filter.start or 0, data.filter.end or 0
    cut = {i for i, edge in enumerate(data.edges[:-1]) if edge < start or data.edges[i + 1] > end}
    triples = zip(data.total.series, data.band.low, data.band.high, strict=True)
    return [
        i
        for i, (v, low, high) in enumerate(triples)
        if v is not None and low is not None and high is not None and i not in cut and not low <= v <= high
    ]


def _marked(marks: Sequence[Mark], axis: TimeAxis) -> dict[str, Any]:
    """Thin lines with a small sign on top that says more when it is hovered."""
    shapes, signs = [], []
    for mark in marks[:_MOST_MARKS]:
        x, tint = axis.at(mark.at), colour("error" if mark.kind == "alert" else "muted")
        shapes.append({"type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
                       "line": {"color": tint, "width": 1, "dash": "dot"}, "layer": "below"})  # fmt: skip
        signs.append({"x": x, "y": 1, "xref": "x", "yref": "paper", "yanchor": "top", "showarrow": False, "text":
                      "▲" if mark.kind == "alert" else "◆", "font": {"size": 10, "color": tint},
                      "hovertext": html.escape(mark.text, quote=False), "captureevents": True})  # fmt: skip
    return {"shapes": shapes, "annotations": signs} if shapes else {}


def _grid(data: Trends, marks: Sequence[Mark], revision: str) -> Figure:
    """A small chart for each value on one scale, so that they can be compared."""
    axis, unit = data_axis(data), KPIS[data.metric].unit
    rows = -(-len(data.lines) // _COLUMNS)
    shown = [v for each in data.lines for v in (*each.series, *each.previous)]
    y = units.scale(shown, unit, data.currency, zero=data.metric in ADDITIVE) | {"nticks": 4}
    layout: dict[str, Any] = {"annotations": []}
    traces: list[Trace] = []
    for i, each in enumerate(data.lines):
        place = "" if i == 0 else str(i + 1)
        on = {"xaxis": f"x{place}", "yaxis": f"y{place}"}
        row, column = divmod(i, _COLUMNS)
        left, top = column / _COLUMNS, 1 - row / rows
        width, height = 1 / _COLUMNS - 0.03, 1 / rows
        last = i + _COLUMNS >= len(data.lines)
        layout[f"xaxis{place}"] = axis.layout() | {
            "domain": [left, left + width], "anchor": f"y{place}", "nticks": 4, "showticklabels": last,
            "unifiedhovertitle": {"text": " "}, "matches": None if i == 0 else "x",
        }  # fmt: skip
        layout[f"yaxis{place}"] = y | {
            "domain": [top - height * 0.74, top - height * 0.14], "anchor": f"x{place}", "showticklabels": column == 0,
        }  # fmt: skip
        layout["annotations"].append(
            {"x": left, "y": top, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top",
             "align": "left", "showarrow": False, "font": {"size": 12},
             "text": f"<b>{_label(data, each.name)}</b>  {units.text(each.whole, unit, data.currency)}"}
        )  # fmt: skip
        head = header(axis, units.rounded(each.series, unit), "<b>%{customdata}</b>")
        traces += [head | on | {"uid": f"span {i}"}, _solid(_line(data, each, axis, width=2)) | on]
        previous = [t for t in _previous(data, each, axis, unit) if t["uid"] == "previous"]
        traces += [t | on | {"uid": f"previous {i}", "name": None} for t in previous]
    figure = finished(traces, axis, revision, showlegend=False)
    if not figure["data"]:
        return figure
    figure["layout"] |= layout | {
        "meta": drill.over_time(data.edges, data.filter, behind(data.metric), _series(data))
        | {"rows": rows, "cells": len(data.lines)}
    }
    return figure
