"""The record: the one true store of calls, in SQLite (default) or PostgreSQL.

Writes happen in one transaction a batch (data/writer.py); what is committed is durable. Every change carries a
`revision` by which the analytic copy finds what is new: in SQLite a counter raised in the writing transaction (one
writer at a time, so commit order is counter order); in PostgreSQL the transaction's id, read again from a snapshot's
xmin on, because there a lower number may be committed after a higher one.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, Row, create_engine, event, make_url, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from data.models import CALL_COLUMNS, DOCUMENTS, call_documents, calls, counters, deletions

#: Columns that hold JSON text.
JSON_COLUMNS = ("tags", "metadata", "stamps", "review_tags")
_CONNECT_SECONDS = 2
_BUSY_MILLISECONDS = 10_000


class RecordUnavailable(RuntimeError):
    """The database can't be reached, or did not answer in time."""


class RecordFull(RuntimeError):
    """The database can't grow: its disk is full."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a cursor: the ids of deleted rows (first to last; they are dropped before anything is stored),
    rows in chunks, and the cursor to ask with the next time.
    """

    cursor: int
    deleted: list[tuple[int, int]]
    chunks: Iterator[Sequence[tuple[Any, ...]]]


class Record:
    """One database. Threads may share it; each takes its own connection from the pool."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        #: Why the record can't be used at present; data/watch.py knows. Asked before a connection is.
        self.away: Callable[[], str | None] = lambda: None
        self._file: tuple[int, int] | None = None
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        if not self.is_sqlite:
            event.listen(self.engine, "do_connect", self._refuse_to_wait)
            event.listen(self.engine, "connect", lambda connection, _: self._connections.add(connection))

    @property
    def is_sqlite(self) -> bool:
        """Whether the record is a SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    def cut(self) -> None:
        """End every connection to a server, so that whoever waits for it to answer learns that it does not."""
        if self.is_sqlite:
            return
        import psycopg

        for connection in list(self._connections):
            with (
                contextlib.suppress(psycopg.Error, OSError),
                socket.socket(fileno=os.dup(connection.fileno())) as line,
            ):
                line.shutdown(socket.SHUT_RDWR)

    def _refuse_to_wait(self, *_: object) -> None:
        """Whose connection was cut would wait once more for a new one."""
        import psycopg

        if reason := self.away():
            raise psycopg.OperationalError(reason)

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in a transaction that sees one state of the database."""
        self._refuse_if_away()
        with self._reading() as connection:
            yield connection

    def _refuse_if_away(self) -> None:
        if reason := self.away():
            raise RecordUnavailable(reason)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _translated(), self.engine.connect() as connection:
            if not self.is_sqlite:
                # In place: the options are those of this checkout.
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a writing transaction: committed at the end, rolled back by an exception."""
        self._refuse_if_away()
        with _translated(), self.engine.connect() as connection:
            connection.execution_options(voicehive_write=True)
            with connection.begin():
                yield connection

    def ping(self) -> None:
        """Return if the database answers; raise RecordUnavailable if not."""
        with self._reading() as connection:
            if connection.execute(select(counters.c.value).limit(1)).first() is None:
                raise RecordUnavailable("the database is empty")
        self._check_file()

    def _check_file(self) -> None:
        """A SQLite file that was deleted or replaced would be written to without anybody finding it again."""
        if not self.is_sqlite or not self.url.database:
            return
        try:
            found = Path(self.url.database).stat()
        except OSError as error:
            raise RecordUnavailable(f"the database file is gone: {error.strerror}") from None
        self._file = self._file or (found.st_dev, found.st_ino)
        if self._file != (found.st_dev, found.st_ino):
            raise RecordUnavailable("the database file was replaced while it was in use; restart")

    def identity(self) -> int:
        """The number drawn when this database was made: a copy of another database is told apart by it."""
        with self.read() as connection:
            return int(connection.execute(select(counters.c.value).where(counters.c.name == "identity")).scalar_one())

    def size(self) -> int:
        """Bytes on disk, with what waits to be written into the file."""
        if self.is_sqlite:
            path = Path(self.url.database or "")
            found = (path.with_name(path.name + suffix) for suffix in ("", "-wal"))
            return sum(each.stat().st_size for each in found if each.exists())
        with self.read() as connection:
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())

    def revision(self) -> int:
        """A number that rises with every committed change (and, in PostgreSQL, also without one)."""
        with self.read() as connection:
            return _revision(connection)

    @contextlib.contextmanager
    def changes(
        self, cursor: int, columns: Sequence[str], chunk: int = 5_000, only: Sequence[ColumnElement[bool]] = ()
    ) -> Iterator[Changes]:
        """All rows changed since `cursor` (0 = all) that meet the conditions, oldest row first.

        In PostgreSQL rows of transactions that overlapped may come more than once: apply them by id.
        """
        with self.read() as connection:
            current = _revision(connection)
            if cursor == current and self.is_sqlite:
                yield Changes(current, [], iter(()))
                return
            query = select(*(calls.c[name] for name in columns)).where(*only).order_by(calls.c.id)
            if cursor:
                query = query.where(self._since(calls.c.revision, cursor))
            deleted = self._deleted(connection, cursor) if cursor else []
            result = connection.execution_options(stream_results=True, max_row_buffer=chunk).execute(query)
            first: list[Any] = list(result.fetchmany(1))  # a streamed result has fetched its first row ahead
            # The driver's own rows: Core's cost as much again as fetching them, and a first copy reads millions.
            rows: Any = result.cursor
            yield Changes(current, deleted, _chunks(first, rows, chunk) if first else iter(()))

    def _since(self, revision: ColumnElement[int], cursor: int) -> ColumnElement[bool]:
        return revision > cursor if self.is_sqlite else revision >= cursor

    def _deleted(self, connection: Connection, cursor: int) -> list[tuple[int, int]]:
        query = select(deletions.c.ranges).where(self._since(deletions.c.revision, cursor))
        return [(first, last) for text in connection.execute(query).scalars() for first, last in orjson.loads(text)]

    def call(self, source: str, call_id: str) -> dict[str, Any] | None:
        """The row of one call with its JSON columns read, and what is kept beside it as text; None if there is none."""
        with self.read() as connection:
            query = select(calls).where(calls.c.source == source, calls.c.call_id == call_id)
            found = connection.execute(query).one_or_none()
            if found is None:
                return None
            documents = select(call_documents.c.kind, call_documents.c.body)
            beside = connection.execute(documents.where(call_documents.c.call_row_id == found.id))
            return decode(found) | dict.fromkeys(DOCUMENTS) | {str(kind): body for kind, body in beside}

    def calls_by_id(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """The rows with these ids, in this order; those that are gone are left out."""
        with self.read() as connection:
            found = {row.id: decode(row) for row in connection.execute(select(calls).where(calls.c.id.in_(ids)))}
        return [found[row_id] for row_id in ids if row_id in found]


def _chunks(first: list[Any], rest: Any, size: int) -> Iterator[Sequence[tuple[Any, ...]]]:
    yield first + list(rest.fetchmany(size - len(first)))
    yield from iter(lambda: rest.fetchmany(size), [])


def decode(row: Row[Any]) -> dict[str, Any]:
    """A row of all columns as a dict without its unknown fields, JSON columns read."""
    values = {name: value for name, value in zip(CALL_COLUMNS, row, strict=True) if value is not None}
    for name in JSON_COLUMNS:
        if name in values:
            values[name] = orjson.loads(values[name])
    return values


def _revision(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        return int(connection.execute(select(counters.c.value).where(counters.c.name == "revision")).scalar_one())
    return int(connection.execute(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")).scalar_one())


def next_revision(connection: Connection) -> int:
    """The revision of the changes that this writing transaction makes to calls."""
    if connection.dialect.name == "sqlite":
        raised = update(counters).where(counters.c.name == "revision").values(value=counters.c.value + 1)
        return int(connection.execute(raised.returning(counters.c.value)).scalar_one())
    return int(connection.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one())


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Tell a database that is away or full apart from a fault of ours."""
    try:
        yield
    except OperationalError as error:
        reason = str(error.orig).strip() or type(error.orig).__name__
        if "disk is full" in reason or "No space left" in reason:
            raise RecordFull(reason) from error
        raise RecordUnavailable(reason) from error
    except DBAPIError as error:
        if error.connection_invalidated or _is_damaged(error):
            raise RecordUnavailable(str(error.orig)) from error
        raise
    except TimeoutError as error:
        raise RecordUnavailable(str(error)) from error


def _is_damaged(error: DBAPIError) -> bool:
    words = str(error.orig)
    return isinstance(error.orig, sqlite3.DatabaseError) and ("not a database" in words or "malformed" in words)


def _sqlite_engine(url: str) -> Engine:
    database = make_url(url).database
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=8, max_overflow=120, pool_timeout=_CONNECT_SECONDS)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        # The driver's own BEGIN comes too late to hold one snapshot for two SELECTs; ours is below.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={_BUSY_MILLISECONDS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-4000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("voicehive_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: str) -> Engine:
    arguments = {
        "connect_timeout": _CONNECT_SECONDS,
        # A peer that stopped answering is given up, not waited for.
        "tcp_user_timeout": 2_000,
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        "keepalives_count": 2,
        "application_name": "voicehive",
    }
    return create_engine(
        url, pool_size=8, max_overflow=24, pool_timeout=_CONNECT_SECONDS, pool_pre_ping=True, connect_args=arguments
    )
