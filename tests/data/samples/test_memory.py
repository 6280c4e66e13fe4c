"""Samples in memory: what was put in comes out, within a budget, while others write."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.samples.memory import Memory
from data.samples.model import STALE, Matcher, is_absent, is_stale
from tests.data.samples.support import FOREVER, STEP, T0, everything, series, written

HOUR = 3_600_000
ROOMY = 64 << 20


def put(memory: Memory, at: int, values: Mapping[str, float], source: str = "own", *, whole: bool = True) -> None:
    memory.put(source, at, [(series(name), value) for name, value in values.items()], whole=whole)


def plainly(memory: Memory) -> dict[str, list[Any]]:
    return {name.removesuffix("{}"): samples for name, samples in written(memory).items()}


def test_a_series_that_vanishes_ends_once_and_may_come_back() -> None:
    memory = Memory(ROOMY, HOUR)
    for step, values in enumerate([{"a": 1, "b": 1}, {"a": 2}, {"a": 3}, {"a": 4, "b": 4}]):
        put(memory, T0 + step * STEP, values)
    assert plainly(memory)["b"] == [(T0, 1), (T0 + STEP, "stale"), (T0 + 3 * STEP, 4)]
    assert [value for _, value in plainly(memory)["a"]] == [1, 2, 3, 4]


def test_one_source_that_is_away_ends_no_series_of_another() -> None:
    memory = Memory(ROOMY, HOUR)
    put(memory, T0, {"a": 1}, "one")
    put(memory, T0, {"b": 1}, "two")
    put(memory, T0 + STEP, {"up": 0}, "one")
    assert plainly(memory) == {"a": [(T0, 1), (T0 + STEP, "stale")], "b": [(T0, 1)], "up": [(T0 + STEP, 0)]}


def test_a_sample_that_is_not_a_number_stays_one() -> None:
    memory = Memory(ROOMY, HOUR)
    put(memory, T0, {"nan": np.nan, "inf": np.inf, "ended": float(STALE)}, whole=False)
    found = plainly(memory)
    assert np.isnan(found["nan"][0][1])
    assert found["inf"] == [(T0, np.inf)]
    assert found["ended"] == [(T0, "stale")]


def test_of_two_samples_of_one_series_the_first_counts() -> None:
    memory = Memory(ROOMY, HOUR)
    memory.put("own", T0, [(series("a"), 1.0), (series("a"), 2.0)], whole=True)
    assert plainly(memory) == {"a": [(T0, 1)]}


def test_results_of_rules_share_a_time_and_may_come_late() -> None:
    memory = Memory(ROOMY, HOUR)
    for at, values in [(0, {"a": 1.0}), (20, {"a": 2.0}), (0, {"b": 1.0}), (10, {"c": 3.0}), (-5, {"c": 2.0})]:
        put(memory, T0 + at, values, whole=False)
    assert plainly(memory) == {"a": [(T0, 1), (T0 + 20, 2)], "b": [(T0, 1)], "c": [(T0 - 5, 2), (T0 + 10, 3)]}


def test_nothing_in_is_nothing_out() -> None:
    memory = Memory(ROOMY, HOUR)
    memory.put("own", T0, [], whole=False)
    assert everything(memory) == []


def test_both_ends_of_a_time_are_in_it_and_a_series_without_a_sample_there_is_not() -> None:
    memory = Memory(ROOMY, HOUR)
    for step in range(5):
        put(memory, T0 + step * STEP, {"a": step} if step else {"a": 0, "b": 0})
    [block] = memory.select([], T0 + 2 * STEP, T0 + 3 * STEP)
    assert block.labels == [series("a")]
    assert block.values.tolist() == [[2, 3]]
    assert memory.select([], T0 + 1, T0 + STEP - 1) == []


def test_a_clock_that_was_set_back_takes_the_later_samples_away() -> None:
    memory = Memory(ROOMY, 24 * HOUR)
    for step in range(100):
        put(memory, T0 + step * STEP, {"a": step})
        put(memory, T0 + step * STEP, {"b": step}, "other")
    put(memory, T0 + HOUR, {"c": 1}, "future")
    put(memory, T0 + 10 * STEP + 1, {"a": -1.0})
    put(memory, T0 + 11 * STEP + 1, {"a": -2.0})
    found = plainly(memory)
    assert found["a"][-3:] == [(T0 + 10 * STEP, 10), (T0 + 10 * STEP + 1, -1), (T0 + 11 * STEP + 1, -2)]
    assert found["b"][-1] == (T0 + 10 * STEP, 10)
    assert "c" not in found


@given(
    st.lists(
        st.tuples(
            st.integers(0, 59), st.sampled_from("pq"), st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 9))
        ),
        max_size=60,
    )
)
def test_what_was_appended_in_whatever_order_is_what_is_read(puts: list[tuple[int, str, dict[str, float]]]) -> None:
    memory, expected = Memory(ROOMY, HOUR), dict[tuple[str, str], dict[int, float]]()
    for at, source, values in puts:
        memory.put(source, T0 + at, [(series(name, source=source), v) for name, v in values.items()], whole=False)
        for name, value in values.items():
            expected.setdefault((name, source), {})[T0 + at] = value
    assert written(memory) == {
        f"{name}{{source={source}}}": sorted(samples.items()) for (name, source), samples in expected.items()
    }


def scraped(memory: Memory, count: int, steps: range, churn: int = 0) -> None:
    """`count` series a scrape, of which `churn` are new ones at each."""
    lasting = [series(f"m{i % 20}", job="voicehive", number=str(i)) for i in range(count - churn)]
    for step in steps:
        passing = [series("passing", number=f"{step}/{i}") for i in range(churn)]
        memory.put("own", T0 + step * STEP, ((labels, step) for labels in [*lasting, *passing]), whole=True)


def kept_hours(memory: Memory) -> float:
    [block] = everything(memory, Matcher("number", "=", "0"))
    return float(block.times[-1] - block.times[0]) / HOUR


def test_ten_thousand_series_stay_for_two_hours_within_the_budget() -> None:
    memory = Memory(ROOMY, 24 * HOUR)
    scraped(memory, 10_000, range(700))
    assert memory.nbytes <= ROOMY
    assert kept_hours(memory) >= 2
    [block] = everything(memory)
    assert block.values.shape[0] == 10_000
    assert (block.values == (block.times - T0) / STEP).all()


def test_series_that_come_and_go_take_no_more_than_the_budget() -> None:
    memory = Memory(8 << 20, 24 * HOUR)
    scraped(memory, 600, range(300), churn=100)
    assert memory.nbytes <= 8 << 20
    # The series of chunks that went are forgotten with them.
    assert memory.series < 8_000
    assert kept_hours(memory) > 0.2


def test_samples_go_when_they_are_old_enough() -> None:
    memory = Memory(ROOMY, HOUR)
    scraped(memory, 2_000, range(1_000))
    assert 1 <= kept_hours(memory) < 2.1


def test_a_source_that_is_gone_goes_by_its_age() -> None:
    memory = Memory(ROOMY, HOUR)
    put(memory, T0, {"a": 1}, "gone")
    put(memory, T0 + 2 * HOUR, {"b": 1})
    assert plainly(memory) == {"b": [(T0 + 2 * HOUR, 1)]}


@pytest.mark.slow
def test_readers_see_whole_scrapes_that_never_change_under_them() -> None:
    memory, done = Memory(2 << 20, 24 * HOUR), threading.Event()
    problems: list[str] = []

    def read() -> None:
        while not done.is_set():
            for block in memory.select([Matcher("job", "=", "voicehive")], 0, FOREVER):
                before = block.values.copy()
                steps = (block.times - T0) / STEP
                if not (is_absent(block.values) | (block.values == steps)).all():
                    problems.append("a value of another time")
                if len({is_absent(column).sum() for column in block.values.T}) != 1:
                    problems.append("half a scrape")
                if not (before.view(np.int64) == block.values.view(np.int64)).all():
                    problems.append("it changed")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    scraped(memory, 500, range(1_500), churn=20)
    done.set()
    for reader in readers:
        reader.join()
    assert problems == []


def test_label_sets_are_those_with_a_sample_in_the_time() -> None:
    # Small enough for several chunks.
    memory = Memory(20_000, HOUR)
    for step in range(100):
        put(memory, T0 + step * STEP, {"a": 1} | ({"b": 1} if step < 50 else {}) | ({"c": 1} if step == 70 else {}))
    for start, end in itertools.product(range(-3, 103, 7), repeat=2):
        first, last = T0 + start * STEP, T0 + end * STEP
        held = {
            labels["__name__"]
            for block in memory.select([], first, last)
            for labels, values in zip(block.labels, block.values, strict=True)
            if not (is_absent(values) | is_stale(values)).all()
        }
        assert {labels["__name__"] for labels in memory.label_sets([], first, last)} == held
    assert [labels["__name__"] for labels in memory.label_sets([Matcher("__name__", "=", "b")], T0, FOREVER)] == ["b"]
    assert memory.label_sets([Matcher("__name__", "=", "b")], T0 + 50 * STEP, FOREVER) == []
