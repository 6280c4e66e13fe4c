"""Messages that could not be read, kept as they came with the reason, until they are read again or grow old."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import LargeBinary, delete, func, insert, select

from data.models import quarantine
from data.record import Record

#: Together; the oldest go first.
MOST_BYTES = 64 * 1024 * 1024
MOST_ROWS = 10_000
_REASON = 500
#: Of a body in a list.
SHOWN_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that could not be read, and why."""

    platform: str
    reason: str
    content_type: str
    body: bytes


def keep(record: Record, messages: Sequence[Unread], now: int) -> int:
    """Store the messages (`now` in UTC microseconds); how many older ones had to go for them."""
    rows = [
        {
            "at": now,
            "platform": one.platform,
            "reason": one.reason[:_REASON].replace("\x00", ""),
            "content_type": one.content_type[:100],
            "size": len(one.body),
            "body": one.body,
        }
        for one in messages
    ]
    with record.write() as connection:
        connection.execute(insert(quarantine), rows)
        # From the newest to the oldest: those that are beyond the room there is.
        newest = quarantine.c.id.desc()
        sums = select(
            quarantine.c.id,
            func.sum(quarantine.c.size).over(order_by=newest).label("bytes"),
            func.row_number().over(order_by=newest).label("number"),
        ).subquery()
        beyond = select(sums.c.id).where((sums.c.bytes > MOST_BYTES) | (sums.c.number > MOST_ROWS))
        return connection.execute(delete(quarantine).where(quarantine.c.id.in_(beyond))).rowcount


def count_waiting(record: Record) -> int:
    """How many messages are kept."""
    with record.read() as connection:
        return int(connection.execute(select(func.count()).select_from(quarantine)).scalar_one())


def list_waiting(record: Record, *, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    """Messages, newest first: id, at (UTC microseconds), platform, reason, content_type, size, body (its first bytes).

    `before`: only those with a smaller id.
    """
    c = quarantine.c
    body = func.substr(c.body, 1, SHOWN_BYTES, type_=LargeBinary).label("body")
    query = select(c.id, c.at, c.platform, c.reason, c.content_type, c.size, body).order_by(c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(quarantine.c.id < before)
    with record.read() as connection:
        rows = connection.execute(query).mappings().all()
    # SQLite makes nothing at all of the beginning of an empty body.
    return [{str(name): value for name, value in row.items()} | {"body": row["body"] or b""} for row in rows]


def find(record: Record, row_id: int) -> Unread | None:
    """A message by its id."""
    c = quarantine.c
    with record.read() as connection:
        query = select(c.platform, c.reason, c.content_type, c.body).where(c.id == row_id)
        row = connection.execute(query).one_or_none()
        return None if row is None else Unread(row.platform, row.reason, row.content_type, row.body)


def remove(record: Record, row_id: int) -> bool:
    """Delete a message; False if it is gone already."""
    with record.write() as connection:
        return bool(connection.execute(delete(quarantine).where(quarantine.c.id == row_id)).rowcount)
