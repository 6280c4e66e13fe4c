"""Put a backup back."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, update

from data.backup import postgres
from data.backup.keys import unseal
from data.backup.manifest import BackupFailed, BadBackup, Manifest, count_rows, read_manifest
from data.backup.taking import KEYS_FILE, POSTGRES_FILE, SQLITE_FILE, check_sqlite
from data.damage import set_aside
from data.migrations import HEAD, migrate, new_identity
from data.models import counters
from data.record import Record


def restore(
    folder: Path, record: Record, *, force: bool = False, keys: Path | None = None, passphrase: str = ""
) -> Manifest:
    """Make the record what it was when the backup in `folder` was made; BadBackup, BackupFailed.

    Nothing is overwritten without `force`; a SQLite file that is replaced is set aside. Nobody may use the record
    meanwhile. `keys`: the folder that the key files of the backup go to.
    """
    manifest = read_manifest(folder)
    _check(manifest, record)
    opened = unseal((folder / KEYS_FILE).read_bytes(), passphrase) if keys and KEYS_FILE in manifest.files else {}
    if record.is_sqlite:
        _sqlite(folder / SQLITE_FILE, Path(str(record.url.database)), manifest, force=force)
    else:
        _postgres(folder / POSTGRES_FILE, record, manifest, force=force)
    for name, text in opened.items():
        assert keys is not None
        _put_key(keys / name, text)
    migrate(record)
    return manifest


def _check(manifest: Manifest, record: Record) -> None:
    engine = "sqlite" if record.is_sqlite else "postgresql"
    if manifest.engine != engine:
        raise BadBackup(
            f"the backup is of {manifest.engine} and DATABASE_URL names {engine}; move calls by export and import"
        )
    if manifest.schema_revision > HEAD:
        raise BadBackup(
            f"the backup was made by a newer version of the program (schema {manifest.schema_revision}, this one knows "
            f"{HEAD}); install that version"
        )


def _sqlite(source: Path, target: Path, manifest: Manifest, *, force: bool) -> None:
    if target.exists() and not force:
        raise BadBackup(f"{target}: is there already; --force sets it aside and restores")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f"{target.name}.restoring")
    shutil.copyfile(source, fresh)
    _compare(manifest, check_sqlite(fresh)[1])
    engine = create_engine(f"sqlite:///{fresh}")
    with engine.begin() as connection:
        _new_identity(connection)
    engine.dispose()
    set_aside(target, "replaced")
    fresh.rename(target)


def _postgres(source: Path, record: Record, manifest: Manifest, *, force: bool) -> None:
    with record.read() as connection:
        used = inspect(connection).has_table("calls")
    if used and not force:
        raise BadBackup("the database holds tables of VoiceHive already; --force replaces them")
    arguments = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    postgres.run("pg_restore", [*arguments, *(["--clean", "--if-exists"] if used else []), str(source)], record.url)
    with record.write() as connection:
        _compare(manifest, count_rows(connection))
        _new_identity(connection)


def _compare(manifest: Manifest, rows: dict[str, int]) -> None:
    for name, expected in manifest.rows.items():
        if rows.get(name) != expected:
            raise BackupFailed(f"the table {name} holds {rows.get(name, 0):,} rows, the backup had {expected:,}")


def _new_identity(connection: Connection) -> None:
    """Analytic copies of what was here before, or of what came after the backup, must not take this for theirs."""
    connection.execute(update(counters).where(counters.c.name == "identity").values(value=new_identity()))


def _put_key(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.restoring")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="ascii")
    fresh.rename(path)
