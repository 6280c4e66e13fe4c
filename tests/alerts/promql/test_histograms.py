"""histogram_quantile over classic buckets."""

from __future__ import annotations

import math

import pytest

from tests.alerts.promql.support import Memory, ask, ask_range

INF = math.inf


def quantile(q: object, buckets: dict[str, str]) -> float | None:
    samples = Memory().load(10_000, {f'd_bucket{{le="{le}"}}': count for le, count in buckets.items()})
    found = ask(samples, f"histogram_quantile({q}, d_bucket)")
    return found.get("{}")


UP = {"0.1": "5", ".2": "7", "1e0": "11", "+Inf": "12"}
DOWN = {"-.2": "1", "-0.1": "2", "0.3": "2", "+Inf": "3"}


@pytest.mark.parametrize(
    ("q", "up", "down"),
    [
        (0, 0, -0.2),  # the lowest bucket begins at 0 if its bound is above
        (0.2, 0.048, -0.2),
        (0.5, 0.15, -0.15),
        (0.8, 0.72, 0.3),
        (1, 1, 0.3),  # the highest bound that is none of +Inf
        (-0.1, -INF, -INF),
        (1.01, INF, INF),
        ("NaN", math.nan, math.nan),
    ],
)
def test_interpolation(q: object, up: float, down: float) -> None:
    assert [quantile(q, UP), quantile(q, DOWN)] == pytest.approx([up, down], nan_ok=True)


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        ({"1": "5", "2": "5"}, math.nan),  # no +Inf
        ({"+Inf": "5"}, math.nan),
        ({"1": "0", "+Inf": "0"}, math.nan),
        ({"-1": "0", "1": "0", "+Inf": "0"}, math.nan),
        ({"1": "4", "nonsense": "9", "+Inf": "4"}, 0.5),
        ({"0.2": "1", "2e-1": "1", "2.0e-1": "1", "+Inf": "4"}, 0.2 * 2 / 3),  # one bucket in three spellings
        ({"1": "10", "2": "8", "4": "20", "+Inf": "20"}, 1),  # counts never fall
        ({"1": "10", "2": "10.000000000001", "4": "20", "+Inf": "20"}, 1),
    ],
)
def test_odd_buckets(buckets: dict[str, str], expected: float) -> None:
    assert quantile(0.5, buckets) == pytest.approx(expected, nan_ok=True)


def test_a_difference_of_rounding_is_none() -> None:
    # Otherwise the rank lies within the tiny rise and the answer at its far end.
    assert quantile(0.5 + 1e-14, {"1": "10", "2": "10.000000000001", "4": "20", "+Inf": "20"}) == pytest.approx(2)
    below = quantile(0.5, {"1": "10.000000000001", "2": "10", "4": "20", "+Inf": "20"})
    assert below is not None
    assert below < 1


def test_each_histogram_by_itself_and_a_bucket_that_comes_later() -> None:
    series = {
        'd_bucket{a="1",le="1"}': "1 1",
        'd_bucket{a="1",le="2"}': "_ 3",
        'd_bucket{a="1",le="+Inf"}': "4 4",
        'd_bucket{a="2",le="1"}': "4 4",
        'd_bucket{a="2",le="+Inf"}': "4 4",
        'other_bucket{a="3"}': "1 1",
    }
    samples = Memory().load(10_000, series)
    found = ask_range(samples, 'histogram_quantile(0.5, {a=~".+"})', "0s", "10s", "10s")
    assert found == {'{a="1"}': {0: 1, 10: 1.5}, '{a="2"}': {0: 0.5, 10: 0.5}}
    assert ask(samples, "histogram_quantile(0.5, sum by (le) (d_bucket))", "10s") == {"{}": 0.8}


def test_the_quantile_may_differ_from_step_to_step() -> None:
    samples = Memory().load(10_000, {"q": "0 1", 'd_bucket{le="2"}': "4 4", 'd_bucket{le="+Inf"}': "4 4"})
    assert ask_range(samples, "histogram_quantile(scalar(q), d_bucket)", "0s", "10s", "10s") == {"{}": {0: 0, 10: 2}}
