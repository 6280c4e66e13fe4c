"""Latency over time: what the mean is made of, and percentiles."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from app.figures import drill, units
from app.figures.axis import TimeAxis
from app.figures.palette import looks
from app.figures.parts import Figure, Trace, finished, gaps, header, line
from app.format import milliseconds
from app.theme import colour
from data.possible import STAGES
from data.queries.quality import Quality

#: In the order of an answer; each in the colour that it has on a call's timeline and among the costs.
LOOKS: Mapping[str, tuple[str, str, str]] = {
    "network": ("Network", "seq-2", "dash"),
    "stt": ("Speech to text", "seq-3", "dot"),
    "llm": ("Language model", "series-b", "dashdot"),
    "tts": ("Text to speech", "seq-1", "dash"),
    "rest": ("Unexplained", "missed", "dot"),
    "total": ("End to end", "text", "solid"),
}


def _axis(data: Quality) -> TimeAxis:
    end = data.edges[-1] if data.edges else None
    return TimeAxis(data.edges[:-1], data.step, data.filter.zone, data.as_of, end)


def remainder(parts: Mapping[str, float]) -> float:
    """What no stage explains, in ms; below zero where stages run side by side."""
    return parts["total"] - sum(parts[name] for name in STAGES)


def composition(data: Quality, *, revision: str = "") -> Figure:
    """Means of the stages stacked, the unexplained rest on top, the whole as a line: together they are the same."""
    axis = _axis(data)
    known = {name: gaps(data.course[f"part.{name}"], 0) for name in (*STAGES, "total")}
    known["rest"] = [
        None if total is None else max(total - sum(known[name][i] or 0 for name in STAGES), 0)
        for i, total in enumerate(known["total"])
    ]
    head = header(axis, known["total"], "<b>%{customdata}</b>")
    pairs = zip(axis.spans(), data.course["itemised"].tolist(), strict=True)
    head["customdata"] = [f"{span}<br>n = {int(n):,}" for span, n in pairs]
    bars = [_bars(name, known[name], axis) for name in (*STAGES, "rest") if any(known[name])]
    whole = line(LOOKS["total"][0], axis, known["total"], "text", width=1.5, **units.hover("ms")) | {"uid": "total"}
    tall = [sum(v or 0 for v in column) for column in zip(*(known[n] for n in (*STAGES, "rest")), strict=True)]
    scale = units.scale([*tall, *known["total"]], "ms")
    meta = drill.over_time(data.edges, data.filter, "itemised") if data.edges else {}
    return finished([head, *bars, whole], axis, revision, yaxis=scale, meta=meta)


def _bars(name: str, values: list[float | None], axis: TimeAxis) -> Trace:
    label, tint, _ = LOOKS[name]
    marker: dict[str, Any] = {"color": colour(tint), "line": {"color": colour("surface"), "width": 0.5}}
    if name == "rest":
        marker["pattern"] = {"shape": "/", "size": 5, "fillmode": "overlay", "fgcolor": colour("surface")}
    if axis.running is not None:
        marker["opacity"] = [1] * axis.running + [0.55]
    return {"type": "bar", "uid": name, "name": label, **axis.middles(), "y": values, "marker": marker,
            **units.hover("ms")}  # fmt: skip


def percentiles(data: Quality, *, stat: str, revision: str = "") -> Figure:
    """The chosen percentile of each stage and of the whole."""
    axis = _axis(data)
    lines = {name: gaps(data.course[f"line.{name}"], 0) for name in (*STAGES, "total")}
    traces = [
        line(LOOKS[name][0], axis, values, LOOKS[name][1], dash=LOOKS[name][2],
             width=2.25 if name == "total" else 1.5, **units.hover("ms")) | {"uid": name}
        for name, values in lines.items() if any(v is not None for v in values)
    ]  # fmt: skip
    of = {name: {"of": [*data.filter.of, f"measured_{name}" if name in STAGES else "measured"]} for name in lines}
    return _lined(data, axis, traces, lines["total"], stat, of, revision)


def by_value(data: Quality, by: str, *, stat: str, revision: str = "") -> Figure:
    """The chosen percentile of the whole, for each value of a dimension."""
    axis, tints = _axis(data), looks(data.lines)
    traces = []
    for name, values in data.lines.items():
        shown = html.escape(name if len(name) <= 40 else name[:39] + "…", quote=False)
        found = gaps(values, 0)
        traces.append(
            line(shown, axis, found, tints[name][0], dash=tints[name][1], **units.hover("ms")) | {"uid": name}
        )
    tops = [
        max((v for v in column if v is not None), default=None) for column in zip(*data.lines.values(), strict=True)
    ]
    return _lined(data, axis, traces, tops, stat, {name: {by: [name]} for name in data.lines}, revision)


def _lined(
    data: Quality,
    axis: TimeAxis,
    traces: list[Trace],
    tops: list[float | None],
    stat: str,
    series: Mapping[str, Mapping[str, Any]],
    revision: str,
) -> Figure:
    if not traces:
        return finished([], axis, revision)
    head = header(axis, tops, "<b>%{customdata}</b>")
    head["customdata"] = [f"{span}<br>{stat}" for span in axis.spans()]
    shown = [v for trace in traces for v in trace["y"]]
    meta = drill.over_time(data.edges, data.filter, "measured", series)
    return finished([head, *traces], axis, revision, yaxis=units.scale(shown, "ms"), meta=meta)


def bin_label(bins: tuple[int, ...], place: int) -> str:
    """What a bar covers: "250–500 ms", "1–1.25 s", "5 s +"."""
    low = bins[place]
    if place == len(bins) - 1:
        return f"{low / 1000:g} s +"
    high = bins[place + 1]
    return f"{low:g}–{high:g} ms" if high < 1000 else f"{low / 1000:g}–{high / 1000:g} s"


def summary(data: Quality) -> str:
    """The composition in words."""
    if not data.parts:
        return ""
    shown = [f"{LOOKS[name][0].lower()} {milliseconds(data.parts[name])}" for name in STAGES]
    return (
        f"Mean latency {milliseconds(data.parts['total'])} of {data.itemised:,} calls: {', '.join(shown)}, "
        f"unexplained {milliseconds(max(remainder(data.parts), 0))}."
    )
