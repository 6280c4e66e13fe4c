"""Bring a database to the newest schema: forward only, after a backup, in one transaction."""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import inspect, text

from data.record import Record

log = logging.getLogger(__name__)

#: The newest revision: `versions/` holds the way there. A test compares it with what Alembic finds.
HEAD = "0015"


class SchemaTooNew(RuntimeError):
    """The database was made by a newer version of the program."""


def migrate(record: Record, backups: Path | None = None) -> bool:
    """Apply what is missing; True if anything was. Instances that start together wait for each other.

    `backups`: the folder into which a database that is in use already is backed up first.
    """
    current = _current(record)
    if current == HEAD:
        return False
    if current is not None and current < HEAD and backups is not None:
        _back_up(record, backups / f"before-{HEAD}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
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


def _back_up(record: Record, folder: Path) -> None:
    from data.backup import BackupFailed, backup

    try:
        backup(record, folder)
    except BackupFailed as error:
        if record.is_sqlite:
            raise
        # The program that makes it may be missing where the server is another machine; a migration that fails changes
        # nothing.
        log.warning("the database is migrated without a backup: %s", error)
    else:
        log.info("the database as it was is in %s", folder)


def _current(record: Record) -> str | None:
    with record.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def new_identity() -> int:
    """A number by which a copy recognises the database that it was made from."""
    return secrets.randbits(62)
