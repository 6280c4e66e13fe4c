"""Data into the page: component id -> props, for the first layout and for every refresh alike.

Nothing in here may change while the data does not (no clock): what is equal to what a browser has is not sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.activity import with_alerts
from app.components.feed import feed
from app.components.guard import Parts, guarded
from app.components.plain import Plain
from app.components.states import no_calls
from app.figures.system import Samples
from app.live import WithoutRecord
from app.pages.overview import cards, charts, ids
from data.record import RecordUnavailable
from data.times import MINUTE, now_micros

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services
    from data.queries.overview import Overview


def parts(page_filter: PageFilter, services: Services) -> Parts:
    """All parts of the overview. One that fails says so in its place; without the calls' figures nothing is shown."""
    # The samples have a beat of their own: the calls' answer may be older, so its range is not used here.
    now = page_filter.filter.end or now_micros()
    window = services.system.window((page_filter.filter.start or 0) / 1e6, now / 1e6)
    samples = Samples.of(window, page_filter.filter.zone, now)
    revision = f"{page_filter.range_from}|{page_filter.range_to}|{page_filter.filter.zone}"
    past = now < now_micros() - MINUTE

    def system() -> Parts:
        return cards.system_cards(services.system.now(), samples, services.problems(), past=past)

    machine = guarded(ids.KPIS[4:], "System figures", system)
    try:
        data = services.overview(page_filter)
    except RecordUnavailable as error:
        raise WithoutRecord(str(error), machine) from error
    found: Parts = {
        **machine,
        ids.EMPTY: _props(no_calls() if data.newest is None else None, "vh-empty"),
    }
    found |= guarded(ids.KPIS[:4], "Key figures", lambda: cards.call_cards(data, compare=page_filter.compare))
    found |= guarded((ids.VOLUME,), "Call volume", lambda: charts.volume_parts(data, revision), chart=True)
    found |= guarded((ids.DURATIONS,), "Durations", lambda: charts.duration_parts(data, revision), chart=True)
    found |= guarded((ids.RESPONSE,), "Response times", lambda: charts.response_parts(samples, revision), chart=True)
    found |= guarded((ids.LOAD,), "Load", lambda: charts.load_parts(samples, revision), chart=True)
    found |= guarded((ids.FEED,), "Recent activity", lambda: {ids.FEED: {"children": _feed(data, services)}})
    return found


def _feed(data: Overview, services: Services) -> list[Plain]:
    """Calls of the filter and, as they concern all calls, alerts of its range."""
    start, end = data.filter.start or 0, data.filter.end or data.as_of
    lines = with_alerts(data.activity, services.record, start, end + MINUTE, ids.FEED_LINES)
    return feed(lines, data.filter.zone)


def _props(children: Any, cls: str) -> dict[str, Any]:
    """Content that takes no room while there is none."""
    return {"children": children or [], "className": cls if children else f"{cls} d-none"}
