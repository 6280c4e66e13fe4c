"""Where everything stands on the page of trends."""

from __future__ import annotations

from typing import Any

from app.components.card import card, chart_card, live_head
from app.components.filterbar import filter_bar
from app.components.plain import Plain, h
from app.pages.trends import ids

Parts = dict[str, dict[str, Any]]


def layout(parts: Parts, live: Any) -> Plain:
    """The page with its first values; without values every card shows its skeleton until the first answer."""
    return h(
        "Div",
        [
            h("H1", "Trends", cls="visually-hidden"),
            filter_bar(parts, live),
            h("Div", id=ids.CHOICES, cls="vh-choices", role="group", aria_label="Chart", **parts.get(ids.CHOICES, {})),
            h("Div", id=ids.EMPTY, **parts.get(ids.EMPTY, {"className": "vh-empty d-none"})),
            h("Div", [_chart(parts), _whole(parts), _heat(parts)], cls="vh-grid"),
        ],
    )


def _chart(parts: Parts) -> Plain:
    head = live_head(ids.HEAD, parts, "Trend")
    return chart_card("Trend", ids.CHART, parts, head=head, span="vh-tall vh-span-12")


def _whole(parts: Parts) -> Plain:
    head = live_head(ids.WHOLE_HEAD, parts, "Whole range")
    return card("Whole range", h("Div", id=ids.WHOLE, cls="vh-fill", **parts.get(ids.WHOLE, {})), head=head,
                span="vh-span-4")  # fmt: skip


def _heat(parts: Parts) -> Plain:
    head = live_head(ids.HEAT_HEAD, parts, "Weekday and hour")
    return card("Weekday and hour", h("Div", id=ids.HEAT, cls="vh-fill", **parts.get(ids.HEAT, {})), head=head,
                span="vh-span-8")  # fmt: skip
