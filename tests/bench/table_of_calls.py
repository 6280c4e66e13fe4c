"""The table of calls on ten million of them: the first page, the thousandth, and others that a reader asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.queries.rows import rows, slices
from data.queries.values import values
from tests.bench import stores
from tests.bench.table import Line, median_ms

_RUNS = 15
_PAGE = 100
_COLUMNS = (
    "source", "call_id", "status", "started_at", "agent", "queue", "direction", "caller_last2", "wait_seconds",
    "duration_seconds", "end_reason_group", "end_reason", "csat", "score", "cost", "currency", "tags", "review_tags",
)  # fmt: skip


def _page(copy: AnalyticCopy, chosen: CallFilter, number: int, sort: str = "started_at") -> object:
    """A page and the number of calls, as the server answers when nothing is kept from before."""
    counted = slices(copy, chosen)
    return rows(copy, chosen, counted, _COLUMNS, start=(number - 1) * _PAGE, limit=_PAGE, sort=sort)


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """Medians of whole answers: counting and reading."""
    store = stores.analytic(calls)
    record = store.record()
    copy = AnalyticCopy(record, store.copy_path)
    every = CallFilter(start=store.start, end=stores.END)
    tagged, searched = replace(every, tags=("vip",)), replace(every, q="vip")
    size = f"{store.days * stores.CALLS_PER_DAY / 1e6:.2g} M"
    asked = (
        ("/calls, first page", 100, partial(_page, copy, every, 1)),
        ("/calls, thousandth page", 300, partial(_page, copy, every, 1000)),
        ("/calls, last page", 300, partial(_page, copy, every, store.days * stores.CALLS_PER_DAY // _PAGE - 10)),
        ("/calls, first page by duration", None, partial(_page, copy, every, 1, "duration_seconds")),
        ("/calls, hundredth page by duration", None, partial(_page, copy, every, 100, "duration_seconds")),
        (
            "/calls, first page of a tag",
            None,
            partial(_page, copy, tagged, 1),
        ),
        ("/calls, first page of a search", None, partial(_page, copy, searched, 1)),
        ("values of the agent menu", None, partial(values, copy, every, "agent")),
        ("values of the tag menu", None, partial(values, copy, every, "tags")),
    )
    for name, target, ask in asked:
        yield Line(f"{name}, {size}", median_ms(ask, _RUNS), "ms", target)
    copy.close()
    record.close()
