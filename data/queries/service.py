"""How callers were served: service level, waits, abandonment, by queue and over time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Integer, case, func, literal_column, select

from data.analytics import AnalyticCopy
from data.callsets import CALL_SETS
from data.filters import UNKNOWN, CallFilter
from data.kept import ANSWERED_WAIT, QUEUED_WAIT
from data.kpis import ANSWERED, COUNTS, KPIS, among_counted, count_where, service_level
from data.models import calls
from data.queries.beside import side_by_side
from data.queries.concurrency import Concurrency, concurrency
from data.queries.kpis import KpiReport, of_counted
from data.queries.occupancy import Occupancy, occupancy
from data.queries.series import bounded, filled, series
from data.times import DAY, MINUTE, Buckets, buckets, step_for, wall_clock

c = calls.c
#: Lower bounds of the bars of the waits, in seconds; the last one is open. The chosen threshold joins them.
WAIT_BINS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
#: Whose waits are told apart: sets of data/callsets.py that share no call.
WAITED = ("answered_waited", "left_waiting", "never_answered")
#: Someone who leaves so soon hardly waited.
SHORT_ABANDON_SECONDS = 5
#: What weekday and hour may show, besides calls at once.
BY_HOUR = ("service_level", "abandonment_rate", "asa_seconds", "offered")
#: The key figures of the page.
FIGURES = ("total_calls", "offered", "service_level", "abandonment_rate", "asa_seconds", "p95_wait_seconds")
_MOST_BUCKETS = 60


@dataclass(frozen=True, slots=True)
class Threshold:
    """Answered within how many seconds, and whether abandoned calls count ("count" or "exclude")."""

    seconds: float = 20.0
    abandoned: str = "count"

    @property
    def sql(self) -> ColumnElement[float]:
        """The service level as an aggregate."""
        return service_level(self.seconds, abandoned=self.abandoned)


@dataclass(frozen=True, slots=True)
class Service:
    """course: bucket_start, offered, service_level, abandonment_rate, asa_seconds. waits: a count for each of `bins`
    and set of WAITED. queues: name, and the figures of each. hours: weekday, hour, value, n.
    """

    filter: CallFilter
    as_of: int
    step: int
    edges: list[int]
    threshold: Threshold
    report: KpiReport
    answered: int
    left_soon: int
    longest_wait: float | None
    course: pd.DataFrame
    bins: list[float]
    waits: pd.DataFrame
    queues: pd.DataFrame
    hours: pd.DataFrame
    busy: Concurrency
    occupancy: Occupancy


def service(
    copy: AnalyticCopy, chosen: CallFilter, *, now: int, threshold: Threshold, by_hour: str = "service_level"
) -> Service:
    """All that the page shows; `by_hour` is one of BY_HOUR or "peak", the calls at once."""
    chosen = bounded(copy, chosen, now)
    assert chosen.start is not None and chosen.end is not None
    width = step_for(max(chosen.end - chosen.start, MINUTE), _MOST_BUCKETS)
    grid = buckets(chosen.start, chosen.end, width, chosen.zone)
    bins = sorted({*map(float, WAIT_BINS), threshold.seconds})
    key_figures = {name: KPIS[name].sql for name in FIGURES} | {"service_level": threshold.sql}
    with side_by_side(copy) as ask:
        busy = ask(concurrency, copy, chosen, grid, now=now, hourly=by_hour == "peak")
        occupied = ask(occupancy, copy, chosen)
        counted = ask(copy.row, of_counted(chosen, key_figures | _BESIDE), "service_figures")
        before = chosen.previous()
        earlier = ask(copy.row, of_counted(before, key_figures), "service_figures") if before else None
        course = ask(_course, copy, chosen, grid, threshold)
        hours = ask(_hours, copy, chosen, threshold, by_hour) if by_hour in BY_HOUR else None
        queues, waits = ask(_queues, copy, chosen, threshold), ask(_waits, copy, chosen, bins)
    row = counted.result()
    return Service(
        filter=chosen,
        as_of=now,
        step=width if isinstance(width, int) else {"week": 7 * DAY, "month": 28 * DAY}[width],
        edges=[*grid.starts, grid.end] if len(grid) else [],
        threshold=threshold,
        report=KpiReport({name: row[name] for name in key_figures}, earlier.result() if earlier else {}, coverage={}),
        answered=row["answered"],
        left_soon=row["left_soon"],
        longest_wait=row["longest"],
        course=course.result(),
        bins=bins,
        waits=waits.result(),
        queues=queues.result(),
        hours=hours.result() if hours else pd.DataFrame(),
        busy=busy.result(),
        occupancy=occupied.result(),
    )


#: What is told beside the key figures.
_BESIDE: dict[str, ColumnElement[Any]] = {
    "answered": count_where(ANSWERED),
    "left_soon": count_where(CALL_SETS["left_waiting"] & (c.wait_seconds < SHORT_ABANDON_SECONDS)),
    "longest": func.max(case((COUNTS, QUEUED_WAIT))),
}


def _figures(threshold: Threshold) -> dict[str, ColumnElement[Any]]:
    """Those of each bucket, queue and hour, of calls that are all counted."""
    figures = {name: KPIS[name].sql for name in BY_HOUR} | {"service_level": threshold.sql}
    return {name: among_counted(sql) for name, sql in figures.items()}


def _course(copy: AnalyticCopy, chosen: CallFilter, grid: Buckets, threshold: Threshold) -> pd.DataFrame:
    offered = replace(chosen, of=(*chosen.of, "offered"))
    return filled(series(copy, offered, grid, _figures(threshold), name="service_course"), grid, ["offered"])


def _waits(copy: AnalyticCopy, chosen: CallFilter, bins: list[float]) -> pd.DataFrame:
    place: ColumnElement[int] = case(
        *((c.wait_seconds < upper, literal_column(str(i), Integer)) for i, upper in enumerate(bins[1:])),
        else_=literal_column(str(len(bins) - 1), Integer),
    )
    counts = (among_counted(count_where(CALL_SETS[name])).label(name) for name in WAITED)
    columns: list[Any] = [place.label("bin"), *counts]
    query = chosen.apply(select(*columns).where(CALL_SETS["waited"])).group_by("bin")
    found = copy.frame(query, "waits").set_index("bin")
    return found.reindex(range(len(bins)), fill_value=0).reset_index()


def _queues(copy: AnalyticCopy, chosen: CallFilter, threshold: Threshold) -> pd.DataFrame:
    columns: list[Any] = [
        c.queue,
        *(sql.label(name) for name, sql in _figures(threshold).items()),
        among_counted(KPIS["p95_wait_seconds"].sql).label("p95_wait_seconds"),
        func.max(QUEUED_WAIT).label("longest"),
        *(
            among_counted(count_where(CALL_SETS[name])).label(f"n.{name}")
            for name in ("abandoned", "answered_waited", "waited")
        ),
    ]
    query = chosen.apply(select(*columns).where(CALL_SETS["offered"])).group_by(c.queue)
    frame = copy.frame(query, "queues")
    return frame.assign(queue=frame["queue"].fillna(UNKNOWN)).sort_values(
        ["offered", "queue"], ascending=[False, True], ignore_index=True
    )


def _hours(copy: AnalyticCopy, chosen: CallFilter, threshold: Threshold, figure: str) -> pd.DataFrame:
    assert chosen.start is not None and chosen.end is not None
    weekday, hour = wall_clock(c.started_at, chosen.start, max(chosen.end, chosen.start + 1), chosen.zone)
    columns: list[Any] = [
        weekday.label("weekday"),
        hour.label("hour"),
        _figures(threshold)[figure].label("value"),
        (func.count(ANSWERED_WAIT) if figure == "asa_seconds" else func.count()).label("n"),
    ]
    query = chosen.apply(select(*columns)).where(CALL_SETS["offered"]).group_by("weekday", "hour")
    frame = copy.frame(query, "service_hours")
    return frame[frame["n"] > 0].sort_values(["weekday", "hour"], ignore_index=True)
