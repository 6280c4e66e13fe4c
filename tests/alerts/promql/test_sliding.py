"""Long windows that overlap have the values that they have one by one."""

from __future__ import annotations

import numpy as np
import pytest

from alerts.promql import sliding
from tests.alerts.promql.support import Memory, ask, ask_range

FUNCTIONS = [f"{name}_over_time" for name in ("sum", "avg", "min", "max", "stddev", "stdvar", "count")]


@pytest.fixture
def slid(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each fold went this way."""
    went: list[bool] = []

    def noted(window):
        found = decide(window)
        went.append(found is not None)
        return found

    decide = sliding.slides
    monkeypatch.setattr("alerts.promql.sliding.slides", noted)
    monkeypatch.setattr("alerts.promql.sliding._WORTH", 0)
    return went


def notation(seed: int, count: int = 200) -> str:
    dice = np.random.default_rng(seed)
    words = [f"{value:.3f}" for value in dice.normal(1e6, 3, count)]
    for place in np.flatnonzero(dice.random(count) < 0.1).tolist():
        words[place] = ("_", "stale")[place % 2]
    return " ".join(words)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_window_gives_what_it_gives_alone(function: str, slid: list[bool]) -> None:
    samples = Memory().load(10_000, {f'x{{a="{seed}"}}': notation(seed) for seed in range(3)})
    query = f"{function}(x[7m])"
    found = ask_range(samples, query, "0s", "33m", "10s")
    assert function == "count_over_time" or slid == [True]
    sliding_values = {(name, at): value for name, points in found.items() for at, value in points.items()}
    for at in range(0, 33 * 60, 110):
        alone = ask(samples, query, at)
        for name, value in alone.items():
            assert sliding_values[name, at] == pytest.approx(value, rel=1e-9)
        assert {name for name, when in sliding_values if when == at} == set(alone)


def test_what_is_outside_of_a_window_leaves_no_trace_in_it(slid: list[bool]) -> None:
    samples = Memory().load(10_000, {"x": "1e100 " + "0.1x200"})
    found = ask_range(samples, "sum_over_time(x[5m])", "10m", "30m", "10s")["{}"]
    assert slid == [True]
    assert set(found.values()) == {3.0}


def test_equal_values_have_that_mean_and_do_not_deviate(slid: list[bool]) -> None:
    samples = Memory().load(10_000, {"x": "1.5990505637277868x200"})
    for query, value in (("avg_over_time(x[7m])", 1.5990505637277868), ("stddev_over_time(x[7m])", 0.0)):
        assert set(ask_range(samples, query, "10m", "30m", "10s")["{}"].values()) == {value}
    assert slid == [True, True]


@pytest.mark.parametrize("special", ["NaN", "Inf", "-Inf", "1e200"])
def test_numbers_that_could_spoil_others_go_the_direct_way(special: str, slid: list[bool]) -> None:
    samples = Memory().load(10_000, {"x": f"1x50 {special} 1x150"})
    found = ask_range(samples, "sum_over_time(x[5m])", "6m", "30m", "10s")["{}"]
    assert slid == [False]
    assert {value for at, value in found.items() if at > 800} == {30.0}
