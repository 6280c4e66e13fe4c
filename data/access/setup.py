"""The first account: made by whoever can read the console, through a link that works once and not for long."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from data.access.roles import Role
from data.access.secrets import digest, draw
from data.access.users import User, insert_user
from data.models import setup_links, users
from data.record import Record
from data.times import MINUTE, now_micros

VALID = 15 * MINUTE


class LinkOver(Exception):
    """The link was used, has expired, or never was one."""


def new_link(record: Record) -> str:
    """The secret of a new link."""
    secret, now = draw(), now_micros()
    with record.write() as connection:
        connection.execute(delete(setup_links).where(setup_links.c.expires_at <= now))
        connection.execute(insert(setup_links).values(digest=digest(secret), expires_at=now + VALID))
    return secret


def is_valid(record: Record, secret: str) -> bool:
    """Whether the link can still be used."""
    query = select(setup_links.c.digest).where(
        setup_links.c.digest == digest(secret), setup_links.c.expires_at > now_micros()
    )
    with record.read() as connection:
        if connection.execute(select(users.c.id).limit(1)).first() is not None:
            return False
        return connection.execute(query).first() is not None


def use_link(record: Record, secret: str, name: str, password_hash: str) -> User:
    """The first account, an admin; raises LinkOver, or BadUser where the name can't be one."""
    used = delete(setup_links).where(setup_links.c.digest == digest(secret), setup_links.c.expires_at > now_micros())
    with record.write() as connection:
        # Of two that use it at once, only one deletes it.
        if not connection.execute(used).rowcount or connection.execute(select(users.c.id).limit(1)).first():
            raise LinkOver
        connection.execute(delete(setup_links))
        return insert_user(connection, name, Role.ADMIN, password_hash)
