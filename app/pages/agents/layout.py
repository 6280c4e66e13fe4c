"""Where everything stands on the page of agents: all of them, or the one that the filter holds."""

from __future__ import annotations

from typing import Any

from app.components.card import card, chart_card, kpi_card
from app.components.filterbar import filter_bar
from app.components.plain import Plain, h
from app.pages.agents import ids

Parts = dict[str, dict[str, Any]]

_SPREAD = (
    "Of each agent's answered calls: the line reaches from the 5th to the 95th percentile, the box from the 25th to "
    "the 75th, the tick is the median."
)
_VERSIONS = (
    "The two versions of an agent that took the latest calls of the range. Success rates are compared by a pooled "
    "z-test with Newcombe's interval, durations by the Mann-Whitney test. They ran at different times: what else "
    "changed between them shows here, too."
)


def layout(parts: Parts, live: Any) -> Plain:
    """The page with its first values; without values every card shows its skeleton until the first answer."""
    return h(
        "Div",
        [
            h("H1", "Agents", cls="visually-hidden"),
            filter_bar(parts, live),
            h("Div", id=ids.EMPTY, **parts.get(ids.EMPTY, {"className": "vh-empty d-none"})),
            h("Div", _board(parts), id=ids.BOARD, **parts.get(ids.BOARD, {"className": "vh-grid"})),
            h("Div", _one(parts), id=ids.ONE, **parts.get(ids.ONE, {"className": "d-none"})),
        ],
    )


def _fill(name: str, parts: Parts) -> Plain:
    return h("Div", id=name, cls="vh-fill", **parts.get(name, {}))


def _board(parts: Parts) -> list[Plain]:
    return [
        card(
            "Leaderboard", _fill(ids.TABLE, parts), unit="by agent",
            definition="The bar beside a success rate is its 95 % interval (Wilson): where two overlap much, the order "
            "may be chance. Grey: fewer than 30 calls.",
        ),
        card("Duration", _fill(ids.SPREAD, parts), unit="of answered calls", definition=_SPREAD, span="vh-span-6"),
        card("Versions", _fill(ids.VERSIONS, parts), unit="the newer against the older", definition=_VERSIONS,
             span="vh-span-6"),
    ]  # fmt: skip


def _one(parts: Parts) -> list[Plain]:
    charts = [
        chart_card("Calls", ids.VOLUME, parts, unit="by status", span="vh-span-8 vh-tall",
                   definition="Calls by the time they began and how they ended. A click opens the calls."),
        card("Recent calls", h("Div", id=ids.FEED, cls="vh-feed-box", tabIndex=0, **parts.get(ids.FEED, {})),
             span="vh-span-4 vh-tall"),
        chart_card("Duration", ids.DURATIONS, parts, unit="percentiles", span="vh-span-6",
                   definition="p95: 95 % of the answered calls that began in the bucket were shorter."),
        chart_card("Spread of durations", ids.HISTOGRAM, parts, unit="% of answered calls", span="vh-span-6",
                   definition="The share of the answered calls in each span; dashed: all agents of the same filter."),
        card("End reasons", _fill(ids.REASONS, parts), unit="of counted calls", span="vh-span-6",
             definition="Why calls ended, in the platform's words; the most frequent first."),
        card("Versions", _fill(ids.PAIR, parts), unit="one against another", definition=_VERSIONS, span="vh-span-6"),
    ]  # fmt: skip
    return [
        h("Div", id=ids.NAME, cls="vh-page-head", **parts.get(ids.NAME, {})),
        h("Div", [kpi_card(name, parts) for name in ids.KPIS], cls="vh-grid vh-kpis"),
        h("Div", charts, cls="vh-grid"),
    ]
