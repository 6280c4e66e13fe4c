"""Calls leave the record, and with them what is kept beside them; every analytic copy hears of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import orjson
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, tuple_

from data.models import call_documents, calls, deletions, spans
from data.record import next_revision

#: The most calls of one transaction: those who want to write meanwhile wait for no longer than that takes.
AT_ONCE = 1_000


def delete_calls(connection: Connection, ids: Sequence[int]) -> int:
    """Delete the calls with these row ids (at most AT_ONCE) with documents and spans; how many there were."""
    c = calls.c
    found = connection.execute(select(c.id, c.source, c.call_id).where(c.id.in_(ids))).all()
    if not found:
        return 0
    gone = [row.id for row in found]
    connection.execute(delete(spans).where(spans_of([(row.source, row.call_id) for row in found])))
    connection.execute(delete(call_documents).where(call_documents.c.call_row_id.in_(gone)))
    connection.execute(delete(calls).where(c.id.in_(gone)))
    values = {"revision": next_revision(connection), "ranges": orjson.dumps(list(ranges(gone))).decode()}
    connection.execute(insert(deletions).values(values))
    return len(gone)


def ranges(ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Whole numbers as runs without a gap: first and last of each."""
    for _, run in itertools.groupby(enumerate(sorted(ids)), lambda pair: pair[1] - pair[0]):
        members = [each for _, each in run]
        yield members[0], members[-1]


def spans_of(keys: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    """The spans that name these calls; a span that names no source is of whichever call has its id."""
    named = tuple_(spans.c.source, spans.c.call_id).in_(keys)
    return or_(named, and_(spans.c.source.is_(None), spans.c.call_id.in_([call_id for _, call_id in keys])))
