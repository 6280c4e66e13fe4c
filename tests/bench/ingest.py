"""How fast calls come in: by file and one by one."""

from __future__ import annotations

import asyncio
import csv
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson
import pandas as pd
from sqlalchemy import create_engine

from data.callers import CallerHash
from data.demo.history import generate
from data.importer import Source, import_file
from data.migrations import migrate
from data.models import CallEvent
from data.record import Record
from data.times import to_datetime, to_iso
from tests.bench import client
from tests.bench.program import ROOT, environment, running
from tests.bench.stores import END
from tests.bench.table import Baseline, Line, percentile

_JANUARY = ROOT.parent / "shared" / "datasets" / "anonymous_bank_1999" / "calls_1999_01.cdr.csv.gz"
_BULK_ROWS = 300_000
_CLIENTS = 16
_POST_SECONDS = 6.0
_RUNS = 3
#: The columns of the bank's file.
_COLUMNS = ("source", "call_id", "direction", "agent", "queue", "caller", "started_at", "queued_at", "answered_at",
            "ended_at", "wait_seconds", "duration_seconds", "status", "end_reason")  # fmt: skip
_TIMES = ("started_at", "queued_at", "answered_at", "ended_at")


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """January of the bank, a big file, single calls over HTTP."""
    yield _january(scratch)
    yield _bulk(scratch)
    yield from _posts(scratch)


def _january(scratch: Path) -> Line:
    figure = "January of the bank, by the command, into a fresh record"
    if not _JANUARY.exists():
        return Line(figure, None, "s", 5, note=f"skipped: {_JANUARY.name} is not there")
    taken = []
    for number in range(_RUNS):
        folder = scratch / f"january-{number}"
        folder.mkdir()
        command = [sys.executable, "-m", "app", "import", str(_JANUARY), "--zone", "Asia/Jerusalem"]
        started = time.perf_counter()
        subprocess.run(command, check=True, cwd=folder, env=environment(folder / "var"), stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - started)
    return Line(figure, statistics.median(taken), "s", 5)


def _bulk(scratch: Path) -> Line:
    """A generated file through the importer; the baseline neither checks a row nor knows a call again."""
    file = scratch / "bulk.csv"
    _write_csv(file, _BULK_ROWS)
    taken, plain = [], []
    for number in range(_RUNS):
        record = Record(f"sqlite:///{scratch / f'bulk-{number}.db'}")
        migrate(record)
        started = time.perf_counter()
        report = import_file(record, file, Source(b"a key" * 8), file_format="csv", rejects=scratch / "rejects.csv")
        taken.append(time.perf_counter() - started)
        record.close()
        assert report.accepted == _BULK_ROWS, report
        started = time.perf_counter()
        pd.read_csv(file).to_sql("calls", create_engine(f"sqlite:///{scratch / f'plain-{number}.db'}"), index=False)
        plain.append(time.perf_counter() - started)
    rate = _BULK_ROWS / statistics.median(taken)
    baseline = Baseline("pandas read_csv and to_sql, no checks", _BULK_ROWS / statistics.median(plain))
    return Line(
        f"bulk import of {_BULK_ROWS:,} rows", rate, "rows/s", 40_000, more_is_better=True, baselines=[baseline]
    )


def _write_csv(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for call in islice(_calls(), rows):
            writer.writerow([_cell(call, name) for name in _COLUMNS])


def _cell(call: CallEvent, name: str) -> object:
    if name == "caller":
        return f"555{int(call['caller_hash'][:6], 16):08d}" if "caller_hash" in call else ""
    value = call.get(name, "")
    return to_datetime(value).strftime("%Y-%m-%d %H:%M:%S.%f") if name in _TIMES and isinstance(value, int) else value


def _calls() -> Iterator[CallEvent]:
    for chunk in generate(end=END, days=60, calls_per_day=20_000, hash_caller=CallerHash(b"posted")):
        yield from chunk


def _posts(scratch: Path) -> Iterator[Line]:
    """Single calls, each answered once it is durable."""
    bodies = iter([_body(call) for call in islice(_calls(), 40_000)])
    with running("serve", scratch / "posts", scratch) as app:
        asyncio.run(post(app.port, bodies, 1, 1.0))
        alone = asyncio.run(post(app.port, bodies, 1, _POST_SECONDS / 2))
        taken = asyncio.run(post(app.port, bodies, _CLIENTS, _POST_SECONDS))
    one = Baseline("1 client", len(alone) / (_POST_SECONDS / 2))
    figure = f"acknowledged POST /api/calls, {_CLIENTS} clients"
    yield Line(figure, len(taken) / _POST_SECONDS, "calls/s", 400, more_is_better=True, baselines=[one])
    yield Line(f"{figure}, p99", 1000 * percentile(taken, 0.99), "ms", 150)


def _body(call: CallEvent) -> bytes:
    posted = {name: value for name, value in call.items() if not name.startswith("caller_")}
    posted |= {name: to_iso(call[name]) for name in (*_TIMES, "updated_at") if name in call}  # type: ignore[literal-required]
    return orjson.dumps(posted | {"caller": "+15550100200"})


async def post(port: int, bodies: Iterator[bytes], clients: int, seconds: float) -> list[float]:
    """How long each post took; all clients together post for so many seconds."""
    until = time.perf_counter() + seconds
    taken: list[float] = []

    async def post() -> None:
        async with client.Connection(port) as connection:
            while time.perf_counter() < until:
                answer = await connection.ask("POST", "/api/calls", next(bodies), Content_Type="application/json")
                assert answer.status == 201, answer
                taken.append(answer.seconds)

    await asyncio.gather(*(post() for _ in range(clients)))
    return taken
