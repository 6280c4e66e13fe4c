"""Functions of range vectors."""

from __future__ import annotations

import math

import pytest

from tests.alerts.promql.support import Memory, ask, ask_range


def only(samples: Memory, query: str, at: str) -> float | None:
    found = list(ask(samples, query, at).values())
    assert len(found) < 2
    return found[0] if found else None


@pytest.mark.parametrize(
    ("values", "window", "increase"),
    [
        # Samples at 0, 5 m, ... 50 m, asked at 50 m.
        ("0+10x10", "50m", 100),  # the sample at 0 is outside, the window is filled up
        ("0+10x10", "100m", 100),  # a counter that began at 0
        ("10+10x10", "100m", 105),  # half a sample's distance to the left
        ("1+10x10", "100m", 101),  # no further than to zero
        ("-10+10x10", "100m", 105),  # below zero there is nothing to go to
        ("0+18x5 0+18x5", "50m", 160),
        ("0 1 2 3 2 3 4 4 4 4 4", "50m", 60 / 9),  # 3 to 2 is a reset: 3 more
        ("0+10x9 0", "6m", 0),
        ("0+10x10", "5m", None),  # one sample
    ],
)
def test_increase_extrapolates_and_knows_resets(values: str, window: str, increase: float | None) -> None:
    samples = Memory().load(300_000, {"x_total": values})
    assert only(samples, f"increase(x_total[{window}])", "50m") == pytest.approx(increase)


@pytest.mark.parametrize(
    ("start", "rate"), [("0", 0.5), ("60", 0.55), ("120", 0.6), ("180", 0.6), ("240", 0.6), ("300", 0.6)]
)
def test_a_small_counter_is_extrapolated_to_zero_but_not_beyond_half_a_sample(start: str, rate: float) -> None:
    # Prometheus before 3 went to zero up to a whole sample's distance: 0.65 from 180 on.
    samples = Memory().load(240_000, {"x_total": f"{start}+240x10"})
    assert only(samples, "rate(x_total[20m])", "10m") == pytest.approx(rate)


def test_an_infinite_counter_spoils_only_its_own_windows() -> None:
    samples = Memory().load(10_000, {"x_total": "1 2 Inf 3 4 5 6 7 8"})
    found = ask_range(samples, "increase(x_total[20s])", "10s", "80s", "10s")["{}"]
    assert [found[at] for at in (10, 60, 70, 80)] == pytest.approx([2, 2, 2, 2])
    assert math.isinf(found[30]) or math.isnan(found[30])


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        ("delta(x[1m])", "10 8 6 4 2 0", -12),
        ("irate(x[1m])", "0 10 20 30 40 100", 6),
        ("irate(x[1m])", "0 10 20 30 40 20", 2),  # after a reset from 0
        ("irate(x[1m])", "_ _ _ _ _ 20", None),
        ("idelta(x[1m])", "0 10 20 30 40 20", -20),
        ("idelta(x[1m])", "0 10 20 30 _ 20", -10),
        ("changes(x[1m])", "1 1 2 NaN NaN 2", 3),
        ("changes(x[1m])", "_ _ _ _ _ 2", 0),
        ("resets(x[1m])", "5 6 2 3 0 0", 2),
        ("deriv(x[1m])", "0 1 2 3 4 5", 0.1),
        ("deriv(x[1m])", "7 7 7 7 7 7", 0),
        ("deriv(x[1m])", "Inf Inf Inf Inf Inf Inf", math.nan),
        ("deriv(x[1m])", "1 2 -Inf 2 1 0", math.nan),
        ("deriv(x[1m])", "_ _ _ _ _ 5", None),
        ("predict_linear(x[1m], 60)", "0 1 2 3 4 5", 11.5),
        ("predict_linear(x[1m], 1m)", "0 1 2 3 _ _", 11.5),
        ("avg_over_time(x[1m])", "1 2 NaN _ 3 4", math.nan),
        ("avg_over_time(x[1m])", "1 2 _ _ 3 4", 2.5),
        ("sum_over_time(x[1m])", "1 1e100 1 -1e100 1 1", 4),
        ("sum_over_time(x[1m])", "1 Inf 1 1 1 1", math.inf),
        ("min_over_time(x[1m])", "NaN 3 2 NaN 4 5", 2),
        ("max_over_time(x[1m])", "NaN NaN NaN NaN NaN NaN", math.nan),
        ("count_over_time(x[1m])", "1 _ stale NaN 2 3", 4),
        ("quantile_over_time(0.5, x[1m])", "1 2 3 4 5 _", 3),
        ("quantile_over_time(2, x[1m])", "1 2 3 4 5 _", math.inf),
        ("stddev_over_time(x[1m])", "0 8 8 2 3 _", 3.2496153618543846),
        ("stdvar_over_time(x[1m])", "0 8 8 2 3 _", 10.56),
        ("stddev_over_time(x[1m])", "1.5990505637277868x5", 0),
        ("mad_over_time(x[1m])", "4 6 2 1 999 1", 2),
        ("last_over_time(x[1m])", "1 2 3 _ stale _", 3),
        ("present_over_time(x[1m])", "_ NaN _ _ _ _", 1),
        ("present_over_time(x[1m])", "_ _ stale _ _ _", None),
    ],
)
def test_functions_over_time(function: str, values: str, expected: float | None) -> None:
    samples = Memory().load(10_000, {"x": values})
    found = only(samples, function, "55s")
    assert found == (None if expected is None else pytest.approx(expected, nan_ok=True))


def test_a_prediction_is_about_the_step_whatever_the_range() -> None:
    samples = Memory().load(10_000, {"x": "0+1x10"})
    found = ask_range(samples, "predict_linear(x[1m] @ 100, 10)", "100s", "120s", "10s")
    assert found == {"{}": pytest.approx({100: 11, 110: 12, 120: 13})}


@pytest.mark.parametrize("function", ["sum_over_time", "stddev_over_time", "rate", "deriv"])
def test_many_steps_are_laid_out_in_pieces(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = Memory().load(10_000, {'x{a="1"}': "1+3x60", 'x{a="2"}': "5 _ 7x20 stale 3+1x30"})
    query = f"{function}(x[1m])"
    whole = ask_range(samples, query, "0s", "10m", "7s")
    monkeypatch.setattr("alerts.promql.windows._PIECE", 40)
    assert ask_range(samples, query, "0s", "10m", "7s") == whole
