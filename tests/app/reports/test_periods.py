"""Days, weeks and months on a zone's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from app.reports.compose import Asked
from app.reports.periods import Period, days_of, in_words, last_complete
from data.filters import CallFilter
from data.times import HOUR, from_datetime


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return from_datetime(datetime(year, month, day, hour, minute, tzinfo=UTC))


@pytest.mark.parametrize(
    ("period", "first", "end", "words"),
    [
        (Period.DAILY, date(1998, 12, 31), date(1999, 1, 1), "Thursday 31 December 1998"),
        (Period.WEEKLY, date(1998, 12, 28), date(1999, 1, 4), "28 December 1998 to 3 January 1999"),
        (Period.MONTHLY, date(1998, 12, 1), date(1999, 1, 1), "December 1998"),
    ],
)
def test_the_period_of_a_day(period: Period, first: date, end: date, words: str) -> None:
    assert days_of(period, date(1998, 12, 31)) == (first, end)
    assert in_words(period, first, end) == words


def test_the_last_period_is_over_in_the_zone() -> None:
    # Sunday 23:30 in UTC is Monday already in Berlin.
    now = at(2026, 3, 1, 23, 30)
    assert last_complete(Period.WEEKLY, now, "UTC") == date(2026, 2, 16)
    assert last_complete(Period.WEEKLY, now, "Europe/Berlin") == date(2026, 2, 23)
    assert last_complete(Period.DAILY, now, "Europe/Berlin") == date(2026, 3, 1)
    assert last_complete(Period.MONTHLY, now, "America/New_York") == date(2026, 2, 1)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)])
def test_a_day_on_which_the_clocks_change(day: date, hours: int) -> None:
    start, end = Asked(Period.DAILY, CallFilter(zone="Europe/Berlin"), day).range(at(2027, 1, 1))
    assert end - start == hours * HOUR
