"""The metrics of VoiceHive's own machinery: intake, queries, the copy, caches, real-time clients, errors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitoring.bounds import OTHER, Bounded
from monitoring.metrics import API_BUCKETS, Metrics

#: Seconds; a commit is made durable on a disk.
_COMMIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_MOST_CODES = 40


#: Outcomes that are exposed from the start, as 0: a rate needs the value before the first event.
_EVENTS = ("accepted", "updated", "duplicate", "rejected")
_MESSAGES = ("stored", "ignored", "quarantined", "refused")
_SPANS = ("accepted", "rejected", "dropped")
_NOTIFICATIONS = ("sent", "retrying", "failed")
_INTEGRATIONS = ("slack", "email", "webhook")
_CACHE = ("hit", "stale", "miss")
_RUNS = ("done", "failed")
_KNOWN_CODES = ("internal_error", "database_unavailable", "callback")


class ServerMetrics(Metrics):
    """All metrics of the process that serves the app."""

    def __init__(self, registry: CollectorRegistry, *, version: str = "", platforms: Sequence[str] = ()) -> None:
        super().__init__(registry, version=version)
        self._codes = Bounded(_MOST_CODES)
        self.errors = self._counter("voicehive_errors", "Errors that were answered or logged, by code.", ["code"])
        for code in _KNOWN_CODES:
            self.count_error(code, 0)
        self._count_intake(platforms)
        self._count_answers()
        self._count_alerting()
        self._count_keeping()

    def count_error(self, code: str, errors: int = 1) -> None:
        """Count an error by its code for programs."""
        self.errors.labels(code if self._codes.admits(code) else OTHER).inc(errors)

    def _count_intake(self, platforms: Sequence[str]) -> None:
        self.ingest_events = self._counter(
            "voicehive_ingest_events", "Call events taken in, by what they did.", ["outcome"], [_EVENTS]
        )
        self.ingest_late = self._counter(
            "voicehive_ingest_late",
            "Starts and ends of calls that were told more than an hour after they had happened.",
        )
        self.ingest_messages = self._counter(
            "voicehive_ingest_messages",
            "Messages of platforms: stored, ignored (about no call), quarantined (unreadable), refused (signature).",
            ["platform", "outcome"],
            [platforms, _MESSAGES],
        )
        self.ingest_dropped = self._counter(
            "voicehive_ingest_quarantine_dropped",
            "Unreadable messages that had to leave the quarantine because it was full.",
        )
        self.ingest_commit = self._histogram(
            "voicehive_ingest_commit_seconds",
            "Time to write a group of call events and make it durable.",
            _COMMIT_BUCKETS,
        )
        self.spans = self._counter(
            "voicehive_spans",
            "Spans of calls taken in by OTLP, refused, and dropped because no call came for them.",
            ["outcome"],
            [_SPANS],
        )

    def _count_answers(self) -> None:
        self.query_seconds = self._histogram(
            "voicehive_query_seconds", "Time of queries on the analytic copy.", API_BUCKETS, ["query"]
        )
        self.cache_requests = self._counter(
            "voicehive_cache_requests",
            "Shared answers: a fresh one (hit), the last one while it is computed (stale), computed (miss).",
            ["result"],
            [_CACHE],
        )
        self.websocket_clients = Gauge(
            "voicehive_websocket_clients", "Connected real-time clients.", registry=self.registry
        )

    def _count_alerting(self) -> None:
        self.rule_group_seconds = self._histogram(
            "voicehive_rule_group_seconds", "Time to judge the rules of a group once.", _COMMIT_BUCKETS, ["group"]
        )
        self.rule_failures = self._counter(
            "voicehive_rule_failures", "Rules that could not be judged when it was their turn.", ["group"]
        )
        self.notifications = self._counter(
            "voicehive_notifications",
            "Tries to hand a notification over, by the kind of receiver and what came of it.",
            ["integration", "outcome"],
            [_INTEGRATIONS, _NOTIFICATIONS],
        )

    def _count_keeping(self) -> None:
        self.retired = self._counter(
            "voicehive_retention_deleted", "Rows deleted because they were old enough, by kind.", ["kind"]
        )
        self.report_runs = self._counter(
            "voicehive_report_runs", "Scheduled reports, by what became of them.", ["outcome"], [_RUNS]
        )

    def _counter(
        self, name: str, text: str, labels: Sequence[str] = (), known: Sequence[Sequence[str]] = ()
    ) -> Counter:
        """A counter; each combination of the known values of its labels is exposed from the start."""
        counter = Counter(name, text, labels, registry=self.registry)
        for values in product(*known) if known else ():
            counter.labels(*values)
        return counter

    def _histogram(self, name: str, text: str, buckets: Sequence[float], labels: Sequence[str] = ()) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)
