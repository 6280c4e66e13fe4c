"""What an alert's rule measured over time, with its threshold and the time that it was active."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.board import BoardAlert
from alerts.promql import Matrix
from alerts.thresholds import Threshold
from app.figures.axis import TimeAxis
from app.figures.parts import Figure, finished, gaps, header, line
from app.format import number
from app.theme import colour
from data.samples.model import Labels

_TINTS = ("in_progress", "series-b", "seq-1", "voicemail", "seq-3", "missed")
_DIGITS = 6


def alert_figure(
    found: Matrix, thresholds: Sequence[Threshold], alert: BoardAlert, *, zone: str, now: int, most: int
) -> tuple[Figure, str]:
    """The figure and its words; `now` in milliseconds. At most so many series, those of the alert first."""
    times = found.times.tolist()
    step = times[1] - times[0] if len(times) > 1 else 15_000
    axis = TimeAxis([at * 1000 for at in times], step * 1000, zone, now * 1000)
    rows = _rows(found, alert, most)
    drawn = [[v if here else None for v, here in zip(found.values[row], found.here[row], strict=True)] for row in rows]
    drawn = [gaps(values, _DIGITS) for values in drawn]
    labels = [found.labels[row] for row in rows]
    highest = [max((v for v in column if v is not None), default=None) for column in zip(*drawn, strict=True)]
    traces = [header(axis, highest, "<b>%{customdata}</b>")] if drawn else []
    for index, values in enumerate(drawn):
        tint = _TINTS[index % len(_TINTS)]
        trace = line(_name(labels[index], labels), axis, values, tint, hovertemplate="%{y:,.4~g}")
        # One line needs no legend.
        traces.append(trace if len(drawn) > 1 else trace | {"name": "", "hovertemplate": "%{y:,.4~g}<extra></extra>"})
    figure = finished(
        traces,
        axis,
        alert.fingerprint,
        shapes=[*_active(alert, now, axis), *(_limit(each) for each in thresholds)],
        annotations=[_said(each) for each in thresholds],
        yaxis=_scale(drawn, thresholds),
    )
    return figure, _words(drawn, thresholds)


def _rows(found: Matrix, alert: BoardAlert, most: int) -> list[int]:
    """Series of the alert itself where there are any: those whose labels it has all."""
    own = [row for row, labels in enumerate(found.labels) if _is_own(labels, alert.labels)]
    chosen = own or range(len(found.labels))
    return [row for row in chosen if found.here[row].any()][:most]


def _is_own(labels: Labels, wanted: Labels) -> bool:
    return all(wanted.get(name) == text for name, text in labels.items() if name != "__name__")


def _name(labels: Labels, beside: Sequence[Labels]) -> str:
    """What tells a series from the others."""
    named = {n: t for n, t in labels.items() if n != "__name__" and any(each.get(n) != t for each in beside)}
    return ", ".join(named.values()) or labels.get("instance") or "measured"


def _limit(threshold: Threshold) -> dict[str, object]:
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": threshold.value, "y1": threshold.value,
        "line": {"color": colour("error"), "width": 1.5, "dash": "dot"},
    }  # fmt: skip


def _said(threshold: Threshold) -> dict[str, object]:
    return {
        "xref": "paper", "x": 0, "y": threshold.value, "xanchor": "left", "showarrow": False,
        "yanchor": "bottom" if threshold.op in (">", ">=") else "top",
        "text": f"alerts {_spelled(threshold)}", "font": {"size": 11, "color": colour("bad-text")},
    }  # fmt: skip


def _spelled(threshold: Threshold) -> str:
    words = {">": "above", ">=": "from", "<": "below", "<=": "up to", "==": "at", "!=": "unless at"}
    return f"{words[threshold.op]} {threshold.value:g}"


def _active(alert: BoardAlert, now: int, axis: TimeAxis) -> list[dict[str, object]]:
    """Shades the time that it was pending and that it fired."""
    end = now if alert.resolved_at is None else alert.resolved_at
    fired = end if alert.fired_at is None else alert.fired_at
    spans = [(alert.active_at, fired, "abandoned", 0.08), (fired, end, "error", 0.1)]
    return [
        {
            "type": "rect", "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "line": {"width": 0},
            "x0": axis.at(begun * 1000), "x1": axis.at(over * 1000), "fillcolor": colour(tint), "opacity": opacity,
        }
        for begun, over, tint, opacity in spans
        if over > begun
    ]  # fmt: skip


def _scale(drawn: Sequence[Sequence[float | None]], thresholds: Sequence[Threshold]) -> dict[str, object]:
    """Room for the values and the threshold; a switch from 0 to 1 stays within them."""
    values = [v for each in drawn for v in each if v is not None] + [each.value for each in thresholds]
    if not values:
        return {}
    low, high = min(*values, 0.0), max(*values, 0.0)
    room = (high - low or 1) * 0.12
    return {"range": [low - (room if low < 0 else 0), high + room]}


def _words(drawn: Sequence[Sequence[float | None]], thresholds: Sequence[Threshold]) -> str:
    last = [next((v for v in reversed(each) if v is not None), None) for each in drawn]
    known = [v for v in last if v is not None]
    if not known:
        return ""
    limits = " or ".join(_spelled(each) for each in thresholds)
    return f"The latest value is {number(known[0])}" + (f"; it alerts {limits}." if limits else ".")
