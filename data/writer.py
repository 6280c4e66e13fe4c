"""Write a batch of call events into the record: one transaction, one row a call, nothing twice."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, insert, select, text, update

from data.merge import Row, fresh, merge
from data.models import CALL_COLUMNS, DOCUMENTS, CallEvent, Status, call_documents, calls
from data.record import JSON_COLUMNS, Record, decode, next_revision

Key = tuple[str, str]
#: The newest documents of calls: instant and text by kind.
Documents = dict[Key, dict[str, tuple[int, str]]]
_COLUMNS = [name for name in CALL_COLUMNS if name not in ("id", "revision")]
_FIELDS = [name for name in _COLUMNS if name not in ("source", "call_id")] + ["revision"]
_LOOKUP_KEYS = 5_000
_ATTEMPTS = 5


class Outcome(StrEnum):
    """What an event did to the record."""

    ACCEPTED = "accepted"
    UPDATED = "updated"
    DUPLICATE = "duplicate"


class Applied(NamedTuple):
    """An event's outcome; `row` is the call's new row where this event started or ended it."""

    outcome: Outcome
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class _Columns:
    """Rows as the driver takes them: the columns that any of them has, `source` and `call_id` first, and the values."""

    names: list[str]
    values: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What events do to a record that has none of their calls yet: how many of each outcome, and what to insert."""

    outcomes: Counter[Outcome]
    rows: _Columns
    documents: Documents


class WriteConflict(RuntimeError):
    """Another instance kept writing the same calls."""


class _Again(Exception):
    """One of the calls to insert is in the record already: it must be read."""


def apply(record: Record, events: Sequence[CallEvent]) -> list[Applied]:
    """Merge the events into the record and commit; the outcome of each, in order."""
    for _ in range(_ATTEMPTS):
        # In a transaction of its own: locks that a first try kept could make two instances wait for each other.
        with contextlib.suppress(_Again), record.write() as connection:
            return _attempt(connection, events)
    raise WriteConflict("the same calls were written by another instance at the same time; send them again")


def prepare(events: Sequence[CallEvent]) -> Ahead:
    """All of `apply` that can be done ahead, in another process, if none of the calls is in the record yet."""
    applied, rows = _merged(events, {})
    return Ahead(Counter(map(itemgetter(0), applied)), _in_columns(rows.values()), _documents(events))


def insert_prepared(record: Record, ahead: Ahead) -> bool:
    """Do the same as `apply` and commit; False, and nothing done, where one of the calls is in the record already."""
    with contextlib.suppress(_Again), record.write() as connection:
        _insert(connection, ahead.rows, next_revision(connection))
        _keep_documents(connection, ahead.documents)
        return True
    return False


def restore(record: Record, rows: Sequence[Row], documents: Documents) -> Counter[Outcome]:
    """Put whole rows back, as they were; those whose call is in the record already change nothing."""
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(_Again), record.write() as connection:
            stored = _stored(connection, {(row["source"], row["call_id"]) for row in rows})
            missing = [row for row in rows if (row["source"], row["call_id"]) not in stored]
            if missing:
                _insert(connection, _in_columns(missing), next_revision(connection))
                _keep_documents(connection, {key: held for key, held in documents.items() if key not in stored})
            return Counter({Outcome.ACCEPTED: len(missing), Outcome.DUPLICATE: len(rows) - len(missing)})
    raise WriteConflict("the same calls were written by another instance at the same time; import them again")


def _attempt(connection: Connection, events: Sequence[CallEvent]) -> list[Applied]:
    stored = _stored(connection, {(e["source"], e["call_id"]) for e in events})
    applied, rows = _merged(events, stored)
    new = [row for key, row in rows.items() if key not in stored]
    old = [row | {"id": stored[key]["id"]} for key, row in rows.items() if key in stored]
    if new or old:
        revision = next_revision(connection)
        if new:
            _insert(connection, _in_columns(new), revision)
        if old:
            _update(connection, old, revision)
    _keep_documents(connection, _documents(events))
    return applied


def _merged(events: Iterable[CallEvent], stored: Mapping[Key, Row]) -> tuple[list[Applied], dict[Key, Row]]:
    """What each event does to the stored rows, and the rows that change."""
    changed: dict[Key, Row] = {}
    applied = []
    for call_event in events:
        key = (call_event["source"], call_event["call_id"])
        before = changed.get(key) or stored.get(key)
        after = fresh(call_event) if before is None else merge(before, call_event)
        if after is None:
            applied.append(Applied(Outcome.DUPLICATE))
            continue
        changed[key] = after
        outcome = Outcome.ACCEPTED if before is None else Outcome.UPDATED
        applied.append(Applied(outcome, after if _moved(before, after) else None))
    return applied, changed


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


def _in_columns(rows: Collection[Row]) -> _Columns:
    present: set[str] = set().union(*rows)
    names = [name for name in _COLUMNS if name in present]
    return _Columns(names, [tuple(map(_encoded(row).get, names)) for row in rows])


def _insert(connection: Connection, rows: _Columns, revision: int) -> None:
    """Insert the rows; raises _Again if one is there already."""
    names = ["revision", *rows.names]
    values: list[Any] = [(revision, *row) for row in rows.values]
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:
        # In one order everywhere: instances that insert the same calls must not wait for each other in a circle.
        values.sort(key=itemgetter(1, 2))
    marks = ", ".join(["?" if is_sqlite else "%s"] * len(names))
    # Straight to the driver: per row, Core's own processing costs more than SQLite's insert.
    statement = f"INSERT INTO calls ({', '.join(names)}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - ours
    if connection.exec_driver_sql(statement, values).rowcount != len(values):
        raise _Again


def _update(connection: Connection, rows: list[Row], revision: int) -> None:
    statement = update(calls).where(calls.c.id == bindparam("row_id"))
    statement = statement.values({name: bindparam(f"new_{name}") for name in _FIELDS})
    parameters = []
    for row in rows:
        encoded = _encoded(row) | {"revision": revision}
        parameters.append({f"new_{n}": encoded.get(n) for n in _FIELDS} | {"row_id": row["id"]})
    connection.execute(statement, parameters)


def _encoded(row: Row) -> Row:
    return row | {name: orjson.dumps(row[name]).decode() for name in JSON_COLUMNS if name in row}


def _documents(events: Iterable[CallEvent]) -> Documents:
    """The newest transcript and trace of each call (of two of one instant the greater text)."""
    newest: Documents = {}
    for call_event in events:
        told: Mapping[str, Any] = call_event
        for kind in DOCUMENTS:
            if kind in told:
                held = newest.setdefault((told["source"], told["call_id"]), {})
                held[kind] = max(held.get(kind, (0, "")), (told["updated_at"], told[kind]))
    return newest


def _keep_documents(connection: Connection, newest: Documents) -> None:
    """Store the documents beside their calls, where they are newer than what is there."""
    rows = {row["id"]: key for key, row in _stored(connection, newest).items()} if newest else {}
    stored = _stored_documents(connection, list(rows))
    new = []
    for row_id, key in rows.items():
        for kind, (updated_at, body) in newest[key].items():
            held = stored.get((row_id, kind))
            if held is None:
                new.append({"call_row_id": row_id, "kind": kind, "updated_at": updated_at, "body": body})
            elif (updated_at, body) > held:
                where = (call_documents.c.call_row_id == row_id, call_documents.c.kind == kind)
                connection.execute(update(call_documents).where(*where).values(updated_at=updated_at, body=body))
    if new:
        connection.execute(insert(call_documents), new)


def _stored_documents(connection: Connection, row_ids: Sequence[int]) -> dict[tuple[int, str], tuple[int, str]]:
    """Instant and text of the documents of these rows, by row and kind."""
    found = {}
    for first in range(0, len(row_ids), 500):
        meant = call_documents.c.call_row_id.in_(row_ids[first : first + 500])
        for row in connection.execute(select(call_documents).where(meant)):
            found[row.call_row_id, row.kind] = (row.updated_at, row.body)
    return found


def is_ended(row: Row) -> bool:
    """Whether the call has ended."""
    return bool(row["status"] != Status.IN_PROGRESS)
