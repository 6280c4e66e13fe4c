"""Which calls each point of a chart stands for: assets/voicehive/drill.js opens them at a click.

A figure carries this as `layout.meta`: {"calls": {"base": query string, "edges" | "points": ..., "series": ...}}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.addresses import calls_query, exact
from data.filters import CallFilter

Conditions = Mapping[str, Any]
_SECOND = 1_000_000


def over_time(
    edges: Sequence[int], chosen: CallFilter, of: str = "", series: Mapping[str, Conditions] | None = None
) -> dict[str, Any]:
    """Point i holds the calls of [edges[i], edges[i + 1]) (UTC microseconds), cut to the range of the filter.

    series: by a trace's uid what narrows the calls further, as {"agent": ["roxy"]}.
    """
    start = chosen.start if chosen.start is not None else edges[0]
    end = chosen.end if chosen.end is not None else edges[-1]
    cut = [min(max(edge, start), end) for edge in edges]
    found: dict[str, Any] = {
        "base": calls_query(chosen, of, start=None, end=None),
        # Whole seconds are short; the ends of a range seldom are whole.
        "edges": [edge // _SECOND if edge % _SECOND == 0 else exact(edge) for edge in cut],
    }
    if series:
        found["series"] = {uid: dict(conditions) for uid, conditions in series.items()}
    return {"calls": found}


def by_point(points: Sequence[Any], chosen: CallFilter, of: str = "") -> dict[str, Any]:
    """Point i (of a heatmap: row and column) holds the calls that also meet points[i], as {"hour": 9}."""
    return {"calls": {"base": calls_query(chosen, of), "points": list(points)}}
