"""How many calls were going on at once: an exact sweep over all starts and ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, and_, func, literal, literal_column, select, union_all

from data.analytics import AnalyticCopy
from data.filters import CallFilter, going_on_after
from data.models import Status, calls
from data.queries.kpis import ACTIVE_TIMEOUT
from data.sqlx import int_div
from data.times import HOUR, Buckets, buckets

c = calls.c


@dataclass(frozen=True, slots=True)
class Concurrency:
    """course: bucket_start, peak and mean of calls at once. peak: the highest of all, first reached at `at`.

    hours: weekday (0 = Monday), hour, value, at: the highest peak of each hour of the week and when it was reached
    first; only where it was asked for.
    """

    course: pd.DataFrame
    peak: int | None
    at: int | None
    hours: pd.DataFrame


def concurrency(
    copy: AnalyticCopy, chosen: CallFilter, grid: Buckets, *, now: int, hourly: bool = False
) -> Concurrency:
    """Calls that were going on, from start to end, at each moment of the filter's range, whenever they began."""
    assert chosen.start is not None and chosen.end is not None
    end = min(chosen.end, now + 1)
    course = _course(copy, chosen, grid, end)
    top = int(course["peak"].max()) if len(course) else 0
    first = int(course.loc[course["peak"] == top, "at"].iloc[0]) if top else None
    hours = _hours(copy, chosen, end) if hourly else pd.DataFrame(columns=["weekday", "hour", "value", "at"])
    return Concurrency(
        course=course[["bucket_start", "peak", "mean"]],
        peak=top if len(course) else None,
        at=first,
        hours=hours,
    )


def earliest(chosen: CallFilter) -> int:
    """When a call that was going on in the filter's range can have begun."""
    return (chosen.start or 0) - ACTIVE_TIMEOUT


def _course(copy: AnalyticCopy, chosen: CallFilter, grid: Buckets, end: int) -> pd.DataFrame:
    """bucket_start, peak, mean, at (the first moment of the peak), one row a bucket.

    A bucket knows the level after each of its events and, by the net change of those before it, the level with which it
    began; time times level is summed by what each event adds until the end of its bucket.
    """
    start = chosen.start or 0
    edges = np.array([*grid.starts, grid.end], dtype=np.int64)
    lower, upper = np.maximum(edges[:-1], start), np.minimum(edges[1:], end)
    found = copy.frame(_swept(chosen, grid, start, end), "concurrency") if len(grid) else pd.DataFrame()
    frame = pd.DataFrame({"bucket_start": edges[:-1]})
    if not len(found):
        return frame.assign(peak=0, mean=0.0, at=lower)
    found = found.set_index("bucket").reindex(range(len(grid)))
    net = found["net"].fillna(0).to_numpy(dtype=np.int64)
    carried = np.concatenate([[0], np.cumsum(net)[:-1]])
    top = found["top"].fillna(0).to_numpy(dtype=np.int64)
    rises = top > carried
    # Relative to the start, so that products of times and counts stay exact.
    moved = found["moved"].fillna(0).to_numpy(dtype=np.float64)
    area = carried * (upper - lower) + net * (upper - start) - moved
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(upper > lower, area / (upper - lower), 0.0)
    at = np.where(rises, found["at"].fillna(0).to_numpy(dtype=np.int64), lower)
    return frame.assign(peak=np.where(rises, top, carried), mean=np.maximum(mean, 0.0), at=at)


def _swept(chosen: CallFilter, grid: Buckets, start: int, end: int) -> Any:
    """One row a bucket with events: net change, highest level after an event and when, and moments times changes.

    An event is one number, for that is sorted in half the time: its moment doubled, and one more for a start. So ends
    come first at one moment: who leaves when another comes was not there with him.
    """
    # Of the calls that began before the range only those count that were still going on.
    inside = replace(chosen, start=earliest(chosen), end=end)
    real = and_(c.status != literal_column(f"'{Status.INVALID}'"), going_on_after(start))
    rises: Any = select((_later(c.started_at, start) * 2 + 1).label("event"))
    falls: Any = select((c.ended_at * 2).label("event"))
    ended = and_(c.status != literal_column(f"'{Status.IN_PROGRESS}'"), c.ended_at < end)
    events = union_all(inside.apply(rises).where(real), inside.apply(falls).where(real, ended)).subquery()
    event = events.c.event
    change = event % 2 * 2 - 1
    levels = select(event, func.sum(change).over(order_by=event, rows=(None, 0)).label("level")).subquery()
    moment, change = int_div(levels.c.event, 2), levels.c.event % 2 * 2 - 1
    columns: list[Any] = [
        # An end at the very start of a bucket is one of the bucket before: nothing of it lies in the later one.
        grid.index_of(int_div(levels.c.event - 1, 2)).label("bucket"),
        func.sum(change).label("net"),
        func.max(levels.c.level).label("top"),
        func.arg_max(moment, levels.c.level, type_=BigInteger).label("at"),
        func.sum(change * (moment - start)).label("moved"),
    ]
    return select(*columns).group_by("bucket")


def _later(column: ColumnElement[int], instant: int) -> ColumnElement[int]:
    return func.greatest(column, literal(instant, BigInteger))


def _hours(copy: AnalyticCopy, chosen: CallFilter, end: int) -> pd.DataFrame:
    assert chosen.start is not None
    grid = buckets(chosen.start, chosen.end or end, HOUR, chosen.zone)
    course = _course(copy, chosen, grid, end)
    local = pd.to_datetime(course["bucket_start"].to_numpy(), unit="us", utc=True).tz_convert(chosen.zone)
    frame = course.assign(weekday=local.day_of_week, hour=local.hour).rename(columns={"peak": "value"})
    frame = frame[frame["value"] > 0].sort_values(["value", "at"], ascending=[False, True])
    found = frame.drop_duplicates(["weekday", "hour"]).sort_values(["weekday", "hour"], ignore_index=True)
    return found[["weekday", "hour", "value", "at"]]
