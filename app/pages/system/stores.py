"""Where things are kept and what came in: rows, sizes, outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
from sqlalchemy import select

from app.addresses import calls_link
from app.components.plain import Children, Plain, h
from app.components.rows import bar_row, nothing
from app.format import count, size
from app.pages.system.watched import Watched
from data.filters import CallFilter
from data.kpis import count_where, has_status
from data.models import Status, calls
from data.queries.listing import count_calls

if TYPE_CHECKING:
    from app.services import Services

_OUTCOMES = {
    "accepted": ("Accepted", "success", "Events that told something new of a call: its first."),
    "updated": ("Updated", "in_progress", "Events that changed a known call."),
    "duplicate": ("Duplicate", "missed", "Events that were known already; they change nothing."),
    "rejected": ("Rejected", "error", "Records that can't be stored; the answer to their sender says why."),
}


@dataclass(frozen=True, slots=True)
class Stored:
    """Calls of the record's copy, bytes on disk of each store and what is free, samples in memory."""

    rows: int
    invalid: int
    record: int
    copy: int
    samples: int
    series: int
    samples_memory: int
    free: int
    whole: int

    @property
    def disk(self) -> int:
        """Bytes of all stores."""
        return self.record + self.copy + self.samples


def stored(services: Services, chosen: CallFilter) -> Stored:
    """What is stored now; `invalid` counts those of the filter. Raises RecordUnavailable."""
    path = services.settings.samples_path
    beside = [path.with_name(path.name + suffix) for suffix in ("", "-wal")]
    disk = psutil.disk_usage(str(services.settings.var_dir.absolute()))
    query = chosen.apply(select(count_where(has_status(Status.INVALID)).label("n")).select_from(calls))
    return Stored(
        rows=count_calls(services.copy, CallFilter()),
        invalid=int(services.copy.row(query, "invalid_calls")["n"]),
        record=services.record.size(),
        copy=services.copy.size(),
        samples=sum(each.stat().st_size for each in beside if each.exists()),
        series=services.samples.series,
        samples_memory=services.samples.nbytes,
        free=disk.free,
        whole=disk.total,
    )


def intake(data: Watched, found: Stored, chosen: CallFilter) -> Children:
    """Events by what they did, and the calls that count nowhere."""
    top = max(data.events.values(), default=0.0)
    rows = [
        bar_row(name, count(n), "", n / top if top else 0.0, tint=tint, tip=words)
        for outcome, (name, tint, words) in _OUTCOMES.items()
        if (n := data.events.get(outcome)) is not None
    ]
    if not rows:
        rows = [h("Li", nothing("No samples in this range. They are taken while the server runs, and kept a day."))]
    if data.late is not None:
        rows.append(_fact("Late", count(data.late), "told an hour or more after it happened"))
    link = calls_link(chosen, status=(Status.INVALID.value,)) if found.invalid else ""
    rows.append(_fact("Invalid calls", count(found.invalid), "tests and phantoms, in no figure", link))
    return h("Ul", rows, cls="vh-rows")


def sizes(found: Stored, *, sqlite: bool, lag: int) -> Children:
    """Each store with its size."""
    kind = "SQLite" if sqlite else "PostgreSQL"
    rows = [
        _fact("Call record", size(found.record), kind),
        _fact("Analytic copy", size(found.copy), f"{count(found.rows)} calls, {count(lag)} changes behind"),
        _fact("Samples", size(found.samples), f"{count(found.series)} series, {size(found.samples_memory)} in memory"),
        _fact("Free on this disk", size(found.free), f"of {size(found.whole)}"),
    ]
    return h("Ul", rows, cls="vh-rows")


def _fact(name: str, value: str, beside: str, link: str = "") -> Plain:
    inner = [h("Span", name, cls="vh-row-name"), h("Span", beside, cls="vh-row-note"),
             h("Span", value, cls="vh-row-value")]  # fmt: skip
    return h("Li", h("A", inner, href=link, cls="vh-row") if link else h("Div", inner, cls="vh-row"))
