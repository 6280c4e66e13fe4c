"""Fills an empty record with the demo's history; run in a process of its own, which imports only what that needs."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from data.callers import CallerHash
from data.demo.history import generate
from data.demo.traces import with_trace
from data.migrations import migrate
from data.models import CallEvent
from data.record import Record
from data.times import DAY, now_micros
from data.writer import insert_prepared, prepare


def fill(record_url: str, secret: bytes, done: Path, go_on: Callable[[], object]) -> None:
    """Write two days of generated calls, 58 earlier days as soon as `go_on` returns, then the mark `done`."""
    # All that is made here is data without cycles; looking for some took 40 % of the time.
    gc.disable()
    record = Record(record_url)
    migrate(record)
    end = now_micros()
    chunks = list(generate(end=end, hash_caller=CallerHash(secret)))
    # What the page shows first: a day and the one before it.
    recent = [call for chunk in chunks for call in chunk if call["started_at"] >= end - 2 * DAY]
    # A trace is larger than its call: two months of them would take too long.
    _store(record, [with_trace(call) if call["started_at"] >= end - DAY else call for call in recent])
    # The server gets ready meanwhile: it is waited for.
    go_on()
    for chunk in reversed(chunks):
        _store(record, [call for call in chunk if call["started_at"] < end - 2 * DAY])
    record.close()
    done.touch()


def _store(record: Record, calls: Sequence[CallEvent]) -> None:
    # Prepared ahead, so that the server, which writes as well, finds the record free in between.
    if calls and not insert_prepared(record, prepare(calls)):
        raise RuntimeError("the record of the demo holds calls of its history already")


if __name__ == "__main__":
    with contextlib.closing(Record(sys.argv[1])) as empty:
        migrate(empty)
    sys.stdout.write("migrated\n")
    sys.stdout.flush()
    fill(sys.argv[1], bytes.fromhex(sys.stdin.readline()), Path(sys.argv[2]), sys.stdin.read)
