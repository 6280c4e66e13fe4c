"""Which calls a figure is about, and which earlier calls it is fairly compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Select, and_, func, or_
from sqlalchemy.sql.elements import ColumnElement

from data.callsets import CALL_SETS
from data.models import Status, calls
from data.repeats import called_again
from data.sqlx import occurs, occurs_anyhow
from data.times import EARLIEST, now_micros, to_datetime, wall, wall_clock

#: The columns that a filter narrows by a list of values, in the order in which pages show them.
DIMENSIONS = (
    "agent",
    "agent_version",
    "queue",
    "status",
    "direction",
    "source",
    "end_reason_group",
    "end_reason",
    "language",
    "sentiment",
)
#: All that a filter narrows by a list of texts.
LISTS = (*DIMENSIONS, "tags")
#: What a filter narrows by its least and its greatest value.
BOUNDED = {"duration": calls.c.duration_seconds, "wait": calls.c.wait_seconds, "latency": calls.c.latency_ms}
#: As a value: the calls that do not carry the column.
UNKNOWN = "(unknown)"
_LAST = 2
_SEARCHED = ("call_id", "agent", "queue", "end_reason")


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Calls that started in [start, end) (UTC microseconds, None = open) and have one of the values of each list.

    weekday (0 = Monday) and hour are those of the zone's clock; csat is rounded; a duration or wait lies in [min, max)
    seconds, a latency in [min, max) milliseconds; `at` is an instant (UTC microseconds) at which they were going on;
    `of` names sets of data/callsets.py that all hold the call; `again`: its caller called again so soon
    (data/repeats.py).
    """

    start: int | None = None
    end: int | None = None
    zone: str = "UTC"
    agent: tuple[str, ...] = ()
    agent_version: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    end_reason_group: tuple[str, ...] = ()
    end_reason: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    sentiment: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    weekday: tuple[int, ...] = ()
    hour: tuple[int, ...] = ()
    csat: tuple[int, ...] = ()
    min_duration: float | None = None
    max_duration: float | None = None
    min_wait: float | None = None
    max_wait: float | None = None
    min_latency: float | None = None
    max_latency: float | None = None
    at: int | None = None
    of: tuple[str, ...] = ()
    again: str = ""
    q: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether it leaves out any call of its range."""
        return replace(self, start=None, end=None) != CallFilter(zone=self.zone)

    def values(self) -> list[ColumnElement[bool]]:
        """The conditions on values, without the time range."""
        found = [_one_of(calls.c[name], getattr(self, name)) for name in DIMENSIONS if getattr(self, name)]
        if self.tags:
            found.append(or_(*map(_tagged, self.tags)))
        found += self._measures()
        found += (CALL_SETS[name] for name in self.of)
        if self.again:
            found.append(called_again(self.start, self.end, self.again))
        if self.weekday or self.hour:
            found += self._on_the_clock()
        if self.q:
            # A longer text is in no two digits; not to look there saves half of the time.
            names = (*_SEARCHED, *(["caller_last2"] if len(self.q) <= _LAST else []))
            found.append(or_(*(occurs_anyhow(calls.c[name], self.q) for name in names)))
        return found

    def _measures(self) -> Iterator[ColumnElement[bool]]:
        if self.csat:
            yield or_(*(and_(calls.c.csat >= n - 0.5, calls.c.csat < n + 0.5) for n in self.csat))
        for name, column in BOUNDED.items():
            low, high = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            if low is not None:
                yield column >= low
            if high is not None:
                yield column < high
        if self.at is not None:
            yield and_(calls.c.started_at <= self.at, going_on_after(self.at))

    def _on_the_clock(self) -> Iterator[ColumnElement[bool]]:
        start, end = self.start if self.start is not None else EARLIEST, self.end or now_micros()
        weekday, hour = wall_clock(calls.c.started_at, start, end, self.zone)
        if self.weekday:
            yield weekday.in_(self.weekday)
        if self.hour:
            yield hour.in_(self.hour)

    def times(self) -> list[ColumnElement[bool]]:
        """The conditions on the start of the call."""
        found: list[ColumnElement[bool]] = []
        if self.start is not None:
            found.append(calls.c.started_at >= self.start)
        if self.end is not None:
            found.append(calls.c.started_at < self.end)
        return found

    def apply(self, query: Select[Any]) -> Select[Any]:
        """The query narrowed to the calls of this filter."""
        return query.where(*self.times(), *self.values())

    def previous(self) -> CallFilter | None:
        """The same elapsed part of the previous period: None where the range is open.

        A range that begins at a midnight of the zone is taken as days, as a week (from a Monday on, longer than that
        day) or as a month and moved back on the wall clock, so "today until 15:00" meets yesterday until 15:00 even
        when the clocks changed; any other range is moved back by its own length.
        """
        if self.start is None or self.end is None or self.end <= self.start:
            return None
        start, end = (to_datetime(t, self.zone).replace(tzinfo=None, fold=0) for t in (self.start, self.end))
        midnight = datetime.combine(start, datetime.min.time())
        # Where a clock change skips midnight, the day begins at one.
        if self.start != wall(self.zone, midnight):
            return replace(self, start=2 * self.start - self.end, end=self.start)
        start = midnight
        if start.day == 1 and end > start + timedelta(days=7) and end <= _next_month(start):
            earlier = (start - timedelta(days=1)).replace(day=1)
            return replace(
                self, start=wall(self.zone, earlier), end=min(self.start, wall(self.zone, earlier + (end - start)))
            )
        days = timedelta(days=-((start - end) // timedelta(days=1)))
        if start.weekday() == 0 and timedelta(days=1) < days < timedelta(days=7):
            days = timedelta(days=7)
        return replace(self, start=wall(self.zone, start - days), end=wall(self.zone, end - days))


def going_on_after(instant: int) -> ColumnElement[bool]:
    """Calls that are real and had not ended by then."""
    going_on = or_(calls.c.ended_at > instant, calls.c.status == Status.IN_PROGRESS)
    return and_(calls.c.status != Status.INVALID, going_on)


def _tagged(tag: str) -> ColumnElement[bool]:
    """Whether the platform or a reviewer gave this tag; with its quotes it is found only as a whole."""
    lists = (calls.c.tags, calls.c.review_tags)
    if tag == UNKNOWN:
        return and_(*(func.coalesce(column, "[]") == "[]" for column in lists))
    text = orjson.dumps(tag).decode()
    return or_(*(occurs(column, text) for column in lists))


def _one_of(column: ColumnElement[Any], values: tuple[str, ...]) -> ColumnElement[bool]:
    if UNKNOWN not in values:
        return column.in_(values)
    return or_(column.is_(None), column.in_([value for value in values if value != UNKNOWN]))


def _next_month(first: datetime) -> datetime:
    return (first + timedelta(days=32)).replace(day=1)
