"""The cards of the service level that are figures, rows and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.addresses import calls_link
from app.components.figure_card import figure_card
from app.components.guard import Parts
from app.components.kpi import KpiCard
from app.components.plain import Children, Plain, h
from app.components.rows import bar_row, nothing
from app.components.states import no_calls_here
from app.components.table import Head, cell, named, table
from app.figures import units
from app.format import count, duration, percent
from app.pages.service_level import ids
from app.pages.service_level.chosen import Chosen
from app.pages.service_level.layout import OCCUPANCY
from data.analysis.comparing import FEWEST
from data.filters import UNKNOWN
from data.kpis import KPIS
from data.queries.concurrency import earliest
from data.queries.service import SHORT_ABANDON_SECONDS, WAITED, Service
from data.times import to_datetime

_NO_QUEUE = "no call joined a queue"
_PEAK = "The most calls that were going on at the same moment, waiting ones included; exact."
_LONGEST = "The longest wait of an offered call, whether it was answered or not."
_MOST_AGENTS = 8
_MINUTE = 60


def none_offered(data: Service, last: int | None) -> Children:
    """Why there is no service level."""
    if data.report.current.get("total_calls"):
        return "No inbound call of this range joined a queue."
    return no_calls_here(data.filter, last)


def none_waited(data: Service) -> str:
    """Why there are no waits."""
    return "No wait is known of the offered calls." if data.report.current.get("offered") else "No offered calls."


def formula(data: Service, chosen: Chosen) -> Children:
    """How the service level was computed, with its numbers."""
    offered = int(data.report.current.get("offered") or 0)
    level = data.report.current.get("service_level")
    left = round((data.report.current.get("abandonment_rate") or 0) * offered / 100)
    whole = offered - left if chosen.threshold.abandoned == "exclude" else offered
    words = f"Service level = {chosen.formula}"
    if level is None:
        return f"{words}; no offered calls to compute it from"
    within = round(level * whole / 100)
    numbers = f"{count(offered)} − {count(left)}" if chosen.threshold.abandoned == "exclude" else count(offered)
    shown = f"({numbers})" if "−" in numbers else numbers
    return f"{words} = {count(within)} / {shown} = {percent(level)}"


def figures(data: Service, chosen: Chosen, *, compare: bool) -> Parts:
    """The key figures."""
    report = data.report
    level = replace(KPIS["service_level"], definition=f"{chosen.formula.capitalize()}. Offered: inbound calls that "
                    "joined a queue.")  # fmt: skip
    soon = f"{count(data.left_soon)} within {SHORT_ABANDON_SECONDS} s" if data.left_soon else ""
    abandonment = figure_card("abandonment_rate", "person", report, compare=compare, note=soon, unknown=_NO_QUEUE)
    longest = KpiCard("Longest wait", "clock", duration(data.longest_wait), _LONGEST,
                      exact=units.exact(data.longest_wait, "s"),
                      note="of offered calls" if data.longest_wait is not None else _NO_QUEUE)  # fmt: skip
    p95 = figure_card("p95_wait_seconds", "clock", report, compare=compare, unknown=_NO_QUEUE)
    made = [
        figure_card("service_level", "speedometer", report, compare=compare, kpi=level, unknown=_NO_QUEUE),
        figure_card("asa_seconds", "clock", report, compare=compare, unknown="no call with a known wait was answered"),
        abandonment,
        figure_card("offered", "telephone", report, compare=compare),
        replace(p95, coverage=_waits_known(data)),
        longest,
        _occupancy(data),
        _peak(data),
    ]
    return {name: {"children": card.children()} for name, card in zip(ids.KPIS, made, strict=True)}


def _waits_known(data: Service) -> float | None:
    """Of how many of the offered calls the wait is known, percent."""
    offered = data.report.current.get("offered")
    return 100 * float(data.waits[list(WAITED)].to_numpy().sum()) / offered if offered else None


def _occupancy(data: Service) -> KpiCard:
    found, value = data.occupancy, data.occupancy.percent
    if value is None:
        return KpiCard("Occupancy", "broadcast", "–", OCCUPANCY, note="no call of a known agent was answered")
    n = len(found.agents)
    note = f"{count(n)} agent{'' if n == 1 else 's'}" + (", several calls at once" if value > 100 else "")
    exact = f"{duration(found.handled)} of {duration(found.active)}"
    return KpiCard("Occupancy", "broadcast", percent(value), OCCUPANCY, exact=exact, note=note)


def _peak(data: Service) -> KpiCard:
    busy = data.busy
    note = f"at {moment(busy.at, data.filter.zone)}" if busy.at is not None else "no call was going on"
    return KpiCard("Most calls at once", "telephone", count(busy.peak), _PEAK, note=note)


def moment(instant: int | None, zone: str) -> str:
    """An instant on the zone's clock."""
    return f"{to_datetime(instant, zone):%a %d %b %Y, %H:%M:%S}" if instant is not None else "–"


_HEADS = (
    Head("Queue"),
    Head("Offered", KPIS["offered"].definition),
    Head("Service level", "As chosen above."),
    Head("Abandonment", KPIS["abandonment_rate"].definition),
    Head("Speed of answer", KPIS["asa_seconds"].definition),
    Head("p95 wait", KPIS["p95_wait_seconds"].definition),
    Head("Longest wait", _LONGEST),
)


def queues(data: Service) -> Children:
    """Each queue with its figures; those of the rates rest on its offered calls."""
    if not len(data.queues):
        return nothing(_NO_QUEUE.capitalize() + " in this range.")
    rows = [_queue(data, row) for row in data.queues.to_dict("records")]
    return table(_HEADS, rows, caption="Service by queue")


def _queue(data: Service, row: dict[Any, Any]) -> list[Plain]:
    queue, offered = str(row["queue"]), int(row["offered"])
    narrowed = {"queue": (queue,)}
    few = offered < FEWEST

    def figure(key: str, unit: str, of: str, n: int) -> Plain:
        value = row[key]
        if value is None or math.isnan(value):
            return cell("–", tip="no such call")
        bar = value / 100 if unit == "%" and not few else -1
        return cell(units.text(value, unit), tip=f"{units.exact(value, unit)}, n = {count(n)}", few=few, bar=bar,
                    link=calls_link(data.filter, of, **narrowed))  # fmt: skip

    longest = row["longest"]
    return [
        named("No queue named" if queue == UNKNOWN else queue),
        cell(count(offered), link=calls_link(data.filter, "offered", **narrowed)),
        figure("service_level", "%", "offered", offered),
        figure("abandonment_rate", "%", "abandoned", int(row["n.abandoned"])),
        figure("asa_seconds", "s", "answered_waited", int(row["n.answered_waited"])),
        figure("p95_wait_seconds", "s", "waited", int(row["n.waited"])),
        cell(duration(longest), tip=units.exact(longest, "s") or "no such call"),
    ]


def busy_agents(data: Service) -> Children:
    """How busy each agent was, and the way to the calls of the peak."""
    found = data.occupancy
    rows: list[Plain] = []
    shown = found.agents[found.agents["active"] > 0].head(_MOST_AGENTS)
    shares = [100 * h_ / a for h_, a in zip(shown["handled"], shown["active"], strict=True)]
    top = max([100.0, *shares])
    columns = (shown["agent"], shown["calls"], shown["handled"], shown["active"], shares)
    for agent, n, handled, active, share in zip(*columns, strict=True):
        beside = f"{duration(handled)} of {duration(active)}"
        rows.append(bar_row(str(agent), percent(share), beside, share / top,
                            calls_link(data.filter, "timed", agent=(agent,)), tip=f"{count(n)} calls"))  # fmt: skip
    made: list[Plain] = [h("Ul", rows, cls="vh-rows") if rows else nothing("No call of a known agent was answered.")]
    if len(found.agents) > len(shown):
        made.append(
            h("P", f"The {len(shown)} with the most handled time of {count(len(found.agents))}.", cls="vh-note")
        )
    if data.busy.at is not None:
        words = f"The {count(data.busy.peak)} calls that were going on at the peak"
        made.append(h("P", h("A", words, href=peak_link(data)), cls="vh-note vh-link-line vh-peak"))
    return made


def peak_link(data: Service) -> str:
    """The calls that were going on at the peak, whenever they began."""
    at = data.busy.at
    assert at is not None
    return calls_link(data.filter, start=earliest(data.filter), end=at + 1, at=at)


def span_label(bins: Sequence[float], place: int) -> str:
    """What a bar covers: "20–30 s", "1–1.5 m", "10 m +"."""
    low = bins[place]
    if place == len(bins) - 1:
        return f"{short_seconds(low)} +"
    high = bins[place + 1]
    return f"{low:g}–{high:g} s" if high <= _MINUTE else f"{short_seconds(low)} – {short_seconds(high)}"


def short_seconds(seconds: float) -> str:
    """45 s · 1.5 m."""
    return f"{seconds:g} s" if seconds < _MINUTE else f"{seconds / _MINUTE:g} m"
