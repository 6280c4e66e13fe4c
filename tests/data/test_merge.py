"""Promise 5: duplicates and disorder change nothing."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from data.ingest import Ingest
from data.merge import Row, fresh, merge
from data.models import CallEvent, EndReasonGroup, Status
from data.record import Record
from data.times import SECOND
from data.writer import apply
from tests.data.support import T0, call, rows

INSTANTS = st.integers(0, 3).map(lambda n: T0 + n * SECOND)
SECONDS = st.sampled_from([0.0, 1.5, 30.0])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b", 0.5]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
    max_leaves=3,
)
#: Few values, so that events often disagree.
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from([status.value for status in Status]),
    "started_at": INSTANTS,
    "queued_at": INSTANTS,
    "answered_at": INSTANTS,
    "ended_at": INSTANTS,
    "wait_seconds": SECONDS,
    "duration_seconds": SECONDS,
    "agent": st.sampled_from(["Ada", "Bob", "1", ""]),
    "end_reason_group": st.sampled_from([group.value for group in EndReasonGroup]),
    "transferred": st.booleans(),
    "csat": st.sampled_from([1.0, 4.5, 5.0]),
    "turns": st.integers(0, 12),
    "tags": st.lists(st.sampled_from(["x", "y"]), max_size=2),
    "stamps": st.dictionaries(
        st.sampled_from(["status", "started_at", "answered_at", "agent", "metadata.a", "queue"]),
        st.sampled_from([-T0, -1, T0 - SECOND, T0]),
        max_size=3,
    ),
    "metadata": st.dictionaries(st.sampled_from(["", "a", "b", "a.b", "status", "metadata.a"]), JSON, max_size=3),
}


def events(call_ids: Sequence[str] = ("c1",)) -> st.SearchStrategy[CallEvent]:
    """Events that carry a few of the fields, often of the same instant."""
    always = {"source": st.just("test"), "call_id": st.sampled_from(call_ids), "updated_at": INSTANTS}
    some: Any = st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=5)
    made: Any = some.flatmap(lambda names: st.fixed_dictionaries(always | {name: FIELDS[name] for name in names}))
    return made


def fold(history: Sequence[CallEvent]) -> Row:
    """The row of one call after these events."""
    first, *others = history
    return functools.reduce(lambda row, event: merge(row, event) or row, others, fresh(first))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[CallEvent], list[CallEvent]]:
    """Some events of a call, and the same in another order with repetitions."""
    some = draw(st.lists(events(), min_size=1, max_size=6))
    again = draw(st.lists(st.sampled_from(some), max_size=4))
    return some, draw(st.permutations(some + again))


# --- the pure merge


@given(histories())
@example(([call(), call(metadata={})], [call(metadata={}), call()])).via("an empty object says nothing")
@example(([call(), call(transcript="Hello")], [call(transcript="Hello"), call()])).via("kept beside the row")
@settings(max_examples=400)
def test_any_order_and_repetition_of_a_calls_events_gives_the_same_row(
    both: tuple[list[CallEvent], list[CallEvent]],
) -> None:
    once, shuffled = both
    assert fold(shuffled) == fold(once)


@given(st.lists(events(), min_size=1, max_size=6))
@settings(max_examples=200)
def test_an_event_that_is_known_changes_nothing(history: list[CallEvent]) -> None:
    row = fold(history)
    assert all(merge(row, event) is None for event in history)


@given(histories())
@settings(max_examples=200)
def test_a_row_that_was_stored_in_between_merges_the_same(both: tuple[list[CallEvent], list[CallEvent]]) -> None:
    once, shuffled = both
    row = fresh(shuffled[0])
    for event in shuffled[1:]:
        row = orjson.loads(orjson.dumps(merge(row, event) or row))
    assert row == fold(once)


def merged(*history: CallEvent) -> Row:
    row = fold(history)
    assert fold(history[::-1]) == row
    return row


def test_the_newest_event_that_carries_a_field_decides_it() -> None:
    row = merged(call(updated_at=T0, agent="old", queue="sales"), call(updated_at=T0 + 1, agent="new"))
    assert (row["agent"], row["queue"]) == ("new", "sales")


def test_of_two_events_of_one_instant_an_end_beats_in_progress() -> None:
    assert merged(call(status="in_progress"), call(status="abandoned"))["status"] == "abandoned"


def test_each_key_of_metadata_is_a_field_of_its_own() -> None:
    row = merged(call(updated_at=T0, metadata={"a": 1, "b": 1}), call(updated_at=T0 + 1, metadata={"b": 2, "c": None}))
    assert row["metadata"] == {"a": 1, "b": 2, "c": None}


def test_a_call_without_a_status_is_in_progress_until_any_event_names_one() -> None:
    unnamed = call(updated_at=T0 + 9)
    assert fresh(unnamed)["status"] == "in_progress"
    assert merged(unnamed, call(updated_at=T0, status="success"))["status"] == "success"


def test_the_start_is_the_earliest_known_time_until_an_event_names_it() -> None:
    partial: Any = {"source": "test", "call_id": "c1", "updated_at": T0 + 9, "queued_at": T0 + 5}
    assert fresh(partial)["started_at"] == T0 + 5
    assert merged(partial, call(updated_at=T0, started_at=T0 + 1))["started_at"] == T0 + 1


def test_the_end_follows_from_answer_and_duration_or_is_the_last_event() -> None:
    answered = call(status="success", answered_at=T0 + SECOND, duration_seconds=2.5)
    assert fresh(answered)["ended_at"] == T0 + 3_500_000
    assert merged(call(status="success"), call(updated_at=T0 + 7))["ended_at"] == T0 + 7
    assert "ended_at" not in fresh(call(status="in_progress"))


def test_wait_and_duration_follow_from_the_times_of_several_events() -> None:
    row = merged(
        call(updated_at=T0, queued_at=T0),
        call(updated_at=T0 + 4 * SECOND, answered_at=T0 + 4 * SECOND),
        call(updated_at=T0 + 9 * SECOND, ended_at=T0 + 9 * SECOND, status="success"),
    )
    assert (row["wait_seconds"], row["duration_seconds"]) == (4.0, 5.0)


def test_an_answer_follows_from_end_and_duration() -> None:
    waited = call(started_at=T0, queued_at=T0 + SECOND, wait_seconds=4.0, duration_seconds=60.0, status="success")
    row = fresh(waited)
    assert (row["answered_at"], row["ended_at"]) == (T0 + 5 * SECOND, T0 + 65 * SECOND)
    told = merged(waited, call(updated_at=T0 + 9, answered_at=T0 + 6 * SECOND))
    assert told["answered_at"] == T0 + 6 * SECOND
    ringing = call(started_at=T0, ended_at=T0 + 30 * SECOND, duration_seconds=30.0, status="missed")
    assert "answered_at" not in fresh(ringing)


def test_a_caller_who_left_waited_until_the_end_and_spoke_to_nobody() -> None:
    row = merged(call(queued_at=T0), call(ended_at=T0 + 30 * SECOND, status="abandoned"))
    assert row["wait_seconds"] == 30.0
    assert "duration_seconds" not in row


def test_a_named_duration_stands_above_the_computed_one() -> None:
    times = call(updated_at=T0 + 9, answered_at=T0, ended_at=T0 + 60 * SECOND, status="success")
    assert merged(times, call(updated_at=T0, duration_seconds=42.0))["duration_seconds"] == 42.0


def test_an_event_may_say_that_a_field_is_older_than_itself() -> None:
    first, second = call(updated_at=T0 + 5, agent="first"), call(updated_at=T0 + 9, agent="second")
    assert merged(first, second)["agent"] == "second"
    assert merged(first, second | {"stamps": {"agent": T0 + 1}})["agent"] == "first"


# --- the real record

CALLS = tuple(f"c{n}" for n in range(6))


@pytest.mark.parametrize("seed", range(4))
def test_eight_threads_in_disorder_store_the_rows_that_order_stores(record: Record, ingest: Ingest, seed: int) -> None:
    chance = random.Random(seed)
    history = made_history(chance)
    shuffled = history * 2
    chance.shuffle(shuffled)
    batches = [shuffled[start : start + 3] for start in range(0, len(shuffled), 3)]
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(ingest.write, batches))
    assert sum(len(applied) for applied in outcomes) == len(shuffled)
    assert rows(record) == by_hand(history)


@pytest.mark.postgres
@given(history=st.lists(events(CALLS[:2]), min_size=1, max_size=8), data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_record_keeps_what_the_pure_merge_says(record: Record, history: list[CallEvent], data: Any) -> None:
    shuffled = data.draw(st.permutations(history * 2))
    with record.write() as connection:
        connection.exec_driver_sql("DELETE FROM calls")
    for event in shuffled:
        apply(record, [event])
    assert rows(record) == by_hand(history)


def made_history(chance: random.Random) -> list[CallEvent]:
    """Sixty events of a few calls, many of one instant."""
    made = []
    for _ in range(60):
        at = T0 + chance.randrange(5) * SECOND
        event: Any = {"source": "test", "call_id": chance.choice(CALLS), "updated_at": at}
        values: dict[str, Any] = {
            "status": chance.choice(list(Status)).value,
            "agent": chance.choice("ABC"),
            "started_at": T0 - chance.randrange(3),
            "queued_at": T0 + chance.randrange(3) * SECOND,
            "answered_at": T0 + chance.randrange(5) * SECOND,
            "ended_at": T0 + chance.randrange(9) * SECOND,
            "transferred": chance.random() < 0.5,
            "cost": chance.random(),
            "tags": [chance.choice("xyz")],
            "metadata": {chance.choice("abc"): chance.randrange(3)},
        }
        event |= {name: values[name] for name in chance.sample(sorted(values), 3)}
        made.append(event)
    return made


def by_hand(history: Sequence[CallEvent]) -> dict[tuple[str, str], Row]:
    """The rows of these events, merged in order without a database."""
    ordered = sorted(history, key=lambda event: event["updated_at"])
    keys = {(event["source"], event["call_id"]) for event in ordered}
    return {key: fold([e for e in ordered if (e["source"], e["call_id"]) == key]) for key in keys}
