"""The machine and the API: response times, processor and memory, from samples of the running process."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.figures.axis import TimeAxis
from app.figures.palette import looks
from app.figures.parts import MILLISECONDS, Figure, finished, header, line
from app.theme import colour

_MOST_POINTS = 90
_FEWEST_POINTS = 40
_STEPS = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples drawn together to evenly spaced steps."""

    axis: TimeAxis
    columns: Mapping[str, list[float | None]]

    @classmethod
    def of(cls, history: Mapping[str, Sequence[Any]], zone: str, as_of: int) -> Samples:
        """At most some ninety steps from the first sample on. Of p95 the worst of a step counts, else the mean."""
        times = [float(t) for t in history.get("time", ())]
        if not times:
            return cls(TimeAxis([], 15 * _SECOND, zone, as_of), {})
        step = next((s for s in _STEPS if (times[-1] - times[0]) / s <= _MOST_POINTS), _STEPS[-1])
        # Young histories fill a chart from the right instead of being stretched over all of it.
        first = min(math.floor(times[0] / step), math.floor(times[-1] / step) - _FEWEST_POINTS + 1)
        slots = [math.floor(t / step) - first for t in times]
        size = slots[-1] + 1
        names = [name for name in history if name != "time"]
        columns = {name: _drawn(history[name], slots, size, worst="p95" in name) for name in names}
        starts = [(first + i) * step * _SECOND for i in range(size)]
        return cls(TimeAxis(starts, step * _SECOND, zone, as_of), columns)

    @classmethod
    def stepped(cls, start: int, step: int, columns: Mapping[str, Sequence[float | None]], zone: str) -> Samples:
        """Values that stand at even steps already, from `start` on, each told of the `step` before it (ms)."""
        size = max(map(len, columns.values()), default=0)
        starts = [(start + (i - 1) * step) * 1000 for i in range(size)]
        end = starts[-1] + step * 1000 if starts else 0
        rounded = {name: [None if v is None else round(v, 3) for v in values] for name, values in columns.items()}
        return cls(TimeAxis(starts, step * 1000, zone, end), rounded)


def _drawn(values: Sequence[Any], slots: Sequence[int], size: int, *, worst: bool) -> list[float | None]:
    found: list[list[float]] = [[] for _ in range(size)]
    for slot, value in zip(slots, values, strict=False):
        if value is not None and math.isfinite(value):
            found[slot].append(float(value))
    return [(round(max(v) if worst else sum(v) / len(v), 1)) if v else None for v in found]


def response_times(samples: Samples, *, revision: str = "") -> Figure:
    """API response times: the median, the 95th and, where it is known, the 99th percentile, in milliseconds."""
    p50, p95, p99 = (samples.columns.get(name, []) for name in ("api_p50_ms", "api_p95_ms", "api_p99_ms"))
    top = [line("p99", samples.axis, p99, "seq-3", width=1.25, dash="dot", hovertemplate="%{y:,.1f} ms")] if p99 else []
    traces = [
        _head(samples, [b if b is not None else a for a, b in zip(p50, p95, strict=True)]),
        *top,
        line("p95", samples.axis, p95, "seq-2", width=1.5, dash="dash", hovertemplate="%{y:,.1f} ms"),
        line("p50", samples.axis, p50, "seq-1", width=2.25, hovertemplate="%{y:,.1f} ms"),
    ]
    return finished(traces, samples.axis, revision, yaxis=MILLISECONDS)


def load(samples: Samples, *, revision: str = "") -> Figure:
    """Processor and memory in percent, on a scale from 0 to 100."""
    cpu, memory = (samples.columns.get(name, []) for name in ("cpu_percent", "memory_percent"))
    traces = [
        _head(samples, cpu),
        line("CPU", samples.axis, cpu, "seq-2", hovertemplate="%{y:.0f} %"),
        line("Memory", samples.axis, memory, "series-b", dash="dash", hovertemplate="%{y:.0f} %"),
    ]
    return finished(traces, samples.axis, revision, yaxis={"range": [0, 100], "ticksuffix": " %", "dtick": 25})


def errors(samples: Samples, *, revision: str = "") -> Figure:
    """Errors a minute by code, stacked; codes without any are left out."""
    shown = {code: [None if v is None else round(60 * v, 3) for v in values]
             for code, values in samples.columns.items() if any(values)}  # fmt: skip
    if not shown:
        return finished([], samples.axis, revision)
    tints = looks(shown)
    totals = [sum(v or 0 for v in column) for column in zip(*shown.values(), strict=True)]
    bars = [
        {"type": "bar", "uid": code, "name": code.replace("_", " "), **samples.axis.middles(),
         "y": [v or 0 for v in values], "marker": {"color": colour(tints[code][0])}, "hovertemplate": "%{y:,.2~f}"}
        for code, values in shown.items()
    ]  # fmt: skip
    return finished(
        [_head(samples, list(totals)), *bars], samples.axis, revision, yaxis={"range": [0, max(totals) * 1.06]}
    )


def _head(samples: Samples, y: list[float | None]) -> dict[str, Any]:
    return header(samples.axis, y, "<b>%{customdata}</b>")
