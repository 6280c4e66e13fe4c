"""Promise 1: an acknowledged call survives kill -9."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

import psutil
import pytest
from sqlalchemy import text

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.ingest import Ingest, Overloaded
from data.migrations import migrate
from data.queries.listing import count_calls
from data.record import Record, RecordUnavailable
from tests import servers
from tests.data.support import T0, call, rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

THREADS = 4
#: A submission is several events of several calls: all of them are stored, or none.
CALLS = 3


def ingest_for_ever(url: str, turn: int, acknowledged: Connection) -> None:
    """Run in a process of its own: write submission after submission, tell of each that was acknowledged."""
    record = Record(url)
    ingest = Ingest(record)
    ingest.start()

    def work(thread: int) -> None:
        for number in itertools.count():
            name = f"{turn}-{thread}-{number}"
            starts = [call(f"{name}/{n}", agent="Ada") for n in range(CALLS)]
            ends = [call(f"{name}/{n}", updated_at=T0 + 1, status="success") for n in range(CALLS)]
            try:
                ingest.write([*starts, *ends])
            except (RecordUnavailable, Overloaded):
                return
            # Short enough to be written in one piece, by several threads at once.
            acknowledged.send_bytes(name.encode())

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, range(THREADS)))


class Child:
    """The ingesting process, and what it said so far."""

    context = multiprocessing.get_context("forkserver")

    def __init__(self, url: str, turn: int) -> None:
        self.context.set_forkserver_preload([__name__])
        self._heard, told = self.context.Pipe(duplex=False)
        self.process = self.context.Process(target=ingest_for_ever, args=(url, turn, told), daemon=True)
        self.process.start()
        told.close()
        self._acknowledged: set[str] = set()
        self._told = threading.Semaphore(0)
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._acknowledged.add(self._heard.recv_bytes().decode())
                self._told.release()

    def wait_for(self, count: int) -> None:
        """Return once so many submissions were acknowledged: the next ones are under way."""
        for _ in range(count):
            assert self._told.acquire(timeout=30)

    def acknowledged(self) -> set[str]:
        """Everything that it had said before it ended."""
        self.process.join(30)
        self._listener.join(30)
        return self._acknowledged


def kill_in_mid_ingest(url: str, turn: int, chance: random.Random) -> set[str]:
    child = Child(url, turn)
    child.wait_for(chance.randrange(1, 60))
    child.process.kill()
    return child.acknowledged()


@contextlib.contextmanager
def opened(url: str) -> Iterator[Record]:
    """The record as a new process finds it."""
    record = Record(url)
    yield record
    record.close()


def check(url: str, acknowledged: set[str]) -> None:
    """Nothing that was acknowledged is missing and nothing is torn."""
    with opened(url) as record:
        stored: dict[str, list[dict[str, Any]]] = {}
        for (_, call_id), row in rows(record).items():
            stored.setdefault(call_id.partition("/")[0], []).append(row)
    assert acknowledged - set(stored) == set()
    torn = {
        n for n, found in stored.items() if [(r["agent"], r["status"]) for r in found] != [("Ada", "success")] * CALLS
    }
    assert torn == set()


def test_sqlite_loses_and_tears_nothing_when_the_process_is_killed_twenty_times(sqlite_url: str) -> None:
    chance, acknowledged = random.Random(1), set[str]()
    with opened(sqlite_url) as record:
        migrate(record)
    for turn in range(20):
        acknowledged |= kill_in_mid_ingest(sqlite_url, turn, chance)
        check(sqlite_url, acknowledged)
    assert len({name.partition("-")[0] for name in acknowledged}) == 20
    with opened(sqlite_url) as record:
        with record.read() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        copy = AnalyticCopy(record, None)
        assert count_calls(copy, CallFilter()) == len(rows(record))
        copy.close()


def test_postgresql_loses_and_tears_nothing_when_the_process_is_killed_ten_times(postgres_record: Record) -> None:
    chance, acknowledged = random.Random(2), set[str]()
    url = postgres_record.url.render_as_string(hide_password=False)
    for turn in range(10):
        acknowledged |= kill_in_mid_ingest(url, turn, chance)
        check(url, acknowledged)
    assert len({name.partition("-")[0] for name in acknowledged}) == 10


@pytest.mark.postgres
def test_postgresql_loses_and_tears_nothing_when_the_server_is_killed() -> None:
    with servers.postgres() as server:
        url = f"postgresql+psycopg://voicehive@127.0.0.1:{server.port}/postgres"
        with opened(url) as record:
            migrate(record)
        child = Child(url, 0)
        child.wait_for(50)
        workers = psutil.Process(server.pid).children(recursive=True)
        server.kill()
        for worker in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()
        psutil.wait_procs(workers, timeout=10)
        acknowledged = child.acknowledged()
        assert child.process.exitcode == 0, "the writer told its submitters and went on"
        server.start()
        check(url, acknowledged)
        assert acknowledged
