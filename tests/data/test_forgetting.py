"""Nothing of a person stays: not in the record, not in a copy, not in the archive."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from data.analytics import AnalyticCopy
from data.archive import import_archive
from data.forgetting import count_of, forget, forget_in_archive
from data.models import call_documents, call_notes, calls, spans
from data.policy import Policy
from data.record import Record
from data.retention import run
from data.times import DAY
from data.writer import apply
from tests.data.support import T0, call, rows

WHO = "a" * 32


def fill(record: Record) -> None:
    theirs = {"caller_hash": WHO, "caller_last2": "17", "metadata": {"name": "Ada"}, "transcript": "Ada here"}
    apply(record, [call(f"ada{n}", status="success", duration_seconds=9.0, **theirs) for n in range(3)])
    apply(record, [call("bob", caller_hash="b" * 32, caller_last2="18", transcript="Bob here"), call("unknown")])
    span = {"waiting": False, "received_at": T0, "stage": "llm", "name": "llm", "started_at": T0, "duration_ms": 1.0}
    with record.write() as connection:
        ids = connection.execute(select(calls.c.id).where(calls.c.caller_hash == WHO)).scalars().all()
        connection.execute(insert(call_notes), [{"call_row_id": i, "at": T0, "text": "Ada was cross"} for i in ids])
        made = [{"trace_id": c, "span_id": c, "source": "test", "call_id": c} | span for c in ("ada1", "bob")]
        connection.execute(insert(spans), made)


def everything(record: Record) -> str:
    with record.read() as connection:
        return str([connection.execute(select(t)).all() for t in (calls, call_documents, call_notes, spans)])


@pytest.mark.parametrize("anonymise", [False, True])
def test_nothing_of_the_caller_stays(record: Record, copy: AnalyticCopy, anonymise: bool) -> None:
    fill(record)
    copy.sync()
    assert count_of(record, WHO) == 3
    assert forget(record, WHO, anonymise=anonymise) == 3
    kept = everything(record)
    assert not any(word in kept for word in ("Ada", WHO))
    assert "Bob here" in kept
    held = copy.frame(select(calls.c.call_id, calls.c.caller_hash, calls.c.duration_seconds))
    assert WHO not in set(held["caller_hash"])
    assert len(held) == (5 if anonymise else 2)
    if anonymise:
        assert rows(record)["test", "ada0"]["duration_seconds"] == 9.0
    assert forget(record, WHO, anonymise=anonymise) == 0


@pytest.mark.parametrize("anonymise", [False, True])
def test_the_archive_forgets_too(sqlite_record: Record, tmp_path: Path, anonymise: bool) -> None:
    fill(sqlite_record)
    run(sqlite_record, Policy(calls=1, archive=tmp_path / "archive"), T0 + 9 * DAY)
    assert forget_in_archive(tmp_path / "archive", WHO, anonymise=anonymise) == 3
    assert forget_in_archive(tmp_path / "archive", WHO) == 0
    for file in (tmp_path / "archive").rglob("*.parquet"):
        assert b"Ada" not in file.read_bytes()
        import_archive(sqlite_record, file)
    assert len(rows(sqlite_record)) == (5 if anonymise else 2)
    assert rows(sqlite_record)["test", "bob"]["caller_last2"] == "18"
    assert "Ada" not in everything(sqlite_record)
