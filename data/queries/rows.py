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
from sqlalchemy import cast, func, select
from sqlalchemy.types import UserDefinedType

from data.analytics import COLUMNS, Frames
from data.filters import CallFilter
from data.models import calls

DEPTH = 10_000
#: The order that has no end.
BY_TIME = "started_at"
SORTABLE = tuple(name for name in COLUMNS if name not in ("revision", "caller_hash"))

_BITS = 8


class _Byte(UserDefinedType[int]):
    """A number of so many bits, by the engine's name for it."""

    cache_ok = True

    def get_col_spec(self, **kw: Any) -> str:
        return "UTINYINT"


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

    def holding(self, first: int, size: int) -> tuple[int, int, int]:
        """The span of time [start, end) of so many rows from `first` on, oldest first, and how many rows of the span
        come before them."""
        low, high = bisect_right(self.until, first), bisect_right(self.until, first + size - 1)
        before = self.until[low - 1] if low else 0
        return self.start + low * self.width, self.start + (high + 1) * self.width, first - before


def slices(copy: Frames, chosen: CallFilter) -> Slices:
    """The calls of a filter counted by time."""
    start, end = _bounds(copy, chosen)
    # A power of two is no division, and a byte no number that has to be looked up: that takes half of the time.
    shift = max((max(end - start, 1) - 1).bit_length() - _BITS, 0)
    index = cast((calls.c.started_at - start).bitwise_rshift(shift), _Byte).label("slice")
    columns: list[Any] = [index, func.count().label("n")]
    query = chosen.apply(select(*columns)).where(calls.c.started_at >= start, calls.c.started_at < end)
    frame = copy.frame(query.group_by("slice"), "count_calls")
    counts = np.zeros(1 << _BITS, dtype=np.int64)
    counts[frame["slice"].to_numpy(dtype=np.int64)] = frame["n"].to_numpy(dtype=np.int64)
    return Slices(start, 1 << shift, tuple(np.cumsum(counts).tolist()))


def _bounds(copy: Frames, chosen: CallFilter) -> tuple[int, int]:
    """The range, and no more of it than there are calls: the engine knows the first and the last without a look."""
    started = calls.c.started_at
    found = copy.frame(select(func.min(started).label("a"), func.max(started).label("b")), "bounds")
    if found["a"].isna()[0]:
        return 0, 0
    first, last = int(found["a"][0]), int(found["b"][0])
    start = first if chosen.start is None else max(chosen.start, first)
    end = last + 1 if chosen.end is None else min(chosen.end, last + 1)
    return start, max(start, end)


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
    # The order first, of narrow rows: whole ones would be sorted many times as slowly.
    started, ids = calls.c.started_at, chosen.apply(select(calls.c.id))
    if sort == BY_TIME:
        begin, end, before = counted.holding(counted.total - start - limit if descending else start, limit)
        # Oldest first either way: that is how the rows of the span are counted.
        query = ids.where(started >= begin, started < end).order_by(started, calls.c.id).limit(limit).offset(before)
    else:
        column = calls.c[sort]
        order = (column.desc() if descending else column.asc()).nulls_last()
        query = ids.order_by(order, started.desc(), calls.c.id.desc()).limit(limit).offset(start)
    found = copy.frame(query, "table")["id"].tolist()
    whole = select(calls.c.id.label("row_id"), *wanted).where(calls.c.id.in_(found))
    shown = copy.frame(whole, "table").set_index("row_id").reindex(found).reset_index(drop=True)
    return shown[::-1].reset_index(drop=True) if sort == BY_TIME and descending else shown
