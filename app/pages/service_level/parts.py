"""Data into the page of the service level: component id -> props, for the first layout and every refresh alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.components.choices import choice_menu, segments
from app.components.guard import Parts, guarded
from app.components.plain import Children, h
from app.components.states import no_calls, note
from app.figures import drill
from app.figures.bins import binned, within
from app.figures.service import at_once, rates
from app.format import count, percent
from app.pages.service_level import cards, hours, ids
from app.pages.service_level.chosen import ABANDONED, HOURS, Chosen
from data.filters import CallFilter
from data.queries.overview import newest
from data.queries.service import WAITED, Service, service

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services

#: How those who waited are drawn: name and colour.
_WAITED = {
    "answered_waited": ("Answered", "success"),
    "left_waiting": ("Abandoned", "abandoned"),
    "never_answered": ("Neither", "missed"),
}


def parts(page: PageFilter, services: Services) -> Parts:
    """All parts of the page."""
    chosen = Chosen.of(page)

    def compute(calls: CallFilter, now: int) -> tuple[Service, int | None]:
        found = service(services.copy, calls, now=now, threshold=chosen.threshold, by_hour=chosen.hours)
        return found, newest(services.copy)

    data, last = services.figures("service-level", page, compute)
    revision = f"{page.range_from}|{page.range_to}|{data.filter.zone}|{chosen.threshold}"
    found: Parts = {
        ids.CHOICES: {"children": _choices(chosen)},
        ids.FORMULA: {"children": cards.formula(data, chosen)},
        ids.EMPTY: {
            "children": no_calls() if last is None else [],
            "className": f"vh-empty{' d-none' if last else ''}",
        },
    }
    found |= guarded(ids.KPIS, "Key figures", lambda: cards.figures(data, chosen, compare=page.compare))
    found |= guarded((ids.COURSE,), "The course", lambda: _course(data, last, revision), chart=True)
    found |= guarded((ids.WAITS,), "Waits", lambda: _waits(data, revision), chart=True)
    found |= guarded((ids.QUEUES,), "Queues", lambda: {ids.QUEUES: {"children": cards.queues(data)}})
    found |= guarded((ids.BUSY,), "Calls at once", lambda: _busy(data, revision), chart=True)
    found |= guarded((ids.OCCUPANCY,), "Occupancy", lambda: {ids.OCCUPANCY: {"children": cards.busy_agents(data)}})
    return found | guarded((ids.HEAT_HEAD, ids.HEAT), "Weekday and hour", lambda: hours.parts(data, chosen))


def _choices(chosen: Chosen) -> list[object]:
    return [
        choice_menu("sl_seconds", "Within", chosen.seconds, f"{chosen.threshold.seconds:.0f}", "20"),
        segments("sl_abandoned", "Abandoned calls", ABANDONED, chosen.threshold.abandoned, "count"),
        choice_menu("hours", "By hour", HOURS, chosen.hours, "service_level"),
    ]


def _chart(name: str, figure: dict[str, Any], words: str, empty: Children) -> Parts:
    return {name: {"figure": figure}, f"{name}-note": {"children": note(words, "" if figure["data"] else empty)}}


def _course(data: Service, last: int | None, revision: str) -> Parts:
    figure = rates(data, revision=revision)
    level, left = (data.report.current.get(name) for name in ("service_level", "abandonment_rate"))
    words = f"Over the whole range: service level {percent(level)}, abandonment {percent(left)}."
    return _chart(ids.COURSE, figure, words, cards.none_offered(data, last))


def _waits(data: Service, revision: str) -> Parts:
    labels = [cards.span_label(data.bins, i) for i in range(len(data.bins))]
    ticks = ["" if i % 2 else cards.short_seconds(low) for i, low in enumerate(data.bins)]
    stacks = {name: (*_WAITED[name], [int(n) for n in data.waits[name]]) for name in WAITED}
    points = [within(data.bins, i, "wait") for i in range(len(data.bins))]
    series = {name: {"of": [*data.filter.of, name]} for name in WAITED}
    meta = drill.by_point(points, data.filter, "waited")
    meta["calls"]["series"] = series
    mark = (data.bins.index(data.threshold.seconds), f"{data.threshold.seconds:g} s")
    figure = binned(labels, ticks, stacks, meta=meta, revision=revision, mark=mark if mark[0] else None)
    shown = [f"{_WAITED[name][0].lower()} {count(sum(counts))}" for name, (_, _, counts) in stacks.items()]
    return _chart(ids.WAITS, figure, f"Offered calls by wait: {', '.join(shown)}.", cards.none_waited(data))


def _busy(data: Service, revision: str) -> Parts:
    figure, busy = at_once(data, revision=revision), data.busy
    words = (
        f"At most {count(busy.peak)} calls at once, at {cards.moment(busy.at, data.filter.zone)}." if busy.at else ""
    )
    return _chart(ids.BUSY, figure, words, h("Div", "No call was going on in this range."))
