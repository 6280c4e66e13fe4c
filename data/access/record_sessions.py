"""Sessions in the record: the store of whoever has no Redis."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update

from data.access.roles import Role
from data.access.secrets import digest, draw
from data.access.sessions import IDLE, LIFETIME, Kind, Listed, Session
from data.access.users import User
from data.models import sessions, users
from data.record import Record
from data.times import now_micros

c = sessions.c
_OF_USER = and_(users.c.id == c.user_id, users.c.generation == c.generation, users.c.disabled.is_(False))


class RecordSessions:
    """Sessions as rows; threads and instances may share them."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def open(self, user: User, kind: Kind, *, address: str, agent: str) -> tuple[str, str]:
        """See Sessions; so in all methods."""
        secret, now = draw(), now_micros()
        row = {
            "id": secrets.token_hex(16),
            "digest": digest(secret),
            "kind": kind,
            "user_id": user.id,
            "generation": user.generation,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + LIFETIME,
            "address": address[:45],
            "agent": agent[:200],
        }
        with self._record.write() as connection:
            connection.execute(delete(sessions).where(ended(now)))
            connection.execute(insert(sessions).values(row))
        return str(row["id"]), secret

    def of_secret(self, secret: str, kind: Kind) -> Session | None:
        return self._find(and_(c.digest == digest(secret), c.kind == kind))

    def of_id(self, session_id: str) -> Session | None:
        return self._find(c.id == session_id)

    def touch(self, session_id: str) -> None:
        with self._record.write() as connection:
            connection.execute(update(sessions).where(c.id == session_id).values(seen_at=now_micros()))

    def renew(self, secret: str) -> tuple[Session, str] | None:
        renewed = draw()
        with self._record.write() as connection:
            old = digest(secret)
            query = update(sessions).where(c.digest == old, c.kind == "program")
            values = {"digest": digest(renewed), "previous": old, "seen_at": now_micros()}
            if not connection.execute(query.values(values)).rowcount:
                connection.execute(delete(sessions).where(c.previous == old))
        found = self.of_secret(renewed, "program")
        return None if found is None else (found, renewed)

    def close(self, session_id: str) -> bool:
        with self._record.write() as connection:
            return connection.execute(delete(sessions).where(c.id == session_id)).rowcount > 0

    def close_others(self, session_id: str | None) -> int:
        others = sum(each.id != session_id for each in self.listed())
        with self._record.write() as connection:
            connection.execute(delete(sessions).where(c.id.is_distinct_from(session_id)))
        return others

    def listed(self, user_id: int | None = None) -> list[Listed]:
        query = select(c.id, users.c.name, c.kind, c.created_at, c.seen_at, c.address, c.agent)
        query = query.join(users, _OF_USER).where(~ended(now_micros())).order_by(c.seen_at.desc())
        if user_id is not None:
            query = query.where(c.user_id == user_id)
        with self._record.read() as connection:
            return [Listed(*row) for row in connection.execute(query)]

    def _find(self, which: ColumnElement[bool]) -> Session | None:
        query = select(c.id, c.user_id, users.c.name, users.c.role, c.seen_at).join(users, _OF_USER)
        with self._record.read() as connection:
            found: Any = connection.execute(query.where(which, ~ended(now_micros()))).one_or_none()
        return None if found is None else Session(found.id, found.user_id, found.name, Role(found.role), found.seen_at)


def ended(now: int) -> ColumnElement[bool]:
    """Of sessions that can't be used any more at an instant (UTC microseconds)."""
    return or_(c.expires_at <= now, c.seen_at <= now - IDLE)
