"""The report of a week on a million calls: time and memory of each form, in a process that does nothing else."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psutil

from app.reports.compose import Asked, compose
from app.reports.content import Report
from app.reports.html import html
from app.reports.paper import NoBrowser, printed
from app.reports.periods import Period
from app.reports.xlsx import xlsx
from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.times import to_datetime
from tests.bench import stores
from tests.bench.stores import END, Store
from tests.bench.table import Line

_CALLS = 1_000_000
_RUNS = 5
#: Seconds, and megabytes beyond what the process holds before it makes a report.
_TARGETS = {"HTML": 2.0, "XLSX": 3.0, "PDF": 6.0}
_MEMORY_TARGET = 400.0


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """Each from the question to the file."""
    store = stores.analytic(min(calls, _CALLS))
    size = f"{store.days * stores.CALLS_PER_DAY / 1e6:.2g} M"
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        taken, memory = pool.apply(_made, (store,))
    for form, target in _TARGETS.items():
        seconds = taken.get(form)
        note = "" if seconds is not None else "no Chromium"
        yield Line(f"weekly report as {form}, {size} calls", seconds, "s", target, note=note)
    yield Line(f"memory of the reports beyond the process' own, {size} calls, highest", memory, "MB", _MEMORY_TARGET)


def _made(store: Store) -> tuple[dict[str, float], float]:
    """Median seconds by form, and the memory that was needed."""
    record = store.record()
    copy = AnalyticCopy(record, store.copy_path)
    copy.sync()
    before = psutil.Process().memory_info().rss
    day = (to_datetime(END) - timedelta(days=8)).date()

    def report() -> Report:
        return compose(copy, record, Asked(Period.WEEKLY, CallFilter(), day), now=END)

    forms: dict[str, Callable[[], object]] = {
        "HTML": lambda: html(report()),
        "XLSX": lambda: xlsx(report()),
        "PDF": lambda: printed(html(report(), offered=False), pdf=True),
    }
    taken: dict[str, float] = {}
    for form, make in forms.items():
        try:
            taken[form] = sorted(_seconds(make) for _ in range(_RUNS))[_RUNS // 2]
        except NoBrowser:
            continue
    memory = (_highest() - before) / 1e6
    copy.close()
    record.close()
    return taken, memory


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _highest() -> int:
    """The most this process ever held (bytes), where Linux tells; else what it holds."""
    status = Path("/proc/self/status")
    if status.exists():
        found = next(line.split() for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(found[1]) * 1024
    return int(psutil.Process().memory_info().rss)
