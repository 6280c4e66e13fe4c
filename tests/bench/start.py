"""How long it takes to be ready, and what the program holds in memory then."""

from __future__ import annotations

import statistics
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.bench import stores
from tests.bench.program import App, running
from tests.bench.table import Baseline, Line
from tests.servers import wait_until

_RUNS = 3
_STORED = 1_000_000
_REFRESHES = 20
#: Of the demo once its history is written: one that serves, one that watches it.
_PROCESSES = 2


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """On a big store, and the demo on an empty folder."""
    yield _on_many(min(calls, _STORED), scratch)
    first, memory = _demo(scratch)
    yield Line("first start of the demo until ready", first, "s", 5)
    yield Line(f"memory of the demo's processes after {_REFRESHES} refreshes", memory, "MB", 250)


def _on_many(calls: int, scratch: Path) -> Line:
    """With the analytic copy there; the baseline has to make it first."""
    store = stores.full(calls)
    for path in store.folder.glob(f"{store.copy_path.name}*"):
        path.unlink()
    first = _seconds("serve", store.folder, scratch)
    taken = statistics.median(_seconds("serve", store.folder, scratch) for _ in range(_RUNS))
    figure = f"start on {calls / 1e6:.2g} M calls until ready"
    return Line(figure, taken, "s", 3, baselines=[Baseline("without the copy", first)])


def _seconds(command: str, var_dir: Path, scratch: Path) -> float:
    with running(command, var_dir, scratch) as app:
        return app.seconds


def _demo(scratch: Path) -> tuple[float, float]:
    taken, memory = [], []
    for number in range(_RUNS):
        with running("demo", scratch / f"demo-{number}", scratch) as app:
            taken.append(app.seconds)
            wait_until(lambda: len(app.processes()) == _PROCESSES, "all processes run")
            _use(app)
            memory.append(app.megabytes())
    return statistics.median(taken), statistics.median(memory)


def _use(app: App) -> None:
    """What a browser does: the page, its layout, some refreshes."""
    for path in ("/", "/_dash-layout", "/_dash-dependencies", *["/_live/overview"] * _REFRESHES):
        with urllib.request.urlopen(app.url + path, timeout=30) as answer:
            answer.read()
        time.sleep(0.25)
