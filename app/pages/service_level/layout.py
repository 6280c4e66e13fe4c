"""Where everything stands on the page of the service level."""

from __future__ import annotations

from typing import Any

from app.components.card import card, chart_card, kpi_card, live_head
from app.components.filterbar import filter_bar
from app.components.plain import Plain, h
from app.pages.service_level import ids

Parts = dict[str, dict[str, Any]]

_COURSE = (
    "Service level and abandonment of the calls that began in the bucket; a bucket without an offered call is a gap. A "
    "click opens its offered calls."
)
_WAITS = (
    "Offered calls by how long they waited, from joining the queue to the answer or until the caller left. The dotted "
    "line is the threshold of the service level. A click opens the calls."
)
_BUSY = (
    "Calls that were going on at the same moment, from their start (waiting included) to their end, whenever they "
    "began: an exact count over all starts and ends. Mean: over the time of the bucket."
)
OCCUPANCY = (
    "Talk, hold and after-call time of the agents' calls / time in which they were active. Nobody reports when agents "
    "sign in, so an agent is active while a call or its after-call work goes on and between two calls that are at most "
    "30 minutes apart. More than 100 %: several calls at once."
)
_QUEUES = "Each queue's offered calls; the figures are those above. Grey: fewer than 30 calls."


def layout(parts: Parts, live: Any) -> Plain:
    """The page with its first values; without values every card shows its skeleton until the first answer."""
    return h(
        "Div",
        [
            h("H1", "Service level", cls="visually-hidden"),
            filter_bar(parts, live),
            h("Div", id=ids.CHOICES, cls="vh-choices", role="group", aria_label="Service level",
              **parts.get(ids.CHOICES, {})),
            h("P", id=ids.FORMULA, cls="vh-note vh-formula", **parts.get(ids.FORMULA, {})),
            h("Div", id=ids.EMPTY, **parts.get(ids.EMPTY, {"className": "vh-empty d-none"})),
            h("Div", [kpi_card(name, parts) for name in ids.KPIS], cls="vh-grid vh-kpis"),
            h("Div", _cards(parts), cls="vh-grid"),
        ],
    )  # fmt: skip


def _fill(name: str, parts: Parts) -> Plain:
    return h("Div", id=name, cls="vh-fill", **parts.get(name, {}))


def _cards(parts: Parts) -> list[Plain]:
    heat = live_head(ids.HEAT_HEAD, parts, "Weekday and hour")
    return [
        chart_card("Over time", ids.COURSE, parts, unit="% of offered calls", definition=_COURSE, span="vh-span-6"),
        chart_card("Waits", ids.WAITS, parts, unit="offered calls", definition=_WAITS, span="vh-span-6"),
        card("Queues", _fill(ids.QUEUES, parts), unit="over the whole range", definition=_QUEUES),
        chart_card("Calls at once", ids.BUSY, parts, unit="calls", definition=_BUSY, span="vh-span-8 vh-tall"),
        card("Occupancy", _fill(ids.OCCUPANCY, parts), unit="by agent", definition=OCCUPANCY, span="vh-span-4"),
        card("Weekday and hour", _fill(ids.HEAT, parts), head=heat),
    ]
