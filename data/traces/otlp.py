"""OTLP's ExportTraceServiceRequest, protobuf or JSON, as rows of the table `spans`."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from data.times import DAY, EARLIEST
from data.traces.stages import stage_of

_LONGEST_MS = 1e9
_NAME, _DETAIL, _TEXT = 200, 2_000, 2_000
_MOST_ATTRIBUTE_BYTES = 16_384
_STATUS = {Status.STATUS_CODE_OK: "ok", Status.STATUS_CODE_ERROR: "error"}


#: The columns of the table `spans` but `waiting`, by name.
SpanRow = dict[str, Any]


class BadSpans(ValueError):
    """The body is no ExportTraceServiceRequest."""


@dataclass(frozen=True, slots=True)
class Export:
    """Rows to store, and why other spans can't be."""

    rows: list[SpanRow]
    refused: list[str]


def from_protobuf(body: bytes) -> ExportTraceServiceRequest:
    """The request of a binary body; raises BadSpans."""
    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise BadSpans(f"the body is no ExportTraceServiceRequest: {error}") from None


def from_json(body: bytes) -> ExportTraceServiceRequest:
    """The request of OTLP's JSON, which writes ids in hex where protobuf's own JSON has base64; raises BadSpans."""
    try:
        content = orjson.loads(body)
        _hex_to_base64(content)
        return json_format.ParseDict(content, ExportTraceServiceRequest(), ignore_unknown_fields=True)
    except (json_format.ParseError, orjson.JSONDecodeError, AttributeError, TypeError, RecursionError) as error:
        raise BadSpans(f"the body is no ExportTraceServiceRequest: {error}") from None


def _hex_to_base64(content: Any) -> None:
    for resource in content.get("resourceSpans") or ():
        for scope in resource.get("scopeSpans") or ():
            for span in scope.get("spans") or ():
                for each in (span, *(span.get("links") or ())):
                    for name in ("traceId", "spanId", "parentSpanId"):
                        if isinstance(each.get(name), str):
                            each[name] = _base64(each[name])


def _base64(text: str) -> str:
    try:
        return base64.b64encode(bytes.fromhex(text)).decode()
    except ValueError:
        return ""  # no id: the span is refused, not the request


def read_spans(request: ExportTraceServiceRequest, now: int) -> Export:
    """The spans of a request that came at `now` (UTC microseconds)."""
    rows, refused = [], []
    for resource, span in _spans(request):
        try:
            rows.append(_row(span, resource, now))
        except ValueError as error:
            refused.append(f"span {span.name[:40]!r}: {error}")
    return Export(rows, refused)


def _spans(request: ExportTraceServiceRequest) -> Iterator[tuple[dict[str, Any], Span]]:
    for resource in request.resource_spans:
        attributes = _attributes(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield attributes, span


def _row(span: Span, resource: Mapping[str, Any], now: int) -> SpanRow:
    if len(span.trace_id) != 16 or len(span.span_id) != 8 or not (any(span.trace_id) and any(span.span_id)):
        raise ValueError("trace_id must have 16 bytes and span_id 8, not all of them 0")
    start = span.start_time_unix_nano // 1000
    duration = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6
    if not EARLIEST <= start <= now + DAY:
        raise ValueError("start_time_unix_nano must lie between 1980 and tomorrow")
    if not 0 <= duration <= _LONGEST_MS:
        raise ValueError("end_time_unix_nano must lie after the start, and at most eleven days")
    attributes = _attributes(span.attributes)
    return {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_id": span.parent_span_id.hex() if len(span.parent_span_id) == 8 else None,
        "call_id": _word(attributes, resource, "call_id", 200),
        "source": _word(attributes, resource, "source", 100),
        "received_at": now,
        "stage": stage_of(span.name, attributes).value,
        "name": _clean(span.name, _NAME) or "span",
        "started_at": start,
        "duration_ms": duration,
        "status": _STATUS.get(span.status.code),
        "detail": _clean(span.status.message, _DETAIL) or None,
        "attributes": _bounded(attributes) if attributes else None,
    }


def _word(attributes: Mapping[str, Any], resource: Mapping[str, Any], name: str, longest: int) -> str | None:
    value = attributes.get(name, resource.get(name))
    text = "" if value is None else str(value).strip()
    if len(text) > longest:
        raise ValueError(f"the attribute {name} is longer than {longest} characters")
    return text or None


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {_clean(pair.key, _NAME): _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    """A value as JSON can hold it."""
    match value.WhichOneof("value"):
        case "string_value":
            return _clean(value.string_value, _TEXT)
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value if math.isfinite(value.double_value) else str(value.double_value)
        case "array_value":
            return [_value(each) for each in value.array_value.values]
        case "kvlist_value":
            return _attributes(value.kvlist_value.values)
        case "bytes_value":
            return base64.b64encode(value.bytes_value[:_TEXT]).decode()
    return None


def _clean(text: str, longest: int) -> str:
    # PostgreSQL can't store a NUL.
    return text.replace("\x00", "")[:longest]


def _bounded(attributes: Mapping[str, Any]) -> str:
    """The attributes as JSON, in their order, as many as there is room for."""
    kept: dict[str, Any] = {}
    room = _MOST_ATTRIBUTE_BYTES
    for name, value in attributes.items():
        try:
            room -= len(orjson.dumps({name: value}))
        except TypeError:  # nested deeper than JSON is written
            continue
        if room < 0:
            break
        kept[name] = value
    return orjson.dumps(kept).decode()
