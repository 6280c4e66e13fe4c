"""How durations are spread: bars of shares, everyone else's as a dashed line."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from app.figures import drill
from app.figures.parts import EMPTY, Figure, Trace
from app.theme import colour
from data.filters import CallFilter


def histogram(
    bins: Sequence[int],
    counts: Sequence[int],
    others: Sequence[int],
    chosen: CallFilter,
    *,
    name: str,
    revision: str = "",
) -> Figure:
    """`bins` are lower bounds in seconds, the last one open; `others` may be empty."""
    total = sum(counts)
    if not total:
        return EMPTY
    labels = [bin_label(bins, i) for i in range(len(bins))]
    shares = [round(100 * n / total, 2) for n in counts]
    traces: list[Trace] = [
        {
            "type": "bar", "uid": "calls", "name": html.escape(name, quote=False), "x": labels, "y": shares,
            "customdata": [f"{n:,}" for n in counts],
            "marker": {"color": colour("seq-2")}, "hovertemplate": "%{y:.1f} % · n = %{customdata}",
        }
    ]  # fmt: skip
    if sum(others) > total:
        dashes = {"color": colour("previous"), "width": 1.75, "dash": "6px,3px", "shape": "hvh"}
        traces.append(
            {"type": "scatter", "uid": "others", "name": "All agents", "x": labels, "mode": "lines", "line": dashes,
             "y": [round(100 * n / sum(others), 2) for n in others], "hovertemplate": "%{y:.1f} %"}
        )  # fmt: skip
    top = max(v for trace in traces for v in trace["y"])
    layout: dict[str, Any] = {
        "uirevision": revision,
        "meta": drill.by_point([_within(bins, i, chosen) for i in range(len(bins))], chosen, "timed"),
        "xaxis": {"type": "category", "fixedrange": True},
        "yaxis": {"range": [0, top * 1.08 or 1], "ticksuffix": " %"},
        "bargap": 0.08,
    }
    return {"data": traces, "layout": layout}


def bin_label(bins: Sequence[int], place: int) -> str:
    """What a bar covers: "30–60 s", "1.5–2 m", "15 m +"."""
    low = bins[place]
    if place == len(bins) - 1:
        return f"{low / 60:g} m +"
    high = bins[place + 1]
    return f"{low:g}–{high:g} s" if high <= 60 else f"{low / 60:g}–{high / 60:g} m"


def _within(bins: Sequence[int], place: int, chosen: CallFilter) -> dict[str, float]:
    """The bounds of a bar, within those of the filter."""
    low = max(float(bins[place]), chosen.min_duration or 0.0)
    found = {"min_duration": low}
    highs = [float(high) for high in (*bins[place + 1 : place + 2], chosen.max_duration) if high is not None]
    return found | ({"max_duration": min(highs)} if highs else {})
