from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from data.models import calls
from data.sqlx import duckdb_sql
from data.times import (
    DAY,
    HOUR,
    MAX_BUCKETS,
    MINUTE,
    SECOND,
    STEPS,
    Buckets,
    TooManyBuckets,
    buckets,
    from_datetime,
    step_for,
    to_datetime,
    to_iso,
    wall,
)

#: Days on which clocks change: an hour, half an hour, at midnight, over midnight, a whole day that is left out.
CHANGES = [
    ("Europe/Berlin", "2024-03-31"),
    ("Europe/Berlin", "2024-10-27"),
    ("America/New_York", "2024-03-10"),
    ("America/New_York", "2024-11-03"),
    ("Australia/Lord_Howe", "2024-04-07"),
    ("Australia/Lord_Howe", "2024-10-06"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Havana", "2023-03-12"),
    ("America/Havana", "2023-11-05"),
    ("Pacific/Apia", "2011-12-30"),
    ("Africa/Casablanca", "2024-03-10"),
]
QUIET = [("UTC", "2024-03-31"), ("Asia/Kolkata", "2024-10-27"), ("Asia/Kathmandu", "2024-02-29")]
WIDTHS: list[int | str] = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR]
LONG: list[int | str] = [DAY, 2 * DAY, "week", "month"]


def noon(zone: str, day: str) -> int:
    return wall(zone, datetime.fromisoformat(f"{day} 12:00"))


def short_name(zone: str) -> Callable[[int, int], object]:
    """What tells the buckets of up to an hour apart: the clock's time, and which of two equal hours it is."""
    info = ZoneInfo(zone)

    def name(instant: int, width: int) -> object:
        moment = datetime.fromtimestamp(instant // SECOND, info)
        offset = moment.utcoffset() or timedelta()
        return (instant + offset // timedelta(microseconds=1)) // width, offset

    return name


def long_name(zone: str) -> Callable[[int, int | str], object]:
    """What tells longer buckets apart: the date, and the part of the day."""
    info = ZoneInfo(zone)

    def name(instant: int, bucket: int | str) -> object:
        moment = datetime.fromtimestamp(instant // SECOND, info)
        if bucket == "month":
            return moment.year, moment.month
        if bucket == "week":
            return (moment.date() - timedelta(days=moment.weekday())).isoformat()
        assert isinstance(bucket, int)
        return moment.date().isoformat(), moment.hour * HOUR // bucket

    return name


def expected_starts(start: int, end: int, bucket: int | str, zone: str) -> list[int]:
    """Where a walk along the clock enters a new bucket, in (start, end)."""
    short = isinstance(bucket, int) and bucket <= HOUR
    name = (short_name if short else long_name)(zone)
    step = MINUTE if isinstance(bucket, int) and bucket < 15 * MINUTE else 15 * MINUTE
    found, before = [], name(start, bucket)  # type: ignore[arg-type]
    for instant in range(start - start % step + step, end, step):
        now = name(instant, bucket)  # type: ignore[arg-type]
        if now != before:
            found.append(instant)
        before = now
    return found


def checked(start: int, end: int, bucket: int | str, zone: str) -> Buckets:
    """The buckets, which follow each other without gap from the one that holds the start to the one with the end."""
    grid = buckets(start, end, bucket, zone)
    edges = [*grid.starts, grid.end]
    assert all(low < high for low, high in pairwise(edges))
    assert edges[0] <= start < edges[1]
    assert edges[-2] < end <= edges[-1]
    return grid


@pytest.mark.parametrize(("zone", "day"), CHANGES + QUIET)
@pytest.mark.parametrize("bucket", WIDTHS, ids=lambda width: f"{width // MINUTE} min")
def test_buckets_follow_the_clock_on_the_day_of_a_change(zone: str, day: str, bucket: int) -> None:
    start, end = noon(zone, day) - 30 * HOUR, noon(zone, day) + 30 * HOUR
    for first in (start, start + 7 * MINUTE):
        grid = checked(first, end, bucket, zone)
        assert list(grid.starts[1:]) == expected_starts(first, end, bucket, zone)


@pytest.mark.parametrize(("zone", "day"), CHANGES + QUIET)
@pytest.mark.parametrize("bucket", [DAY, "week", "month"])
def test_days_weeks_and_months_follow_the_clock(zone: str, day: str, bucket: int | str) -> None:
    start, end = noon(zone, day) - 40 * DAY, noon(zone, day) + 40 * DAY
    grid = checked(start, end, bucket, zone)
    assert list(grid.starts[1:]) == expected_starts(start, end, bucket, zone)


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize("bucket", [*WIDTHS[2:], DAY, "week", "month"])
def test_a_range_that_begins_anywhere_has_the_buckets_of_a_longer_one(zone: str, day: str, bucket: int | str) -> None:
    middle = noon(zone, day)
    whole = checked(middle - 40 * DAY if bucket in LONG else middle - 36 * HOUR, middle + 36 * HOUR, bucket, zone)
    for minutes in range(-24 * 60, 12 * 60, 35):
        start = middle + minutes * MINUTE
        part = checked(start, middle + 36 * HOUR, bucket, zone)
        assert part.starts == whole.starts[bisect_right(whole.starts, start) - 1 :]


def at(zone: str, text: str, fold: int = 0) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold))


def test_an_hour_that_happens_twice_is_two_buckets() -> None:
    zone = "Europe/Berlin"
    grid = checked(at(zone, "2024-10-27 01:00"), at(zone, "2024-10-27 05:00"), HOUR, zone)
    shown = [to_datetime(start, zone).hour for start in grid.starts]
    assert shown == [1, 2, 2, 3, 4]


def test_an_hour_that_the_clock_skips_is_no_bucket() -> None:
    zone = "America/New_York"
    grid = checked(at(zone, "2024-03-10 00:00"), at(zone, "2024-03-10 05:00"), HOUR, zone)
    assert [to_datetime(start, zone).hour for start in grid.starts] == [0, 1, 3, 4]


def test_hours_are_in_step_with_the_clock_again_after_half_an_hour_was_repeated() -> None:
    zone = "Australia/Lord_Howe"
    grid = checked(at(zone, "2024-04-07 00:00"), at(zone, "2024-04-07 05:00"), HOUR, zone)
    shown = [to_datetime(start, zone).strftime("%H:%M") for start in grid.starts]
    assert shown == ["00:00", "01:00", "01:30", "02:00", "03:00", "04:00"]


def test_a_day_may_begin_at_one_o_clock() -> None:
    zone = "America/Sao_Paulo"
    grid = checked(at(zone, "2018-11-03 12:00"), at(zone, "2018-11-05 12:00"), DAY, zone)
    assert [to_datetime(start, zone).isoformat() for start in grid.starts] == [
        "2018-11-03T00:00:00-03:00",
        "2018-11-04T01:00:00-02:00",
        "2018-11-05T00:00:00-02:00",
    ]


def test_a_day_whose_midnight_happens_twice_begins_at_the_first() -> None:
    zone = "America/Havana"
    second = at(zone, "2023-11-05 00:30", fold=1)
    for start in (second, second - HOUR, second + 5 * HOUR):
        grid = checked(start, start + DAY, DAY, zone)
        assert to_datetime(grid.starts[0], zone).isoformat() == "2023-11-05T00:00:00-04:00"


def test_a_day_that_a_country_left_out_is_no_bucket() -> None:
    grid = checked(at("Pacific/Apia", "2011-12-29"), at("Pacific/Apia", "2012-01-01"), DAY, "Pacific/Apia")
    assert [to_datetime(start, "Pacific/Apia").day for start in grid.starts] == [29, 31]


def test_a_year_of_hours_has_every_hour() -> None:
    zone = "Europe/Berlin"
    grid = checked(at(zone, "2024-01-01"), at(zone, "2025-01-01"), HOUR, zone)
    assert len(grid) == 366 * 24


def test_no_time_has_no_buckets() -> None:
    assert len(buckets(DAY, DAY, HOUR, "UTC")) == 0
    assert len(buckets(2 * DAY, DAY, HOUR, "UTC")) == 0


def test_too_many_buckets_are_refused_before_they_are_made() -> None:
    assert len(buckets(0, MAX_BUCKETS * MINUTE, MINUTE, "UTC")) == MAX_BUCKETS
    with pytest.raises(TooManyBuckets, match="20000"):
        buckets(0, 10**15, MINUTE, "UTC")


@pytest.mark.parametrize("bucket", ["fortnight", "", 0, -HOUR])
def test_what_is_no_bucket_is_refused(bucket: int | str) -> None:
    with pytest.raises(ValueError, match="no such bucket"):
        buckets(0, DAY, bucket, "UTC")


@pytest.mark.parametrize("span", [1, MINUTE, HOUR, DAY, 7 * DAY, 31 * DAY, 365 * DAY, 3650 * DAY])
def test_the_step_for_a_span_is_the_narrowest_that_fits(span: int) -> None:
    step = step_for(span, 60)
    width = {"week": 7 * DAY, "month": 28 * DAY}.get(str(step), step)
    assert isinstance(width, int)
    assert span <= 60 * width or step == "month"
    narrower = [w for w in (*STEPS, 7 * DAY) if w < width]
    assert all(span > 60 * w for w in narrower)


# --- the bucket of an instant, as SQL


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as database:
        database.execute("CREATE TABLE calls (started_at BIGINT)")
        yield database


SPANS = st.builds(
    lambda change, before, after: (change[0], noon(*change) - before, noon(*change) + after),
    st.sampled_from(CHANGES + QUIET),
    st.integers(1, 40 * DAY),
    st.integers(1, 40 * DAY),
)


@given(SPANS, st.sampled_from([*WIDTHS, *LONG]), st.lists(st.floats(0, 1), min_size=1, max_size=30))
@example(("Australia/Lord_Howe", noon("Australia/Lord_Howe", "2024-04-07") - 13 * HOUR, 2 * 10**15), HOUR, [0.0, 1e-5])
@settings(max_examples=250)
def test_duckdb_finds_the_bucket_that_a_search_finds(
    engine: duckdb.DuckDBPyConnection, span: tuple[str, int, int], bucket: int | str, places: list[float]
) -> None:
    zone, start, end = span
    end = min(end, start + 10 * DAY if isinstance(bucket, int) and bucket < HOUR else end, start + 400 * DAY)
    grid = checked(start, end, bucket, zone)
    edges = [t for s in grid.starts[:50] for t in (s - 1, s, s + 1) if start <= t < end]
    instants = [start, end - 1, *edges, *(min(start + int((end - start) * p), end - 1) for p in places)]
    engine.execute("DELETE FROM calls")
    engine.execute("INSERT INTO calls SELECT unnest(?)", [instants])
    query = select(calls.c.started_at, grid.index_of(calls.c.started_at).label("i"))
    for instant, index in engine.execute(*duckdb_sql(query)).fetchall():
        assert index == bisect_right(grid.starts, instant) - 1, (zone, bucket, instant)


# --- instants


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)), st.sampled_from([zone for zone, _ in CHANGES]))
def test_an_instant_comes_back_from_every_zone(moment: datetime, zone: str) -> None:
    instant = from_datetime(moment.replace(tzinfo=UTC))
    assert from_datetime(to_datetime(instant, zone)) == instant
    assert wall(zone, to_datetime(instant, zone).replace(tzinfo=None, fold=0)) <= instant


def test_an_instant_is_written_in_utc_with_milliseconds_where_there_are_any() -> None:
    assert to_iso(0) == "1970-01-01T00:00:00Z"
    assert to_iso(1_500_000) == "1970-01-01T00:00:01.500Z"
    assert to_iso(None) is None
