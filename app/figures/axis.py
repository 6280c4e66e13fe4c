"""Time on the x axis, in the chosen zone: Plotly knows no zones, so it is given wall-clock milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from app.theme import time_ticks

_MS = 1000
_DAY = 86_400_000_000
_MOST_TICKS = 8


@lru_cache(maxsize=4096)
def _local(instant: int, zone: str) -> datetime:
    return datetime.fromtimestamp(instant / 1_000_000, tz=UTC).astimezone(ZoneInfo(zone))


def _offset_ms(instant: int, zone: str) -> int:
    offset = _local(instant, zone).utcoffset()
    return int(offset.total_seconds() * 1000) if offset else 0


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Consecutive buckets from `starts` (UTC microseconds); the last one ends at `end`, or is `step` wide."""

    starts: Sequence[int]
    step: int
    zone: str
    as_of: int
    end: int | None = None

    @property
    def running(self) -> int | None:
        """The index of the bucket that is not over yet."""
        if not self.starts:
            return None
        return len(self.starts) - 1 if self.starts[-1] <= self.as_of < self._edges()[-1] else None

    @property
    def years(self) -> bool:
        """Whether times need their year: not all of the range lies in the present one."""
        if not self.starts:
            return False
        ends = (self.starts[0], self._edges()[-1] - 1)
        return any(_local(instant, self.zone).year != _local(self.as_of, self.zone).year for instant in ends)

    def middles(self) -> dict[str, Any]:
        """The middles of the buckets as trace attributes: x0 and dx where they are evenly spaced, else x."""
        edges = self._wall()
        middles = [(a + b) // 2 for a, b in pairwise(edges)]
        widths = {b - a for a, b in pairwise(middles)}
        if len(widths) <= 1:
            return {"x0": middles[0] if middles else 0, "dx": widths.pop() if widths else self.step // _MS}
        return {"x": middles}

    def layout(self) -> dict[str, Any]:
        """The x axis of the layout: the whole range, with ticks by the wall clock also where the clocks change."""
        if not self.starts:
            return {"type": "date"}
        edges = self._wall()
        axis: dict[str, Any] = {
            "type": "date",
            "range": [edges[0], edges[-1]],
            "tickformatstops": time_ticks(years=self.years, hours=self.step < _DAY),
        }
        if self._uneven():
            every = -(-len(self.starts) // _MOST_TICKS)
            shown = range(0, len(self.starts), every)
            text = "%d %b %Y<br>%H:%M" if self.years else "%d %b<br>%H:%M"
            axis |= {
                "tickmode": "array",
                "tickvals": [edges[i] for i in shown],
                "ticktext": [f"{_local(self.starts[i], self.zone):{text}}" for i in shown],
            }
        return axis

    def at(self, instant: int) -> int:
        """Where an instant of the range lies on the axis."""
        if not self._uneven():
            return instant // _MS + _offset_ms(instant, self.zone)
        return instant // _MS + _offset_ms(self._edges()[-1], self.zone)

    def spans(self) -> list[str]:
        """What each bucket covers, for people: "Mon 23 Nov, 14:00–15:00" (and "so far")."""
        edges = self._edges()
        day = "%a %d %b %Y" if self.years else "%a %d %b"
        spans = [_span(_local(a, self.zone), _local(b, self.zone), day) for a, b in pairwise(edges)]
        if self.running is not None:
            spans[-1] += " so far"
        return spans

    def _edges(self) -> list[int]:
        return [*self.starts, self.end or self.starts[-1] + self.step] if self.starts else []

    def _uneven(self) -> bool:
        """Whether the clocks change in the range of buckets shorter than a day."""
        if self.step >= _DAY:
            return False
        return len({_offset_ms(instant, self.zone) for instant in self._edges()}) > 1

    def _wall(self) -> list[int]:
        """Edges in wall-clock milliseconds; where the clocks change, one offset for all keeps buckets apart."""
        edges = self._edges()
        if self._uneven():
            offset = _offset_ms(edges[-1], self.zone)
            return [edge // _MS + offset for edge in edges]
        return [edge // _MS + _offset_ms(edge, self.zone) for edge in edges]


def _span(start: datetime, end: datetime, day: str) -> str:
    if start.time() == end.time() == datetime.min.time():
        days = (end.date() - start.date()).days
        if days == 1:
            return f"{start:%a %d %b %Y}"
        if start.day == 1 and end.day == 1:
            return f"{start:%B %Y}"
        return f"{days} days from {start:%a %d %b %Y}"
    if start.utcoffset() != end.utcoffset():
        return f"{start:{day}, %H:%M %Z}–{end:%H:%M %Z}"
    return f"{start:{day}, %H:%M}–{end:%H:%M}"
