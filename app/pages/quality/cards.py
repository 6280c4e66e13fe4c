"""The cards of the page of quality that are figures, rows and tables."""

from __future__ import annotations

from typing import Any

from app.addresses import call_path, calls_link
from app.components.figure_card import figure_card
from app.components.guard import Parts
from app.components.kpi import KpiCard
from app.components.plain import Children, Plain, h
from app.components.rows import bar_row, coverage_line, nothing
from app.components.states import no_calls_here
from app.components.table import Head, cell, named, table
from app.figures import units
from app.figures.latency import LOOKS, remainder
from app.figures.palette import looks
from app.format import count, milliseconds, percent
from app.pages.quality import ids
from data.analysis.comparing import FEWEST
from data.callsets import MEASURE_NAMES
from data.possible import STAGES
from data.queries.conversations import CONVERSATION
from data.queries.quality import FIGURES, PERCENTILES, Quality, StageFigures
from data.times import to_datetime

_CARDS = {
    "p50_latency_ms": "speedometer",
    "p95_latency_ms": "speedometer",
    "p99_latency_ms": "speedometer",
    "user_interruptions": "person",
    "agent_interruptions": "broadcast",
    "silence": "pause",
    "turns": "compare",
}
_LEFT_OUT = (
    "Counted calls that carry a measured value which can't be: below zero, longer than the call, or a stage longer "
    "than the whole answer. The value is left out of every figure; the rest of the call counts."
)
_MOST_ROWS = 30


def no_latency(data: Quality, last: int | None = -1) -> Children:
    """Why there is no latency."""
    if data.total:
        return "No call of this range carries a latency."
    return no_calls_here(data.filter, last) if last != -1 else "No ended calls in this range."


def figures(data: Quality, *, compare: bool) -> Parts:
    """The key figures."""
    made = {
        name: figure_card(name, icon, data.report, compare=compare, kpi=FIGURES[name], unknown=_unknown(data, name))
        for name, icon in _CARDS.items()
    }
    kinds = ", ".join(f"{MEASURE_NAMES[name]} {count(n)}" for name, n in data.impossible.items())
    share = (
        percent(100 * data.impossible_calls / data.total) + " of calls"
        if data.impossible_calls
        else "none"
        if data.total
        else "no ended calls"
    )
    value = count(data.impossible_calls) if data.total else "–"
    left_out = KpiCard("Left out", "exclamation-triangle", value, _LEFT_OUT, exact=kinds, note=share)
    shown = [*list(made.values())[:3], left_out, *list(made.values())[3:]]
    return {name: {"children": card.children()} for name, card in zip(ids.KPIS, shown, strict=True)}


def _unknown(data: Quality, name: str) -> str:
    return "no call carries it" if data.total else "no ended calls"


def parts(data: Quality) -> Children:
    """The mean answer: its stages and what they leave unexplained, which add up to the whole."""
    if not data.parts:
        return nothing("No call of this range tells its latency by stage." if data.total else
                       "No ended calls in this range.")  # fmt: skip
    total, rest = data.parts["total"], remainder(data.parts)
    values = {name: data.parts[name] for name in STAGES} | {"rest": max(rest, 0.0)}
    top = max(*values.values(), 1e-9)
    rows = [
        bar_row(LOOKS[name][0], milliseconds(value), percent(100 * value / total) if total else "", value / top,
                tint=LOOKS[name][1])
        for name, value in values.items()
    ]  # fmt: skip
    link = calls_link(data.filter, "itemised")
    whole = h("Li", h("A", [h("Span", LOOKS["total"][0], cls="vh-row-name"),
                            h("Span", f"n = {count(data.itemised)}", cls="vh-row-note"),
                            h("Span", milliseconds(total), cls="vh-row-value")], href=link, cls="vh-row"))  # fmt: skip
    found: list[Plain] = [h("Ul", [*rows, whole], cls="vh-rows")]
    if rest < 0:
        words = f"The stages run side by side: they add up to {milliseconds(-rest)} more than the whole."
        found.append(h("P", words, cls="vh-note"))
    return [*found, coverage_line(data.itemised, data.total, "Stages")]


_HEADS = (
    Head("Stage"),
    Head("Mean"),
    Head("p50", "Half of the calls had less."),
    Head("p95", "95 % of the calls had less."),
    Head("p99", "99 % of the calls had less."),
    Head("Known for", "The share of the counted calls that carry a value that can be."),
    Head("Left out", "Calls whose value can't be."),
)


def stages(data: Quality) -> Children:
    """Percentiles of each stage, and on how many calls they rest."""
    if not data.total:
        return nothing("No ended calls in this range.")
    return table(_HEADS, [_stage(data, one) for one in data.stages], caption="Latency by stage")


def _stage(data: Quality, one: StageFigures) -> list[Plain]:
    label, tint, _ = LOOKS[one.name]
    of, column = ("measured", "latency_ms") if one.name == "total" else (f"measured_{one.name}", STAGES[one.name])
    few = one.calls < FEWEST
    figures = [one.mean, *one.percentiles.values()]
    return [
        named(label, tint=tint),
        *(cell(milliseconds(value), tip=units.exact(value, "ms") or "no call of this range carries it",
               few=few and bool(one.calls)) for value in figures),
        cell(percent(100 * one.calls / data.total), tip=f"{count(one.calls)} of {count(data.total)} calls",
             note=f"n = {one.calls}" if few and one.calls else "",
             link=calls_link(data.filter, of) if one.calls else ""),
        cell(count(one.impossible),
             link=calls_link(data.filter, f"impossible_{column}") if one.impossible else ""),
    ]  # fmt: skip


def slowest(data: Quality) -> Children:
    """The calls with the highest latency, each a way to its page."""
    if not data.slowest:
        return nothing("No call of this range carries a latency." if data.total else "No ended calls in this range.")
    rows = [h("Li", h("A", _slow(data, call), href=call_path(call["source"], call["call_id"]), cls="vh-row",
                      data_nav="1")) for call in data.slowest]  # fmt: skip
    found: list[Plain] = [h("Ul", rows, cls="vh-rows")]
    if data.slow is not None and data.slow[1] > len(data.slowest):
        bound, n = data.slow
        link = calls_link(data.filter, "measured", min_latency=bound)
        words = f"The slowest 5 %: {count(n)} calls from {milliseconds(bound)} on"
        found.append(h("P", h("A", words, href=link), cls="vh-note vh-link-line"))
    return found


def _slow(data: Quality, call: dict[str, Any]) -> list[Plain]:
    known = {name: call[column] for name, column in STAGES.items() if call[column] is not None}
    worst = max(known, key=lambda name: known[name], default="")
    beside = f"{LOOKS[worst][0].lower()} {milliseconds(known[worst])}" if worst else "stages not known"
    when = to_datetime(int(call["started_at"]), data.filter.zone)
    return [
        h("Span", f"{when:%d %b, %H:%M} {call['agent'] or 'no agent'}", cls="vh-row-name"),
        h("Span", beside, cls="vh-row-note"),
        h("Span", milliseconds(call["latency_ms"]), cls="vh-row-value"),
    ]


def by_value(data: Quality, by: str) -> Children:
    """Agents or versions side by side."""
    frame = data.table
    if not len(frame):
        what = "version" if by == "agent_version" else "agent"
        return nothing(f"No call of this range names its {what}." if data.total else "No ended calls in this range.")
    tints = looks(str(name) for name in frame["name"])
    heads = [
        Head("Version" if by == "agent_version" else "Agent"),
        Head("Calls"),
        *(Head(f"{p} latency", FIGURES[f"{p}_latency_ms"].definition) for p in PERCENTILES),
        *(Head(kpi.label, kpi.definition) for kpi in CONVERSATION.values()),
    ]
    shown = frame.head(_MOST_ROWS).to_dict("records")
    tops = {name: float(frame[name].max()) or 1.0 for name in (*PERCENTILES, *CONVERSATION)}
    rows = [_row(data, row, by, tints[str(row["name"])][0], tops) for row in shown]
    made: list[Plain] = [table(heads, rows, caption=f"Quality by {by.replace('_', ' ')}")]
    if len(frame) > len(shown):
        made.append(h("P", f"The {_MOST_ROWS} with the most calls; filter to see others.", cls="vh-note"))
    return made


def _row(data: Quality, row: dict[Any, Any], by: str, tint: str, tops: dict[str, float]) -> list[Plain]:
    name = str(row["name"])
    narrowed = {by: (name,)}

    def figure(key: str, unit: str, n: int, of: str) -> Plain:
        value, few = row[key], n < FEWEST
        if not n:
            return cell("–", tip="no call carries it")
        return cell(units.text(value, unit), few=few, note=f"n = {n}" if few else "",
                    tip=f"{units.exact(value, unit)}, n = {count(n)}", link=calls_link(data.filter, of, **narrowed),
                    bar=-1 if few else min(max(value / tops[key], 0.0), 1.0))  # fmt: skip

    return [
        named(name, tint=tint),
        cell(count(row["calls"]), link=calls_link(data.filter, "counted", **narrowed)),
        *(figure(p, "ms", int(row["measured"]), "measured") for p in PERCENTILES),
        *(figure(key, kpi.unit, int(row[f"n.{key}"]), key) for key, kpi in CONVERSATION.items()),
    ]
