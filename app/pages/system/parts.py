"""Data into the page of the system: component id -> props, for the first layout and for every refresh alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.components.filterbar import filter_parts
from app.components.guard import Parts, guarded
from app.components.states import note
from app.figures import system
from app.figures.system import Samples
from app.format import milliseconds, percent
from app.measured import LEAST_STEP_MS
from app.pages.system import cards, checks, ids, stores, tables
from app.pages.system.stores import Stored, stored
from app.pages.system.watched import Watched, watched
from data.deployments import list_deployments
from data.filters import CallFilter
from data.times import now_micros

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services

_FRESH_SECONDS = 15.0
_RECENT = 10
_MS = 1000


def parts(page: PageFilter, services: Services) -> Parts:
    """All parts of the page. It works on while the call record is away."""
    chosen = CallFilter(start=page.filter.start, end=page.filter.end, zone=page.filter.zone)
    start, end = (chosen.start or 0) // _MS, (chosen.end or now_micros()) // _MS
    # Samples come every 15 s: in between there is nothing new to ask for.
    key = ("watched", page.range_from, page.range_to, chosen.zone)
    data: Watched = services.answers.get(
        key, lambda: watched(services.samples, min(start, end - LEAST_STEP_MS), end), fresh=_FRESH_SECONDS
    )
    revision = f"{page.range_from}|{page.range_to}|{chosen.zone}"
    found: Parts = {
        **filter_parts(replace(page, filter=chosen)),
        ids.ENDPOINTS: {"children": tables.timed(data.endpoints, "Endpoint")},
        ids.ERRORS: {"children": tables.errors(data.errors)},
        ids.QUERIES: {"children": tables.timed(data.queries.sort_values("p95", ascending=False), "Query")},
        ids.LINKS: {"children": tables.links(services.settings)},
    }
    samples = _samples(data, chosen.zone)
    found |= guarded((ids.RESPONSE,), "Response times", lambda: _response(data, samples, revision), chart=True)
    found |= guarded((ids.LOAD,), "Resources", lambda: _load(samples, revision), chart=True)
    found |= guarded((ids.ERROR_RATE,), "Errors", lambda: _errors(data, chosen.zone, revision), chart=True)
    found |= guarded(
        (ids.CHECKS,), "Health", lambda: {ids.CHECKS: {"children": checks.rows(checks.checks(services, data))}}
    )
    found |= guarded(ids.KPIS[:6], "Figures", lambda: cards.figures(services, data))

    def kept() -> Stored:
        result: Stored = services.answers.get(("stored", *key), lambda: stored(services, chosen), fresh=_FRESH_SECONDS)
        return result

    found |= guarded(
        (*ids.KPIS[6:], ids.STORES, ids.INTAKE), "The stores", lambda: _stores(services, data, kept(), chosen)
    )
    found |= guarded(
        (ids.TRACES,),
        "Traces",
        lambda: {ids.TRACES: {"children": tables.traces(services.spans.recent(_RECENT), chosen.zone)}},
    )
    return found | guarded(
        (ids.DEPLOYMENTS,),
        "Deployments",
        lambda: {
            ids.DEPLOYMENTS: {
                "children": tables.deployed(list_deployments(services.record, chosen.start, chosen.end), chosen.zone)
            }
        },
    )


def _stores(services: Services, data: Watched, kept: Stored, chosen: CallFilter) -> Parts:
    lag = services.copy.lag()
    return {
        ids.STORES: {"children": stores.sizes(kept, sqlite=services.record.is_sqlite, lag=lag)},
        ids.INTAKE: {"children": stores.intake(data, kept, chosen)},
        **cards.stored_figures(kept),
    }


def _samples(data: Watched, zone: str) -> Samples:
    """The course as the figures of the machine take it, by the samples' own names."""
    names = {"p50": "api_p50_ms", "p95": "api_p95_ms", "p99": "api_p99_ms"}
    columns = {names.get(name, name): values for name, values in data.course.items()}
    return Samples.stepped(data.steps.start, data.steps.step, columns, zone)


def _chart(name: str, figure: dict[str, Any], words: str) -> Parts:
    empty = "" if figure["data"] else tables.NO_SAMPLES
    return {name: {"figure": figure}, f"{name}-note": {"children": note(words if figure["data"] else "", empty)}}


def _response(data: Watched, samples: Samples, revision: str) -> Parts:
    shown = ", ".join(f"{name} {milliseconds(value)}" for name, value in data.overall.items())
    return _chart(ids.RESPONSE, system.response_times(samples, revision=revision), f"Over the whole range: {shown}.")


def _load(samples: Samples, revision: str) -> Parts:
    tops = [
        max((v for v in samples.columns[n] if v is not None), default=None) for n in ("cpu_percent", "memory_percent")
    ]
    words = f"The highest load was {percent(tops[0])} processor and {percent(tops[1])} memory."
    return _chart(ids.LOAD, system.load(samples, revision=revision), words)


def _errors(data: Watched, zone: str, revision: str) -> Parts:
    samples = Samples.stepped(data.steps.start, data.steps.step, data.errors_over_time, zone)
    figure = system.errors(samples, revision=revision)
    if not figure["data"] and data.errors_over_time:
        return {
            ids.ERROR_RATE: {"figure": figure},
            f"{ids.ERROR_RATE}-note": {"children": note("", "No errors in this range.")},
        }
    shown = ", ".join(f"{code.replace('_', ' ')} {n:.0f}" for code, n in data.errors.items() if n)
    return _chart(ids.ERROR_RATE, figure, f"Errors by code: {shown}.")
