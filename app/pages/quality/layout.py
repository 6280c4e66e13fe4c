"""Where everything stands on the page of quality."""

from __future__ import annotations

from typing import Any

from app.components.card import card, chart_card, kpi_card, live_head
from app.components.filterbar import filter_bar
from app.components.plain import Plain, h
from app.pages.quality import ids

Parts = dict[str, dict[str, Any]]

_COMPOSITION = (
    "Mean latency of the calls that carry an end-to-end latency and at least one stage. Unexplained: what no stage "
    "accounts for, such as waiting for the end of speech, or a stage that the platform does not report. Stages that "
    "run side by side may add up to more than the whole. A click opens the calls."
)
_STAGES = (
    "Each call carries the mean latency of its answers, for each stage. Percentiles are over calls and exact. Left "
    "out: values below zero, longer than their call, or of a stage longer than the whole."
)
_SLOWEST = "The calls with the highest end-to-end latency that can be; each opens the call."


def layout(parts: Parts, live: Any) -> Plain:
    """The page with its first values; without values every card shows its skeleton until the first answer."""
    return h(
        "Div",
        [
            h("H1", "Quality", cls="visually-hidden"),
            filter_bar(parts, live),
            h("Div", id=ids.CHOICES, cls="vh-choices", role="group", aria_label="Latency over time",
              **parts.get(ids.CHOICES, {})),
            h("Div", id=ids.EMPTY, **parts.get(ids.EMPTY, {"className": "vh-empty d-none"})),
            h("Div", [kpi_card(name, parts) for name in ids.KPIS], cls="vh-grid vh-kpis"),
            h("Div", _cards(parts), cls="vh-grid"),
        ],
    )  # fmt: skip


def _fill(name: str, parts: Parts) -> Plain:
    return h("Div", id=name, cls="vh-fill", **parts.get(name, {}))


def _cards(parts: Parts) -> list[Plain]:
    lines = live_head(ids.LINES_HEAD, parts, "Latency over time")
    compared = live_head(ids.TABLE_HEAD, parts, "By agent")
    return [
        chart_card("Where the time goes", ids.COMPOSITION, parts, unit="mean, ms", definition=_COMPOSITION,
                   span="vh-span-8 vh-tall"),
        card("Slowest calls", _fill(ids.SLOWEST, parts), unit="end to end", definition=_SLOWEST, span="vh-span-4"),
        chart_card("Latency over time", ids.LINES, parts, head=lines, span="vh-span-8"),
        chart_card("Spread", ids.HISTOGRAM, parts, unit="calls by end-to-end latency", span="vh-span-4",
                   definition="How many calls have which end-to-end latency. A click opens the calls."),
        card("Stages", _fill(ids.STAGES, parts), unit="over the whole range", definition=_STAGES, span="vh-span-8"),
        card("What an answer takes", _fill(ids.PARTS, parts), unit="mean", definition=_COMPOSITION, span="vh-span-4"),
        card("By agent", _fill(ids.TABLE, parts), head=compared),
    ]  # fmt: skip
