"""Fills an empty record with the demo's history; run in a process of its own, which imports only what that needs."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from data.callers import CallerHash
from data.demo.history import generate
from data.demo.traces import with_trace
from data.migrations import migrate
from data.record import Record
from data.times import DAY, now_micros
from data.writer import apply


def fill(record_url: str, secret: bytes, done: Path) -> None:
    """Write 60 days of generated calls, then the mark `done`."""
    # All that is made here is data without cycles; looking for some took 40 % of the time.
    gc.disable()
    record = Record(record_url)
    migrate(record)
    # The newest first: that is what the page shows, long before all are written.
    end = now_micros()
    for chunk in reversed(list(generate(end=end, hash_caller=CallerHash(secret)))):
        # A trace is larger than its call: two months of them would take too long.
        apply(record, [with_trace(call) if call["started_at"] >= end - DAY else call for call in chunk])
    record.close()
    done.touch()


if __name__ == "__main__":
    fill(sys.argv[1], sys.stdin.buffer.read(), Path(sys.argv[2]))
