"""Where everything stands on the page of outcomes."""

from __future__ import annotations

from typing import Any

from app.components.card import card, chart_card
from app.components.filterbar import filter_bar
from app.components.plain import Plain, h
from app.pages.outcomes import ids
from data.callsets import SHORT_SECONDS

Parts = dict[str, dict[str, Any]]


def layout(parts: Parts, live: Any) -> Plain:
    """The page with its first values; without values every card shows its skeleton until the first answer."""
    return h(
        "Div",
        [
            h("H1", "Outcomes", cls="visually-hidden"),
            filter_bar(parts, live),
            h("Div", id=ids.EMPTY, **parts.get(ids.EMPTY, {"className": "vh-empty d-none"})),
            h("Div", [*_ends(parts), *_opinions(parts), *_money(parts)], cls="vh-grid"),
        ],
    )


def _fill(name: str, parts: Parts) -> Plain:
    return h("Div", id=name, cls="vh-fill", **parts.get(name, {}))


def _ends(parts: Parts) -> list[Plain]:
    return [
        card("Why calls ended", _fill(ids.REASONS, parts), unit="calls by end reason", span="vh-span-8",
             definition="Counted calls by the group of their end reason and by the reason as the platform said it. A "
             "block is as large as its share; it opens its calls."),
        card("From queue to success", _fill(ids.FUNNEL, parts), unit="offered calls", span="vh-span-4",
             definition=f"Offered: inbound calls that joined a queue. Each step is a part of the one before: answered, "
             f"then longer than {SHORT_SECONDS} s, then successful. In brackets the share of the step before."),
        card("Hung up at once", _fill(ids.EARLY, parts), unit=f"by callers, within {SHORT_SECONDS} s", span="vh-span-4",
             definition=f"Answered calls that the caller ended within {SHORT_SECONDS} s of the answer (end reason "
             "group customer) / answered calls of which is known who ended "
             "them. Many mean that the greeting puts callers off."),
    ]  # fmt: skip


def _opinions(parts: Parts) -> list[Plain]:
    return [
        card("Satisfaction", _fill(ids.RATINGS, parts), unit="ratings from 1 to 5", span="vh-span-4",
             definition="How often each rating was given, rounded; calls without a rating are left out."),
        card("Sentiment", _fill(ids.SENTIMENTS, parts), unit="as the platform judged it", span="vh-span-4",
             definition="Calls by the sentiment that the platform reported; calls without one are left out."),
    ]  # fmt: skip


def _money(parts: Parts) -> list[Plain]:
    return [
        chart_card("Cost", ids.COSTS, parts, unit="by what it was paid for", span="vh-span-8 vh-tall",
                   definition="The known costs of the calls that began in the bucket. What the parts do not add up to "
                   "is not itemised. A click opens the calls."),
        card("Unit cost", _fill(ids.PRICES, parts), unit="by what it was paid for", span="vh-span-4",
             definition="Of the calls whose cost is known: cost / calls, cost / answered minutes, cost of all these "
             "calls / how many of them succeeded."),
        card("Called again", _fill(ids.REPEATS, parts), unit="by the same caller",
             definition="Of the counted calls with a known caller: how many were followed by another call of the same "
             "caller, to whomever, within the time given. The rest were resolved by one call. Only calls that are at "
             "least so old are judged: of younger ones nobody knows yet."),
    ]  # fmt: skip
