"""What was backed up comes back, whole and checked, and nothing is overwritten unasked (promise 18)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from data import migrations
from data.analytics import AnalyticCopy
from data.backup import BackupFailed, BadBackup, backup, restore
from data.backup.manifest import read_manifest
from data.filters import CallFilter
from data.migrations import migrate
from data.queries.listing import count_calls
from data.record import Record
from data.writer import apply
from tests.data.support import call, document, rows


@pytest.fixture
def elsewhere(record: Record, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Record]:
    """A database of the same engine that holds nothing yet."""

    def made() -> Record:
        if record.is_sqlite:
            return Record(f"sqlite:///{tmp_path / 'elsewhere' / 'voicehive.db'}")
        return Record(request.getfixturevalue("postgres_database"))

    return made


def test_a_restored_record_is_what_it_was(record: Record, tmp_path: Path, elsewhere: Callable[[], Record]) -> None:
    apply(record, [call(f"c{n}", transcript=f"said {n}", tags=["ü"]) for n in range(50)])
    manifest = backup(record, tmp_path / "backup")
    assert manifest.rows["calls"] == 50
    apply(record, [call("later")])

    restored = elsewhere()
    assert restore(tmp_path / "backup", restored).rows == manifest.rows
    assert rows(restored).keys() == rows(record).keys() - {("test", "later")}
    assert document(restored, "c7") == "said 7"
    # It can be written to, and a copy of the old one does not take it for its own.
    assert restored.identity() != record.identity()
    apply(restored, [call("new")])
    restored.close()


def test_it_is_one_state_while_calls_come_in(record: Record, tmp_path: Path) -> None:
    stop, failed = threading.Event(), []

    def write() -> None:
        n = 0
        while not stop.is_set():
            try:
                apply(record, [call(f"{n}-{k}", transcript="x") for k in range(7)])
            except Exception as error:
                failed.append(error)
            n += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(5):
            counted = backup(record, tmp_path / f"backup{n}").rows
            assert counted["calls"] == counted["call_documents"] and counted["calls"] % 7 == 0
    finally:
        stop.set()
        writer.join()
    assert not failed


def test_a_copy_from_before_is_filled_again(sqlite_record: Record, tmp_path: Path) -> None:
    apply(sqlite_record, [call("c1")])
    backup(sqlite_record, tmp_path / "backup")
    apply(sqlite_record, [call("c2"), call("c3")])
    earlier = AnalyticCopy(sqlite_record, tmp_path / "analytics.duckdb")
    assert count_calls(earlier, CallFilter()) == 3
    earlier.close()
    sqlite_record.close()
    restored = Record(sqlite_record.url.render_as_string())
    restore(tmp_path / "backup", restored, force=True)
    apply(restored, [call("c4"), call("c5"), call("c6")])
    later = AnalyticCopy(restored, tmp_path / "analytics.duckdb")
    assert count_calls(later, CallFilter()) == 4
    later.close()
    restored.close()


def test_nothing_is_overwritten_unasked(record: Record, tmp_path: Path) -> None:
    apply(record, [call("c1")])
    backup(record, tmp_path / "backup")
    apply(record, [call("c2")])
    with pytest.raises(BackupFailed, match="not empty"):
        backup(record, tmp_path / "backup")
    with pytest.raises(BadBackup, match="--force"):
        restore(tmp_path / "backup", record)
    assert len(rows(record)) == 2
    record.close()
    restore(tmp_path / "backup", record, force=True)
    assert len(rows(record)) == 1


def test_what_force_replaces_in_sqlite_is_set_aside(sqlite_record: Record, tmp_path: Path) -> None:
    backup(sqlite_record, tmp_path / "backup")
    apply(sqlite_record, [call("c1")])
    sqlite_record.close()
    restore(tmp_path / "backup", sqlite_record, force=True)
    (aside,) = tmp_path.glob("voicehive.db.replaced-*Z")
    old = Record(f"sqlite:///{aside}")
    assert len(rows(old)) == 1
    old.close()


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_a_damaged_backup_is_refused_by_name(sqlite_record: Record, tmp_path: Path, damage: str) -> None:
    backup(sqlite_record, tmp_path / "backup")
    file = tmp_path / "backup" / "record.db"
    content = bytearray(file.read_bytes())
    content[5000] ^= 1
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(content if damage == "flip" else content[:-1])
    with pytest.raises(BadBackup, match=r"record\.db"):
        restore(tmp_path / "backup", Record(f"sqlite:///{tmp_path / 'new.db'}"))
    assert not (tmp_path / "new.db").exists()


def test_a_backup_of_a_newer_version_is_refused(sqlite_record: Record, tmp_path: Path) -> None:
    backup(sqlite_record, tmp_path / "backup")
    path = tmp_path / "backup" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_revision": "9999"}))
    with pytest.raises(BadBackup, match="newer version"):
        restore(tmp_path / "backup", Record(f"sqlite:///{tmp_path / 'new.db'}"))


def test_a_folder_that_is_no_backup_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadBackup, match=r"manifest\.json"):
        restore(tmp_path, Record(f"sqlite:///{tmp_path / 'new.db'}"))


def test_a_backup_of_another_engine_is_refused(sqlite_record: Record, tmp_path: Path) -> None:
    backup(sqlite_record, tmp_path / "backup")
    with pytest.raises(BadBackup, match="sqlite"):
        restore(tmp_path / "backup", Record("postgresql+psycopg://nobody@localhost/none"))


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Record]:
    """A database of an earlier version, with a call."""
    record = Record(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with record.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        columns = "id, revision, source, call_id, updated_at, started_at, status"
        connection.execute(text(f"INSERT INTO calls ({columns}) VALUES (1, 1, 'test', 'c1', 5, 5, 'success')"))
    yield record
    record.close()


def test_an_older_backup_is_brought_to_the_newest_schema(old: Record, tmp_path: Path) -> None:
    backup(old, tmp_path / "backup")
    restored = Record(f"sqlite:///{tmp_path / 'new.db'}")
    restore(tmp_path / "backup", restored)
    assert not migrate(restored)
    assert set(rows(restored)) == {("test", "c1")}
    restored.close()


def test_a_migration_backs_up_what_is_there_first(old: Record, tmp_path: Path) -> None:
    assert migrate(old, tmp_path / "backups")
    (folder,) = (tmp_path / "backups").iterdir()
    assert read_manifest(folder).schema_revision == "0005"
    assert not migrate(old, tmp_path / "backups")
    assert len(list((tmp_path / "backups").iterdir())) == 1
    new = Record(f"sqlite:///{tmp_path / 'new.db'}")
    migrate(new, tmp_path / "none")
    assert not (tmp_path / "none").exists()
    new.close()


def test_keys_come_along_only_with_the_passphrase(sqlite_record: Record, tmp_path: Path) -> None:
    kept = tmp_path / "var"
    kept.mkdir()
    (kept / "secret.key").write_text("a" * 64)
    backup(sqlite_record, tmp_path / "bare")
    backup(sqlite_record, tmp_path / "backup", keys=kept, passphrase="correct horse")
    stored = b"".join(path.read_bytes() for path in (tmp_path / "backup").iterdir())
    assert b"a" * 64 not in stored
    assert not (tmp_path / "bare" / "keys.sealed").exists()
    new = tmp_path / "new"
    with pytest.raises(BadBackup, match="passphrase"):
        restore(tmp_path / "backup", Record(f"sqlite:///{new / 'a.db'}"), keys=new, passphrase="wrong")
    restore(tmp_path / "backup", Record(f"sqlite:///{new / 'a.db'}"), keys=new, passphrase="correct horse")
    assert (new / "secret.key").read_text() == "a" * 64
    assert (new / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_backup_that_fails_leaves_nothing_that_looks_like_one(tmp_path: Path) -> None:
    away = Record(f"sqlite:///{tmp_path / 'none' / 'voicehive.db'}")
    with pytest.raises(BackupFailed):
        backup(away, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
    assert not (tmp_path / "backup.unfinished").exists()
