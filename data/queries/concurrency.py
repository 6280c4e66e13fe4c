"""How many calls were going on at once: an exact sweep over all starts and ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import and_, literal_column, select

from data.analytics import AnalyticCopy
from data.filters import CallFilter, going_on_after
from data.models import Status, calls
from data.queries.kpis import ACTIVE_TIMEOUT
from data.times import DAY, HOUR, Buckets, buckets

c = calls.c
#: So much of a range is looked at at once (microseconds).
_PIECE = 31 * DAY


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
    fine = buckets(chosen.start, chosen.end, HOUR, chosen.zone) if hourly else grid
    swept = _course(copy, chosen, fine, end)
    # Hours that no bucket's edge cuts through are swept once for both.
    course = (
        _joined(swept, grid, chosen.start, end)
        if set(grid.starts) <= set(fine.starts)
        else _course(copy, chosen, grid, end)
    )
    top = int(course["peak"].max()) if len(course) else 0
    first = int(course.loc[course["peak"] == top, "at"].iloc[0]) if top else None
    hours = _hours(swept, chosen.zone) if hourly else pd.DataFrame(columns=["weekday", "hour", "value", "at"])
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
    """bucket_start, peak, mean, at (the first moment of the peak), one row a bucket."""
    start = chosen.start or 0
    edges = np.array([*grid.starts, grid.end], dtype=np.int64)
    lower, upper = np.maximum(edges[:-1], start), np.minimum(edges[1:], end)
    swept, level = [], 0
    # A long range in pieces, so that memory does not grow with it.
    for piece in np.split(np.arange(len(grid)), np.flatnonzero(np.diff((lower - start) // _PIECE)) + 1):
        if len(piece):
            frame, level = _swept(copy, chosen, lower[piece], upper[piece], end, level)
            swept.append(frame)
    found = pd.concat(swept, ignore_index=True) if swept else pd.DataFrame(columns=["peak", "mean", "at"])
    return found.assign(bucket_start=edges[:-1])


def _swept(copy: AnalyticCopy, chosen: CallFilter, lower: Any, upper: Any, end: int, level: int) -> tuple[Any, int]:
    """peak, mean and at of consecutive buckets [lower, upper), and the level after them; `level` is that before.

    The level after each start is what began until then, less what ended; who leaves when another comes was not there
    with him. Sorted by the engine the moments would take three times as long.
    """
    start = int(lower[0])
    began, over = _moments(copy, chosen, start, int(upper[-1]), end)
    first, last = np.searchsorted(began, lower), np.searchsorted(began, upper)
    gone, gone_after = (np.searchsorted(over, edge, "right") for edge in (lower, upper))
    after = level + np.arange(1, len(began) + 1) - np.searchsorted(over, began, "right")
    carried = level + first - gone
    peak, at = carried.copy(), lower.copy()
    some = np.flatnonzero(last > first)
    if len(some):
        top = np.maximum.reduceat(after, first[some])
        reached = np.flatnonzero(after == np.repeat(top, (last - first)[some]))
        moment = began[reached[np.searchsorted(reached, first[some])]]
        higher = top > carried[some]
        peak[some], at[some] = np.where(higher, top, peak[some]), np.where(higher, moment, at[some])
    # Time times level: that of the beginning, more for each start and less for each end until the bucket is over.
    spent = _sums(began - start, first, last, upper - start) - _sums(over - start, gone, gone_after, upper - start)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(upper > lower, carried + spent / (upper - lower), 0.0)
    frame = pd.DataFrame({"peak": peak, "mean": np.maximum(mean, 0.0), "at": at})
    return frame, level + len(began) - len(over)


def _sums(moments: Any, first: Any, last: Any, until: Any) -> Any:
    """The time from each moment of [first, last) to `until`, summed up."""
    sums = np.concatenate([[0.0], np.cumsum(moments, dtype=np.float64)])
    return (last - first) * until - (sums[last] - sums[first])


def _moments(copy: AnalyticCopy, chosen: CallFilter, start: int, until: int, end: int) -> tuple[Any, Any]:
    """When calls began in [start, until) and when they were over in (start, until], each in order. What was going on
    as the range began, begins with it."""
    whole = chosen.start or 0
    # Of the calls that began before the range only those count that were still going on.
    real = and_(c.status != literal_column(f"'{Status.INVALID}'"), going_on_after(whole))
    inside = replace(chosen, start=earliest(chosen), end=end)
    begins: Any = select(c.started_at.label("at")).where(c.started_at < until)
    ends: Any = select(c.ended_at.label("at")).where(
        c.status != literal_column(f"'{Status.IN_PROGRESS}'"), c.ended_at > start, c.ended_at <= until
    )
    if start > whole:
        begins = begins.where(c.started_at >= start)
    began, over = (copy.arrays(inside.apply(each).where(real), "concurrency")["at"] for each in (begins, ends))
    # Nearly in order as they come: for such, this way of sorting takes next to nothing.
    return np.sort(np.maximum(began, start), kind="stable"), np.sort(over, kind="stable")


def _joined(swept: pd.DataFrame, grid: Buckets, start: int, end: int) -> pd.DataFrame:
    """The course in the buckets of a grid, each of whole buckets of the one that was swept."""
    if len(grid) == len(swept):
        return swept
    starts = swept["bucket_start"].to_numpy()
    first = np.searchsorted(starts, grid.starts)
    spent = np.clip(np.minimum(np.append(starts[1:], grid.end), end) - np.maximum(starts, start), 0, None)
    whole = np.add.reduceat(spent, first)
    mean = np.add.reduceat(swept["mean"].to_numpy() * spent, first) / np.maximum(whole, 1)
    peak = np.maximum.reduceat(swept["peak"].to_numpy(), first)
    reached = np.flatnonzero(swept["peak"].to_numpy() == np.repeat(peak, np.diff(first, append=len(starts))))
    at = swept["at"].to_numpy()[reached[np.searchsorted(reached, first)]]
    return pd.DataFrame({"bucket_start": np.array(grid.starts), "peak": peak, "mean": mean, "at": at})


def _hours(swept: pd.DataFrame, zone: str) -> pd.DataFrame:
    local = pd.to_datetime(swept["bucket_start"].to_numpy(), unit="us", utc=True).tz_convert(zone)
    frame = swept.assign(weekday=local.day_of_week, hour=local.hour).rename(columns={"peak": "value"})
    frame = frame[frame["value"] > 0].sort_values(["value", "at"], ascending=[False, True])
    found = frame.drop_duplicates(["weekday", "hour"]).sort_values(["weekday", "hour"], ignore_index=True)
    return found[["weekday", "hour", "value", "at"]]
