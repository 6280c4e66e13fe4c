"""The figures of pages, from filter to frame, on ten million calls."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import psutil

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import KPIS
from data.queries.agents import agents
from data.queries.kpis import kpi_report
from data.queries.overview import overview
from data.queries.series import end_reasons, figure_series, series, weekday_hour
from data.times import DAY, HOUR, buckets
from tests.bench import stores
from tests.bench.engines import Direct, postgres_engine, sqlite_engine
from tests.bench.stores import END, Store
from tests.bench.table import Baseline, Line, median_ms

_RUNS, _BASELINE_RUNS = 15, 3
_MEMORY_TARGET = 800
_ZONE = "Europe/Berlin"
#: Calls of the store on which the other engines are asked, too.
_COMPARED = 1_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """One figure of a page and its target in milliseconds."""

    name: str
    target: float | None
    ask: Callable[[AnalyticCopy, int], object]


def _last(days: int, zone: str = "UTC") -> CallFilter:
    return CallFilter(start=END - days * DAY, end=END, zone=zone)


def _percentiles(copy: AnalyticCopy, days: int) -> object:
    chosen = _last(days)
    grid = buckets(END - days * DAY, END, DAY, chosen.zone)
    return series(copy, chosen, grid, {p: KPIS[f"{p}_duration_seconds"].sql for p in ("p50", "p95", "p99")})


#: `days` is how many the store holds: a year, or fewer.
QUESTIONS = (
    Question("key figures of 24 h and the previous", 20, lambda c, days: kpi_report(c, _last(1), now=END)),
    Question(
        "volume of 7 days an hour by status",
        15,
        lambda c, days: figure_series(c, _last(7), "total_calls", HOUR, by="status"),
    ),
    Question("agents of 30 days", 60, lambda c, days: agents(c, _last(30))),
    Question("weekday x hour of a year in a zone", 120, lambda c, days: weekday_hour(c, _last(days, _ZONE))),
    Question("p50, p95, p99 a day of a year", 500, _percentiles),
    Question("end reasons of all time", 90, lambda c, days: end_reasons(c, CallFilter())),
    Question("whole overview of 24 h", None, lambda c, days: overview(c, _last(1), now=END)),
    Question("whole overview of 30 days", None, lambda c, days: overview(c, _last(30), now=END)),
)


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """Each question on the big copy, then on a store small enough for the other engines."""
    many = stores.analytic(calls)
    taken, memory = _asked_elsewhere(many, _RUNS)
    size = _millions(many)
    for question in QUESTIONS:
        yield Line(f"{question.name}, {size}", taken[question.name], "ms", question.target)
    yield Line(f"memory of the process that was asked, {size}, highest", memory, "MB", _MEMORY_TARGET)
    yield from _compared(stores.full(min(calls, _COMPARED)))


def _compared(store: Store) -> Iterator[Line]:
    """The same questions to DuckDB, SQLite and PostgreSQL; a year is as long as the store then."""
    taken, _ = _asked_elsewhere(store, _RUNS)
    with sqlite_engine(store) as direct:
        others = {"SQLite": _asked(direct, store.days, _BASELINE_RUNS)}
    with postgres_engine(store) as server:
        if server is not None:
            others["PostgreSQL"] = _asked(server, store.days, _BASELINE_RUNS)
    for question in QUESTIONS:
        baselines = [Baseline(name, times[question.name]) for name, times in others.items()]
        figure = f"{question.name}, {_millions(store)} of {store.days} days"
        yield Line(figure, taken[question.name], "ms", baselines=baselines)


def _millions(store: Store) -> str:
    return f"{store.days * stores.CALLS_PER_DAY / 1e6:.2g} M"


def _asked(copy: Direct | AnalyticCopy, days: int, runs: int) -> dict[str, float]:
    whole = cast(AnalyticCopy, copy)
    return {question.name: median_ms(partial(question.ask, whole, days), runs) for question in QUESTIONS}


def _asked_elsewhere(store: Store, runs: int) -> tuple[Mapping[str, float], float]:
    """Medians and the highest memory in megabytes of a process that does nothing else."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_ask_copy, (store, runs))


def _ask_copy(store: Store, runs: int) -> tuple[Mapping[str, float], float]:
    record = store.record()
    copy = AnalyticCopy(record, store.copy_path)
    assert copy.rows() > store.days * stores.CALLS_PER_DAY / 2, f"{store.folder} is not what it should be: remove it"
    taken = _asked(copy, store.days, runs)
    memory = _highest_memory()
    copy.close()
    record.close()
    return taken, memory


def _highest_memory() -> float:
    """The most this process ever held, where Linux tells; else what it holds."""
    status = Path("/proc/self/status")
    if status.exists():
        peaks: list[Any] = [line.split() for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(peaks[0][1]) * 1024 / 1e6
    return float(psutil.Process().memory_info().rss / 1e6)
