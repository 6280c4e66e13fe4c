from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from data.analytics import AnalyticCopy
from data.models import DOCUMENTS, CallEvent, call_documents, calls
from data.record import Record
from data.times import SECOND
from data.writer import Outcome, apply, insert_prepared, prepare
from tests.data.support import T0, HeldCommit, call, document, revisions, rows

#: A value for each field of an event, none of them the column's default.
EVERYTHING: dict[str, Any] = {
    "source": "a 'source'",
    "call_id": 'ü"\\💬',
    "updated_at": T0 + 9,
    "direction": "inbound",
    "agent": "Zoë\tO'Hara",
    "agent_version": "007",
    "queue": "sales",
    "caller_hash": "0" * 32,
    "caller_last2": "07",
    "started_at": T0 + 1,
    "queued_at": T0 + 2,
    "answered_at": T0 + 3,
    "ended_at": T0 + 123_456_789,
    "wait_seconds": 0.1,
    "duration_seconds": 1 / 3,
    "hold_seconds": 0.0,
    "after_call_seconds": 1e-9,
    "status": "success",
    "end_reason": "null",
    "end_reason_group": "customer",
    "transferred": False,
    "csat": 4.5,
    "sentiment": "NaN",
    "success_evaluation": "true",
    "currency": "EUR",
    "cost": 0.1 + 0.2,
    "cost_telephony": 0.01,
    "cost_stt": 0.02,
    "cost_llm": 0.03,
    "cost_tts": 0.04,
    "cost_platform": 1e12,
    "latency_ms": 900.0,
    "latency_stt_ms": 1.0,
    "latency_llm_ms": 2.0,
    "latency_tts_ms": 3.0,
    "latency_network_ms": 4.0,
    "turns": 0,
    "user_interruptions": 2_000_000_000,
    "agent_interruptions": 1,
    "silence_seconds": 5.5,
    "language": "de-CH",
    "tags": ["a", "b,c", ""],
    "metadata": {"": None, "nested": [1, 2.5, {"x": "\u0000"}], "big": 2**53 + 1, "text": "1"},
    "transcript": "Hello\nWorld",
    "trace": '[{"stage":"stt","start_ms":0.5,"duration_ms":1.0}]',
    "payload": '{"id": "ü\\u0000"}',
}


def test_every_field_of_an_event_comes_back_exactly(record: Record) -> None:
    assert set(EVERYTHING) == set(CallEvent.__annotations__) - {"stamps"}
    event: Any = dict(EVERYTHING)
    apply(record, [event])
    found = record.call(EVERYTHING["source"], EVERYTHING["call_id"])
    assert found is not None
    bookkeeping = {name: found.pop(name) for name in ("id", "revision")}
    assert found == EVERYTHING
    assert {name: type(value) for name, value in found.items()} == {n: type(v) for n, v in EVERYTHING.items()}
    assert record.calls_by_id([99, bookkeeping["id"]])[0]["call_id"] == EVERYTHING["call_id"]


def test_an_event_is_accepted_then_updates_then_is_a_duplicate(record: Record) -> None:
    start, end = call(), call(updated_at=T0 + 1, status="success")
    outcomes = [applied.outcome for event in (start, end, start, end) for applied in apply(record, [event])]
    assert outcomes == [Outcome.ACCEPTED, Outcome.UPDATED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    batch = [applied.outcome for applied in apply(record, [call("c2"), call("c2"), call("c2", agent="Ada")])]
    assert batch == [Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.UPDATED]


def test_a_duplicate_changes_neither_the_row_nor_its_revision(record: Record) -> None:
    history = [call(f"{i}", metadata={"a": i}, tags=["x"], csat=4.0, transferred=True) for i in range(5)]
    apply(record, history)
    before, numbers, revision = rows(record), revisions(record), record.revision()
    apply(record, history[::-1])
    assert (rows(record), revisions(record)) == (before, numbers)
    if record.is_sqlite:
        assert record.revision() == revision


def test_a_change_raises_the_revision_of_its_row_alone(record: Record) -> None:
    apply(record, [call("a"), call("b")])
    before = revisions(record)
    apply(record, [call("a", agent="Ada"), call("b")])
    after = revisions(record)
    assert after["a"] > before["a"]
    assert after["b"] == before["b"]


def test_an_event_with_older_values_only_is_a_duplicate(record: Record) -> None:
    apply(record, [call(updated_at=T0 + 5, agent="new")])
    assert apply(record, [call(updated_at=T0 + 4, agent="old")])[0].outcome == Outcome.DUPLICATE
    assert rows(record)["test", "c1"]["agent"] == "new"


def test_the_row_is_told_where_an_event_started_or_ended_the_call(record: Record) -> None:
    history = [call(), call(agent="Ada"), call(updated_at=T0 + 1, status="success"), call()]
    told = [applied.row for event in history for applied in apply(record, [event])]
    assert [row and row["status"] for row in told] == ["in_progress", None, "success", None]
    assert told[2] is not None
    assert told[2]["agent"] == "Ada"


def test_one_call_id_of_two_sources_is_two_calls(record: Record) -> None:
    apply(record, [call(source="a"), call(source="b")])
    assert set(rows(record)) == {("a", "c1"), ("b", "c1")}


def test_a_batch_that_the_database_refuses_leaves_nothing(record: Record) -> None:
    with pytest.raises(DBAPIError):
        apply(record, [call("good"), call("bad", agent={"not": "text"})])
    assert rows(record) == {}


def test_a_batch_of_many_calls_finds_them_all_again(record: Record) -> None:
    first = [call(f"{i}") for i in range(6_001)]
    assert {applied.outcome for applied in apply(record, first)} == {Outcome.ACCEPTED}
    second = [call(f"{i}", agent="Ada") for i in range(6_000, -1, -3)] + [call("new")]
    outcomes = [applied.outcome for applied in apply(record, second)]
    assert outcomes == [Outcome.UPDATED] * 2_001 + [Outcome.ACCEPTED]
    assert len(rows(record)) == 6_002


def test_an_update_keeps_the_fields_that_it_does_not_name(record: Record) -> None:
    event: Any = dict(EVERYTHING)
    apply(record, [event])
    later = {name: EVERYTHING[name] for name in ("source", "call_id")} | {"updated_at": T0 + 10, "agent": "other"}
    apply(record, [later])  # type: ignore[list-item]
    row = rows(record)[EVERYTHING["source"], EVERYTHING["call_id"]]
    kept = {name: value for name, value in EVERYTHING.items() if name not in (*DOCUMENTS, "updated_at", "agent")}
    assert kept.items() <= row.items()
    assert (row["agent"], row["updated_at"]) == ("other", T0 + 10)


# --- prepared ahead of the transaction


def test_prepared_events_make_what_applied_events_make(record: Record) -> None:
    event: Any = dict(EVERYTHING)
    later = {"updated_at": T0 + 1, "status": "success", "transcript": "Hello"}
    events = [event, call("a"), call("a", **later), call("a"), call("b", metadata={}, tags=[])]
    ahead = prepare(events)
    assert ahead.outcomes == {Outcome.ACCEPTED: 3, Outcome.UPDATED: 1, Outcome.DUPLICATE: 1}
    assert insert_prepared(record, ahead)
    prepared = rows(record)
    assert document(record, "a") == "Hello"
    assert {applied.outcome for applied in apply(record, events)} == {Outcome.DUPLICATE}
    renamed: list[Any] = [one | {"source": f"applied {one['source']}"} for one in events]
    apply(record, renamed)
    for (source, call_id), row in prepared.items():
        assert rows(record)[f"applied {source}", call_id] == row | {"source": f"applied {source}"}


def test_prepared_events_change_nothing_where_one_of_the_calls_is_known(record: Record) -> None:
    apply(record, [call("b", agent="Ada")])
    before, numbers = rows(record), revisions(record)
    assert not insert_prepared(record, prepare([call("a"), call("b", queue="sales"), call("c", transcript="Hello")]))
    assert (rows(record), revisions(record)) == (before, numbers)


def test_a_prepared_batch_raises_the_revision(record: Record) -> None:
    apply(record, [call("a")])
    insert_prepared(record, prepare([call("b"), call("c")]))
    found = revisions(record)
    assert found["a"] < found["b"] == found["c"]


# --- what is kept beside the row


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_the_newest_document_wins_in_any_order(record: Record, kind: str) -> None:
    for at, text in ((2, "second"), (3, "third"), (1, "first")):
        apply(record, [call(updated_at=T0 + at, **{kind: text})])
        assert document(record, kind=kind) == {2: "second"}.get(at, "third")


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_of_two_documents_of_one_instant_one_wins_whatever_the_order(record: Record, kind: str) -> None:
    apply(record, [call("a", **{kind: "x"}), call("a", **{kind: "y"})])
    apply(record, [call("b", **{kind: "y"}), call("b", **{kind: "x"})])
    assert document(record, "a", kind) == document(record, "b", kind) == "y"


def test_a_transcript_and_a_trace_of_a_call_keep_apart(record: Record) -> None:
    apply(record, [call(trace="[]"), call(transcript="Hello", updated_at=T0 + 5), call("other", trace="[1]")])
    assert (document(record, kind="transcript"), document(record, kind="trace")) == ("Hello", "[]")
    assert document(record, "other", "transcript") is None


def test_a_transcript_alone_is_stored_and_leaves_the_row_as_it_was(record: Record) -> None:
    apply(record, [call()])
    before = revisions(record)
    apply(record, [call(transcript="Hello")])
    assert document(record) == "Hello"
    assert revisions(record) == before
    assert "transcript" not in rows(record)["test", "c1"]


def test_documents_of_many_calls_are_stored_at_once_and_each_with_its_call(record: Record) -> None:
    ids = [f"many-{n}" for n in range(1_200)]
    apply(record, [call(call_id, trace=f"[{n}]") for n, call_id in enumerate(ids[:700])])
    apply(record, [call(call_id, trace=f"[{n}, 1]", updated_at=T0 + 5) for n, call_id in enumerate(ids)])
    with record.read() as connection:
        query = select(calls.c.call_id, call_documents.c.body).join(calls, calls.c.id == call_documents.c.call_row_id)
        stored = [tuple(row) for row in connection.execute(query)]
    assert sorted(stored) == sorted((call_id, f"[{n}, 1]") for n, call_id in enumerate(ids))


# --- several instances on one PostgreSQL


@pytest.fixture
def other(postgres_record: Record) -> Iterator[Record]:
    """A second instance of the program on the same database."""
    second = Record(postgres_record.url.render_as_string(hide_password=False))
    yield second
    second.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def call_ids(copy: AnalyticCopy) -> set[str]:
    return set(copy.frame(select(calls.c.call_id))["call_id"])


def test_the_copy_misses_no_row_whose_transaction_began_first_and_committed_last(
    postgres_record: Record, other: Record, threads: ThreadPoolExecutor
) -> None:
    apply(postgres_record, [call("early")])
    copy = AnalyticCopy(postgres_record, None)
    with HeldCommit(postgres_record) as held:
        slow = threads.submit(apply, postgres_record, [call("slow"), call("early", agent="changed")])
        held.wait()
        for name in ("fast", "faster"):
            apply(other, [call(name)])
            assert name in call_ids(copy)
        assert "slow" not in call_ids(copy)
        held.release()
        slow.result(30)
    assert call_ids(copy) == {"early", "slow", "fast", "faster"}
    agents = copy.frame(select(calls.c.call_id, calls.c.agent)).set_index("call_id")["agent"]
    assert agents["early"] == "changed"
    copy.close()


def test_a_copy_that_was_closed_meanwhile_misses_no_late_commit_either(
    postgres_record: Record, other: Record, threads: ThreadPoolExecutor, tmp_path: Any
) -> None:
    with HeldCommit(postgres_record) as held:
        slow = threads.submit(apply, postgres_record, [call("slow")])
        held.wait()
        apply(other, [call("fast")])
        copy = AnalyticCopy(other, tmp_path / "copy.duckdb")
        assert call_ids(copy) == {"fast"}
        copy.close()
        held.release()
        slow.result(30)
    copy = AnalyticCopy(other, tmp_path / "copy.duckdb")
    assert call_ids(copy) == {"slow", "fast"}
    copy.close()


def test_two_instances_that_insert_the_same_new_call_make_one_row(
    postgres_record: Record, other: Record, threads: ThreadPoolExecutor
) -> None:
    with HeldCommit(postgres_record) as held:
        first = threads.submit(apply, postgres_record, [call(agent="Ada"), call("x")])
        held.wait()
        # Waits for the first one's commit inside its own INSERT.
        second = threads.submit(apply, other, [call("y"), call(queue="sales", updated_at=T0 + 1)])
        held.release()
        assert [applied.outcome for applied in first.result(30)] == [Outcome.ACCEPTED] * 2
        assert [applied.outcome for applied in second.result(30)] == [Outcome.ACCEPTED, Outcome.UPDATED]
    row = rows(postgres_record)["test", "c1"]
    assert (row["agent"], row["queue"]) == ("Ada", "sales")


def test_instances_that_write_the_same_new_calls_in_opposite_order_do_not_block_each_other(
    postgres_record: Record, other: Record, threads: ThreadPoolExecutor
) -> None:
    for turn in range(3):
        together = Barrier(2)
        batch = [call(f"{turn}-{i}", updated_at=T0 + i) for i in range(1_000)]

        def write(record: Record, events: list[CallEvent], together: Barrier = together) -> int:
            together.wait(30)
            return sum(applied.outcome == Outcome.ACCEPTED for applied in apply(record, events))

        tasks = [threads.submit(write, postgres_record, batch), threads.submit(write, other, batch[::-1])]
        assert sum(task.result(60) for task in tasks) == 1_000


def test_two_instances_that_update_the_same_calls_lose_no_update(
    postgres_record: Record, other: Record, threads: ThreadPoolExecutor
) -> None:
    ids = [f"{i}" for i in range(20)]
    apply(postgres_record, [call(i) for i in ids])
    tasks = []
    for turn in range(8):
        instance = (postgres_record, other)[turn % 2]
        batch = [call(i, updated_at=T0 + turn * SECOND, metadata={f"key {turn}": turn}) for i in ids]
        tasks.append(threads.submit(apply, instance, batch[:: 1 if turn % 3 else -1]))
    assert {applied.outcome for task in tasks for applied in task.result(60)} == {Outcome.UPDATED}
    for row in rows(postgres_record).values():
        assert row["metadata"] == {f"key {turn}": turn for turn in range(8)}
