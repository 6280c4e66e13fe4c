"""Which calls a figure is about, and which earlier calls it is fairly compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_
from sqlalchemy.sql.elements import ColumnElement

from data.models import calls
from data.times import to_datetime, wall

#: The columns that a filter narrows by a list of values, in the order in which pages show them.
DIMENSIONS = ("agent", "queue", "status", "direction", "source")
_SEARCHED = ("call_id", "agent", "queue", "end_reason", "caller_last2")


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Calls that started in [start, end) (UTC microseconds, None = open) and have one of the values of each list."""

    start: int | None = None
    end: int | None = None
    zone: str = "UTC"
    agent: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    q: str = ""

    def values(self) -> list[ColumnElement[bool]]:
        """The conditions on values, without the time range."""
        found: list[ColumnElement[bool]] = [
            calls.c[name].in_(getattr(self, name)) for name in DIMENSIONS if getattr(self, name)
        ]
        if self.q:
            found.append(or_(*(calls.c[name].icontains(self.q, autoescape=True) for name in _SEARCHED)))
        return found

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


def _next_month(first: datetime) -> datetime:
    return (first + timedelta(days=32)).replace(day=1)
