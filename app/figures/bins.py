"""How values are spread: stacked bars of calls, one for each span of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.figures.parts import EMPTY, Figure, Trace
from app.theme import colour

#: uid -> (name, colour of the theme, calls in each bin).
Stacks = Mapping[str, tuple[str, str, Sequence[int]]]


def binned(
    labels: Sequence[str],
    ticks: Sequence[str],
    stacks: Stacks,
    *,
    meta: Mapping[str, Any],
    revision: str = "",
    mark: tuple[int, str] | None = None,
) -> Figure:
    """labels: what each bin covers; ticks: the same in short, where there is room on the axis.

    mark: a dotted line before the bin of this number, with its label. meta: app/figures/drill.py.
    """
    shown = {uid: each for uid, each in stacks.items() if any(each[2])}
    if not shown:
        return EMPTY
    totals = [sum(column) for column in zip(*(counts for _, _, counts in shown.values()), strict=True)]
    whole = sum(totals)
    traces: list[Trace] = [
        {
            "type": "bar", "uid": uid, "name": name, "x": list(labels), "y": list(counts),
            "marker": {"color": colour(tint), "line": {"color": colour("surface"), "width": 0.5}},
            "customdata": [f"{100 * n / whole:.1f} %" for n in counts],
            "hovertemplate": "%{y:,}  (%{customdata})",
        }
        for uid, (name, tint, counts) in shown.items()
    ]  # fmt: skip
    layout: dict[str, Any] = {
        "uirevision": revision,
        "meta": dict(meta),
        "xaxis": {
            "type": "category",
            "fixedrange": True,
            "tickmode": "array",
            "tickangle": 0,
            "tickvals": list(labels),
            "ticktext": list(ticks),
        },
        "yaxis": {"range": [0, max(totals) * 1.12], "tickformat": ",d", **({"dtick": 1} if max(totals) <= 5 else {})},
        "bargap": 0.08,
    }
    if mark is not None:
        place, text = mark
        line = {"color": colour("muted"), "width": 1.5, "dash": "dot"}
        at = {"xref": "x", "yref": "paper", "x0": place - 0.5, "x1": place - 0.5, "y0": 0, "y1": 1}
        layout["shapes"] = [{"type": "line", **at, "line": line}]
        layout["annotations"] = [
            {"x": place - 0.5, "y": 1, "xref": "x", "yref": "paper", "xanchor": "left", "yanchor": "top",
             "text": f" {text}", "showarrow": False, "font": {"size": 11, "color": colour("muted")}}
        ]  # fmt: skip
    return {"data": traces, "layout": layout}


def within(bins: Sequence[float], place: int, name: str) -> dict[str, float]:
    """The bounds of a bin as conditions of the filter on `name` (data/filters.py, BOUNDED)."""
    found = {f"min_{name}": float(bins[place])} if place else {}
    return found | ({f"max_{name}": float(bins[place + 1])} if place + 1 < len(bins) else {})
