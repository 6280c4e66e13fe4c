"""Two backends in processes of their own, one of which calls the other, as their developers would instrument them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.conftest import ROOT
from tests.monitoring.receiver import Receiver, receiving
from tests.servers import Server, free_port, require

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Backends(NamedTuple):
    collector: Receiver
    fastapi: str
    flask: str


def backend(folder: Path, name: str, *arguments: str, endpoint: str) -> Server:
    port = free_port()
    environment = {
        "PYTHONPATH": str(ROOT),
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_SERVICE_NAME": f"{name}-backend",
    }
    command = [sys.executable, "-m", "tests.monitoring.backend", name, str(port), *arguments]
    return Server(command, port=port, log=folder / f"{name}.log", env=environment, cwd=folder)


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    folder = tmp_path_factory.mktemp("backends")
    with (
        receiving() as collector,
        backend(folder, "flask", endpoint=collector.url) as flask,
        backend(folder, "fastapi", f"http://127.0.0.1:{flask.port}", endpoint=collector.url) as fastapi,
    ):
        yield Backends(collector, f"http://127.0.0.1:{fastapi.port}", f"http://127.0.0.1:{flask.port}")


def test_a_request_through_both_backends_is_one_trace(backends: Backends) -> None:
    given = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    answer = requests.get(f"{backends.fastapi}/shop/orders/3", headers=given, timeout=10)
    assert answer.status_code == 200
    received = backends.collector
    behind = received.span("GET /prices/<int:item>", "flask-backend").item
    client = received.span("GET", "fastapi-backend").item
    inner = received.span("call_processing", "fastapi-backend")
    front = received.span("GET /shop/orders/{order}", "fastapi-backend").item
    assert [each.trace_id.hex() for each in (front, inner.item, client, behind)] == [TRACE] * 4
    assert front.parent_span_id.hex() == PARENT
    assert inner.item.parent_span_id == front.span_id
    assert client.parent_span_id == inner.item.span_id
    assert behind.parent_span_id == client.span_id
    assert (front.kind, client.kind, behind.kind) == (
        Span.SPAN_KIND_SERVER,
        Span.SPAN_KIND_CLIENT,
        Span.SPAN_KIND_SERVER,
    )
    assert inner.attributes["call_id"] == "3"
    # What the other backend was sent is in the W3C's form.
    assert answer.json()["traceparent"] == f"00-{TRACE}-{client.span_id.hex()}-01"


def test_requests_hands_the_trace_on_too(backends: Backends) -> None:
    sent = requests.get(f"{backends.flask}/relay", timeout=10).json()["traceparent"]
    outer = backends.collector.span("GET /relay").item
    assert sent.split("-")[1] == outer.trace_id.hex()
    assert sent.split("-")[2] != outer.span_id.hex()


@pytest.mark.parametrize(("name", "failing"), [("fastapi", "GET /boom"), ("flask", "charging")])
def test_an_exception_marks_its_span(backends: Backends, name: str, failing: str) -> None:
    url = backends.fastapi if name == "fastapi" else backends.flask
    assert requests.get(f"{url}/boom", timeout=10).status_code == 500
    span = backends.collector.span(failing, f"{name}-backend").item
    assert span.status.code == Status.STATUS_CODE_ERROR
    recorded = [{each.key: each.value.string_value for each in event.attributes} for event in span.events]
    assert recorded[0]["exception.type"] == "LookupError"
    assert "no such" in recorded[0]["exception.stacktrace"]


def test_the_metrics_page_names_routes_by_their_pattern(backends: Backends) -> None:
    for number in range(20):
        requests.get(f"{backends.fastapi}/shop/orders/{number}", timeout=10)
        requests.get(f"{backends.fastapi}/nowhere/{number}", timeout=10)
        requests.get(f"{backends.flask}/nowhere/{number}", timeout=10)
    front = requests.get(f"{backends.fastapi}/metrics", timeout=10).text
    behind = requests.get(f"{backends.flask}/metrics", timeout=10).text
    assert 'voicehive_api_requests_total{endpoint="/shop/orders/{order}",method="GET",status="200"}' in front
    assert 'voicehive_api_response_time_seconds_bucket{endpoint="/shop/orders/{order}",le="2.0",method="GET"}' in front
    assert 'voicehive_api_requests_total{endpoint="/prices/<int:item>",method="GET",status="200"}' in behind
    assert 'voicehive_calls_total{agent="roxy",status="success"}' in front
    assert 'voicehive_calls_total{agent="roxy",status="error"} 0.0' in front
    assert 'voicehive_call_duration_seconds_count{agent="roxy",status="success"}' in front
    assert "voicehive_active_calls 8.0" in front
    assert "voicehive_system_memory_usage_percent 72.0" in front
    assert 'priced_total{kind="book"}' in behind
    for page in (front, behind):
        assert 'endpoint="unknown",method="GET",status="404"} 20.0' in page
        assert "nowhere" not in page
        assert 'endpoint="/metrics"' not in page
        assert "process_resident_memory_bytes" in page


def test_the_pages_pass_promtool(backends: Backends) -> None:
    for url in (backends.fastapi, backends.flask):
        page = requests.get(f"{url}/metrics", timeout=10)
        done = subprocess.run(
            [require("promtool"), "check", "metrics"], input=page.content, capture_output=True, timeout=30
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_open_metrics_tie_figures_to_traces(backends: Backends) -> None:
    requests.get(f"{backends.fastapi}/shop/orders/5", timeout=10)
    page = requests.get(f"{backends.fastapi}/metrics", headers={"Accept": "application/openmetrics-text"}, timeout=10)
    assert page.headers["Content-Type"].startswith("application/openmetrics-text")
    families = {family.name: family for family in text_string_to_metric_families(page.text)}
    for name in ("voicehive_calls", "voicehive_call_duration_seconds", "voicehive_api_response_time_seconds"):
        exemplars = [sample.exemplar for sample in families[name].samples if sample.exemplar]
        assert exemplars, name
        assert all(len(each.labels["trace_id"]) == 32 for each in exemplars)


def test_reading_metrics_is_no_trace_but_a_page_of_a_like_name_is(backends: Backends) -> None:
    requests.get(f"{backends.flask}/metrics", timeout=10)
    requests.get(f"{backends.fastapi}/metrics", timeout=10)
    assert requests.get(f"{backends.flask}/errors/metrics", timeout=10).text == "not the metrics page"
    backends.collector.span("GET /errors/metrics")
    assert "GET /metrics" not in backends.collector.names()
    assert 'endpoint="/errors/metrics"' in requests.get(f"{backends.flask}/metrics", timeout=10).text


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_last_spans_are_sent_when_the_backend_stops(tmp_path: Path, stop: signal.Signals) -> None:
    with receiving() as collector:
        server = backend(tmp_path, "fastapi", "http://127.0.0.1:1", endpoint=collector.url)
        server.env = {**(server.env or {}), "OTEL_BSP_SCHEDULE_DELAY": "60000"}
        server.stop_signal = stop
        with server:
            requests.get(f"http://127.0.0.1:{server.port}/boom", timeout=10)
            assert collector.names() == []
        collector.span("GET /boom")
