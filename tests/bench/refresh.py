"""A thousand browsers that look at the overview."""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import brotli
import orjson
import psutil

from tests.bench import client
from tests.bench.program import ROOT, App, running
from tests.bench.table import Baseline, Line, percentile
from tests.servers import Server, free_port

_BROWSERS = 1_000
_PERIOD, _SECONDS = 5.0, 30.0
_USUAL_REQUESTS = 40
_NO_NEWS = 400  # bytes: an answer that is a head only


@dataclass(slots=True)
class Seen:
    """What all browsers saw."""

    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    late: int = 0


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """The refresh under load; the usual way to make the same charts as its baseline."""
    with running("demo", scratch / "refresh", scratch) as app:
        seen, cpu = asyncio.run(_load(app))
    usual_cpu, usual_size = _usual(scratch)
    each = 1000 * cpu / len(seen.seconds)
    crowd = f"{_BROWSERS:,} browsers, a refresh each {_PERIOD:g} s"
    yield Line(f"{crowd}: p95", 1000 * percentile(seen.seconds, 0.95), "ms", 150)
    yield Line(f"{crowd}: errors", len(seen.errors), "", 0, note="; ".join(seen.errors[:3]))
    yield Line(f"{crowd}: refreshes later than the next one was due", seen.late, "", 0)
    yield Line(f"{crowd}: processor of the server", 100 * cpu / _SECONDS, "% of a core", 50)
    yield Line("bytes of a refresh, median", _median(seen.sizes), "kB", 6, baselines=[Baseline("usual", usual_size)])
    yield Line("bytes of a refresh that brings news, median", _median([s for s in seen.sizes if s > _NO_NEWS]), "kB")
    usual = Baseline("plotly.express a request", usual_cpu)
    yield Line("processor time of the server a refresh", each, "ms", baselines=[usual])


def _median(sizes: list[int]) -> float:
    return statistics.median(sizes or [0]) / 1000


async def _load(app: App) -> tuple[Seen, float]:
    """All browsers at once, spread over the period; what they saw and the server's processor seconds."""
    seen = Seen()
    first = time.perf_counter() + 2.0
    browsers = [asyncio.create_task(_browse(app.port, first, seen)) for _ in range(_BROWSERS)]
    await asyncio.sleep(first + _PERIOD - time.perf_counter())
    # The first round brings everything and opens the connections; what follows is the daily round.
    before = app.cpu_seconds()
    seen.seconds.clear()
    seen.sizes.clear()
    await asyncio.sleep(_SECONDS)
    used = app.cpu_seconds() - before
    await asyncio.gather(*browsers)
    return seen, used


async def _browse(port: int, first: float, seen: Seen) -> None:
    """One browser: asks with the versions it has, never twice at once."""
    due = first + random.random() * _PERIOD
    versions: dict[str, str] = {}
    async with client.Connection(port) as connection:
        while due < first + _PERIOD + _SECONDS:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += _PERIOD
            try:
                versions |= await _refresh(connection, versions, seen)
            except Exception as error:
                seen.errors.append(f"{type(error).__name__}: {error}"[:200])
                connection.close()
            seen.late += time.perf_counter() > due


async def _refresh(connection: client.Connection, versions: dict[str, str], seen: Seen) -> dict[str, str]:
    have = quote(",".join(f"{name}:{version}" for name, version in versions.items()))
    answer = await connection.ask("GET", f"/_live/overview?have={have}", Accept_Encoding="gzip, br")
    if answer.status not in (200, 204):
        raise RuntimeError(f"{answer.status} {answer.body[:100]!r}")
    seen.seconds.append(answer.seconds)
    seen.sizes.append(answer.size)
    found: dict[str, str] = orjson.loads(brotli.decompress(answer.body))["versions"] if answer.body else {}
    return found


def _usual(scratch: Path) -> tuple[float, float]:
    """Processor milliseconds and kilobytes of a refresh that makes its figures with plotly.express."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.express", str(port)]
    with Server(command, port=port, log=scratch / "express.log", cwd=ROOT) as server:
        asyncio.run(_ask(port, 5))
        before = _cpu(server.pid)
        answers = asyncio.run(_ask(port, _USUAL_REQUESTS))
        used = _cpu(server.pid) - before
    return 1000 * used / _USUAL_REQUESTS, statistics.median(answer.size for answer in answers) / 1000


async def _ask(port: int, times: int) -> list[client.Answer]:
    async with client.Connection(port) as connection:
        return [await connection.ask("GET", "/refresh", Accept_Encoding="gzip, br") for _ in range(times)]


def _cpu(pid: int) -> float:
    main = psutil.Process(pid)
    return sum(p.cpu_times().user + p.cpu_times().system for p in [main, *main.children(recursive=True)])
