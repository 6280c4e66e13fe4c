"""Figures as people read them."""

import math

import pytest

from app import format as f


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0, "0 s"),
        (0.85, "850 ms"),
        (4.2, "4.2 s"),
        (9.97, "10 s"),
        (59.6, "1 m 00 s"),
        (258, "4 m 18 s"),
        (3599.7, "1 h 00 m"),
        (7500, "2 h 05 m"),
        (273_600, "3 d 4 h"),
        (-11, "−11 s"),
    ],
)
def test_a_length_of_time_has_two_units_at_most(seconds: float | None, shown: str) -> None:
    assert f.duration(seconds) == shown


def test_counts_are_grouped_and_the_unknown_is_a_dash() -> None:
    assert [f.count(v) for v in (1247, 0, None)] == ["1,247", "0", "–"]


@pytest.mark.parametrize(
    ("value", "shown"), [(94.23, "94.2 %"), (0, "0 %"), (100, "100 %"), (99.97, "99.9 %"), (0.04, "0.0 %"), (None, "–")]
)
def test_only_a_whole_share_is_shown_as_whole(value: float | None, shown: str) -> None:
    assert f.percent(value) == shown


def test_money_has_three_significant_digits_and_its_currency() -> None:
    assert f.money(0.1342) == "$0.134"
    assert f.money(1240.4, "EUR") == "€1,240"
    assert f.money(12.5, "CHF") == "12.5 CHF"
    assert f.money(-3) == "−$3.00"
    assert f.money(None) == "–"


def test_latency_goes_from_milliseconds_to_seconds() -> None:
    assert [f.milliseconds(v) for v in (3.21, 38.4, 1240, None)] == ["3.2 ms", "38 ms", "1.24 s", "–"]


def test_age_has_one_unit() -> None:
    assert [f.age(s) for s in (-2, 42, 185, 7300, 200_000)] == ["0 s ago", "42 s ago", "3 m ago", "2 h ago", "2 d ago"]
    assert f.age(10_160 * 86_400) == "27 y ago"


def test_a_trend_is_coloured_by_good_and_bad_not_by_up_and_down() -> None:
    more_errors = f.trend(6.0, 4.0, "down", "%")
    assert more_errors is not None
    assert (more_errors.direction, more_errors.verdict) == ("up", "bad")
    assert (more_errors.relative, more_errors.absolute) == ("", "+2.0 pp")
    shorter_waits = f.trend(9, 10, "down", "s")
    assert shorter_waits is not None
    assert (shorter_waits.verdict, shorter_waits.relative, shorter_waits.absolute) == ("good", "10.0 %", "−1.0 s")


def test_a_volume_is_neither_good_nor_bad() -> None:
    fewer_calls = f.trend(90, 100, "up", "calls")
    assert fewer_calls is not None
    assert (fewer_calls.direction, fewer_calls.verdict, fewer_calls.absolute) == ("down", "neutral", "−10")


def test_a_figure_is_not_broken_between_lines() -> None:
    nbsp = "\u00a0"
    assert f.unbroken("With roxy, 2 m 15 s") == f"With roxy, 2{nbsp}m{nbsp}15{nbsp}s"
    assert f.unbroken("p95 · median 38 ms, 5 messages") == f"p95 · median 38{nbsp}ms, 5 messages"
    assert f.unbroken("94.2 % of 3 d 4 h") == f"94.2{nbsp}% of 3{nbsp}d{nbsp}4{nbsp}h"


def test_a_trend_without_a_direction_is_neutral_and_from_zero_has_no_percent() -> None:
    longer = f.trend(70, 60, "", "s")
    assert longer is not None
    assert (longer.verdict, longer.absolute) == ("neutral", "+10 s")
    first = f.trend(5, 0, "up", "calls")
    assert first is not None
    assert (first.relative, first.absolute) == ("", "+5")


def test_a_growth_that_no_percent_can_picture_is_a_multiple() -> None:
    relative = [found.relative for now in (10, 54, 55, 1310, 6_550) if (found := f.trend(now, 5, "up", "calls"))]
    assert relative == ["100.0 %", "980.0 %", "11×", "262×", "1,310×"]


def test_no_trend_without_both_sides_and_none_where_nothing_changed() -> None:
    assert f.trend(None, 5) is None
    assert f.trend(5, math.nan) is None
    same = f.trend(5, 5, "up")
    assert same is not None
    assert (same.direction, same.relative, same.absolute) == ("flat", "no change", "")


def test_rule_names_become_words() -> None:
    assert f.words("HighApiResponseTime") == "High API response time"
    assert f.words("DatabaseConnectionIssue") == "Database connection issue"
