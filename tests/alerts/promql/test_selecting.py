"""Which samples a selector finds."""

from __future__ import annotations

import numpy as np
import pytest

from alerts.promql import Limits, PromQLError
from data.samples.model import ABSENT, Block
from tests.alerts.promql.support import Memory, ask, ask_range

CALLS = {'calls{agent="roxy",status="error"}': "0+1x10", 'calls{agent="max",status="success"}': "0+2x10"}


@pytest.fixture
def samples() -> Memory:
    return Memory().load(60_000, CALLS)


@pytest.mark.parametrize(
    ("matchers", "agents"),
    [
        ('agent="roxy"', ["roxy"]),
        ('agent!="roxy"', ["max"]),
        ('agent=~"r.*|x"', ["roxy"]),
        ('agent=~"rox"', []),
        ('agent!~"ma."', ["roxy"]),
        ('agent=~"(?i:MAX)"', ["max"]),
        ('nothing=""', ["roxy", "max"]),
        ('nothing!=""', []),
        ('nothing!="x",status=~".+"', ["roxy", "max"]),
        ('status="error",status!="success"', ["roxy"]),
    ],
)
def test_matchers(samples: Memory, matchers: str, agents: list[str]) -> None:
    found = ask(samples, f"sum by (agent) (calls{{{matchers}}})", "5m")
    assert list(found) == [f'{{agent="{agent}"}}' for agent in agents]


@pytest.mark.parametrize(
    ("query", "at", "value"),
    [
        ("x", "10s", 1),
        ("x", "19s", 1),
        ("x", "20s", None),  # a stale marker ends the series
        ("x", "29s", None),
        ("x", "30s", 2),
        ("x", "329s", 2),
        ("x", "330s", None),  # five minutes old is too old
        ("count_over_time(x[1m])", "30s", 3),
        ("count_over_time(x[20s])", "30s", 1),  # the left end is excluded, the stale marker is none
        ("count_over_time(x[21s])", "30s", 2),
        ("count_over_time(x[10s])", "20s", None),
        ("x offset 1m", "1m30s", 2),
        ("x offset -20s", "10s", 2),
        ("x @ 10", "1h", 1),
        ("x @ 40 offset 30s", "1h", 1),
        ("x offset 30s @ 40", "1h", 1),
        ("count_over_time(x[30s] @ 35 offset 5s)", "1h", 2),
        ("timestamp(x)", "35s", 30),
        ("timestamp((x @ 10))", "1h", 10),
        ("timestamp(x + 0)", "35s", 35),
    ],
)
def test_what_counts_as_the_latest_sample_and_as_within_a_range(query: str, at: str, value: float | None) -> None:
    samples = Memory().load(10_000, {"x": "0 1 stale 2"})
    assert list(ask(samples, query, at).values()) == ([] if value is None else [value])


def test_the_lookback_is_a_limit_of_the_query(samples: Memory) -> None:
    assert len(ask(samples, "calls", "10m30s", Limits(lookback=31_000))) == 2
    assert ask(samples, "calls", "10m30s", Limits(lookback=30_000)) == {}


def test_series_that_were_not_sampled_together_keep_their_own_times() -> None:
    samples = Memory().load(20_000, {'x{a="1"}': "1 2 _ 4", 'x{a="2"}': "_ _ 7"})
    assert ask(samples, "timestamp(x)", "50s") == {'{a="1"}': 20, '{a="2"}': 40}
    assert ask(samples, "count_over_time(x[2m])", "1m") == {'{a="1"}': 3, '{a="2"}': 1}
    assert ask(samples, "x[50s]", "1m") == {'x{a="1"}': {20: 2, 60: 4}, 'x{a="2"}': {40: 7}}


def test_nan_is_a_value_and_not_an_end() -> None:
    samples = Memory().load(10_000, {"x": "1 NaN"})
    assert np.isnan(ask(samples, "x", "15s")["x"])
    assert ask(samples, "count_over_time(x[1m])", "15s") == {"{}": 2}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("x @ start()", {"x": {20: 2, 40: 2, 60: 2}}),
        ("x @ end()", {"x": {20: 6, 40: 6, 60: 6}}),
        ("sum_over_time(x[20s] @ end())", {"{}": {20: 11, 40: 11, 60: 11}}),
        ("x - x @ start()", {"{}": {20: 0, 40: 2, 60: 4}}),
        ("sum_over_time((x @ start())[20s:10s])", {"{}": {20: 4, 40: 4, 60: 4}}),
    ],
)
def test_the_ends_of_a_range_query(query: str, expected: dict) -> None:
    samples = Memory().load(10_000, {"x": "0+1x10"})
    assert ask_range(samples, query, "20s", "60s", "20s") == expected


class Parts:
    """A store that gives a series in two blocks."""

    def __init__(self, second: int) -> None:
        self._second = second

    def select(self, matchers, start: int, end: int) -> list[Block]:
        labels = [{"__name__": "x", "a": "1"}]
        early = Block(labels, np.array([1000, 2000]), np.array([[1.0, 2.0]]))
        return [early, Block(labels, np.array([self._second, 3000]), np.array([[ABSENT, 3.0]]))]


def test_a_series_in_several_blocks_is_one_series() -> None:
    for second in (2000, 2500):
        assert ask(Parts(second), "count_over_time(x[1m])", "3s") == {'{a="1"}': 3}


def test_two_samples_of_a_series_at_one_time_are_an_error() -> None:
    class Twice(Parts):
        def select(self, matchers, start: int, end: int) -> list[Block]:
            return super().select(matchers, start, end) * 2

    with pytest.raises(PromQLError, match="two samples of one series at one time"):
        ask(Twice(2000), "x", "3s")
