"""The query string <-> the filter: one syntax for pages and API.

A time is ISO-8601 (naive: in the zone), or relative as in Grafana: now, now-24h, now/d (start of today), now-1d/d.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from werkzeug.datastructures import MultiDict

from data.callsets import CALL_SETS
from data.filters import BOUNDED, LISTS, UNKNOWN, CallFilter
from data.models import Direction, EndReasonGroup, Status
from data.repeats import AGAIN
from data.times import EARLIEST, HOUR, MINUTE, SECOND, from_datetime, to_datetime, wall

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR}
_RELATIVE = re.compile(r"now(?:([+-])(\d{1,6})([smhdwMy]))?(?:/([dwMy]))?")
#: In a query string a "+" that is not escaped is a space: "2026-11-26T08:00:00 01:00".
_LOST_PLUS = re.compile(r"([T ]\d\d:\d\d[\d:.]*) (\d\d:?\d\d)$")
#: Asking for them walks a folder of 600 files.
_ZONES = frozenset(available_timezones())
_WORDS: dict[str, frozenset[str]] = {
    "status": frozenset(Status),
    "direction": frozenset(Direction) | {UNKNOWN},
    "end_reason_group": frozenset(EndReasonGroup) | {UNKNOWN},
}
#: Lists of whole numbers, and the range that they lie in.
NUMBERS = {"weekday": range(7), "hour": range(24), "csat": range(1, 6)}
#: Least and greatest duration and wait in seconds, latency in milliseconds.
BOUNDS = tuple(f"{end}_{name}" for name in BOUNDED for end in ("min", "max"))
#: What is neither a filter nor a choice of the page: the refresh's own, and how the page is framed.
_NO_CHOICE = frozenset(
    {"from", "to", "zone", "compare", "q", "of", "again", "at", "have", "kiosk", *LISTS, *NUMBERS, *BOUNDS}
)
_LONGEST_TEXT = 200
_MOST_VALUES = 100
_MOST_CHOICES = 12


class BadFilter(ValueError):
    """A parameter of the query string that can't be understood; the message names it."""


@dataclass(frozen=True, slots=True)
class PageFilter:
    """What a page shows: the resolved filter, the range as it was written, and whether to compare with the past.

    choices: the parameters that only the page knows, as its metric or bucket; read them with `choice`.
    """

    filter: CallFilter
    range_from: str
    range_to: str
    compare: bool
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for requests that ask for the same picture, whenever they ask."""
        return (self.range_from, self.range_to, replace(self.filter, start=None, end=None), self.compare, self.choices)

    def choice(self, name: str, known: Collection[str], default: str) -> str:
        """One of the known words of the query string; raises BadFilter for any other."""
        text = dict(self.choices).get(name) or default
        if text not in known:
            raise BadFilter(f"{name}: must be one of {', '.join(known)}")
        return text

    def text(self, name: str) -> str:
        """A parameter that may be anything; empty if it is not given."""
        return dict(self.choices).get(name, "")


def parse_query(args: MultiDict[str, str], now: int, default_zone: str, *, default_from: str = "now-24h") -> PageFilter:
    """The filter of a query string; raises BadFilter."""
    zone = args.get("zone") or default_zone
    if zone not in _ZONES:
        raise BadFilter(f"zone: {zone[:40]!r} is not an IANA time zone")
    range_from, range_to = args.get("from") or default_from, args.get("to") or "now"
    start = max(parse_time("from", range_from, now, zone), EARLIEST)
    end = parse_time("to", range_to, now, zone, up=True)
    if start >= end:
        raise BadFilter("from: must lie before to")
    if start < now:
        # What has not happened yet is no part of a fair comparison, nor of a chart.
        end = min(end, now)
    return PageFilter(
        filter=CallFilter(
            start=start,
            end=end,
            zone=zone,
            q=(args.get("q") or "")[:_LONGEST_TEXT],
            of=_sets(args),
            again=_again(args),
            at=parse_time("at", args["at"], now, zone) if args.get("at") else None,
            **_lists(args),
            **_numbers(args),
            **_bounds(args),
        ),
        range_from=range_from,
        range_to=range_to,
        compare=args.get("compare", "1") != "0",
        choices=_choices(args),
    )


def _choices(args: MultiDict[str, str]) -> tuple[tuple[str, str], ...]:
    given = sorted((name, text) for name, text in args.items() if text and name not in _NO_CHOICE)
    return tuple((name, text) for name, text in given if len(text) <= _LONGEST_TEXT)[:_MOST_CHOICES]


def _sets(args: MultiDict[str, str]) -> tuple[str, ...]:
    names = _unique(name for name in args.getlist("of") if name)
    if not CALL_SETS.keys() >= set(names):
        raise BadFilter(f"of: must be one of {', '.join(CALL_SETS)}")
    return names


def _again(args: MultiDict[str, str]) -> str:
    name = args.get("again") or ""
    if name and name not in AGAIN:
        raise BadFilter(f"again: must be one of {', '.join(AGAIN)}")
    return name


def _numbers(args: MultiDict[str, str]) -> dict[str, Any]:
    found = {}
    for name, allowed in NUMBERS.items():
        values = [v for v in args.getlist(name) if v]
        if any(not (v.isascii() and v.isdigit() and len(v) < 3 and int(v) in allowed) for v in values):
            raise BadFilter(f"{name}: must be a whole number from {allowed[0]} to {allowed[-1]}")
        found[name] = tuple(sorted({int(v) for v in values}))
    return found


def _bounds(args: MultiDict[str, str]) -> dict[str, Any]:
    found = {}
    for name in BOUNDS:
        text = args.get(name)
        try:
            seconds = float(text) if text else None
        except ValueError:
            seconds = math.nan
        if seconds is not None and not 0 <= seconds < math.inf:
            raise BadFilter(f"{name}: must be a number from 0 on, as 90 or 4.5")
        found[name] = seconds
    return found


def _lists(args: MultiDict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in LISTS:
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
    written = _LOST_PLUS.sub(r"\1+\2", text.strip())
    match = _RELATIVE.fullmatch(written)
    try:
        if match:
            return _relative(match, now, zone, up=up)
        moment = datetime.fromisoformat(written)
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
