from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from data.ingest import Ingest, Overloaded
from data.record import Record, RecordUnavailable
from data.writer import Applied, Outcome
from tests.data.support import HeldCommit, call, rows


def refused(call_id: str = "bad") -> Any:
    """An event whose agent is nothing that a database could store."""
    return call(call_id, agent={"not": "text"})


def counted_commits(record: Record) -> Callable[[], int]:
    """How many transactions committed from now on."""
    seen: list[object] = []
    event.listen(record.engine, "commit", seen.append)
    return lambda: len(seen)


def test_an_acknowledged_event_is_stored(record: Record, ingest: Ingest) -> None:
    applied = ingest.write([call("a"), call("a"), call("b")])
    assert [one.outcome for one in applied] == [Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.ACCEPTED]
    assert set(rows(record)) == {("test", "a"), ("test", "b")}


def test_nothing_is_acknowledged_before_its_commit(record: Record, ingest: Ingest) -> None:
    with HeldCommit(record) as held:
        future = ingest.submit([call()])
        held.wait()
        assert not future.done()
        assert ingest.waiting == 1
    assert future.result(30)[0].outcome == Outcome.ACCEPTED


def test_what_gathers_during_a_commit_is_committed_together(record: Record, ingest: Ingest) -> None:
    commits = counted_commits(record)
    with HeldCommit(record) as held:
        first = ingest.submit([call("first")])
        held.wait()
        others = [ingest.submit([call(f"{n}"), call(f"{n}")]) for n in range(50)]
        held.release()
        first.result(30)
        outcomes = [[applied.outcome for applied in future.result(30)] for future in others]
        assert commits() == 2
    # Each submitter gets the outcomes of its own events.
    assert outcomes == [[Outcome.ACCEPTED, Outcome.DUPLICATE]] * 50
    assert len(rows(record)) == 51


def test_a_submission_that_the_database_refuses_fails_alone(record: Record, ingest: Ingest) -> None:
    with HeldCommit(record) as held:
        ingest.submit([call("first")])
        held.wait()
        before, bad, after = (ingest.submit(e) for e in ([call("a")], [call("b"), refused()], [call("c")]))
        held.release()
        assert before.result(30)[0].outcome == after.result(30)[0].outcome == Outcome.ACCEPTED
        with pytest.raises(DBAPIError):
            bad.result(30)
    assert {call_id for _, call_id in rows(record)} == {"first", "a", "c"}


def test_the_writer_outlives_a_refused_submission(record: Record, ingest: Ingest) -> None:
    with pytest.raises(DBAPIError):
        ingest.write([refused()])
    assert ingest.write([call()])[0].outcome == Outcome.ACCEPTED


def test_an_empty_submission_is_answered(ingest: Ingest) -> None:
    assert ingest.write([]) == []


def test_more_than_may_wait_is_refused_with_a_time_to_come_back(record: Record) -> None:
    ingest = Ingest(record, most_waiting=10)
    ingest.start()
    with HeldCommit(record) as held:
        first = ingest.submit([call("first")])
        held.wait()
        fits = ingest.submit([call(f"{n}") for n in range(9)])
        with pytest.raises(Overloaded) as refusal:
            ingest.submit([call("too much")])
        assert refusal.value.retry_after > 0
        held.release()
        first.result(30)
        fits.result(30)
    ingest.stop()
    assert len(rows(record)) == 10
    assert ingest.waiting == 0


def test_a_submission_larger_than_all_that_may_wait_is_taken_by_an_idle_writer(record: Record) -> None:
    ingest = Ingest(record, most_waiting=2)
    ingest.start()
    assert len(ingest.write([call(f"{n}") for n in range(5)])) == 5
    ingest.stop()


def test_stop_commits_what_waits_and_takes_no_more(record: Record) -> None:
    ingest = Ingest(record)
    waiting = [ingest.submit([call(f"{n}")]) for n in range(20)]
    ingest.start()
    ingest.stop()
    assert all(future.done() for future in waiting)
    assert len(rows(record)) == 20
    with pytest.raises(Overloaded):
        ingest.submit([call("late")])


def test_a_listener_hears_what_each_commit_stored_before_the_submitter_does(record: Record, ingest: Ingest) -> None:
    heard: list[Sequence[Applied]] = []
    ingest.on_applied = lambda applied, seconds: heard.append(applied)
    applied = ingest.write([call(), call()])
    assert heard == [applied]


def test_a_listener_that_fails_harms_nothing(record: Record, ingest: Ingest) -> None:
    def fail(_: object, seconds: float) -> None:
        raise RuntimeError("a listener's own trouble")

    ingest.on_applied = fail
    assert ingest.write([call("a")])[0].outcome == Outcome.ACCEPTED
    assert ingest.write([call("b")])[0].outcome == Outcome.ACCEPTED
    assert len(rows(record)) == 2


def test_nobody_can_take_back_what_waits_and_nobody_who_tries_ends_the_writer(record: Record, ingest: Ingest) -> None:
    with HeldCommit(record) as held:
        ingest.submit([call("first")])
        held.wait()
        future = ingest.submit([call("second")])
        assert not future.cancel()
    assert future.result(30)[0].outcome == Outcome.ACCEPTED
    assert ingest.write([call("third")])[0].outcome == Outcome.ACCEPTED


def test_many_threads_are_all_acknowledged(record: Record, ingest: Ingest) -> None:
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda n: ingest.write([call(f"{n}")])[0].outcome, range(400)))
    assert outcomes == [Outcome.ACCEPTED] * 400
    assert len(rows(record)) == 400


def test_a_connection_lost_in_mid_commit_is_told_and_the_next_write_works(postgres_record: Record) -> None:
    ingest = Ingest(postgres_record)
    ingest.start()
    with HeldCommit(postgres_record) as held:
        future = ingest.submit([call("lost")])
        held.wait()
        with postgres_record.engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        held.release()
        with pytest.raises(RecordUnavailable):
            future.result(30)
    assert ingest.write([call("next")])[0].outcome == Outcome.ACCEPTED
    ingest.stop()
    assert set(rows(postgres_record)) == {("test", "next")}


def test_writes_and_reads_at_once_disturb_each_other_not(record: Record, ingest: Ingest) -> None:
    stop = threading.Event()

    def look() -> int:
        looks = 0
        while not stop.is_set() or not looks:
            found = len(rows(record))
            assert found % 2 == 0, "half a submission was seen"
            looks += 1
        return looks

    with ThreadPoolExecutor(6) as threads:
        looking = [threads.submit(look) for _ in range(2)]
        list(threads.map(lambda n: ingest.write([call(f"{n} a"), call(f"{n} b")]), range(100)))
        stop.set()
        assert all(future.result(30) for future in looking)
