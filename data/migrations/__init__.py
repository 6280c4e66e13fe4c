"""Bring a database to the newest schema; forward only."""

from __future__ import annotations

import secrets
from pathlib import Path

from sqlalchemy import inspect, text

from data.record import Record

#: The newest revision: `versions/` holds the way there. A test compares it with what Alembic finds.
HEAD = "0010"


class SchemaTooNew(RuntimeError):
    """The database was made by a newer version of the program."""


def migrate(record: Record) -> bool:
    """Apply what is missing; True if anything was. Instances that start together wait for each other."""
    if _current(record) == HEAD:
        return False
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with record.write() as connection:
        if not record.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(7236001)"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise SchemaTooNew(f"the database is of a newer version than this program ({error})") from error
    return True


def _current(record: Record) -> str | None:
    with record.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def new_identity() -> int:
    """A number by which a copy recognises the database that it was made from."""
    return secrets.randbits(62)
