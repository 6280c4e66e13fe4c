"""Pieces that charts share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from app.figures.axis import TimeAxis
from app.format import duration
from app.theme import colour

Figure = dict[str, Any]
Trace = dict[str, Any]

_NICE_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)


#: Scales without anything to measure would only be noise behind the sentence that stands there.
EMPTY: Figure = {"data": [], "layout": {"xaxis": {"visible": False}, "yaxis": {"visible": False}}}
#: The ticks of an axis of milliseconds.
MILLISECONDS = {"tickformat": ",", "ticksuffix": " ms"}


def gaps(values: Iterable[Any], digits: int = 1) -> list[float | None]:
    """Rounded floats for the wire; NaN and None are gaps."""
    return [None if v is None or not math.isfinite(v) else round(float(v), digits) for v in values]


def header(axis: TimeAxis, y: list[Any], template: str) -> Trace:
    """An invisible trace that heads the hover box with the bucket's span."""
    return {
        "type": "scatter",
        "uid": "span",
        **axis.middles(),
        "y": y,
        "mode": "lines",
        "line": {"width": 0},
        "opacity": 0,
        "customdata": axis.spans(),
        "hovertemplate": template + "<extra></extra>",
    }


def line(name: str, axis: TimeAxis, y: list[float | None], tint: str, **more: Any) -> Trace:
    """A line with gaps where nothing is known; lone points stay visible as dots."""
    trace: Trace = {
        "type": "scatter",
        "uid": name,
        "name": name,
        **axis.middles(),
        "y": y,
        "mode": "lines",
        "connectgaps": False,
        "line": {"color": colour(tint), "width": more.pop("width", 1.75), "dash": more.pop("dash", "solid")},
        **more,
    }
    lone = _lone(y)
    if lone:
        trace |= {
            "mode": "lines+markers",
            "marker": {
                "color": colour(tint),
                "size": [5 if i in lone else 0 for i in range(len(y))],
                "line": {"width": 0},
            },
        }
    return trace


def _lone(y: list[float | None]) -> set[int]:
    padded = [None, *y, None]
    return {i for i, v in enumerate(y) if v is not None and padded[i] is None and padded[i + 2] is None}


def seconds_axis(top: float) -> dict[str, Any]:
    """A y axis of lengths of time, with ticks at whole minutes or hours instead of hundreds of seconds."""
    step = next((s for s in _NICE_SECONDS if top / s <= 5), 86400 * max(1, math.ceil(top / 86400 / 5)))
    ticks = [i * step for i in range(math.floor(top / step) + 2)]
    return {"tickmode": "array", "tickvals": ticks, "ticktext": [_tick(t) for t in ticks], "range": [0, ticks[-1]]}


def _tick(seconds: float) -> str:
    return duration(seconds).replace(" 00 s", "").replace(" 00 m", "").replace(".0 s", " s")


def finished(traces: list[Trace], axis: TimeAxis, revision: str, **layout: Any) -> Figure:
    """The figure; zoom and hidden series survive as long as `revision` stays the same."""
    if not any(value is not None for trace in traces for value in trace["y"]):
        return EMPTY
    xaxis = {**axis.layout(), "unifiedhovertitle": {"text": " "}}
    return {"data": traces, "layout": {"uirevision": revision, "xaxis": xaxis, **layout}}
