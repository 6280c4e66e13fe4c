"""Calls made for the tests of the data layer, and what a record holds afterwards."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import tempfile
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, select, text

from data.migrations import migrate, new_identity
from data.models import CallEvent, calls, counters, metadata
from data.record import Record, decode
from data.times import SECOND

#: 2023-11-14 22:13:20 UTC.
T0 = 1_700_000_000 * SECOND


def call(call_id: str = "c1", **fields: Any) -> CallEvent:
    """An event of a call: its start, as long as nothing else is said."""
    made: Any = {"source": "test", "call_id": call_id, "updated_at": T0, "started_at": T0} | fields
    return made


def rows(record: Record) -> dict[tuple[str, str], dict[str, Any]]:
    """All calls of the record without id and revision, by their key."""
    with record.read() as connection:
        found = [decode(row) for row in connection.execute(select(calls))]
    bare = [{name: value for name, value in row.items() if name not in ("id", "revision")} for row in found]
    assert len({(row["source"], row["call_id"]) for row in bare}) == len(bare)
    return {(row["source"], row["call_id"]): row for row in bare}


def revisions(record: Record) -> dict[str, int]:
    """The revision of each call."""
    with record.read() as connection:
        return {row.call_id: row.revision for row in connection.execute(select(calls.c.call_id, calls.c.revision))}


def document(record: Record, call_id: str = "c1", kind: str = "transcript") -> str | None:
    """What is kept beside a call of the source `test`."""
    found = record.call("test", call_id)
    assert found is not None
    body: str | None = found[kind]
    return body


def hash_caller(number: str) -> tuple[str, str]:
    """A hash that can be read."""
    return f"hash of {number}"[:32], number[-2:]


@functools.cache
def _empty_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        record = Record(f"sqlite:///{folder}/calls.db")
        migrate(record)
        record.close()
        return Path(folder, "calls.db").read_bytes()


def empty_record(path: Path) -> Record:
    """An empty record in a new SQLite file: a copy of one, which takes a tenth of the time that migrating does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_empty_file())
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("UPDATE counters SET value = ? WHERE name = 'identity'", [new_identity()])
    return Record(f"sqlite:///{path}")


def emptied(record: Record, identity: int) -> None:
    """Make a used PostgreSQL database a new one, which takes less time than a new one does."""
    with record.write() as connection:
        tables = ", ".join(table.name for table in metadata.sorted_tables if table is not counters)
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
        connection.execute(text("UPDATE counters SET value = :n WHERE name = 'identity'"), {"n": identity})


class HeldCommit:
    """Holds the commits of a record just before they happen, until the `with` block ends or `release` is called."""

    def __init__(self, record: Record) -> None:
        self._reached, self._go = threading.Event(), threading.Event()
        # Never removed again: another thread may be running through the listeners just then.
        event.listen(record.engine, "commit", self._wait)

    def __enter__(self) -> HeldCommit:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _wait(self, _: Connection) -> None:
        self._reached.set()
        assert self._go.wait(30)

    def wait(self) -> None:
        """Return once a transaction is about to commit."""
        assert self._reached.wait(30)

    def release(self) -> None:
        """Let it commit, and all that follow."""
        self._go.set()
