"""Whole queries: ranges, subqueries, limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alerts.promql import Limits, PromQLError, QueryStopped, Scalar, Vector, instant, parse, range_query
from tests.alerts.promql.scenarios import STEP, scenario
from tests.alerts.promql.support import Memory, ask, ask_range


@pytest.mark.parametrize("seed", range(30))
def test_a_range_query_is_an_instant_query_at_each_step(seed: int) -> None:
    made = scenario(seed)
    samples = Memory().load(STEP, made.series)
    start, end, step = 37_000, 1_200_000, 97_000
    for query, _ in made.queries:
        expr = parse(query)
        try:
            found = range_query(expr, samples, start, end, step)
        except PromQLError:
            # The error lies at one of the steps at least.
            with pytest.raises(PromQLError):
                for at in range(start, end + 1, step):
                    instant(expr, samples, at)
            continue
        for index, at in enumerate(found.times.tolist()):
            vector = instant(expr, samples, at)
            assert isinstance(vector, Vector)
            expected = dict(zip(map(_key, vector.labels), vector.values.tolist(), strict=True))
            rows = np.flatnonzero(found.here[:, index]).tolist()
            got = {_key(found.labels[row]): float(found.values[row, index]) for row in rows}
            assert got.keys() == expected.keys(), query
            for key, value in expected.items():
                assert (
                    math.isclose(got[key], value, rel_tol=1e-9, abs_tol=1e-9)
                    or got[key] == value
                    or (math.isnan(got[key]) and math.isnan(value))
                ), query


def _key(labels) -> frozenset:
    return frozenset(labels.items())


@pytest.mark.parametrize(
    ("query", "at", "value"),
    [
        # x has 0, 1, 2, ... every 10 s.
        ("sum_over_time(x[100s:1s] @ 100)", "25s", 460),
        ("sum_over_time(x[100s:1s] @ 100 offset 20s)", "25s", 288),
        ("sum_over_time(x[50s:10s])", "20s", 3),  # nothing before the first sample
        ("sum_over_time(x[30s:10s] offset 3s)", "1010s", 297),  # steps at multiples of 10 s
        ("count_over_time(x[30s:10s])", "1010s", 3),  # the left end is excluded
        ("count_over_time(x[5m:])", "1000s", 5),  # every minute
        ("sum_over_time(sum_over_time(x[100s] @ 100)[100s:25s] @ 50)", "100s", 220),
        ("sum_over_time(sum_over_time(sum_over_time(x[10s])[100s:25s] @ 50)[3s:1s] @ 200)", "0s", 21),
        ("sum_over_time(sum_over_time(sum_over_time(x[20s])[20s:10s] offset 10s)[100s:25s] @ 1000)", "0s", 1504),
        ("sum_over_time(vector(time())[100s:1s] @ 3000 offset 600s)", "0s", 235_050),
        ("sum_over_time(minute()[50m:1m] @ 6000)", "0s", 1315),
        ("sum_over_time(timestamp(x @ 10)[100s:10s] @ 3000)", "0s", 100),
        ("sum_over_time(timestamp(timestamp(x @ 999))[10s:1s] @ 10)", "0s", 55),
        ("max_over_time((x > 5)[1m:10s])", "50s", None),
    ],
)
def test_subqueries(query: str, at: str, value: float | None) -> None:
    samples = Memory().load(10_000, {"x": "0+1x1000"})
    assert list(ask(samples, query, at).values()) == ([] if value is None else [value])


def test_the_default_step_of_subqueries_is_a_limit_of_the_query() -> None:
    samples = Memory().load(10_000, {"x": "0+1x100"})
    assert ask(samples, "count_over_time(x[5m:])", "15m", Limits(step=30_000)) == {"{}": 10}


def test_series_that_take_turns_are_one_in_a_subquery() -> None:
    samples = Memory().load(10_000, {"a": "1 stale", "b": "_ 4"})
    assert ask(samples, "sum_over_time((-a or -b)[30s:10s])", "10s") == {"{}": -5}


def test_what_an_instant_query_answers() -> None:
    samples = Memory().load(10_000, {"x": "1 _ NaN stale 5"})
    assert instant(parse("1 + 1"), samples, 0) == Scalar(2)
    assert instant(parse("'text'"), samples, 0) == "text"
    assert list(ask(samples, "x[1m]", "50s")["x"]) == [0, 20, 40]
    assert ask(samples, "(x * 2)[20s:10s]", "45s") == {"{}": {40: 10}}
    assert ask(samples, "nothing[1m]", "50s") == {}


def test_what_a_range_query_answers() -> None:
    samples = Memory()
    assert ask_range(samples, "1 + time()", "0s", "20s", "10s") == {"{}": {0: 1, 10: 11, 20: 21}}
    assert ask_range(samples, "nothing", "0s", "20s", "10s") == {}


@pytest.mark.parametrize(
    ("query", "start", "end", "step", "message"),
    [
        ("x[5m]", 0, 10, 1, "not a matrix"),
        ("'text'", 0, 10, 1, "not a string"),
        ("x", 0, 10, 0, "step"),
        ("x", 10, 0, 1, "before"),
        ("x", 0, 11_001, 1, "11,000 steps"),
    ],
)
def test_ranges_that_are_none(query: str, start: int, end: int, step: int, message: str) -> None:
    with pytest.raises(PromQLError, match=message):
        range_query(parse(query), Memory(), start, end, step)


MANY = {f'x{{a="{number}",b="{number % 7}"}}': "0+1x50" for number in range(60)}
HEAVY = (
    "x",
    "x[10m]",
    "sum_over_time(x[10m])",
    "rate(x[10m:1s])",
    "x * on (b) group_left x{a='1'}",
    "count_values('v', x * on () group_left rate(x{a='1'}[5m:1s]))",
    "max_over_time(max_over_time(time()[1d:1ms])[1d:1ms])".replace("time()", "vector(time())"),
)


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        *((query, 200) for query in HEAVY),
        # Enough for the series themselves: 60 with 30 samples each.
        ("x", 2000),
        ("sum_over_time(x[10m])", 5000),
        ("x * on (b) group_left x{a='1'}", 2090),
        ("count_values('v', x)", 5000),
        ("count_over_time(vector(1)[1d:1s])", 10_000),
    ],
)
def test_a_query_that_looks_at_too_many_samples_is_refused(query: str, limit: int) -> None:
    samples = Memory().load(10_000, MANY)
    with pytest.raises(PromQLError, match=rf"more than {limit:,} samples: narrow"):
        instant(parse(query), samples, 500_000, Limits(samples=limit))


@pytest.mark.parametrize("query", HEAVY[:-1])
def test_a_query_can_be_stopped_at_any_time(query: str) -> None:
    samples = Memory().load(10_000, MANY)
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > limit

    limit = 10**9
    instant(parse(query), samples, 500_000, Limits(stop=stop))
    times = asked
    assert times > 1
    for limit in range(times):  # noqa: B007
        asked = 0
        with pytest.raises(QueryStopped):
            instant(parse(query), samples, 500_000, Limits(stop=stop))
