"""Traces by OpenTelemetry: one provider a process, spans out by OTLP/HTTP.

Standard OTEL_* variables are read by the SDK itself and win; without an endpoint nothing is sent, and trace ids still
tie log lines and exemplars together.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from monitoring import environment
from monitoring.otel import STOP_MILLIS, service_resource
from monitoring.sampling import ErrorTraces, RecordErrors
from monitoring.sending import SpanSender

if TYPE_CHECKING:
    from sqlalchemy import Engine

log = logging.getLogger(__name__)

_OTLP_PORT = 4318
#: Jaeger's ports for its own old protocols; whoever still names one means that host's OTLP port.
_LEGACY_PORTS = frozenset({6831, 6832, 14250, 14268})
_tracer = trace.get_tracer("voicehive")


def create_span(
    name: str,
    attributes: Mapping[str, Any] | None = None,
    *,
    parent: trace.SpanContext | None = None,
    links: Sequence[trace.SpanContext] = (),
) -> AbstractContextManager[trace.Span]:
    """A span around a block; an exception in it is recorded, marks the span as an error, and goes on.

    It belongs to the current span, or to the `parent` that is given, of another thread.
    """
    within = trace.set_span_in_context(trace.NonRecordingSpan(parent)) if parent else None
    return _tracer.start_as_current_span(
        str(name), within, attributes=dict(attributes or {}), links=[trace.Link(each) for each in links]
    )


def finished_span(name: str, seconds: float, attributes: Mapping[str, Any] | None = None) -> None:
    """A span of this length, in seconds, that ends now, below the current one; without one it is no news."""
    if not trace.get_current_span().is_recording():
        return
    now = time.time_ns()
    _tracer.start_span(name, start_time=now - int(seconds * 1e9), attributes=attributes).end(now)


def mark_failed(error: BaseException) -> None:
    """Tell the current span of an error that is answered here, and so does not pass through it."""
    span = trace.get_current_span()
    span.record_exception(error)
    span.set_status(trace.StatusCode.ERROR, f"{type(error).__name__}: {error}")


def replace_attributes(span: trace.Span, value: str, *names: str) -> None:
    """Put this value in place of what the span has under these names, if it has any."""
    known: Mapping[str, Any] = getattr(span, "attributes", None) or {}
    for name in known.keys() & names:
        span.set_attribute(name, value)


def otlp_endpoint(jaeger_host: str | None, jaeger_port: int | None) -> str | None:
    """Where spans go if no OTEL_* variable says so: Jaeger's OTLP port; None = nowhere."""
    if not jaeger_host:
        return None
    port = _OTLP_PORT if jaeger_port is None or jaeger_port in _LEGACY_PORTS else jaeger_port
    host = jaeger_host.strip("[]")
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1/traces"


class Tracing:
    """The tracer provider of this process, from start to stop; `sends` tells whether spans go anywhere."""

    def __init__(
        self,
        *,
        service: str,
        version: str = "",
        jaeger_host: str | None = None,
        jaeger_port: int | None = None,
        lose: Callable[[int], None] = lambda spans: None,
    ) -> None:
        self.provider = TracerProvider(resource=service_resource(service, version), shutdown_on_exit=False)
        self.sends = False
        endpoint = otlp_endpoint(jaeger_host, jaeger_port)
        if environment.names_otlp_endpoint():
            endpoint = None
        elif endpoint is None:
            return
        if not environment.sends_traces():
            return
        if environment.asks_for_grpc():
            log.warning("traces go by OTLP over HTTP, not gRPC: name the collector's port for that, mostly 4318")
        try:
            sender = SpanSender(endpoint, lose)
        except Exception as error:  # noqa: BLE001 - what the SDK makes of a bad OTEL_* variable; calls go on without traces
            log.error("no traces are sent, check the OTEL_* variables: %s", error)
            return
        self.provider.sampler = RecordErrors(self.provider.sampler)
        self.provider.add_span_processor(ErrorTraces(sender))
        self.sends = True

    def start(self) -> None:
        """Make this the process's provider; a provider that is there already stays."""
        trace.set_tracer_provider(self.provider)

    def stop(self) -> None:
        """Send what waits, for a second at most, whatever the collector does."""
        self.provider.shutdown()


def flush() -> None:
    """Send the spans that wait, for a second at most, whatever the collector does."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        flushing = threading.Thread(target=provider.force_flush, name="otel-flush", daemon=True)
        flushing.start()
        flushing.join(STOP_MILLIS / 1000)


def instrument_engine(engine: Engine) -> None:
    """A span for each statement that a traced piece of work sends to this database."""
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor

    # The newest release it knows of is older than ours; that spans come out is tested.
    SQLAlchemyInstrumentor().instrument(engine=engine, skip_dep_check=True)


def instrument_clients(
    describe: Callable[[trace.Span, Any], None] | None = None, libraries: Collection[str] = ("requests", "httpx")
) -> None:
    """Spans for outgoing HTTP by these libraries, where they are installed, and the trace handed on in `traceparent`.

    `describe` is called with each span and its request before that is sent.
    """
    if "requests" in libraries and find_spec("requests"):
        from opentelemetry.instrumentation.requests import RequestsInstrumentor

        if not RequestsInstrumentor().is_instrumented_by_opentelemetry:
            RequestsInstrumentor().instrument(request_hook=describe)
    if "httpx" in libraries and find_spec("httpx"):
        from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

        if not HTTPXClientInstrumentor().is_instrumented_by_opentelemetry:
            HTTPXClientInstrumentor().instrument(request_hook=describe)
