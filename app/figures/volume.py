"""Call volume: stacked bars by status, the previous period as a dashed line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from app.figures.axis import TimeAxis
from app.figures.parts import Figure, Trace, finished, header
from app.theme import colour

#: From the bottom of the stack upwards.
STATUSES = {
    "success": "Success",
    "error": "Error",
    "abandoned": "Abandoned",
    "missed": "Missed",
    "voicemail": "Voicemail",
    "in_progress": "Active",
}


def volume(
    frame: pd.DataFrame,
    previous: Sequence[int | None],
    *,
    step: int,
    zone: str,
    as_of: int,
    revision: str = "",
    meta: Mapping[str, Any] | None = None,
) -> Figure:
    """Calls a bucket. Statuses without any call are left out; the running bucket is lighter.

    meta: which calls the bars stand for (app/figures/drill.py).
    """
    axis = TimeAxis(frame["bucket_start"].tolist(), step, zone, as_of)
    counts = {name: frame[name].tolist() for name in STATUSES if name in frame}
    totals = [sum(column) for column in zip(*counts.values(), strict=True)]
    traces = [header(axis, totals, "<b>%{customdata}</b><br>%{y:,} calls")]
    traces += [_bars(name, values, axis) for name, values in counts.items() if any(values)]
    if not any(totals):
        return finished([], axis, revision)
    if any(previous):
        traces += _earlier(list(previous), axis)
    top = max([*totals, *(p for p in previous if p), 1])
    scale: dict[str, object] = {"range": [0, top * 1.06], "tickformat": ",d"}
    if top <= 5:
        scale["dtick"] = 1
    return finished(traces, axis, revision, yaxis=scale, **({"meta": dict(meta)} if meta else {}))


def _earlier(totals: list[int | None], axis: TimeAxis) -> list[Trace]:
    """The dashed line of the previous period, on a band in the card's colour: bars would swallow it."""
    shared = {"type": "scatter", **axis.middles(), "y": totals, "mode": "lines", "legendgroup": "Previous period"}
    band = {"color": colour("surface"), "width": 5, "shape": "hvh"}
    dashes = {"color": colour("previous"), "width": 1.75, "dash": "6px,3px", "shape": "hvh"}
    return [
        {**shared, "uid": "previous-band", "line": band, "hoverinfo": "skip"},
        {**shared, "uid": "previous", "name": "Previous period", "line": dashes, "hovertemplate": "%{y:,}"},
    ]


def _bars(name: str, values: list[int], axis: TimeAxis) -> Trace:
    marker: dict[str, object] = {"color": colour(name)}
    if axis.running is not None:
        marker["opacity"] = [1] * axis.running + [0.55]
    return {
        "type": "bar",
        "uid": name,
        "name": STATUSES[name],
        **axis.middles(),
        "y": values,
        "marker": marker,
        "meta": "share",
        "hovertemplate": "%{y:,}  %{customdata}",
    }
