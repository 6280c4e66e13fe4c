"""What is old enough leaves the record, a kind of data after the other, in batches that keep ingest's pace."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, select

from data.access.record_sessions import ended
from data.archive import archive_calls
from data.deletion import AT_ONCE, delete_calls
from data.models import (
    acknowledgements,
    alert_transitions,
    audit_log,
    call_documents,
    calls,
    quarantine,
    sessions,
    spans,
)
from data.policy import Policy
from data.record import Record, RecordFull, RecordUnavailable
from data.times import DAY, now_micros

log = logging.getLogger(__name__)

_ARCHIVED_AT_ONCE = 20_000
_EVERY_SECONDS = 3600.0
_MILLISECOND = 1_000


@dataclass(frozen=True, slots=True)
class Due:
    """What of a kind is older than `before` (UTC microseconds)."""

    kind: str
    before: int
    rows: int


class Stopped(Exception):
    """The program ends; the next run goes on."""


def preview(record: Record, policy: Policy, now: int) -> list[Due]:
    """What a run at `now` (UTC microseconds) would delete."""
    with record.read() as connection:
        return [
            Due(kind, now - days * DAY, sum(_count(connection, part, now - days * DAY) for part in _PARTS[kind]))
            for kind, days in policy.kinds().items()
        ]


def run(record: Record, policy: Policy, now: int, stopping: Event | None = None) -> dict[str, int]:
    """Delete what is due; rows by kind. Raises Stopped once `stopping` is set; what was deleted until then is gone."""
    pace = _Pace(stopping or Event())
    deleted = dict.fromkeys(policy.kinds(), 0)
    for kind, days in policy.kinds().items():
        before = now - days * DAY
        if kind == "calls":
            deleted[kind] = _delete_calls(record, before, policy.archive, pace)
        else:
            deleted[kind] = sum(_delete(record, part, before, pace) for part in _PARTS[kind])
        if deleted[kind]:
            log.info("retention: %d rows of %s older than %d days were deleted", deleted[kind], kind, days)
    return deleted


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of a table that grow old: the key by which they are deleted, and when they are older than an instant."""

    table: Table
    key: Column[Any]
    is_older: Callable[[int], ColumnElement[bool]]


def _of_old_calls(before: int) -> ColumnElement[bool]:
    return call_documents.c.call_row_id.in_(select(calls.c.id).where(calls.c.started_at < before))


_PARTS: Mapping[str, Sequence[_Part]] = {
    "calls": [_Part(calls, calls.c.id, lambda before: calls.c.started_at < before)],
    "documents": [
        _Part(call_documents, call_documents.c.call_row_id, _of_old_calls),
        _Part(spans, spans.c.trace_id, lambda before: spans.c.started_at < before),
    ],
    "alerts": [
        _Part(alert_transitions, alert_transitions.c.id, lambda t: alert_transitions.c.at < t // _MILLISECOND),
        _Part(acknowledgements, acknowledgements.c.fingerprint, lambda t: acknowledgements.c.at < t // _MILLISECOND),
    ],
    "audit": [_Part(audit_log, audit_log.c.id, lambda before: audit_log.c.at < before)],
    "sessions": [_Part(sessions, sessions.c.id, ended)],
    "quarantine": [_Part(quarantine, quarantine.c.id, lambda before: quarantine.c.at < before)],
}


def _count(connection: Connection, part: _Part, before: int) -> int:
    query = select(func.count()).select_from(part.table).where(part.is_older(before))
    return int(connection.execute(query).scalar_one())


class _Pace:
    """Rests as long as each batch took, so that whoever else writes gets at least every other turn."""

    def __init__(self, stopping: Event) -> None:
        self._stopping = stopping
        self._began = time.monotonic()

    def begin(self) -> None:
        """A batch begins."""
        if self._stopping.is_set():
            raise Stopped
        self._began = time.monotonic()

    def rest(self) -> None:
        """A batch has ended."""
        self._stopping.wait(time.monotonic() - self._began)


def _delete(record: Record, part: _Part, before: int, pace: _Pace) -> int:
    deleted = 0
    old = part.is_older(before)
    while True:
        pace.begin()
        with record.write() as connection:
            keys = select(part.key).where(old).limit(AT_ONCE)
            count = connection.execute(delete(part.table).where(part.key.in_(keys), old)).rowcount
        if not count:
            return deleted
        deleted += count
        pace.rest()


def _delete_calls(record: Record, before: int, archive: Path | None, pace: _Pace) -> int:
    deleted = 0
    while found := _oldest(record, before, _ARCHIVED_AT_ONCE if archive else AT_ONCE):
        pace.begin()
        if archive:
            archive_calls(record, list(found), archive)
            pace.rest()
        batches = [list(found)[start : start + AT_ONCE] for start in range(0, len(found), AT_ONCE)]
        gone = 0
        for batch in batches:
            pace.begin()
            with record.write() as connection:
                gone += delete_calls(connection, _unchanged(connection, batch, found))
            pace.rest()
        deleted += gone
    return deleted


def _oldest(record: Record, before: int, most: int) -> dict[int, int]:
    """The oldest calls: row id and revision."""
    query = select(calls.c.id, calls.c.revision).where(calls.c.started_at < before)
    with record.read() as connection:
        return {row.id: row.revision for row in connection.execute(query.order_by(calls.c.started_at).limit(most))}


def _unchanged(connection: Connection, ids: Sequence[int], revisions: Mapping[int, int]) -> list[int]:
    """Those that nobody has written to since: what changed meanwhile is archived and deleted with the next round."""
    query = select(calls.c.id, calls.c.revision).where(calls.c.id.in_(ids))
    return [row_id for row_id, revision in connection.execute(query) if revisions[row_id] == revision]


class Retention:
    """Runs once an hour, in a thread. Several instances may: each deletes what the others have left."""

    def __init__(self, record: Record, policy: Policy, on_deleted: Callable[[str, int], object]) -> None:
        self._record, self._policy, self._on_deleted = record, policy, on_deleted
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Start the thread; without a limit on any kind there is none."""
        if self._policy.kinds():
            self._thread.start()

    def stop(self) -> None:
        """End the thread; a batch that runs is finished first."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                for kind, rows in run(self._record, self._policy, now_micros(), self._stopping).items():
                    self._on_deleted(kind, rows)
            except Stopped:
                return
            except (RecordUnavailable, RecordFull, OSError) as error:
                log.warning("retention stopped half-way, the next round goes on: %s", error)
            self._stopping.wait(_EVERY_SECONDS)
