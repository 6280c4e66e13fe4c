"""Instants, zones and time buckets.

An instant is an int: UTC microseconds since 1970. A bucket is half-open [start, end) and is laid out in a zone's wall
clock: days, weeks and months follow clock changes; an hour that happens twice is two buckets.
"""

from __future__ import annotations

import calendar
import itertools
import time
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import ColumnElement, case, literal

from data.sqlx import int_div

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Where time begins: a time before it is a mistake, and a chart of centuries of nothing costs seconds.
BEGINNING = "1980-01-01T00:00:00Z"
EARLIEST = 315_532_800_000_000
MAX_BUCKETS = 20_000

#: Widths that a chart may choose by itself, in microseconds; above a day: whole days, then "week", "month".
STEPS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, DAY)


class TooManyBuckets(ValueError):
    """The range holds more buckets than an answer may have."""


def now_micros() -> int:
    """The present instant."""
    return time.time_ns() // 1000


def to_datetime(instant: int, zone: str = "UTC") -> datetime:
    """The aware datetime of an instant in `zone`."""
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))


def from_datetime(moment: datetime) -> int:
    """The instant of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def to_iso(instant: int | None) -> str | None:
    """ISO-8601 with Z; milliseconds only where there are any. None stays None."""
    if instant is None:
        return None
    moment = _EPOCH + timedelta(microseconds=instant)
    digits = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=digits).replace("+00:00", "Z")


def wall(zone: str, moment: datetime) -> int:
    """The instant of a naive wall-clock time: the first of two, and past the gap where the clock skips it."""
    return from_datetime(moment.replace(tzinfo=ZoneInfo(zone)))


@lru_cache(maxsize=256)
def _offset_runs(zone: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """(from instant, UTC offset in microseconds) runs of constant offset that cover [start, end)."""
    info = ZoneInfo(zone)

    def offset(instant: int) -> int:
        delta = (_EPOCH + timedelta(microseconds=instant)).astimezone(info).utcoffset()
        return (delta or timedelta()) // _MICROSECOND

    runs = [(start, offset(start))]
    for low in range(start, end, DAY):
        high = min(low + DAY, end)
        if offset(high) == runs[-1][1]:
            continue
        before, after = low, high
        while after - before > SECOND:
            middle = (before + after) // 2
            before, after = (middle, after) if offset(middle) == runs[-1][1] else (before, middle)
        # Clock changes fall on whole seconds.
        runs.append((after // SECOND * SECOND, offset(high)))
    return tuple(runs)


def wall_clock(
    column: ColumnElement[int], start: int, end: int, zone: str
) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Weekday (0 = Monday) and hour, on the zone's clock, of an instant that lies in [start, end)."""
    runs = _offset_runs(zone, start, end)
    arms = [(column < begin, column + offset) for (begin, _), (_, offset) in zip(runs[1:], runs, strict=False)]
    local = case(*arms, else_=column + runs[-1][1]) if arms else column + runs[0][1]
    days, hours = int_div(local, DAY), int_div(local, HOUR)
    # 1970 began on a Thursday.
    weekday = days + 3 - int_div(days + 3, 7) * 7
    return weekday, hours - int_div(hours, 24) * 24


@dataclass(frozen=True, slots=True)
class Buckets:
    """Consecutive half-open buckets: bucket i is [starts[i], starts[i + 1]), the last one ends at `end`."""

    starts: tuple[int, ...]
    end: int

    def __len__(self) -> int:
        return len(self.starts)

    def index_of(self, column: ColumnElement[int]) -> ColumnElement[int]:
        """The bucket number of an instant that lies in the range: one integer division a run of equal widths."""
        arms = []
        for first, last, width in self._runs():
            inside = int_div(column - self.starts[first], width) + first if width else literal(first)
            arms.append((column < last, inside))
        if len(arms) == 1:
            return arms[0][1]
        return case(*arms[:-1], else_=arms[-1][1])

    def _runs(self) -> list[tuple[int, int, int]]:
        """(index of the first bucket, instant of the end, width) of each run of equally wide buckets."""
        edges = [*self.starts, self.end]
        widths = np.diff(np.array(edges, dtype=np.int64))
        runs, first = [], 0
        for width, group in itertools.groupby(widths.tolist()):
            count = len(list(group))
            runs.append((first, edges[first + count], width))
            first += count
        return runs


@lru_cache(maxsize=512)
def buckets(start: int, end: int, bucket: str | int, zone: str) -> Buckets:
    """The buckets that touch [start, end): `bucket` is a width in microseconds up to a day, or "week" or "month"."""
    if end <= start:
        return Buckets((), end)
    width = {"week": 7 * DAY, "month": 28 * DAY}.get(bucket, bucket) if isinstance(bucket, str) else bucket
    if not isinstance(width, int) or width <= 0:
        raise ValueError(f"no such bucket: {bucket!r}")
    if (end - start) // width > MAX_BUCKETS:
        raise TooManyBuckets(f"more than {MAX_BUCKETS} buckets: choose a wider bucket or a shorter range")
    starts = _clock_starts(start, end, width, zone) if width <= HOUR else _wall_starts(start, end, bucket, zone)
    following = [s for s in starts if s >= end]
    kept = [s for s in starts if s < end]
    return Buckets(tuple(kept), following[0] if following else end)


def _clock_starts(start: int, end: int, width: int, zone: str) -> list[int]:
    """Starts of buckets up to an hour: steps of real time, in step with the zone's clock."""
    # From before the start: a clock change there may be where its bucket begins.
    runs = _offset_runs(zone, start - width, end)
    starts: set[int] = set()
    for position, (begin, offset) in enumerate(runs):
        stop = runs[position + 1][0] if position + 1 < len(runs) else end + width
        first = (begin + offset) // width * width - offset
        starts.update(max(step, begin) for step in range(first, stop, width))
    return _from_bucket_of(start, starts)


def _wall_starts(start: int, end: int, bucket: str | int, zone: str) -> list[int]:
    """Starts of buckets of several hours and more: steps of the wall clock, from midnight (Monday, the first)."""
    moment = to_datetime(start, zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
    if bucket == "week":
        moment -= timedelta(days=moment.weekday())
    if bucket == "month":
        moment = moment.replace(day=1)
    starts: list[int] = []
    while not starts or starts[-1] < end:
        starts.append(wall(zone, moment))
        if bucket == "month":
            moment += timedelta(days=calendar.monthrange(moment.year, moment.month)[1])
        else:
            moment += timedelta(days=7) if bucket == "week" else timedelta(microseconds=int(bucket))
    return _from_bucket_of(start, set(starts))


def _from_bucket_of(start: int, starts: set[int]) -> list[int]:
    """The starts in order, from that of the bucket that holds `start`."""
    ordered = sorted(starts)
    return ordered[max(bisect_right(ordered, start) - 1, 0) :]


def step_for(span: int, most: int) -> int | str:
    """The narrowest width that cuts `span` microseconds into at most `most` buckets."""
    for step in STEPS:
        if span <= step * most:
            return step
    return "week" if span <= 7 * DAY * most else "month"
