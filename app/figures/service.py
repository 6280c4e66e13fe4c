"""Service over time: rates of a bucket, and calls at once."""

from __future__ import annotations

import pandas as pd

from app.figures import drill, units
from app.figures.axis import TimeAxis
from app.figures.parts import Figure, finished, gaps, header, line
from data.queries.service import Service


def _axis(data: Service) -> TimeAxis:
    end = data.edges[-1] if data.edges else None
    return TimeAxis(data.edges[:-1], data.step, data.filter.zone, data.as_of, end)


def rates(data: Service, *, revision: str = "") -> Figure:
    """Service level and abandonment of the calls that began in the bucket; a bucket without any is a gap."""
    axis, course = _axis(data), data.course
    level, left = gaps(course["service_level"], 2), gaps(course["abandonment_rate"], 2)
    if all(v is None for v in (*level, *left)):
        return finished([], axis, revision)
    head = header(axis, [a if a is not None else b for a, b in zip(level, left, strict=True)], "<b>%{customdata}</b>")
    pairs = zip(axis.spans(), course["offered"].tolist(), strict=True)
    head["customdata"] = [f"{span}<br>n = {int(n):,} offered" for span, n in pairs]
    style = units.hover("%")
    traces = [
        head,
        line("Service level", axis, level, "success", width=2.25, **style),
        line("Abandonment", axis, left, "abandoned", dash="dash", **style),
    ]
    meta = drill.over_time(data.edges, data.filter, "offered")
    return finished(traces, axis, revision, yaxis=units.scale([*level, *left], "%"), meta=meta)


def at_once(data: Service, *, revision: str = "") -> Figure:
    """Calls at once: the peak of each bucket as steps, the mean over its time as a line."""
    axis, course = _axis(data), data.busy.course
    peak = [int(v) for v in course["peak"]]
    if not any(peak):
        return finished([], axis, revision)
    mean = [None if pd.isna(v) else round(float(v), 2) for v in course["mean"]]
    head = header(axis, peak, "<b>%{customdata}</b>")
    known: list[float | None] = [float(v) for v in peak]
    traces = [
        head,
        line("Peak", axis, known, "seq-2", width=2, hovertemplate="%{y:,}")
        | {"line": {"color": "var(--vh-seq-2)", "width": 2, "shape": "hvh"}},
        line("Mean", axis, mean, "seq-1", dash="dash", hovertemplate="%{y:,.1f}"),
    ]
    return finished(traces, axis, revision, yaxis=units.scale(known, "calls"))
