"""All that pages and endpoints work with, built once by the factory."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import current_app
from flask_caching import Cache
from werkzeug.datastructures import MultiDict

from alerts.board import Board, BoardAlert
from alerts.notifier import Notifier
from alerts.relay import Relay
from alerts.remote import RemoteRules
from alerts.running import Rules
from app.answers import Answers
from app.auth.access import Access
from app.backtesting import Backtests
from app.filters import PageFilter, parse_query
from app.health import Health, Problem, health, problems
from app.reports.service import Reports
from app.settings import Settings
from data.access.sessions import Sessions
from data.analytics import AnalyticCopy
from data.callers import CallerHash
from data.filters import CallFilter
from data.ingest import Ingest
from data.lease import Lease
from data.queries.kpis import kpi_report
from data.queries.overview import Overview, overview
from data.record import Record, RecordUnavailable
from data.samples.store import SampleStore
from data.sources.platforms import Platform
from data.times import DAY, SECOND, now_micros, to_iso
from data.traces.store import SpanStore
from data.writer import Applied
from monitoring.machinery import ServerMetrics
from monitoring.metrics import CALL_STATUSES, exemplar
from monitoring.system import SystemHistory

_CACHED_SECONDS = 300
#: What is told so long after it happened came late.
_LATE_SECONDS = 3600
T = TypeVar("T")


@dataclass(slots=True)
class Services:
    """The parts of one process."""

    settings: Settings
    record: Record
    copy: AnalyticCopy
    ingest: Ingest
    spans: SpanStore
    samples: SampleStore
    rules: Rules
    backtests: Backtests
    notifier: Notifier
    reports: Reports
    lease: Lease
    board: Board
    remote: RemoteRules | None
    relay: Relay | None
    metrics: ServerMetrics
    system: SystemHistory
    cache: Cache
    platforms: Mapping[str, Platform]
    hash_caller: CallerHash
    sessions: Sessions
    access: Access
    answers: Answers
    #: That the record was damaged when this process started, and what to do; empty: it was not.
    damaged: str = ""
    #: What a shared cache raises while it is away; nothing where the cache is this process's own.
    cache_away: tuple[type[Exception], ...] = ()
    #: When calls were last stored by this process, seconds since 1970.
    last_commit: float | None = None
    #: How many changes people made here: whoever made one is not shown what was true before it.
    changes: int = 0

    @property
    def uptime_seconds(self) -> float:
        """Seconds since the process was ready."""
        return time.time() - self.system.started

    def parse(self, args: MultiDict[str, str], default_from: str = "now-24h") -> PageFilter:
        """The filter of a query string as of now; raises BadFilter."""
        return parse_query(args, now_micros(), self.settings.timezone, default_from=default_from)

    def overview(self, page: PageFilter) -> Overview:
        """The overview of a filter."""
        return self.figures(
            "overview", page, lambda chosen, now: overview(self.copy, chosen, now=now, compare=page.compare)
        )

    def figures(self, name: str, page: PageFilter, compute: Callable[[CallFilter, int], T]) -> T:
        """What `compute` makes of the filter as of now (UTC microseconds), once for everyone; again only when calls
        changed or its range moved on. `name` tells the pages apart."""
        result: T = self.answers.get((name, page.key), lambda: self._figures(name, page, compute))
        return result

    def _figures(self, name: str, page: PageFilter, compute: Callable[[CallFilter, int], T]) -> T:
        chosen, now = page.filter, now_micros()
        assert chosen.start is not None and chosen.end is not None
        # Within a thousandth of the range nothing moves on the screen unless a call changed.
        step = max((chosen.end - chosen.start) // 1000, SECOND)
        key = f"{name}/{self.record.revision()}/{now // step}/{page.key}"
        # While Redis is away, each process computes for itself.
        with contextlib.suppress(*self.cache_away):
            kept: T | None = self.cache.get(key)
            if kept is not None:
                return kept
        found = compute(chosen, now)
        with contextlib.suppress(*self.cache_away):
            self.cache.set(key, found, timeout=_CACHED_SECONDS)
        return found

    def snapshot(self) -> dict[str, Any]:
        """The live figures of the last 24 hours, for REST and WebSocket alike."""
        return dict(self.current("snapshot", self._snapshot))

    def current(self, name: Hashable, compute: Callable[[], Any]) -> Any:
        """An answer shared by all who ask, and computed anew after every change of a call: who wrote sees it."""
        return self.answers.get((name, self.record.revision()), compute)

    def _snapshot(self) -> dict[str, Any]:
        now = now_micros()
        figures = kpi_report(self.copy, CallFilter(start=now - DAY, end=now), now=now).current
        seconds = figures["avg_duration_seconds"]
        found = self.problems()
        return {
            "total_calls": figures["total_calls"],
            "active_calls": figures["active_calls"],
            "success_rate": figures["success_rate"],
            "avg_duration": seconds / 60 if seconds is not None else None,
            "avg_duration_seconds": seconds,
            "system_health": health(found),
            "alerts": len(found),
            "last_updated": to_iso(now // SECOND * SECOND),
        }

    def alerts(self) -> list[BoardAlert]:
        """All alerts as they stand, worst first; after a change made here as they are then."""
        found: list[BoardAlert] = self.answers.get(
            ("alerts", self.board.revision), lambda: self.board.alerts(now_micros() // 1000)
        )
        return found

    def problems(self) -> list[Problem]:
        """What is wrong with the service right now, worst first."""
        faults = self.refused_files
        found: list[Problem] = self.answers.get(
            ("problems", self.board.revision, *faults.values()),
            lambda: problems(
                self.alerts(), record_away=self._record_away(), record_damaged=self.damaged, faults=faults
            ),
        )
        return found

    @property
    def refused_files(self) -> dict[str, str]:
        """The files of alerting that were not taken the last time: rules, routes -> their faults, a line each."""
        found = {"rules": self.rules.file_error, "routes": self.notifier.config_error}
        return {what: faults for what, faults in found.items() if faults}

    def _record_away(self) -> bool:
        if self.record.away():
            return True
        try:
            self.record.ping()
        except RecordUnavailable:
            return True
        return False

    def health(self) -> Health:
        """healthy, degraded or critical."""
        return health(self.problems())

    def count(self, applied: Sequence[Applied], seconds: float) -> None:
        """Feed the metrics with what the writer has just stored in one commit."""
        self.metrics.ingest_commit.observe(seconds, exemplar())
        self.last_commit = time.time()
        for one in applied:
            self.metrics.ingest_events.labels(one.outcome.value).inc()
            row = one.row
            if row is not None and self.last_commit - row["updated_at"] / SECOND > _LATE_SECONDS:
                self.metrics.ingest_late.inc()
            # A call that is invalid is in no figure.
            if row is not None and row["status"] in CALL_STATUSES:
                self.metrics.count_call(row["status"], row.get("agent"), row.get("duration_seconds"))


def services() -> Services:
    """The services of the running app (inside a request)."""
    found: Services = current_app.extensions["voicehive"]
    return found
