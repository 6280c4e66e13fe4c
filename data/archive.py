"""Calls in Parquet files, a folder a month: what retention writes before it deletes, and how it is read back.

A file holds whole rows, with what is kept beside them, so a call that is read back is what it was. Only the number of
its row and its revision are new.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import orjson
import pandas as pd
from sqlalchemy import BigInteger, Boolean, Double, Integer, select

from data.importer import Report
from data.merge import Row
from data.models import CALL_COLUMNS, DOCUMENTS, call_documents, calls
from data.record import JSON_COLUMNS, Record
from data.times import to_datetime
from data.writer import Documents, Outcome, restore

_TYPES = {BigInteger: "BIGINT", Integer: "INTEGER", Double: "DOUBLE", Boolean: "BOOLEAN"}
_FIELDS = {
    name: _TYPES.get(type(calls.c[name].type), "VARCHAR") for name in CALL_COLUMNS if name not in ("id", "revision")
}
_COLUMNS = _FIELDS | dict.fromkeys(DOCUMENTS, "VARCHAR") | {f"{kind}_at": "BIGINT" for kind in DOCUMENTS}
#: What files of earlier versions do not have: the payload of calls.
_LATER = {"payload": "VARCHAR", "payload_at": "BIGINT"}
_AT_ONCE = 5_000


class BadArchive(ValueError):
    """A Parquet file that was not written by `archive_calls`; the message names it."""


def archive_calls(record: Record, ids: Sequence[int], folder: Path) -> list[Path]:
    """Write the calls with these row ids below `folder`, a file a month; the files, each whole and on the disk.

    Done again for the same calls it writes the same files again.
    """
    frame = _frame(record, ids)
    month = frame["started_at"].map(lambda started: to_datetime(int(started)).strftime("%Y-%m"))
    return [
        _write(part, folder / f"month={name}" / f"calls-{int(part['started_at'].min())}-{min(ids)}-{max(ids)}.parquet")
        for name, part in frame.groupby(month)
    ]


def is_archive(path: Path) -> bool:
    """Whether a file begins like Parquet."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def import_archive(record: Record, path: Path, progress: Callable[[int], object] = lambda done: None) -> Report:
    """Put the calls of a file back; those that are in the record already stay as they are. Raises BadArchive."""
    report = Report()
    size = path.stat().st_size
    with contextlib.closing(duckdb.connect()) as database:
        total = _check(database, path)
        for rows in _rows(database, path):
            documents: Documents = {}
            for row in rows:
                beside = {kind: (row.pop(f"{kind}_at"), row.pop(kind)) for kind in DOCUMENTS if kind in row}
                if beside:
                    documents[row["source"], row["call_id"]] = beside
            outcomes = restore(record, rows, documents)
            report.accepted += outcomes[Outcome.ACCEPTED]
            report.duplicate += outcomes[Outcome.DUPLICATE]
            progress(size * report.rows // total)
    return report


def forget_in_file(path: Path, caller_hash: str, *, anonymise: bool) -> int:
    """Take a caller's calls out of a file, or all that tells who it was out of these calls; how many there were."""
    with contextlib.closing(duckdb.connect()) as database:
        _check(database, path)
        found = _calls(database, path)
        counted = database.execute(
            "SELECT count(*) FROM read_parquet(?) WHERE caller_hash = ?", [str(path), caller_hash]
        ).fetchone()
        assert counted is not None
        if counted[0]:
            theirs = f"caller_hash = {duckdb.ConstantExpression(caller_hash)}"
            kept = found.filter(f"({theirs}) IS NOT TRUE") if not anonymise else found.project(_without_person(theirs))
            _replace(kept, path)
        return int(counted[0])


def _without_person(theirs: str) -> str:
    personal = {"caller_hash", "caller_last2", "metadata"} | set(DOCUMENTS) | {f"{kind}_at" for kind in DOCUMENTS}
    return ", ".join(
        f"CASE WHEN ({theirs}) IS NOT TRUE THEN {name} END AS {name}" if name in personal else name for name in _COLUMNS
    )


def _replace(rows: duckdb.DuckDBPyRelation, path: Path) -> None:
    """Write rows to a file, which appears only once it is whole and on the disk."""
    unfinished = path.with_suffix(".unfinished")
    rows.write_parquet(str(unfinished), compression="zstd")
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.rename(path)


def _frame(record: Record, ids: Sequence[int]) -> pd.DataFrame:
    with record.read() as connection:
        documents = select(call_documents).where(call_documents.c.call_row_id.in_(ids))
        beside: dict[int, Row] = {}
        for row_id, kind, at, body in connection.execute(documents):
            beside.setdefault(row_id, {}).update({kind: body, f"{kind}_at": at})
        found = connection.execute(select(calls).where(calls.c.id.in_(ids)).order_by(calls.c.started_at)).mappings()
        rows = [dict(row) | beside.get(row["id"], {}) for row in found]
    # Whole numbers travel as doubles: exact up to 2^53, far above any instant.
    columns = {
        name: np.array([row.get(name) for row in rows], dtype=object if kind == "VARCHAR" else float)
        for name, kind in _COLUMNS.items()
    }
    return pd.DataFrame(columns)


def _write(frame: pd.DataFrame, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(duckdb.connect()) as database:
        database.register("part", frame)
        typed = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in _COLUMNS.items())
        _replace(database.sql(f"SELECT {typed} FROM part"), path)  # noqa: S608 - our own names
    return path


def _check(database: duckdb.DuckDBPyConnection, path: Path) -> int:
    """The number of rows; BadArchive where the file is none of ours."""
    try:
        found = _calls(database, path)
        missing = _COLUMNS.keys() - set(found.columns)
        counted = found.count("*").fetchone()
    except duckdb.Error as error:
        raise BadArchive(f"{path}: {str(error).partition(chr(10))[0]}") from None
    if missing:
        raise BadArchive(f"{path}: no archive of calls: the column {sorted(missing)[0]!r} is missing")
    assert counted is not None
    return int(counted[0])


def _calls(database: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyRelation:
    found = database.read_parquet(str(path))
    absent = [f"CAST(NULL AS {kind}) AS {name}" for name, kind in _LATER.items() if name not in found.columns]
    return found.project(", ".join(["*", *absent]))


def _rows(database: duckdb.DuckDBPyConnection, path: Path) -> Iterator[list[Row]]:
    names = list(_COLUMNS)
    result = _calls(database, path).project(", ".join(names))
    while found := result.fetchmany(_AT_ONCE):
        yield [_row(dict(zip(names, values, strict=True))) for values in found]


def _row(values: dict[str, Any]) -> Row:
    known = {name: value for name, value in values.items() if value is not None}
    return known | {name: orjson.loads(known[name]) for name in JSON_COLUMNS if name in known}
