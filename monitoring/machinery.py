"""The metrics of VoiceHive's own machinery: intake, queries, the copy, caches, real-time clients, errors."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitoring.bounds import OTHER, Bounded
from monitoring.metrics import API_BUCKETS, Metrics

#: Seconds; a commit is made durable on a disk.
_COMMIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_MOST_CODES = 40


class ServerMetrics(Metrics):
    """All metrics of the process that serves the app."""

    def __init__(self, registry: CollectorRegistry, *, version: str = "", platforms: Sequence[str] = ()) -> None:
        super().__init__(registry, version=version)
        self._codes = Bounded(_MOST_CODES)
        self.errors = Counter(
            "voicehive_errors", "Errors that were answered or logged, by code.", ["code"], registry=registry
        )
        self.ingest_events = Counter(
            "voicehive_ingest_events", "Call events taken in, by what they did.", ["outcome"], registry=registry
        )
        self.ingest_late = Counter(
            "voicehive_ingest_late",
            "Starts and ends of calls that were told more than an hour after they had happened.",
            registry=registry,
        )
        self.ingest_messages = Counter(
            "voicehive_ingest_messages",
            "Messages of platforms: stored, ignored (about no call), quarantined (unreadable), refused (signature).",
            ["platform", "outcome"],
            registry=registry,
        )
        self.ingest_dropped = Counter(
            "voicehive_ingest_quarantine_dropped",
            "Unreadable messages that had to leave the quarantine because it was full.",
            registry=registry,
        )
        self.ingest_commit = Histogram(
            "voicehive_ingest_commit_seconds",
            "Time to write a group of call events and make it durable.",
            buckets=_COMMIT_BUCKETS,
            registry=registry,
        )
        self.spans = Counter(
            "voicehive_spans",
            "Spans of calls taken in by OTLP, refused, and dropped because no call came for them.",
            ["outcome"],
            registry=registry,
        )
        self.query_seconds = Histogram(
            "voicehive_query_seconds",
            "Time of queries on the analytic copy.",
            ["query"],
            buckets=API_BUCKETS,
            registry=registry,
        )
        self.cache_requests = Counter(
            "voicehive_cache_requests",
            "Shared answers: a fresh one (hit), the last one while it is computed (stale), computed (miss).",
            ["result"],
            registry=registry,
        )
        self.rule_group_seconds = Histogram(
            "voicehive_rule_group_seconds",
            "Time to judge the rules of a group once.",
            ["group"],
            buckets=_COMMIT_BUCKETS,
            registry=registry,
        )
        self.rule_failures = Counter(
            "voicehive_rule_failures",
            "Rules that could not be judged when it was their turn.",
            ["group"],
            registry=registry,
        )
        self.notifications = Counter(
            "voicehive_notifications",
            "Tries to hand a notification over, by the kind of receiver and what came of it.",
            ["integration", "outcome"],
            registry=registry,
        )
        self.retired = Counter(
            "voicehive_retention_deleted",
            "Rows deleted because they were old enough, by kind.",
            ["kind"],
            registry=registry,
        )
        self.report_runs = Counter(
            "voicehive_report_runs", "Scheduled reports, by what became of them.", ["outcome"], registry=registry
        )
        self.websocket_clients = Gauge("voicehive_websocket_clients", "Connected real-time clients.", registry=registry)
        for outcome in ("accepted", "updated", "duplicate", "rejected"):
            self.ingest_events.labels(outcome)
        for platform in platforms:
            for outcome in ("stored", "ignored", "quarantined", "refused"):
                self.ingest_messages.labels(platform, outcome)
        for outcome in ("accepted", "rejected", "dropped"):
            self.spans.labels(outcome)
        for integration in ("slack", "email", "webhook"):
            for outcome in ("sent", "retrying", "failed"):
                self.notifications.labels(integration, outcome)
        for outcome in ("done", "failed"):
            self.report_runs.labels(outcome)
        for result in ("hit", "stale", "miss"):
            self.cache_requests.labels(result)
        for code in ("internal_error", "database_unavailable", "callback"):
            self.count_error(code, 0)

    def count_error(self, code: str, errors: int = 1) -> None:
        """Count an error by its code for programs."""
        self.errors.labels(code if self._codes.admits(code) else OTHER).inc(errors)
