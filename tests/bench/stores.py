"""Big stores of generated calls, made once and kept between runs.

`analytic(calls)` has only the analytic copy, filled by the copy's own code from a record that makes up its rows;
`full(calls)` has a SQLite record with the same kind of calls, and its copy.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import update

from data import analytics
from data.analytics import COLUMNS, AnalyticCopy
from data.callers import CallerHash
from data.demo.history import generate
from data.merge import fresh
from data.migrations import migrate
from data.models import CallEvent, counters
from data.record import JSON_COLUMNS, Changes, Record
from data.times import DAY
from data.writer import apply

#: Midnight of 2026-01-01 UTC: the calls end here, so that every run asks about the same ones.
END = 1_767_225_600_000_000
YEAR_DAYS = 365
#: Ten million a year. Smaller stores hold as many calls a day and fewer days.
CALLS_PER_DAY = 27_400
MANY = CALLS_PER_DAY * YEAR_DAYS
#: Another one for every layout of the copy: an old store would be thrown away by the copy itself.
_EDITION = hashlib.blake2s(repr((COLUMNS, analytics._LAYOUT)).encode(), digest_size=4).hexdigest()
_SECRET = b"a key of the benchmarks' own callers"


@dataclass(frozen=True, slots=True)
class Store:
    """A folder that serves as VAR_DIR, and how many days of calls are in it."""

    folder: Path
    days: int

    @property
    def copy_path(self) -> Path:
        """The analytic copy."""
        return self.folder / "analytics.duckdb"

    @property
    def start(self) -> int:
        """The instant of the first call."""
        return END - self.days * DAY

    def record(self) -> Record:
        """The record of the store."""
        return Record(f"sqlite:///{self.folder / 'voicehive.db'}")


def cache_folder() -> Path:
    """Where stores are kept: VOICEHIVE_BENCH_DIR, or a folder of the system's for temporary files."""
    return Path(os.environ.get("VOICEHIVE_BENCH_DIR") or Path(tempfile.gettempdir()) / "voicehive-bench")


def analytic(calls: int) -> Store:
    """A store whose record is empty and whose copy holds so many calls."""
    return _kept("analytic", calls, _fill_copy)


def full(calls: int) -> Store:
    """A store with so many calls in a SQLite record, and their copy."""
    return _kept("full", calls, _fill_record)


def _kept(kind: str, calls: int, fill: Any) -> Store:
    days = max(1, round(calls / CALLS_PER_DAY))
    store = Store(cache_folder() / f"{kind}-{days}-days-{_EDITION}", days)
    if not store.folder.exists():
        print(f"Making a store of {calls:,} calls ({kind}), kept in {cache_folder()} ...", flush=True)
        unfinished = Store(store.folder.with_name(f"{store.folder.name}.{os.getpid()}"), days)
        unfinished.folder.mkdir(parents=True)
        try:
            with no_collections():
                fill(unfinished)
            unfinished.folder.rename(store.folder)
        finally:
            shutil.rmtree(unfinished.folder, ignore_errors=True)
    return store


@contextlib.contextmanager
def no_collections() -> Iterator[None]:
    """Without the garbage collector, which finds nothing among rows and takes 40 % of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _generated(days: int) -> Iterator[list[CallEvent]]:
    return generate(end=END, days=days, calls_per_day=CALLS_PER_DAY, hash_caller=CallerHash(_SECRET))


class _Generated(Record):
    """A record that is empty on disk and whose changes are made up while they are read."""

    days: int

    @contextlib.contextmanager
    def changes(self, cursor: int, columns: Sequence[str], chunk: int = 20_000, only: Any = ()) -> Iterator[Changes]:
        """All generated rows, in the order of their ids."""
        current = self.revision()
        yield Changes(current, [], iter(()) if cursor == current else self._rows(columns, current))

    def _rows(self, columns: Sequence[str], revision: int) -> Iterator[list[tuple[Any, ...]]]:
        last = 0
        for events in _generated(self.days):
            rows = [_row(event) | {"id": last + n, "revision": revision} for n, event in enumerate(events, 1)]
            last += len(rows)
            yield [tuple(row.get(name) for name in columns) for row in rows]


def _row(event: CallEvent) -> dict[str, Any]:
    row = fresh(event)
    return row | {name: orjson.dumps(row[name]).decode() for name in JSON_COLUMNS if name in row}


def _fill_copy(store: Store) -> None:
    record = _Generated(f"sqlite:///{store.folder / 'voicehive.db'}")
    record.days = store.days
    migrate(record)
    with record.write() as connection:
        connection.execute(update(counters).where(counters.c.name == "revision").values(value=1))
    _copy(record, store)


def _fill_record(store: Store) -> None:
    record = store.record()
    migrate(record)
    for events in _generated(store.days):
        apply(record, events)
    _copy(record, store)


def _copy(record: Record, store: Store) -> None:
    copy = AnalyticCopy(record, store.copy_path)
    copy.sync()
    copy.close()
    record.close()
