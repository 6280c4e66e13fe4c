"""Logs: one event one line of JSON on standard error, tied to its trace; by OTLP as well where that is asked for."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from opentelemetry import trace

from monitoring import environment
from monitoring.otel import service_resource
from monitoring.sending import LogSender

log = logging.getLogger(__name__)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """A record as one JSON object; line breaks in a message can't forge a second event."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        event: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            event |= {"trace_id": f"{span.trace_id:032x}", "span_id": f"{span.span_id:016x}"}
        event |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        try:
            return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        except TypeError:
            # Half a surrogate pair, as in the name of a file, or a number beyond 64 bits.
            return json.dumps(event, default=str, skipkeys=True)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - values that do not fit its pattern: better the parts than a traceback in the log
        return f"{record.msg} {record.args}"


def setup_logging(level: int = logging.INFO, add: Callable[[], Mapping[str, object]] = dict) -> None:
    """Send all that the process has to say through the JSON formatter; `add` gives more fields of the line of now."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(_Adding(add))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    threading.excepthook = _log_end_of_thread
    # Alembic announces each of its steps, httpx each of its requests.
    for name in ("alembic", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # A client could fill the log with headers of traces that make no sense.
    for name in ("opentelemetry.trace", "opentelemetry.baggage"):
        logging.getLogger(name).setLevel(logging.ERROR)


class _Adding(logging.Filter):
    def __init__(self, add: Callable[[], Mapping[str, object]]) -> None:
        super().__init__()
        self._add = add

    def filter(self, record: logging.LogRecord) -> bool:
        vars(record).update(self._add())
        return True


def _log_end_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and args.exc_type is not SystemExit:
        name = args.thread.name if args.thread else "?"
        log.critical("the thread %s ended by an error", name, exc_info=args.exc_value)


def send_logs(service: str, version: str, lose: Callable[[int], None]) -> Callable[[], None]:
    """With OTEL_LOGS_EXPORTER=otlp, send the log to the collector of OTEL_EXPORTER_OTLP_* too; returns how to stop."""
    if not environment.sends_logs():
        return lambda: None
    from opentelemetry.instrumentation.logging.handler import LoggingHandler
    from opentelemetry.sdk._logs import LoggerProvider

    try:
        sender = LogSender(lose)
    except Exception as error:  # noqa: BLE001 - what the SDK makes of a bad OTEL_* variable; the log is on standard error
        log.error("no logs are sent, check the OTEL_* variables: %s", error)
        return lambda: None
    provider = LoggerProvider(resource=service_resource(service, version), shutdown_on_exit=False)
    provider.add_log_record_processor(sender)
    handler = LoggingHandler(logger_provider=provider)
    # What the sender itself has to say about a collector that is away would be sent again and again.
    handler.addFilter(lambda record: not record.name.startswith("opentelemetry."))
    logging.getLogger().addHandler(handler)
    return provider.shutdown
