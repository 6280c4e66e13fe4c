"""The days, weeks and months that reports are about, on a zone's clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from data.times import to_datetime, wall


class Period(StrEnum):
    """How much a report is about; a week begins on Monday."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


#: When a report is due that names no time of its own: at 07:00 on the day after its period.
AT_SEVEN = {Period.DAILY: "0 7 * * *", Period.WEEKLY: "0 7 * * 1", Period.MONTHLY: "0 7 1 * *"}


def first_day(period: Period, day: date) -> date:
    """The first day of the period that holds `day`."""
    if period is Period.WEEKLY:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period is Period.MONTHLY else day


def days_of(period: Period, day: date) -> tuple[date, date]:
    """First day of the period that holds `day`, and the day after its last."""
    first = first_day(period, day)
    if period is Period.MONTHLY:
        return first, (first + timedelta(days=32)).replace(day=1)
    return first, first + timedelta(days=7 if period is Period.WEEKLY else 1)


def last_complete(period: Period, now: int, zone: str) -> date:
    """The first day of the newest period that is over at `now` (UTC microseconds)."""
    today = to_datetime(now, zone).date()
    return first_day(period, first_day(period, today) - timedelta(days=1))


def instants(first: date, end: date, zone: str) -> tuple[int, int]:
    """Both midnights as UTC microseconds."""
    return wall(zone, datetime.combine(first, datetime.min.time())), wall(
        zone, datetime.combine(end, datetime.min.time())
    )


def in_words(period: Period, first: date, end: date) -> str:
    """Friday 1 January 1999 · 28 December 1998 to 3 January 1999 · January 1999."""
    if period is Period.MONTHLY:
        return f"{first:%B %Y}"
    if period is Period.DAILY:
        return f"{first:%A} {first.day} {first:%B %Y}"
    last = end - timedelta(days=1)
    start = f"{first.day}" if (first.year, first.month) == (last.year, last.month) else f"{first.day} {first:%B}"
    if first.year != last.year:
        start += f" {first.year}"
    return f"{start} to {last.day} {last:%B %Y}"
