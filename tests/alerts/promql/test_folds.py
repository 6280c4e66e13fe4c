"""Sums and their like, compared with exact arithmetic."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.promql import folds

NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40)


@given(NUMBERS, st.data())
def test_folds_are_as_good_as_exact(numbers: list[float], data: st.DataObject) -> None:
    mask = data.draw(st.lists(st.booleans(), min_size=len(numbers), max_size=len(numbers)))
    mask[data.draw(st.integers(0, len(numbers) - 1))] = True
    kept = [number for number, counts in zip(numbers, mask, strict=True) if counts]
    values, which = np.array(numbers), np.array(mask)
    assert folds.total(values, which) == pytest.approx(math.fsum(kept), rel=1e-12, abs=1e-12)
    assert folds.mean(values, which) == pytest.approx(statistics.fmean(kept), rel=1e-12, abs=1e-12)
    assert folds.variance(values, which) == pytest.approx(statistics.pvariance(kept), rel=1e-9, abs=1e-9)
    assert folds.least(values, which) == min(kept)
    assert folds.greatest(values, which) == max(kept)
    assert folds.count(values, which) == len(kept)
    with np.errstate(invalid="ignore"):
        expected = np.quantile(kept, 0.3)
        assert folds.quantile(values, which, np.array(0.3)) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "total", "mean"),
    [
        ([1, 1e100, 1, -1e100, 1], 3, 0.6),
        ([0.1] * 10, 1, 0.1),
        ([1e308, 1e308, -1e308], 1e308, 1e308 / 3),
        ([1.5e308, 1.5e308], math.inf, 1.5e308),
        ([math.inf, 1], math.inf, math.inf),
        ([math.inf, -math.inf], math.nan, math.nan),
        ([math.nan, 1], math.nan, math.nan),
    ],
)
def test_sums_keep_what_rounding_and_overflow_take(values: list[float], total: float, mean: float) -> None:
    with np.errstate(all="ignore"):
        assert folds.total(np.array(values), None) == pytest.approx(total, rel=1e-15, nan_ok=True)
        assert folds.mean(np.array(values), None) == pytest.approx(mean, rel=1e-15, nan_ok=True)


@given(st.floats(-1e9, 1e9), st.integers(1, 200))
def test_equal_values_have_themselves_as_mean_and_no_variance(value: float, number: int) -> None:
    values = np.full(number, value)
    assert folds.mean(values, None) == value
    assert folds.variance(values, None) == 0


@pytest.mark.parametrize(
    ("q", "expected"), [(0, math.nan), (0.5, 1), (1, 3), (-0.1, -math.inf), (1.1, math.inf), (math.nan, math.nan)]
)
def test_nan_is_the_least_of_all_quantiles(q: float, expected: float) -> None:
    found = folds.quantile(np.array([3, math.nan, 1]), None, np.array(q))
    assert found == pytest.approx(expected, nan_ok=True)
