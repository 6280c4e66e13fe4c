"""The audit log: who did what, when, from where, what it was before and after. There is no way to change a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, insert, select

from data.models import audit_log
from data.record import Record
from data.times import now_micros


@dataclass(frozen=True, slots=True)
class Entry:
    """One line; `at` in UTC microseconds, `before` and `after` as they were given."""

    id: int
    at: int
    actor: str
    action: str
    subject: str
    before: Any
    after: Any
    address: str


def append(
    record: Record, actor: str, action: str, subject: str, *, before: Any = None, after: Any = None, address: str = ""
) -> None:
    """Write one line. `action` is a few plain words ("signed in"); before and after anything JSON can hold."""
    row = {
        "at": now_micros(),
        "actor": _line(actor, 200),
        "action": _line(action, 60),
        "subject": _line(subject, 300),
        "before": _json(before),
        "after": _json(after),
        "address": _line(address, 45),
    }
    with record.write() as connection:
        connection.execute(insert(audit_log).values(row))


def count(record: Record, action: str, since: int, *, address: str, subject: str | None = None) -> int:
    """How often something was done from an address (to one subject, if it is named) since then (UTC microseconds)."""
    c = audit_log.c
    chosen: list[ColumnElement[bool]] = [c.at > since, c.action == action, c.address == _line(address, 45)]
    if subject is not None:
        chosen.append(c.subject == _line(subject, 300))
    with record.read() as connection:
        return int(connection.execute(select(func.count()).where(*chosen)).scalar_one())


def entries(record: Record, *, text: str = "", before_id: int | None = None, limit: int = 100) -> list[Entry]:
    """Lines, newest first: those in whose words `text` occurs, older than the line `before_id`."""
    c = audit_log.c
    query = select(audit_log).order_by(c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(c.id < before_id)
    if text:
        words = (c.actor, c.action, c.subject, c.address)
        query = query.where(
            func.lower(words[0] + " " + words[1] + " " + words[2] + " " + words[3]).contains(
                text.lower(), autoescape=True
            )
        )
    with record.read() as connection:
        rows = connection.execute(query).all()
    return [
        Entry(r.id, r.at, r.actor, r.action, r.subject, _read(r.before), _read(r.after), r.address) for r in rows
    ]  # fmt: skip


def _line(text: str, most: int) -> str:
    """One line of at most so many characters: what came from outside may hold anything."""
    return "".join(ch if ch.isprintable() else " " for ch in text)[:most]


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _read(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)
