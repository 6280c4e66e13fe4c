"""Figures over time, and over weekday and hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, func, literal, select

from data.analytics import AnalyticCopy
from data.filters import DIMENSIONS, UNKNOWN, CallFilter
from data.kpis import COUNTS, KPIS
from data.models import CLOSED, COUNTED, calls
from data.times import HOUR, Buckets, TooManyBuckets, buckets

_MOST_POINTS = 100_000


def bounded(copy: AnalyticCopy, chosen: CallFilter, now: int) -> CallFilter:
    """The filter with its open ends closed: by the oldest call and by the present."""
    if chosen.start is not None and chosen.end is not None:
        return chosen
    start, end = chosen.start, chosen.end
    if end is None:
        end = now + 1
    if start is None:
        oldest = copy.frame(select(func.min(calls.c.started_at).label("t")), "oldest")["t"][0]
        start = min(int(oldest), end) if pd.notna(oldest) else end
    return replace(chosen, start=start, end=end)


def series(
    copy: AnalyticCopy,
    chosen: CallFilter,
    grid: Buckets,
    figures: dict[str, ColumnElement[Any]],
    by: str | None = None,
    name: str = "series",
    group: ColumnElement[Any] | None = None,
) -> pd.DataFrame:
    """One row a bucket (and value of `by`): bucket_start, `by`, the figures; buckets without calls are left out.

    `by` is a column, or the name of what `group` makes of the columns.
    """
    if not len(grid):
        return pd.DataFrame(columns=["bucket_start", *([by] if by else []), *figures])
    index = grid.index_of(calls.c.started_at).label("bucket")
    groups: list[Any] = [index, (calls.c[by] if group is None else group).label(by)] if by else [index]
    query = select(*groups, *(sql.label(key) for key, sql in figures.items()))
    query = chosen.apply(query).group_by(*("bucket", by) if by else ("bucket",))
    frame = copy.frame(query, name)
    frame.insert(0, "bucket_start", np.array(grid.starts, dtype=np.int64)[frame.pop("bucket").to_numpy(dtype=np.int64)])
    return frame.sort_values(["bucket_start", *([by] if by else [])], ignore_index=True)


def filled(frame: pd.DataFrame, grid: Buckets, zero: Sequence[str] = (), by: str | None = None) -> pd.DataFrame:
    """The series with every bucket present: counts (`zero`) as 0, other figures unknown."""
    starts = np.array(grid.starts, dtype=np.int64)
    keys: dict[str, Any] = {"bucket_start": starts}
    place = np.searchsorted(starts, frame["bucket_start"])
    if by:
        # Places by number: an index of pairs takes several times as long.
        codes, names = pd.factorize(frame[by], sort=True)
        known = codes >= 0
        frame, place = frame[known], (place * len(names) + codes)[known]
        keys = {"bucket_start": np.repeat(starts, len(names)), by: np.tile(names, len(starts))}
    frame = pd.DataFrame(keys).join(frame.drop(columns=list(keys)).set_axis(place))
    for column in zero:
        frame[column] = frame[column].fillna(0).astype("int64")
    return frame


def figure_series(
    copy: AnalyticCopy, chosen: CallFilter, metric: str, bucket: str | int, *, by: str | None = None
) -> pd.DataFrame:
    """One figure over time, gaps filled: bucket_start, `by` (None: of calls that do not carry it), value.

    The filter's range must be closed.
    """
    if by is not None and by not in DIMENSIONS:
        raise ValueError(f"by: must be one of {', '.join(DIMENSIONS)}; got {by!r}")
    assert chosen.start is not None and chosen.end is not None
    grid = buckets(chosen.start, chosen.end, bucket, chosen.zone)
    if by:
        _refuse_too_many(copy, chosen, grid, by)
    group = _named(by) if by else None
    frame = series(copy, chosen, grid, {"value": KPIS[metric].sql}, by, group=group)
    counts = ["value"] if metric in ("total_calls", "offered") else []
    found = filled(frame, grid, counts, by)
    if by:
        found[by] = found[by].astype(object).where(found[by] != UNKNOWN, None)
    return found


def _refuse_too_many(copy: AnalyticCopy, chosen: CallFilter, grid: Buckets, by: str) -> None:
    # Of a closed list there are never many: those that are there need not be counted first.
    if by in CLOSED and len(CLOSED[by]) * len(grid) < _MOST_POINTS:
        return
    values: Any = select(func.count(_named(by).distinct()).label("n"))
    lines = int(copy.frame(chosen.apply(values), "series_values")["n"][0])
    if lines * len(grid) > _MOST_POINTS:
        raise TooManyBuckets(f"by: {lines:,} values in {len(grid):,} buckets are too many; filter, or widen the bucket")


def _named(column: str) -> ColumnElement[Any]:
    """The column with a name for what is unknown: a group of its own, so that the groups sum up to all calls."""
    found = calls.c[column]
    # What every call carries is grouped as it is kept: a word of a closed list would become a text first.
    return func.coalesce(found, literal(UNKNOWN)) if found.nullable else found


def weekday_hour(copy: AnalyticCopy, chosen: CallFilter) -> pd.DataFrame:
    """Calls by weekday (0 = Monday) and hour of the wall clock: weekday, hour, calls; only where there are any."""
    assert chosen.start is not None and chosen.end is not None
    grid = buckets(chosen.start, chosen.end, HOUR, chosen.zone)
    columns: list[Any] = [grid.index_of(calls.c.started_at).label("bucket"), func.count().label("calls")]
    query = chosen.apply(select(*columns).where(COUNTS)).group_by("bucket")
    frame = copy.frame(query, "weekday_hour")
    starts = np.array(grid.starts, dtype=np.int64)[frame["bucket"].to_numpy(dtype=np.int64)]
    local = pd.to_datetime(starts, unit="us", utc=True).tz_convert(chosen.zone)
    grouped = frame["calls"].groupby([local.day_of_week, local.hour]).sum()
    return grouped.rename_axis(["weekday", "hour"]).reset_index()


def end_reasons(copy: AnalyticCopy, chosen: CallFilter) -> pd.DataFrame:
    """Calls by how they ended: end_reason_group, end_reason, status, calls; most calls first."""
    group = [calls.c.end_reason_group, calls.c.end_reason, calls.c.status]
    query = chosen.apply(select(*group, func.count().label("calls"))).group_by(*group)
    # Which statuses count is asked of the few groups, not of every call.
    frame = copy.frame(query, "end_reasons")
    frame = frame[frame["status"].isin(COUNTED)]
    return frame.sort_values("calls", ascending=False, ignore_index=True)
