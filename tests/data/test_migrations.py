from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from data import migrations
from data.migrations import HEAD, SchemaTooNew, migrate
from data.models import metadata
from data.record import Record
from data.writer import apply
from tests.data.support import call, rows


def test_the_newest_revision_is_the_one_that_is_known() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_migrated_database_has_the_tables_of_the_models(record: Record) -> None:
    with record.read() as connection:
        differences: Any = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []


def test_a_second_migration_has_nothing_to_do_and_keeps_the_calls(record: Record) -> None:
    apply(record, [call()])
    before, identity = rows(record), record.identity()
    assert not migrate(record)
    assert (rows(record), record.identity()) == (before, identity)


def test_every_database_has_a_number_of_its_own(tmp_path: Path) -> None:
    records = [Record(f"sqlite:///{tmp_path / name}") for name in ("a.db", "b.db")]
    assert all(migrate(record) for record in records)
    assert records[0].identity() != records[1].identity()
    for record in records:
        record.close()


def test_instances_that_start_together_make_one_schema(postgres_database: str) -> None:
    records = [Record(postgres_database) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, records))
    assert len({record.identity() for record in records}) == 1
    for record in records:
        record.close()


def test_a_database_of_a_newer_version_is_left_alone(sqlite_record: Record) -> None:
    with sqlite_record.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match="newer version"):
        migrate(sqlite_record)
    sqlite_record.ping()
