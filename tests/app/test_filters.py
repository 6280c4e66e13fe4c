"""The query string's times and lists."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from app.components.filterbar import CHIPS, filter_parts
from app.filters import BadFilter, parse_query, parse_time
from data.times import to_iso

# Sunday 25 October 2026, 14:30 in Berlin; its clocks went back that night.
NOW = 1_792_935_000_000_000


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("now", "2026-10-25T13:30:00Z", "2026-10-25T13:30:00Z"),
        ("now-24h", "2026-10-24T13:30:00Z", "2026-10-24T13:30:00Z"),
        ("now-1d", "2026-10-24T12:30:00Z", "2026-10-24T12:30:00Z"),
        ("now/d", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("now-1d/d", "2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z"),
        ("now/w", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("now/M", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
        ("now-1M", "2026-09-25T12:30:00Z", "2026-09-25T12:30:00Z"),
        ("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-24T22:00:00Z"),
        ("2026-10-25T10:00:00Z", "2026-10-25T10:00:00Z", "2026-10-25T10:00:00Z"),
        ("2026-10-25T10:00:00.5+02:00", "2026-10-25T08:00:00.500Z", "2026-10-25T08:00:00.500Z"),
        # A "+" that was not escaped.
        ("2026-10-25T10:00:00 02:00", "2026-10-25T08:00:00Z", "2026-10-25T08:00:00Z"),
        ("2026-10-24 10:00", "2026-10-24T08:00:00Z", "2026-10-24T08:00:00Z"),
    ],
)
def test_times_are_read_in_the_zone(text: str, start: str, end: str) -> None:
    assert to_iso(parse_time("from", text, NOW, "Europe/Berlin")) == start
    assert to_iso(parse_time("to", text, NOW, "Europe/Berlin", up=True)) == end


def test_a_month_back_from_the_31st_is_the_last_day() -> None:
    march_31 = parse_time("from", "2026-03-31T12:00:00Z", NOW, "UTC")
    assert to_iso(parse_time("from", "now-1M", march_31, "UTC")) == "2026-02-28T12:00:00Z"


@pytest.mark.parametrize(
    "text", ["", "now-", "now-1x", "now/h", "today", "now-9999999d", "now-999999y", "2026-13-01", "٣"]
)
def test_what_is_no_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadFilter, match=r"^from: "):
        parse_time("from", text, NOW, "UTC")


def test_a_repeated_key_gathers_and_order_does_not_matter() -> None:
    one = parse_query(MultiDict([("agent", "max"), ("agent", "roxy"), ("queue", "a&b")]), NOW, "UTC")
    other = parse_query(
        MultiDict([("queue", "a&b"), ("agent", "roxy"), ("agent", "max"), ("agent", "max")]), NOW, "UTC"
    )
    assert one == other
    assert one.filter.agent == ("max", "roxy")
    assert one.key == other.key


def test_the_future_is_no_part_of_a_range() -> None:
    today = parse_query(MultiDict([("from", "now/d"), ("to", "now/d")]), NOW, "UTC")
    assert today.filter.end == NOW


def test_a_range_of_the_future_is_one_without_calls() -> None:
    later = parse_query(MultiDict([("from", "2030-01-01"), ("to", "2030-01-02")]), NOW, "UTC").filter
    assert (to_iso(later.start), to_iso(later.end)) == ("2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("weekday=7", "weekday: "),
        ("hour=24", "hour: "),
        ("hour=²", "hour: "),
        ("csat=0", "csat: "),
        ("min_duration=-1", "min_duration: "),
        ("max_duration=nan", "max_duration: "),
        ("of=everything", "of: "),
        ("end_reason_group=nobody", "end_reason_group: "),
    ],
)
def test_what_is_no_value_of_a_condition_is_refused_by_name(query: str, message: str) -> None:
    name, _, value = query.partition("=")
    with pytest.raises(BadFilter, match=f"^{message}"):
        parse_query(MultiDict([(name, value)]), NOW, "UTC")


def test_what_only_a_page_knows_is_kept_apart_and_tells_pictures_apart() -> None:
    one = parse_query(MultiDict([("metric", "csat"), ("have", "a:1"), ("kiosk", "1")]), NOW, "UTC")
    assert one.choices == (("metric", "csat"),)
    assert one.choice("metric", ("csat", "cost"), "cost") == "csat"
    assert one.choice("by", ("agent",), "agent") == "agent"
    with pytest.raises(BadFilter, match=r"^metric: must be one of cost"):
        one.choice("metric", ("cost",), "cost")
    assert one.key != parse_query(MultiDict([("metric", "cost")]), NOW, "UTC").key


def test_each_condition_has_words_of_its_own() -> None:
    query = MultiDict([("weekday", "6"), ("hour", "9"), ("csat", "4"), ("of", "rated"), ("min_duration", "90")])
    labels = [
        chip["props"]["children"][0]["props"]["children"]
        for chip in filter_parts(parse_query(query, NOW, "UTC"))[CHIPS]["children"]
    ]
    assert labels == ["Sunday", "from 09:00 to 10:00", "csat: 4", "rated calls", "1 m 30 s or longer"]
