"""Where spans go, and as whose."""

from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from monitoring import tracing
from monitoring.tracing import Tracing, finished_span, otlp_endpoint
from tests.monitoring.receiver import Receiver


@pytest.mark.parametrize(
    ("host", "port", "endpoint"),
    [
        (None, 4318, None),
        ("", None, None),
        ("jaeger", None, "http://jaeger:4318/v1/traces"),
        ("jaeger", 6831, "http://jaeger:4318/v1/traces"),
        ("jaeger", 6832, "http://jaeger:4318/v1/traces"),
        ("jaeger", 14268, "http://jaeger:4318/v1/traces"),
        ("jaeger", 5000, "http://jaeger:5000/v1/traces"),
        ("::1", 4318, "http://[::1]:4318/v1/traces"),
        ("[::1]", 4318, "http://[::1]:4318/v1/traces"),
    ],
)
def test_jaegers_host_and_port_mean_its_otlp_port(host: str | None, port: int | None, endpoint: str | None) -> None:
    assert otlp_endpoint(host, port) == endpoint


def one_span(**options: object) -> Tracing:
    started = Tracing(service="voicehive", version="1.2", **options)  # type: ignore[arg-type]
    started.provider.get_tracer("test").start_span("one").end()
    started.stop()
    return started


def test_spans_go_to_jaeger_and_name_the_service() -> None:
    with Receiver() as collector:
        one_span(jaeger_host="127.0.0.1", jaeger_port=collector.port)
        assert [(one.service, one.item.name) for one in collector.spans] == [("voicehive", "one")]


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
def test_the_standard_variables_win(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with Receiver() as jaeger, Receiver() as collector:
        monkeypatch.setenv(name, collector.url + ("/v1/traces" if "TRACES" in name else ""))
        monkeypatch.setenv("OTEL_SERVICE_NAME", "theirs")
        one_span(jaeger_host="127.0.0.1", jaeger_port=jaeger.port)
        assert ([one.service for one in collector.spans], jaeger.requests) == (["theirs"], 0)


@pytest.mark.parametrize(("name", "value"), [("OTEL_TRACES_EXPORTER", "none"), ("OTEL_SDK_DISABLED", "true")])
def test_nothing_is_sent_where_it_is_switched_off(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with Receiver() as collector:
        one_span(jaeger_host="127.0.0.1", jaeger_port=collector.port)
        assert collector.requests == 0


def test_bad_variables_cost_the_traces_and_say_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1000000")
    one_span(jaeger_host="127.0.0.1")
    assert "no traces are sent, check the OTEL_* variables" in caplog.text


def test_whoever_asks_for_grpc_is_told_what_is_spoken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with Receiver() as collector:
        one_span(jaeger_host="127.0.0.1", jaeger_port=collector.port)
        assert len(collector.spans) == 1
    assert "mostly 4318" in caplog.text


def test_a_measured_time_is_a_span_below_the_current_work_only(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    finished_span("query kpis", 0.5)
    with provider.get_tracer("test").start_as_current_span("request") as request:
        finished_span("query kpis", 0.5)
    below, outer = kept.get_finished_spans()
    assert (below.name, outer.name) == ("query kpis", "request")
    assert below.parent == request.get_span_context()
    assert below.start_time is not None and below.end_time is not None
    assert below.end_time - below.start_time == 500_000_000
    assert trace.get_current_span() is trace.INVALID_SPAN
