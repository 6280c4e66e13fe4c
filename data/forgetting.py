"""A person asks to be forgotten: their calls are deleted, or told apart from nobody's any more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, delete, func, select, update

from data.archive import forget_in_file
from data.deletion import AT_ONCE, delete_calls, spans_of
from data.models import call_documents, call_notes, calls, spans
from data.record import Record, next_revision


def count_of(record: Record, caller_hash: str) -> int:
    """How many calls of this caller the record holds."""
    query = select(func.count()).select_from(calls).where(calls.c.caller_hash == caller_hash)
    with record.read() as connection:
        return int(connection.execute(query).scalar_one())


def forget(record: Record, caller_hash: str, *, anonymise: bool = False) -> int:
    """Delete a caller's calls with all that is kept beside them; how many there were.

    `anonymise` keeps the calls for the figures, without caller, metadata, transcript, trace and notes.
    """
    found = select(calls.c.id).where(calls.c.caller_hash == caller_hash).limit(AT_ONCE)
    done = 0
    while True:
        with record.write() as connection:
            ids = connection.execute(found).scalars().all()
            if not ids:
                return done
            done += _anonymise(connection, ids) if anonymise else delete_calls(connection, ids)


def forget_in_archive(folder: Path, caller_hash: str, *, anonymise: bool = False) -> int:
    """The same in the files that retention wrote below `folder`; how many calls there were."""
    return sum(forget_in_file(path, caller_hash, anonymise=anonymise) for path in sorted(folder.rglob("*.parquet")))


def _anonymise(connection: Connection, ids: Sequence[int]) -> int:
    rows = connection.execute(select(calls.c.source, calls.c.call_id).where(calls.c.id.in_(ids))).all()
    connection.execute(delete(spans).where(spans_of([(row.source, row.call_id) for row in rows])))
    connection.execute(delete(call_documents).where(call_documents.c.call_row_id.in_(ids)))
    connection.execute(delete(call_notes).where(call_notes.c.call_row_id.in_(ids)))
    emptied = dict.fromkeys(("caller_hash", "caller_last2", "metadata"))
    changed = update(calls).where(calls.c.id.in_(ids)).values(revision=next_revision(connection), **emptied)
    return connection.execute(changed).rowcount
