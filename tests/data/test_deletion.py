"""What is deleted from the record leaves every analytic copy, and nothing else does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from data.analytics import AnalyticCopy
from data.deletion import delete_calls, ranges
from data.models import call_documents, calls, spans
from data.record import Record
from data.writer import apply
from tests.data.support import T0, call, rows


def ids(record: Record, *call_ids: str) -> list[int]:
    with record.read() as connection:
        return list(connection.execute(select(calls.c.id).where(calls.c.call_id.in_(call_ids))).scalars())


def held(copy: AnalyticCopy) -> set[str]:
    return set(copy.frame(select(calls.c.call_id))["call_id"])


@pytest.fixture
def second_copy(record: Record, tmp_path: Path) -> Iterator[AnalyticCopy]:
    """The copy of another instance."""
    made = AnalyticCopy(record, tmp_path / "second.duckdb")
    yield made
    made.close()


def delete(record: Record, *call_ids: str) -> int:
    with record.write() as connection:
        return delete_calls(connection, ids(record, *call_ids))


def test_every_copy_drops_the_calls_that_were_deleted(
    record: Record, copy: AnalyticCopy, second_copy: AnalyticCopy
) -> None:
    apply(record, [call(f"c{n}") for n in range(6)])
    assert len(held(copy)) == len(held(second_copy)) == 6
    assert delete(record, "c1", "c2", "c5") == 3
    assert held(copy) == held(second_copy) == {"c0", "c3", "c4"}


def test_a_call_that_comes_again_after_its_deletion_is_a_new_one(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("c1"), call("c2", agent="old")])
    held(copy)
    delete(record, "c2")
    apply(record, [call("c2", agent="new")])
    assert set(copy.frame(select(calls.c.call_id, calls.c.agent))["agent"].dropna()) == {"new"}
    # And what the copy has dropped stays dropped with every pull that follows.
    apply(record, [call("c3")])
    assert held(copy) == {"c1", "c2", "c3"}


def test_a_copy_that_missed_many_deletions_catches_up(record: Record, tmp_path: Path) -> None:
    apply(record, [call(f"c{n}") for n in range(20)])
    earlier = AnalyticCopy(record, tmp_path / "earlier.duckdb")
    assert len(held(earlier)) == 20
    earlier.close()
    for n in range(10):
        delete(record, f"c{2 * n}")
    apply(record, [call("c99")])
    later = AnalyticCopy(record, tmp_path / "earlier.duckdb")
    assert held(later) == {f"c{2 * n + 1}" for n in range(10)} | {"c99"}
    later.close()


def test_documents_and_spans_go_with_the_call(record: Record) -> None:
    apply(record, [call("c1", transcript="hello"), call("c2", transcript="bye")])
    span = {"waiting": False, "received_at": T0, "stage": "llm", "name": "llm", "started_at": T0, "duration_ms": 1.0}
    named = [("a", "test", "c1"), ("b", None, "c1"), ("c", "other", "c1"), ("d", "test", "c2")]
    with record.write() as connection:
        made = [{"trace_id": t, "span_id": t, "source": s, "call_id": c} | span for t, s, c in named]
        connection.execute(insert(spans), made)
    delete(record, "c1")
    with record.read() as connection:
        assert set(connection.execute(select(spans.c.trace_id)).scalars()) == {"c", "d"}
        assert connection.execute(select(call_documents.c.body)).scalars().all() == ["bye"]
    assert set(rows(record)) == {("test", "c2")}


def test_nothing_is_noted_where_nothing_was_deleted(record: Record) -> None:
    before = record.revision()
    with record.write() as connection:
        assert delete_calls(connection, [1, 2, 3]) == 0
    if record.is_sqlite:
        assert record.revision() == before


@given(st.sets(st.integers(0, 60)))
def test_ranges_hold_exactly_the_numbers(numbers: set[int]) -> None:
    found = list(ranges(numbers))
    assert {n for first, last in found for n in range(first, last + 1)} == numbers
    assert all(left[1] + 1 < right[0] for left, right in itertools.pairwise(found))
