"""The Prometheus metrics of the process, on a registry that is handed in.

Label values are bounded: a caller can't make series without end by inventing names.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

#: Seconds; fine around a minute, up to an hour: alert rules ask for 10 minutes.
CALL_BUCKETS = (1, 5, 10, 30, 60, 120, 180, 300, 600, 900, 1800, 3600)
#: Seconds; alert rules ask for 2 s.
API_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10)
CALL_STATUSES = ("success", "error", "abandoned", "missed", "voicemail")
_MOST_AGENTS = 80
OTHER = "other"


class Bounded:
    """Lets the first `most` values of a label through; later ones become "other"."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, value: str) -> str:
        """The label value to use."""
        if value in self._known:
            return value
        with self._lock:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value


class Metrics:
    """All metrics of one process."""

    def __init__(self, registry: CollectorRegistry, *, version: str = "") -> None:
        # The times of creation double the exposition, and Prometheus makes series of them.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry
        self._agent = Bounded(_MOST_AGENTS)
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
        self.ingest_events = Counter(
            "voicehive_ingest_events", "Call events taken in, by what they did.", ["outcome"], registry=registry
        )
        self.query_seconds = Histogram(
            "voicehive_query_seconds",
            "Time of queries on the analytic copy.",
            ["query"],
            buckets=API_BUCKETS,
            registry=registry,
        )
        self.callback_errors = Counter("voicehive_callback_errors", "Page callbacks that failed.", registry=registry)
        self.websocket_clients = Gauge("voicehive_websocket_clients", "Connected real-time clients.", registry=registry)
        self.build = Gauge("voicehive_build_info", "1, labelled with the version.", ["version"], registry=registry)
        self.build.labels(version).set(1)
        for outcome in ("accepted", "updated", "duplicate", "rejected"):
            self.ingest_events.labels(outcome)
        for status in CALL_STATUSES:
            # A series that springs into being at 1 has no increase: the first error of a day would not count.
            self.calls.labels(status, "")

    def count_call(self, status: str, agent: str | None, duration: float | None) -> None:
        """Count a call that ended; `duration` in seconds, None if it was never answered."""
        name = self._agent(agent) if agent else ""
        if name and status in CALL_STATUSES:
            for known in CALL_STATUSES:
                self.calls.labels(known, name)
        self.calls.labels(status, name).inc()
        if duration is not None:
            self.call_duration.labels(status, name).observe(duration)

    def count_request(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Count an HTTP request; `endpoint` is a route's pattern, never a path as it came."""
        self.api_requests.labels(method, endpoint, str(status)).inc()
        self.api_response_time.labels(method, endpoint).observe(seconds)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A gauge whose value is read at each scrape; a failing read leaves the sample out."""
        self.registry.register(_Read(name, text, read))


class _Read(Collector):
    def __init__(self, name: str, text: str, read: Callable[[], float]) -> None:
        self._name, self._text, self._read = name, text, read

    def describe(self) -> Iterable[Metric]:
        return [GaugeMetricFamily(self._name, self._text)]

    def collect(self) -> Iterable[Metric]:
        try:
            yield GaugeMetricFamily(self._name, self._text, value=self._read())
        except Exception:  # noqa: BLE001 - one source that is away must not cost the whole scrape
            return
