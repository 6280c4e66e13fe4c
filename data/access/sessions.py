"""Who is signed in. A session ends when it was not used for a day, at the latest after two weeks."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update

from data.access.roles import Role
from data.access.secrets import digest, draw
from data.models import sessions, users
from data.record import Record
from data.times import DAY, now_micros

Kind = Literal["browser", "program"]

IDLE, LIFETIME = DAY, 14 * DAY


@dataclass(frozen=True, slots=True)
class Session:
    """A session and its user as they are now; times in UTC microseconds."""

    id: str
    user_id: int
    name: str
    role: Role
    seen_at: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A session as it is shown to people; times in UTC microseconds."""

    id: str
    name: str
    kind: str
    created_at: int
    seen_at: int
    address: str
    agent: str


def open_session(record: Record, user_id: int, kind: Kind, *, address: str, agent: str) -> tuple[str, str]:
    """A new session: its id, and the secret that is known to nobody else and shown only now."""
    secret, now = draw(), now_micros()
    row = {
        "id": secrets.token_hex(16),
        "digest": digest(secret),
        "kind": kind,
        "user_id": user_id,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + LIFETIME,
        "address": address[:45],
        "agent": agent[:200],
    }
    with record.write() as connection:
        connection.execute(delete(sessions).where(ended(now)))
        connection.execute(insert(sessions).values(row))
    return str(row["id"]), secret


def session_of_secret(record: Record, secret: str, kind: Kind) -> Session | None:
    """The session whose secret this is; None if there is none any more, or its user may not sign in."""
    return _find(record, and_(sessions.c.digest == digest(secret), sessions.c.kind == kind))


def session_of_id(record: Record, session_id: str) -> Session | None:
    """The session with this id, likewise."""
    return _find(record, sessions.c.id == session_id)


def touch_session(record: Record, session_id: str) -> None:
    """Note that a session is in use."""
    with record.write() as connection:
        connection.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=now_micros()))


def renew_session(record: Record, secret: str) -> tuple[Session, str] | None:
    """A program's session with a new secret in the place of the old one; None if that is not valid.

    A secret that was renewed before is in two hands: its session ends.
    """
    renewed = draw()
    with record.write() as connection:
        old = digest(secret)
        query = update(sessions).where(sessions.c.digest == old, sessions.c.kind == "program")
        values = {"digest": digest(renewed), "previous": old, "seen_at": now_micros()}
        if not connection.execute(query.values(values)).rowcount:
            connection.execute(delete(sessions).where(sessions.c.previous == old))
    found = session_of_secret(record, renewed, "program")
    return None if found is None else (found, renewed)


def close_session(record: Record, session_id: str) -> bool:
    """End a session; False if there was none."""
    with record.write() as connection:
        return connection.execute(delete(sessions).where(sessions.c.id == session_id)).rowcount > 0


def close_sessions(record: Record, user_id: int) -> int:
    """End all sessions of a user; how many there were."""
    with record.write() as connection:
        return connection.execute(delete(sessions).where(sessions.c.user_id == user_id)).rowcount


def close_others(record: Record, session_id: str | None) -> int:
    """End all sessions of everybody but this one; how many there were."""
    with record.write() as connection:
        return connection.execute(delete(sessions).where(sessions.c.id.is_distinct_from(session_id))).rowcount


def list_sessions(record: Record, user_id: int | None = None) -> list[Listed]:
    """The sessions that can still be used (of one user, if it is named), last used first."""
    c = sessions.c
    query = select(c.id, users.c.name, c.kind, c.created_at, c.seen_at, c.address, c.agent)
    query = query.join(users, users.c.id == c.user_id).where(~ended(now_micros())).order_by(c.seen_at.desc())
    if user_id is not None:
        query = query.where(c.user_id == user_id)
    with record.read() as connection:
        return [Listed(*row) for row in connection.execute(query)]


def _find(record: Record, which: ColumnElement[bool]) -> Session | None:
    query = select(sessions.c.id, sessions.c.user_id, users.c.name, users.c.role, sessions.c.seen_at)
    query = query.join(users, users.c.id == sessions.c.user_id)
    query = query.where(which, ~ended(now_micros()), users.c.disabled.is_(False))
    with record.read() as connection:
        found: Any = connection.execute(query).one_or_none()
    return None if found is None else Session(found.id, found.user_id, found.name, Role(found.role), found.seen_at)


def ended(now: int) -> ColumnElement[bool]:
    """Of sessions that can't be used any more at an instant (UTC microseconds)."""
    return or_(sessions.c.expires_at <= now, sessions.c.seen_at <= now - IDLE)
