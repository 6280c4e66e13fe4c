"""The analytic copy: DuckDB in this process, fed from the record, disposable at any time.

Before a query the copy pulls the rows whose revision is newer than its cursor; the cursor is stored with the last of
them, never before: a query sees whatever was acknowledged before it was asked. A file that is missing, damaged or
made from another database is thrown away and filled again.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol, TypeVar

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Boolean, ColumnElement, Double, Integer, Select

from data.kept import KEPT
from data.models import CALL_COLUMNS, CLOSED, calls
from data.record import Record
from data.sqlx import duckdb_sql, duckdb_value

log = logging.getLogger(__name__)
T = TypeVar("T")

#: What figures never ask for stays in the record.
_LEFT_OUT = frozenset({"metadata", "stamps"})
COLUMNS = tuple(name for name in CALL_COLUMNS if name not in _LEFT_OUT)
_TYPES = {BigInteger: "BIGINT", Integer: "INTEGER", Double: "DOUBLE", Boolean: "BOOLEAN"}


def _type(name: str) -> str:
    if name == "id":
        return "BIGINT"
    # Words of a closed list are kept as their numbers: grouped and compared in half the time that texts take.
    words = CLOSED.get(name)
    return f"ENUM {tuple(map(str, words))}" if words else _TYPES.get(type(calls.c[name].type), "VARCHAR")


#: What the copy makes of each call as it stores it: by column, its type and how it is made.
_KEPT = {each.column: (_TYPES[type(each.type)], duckdb_value(each.value)) for each in KEPT}
_TYPED = {name: _type(name) for name in COLUMNS} | {name: kind for name, (kind, _) in _KEPT.items()}
_TABLE = f"CREATE TABLE calls ({', '.join(f'{name} {kind}' for name, kind in _TYPED.items())})"
#: All of these columns from those that the record has.
_MADE = ", ".join(["*", *(f"{value} AS {name}" for name, (_, value) in _KEPT.items())])
#: A file with another layout is filled again.
_LAYOUT = zlib.crc32((_TABLE + _MADE).encode())
#: Errors that a fresh copy would give again.
_OUR_FAULT = (duckdb.ProgrammingError, duckdb.DataError, duckdb.OutOfMemoryException, duckdb.InterruptException)
_ID_SPAN = 122_880  # DuckDB's row group: an update looks only into the groups that hold its rows
_COMMITTED_ROWS = 500_000  # ten million rows in one transaction do not fit into the memory limit


#: Set where the copy was pulled for all that is asked in a context.
_PULLED: ContextVar[bool] = ContextVar("pulled", default=False)


class Frames(Protocol):
    """What answers queries: the copy as it is at each of them, or one state of it."""

    def frame(self, query: Select[Any], name: str = "query") -> pd.DataFrame:
        """The query's answer."""
        ...


class AnalyticCopy:
    """Answers Core queries over calls as frames; threads may share it."""

    def __init__(
        self,
        record: Record,
        path: Path | None,
        *,
        memory_limit: str = "512MB",
        on_query: Callable[[str, float], None] = lambda name, seconds: None,
        only: Sequence[ColumnElement[bool]] = (),
    ) -> None:
        """`path` None keeps the copy in memory. `only`: the calls that are copied, where not all are wanted."""
        self._only = only
        self._record = record
        self._path = path
        self._memory_limit = memory_limit
        self._on_query = on_query
        self._lock = threading.Lock()
        self._cursor = 0
        self.version = 0
        self._database = self._open()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def frame(self, query: Select[Any], name: str = "query") -> pd.DataFrame:
        """The query's answer over all that the record holds now."""
        return self._answer(query, name, _as_frame)

    def arrays(self, query: Select[Any], name: str = "query") -> dict[str, NDArray[Any]]:
        """The answer's columns as bare arrays, for many rows of numbers; an unknown one is NaN."""
        return self._answer(query, name, _as_arrays)

    def row(self, query: Select[Any], name: str = "query") -> dict[str, Any]:
        """The one row that the query answers, as plain values by name; None where unknown."""
        return dict(zip(query.selected_columns.keys(), self._answer(query, name, _first_row), strict=True))

    def _answer(self, query: Select[Any], name: str, read: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        if not _PULLED.get():
            self.sync()
        started = time.perf_counter()
        sql, parameters = duckdb_sql(query)
        answer = self._asked(lambda database: _run(database, sql, parameters, read))
        self._on_query(name, time.perf_counter() - started)
        return answer

    def _asked(self, ask: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """What the copy answers, or the one that takes its place where it is broken."""
        replaced = False
        while True:
            database = self._database
            try:
                return ask(database)
            except duckdb.Error as error:
                with self._lock:
                    # Where another thread has just replaced it, that is the reason, whatever the error says.
                    if self._database is database:
                        if replaced or isinstance(error, _OUR_FAULT):
                            raise
                        self._replace(str(error))
                        replaced = True

    @contextlib.contextmanager
    def pulled(self) -> Iterator[None]:
        """Pull once for all that is asked within: to ask the record before each of ten queries takes its time, too."""
        if not _PULLED.get():
            self.sync()
        token = _PULLED.set(True)
        try:
            yield
        finally:
            _PULLED.reset(token)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Frames]:
        """One state of all that the record holds now, for several queries."""
        self.sync()
        with contextlib.closing(self._database.cursor()) as cursor, _transaction(cursor):
            yield _Snapshot(cursor)

    def sync(self) -> int:
        """Pull what is new from the record; the copy's version, which rises when rows changed."""
        with self._lock:
            try:
                self._pull(self._database)
            except duckdb.ConversionException:
                # A word of the record that is in no list of ours: a fresh copy could not hold it either.
                raise
            except duckdb.Error as error:
                self._replace(str(error))
            return self.version

    def lag(self) -> int:
        """How many revisions of the record the copy has not pulled yet; the next query pulls them."""
        return max(self._record.revision() - self._cursor, 0)

    def rows(self) -> int:
        """How many calls the copy holds."""
        return int(_run(self._database, "SELECT count(*) FROM calls", [], _first_row)[0])

    def size(self) -> int:
        """Bytes on disk; 0 in memory."""
        found = [self._path.with_name(self._path.name + suffix) for suffix in ("", ".wal")] if self._path else []
        return sum(each.stat().st_size for each in found if each.exists())

    def _replace(self, reason: str) -> None:
        log.error("the analytic copy is broken and is filled again: %s", reason.partition("\n")[0])
        with contextlib.suppress(duckdb.Error):
            self._database.close()
        self._remove()
        try:
            database = self._filled()
        except duckdb.Error as error:
            if self._path is None or isinstance(error, _OUR_FAULT):
                raise
            self._stay_in_memory(error)
            database = self._filled()
        # Only now: a thread that asks meanwhile must not get the figures of a half filled copy.
        self._database = database

    def _filled(self) -> duckdb.DuckDBPyConnection:
        database = self._open()
        try:
            self._pull(database)
        except BaseException:
            database.close()  # DuckDB would hand it out again for the file that takes its place
            raise
        return database

    def _stay_in_memory(self, error: Exception) -> None:
        # As on a full disk, of which the copy then takes nothing away from the record.
        with contextlib.suppress(OSError):
            self._remove()
        reason = str(error).partition("\n")[0]
        log.error("the analytic copy can't be kept in a file, it is kept in memory: %s", reason)
        self._path = None

    def _remove(self) -> None:
        if self._path:
            for suffix in ("", ".wal"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _open(self) -> duckdb.DuckDBPyConnection:
        identity = self._record.identity()
        if self._path is not None:
            try:
                return self._open_file(self._path, identity)
            except (duckdb.Error, OSError) as error:
                self._stay_in_memory(error)
        return self._create(identity)

    def _open_file(self, path: Path, identity: int) -> duckdb.DuckDBPyConnection:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            try:
                with contextlib.ExitStack() as stack:
                    # Closed wherever it is not used: DuckDB would hand it out again for the file that takes its place.
                    database = stack.enter_context(contextlib.closing(self._connect()))
                    stored = database.execute("SELECT identity, layout, cursor FROM meta").fetchone()
                    # Cursor 0: nothing was pulled yet, or the first pull was cut off.
                    if stored and stored[:2] == (identity, _LAYOUT) and 0 < stored[2] <= self._record.revision():
                        self._cursor = stored[2]
                        stack.pop_all()
                        return database
            except duckdb.Error as error:
                log.warning("the analytic copy can't be read and is filled again: %s", str(error).partition("\n")[0])
        self._remove()
        return self._create(identity)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": self._memory_limit,
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "false",
            "allow_unredacted_secrets": "false",
            # Without them what a large pull has used is never given back: a hundred megabytes.
            "allocator_background_threads": "true",
        }
        database = duckdb.connect(str(self._path or ":memory:"), config=config)
        database.execute("SET lock_configuration = true")
        return database

    def _create(self, identity: int) -> duckdb.DuckDBPyConnection:
        database = self._connect()
        database.execute(_TABLE)
        database.execute("CREATE TABLE meta (identity BIGINT, layout BIGINT, cursor BIGINT)")
        database.execute("INSERT INTO meta VALUES (?, ?, 0)", [identity, _LAYOUT])
        self._cursor = 0
        return database

    def _pull(self, database: duckdb.DuckDBPyConnection) -> None:
        with self._record.changes(self._cursor, COLUMNS, only=self._only) as changes:
            rows = next(changes.chunks, None)
            if rows is None and not changes.deleted:
                self._cursor = changes.cursor
                return
            with contextlib.closing(database.cursor()) as cursor, _transaction(cursor):
                # Before any row is stored: SQLite gives the id of a deleted newest row again.
                _drop(cursor, changes.deleted)
                uncommitted = 0
                while rows:
                    if uncommitted >= _COMMITTED_ROWS:
                        # The cursor moves last: what is cut off after this is pulled again from where it began.
                        cursor.execute("COMMIT")
                        cursor.execute("BEGIN")
                        uncommitted = 0
                    _store(cursor, rows)
                    uncommitted += len(rows)
                    rows = next(changes.chunks, None)
                cursor.execute("UPDATE meta SET cursor = ?", [changes.cursor])
            self._cursor = changes.cursor
            self.version += 1


class _Snapshot:
    """A transaction that reads."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def frame(self, query: Select[Any], name: str = "query") -> pd.DataFrame:
        return _as_frame(self._cursor.execute(*duckdb_sql(query)))


def _run(
    database: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Sequence[Any],
    read: Callable[[duckdb.DuckDBPyConnection], T],
) -> T:
    with contextlib.closing(database.cursor()) as cursor:
        return read(cursor.execute(sql, parameters))


def _first_row(answer: duckdb.DuckDBPyConnection) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = answer.fetchone()
    if row is None:
        raise duckdb.InvalidInputException("there is no row")
    return row


def _as_arrays(answer: duckdb.DuckDBPyConnection) -> dict[str, NDArray[Any]]:
    found: dict[str, Any] = answer.fetchnumpy()
    return {name: each.filled(np.nan) if np.ma.isMaskedArray(each) else each for name, each in found.items()}


def _as_frame(answer: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    frame = answer.df()
    # As texts, like those of any other column: a group of categories has a row for each that is missing, too.
    for name, kind in frame.dtypes.items():
        if isinstance(kind, pd.CategoricalDtype):
            frame[name] = frame[name].astype("str")
    return frame


@contextlib.contextmanager
def _transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    cursor.execute("BEGIN")
    try:
        yield
    except BaseException:
        with contextlib.suppress(duckdb.Error):
            cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")


def _drop(cursor: duckdb.DuckDBPyConnection, deleted: Sequence[tuple[int, int]]) -> None:
    """Drop the rows with these ids, first to last."""
    for first, last in deleted:
        cursor.execute("DELETE FROM calls WHERE id BETWEEN ? AND ?", [first, last])


def _store(cursor: duckdb.DuckDBPyConnection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert the rows that the copy lacks and update the others, told apart by id."""
    # As a frame: among bare arrays DuckDB fails on a column that begins with a thousand unknown values.
    batch = pd.DataFrame(_as_columns(rows), copy=False)
    held = batch["id"].isin(_held(cursor, batch["id"]))
    if held.any():
        _update(cursor, batch[held])
        batch = batch[~held]
    if len(batch):
        # As a relation: what is registered stays in memory until the transaction ends, a whole history of it.
        cursor.from_df(batch).set_alias("calls").project(_MADE).insert_into("calls")


def _held(cursor: duckdb.DuckDBPyConnection, ids: pd.Series[float]) -> set[int]:
    """Those of the ids that the copy holds."""
    newest = cursor.execute("SELECT coalesce(max(id), 0) FROM calls").fetchone()
    assert newest is not None
    asked = [int(row_id) for row_id in ids[ids <= newest[0]]]
    if not asked:
        return set()
    query = "SELECT id FROM calls WHERE id BETWEEN ? AND ? AND id IN (SELECT unnest(?))"
    return {row_id for (row_id,) in cursor.execute(query, [min(asked), max(asked), asked]).fetchall()}


def _update(cursor: duckdb.DuckDBPyConnection, batch: pd.DataFrame) -> None:
    cursor.register("batch", batch)
    assignments = ", ".join(f"{name} = batch.{name}" for name in _TYPED if name != "id")
    for span in sorted(set(batch["id"] // _ID_SPAN)):
        bounds = [int(span) * _ID_SPAN, (int(span) + 1) * _ID_SPAN - 1]
        cursor.execute(
            f"UPDATE calls SET {assignments} FROM (SELECT {_MADE} FROM batch AS calls) AS batch "  # noqa: S608 - our own
            "WHERE calls.id = batch.id "
            "AND calls.id BETWEEN ? AND ? AND batch.id BETWEEN ? AND ?",
            [*bounds, *bounds],
        )
    cursor.unregister("batch")


def _as_columns(rows: Sequence[tuple[Any, ...]]) -> dict[str, NDArray[Any]]:
    """Rows as columns for DuckDB, which reads NaN and None as NULL and casts to the copy's types.

    Whole numbers travel as doubles: exact up to 2^53, far above any instant, and many times faster than nullable types.
    """
    columns = zip(COLUMNS, zip(*rows, strict=True), strict=True)
    return {name: np.array(values, dtype=_DTYPES[name]) for name, values in columns}


_DTYPES: dict[str, Any] = {
    name: np.float64 if isinstance(calls.c[name].type, BigInteger | Integer | Double | Boolean) else object
    for name in COLUMNS
}
