"""Write a batch of call events into the record: one transaction, one row a call, nothing twice."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Connection, Dialect, bindparam, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.compiler import SQLCompiler

from data.merge import Row, fresh, merge
from data.models import CALL_COLUMNS, CallEvent, Status, call_documents, calls, counters
from data.record import JSON_COLUMNS, Record, decode

Key = tuple[str, str]
_COLUMNS = [name for name in CALL_COLUMNS if name != "id"]
_FIELDS = [name for name in _COLUMNS if name not in ("source", "call_id")]
_LOOKUP_KEYS = 5_000
_ATTEMPTS = 5


class Outcome(StrEnum):
    """What an event did to the record."""

    ACCEPTED = "accepted"
    UPDATED = "updated"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Applied:
    """An event's outcome; `row` is the call's new row where this event started or ended it."""

    outcome: Outcome
    row: Row | None = None


class WriteConflict(RuntimeError):
    """Another instance kept writing the same calls."""


class _Again(Exception):
    """Another instance has just inserted one of the calls: it must be read."""


def apply(record: Record, events: Sequence[CallEvent]) -> list[Applied]:
    """Merge the events into the record and commit; the outcome of each, in order."""
    for _ in range(_ATTEMPTS):
        # In a transaction of its own: locks that a first try kept could make two instances wait for each other.
        with contextlib.suppress(_Again), record.write() as connection:
            return _attempt(connection, events)
    raise WriteConflict("the same calls were written by another instance at the same time; send them again")


def _attempt(connection: Connection, events: Sequence[CallEvent]) -> list[Applied]:
    stored = _stored(connection, {(e["source"], e["call_id"]) for e in events})
    rows: dict[Key, Row] = dict(stored)
    changed: dict[Key, None] = {}
    applied = []
    for call_event in events:
        key = (call_event["source"], call_event["call_id"])
        before = rows.get(key)
        after = fresh(call_event) if before is None else merge(before, call_event)
        if after is None:
            applied.append(Applied(Outcome.DUPLICATE))
            continue
        rows[key] = after
        changed[key] = None
        outcome = Outcome.ACCEPTED if before is None else Outcome.UPDATED
        applied.append(Applied(outcome, after if _moved(before, after) else None))
    new = [rows[key] for key in changed if key not in stored]
    old = [rows[key] | {"id": stored[key]["id"]} for key in changed if key in stored]
    if new or old:
        revision = _next_revision(connection)
        if new:
            _insert(connection, new, revision)
        if old:
            _update(connection, old, revision)
    _keep_transcripts(connection, events)
    return applied


def _moved(before: Row | None, after: Row) -> bool:
    return before is None or before["status"] != after["status"]


def _stored(connection: Connection, keys: Iterable[Key]) -> dict[Key, Row]:
    """The rows of these calls, locked until the end of the transaction (SQLite has one writer anyway)."""
    ordered = sorted(keys)
    found: dict[Key, Row] = {}
    for start in range(0, len(ordered), _LOOKUP_KEYS):
        part = ordered[start : start + _LOOKUP_KEYS]
        if connection.dialect.name == "sqlite":
            # CROSS JOIN fixes the order: one index look-up a key, whatever the planner thinks of json_each.
            wanted = text(
                "SELECT calls.id FROM json_each(:keys) AS k CROSS JOIN calls "
                "ON calls.source = k.value ->> 0 AND calls.call_id = k.value ->> 1"
            )
            ids = connection.execute(wanted, {"keys": orjson.dumps(part).decode()}).scalars().all()
        else:
            wanted = text(
                "SELECT calls.id FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS k(source, call_id) "
                "JOIN calls ON calls.source = k.source AND calls.call_id = k.call_id "
                "ORDER BY calls.source, calls.call_id FOR UPDATE OF calls"
            )
            parameters = {"sources": [k[0] for k in part], "ids": [k[1] for k in part]}
            ids = connection.execute(wanted, parameters).scalars().all()
        for first in range(0, len(ids), 500):
            for row in connection.execute(select(calls).where(calls.c.id.in_(ids[first : first + 500]))):
                found[(row.source, row.call_id)] = decode(row)
    return found


def _next_revision(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        raised = update(counters).where(counters.c.name == "revision").values(value=counters.c.value + 1)
        return int(connection.execute(raised.returning(counters.c.value)).scalar_one())
    return int(connection.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one())


def _insert(connection: Connection, rows: list[Row], revision: int) -> None:
    """Insert the rows with the columns that any of them has; raises _Again if one is there already."""
    present: set[str] = set().union(*rows)
    names = [name for name in _COLUMNS if name in present or name == "revision"]
    values = [_encoded(row, revision) for row in rows]
    if connection.dialect.name == "sqlite":
        _driver_many(connection, names, values)
        return
    # In one order everywhere: instances that insert the same calls must not wait for each other in a circle.
    values.sort(key=itemgetter("source", "call_id"))
    if _driver_many(connection, names, values) != len(rows):
        raise _Again


@lru_cache(maxsize=200)
def _insertion(dialect: Dialect, names: tuple[str, ...]) -> SQLCompiler:
    """The compiled INSERT of these columns; PostgreSQL's leaves out rows that another instance has just inserted."""
    statement = insert(calls) if dialect.name == "sqlite" else postgresql.insert(calls).on_conflict_do_nothing()
    compiled = statement.values({name: bindparam(name) for name in names}).compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    return compiled


def _driver_many(connection: Connection, names: list[str], values: list[Row]) -> int:
    """Hand the rows to the driver as they are: per row, Core's own processing costs more than SQLite's insert."""
    compiled = _insertion(connection.dialect, tuple(names))
    unknown = dict.fromkeys(names)
    if compiled.positional:
        in_order = itemgetter(*(compiled.positiontup or ()))
        parameters: list[Any] = [in_order(unknown | row) for row in values]
    else:
        parameters = [{name: row.get(name) for name in names} for row in values]
    return connection.exec_driver_sql(str(compiled), parameters).rowcount


def _update(connection: Connection, rows: list[Row], revision: int) -> None:
    statement = update(calls).where(calls.c.id == bindparam("row_id"))
    statement = statement.values({name: bindparam(f"new_{name}") for name in _FIELDS})
    parameters = []
    for row in rows:
        encoded = _encoded(row, revision)
        parameters.append({f"new_{n}": encoded.get(n) for n in _FIELDS} | {"row_id": row["id"]})
    connection.execute(statement, parameters)


def _encoded(row: Row, revision: int) -> Row:
    encoded = row | {"revision": revision}
    for name in JSON_COLUMNS:
        if name in encoded:
            encoded[name] = orjson.dumps(encoded[name]).decode()
    return encoded


def _keep_transcripts(connection: Connection, events: Sequence[CallEvent]) -> None:
    """Store the newest transcript of each call beside it (of two of one instant the greater text)."""
    newest: dict[Key, tuple[int, str]] = {}
    for call_event in events:
        if "transcript" in call_event:
            key = (call_event["source"], call_event["call_id"])
            newest[key] = max(newest.get(key, (0, "")), (call_event["updated_at"], call_event["transcript"]))
    documents = call_documents.c
    for key, row in _stored(connection, newest).items() if newest else ():
        updated_at, body = newest[key]
        where = (documents.call_row_id == row["id"], documents.kind == "transcript")
        held = connection.execute(select(documents.updated_at, documents.body).where(*where)).one_or_none()
        values = {"updated_at": updated_at, "body": body}
        if held is None:
            ids = {"call_row_id": row["id"], "kind": "transcript"}
            connection.execute(insert(call_documents).values(**ids, **values))
        elif (updated_at, body) > (held.updated_at, held.body):
            connection.execute(update(call_documents).where(*where).values(**values))


def is_ended(row: Row) -> bool:
    """Whether the call has ended."""
    return bool(row["status"] != Status.IN_PROGRESS)
