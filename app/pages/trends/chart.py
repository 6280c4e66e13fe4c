"""The chart of the trends and its words."""

from __future__ import annotations

from collections.abc import Sequence

from app.components.card import card_head
from app.components.guard import Parts
from app.components.plain import Children, h
from app.components.states import no_calls_here, note
from app.figures import units
from app.figures.trend import label, outside, trend
from app.format import count
from app.pages.trends import ids
from app.pages.trends.chosen import DIMENSIONS, Chosen
from data.kpis import KPIS
from data.queries.marks import Mark
from data.queries.trends import Trends

_UNITS = {"s": "seconds", "ms": "milliseconds", "%": "percent", "money": "cost", "of 5": "of 5", "calls": "calls"}
_BAND = (
    " Normal: the median of the same time of the week in the six weeks before, and three scaled median absolute "
    "deviations up and down."
)


def parts(data: Trends, chosen: Chosen, happened: Sequence[Mark], last: int | None, revision: str) -> Parts:
    """Head, chart and note."""
    kpi = KPIS[data.metric]
    by = f" by {DIMENSIONS[data.by].lower()}" if data.by else ""
    banded = chosen.band and not data.by
    figure = trend(data, view=chosen.view, marks=happened, band=banded, revision=revision)
    definition = kpi.definition + (_BAND if banded and data.band else "") + " A click opens the calls."
    head = card_head(f"{kpi.label}{by}", unit=_UNITS.get(kpi.unit, kpi.unit), definition=definition)
    empty = not figure["data"]
    sentence: Children = no_calls_here(data.filter, last) if empty else ""
    if empty and data.total.whole_n == 0 and _counted(data):
        sentence = h("Div", f"No call of this range carries what this figure needs: {kpi.definition[0].lower()}"
                            f"{kpi.definition[1:]}")  # fmt: skip
    grid = figure["layout"].get("meta", {}) if not empty else {}
    size = {"--rows": str(grid.get("rows", 0)), "--cells": str(grid.get("cells", 0))}
    small = bool(grid.get("rows"))
    return {
        ids.HEAD: {"children": head},
        ids.CHART: {"figure": figure, "className": "vh-multiples" if small else "", "style": size if small else {}},
        f"{ids.CHART}-note": {"children": note("" if empty else _words(data, happened, banded), sentence)},
    }


def _counted(data: Trends) -> bool:
    return data.metric not in ("total_calls", "offered") and bool(data.total.n)


def _words(data: Trends, happened: Sequence[Mark], banded: bool) -> str:
    """The chart for those who can't see it."""
    kpi = KPIS[data.metric]

    def said(value: float | None) -> str:
        return units.text(value, kpi.unit, data.currency)

    found = [f"{kpi.label} over the whole range: {said(data.total.whole)}"]
    if data.total.previous_whole is not None:
        found[0] += f", in the previous period {said(data.total.previous_whole)}"
    known = [(v, i) for i, v in enumerate(data.total.series) if v is not None]
    if known:
        found.append(f"lowest {said(min(known)[0])}, highest {said(max(known)[0])} a bucket")
    if data.lines:
        found.append(", ".join(f"{label(data.by, each.name)} {said(each.whole)}" for each in data.lines))
    unusual = outside(data) if banded else []
    if unusual:
        found.append(f"{count(len(unusual))} of {count(len(data.total.series))} buckets lie outside the normal band")
    if happened:
        found.append("; ".join(mark.text for mark in happened[:5]))
    return ". ".join(found) + "."
