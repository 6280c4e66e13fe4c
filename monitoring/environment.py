"""The settings of instrumentation in the environment: a backend that imports it has no settings of ours.

OTEL_* and PROMETHEUS_MULTIPROC_DIR belong to the libraries, which read the rest of them themselves.
"""

from __future__ import annotations

import os


def names_otlp_endpoint() -> bool:
    """Whether OpenTelemetry's own variables say where spans go."""
    return any(os.environ.get(name) for name in ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"))


def sends_traces() -> bool:
    """Whether spans may be sent at all."""
    return os.environ.get("OTEL_TRACES_EXPORTER", "otlp") == "otlp"


def asks_for_grpc() -> bool:
    """Whether spans are meant to go by the one protocol that is not spoken here."""
    names = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    return next((os.environ[name] for name in names if os.environ.get(name)), "") == "grpc"


def sends_logs() -> bool:
    """Whether the log goes out by OTLP as well."""
    return os.environ.get("OTEL_LOGS_EXPORTER") == "otlp"


def jaeger() -> tuple[str | None, int | None]:
    """JAEGER_HOST and JAEGER_PORT; None = not given."""
    port = os.environ.get("JAEGER_PORT", "")
    return os.environ.get("JAEGER_HOST"), int(port) if port.isascii() and port.isdigit() else None


def has_worker_processes() -> bool:
    """Whether prometheus_client keeps its values in files, for a server with several worker processes."""
    return "PROMETHEUS_MULTIPROC_DIR" in os.environ
