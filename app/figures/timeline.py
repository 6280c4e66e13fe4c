"""The stages of one call as bars on lanes, by their time after the call's start."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from app.figures.parts import EMPTY, MILLISECONDS, Figure, Trace
from app.format import milliseconds
from app.theme import colour

#: Lanes from top to bottom: what it is called, and its colour.
LANES = {
    "turn": ("Turn", "previous"),
    "network": ("Network", "seq-2"),
    "stt": ("Speech to text", "seq-3"),
    "llm": ("Language model", "series-b"),
    "tool": ("Tool", "seq-2"),
    "tts": ("Text to speech", "seq-1"),
    "other": ("Other", "previous"),
}
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_LONGEST_TEXT = 80

Stage = Mapping[str, Any]


def timeline(stages: Sequence[Stage], *, revision: str = "") -> Figure:
    """Bars from `start_ms` on, `duration_ms` long; one trace a lane, and one for what failed, which is hatched too."""
    if not stages:
        return EMPTY
    good = [stage for stage in stages if stage["status"] != "error"]
    failed = [stage for stage in stages if stage["status"] == "error"]
    traces = [_bars(lane, [s for s in good if s["stage"] == lane], LANES[lane][1]) for lane in LANES]
    if failed:
        marks = _bars("failed", failed, "error")
        marks["marker"]["pattern"] = {"shape": "/", "size": 5, "fgcolor": colour("surface")}
        traces.append(marks | {"name": "Failed"})
    lanes = [label for lane, (label, _) in LANES.items() if any(s["stage"] == lane for s in stages)]
    layout = {
        "uirevision": revision,
        "barmode": "overlay",
        "hovermode": "closest",
        "xaxis": _axis(stages) | {"showgrid": True},
        "yaxis": {"categoryorder": "array", "categoryarray": lanes[::-1], "showgrid": False},
    }
    return {"data": [trace for trace in traces if trace["y"]], "layout": layout}


def _bars(uid: str, stages: Sequence[Stage], tint: str) -> Trace:
    # The border keeps what lasts a few milliseconds visible in a call of minutes.
    return {
        "type": "bar",
        "uid": uid,
        "orientation": "h",
        "base": [stage["start_ms"] for stage in stages],
        "x": [stage["duration_ms"] for stage in stages],
        "y": [LANES[stage["stage"]][0] for stage in stages],
        "customdata": [_words(stage) for stage in stages],
        "marker": {"color": colour(tint), "line": {"color": colour(tint), "width": 1}},
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _axis(stages: Sequence[Stage]) -> dict[str, Any]:
    """Minutes and seconds; plain milliseconds where a clock can't show them (before the start, beyond a day)."""
    first = min(0, *(stage["start_ms"] for stage in stages))
    last = max(1, *(stage["start_ms"] + stage["duration_ms"] for stage in stages))
    whole = {"range": [first, last * 1.01]}
    if first < 0 or last >= _DAY_MS:
        return whole | MILLISECONDS | {"type": "linear"}
    clock = "%H:%M:%S" if last >= _HOUR_MS else "%M:%S"
    formats = [{"dtickrange": [None, 999], "value": f"{clock}.%L"}, {"dtickrange": [1000, None], "value": clock}]
    return whole | {"type": "date", "tickformatstops": formats}


def _words(stage: Stage) -> str:
    """What hovering says. Names come from outside, and Plotly would read tags in them."""
    lines = [f"<b>{_clean(stage['name'] or LANES[stage['stage']][0])}</b>"]
    if stage.get("turn") is not None:
        lines[0] += f" · turn {stage['turn']}"
    lines.append(f"{milliseconds(stage['duration_ms'])} ({stage['duration_ms']:,.0f} ms)")
    lines.append(f"begins after {stage['start_ms']:,.0f} ms")
    if stage["status"] == "error":
        lines.append("failed")
    if detail := stage.get("detail"):
        lines.append(_clean(detail))
    return "<br>".join(lines)


def _clean(text: str) -> str:
    short = text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
    return html.escape(short, quote=False)
