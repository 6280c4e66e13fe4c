"""A record on each engine, its copy and its writer."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from data.analytics import AnalyticCopy
from data.importer import Report, Source, import_file
from data.ingest import Ingest
from data.migrations import migrate, new_identity
from data.record import Record
from tests.data.importing import Importer
from tests.data.support import emptied, empty_record

SQLITE = pytest.param("sqlite")
POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)
BANK_ZONE = "Asia/Jerusalem"


def made(postgres_url: str, name: str) -> str:
    """A new database on the session's server, which goes away with it."""
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return postgres_url.removesuffix("postgres") + name


@pytest.fixture(scope="session")
def reused_postgres_database(postgres_url: str) -> str:
    """One database for all tests that want an empty record."""
    url = made(postgres_url, "data_layer")
    record = Record(url)
    migrate(record)
    record.close()
    return url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'voicehive.db'}"


@pytest.fixture
def sqlite_record(tmp_path: Path) -> Iterator[Record]:
    """An empty record in SQLite."""
    record = empty_record(tmp_path / "voicehive.db")
    yield record
    record.close()


@pytest.fixture
def postgres_record(reused_postgres_database: str) -> Iterator[Record]:
    """An empty record in PostgreSQL."""
    record = Record(reused_postgres_database)
    emptied(record, new_identity())
    yield record
    record.close()


@pytest.fixture(params=[SQLITE, POSTGRES])
def record(request: pytest.FixtureRequest) -> Record:
    """An empty record, on each engine."""
    found: Record = request.getfixturevalue(f"{request.param}_record")
    return found


@pytest.fixture
def copy(record: Record, tmp_path: Path) -> Iterator[AnalyticCopy]:
    """The analytic copy of `record`, in a file."""
    made_copy = AnalyticCopy(record, tmp_path / "analytics.duckdb")
    yield made_copy
    made_copy.close()


@pytest.fixture
def ingest(record: Record) -> Iterator[Ingest]:
    """The running writer of `record`."""
    writer = Ingest(record)
    writer.start()
    yield writer
    writer.stop()


@dataclass(frozen=True)
class Bank:
    """The bank's January in a record: what the import said, and the figures that plain pandas computed."""

    record: Record
    copy: AnalyticCopy
    file: Path
    meaning: Source
    report: Report
    expected: dict[str, Any]


@pytest.fixture(scope="session", params=[SQLITE, POSTGRES])
def bank(request: pytest.FixtureRequest, datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """31,599 real calls, imported from their file."""
    folder = tmp_path_factory.mktemp("bank")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'bank.db'}"
    else:
        url = made(request.getfixturevalue("postgres_url"), "bank")
    record = Record(url)
    migrate(record)
    file = datasets / "anonymous_bank_1999" / "calls_1999_01.cdr.csv.gz"
    meaning = Source(secret=b"a key of the test", zone=BANK_ZONE)
    report = import_file(record, file, meaning, file_format="csv", rejects=folder / "rejects.csv")
    copy = AnalyticCopy(record, folder / "analytics.duckdb")
    expected = json.loads(file.with_name("expected_january.json").read_text())
    yield Bank(record, copy, file, meaning, report, expected)
    copy.close()
    record.close()


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Without hundreds of reports of the damage."""
    caplog.set_level(logging.CRITICAL, logger="data.analytics")


@pytest.fixture
def importer(sqlite_record: Record, tmp_path: Path) -> Importer:
    return Importer(sqlite_record, tmp_path)
