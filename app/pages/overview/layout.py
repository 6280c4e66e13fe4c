"""Where everything stands on the overview."""

from __future__ import annotations

from typing import Any

from app.components.card import card, chart_card, kpi_card
from app.components.filterbar import filter_bar
from app.components.plain import Plain, h
from app.pages.overview import ids

Parts = dict[str, dict[str, Any]]


def layout(parts: Parts, live: Any) -> Plain:
    """The page with its first values; without values every card shows its skeleton until the first answer."""
    return h(
        "Div",
        [
            h("H1", "Overview", cls="visually-hidden"),
            filter_bar(parts, live),
            h("Div", id=ids.EMPTY, **parts.get(ids.EMPTY, {"className": "vh-empty d-none"})),
            h("Div", [kpi_card(name, parts) for name in ids.KPIS], cls="vh-grid vh-kpis"),
            h("Div", [*_calls(parts), *_machine(parts)], cls="vh-grid"),
        ],
    )


def _calls(parts: Parts) -> list[Plain]:
    return [
        chart_card(
            "Call volume", ids.VOLUME, parts, unit="calls by status", span="vh-span-8 vh-tall",
            definition="Calls by the time they began and how they ended. The lighter bar is not over yet; the dashed "
            "line is the previous period.",
        ),
        card(
            "Recent activity", h("Div", id=ids.FEED, cls="vh-feed-box", tabIndex=0, **parts.get(ids.FEED, {})),
            span="vh-span-4 vh-tall",
        ),
    ]  # fmt: skip


def _machine(parts: Parts) -> list[Plain]:
    return [
        chart_card(
            "Call duration", ids.DURATIONS, parts, unit="percentiles", span="vh-span-4",
            definition="p95: 95 % of the answered calls that began in the bucket were shorter. Exact percentiles, not "
            "estimates; a bucket without a call is a gap.",
        ),
        chart_card(
            "API response time", ids.RESPONSE, parts, unit="ms", span="vh-span-4",
            definition="How long this server took to answer, since it started: the median, and the worst 95th "
            "percentile of each step.",
        ),
        chart_card(
            "System health", ids.LOAD, parts, unit="% in use", span="vh-span-4",
            definition="Processor and memory of the machine that VoiceHive runs on, since it started.",
        ),
    ]  # fmt: skip
