"""The metrics of calls and requests, on a registry that is handed in: for the app and for any backend alike.

Label values are bounded; with those of monitoring/machinery.py and custom ones there are at most 10,000 series.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitoring.bounds import OTHER, Bounded, label

#: Seconds; fine around a minute, up to an hour: alert rules ask for 10 minutes.
CALL_BUCKETS = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
#: Seconds; alert rules ask for 2 s.
API_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
#: Called with method, route pattern, status and seconds of an HTTP request.
RecordRequest = Callable[[str, str, int, float], object]
#: In place of a pattern where no route knows the path.
UNKNOWN_ROUTE = "unknown"
CALL_STATUSES = ("success", "error", "abandoned", "missed", "voicemail")
# An agent costs 5 counters and up to 5 histograms of 15 series each; an endpoint 14 series and up to 22 counters.
_MOST_AGENTS = 75
_MOST_ENDPOINTS = 60
_MOST_STATUSES = 20
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def method_of(method: str, route: str) -> str:
    """The label: where no route knows the path, only the two usual methods have a name, for each takes a place of the
    bound on endpoints."""
    return method if route != UNKNOWN_ROUTE or method in ("GET", "POST") else OTHER


class Metrics:
    """Calls, HTTP requests and losses of one process; threads may share it."""

    def __init__(self, registry: CollectorRegistry, *, version: str = "") -> None:
        # The times of creation double the exposition, and Prometheus makes series of them.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry
        self._agents = Bounded(_MOST_AGENTS)
        self._endpoints = Bounded(_MOST_ENDPOINTS)
        self._statuses = Bounded(_MOST_STATUSES)
        self._call_children: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self.calls = Counter("voicehive_calls", "Calls that ended.", ["status", "agent"], registry=registry)
        self.call_duration = Histogram(
            "voicehive_call_duration_seconds",
            "Time from answer to end of calls that ended.",
            ["status", "agent"],
            buckets=CALL_BUCKETS,
            registry=registry,
        )
        self.api_requests = Counter(
            "voicehive_api_requests", "HTTP requests answered.", ["method", "endpoint", "status"], registry=registry
        )
        self.api_response_time = Histogram(
            "voicehive_api_response_time_seconds",
            "Time to answer an HTTP request.",
            ["method", "endpoint"],
            buckets=API_BUCKETS,
            registry=registry,
        )
        self.lost = Counter(
            "voicehive_instrumentation_lost",
            "Measurements, spans and log records that were dropped, or counted under other, by what they were.",
            ["kind"],
            registry=registry,
        )
        if version:
            build = Gauge("voicehive_build_info", "1, labelled with the version.", ["version"], registry=registry)
            build.labels(version).set(1)
        for kind in ("duration", "status", "agent", "endpoint", "custom", "span", "log"):
            self.lost.labels(kind)
        for status in CALL_STATUSES:
            # A series that springs into being at 1 has no increase: the first error of a day would not count.
            self.calls.labels(status, "")

    def count_call(self, status: str, agent: str | None, duration: float | None) -> None:
        """Count a call that ended; `duration` in seconds, None if it was never answered.

        An unknown status counts as "other" (of agent "other"); a duration that is no time is left out. Both are
        counted as lost.
        """
        children = self._call_children.get((status, agent or "")) or self._new_call_children(status, agent or "")
        found = exemplar()
        children[0].inc(1, found)
        if duration is None:
            return
        if not _is_time(duration):
            self.lost.labels("duration").inc()
            return
        children[1].observe(duration, found)

    def expect_agent(self, agent: str) -> None:
        """Have the series of an agent at 0, so that its first calls in this process are an increase."""
        self._new_call_children(CALL_STATUSES[0], agent)

    def _new_call_children(self, status: str, agent: str) -> tuple[Counter, Histogram]:
        """The counter and histogram of this pair, kept for each name within the bounds and for all others together."""
        if status not in CALL_STATUSES:
            self.lost.labels("status").inc()
            return self.calls.labels(OTHER, OTHER), self.call_duration.labels(OTHER, OTHER)
        name = label(agent)
        bounded = name == str(agent) and (not name or self._agents.admits(name))
        if not bounded:
            self.lost.labels("agent").inc()
            agent = name = OTHER
            if known := self._call_children.get((status, OTHER)):
                return known
        for each in CALL_STATUSES:
            self.calls.labels(each, name)
        children = self.calls.labels(status, name), self.call_duration.labels(status, name)
        self._call_children[status, agent] = children
        return children

    def count_request(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Count an HTTP request; `endpoint` is a route's pattern, never a path as it came.

        Raises TypeError or ValueError for a status that is no number and for a duration that is no time.
        """
        status = int(status)
        if not _is_time(seconds):
            raise ValueError(f"{seconds} s is no time that a request can take")
        method = method if method in _METHODS else OTHER
        if label(endpoint) != endpoint or not self._endpoints.admits((method, endpoint)):
            self.lost.labels("endpoint").inc()
            method, endpoint = OTHER, OTHER
        found = exemplar()
        if status < 500:
            self.api_requests.labels(method, endpoint, "500")
        code = str(status) if self._statuses.admits(status) else OTHER
        self.api_requests.labels(method, endpoint, code).inc(1, found)
        self.api_response_time.labels(method, endpoint).observe(seconds, found)

    def gauge(self, name: str, text: str, read: Callable[[], float | None]) -> None:
        """A gauge whose value is read at each scrape; None or a failing read leaves the sample out."""
        self.registry.register(_Read(name, text, read))


def _is_time(seconds: float) -> bool:
    try:
        return math.isfinite(seconds) and seconds >= 0
    except (TypeError, OverflowError):
        return False


def exemplar() -> dict[str, str] | None:
    """The trace that a measurement belongs to, for OpenMetrics; None outside of a sampled one."""
    context = trace.get_current_span().get_span_context()
    if not context.trace_flags.sampled:
        return None
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


class _Read(Collector):
    def __init__(self, name: str, text: str, read: Callable[[], float | None]) -> None:
        self._name, self._text, self._read = name, text, read

    def describe(self) -> Iterable[Metric]:
        return [GaugeMetricFamily(self._name, self._text)]

    def collect(self) -> Iterable[Metric]:
        try:
            value: Any = self._read()
        except Exception:  # noqa: BLE001 - one source that is away must not cost the whole scrape
            return
        if value is not None:
            yield GaugeMetricFamily(self._name, self._text, value=value)
