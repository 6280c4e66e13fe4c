"""The query string <-> the filter: one syntax for pages and API.

A time is ISO-8601 (naive: in the zone), or relative as in Grafana: now, now-24h, now/d (start of today), now-1d/d.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from werkzeug.datastructures import MultiDict

from data.filters import DIMENSIONS, CallFilter
from data.models import Direction, Status
from data.times import EARLIEST, HOUR, MINUTE, SECOND, from_datetime, to_datetime, wall

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR}
_RELATIVE = re.compile(r"now(?:([+-])(\d{1,6})([smhdwMy]))?(?:/([dwMy]))?")
#: Asking for them walks a folder of 600 files.
_ZONES = frozenset(available_timezones())
_WORDS: dict[str, frozenset[str]] = {"status": frozenset(Status), "direction": frozenset(Direction)}
_LONGEST_TEXT = 200
_MOST_VALUES = 100


class BadFilter(ValueError):
    """A parameter of the query string that can't be understood; the message names it."""


@dataclass(frozen=True, slots=True)
class PageFilter:
    """What a page shows: the resolved filter, the range as it was written, and whether to compare with the past."""

    filter: CallFilter
    range_from: str
    range_to: str
    compare: bool

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for requests that ask for the same picture, whenever they ask."""
        chosen = self.filter
        values = tuple(getattr(chosen, name) for name in DIMENSIONS)
        return (self.range_from, self.range_to, chosen.zone, *values, chosen.q, self.compare)


def parse_query(args: MultiDict[str, str], now: int, default_zone: str, *, default_from: str = "now-24h") -> PageFilter:
    """The filter of a query string; raises BadFilter."""
    zone = args.get("zone") or default_zone
    if zone not in _ZONES:
        raise BadFilter(f"zone: {zone[:40]!r} is not an IANA time zone")
    range_from, range_to = args.get("from") or default_from, args.get("to") or "now"
    start = max(parse_time("from", range_from, now, zone), EARLIEST)
    # What has not happened yet is no part of a fair comparison, nor of a chart.
    end = min(parse_time("to", range_to, now, zone, up=True), now)
    if start >= end:
        raise BadFilter("from: must lie before to")
    return PageFilter(
        filter=CallFilter(start=start, end=end, zone=zone, q=(args.get("q") or "")[:_LONGEST_TEXT], **_lists(args)),
        range_from=range_from,
        range_to=range_to,
        compare=args.get("compare", "1") != "0",
    )


def _lists(args: MultiDict[str, str]) -> dict[str, tuple[str, ...]]:
    found = {}
    for name in DIMENSIONS:
        values = _unique(v for v in args.getlist(name) if v)
        if len(values) > _MOST_VALUES or any(len(v) > _LONGEST_TEXT for v in values):
            raise BadFilter(f"{name}: too many or too long values")
        known = _WORDS.get(name)
        if known and not known.issuperset(values):
            raise BadFilter(f"{name}: must be one of {', '.join(sorted(known))}")
        found[name] = values
    return found


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def parse_time(name: str, text: str, now: int, zone: str, *, up: bool = False) -> int:
    """An instant; `/d` rounds down, or up for the end of a range (`now/d` to `now/d` is today as a whole)."""
    match = _RELATIVE.fullmatch(text.strip())
    try:
        if match:
            return _relative(match, now, zone, up=up)
        moment = datetime.fromisoformat(text.strip())
        return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)))
    except (ValueError, OverflowError):
        raise BadFilter(f"{name}: {text[:40]!r} is neither an ISO-8601 time nor one like now-24h or now/d") from None


def _relative(match: re.Match[str], now: int, zone: str, *, up: bool) -> int:
    sign, count, unit, rounding = match.groups()
    moment = to_datetime(now, zone).replace(tzinfo=None)
    instant = now
    if unit in _UNITS:
        instant += (1 if sign == "+" else -1) * int(count) * _UNITS[unit]
        moment = to_datetime(instant, zone).replace(tzinfo=None)
    elif unit:
        moment = _shifted(moment, int(count) * (1 if sign == "+" else -1), unit)
        instant = wall(zone, moment)
    if not rounding:
        return instant
    start = _floor(moment, rounding)
    return wall(zone, _shifted(start, 1, rounding) if up else start)


def _floor(moment: datetime, unit: str) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "w":
        return day - timedelta(days=day.weekday())
    return {"d": day, "M": day.replace(day=1), "y": day.replace(month=1, day=1)}[unit]


def _shifted(moment: datetime, count: int, unit: str) -> datetime:
    """The wall-clock time so many days, weeks, months or years on; the 31st becomes a shorter month's last day."""
    if unit in "dw":
        return moment + timedelta(days=count * (7 if unit == "w" else 1))
    months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return moment.replace(year=year, month=month + 1)
