"""The data of every page on ten million calls: asked for the first time, again and again, and how large it is."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from app.answers import Answers
from app.factory import create_app
from app.pages import LIVE_PARTS
from app.settings import Settings
from data.times import DAY, to_iso
from tests.bench import stores
from tests.bench.stores import END, Store
from tests.bench.table import Line, percentile

_RUNS = 15
_COLD, _WARM, _SIZE = 1_500, 300, 250
#: What is asked beside each page as it opens.
_VIEWS = {
    "trends": {"metric": "p95_duration_seconds", "by": "agent"},
    "agents": {"agent": "roxy"},
    "quality": {"by": "agent"},
    "service-level": {"hours": "peak"},
}
_DAYS = (1, 7, 30)


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """Each page of a day, as it opens, of a week and of a month, each in a process of its own."""
    store = stores.analytic(calls)
    for page in LIVE_PARTS:
        for days in _DAYS:
            for view in ({}, _VIEWS[page]) if page in _VIEWS else ({},):
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    cold, warm, size = pool.apply(_measured, (store, page, days, view))
                name = f"/{page}{'?' if view else ''}{urlencode(view)} of {days} d"
                yield Line(f"{name}: first", cold, "ms", _COLD)
                yield Line(f"{name}: p95 of {_RUNS} more", warm, "ms", _WARM)
                yield Line(f"{name}: its data", size, "kB", _SIZE)


def _measured(store: Store, page: str, days: int, view: dict[str, str]) -> tuple[float, float, float]:
    """Milliseconds of the first answer, p95 of later ones that nothing has kept, and kilobytes."""
    app = create_app(Settings(var_dir=store.folder, auth=False))
    client = app.server.test_client()
    span = {"from": to_iso(END - days * DAY) or "", "to": to_iso(END) or ""}
    address = f"/_live/{page}?{urlencode(span | view)}"
    taken, size = [], 0.0
    for _ in range(_RUNS + 1):
        app.services.answers = Answers()
        app.services.cache.clear()
        started = time.perf_counter()
        answer = client.get(address)
        taken.append(1000 * (time.perf_counter() - started))
        assert answer.status_code == 200, answer.data
        size = len(answer.data) / 1000
    app.services.copy.close()
    app.services.record.close()
    return taken[0], percentile(taken[1:], 0.95), size
