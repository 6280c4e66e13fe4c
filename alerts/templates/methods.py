"""The methods of instants and spans."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from alerts.templates.calling import Callee, callees
from alerts.templates.times import SECOND, duration_text, format_time, nanoseconds, span, time_text
from alerts.templates.values import Duration

_ZERO = datetime(1, 1, 1, tzinfo=UTC)


def _format(instant: datetime, layout: str) -> str:
    return format_time(layout, instant)


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


def _local(instant: datetime) -> datetime:
    return instant.astimezone()


def _unix(instant: datetime) -> int:
    return nanoseconds(instant) // SECOND


def _add(instant: datetime, more: Duration) -> datetime:
    return instant + timedelta(microseconds=more // 1000)


def _sub(instant: datetime, earlier: datetime) -> Duration:
    return span(instant, earlier)


def _after(instant: datetime, other: datetime) -> bool:
    return instant > other


def _before(instant: datetime, other: datetime) -> bool:
    return instant < other


def _equal(instant: datetime, other: datetime) -> bool:
    return instant == other


def _is_zero(instant: datetime) -> bool:
    return instant == _ZERO


def _hours(length: Duration) -> float:
    return length / (3600 * SECOND)


def _minutes(length: Duration) -> float:
    return length / (60 * SECOND)


def _seconds(length: Duration) -> float:
    return length / SECOND


def _milliseconds(length: Duration) -> int:
    return int(length / 1_000_000)


def _round(length: Duration, unit: Duration) -> Duration:
    if unit <= 0:
        return length
    whole = (abs(length) + unit // 2) // unit * unit
    return Duration(whole if length >= 0 else -whole)


def _truncate(length: Duration, unit: Duration) -> Duration:
    if unit <= 0:
        return length
    whole = abs(length) // unit * unit
    return Duration(whole if length >= 0 else -whole)


METHODS: Mapping[type, Mapping[str, Callee]] = {
    datetime: callees(
        {
            "Add": _add,
            "After": _after,
            "Before": _before,
            "Equal": _equal,
            "Format": _format,
            "IsZero": _is_zero,
            "Local": _local,
            "String": time_text,
            "Sub": _sub,
            "UTC": _utc,
            "Unix": _unix,
        }
    ),
    Duration: callees(
        {
            "Hours": _hours,
            "Milliseconds": _milliseconds,
            "Minutes": _minutes,
            "Round": _round,
            "Seconds": _seconds,
            "String": duration_text,
            "Truncate": _truncate,
        }
    ),
}
