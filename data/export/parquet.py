"""Parquet with types: TIMESTAMP in UTC, numbers, booleans. DuckDB writes it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import duckdb

from data.export.batches import DOUBLES, EXPORTED, TIMES, TRUTHS, WHOLE, Batches

_TYPES = (
    dict.fromkeys(TIMES, "TIMESTAMPTZ")
    | dict.fromkeys(WHOLE, "BIGINT")
    | dict.fromkeys(TRUTHS, "BOOLEAN")
    | dict.fromkeys(DOUBLES, "DOUBLE")
)


def write_parquet(found: Batches, path: Path) -> None:
    """Write the file; rows gather in a database beside it, so that memory does not grow with them."""
    gathered = path.with_suffix(".gathered")
    # The copy's own database may not touch files; this one lives as long as the export.
    with contextlib.closing(duckdb.connect(str(gathered), config={"memory_limit": "512MB", "threads": 1})) as database:
        names = ", ".join(EXPORTED)
        columns = ", ".join(f"{name} {_TYPES.get(name, 'VARCHAR')}" for name in EXPORTED)
        database.execute(f"CREATE TABLE calls ({columns})")
        for frame in found.frames:
            database.register("batch", frame)
            database.execute(f"INSERT INTO calls SELECT {names} FROM batch")  # noqa: S608 - our own names
            database.unregister("batch")
        database.execute("COPY calls TO ? (FORMAT parquet, COMPRESSION zstd)", [str(path)])
    gathered.unlink(missing_ok=True)
