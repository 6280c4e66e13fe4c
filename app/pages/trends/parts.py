"""Data into the page of trends: component id -> props, for the first layout and for every refresh alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.components.choices import choice_menu, segments, toggle
from app.components.guard import Parts, guarded
from app.components.states import no_calls
from app.pages.trends import chart, ids, tables
from app.pages.trends.chosen import BUCKETS, DIMENSIONS, VIEWS, Chosen
from data.filters import CallFilter
from data.kpis import KPIS
from data.queries.marks import marks
from data.queries.overview import newest
from data.queries.trends import ADDITIVE, Trends, trends

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services


def parts(page: PageFilter, services: Services) -> Parts:
    """All parts of the page."""
    chosen = Chosen.of(page)

    def compute(calls: CallFilter, now: int) -> tuple[Trends, int | None]:
        found = trends(
            services.copy,
            calls,
            metric=chosen.metric,
            by=chosen.by,
            bucket=chosen.bucket,
            now=now,
            compare=page.compare,
        )
        return found, newest(services.copy)

    data, last = services.figures("trends", page, compute)
    start, end = data.filter.start or 0, data.filter.end or 0
    happened = marks(services.record, start, end)
    revision = f"{page.range_from}|{page.range_to}|{data.filter.zone}|{chosen}"
    found: Parts = {
        ids.CHOICES: {"children": _choices(chosen)},
        ids.EMPTY: {
            "children": no_calls() if last is None else [],
            "className": f"vh-empty{' d-none' if last else ''}",
        },
    }
    found |= guarded(
        (ids.HEAD, ids.CHART), "The trend", lambda: chart.parts(data, chosen, happened, last, revision), chart=True
    )
    found |= guarded((ids.WHOLE_HEAD, ids.WHOLE), "The whole range", lambda: tables.whole_parts(data))
    found |= guarded((ids.HEAT_HEAD, ids.HEAT), "Weekday and hour", lambda: tables.heat_parts(data))
    return found


def _choices(chosen: Chosen) -> list[object]:
    metrics = {name: kpi.label for name, kpi in KPIS.items()}
    shown: list[object] = [
        choice_menu("metric", "Figure", metrics, chosen.metric, "total_calls"),
        choice_menu("by", "By", DIMENSIONS, chosen.by or "none", "none"),
        choice_menu("bucket", "Bucket", BUCKETS, chosen.bucket, "auto"),
    ]
    if chosen.by:
        shown.append(segments("view", "Drawn as", _views(chosen.metric), chosen.view, chosen.default_view))
    else:
        tip = "What is usual at this time of the week, by the six weeks before"
        shown.append(toggle("band", "Normal band", on=chosen.band, default=True, tip=tip))
    return shown


def _views(metric: str) -> Mapping[str, str]:
    """Only what adds up can be stacked."""
    return VIEWS if metric in ADDITIVE else {name: text for name, text in VIEWS.items() if name != "stacked"}
