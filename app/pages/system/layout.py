"""Where everything stands on the page of the system."""

from __future__ import annotations

from typing import Any

from app.components.card import card, chart_card, kpi_card
from app.components.filterbar import filter_bar
from app.components.plain import Plain, h
from app.pages.system import ids

Parts = dict[str, dict[str, Any]]

_INTAKE = (
    "What the events that this server took in did. Late: starts and ends of calls that were told more than an hour "
    "after they had happened. Invalid calls began in the range."
)


def layout(parts: Parts, live: Any) -> Plain:
    """The page with its first values; of the filter only the range and the zone matter here."""
    return h(
        "Div",
        [
            h("H1", "System", cls="visually-hidden"),
            filter_bar(parts, live),
            h("Div", [kpi_card(name, parts) for name in ids.KPIS], cls="vh-grid vh-kpis"),
            h("Div", [*_charts(parts), *_rows(parts)], cls="vh-grid"),
        ],
        cls="vh-system",
    )


def _fill(name: str, parts: Parts) -> Plain:
    return h("Div", id=name, cls="vh-fill", **parts.get(name, {}))


def _charts(parts: Parts) -> list[Plain]:
    return [
        card("Health", _fill(ids.CHECKS, parts), unit="now", span="vh-span-4",
             definition="Each part of the service and whether it is at work. Open problems stand behind the bell."),
        chart_card("Response times", ids.RESPONSE, parts, unit="ms, all requests", span="vh-span-8",
                   definition="How long the server took to answer requests: percentiles of each step, estimated within "
                   "the buckets of a histogram."),
        chart_card("Resources", ids.LOAD, parts, unit="% in use", span="vh-span-6",
                   definition="Processor and memory of the machine that VoiceHive runs on, sampled every 15 s."),
        chart_card("Errors over time", ids.ERROR_RATE, parts, unit="a minute, by code", span="vh-span-6",
                   definition="Errors that were answered or logged, by their code for programs."),
        card("Endpoints", _fill(ids.ENDPOINTS, parts), unit="response times in the range", span="vh-span-8",
             definition="Requests of the range by route. Grey: fewer than 30 requests."),
        card("Errors by type", _fill(ids.ERRORS, parts), unit="in the range", span="vh-span-4",
             definition="Errors that were answered or logged, by their code for programs."),
    ]  # fmt: skip


def _rows(parts: Parts) -> list[Plain]:
    return [
        card("Intake", _fill(ids.INTAKE, parts), unit="events in the range", definition=_INTAKE, span="vh-span-6"),
        card("Stores", _fill(ids.STORES, parts), unit="on disk", span="vh-span-6",
             definition="The record is the truth; the analytic copy answers the pages and can be made anew any time; "
             "samples are what this page is made of."),
        card("Queries", _fill(ids.QUERIES, parts), unit="on the analytic copy", span="vh-span-8",
             definition="Questions to the analytic copy in the range, by name, the slowest p95 first."),
        card("Recent traces", _fill(ids.TRACES, parts), unit="of calls", span="vh-span-4",
             definition="The traces of calls whose spans came last; each opens its call."),
        card("Deployments", _fill(ids.DEPLOYMENTS, parts), unit="in the range", span="vh-span-8",
             definition="Versions that went live: of this program, and those that release pipelines told of."),
        card("Other tools", _fill(ids.LINKS, parts), span="vh-span-4"),
    ]  # fmt: skip
