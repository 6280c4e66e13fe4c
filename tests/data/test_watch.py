"""Whether the record answers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest

from data.migrations import migrate
from data.record import Record, RecordUnavailable
from data.watch import Watch
from tests import servers


def watched(url: str) -> tuple[Record, Watch]:
    record = Record(url)
    migrate(record)
    watch = Watch(record)
    watch.start()
    return record, watch


def test_a_database_file_that_is_gone_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    record, watch = watched(f"sqlite:///{path}")
    record.ping()
    path.unlink()
    servers.wait_until(lambda: record.away() is not None, "the record is away")
    with pytest.raises(RecordUnavailable), record.write():
        pass
    watch.stop()


@pytest.mark.slow
def test_a_database_that_hangs_turns_callers_away_at_once_and_comes_back() -> None:
    with servers.postgres() as server:
        address = f"postgresql://voicehive@127.0.0.1:{server.port}/postgres"
        record, watch = watched(address.replace("postgresql", "postgresql+psycopg"))
        with psycopg.connect(address) as connection:
            backends = connection.execute("SELECT pid FROM pg_stat_activity WHERE pid IS NOT NULL").fetchall()
        assert server.process is not None
        hung = [server.process.pid, *(pid for (pid,) in backends)]
        _send(hung, signal.SIGSTOP)
        try:
            servers.wait_until(lambda: record.away() is not None, "the record is away")
            with pytest.raises(RecordUnavailable), record.read():
                pass
        finally:
            _send(hung, signal.SIGCONT)
        servers.wait_until(lambda: record.away() is None, "the record is back")
        record.ping()
        watch.stop()
        record.close()


def _send(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue
