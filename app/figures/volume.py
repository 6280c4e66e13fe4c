"""Call volume: stacked bars by status, the previous period as a dashed line."""

from __future__ import annotations

from collections.abc import Sequence

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
    frame: pd.DataFrame, previous: Sequence[int | None], *, step: int, zone: str, as_of: int, revision: str = ""
) -> Figure:
    """Calls a bucket. Statuses without any call are left out; the running bucket is lighter."""
    axis = TimeAxis(frame["bucket_start"].tolist(), step, zone, as_of)
    counts = {name: frame[name].tolist() for name in STATUSES if name in frame}
    totals = [sum(column) for column in zip(*counts.values(), strict=True)]
    traces = [header(axis, totals, "<b>%{customdata}</b><br>%{y:,} calls")]
    traces += [_bars(name, values, axis) for name, values in counts.items() if any(values)]
    if not any(totals):
        return finished([], axis, revision)
    if any(previous):
        traces.append(
            {
                "type": "scatter",
                "uid": "previous",
                "name": "Previous period",
                **axis.middles(),
                "y": list(previous),
                "mode": "lines",
                "line": {"color": colour("previous"), "width": 1.5, "dash": "dash", "shape": "hvh"},
                "hovertemplate": "%{y:,}",
            }
        )
    top = max([*totals, *(p for p in previous if p), 1])
    scale: dict[str, object] = {"range": [0, top * 1.06], "tickformat": ",d"}
    if top <= 5:
        scale["dtick"] = 1
    return finished(traces, axis, revision, yaxis=scale)


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
