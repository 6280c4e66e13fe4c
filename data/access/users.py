"""People who may sign in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.access.roles import Role
from data.models import users
from data.record import Record
from data.times import now_micros

MOST_CHARACTERS = 100
_NAME = re.compile(rf"[\w.@+-]{{1,{MOST_CHARACTERS}}}")
_COLUMNS = (users.c.id, users.c.name, users.c.role, users.c.disabled, users.c.created_at, users.c.generation)


class BadUser(ValueError):
    """This can't be done to a user; the message says why."""


@dataclass(frozen=True, slots=True)
class User:
    """One person; `created_at` in UTC microseconds. A session of an older `generation` is over."""

    id: int
    name: str
    role: Role
    disabled: bool
    created_at: int
    generation: int


def normal_name(name: str) -> str:
    """The one spelling of a name under which it is stored: upper and lower case are the same person."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def add_user(
    record: Record, name: str, role: Role, password_hash: str | None = None, *, subject: str | None = None
) -> User:
    """Store a new user; raises BadUser where the name is taken or can't be one."""
    with record.write() as connection:
        return insert_user(connection, name, role, password_hash, subject=subject)


def insert_user(
    connection: Connection, name: str, role: Role, password_hash: str | None, *, subject: str | None = None
) -> User:
    """As `add_user`, within a transaction."""
    name = normal_name(name)
    if not _NAME.fullmatch(name):
        raise BadUser("a name has 1 to 100 letters, digits and . _ - @ +")
    row = {"name": name, "role": role.value, "password_hash": password_hash, "subject": subject}
    values = row | {"disabled": False, "created_at": now_micros()}
    try:
        made = connection.execute(insert(users).values(values).returning(*_COLUMNS)).one()
    except IntegrityError:
        raise BadUser(f"there is a user {name} already") from None
    return _user(made)


def has_users(record: Record) -> bool:
    """Whether anybody may sign in yet."""
    with record.read() as connection:
        return connection.execute(select(users.c.id).limit(1)).first() is not None


def list_users(record: Record) -> list[User]:
    """All users by name."""
    with record.read() as connection:
        return [_user(row) for row in connection.execute(select(*_COLUMNS).order_by(users.c.name))]


def find_user(record: Record, name: str) -> tuple[User, str | None] | None:
    """A user and the hash of the password (None: no sign-in by password); None if there is no such user."""
    name = normal_name(name)
    if not _NAME.fullmatch(name):
        return None
    with record.read() as connection:
        query = select(*_COLUMNS, users.c.password_hash).where(users.c.name == name)
        found = connection.execute(query).one_or_none()
    return None if found is None else (_user(found), found.password_hash)


def user_of_id(record: Record, user_id: int) -> User | None:
    """The user with this row id."""
    with record.read() as connection:
        found = connection.execute(select(*_COLUMNS).where(users.c.id == user_id)).one_or_none()
    return None if found is None else _user(found)


def find_subject(record: Record, subject: str) -> User | None:
    """The user whom a sign-in service knows by this subject."""
    with record.read() as connection:
        found = connection.execute(select(*_COLUMNS).where(users.c.subject == subject)).one_or_none()
    return None if found is None else _user(found)


def change_user(record: Record, user: User, **changes: Any) -> User:
    """Set `role`, `disabled` or `password_hash`; a new password or a lock signs the user out everywhere.

    Raises BadUser where nobody could administer any more.
    """
    with record.write() as connection:
        values = {name: value.value if isinstance(value, Role) else value for name, value in changes.items()}
        if values.get("disabled") or "password_hash" in values:
            values["generation"] = users.c.generation + 1
        query = update(users).where(users.c.id == user.id).values(values).returning(*_COLUMNS)
        changed = _user(connection.execute(query).one())
        if user.role is Role.ADMIN:
            _demand_admin(connection)
    return changed


def sign_out(record: Record, user_id: int) -> None:
    """End all sessions of a user."""
    with record.write() as connection:
        query = update(users).where(users.c.id == user_id)
        connection.execute(query.values(generation=users.c.generation + 1))


def keep_hash(record: Record, user: User, password_hash: str) -> None:
    """Store the same password hashed anew."""
    with record.write() as connection:
        connection.execute(update(users).where(users.c.id == user.id).values(password_hash=password_hash))


def _demand_admin(connection: Connection) -> None:
    query = select(func.count()).where(users.c.role == Role.ADMIN.value, users.c.disabled.is_(False))
    if not connection.execute(query).scalar_one():
        raise BadUser("this is the only admin")


def _user(row: Any) -> User:
    return User(row.id, row.name, Role(row.role), bool(row.disabled), row.created_at, row.generation)
