"""What a backend imports to be measured like VoiceHive itself.

    from monitoring.instrumentation import get_instrumentation, setup_instrumentation
    setup_instrumentation(app)
    i = get_instrumentation()
    i.record_call_metrics(duration=4.2, status="success", agent="roxy")

Nothing here raises into the caller: what can't be recorded is counted in voicehive_instrumentation_lost_total. Works
without any collector; safe in threads; a forked process counts for itself, from zero.
"""

from __future__ import annotations

import atexit
import logging
import math
import os
import threading
import weakref
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from opentelemetry import trace
from prometheus_client import REGISTRY, CollectorRegistry, Gauge
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from monitoring import environment, exposition, tracing
from monitoring.custom import CustomMetric, CustomMetrics, Definition, Kind
from monitoring.metrics import API_BUCKETS, Metrics

log = logging.getLogger(__name__)

App = TypeVar("App")
_SYSTEM = {
    "voicehive_system_memory_usage_percent": "Memory in use, percent.",
    "voicehive_system_cpu_usage_percent": "CPU in use, percent.",
    "voicehive_active_calls": "Calls in progress.",
}


class Instrumentation:
    """Metrics and spans of one process, on prometheus_client's default registry; threads may share it."""

    def __init__(self) -> None:
        self._renew()
        # Locks that another thread held at the moment of a fork stay locked in the child for ever.
        os.register_at_fork(after_in_child=self._renew)
        REGISTRY.register(_Current(self))

    def _renew(self) -> None:
        self.registry = CollectorRegistry()
        self._metrics = Metrics(self.registry)
        self._custom = CustomMetrics(self.registry, lambda: self.lose("custom"))
        self._system: dict[str, Gauge] = {}
        self._lock = threading.Lock()

    def record_call_metrics(self, duration: float | None, status: str, agent: str | None = None) -> None:
        """Count a call that ended.

        duration: seconds from answer to end, None if it was never answered. status: success, error, abandoned, missed
        or voicemail. agent: at most 75 names get series of their own, later ones count as "other".
        """
        try:
            self._metrics.count_call(status, agent, duration)
        except Exception:  # noqa: BLE001 - a measurement must not cost the caller's work
            self.lose("call")

    def record_api_request(self, method: str, endpoint: str, status: int, duration: float) -> None:
        """Count an HTTP request: `endpoint` a route's pattern such as /calls/<id>, `duration` in seconds."""
        try:
            self._metrics.count_request(method, endpoint, status, duration)
        except Exception:  # noqa: BLE001 - likewise
            self.lose("request")

    def update_system_metrics(
        self,
        memory_usage: float | None = None,
        cpu_usage: float | None = None,
        active_calls: int | None = None,
    ) -> None:
        """Set the gauges of the machine (percent, 0 to 100) and of calls in progress; None leaves one as it was."""
        for name, value in zip(_SYSTEM, (memory_usage, cpu_usage, active_calls), strict=True):
            if value is None:
                continue
            try:
                if not math.isfinite(value) or value < 0:
                    raise ValueError(name)
                self._gauge(name).set(value)
            except Exception:  # noqa: BLE001 - likewise
                self.lose("system")

    def create_span(self, name: str, /, **attributes: Any) -> AbstractContextManager[trace.Span]:
        """A span around a `with` block; an exception is recorded, sets the span's status to error, and goes on."""
        return tracing.create_span(name, attributes)

    def counter(self, name: str, description: str, labels: Sequence[str] = ()) -> CustomMetric:
        """The counter of this name: `.add(1, label="value")`. Asking again gives the same one."""
        return self._define("counter", name, description, labels)

    def gauge(self, name: str, description: str, labels: Sequence[str] = ()) -> CustomMetric:
        """The gauge of this name: `.set(3)` or `.add(-1)`."""
        return self._define("gauge", name, description, labels)

    def histogram(
        self, name: str, description: str, labels: Sequence[str] = (), buckets: Sequence[float] = API_BUCKETS
    ) -> CustomMetric:
        """The histogram of this name: `.observe(0.2)`; its default buckets fit seconds of an answer."""
        return self._define("histogram", name, description, labels, buckets)

    def _define(
        self, kind: Kind, name: str, text: str, labels: Sequence[str], buckets: Sequence[float] = ()
    ) -> CustomMetric:
        try:
            names = (labels,) if isinstance(labels, str) else tuple(map(str, labels))
            definition = Definition(kind, str(name), str(text), names, tuple(map(float, buckets)))
        except Exception:  # noqa: BLE001 - likewise; a metric without a name is refused and counted whenever it is used
            definition = Definition(kind, "", "")
        return CustomMetric(definition, lambda: self._custom)

    def lose(self, kind: str, amount: float = 1) -> None:
        """Count what could not be recorded."""
        self._metrics.lost.labels(kind).inc(amount)

    def _gauge(self, name: str) -> Gauge:
        with self._lock:
            if name not in self._system:
                self._system[name] = Gauge(name, _SYSTEM[name], registry=self.registry, multiprocess_mode="mostrecent")
            return self._system[name]


class _Current(Collector):
    """Stands in the default registry for whatever registry the instrumentation has at the time."""

    def __init__(self, instrumentation: Instrumentation) -> None:
        self._instrumentation = instrumentation

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return self._instrumentation.registry.collect()


_instance: Instrumentation | None = None
_instance_lock = threading.Lock()
_done: weakref.WeakSet[Any] = weakref.WeakSet()


def get_instrumentation() -> Instrumentation:
    """The instrumentation of this process; the first call starts tracing as OTEL_* or JAEGER_HOST say."""
    global _instance
    if _instance is None:
        with _instance_lock:
            if _instance is None:
                made = Instrumentation()
                _start_tracing(made)
                _instance = made
    return _instance


def _start_tracing(instrumentation: Instrumentation) -> None:
    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return  # the backend has set up OpenTelemetry itself
    host, port = environment.jaeger()
    started = tracing.Tracing(
        service="voicehive-backend",
        jaeger_host=host,
        jaeger_port=port,
        lose=lambda spans: instrumentation.lose("span", spans),
    )
    started.start()
    atexit.register(started.stop)


def setup_instrumentation(app: App, *, metrics_path: str | None = "/metrics") -> App:
    """Spans and API metrics for every request of a Flask or ASGI app, and its metrics at `metrics_path`.

    Returns the app to serve: the same object for Flask, FastAPI and Starlette, the wrapped one for any other ASGI
    application. A second call for one app changes nothing.
    """
    instrumentation = get_instrumentation()
    try:
        if app in _done:
            return app
        tracing.instrument_clients()
        instrumented: App = _instrumented(app, instrumentation, metrics_path)
        _done.add(instrumented)
    except Exception:  # the app must serve, measured or not
        log.exception("the app could not be instrumented")
        instrumentation.lose("setup")
        return app
    return instrumented


def _instrumented(app: Any, instrumentation: Instrumentation, metrics_path: str | None) -> Any:
    page = exposition.page(REGISTRY)
    record = instrumentation.record_api_request
    if hasattr(app, "wsgi_app"):
        from monitoring import web

        if metrics_path:
            web.add_page(app, metrics_path, page)
        web.measure(app, record)
        web.trace_requests(app, skip=[exposition.url_of(metrics_path)] if metrics_path else [])
        return app
    from monitoring import asgi

    return asgi.instrument(app, record, page, metrics_path)
