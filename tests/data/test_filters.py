from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from data.analytics import AnalyticCopy
from data.callsets import BEHIND, CALL_SETS, LABELS
from data.filters import DIMENSIONS, UNKNOWN, CallFilter
from data.kpis import KPIS
from data.models import calls
from data.queries.listing import count_calls
from data.record import Record
from data.times import DAY, HOUR, MINUTE, from_datetime, to_datetime, wall
from data.writer import apply
from tests.data.support import T0, call, empty_record

BERLIN = "Europe/Berlin"


def at(zone: str, text: str) -> int:
    return wall(zone, datetime.fromisoformat(text))


def earlier(zone: str, start: str, end: str) -> tuple[str, str]:
    """The fair previous period of a range, in the zone's clock."""
    found = CallFilter(start=at(zone, start), end=at(zone, end), zone=zone).previous()
    assert found is not None and found.start is not None and found.end is not None
    return shown(zone, found.start), shown(zone, found.end)


def shown(zone: str, instant: int) -> str:
    return to_datetime(instant, zone).replace(tzinfo=None).isoformat(" ", "minutes")


# --- the fair previous period


def test_a_range_with_an_open_end_has_no_previous_one() -> None:
    assert CallFilter().previous() is None
    assert CallFilter(start=T0).previous() is None
    assert CallFilter(end=T0).previous() is None
    assert CallFilter(start=T0, end=T0).previous() is None


def test_the_last_hours_are_compared_with_as_many_hours_before() -> None:
    found = CallFilter(start=T0 - 24 * HOUR, end=T0).previous()
    assert found == CallFilter(start=T0 - 48 * HOUR, end=T0 - 24 * HOUR)
    # Also over a clock change: as many hours, whatever the clock shows.
    end = at(BERLIN, "2024-03-31 15:20")
    found = CallFilter(start=end - 24 * HOUR, end=end, zone=BERLIN).previous()
    assert found == CallFilter(start=end - 48 * HOUR, end=end - 24 * HOUR, zone=BERLIN)


@pytest.mark.parametrize("zone", ["UTC", BERLIN, "America/New_York", "Asia/Kolkata"])
def test_today_is_compared_with_yesterday_until_the_same_hour(zone: str) -> None:
    assert earlier(zone, "2024-05-08 00:00", "2024-05-08 15:20") == ("2024-05-07 00:00", "2024-05-07 15:20")


@pytest.mark.parametrize(
    ("zone", "day", "before"),
    [
        (BERLIN, "2024-03-31", "2024-03-30"),
        (BERLIN, "2024-04-01", "2024-03-31"),
        (BERLIN, "2024-10-27", "2024-10-26"),
        (BERLIN, "2024-10-28", "2024-10-27"),
        ("America/New_York", "2024-11-03", "2024-11-02"),
        ("Australia/Lord_Howe", "2024-04-07", "2024-04-06"),
        ("America/Sao_Paulo", "2018-02-18", "2018-02-17"),
    ],
)
def test_a_clock_change_does_not_move_the_hour_until_which_days_are_compared(zone: str, day: str, before: str) -> None:
    assert earlier(zone, f"{day} 00:00", f"{day} 15:00") == (f"{before} 00:00", f"{before} 15:00")


def test_a_whole_day_is_compared_with_the_whole_day_before_however_long_each_is() -> None:
    assert earlier(BERLIN, "2024-04-01 00:00", "2024-04-02 00:00") == ("2024-03-31 00:00", "2024-04-01 00:00")
    found = CallFilter(start=at(BERLIN, "2024-04-01"), end=at(BERLIN, "2024-04-02"), zone=BERLIN).previous()
    assert found is not None and found.start is not None and found.end is not None
    assert found.end - found.start == 23 * HOUR


def test_a_day_that_begins_at_one_o_clock_is_a_day() -> None:
    zone = "America/Sao_Paulo"
    assert earlier(zone, "2018-11-04 01:00", "2018-11-04 15:00") == ("2018-11-03 00:00", "2018-11-03 15:00")
    assert earlier(zone, "2018-11-05 00:00", "2018-11-05 15:00") == ("2018-11-04 01:00", "2018-11-04 15:00")


def test_this_week_is_compared_with_the_same_part_of_the_week_before() -> None:
    # Wednesday noon: with Monday to Wednesday noon, not with the weekend.
    assert earlier("UTC", "2024-05-06 00:00", "2024-05-08 12:00") == ("2024-04-29 00:00", "2024-05-01 12:00")
    assert earlier("UTC", "2024-05-06 00:00", "2024-05-13 00:00") == ("2024-04-29 00:00", "2024-05-06 00:00")
    # Over a clock change.
    assert earlier(BERLIN, "2024-04-01 00:00", "2024-04-03 12:00") == ("2024-03-25 00:00", "2024-03-27 12:00")


def test_a_monday_is_compared_with_the_sunday_before() -> None:
    assert earlier("UTC", "2024-05-06 00:00", "2024-05-06 12:00") == ("2024-05-05 00:00", "2024-05-05 12:00")
    assert earlier("UTC", "2024-05-06 00:00", "2024-05-07 00:00") == ("2024-05-05 00:00", "2024-05-06 00:00")


def test_some_days_are_compared_with_as_many_days_before() -> None:
    assert earlier("UTC", "2024-05-08 00:00", "2024-05-11 00:00") == ("2024-05-05 00:00", "2024-05-08 00:00")
    assert earlier("UTC", "2024-05-08 00:00", "2024-05-10 12:00") == ("2024-05-05 00:00", "2024-05-07 12:00")
    assert earlier("UTC", "2024-05-08 00:00", "2024-06-07 00:00") == ("2024-04-08 00:00", "2024-05-08 00:00")


def test_this_month_is_compared_with_the_same_part_of_the_month_before() -> None:
    assert earlier("UTC", "2024-05-01 00:00", "2024-05-20 12:00") == ("2024-04-01 00:00", "2024-04-20 12:00")
    assert earlier(BERLIN, "2024-04-01 00:00", "2024-04-20 12:00") == ("2024-03-01 00:00", "2024-03-20 12:00")


def test_a_whole_month_is_compared_with_the_whole_month_before_however_long_it_was() -> None:
    assert earlier("UTC", "2024-05-01 00:00", "2024-06-01 00:00") == ("2024-04-01 00:00", "2024-05-01 00:00")
    assert earlier("UTC", "2024-03-01 00:00", "2024-03-31 12:00") == ("2024-02-01 00:00", "2024-03-01 00:00")
    assert earlier("UTC", "2024-01-01 00:00", "2024-02-01 00:00") == ("2023-12-01 00:00", "2024-01-01 00:00")


INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1))
ZONES = st.sampled_from(["UTC", BERLIN, "America/Sao_Paulo", "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata"])


@given(INSTANTS, st.integers(1, 100 * 24 * 60), ZONES, st.booleans())
def test_the_previous_period_ends_before_this_one_begins_and_keeps_the_rest(
    start: datetime, minutes: int, zone: str, midnight: bool
) -> None:
    if midnight:
        begin = wall(zone, start.replace(hour=0, minute=0, second=0, microsecond=0))
    else:
        begin = from_datetime(start.replace(tzinfo=ZoneInfo("UTC")))
    chosen = CallFilter(start=begin, end=begin + minutes * MINUTE, zone=zone, agent=("Ada",), q="x")
    found = chosen.previous()
    assert found is not None and found.start is not None and found.end is not None
    assert found.start < found.end <= begin
    # Never longer or shorter than by the clock change, except for months.
    if minutes < 7 * 24 * 60:
        assert abs((found.end - found.start) - minutes * MINUTE) <= HOUR
    assert (found.zone, found.agent, found.q) == (zone, ("Ada",), "x")


# --- which calls it holds


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Any:
    record = empty_record(tmp_path_factory.mktemp("filters") / "filters.db")
    values = {"agent": ("Ada", "Bob"), "queue": ("sales", "help"), "status": ("success", "error")}
    values |= {"direction": ("inbound", "web"), "source": ("one", "two")}
    # Bits of the number decide: those of the first five, so that all combinations are there, then these again.
    values |= {"agent_version": ("1", "2"), "end_reason_group": ("agent", "customer"), "end_reason": ("done", "gone")}
    values |= {"language": ("en", "de"), "sentiment": ("good", "bad")}
    events = [
        call(
            f"{n}",
            started_at=T0 + n,
            **{name: pair[n >> bit % 5 & 1] for bit, (name, pair) in enumerate(values.items())},
        )
        for n in range(32)
    ]
    apply(record, [*events, call("bare", started_at=T0 + DAY)])
    yield AnalyticCopy(record, None)
    record.close()


def test_a_range_is_half_open(copy: AnalyticCopy) -> None:
    assert count_calls(copy, CallFilter(start=T0, end=T0 + 32)) == 32
    assert count_calls(copy, CallFilter(start=T0 + 1, end=T0 + 31)) == 30
    assert count_calls(copy, CallFilter(end=T0 + 1)) == 1
    assert count_calls(copy, CallFilter()) == 33


@pytest.mark.parametrize("name", DIMENSIONS)
def test_a_dimension_holds_the_calls_with_one_of_its_values(copy: AnalyticCopy, name: str) -> None:
    pair = {
        "agent": ("Ada", "Bob"),
        "queue": ("sales", "help"),
        "status": ("success", "error"),
        "direction": ("inbound", "web"),
        "source": ("one", "two"),
        "agent_version": ("1", "2"),
        "end_reason_group": ("agent", "customer"),
        "end_reason": ("done", "gone"),
        "language": ("en", "de"),
        "sentiment": ("good", "bad"),
    }[name]
    one: Any = {name: (pair[0],)}
    both: Any = {name: pair}
    neither: Any = {name: ("x'; DROP TABLE calls; --",)}
    assert count_calls(copy, CallFilter(**one)) == 16
    assert count_calls(copy, CallFilter(**both)) == 32
    assert count_calls(copy, CallFilter(**neither)) == 0


def test_dimensions_and_range_narrow_each_other(copy: AnalyticCopy) -> None:
    chosen = CallFilter(agent=("Ada",), queue=("help",), status=("success",), direction=("web",), source=("two",))
    assert count_calls(copy, chosen) == 1
    assert count_calls(copy, CallFilter(agent=("Ada",), start=T0, end=T0 + 4)) == 2
    assert count_calls(copy, CallFilter(agent=("Ada",), q="BOB")) == 0


@pytest.mark.parametrize("name", [name for name in DIMENSIONS if name not in ("status", "source")])
def test_calls_without_a_value_are_found_as_unknown(copy: AnalyticCopy, name: str) -> None:
    unknown: Any = {name: (UNKNOWN,)}
    assert count_calls(copy, CallFilter(**unknown)) == 1
    with_one: Any = {name: (UNKNOWN, str(_first(copy, name)))}
    assert count_calls(copy, CallFilter(**with_one)) == 17


def _first(copy: AnalyticCopy, name: str) -> Any:
    return copy.frame(select(func.min(calls.c[name]).label("v")))["v"][0]


@pytest.mark.parametrize("zone", ["UTC", BERLIN, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_weekday_and_hour_are_those_of_the_zones_clock_across_its_changes(
    sqlite_record: Record, tmp_path: Path, zone: str
) -> None:
    # A call each 5 hours and 7 minutes of a year: no hour is left out.
    instants = [at("UTC", "2024-01-01") + n * (5 * HOUR + 7 * MINUTE) for n in range(1700)]
    apply(sqlite_record, [call(f"{t}", started_at=t) for t in instants])
    copy = AnalyticCopy(sqlite_record, None)
    local = pd.to_datetime(pd.Series(instants), unit="us", utc=True).dt.tz_convert(zone)
    chosen = CallFilter(start=instants[0], end=instants[-1] + 1, zone=zone)
    for weekday, hour in ((0, 0), (2, 9), (6, 2), (6, 23)):
        expected = ((local.dt.day_of_week == weekday) & (local.dt.hour == hour)).sum()
        assert expected > 5
        assert count_calls(copy, replace(chosen, weekday=(weekday,), hour=(hour,))) == expected
    assert count_calls(copy, replace(chosen, weekday=(5, 6))) == (local.dt.day_of_week >= 5).sum()


def test_durations_are_half_open_and_ratings_rounded(sqlite_record: Record) -> None:
    events = [call(f"{n}", duration_seconds=float(n), csat=1 + n / 4) for n in range(17)]
    apply(sqlite_record, [*events, call("neither")])
    copy = AnalyticCopy(sqlite_record, None)
    assert count_calls(copy, CallFilter(min_duration=3, max_duration=7)) == 4
    assert count_calls(copy, CallFilter(csat=(2,))) == 4  # 1.5 to 2.25
    assert count_calls(copy, CallFilter(csat=(1, 5))) == 2 + 3


def test_every_named_set_can_be_asked_and_is_part_of_the_counted_calls(copy: AnalyticCopy) -> None:
    assert set(CALL_SETS) == set(LABELS)
    assert set(BEHIND.values()) <= set(CALL_SETS)
    assert set(BEHIND) < set(KPIS)
    for name in CALL_SETS:
        assert count_calls(copy, CallFilter(of=(name,))) <= count_calls(copy, CallFilter(of=("counted",)))
