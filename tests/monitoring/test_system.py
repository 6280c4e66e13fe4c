"""Samples of the machine and of response times."""

from __future__ import annotations

from monitoring.system import SystemHistory


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_response_times_are_those_of_the_last_minute() -> None:
    clock = Clock()
    history = SystemHistory(clock)
    history.observe_request(9.0)
    clock.now += 61
    for milliseconds in range(1, 102):
        history.observe_request(milliseconds / 1000)
    assert history.response_times() == (51.0, 96.0)
    sample = history.take()
    assert (sample.api_p50_ms, sample.api_p95_ms) == (51.0, 96.0)


def test_without_requests_response_times_are_unknown() -> None:
    history = SystemHistory(Clock())
    assert history.response_times() is None
    assert history.take().api_p50_ms is None


def test_a_window_is_half_open_and_oldest_first() -> None:
    clock = Clock()
    history = SystemHistory(clock)
    for _ in range(4):
        history.take(cpu_percent=1.0)
        clock.now += 15
    assert history.window(1015, 1045)["time"] == [1015.0, 1030.0]


def test_a_day_of_samples_is_kept() -> None:
    clock = Clock()
    history = SystemHistory(clock)
    for _ in range(6000):
        history.take(cpu_percent=1.0)
        clock.now += 15
    assert len(history.window(0, clock.now)["time"]) == 5760
