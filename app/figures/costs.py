"""What calls cost over time, stacked by what it was paid for."""

from __future__ import annotations

from app.figures import drill, units
from app.figures.axis import TimeAxis
from app.figures.parts import Figure, Trace, finished, header
from app.format import money
from app.theme import colour
from data.filters import CallFilter
from data.queries.outcomes import REST, Costs

#: From the bottom of the stack upwards: its name and its colour; the same as those of a call's stages.
COMPONENTS = {
    "platform": ("Platform", "cat-7"),
    "llm": ("Language model", "series-b"),
    "tts": ("Text to speech", "seq-1"),
    "stt": ("Speech to text", "seq-3"),
    "telephony": ("Telephony", "seq-2"),
    REST: ("Not itemised", "missed"),
}


def present(data: Costs) -> list[str]:
    """The components that cost anything."""
    return [name for name in COMPONENTS if abs(data.parts[name]) > 1e-9]


def costs(data: Costs, chosen: CallFilter, *, as_of: int, revision: str = "") -> Figure:
    """Bars a bucket; the running one is lighter."""
    axis = TimeAxis(data.edges[:-1], data.step, chosen.zone, as_of, data.edges[-1])
    known = {name: [0.0 if v != v else round(float(v), 4) for v in data.course[name]] for name in present(data)}
    totals = [sum(column) for column in zip(*known.values(), strict=True)]
    head = header(axis, [round(total, 4) for total in totals], "<b>%{customdata}</b>")
    pairs = zip(axis.spans(), totals, strict=True)
    head["customdata"] = [f"{span}<br>{money(total, data.currency)}" for span, total in pairs]
    traces = [head, *(_bars(name, values, axis, data.currency) for name, values in known.items())]
    if not any(totals):
        return finished([], axis, revision)
    scale = units.scale(totals, "money", data.currency)
    meta = drill.over_time(data.edges, chosen, "priced")
    return finished(traces, axis, revision, yaxis=scale, meta=meta)


def _bars(name: str, values: list[float], axis: TimeAxis, currency: str) -> Trace:
    marker: dict[str, object] = {
        "color": colour(COMPONENTS[name][1]),
        "line": {"color": colour("surface"), "width": 0.5},
    }
    if axis.running is not None:
        marker["opacity"] = [1] * axis.running + [0.55]
    return {
        "type": "bar", "uid": name, "name": COMPONENTS[name][0], **axis.middles(), "y": values, "marker": marker,
        **units.hover("money", currency),
    }  # fmt: skip
