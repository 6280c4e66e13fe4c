"""Spans and log records on their way to a collector; each that does not arrive is counted."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.sdk._logs import ReadWriteLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from monitoring.otel import STOP_MILLIS

_MOST_WAITING = 2_048
_SECONDS_BETWEEN_LINES = 60.0

Lose = Callable[[int], None]


class SpanSender(BatchSpanProcessor):
    """Sends in batches from a thread of its own; memory is bounded: while the collector is away the oldest are lost.

    Raises ValueError for OTEL_* variables that make no sense.
    """

    def __init__(self, endpoint: str | None, lose: Lose) -> None:
        self._waiting = _Waiting(lose)
        # The SDK's thread ignores what an exporter returns, and asks for no class.
        exporter: Any = _Counting(lambda: _span_exporter(endpoint), self._waiting)
        super().__init__(exporter, max_queue_size=_MOST_WAITING)

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a sampled span."""
        if span.context and span.context.trace_flags.sampled:
            self._waiting.enter()
            super().on_end(span)

    def shutdown(self) -> None:
        """Send what waits, for a second at most: the SDK would wait half a minute for a collector that hangs."""
        self._batch_processor.shutdown(timeout_millis=STOP_MILLIS)


class LogSender(BatchLogRecordProcessor):
    """The same for log records."""

    def __init__(self, lose: Lose) -> None:
        self._waiting = _Waiting(lose)
        exporter: Any = _Counting(_log_exporter, self._waiting)
        super().__init__(exporter, max_queue_size=_MOST_WAITING)

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Queue a record."""
        self._waiting.enter()
        super().on_emit(log_record)

    def shutdown(self) -> None:
        """Send what waits, for a second at most."""
        self._batch_processor.shutdown(timeout_millis=STOP_MILLIS)


class _Waiting:
    """How many are in a sender's queue: of a full one the oldest goes."""

    def __init__(self, lose: Lose) -> None:
        self.lose = lose
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def enter(self) -> None:
        with self._lock:
            full = self._count >= _MOST_WAITING
            self._count += not full
        if full:
            self.lose(1)

    def leave(self, count: int) -> None:
        with self._lock:
            self._count -= count


class _Counting:
    """An exporter of either kind that tells what it could not deliver."""

    def __init__(self, connect: Callable[[], Any], waiting: _Waiting) -> None:
        self._connect, self._waiting = connect, waiting
        self._exporter, self._process = connect(), os.getpid()

    def export(self, items: Sequence[Any]) -> None:
        self._waiting.leave(len(items))
        if os.getpid() != self._process:
            # On the connection of the process that forked, two would speak at once.
            self._exporter, self._process = self._connect(), os.getpid()
        arrived = False
        try:
            arrived = self._exporter.export(items).name == "SUCCESS"
        finally:
            if not arrived:
                self._waiting.lose(len(items))

    def shutdown(self) -> None:
        self._exporter.shutdown()


# The exporters take half of the time to start, and are not needed where nothing is sent.
def _span_exporter(endpoint: str | None) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    _quieten(OTLPSpanExporter.__module__)
    return OTLPSpanExporter(endpoint=endpoint)


def _log_exporter() -> Any:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

    _quieten(OTLPLogExporter.__module__)
    return OTLPLogExporter()


def _quieten(name: str) -> None:
    logger = logging.getLogger(name)
    if not any(isinstance(each, _Seldom) for each in logger.filters):
        logger.addFilter(_Seldom())


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
