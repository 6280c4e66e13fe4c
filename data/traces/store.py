"""Spans in the record: written durably and once each, found again by the call that they belong to.

A span belongs to the call that it names, one that names none to the call of its trace. That is worked out when a call
is read, so spans of a trace and their call may come in any order and in any number of requests.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Column, Connection, and_, bindparam, delete, func, insert, or_, select, text, update

from data.models import spans
from data.record import Record
from data.traces.otlp import SpanRow

#: Where a span names a call but no source: the only call of that id or, among several, the one of this source.
SOURCE = "otlp"
#: Spans that name one call, and spans of one trace.
MOST_SPANS = 2_000
#: Places of a trace that only spans which name a call may take: without one of them all others would be lost.
_KEPT_PLACES = 100
_MOST_WAITING = 20_000
#: The newest spans among which the newest traces are looked for.
_LOOKED_AT = 2_000
_CHUNK = 500
_c = spans.c
T = TypeVar("T")
# One index look-up a source: an index by the id alone would cost every call that is written.
_CALLS_OF_IDS = text(
    "WITH RECURSIVE known(source) AS (SELECT min(source) FROM calls UNION ALL "
    "SELECT (SELECT min(calls.source) FROM calls WHERE calls.source > known.source) FROM known "
    "WHERE known.source IS NOT NULL) "
    "SELECT calls.source, calls.call_id FROM known CROSS JOIN calls "
    "WHERE calls.source = known.source AND calls.call_id IN :ids"
).bindparams(bindparam("ids", expanding=True))


class Traced(NamedTuple):
    """A trace and the call that it belongs to: its start (UTC microseconds), length, spans, and how many failed."""

    trace_id: str
    source: str
    call_id: str
    started_at: int
    duration_ms: float
    spans: int
    failed: int


class SpanStore:
    """The spans of one record; threads may share it."""

    def __init__(self, record: Record, *, most_waiting: int = _MOST_WAITING) -> None:
        self._record = record
        self._most_waiting = most_waiting
        #: Called with the number of spans that were dropped because no call came for them.
        self.on_dropped: Callable[[int], object] = lambda spans: None
        # In SQLite writers poll for their turn: one at a time leaves the writer of calls its own.
        self._lock = threading.Lock()

    def add(self, rows: Sequence[SpanRow]) -> list[str]:
        """Store durably what is new; returns a reason for each span that is one too many for its call or trace."""
        dropped = 0
        with self._lock, self._record.write() as connection:
            if not self._record.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(7236002)"))
            admitted, refused = _admitted(connection, _unknown(connection, rows))
            if admitted:
                connection.execute(insert(spans), [row | {"waiting": True} for row in admitted])
                _find_calls(connection, {row["trace_id"] for row in admitted})
                dropped = _drop_oldest(connection, self._most_waiting)
        if dropped:
            self.on_dropped(dropped)
        return refused

    def of_call(self, source: str, call_id: str) -> list[dict[str, Any]]:
        """The spans of a call as rows of the table, by their start."""
        with self._record.read() as connection:
            meant = _c.source == source
            if _meant(None, _sources(connection, [call_id])[call_id]) == source:
                meant = or_(meant, _c.source.is_(None))
            own = and_(_c.call_id == call_id, meant)
            of_trace = and_(_c.call_id.is_(None), _c.trace_id.in_(select(_c.trace_id).where(own)))
            query = select(spans).where(or_(own, of_trace)).limit(MOST_SPANS)
            found = connection.execute(query.order_by(_c.started_at, _c.duration_ms.desc(), _c.span_id)).mappings()
            return [{str(name): value for name, value in row.items()} for row in found]

    def recent(self, limit: int) -> list[Traced]:
        """The traces with the newest spans whose calls are known, newest first."""
        newest = select(_c.trace_id, _c.received_at).where(~_c.waiting).order_by(_c.received_at.desc())
        with self._record.read() as connection:
            found = dict.fromkeys(trace for trace, _ in connection.execute(newest.limit(_LOOKED_AT)))
            ids = list(found)[:limit]
            query = select(_c.trace_id, _c.source, _c.call_id, _c.started_at, _c.duration_ms, _c.status)
            rows = connection.execute(query.where(_c.trace_id.in_(ids))).all()
            sources = _sources(connection, {row.call_id for row in rows if row.call_id})
        traces = []
        for trace_id in ids:
            own = [row for row in rows if row.trace_id == trace_id]
            named = next((row for row in own if row.call_id and _meant(row.source, sources[row.call_id])), None)
            if named is not None:
                start = min(row.started_at for row in own)
                end = max(row.started_at + 1000 * row.duration_ms for row in own)
                failed = sum(row.status == "error" for row in own)
                source = _meant(named.source, sources[named.call_id]) or ""
                traces.append(Traced(trace_id, source, named.call_id, start, (end - start) / 1000, len(own), failed))
        return traces


def _unknown(connection: Connection, rows: Sequence[SpanRow]) -> list[SpanRow]:
    """The rows that are not stored yet, each once."""
    wanted = {(row["trace_id"], row["span_id"]): row for row in reversed(rows)}
    for part in _chunks(list(wanted)):
        traces, ids = zip(*part, strict=True)
        query = select(_c.trace_id, _c.span_id).where(_c.trace_id.in_(set(traces)), _c.span_id.in_(ids))
        for stored in connection.execute(query):
            wanted.pop((stored.trace_id, stored.span_id), None)
    return list(reversed(wanted.values()))


def _admitted(connection: Connection, rows: Sequence[SpanRow]) -> tuple[list[SpanRow], list[str]]:
    """The rows that find a place, and why others do not."""
    taken = _counted(connection, _c.trace_id, rows) + _counted(connection, _c.call_id, rows)
    admitted, refused = [], []
    for row in rows:
        places = [(name, row[name]) for name in ("trace_id", "call_id") if row[name]]
        most = MOST_SPANS if row["call_id"] else MOST_SPANS - _KEPT_PLACES
        full = next((f"{name} {value[:50]}" for name, value in places if taken[name, value] >= most), None)
        if full:
            refused.append(f"span {row['span_id']}: there are {most:,} spans of {full} already")
        else:
            taken.update(places)
            admitted.append(row)
    return admitted, refused


def _counted(connection: Connection, column: Column[Any], rows: Sequence[SpanRow]) -> Counter[tuple[str, str]]:
    name, found = str(column.name), Counter[tuple[str, str]]()
    for part in _chunks({row[name] for row in rows if row[name]}):
        query = select(column, func.count()).where(column.in_(part)).group_by(column)
        found.update({(name, value): count for value, count in connection.execute(query)})
    return found


def _find_calls(connection: Connection, trace_ids: Collection[str]) -> None:
    """Let spans of these traces wait no longer whose call is in the record by now."""
    for part in _chunks(trace_ids):
        names = select(_c.trace_id, _c.source, _c.call_id).distinct()
        named = connection.execute(names.where(_c.trace_id.in_(part), _c.call_id.is_not(None))).all()
        sources = _sources(connection, {row.call_id for row in named})
        found = {row.trace_id for row in named if _meant(row.source, sources[row.call_id])}
        if found:
            connection.execute(update(spans).where(_c.waiting, _c.trace_id.in_(found)).values(waiting=False))


def _meant(source: str | None, sources: set[str]) -> str | None:
    """Which of the calls of one id a span means that names this source or none; None if none of them."""
    if source is None:
        source = next(iter(sources)) if len(sources) == 1 else SOURCE
    return source if source in sources else None


def _sources(connection: Connection, call_ids: Iterable[str]) -> defaultdict[str, set[str]]:
    """The sources of the calls with these ids."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for part in _chunks(set(call_ids)):
        for source, call_id in connection.execute(_CALLS_OF_IDS, {"ids": part}):
            found[call_id].add(source)
    return found


def _drop_oldest(connection: Connection, most: int) -> int:
    """Where too many spans wait for their calls, delete those that came first; returns how many."""
    waiting = connection.execute(select(func.count()).select_from(spans).where(_c.waiting)).scalar_one()
    if waiting <= most:
        return 0
    # A tenth more, so that not every request has to.
    oldest = select(_c.trace_id).where(_c.waiting).order_by(_c.received_at).limit(waiting - most + most // 10)
    traces = set(connection.execute(oldest).scalars())
    # Calls that came after their spans told nobody.
    _find_calls(connection, traces)
    gone = [connection.execute(delete(spans).where(_c.waiting, _c.trace_id.in_(part))) for part in _chunks(traces)]
    return sum(result.rowcount for result in gone)


def _chunks(values: Collection[T]) -> Iterator[list[T]]:
    """The values in parts that a statement can take."""
    ordered = list(values)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
