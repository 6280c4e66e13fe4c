"""Functions of single values."""

from __future__ import annotations

import math

import pytest

from tests.alerts.promql.support import Memory, ask, ask_range

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        ("abs(x)", -2.5, 2.5),
        ("ceil(x)", -2.5, -2),
        ("floor(x)", -2.5, -3),
        ("round(x)", 2.5, 3),
        ("round(x)", -2.5, -2),
        ("round(x, 0.1)", 2.15, 2.2),
        ("round(x, 5)", 7.5, 10),
        ("exp(x)", 1, math.e),
        ("ln(x)", 0, -INF),
        ("log2(x)", -1, NAN),
        ("log10(x)", 1000, 3),
        ("sqrt(x)", 16, 4),
        ("sgn(x)", -3, -1),
        ("sgn(x)", 0, 0),
        ("sgn(x)", NAN, NAN),
        ("sin(x)", math.pi / 2, 1),
        ("acosh(x)", 1, 0),
        ("deg(x)", math.pi, 180),
        ("rad(x) / pi()", 180, 1),
        ("clamp(x, 0, 5)", 7, 5),
        ("clamp(x, 5, 0)", 7, None),
        ("clamp(x, 0, NaN)", 7, NAN),
        ("clamp_min(x, 0)", -7, 0),
        ("clamp_max(x, NaN)", 7, NAN),
        ("vector(scalar(x))", 7, 7),
        ("vector(scalar(nothing))", 7, NAN),
        ("vector(time())", 7, 60),
        # 2006-01-02 22:04:05, a Monday.
        ("year(x)", 1136239445, 2006),
        ("month(x)", 1136239445, 1),
        ("day_of_month(x)", 1136239445, 2),
        ("day_of_week(x)", 1136239445, 1),
        ("day_of_year(x)", 1136239445, 2),
        ("hour(x)", 1136239445, 22),
        ("minute(x)", 1136239445.9, 4),
        ("days_in_month(x)", 1454284800, 29),  # February 2016
        ("days_in_month(x)", 1485907200, 28),
        ("day_of_year(x)", 1483191420, 366),
        ("day_of_week(x)", -86400, 3),
        ("day_of_week(x)", 259200, 0),
        ("year(x)", NAN, NAN),
    ],
)
def test_functions(function: str, given: float, expected: float | None) -> None:
    text = {NAN: "NaN"}.get(given, repr(given)) if not math.isnan(given) else "NaN"
    found = list(ask(Memory().load(60_000, {"x": f"_ {text}"}), function, "1m").values())
    assert found == pytest.approx([] if expected is None else [expected], nan_ok=True, rel=1e-12)


def test_dates_of_the_steps_themselves() -> None:
    assert ask_range(Memory(), "hour() * 100 + minute()", "59m", "61m", "1m") == {
        "{}": {3540: 59, 3600: 100, 3660: 101}
    }


def test_scalar_is_nan_where_there_are_two() -> None:
    samples = Memory().load(10_000, {'x{a="1"}': "1 2 stale", 'x{a="2"}': "_ 3 4"})
    found = ask_range(samples, "scalar(x)", "0s", "20s", "10s")["{}"]
    assert found == pytest.approx({0: 1, 10: NAN, 20: 4}, nan_ok=True)


def test_bounds_may_cross_at_some_steps() -> None:
    samples = Memory().load(10_000, {"x": "5 5", "low": "1 9"})
    assert ask_range(samples, "clamp(x, scalar(low), 4)", "0s", "10s", "10s") == {"{}": {0: 4}}
