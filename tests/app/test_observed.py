"""The serving program as a collector sees it: traces and logs of what it does, and what it does without a collector."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import requests
import websocket
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from app.observe import describe_outgoing
from tests.app.conftest import Program, call, run_program, stop_program
from tests.data.samples.support import Exposed
from tests.monitoring.receiver import Received, Receiver
from tests.servers import free_port, wait_until

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TOLD = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
SERVER, CLIENT = 2, 3


class Observed(NamedTuple):
    program: Program
    collector: Receiver
    target: Exposed
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def below(self, span: Any) -> dict[str, Any]:
        """The spans whose parent is this one, by name (of SQL: the first word)."""
        found = [one for one in self.collector.spans if one.item.parent_span_id == span.span_id]
        return {one.item.name.split()[0] if one.item.kind == CLIENT else one.item.name: one for one in found}


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """A program that is told of its collector by its `.env` alone."""
    folder, target = tmp_path_factory.mktemp("observed"), Exposed("calls_total 3\n")
    with Receiver() as collector:
        given = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_SERVICE_NAME": "phones",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
            "OTEL_BLRP_SCHEDULE_DELAY": "50",
            "SCRAPE_TARGETS": f"phone=http://{target.address}/metrics",
        }
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in given.items()))
        program = run_program(folder / "var", "serve", cwd=folder, log=folder / "log")
        yield Observed(program, collector, target, folder / "log")
        stop_program(program)
    target.close()


def test_a_posted_call_is_one_trace_down_to_its_sql(observed: Observed) -> None:
    calls = [call("one"), call("two")]
    answer = requests.post(observed.program.url("/api/calls"), json=calls, headers=TOLD, timeout=10)
    assert answer.status_code == 201
    request = observed.collector.span("POST /api/calls")
    assert (request.service, request.item.kind) == ("phones", SERVER)
    assert (request.item.trace_id.hex(), request.item.parent_span_id.hex()) == (TRACE, PARENT)
    assert request.attributes["request_id"] == answer.headers["X-Request-ID"]
    assert request.attributes["http.status_code"] == 201
    batch = observed.below(request.item)["ingest batch"]
    assert batch.attributes == {"events": 2}
    assert {"BEGIN", "INSERT", "UPDATE"} <= observed.below(batch.item).keys()


def test_a_question_is_one_trace_down_to_the_analytic_copy(observed: Observed) -> None:
    observed.program.get("/api/kpis?q=%2B4915112345678", headers={"traceparent": f"00-{'1' * 32}-{PARENT}-01"})
    request = observed.collector.span("GET /api/kpis")
    assert request.item.trace_id.hex() == "1" * 32
    parts = observed.below(request.item)
    assert parts["query kpis"].attributes == {"db.system": "duckdb", "db.operation": "kpis"}
    # What was new in the record was pulled first.
    assert parts["SELECT"].attributes["db.statement"].startswith(("SELECT counters.value", "SELECT calls.id"))
    # Whom somebody looked for does not leave with the trace.
    assert request.attributes["http.target"] == "/api/kpis"
    assert "4915112345678" not in str([one.item for one in observed.collector.spans])


@pytest.mark.parametrize(
    "link", ["/kiosk/<secret>", "/password/<secret>", "/setup/<secret>", "/api/reports/files/<token>"]
)
def test_the_secret_of_a_link_leaves_neither_with_the_trace_nor_in_the_log(observed: Observed, link: str) -> None:
    place = link[link.index("<") :]
    assert observed.program.get(link.replace(place, "canary-7f3a")).status_code in (404, 410)
    assert observed.collector.span(f"GET {link}").attributes["http.target"] == link
    assert "canary-7f3a" not in str([one.item for one in observed.collector.spans])
    assert "canary-7f3a" not in observed.log.read_text()


def test_what_the_door_refuses_is_traced_too(observed: Observed) -> None:
    assert observed.program.get("/api/agents", headers={"Host": "evil.example"}).status_code == 403
    assert observed.collector.span("GET /api/agents").attributes["http.status_code"] == 403
    assert not any("span missing" in line["message"] for line in observed.lines())


def test_the_rules_are_traced_and_know_how_many_series_they_gave(observed: Observed) -> None:
    wait_until(lambda: "rule group heartbeat" in observed.collector.names(), "the rules are judged")
    group = observed.collector.span("rule group heartbeat")
    assert group.attributes == {"rules": 1}
    assert observed.below(group.item)["rule Watchdog"].attributes == {"series": 2}  # ALERTS and ALERTS_FOR_STATE


def test_a_scrape_hands_the_trace_on_and_is_none_of_its_own(observed: Observed) -> None:
    wait_until(lambda: observed.target.traceparents, "the target is scraped")
    assert [each for each in observed.target.traceparents if not each] == []
    assert [name for name in observed.collector.names() if name == "GET"] == []


def test_a_line_of_the_log_names_its_request_and_its_trace(observed: Observed) -> None:
    url = observed.program.url("/_dash-update-component")
    answer = requests.post(url, json=[], headers=TOLD, timeout=10)
    assert answer.status_code == 400
    ours = answer.json()["error"]["request_id"]
    (line,) = [line for line in observed.lines() if line.get("request_id") == ours]
    assert line["trace_id"] == TRACE
    span = observed.collector.span("POST /_dash-update-component")
    assert line["span_id"] == span.item.span_id.hex()

    # The same line has gone to the collector.
    def arrived() -> list[Received]:
        return [one for one in observed.collector.logs if one.attributes.get("request_id") == ours]

    wait_until(arrived, "the line arrives")
    (sent,) = arrived()
    assert (sent.service, sent.item.body.string_value) == ("phones", line["message"])
    assert sent.item.trace_id.hex() == TRACE


def test_headers_of_a_trace_that_make_no_sense_cost_neither_the_answer_nor_the_log(observed: Observed) -> None:
    before = len(observed.lines())
    for name, value in (("traceparent", "00-no-sense"), ("tracestate", "x" * 5_000), ("baggage", f"a={'b' * 6_000}")):
        assert observed.program.get("/api/nowhere", headers=TOLD | {name: value}).status_code == 404
    assert [line for line in observed.lines()[before:] if "request_id" in line] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/kpis?from=yesterdayish", 400),
        ("GET", "/api/nowhere", 404),
        ("DELETE", "/api/kpis", 405),
        ("POST", "/api/calls", 400),
        ("POST", "/v1/traces", 415),
    ],
)
def test_every_error_names_its_request(observed: Observed, method: str, path: str, status: int) -> None:
    answer = requests.request(
        method, observed.program.url(path), data="{", headers={"X-Request-ID": "mine"}, timeout=10
    )
    assert answer.status_code == status
    assert answer.json()["error"]["request_id"] == answer.headers["X-Request-ID"] == "mine"


def test_what_a_client_does_wrong_to_http_itself_is_a_line_of_json_at_most(observed: Observed) -> None:
    with socket.create_connection(("127.0.0.1", observed.program.port), timeout=10) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        assert b" 400 " in connection.recv(1000)
    assert observed.program.get("/readyz").ok
    observed.lines()


def test_exemplars_lead_from_a_figure_to_its_trace(observed: Observed) -> None:
    sent = requests.post(observed.program.url("/api/calls"), json=call("shown"), headers=TOLD, timeout=10)
    assert sent.status_code == 201
    observed.program.get("/api/kpis", headers=TOLD)
    url = f"http://127.0.0.1:{observed.program.metrics_port}/metrics"
    page = requests.get(url, headers={"Accept": "application/openmetrics-text; version=1.0.0"}, timeout=10)
    assert page.headers["Content-Type"].startswith("application/openmetrics-text")
    families = list(text_string_to_metric_families(page.text))
    found = {
        sample.name
        for family in families
        for sample in family.samples
        if sample.exemplar and sample.exemplar.labels["trace_id"] == TRACE
    }
    assert found >= {
        "voicehive_calls_total",
        "voicehive_call_duration_seconds_bucket",
        "voicehive_api_requests_total",
        "voicehive_api_response_time_seconds_bucket",
        "voicehive_ingest_commit_seconds_bucket",
        "voicehive_query_seconds_bucket",
    }
    assert {"voicehive_build_info", "process_open_fds", "python_gc_objects_collected"} <= {f.name for f in families}


def test_the_path_of_a_webhook_does_not_leave_with_the_trace() -> None:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        HTTPXClientInstrumentor.instrument_client(client, tracer_provider=provider, request_hook=describe_outgoing)
        client.post("https://user:word@hooks.example:8443/services/T0/B0/secret?key=secret")
    (span,) = kept.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["http.url"] == "https://hooks.example:8443"
    assert "secret" not in span.to_json()
    assert sent[0].url.path == "/services/T0/B0/secret"
    assert sent[0].headers["traceparent"].split("-")[1] == f"{span.context.trace_id:032x}"


def lost(program: Program, kind: str) -> float:
    start = f'voicehive_instrumentation_lost_total{{kind="{kind}"}} '
    return float(next(line.removeprefix(start) for line in program.metrics().splitlines() if line.startswith(start)))


@pytest.mark.slow
def test_a_collector_that_hangs_and_one_that_refuses_cost_only_what_they_were_to_get(tmp_path: Path) -> None:
    with Receiver("never") as jaeger:
        program = run_program(
            tmp_path,
            "serve",
            log=tmp_path / "log",
            JAEGER_HOST="127.0.0.1",
            JAEGER_PORT=str(jaeger.port),
            OTEL_BSP_SCHEDULE_DELAY="50",
            OTEL_EXPORTER_OTLP_TRACES_TIMEOUT="6",
            OTEL_LOGS_EXPORTER="otlp",
            OTEL_BLRP_SCHEDULE_DELAY="50",
            OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=f"http://127.0.0.1:{free_port()}/v1/logs",
            OTEL_EXPORTER_OTLP_LOGS_TIMEOUT="6",
        )
        for number in range(20):
            assert requests.post(program.url("/api/calls"), json=call(f"c{number}"), timeout=10).status_code == 201
            requests.post(program.url("/_dash-update-component"), json=[], timeout=10)
        wait_until(lambda: lost(program, "span") >= 1, "lost spans are counted")
        wait_until(lambda: lost(program, "log") >= 1, "lost log records are counted")
        # While both hang again: a stop waits for none of them.
        asked = jaeger.requests
        program.get("/api/kpis")
        requests.post(program.url("/_dash-update-component"), json=[], timeout=10)
        client = websocket.create_connection(program.url("/api/dashboard/ws/real-time").replace("http", "ws"))
        wait_until(lambda: jaeger.requests > asked, "the next batch hangs")
        started = time.monotonic()
        assert stop_program(program) == 0
        assert time.monotonic() - started < 5
        client.close()
    assert not (tmp_path / "voicehive.db-wal").exists()
    assert [json.loads(line)["level"] for line in (tmp_path / "log").read_text().splitlines()]
