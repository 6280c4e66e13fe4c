"""Keys of programs and of wall screens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.access.roles import Scope
from data.access.secrets import digest, draw
from data.models import api_keys
from data.record import Record
from data.times import now_micros

#: By this a key is told from other tokens, also by programs that look for leaked ones.
PREFIX = "vh_"
_SHOWN = 8


class BadKey(ValueError):
    """A key can't be made so; the message says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is stored; times in UTC microseconds."""

    id: int
    name: str
    prefix: str
    scopes: frozenset[Scope]
    created_by: str
    created_at: int
    used_at: int | None
    revoked_at: int | None
    #: Of a wall screen: path and query of the page that it shows.
    view: str | None

    def told(self) -> dict[str, Any]:
        """What it is for, for the audit log."""
        return {"scopes": sorted(self.scopes)} | ({} if self.view is None else {"view": self.view})


def add_key(
    record: Record, name: str, scopes: Iterable[Scope], created_by: str, *, view: str | None = None
) -> tuple[Key, str]:
    """A new key and its secret, which is shown only now; raises BadKey where it can't be made so.

    `view`: what a key with scope kiosk, and no other, shows.
    """
    name, scopes = name.strip(), set(scopes)
    if (Scope.KIOSK in scopes) != (view is not None) or (view is not None and len(scopes) > 1):
        raise BadKey("a key with scope kiosk has a view and no other scope, another key has none")
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise BadKey("a name has 1 to 100 characters")
    secret = draw(PREFIX)
    row = {
        "name": name,
        "prefix": secret[:_SHOWN],
        "digest": digest(secret),
        "scopes": ",".join(sorted(scopes)),
        "created_by": created_by,
        "created_at": now_micros(),
        "view": view,
    }
    try:
        with record.write() as connection:
            made = connection.execute(insert(api_keys).values(row).returning(*api_keys.c)).one()
    except IntegrityError:
        raise BadKey(f"there is a key {name} already") from None
    return _key(made), secret


def key_of_secret(record: Record, secret: str) -> Key | None:
    """The key whose secret this is; None if there is none, or it was revoked."""
    query = select(api_keys).where(api_keys.c.digest == digest(secret), api_keys.c.revoked_at.is_(None))
    with record.read() as connection:
        found = connection.execute(query).one_or_none()
    return None if found is None else _key(found)


def touch_key(record: Record, key_id: int) -> None:
    """Note that a key is in use."""
    with record.write() as connection:
        connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(used_at=now_micros()))


def list_keys(record: Record) -> list[Key]:
    """All keys by name, revoked ones too."""
    query = select(api_keys).order_by(api_keys.c.name, api_keys.c.id)
    with record.read() as connection:
        return [_key(row) for row in connection.execute(query)]


def find_key(record: Record, name: str) -> Key | None:
    """The key in use that has this name."""
    query = select(api_keys).where(api_keys.c.name == name, api_keys.c.revoked_at.is_(None))
    with record.read() as connection:
        found = connection.execute(query).one_or_none()
    return None if found is None else _key(found)


def revoke_key(record: Record, key_id: int) -> Key | None:
    """Make a key useless for good; None if there is no such key in use."""
    query = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    with record.write() as connection:
        row = connection.execute(query.values(revoked_at=now_micros()).returning(*api_keys.c)).one_or_none()
    return None if row is None else _key(row)


def _key(row: Row[Any]) -> Key:
    scopes = frozenset(Scope(word) for word in row.scopes.split(","))
    times = (row.created_at, row.used_at, row.revoked_at)
    return Key(row.id, row.name, row.prefix, scopes, row.created_by, *times, row.view)
