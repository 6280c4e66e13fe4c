"""A SQLite file that can't be read any more, and out of whose way a start has to go."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

#: A file and what SQLite keeps beside it.
_FILES = ("", "-wal", "-shm")
#: Looking through a large file would keep the start waiting: what is damaged behind this is found by a query.
_LOOK_SECONDS = 1.0
_STEPS = 1_000


def damage(path: Path) -> str | None:
    """What is wrong with this database, None if nothing is; one that is missing or in use is not damaged."""
    if not path.exists():
        return None
    deadline = time.monotonic() + _LOOK_SECONDS
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        try:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.OperationalError:
            return None
        except sqlite3.DatabaseError as error:
            return str(error)
    return None if found == "ok" else found.replace("\n", " ")


def set_aside(path: Path, reason: str) -> Path:
    """Give the database another name, which says why and when; that name."""
    aside = path.with_name(f"{path.name}.{reason}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    for suffix in _FILES:
        if (old := path.with_name(path.name + suffix)).exists():
            old.rename(path.with_name(aside.name + suffix))
    return aside
