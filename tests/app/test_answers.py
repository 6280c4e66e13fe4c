"""Compute once for everyone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.answers import Answers


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_many_at_once_compute_once() -> None:
    answers, computed, gate = Answers(), [], threading.Event()

    def compute() -> int:
        gate.wait(5)
        computed.append(1)
        return 42

    with ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(answers.get, "key", compute) for _ in range(40)]
        gate.set()
        assert [one.result() for one in asked] == [42] * 40
    assert len(computed) == 1


def test_an_answer_is_computed_again_when_it_is_old() -> None:
    clock = Clock()
    answers, count = Answers(clock=clock), iter(range(10))
    assert answers.get("key", lambda: next(count)) == 0
    clock.now = 0.9
    assert answers.get("key", lambda: next(count)) == 0
    clock.now = 1.1
    assert answers.get("key", lambda: next(count)) == 1


def test_a_dear_answer_is_kept_ten_times_as_long_as_it_took() -> None:
    clock = Clock()
    answers, count = Answers(clock=clock), iter(range(10))

    def dear() -> int:
        clock.now += 0.5
        return next(count)

    assert answers.get("key", dear) == 0
    clock.now += 4.9
    assert answers.get("key", dear) == 0
    clock.now += 0.2
    assert answers.get("key", dear) == 1


def test_no_answer_is_kept_longer_than_ten_seconds() -> None:
    clock = Clock()
    answers, count = Answers(clock=clock), iter(range(10))

    def very_dear() -> int:
        clock.now += 30.0
        return next(count)

    assert answers.get("key", very_dear) == 0
    clock.now += 10.1
    assert answers.get("key", very_dear) == 1


def test_while_one_computes_the_others_get_the_last_answer() -> None:
    clock, answers = Clock(), Answers()
    answers = Answers(clock=clock)
    answers.get("key", lambda: "old")
    clock.now = 2.0
    computing, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        computing.set()
        go_on.wait(5)
        return "new"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(answers.get, "key", slow)
        computing.wait(5)
        assert answers.get("key", lambda: "never") == "old"
        go_on.set()
        assert first.result() == "new"


def test_a_failure_is_shared_for_a_second_and_then_tried_again() -> None:
    clock = Clock()
    tries: Iterator[Exception | str] = iter([ValueError("away"), "back"])
    answers = Answers(clock=clock)

    def compute() -> str:
        if isinstance(one := next(tries), Exception):
            raise one
        return one

    for _ in range(3):
        with pytest.raises(ValueError, match="away"):
            answers.get("key", compute)
    clock.now = 1.1
    assert answers.get("key", compute) == "back"


def test_the_oldest_keys_are_forgotten() -> None:
    answers = Answers(most=2)
    count = iter(range(10))
    for key in "abca":
        answers.get(key, lambda: next(count))
    assert next(count) == 4
