"""The whole range in figures, and weekday x hour."""

from __future__ import annotations

from typing import Any

from app.addresses import calls_link
from app.components.card import card_head
from app.components.guard import Parts
from app.components.heat import Cell, heatmap, legend, too_short
from app.components.plain import Plain, h
from app.figures import units
from app.figures.palette import looks
from app.figures.trend import data_axis, label, outside
from app.format import count, percent, trend
from app.pages.trends import ids
from app.pages.trends.chosen import DIMENSIONS
from data.callsets import behind
from data.kpis import KPIS
from data.queries.trends import ADDITIVE, Line, Trends
from data.times import DAY

#: A rate of fewer calls moves by chance.
FEW_CALLS = 30


def whole_parts(data: Trends) -> Parts:
    """One row for all calls and one for each value, each a way to its calls."""
    kpi = KPIS[data.metric]
    title = f"Whole range by {DIMENSIONS[data.by].lower()}" if data.by else "Whole range"
    definition = f"{kpi.label}: {kpi.definition} n: the calls it is computed from."
    tints = looks(each.name for each in data.lines)
    rows = [_row(data, data.total, "All calls", None), *(
        _row(data, each, label(data.by, each.name), tints[each.name][0]) for each in data.lines
    )]  # fmt: skip
    if not data.by:
        rows += _extremes(data)
    return {
        ids.WHOLE_HEAD: {"children": card_head(title, unit=kpi.label.lower(), definition=definition)},
        ids.WHOLE: {"children": h("Ul", rows, cls="vh-rows")},
    }


def _row(data: Trends, each: Line, name: str, tint: str | None) -> Plain:
    kpi = KPIS[data.metric]
    narrowed: dict[str, Any] = {data.by: each.values} if data.by and each.values else {}
    linked = not each.name or bool(each.values)
    value = units.text(each.whole, kpi.unit, data.currency)
    beside = "" if kpi.unit == "calls" else f"n = {count(each.whole_n)}"
    if kpi.unit == "calls" and each.name and data.total.whole:
        beside = percent(100 * (each.whole or 0) / data.total.whole)
    few = kpi.unit != "calls" and each.whole_n < FEW_CALLS
    content = [
        h("Span", cls="vh-swatch", style={"background": f"var(--vh-{tint})"}, aria_hidden="true") if tint else None,
        h("Span", name, cls="vh-row-name"),
        h("Span", value, cls="vh-row-value" + (" vh-few" if few else ""),
          data_tip=units.exact(each.whole, kpi.unit, data.currency) or "not known in this range"),
        h("Span", _beside(data, each, beside), cls="vh-row-note"),
    ]  # fmt: skip
    inner = [part for part in content if part]
    if not linked or not each.whole_n:
        return h("Li", h("Div", inner, cls="vh-row"))
    return h("Li", h("A", inner, href=calls_link(data.filter, behind(data.metric), **narrowed), cls="vh-row"))


def _beside(data: Trends, each: Line, words: str) -> list[Any]:
    change = _change(data, each)
    return [words, " · ", *change] if words and change else [words, *change]


def _extremes(data: Trends) -> list[Plain]:
    """The previous period, and the lowest and highest bucket with their calls."""
    kpi, axis = KPIS[data.metric], data_axis(data)
    rows = []
    if data.total.previous_whole:
        rows.append(_fact("Previous period", units.text(data.total.previous_whole, kpi.unit, data.currency)))
    if not data.total.whole_n:
        return rows
    known = [(v, i) for i, v in enumerate(data.total.series) if v is not None and i != axis.running]
    spans = axis.spans()
    for name, found in (("Highest", max(known, default=None)), ("Lowest", min(known, default=None))):
        if found is not None:
            value, i = found
            # The first bucket may begin before the range.
            start, end = max(data.edges[i], data.filter.start or 0), min(data.edges[i + 1], data.filter.end or 0)
            link = calls_link(data.filter, behind(data.metric), start=start, end=end)
            rows.append(_fact(name, units.text(value, kpi.unit, data.currency), spans[i], link))
    if data.band is not None:
        rows.append(_fact("Outside the normal band", count(len(outside(data))), f"of {count(len(known))} buckets"))
    return rows


def _fact(name: str, value: str, beside: str = "", link: str = "") -> Plain:
    inner = [h("Span", name, cls="vh-row-name"), h("Span", value, cls="vh-row-value")]
    if beside:
        inner.append(h("Span", beside, cls="vh-row-note"))
    return h("Li", h("A", inner, href=link, cls="vh-row") if link else h("Div", inner, cls="vh-row"))


def _change(data: Trends, each: Line) -> list[Plain]:
    kpi = KPIS[data.metric]
    # Where nothing was before, a growth from nothing says nothing.
    found = trend(each.whole, each.previous_whole or None, kpi.better, kpi.unit)
    if found is None:
        return []
    sign = {"up": "▲ ", "down": "▼ ", "flat": ""}[found.direction]
    tone = found.verdict if each.whole_n >= FEW_CALLS or kpi.unit == "calls" else "neutral"
    return [h("Span", sign + (found.relative or found.absolute), cls=f"vh-trend vh-{tone}",
              data_tip="Against the same elapsed part of the previous period")]  # fmt: skip


def heat_parts(data: Trends) -> Parts:
    """Weekday x hour, or why there is none."""
    kpi = KPIS[data.metric]
    definition = f"{kpi.definition} By weekday and hour of the zone's clock, over the whole range."
    head = card_head("Weekday and hour", unit=f"{kpi.label.lower()}, {data.filter.zone}", definition=definition)
    span = (data.filter.end or 0) - (data.filter.start or 0)
    return {
        ids.HEAT_HEAD: {"children": head},
        ids.HEAT: {"children": _field(data) if span >= 6 * DAY else too_short()},
    }


def _field(data: Trends) -> Plain:
    if not len(data.heat):
        return h("Div", "No calls in this range.", cls="vh-nothing")
    kpi, of = KPIS[data.metric], behind(data.metric)
    values = data.heat.dropna(subset=["value"])
    low = 0.0 if data.metric in ADDITIVE else float(values["value"].min()) if len(values) else 0.0
    high = float(values["value"].max()) if len(values) else 1.0
    cells = {}
    for row in values.itertuples(index=False):
        day, hour, value, n = int(row.weekday), int(row.hour), float(row.value), int(row.n)  # type: ignore[arg-type]
        words = units.text(value, kpi.unit, data.currency) + (f", n = {count(n)}" if kpi.unit != "calls" else " calls")
        share = 0.5 if high == low else (value - low) / (high - low)
        link = calls_link(data.filter, of, weekday=(day,), hour=(hour,))
        cells[day, hour] = Cell(share, units.short(value, kpi.unit, high), words, link)
    return h("Div", [heatmap(cells), legend(low, high, kpi.unit, data.currency)])
