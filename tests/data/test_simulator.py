from __future__ import annotations

import itertools
import threading
import time
from typing import Any

import pytest

from data import merge
from data.demo.history import generate
from data.demo.simulator import Simulator
from data.models import CallEvent, Status
from data.times import DAY, HOUR, MINUTE, SECOND

#: A Thursday, 14:00 UTC.
NOW = 1_790_258_400 * SECOND


def hash_caller(number: str) -> tuple[str, str]:
    return f"hash of {number}", number[-2:]


def simulator(seed: int = 1, **options: Any) -> Simulator:
    return Simulator(lambda events: None, hash_caller=hash_caller, seed=seed, **options)


def play(sim: Simulator, span: int, step: int = MINUTE, start: int = NOW) -> list[CallEvent]:
    return [event for now in range(start, start + span + 1, step) for event in sim.step(now)]


def merged(events: list[CallEvent]) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for event in events:
        row = rows.get(event["call_id"])
        rows[event["call_id"]] = merge.fresh(event) if row is None else merge.merge(row, event) or row
    return rows


def active(events: list[CallEvent]) -> list[dict[str, Any]]:
    return [row for row in merged(events).values() if row["status"] == Status.IN_PROGRESS]


def share(rows: list[Any], status: Status) -> float:
    return sum(row["status"] == status for row in rows) / len(rows)


class Receiver:
    """Takes events, or fails as long as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.taken: list[CallEvent] = []
        self.offered = 0
        self.failures = failures

    def __call__(self, events: list[CallEvent]) -> None:
        self.offered = len(events)
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the receiver is away")
        self.taken += events


def test_the_same_seed_and_times_give_the_same_events() -> None:
    first = play(simulator(), 20 * MINUTE)
    assert play(simulator(), 20 * MINUTE) == first
    assert play(simulator(seed=2), 20 * MINUTE) != first


def test_events_are_heard_when_they_happen_and_in_order() -> None:
    sim = simulator()
    sim.step(NOW)
    for now in range(NOW + MINUTE, NOW + HOUR, MINUTE):
        times = [event["updated_at"] for event in sim.step(now)]
        assert times == sorted(times)
        assert all(now - MINUTE <= t <= now for t in times)


def test_a_call_starts_is_answered_and_ends_in_separate_events() -> None:
    stories: dict[str, list[CallEvent]] = {}
    for event in play(simulator(), HOUR):
        stories.setdefault(event["call_id"], []).append(event)
    finished = [story for story in stories.values() if "ended_at" in story[-1]]
    assert len(finished) > 100
    for story in finished:
        assert [e["status"] for e in story[:-1]] == [Status.IN_PROGRESS] * (len(story) - 1)
        assert story[-1]["status"] != Status.IN_PROGRESS
        assert "started_at" in story[0] and "answered_at" not in story[0] and "cost" not in story[0]
        assert len(story) == (3 if any("answered_at" in e for e in story) else 2)
        assert all(e["updated_at"] <= later["updated_at"] for e, later in itertools.pairwise(story))


def test_the_events_of_a_call_merge_to_a_finished_call() -> None:
    rows = [row for row in merged(play(simulator(), HOUR)).values() if row["status"] != Status.IN_PROGRESS]
    for row in rows:
        times = [row[name] for name in ("started_at", "queued_at", "answered_at", "ended_at") if name in row]
        assert times == sorted(times)
        assert row["updated_at"] == row["ended_at"]
        assert {"direction", "agent", "queue", "end_reason", "end_reason_group", "metadata"} <= row.keys()
        assert ("answered_at" in row) == ("duration_seconds" in row)
    assert sum("cost" in row for row in rows) > 0.7 * len(rows)


def test_it_begins_with_calls_in_progress() -> None:
    events = simulator().step(NOW)
    calls = active(events)
    assert 8 < len(calls) < 35
    assert len(calls) == len(merged(events))
    assert any("answered_at" in call for call in calls)
    assert all(NOW - 20 * MINUTE <= call["started_at"] <= NOW for call in calls)


def test_about_ten_calls_are_active_over_the_day() -> None:
    counts = [len(active(simulator(seed).step(NOW + seed * HOUR))) for seed in range(24)]
    assert 5 < sum(counts) / len(counts) < 15


def test_a_live_day_looks_like_a_generated_one() -> None:
    calls: dict[str, dict[str, Any]] = {}
    for event in play(simulator(), DAY, step=5 * MINUTE):
        calls.setdefault(event["call_id"], {}).update(event)
    live = [call for call in calls.values() if call["status"] != Status.IN_PROGRESS]
    chunks = generate(end=NOW + DAY, days=1, calls_per_day=10_000, hash_caller=hash_caller)
    made = [call for chunk in chunks for call in chunk]
    assert len(live) > 3000
    for status, tolerance in {Status.SUCCESS: 0.025, Status.ABANDONED: 0.015, Status.ERROR: 0.01}.items():
        assert share(live, status) == pytest.approx(share(made, status), abs=tolerance)
    for name in ("duration_seconds", "wait_seconds", "latency_ms", "cost", "csat"):
        of_live, of_made = ([row[name] for row in rows if name in row] for rows in (live, made))
        assert sum(of_live) / len(of_live) == pytest.approx(sum(of_made) / len(of_made), rel=0.08)
        assert len(of_live) / len(live) == pytest.approx(len(of_made) / len(made), abs=0.03)


def test_open_calls_of_an_earlier_run_end_as_they_would_have() -> None:
    first, second = simulator(), simulator(seed=2)
    before = play(first, 10 * MINUTE)
    undisturbed = merged(before + play(first, 20 * MINUTE, start=NOW + 11 * MINUTE))
    left = [(row["call_id"], row["started_at"]) for row in active(before)]
    second.resume(left)
    taken_over = merged(before + play(second, 20 * MINUTE, start=NOW + 11 * MINUTE))
    assert left
    for call_id, _ in left:
        assert taken_over[call_id]["status"] != Status.IN_PROGRESS
        assert taken_over[call_id] == undisturbed[call_id]


def test_a_second_run_with_the_same_seed_makes_other_calls() -> None:
    ids = {event["call_id"] for event in play(simulator(), HOUR)}
    assert ids.isdisjoint(event["call_id"] for event in play(simulator(), HOUR, start=NOW + DAY))


def test_a_long_pause_is_not_filled_with_calls() -> None:
    sim = simulator()
    sim.step(NOW)
    assert len(merged(sim.step(NOW + 8 * HOUR))) < 60


def test_a_clock_that_is_set_back_is_followed() -> None:
    sim = simulator()
    play(sim, 10 * MINUTE)
    assert sim.step(NOW - HOUR) == []
    assert len(play(sim, 10 * MINUTE, start=NOW - HOUR)) > 20


def test_what_a_failing_receiver_refused_is_submitted_again(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver(failures=3)
    now = float(NOW // SECOND)
    sim = Simulator(receiver, hash_caller=hash_caller, seed=1, clock=lambda: now)
    expected = simulator()
    events = []
    for _ in range(6):
        sim.tick()
        events += expected.step(int(now) * SECOND)
        now += 60
    assert receiver.taken == events
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_events_that_nobody_takes_do_not_pile_up_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.demo.simulator._MAX_UNSENT", 200)
    receiver = Receiver(failures=1_000_000)
    now = float(NOW // SECOND)
    sim = Simulator(receiver, hash_caller=hash_caller, seed=1, clock=lambda: now)
    for _ in range(60):
        sim.tick()
        now += 60
    assert 200 < receiver.offered < 300


def test_the_thread_submits_and_goes_on_after_a_failure() -> None:
    receiver, enough = Receiver(failures=2), threading.Event()

    def submit(events: list[CallEvent]) -> None:
        receiver(events)
        enough.set()

    sim = Simulator(submit, hash_caller=hash_caller, seed=1, tick_seconds=0.01, calls_per_minute=5)
    sim.start(open_calls=[("live-earlier", int((time.time() - 3600) * SECOND))])
    assert enough.wait(60)
    sim.stop()
    ended = {event["call_id"] for event in receiver.taken if "ended_at" in event}
    assert "live-earlier" in ended


def test_it_stops_without_waiting_for_its_next_tick_and_can_start_again() -> None:
    ticked = threading.Event()

    def submit(events: list[CallEvent]) -> None:
        ticked.set()

    sim = Simulator(submit, hash_caller=hash_caller, seed=1, tick_seconds=3600)
    for _ in range(2):
        ticked.clear()
        sim.start(open_calls=[("live-earlier", int((time.time() - 3600) * SECOND))])
        assert ticked.wait(60)
        sim.stop()
        assert "simulator" not in {thread.name for thread in threading.enumerate()}


def test_it_refuses_to_run_twice() -> None:
    sim = simulator()
    sim.start()
    with pytest.raises(RuntimeError):
        sim.start()
    sim.stop()
