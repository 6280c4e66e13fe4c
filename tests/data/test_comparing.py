"""Statistics against published figures, brute force and chance itself."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.analysis.comparing import ranks_differ, rate_can_be_judged, shares_differ, wilson

values = st.lists(st.integers(0, 8), min_size=1, max_size=30)


def test_the_interval_of_a_share_is_the_published_one() -> None:
    # Newcombe (1998), Statist. Med. 17, 857, table I, method 3.
    for hits, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        found = wilson(hits, n)
        assert found is not None
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_without_cases_there_is_no_interval_and_all_or_nothing_is_inside_it() -> None:
    assert wilson(0, 0) is None
    for n in (1, 7, 1000):
        none, every = wilson(0, n), wilson(n, n)
        assert none is not None and every is not None
        assert (none.low, every.high) == (0.0, 1.0)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_more_calls_make_it_narrower(case: tuple[int, int]) -> None:
    hits, n = case
    found, larger = wilson(hits, n), wilson(hits * 10, n * 10)
    assert found is not None and larger is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert larger.high - larger.low < found.high - found.low


def test_the_interval_of_a_difference_is_the_published_one() -> None:
    # Newcombe (1998), Statist. Med. 17, 873, table II, method 10: 56/70 less 48/80, and 9/10 less 3/10.
    for a, b, low, high in (((48, 80), (56, 70), 0.0524, 0.3339), ((3, 10), (9, 10), 0.1705, 0.8090)):
        found = shares_differ(*a, *b)
        assert found is not None
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_equal_shares_differ_by_nothing_and_opposite_ones_beyond_chance() -> None:
    same, opposite = shares_differ(50, 100, 50, 100), shares_differ(0, 100, 100, 100)
    assert same is not None and opposite is not None
    assert (same.change, same.p) == (0, 1)
    assert opposite.p < 1e-20
    none = shares_differ(100, 100, 50, 50)
    assert none is not None and none.p == 1
    assert shares_differ(0, 0, 1, 2) is None


def test_chance_alone_is_found_significant_as_often_as_it_says() -> None:
    dice = np.random.default_rng(7)
    hits = dice.binomial(400, 0.9, size=(2000, 2))
    found = [shares_differ(int(a), 400, int(b), 400) for a, b in hits]
    assert 0.035 < np.mean([d.p < 0.05 for d in found if d]) < 0.065


def test_few_calls_or_few_failures_are_not_judged() -> None:
    assert not rate_can_be_judged(29, 29, 500, 600)
    assert not rate_can_be_judged(99, 100, 100, 100)
    assert rate_can_be_judged(90, 100, 95, 100)


@given(values, values)
def test_ranks_count_every_pair_once(a: list[int], b: list[int]) -> None:
    counts = [np.bincount(each, minlength=9) for each in (a, b)]
    found = ranks_differ(*counts)
    assert found is not None
    lower = sum(1.0 if y < x else 0.5 if y == x else 0.0 for x in a for y in b)
    assert found.b_lower == pytest.approx(lower / (len(a) * len(b)))
    other = ranks_differ(*counts[::-1])
    assert other is not None
    assert (other.b_lower, other.p) == pytest.approx((1 - found.b_lower, found.p))
    assert 0 <= found.p <= 1


def test_the_rank_test_knows_a_shift_from_chance() -> None:
    dice = np.random.default_rng(3)

    def p(shift: int) -> float:
        a, b = dice.poisson(30, 200), dice.poisson(30 + shift, 200)
        found = ranks_differ(np.bincount(a, minlength=99), np.bincount(b, minlength=99))
        assert found is not None
        return found.p

    assert 0.03 < np.mean([p(0) < 0.05 for _ in range(600)]) < 0.07
    assert p(6) < 1e-6


def test_an_example_of_the_rank_test_with_ties_is_the_published_one() -> None:
    # Lehmann (1975), Nonparametrics, section 1.4: the normal form with the correction for ties, here against its
    # definition written out: U = 6.5 of 5 x 6 pairs, ties of 2, 3 and 2.
    a, b = [1, 2, 2, 3, 5], [3, 3, 4, 5, 6, 7]
    found = ranks_differ(np.bincount(a, minlength=8), np.bincount(b, minlength=8))
    n, ties = 11, (2, 3, 2)
    spread = (30 / 12 * (n + 1 - sum(t**3 - t for t in ties) / (n * (n - 1)))) ** 0.5
    lower = sum(1.0 if y < x else 0.5 if y == x else 0.0 for x in a for y in b)
    z = (abs(lower - 15) - 0.5) / spread
    assert found is not None
    assert found.p == pytest.approx(2 * (1 - NormalDist().cdf(z)))


def test_an_empty_group_and_equal_values_are_no_difference() -> None:
    assert ranks_differ(np.array([0, 0]), np.array([1, 2])) is None
    found = ranks_differ(np.array([5]), np.array([9]))
    assert found is not None and (found.b_lower, found.p) == (0.5, 1.0)
