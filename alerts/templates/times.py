"""Instants and spans as Go writes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from alerts.templates.numbers import float_text
from alerts.templates.values import Duration

SECOND = 1_000_000_000
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The parts of a layout, written as they are for Monday, January 2, 15:04:05 2006, in the order Go looks for them.
_PART = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm"
    r"|[-Z]07:00:00|[-Z]070000|[-Z]07:00|[-Z]0700|[-Z]07|[.,](?:0+|9+)(?!\d)"
)


def _offset(layout: str, instant: datetime) -> str:
    seconds = int((instant.utcoffset() or timedelta()).total_seconds())
    if layout[0] == "Z" and seconds == 0:
        return "Z"
    hours, rest = divmod(abs(seconds), 3600)
    parts = [f"{hours:02d}", f"{rest // 60:02d}", f"{rest % 60:02d}"]
    wanted = parts[: (len(layout.replace(":", "")) - 1) // 2]
    return ("-" if seconds < 0 else "+") + (":" if ":" in layout else "").join(wanted)


def _zone_name(instant: datetime) -> str:
    zone = instant.tzinfo
    if isinstance(zone, timezone) and zone is not UTC:
        # A fixed offset has no name.
        text = _offset("-0700", instant)
        return "UTC" if text == "+0000" else text
    return instant.tzname() or "UTC"


_FIELDS: dict[str, Callable[[datetime], str]] = {
    "January": lambda t: f"{t:%B}",
    "Jan": lambda t: f"{t:%b}",
    "Monday": lambda t: f"{t:%A}",
    "Mon": lambda t: f"{t:%a}",
    "MST": _zone_name,
    "002": lambda t: f"{t.timetuple().tm_yday:03d}",
    "__2": lambda t: f"{t.timetuple().tm_yday:3d}",
    "01": lambda t: f"{t.month:02d}",
    "1": lambda t: str(t.month),
    "02": lambda t: f"{t.day:02d}",
    "_2": lambda t: f"{t.day:2d}",
    "2": lambda t: str(t.day),
    "15": lambda t: f"{t.hour:02d}",
    "03": lambda t: f"{t.hour % 12 or 12:02d}",
    "3": lambda t: str(t.hour % 12 or 12),
    "04": lambda t: f"{t.minute:02d}",
    "4": lambda t: str(t.minute),
    "05": lambda t: f"{t.second:02d}",
    "5": lambda t: str(t.second),
    "06": lambda t: f"{t.year % 100:02d}",
    "2006": lambda t: f"{t.year:04d}",
    "PM": lambda t: "PM" if t.hour >= 12 else "AM",
    "pm": lambda t: "pm" if t.hour >= 12 else "am",
}


def format_time(layout: str, instant: datetime) -> str:
    """An instant by a layout of Go, such as `2006-01-02 15:04:05 MST`."""

    def part(match: re.Match[str]) -> str:
        name = match.group()
        if name[0] in "-Z" and name != "Z":
            return _offset(name, instant)
        if name[0] in ".,":
            digits = f"{instant.microsecond:06d}000".ljust(len(name), "0")[: len(name) - 1]
            digits = digits.rstrip("0") if name[1] == "9" else digits
            return name[0] + digits if digits else ""
        return _FIELDS[name](instant)

    return _PART.sub(part, layout)


def time_text(instant: datetime) -> str:
    """An instant as it is given out without a layout."""
    return format_time("2006-01-02 15:04:05.999999999 -0700 MST", instant)


def nanoseconds(instant: datetime) -> int:
    """Since 1970."""
    return (instant - _EPOCH) // _MICROSECOND * 1000


def from_seconds(seconds: float) -> datetime:
    """An instant of UTC, to the millisecond; raises ValueError where Go has none."""
    if abs(seconds * SECOND) > 2**63:
        raise ValueError(f"{float_text(seconds)} seconds are too far away for an instant")
    # Cut off, not rounded, and towards 1970.
    return _EPOCH + int(int(seconds * SECOND) / 1_000_000) * timedelta(milliseconds=1)


def duration_text(span: int) -> str:
    """A span of nanoseconds, such as 1h2m3.5s or 15ms."""
    if span == 0:
        return "0s"
    sign, size = ("-" if span < 0 else ""), abs(span)
    for unit, name in ((1, "ns"), (1_000, "µs"), (1_000_000, "ms")):
        if size < unit * 1000:
            return sign + _decimal(size, unit) + name
    minutes, rest = divmod(size, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    text = _decimal(rest, SECOND) + "s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else sign + text


def _decimal(size: int, unit: int) -> str:
    whole, part = divmod(size, unit)
    digits = f"{part:0{len(str(unit)) - 1}d}".rstrip("0") if part else ""
    return f"{whole}.{digits}" if digits else str(whole)


def span(later: datetime, earlier: datetime) -> Duration:
    """From one instant to another."""
    return Duration(nanoseconds(later) - nanoseconds(earlier))
