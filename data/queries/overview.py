"""All that the overview shows of calls, for one filter at one instant."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import Select, func, select

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import COUNTS, KPIS, among_counted, count_where, has_status
from data.models import Status, calls
from data.queries.beside import side_by_side
from data.queries.kpis import KpiReport, kpi_report
from data.queries.listing import latest_events
from data.queries.series import bounded, filled, series
from data.times import DAY, MINUTE, Buckets, buckets, step_for

_MOST_BUCKETS = 60
#: The statuses that the volume of calls is made of.
SHOWN = (Status.SUCCESS, Status.ERROR, Status.ABANDONED, Status.MISSED, Status.VOICEMAIL, Status.IN_PROGRESS)
_PERCENTILES = ("p50", "p95", "p99")
_SPARK = ("total_calls", "success_rate", "avg_duration_seconds")


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of the feed: a call that started or ended, or an alert; `timestamp` in UTC microseconds."""

    id: str
    type: str
    message: str
    severity: str
    timestamp: int
    status: str | None = None
    agent: str | None = None
    source: str | None = None
    call_id: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """Figures and series of one filter. `step` is the bucket width in microseconds (of the shortest, for months).

    volume: bucket_start and a count a status, every bucket present. durations: bucket_start, n, p50, p95, p99 in
    seconds, NaN without calls; spread: p50, p95, p99 of the whole range. sparks: bucket_start and the cards' figures.
    previous_total: total calls of the earlier period's buckets, in step with those of `volume`. edges: of the buckets,
    one more than there are.
    """

    filter: CallFilter
    as_of: int
    kpis: KpiReport
    spread: Mapping[str, float | None]
    step: int
    edges: list[int]
    volume: pd.DataFrame
    previous_total: list[int | None]
    durations: pd.DataFrame
    sparks: pd.DataFrame
    activity: list[Activity]
    newest: int | None


def overview(
    copy: AnalyticCopy, chosen: CallFilter, *, now: int, compare: bool = True, figures: Collection[str] = _SPARK
) -> Overview:
    """The overview of a filter as of `now` (UTC microseconds), with these figures of the whole range."""
    chosen = bounded(copy, chosen, now)
    assert chosen.start is not None and chosen.end is not None
    bucket = step_for(max(chosen.end - chosen.start, MINUTE), _MOST_BUCKETS)
    grid = buckets(chosen.start, chosen.end, bucket, chosen.zone)
    drawn = {status.value: count_where(has_status(status)) for status in SHOWN}
    drawn |= {name: KPIS[name].sql for name in _SPARK}
    drawn |= {p: KPIS[f"{p}_duration_seconds"].sql for p in _PERCENTILES}
    drawn["n"] = func.count(calls.c.duration_seconds)
    counts = [status.value for status in SHOWN] + ["total_calls", "n"]
    with side_by_side(copy) as ask:
        course = ask(series, copy, chosen, grid, drawn, name="overview_series")
        kpis = ask(kpi_report, copy, chosen, now=now, names=figures)
        spread = ask(copy.row, _spread(chosen), "durations")
        previous = ask(_previous_total, copy, chosen, grid, bucket) if compare else None
        activity = ask(recent_activity, copy, chosen, limit=20, now=now)
        last = ask(newest, copy)
    frame = filled(course.result(), grid, counts)
    return Overview(
        filter=chosen,
        as_of=now,
        kpis=kpis.result(),
        spread=spread.result(),
        step=bucket if isinstance(bucket, int) else {"week": 7 * DAY, "month": 28 * DAY}[bucket],
        edges=[*grid.starts, grid.end] if len(grid) else [],
        volume=frame[["bucket_start", *(status.value for status in SHOWN)]],
        previous_total=previous.result() if previous else [],
        durations=frame[["bucket_start", "n", "p50", "p95", "p99"]],
        sparks=frame[["bucket_start", *_SPARK]],
        activity=activity.result(),
        newest=last.result(),
    )


def _spread(chosen: CallFilter) -> Select[Any]:
    shares = {p: among_counted(KPIS[f"{p}_duration_seconds"].sql).label(p) for p in _PERCENTILES}
    return chosen.apply(select(*shares.values()).where(COUNTS))


def _previous_total(copy: AnalyticCopy, chosen: CallFilter, grid: Buckets, bucket: str | int) -> list[int | None]:
    """Totals of the buckets of the whole earlier period, so that the line goes on beyond the running bucket."""
    earlier = chosen.previous()
    if earlier is None or earlier.start is None or not len(grid):
        return []
    # The first bucket begins before the range where the range does not begin on a bucket: take the same lead.
    assert chosen.start is not None
    lead = chosen.start - grid.starts[0]
    span = grid.end - grid.starts[0]
    whole = replace(earlier, start=earlier.start - lead, end=earlier.start - lead + span)
    shape = buckets(whole.start or 0, whole.end or 0, bucket, chosen.zone)
    frame = filled(series(copy, whole, shape, {"n": KPIS["total_calls"].sql}, name="previous_series"), shape, ["n"])
    totals: list[int | None] = frame["n"].tolist()[: len(grid)]
    return totals + [None] * (len(grid) - len(totals))


def newest(copy: AnalyticCopy) -> int | None:
    """The instant of the newest news of a call; None in an empty store."""
    found = copy.frame(select(func.max(calls.c.updated_at).label("t")), "newest")["t"][0]
    return int(found) if pd.notna(found) else None


_SEVERITY = {
    Status.SUCCESS: "success",
    Status.ERROR: "error",
    Status.ABANDONED: "warning",
    Status.MISSED: "warning",
}


def recent_activity(copy: AnalyticCopy, chosen: CallFilter, *, limit: int, now: int) -> list[Activity]:
    """The newest starts and ends of calls, newest first."""
    frame = latest_events(copy, chosen, limit=limit, now=now)
    return [_activity(row) for row in frame.astype(object).where(frame.notna(), None).to_dict("records")]


def _activity(row: Mapping[Hashable, Any]) -> Activity:
    status = Status(row["status"])
    running = status == Status.IN_PROGRESS
    return Activity(
        id=f"{row['source']}/{row['call_id']}/{'start' if running else 'end'}",
        type="call_started" if running else "call_ended",
        message=_sentence(row, status),
        severity=_SEVERITY.get(status, "info"),
        timestamp=int(row["happened_at"]),
        status=status.value,
        agent=row["agent"],
        source=row["source"],
        call_id=row["call_id"],
    )


_OUTCOMES = {
    Status.IN_PROGRESS: "Call in progress",
    Status.SUCCESS: "Call succeeded",
    Status.ERROR: "Call failed",
    Status.ABANDONED: "Caller left before an answer",
    Status.MISSED: "Call missed",
    Status.VOICEMAIL: "Call reached voicemail",
}


def _sentence(row: Mapping[Hashable, Any], status: Status) -> str:
    """What happened, with whom, for how long, and why a failure failed."""
    text = _OUTCOMES[status]
    if row["agent"]:
        text += f" with {row['agent']}"
    if row["queue"]:
        text += f" ({row['queue']})"
    if status == Status.ERROR and row["end_reason"]:
        return f"{text}: {row['end_reason']}"
    if row["duration_seconds"] is None:
        return text
    minutes, seconds = divmod(round(row["duration_seconds"]), 60)
    return f"{text}, {minutes} m {seconds:02d} s" if minutes else f"{text}, {seconds} s"
