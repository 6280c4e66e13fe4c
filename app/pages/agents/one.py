"""One agent: key figures, course, durations, end reasons, versions, recent calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from app.addresses import calls_link
from app.components.choices import choice_menu
from app.components.feed import feed
from app.components.figure_card import figure_card
from app.components.guard import Parts, guarded
from app.components.plain import Plain, h
from app.components.states import no_calls_here, note
from app.figures import drill, durations, volume
from app.figures.histogram import bin_label, histogram
from app.format import count, duration, percent
from app.pages.agents import ids
from app.pages.agents.board import comparison_item
from data.analysis.comparing import wilson
from data.filters import UNKNOWN
from data.queries.board import DURATION_BINS, Board
from data.queries.overview import SHOWN, Overview

if TYPE_CHECKING:
    from app.filters import PageFilter

CARDS = {
    "total_calls": "telephone",
    "success_rate": "check-circle",
    "aht_seconds": "clock",
    "p95_duration_seconds": "clock",
    "csat": "star",
    "cost_per_call": "coin",
    "avg_latency_ms": "speedometer",
    "error_rate": "exclamation-triangle",
}
_MOST_REASONS = 8


@dataclass(frozen=True, slots=True)
class One:
    """All that the page of one agent shows. reasons: end_reason, calls; spread and everyone: calls a duration bin."""

    overview: Overview
    board: Board
    reasons: pd.DataFrame
    spread: list[int]
    everyone: list[int]


def one_parts(page: PageFilter, data: One, revision: str) -> Parts:
    """The parts of the one agent that the filter holds."""
    agent = data.overview.filter.agent[0]
    found: Parts = {ids.NAME: {"children": _name(agent)}}
    found |= guarded(ids.KPIS, "Key figures", lambda: _cards(page, data))
    found |= guarded((ids.VOLUME,), "Calls", lambda: _volume(data.overview, revision), chart=True)
    found |= guarded((ids.DURATIONS,), "Durations", lambda: _durations(data.overview, revision), chart=True)
    found |= guarded((ids.HISTOGRAM,), "Spread of durations", lambda: _histogram(agent, data, revision), chart=True)
    found |= guarded((ids.REASONS,), "End reasons", lambda: {ids.REASONS: {"children": _reasons(data)}})
    found |= guarded((ids.PAIR,), "Versions", lambda: {ids.PAIR: {"children": _pair(agent, data.board)}})
    activity = data.overview.activity
    found |= guarded(
        (ids.FEED,), "Recent calls", lambda: {ids.FEED: {"children": feed(activity, data.overview.filter.zone)}}
    )
    return found


def _name(agent: str) -> list[Plain]:
    back = h("Button", "All agents", type="button", cls="vh-button", data_query='{"agent":""}', data_fixed="1")
    return [h("H2", agent, cls="vh-page-title"), back]


def _cards(page: PageFilter, data: One) -> Parts:
    report = data.overview.kpis
    rows = data.board.agents
    interval = wilson(int(rows["successes"].sum()), int(rows["calls"].sum())) if len(rows) else None
    beside = f"{percent(100 * interval.low)} to {percent(100 * interval.high)}" if interval else ""
    made = [
        figure_card(key, icon, report, compare=page.compare, currency=data.board.currency,
                    note=beside if key == "success_rate" else "")
        for key, icon in CARDS.items()
    ]  # fmt: skip
    return {name: {"children": card.children()} for name, card in zip(ids.KPIS, made, strict=True)}


def _chart(name: str, figure: dict[str, Any], words: str, empty: Any) -> Parts:
    return {name: {"figure": figure}, f"{name}-note": {"children": note(words, "" if figure["data"] else empty)}}


def _volume(data: Overview, revision: str) -> Parts:
    drawn = tuple(status.value for status in SHOWN)
    chosen = replace(data.filter, status=data.filter.status or drawn)
    meta = drill.over_time(data.edges, chosen, series={n: {"status": n} for n in drawn}) if data.edges else None
    figure = volume.volume(data.volume, data.previous_total, step=data.step, zone=data.filter.zone, as_of=data.as_of,
                           revision=revision, meta=meta)  # fmt: skip
    totals = {label: int(data.volume[n].sum()) for n, label in volume.STATUSES.items()}
    words = ", ".join(f"{label.lower()} {count(n)}" for label, n in totals.items() if n)
    return _chart(ids.VOLUME, figure, f"Calls by status: {words}.", no_calls_here(data.filter, data.newest))


def _durations(data: Overview, revision: str) -> Parts:
    meta = drill.over_time(data.edges, data.filter, "timed") if data.edges else None
    figure = durations.durations(data.durations, step=data.step, zone=data.filter.zone, as_of=data.as_of,
                                 revision=revision, meta=meta)  # fmt: skip
    p50, p95 = (data.spread[p] for p in ("p50", "p95"))
    words = f"Over the whole range: median {duration(p50)}, p95 {duration(p95)}."
    return _chart(ids.DURATIONS, figure, words, "No answered calls in this range.")


def _histogram(agent: str, data: One, revision: str) -> Parts:
    chosen = data.overview.filter
    figure = histogram(DURATION_BINS, data.spread, data.everyone, chosen, name=agent, revision=revision)
    total = sum(data.spread)
    shares = [f"{bin_label(DURATION_BINS, i)} {percent(100 * n / total)}" for i, n in enumerate(data.spread) if n]
    words = f"Answered calls by duration: {', '.join(shares)}."
    return _chart(ids.HISTOGRAM, figure, words, "No answered calls in this range.")


def _reasons(data: One) -> Plain:
    chosen, frame = data.overview.filter, data.reasons.head(_MOST_REASONS)
    total = int(data.reasons["calls"].sum())
    if not total:
        return h("Div", "No ended calls in this range.", cls="vh-nothing")
    rows = []
    for reason, n in zip(frame["end_reason"].tolist(), frame["calls"].tolist(), strict=True):
        shown = "Not known" if reason == UNKNOWN else reason
        inner = [
            h("Span", shown, cls="vh-row-name"),
            h("Span", percent(100 * n / total), cls="vh-row-note"),
            h("Span", count(n), cls="vh-row-value"),
            h("Span", cls="vh-bar", style={"--value": f"{n / frame['calls'].max():.3f}"}, aria_hidden="true"),
        ]
        rows.append(h("Li", h("A", inner, href=calls_link(chosen, "counted", end_reason=(reason,)), cls="vh-row")))
    rest = int(data.reasons["calls"].iloc[_MOST_REASONS:].sum())
    if rest:
        rows.append(h("Li", h("Div", [h("Span", "Other reasons", cls="vh-row-name"),
                                      h("Span", percent(100 * rest / total), cls="vh-row-note"),
                                      h("Span", count(rest), cls="vh-row-value")], cls="vh-row")))  # fmt: skip
    return h("Ul", rows, cls="vh-rows")


def _pair(agent: str, data: Board) -> list[Plain]:
    found = data.versions.get(agent, [])
    if not found:
        return [h("Div", "No call of this agent names its version.", cls="vh-nothing")]
    rows = [
        h("Li", h("A", [
            h("Span", version.version, cls="vh-row-name"),
            h("Span", f"success {percent(100 * version.successes / version.calls)} · median "
              f"{duration(version.median_seconds)}", cls="vh-row-note"),
            h("Span", count(version.calls), cls="vh-row-value"),
        ], href=calls_link(data.filter, "counted", agent_version=(version.version,)), cls="vh-row"))
        for version in reversed(found)
    ]  # fmt: skip
    listed = [h("Ul", rows, cls="vh-rows")]
    for pair in data.comparisons:
        options = {version.version: version.version for version in found}
        menus = [choice_menu("a", "Compare", options, pair.a.version, ""),
                 choice_menu("b", "with", options, pair.b.version, "")]  # fmt: skip
        listed.append(h("Div", menus, cls="vh-choices vh-pair") if len(found) > 2 else h("Div"))
        listed.append(h("Ul", comparison_item(pair, named=False), cls="vh-verdicts"))
    return listed
