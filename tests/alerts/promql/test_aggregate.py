"""Aggregations."""

from __future__ import annotations

import pytest

from alerts.promql import PromQLError
from tests.alerts.promql.support import Memory, ask, ask_range

NAN = float("nan")


@pytest.fixture
def samples() -> Memory:
    return Memory().load(
        60_000,
        {
            'x{a="1",b="p"}': "10x10",
            'x{a="1",b="q"}': "30x10",
            'x{a="2",b="p"}': "50x10",
            'x{a="2"}': "NaNx10",
            'y{a="1",b="p"}': "7x10",
        },
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('sum(x{b!=""})', {"{}": 90}),
        ("sum by () (x)", {"{}": NAN}),
        ("sum by (a) (x)", {'{a="1"}': 40, '{a="2"}': NAN}),
        ("sum(x) by (b, nothing)", {'{b="p"}': 60, '{b="q"}': 30, "{}": NAN}),
        ("sum without (a) (x)", {'{b="p"}': 60, '{b="q"}': 30, "{}": NAN}),
        ("sum without () (y)", {'{a="1", b="p"}': 7}),
        ("count by (__name__) ({a=~'.+'})", {"x": 4, "y": 1}),
        ("avg by (a) (x{b!=''})", {'{a="1"}': 20, '{a="2"}': 50}),
        ("min(x)", {"{}": 10}),
        ("max by (a) (x)", {'{a="1"}': 30, '{a="2"}': 50}),
        ("min(x{b=''})", {"{}": NAN}),
        ("group by (a) (x)", {'{a="1"}': 1, '{a="2"}': 1}),
        ("stdvar by (a) (x{b!=''})", {'{a="1"}': 100, '{a="2"}': 0}),
        ("stddev(y * Inf)", {"{}": NAN}),
        ("quantile by (a) (0.25, x{b!=''})", {'{a="1"}': 15, '{a="2"}': 50}),
        ("quantile(scalar(y) / 14, x)", {"{}": 20}),
        ("quantile(2, x)", {"{}": float("inf")}),
        ("sum(nothing)", {}),
        ('count_values("a", x{b!=""})', {'{a="10"}': 1, '{a="30"}': 1, '{a="50"}': 1}),
        (
            'count_values by (b) ("v", x > bool 20)',
            {'{b="p", v="0"}': 1, '{b="p", v="1"}': 1, '{b="q", v="1"}': 1, '{v="0"}': 1},
        ),
        ('count_values without (b) ("a", y / 1e8)', {'{a="0.00000007"}': 1}),
        ('count_values("v", vector(1e21) or on() y)', {'{v="1000000000000000000000"}': 1}),
        ('count_values("v", vector(-Inf))', {'{v="-Inf"}': 1}),
        ('count_values("v", vector(NaN))', {'{v="NaN"}': 1}),
    ],
)
def test_groups_and_their_values(samples: Memory, query: str, expected: dict[str, float]) -> None:
    assert ask(samples, query, "5m") == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("topk(2, x)", [50, 30]),
        ("topk(9, x)", [50, 30, 10, NAN]),
        ("bottomk(9, x)", [10, 30, 50, NAN]),
        ("bottomk(1, x) by (a)", [10, 50]),
        ("topk(0, x)", []),
        ("topk(-1, x)", []),
        ("topk(1.9, x)", [50]),
        ("topk(1e15, y)", [7]),
        ("sort(x)", [10, 30, 50, NAN]),
        ("sort_desc(x)", [50, 30, 10, NAN]),
        ("sort_desc(topk(2, -x))", [-10, -30]),
    ],
)
def test_the_first_of_an_order(samples: Memory, query: str, values: list[float]) -> None:
    assert list(ask(samples, query, "5m").values()) == pytest.approx(values, nan_ok=True)


def test_topk_chooses_anew_at_each_step_and_may_change_its_number() -> None:
    samples = Memory().load(10_000, {'x{a="1"}': "1 5 5", 'x{a="2"}': "3 3 3", "k": "1 1 2"})
    expected = {'x{a="1"}': {10: 5, 20: 5}, 'x{a="2"}': {0: 3, 20: 3}}
    assert ask_range(samples, "topk(scalar(k), x)", "0s", "20s", "10s") == expected


def test_a_value_that_is_too_old_takes_no_place() -> None:
    samples = Memory().load(400_000, {'x{a="1"}': "9 _", 'x{a="2"}': "3 3"})
    assert ask_range(samples, "topk(1, x)", "0s", "400s", "400s") == {'x{a="1"}': {0: 9}, 'x{a="2"}': {400: 3}}


def test_count_values_has_a_series_for_each_value_of_a_range() -> None:
    samples = Memory().load(10_000, {'x{a="1"}': "1 1 2", 'x{a="2"}': "1 2 _"})
    found = ask_range(samples, 'count_values("v", last_over_time(x[10s]))', "0s", "20s", "10s")
    assert found == {'{v="1"}': {0: 2, 10: 1}, '{v="2"}': {10: 1, 20: 1}}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("topk(NaN, x)", "NaN"),
        ("bottomk(1e19, x)", "overflows"),
        ('count_values("", x)', "invalid label name"),
    ],
)
def test_parameters_that_make_no_sense(samples: Memory, query: str, message: str) -> None:
    with pytest.raises(PromQLError, match=message):
        ask(samples, query, "5m")
