"""Make a backup."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from sqlalchemy import create_engine, text

from data.backup import postgres
from data.backup.keys import seal
from data.backup.manifest import BackupFailed, FolderTaken, Manifest, count_rows, described
from data.record import Record
from data.times import SECOND, now_micros, to_iso

SQLITE_FILE, POSTGRES_FILE, KEYS_FILE = "record.db", "record.dump", "keys.sealed"


def backup(record: Record, folder: Path, *, keys: Path | None = None, passphrase: str = "") -> Manifest:
    """Write the record as it is at this moment into `folder`, which must be empty or missing; BackupFailed.

    It appears only once it is whole. `keys`: the folder whose key files are added, encrypted with the passphrase.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(f"{folder}: is there already and not empty; name another folder")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True, mode=0o700)
        manifest = _manifest(record, unfinished, keys, passphrase)
        manifest.write(unfinished)
        _flush(unfinished)
        unfinished.rename(folder)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{folder}: {error}") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return manifest


def _manifest(record: Record, folder: Path, keys: Path | None, passphrase: str) -> Manifest:
    made_at = to_iso(now_micros() // SECOND * SECOND)
    schema_revision, rows = _sqlite(record, folder) if record.is_sqlite else _postgres(record, folder)
    if keys is not None:
        (folder / KEYS_FILE).write_bytes(seal(keys, passphrase))
    return Manifest(
        made_at=str(made_at),
        engine="sqlite" if record.is_sqlite else "postgresql",
        schema_revision=schema_revision,
        rows=rows,
        files={path.name: described(path) for path in sorted(folder.iterdir())},
    )


def _sqlite(record: Record, folder: Path) -> tuple[str, dict[str, int]]:
    """SQLite's own backup in one step: in smaller ones every write in between makes it begin anew."""
    path = folder / SQLITE_FILE
    source = sqlite3.connect(f"file:{record.url.database}?mode=ro", uri=True)
    with contextlib.closing(source), contextlib.closing(sqlite3.connect(path)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    return check_sqlite(path)


def check_sqlite(path: Path) -> tuple[str, dict[str, int]]:
    """The schema's revision and the rows of a file that is sound; BackupFailed."""
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            found = connection.execute(text("PRAGMA quick_check")).scalar_one()
            if found != "ok":
                raise BackupFailed(f"the database is damaged: {found}")
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
            return str(revision), count_rows(connection)
    finally:
        engine.dispose()


def _postgres(record: Record, folder: Path) -> tuple[str, dict[str, int]]:
    """pg_dump, of the same snapshot in which the rows are counted."""
    with record.read() as connection:
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        arguments = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        postgres.run("pg_dump", [*arguments, f"--file={folder / POSTGRES_FILE}"], record.url)
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        return str(revision), count_rows(connection)


def _flush(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
