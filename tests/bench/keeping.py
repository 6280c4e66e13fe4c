"""Chores on a big record while calls come in: retention, backup, restore."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
from sqlalchemy import func, select

from data.models import calls as calls_table
from data.record import Record
from data.times import now_micros, to_iso
from tests.bench import stores
from tests.bench.ingest import post
from tests.bench.program import ROOT, environment, running
from tests.bench.table import Baseline, Line, percentile

_STORED = 1_000_000
_CLIENTS = 4
_LONGEST_SECONDS = 900.0


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """All on a copy of the store, which is kept."""
    store = stores.full(min(calls, _STORED))
    yield from _backup(store, scratch)
    yield from _retention(store, scratch)


def _copied(store: stores.Store, folder: Path) -> Path:
    shutil.copytree(store.folder, folder)
    return folder


def _backup(store: stores.Store, scratch: Path) -> Iterator[Line]:
    var_dir = _copied(store, scratch / "backup")
    with running("serve", var_dir, scratch) as app, _Posting(app.port) as posting:
        taken = _command("backup", str(scratch / "monday"), var_dir=var_dir)
    figure = f"{_millions(store)} M calls, with {_CLIENTS} clients posting"
    yield Line(f"backup of {figure}", taken, "s", 300)
    yield Line(f"backup of {figure}: p99 of a post", 1000 * percentile(posting.taken, 0.99), "ms")
    restored = scratch / "restored"
    yield Line(
        f"restore of {_millions(store)} M calls",
        _command("restore", str(scratch / "monday"), var_dir=restored),
        "s",
        300,
    )


def _retention(store: stores.Store, scratch: Path) -> Iterator[Line]:
    var_dir = _copied(store, scratch / "retention")
    record = Record(f"sqlite:///{var_dir / 'voicehive.db'}")
    alone = _quiet(var_dir, scratch)
    started = time.perf_counter()
    with running("serve", var_dir, scratch, RETENTION_DAYS="30") as app, _Posting(app.port) as posting:
        while _old(record) and time.perf_counter() - started < _LONGEST_SECONDS:
            time.sleep(0.5)
    taken = time.perf_counter() - started
    assert not _old(record), "retention did not finish"
    record.close()
    figure = f"retention of {_millions(store)} M calls, with {_CLIENTS} clients posting"
    yield Line(figure, taken, "s")
    yield Line(f"{figure}: p99 of a post", 1000 * percentile(posting.taken, 0.99), "ms", 500,
               baselines=[Baseline("without retention", 1000 * alone)])  # fmt: skip


def _quiet(var_dir: Path, scratch: Path) -> float:
    with running("serve", var_dir, scratch) as app, _Posting(app.port) as posting:
        time.sleep(5)
    return percentile(posting.taken, 0.99)


def _old(record: Record) -> int:
    """How many calls of the store are left; those that are posted are of today."""
    query = select(func.count()).select_from(calls_table).where(calls_table.c.started_at < stores.END)
    with record.read() as connection:
        return int(connection.execute(query).scalar_one())


def _bodies() -> Iterator[bytes]:
    for number in itertools.count():
        yield orjson.dumps(
            {"source": "bench", "call_id": f"{time.time_ns()}-{number}", "status": "success", "duration_seconds": 60,
             "started_at": to_iso(now_micros())}
        )  # fmt: skip


def _millions(store: stores.Store) -> str:
    return f"{store.days * stores.CALLS_PER_DAY / 1e6:.2g}"


def _command(*arguments: str, var_dir: Path) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        check=True,
        cwd=ROOT,
        env=environment(var_dir),
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


class _Posting:
    """Clients that post calls for as long as the `with` block runs."""

    def __init__(self, port: int) -> None:
        self.taken: list[float] = []
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> _Posting:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        given = _bodies()
        while not self._stop.is_set():
            self.taken += asyncio.run(post(self._port, given, _CLIENTS, 1.0))
