"""How long calls take: median, 95th and 99th percentile a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from app.figures.axis import TimeAxis
from app.figures.parts import Figure, finished, gaps, header, line, seconds_axis


def durations(
    frame: pd.DataFrame,
    *,
    step: int,
    zone: str,
    as_of: int,
    revision: str = "",
    meta: Mapping[str, Any] | None = None,
) -> Figure:
    """Percentile lines; a bucket without a call is a gap. meta: as in app/figures/volume.py."""
    axis = TimeAxis(frame["bucket_start"].tolist(), step, zone, as_of)
    lines = {name: gaps(frame[name]) for name in ("p50", "p95", "p99")}
    top = max([v for values in lines.values() for v in values if v is not None], default=60.0)
    # The head of the hover box counts calls but must not stretch the axis: its height is that of the median.
    head = header(axis, lines["p50"], "<b>%{customdata}</b>")
    counts = frame["n"].fillna(0).astype(int).tolist() if "n" in frame else [0] * len(frame)
    head["customdata"] = [f"{span}<br>n = {n:,}" for span, n in zip(axis.spans(), counts, strict=True)]
    style = {"meta": "duration", "hovertemplate": "%{customdata}"}
    traces = [
        head,
        line("p99", axis, lines["p99"], "seq-3", width=1.25, dash="dot", **style),
        line("p95", axis, lines["p95"], "seq-2", width=1.5, dash="dash", **style),
        line("p50", axis, lines["p50"], "seq-1", width=2.25, **style),
    ]
    return finished(traces, axis, revision, yaxis=seconds_axis(top), **({"meta": dict(meta)} if meta else {}))
