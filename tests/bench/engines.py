"""The same Core queries on the engines behind the record, without the analytic copy."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import psycopg
from sqlalchemy import Select, event, make_url

from data.migrations import migrate
from data.models import CALL_COLUMNS
from data.record import Record
from tests.bench.stores import Store
from tests.servers import find, postgres


class Direct:
    """Answers a query as the copy does, from the record itself."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def pulled(self) -> contextlib.AbstractContextManager[None]:
        """Nothing needs to be pulled."""
        return contextlib.nullcontext()

    def frame(self, query: Select[Any], name: str = "query") -> pd.DataFrame:
        """The answer as a frame."""
        with self._record.read() as connection:
            result = connection.execute(query)
            return pd.DataFrame(result.fetchall(), columns=list(result.keys()))

    def row(self, query: Select[Any], name: str = "query") -> dict[str, Any]:
        """The answer's one row."""
        with self._record.read() as connection:
            return dict(connection.execute(query).mappings().one())


class _Percentile:
    """percentile(value, share) for SQLite, which has none."""

    def __init__(self) -> None:
        self._values: list[float] = []
        self._share = 0.0

    def step(self, value: float | None, share: float) -> None:
        self._share = share
        if value is not None:
            self._values.append(value)

    def finalize(self) -> float | None:
        return float(np.percentile(self._values, 100 * self._share)) if self._values else None


@contextlib.contextmanager
def sqlite_engine(store: Store) -> Iterator[Direct]:
    """SQLite on the store's own file."""
    record = store.record()

    @event.listens_for(record.engine, "connect")
    def extend(connection: sqlite3.Connection, _: object) -> None:
        connection.create_aggregate("percentile", 2, _Percentile)  # type: ignore[arg-type]

    try:
        yield Direct(record)
    finally:
        record.close()


@contextlib.contextmanager
def postgres_engine(store: Store) -> Iterator[Direct | None]:
    """PostgreSQL with the same rows; None where it is not installed."""
    if not find("postgres") or not find("initdb"):
        yield None
        return
    with postgres() as server:
        record = Record(f"postgresql+psycopg://voicehive@127.0.0.1:{server.port}/postgres")
        try:
            migrate(record)
            _load(store, record)
            yield Direct(record)
        finally:
            record.close()


def _load(store: Store, record: Record) -> None:
    """Copy the calls over and let the planner know them."""
    names = ", ".join(CALL_COLUMNS)
    url = str(make_url(record.url).set(drivername="postgresql"))
    with (
        contextlib.closing(sqlite3.connect(store.folder / "voicehive.db")) as source,
        psycopg.connect(url, autocommit=True) as target,
    ):
        boolean = CALL_COLUMNS.index("transferred")
        with target.cursor().copy(f"COPY calls ({names}) FROM STDIN") as sink:
            for row in source.execute(f"SELECT {names} FROM calls"):
                cells = list(row)
                if cells[boolean] is not None:
                    cells[boolean] = bool(cells[boolean])
                sink.write_row(cells)
        target.execute("VACUUM ANALYZE calls")
