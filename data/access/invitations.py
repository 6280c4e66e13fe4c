"""One-use links by which a person sets a password: of a new account, or of one whose password is lost."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from data.access.secrets import digest, draw
from data.access.setup import LinkOver
from data.access.users import User, change_user, user_of_id
from data.models import password_links
from data.record import Record
from data.times import DAY, now_micros

VALID = DAY


def invite(record: Record, user: User) -> str:
    """The secret of a new link, which makes the ones before useless."""
    secret, now = draw(), now_micros()
    c = password_links.c
    with record.write() as connection:
        connection.execute(delete(password_links).where((c.user_id == user.id) | (c.expires_at <= now)))
        row = {"digest": digest(secret), "user_id": user.id, "expires_at": now + VALID}
        connection.execute(insert(password_links).values(row))
    return secret


def invited(record: Record, secret: str) -> User | None:
    """Whose link this is; None if it was used, has expired or never was one, or its user may not sign in."""
    c = password_links.c
    query = select(c.user_id).where(c.digest == digest(secret), c.expires_at > now_micros())
    with record.read() as connection:
        user_id = connection.execute(query).scalar_one_or_none()
    user = None if user_id is None else user_of_id(record, user_id)
    return None if user is None or user.disabled else user


def accept(record: Record, secret: str, password_hash: str) -> User:
    """Set the password; signs the user out everywhere. Raises LinkOver."""
    user = invited(record, secret)
    with record.write() as connection:
        # Of two that use it at once, only one deletes it.
        used = connection.execute(delete(password_links).where(password_links.c.digest == digest(secret))).rowcount
    if user is None or not used:
        raise LinkOver
    return change_user(record, user, password_hash=password_hash)
