"""Spans on their way to a collector; each that does not arrive is counted."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from monitoring.otel import STOP_MILLIS

_QUEUE_SPANS = 2_048
_SECONDS_BETWEEN_LINES = 60.0


class Sender(BatchSpanProcessor):
    """Sends in batches from a thread of its own; memory is bounded: while the collector is away the oldest are lost.

    Raises ValueError for OTEL_* variables that make no sense.
    """

    def __init__(self, endpoint: str | None, lose: Callable[[int], None]) -> None:
        self._lose = lose
        self._renew()
        super().__init__(_Counting(endpoint, self._taken, lose), max_queue_size=_QUEUE_SPANS)
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a sampled span; a full queue loses its oldest."""
        if span.context and span.context.trace_flags.sampled:
            with self._lock:
                full = self._waiting >= _QUEUE_SPANS
                self._waiting += not full
            if full:
                self._lose(1)
            super().on_end(span)

    def shutdown(self) -> None:
        """Send what waits, for a second at most: the SDK would wait half a minute for a collector that hangs."""
        self._batch_processor.shutdown(timeout_millis=STOP_MILLIS)

    def _taken(self, spans: int) -> None:
        with self._lock:
            self._waiting -= spans


class _Counting(SpanExporter):
    def __init__(self, endpoint: str | None, taken: Callable[[int], None], lose: Callable[[int], None]) -> None:
        self._endpoint, self._taken, self._lose = endpoint, taken, lose
        self._connect()

    def _connect(self) -> None:
        # Half of the time to start, and not needed where nothing is sent.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        self._exporter = OTLPSpanExporter(endpoint=self._endpoint)
        logging.getLogger(OTLPSpanExporter.__module__).addFilter(_SELDOM)
        self._process = os.getpid()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._taken(len(spans))
        if os.getpid() != self._process:
            # On the connection of the process that forked, two would speak at once.
            self._connect()
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            if result is not SpanExportResult.SUCCESS:
                self._lose(len(spans))
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


class _Seldom(logging.Filter):
    """Lets one line a minute through: the exporter has one for each batch that a collector does not take."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock, self._next = clock, float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + _SECONDS_BETWEEN_LINES
        return True


_SELDOM = _Seldom()
