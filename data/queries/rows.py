"""Rows of the table of calls: any stretch of any order, and how many rows there are.

Sorted by their start, calls are found at any depth in the time of the first page: calls are counted by slices of time,
and only the slices that hold the wanted rows are read. In any other order only the first DEPTH rows can be reached.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import func, select

from data.analytics import COLUMNS, Frames
from data.filters import CallFilter
from data.models import calls
from data.sqlx import int_div
from data.times import DAY, EARLIEST, now_micros

DEPTH = 10_000
#: The order that has no end.
BY_TIME = "started_at"
SORTABLE = tuple(name for name in COLUMNS if name not in ("revision", "caller_hash"))

_SLICES = 2_000
#: In a longer range most slices may be empty: its calls' first and last start are asked for.
_LONG = 3 * 365 * DAY


@dataclass(frozen=True, slots=True)
class Slices:
    """Slice i holds the calls that started in [start + i * width, start + (i + 1) * width), without those of any
    earlier one: `until[i]` calls are in the slices up to and with i."""

    start: int
    width: int
    until: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many calls there are."""
        return self.until[-1] if self.until else 0

    def spans(self, size: int) -> Iterator[tuple[int, int]]:
        """Spans of time [start, end) that hold about `size` calls each, newest first, all calls together."""
        high = len(self.until)
        while high and self.until[high - 1]:
            low = bisect_right(self.until, max(self.until[high - 1] - size, 0), 0, high - 1)
            yield self.start + low * self.width, self.start + high * self.width
            high = low

    def holding(self, first: int, last: int) -> tuple[int, int, int]:
        """The span of time [start, end) of the rows first to last (exclusive), oldest first, and how many rows of the
        span come before them."""
        low, high = bisect_right(self.until, first), bisect_right(self.until, last - 1)
        before = self.until[low - 1] if low else 0
        return self.start + low * self.width, self.start + (high + 1) * self.width, first - before


def slices(copy: Frames, chosen: CallFilter) -> Slices:
    """The calls of a filter counted by time."""
    start, end = _bounds(copy, chosen)
    width = max((end - start) // _SLICES + 1, 1)
    index = int_div(calls.c.started_at - start, width).label("slice")
    columns: list[Any] = [index, func.count().label("n")]
    query = chosen.apply(select(*columns)).group_by("slice")
    frame = copy.frame(query, "count_calls")
    counts = np.zeros((end - start) // width + 1, dtype=np.int64)
    counts[frame["slice"].to_numpy(dtype=np.int64)] = frame["n"].to_numpy(dtype=np.int64)
    return Slices(start, width, tuple(np.cumsum(counts).tolist()))


def _bounds(copy: Frames, chosen: CallFilter) -> tuple[int, int]:
    start = chosen.start if chosen.start is not None else EARLIEST
    end = chosen.end if chosen.end is not None else now_micros() + DAY
    if end - start <= _LONG:
        return start, end
    started = calls.c.started_at
    found = copy.frame(chosen.apply(select(func.min(started).label("a"), func.max(started).label("b"))), "bounds")
    if found["a"].isna()[0]:
        return start, start + 1
    return int(found["a"][0]), int(found["b"][0]) + 1


def rows(
    copy: Frames,
    chosen: CallFilter,
    counted: Slices,
    columns: Sequence[str],
    *,
    start: int = 0,
    limit: int = 100,
    sort: str = BY_TIME,
    descending: bool = True,
) -> pd.DataFrame:
    """Rows `start` to `start + limit` in this order; calls that are equal in it come newest first.

    counted: the filter's slices. Beyond the last row, and beyond DEPTH unless sorted by time, there is nothing.
    """
    if sort not in SORTABLE or not set(columns) <= set(COLUMNS):
        raise ValueError("no such column")
    reachable = counted.total if sort == BY_TIME else min(counted.total, DEPTH)
    limit = min(limit, reachable - start)
    wanted = [calls.c[name] for name in columns]
    if limit <= 0:
        return pd.DataFrame(columns=list(columns))
    if sort != BY_TIME:
        column = calls.c[sort]
        order = (column.desc() if descending else column.asc()).nulls_last()
        # The order first, of narrow rows: whole ones would be sorted many times as slowly.
        query = chosen.apply(select(calls.c.id)).order_by(order, calls.c.started_at.desc(), calls.c.id.desc())
        ids = copy.frame(query.limit(limit).offset(start), "table")["id"].tolist()
        whole = select(calls.c.id.label("row_id"), *wanted).where(calls.c.id.in_(ids))
        return copy.frame(whole, "table").set_index("row_id").reindex(ids).reset_index(drop=True)
    first = counted.total - start - limit if descending else start
    begin, end, before = counted.holding(first, first + limit)
    started = calls.c.started_at
    query = chosen.apply(select(*wanted)).where(started >= begin, started < end)
    # Oldest first either way: that is how the rows of the span are counted.
    found = copy.frame(query.order_by(started, calls.c.id).limit(limit).offset(before), "table")
    return found[::-1].reset_index(drop=True) if descending else found
