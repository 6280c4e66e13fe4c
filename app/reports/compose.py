"""Makes a report: asks the queries that the pages ask, and puts their answers in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time

from app.figures.axis import TimeAxis
from app.reports.content import KeyFigure, Report
from app.reports.periods import Period, days_of, first_day, in_words, instants, last_complete
from app.reports.sections import course, people, service, summary
from app.reports.sections.given import Given
from app.reports.words import changed, conditions
from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import KPIS
from data.queries.changes import changes
from data.queries.kpis import KpiReport, kpi_report
from data.queries.trends import currency
from data.record import Record
from data.times import DAY, HOUR, to_datetime

#: What stands on top, as far as it is known.
_HEADLINE = (
    "total_calls", "success_rate", "abandonment_rate", "service_level", "asa_seconds", "avg_duration_seconds",
    "csat", "cost", "p95_latency_ms", "error_rate", "p95_duration_seconds", "p50_wait_seconds",
)  # fmt: skip
_MOST_HEADLINES = 8
#: Figures that are known for a part of the calls only, and the name of that part's coverage.
_COVERED = {
    "csat": "csat", "cost": "cost", "cost_per_call": "cost", "cost_per_minute": "cost", "cost_per_success": "cost",
    "avg_latency_ms": "latency", "p95_latency_ms": "latency",
}  # fmt: skip


class NothingYet(ValueError):
    """The period has not begun."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which report: a period that holds `day` (None: the newest that is over), of the calls of a filter.

    The filter's own range counts nothing; its zone is that of the days.
    """

    period: Period
    filter: CallFilter
    day: date | None = None

    def first(self, now: int) -> date:
        """The first day of the period."""
        zone = self.filter.zone
        return last_complete(self.period, now, zone) if self.day is None else first_day(self.period, self.day)

    def range(self, now: int) -> tuple[int, int]:
        """Start and end of what is reported (UTC microseconds): up to `now` where the period is not over."""
        start, end = instants(*days_of(self.period, self.first(now)), self.filter.zone)
        return start, min(end, now)

    def needed(self, now: int) -> CallFilter:
        """All calls that the report looks at: those of the previous period, too."""
        start, end = self.range(now)
        earlier = replace(self.filter, start=start, end=max(end, start + 1)).previous()
        assert earlier is not None
        whole = (start - (earlier.start or start)) + start
        return CallFilter(start=earlier.start, end=max(end, whole), zone=self.filter.zone)


def compose(copy: AnalyticCopy, record: Record, asked: Asked, *, now: int) -> Report:
    """The report as of `now` (UTC microseconds); raises NothingYet."""
    start, end = asked.range(now)
    if end <= start:
        raise NothingYet(f"{asked.first(now):%Y-%m-%d}: this period has not begun yet")
    chosen = replace(asked.filter, start=start, end=end)
    figures = kpi_report(copy, chosen, now=now)
    given = Given(copy, record, chosen, figures, currency(copy, chosen), _step(asked.period), now)
    frame = course.figures(given)
    found = changes(copy, chosen)
    return Report(
        title=f"{asked.period.value.capitalize()} call report",
        period=in_words(asked.period, *days_of(asked.period, asked.first(now))),
        previous=_previous(asked.period, chosen),
        zone=chosen.zone,
        filter=chosen,
        filters=conditions(chosen),
        made_at=now,
        so_far=instants(*days_of(asked.period, asked.first(now)), chosen.zone)[1] > end,
        currency=given.currency,
        key_figures=_key_figures(figures),
        headline=[name for name in _HEADLINE if figures.current[name] is not None][:_MOST_HEADLINES] or _HEADLINE[:4],
        changes=[changed(each, given.currency) for each in found],
        sections=[
            summary.key_figures(given, _key_figures(figures)),
            course.volume(given, frame),
            *service.outcomes(given),
            *people.agents(given),
            *people.queues(given),
            service.service_level(given, frame),
            service.quality(given, frame),
            service.cost(given),
            summary.alerts(given),
        ],
    )


def _step(period: Period) -> int:
    """How wide the bars are: hours of a day, else days (microseconds)."""
    return HOUR if period is Period.DAILY else DAY


def _previous(period: Period, chosen: CallFilter) -> str:
    earlier = chosen.previous()
    assert earlier is not None and earlier.start is not None and earlier.end is not None
    days = [to_datetime(instant, chosen.zone).replace(tzinfo=None) for instant in (earlier.start, earlier.end)]
    if days_of(period, days[0].date()) == (days[0].date(), days[1].date()) and days[1].time() == time.min:
        return in_words(period, days[0].date(), days[1].date())
    spans = TimeAxis([earlier.start], earlier.end - earlier.start, chosen.zone, chosen.end or 0, earlier.end).spans()
    return spans[0].removesuffix(" so far")


def _key_figures(figures: KpiReport) -> Sequence[KeyFigure]:
    return [
        KeyFigure(
            name=name,
            label=kpi.label,
            unit=kpi.unit,
            better=kpi.better,
            definition=kpi.definition,
            value=figures.current[name],
            previous=figures.previous.get(name),
            coverage=figures.coverage[_COVERED[name]] if name in _COVERED else None,
        )
        for name, kpi in KPIS.items()
    ]
