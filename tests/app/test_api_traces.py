"""Spans by OTLP/HTTP, and the trace that a call shows of them."""

from __future__ import annotations

import gzip
import itertools
from typing import Any

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from sqlalchemy import func, select

from app.factory import App
from data.models import spans
from data.times import now_micros
from tests.app.conftest import Client, call

PROTOBUF = "application/x-protobuf"


def span(number: int, name: str = "llm", *, trace: int = 1, parent: int = 0, ms: float = 5, **attributes: Any) -> Any:
    """A span in OTLP's JSON that began `number` milliseconds after the call."""
    start = (started_at() + number * 1000) * 1000
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": name,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + int(ms * 1e6)),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
    }


STARTED = now_micros() // 1_000_000 * 1_000_000 - 600_000_000


def started_at() -> int:
    return STARTED


def body(*listed: Any, resource: dict[str, str] | None = None) -> Any:
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in (resource or {}).items()]
    return {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [{"spans": list(listed)}]}]}


def send(client: Client, *listed: Any) -> Any:
    answer = client.post("/v1/traces", json=body(*listed))
    assert answer.status_code == 200, answer.text
    return answer.json


def trace_of(client: Client, call_id: str = "a", source: str = "test") -> list[tuple[str, float, float]]:
    found = client.get(f"/api/calls/{source}/{call_id}").json["trace"]
    return [(stage["stage"], stage["start_ms"], stage["duration_ms"]) for stage in found]


@pytest.fixture
def client(client: Client) -> Client:
    client.post(
        "/api/calls", json=call("a", source="test", started_at=STARTED / 1e6, ended_at=None, duration_seconds=None)
    )
    return client


def as_protobuf(content: Any) -> bytes:
    request = ExportTraceServiceRequest()
    for each in content["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        made = request.resource_spans.add().scope_spans.add().spans.add()
        made.trace_id, made.span_id = bytes.fromhex(each["traceId"]), bytes.fromhex(each["spanId"])
        made.name = each["name"]
        made.start_time_unix_nano = int(each["startTimeUnixNano"])
        made.end_time_unix_nano = int(each["endTimeUnixNano"])
        for pair in each["attributes"]:
            attribute = made.attributes.add()
            attribute.key, attribute.value.string_value = pair["key"], pair["value"]["stringValue"]
    return request.SerializeToString()


def test_spans_of_a_call_are_its_trace_in_the_order_of_their_start(client: Client) -> None:
    assert send(client, span(30, "tts.synthesize", call_id="a"), span(10, "stt", call_id="a", ms=7.5)) == {}
    assert trace_of(client) == [("stt", 10.0, 7.5), ("tts", 30.0, 5.0)]


def test_protobuf_is_taken_and_answered_as_protobuf_also_packed(client: Client) -> None:
    content = gzip.compress(as_protobuf(body(span(10, call_id="a"))))
    answer = client.post("/v1/traces", data=content, content_type=PROTOBUF, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.mimetype) == (200, PROTOBUF)
    assert not ExportTraceServiceResponse.FromString(answer.data).HasField("partial_success")
    assert trace_of(client) == [("llm", 10.0, 5.0)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_spans_without_a_call_belong_to_that_of_their_trace_in_any_order(
    client: Client, order: tuple[int, ...]
) -> None:
    listed = [span(1, "turn", call_id="a"), span(2, "stt", parent=1), span(3, "llm", parent=1)]
    for index in (*order, *order):
        send(client, listed[index])
    assert [stage for stage, *_ in trace_of(client)] == ["turn", "stt", "llm"]


def test_spans_may_come_before_their_call(client: Client) -> None:
    send(client, span(5, call_id="later"))
    client.post("/api/calls", json=call("later", source="test", started_at=STARTED / 1e6))
    assert trace_of(client, "later") == [("llm", 5.0, 5.0)]


def test_a_source_tells_calls_of_one_id_apart(client: Client) -> None:
    client.post("/api/calls", json=call("a", source="other", started_at=STARTED / 1e6))
    send(client, span(1, call_id="a", source="other"), span(2, trace=2, call_id="a"))
    assert [start for _, start, _ in trace_of(client, source="other")] == [1.0]
    # Without a source the span could mean either: neither gets it.
    assert trace_of(client) == []


def test_the_resource_may_name_the_call(client: Client) -> None:
    client.post("/v1/traces", json=body(span(1), resource={"call_id": "a"}))
    assert len(trace_of(client)) == 1


def test_what_is_told_with_the_call_and_spans_are_one_trace(client: Client) -> None:
    told = [{"stage": "tool", "start_ms": 20, "duration_ms": 3, "detail": "lookup"}]
    assert (
        client.post("/api/calls", json=call("a", source="test", trace=told, started_at=STARTED / 1e6)).status_code
        == 201
    )
    send(client, span(10, call_id="a"))
    assert trace_of(client) == [("llm", 10.0, 5.0), ("tool", 20.0, 3.0)]


BAD_SPANS = {
    "no trace id": {"traceId": ""},
    "an id that is no hex": {"spanId": "zz"},
    "only zeros": {"spanId": "0" * 16},
    "an end before the start": {"endTimeUnixNano": "1"},
    "a time before 1980": {"startTimeUnixNano": "0"},
    "a time far ahead": {"startTimeUnixNano": str(2**63), "endTimeUnixNano": str(2**63)},
    "a very long call_id": {"attributes": [{"key": "call_id", "value": {"stringValue": "x" * 201}}]},
}


@pytest.mark.parametrize("what", BAD_SPANS)
def test_a_bad_span_is_refused_with_its_reason_and_the_others_are_kept(client: Client, what: str) -> None:
    answer = send(client, span(7, call_id="a") | BAD_SPANS[what], span(1, call_id="a"))
    assert answer["partialSuccess"]["rejectedSpans"] == "1"
    assert answer["partialSuccess"]["errorMessage"].startswith("span 'llm': ")
    assert len(trace_of(client)) == 1


def test_strange_attributes_are_cleaned_not_fatal(client: Client) -> None:
    odd = span(1, "a\x00b", call_id="a", note="x" * 50_000, nul="a\x00b")
    odd["attributes"] += [
        {"key": "nan", "value": {"doubleValue": "NaN"}},
        {"key": "list", "value": {"arrayValue": {"values": [{"intValue": "7"}, {"boolValue": True}]}}},
        {"key": "empty", "value": {}},
    ]
    odd |= {"status": {"code": 2, "message": "rate limit"}, "unknownField": 3}
    assert send(client, odd) == {}
    [stage] = client.get("/api/calls/test/a").json["trace"]
    assert (stage["name"], stage["status"], stage["detail"]) == ("ab", "error", "rate limit")
    assert stage["attributes"]["nul"] == "ab" and stage["attributes"]["list"] == [7, True]
    assert (stage["attributes"]["nan"], len(stage["attributes"]["note"])) == ("nan", 2_000)


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"resourceSpans": 3}', "application/json", 400),
        (b'{"resourceSpans": [3]}', "application/json", 400),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": 3}]}]}]}', "application/json", 400),
        (b'{"resourceSpans":' + b"[" * 5_000, "application/json", 400),
        (b"\xff\xff\xff", PROTOBUF, 400),
        (b"x", "text/plain", 415),
        (b"", "application/json", 400),
    ],
)
def test_what_is_no_request_is_refused(client: Client, data: bytes, kind: str, status: int) -> None:
    answer = client.post("/v1/traces", data=data, content_type=kind)
    assert answer.status_code == status
    if kind == PROTOBUF:
        assert "ExportTraceServiceRequest" in Status.FromString(answer.data).message
    else:
        assert answer.json["error"]["message"]


def test_a_bomb_is_not_unpacked(client: Client) -> None:
    bomb = gzip.compress(b"\0" * (200 << 20), compresslevel=9)
    packed = {"Content-Encoding": "gzip"}
    assert client.post("/v1/traces", data=bomb, content_type=PROTOBUF, headers=packed).status_code == 413
    assert client.post("/v1/traces", data=b"no", content_type=PROTOBUF, headers=packed).status_code == 400
    cut = gzip.compress(as_protobuf(body(span(1))))[:-5]
    assert client.post("/v1/traces", data=cut, content_type=PROTOBUF, headers=packed).status_code == 400


def test_a_call_has_a_bounded_number_of_spans(client: Client) -> None:
    answer = send(client, *(span(number, call_id="a") for number in range(1, 2_101)))
    assert answer["partialSuccess"]["rejectedSpans"] in (100, "100")
    assert "2,000 spans of trace_id" in answer["partialSuccess"]["errorMessage"]
    assert len(trace_of(client)) == 2_000


def test_spans_that_find_no_call_are_kept_up_to_a_bound(
    app: App, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.services.spans._most_waiting = 10
    for number in range(1, 31):
        send(client, span(number, trace=number))
    with app.services.record.read() as connection:
        assert connection.execute(select(func.count()).select_from(spans)).scalar_one() <= 10
    send(client, span(99, trace=30, call_id="a"))
    assert [start for _, start, _ in trace_of(client)] == [30.0, 99.0]
